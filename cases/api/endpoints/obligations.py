"""Duties in legal orders: each with its own clock and outcome."""

from typing import Any

from django.db.models import QuerySet
from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from rest_framework.request import Request
from rest_framework.response import Response

from cases.actions import orders as actions
from cases.actions.orders import Duty
from cases.api.base import Endpoint, Paging, person
from cases.api.fields import Body, Choice, Id, Moment, Person, Shape, Text, Whole
from cases.api.idempotency import Answer
from cases.api.schema import describe
from cases.models import Case, LegalOrder, Obligation, ObligationKind
from cases.permissions import Permission
from cases.status import ObligationStatus


class ObligationOut(Shape):
    """One duty. Its number is its own within the case."""

    number = Whole()
    order = Whole(source="order.number")
    kind = Choice(ObligationKind.choices)
    text = Text()
    due_at = Moment(allow_null=True)
    responsible = Person(allow_null=True)
    status = Choice(ObligationStatus.choices)
    ended_at = Moment(allow_null=True)
    ended_by = Person(allow_null=True)
    recorded_at = Moment()


class DutyIn(Body):
    """A duty as the paper states it."""

    kind = Choice(ObligationKind.choices)
    text = Text(max_length=5000)
    due_at = Moment(required=False, allow_null=True, default=None)
    responsible = Id(
        required=False, allow_null=True, default=None, help_text=_("A person's ID; a member of the case.")
    )


class ObligationMove(Body):
    """Where to; an outcome needs what shows it."""

    to = Choice(ObligationStatus.choices)
    reason = Text(max_length=2000, allow_blank=True, default="")


class Extension(Body):
    """The later moment, and who granted it."""

    due_at = Moment()
    reason = Text(max_length=2000)


class ObligationsQuery(Paging):
    """Which duties."""

    status = Choice(ObligationStatus.choices, required=False)


def duty_of(data: dict[str, Any], field: str = "responsible") -> Duty:
    """A duty from its checked shape. Raises ValidationError beside `field` where there is no such person."""
    responsible = data["responsible"]
    return Duty(
        kind=data["kind"],
        text=data["text"],
        due_at=data["due_at"],
        responsible=None if responsible is None else person(responsible, field),
    )


def duties_of(case: Case) -> QuerySet[Obligation]:
    return Obligation.objects.filter(case=case).select_related("order", "responsible", "ended_by")


def fresh(case: Case, number: int) -> Obligation:
    """One duty read afresh, with what only the database knows of it."""
    return duties_of(case).get(number=number)


class Obligations(Endpoint):
    @describe(out=ObligationOut, paged=True, query=ObligationsQuery)
    def get(self, request: Request, ref: str) -> Response:
        """The duties of every order in the case."""
        grant = self.door(Permission.READ)
        rows = duties_of(grant.case)
        status = self.query(ObligationsQuery).get("status")
        if status:
            rows = rows.filter(status=status)
        return self.walk(ObligationOut, rows, query=ObligationsQuery)


class OneObligation(Endpoint):
    @describe(out=ObligationOut)
    def get(self, request: Request, ref: str, number: int) -> Response:
        """One duty."""
        grant = self.door(Permission.READ)
        self.query()
        return self.show(ObligationOut, self.numbered(duties_of(grant.case)))


class OrderObligations(Endpoint):
    @describe(out=ObligationOut, body=DutyIn, status=201)
    def post(self, request: Request, ref: str, number: int) -> HttpResponse:
        """Add a duty to the order."""
        grant = self.door(Permission.ORDERS)
        self.numbered(LegalOrder.objects.filter(case=grant.case))
        data = self.body(DutyIn)

        def act() -> Answer:
            made = actions.add_obligation(grant=grant, at=self.at, order_number=number, duty=duty_of(data))
            return self.answer(
                ObligationOut,
                fresh(grant.case, made.number),
                status=201,
                location=reverse("api-obligation", args=[ref, made.number]),
            )

        return self.once(act)


class MoveObligation(Endpoint):
    @describe(out=ObligationOut, body=ObligationMove)
    def post(self, request: Request, ref: str, number: int) -> HttpResponse:
        """Start a duty or record its outcome; the order follows."""
        grant = self.door(Permission.ORDERS)
        self.numbered(duties_of(grant.case))
        data = self.body(ObligationMove)

        def act() -> Answer:
            actions.move_obligation(grant=grant, at=self.at, number=number, **data)
            return self.answer(ObligationOut, fresh(grant.case, number))

        return self.once(act)


class ExtendObligation(Endpoint):
    @describe(out=ObligationOut, body=Extension)
    def post(self, request: Request, ref: str, number: int) -> HttpResponse:
        """Give a duty a later due moment; the record holds both."""
        grant = self.door(Permission.ORDERS)
        self.numbered(duties_of(grant.case))
        data = self.body(Extension)

        def act() -> Answer:
            actions.extend_obligation(grant=grant, at=self.at, number=number, **data)
            return self.answer(ObligationOut, fresh(grant.case, number))

        return self.once(act)
