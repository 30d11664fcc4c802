"""What identifies a subject: listed masked, seen in full by a call of its own, which is told in the record."""

from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from cases.actions import particulars as actions
from cases.api.base import Endpoint, Paging
from cases.api.fields import Body, Choice, Moment, Person, Shape, Text, Whole
from cases.api.idempotency import Answer
from cases.api.schema import describe
from cases.models import Particular, ParticularKind
from cases.permissions import Permission
from cases.queries import particulars as queries


class ParticularOut(Shape):
    """A particular, masked: of a number its last four signs at most. `readable` is false once its key was destroyed."""

    number = Whole()
    subject = Whole(source="subject.number")
    kind = Choice(ParticularKind.choices)
    country = Text()
    masked = serializers.SerializerMethodField()
    readable = serializers.SerializerMethodField()
    known_from = Text(source="source")
    added_at = Moment()
    added_by = Person()
    withdrawn = serializers.SerializerMethodField()
    withdrawn_at = Moment(allow_null=True)
    withdrawn_by = Person(allow_null=True)
    withdrawn_because = Text()

    def get_masked(self, row: Particular) -> str:
        return queries.shown(row).masked

    def get_readable(self, row: Particular) -> bool:
        return queries.shown(row).readable

    def get_withdrawn(self, row: Particular) -> bool:
        return row.withdrawn_at is not None


class ParticularIn(Body):
    """A new particular of a subject."""

    subject = Whole(help_text=_("The subject's number in the case."))
    kind = Choice(ParticularKind.choices)
    value = Text(
        max_length=500, help_text=_("A date as 1990-04-23; a telephone number with its country code.")
    )
    country = Text(max_length=2, allow_blank=True, default="", help_text=_("The issuer's, two letters."))
    known_from = Text(source="source", max_length=500)


class WithdrawIn(Body):
    """Why it was wrong."""

    reason = Text(max_length=500)


class ValueOut(Shape):
    """The value in full. That it was seen is in the record."""

    number = Whole()
    kind = Choice(ParticularKind.choices)
    value = Text()


class Particulars(Endpoint):
    @describe(out=ParticularOut, paged=True, query=Paging)
    def get(self, request: Request, ref: str) -> Response:
        """What identifies the subjects of the case, masked."""
        grant = self.door(Permission.READ)
        return self.walk(ParticularOut, queries.of_case(grant.case))

    @describe(out=ParticularOut, body=ParticularIn, status=201)
    def post(self, request: Request, ref: str) -> HttpResponse:
        """Record what identifies a subject; it is kept sealed."""
        grant = self.door(Permission.IDENTITY)
        data = self.body(ParticularIn)

        def act() -> Answer:
            row = actions.add_particular(grant=grant, at=self.at, **data)
            return self.answer(
                ParticularOut, row, status=201, location=reverse("api-particular", args=[ref, row.number])
            )

        return self.once(act)


class OneParticular(Endpoint):
    @describe(out=ParticularOut)
    def get(self, request: Request, ref: str, number: int) -> Response:
        """One particular, masked."""
        grant = self.door(Permission.READ)
        self.query()
        return self.show(ParticularOut, self.numbered(queries.of_case(grant.case)))


class ViewParticular(Endpoint):
    @describe(out=ValueOut)
    def post(self, request: Request, ref: str, number: int) -> Response:
        """See it in full. Each call is told in the record; the answer is not kept."""
        grant = self.door(Permission.IDENTITY)
        self.numbered(queries.of_case(grant.case))
        row, value = actions.view_particular(grant=grant, at=self.at, number=number)
        return self.show(ValueOut, {"number": row.number, "kind": row.kind, "value": value})


class WithdrawParticular(Endpoint):
    @describe(out=ParticularOut, body=WithdrawIn)
    def post(self, request: Request, ref: str, number: int) -> HttpResponse:
        """Withdraw one that was wrong; it stays on record, sealed, and is no longer found."""
        grant = self.door(Permission.IDENTITY)
        self.numbered(queries.of_case(grant.case))
        data = self.body(WithdrawIn)
        return self.once(
            lambda: self.answer(
                ParticularOut,
                actions.withdraw_particular(grant=grant, at=self.at, number=number, **data),
            )
        )
