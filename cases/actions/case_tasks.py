"""Pieces of work in a case: given to one person, changed while open, done or dropped."""

from datetime import datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from cases.access import Grant, may_know
from cases.actions.base import (
    ActionError,
    NoSuchItem,
    change_fields,
    event_value,
    lock_open_case,
    move_or_refuse,
    next_number,
    require_status,
    write_event,
)
from cases.audit.record import utc_text
from cases.models import Alert, Case, CaseTask, FreezeOrder, LegalOrder, Membership, Obligation
from cases.people.models import User
from cases.permissions import CASEWORK_ROLES, Permission
from cases.status import TaskStatus

ABOUT = {"order": LegalOrder, "obligation": Obligation, "freeze": FreezeOrder, "alert": Alert}


@transaction.atomic
def give_task(
    *,
    grant: Grant,
    at: datetime,
    title: str,
    assignee: User,
    text: str = "",
    due_at: datetime | None = None,
    time_zone: str = "UTC",
    about: tuple[str, int] | None = None,
) -> CaseTask:
    """Give somebody in the case something to do.

    `about` names one thing in it: ("order", 3), an obligation, a freeze, an alert.
    """
    grant.require(Permission.TASKS)
    case = lock_open_case(grant, at=at)
    if not title.strip():
        raise ActionError(_("Say what is to be done."), field="title")
    require_zone(time_zone)
    linked = _found(case, about)
    task = CaseTask(
        case=case,
        number=next_number(CaseTask, case),
        title=title.strip(),
        text=text.strip(),
        assignee=assignee,
        due_at=due_at,
        time_zone=time_zone,
        written_at=at,
        written_by=grant.user,
        **linked,
    )
    require_able(case, assignee, order_id=task.subject_order_id)
    task.save(force_insert=True)
    write_event(
        grant,
        action="task.given",
        at=at,
        kind="task",
        number=task.number,
        details={
            "title": task.title,
            "text": task.text,
            "assignee": event_value(assignee),
            "due_at": None if due_at is None else utc_text(due_at),
            "time_zone": time_zone,
            "about": None if about is None else {"kind": about[0], "number": about[1]},
            **of_order(task),
        },
    )
    return task


@transaction.atomic
def change_task(
    *,
    grant: Grant,
    at: datetime,
    number: int,
    title: str,
    assignee: User,
    text: str = "",
    due_at: datetime | None = None,
    time_zone: str = "UTC",
    words: str = "",
) -> CaseTask:
    """Change an open task: what, who, until when. The event holds old and new."""
    grant.require(Permission.TASKS)
    case = lock_open_case(grant, at=at)
    task = open_task(case, number)
    if not title.strip():
        raise ActionError(_("Say what is to be done."), field="title")
    require_zone(time_zone)
    if assignee.pk != task.assignee_id:
        require_able(case, assignee, order_id=task.subject_order_id)
    changed = change_fields(
        task,
        {
            "title": title.strip(),
            "text": text.strip(),
            "assignee": assignee,
            "due_at": due_at,
            "time_zone": time_zone,
        },
    )
    if changed:
        write_event(
            grant,
            action="task.changed",
            at=at,
            kind="task",
            number=number,
            details={"title": task.title, "changes": changed, "reason": words.strip(), **of_order(task)},
        )
    return task


@transaction.atomic
def end_task(*, grant: Grant, at: datetime, number: int, to: str, words: str = "") -> CaseTask:
    """Say that a task is done, or drop it with the reason. By any member who may work in the case."""
    grant.require(Permission.TASKS)
    case = lock_open_case(grant, at=at)
    task = open_task(case, number)
    source, target = move_or_refuse(task, to)
    if target == TaskStatus.DROPPED and not words.strip():
        raise ActionError(_("Say why the task is dropped."), field="words")
    task.ended_at, task.ended_by, task.ended_words = at, grant.user, words.strip()
    task.save(update_fields=["status", "ended_at", "ended_by", "ended_words"])
    write_event(
        grant,
        action="task.ended",
        at=at,
        kind="task",
        number=number,
        details={
            "title": task.title,
            "from": source,
            "to": target,
            "reason": words.strip(),
            **of_order(task),
        },
    )
    return task


def open_task(case: Case, number: int) -> CaseTask:
    """The open task with this number, locked. Raises NoSuchItem, also for one that the person may not know of."""
    task = (
        CaseTask.objects.select_for_update(of=("self",), no_key=True)
        .select_related("assignee", "order", "obligation__order", "freeze__obligation__order")
        .filter(case=case, number=number)
        .first()
    )
    # By the lock, not by the door: a seal that was put on since then holds already.
    if task is None or task.subject_order_id in case.hidden_orders:
        raise NoSuchItem(_("This case has no such task."))
    require_status(task, TaskStatus.OPEN)
    return task


def of_order(task: CaseTask) -> dict[str, object]:
    """Which order a task's event belongs to, so that it is told to those alone who may know the order."""
    if task.subject_order_id is None:
        return {}
    return {"order": LegalOrder.objects.values_list("number", flat=True).get(pk=task.subject_order_id)}


def require_zone(name: str) -> None:
    """Raises ActionError where there is no such time zone."""
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ActionError(_("There is no such time zone."), field="time_zone") from error


def require_able(case: Case, user: User, *, order_id: int | None = None, field: str = "assignee") -> None:
    """Raises ActionError for somebody who may not work in the case, or may not know of the order."""
    member = Membership.objects.filter(case=case, user=user, reader=False, ended_at__isnull=True).exists()
    if not (member and user.is_active and user.role in CASEWORK_ROLES):
        raise ActionError(_("Only a member who may work in the case can have this to do."), field=field)
    if order_id is not None and not may_know(user, LegalOrder.objects.get(pk=order_id)):
        raise ActionError(_("This person may not know what it is about."), field=field)


def _found(case: Case, about: tuple[str, int] | None) -> dict[str, object]:
    if about is None:
        return {}
    kind, number = about
    if kind not in ABOUT:
        raise ActionError(_("A task is about an order, a duty, a freeze or an alert."), field="about")
    row = ABOUT[kind]._default_manager.filter(case=case, number=number).first()
    hidden = row is not None and CaseTask(**{kind: row}).subject_order_id in case.hidden_orders
    if row is None or hidden:
        raise ActionError(_("The case has nothing under this number."), field="about")
    return {kind: row}
