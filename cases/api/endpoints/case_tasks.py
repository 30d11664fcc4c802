"""Tasks of a case, and handing over what a person holds in it."""

from typing import Any

from django.db.models import QuerySet
from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from rest_framework.request import Request
from rest_framework.response import Response

from cases import access
from cases.actions import case_tasks as actions
from cases.actions import handover
from cases.api.base import Endpoint, Paging
from cases.api.base import person as named
from cases.api.endpoints.members import MemberOut
from cases.api.fields import (
    Body,
    Choice,
    Flag,
    Id,
    Moment,
    Person,
    Shape,
    Text,
    TimeZone,
    Whole,
    number,
)
from cases.api.idempotency import Answer
from cases.api.schema import describe
from cases.models import CaseTask, Membership
from cases.permissions import Permission
from cases.queries import case_tasks as queries
from cases.status import TaskStatus

ABOUT = [
    (kind, label)
    for kind, label in (
        ("order", _("An order")),
        ("obligation", _("A duty")),
        ("freeze", _("A freeze")),
        ("alert", _("An alert")),
    )
]


class TaskOut(Shape):
    """A piece of work; at most one of the four numbers says what it is about."""

    number = Whole()
    title = Text()
    text = Text()
    assignee = Person()
    due_at = Moment(allow_null=True)
    time_zone = Text(help_text=_("In which the due moment was given; it is in UTC here."))
    status = Choice(TaskStatus.choices)
    order = Whole(source="order.number", allow_null=True, default=None)
    obligation = Whole(source="obligation.number", allow_null=True, default=None)
    freeze = Whole(source="freeze.number", allow_null=True, default=None)
    alert = Whole(source="alert.number", allow_null=True, default=None)
    written_at = Moment()
    written_by = Person()
    ended_at = Moment(allow_null=True)
    ended_by = Person(allow_null=True)
    outcome = Text(source="ended_words")


class TaskIn(Body):
    """What is to be done, by whom, until when."""

    title = Text(max_length=200)
    text = Text(max_length=5000, allow_blank=True, default="")
    assignee = Id(help_text=_("A person's ID; a member who works in the case."))
    due_at = Moment(required=False, allow_null=True, default=None)
    time_zone = TimeZone(default="UTC")


class NewTaskIn(TaskIn):
    """What is to be done, and which thing of the case it is about."""

    about = Choice(ABOUT, required=False, allow_null=True, default=None)
    about_number = number(required=False, allow_null=True, default=None)


class ChangeTaskIn(TaskIn):
    """The task as it is to be from now on."""

    words = Text(max_length=2000, allow_blank=True, default="", help_text=_("Why it is changed."))


class EndTaskIn(Body):
    """How it ended."""

    to = Choice([(TaskStatus.DONE, TaskStatus.DONE.label), (TaskStatus.DROPPED, TaskStatus.DROPPED.label)])
    words = Text(max_length=2000, allow_blank=True, default="", help_text=_("Needed where it is dropped."))


class HandOverIn(Body):
    """Who takes over, and what to look after."""

    to = Id(help_text=_("A person's ID; a member who works in the case."))
    words = Text(max_length=2000)
    ends_membership = Flag(default=False)


def tasks_of(grant: access.Grant) -> "QuerySet[CaseTask]":
    return queries.tasks_in(grant)


def _stated(data: dict[str, Any]) -> dict[str, Any]:
    return {**data, "assignee": named(data["assignee"], "assignee")}


class Tasks(Endpoint):
    @describe(out=TaskOut, paged=True, query=Paging)
    def get(self, request: Request, ref: str) -> Response:
        """The tasks of the case."""
        return self.walk(TaskOut, tasks_of(self.door(Permission.READ)))

    @describe(out=TaskOut, body=NewTaskIn, status=201)
    def post(self, request: Request, ref: str) -> HttpResponse:
        """Give somebody in the case something to do."""
        grant = self.door(Permission.TASKS)
        data = _stated(self.body(NewTaskIn))
        kind, about = data.pop("about"), data.pop("about_number")

        def act() -> Answer:
            task = actions.give_task(
                grant=grant, at=self.at, about=(kind, about or 0) if kind else None, **data
            )
            return self.answer(
                TaskOut,
                tasks_of(grant).get(number=task.number),
                status=201,
                location=reverse("api-task", args=[ref, task.number]),
            )

        return self.once(act)


class OneTask(Endpoint):
    @describe(out=TaskOut)
    def get(self, request: Request, ref: str, number: int) -> Response:
        """One task."""
        grant = self.door(Permission.READ)
        self.query()
        return self.show(TaskOut, self.numbered(tasks_of(grant)))


class ChangeTask(Endpoint):
    @describe(out=TaskOut, body=ChangeTaskIn)
    def post(self, request: Request, ref: str, number: int) -> HttpResponse:
        """Change an open task: what, who, until when."""
        grant = self.door(Permission.TASKS)
        self.numbered(tasks_of(grant))
        data = _stated(self.body(ChangeTaskIn))

        def act() -> Answer:
            actions.change_task(grant=grant, at=self.at, number=number, **data)
            return self.answer(TaskOut, tasks_of(grant).get(number=number))

        return self.once(act)


class EndTask(Endpoint):
    @describe(out=TaskOut, body=EndTaskIn)
    def post(self, request: Request, ref: str, number: int) -> HttpResponse:
        """End a task: done, or dropped with the reason."""
        grant = self.door(Permission.TASKS)
        self.numbered(tasks_of(grant))
        data = self.body(EndTaskIn)

        def act() -> Answer:
            actions.end_task(grant=grant, at=self.at, number=number, **data)
            return self.answer(TaskOut, tasks_of(grant).get(number=number))

        return self.once(act)


class HandOver(Endpoint):
    @describe(out=MemberOut, body=HandOverIn)
    def post(self, request: Request, ref: str, person: str) -> HttpResponse:
        """Hand over the lead, the open tasks and the open duties of a member, all at once."""
        grant = self.door(Permission.MEMBERS)
        members = Membership.objects.filter(case=grant.case, user__public_id=person)
        leaving = members.filter(ended_at__isnull=True).select_related("user").first()
        if leaving is None:
            raise access.NotFound
        data = self.body(HandOverIn)
        to = named(data.pop("to"), "to")

        def act() -> Answer:
            handover.hand_over(grant=grant, at=self.at, leaving=leaving.user, to=to, **data)
            return self.answer(MemberOut, members.select_related("user", "added_by", "ended_by").latest("pk"))

        return self.once(act)
