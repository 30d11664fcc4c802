"""A freeze rests on one live basis, hits one target, keeps the balance of its moment, and goes by its table."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from cases.actions import freezes, orders
from cases.actions.base import NoSuchItem, WrongMove
from cases.actions.freezes import AmountAsked, NoLiveBasis, OwnApproval
from cases.actions.orders import Duty
from cases.models import FreezeAmount, FreezeOrder, OutboxMessage
from cases.permissions import Permission
from cases.status import FREEZE_MOVES
from tests.cases.actions.support import details_of, last_event, refusal
from tests.support.casework import Casework, moment
from wallets.models import WalletState

P = Permission
SOON = datetime(2199, 1, 1, tzinfo=UTC)
HOLD: dict[str, Any] = {"policy_hold": "Asked for by telephone.", "formal_order_by": SOON}


def on_account(casework: Casework, **kwargs: Any) -> FreezeOrder:
    """A proposal on a fresh account with 5 USDT, resting on a policy hold unless a duty is given."""
    basis = {} if "obligation_number" in kwargs else HOLD
    return casework.proposed_freeze(**basis | kwargs)


def step(casework: Casework, freeze: FreezeOrder, name: str) -> FreezeOrder:
    """One step of the way, by whoever may take it."""
    at, number = moment(), freeze.number
    lead_may, approver_may = (
        lambda permission: casework.grant(permission),
        lambda permission: casework.grant(permission, casework.approver),
    )
    acts: dict[str, Callable[[], FreezeOrder]] = {
        "approve": lambda: freezes.approve_freeze(grant=approver_may(P.FREEZE_APPROVE), at=at, number=number),
        "reject": lambda: freezes.reject_freeze(
            grant=approver_may(P.FREEZE_APPROVE), at=at, number=number, comment="No basis"
        ),
        "cancel": lambda: freezes.cancel_freeze(
            grant=lead_may(P.FREEZE_PROPOSE), at=at, number=number, reason="Not needed"
        ),
        "apply": lambda: freezes.begin_apply(grant=lead_may(P.FREEZE_APPLY), at=at, number=number),
        "applied": lambda: freezes.mark_applied(
            grant=lead_may(P.FREEZE_APPLY), at=at, number=number, applied_at=at
        ),
        "failed": lambda: freezes.mark_apply_failed(
            grant=lead_may(P.FREEZE_APPLY), at=at, number=number, reason="System down"
        ),
        "confirm": lambda: freezes.confirm_freeze(
            grant=lead_may(P.FREEZE_APPLY), at=at, number=number, confirmation="Ticket 4711"
        ),
        "wrong": lambda: freezes.mark_wrong_target(
            grant=lead_may(P.FREEZE_APPLY), at=at, number=number, reason="Namesake"
        ),
        "release": lambda: freezes.propose_release(
            grant=lead_may(P.FREEZE_PROPOSE), at=at, number=number, reason="The order ended"
        ),
        "released": lambda: freezes.decide_release(
            grant=approver_may(P.FREEZE_APPROVE), at=at, number=number, agrees=True
        ),
        "kept": lambda: freezes.decide_release(
            grant=approver_may(P.FREEZE_APPROVE), at=at, number=number, agrees=False, comment="Not yet"
        ),
    }
    return acts[name]()


def went(casework: Casework, freeze: FreezeOrder, *names: str) -> FreezeOrder:
    for name in names:
        freeze = step(casework, freeze, name)
    return freeze


# ── Basis ─────────────────────────────────────────────────────────────────────────────────────────────────
def test_a_freeze_rests_on_exactly_one_basis(casework: Casework) -> None:
    order = casework.accepted_order()
    duty = order.obligations.get().number
    account = casework.account()
    common: dict[str, Any] = {"account_number": account.number, "amounts": []}

    def propose(**kwargs: Any) -> FreezeOrder:
        return freezes.propose_freeze(
            grant=casework.grant(P.FREEZE_PROPOSE),
            at=moment(),
            scope="account",
            reason="Asked for",
            **common | kwargs,
        )

    assert refusal(propose).field == "basis"
    assert refusal(lambda: propose(obligation_number=duty, policy_hold="x")).field == "basis"
    assert refusal(lambda: propose(policy_hold="x")).field == "formal_order_by"
    assert refusal(lambda: propose(policy_hold="x", formal_order_by=moment())).field == "formal_order_by"
    assert refusal(lambda: propose(obligation_number=duty, formal_order_by=SOON)).field == "formal_order_by"
    assert refusal(lambda: propose(obligation_number=99), NoSuchItem).field == "basis"
    assert propose(obligation_number=duty).obligation is not None
    assert propose(policy_hold=" By telephone. ", formal_order_by=SOON).policy_hold == "By telephone."


@pytest.mark.parametrize("kind", ["produce", "preserve", "keep_open", "non_disclosure"])
def test_only_a_duty_to_freeze_or_to_transfer_is_a_basis(casework: Casework, kind: str) -> None:
    other = casework.accepted_order(duties=[Duty(kind, "Do it")]).obligations.get()
    transfer = casework.accepted_order(
        reference="DEMO-2", duties=[Duty("transfer", "Hand over")]
    ).obligations.get()
    target: dict[str, Any] = {"account_number": casework.account().number, "amounts": []}
    assert refusal(lambda: on_account(casework, obligation_number=other.number, **target)).field == "basis"
    assert on_account(casework, obligation_number=transfer.number).obligation == transfer


@pytest.mark.parametrize("end", ["withdrawn", "quashed", "superseded", "expired"])
def test_an_ended_order_is_no_basis_at_any_step_before_the_hold(casework: Casework, end: str) -> None:
    order = casework.accepted_order()
    duty = order.obligations.get().number
    proposed = on_account(casework, obligation_number=duty)
    approved = step(casework, on_account(casework, obligation_number=duty), "approve")
    standing = went(casework, on_account(casework, obligation_number=duty), "approve", "apply", "applied")
    orders.move_order(
        grant=casework.grant(P.ORDER_DECIDE, casework.counsel),
        at=moment(),
        number=order.number,
        to=end,
        reason="By letter",
    )
    refusal(lambda: step(casework, proposed, "approve"), NoLiveBasis)
    refusal(lambda: step(casework, approved, "apply"), NoLiveBasis)
    target: dict[str, Any] = {"account_number": 1, "amounts": []}
    refusal(lambda: on_account(casework, obligation_number=duty, **target), NoLiveBasis)
    # A basis that ended is an alert, never a release by itself.
    standing.refresh_from_db()
    assert standing.status == "applied"
    assert step(casework, standing, "confirm").status == "confirmed"


def test_a_hold_whose_formal_order_did_not_come_is_not_applied(casework: Casework) -> None:
    soon = moment() + timedelta(hours=1)
    proposed = on_account(casework, formal_order_by=soon)
    approved = step(casework, on_account(casework, formal_order_by=soon), "approve")
    late = soon + timedelta(seconds=1)
    refusal(
        lambda: freezes.approve_freeze(
            grant=casework.grant(P.FREEZE_APPROVE, casework.approver), at=late, number=proposed.number
        ),
        NoLiveBasis,
    )
    refusal(
        lambda: freezes.begin_apply(grant=casework.grant(P.FREEZE_APPLY), at=late, number=approved.number),
        NoLiveBasis,
    )
    assert step(casework, proposed, "cancel").status == "cancelled"


def test_an_unverified_order_is_not_applied(casework: Casework) -> None:
    order = casework.order()
    freeze = on_account(casework, obligation_number=order.obligations.get().number)
    step(casework, freeze, "approve")
    refusal(lambda: step(casework, freeze, "apply"))
    for to in ("verifying", "verified", "in_review"):
        if to == "verified":
            orders.verify_order(
                grant=casework.grant(P.ORDER_VERIFY),
                at=moment(),
                number=order.number,
                authentic=True,
                method="call_back",
                contact="Clerk's office",
                contact_source="The court's own site",
            )
        else:
            orders.move_order(grant=casework.grant(P.ORDERS), at=moment(), number=order.number, to=to)
        refusal(lambda: step(casework, freeze, "apply"))
    orders.move_order(
        grant=casework.grant(P.ORDER_DECIDE, casework.counsel),
        at=moment(),
        number=order.number,
        to="narrowed",
        reason="One account alone",
    )
    assert step(casework, freeze, "apply").status == "applying"


# ── Target and scope ──────────────────────────────────────────────────────────────────────────────────────
def test_a_freeze_hits_exactly_one_target_of_its_own_case(casework: Casework) -> None:
    wallet, account = casework.wallet(), casework.account()
    other = Casework.opened().account("EX-9", remarks="of another case")
    for target in ({}, {"wallet_number": wallet.number, "account_number": account.number}):
        error = refusal(
            lambda target=target: freezes.propose_freeze(
                grant=casework.grant(P.FREEZE_PROPOSE),
                at=moment(),
                scope="account",
                reason="x",
                amounts=[],
                **HOLD,
                **target,
            )
        )
        assert error.field == "target"
    assert other.number == account.number
    refusal(lambda: on_account(casework, account_number=9, amounts=[]), NoSuchItem)
    refusal(lambda: on_account(casework, wallet_number=9, amounts=[]), NoSuchItem)


@pytest.mark.parametrize(
    ("kwargs", "field"),
    [
        ({"scope": "everything"}, "scope"),
        ({"scope": "address"}, "scope"),
        ({"scope": "asset", "amounts": []}, "amounts"),
        ({"scope": "amount", "amounts": []}, "amounts"),
        ({"scope": "amount", "amounts": [AmountAsked("USDT")]}, "amounts"),
        ({"scope": "amount", "amounts": [AmountAsked("USDT", 0)]}, "amounts"),
        ({"scope": "amount", "amounts": [AmountAsked("USDT", -1)]}, "amounts"),
        ({"scope": "asset", "amounts": [AmountAsked("USDT"), AmountAsked(" usdt ")]}, "amounts"),
        ({"scope": "asset", "amounts": [AmountAsked("BTC")]}, "amounts"),
        ({"reason": " "}, "reason"),
        ({"approvals_required": 0}, "approvals_required"),
        ({"approvals_required": 3}, "approvals_required"),
    ],
)
def test_a_proposal_that_does_not_make_sense_is_refused(
    casework: Casework, kwargs: dict[str, Any], field: str
) -> None:
    account = casework.account("EX-7")
    casework.holding(account)
    values = {"scope": "account", "account_number": account.number, "amounts": [AmountAsked("USDT")]}
    assert refusal(lambda: on_account(casework, **values | kwargs)).field == field
    assert not FreezeOrder.objects.exists()
    assert not FreezeAmount.objects.exists()


def test_a_wallet_is_frozen_by_its_address_and_an_unknown_asset_is_refused(casework: Casework) -> None:
    wallet = casework.wallet()
    assert refusal(lambda: on_account(casework, wallet_number=wallet.number, scope="asset")).field == "scope"
    unknown = [AmountAsked("DOGE")]
    assert (
        refusal(lambda: on_account(casework, wallet_number=wallet.number, amounts=unknown)).field == "amounts"
    )


@pytest.mark.parametrize("scope", ["account", "debit", "credit"])
def test_whole_scopes_need_no_amount(casework: Casework, scope: str) -> None:
    assert on_account(casework, scope=scope, amounts=[]).amounts.count() == 0


def test_an_amount_is_kept_to_the_last_unit(casework: Casework) -> None:
    largest = 2**256 - 1
    freeze = on_account(casework, scope="amount", amounts=[AmountAsked("USDT", largest)])
    assert int(freeze.amounts.get().amount) == largest
    assert details_of(last_event(casework.case))["amounts"][0]["amount"] == str(largest)


# ── The way ───────────────────────────────────────────────────────────────────────────────────────────────
WAYS: dict[str, tuple[str, ...]] = {
    "proposed": (),
    "rejected": ("reject",),
    "cancelled": ("cancel",),
    "approved": ("approve",),
    "applying": ("approve", "apply"),
    "apply_failed": ("approve", "apply", "failed"),
    "applied": ("approve", "apply", "applied"),
    "wrong_target_reversed": ("approve", "apply", "applied", "wrong"),
    "confirmed": ("approve", "apply", "applied", "confirm"),
    "release_proposed": ("approve", "apply", "applied", "confirm", "release"),
    "released": ("approve", "apply", "applied", "confirm", "release", "released"),
}
STEPS = {
    "approve": "approved",
    "reject": "rejected",
    "cancel": "cancelled",
    "apply": "applying",
    "applied": "applied",
    "failed": "apply_failed",
    "confirm": "confirmed",
    "wrong": "wrong_target_reversed",
    "release": "release_proposed",
    "released": "released",
    "kept": "confirmed",
}


@pytest.mark.parametrize("status", WAYS)
def test_the_actions_follow_the_table(casework: Casework, status: str) -> None:
    freeze = went(casework, on_account(casework), *WAYS[status])
    assert freeze.status == status
    for name, target in STEPS.items():
        lawful = target in FREEZE_MOVES.get(status, frozenset())
        if name == "kept":
            lawful = status == "release_proposed"
        elif name == "confirm":
            lawful = status == "applied"
        if not lawful:
            refusal(lambda name=name: step(casework, freeze, name))
    freeze.refresh_from_db()
    assert freeze.status == status


def test_a_hold_that_could_not_be_set_is_tried_again(casework: Casework) -> None:
    freeze = went(casework, on_account(casework), "approve", "apply", "failed", "apply", "failed", "apply")
    assert step(casework, freeze, "applied").status == "applied"


def test_a_hold_that_could_not_be_set_is_given_up(casework: Casework) -> None:
    assert went(casework, on_account(casework), "approve", "apply", "failed", "cancel").status == "cancelled"


WORDLESS: list[tuple[str, Callable[..., FreezeOrder], Permission, dict[str, Any], str]] = [
    ("proposed", freezes.reject_freeze, P.FREEZE_APPROVE, {"comment": " "}, "comment"),
    ("proposed", freezes.cancel_freeze, P.FREEZE_PROPOSE, {"reason": ""}, "reason"),
    ("applying", freezes.mark_apply_failed, P.FREEZE_APPLY, {"reason": ""}, "reason"),
    ("applied", freezes.confirm_freeze, P.FREEZE_APPLY, {"confirmation": " "}, "confirmation"),
    ("applied", freezes.mark_wrong_target, P.FREEZE_APPLY, {"reason": ""}, "reason"),
    ("confirmed", freezes.propose_release, P.FREEZE_PROPOSE, {"reason": ""}, "reason"),
    ("release_proposed", freezes.decide_release, P.FREEZE_APPROVE, {"agrees": False}, "comment"),
]


@pytest.mark.parametrize(
    ("status", "act", "permission", "words", "field"), WORDLESS, ids=[row[1].__name__ for row in WORDLESS]
)
def test_each_step_asks_for_its_words(
    casework: Casework,
    status: str,
    act: Callable[..., FreezeOrder],
    permission: Permission,
    words: dict[str, Any],
    field: str,
) -> None:
    freeze = went(casework, on_account(casework), *WAYS[status])
    grant = casework.grant(permission, casework.approver)
    error = refusal(lambda: act(grant=grant, at=moment(), number=freeze.number, **words))
    assert error.field == field


def test_a_hold_is_set_after_its_approval_and_not_in_the_future(casework: Casework) -> None:
    freeze = went(casework, on_account(casework), "approve", "apply")

    def applied(applied_at: datetime) -> FreezeOrder:
        return freezes.mark_applied(
            grant=casework.grant(P.FREEZE_APPLY), at=moment(), number=freeze.number, applied_at=applied_at
        )

    freeze.refresh_from_db()
    assert freeze.approved_at is not None
    assert refusal(lambda: applied(moment() + timedelta(minutes=1))).field == "applied_at"
    assert refusal(lambda: applied(freeze.approved_at - timedelta(seconds=1))).field == "applied_at"
    assert applied(freeze.approved_at).applied_by == casework.lead


def test_a_refused_release_keeps_the_hold_and_may_be_asked_for_again(casework: Casework) -> None:
    freeze = went(casework, on_account(casework), *WAYS["release_proposed"], "kept")
    assert (freeze.status, freeze.released_at) == ("confirmed", None)
    assert last_event(casework.case).action == "freeze.release_refused"
    again = freezes.propose_release(
        grant=casework.grant(P.FREEZE_PROPOSE, casework.approver),
        at=moment(),
        number=freeze.number,
        reason="Now it ended",
    )
    assert again.release_proposed_by == casework.approver
    refusal(lambda: step(casework, freeze, "released"), OwnApproval)
    released = freezes.decide_release(
        grant=casework.grant(P.FREEZE_APPROVE, casework.second_approver),
        at=moment(),
        number=freeze.number,
        agrees=True,
    )
    assert (released.status, released.released_by) == ("released", casework.second_approver)


def test_one_no_of_two_ends_the_proposal(casework: Casework) -> None:
    freeze = went(casework, on_account(casework, approvals_required=2), "approve")
    assert freeze.status == "proposed"
    refusal(lambda: step(casework, freeze, "reject"))  # the same person has given her word
    freezes.reject_freeze(
        grant=casework.grant(P.FREEZE_APPROVE, casework.second_approver),
        at=moment(),
        number=freeze.number,
        comment="Wrong account",
    )
    freeze.refresh_from_db()
    assert freeze.status == "rejected"
    refusal(lambda: step(casework, freeze, "apply"), WrongMove)


# ── The duty follows ──────────────────────────────────────────────────────────────────────────────────────
def test_the_hold_brings_its_duty_and_its_order_along(casework: Casework) -> None:
    order = casework.accepted_order()
    duty = order.obligations.get()
    freeze = went(casework, on_account(casework, obligation_number=duty.number), "approve", "apply")
    duty.refresh_from_db()
    order.refresh_from_db()
    assert (duty.status, order.status) == ("in_progress", "executing")
    went(casework, freeze, "applied", "confirm")
    duty.refresh_from_db()
    order.refresh_from_db()
    assert (duty.status, duty.ended_by, order.status) == ("met", casework.lead, "complied")
    assert details_of(last_event(casework.case))["followed"]["order"]["moves"] == ["complied"]


def test_a_duty_is_met_when_its_last_freeze_is_confirmed(casework: Casework) -> None:
    duty = casework.accepted_order().obligations.get()
    first = on_account(casework, obligation_number=duty.number)
    second = on_account(casework, obligation_number=duty.number)
    went(casework, first, *WAYS["confirmed"])
    duty.refresh_from_db()
    assert duty.status == "in_progress"
    went(casework, second, *WAYS["confirmed"])
    duty.refresh_from_db()
    assert duty.status == "met"


def test_applying_a_hold_on_a_wallet_asks_for_a_fresh_reading(casework: Casework) -> None:
    wallet = casework.wallet()
    freeze = on_account(casework, wallet_number=wallet.number, amounts=[])
    step(casework, freeze, "approve")
    OutboxMessage.objects.all().delete()
    WalletState.objects.update(due_at=None)
    step(casework, freeze, "apply")
    assert WalletState.objects.get(wallet=wallet.wallet).due_at is not None
    assert OutboxMessage.objects.get().task == "wallets.sweep"
