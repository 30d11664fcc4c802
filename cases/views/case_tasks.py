"""The tasks of a case: the list, one of them, giving, changing and ending one."""

from datetime import UTC
from typing import Any
from zoneinfo import ZoneInfo

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET, require_http_methods

from cases import access
from cases.access import Grant, NotFound
from cases.actions import case_tasks as actions
from cases.forms.case_tasks import ChangeTaskForm, EndTaskForm, NewTaskForm
from cases.models import CaseTask
from cases.permissions import Permission
from cases.queries import case_tasks as queries
from cases.status import CaseStatus, TaskStatus
from cases.views.base import answer_form, bound, case_page, person_of


def _page_of(task: CaseTask, grant: Grant) -> str:
    return reverse("task-detail", args=[grant.case.reference, task.number])


def _found(grant: Grant, number: int) -> CaseTask:
    task = queries.task_in(grant, number)
    if task is None:
        raise NotFound
    return task


def may_work(grant: Grant) -> bool:
    """Whether the pages offer this person to give, change and end tasks."""
    return grant.may(Permission.TASKS) and grant.case.status != CaseStatus.CLOSED


@require_GET
def task_list(request: HttpRequest, ref: str) -> HttpResponse:
    grant = access.case_for(person_of(request), ref, Permission.READ)
    context = {
        "page": queries.task_list(grant, after=request.GET.get("after"), before=request.GET.get("before")),
        "may_work": may_work(grant),
        "now": timezone.now(),
    }
    return case_page(request, grant, "case_tasks/list.html", context)


@require_GET
def task_detail(request: HttpRequest, ref: str, number: int) -> HttpResponse:
    grant = access.case_for(person_of(request), ref, Permission.READ)
    task = _found(grant, number)
    context = {
        "task": task,
        "may_work": may_work(grant) and task.status == TaskStatus.OPEN,
        "now": timezone.now(),
    }
    return case_page(request, grant, "case_tasks/detail.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def task_create(request: HttpRequest, ref: str) -> HttpResponse:
    """A link from elsewhere may name what the task is about: `?about=order:3`."""
    grant = access.case_for(person_of(request), ref, Permission.TASKS)
    initial = {"assignee": grant.user.public_id, "about": request.GET.get("about", "")}
    return answer_form(
        request,
        form=bound(NewTaskForm, request, grant=grant, initial=initial),
        grant=grant,
        template="case_tasks/form.html",
        act=lambda data: actions.give_task(grant=grant, at=timezone.now(), **data),
        done=lambda task: _page_of(task, grant),
        message=lambda task: _("%(name)s has the task now.") % {"name": task.assignee.name},
    )


@require_http_methods(["GET", "HEAD", "POST"])
def task_change(request: HttpRequest, ref: str, number: int) -> HttpResponse:
    grant = access.case_for(person_of(request), ref, Permission.TASKS)
    task = _found(grant, number)
    return answer_form(
        request,
        form=bound(ChangeTaskForm, request, grant=grant, initial=_as_typed(task)),
        grant=grant,
        template="case_tasks/form.html",
        context={"task": task},
        act=lambda data: actions.change_task(grant=grant, at=timezone.now(), number=number, **data),
        done=lambda changed: _page_of(changed, grant),
        message=_("The task was changed."),
    )


def _as_typed(task: CaseTask) -> dict[str, Any]:
    clock = None
    if task.due_at is not None:
        clock = task.due_at.astimezone(UTC).astimezone(ZoneInfo(task.time_zone)).replace(tzinfo=None)
    return {
        "title": task.title,
        "text": task.text,
        "assignee": task.assignee.public_id,
        "due_at": clock,
        "time_zone": task.time_zone,
    }


@require_http_methods(["GET", "HEAD", "POST"])
def task_end(request: HttpRequest, ref: str, number: int) -> HttpResponse:
    grant = access.case_for(person_of(request), ref, Permission.TASKS)
    task = _found(grant, number)
    return answer_form(
        request,
        form=bound(EndTaskForm, request, initial={"to": "done"}),
        grant=grant,
        template="case_tasks/end.html",
        context={"task": task},
        act=lambda data: actions.end_task(grant=grant, at=timezone.now(), number=number, **data),
        done=lambda ended: reverse("task-list", args=[grant.case.reference]),
        message=lambda ended: _("The task is now: %(status)s.") % {"status": ended.get_status_display()},
    )
