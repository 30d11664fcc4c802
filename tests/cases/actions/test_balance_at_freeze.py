"""The balance kept with a freeze is that of its moment: with its proof, and never overwritten by a later one."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from cases.actions import accounts, freezes
from cases.actions.freezes import AmountAsked
from cases.models import AccountHolding, CaseWallet, ExchangeAccount, FreezeAmount, FreezeOrder
from cases.permissions import Permission
from tests.cases.actions.support import details_of, last_event
from tests.support.casework import Casework, moment
from wallets.models import Asset, Reading
from wallets.registry import ensure_assets

P = Permission
MINUTE = timedelta(minutes=1)


def read(wallet: CaseWallet, amount: int, height: int, taken_at: datetime, symbol: str = "ETH") -> Reading:
    return Reading.objects.create(
        wallet=wallet.wallet,
        asset=Asset.objects.get(chain="ethereum", symbol=symbol),
        amount=amount,
        block_height=height,
        block_hash=f"0x{height:064x}",
        block_time=taken_at - MINUTE,
        pinned_by="finalized",
        provider="node.example.test",
        taken_at=taken_at,
        took_ms=12,
    )


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
    second = read(wallet, 4 * 10**18 + 1, 101, moment())
    applied(casework, freeze)
    row = freeze.amounts.get()
    assert (row.asset, row.decimals, row.reading_proposed, row.reading_applied) == ("ETH", 18, first, second)
    proof = details_of(last_event(casework.case))["amounts"][0]
    assert proof["proposed"]["amount"] == str(5 * 10**18)
    assert proof["applied"] == {
        "amount": str(4 * 10**18 + 1),
        "block_height": 101,
        "block_hash": second.block_hash,
        "block_time": proof["applied"]["block_time"],
        "provider": "node.example.test",
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
    assert (row.reading_proposed, row.reading_applied) == (there, there)


def test_a_look_after_the_hold_is_not_the_balance_at_the_hold(casework: Casework, wallet: CaseWallet) -> None:
    """Entered an hour late, with a newer reading in between: what stood there at the hold is what is kept."""
    there = read(wallet, 7, 100, moment())
    freeze = approved(casework, wallet_number=wallet.number)
    set_at = moment()
    read(wallet, 0, 101, moment())
    applied(casework, freeze, applied_at=set_at)
    assert freeze.amounts.get().reading_applied == there


def test_what_was_never_read_is_unknown_and_not_zero(casework: Casework, wallet: CaseWallet) -> None:
    freeze = approved(casework, wallet_number=wallet.number)
    applied(casework, freeze)
    row = freeze.amounts.get()
    assert (row.reading_proposed, row.reading_applied) == (None, None)
    proof = details_of(last_event(casework.case))["amounts"][0]
    assert (proof["proposed"], proof["applied"]) == (None, None)


def test_the_highest_block_counts_not_the_last_answer(casework: Casework, wallet: CaseWallet) -> None:
    newest = read(wallet, 2, 101, moment() - MINUTE)
    read(wallet, 1, 100, moment())
    freeze = approved(casework, wallet_number=wallet.number)
    assert freeze.amounts.get().reading_proposed == newest


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
