"""Which wallets are looked at together.

Wallets of one chain and cadence share groups of up to `ChainInfo.group_size`. A million watched wallets are some
hundred groups, each of which any worker may take.

Order of locks, for everybody: groups by their number, then states by their wallet, then balances.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from django.db import connection, transaction
from django.db.models import F, Min

from wallets.chains import CHAINS
from wallets.models import LookGroup, WalletState, Watch

# Notes on the balance itself what the group's last look had confirmed, before the group stops speaking for it.
KEEP = """
    UPDATE wallets_balance AS balance
    SET batch_id = last.id, seen_at = last.taken_at
    FROM wallets_walletstate AS state
    JOIN wallets_lookgroup AS look_group ON look_group.id = state.group_id
    JOIN wallets_readingbatch AS last ON last.id = look_group.last_batch_id
    WHERE state.wallet_id = ANY(%(wallets)s::bigint[]) AND balance.wallet_id = state.wallet_id
      AND balance.amount IS NOT NULL AND balance.failing_since IS NULL
      AND last.taken_at >= state.joined_at AND last.taken_at > balance.seen_at
      AND balance.asset_id = ANY(last.assets)
"""


# A group's looks must not be behind what was read of a wallet before it joined.
_RAISE_FLOOR = """
    UPDATE wallets_lookgroup AS look_group
    SET floor = highest.block_height, floor_time = highest.block_time
    FROM (
        SELECT batch.block_height, batch.block_time
        FROM wallets_balance AS balance JOIN wallets_readingbatch AS batch ON batch.id = balance.batch_id
        WHERE balance.wallet_id = ANY(%(wallets)s::bigint[])
        ORDER BY batch.block_height DESC LIMIT 1
    ) AS highest
    WHERE look_group.id = %(group)s AND highest.block_height > look_group.floor
"""

_MOVE = """
    UPDATE wallets_walletstate AS state
    SET cadence_seconds = row.cadence, group_id = row.look_group, joined_at = row.joined, due_at = row.due
    FROM unnest(%(wallets)s::bigint[], %(cadences)s::integer[], %(groups)s::bigint[], %(joined)s::timestamptz[],
                %(due)s::timestamptz[]) AS row (wallet_id, cadence, look_group, joined, due)
    WHERE state.wallet_id = row.wallet_id
"""


def lock_states(wallet_ids: Iterable[int]) -> list[WalletState]:
    """The states of these wallets, locked together with the groups that they are in, in the order of locks."""
    ids = list(wallet_ids)
    while True:
        before = transaction.savepoint()
        groups = set(
            WalletState.objects.filter(wallet_id__in=ids, group__isnull=False).values_list(
                "group_id", flat=True
            )
        )
        lock_groups(groups)
        states = list(
            WalletState.objects.filter(wallet_id__in=ids).order_by("wallet_id").select_for_update(no_key=True)
        )
        if {state.group_id for state in states if state.group_id is not None} <= groups:
            transaction.savepoint_commit(before)
            return states
        # A wallet changed its group in between. To lock that group now would be out of order: from the start again.
        transaction.savepoint_rollback(before)


def lock_groups(ids: Iterable[int | None]) -> None:
    list(
        LookGroup.objects.filter(pk__in=[pk for pk in ids if pk is not None])
        .order_by("pk")
        .select_for_update(no_key=True)
        .values_list("pk", flat=True)
    )


def follow_watches(states: Sequence[WalletState], at: datetime) -> None:
    """Put each wallet where the shortest of its watches wants it. The states are locked (`lock_states`)."""
    shortest: dict[int, int] = dict(
        Watch.objects.filter(wallet_id__in=[state.wallet_id for state in states])
        .values_list("wallet_id")
        .annotate(shortest=Min("cadence_seconds"))
    )
    moving = [state for state in states if shortest.get(state.wallet_id) != state.cadence_seconds]
    if not moving:
        return
    _leave(moving)
    wanted: dict[tuple[str, int], list[WalletState]] = {}
    for state in moving:
        cadence = shortest.get(state.wallet_id)
        state.cadence_seconds = cadence
        if cadence is None:
            state.due_at = state.requested_at
        elif CHAINS[state.chain].observable:
            wanted.setdefault((state.chain, cadence), []).append(state)
    for (chain, cadence), joining in wanted.items():
        _join(chain, cadence, joining, at)
    with connection.cursor() as cursor:
        cursor.execute(
            _MOVE,
            {
                "wallets": [state.wallet_id for state in moving],
                "cadences": [state.cadence_seconds for state in moving],
                "groups": [state.group_id for state in moving],
                "joined": [state.joined_at for state in moving],
                "due": [state.due_at for state in moving],
            },
        )


def _leave(states: Sequence[WalletState]) -> None:
    leaving: dict[int, int] = {}
    for state in states:
        if state.group_id is not None:
            leaving[state.group_id] = leaving.get(state.group_id, 0) + 1
    if not leaving:
        return
    with connection.cursor() as cursor:
        cursor.execute(KEEP, {"wallets": [state.wallet_id for state in states if state.group_id is not None]})
    for group_id, count in leaving.items():
        LookGroup.objects.filter(pk=group_id).update(size=F("size") - count)
    LookGroup.objects.filter(pk__in=leaving, size=0).update(due_at=None)
    for state in states:
        state.group, state.joined_at = None, None


def _join(chain: str, cadence: int, states: list[WalletState], at: datetime) -> None:
    largest = CHAINS[chain].group_size
    waiting = states
    while waiting:
        group = (
            LookGroup.objects.filter(chain=chain, cadence_seconds=cadence, size__gt=0, size__lt=largest)
            .order_by("pk")
            # A group that somebody else fills now is passed over, so that nobody waits in a circle.
            .select_for_update(skip_locked=True, no_key=True)
            .first()
        )
        if group is None:
            group = LookGroup.objects.create(chain=chain, cadence_seconds=cadence, due_at=at)
        taken, waiting = waiting[: largest - group.size], waiting[largest - group.size :]
        fresh, joined = group.size == 0, _after_its_looks(group, at)
        with connection.cursor() as cursor:
            cursor.execute(_RAISE_FLOOR, {"group": group.pk, "wallets": [state.wallet_id for state in taken]})
        LookGroup.objects.filter(pk=group.pk).update(size=F("size") + len(taken))
        for state in taken:
            state.group, state.joined_at = group, joined
            if fresh:
                continue
            # The group's next look may be a whole cadence away: a wallet whose last look is older is due at once.
            scheduled = at if state.last_look_at is None else state.last_look_at + timedelta(seconds=cadence)
            if scheduled <= at and state.due_at is None:
                state.due_at = at


def _after_its_looks(group: LookGroup, at: datetime) -> datetime:
    """`at`, or a moment after the last look that the group was claimed for.

    `at` is when somebody's request began, or another machine's clock: a look that was put together without the wallet
    may bear a later time, and must not speak for it.
    """
    looks = [look + timedelta(microseconds=1) for look in (group.claimed_at, group.last_look_at) if look]
    return max([at, *looks])
