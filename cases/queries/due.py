"""Deadlines: of orders, of the duties in them, of policy holds that wait for a formal order, and of tasks.

Four tables are read as one list, in one statement, each by its own index on the due moment, so that the nearest
deadlines cost the same however many there are. Whose cases are read is said by a Scope.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Literal

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import QuerySet
from django.utils.functional import Promise

from cases.models import Case, Instrument, ObligationKind, hidden_from
from cases.people.models import User
from cases.queries.sight import visible_ids
from cases.status import (
    FREEZE_FINAL,
    OBLIGATION_FINAL,
    ORDER_FINAL,
    ORDER_UNANSWERED,
    ObligationStatus,
    OrderStatus,
    TaskStatus,
)

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
    def of_case(cls, case: Case) -> "Scope":
        """One case, as a door handed it out."""
        return cls("= %s", (case.pk,), "SELECT unnest(%s::bigint[])", (sorted(case.hidden_orders),))

    @classmethod
    def visible_to(
        cls, user: User, *, hidden: "Collection[int] | QuerySet[Any, int] | None" = None
    ) -> "Scope | None":
        """All the cases that the person may see; `hidden` as `queries.sight.hidden_at_once` gave it."""
        try:
            sql, params = visible_ids(user).query.sql_with_params()
        except EmptyResultSet:
            return None
        if isinstance(hidden, Collection):
            return cls(f"IN ({sql})", tuple(params), "SELECT unnest(%s::bigint[])", (sorted(hidden),))
        sealed, sealed_params = (hidden_from(user) if hidden is None else hidden).query.sql_with_params()
        return cls(f"IN ({sql})", tuple(params), sealed, tuple(sealed_params))


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
class _Source:
    kind: DueKind
    moment: str
    shown: str
    joins: str
    table: str
    open: str
    closed_states: tuple[str, ...]
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

_SOURCES: Final = (
    _Source(
        kind="obligation",
        moment="d.due_at",
        shown="o.number, d.kind, o.agency_reference, d.responsible_id",
        joins="JOIN cases_legalorder o ON o.id = d.order_id",
        table="cases_obligation",
        # The statuses of the partial index `obligation_by_due`.
        open="d.due_at IS NOT NULL AND d.status IN ('open', 'in_progress', 'overdue') AND d.status <> ALL(%s)",
        closed_states=tuple(sorted(OBLIGATION_FINAL)),
        order="d.order_id",
    ),
    _Source(
        kind="order",
        moment="d.due_at",
        shown="d.number, coalesce(nullif(d.instrument_label, ''), d.instrument), d.agency_reference, NULL::bigint",
        joins="",
        table="cases_legalorder",
        # The statuses of the partial index `order_by_due`.
        open=f"d.due_at IS NOT NULL AND d.status IN ({UNANSWERED}) AND d.status <> ALL(%s)",
        closed_states=tuple(sorted(ORDER_FINAL | {str(OrderStatus.COMPLIED)})),
        order="d.id",
    ),
    _Source(
        kind="hold",
        moment="d.formal_order_by",
        shown="d.number, coalesce(nullif(w.label, ''), a.address, e.account_number), d.policy_hold, NULL::bigint",
        joins="LEFT JOIN cases_casewallet w ON w.id = d.wallet_id LEFT JOIN wallets_wallet a ON a.id = w.wallet_id "
        "LEFT JOIN cases_exchangeaccount e ON e.id = d.account_id",
        table="cases_freezeorder",
        open="d.formal_order_by IS NOT NULL AND d.status <> ALL(%s)",
        closed_states=tuple(sorted(FREEZE_FINAL)),
    ),
    _Source(
        kind="task",
        moment="d.due_at",
        shown="d.number, d.title, '', d.assignee_id",
        joins="",
        table="cases_casetask",
        # The condition of the partial index `task_by_due`.
        open="d.due_at IS NOT NULL AND d.status = 'open' AND d.status <> ALL(%s)",
        closed_states=(str(TaskStatus.DONE), str(TaskStatus.DROPPED)),
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
    parts: list[str] = []
    params: list[Any] = []
    for source in _SOURCES:
        known, known_params = source.known(scope)
        # The inner part finds the rows by the index; only those few are joined with what is shown of them.
        parts.append(
            f"(SELECT '{source.kind}', {source.moment}, d.case_id, {source.shown} FROM ("  # noqa: S608
            f"SELECT d.* FROM {source.table} d WHERE {source.open} AND {known} "
            f"ORDER BY {source.moment}, d.id LIMIT %s) d {source.joins})"
        )
        params += [list(source.closed_states), *known_params, limit]
    statement = (
        "SELECT kind, due_at, c.reference, c.title, number, word, subtitle, coalesce(p.name, '') FROM ("  # noqa: S608
        + " UNION ALL ".join(parts)
        + ") due (kind, due_at, case_id, number, word, subtitle, responsible_id) "
        "JOIN cases_case c ON c.id = due.case_id LEFT JOIN people_user p ON p.id = due.responsible_id "
        "ORDER BY due_at, kind, number LIMIT %s"
    )
    with connection.cursor() as cursor:
        cursor.execute(statement, [*params, limit])
        return [_item(row) for row in cursor.fetchall()]


def _item(row: tuple[Any, ...]) -> DueItem:
    kind, due_at, reference, title, number, word, subtitle, responsible = row
    said: str | Promise = word
    if kind == "obligation":
        said = ObligationKind(word).label
    elif kind == "order":
        # An instrument that was added here comes with its own name instead of a key.
        said = Instrument(word).label if word in Instrument.values else word
    return DueItem(kind, due_at, CaseRef(reference, title), number, said, subtitle, responsible)


def counts(scope: Scope | None, *, at: datetime) -> DueCounts:
    """How many deadlines there are, counted only so far as it matters. One query."""
    if scope is None:
        return DueCounts(0, 0, 0)
    midnight = at.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
    sums: list[str] = []
    params: list[Any] = []
    for since, until in ((None, at), (at, midnight), (at, at + SOON)):
        parts = []
        for source in _SOURCES:
            known, known_params = source.known(scope)
            window = f"{source.moment} < %s" + (f" AND {source.moment} >= %s" if since else "")
            parts.append(
                f"(SELECT count(*) FROM (SELECT 1 FROM {source.table} d WHERE {source.open} AND {window} "  # noqa: S608
                f"AND {known} LIMIT %s) counted)"
            )
            params += [list(source.closed_states), until, *([since] if since else []), *known_params, COUNTED]
        sums.append("least(" + " + ".join(parts) + ", %s)")
        params.append(COUNTED)
    with connection.cursor() as cursor:
        cursor.execute("SELECT " + ", ".join(sums), params)
        row = cursor.fetchone()
    return DueCounts(*row) if row else DueCounts(0, 0, 0)
