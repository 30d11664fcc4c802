"""What is known now: balances with how far they can be trusted, and how far a refresh has come.

Unknown is never zero: an amount is None unless a reading stands behind it.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal

from django.conf import settings
from django.db import connection
from django.utils.functional import Promise

from wallets.chains import CHAINS
from wallets.chains.base import error_text
from wallets.models import Asset, Balance, WalletState
from wallets.registry import assets_of
from wallets.snapshots.schedule import DEFAULT_CADENCE

SHORTEST_STALE: Final = timedelta(minutes=10)

BalanceState = Literal["ok", "never_read", "stale", "failing"]
ProgressState = Literal["idle", "waiting", "reading"]


@dataclass(frozen=True, slots=True)
class BalanceView:
    """One asset of one wallet, as it is known.

    `amount` is in base units, with the block, provider and times of the reading behind it; all are None when
    nothing was ever read. `state`: "ok"; "stale" (last read `since`, longer ago than its schedule allows);
    "failing" (cannot be read `since`, because of `error`; an older amount may be given); "never_read".
    `taken_at` is when the stored reading was taken, `looked_at` when a look last confirmed it.
    """

    asset: Asset
    state: BalanceState
    amount: int | None
    block_height: int | None
    block_hash: str | None
    block_time: datetime | None
    provider: str | None
    taken_at: datetime | None
    since: datetime | None
    error: str | Promise | None
    reading_id: int | None = None
    pinned_by: str | None = None
    took_ms: int | None = None
    looked_at: datetime | None = None
    error_detail: str = ""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the looks at a wallet have come.

    `state`: "idle", "waiting" (due, not yet taken by a worker) or "reading". `pending` is true while a look
    that somebody asked for has not ended. `failing_since` and `error` speak of the wallet's source.
    """

    state: ProgressState
    pending: bool
    requested_at: datetime | None
    last_look_at: datetime | None
    last_ok_at: datetime | None
    failing_since: datetime | None
    error: str | Promise | None
    due_at: datetime | None


def balances_of(wallet_ids: Iterable[int], *, at: datetime | None = None) -> dict[int, list[BalanceView]]:
    """Per wallet, one view for every asset of its chain, the native coin first. A fixed number of queries.

    `at` is the time to judge staleness by; without it, the database's own. Unknown ids are left out.
    """
    ids = list(wallet_ids)
    states = {
        row[0]: (row[1], row[2])
        for row in WalletState.objects.filter(wallet_id__in=ids).values_list(
            "wallet_id", "chain", "cadence_seconds"
        )
    }
    if not states:
        return {}
    chains = sorted({chain for chain, _cadence in states.values() if chain in CHAINS})
    registered = assets_of(chains)
    found: dict[int, dict[int, Balance]] = {}
    for balance in (
        Balance.objects.filter(wallet_id__in=ids).select_related("reading", "asset").order_by("asset_id")
    ):
        found.setdefault(balance.wallet_id, {})[balance.asset_id] = balance
    now = at or _database_time()
    views: dict[int, list[BalanceView]] = {}
    for wallet_id in ids:
        if wallet_id not in states:
            continue
        chain, cadence = states[wallet_id]
        balances = found.get(wallet_id, {})
        assets = list(registered.get(chain, []))
        known = {asset.pk for asset in assets}
        # A token that left the registry keeps what was read of it.
        assets += [balance.asset for asset_id, balance in balances.items() if asset_id not in known]
        stale_before = now - stale_after(cadence)
        views[wallet_id] = [_view(asset, balances.get(asset.pk), stale_before) for asset in assets]
    return views


def stale_after(cadence_seconds: int | None) -> timedelta:
    """The age from which a balance is called stale: two cadences, at least ten minutes."""
    default: int = getattr(settings, "WALLET_DEFAULT_CADENCE", DEFAULT_CADENCE)
    return max(2 * timedelta(seconds=cadence_seconds or default), SHORTEST_STALE)


def _view(asset: Asset, balance: Balance | None, stale_before: datetime) -> BalanceView:
    if balance is None:
        return BalanceView(asset, "never_read", None, None, None, None, None, None, None, None)
    reading = balance.reading
    state: BalanceState
    since: datetime | None = None
    if balance.failing_since is not None:
        state, since = "failing", balance.failing_since
    elif reading is None or balance.looked_at is None:
        state = "never_read"
    elif balance.looked_at < stale_before:
        state, since = "stale", balance.looked_at
    else:
        state = "ok"
    error = error_text(balance.error_code) if balance.error_code else None
    if reading is None:
        return BalanceView(
            asset, state, None, None, None, None, None, None, since, error, error_detail=balance.error_text
        )
    return BalanceView(
        asset=asset,
        state=state,
        amount=reading.amount,
        block_height=reading.block_height,
        block_hash=reading.block_hash,
        block_time=reading.block_time,
        provider=reading.provider,
        taken_at=reading.taken_at,
        since=since,
        error=error,
        reading_id=reading.pk,
        pinned_by=reading.pinned_by,
        took_ms=reading.took_ms,
        looked_at=balance.looked_at,
        error_detail=balance.error_text,
    )


def progress_of(wallet_ids: Iterable[int], *, at: datetime | None = None) -> dict[int, Progress]:
    """Per wallet, how far its looks have come. One query, and one more when `at` is not given."""
    now = at or _database_time()
    return {
        state.wallet_id: _progress(state, now)
        for state in WalletState.objects.filter(wallet_id__in=list(wallet_ids))
    }


def _progress(state: WalletState, now: datetime) -> Progress:
    stage: ProgressState = "idle"
    if state.claimed_until is not None and state.claimed_until > now:
        stage = "reading"
    elif state.due_at is not None and state.due_at <= now:
        stage = "waiting"
    return Progress(
        state=stage,
        pending=state.requested_at is not None,
        requested_at=state.requested_at,
        last_look_at=state.last_look_at,
        last_ok_at=state.last_ok_at,
        failing_since=state.failing_since,
        error=error_text(state.last_error_code) if state.last_error_code else None,
        due_at=state.due_at,
    )


def _database_time() -> datetime:
    with connection.cursor() as cursor:
        cursor.execute("SELECT statement_timestamp()")
        row = cursor.fetchone()
    if row is None or not isinstance(row[0], datetime):
        raise RuntimeError("the database did not say what time it is")
    return row[0]
