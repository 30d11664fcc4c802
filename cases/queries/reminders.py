"""What has a clock that is reminded of, whom a reminder reaches, and what a person was told."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.db import connection
from django.db.models import QuerySet

from cases.access import may_know
from cases.models import Case, LegalOrder, Membership, Notice, OrderReader, Reminder, ReminderKind
from cases.people.models import Role, User
from cases.queries.due import UNANSWERED
from cases.queries.paging import PAGE_SIZE, Key, Page, keyset
from cases.queries.sight import Sight
from cases.reminding import HORIZON, Audience, Rung, Step, rungs
from cases.status import FREEZE_FINAL, ORDER_FINAL

NEWEST = (Key("told_at", datetime, descending=True), Key("public_id", str, descending=True))
# A term is over at its moment; everything else can be missed.
NO_AFTER: Final = frozenset({ReminderKind.TERM, ReminderKind.ORDER_ENDS, ReminderKind.FREEZE_ENDS})


@dataclass(frozen=True, slots=True)
class Subject:
    """One clock that runs: what it is of, since when, until when, and whose hands it is in."""

    kind: str
    case_id: int
    number: int
    due_at: datetime
    since: datetime
    order_id: int | None
    responsible_id: int | None

    @property
    def ladder(self) -> list[Rung]:
        return rungs(since=self.since, due_at=self.due_at, after=self.kind not in NO_AFTER)

    @property
    def last_step(self) -> Step:
        return Step.DUE if self.kind in NO_AFTER else Step.OVERDUE


_OPEN_DUTY = "d.due_at IS NOT NULL AND d.status IN ('open', 'in_progress', 'overdue')"
_TERMS = "('keep_open', 'non_disclosure')"
# kind → columns (number, due_at, since, order, responsible), table with its joins, condition; each by its index on the
# moment. Only names from the code stand here; what varies comes as a parameter.
_SOURCES: Final[dict[str, tuple[str, str, str, str]]] = {
    ReminderKind.OBLIGATION: (
        "d.number, d.due_at, coalesce(d.due_set_at, d.recorded_at), d.order_id, d.responsible_id",
        "cases_obligation d",
        f"{_OPEN_DUTY} AND d.kind NOT IN {_TERMS}",
        "d.due_at",
    ),
    ReminderKind.TERM: (
        "d.number, d.due_at, coalesce(d.due_set_at, d.recorded_at), d.order_id, d.responsible_id",
        "cases_obligation d",
        f"{_OPEN_DUTY} AND d.kind IN {_TERMS}",
        "d.due_at",
    ),
    ReminderKind.ORDER_DUE: (
        "d.number, d.due_at, d.recorded_at, d.id, NULL::bigint",
        "cases_legalorder d",
        f"d.due_at IS NOT NULL AND d.status IN ({UNANSWERED})",
        "d.due_at",
    ),
    ReminderKind.ORDER_ENDS: (
        "d.number, d.ends_at, d.recorded_at, d.id, NULL::bigint",
        "cases_legalorder d",
        "d.ends_at IS NOT NULL AND d.status <> ALL(%(order_final)s)",
        "d.ends_at",
    ),
    ReminderKind.HOLD: (
        "d.number, d.formal_order_by, d.proposed_at, NULL::bigint, d.proposed_by_id",
        "cases_freezeorder d",
        "d.formal_order_by IS NOT NULL AND d.status <> ALL(%(freeze_final)s)",
        "d.formal_order_by",
    ),
    ReminderKind.FREEZE_ENDS: (
        "d.number, d.ends_at, coalesce((SELECT max(c.decided_at) FROM cases_freezechange c WHERE c.freeze_id = d.id "
        "AND c.kind = 'extension' AND c.status = 'agreed'), d.proposed_at), b.order_id, b.responsible_id",
        "cases_freezeorder d LEFT JOIN cases_obligation b ON b.id = d.obligation_id",
        "d.ends_at IS NOT NULL AND d.status <> ALL(%(freeze_final)s)",
        "d.ends_at",
    ),
    ReminderKind.TASK: (
        "d.number, d.due_at, d.written_at, coalesce(d.order_id, b.order_id, fb.order_id), d.assignee_id",
        "cases_casetask d LEFT JOIN cases_obligation b ON b.id = d.obligation_id "
        "LEFT JOIN cases_freezeorder f ON f.id = d.freeze_id "
        "LEFT JOIN cases_obligation fb ON fb.id = f.obligation_id",
        "d.due_at IS NOT NULL AND d.status = 'open'",
        "d.due_at",
    ),
}


def running(*, at: datetime, limit: int = 2000, one: tuple[int, str, int] | None = None) -> list[Subject]:
    """The clocks of which a step may be due and the last did not go out, the nearest first. One query.

    `one` names a single thing by case, kind and number, as it stands now.
    """
    parts = []
    params: dict[str, Any] = {
        "until": at + HORIZON,
        "order_final": sorted(ORDER_FINAL),
        "freeze_final": sorted(FREEZE_FINAL),
        "limit": limit,
    }
    narrowed = ""
    if one is not None:
        params |= {"case": one[0], "number": one[2]}
        narrowed = " AND d.case_id = %(case)s AND d.number = %(number)s"
    for kind, (columns, tables, condition, moment) in _SOURCES.items():
        if one is not None and kind != one[1]:
            continue
        last = str(Step.DUE if kind in NO_AFTER else Step.OVERDUE)
        parts.append(
            f"(SELECT '{kind}', d.case_id, {columns} FROM {tables} JOIN cases_case k ON k.id = d.case_id "  # noqa: S608
            f"WHERE {condition} AND {moment} <= %(until)s AND k.status <> 'closed'{narrowed} AND NOT EXISTS "
            "(SELECT FROM cases_reminder r WHERE r.case_id = d.case_id AND "
            f"r.kind = '{kind}' AND r.number = d.number AND r.due_at = {moment} AND r.step = '{last}') "
            f"ORDER BY {moment}, d.id LIMIT %(limit)s)"
        )
    with connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join(parts), params)
        rows = [
            Subject(kind, case, number, due_at, since, order, responsible)
            for kind, case, number, due_at, since, order, responsible in cursor.fetchall()
        ]
    return sorted(rows, key=lambda row: row.due_at)


def steps_sent(subjects: Iterable[Subject]) -> dict[tuple[int, str, int, datetime], set[str]]:
    """The steps that went out of each of these clocks. One query."""
    found: dict[tuple[int, str, int, datetime], set[str]] = {}
    cases = {subject.case_id for subject in subjects}
    for row in Reminder.objects.filter(case__in=cases).values_list(
        "case_id", "kind", "number", "due_at", "step"
    ):
        found.setdefault(row[:4], set()).add(row[4])
    return found


def reached(subject: Subject, audience: Audience) -> list[User]:
    """Whom a step reaches at this moment: never somebody who may not know the order, and never nobody, if it can be."""
    case = Case.objects.select_related("lead").get(pk=subject.case_id)
    order = None if subject.order_id is None else LegalOrder.objects.get(pk=subject.order_id)

    def able(user: User | None) -> bool:
        if user is None or not user.is_active:
            return False
        if order is not None:
            return may_know(user, order)
        return Case.objects.visible_to(user).filter(pk=case.pk).exists()

    responsible = (
        None if subject.responsible_id is None else User.objects.filter(pk=subject.responsible_id).first()
    )
    approvers = list(
        User.objects.filter(
            memberships__case=case,
            memberships__ended_at__isnull=True,
            memberships__reader=False,
            role=Role.APPROVER,
        ).order_by("pk")
    )
    groups: list[list[User | None]] = [[responsible], [case.lead], [*approvers]]
    if order is not None and order.sealed:
        live = OrderReader.objects.filter(order=order, ended_at__isnull=True)
        groups.append([*User.objects.filter(pk__in=live.values("user_id")).order_by("pk")])
    else:
        members = Membership.objects.filter(case=case, ended_at__isnull=True, reader=False)
        groups.append([*User.objects.filter(pk__in=members.values("user_id")).order_by("pk")])
    wanted = {Audience.RESPONSIBLE: 1, Audience.LEAD: 2, Audience.APPROVERS: 3}[audience]
    told: dict[int, User] = {}
    for place, group in enumerate(groups, start=1):
        if place > wanted and told:
            break
        told |= {user.pk: user for user in group if user is not None and able(user)}
    return [*told.values()]


def notices_of(user: User, sight: Sight | None = None) -> "QuerySet[Notice]":
    """What the person was told, of cases that she may still see and orders that she may still know."""
    seen = sight or Sight.of_user(user)
    rows = Notice.objects.filter(seen.cases_of("reminder__case"), user=user)
    # With none hidden the condition would be that a reminder without an order is not in nothing.
    if isinstance(seen.hidden, QuerySet) or seen.hidden:
        rows = rows.exclude(reminder__order__in=seen.hidden)
    return rows.select_related("reminder__case", "reminder__order")


def notice_list(
    user: User, *, after: str | None = None, before: str | None = None, size: int = PAGE_SIZE
) -> Page[Notice]:
    """The newest first. One query."""
    return keyset(notices_of(user), keys=NEWEST, after=after, before=before, size=size)


def unread(user: User, sight: Sight | None = None, *, limit: int = 8) -> list[Notice]:
    """What the person has not taken note of, the newest first. One query."""
    rows = notices_of(user, sight).filter(read_at__isnull=True).select_related(None)
    return list(
        rows.select_related("reminder__case")
        .only(
            "reminder__kind",
            "reminder__step",
            "reminder__late",
            "reminder__number",
            "reminder__due_at",
            "reminder__case__reference",
        )
        .order_by("-told_at", "-id")[:limit]
    )
