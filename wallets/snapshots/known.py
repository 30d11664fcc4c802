"""What is known now: balances with how far they can be trusted, and how far a refresh has come.

Unknown is never zero: an amount is None unless a reading stands behind it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal

from django.conf import settings
from django.db import connection
from django.utils.functional import Promise

from wallets.chains import CHAINS
from wallets.chains.base import error_text
from wallets.models import Asset, Balance, LookGroup, ReadingBatch, WalletState
from wallets.models.schedule import Claimed
from wallets.registry import assets_of
from wallets.snapshots.schedule import DEFAULT_CADENCE

SHORTEST_STALE: Final = timedelta(minutes=10)

BalanceState = Literal["ok", "never_read", "stale", "failing", "hidden"]
ProgressState = Literal["idle", "waiting", "reading"]


@dataclass(frozen=True, slots=True)
class BalanceView:
    """One asset of one wallet, as it is known.

    `amount` is in base units, with the last look that confirmed it: `batch_id`, block, provider, agreement, and
    `looked_at` when that look began; all are None when nothing was ever read. `changed_at`: when the reading that
    holds the amount was taken; None where that was before the moment from which on one may know (`since` of
    `balances_of`).

    `state`: "ok"; "stale" (last read `since`, longer ago than its schedule allows); "failing" (cannot be read
    `since`, because of `error`; an older amount may be given); "never_read"; "hidden" (nobody can observe it).
    """

    asset: Asset
    state: BalanceState
    amount: int | None = None
    batch_id: int | None = None
    block_height: int | None = None
    block_hash: str | None = None
    block_time: datetime | None = None
    pin: str | None = None
    depth: str | None = None
    provider: str | None = None
    agreement: str | None = None
    seconded_by: str | None = None
    took_ms: int | None = None
    looked_at: datetime | None = None
    changed_at: datetime | None = None
    since: datetime | None = None
    error: str | Promise | None = None
    error_code: str = ""
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
    failing_since: datetime | None
    error: str | Promise | None
    due_at: datetime | None


def balances_of(
    wallet_ids: Iterable[int],
    *,
    at: datetime | None = None,
    since: Mapping[int, datetime] | None = None,
    cadences: Mapping[int, int] | None = None,
) -> dict[int, list[BalanceView]]:
    """Per wallet, one view for every asset of its chain, the native coin first. A fixed number of queries.

    `at` is the time to judge staleness by; without it, the database's own. `since` says per wallet from which
    moment on its looks may be known: what was seen before it is as if it had never been read. `cadences`: how often,
    in seconds, the asker himself wants a wallet looked at, which decides what is stale to him; without it, the
    shortest of everybody's wishes does. Unknown ids are left out.
    """
    ids = list(wallet_ids)
    states = {
        state.wallet_id: state
        for state in WalletState.objects.filter(wallet_id__in=ids).select_related("group")
    }
    if not states:
        return {}
    registered = assets_of(sorted({state.chain for state in states.values() if state.chain in CHAINS}))
    found: dict[int, dict[int, Balance]] = {}
    for balance in Balance.objects.filter(wallet_id__in=ids).select_related("asset").order_by("asset_id"):
        found.setdefault(balance.wallet_id, {})[balance.asset_id] = balance
    batches = _batches(states.values(), found)
    now = at or _database_time()
    views: dict[int, list[BalanceView]] = {}
    for wallet_id in ids:
        state = states.get(wallet_id)
        if state is None:
            continue
        balances = found.get(wallet_id, {})
        assets = list(registered.get(state.chain, []))
        known = {asset.pk for asset in assets}
        # A token that left the registry keeps what was read of it.
        assets += [balance.asset for asset_id, balance in balances.items() if asset_id not in known]
        views[wallet_id] = [
            _view(
                asset,
                balances.get(asset.pk),
                state,
                batches,
                now,
                (since or {}).get(wallet_id),
                (cadences or {}).get(wallet_id, state.cadence_seconds),
            )
            for asset in assets
        ]
    return views


def stale_after(cadence_seconds: int | None) -> timedelta:
    """The age from which a balance is called stale: two cadences, at least ten minutes."""
    default: int = getattr(settings, "WALLET_DEFAULT_CADENCE", DEFAULT_CADENCE)
    return max(2 * timedelta(seconds=cadence_seconds or default), SHORTEST_STALE)


def _batches(
    states: Iterable[WalletState], found: Mapping[int, Mapping[int, Balance]]
) -> dict[int, ReadingBatch]:
    wanted = {state.group.last_batch_id for state in states if state.group is not None}
    wanted |= {balance.batch_id for balances in found.values() for balance in balances.values()}
    wanted.discard(None)
    return ReadingBatch.objects.defer("members").in_bulk([pk for pk in wanted if pk is not None])


def last_look(
    balance: Balance, state: WalletState, batches: Mapping[int, ReadingBatch]
) -> ReadingBatch | None:
    """The last look that confirmed this amount: one of the wallet's own, or its group's where that came later."""
    own = None if balance.batch_id is None else batches.get(balance.batch_id)
    group = state.group
    if own is None or balance.failing_since is not None or group is None or group.last_batch_id is None:
        return own
    last = batches.get(group.last_batch_id)
    if last is None or state.joined_at is None or last.taken_at < state.joined_at:
        return own
    return last if last.taken_at > own.taken_at and balance.asset_id in last.assets else own


def _view(
    asset: Asset,
    balance: Balance | None,
    state: WalletState,
    batches: Mapping[int, ReadingBatch],
    now: datetime,
    since: datetime | None,
    cadence: int | None,
) -> BalanceView:
    info = CHAINS.get(state.chain)
    if info is not None and not info.observable:
        return BalanceView(asset, "hidden", error=error_text("not_observable"), error_code="not_observable")
    look = None if balance is None else last_look(balance, state, batches)
    if look is not None and since is not None and look.taken_at < since:
        look = None
    failing = _failing(balance, state.group, look)
    if failing is not None and since is not None and not _looked_since(state, since):
        # That it failed was seen by somebody else's looks.
        failing = None
    kind: BalanceState
    if failing is not None:
        kind = "failing"
    elif look is None:
        kind = "never_read"
    elif look.taken_at < now - stale_after(cadence):
        kind = "stale"
    else:
        kind = "ok"
    code, detail = (failing.error_code, failing.error_text) if failing else ("", "")
    began = failing.failing_since if failing else look.taken_at if look and kind == "stale" else None
    if began is not None and since is not None and failing:
        began = max(began, since)
    error = error_text(code) if code else None
    if look is None or balance is None:
        return BalanceView(asset, kind, since=began, error=error, error_code=code, error_detail=detail)
    shown = since is None or (balance.read_at is not None and balance.read_at >= since)
    return BalanceView(
        asset=asset,
        state=kind,
        amount=balance.amount,
        batch_id=look.pk,
        block_height=look.block_height,
        block_hash=look.block_hash,
        block_time=look.block_time,
        pin=look.pin,
        depth=look.depth,
        provider=look.provider,
        agreement=look.agreement,
        seconded_by=look.seconded_by,
        took_ms=look.took_ms,
        looked_at=look.taken_at,
        changed_at=balance.read_at if shown else None,
        since=began,
        error=error,
        error_code=code,
        error_detail=detail,
    )


def _failing(
    balance: Balance | None, group: LookGroup | None, look: ReadingBatch | None
) -> Balance | LookGroup | None:
    """What says that this cannot be read now: the asset itself, or its whole group."""
    if balance is not None and balance.failing_since is not None:
        return balance
    if group is not None and group.failing_since is not None and not _well_since(group, look):
        return group
    return None


def _looked_since(state: WalletState, since: datetime) -> bool:
    """Whether any look at the wallet, by itself or with its group, came from that moment on."""
    looks = [state.last_look_at]
    if state.group is not None and state.joined_at is not None:
        looks.append(state.group.last_look_at)
    return any(look is not None and look >= since for look in looks)


def _well_since(failing: LookGroup, look: ReadingBatch | None) -> bool:
    """Whether a look went well after the last one that failed."""
    return look is not None and failing.last_look_at is not None and look.taken_at > failing.last_look_at


def progress_of(
    wallet_ids: Iterable[int],
    *,
    at: datetime | None = None,
    since: Mapping[int, datetime] | None = None,
    cadences: Mapping[int, int] | None = None,
    asked: Mapping[int, datetime | None] | None = None,
) -> dict[int, Progress]:
    """Per wallet, how far its looks have come. One query, and one more when `at` is not given.

    `since` and `cadences` are as in `balances_of`: looks before `since`, and how they ended, are not told, nor that
    somebody else's shorter cadence brings the next look. `asked`: when the asker himself asked for a look last; then
    what others asked for is not told.
    """
    now = at or _database_time()
    return {
        state.wallet_id: _progress(
            state,
            now,
            (since or {}).get(state.wallet_id),
            (cadences or {}).get(state.wallet_id),
            state.requested_at if asked is None else asked.get(state.wallet_id),
        )
        for state in WalletState.objects.filter(wallet_id__in=list(wallet_ids)).select_related("group")
    }


def _progress(
    state: WalletState, now: datetime, since: datetime | None, cadence: int | None, asked: datetime | None
) -> Progress:
    schedules: list[Claimed] = [state] if state.group is None else [state, state.group]
    stage: ProgressState = "idle"
    if any(one.claimed_until is not None and one.claimed_until > now for one in schedules):
        stage = "reading"
    elif any(one.due_at is not None and one.due_at <= now for one in schedules):
        stage = "waiting"
    looks = [
        one.last_look_at
        for one in schedules
        if one.last_look_at is not None and (since is None or one.last_look_at >= since)
    ]
    failing = next((one for one in schedules if one.failing_since is not None and looks), None)
    began = failing.failing_since if failing else None
    last = max(looks, default=None)
    # A request has ended when a look that began after it did.
    if state.requested_at is None or (last is not None and asked is not None and last > asked):
        asked = None
    due = min((one.due_at for one in schedules if one.due_at is not None), default=None)
    if due is not None and asked is None and cadence and last and (state.cadence_seconds or 0) < cadence:
        due = max(due, last + timedelta(seconds=cadence))
    return Progress(
        state=stage,
        pending=asked is not None,
        requested_at=asked,
        last_look_at=last,
        failing_since=max(began, since) if began is not None and since is not None else began,
        error=error_text(failing.error_code) if failing else None,
        due_at=due,
    )


def _database_time() -> datetime:
    with connection.cursor() as cursor:
        cursor.execute("SELECT statement_timestamp()")
        row = cursor.fetchone()
    if row is None or not isinstance(row[0], datetime):
        raise RuntimeError("the database did not say what time it is")
    return row[0]
