"""The tasks of a case, and a person's own."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from django.db.models import Case as CaseExpression
from django.db.models import F, IntegerField, Q, QuerySet, Value, When

from cases.access import Grant
from cases.models import CaseTask
from cases.people.models import User
from cases.queries.paging import Key, Page, keyset
from cases.queries.sight import Sight
from cases.status import TaskStatus

LIST_SIZE = 50
LIMIT = 25
LIST_KEYS = (Key("rank", int), Key("number", int, descending=True))


def hidden_orders(grant: Grant) -> frozenset[int]:
    """The keys of the case's sealed orders that this person may not know of."""
    return grant.hidden_orders


def about_hidden(orders: "Collection[int] | QuerySet[Any, int]") -> Q:
    """Tasks about one of these orders, a duty in it or a freeze under it."""
    return Q(order__in=orders) | Q(obligation__order__in=orders) | Q(freeze__obligation__order__in=orders)


def tasks_in(grant: Grant) -> "QuerySet[CaseTask]":
    """The tasks of the case that the person may know of, with all that a list shows of them."""
    rows = CaseTask.objects.filter(case=grant.case)
    hidden = hidden_orders(grant)
    if hidden:
        rows = rows.exclude(
            pk__in=CaseTask.objects.filter(about_hidden(hidden), case=grant.case).values("pk")
        )
    return rows.select_related(
        "assignee", "written_by", "ended_by", "order", "obligation__order", "freeze__obligation", "alert"
    ).annotate(
        rank=CaseExpression(
            When(status=TaskStatus.OPEN, then=Value(0)), default=Value(1), output_field=IntegerField()
        )
    )


def task_in(grant: Grant, number: int) -> CaseTask | None:
    """One task of the case; None where it is not there, or not for this person."""
    return tasks_in(grant).filter(number=number).first()


def task_list(grant: Grant, *, after: str | None = None, before: str | None = None) -> Page[CaseTask]:
    """The open tasks, the newest first, then those that ended. One query."""
    return keyset(tasks_in(grant), keys=LIST_KEYS, after=after, before=before, size=LIST_SIZE)


def my_tasks(user: User, sight: Sight, *, limit: int = LIMIT) -> list[CaseTask]:
    """What the person has to do in the cases that she sees, the nearest due first, then those without a date. One query."""
    rows = CaseTask.objects.filter(sight.cases, assignee=user, status=TaskStatus.OPEN)
    if isinstance(sight.hidden, QuerySet) or sight.hidden:
        rows = rows.exclude(
            pk__in=CaseTask.objects.filter(about_hidden(sight.hidden), assignee=user).values("pk")
        )
    return list(
        rows.select_related("case")
        .only("number", "title", "due_at", "case__reference", "case__title")
        .order_by(F("due_at").asc(nulls_last=True), "id")[:limit]
    )


def mine_in(grant: Grant, *, limit: int = LIMIT) -> list[CaseTask]:
    """The same in one case. One query."""
    rows = tasks_in(grant).filter(assignee=grant.user, status=TaskStatus.OPEN)
    return list(rows.order_by(F("due_at").asc(nulls_last=True), "number")[:limit])


def is_overdue(task: CaseTask, at: datetime) -> bool:
    """Whether an open task's moment has passed."""
    return task.status == TaskStatus.OPEN and task.due_at is not None and task.due_at < at
