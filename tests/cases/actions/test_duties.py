"""A duty has its own clock; once an order is accepted, its duties move it."""

from datetime import timedelta
from typing import Any

import pytest

from cases.actions import orders
from cases.actions.base import NoSuchItem
from cases.actions.orders import Duty
from cases.models import LegalOrder, Obligation
from cases.permissions import Permission
from cases.status import OBLIGATION_FINAL, OBLIGATION_MOVES, ObligationStatus
from tests.cases.actions.support import details_of, last_event, refusal
from tests.support.casework import Casework, moment

P = Permission
TWO = [Duty("produce", "Records"), Duty("preserve", "Logs")]


def move(casework: Casework, number: int, to: str, reason: str = "Letter of today") -> Obligation:
    return orders.move_obligation(
        grant=casework.grant(P.ORDERS), at=moment(), number=number, to=to, reason=reason
    )


def status_of(order: LegalOrder) -> str:
    return LegalOrder.objects.get(pk=order.pk).status


def test_the_duties_bring_the_order_from_accepted_to_complied(casework: Casework) -> None:
    order = casework.accepted_order(duties=TWO)
    first, second = order.obligations.order_by("number").values_list("number", flat=True)
    walked = [status_of(order)]
    for number, to in (
        (first, "in_progress"),
        (first, "met"),
        (second, "in_progress"),
        (second, "partly_met"),
    ):
        move(casework, number, to)
        walked.append(status_of(order))
    assert walked == ["accepted", "executing", "partly_complied", "partly_complied", "complied"]
    event = last_event(casework.case)
    assert (event.action, event.actor) == ("obligation.moved", casework.lead)
    assert details_of(event)["order"] == {"number": order.number, "moves": ["complied"]}


def test_one_duty_alone_takes_the_order_through_each_step(casework: Casework) -> None:
    order = casework.accepted_order(duties=TWO[:1])
    number = order.obligations.get().number
    move(casework, number, "in_progress")
    assert details_of(last_event(casework.case))["order"]["moves"] == ["executing"]
    duty = move(casework, number, "met")
    assert status_of(order) == "complied"
    assert (duty.ended_by, duty.ended_at is not None) == (casework.lead, True)


def test_a_duty_that_comes_later_keeps_the_order_open(casework: Casework) -> None:
    order = casework.accepted_order(duties=TWO[:1])
    move(casework, order.obligations.get().number, "in_progress")
    added = orders.add_obligation(
        grant=casework.grant(P.ORDERS), at=moment(), order_number=order.number, duty=TWO[1]
    )
    move(casework, order.obligations.earliest("number").number, "met")
    assert status_of(order) == "partly_complied"
    assert added.number == 2


@pytest.mark.parametrize(
    "status", ["open", "in_progress", "met", "partly_met", "objected", "not_ours", "out_of_scope"]
)
def test_the_action_follows_the_table(casework: Casework, status: str) -> None:
    order = casework.accepted_order(duties=TWO)
    number = order.obligations.earliest("number").number
    for step in {"open": [], "in_progress": ["in_progress"]}.get(status, ["in_progress", status]):
        move(casework, number, step)
    by_hand = OBLIGATION_MOVES.get(status, frozenset()) - {"overdue", "lifted"}
    for target in set(ObligationStatus.values) - by_hand:
        refusal(lambda target=target: move(casework, number, target))
    assert Obligation.objects.get(case=casework.case, number=number).status == status


def test_an_outcome_says_what_shows_it(casework: Casework) -> None:
    order = casework.accepted_order(duties=TWO)
    number = order.obligations.earliest("number").number
    move(casework, number, "in_progress", reason="")
    for outcome in sorted(OBLIGATION_FINAL - {"lifted"}):
        assert refusal(lambda outcome=outcome: move(casework, number, outcome, reason=" ")).field == "reason"


def test_a_duty_is_neither_lifted_nor_made_overdue_by_hand(casework: Casework) -> None:
    """An accepted order whose only duty was lifted would otherwise have been complied with by nothing."""
    order = casework.accepted_order(duties=TWO[:1])
    number = order.obligations.get().number
    for to in ("lifted", "overdue"):
        assert refusal(lambda to=to: move(casework, number, to)).field == "to"
    assert status_of(order) == "accepted"


def extend(
    casework: Casework, number: int, by: timedelta, reason: str = "Granted by telephone"
) -> Obligation:
    due = Obligation.objects.get(case=casework.case, number=number).due_at or moment()
    return orders.extend_obligation(
        grant=casework.grant(P.ORDERS), at=moment(), number=number, due_at=due + by, reason=reason
    )


def test_an_extension_only_ends_later_and_is_an_event(casework: Casework) -> None:
    order = casework.accepted_order()
    duty = order.obligations.get()
    for by in (timedelta(0), timedelta(days=-1)):
        assert refusal(lambda by=by: extend(casework, duty.number, by)).field == "due_at"
    assert refusal(lambda: extend(casework, duty.number, timedelta(days=1), reason="")).field == "reason"
    assert duty.due_at is not None
    extended = extend(casework, duty.number, timedelta(days=7))
    assert extended.due_at == duty.due_at + timedelta(days=7)
    old, new = details_of(last_event(casework.case))["changes"]["due_at"]
    assert old < new
    for to in ("in_progress", "met"):
        move(casework, duty.number, to)
    refusal(lambda: extend(casework, duty.number, timedelta(days=1)))


def test_another_cases_duty_is_not_there(casework: Casework) -> None:
    other = Casework.opened()
    number = other.accepted_order().obligations.get().number
    acts: list[Any] = [
        lambda: move(casework, number, "in_progress"),
        lambda: orders.extend_obligation(
            grant=casework.grant(P.ORDERS), at=moment(), number=number, due_at=moment(), reason="x"
        ),
        lambda: orders.add_obligation(
            grant=casework.grant(P.ORDERS), at=moment(), order_number=1, duty=TWO[0]
        ),
    ]
    for act in acts:
        refusal(act, NoSuchItem)
