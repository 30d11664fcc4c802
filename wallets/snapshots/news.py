"""What changed, for whoever wants to know: claimed look by look, never by counting up numbers.

A look that commits late has a lower number than one that committed before it, so a reader who remembers the last
number misses it. Here a row stands until it is taken note of.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper

from wallets.models import Disagreement, News, ReadingBatch

LEASE: Final = timedelta(seconds=60)

_CLAIM = """
    UPDATE wallets_news AS news
    SET claimed_until = %(until)s, attempts = attempts + 1
    FROM (
        SELECT batch_id FROM wallets_news
        WHERE claimed_until IS NULL OR claimed_until <= %(at)s
        ORDER BY batch_id LIMIT %(limit)s
        FOR UPDATE SKIP LOCKED
    ) AS free
    WHERE news.batch_id = free.batch_id
    RETURNING news.batch_id
"""


@dataclass(frozen=True, slots=True)
class Change:
    """One amount that a look found changed: from `before`, last confirmed by the look `before_batch_id`, to `amount`.

    Amounts are in base units. The reading is the one of this wallet and asset taken at `taken_at`.
    """

    wallet_id: int
    asset_id: int
    before: int
    amount: int
    before_batch_id: int
    batch_id: int
    taken_at: datetime


_hint_function: list[Callable[[], None]] = []


def on_news(hint: Callable[[], None]) -> None:
    """Register what to do once news is committed. Only a hint: whoever wants to know also asks by himself."""
    _hint_function[:] = [hint]


def write_news(cursor: CursorWrapper, batch_id: int) -> None:
    """There is something to tell of this look, once the transaction has committed."""
    cursor.execute("INSERT INTO wallets_news (batch_id) VALUES (%s)", [batch_id])
    transaction.on_commit(_hint, robust=True)


def _hint() -> None:
    for function in _hint_function:
        function()


def claim_news(*, at: datetime, limit: int = 20) -> list[int]:
    """Looks with changes or disagreements that nobody has taken note of, the oldest first; for a minute they are
    the caller's alone. Each ends with `finish_news`.
    """
    with connection.cursor() as cursor:
        cursor.execute(_CLAIM, {"at": at, "until": at + LEASE, "limit": limit})
        return sorted(row[0] for row in cursor.fetchall())


def finish_news(batch_id: int) -> None:
    """The look has been taken note of."""
    News.objects.filter(batch_id=batch_id).delete()


def changes_in(batch_id: int, *, wallet_ids: Sequence[int] | None = None) -> list[Change]:
    """The amounts that the look found changed, by wallet and asset; of these wallets only, if they are given.

    The first reading of a balance is no change: nothing was known before.
    """
    batch = ReadingBatch.objects.get(pk=batch_id)
    rows = batch.readings.filter(taken_at=batch.taken_at, before__isnull=False, before_batch__isnull=False)
    if wallet_ids is not None:
        rows = rows.filter(wallet_id__in=wallet_ids)
    return [
        Change(
            wallet_id=row.wallet_id,
            asset_id=row.asset_id,
            before=row.before,
            amount=row.amount,
            before_batch_id=row.before_batch_id,
            batch_id=batch_id,
            taken_at=row.taken_at,
        )
        for row in rows.order_by("wallet_id", "asset_id")
        if row.before is not None and row.before_batch_id is not None and row.before != row.amount
    ]


def disagreements_in(batch_id: int) -> list[Disagreement]:
    """Where two sources contradicted each other in this look."""
    return list(
        Disagreement.objects.filter(batch_id=batch_id)
        .select_related("asset", "batch")
        .order_by("wallet_id", "asset_id")
    )
