"""What is due, and who has it.

A group of wallets is due when its cadence has passed, a single wallet when somebody asked or its last look failed.
A worker claims what is due for the length of a lease; when it dies, the lease runs out and another worker takes it.
Every function is handed its time.
"""

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.conf import settings
from django.db import connection, transaction
from django.db.models import F, Q, Value
from django.db.models.functions import Coalesce, Greatest, Least

from wallets.addresses import parse
from wallets.chains import CHAINS
from wallets.models import LookGroup, Wallet, WalletState, Watch
from wallets.registry import assets_of
from wallets.snapshots.groups import follow_watches, lock_states

DEFAULT_CADENCE: Final = 3600
# A look must end within its lease. Chains that are asked address by address take longer.
LEASE_SECONDS: Final = 30
LONG_LEASE_SECONDS: Final = 120
# Wallets in one claim of single wallets, and groups in one claim of groups.
SINGLES: Final = 500
GROUPS: Final = 5
# A look that fails comes again after 30 s, 60 s, 120 s … and at the latest after an hour.
FIRST_BACKOFF: Final = 30
LONGEST_BACKOFF: Final = 3600
# A wallet that nobody watches and whose requested look keeps failing is let go after this many looks.
LONGEST_UNWATCHED: Final = 8
# So often something is retaken as soon as its lease ends; then its worker's death is no longer taken for
# chance.
FREE_RETAKES: Final = 3


@dataclass(frozen=True, slots=True)
class Claim:
    """What the holder of `token` may read; `at` is when the look began.

    Either whole `groups`, or single `wallets` that are looked at for themselves: then `groups` is empty.
    """

    token: uuid.UUID
    chain: str
    at: datetime
    groups: tuple[int, ...]
    wallets: tuple[int, ...]

    @property
    def single(self) -> bool:
        return not self.groups


@transaction.atomic
def ensure_wallet(*, chain: str, text: str) -> Wallet:
    """The wallet at the address that `text` spells on `chain`, made if it is new. Raises `AddressError`."""
    address = parse(chain, text)
    assets_of([chain])
    wallet, _made = Wallet.objects.get_or_create(chain=chain, address=address.canonical)
    WalletState.objects.get_or_create(wallet=wallet, defaults={"chain": chain})
    return wallet


@transaction.atomic
def set_watches(*, wallet_ids: Iterable[int], key: str, cadence_seconds: int, at: datetime) -> None:
    """Look at these wallets at least every `cadence_seconds`; the shortest of a wallet's watches counts.

    A wallet that was never read, or whose last look is older than the cadence, is due at once.
    """
    if cadence_seconds <= 0:
        raise ValueError("a cadence is a positive number of seconds")
    states = lock_states(wallet_ids)
    Watch.objects.bulk_create(
        [Watch(wallet_id=state.wallet_id, key=key, cadence_seconds=cadence_seconds) for state in states],
        update_conflicts=True,
        unique_fields=["wallet", "key"],
        update_fields=["cadence_seconds"],
        batch_size=5000,
    )
    follow_watches(states, at)


@transaction.atomic
def drop_watches(*, wallet_ids: Iterable[int], key: str, at: datetime) -> None:
    """Forget a wish. Without any watch a wallet is looked at only when somebody asks."""
    states = lock_states(wallet_ids)
    Watch.objects.filter(wallet_id__in=[state.wallet_id for state in states], key=key).delete()
    follow_watches(states, at)


def set_watch(*, wallet_id: int, key: str, cadence_seconds: int, at: datetime) -> None:
    """`set_watches` for one wallet."""
    set_watches(wallet_ids=[wallet_id], key=key, cadence_seconds=cadence_seconds, at=at)


def drop_watch(*, wallet_id: int, key: str, at: datetime) -> None:
    """`drop_watches` for one wallet."""
    drop_watches(wallet_ids=[wallet_id], key=key, at=at)


@transaction.atomic
def request_refresh(*, wallet_ids: Sequence[int], at: datetime) -> int:
    """Ask for a look now. Returns how many wallets there are to look at. Only writes rows; a sweep does the
    rest.

    A look that is under way when this is asked is followed by another one. Where nobody can observe balances,
    nothing is asked for.
    """
    states = WalletState.objects.filter(wallet_id__in=wallet_ids).exclude(
        chain__in=[slug for slug, info in CHAINS.items() if not info.observable]
    )
    # Everybody who changes many of these rows locks them in this order, so that nobody waits in a circle.
    reached = list(
        states.order_by("wallet_id").select_for_update(no_key=True).values_list("wallet_id", flat=True)
    )
    return WalletState.objects.filter(wallet_id__in=reached).update(
        requested_at=Greatest(Coalesce(F("requested_at"), Value(at)), Value(at)),
        due_at=Least(Coalesce(F("due_at"), Value(at)), Value(at)),
        # Who asks by hand does not wait for a back-off.
        attempts=0,
    )


def due_chains(*, at: datetime) -> list[str]:
    """The chains that have something to read now, in alphabetical order."""
    free = Q(claimed_until__isnull=True) | Q(claimed_until__lte=at)
    found: set[str] = set()
    for model in (LookGroup, WalletState):
        found |= set(model.objects.filter(free, due_at__lte=at).values_list("chain", flat=True).distinct())
    return sorted(found)


_CLAIM = """
    WITH due AS (
        SELECT {key}
        FROM {table}
        WHERE chain = %(chain)s
          AND due_at <= %(at)s
          AND (claimed_until IS NULL
               OR claimed_until + CASE WHEN attempts > %(free)s
                      THEN least(%(longest)s, %(first)s * power(2, least(attempts - %(free)s, 20)))
                      ELSE 0 END * interval '1 second' <= %(at)s)
          AND (SELECT count(DISTINCT claim) FROM {table}
               WHERE chain = %(chain)s AND due_at IS NOT NULL AND claimed_until > %(at)s) < %(parallel)s
        ORDER BY due_at, {key}
        LIMIT %(limit)s
        FOR NO KEY UPDATE SKIP LOCKED
    )
    UPDATE {table} AS claimed
    SET claim = %(token)s, claimed_at = %(at)s, claimed_until = %(until)s, attempts = attempts + 1
    FROM due
    WHERE claimed.{key} = due.{key}
    RETURNING claimed.{key}
"""
_CLAIM_GROUPS = _CLAIM.format(table="wallets_lookgroup", key="id")
_CLAIM_WALLETS = _CLAIM.format(table="wallets_walletstate", key="wallet_id")


def claim_due(*, chain: str, at: datetime, limit: int | None = None) -> Claim | None:
    """Take what is due on `chain`, the longest overdue first; None when there is nothing, or too much under way.

    Single wallets go first, since somebody waits for them. Two workers never get the same wallet or group while a
    lease runs (`settings.WALLET_LEASE_SECONDS`). The attempt is counted here, before anything is read, so that a
    wallet whose reading kills the worker is noticed. `limit` counts wallets, or groups.
    """
    wallets = _take(_CLAIM_WALLETS, chain, at, limit or min(SINGLES, group_size(chain)))
    if wallets is not None:
        return Claim(wallets[0], chain, at, (), wallets[1])
    groups = _take(_CLAIM_GROUPS, chain, at, limit or groups_in_claim(chain))
    return None if groups is None else Claim(groups[0], chain, at, groups[1], ())


def group_size(chain: str) -> int:
    """The most wallets that a look at `chain` may cover, if they are in one group."""
    return CHAINS[chain].group_size if chain in CHAINS else 1


def groups_in_claim(chain: str) -> int:
    """Several groups share a look only where one call answers for thousands of addresses."""
    return GROUPS if chain in CHAINS and CHAINS[chain].family == "evm" else 1


def lease_of(chain: str) -> timedelta:
    """How long a claim holds."""
    default = LEASE_SECONDS if chain in CHAINS and CHAINS[chain].family == "evm" else LONG_LEASE_SECONDS
    return timedelta(seconds=settings.WALLET_LEASE_SECONDS or default)


def _take(sql: str, chain: str, at: datetime, limit: int) -> tuple[uuid.UUID, tuple[int, ...]] | None:
    token = uuid.uuid4()
    with connection.cursor() as cursor:
        cursor.execute(
            sql,
            {
                "chain": chain,
                "at": at,
                "until": at + lease_of(chain),
                "limit": limit,
                "token": str(token),
                "free": FREE_RETAKES,
                "first": FIRST_BACKOFF,
                "longest": LONGEST_BACKOFF,
                "parallel": settings.WALLET_PARALLEL_LOOKS,
            },
        )
        keys = tuple(sorted(row[0] for row in cursor.fetchall()))
    return (token, keys) if keys else None
