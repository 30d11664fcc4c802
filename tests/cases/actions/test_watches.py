"""How often a case wants its wallets looked at: by what is at stake."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from cases.actions import cases, freezes, wallets
from cases.actions.freezes.watching import freeze_watch_key
from cases.actions.wallets import watch_key
from cases.models import CaseWallet, FreezeOrder
from cases.permissions import Permission
from tests.cases.actions.acts import frozen
from tests.support.casework import Casework, moment
from wallets.models import WalletState, Watch

P = Permission
ADDRESSES = [f"0x{number:040x}" for number in range(1, 9)]


def watches(wallet: CaseWallet) -> dict[str, int]:
    return dict(Watch.objects.filter(wallet=wallet.wallet_id).values_list("key", "cadence_seconds"))


def moved(casework: Casework, *steps: str) -> None:
    for status in steps:
        if status == "closing":
            casework.asked_to_close()
        elif status == "closed":
            casework.closing_agreed()
        else:
            cases.move_case(grant=casework.grant(P.MOVE), at=moment(), to=status, reason="Done")


def proposed(casework: Casework, wallet: CaseWallet, **kwargs: Any) -> FreezeOrder:
    return casework.proposed_freeze(
        wallet_number=wallet.number,
        policy_hold="By telephone",
        formal_order_by=moment() + timedelta(days=3),
        amounts=[],
        **kwargs,
    )


def approved(casework: Casework, freeze: FreezeOrder, by: str = "approver") -> None:
    freezes.approve_freeze(
        grant=casework.grant(P.FREEZE_APPROVE, getattr(casework, by)), at=moment(), number=freeze.number
    )


def step(casework: Casework, freeze: FreezeOrder, name: str) -> None:
    at, number = moment(), freeze.number
    apply, propose = casework.grant(P.FREEZE_APPLY), casework.grant(P.FREEZE_PROPOSE)
    if name == "begin":
        freezes.begin_apply(grant=apply, at=at, number=number)
    elif name == "applied":
        freezes.mark_applied(grant=apply, at=at, number=number, applied_at=at)
    elif name == "failed":
        freezes.mark_apply_failed(grant=apply, at=at, number=number, reason="System down")
    elif name == "confirmed":
        freezes.confirm_freeze(grant=apply, at=at, number=number, confirmation="Ticket")
    elif name == "wrong":
        freezes.mark_wrong_target(grant=apply, at=at, number=number, reason="Namesake")
    elif name == "cancel":
        freezes.cancel_freeze(grant=propose, at=at, number=number, reason="Withdrawn")
    elif name == "release":
        freezes.propose_release(grant=propose, at=at, number=number, reason="Ended")
    else:
        freezes.decide_release(
            grant=casework.grant(P.FREEZE_APPROVE, casework.approver),
            at=at,
            number=number,
            agrees=name == "released",
            comment="Decided",
        )


def test_a_case_that_is_worked_on_is_looked_at_every_hour_and_a_closed_one_every_day(
    casework: Casework,
) -> None:
    wallet = casework.wallet()
    key = watch_key(casework.case)
    assert watches(wallet) == {key: 3600}
    assert WalletState.objects.get(wallet=wallet.wallet_id).requested_at is not None
    moved(casework, "under_investigation", "closing")
    assert watches(wallet) == {key: 3600}
    moved(casework, "closed")
    assert watches(wallet) == {key: 86_400}
    moved(casework, "under_investigation")
    assert watches(wallet) == {key: 3600}


def test_a_closed_case_is_not_looked_at_where_it_is_set_so(casework: Casework, settings: Any) -> None:
    settings.WATCH_CLOSED_SECONDS = 0
    wallet, gone = casework.wallet(), casework.wallet(ADDRESSES[0])
    wallets.detach_wallet(grant=casework.grant(P.WALLETS), at=moment(), number=gone.number, reason="Not his")
    moved(casework, "under_investigation", "closing", "closed")
    assert watches(wallet) == {}
    moved(casework, "under_investigation")
    assert watches(wallet) == {watch_key(casework.case): 3600}
    assert watches(gone) == {}


def test_many_wallets_are_moved_at_once(casework: Casework) -> None:
    """Closing a case costs the same number of statements however many wallets hang on it."""

    def statements() -> int:
        moved(casework, "closing")
        with CaptureQueriesContext(connection) as captured:
            moved(casework, "closed")
        moved(casework, "under_investigation")
        return len(captured)

    casework.wallet(ADDRESSES[0])
    moved(casework, "under_investigation")
    statements()
    few = statements()
    for address in ADDRESSES[1:]:
        casework.wallet(address)
    assert statements() == few


@pytest.mark.parametrize(
    ("steps", "last"),
    [
        ([], "cancel"),
        (["begin", "failed"], "cancel"),
        (["begin", "applied"], "wrong"),
        (["begin", "applied", "confirmed", "release", "kept", "release"], "released"),
    ],
)
def test_a_frozen_wallet_is_looked_at_every_five_minutes_until_the_freeze_ends(
    casework: Casework, steps: list[str], last: str
) -> None:
    wallet = casework.wallet()
    case = {watch_key(casework.case): 3600}
    freeze = proposed(casework, wallet)
    held = case | {freeze_watch_key(casework.case, freeze): 300}
    assert watches(wallet) == case
    approved(casework, freeze)
    assert watches(wallet) == held
    for name in steps:
        step(casework, freeze, name)
        assert watches(wallet) == held, name
    assert WalletState.objects.get(wallet=wallet.wallet_id).cadence_seconds == 300
    step(casework, freeze, last)
    assert watches(wallet) == case
    assert WalletState.objects.get(wallet=wallet.wallet_id).cadence_seconds == 3600


def test_a_freeze_that_is_not_approved_yet_or_refused_watches_nothing(casework: Casework) -> None:
    wallet = casework.wallet()
    case = {watch_key(casework.case): 3600}
    two = proposed(casework, wallet, approvals_required=2)
    approved(casework, two)
    assert watches(wallet) == case
    approved(casework, two, by="second_approver")
    assert watches(wallet) == case | {freeze_watch_key(casework.case, two): 300}
    refused = proposed(casework, wallet)
    freezes.reject_freeze(
        grant=casework.grant(P.FREEZE_APPROVE, casework.approver),
        at=moment(),
        number=refused.number,
        comment="No",
    )
    assert watches(wallet) == case | {freeze_watch_key(casework.case, two): 300}
    step(casework, two, "cancel")
    assert watches(wallet) == case


def test_each_freeze_watches_for_itself(casework: Casework) -> None:
    wallet = casework.wallet()
    one, two = proposed(casework, wallet), proposed(casework, wallet)
    approved(casework, one)
    approved(casework, two)
    step(casework, one, "cancel")
    assert watches(wallet)[freeze_watch_key(casework.case, two)] == 300


def test_a_frozen_account_watches_no_wallet(casework: Casework) -> None:
    frozen("approve", "apply", "applied")(casework)
    assert not Watch.objects.exists()
