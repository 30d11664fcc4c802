"""What changes a freeze that stands: extensions, partial releases, credits, thresholds."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import DatabaseError, transaction

from cases.actions import freezes
from cases.actions.base import ActionError, WrongMove
from cases.actions.freezes import AmountAsked
from cases.audit.models import Event
from cases.models import FreezeChangeAmount, FreezeCredit, FreezeOrder
from cases.permissions import Permission
from cases.queries.held import held_of
from tests.cases.actions.support import details_of
from tests.support.casework import Casework, moment
from tests.support.freezing import confirmed_freeze, held


def partial(casework: Casework, freeze: FreezeOrder, **amounts: int) -> Any:
    return freezes.propose_partial_release(
        grant=casework.grant(Permission.FREEZE_PROPOSE),
        at=moment(),
        number=freeze.number,
        amounts=[AmountAsked(asset, amount) for asset, amount in amounts.items()],
        reason="The court narrowed it.",
    )


def decide(casework: Casework, number: int, *, agrees: bool = True, user: Any = None) -> Any:
    return freezes.decide_change(
        grant=casework.grant(Permission.FREEZE_APPROVE, user or casework.approver),
        at=moment(),
        number=number,
        agrees=agrees,
        comment="" if agrees else "No.",
    )


def test_a_part_is_given_free_and_the_rest_stays_held(casework: Casework) -> None:
    freeze = confirmed_freeze(casework, holding=5_000_000)
    change = partial(casework, freeze, USDT=2_000_000)
    assert held(freeze) == {"USDT": 5_000_000}, "asked for is not given"
    decide(casework, change.number)
    freeze.refresh_from_db()
    assert (freeze.status, held(freeze)) == ("confirmed", {"USDT": 3_000_000})
    amount = freeze.amounts.get()
    assert amount.holding_applied is not None
    assert amount.holding_applied.amount == 5_000_000, "the snapshot stands"
    event = details_of(Event.objects.get(stream=casework.case.stream, action="freeze.partly_released"))
    assert event["released"][0]["still_held"] == "3000000"


def test_no_more_is_given_free_than_is_still_held(casework: Casework) -> None:
    freeze = confirmed_freeze(casework, holding=5_000_000)
    decide(casework, partial(casework, freeze, USDT=2_000_000).number)
    with pytest.raises(ActionError, match="more than is still held"):
        partial(casework, freeze, USDT=3_000_001)
    waiting = partial(casework, freeze, USDT=2_000_000)
    with pytest.raises(ActionError, match="more than is still held"):
        partial(casework, freeze, USDT=1_000_001)
    decide(casework, waiting.number, agrees=False)
    assert partial(casework, freeze, USDT=2_999_999).status == "proposed"


def test_the_cap_counts_where_more_was_there(casework: Casework) -> None:
    freeze = confirmed_freeze(casework, holding=5_000_000, cap=1_000_000)
    with pytest.raises(ActionError, match="more than is still held"):
        partial(casework, freeze, USDT=1_000_001)


def test_the_database_refuses_more_than_is_held_past_the_orm(casework: Casework) -> None:
    freeze = confirmed_freeze(casework, holding=5_000_000)
    change = partial(casework, freeze, USDT=2_000_000)
    part = change.amounts.get()
    FreezeChangeAmount.objects.filter(pk=part.pk)
    second = partial(casework, freeze, USDT=1)
    with pytest.raises(DatabaseError, match="more than is still held"), transaction.atomic():
        from tests.support.rows import execute

        execute(
            "INSERT INTO cases_freezechange (case_id, freeze_id, number, kind, reason, status, proposed_at, "
            "proposed_by_id, comment) SELECT case_id, freeze_id, 99, kind, reason, 'proposed', proposed_at, "
            "proposed_by_id, '' FROM cases_freezechange WHERE id = %s",
            second.pk,
        )
        execute(
            "INSERT INTO cases_freezechangeamount (change_id, held_id, amount) "
            "SELECT (SELECT id FROM cases_freezechange WHERE number = 99 AND freeze_id = %s), %s, 3000000",
            freeze.pk,
            part.held_id,
        )


def test_nobody_agrees_to_what_she_asked_for(casework: Casework) -> None:
    freeze = confirmed_freeze(casework)
    change = freezes.propose_partial_release(
        grant=casework.grant(Permission.FREEZE_PROPOSE, casework.approver),
        at=moment(),
        number=freeze.number,
        amounts=[AmountAsked("USDT", 1)],
        reason="Asked for.",
    )
    with pytest.raises(freezes.OwnApproval):
        decide(casework, change.number)
    with pytest.raises(DatabaseError, match="change_four_eyes"), transaction.atomic():
        change.decided_at, change.decided_by, change.status = moment(), casework.approver, "agreed"
        change.save()


def test_a_term_is_moved_by_an_agreed_extension_alone(casework: Casework) -> None:
    ends_at = moment() + timedelta(days=10)
    freeze = confirmed_freeze(casework, ends_at=ends_at)
    later = ends_at + timedelta(days=30)
    with pytest.raises(DatabaseError, match="agreed extension alone"), transaction.atomic():
        FreezeOrder.objects.filter(pk=freeze.pk).update(ends_at=later)

    def ask(ends_at: Any) -> Any:
        return freezes.propose_extension(
            grant=casework.grant(Permission.FREEZE_PROPOSE),
            at=moment(),
            number=freeze.number,
            ends_at=ends_at,
            reason="Renewed by the court on 3 May.",
        )

    with pytest.raises(ActionError, match="later than before"):
        ask(ends_at - timedelta(days=1))
    change = ask(later)
    with pytest.raises(ActionError, match="waits for a decision"):
        ask(later)
    decide(casework, change.number)
    freeze.refresh_from_db()
    assert freeze.ends_at == later


def test_an_open_ended_freeze_has_nothing_to_extend(casework: Casework) -> None:
    freeze = confirmed_freeze(casework)
    with pytest.raises(ActionError, match="open-ended"):
        freezes.propose_extension(
            grant=casework.grant(Permission.FREEZE_PROPOSE),
            at=moment(),
            number=freeze.number,
            ends_at=moment() + timedelta(days=3),
            reason="x",
        )


# ── Credits ───────────────────────────────────────────────────────────────────────────────────────────────
def credited(casework: Casework, freeze: FreezeOrder, amount: int) -> FreezeCredit:
    assert freeze.account is not None
    casework.holding(freeze.account, amount, observed_at=moment())
    return FreezeCredit.objects.filter(freeze=freeze).latest("number")


def test_what_comes_in_after_the_freeze_is_held_and_decided_apart(casework: Casework) -> None:
    freeze = confirmed_freeze(casework, holding=5_000_000)
    credit = credited(casework, freeze, 7_500_000)
    assert (credit.status, credit.amount, credit.before, credit.after) == (
        "held",
        2_500_000,
        5_000_000,
        7_500_000,
    )
    assert held(freeze) == {"USDT": 5_000_000}, "undecided, it is not counted as the freeze's"
    freezes.keep_credit(
        grant=casework.grant(Permission.FREEZE_PROPOSE),
        at=moment(),
        number=credit.number,
        reason="Same order.",
    )
    assert held(freeze) == {"USDT": 7_500_000}
    row = freeze.amounts.get()
    assert row.holding_applied is not None
    assert row.holding_applied.amount == 5_000_000


def test_a_credit_is_released_by_two(casework: Casework) -> None:
    freeze = confirmed_freeze(casework)
    credit = credited(casework, freeze, 6_000_000)
    freezes.propose_credit_release(
        grant=casework.grant(Permission.FREEZE_PROPOSE, casework.approver),
        at=moment(),
        number=credit.number,
        reason="A salary.",
    )
    with pytest.raises(freezes.OwnApproval):
        freezes.decide_credit_release(
            grant=casework.grant(Permission.FREEZE_APPROVE, casework.approver),
            at=moment(),
            number=credit.number,
            agrees=True,
        )
    done = freezes.decide_credit_release(
        grant=casework.grant(Permission.FREEZE_APPROVE, casework.second_approver),
        at=moment(),
        number=credit.number,
        agrees=True,
    )
    assert (done.status, held(freeze)) == ("released", {"USDT": 5_000_000})


def test_a_cap_covers_a_credit_only_up_to_its_room(casework: Casework) -> None:
    freeze = confirmed_freeze(casework, holding=5_000_000, cap=6_000_000)
    assert credited(casework, freeze, 9_000_000).amount == 1_000_000


def test_a_decrease_and_an_earlier_entry_are_no_credits(casework: Casework) -> None:
    freeze = confirmed_freeze(casework)
    assert freeze.account is not None
    casework.holding(freeze.account, 4_000_000, observed_at=moment())
    assert not FreezeCredit.objects.exists()


def test_a_freeze_with_undecided_credits_is_not_released(casework: Casework) -> None:
    freeze = confirmed_freeze(casework)
    credited(casework, freeze, 6_000_000)
    freezes.propose_release(
        grant=casework.grant(Permission.FREEZE_PROPOSE), at=moment(), number=freeze.number, reason="Ended."
    )
    with pytest.raises(ActionError, match="not decided"):
        freezes.decide_release(
            grant=casework.grant(Permission.FREEZE_APPROVE, casework.approver),
            at=moment(),
            number=freeze.number,
            agrees=True,
        )


# ── Thresholds ────────────────────────────────────────────────────────────────────────────────────────────
def set_threshold(casework: Casework, **values: Any) -> None:
    freezes.set_approval_threshold(
        by=casework.administrator, at=moment(), **({"reason": "Policy 7"} | values)
    )


def test_above_a_threshold_two_approve(casework: Casework) -> None:
    set_threshold(casework, asset="USDT", decimals=0, amount=5)
    freeze = casework.proposed_freeze()
    assert freeze.approvals_required == 2, "five USDT are there"
    assert freeze.approvals_because[0]["why"] == "amount"
    for user, status in ((casework.approver, "proposed"), (casework.second_approver, "approved")):
        assert (
            freezes.approve_freeze(
                grant=casework.grant(Permission.FREEZE_APPROVE, user), at=moment(), number=freeze.number
            ).status
            == status
        )


def test_below_a_threshold_one_is_enough(casework: Casework) -> None:
    set_threshold(casework, asset="USDT", decimals=0, amount=6)
    assert casework.proposed_freeze().approvals_required == 1
    set_threshold(casework, asset="USDT", decimals=0, amount=None)
    with pytest.raises(ActionError, match="no such threshold"):
        set_threshold(casework, asset="USDT", decimals=0, amount=None)


def test_a_value_that_nobody_knows_is_not_below_a_threshold(casework: Casework) -> None:
    set_threshold(casework, currency="USD", amount=1_000_000_00)
    freeze = casework.proposed_freeze()
    assert (freeze.approvals_required, freeze.approvals_because[0]["why"]) == (2, "unknown_value")


def test_a_value_counts_with_its_price_and_source(casework: Casework) -> None:
    from decimal import Decimal

    from wallets.models import PriceBatch
    from wallets.prices import Quote, record_prices

    record_prices(
        [Quote("USDT", "USD", Decimal("1.00"), moment() - timedelta(hours=1), "Example")],
        kind=PriceBatch.Kind.FILE,
        name="test",
        body=b"test",
        brought_by="test",
    )
    set_threshold(casework, currency="USD", amount=4_99)
    freeze = casework.proposed_freeze()
    reason = freeze.approvals_because[0]
    assert (reason["why"], reason["value"], reason["prices"][0]["source"]) == ("value", "500", "Example")
    set_threshold(casework, currency="USD", amount=5_01)
    assert casework.proposed_freeze().approvals_required == 1


def test_only_the_administrator_sets_thresholds(casework: Casework) -> None:
    from cases.access import Denied

    with pytest.raises(Denied):
        freezes.set_approval_threshold(
            by=casework.approver, at=moment(), asset="USDT", amount=1, reason="Mine."
        )


# ── Mistakes, and other freezes ───────────────────────────────────────────────────────────────────────────
def test_a_corrected_freeze_names_the_wrong_one_once(casework: Casework) -> None:
    wrong = confirmed_freeze(casework, confirm=False)
    freezes.mark_wrong_target(
        grant=casework.grant(Permission.FREEZE_APPLY), at=moment(), number=wrong.number, reason="A namesake."
    )
    right = casework.proposed_freeze(corrects_number=wrong.number)
    assert right.corrects == wrong
    with pytest.raises(ActionError, match="corrects this one already"):
        casework.proposed_freeze(corrects_number=wrong.number)
    with pytest.raises(ActionError, match="hit the wrong target"):
        casework.proposed_freeze(corrects_number=right.number)


def test_a_release_says_which_others_hold_the_target(casework: Casework) -> None:
    first = confirmed_freeze(casework)
    assert first.account is not None
    second = confirmed_freeze(casework, account_number=first.account.number)
    freezes.propose_release(
        grant=casework.grant(Permission.FREEZE_PROPOSE), at=moment(), number=first.number, reason="Ended."
    )
    grant = casework.grant(Permission.FREEZE_APPROVE, casework.approver)
    with pytest.raises(freezes.StillHeld):
        freezes.decide_release(grant=grant, at=moment(), number=first.number, agrees=True)
    released = freezes.decide_release(
        grant=grant, at=moment(), number=first.number, agrees=True, others_known=True
    )
    assert released.status == "released"
    event = details_of(Event.objects.get(stream=casework.case.stream, action="freeze.released"))
    assert event["still_held_by"] == [{"case": casework.case.reference, "freeze": second.number}]


def test_a_hidden_freeze_says_only_not_releasable(casework: Casework) -> None:
    first = confirmed_freeze(casework)
    assert first.account is not None
    elsewhere = Casework.opened()
    account = elsewhere.account(first.account.account_number)
    elsewhere.holding(account)
    confirmed_freeze(elsewhere, account_number=account.number)
    freezes.propose_release(
        grant=casework.grant(Permission.FREEZE_PROPOSE), at=moment(), number=first.number, reason="Ended."
    )
    with pytest.raises(freezes.StillHeld, match="Not releasable: ask this desk") as refusal:
        freezes.decide_release(
            grant=casework.grant(Permission.FREEZE_APPROVE, casework.approver),
            at=moment(),
            number=first.number,
            agrees=True,
            others_known=True,
        )
    assert elsewhere.case.reference not in str(refusal.value)


def test_a_partial_release_needs_a_confirmed_freeze(casework: Casework) -> None:
    freeze = confirmed_freeze(casework, confirm=False)
    with pytest.raises(WrongMove):
        partial(casework, freeze, USDT=1)
    assert held_of(freeze.pk)[0].still == 5_000_000
