"""What the exchange's own system was asked in a case, and the checklist of the way by hand."""

from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from rest_framework.request import Request
from rest_framework.response import Response

from cases.actions import connectors as actions
from cases.api.base import Endpoint, Paging
from cases.api.fields import Body, Choice, Id, Moment, Nothing, Person, Shape, Text, Whole
from cases.api.idempotency import Answer
from cases.api.schema import describe
from cases.models import CallKind, ChecklistItem, FreezeOrder
from cases.permissions import Permission
from cases.queries.connectors import calls_of, ticks_of
from cases.queries.paging import Key
from cases.status import CallStatus

TICK_KEYS = (Key("pk", int),)


class CallOut(Shape):
    """One call: what was asked, under which key, and what came of it."""

    number = Whole()
    freeze = Whole(source="freeze.number")
    kind = Choice(CallKind.choices)
    about = Whole(help_text=_("The number of the change or transfer; 0: the freeze itself."))
    key = Id()
    status = Choice(CallStatus.choices)
    asked_at = Moment()
    asked_by = Person(allow_null=True)
    attempts = Whole()
    next_at = Moment(allow_null=True)
    sent_at = Moment(allow_null=True)
    answered_at = Moment(allow_null=True)
    ended_at = Moment(allow_null=True)
    last_error = Text()
    reference = Text()
    state_there = Text()


class RetryIn(Body):
    """Why it is asked again."""

    reason = Text(max_length=2000)


class TickIn(Body):
    """One item of the checklist."""

    item = Choice(ChecklistItem.choices)
    note = Text(max_length=300, required=False, allow_blank=True, default="")


class TickOut(Shape):
    """Who ticked it, when, in which try to set the hold."""

    item = Choice(ChecklistItem.choices)
    attempt = Whole()
    note = Text()
    ticked_at = Moment()
    ticked_by = Person()


class Calls(Endpoint):
    @describe(out=CallOut, paged=True)
    def get(self, request: Request, ref: str) -> Response:
        """What the exchange's own system was asked in this case."""
        return self.walk(CallOut, calls_of(self.door(Permission.READ).case), query=Paging)


class OneCall(Endpoint):
    @describe(out=CallOut)
    def get(self, request: Request, ref: str, number: int) -> Response:
        """One call."""
        grant = self.door(Permission.READ)
        self.query()
        return self.show(CallOut, self.numbered(calls_of(grant.case)))


class RetryCall(Endpoint):
    @describe(out=CallOut, body=RetryIn)
    def post(self, request: Request, ref: str, number: int) -> HttpResponse:
        """Ask again: under the same key after silence, by a new call after a refusal."""
        grant = self.door(Permission.FREEZE_APPLY)
        self.numbered(calls_of(grant.case))
        data = self.body(RetryIn)

        def act() -> Answer:
            call = actions.retry_call(grant=grant, at=self.at, number=number, **data)
            return self.answer(CallOut, calls_of(grant.case).get(pk=call.pk))

        return self.once(act)


class AskStatus(Endpoint):
    @describe(out=CallOut, body=Nothing, status=201)
    def post(self, request: Request, ref: str, number: int) -> HttpResponse:
        """Ask how the hold stands there, and what the account holds."""
        grant = self.door(Permission.FREEZE_APPLY)
        self.numbered(FreezeOrder.objects.of(grant.case))
        self.body(Nothing)

        def act() -> Answer:
            call = actions.ask_for_status(grant=grant, at=self.at, number=number)
            return self.answer(
                CallOut,
                calls_of(grant.case).get(pk=call.pk),
                status=201,
                location=reverse("api-call", args=[ref, call.number]),
            )

        return self.once(act)


class Ticks(Endpoint):
    @describe(out=TickOut, paged=True)
    def get(self, request: Request, ref: str, number: int) -> Response:
        """The items of the checklist that are ticked, in the order in which they were."""
        grant = self.door(Permission.READ)
        self.numbered(FreezeOrder.objects.of(grant.case))
        return self.walk(TickOut, ticks_of(grant.case, number), keys=TICK_KEYS)

    @describe(out=TickOut, body=TickIn, status=201)
    def post(self, request: Request, ref: str, number: int) -> HttpResponse:
        """Tick one item for a hold that is set by hand."""
        grant = self.door(Permission.FREEZE_APPLY)
        self.numbered(FreezeOrder.objects.of(grant.case))
        data = self.body(TickIn)

        def act() -> Answer:
            tick = actions.tick_item(grant=grant, at=self.at, number=number, **data)
            return self.answer(TickOut, tick, status=201)

        return self.once(act)
