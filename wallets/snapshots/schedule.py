"""What is due, and who has it.

A wallet is due when a watch's cadence has passed or somebody asked. A worker claims due wallets for the
length of a lease; when it dies, the lease runs out and another worker takes them. Every function is handed
its time.
"""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.conf import settings
from django.db import connection, transaction
from django.db.models import F, Min, Q, Value
from django.db.models.functions import Coalesce, Greatest, Least

from wallets.addresses import parse
from wallets.models import Wallet, WalletState, Watch
from wallets.registry import assets_of

LEASE_SECONDS: Final = 30
DEFAULT_CADENCE: Final = 3600
# A look that fails comes again after 30 s, 60 s, 120 s … and at the latest after an hour.
FIRST_BACKOFF: Final = 30
LONGEST_BACKOFF: Final = 3600
# A wallet that nobody watches and whose requested look keeps failing is let go after this many looks.
LONGEST_UNWATCHED: Final = 8
# So often a wallet is retaken as soon as its lease ends; then its worker's death is no longer taken for
# chance.
FREE_RETAKES: Final = 3


@dataclass(frozen=True, slots=True)
class Claim:
    """Wallets of one chain that the holder of `token` may read; `at` is when the look began."""

    token: uuid.UUID
    chain: str
    at: datetime
    wallet_ids: tuple[int, ...]


@transaction.atomic
def ensure_wallet(*, chain: str, text: str) -> Wallet:
    """The wallet at the address that `text` spells on `chain`, made if it is new. Raises `AddressError`."""
    address = parse(chain, text)
    assets_of([chain])
    wallet, _made = Wallet.objects.get_or_create(chain=chain, address=address.canonical)
    WalletState.objects.get_or_create(wallet=wallet, defaults={"chain": chain})
    return wallet


@transaction.atomic
def set_watch(*, wallet_id: int, key: str, cadence_seconds: int, at: datetime) -> None:
    """Look at the wallet at least every `cadence_seconds`; the shortest of its watches counts.

    A wallet that was never read, or whose last look is older than the cadence, is due at once.
    """
    if cadence_seconds <= 0:
        raise ValueError("a cadence is a positive number of seconds")
    state = WalletState.objects.select_for_update().get(wallet_id=wallet_id)
    Watch.objects.update_or_create(
        wallet_id=wallet_id, key=key, defaults={"cadence_seconds": cadence_seconds}
    )
    _follow_watches(state, at)


@transaction.atomic
def drop_watch(*, wallet_id: int, key: str, at: datetime | None = None) -> None:
    """Forget one wish. Without any watch the wallet is looked at only when somebody asks."""
    state = WalletState.objects.select_for_update().get(wallet_id=wallet_id)
    Watch.objects.filter(wallet_id=wallet_id, key=key).delete()
    _follow_watches(state, at)


def _follow_watches(state: WalletState, at: datetime | None) -> None:
    cadence: int | None = Watch.objects.filter(wallet_id=state.wallet_id).aggregate(
        shortest=Min("cadence_seconds")
    )["shortest"]
    if cadence == state.cadence_seconds:
        return
    state.cadence_seconds = cadence
    if cadence is None:
        state.due_at = state.requested_at
    elif state.failing_since is None or state.due_at is None:
        # A wallet that fails keeps the due time of its back-off.
        scheduled = state.last_look_at + timedelta(seconds=cadence) if state.last_look_at else at
        wishes = [wish for wish in (scheduled, state.requested_at) if wish is not None]
        state.due_at = min(wishes, default=state.due_at)
    state.save(update_fields=["cadence_seconds", "due_at"])


@transaction.atomic
def request_refresh(*, wallet_ids: Sequence[int], at: datetime) -> int:
    """Ask for a look now. Returns how many wallets there are to look at. Only writes rows; a sweep does the
    rest.

    A look that is under way when this is asked is followed by another one.
    """
    states = WalletState.objects.filter(wallet_id__in=wallet_ids)
    # Everybody who changes many of these rows locks them in this order, so that nobody waits in a circle.
    reached = list(states.order_by("wallet_id").select_for_update().values_list("wallet_id", flat=True))
    return WalletState.objects.filter(wallet_id__in=reached).update(
        requested_at=Greatest(Coalesce(F("requested_at"), Value(at)), Value(at)),
        due_at=Least(Coalesce(F("due_at"), Value(at)), Value(at)),
        # Who asks by hand does not wait for a back-off.
        attempts=0,
    )


def due_chains(*, at: datetime) -> list[str]:
    """The chains that have wallets to read now."""
    return list(
        WalletState.objects.filter(Q(claimed_until__isnull=True) | Q(claimed_until__lte=at), due_at__lte=at)
        .order_by("chain")
        .values_list("chain", flat=True)
        .distinct()
    )


_CLAIM = """
    WITH due AS (
        SELECT wallet_id
        FROM wallets_walletstate
        WHERE chain = %(chain)s
          AND due_at <= %(at)s
          AND (claimed_until IS NULL
               OR claimed_until + CASE WHEN attempts > %(free)s
                      THEN least(%(longest)s, %(first)s * power(2, least(attempts - %(free)s, 20)))
                      ELSE 0 END * interval '1 second' <= %(at)s)
        ORDER BY due_at
        LIMIT %(limit)s
        FOR UPDATE SKIP LOCKED
    )
    UPDATE wallets_walletstate AS state
    SET claim = %(token)s, claimed_at = %(at)s, claimed_until = %(until)s, attempts = attempts + 1
    FROM due
    WHERE state.wallet_id = due.wallet_id
    RETURNING state.wallet_id
"""


def claim_due(*, chain: str, at: datetime, limit: int) -> Claim | None:
    """Take up to `limit` due wallets of `chain`, the longest overdue first; None when there are none.

    Two workers never get the same wallet while a lease (`settings.WALLET_LEASE_SECONDS`) runs. The attempt is
    counted here, before anything is read, so that a wallet whose reading kills the worker is noticed.
    """
    token = uuid.uuid4()
    lease = timedelta(seconds=getattr(settings, "WALLET_LEASE_SECONDS", LEASE_SECONDS))
    with connection.cursor() as cursor:
        cursor.execute(
            _CLAIM,
            {
                "chain": chain,
                "at": at,
                "until": at + lease,
                "limit": limit,
                "token": str(token),
                "free": FREE_RETAKES,
                "first": FIRST_BACKOFF,
                "longest": LONGEST_BACKOFF,
            },
        )
        wallet_ids = tuple(sorted(row[0] for row in cursor.fetchall()))
    return Claim(token, chain, at, wallet_ids) if wallet_ids else None
