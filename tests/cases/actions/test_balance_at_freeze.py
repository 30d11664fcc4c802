"""The balance kept with a freeze is that of its moment: with its proof, and never overwritten by a later one."""

from contextlib import nullcontext
from datetime import datetime, timedelta
from typing import Any

import pytest

from cases.actions import accounts, freezes
from cases.actions.freezes import AmountAsked
from cases.audit.record import utc_text
from cases.models import AccountHolding, CaseWallet, ExchangeAccount, FreezeAmount, FreezeOrder
from cases.permissions import Permission
from tests.cases.actions.support import details_of, last_event
from tests.support.casework import Casework, moment
from tests.support.looks import looked, swept
from tests.wallets.looks import DOWN, block_at
from wallets import snapshots
from wallets.chains.base import Answers, Pinned
from wallets.chains.panel import PanelReading
from wallets.models import Reading, Sighting, WalletState
from wallets.registry import ensure_assets
from wallets.snapshots import look

P = Permission
MINUTE = timedelta(minutes=1)


def read(
    wallet: CaseWallet, amount: int, height: int, taken_at: datetime, *, symbol: str = "ETH", second: str = ""
) -> Reading:
    """A look that somebody asked for; the reading of this asset."""
    taken = looked({wallet: {symbol: amount}}, at=taken_at, height=height, second=second)
    return taken.readings.get(asset__symbol=symbol)


def kept(sighting: Sighting | None) -> tuple[int, int, datetime] | None:
    """What a freeze keeps: the amount, the look that had confirmed it last, and when the amount was read."""
    return None if sighting is None else (int(sighting.amount), sighting.batch_id, sighting.read_at)


def of(reading: Reading) -> tuple[int, int, datetime]:
    return int(reading.amount), reading.batch_id, reading.taken_at


def approved(casework: Casework, **kwargs: Any) -> FreezeOrder:
    freeze = casework.proposed_freeze(**kwargs)
    freezes.approve_freeze(
        grant=casework.grant(P.FREEZE_APPROVE, casework.approver), at=moment(), number=freeze.number
    )
    return freezes.begin_apply(grant=casework.grant(P.FREEZE_APPLY), at=moment(), number=freeze.number)


def applied(casework: Casework, freeze: FreezeOrder, applied_at: datetime | None = None) -> FreezeOrder:
    at = moment()
    return freezes.mark_applied(
        grant=casework.grant(P.FREEZE_APPLY), at=at, number=freeze.number, applied_at=applied_at or at
    )


@pytest.fixture
def wallet(casework: Casework) -> CaseWallet:
    ensure_assets()
    return casework.wallet()


def test_a_wallets_readings_are_kept_at_proposal_and_at_the_hold(
    casework: Casework, wallet: CaseWallet
) -> None:
    first = read(wallet, 5 * 10**18, 100, moment())
    freeze = approved(casework, wallet_number=wallet.number, amounts=[AmountAsked("eth", 10**18)])
    second = read(wallet, 4 * 10**18 + 1, 101, moment(), second="second.example.test")
    applied(casework, freeze)
    row = freeze.amounts.get()
    assert (row.asset, row.decimals) == ("ETH", 18)
    assert (kept(row.sighting_proposed), kept(row.sighting_applied)) == (of(first), of(second))
    proof = details_of(last_event(casework.case))["amounts"][0]
    assert proof["proposed"] == {
        "amount": str(5 * 10**18),
        "block_height": 100,
        "block_hash": first.batch.block_hash,
        "block_time": utc_text(first.batch.block_time),
        "provider": "node.example.test",
        "agreement": "single",
        "seconded_by": "",
    }
    assert proof["applied"] == {
        "amount": str(4 * 10**18 + 1),
        "block_height": 101,
        "block_hash": second.batch.block_hash,
        "block_time": utc_text(second.batch.block_time),
        "provider": "node.example.test",
        "agreement": "agreed",
        "seconded_by": "second.example.test",
    }


def test_a_later_reading_changes_nothing(casework: Casework, wallet: CaseWallet) -> None:
    there = read(wallet, 7, 100, moment())
    freeze = approved(casework, wallet_number=wallet.number)
    applied(casework, freeze)
    read(wallet, 0, 200, moment())
    freezes.confirm_freeze(
        grant=casework.grant(P.FREEZE_APPLY), at=moment(), number=freeze.number, confirmation="Ticket"
    )
    row = freeze.amounts.get()
    assert (kept(row.sighting_proposed), kept(row.sighting_applied)) == (of(there), of(there))


def test_a_look_after_the_hold_is_not_the_balance_at_the_hold(casework: Casework, wallet: CaseWallet) -> None:
    """Entered an hour late, with a newer reading in between: what stood there at the hold is what is kept."""
    there = read(wallet, 7, 100, moment())
    freeze = approved(casework, wallet_number=wallet.number)
    set_at = moment()
    read(wallet, 0, 101, moment())
    applied(casework, freeze, applied_at=set_at)
    assert kept(freeze.amounts.get().sighting_applied) == of(there)


def test_a_scheduled_look_that_found_the_same_proves_it_again(casework: Casework, wallet: CaseWallet) -> None:
    """It leaves no reading of its own: the amount was read before, and confirmed at the newer block."""
    there = read(wallet, 7, 100, moment())
    freeze = approved(casework, wallet_number=wallet.number)
    sweep = swept({wallet: {"ETH": 7}}, at=moment(), height=105)
    applied(casework, freeze)
    row = freeze.amounts.get()
    assert kept(row.sighting_proposed) == of(there)
    assert kept(row.sighting_applied) == (7, sweep.pk, there.taken_at)
    proof = details_of(last_event(casework.case))["amounts"][0]["applied"]
    assert (proof["block_height"], proof["block_hash"]) == (105, sweep.block_hash)


def test_what_was_never_read_is_unknown_and_not_zero(casework: Casework, wallet: CaseWallet) -> None:
    freeze = approved(casework, wallet_number=wallet.number)
    applied(casework, freeze)
    row = freeze.amounts.get()
    assert (row.sighting_proposed, row.sighting_applied) == (None, None)
    proof = details_of(last_event(casework.case))["amounts"][0]
    assert (proof["proposed"], proof["applied"]) == (None, None)


def test_what_cannot_be_read_keeps_the_last_that_was(casework: Casework, wallet: CaseWallet) -> None:
    there = read(wallet, 7, 100, moment())
    looked({wallet: {"ETH": DOWN}}, at=moment(), height=101)
    freeze = approved(casework, wallet_number=wallet.number)
    assert kept(freeze.amounts.get().sighting_proposed) == of(there)


def test_what_was_seen_before_the_wallet_was_attached_is_not_kept(casework: Casework) -> None:
    """It was seen for somebody else's case, and this case may not learn of that."""
    ensure_assets()
    other = Casework.opened()
    read(other.wallet(), 7, 100, moment())
    wallet = casework.wallet()
    freeze = approved(casework, wallet_number=wallet.number)
    assert freeze.amounts.get().sighting_proposed is None
    now = read(wallet, 7, 101, moment())
    applied(casework, freeze)
    assert kept(freeze.amounts.get().sighting_applied) == of(now)


def test_a_source_that_fell_behind_says_nothing_of_the_hold(
    casework: Casework, wallet: CaseWallet, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The last answer does not count where it is of a lower block than what was read before."""

    class Lagging:
        faults = ()

        def read(self, addresses: list[str], contracts: list[str]) -> PanelReading:
            pinned = Pinned(block_at(100, moment() - MINUTE), "hash", "latest")
            words = (1).to_bytes(32, "big") * len(addresses) * len(contracts)
            return PanelReading(Answers(pinned, words), "node.example.test", "single")

    newest = read(wallet, 2, 101, moment())
    monkeypatch.setattr(look, "panel_for", lambda _chain: nullcontext(Lagging()))
    at = moment()
    snapshots.request_refresh(wallet_ids=[wallet.wallet_id], at=at)
    assert snapshots.refresh_due(chain="ethereum", at=at) == 1
    assert WalletState.objects.get(wallet=wallet.wallet).error_code == "behind"
    freeze = approved(casework, wallet_number=wallet.number)
    assert kept(freeze.amounts.get().sighting_proposed) == of(newest)


def hold(casework: Casework, account: ExchangeAccount, amount: int, observed_at: datetime) -> AccountHolding:
    return accounts.record_holding(
        grant=casework.grant(P.ACCOUNTS),
        at=moment(),
        number=account.number,
        asset="USDT",
        decimals=6,
        amount=amount,
        source="Ledger export",
        observed_at=observed_at,
    )


def test_an_accounts_figures_are_kept_the_same_way(casework: Casework) -> None:
    account = casework.account()
    first = hold(casework, account, 10, moment() - 9 * MINUTE)
    freeze = approved(
        casework, account_number=account.number, scope="amount", amounts=[AmountAsked("USDT", 4)]
    )
    second = hold(casework, account, 8, moment())
    hold(casework, account, 9, moment() - 5 * MINUTE)  # entered later, observed earlier
    set_at = moment()
    hold(casework, account, 0, moment())
    applied(casework, freeze, applied_at=set_at)
    row = FreezeAmount.objects.get(freeze=freeze)
    assert (row.holding_proposed, row.holding_applied, int(row.amount or 0)) == (first, second, 4)
    hold(casework, account, 1, moment())
    row.refresh_from_db()
    assert row.holding_applied == second
