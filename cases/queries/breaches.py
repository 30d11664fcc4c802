"""Breaches of freezes, as far as the reader may know the order behind them."""

from django.db.models import QuerySet

from cases.access import NotFound
from cases.models import Case, FreezeBreach, FreezeOrder
from cases.queries.sight import Sight
from cases.status import CaseStatus

LIMIT = 25


def breaches_of(case: Case) -> "QuerySet[FreezeBreach]":
    """The breaches in the case, with all that a page shows of them."""
    return FreezeBreach.objects.of(case).select_related(
        "freeze__wallet__wallet",
        "freeze__account",
        "freeze__obligation__order",
        "chain_asset",
        "batch",
        "holding__entered_by",
        "acknowledged_by",
    )


def breach_of(case: Case, number: int) -> FreezeBreach:
    """The breach with this number. Raises NotFound."""
    found = breaches_of(case).filter(number=number).first()
    if found is None:
        raise NotFound
    return found


def breaches_in(case: Case, *, limit: int = LIMIT) -> list[FreezeBreach]:
    """The open ones first, of both the newest first. One query."""
    rows = breaches_of(case).order_by("-number")[:limit]
    return sorted(rows, key=lambda row: row.acknowledged_at is not None)


def breaches_on(case: Case, freeze: FreezeOrder) -> list[FreezeBreach]:
    """The breaches of one freeze, the newest first. One query."""
    return list(breaches_of(case).filter(freeze=freeze).order_by("-number")[:LIMIT])


def open_breaches(sight: Sight, *, limit: int = LIMIT) -> list[FreezeBreach]:
    """Breaches that nobody answered yet, the newest first. One query."""
    return list(
        FreezeBreach.objects.filter(sight.cases, acknowledged_at__isnull=True)
        .unsealed_from(sight.hidden)
        .exclude(case__status=CaseStatus.CLOSED)
        .select_related("case", "freeze")
        .only(
            "number",
            "asset",
            "decimals",
            "required",
            "after",
            "seen_at",
            "acknowledged_at",
            "case__reference",
            "freeze__number",
        )
        .order_by("-raised_at", "-id")[:limit]
    )
