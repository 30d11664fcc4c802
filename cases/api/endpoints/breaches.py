"""Breaches of freezes: a frozen target held less than its freeze says."""

from django.http import HttpResponse
from django.utils.translation import gettext_lazy as _
from rest_framework.request import Request
from rest_framework.response import Response

from cases.actions import watchdog as actions
from cases.api.base import Endpoint, Paging
from cases.api.fields import Amount, Body, Moment, Person, Shape, Text, Whole
from cases.api.idempotency import Answer
from cases.api.schema import describe
from cases.permissions import Permission
from cases.queries import breaches as queries


class BreachOut(Shape):
    """One outflow below what is frozen; amounts in base units, as text."""

    number = Whole()
    freeze = Whole(source="freeze.number")
    asset = Text()
    decimals = Whole()
    frozen = Amount(source="required", help_text=_("What had to stand there."))
    before = Amount(allow_null=True, help_text=_("null: not known."))
    after = Amount()
    missing = Amount()
    block = Whole(source="batch.block_height", allow_null=True, default=None)
    seen_at = Moment()
    raised_at = Moment()
    acknowledged_at = Moment(allow_null=True)
    acknowledged_by = Person(allow_null=True)
    note = Text()


class AnswerIn(Body):
    """What came of it."""

    note = Text(max_length=5000)


class Breaches(Endpoint):
    @describe(out=BreachOut, paged=True, query=Paging)
    def get(self, request: Request, ref: str) -> Response:
        """The breaches of the case's freezes."""
        return self.walk(BreachOut, queries.breaches_of(self.door(Permission.READ).case))


class OneBreach(Endpoint):
    @describe(out=BreachOut)
    def get(self, request: Request, ref: str, number: int) -> Response:
        """One breach."""
        grant = self.door(Permission.READ)
        self.query()
        return self.show(BreachOut, self.numbered(queries.breaches_of(grant.case)))


class AnswerBreach(Endpoint):
    @describe(out=BreachOut, body=AnswerIn)
    def post(self, request: Request, ref: str, number: int) -> HttpResponse:
        """Record once what came of a breach."""
        grant = self.door(Permission.FREEZE_APPLY)
        self.numbered(queries.breaches_of(grant.case))
        data = self.body(AnswerIn)

        def act() -> Answer:
            actions.answer_breach(grant=grant, at=self.at, number=number, **data)
            return self.answer(BreachOut, queries.breach_of(grant.case, number))

        return self.once(act)
