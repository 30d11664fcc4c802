"""The watchdog: what leaves a frozen target below what is frozen is told at once, and nothing else is."""

from datetime import timedelta

import pytest
from django.core import mail

from cases.actions import alerts as told
from cases.actions import freezes, orders, reminders, watchdog
from cases.actions.base import WrongMove
from cases.actions.freezes import AmountAsked
from cases.models import FreezeBreach, FreezeOrder, Notice
from cases.permissions import Permission
from cases.queries.closing import of_case
from tests.cases.actions.support import details_of, last_event, refusal
from tests.support.casework import Casework, moment
from tests.support.freezing import (
    approved_transfer,
    begun_transfer,
    breached,
    carried_out,
    confirmed_freeze,
    proposed_transfer,
    sent,
)
from tests.support.looks import looked, swept

P = Permission
ETHER = 10**18


def books_say(
    casework: Casework, freeze: FreezeOrder, amount: int, asset: str = "USDT"
) -> list[FreezeBreach]:
    assert freeze.account is not None
    before = set(FreezeBreach.objects.values_list("pk", flat=True))
    casework.holding(freeze.account, amount, asset=asset, observed_at=moment())
    return list(FreezeBreach.objects.exclude(pk__in=before).order_by("number"))


def test_a_part_that_is_gone_by_the_books_is_a_breach_with_before_after_and_what_was_frozen(
    casework: Casework,
) -> None:
    freeze = confirmed_freeze(casework, holding=5_000_000)
    breach = books_say(casework, freeze, 4_999_999)[0]
    assert (breach.required, breach.before, breach.after, breach.missing) == (
        5_000_000,
        5_000_000,
        4_999_999,
        1,
    )
    told_people = {notice.user for notice in Notice.objects.filter(reminder__kind="breach")}
    assert told_people == {casework.lead, casework.approver, casework.second_approver}
    reminders.mail_notices(now=moment)
    assert len(mail.outbox) == 3
    # Nothing more went out: nothing more is told. A further outflow is another breach.
    assert books_say(casework, freeze, 4_999_999) == []
    assert books_say(casework, freeze, 3_000_000)[0].before == 4_999_999


def test_what_is_above_the_frozen_amount_may_go(casework: Casework) -> None:
    freeze = confirmed_freeze(casework, holding=5_000_000, cap=2_000_000)
    assert books_say(casework, freeze, 2_000_000) == []
    assert books_say(casework, freeze, 1_999_999)[0].required == 2_000_000


def test_a_wallet_is_watched_from_its_looks_with_the_block(casework: Casework) -> None:
    wallet = casework.wallet()
    looked({wallet: {"ETH": 5 * ETHER}}, at=moment())
    freeze = carried_out(
        casework,
        casework.proposed_freeze(
            wallet_number=wallet.number,
            scope="address",
            amounts=[AmountAsked("ETH", 3 * ETHER)],
            policy_hold="By policy",
            formal_order_by=moment() + timedelta(days=5),
        ),
    )
    swept({wallet: {"ETH": 4 * ETHER}}, at=moment())
    assert told.tell_news(now=moment) == 1
    assert not FreezeBreach.objects.exists(), "more than is frozen is still there"
    batch = swept({wallet: {"ETH": 2 * ETHER}}, at=moment())
    assert told.tell_news(now=moment) == 1
    breach = FreezeBreach.objects.get(freeze=freeze)
    assert (breach.required, breach.before, breach.after) == (3 * ETHER, 4 * ETHER, 2 * ETHER)
    assert breach.batch_id == batch.pk
    assert breach.batch is not None
    assert breach.batch.block_height is not None
    told.raise_alerts(batch_id=batch.pk, case_id=casework.case.pk, at=moment())
    assert FreezeBreach.objects.count() == 1


def test_an_address_that_is_frozen_whole_lets_nothing_out(casework: Casework) -> None:
    wallet = casework.wallet()
    looked({wallet: {"ETH": 5 * ETHER}}, at=moment())
    carried_out(
        casework,
        casework.proposed_freeze(
            wallet_number=wallet.number,
            scope="address",
            amounts=[],
            policy_hold="By policy",
            formal_order_by=moment() + timedelta(days=5),
        ),
    )
    swept({wallet: {"ETH": 5 * ETHER - 1}}, at=moment())
    told.tell_news(now=moment)
    assert FreezeBreach.objects.get().missing == 1


def test_what_leaves_for_a_transfer_is_a_breach_until_it_is_being_sent(casework: Casework) -> None:
    freeze = confirmed_freeze(casework, holding=5_000_000)
    agreed = approved_transfer(
        casework,
        proposed_transfer(casework, freeze, amounts=[AmountAsked("USDT", 4_000_000)], takes_all=False),
    )
    assert books_say(casework, freeze, 4_000_000)[0].missing == 1_000_000, (
        "it was agreed to, and nothing more"
    )
    books_say(casework, freeze, 5_000_000)
    transfer = freezes.begin_transfer(grant=casework.grant(P.FREEZE_APPLY), at=moment(), number=agreed.number)
    assert books_say(casework, freeze, 1_000_000) == []
    assert books_say(casework, freeze, 999_999)[0].required == 1_000_000
    sent(casework, transfer)
    assert books_say(casework, freeze, 999_998)[0].required == 1_000_000


def test_what_left_for_a_transfer_that_failed_is_told_then(casework: Casework) -> None:
    freeze = confirmed_freeze(casework, holding=5_000_000)
    transfer = begun_transfer(casework, proposed_transfer(casework, freeze))
    assert books_say(casework, freeze, 1_000_000) == []
    freezes.fail_transfer(
        grant=casework.grant(P.FREEZE_APPLY), at=moment(), number=transfer.number, reason="Never sent."
    )
    breach = FreezeBreach.objects.get()
    assert (breach.required, breach.before, breach.after) == (5_000_000, 5_000_000, 1_000_000)


def test_a_part_that_was_given_free_may_go(casework: Casework) -> None:
    freeze = confirmed_freeze(casework, holding=5_000_000)
    change = freezes.propose_partial_release(
        grant=casework.grant(P.FREEZE_PROPOSE),
        at=moment(),
        number=freeze.number,
        amounts=[AmountAsked("USDT", 2_000_000)],
        reason="Narrowed",
    )
    freezes.decide_change(
        grant=casework.grant(P.FREEZE_APPROVE, casework.approver),
        at=moment(),
        number=change.number,
        agrees=True,
    )
    assert books_say(casework, freeze, 3_000_000) == []
    assert books_say(casework, freeze, 2_999_999)


def test_a_credit_after_the_freeze_is_held_too(casework: Casework) -> None:
    freeze = confirmed_freeze(casework, holding=5_000_000)
    assert books_say(casework, freeze, 7_000_000) == []
    assert books_say(casework, freeze, 6_000_000)[0].required == 7_000_000


def test_what_comes_back_after_a_breach_fills_what_was_missing_and_only_the_rest_is_a_credit(
    casework: Casework,
) -> None:
    freeze = confirmed_freeze(casework, holding=5_000_000)
    assert len(books_say(casework, freeze, 3_000_000)) == 1
    books_say(casework, freeze, 4_500_000)
    assert not freeze.credits.exists()
    books_say(casework, freeze, 5_700_000)
    assert [int(credit.amount) for credit in freeze.credits.all()] == [700_000]
    # With the credit 5.7 million have to stand there, and a return to that is no second credit.
    assert books_say(casework, freeze, 5_600_000)[0].required == 5_700_000
    books_say(casework, freeze, 5_700_000)
    assert freeze.credits.count() == 1


def test_an_entry_from_before_the_hold_and_another_asset_are_none(casework: Casework) -> None:
    freeze = confirmed_freeze(casework, holding=5_000_000)
    assert freeze.account is not None
    assert freeze.applied_at is not None
    casework.holding(freeze.account, 1, observed_at=freeze.applied_at - timedelta(seconds=1))
    assert not FreezeBreach.objects.exists()
    assert books_say(casework, freeze, 0, asset="USDC") == []


def test_a_breach_is_answered_once_with_words_and_keeps_the_case_open(casework: Casework) -> None:
    breach = breached(casework)
    grant = casework.grant(P.FREEZE_APPLY)
    assert (
        refusal(
            lambda: watchdog.answer_breach(grant=grant, at=moment(), number=breach.number, note=" ")
        ).field
        == "note"
    )
    assert "1 breach is not answered" in of_case(casework.grant(P.READ)).in_words()
    watchdog.answer_breach(grant=grant, at=moment(), number=breach.number, note="A fee of the exchange")
    assert details_of(last_event(casework.case))["note"] == "A fee of the exchange"
    with pytest.raises(WrongMove):
        watchdog.answer_breach(grant=grant, at=moment(), number=breach.number, note="Again")
    assert "breach" not in of_case(casework.grant(P.READ)).in_words()


def test_a_breach_under_a_sealed_order_is_told_to_its_readers_alone(casework: Casework) -> None:
    order = casework.accepted_order()
    freeze = confirmed_freeze(casework, obligation_number=order.obligations.get().number)
    orders.seal_order(
        grant=casework.grant(P.ORDERS),
        at=moment(),
        number=order.number,
        readers=[casework.counsel],
        reason="By the court",
    )
    assert books_say(casework, freeze, 1)
    assert {notice.user for notice in Notice.objects.all()} == {casework.lead}
    assert not FreezeBreach.objects.of(casework.grant(P.READ, casework.approver).case).exists()
