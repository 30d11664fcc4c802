"""What the looks at chains have for the cases that hold the wallets, and what was told of it.

Which case is to be told is found by the database in one statement, however many balances a look found changed.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.db import connection, transaction
from django.db.models import Case as CaseExpression
from django.db.models import IntegerField, QuerySet, Value, When

from cases.models import Alert, Case, CaseWallet, MovementThreshold
from cases.queries.paging import PAGE_SIZE, Key, Page, keyset
from cases.queries.sight import Sight
from cases.status import FREEZE_FINAL, CaseStatus, FreezeStatus
from wallets.models import Asset, ReadingBatch
from wallets.registry import assets_of

# Open ones first, of both the newest first.
LIST_KEYS: Final = (Key("rank", int), Key("number", int, descending=True))
LIMIT: Final = 25
# From its approval until its end a freeze wants to know of every unit that moves.
UNDER_FREEZE: Final = tuple(
    sorted({str(status) for status in FreezeStatus} - FREEZE_FINAL - {str(FreezeStatus.PROPOSED)})
)

# A change is a case's to know when the wallet hung on it at the look that had confirmed the amount before, and a
# disagreement when it hung on it at the look itself: an earlier look was another's interest. A closed case is told
# nothing: what stands in it changes only after it was re-opened. Of an asset that two sources contradict each other
# about look after look, a case is told once until it could be read again.
_NEWS: Final = """
    WITH held AS NOT MATERIALIZED (
        SELECT attached.id, attached.number, attached.case_id, attached.wallet_id, attached.attached_at
        FROM cases_casewallet AS attached
        JOIN cases_case AS file ON file.id = attached.case_id AND file.status <> %(closed)s
        WHERE attached.detached_at IS NULL {of_case}
    ), news AS (
        SELECT held.case_id, held.id AS attached_id, held.number, held.wallet_id, reading.asset_id,
               CASE WHEN reading.amount > reading.before THEN 'movement_in' ELSE 'movement_out' END AS kind,
               reading.before, reading.amount AS after, reading.before_batch_id, NULL::bigint AS disagreement_id
        FROM wallets_reading AS reading
        JOIN held ON held.wallet_id = reading.wallet_id
        JOIN wallets_readingbatch AS last
          ON last.id = reading.before_batch_id AND last.taken_at >= held.attached_at
        LEFT JOIN cases_movementthreshold AS threshold
          ON threshold.case_id = held.case_id AND threshold.chain_asset_id = reading.asset_id
        WHERE reading.batch_id = %(batch)s AND reading.taken_at = %(taken_at)s AND reading.before <> reading.amount
          AND (threshold.id IS NULL OR abs(reading.amount - reading.before) >= threshold.minimum
               OR EXISTS (SELECT FROM cases_freezeorder AS hold
                          WHERE hold.wallet_id = held.id AND hold.status = ANY(%(under_freeze)s)))
        UNION ALL
        SELECT held.case_id, held.id, held.number, held.wallet_id, disagreement.asset_id, 'disagreement',
               NULL, NULL, NULL, disagreement.id
        FROM wallets_disagreement AS disagreement
        JOIN held ON held.wallet_id = disagreement.wallet_id AND held.attached_at <= %(taken_at)s
        WHERE disagreement.batch_id = %(batch)s
          AND NOT EXISTS (
              SELECT FROM cases_alert AS earlier
              JOIN wallets_readingbatch AS look ON look.id = earlier.batch_id
              JOIN wallets_balance AS balance
                ON balance.wallet_id = held.wallet_id AND balance.asset_id = disagreement.asset_id
              WHERE earlier.wallet_id = held.id AND earlier.chain_asset_id = disagreement.asset_id
                AND earlier.kind = 'disagreement' AND look.taken_at >= balance.failing_since
          )
    )
    SELECT {what}
    FROM news
    WHERE NOT EXISTS (
        SELECT FROM cases_alert AS told
        WHERE told.wallet_id = news.attached_id AND told.chain_asset_id = news.asset_id
          AND told.batch_id = %(batch)s AND told.kind = news.kind
    )
    ORDER BY {order}
"""
_CASES: Final = _NEWS.format(of_case="", what="DISTINCT case_id", order="case_id")
_OF_CASE: Final = _NEWS.format(
    of_case="AND attached.case_id = %(case)s",
    what="attached_id, asset_id, kind, before, after, before_batch_id, disagreement_id",
    order="number, asset_id, kind",
)


@dataclass(frozen=True, slots=True)
class NewsItem:
    """One thing to tell a case: the attached wallet, the asset, and what a look found (`Alert` says which)."""

    attached_id: int
    asset_id: int
    kind: str
    before: int | None
    after: int | None
    before_batch_id: int | None
    disagreement_id: int | None


def cases_to_tell(batch: ReadingBatch) -> list[int]:
    """The keys of the cases that have not been told yet what this look found. One statement."""
    return [row[0] for row in _rows(_CASES, _values(batch))]


def news_for(case: Case, batch: ReadingBatch) -> list[NewsItem]:
    """What this look has for the case and was not told yet, by wallet and asset. One statement."""
    return [
        NewsItem(
            attached_id=row[0],
            asset_id=row[1],
            kind=row[2],
            before=None if row[3] is None else int(row[3]),
            after=None if row[4] is None else int(row[4]),
            before_batch_id=row[5],
            disagreement_id=row[6],
        )
        for row in _rows(_OF_CASE, {**_values(batch), "case": case.pk})
    ]


def _values(batch: ReadingBatch) -> dict[str, Any]:
    return {
        "batch": batch.pk,
        "taken_at": batch.taken_at,
        "closed": str(CaseStatus.CLOSED),
        "under_freeze": list(UNDER_FREEZE),
    }


def _rows(statement: str, values: dict[str, Any]) -> Sequence[tuple[Any, ...]]:
    with transaction.atomic(), connection.cursor() as cursor:
        # Such a statement runs shorter than its compiling to machine code.
        cursor.execute("SET LOCAL jit = off")
        cursor.execute(statement, values)
        found: list[tuple[Any, ...]] = cursor.fetchall()
    return found


# ── What was told ─────────────────────────────────────────────────────────────────────────────────────────


def alerts_in(case: Case) -> "QuerySet[Alert]":
    """The alerts of a case with all that a page shows of them."""
    return (
        Alert.objects.filter(case=case)
        .select_related(
            "wallet__wallet", "chain_asset", "before_batch", "batch", "disagreement", "acknowledged_by"
        )
        .annotate(
            rank=CaseExpression(
                When(acknowledged_at__isnull=True, then=Value(0)),
                default=Value(1),
                output_field=IntegerField(),
            )
        )
    )


def alert_list(
    case: Case, *, after: str | None = None, before: str | None = None, size: int = PAGE_SIZE
) -> Page[Alert]:
    """The open alerts, then those that somebody took note of; of both the newest first. One query."""
    return keyset(alerts_in(case), keys=LIST_KEYS, after=after, before=before, size=size)


def alert_in(case: Case, number: int) -> Alert | None:
    return alerts_in(case).filter(number=number).first()


def open_alerts(sight: Sight, *, limit: int = LIMIT) -> list[Alert]:
    """Alerts that nobody took note of yet, in these cases as far as they are worked on, the newest first. One query."""
    return list(
        Alert.objects.filter(sight.cases, acknowledged_at__isnull=True)
        .exclude(case__status=CaseStatus.CLOSED)
        .select_related("case", "wallet__wallet", "chain_asset")
        .only(
            "number",
            "kind",
            "before",
            "after",
            "raised_at",
            "case__reference",
            "case__title",
            "wallet__label",
            "wallet__wallet__chain",
            "wallet__wallet__address",
            "chain_asset",
        )
        .order_by("-raised_at", "-id")[:limit]
    )


def thresholds_of(case: Case) -> list[MovementThreshold]:
    """The thresholds of a case, by chain and asset. One query."""
    return list(thresholds_in(case).order_by("chain_asset__chain", "chain_asset_id"))


def thresholds_in(case: Case) -> "QuerySet[MovementThreshold]":
    return MovementThreshold.objects.filter(case=case).select_related("chain_asset", "set_by")


def assets_in(case: Case) -> list[Asset]:
    """The assets of the chains on which the case holds a wallet, chain by chain."""
    chains = sorted(
        set(
            CaseWallet.objects.filter(case=case, detached_at__isnull=True).values_list(
                "wallet__chain", flat=True
            )
        )
    )
    registered = assets_of(chains) if chains else {}
    return [asset for chain in chains for asset in registered.get(chain, [])]
