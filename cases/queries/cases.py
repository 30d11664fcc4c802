"""The list of cases, and what the pages of one case show together."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection
from django.db.models import Count, Model, QuerySet

from cases.models import (
    Alert,
    Case,
    CaseTag,
    CaseTask,
    CaseWallet,
    ExchangeAccount,
    Exhibit,
    Export,
    FreezeOrder,
    LegalOrder,
    MatterShare,
    Membership,
    Note,
    Subject,
    hidden_from,
)
from cases.people.models import User
from cases.queries.paging import Key, Page, keyset

# Newest change first. The reference breaks a tie (it may stand in a URL; a primary key may not).
LIST_SIZE = 25
LIST_KEYS = (Key("touched_at", datetime, descending=True), Key("reference", str, descending=True))

# What is counted on the tabs of a case, and which of its rows count: none that stems from an order in `hidden`.
_HIDDEN_DUTIES = "(SELECT b.id FROM cases_obligation b WHERE b.order_id = ANY(%(hidden)s::bigint[]))"
_HIDDEN_FREEZES = f"(SELECT f.id FROM cases_freezeorder f WHERE f.obligation_id IN {_HIDDEN_DUTIES})"  # noqa: S608
_COUNTED: dict[str, tuple[type[Model], str]] = {
    "subjects": (Subject, ""),
    "wallets": (CaseWallet, "detached_at IS NULL"),
    "alerts": (Alert, "acknowledged_at IS NULL"),
    "accounts": (ExchangeAccount, ""),
    "orders": (LegalOrder, "id <> ALL(%(hidden)s::bigint[])"),
    "freezes": (FreezeOrder, f"coalesce(obligation_id, 0) NOT IN {_HIDDEN_DUTIES}"),
    "tasks": (
        CaseTask,
        "status = 'open' AND coalesce(order_id, 0) <> ALL(%(hidden)s::bigint[]) "
        f"AND coalesce(obligation_id, 0) NOT IN {_HIDDEN_DUTIES} "
        f"AND coalesce(freeze_id, 0) NOT IN {_HIDDEN_FREEZES}",
    ),
    "exhibits": (Exhibit, "coalesce(order_id, 0) <> ALL(%(hidden)s::bigint[])"),
    "notes": (Note, ""),
    "members": (Membership, "ended_at IS NULL"),
    "shares": (MatterShare, "ended_at IS NULL AND order_id <> ALL(%(hidden)s::bigint[])"),
    "exports": (Export, "(cardinality(%(hidden)s::bigint[]) = 0 OR NOT orders && %(hidden)s::bigint[])"),
}


def _tab_counts_sql() -> str:
    parts = []
    for model, condition in _COUNTED.values():
        extra = f" AND {condition}" if condition else ""
        table = model._meta.db_table
        # Only names from the code stand here; the case comes as a parameter.
        parts.append(f"(SELECT count(*) FROM {table} WHERE case_id = %(case)s{extra})")  # noqa: S608
    return "SELECT " + ", ".join(parts)


# Every page of a case asks this, so the statement is put together once.
_TAB_COUNTS = _tab_counts_sql()


def tab_counts(case: Case) -> dict[str, int]:
    """How many of each thing the case holds, as far as its reader may know, for its tabs. One query."""
    with connection.cursor() as cursor:
        cursor.execute(_TAB_COUNTS, {"case": case.pk, "hidden": sorted(case.hidden_orders)})
        row = cursor.fetchone()
    return dict(zip(_COUNTED, row or (), strict=True))


@dataclass(frozen=True, slots=True)
class CaseFilter:
    """What narrows the list; empty values narrow nothing."""

    status: str = ""
    typology: str = ""
    tag: str = ""
    lead: User | None = None


@dataclass(frozen=True, slots=True)
class CaseRow:
    """A line of the list: the case, its tags, and how many wallets and standing matters hang on it."""

    case: Case
    tags: list[str]
    wallets: int
    freezes: int


def case_list(
    user: User,
    narrowed: CaseFilter,
    *,
    after: str | None = None,
    before: str | None = None,
    size: int = LIST_SIZE,
) -> Page[CaseRow]:
    """The cases that the person may see, newest change first. Four queries, however many there are."""
    rows = Case.objects.visible_to(user).select_related("lead")
    if narrowed.status:
        rows = rows.filter(status=narrowed.status)
    if narrowed.typology:
        rows = rows.filter(typology=narrowed.typology)
    if narrowed.tag:
        rows = rows.filter(pk__in=CaseTag.objects.filter(name=narrowed.tag).values("case_id"))
    if narrowed.lead is not None:
        rows = rows.filter(lead=narrowed.lead)
    page = keyset(
        rows.defer("summary"),
        keys=LIST_KEYS,
        after=after,
        before=before,
        size=size,
    )
    return Page(with_counts(page.rows, user), page.next_cursor, page.previous_cursor)


def with_counts(cases: Sequence[Case], user: User) -> list[CaseRow]:
    """Tags and counts for these cases, as far as the person may know. Three queries, whatever their number."""
    ids = [case.pk for case in cases]
    tags: dict[int, list[str]] = {}
    for tag in CaseTag.objects.filter(case__in=ids).order_by("name"):
        tags.setdefault(tag.case_id, []).append(tag.name)
    wallets = _counts_by_case(CaseWallet.objects.filter(case__in=ids, detached_at__isnull=True))
    freezes = _counts_by_case(FreezeOrder.objects.filter(case__in=ids).unsealed_from(hidden_from(user)))
    return [
        CaseRow(case, tags.get(case.pk, []), wallets.get(case.pk, 0), freezes.get(case.pk, 0))
        for case in cases
    ]


def _counts_by_case(found: "QuerySet[Any]") -> dict[int, int]:
    rows = found.order_by().values("case_id").annotate(n=Count("pk"))
    return {row["case_id"]: row["n"] for row in rows}
