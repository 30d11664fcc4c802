"""Cover and ladder add up to the unit; what nobody knows is never zero; what is sealed adds nothing."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from cases.actions import cover as actions
from cases.actions import freezes, orders
from cases.actions.freezes import AmountAsked
from cases.models import FreezeOrder, LadderEntry
from cases.permissions import Permission
from cases.queries.cover import AtRisk, CoverRow, cover_of
from tests.cases.actions.support import refusal
from tests.support.casework import Casework, moment
from tests.support.freezing import (
    begun_transfer,
    carried_out,
    confirmed_freeze,
    proposed_transfer,
    sent,
    settled_transfer,
    transfer_duty,
)
from tests.support.looks import looked

P = Permission
ETHER = 10**18


def row(casework: Casework, order: int, asset: str = "USDT") -> CoverRow:
    found = cover_of(casework.grant(P.READ).case, at=moment()).rows
    return next(each for each in found if (each.order, each.asset) == (order, asset))


def risk(casework: Casework, kind: str, asset: str) -> AtRisk:
    found = cover_of(casework.grant(P.READ).case, at=moment()).at_risk
    return next(each for each in found if (each.kind, each.unit.symbol) == (kind, asset))


def state(casework: Casework, duty: int, amount: int | None) -> None:
    actions.state_ordered(
        grant=casework.grant(P.ORDERS), at=moment(), number=duty, asset="usdt", decimals=6, amount=amount
    )


def adds_up(found: CoverRow, secured: int) -> None:
    assert found.frozen is not None
    assert found.secured == secured
    assert found.frozen + found.under_way + found.transferred + found.given_free == secured


def test_the_ladder_adds_up_to_the_unit_at_every_step(casework: Casework) -> None:
    duty = transfer_duty(casework)
    order = duty.order.number
    state(casework, duty.number, 6_000_000)
    assert row(casework, order).shortfall == 6_000_000
    freeze = confirmed_freeze(casework, holding=5_000_000, obligation_number=duty.number)
    found = row(casework, order)
    adds_up(found, 5_000_000)
    assert (found.ordered, found.frozen, found.shortfall) == (6_000_000, 5_000_000, 1_000_000)
    change = freezes.propose_partial_release(
        grant=casework.grant(P.FREEZE_PROPOSE),
        at=moment(),
        number=freeze.number,
        amounts=[AmountAsked("USDT", 1_000_001)],
        reason="Narrowed",
    )
    freezes.decide_change(
        grant=casework.grant(P.FREEZE_APPROVE, casework.approver),
        at=moment(),
        number=change.number,
        agrees=True,
    )
    found = row(casework, order)
    adds_up(found, 5_000_000)
    assert (found.frozen, found.given_free) == (3_999_999, 1_000_001)
    transfer = proposed_transfer(casework, freeze, obligation_number=duty.number)
    sent(casework, begun_transfer(casework, transfer))
    found = row(casework, order)
    adds_up(found, 5_000_000)
    assert (found.frozen, found.under_way, found.transferred) == (0, 3_999_999, 0)
    settled_transfer(casework, transfer)
    found = row(casework, order)
    adds_up(found, 5_000_000)
    assert (found.frozen, found.under_way, found.transferred) == (0, 0, 3_999_999)
    assert found.shortfall == 6_000_000 - 3_999_999
    assert FreezeOrder.objects.get(pk=freeze.pk).status == "settled"
    for rung, amount in (("seized", 3_999_999), ("forfeited", 3_000_000), ("returned", 999_999)):
        enter(casework, duty.number, rung, amount)
    found = row(casework, order)
    assert (found.seized, found.forfeited, found.returned) == (3_999_999, 3_000_000, 999_999)
    assert refusal(lambda: enter(casework, duty.number, "forfeited", 1)).field == "amount"


def enter(casework: Casework, duty: int, rung: str, amount: int) -> LadderEntry:
    return actions.add_rung(
        grant=casework.grant(P.ORDERS),
        at=moment(),
        number=duty,
        rung=rung,
        asset="USDT",
        decimals=6,
        amount=amount,
        happened_at=moment() - timedelta(minutes=1),
        basis="Final order of forfeiture, 23-cv-1",
    )


def test_a_wrong_entry_is_taken_back_by_another_and_both_stand(casework: Casework) -> None:
    duty = transfer_duty(casework)
    confirmed_freeze(casework, obligation_number=duty.number)
    entry = enter(casework, duty.number, "seized", 7)
    grant = casework.grant(P.ORDERS)
    assert (
        refusal(
            lambda: actions.take_back_rung(grant=grant, at=moment(), number=entry.number, reason=" ")
        ).field
        == "reason"
    )
    actions.take_back_rung(grant=grant, at=moment(), number=entry.number, reason="Another order")
    assert row(casework, duty.order.number).seized == 0
    assert LadderEntry.objects.count() == 2
    for number in (entry.number, entry.number + 1):
        refusal(
            lambda number=number: actions.take_back_rung(  # type: ignore[misc]
                grant=grant, at=moment(), number=number, reason="Again"
            )
        )


def test_what_is_attached_and_not_frozen_is_at_risk_and_the_unread_is_unknown(casework: Casework) -> None:
    account = casework.account("EX-RISK")
    casework.holding(account, 9_000_000)
    read = casework.wallet()
    looked({read: {"ETH": 5 * ETHER}}, at=moment())
    unread = casework.wallet("0xdac17f958d2ee523a2206206994597c13d831ec7")
    assert risk(casework, "account", "USDT").at_risk == 9_000_000
    confirmed_freeze(casework, account_number=account.number, cap=4_000_000)
    found = risk(casework, "account", "USDT")
    assert (found.there, found.frozen, found.at_risk) == (9_000_000, 4_000_000, 5_000_000)
    assert risk(casework, "wallet", "ETH").at_risk == 5 * ETHER
    never = [each for each in cover_of(casework.case, at=moment()).at_risk if each.number == unread.number]
    assert [each.at_risk for each in never if each.kind == "wallet"]
    assert {each.at_risk for each in never if each.kind == "wallet"} == {None}
    carried_out(
        casework,
        casework.proposed_freeze(
            wallet_number=read.number,
            scope="address",
            amounts=[],
            policy_hold="By policy",
            formal_order_by=moment() + timedelta(days=5),
        ),
    )
    assert risk(casework, "wallet", "ETH").at_risk == 0


def test_several_freezes_on_one_asset_do_not_make_more_of_it(casework: Casework) -> None:
    account = casework.account("EX-TWICE")
    casework.holding(account, 5_000_000)
    first = confirmed_freeze(casework, account_number=account.number)
    second = confirmed_freeze(casework, account_number=account.number)
    assert first.obligation is not None
    assert second.obligation is not None
    found = risk(casework, "account", "USDT")
    assert (found.frozen, found.at_risk) == (5_000_000, 0)
    for freeze in (first, second):
        adds_up(row(casework, freeze.obligation.order.number), 5_000_000)  # type: ignore[union-attr]


def test_an_unstated_amount_and_all_that_is_there_have_no_shortfall(casework: Casework) -> None:
    duty = transfer_duty(casework)
    confirmed_freeze(casework, obligation_number=duty.number)
    assert (row(casework, duty.order.number).stated, row(casework, duty.order.number).shortfall) == (
        False,
        None,
    )
    state(casework, duty.number, None)
    assert (row(casework, duty.order.number).stated, row(casework, duty.order.number).shortfall) == (
        True,
        None,
    )


@pytest.mark.parametrize("kind", ["produce", "preserve"])
def test_only_a_restraint_asks_for_an_amount(casework: Casework, kind: str) -> None:
    order = casework.accepted_order(duties=[orders.Duty(kind, "Do it.")])
    number = order.obligations.get().number
    assert refusal(lambda: state(casework, number, 5)).field == "asset"


def test_what_is_sealed_adds_nothing_to_the_figures_of_others(casework: Casework) -> None:
    duty = transfer_duty(casework)
    confirmed_freeze(casework, obligation_number=duty.number)
    state(casework, duty.number, 6_000_000)
    enter(casework, duty.number, "seized", 1)
    orders.seal_order(
        grant=casework.grant(P.ORDERS),
        at=moment(),
        number=duty.order.number,
        readers=[],
        reason="By the court",
    )
    assert cover_of(casework.grant(P.READ).case, at=moment()).rows
    hidden = cover_of(casework.grant(P.READ, casework.approver).case, at=moment())
    assert hidden.rows == []
    assert {each.frozen for each in hidden.at_risk} == {0}


def test_it_costs_the_same_with_three_freezes_and_with_twelve(casework: Casework) -> None:
    def cost() -> int:
        case = casework.grant(P.READ).case
        with CaptureQueriesContext(connection) as captured:
            cover_of(case, at=moment())
        return len(captured)

    for _each in range(3):
        confirmed_freeze(casework)
    few = cost()
    for _each in range(9):
        confirmed_freeze(casework)
    assert cost() == few
