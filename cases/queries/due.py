"""Deadlines: of orders, of the duties in them, of policy holds that wait for a formal order, and of tasks.

Four tables are read as one list, in one statement, each by its own index on the due moment, which holds the case too,
so that the nearest deadlines cost the same however many there are. Whose cases are read is said by a Scope.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Literal

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import QuerySet
from django.utils.functional import Promise

from cases.models import Case, Instrument, ObligationKind
from cases.people.models import User
from cases.queries.sight import Sight
from cases.status import FREEZE_FINAL, OBLIGATION_FINAL, ORDER_UNANSWERED, ObligationStatus

LIMIT: Final = 25
SOON: Final = timedelta(days=7)
# Beyond this many nobody counts; the page says "more than".
COUNTED: Final = 100

DueKind = Literal["obligation", "order", "hold", "task"]


@dataclass(frozen=True, slots=True)
class Scope:
    """A condition on `case_id`, as SQL with its parameters, and the orders that are sealed from the reader, as a set in
    SQL with its own; None where nothing can be seen.
    """

    sql: str
    params: tuple[Any, ...]
    sealed: str
    sealed_params: tuple[Any, ...]

    @classmethod
    def of_case(cls, case: Case) -> "Scope | None":
        """One case, as a door handed it out."""
        return cls.of(Sight.of_case(case))

    @classmethod
    def visible_to(cls, user: User) -> "Scope | None":
        """All the cases that the person may see."""
        return cls.of(Sight.of_user(user))

    @classmethod
    def of(cls, sight: Sight) -> "Scope | None":
        """What a sight lets see."""
        try:
            sql, params = _keys(sight.keys)
        except EmptyResultSet:
            return None
        if isinstance(sight.hidden, QuerySet):
            sealed, sealed_params = sight.hidden.query.sql_with_params()
            return cls(sql, params, sealed, tuple(sealed_params))
        return cls(sql, params, "SELECT unnest(%s::bigint[])", (sorted(sight.hidden),))


def _keys(keys: "Collection[int] | QuerySet[Case, int] | None") -> tuple[str, tuple[Any, ...]]:
    if keys is None:
        return "IS NOT NULL", ()
    if isinstance(keys, QuerySet):
        sql, params = keys.query.sql_with_params()
        return f"IN ({sql})", tuple(params)
    if not keys:
        raise EmptyResultSet
    return "= ANY (%s::bigint[])", ("{" + ",".join(map(str, sorted(keys))) + "}",)


@dataclass(frozen=True, slots=True)
class CaseRef:
    """As much of a case as a link to it shows."""

    reference: str
    title: str


@dataclass(frozen=True, slots=True)
class DueItem:
    """One deadline. `number` is that of the order (for an obligation and an order), of the freeze (for a
    hold), or of the task."""

    kind: DueKind
    due_at: datetime
    case: CaseRef
    number: int
    title: str | Promise
    subtitle: str
    responsible: str


@dataclass(frozen=True, slots=True)
class DueCounts:
    """How many deadlines are overdue, how many are left of today (in UTC), how many fall within SOON; at most COUNTED
    each."""

    overdue: int
    today: int
    soon: int


@dataclass(frozen=True, slots=True)
class Board:
    """The nearest deadlines, the longest overdue first, and how many there are."""

    nearest: list[DueItem]
    counts: DueCounts


@dataclass(frozen=True, slots=True)
class _Source:
    kind: DueKind
    moment: str
    shown: str
    joins: str
    table: str
    open: str
    # The key of the order that the row stems from, as SQL; empty where it stems from none.
    order: str = ""

    def known(self, scope: Scope) -> tuple[str, tuple[Any, ...]]:
        """That the row is in one of the cases and not sealed from the reader, as SQL with its parameters."""
        seen = f"d.case_id {scope.sql}"
        if not self.order or scope.sealed_params == ([],):
            return seen, scope.params
        return f"{seen} AND {self.order} NOT IN ({scope.sealed})", (*scope.params, *scope.sealed_params)


# As SQL has it: the planner takes a partial index only where it sees its statuses.
UNANSWERED: Final = ", ".join(f"'{status}'" for status in ORDER_UNANSWERED)
ENDED: Final = ", ".join(f"'{status}'" for status in sorted(FREEZE_FINAL))

_SOURCES: Final = (
    _Source(
        kind="obligation",
        moment="d.due_at",
        shown="o.number, d.kind, o.agency_reference, d.responsible_id",
        joins="JOIN cases_legalorder o ON o.id = d.order_id",
        table="cases_obligation",
        # The statuses of the partial index `obligation_by_due`.
        open="d.due_at IS NOT NULL AND d.status IN ('open', 'in_progress', 'overdue')",
        order="d.order_id",
    ),
    _Source(
        kind="order",
        moment="d.due_at",
        shown="d.number, coalesce(nullif(d.instrument_label, ''), d.instrument), d.agency_reference, NULL::bigint",
        joins="",
        table="cases_legalorder",
        # The statuses of the partial index `order_by_due`.
        open=f"d.due_at IS NOT NULL AND d.status IN ({UNANSWERED})",
        order="d.id",
    ),
    _Source(
        kind="hold",
        moment="d.formal_order_by",
        shown="d.number, coalesce(nullif(w.label, ''), a.address, e.account_number), d.policy_hold, NULL::bigint",
        joins="LEFT JOIN cases_casewallet w ON w.id = d.wallet_id LEFT JOIN wallets_wallet a ON a.id = w.wallet_id "
        "LEFT JOIN cases_exchangeaccount e ON e.id = d.account_id",
        table="cases_freezeorder",
        # The statuses of the partial index `freeze_by_formal`.
        open=f"d.formal_order_by IS NOT NULL AND d.status NOT IN ({ENDED})",
    ),
    _Source(
        kind="task",
        moment="d.due_at",
        shown="d.number, d.title, '', d.assignee_id",
        joins="",
        table="cases_casetask",
        # The condition of the partial index `task_by_due`.
        open="d.due_at IS NOT NULL AND d.status = 'open'",
        order="coalesce(d.order_id, (SELECT b.order_id FROM cases_obligation b WHERE b.id = d.obligation_id), "
        "(SELECT b.order_id FROM cases_freezeorder f JOIN cases_obligation b ON b.id = f.obligation_id "
        "WHERE f.id = d.freeze_id), 0)",
    ),
)
assert {"open", "in_progress", "overdue"} == {*ObligationStatus.values} - OBLIGATION_FINAL  # noqa: S101


def nearest(scope: Scope | None, *, limit: int = LIMIT) -> list[DueItem]:
    """The nearest deadlines, the longest overdue first. One query."""
    if scope is None:
        return []
    found, params = _found(scope, "", (), limit)
    with connection.cursor() as cursor:
        cursor.execute(
            f"WITH due (kind, moment, id, case_id) AS ({found}), {_FIRST} {_SHOWN} ORDER BY 1",
            [*params, limit],
        )
        return [_item(row[1:]) for row in cursor.fetchall()]


def board(scope: Scope | None, *, at: datetime, limit: int = LIMIT) -> Board:
    """The nearest deadlines and how many there are, counted only so far as it matters. One query."""
    if scope is None:
        return Board([], DueCounts(0, 0, 0))
    midnight = at.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
    # Of what is overdue and of what comes, as many of each table as either the list or a count could take.
    most = max(limit, COUNTED)
    past, past_params = _found(scope, "< %s", (at,), most)
    coming, coming_params = _found(scope, ">= %s", (at,), most)
    counted = " UNION ALL ".join(
        f"SELECT NULL::bigint, '{name}', NULL, '', '', NULL, '', '', '', count(*) FROM due WHERE {window}"  # noqa: S608
        for name, window in (
            ("overdue", "moment < %s"),
            ("today", "moment >= %s AND moment < %s"),
            ("soon", "moment >= %s AND moment < %s"),
        )
    )
    statement = (
        f"WITH due (kind, moment, id, case_id) AS MATERIALIZED ({past} UNION ALL {coming}), {_FIRST} "  # noqa: S608
        f"(SELECT *, NULL::bigint FROM ({_SHOWN}) shown) UNION ALL {counted}"
    )
    params = [*past_params, *coming_params, limit, at, at, midnight, at, at + SOON]
    with connection.cursor() as cursor:
        cursor.execute(statement, params)
        rows = cursor.fetchall()
    counts = {row[1]: min(row[-1], COUNTED) for row in rows if row[-1] is not None}
    listed = sorted((row for row in rows if row[-1] is None), key=lambda row: row[0])
    return Board([_item(row[1:-1]) for row in listed], DueCounts(**counts))


def _found(scope: Scope, window: str, window_params: tuple[Any, ...], limit: int) -> tuple[str, list[Any]]:
    """The first `limit` deadlines of each table whose moment is in the window, as SQL with its parameters."""
    parts: list[str] = []
    params: list[Any] = []
    for source in _SOURCES:
        known, known_params = source.known(scope)
        within = f"AND {source.moment} {window} " if window else ""
        parts.append(
            f"(SELECT '{source.kind}', {source.moment}, d.id, d.case_id FROM {source.table} d "  # noqa: S608
            f"WHERE {source.open} {within}AND {known} ORDER BY {source.moment}, d.id LIMIT %s)"
        )
        params += [*window_params, *known_params, limit]
    return " UNION ALL ".join(parts), params


# The nearest of what was found. Takes how many.
_FIRST: Final = "first AS (SELECT * FROM due ORDER BY moment, kind, id LIMIT %s)"
# They in their order, joined with what is shown of them.
_SHOWN: Final = (
    "SELECT row_number() OVER (ORDER BY n.moment, n.kind, n.number), n.kind, n.moment, c.reference, c.title, "  # noqa: S608
    "n.number, n.word, n.subtitle, coalesce(p.name, '') FROM ("
    + " UNION ALL ".join(
        f"SELECT due.kind, due.moment, due.case_id, {source.shown} FROM first due "  # noqa: S608
        f"JOIN {source.table} d ON d.id = due.id {source.joins} WHERE due.kind = '{source.kind}'"
        for source in _SOURCES
    )
    + ") n (kind, moment, case_id, number, word, subtitle, responsible_id) "
    "JOIN cases_case c ON c.id = n.case_id LEFT JOIN people_user p ON p.id = n.responsible_id"
)


def _item(row: tuple[Any, ...]) -> DueItem:
    kind, due_at, reference, title, number, word, subtitle, responsible = row
    said: str | Promise = word
    if kind == "obligation":
        said = ObligationKind(word).label
    elif kind == "order":
        # An instrument that was added here comes with its own name instead of a key.
        said = Instrument(word).label if word in Instrument.values else word
    return DueItem(kind, due_at, CaseRef(reference, title), number, said, subtitle, responsible)
