"""Instruments: what each permits, needs and starts, with its source. A change is a further version."""

from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from cases.access import require_global
from cases.actions import instruments as actions
from cases.api.base import Endpoint, NoParameters
from cases.api.fields import Body, Choice, Flag, Moment, Person, Shape, Text, Whole
from cases.api.idempotency import Answer
from cases.api.schema import describe
from cases.models import ObligationKind, RuleConfidence
from cases.models.instruments import NEEDABLE
from cases.permissions import GlobalPermission
from cases.queries import instruments as queries
from cases.queries.paging import Page


class InstrumentOut(Shape):
    """One version of an instrument; the list gives the newest of each."""

    key = Text()
    version = Whole()
    label = Text()  # type: ignore[assignment]
    permits = serializers.ListField(child=Text())
    needs = serializers.ListField(child=Text())
    clocks = serializers.DictField(child=serializers.ListField(child=Text()))
    terms = Text()
    is_informal = Flag()
    is_emergency = Flag()
    is_retired = Flag()
    source = Text()  # type: ignore[assignment]
    confidence = Choice(RuleConfidence.choices)
    reason = Text()
    changed_at = Moment(allow_null=True)
    changed_by = Person(allow_null=True)


class VersionsOut(Shape):
    """Every version of one instrument, the newest first."""

    versions = InstrumentOut(many=True)


class ChangeIn(Body):
    """The whole of a further version."""

    label = Text(max_length=120)  # type: ignore[assignment]
    permits = serializers.ListField(child=Choice(ObligationKind.choices), min_length=1)
    needs = serializers.ListField(child=Choice(list(NEEDABLE.items())), default=list)
    clocks = serializers.DictField(
        child=serializers.ListField(child=Text(max_length=60)),
        default=dict,
        help_text=_("{kind of duty: [keys of clock rules]}, the usual one first."),
    )
    terms = Text(max_length=300, allow_blank=True, default="")
    is_informal = Flag(default=False)
    is_emergency = Flag(default=False)
    is_retired = Flag(default=False)
    source = Text(max_length=300)  # type: ignore[assignment]
    confidence = Choice(RuleConfidence.choices)
    reason = Text(max_length=500, help_text=_("Why it is changed."))


class AddIn(ChangeIn):
    """The first version of an instrument that was not known."""

    key = Text(max_length=30)


class Instruments(Endpoint):
    @describe(out=InstrumentOut, paged=True, query=NoParameters)
    def get(self, request: Request) -> Response:
        """Every instrument as it counts now, on one page."""
        require_global(self.user, GlobalPermission.RULES_READ)
        self.query()
        return self.page(InstrumentOut, Page(queries.instruments(), None, None))

    @describe(out=InstrumentOut, body=AddIn, status=201)
    def post(self, request: Request) -> HttpResponse:
        """Add an instrument that was not known."""
        require_global(self.user, actions.LEAVE)
        data = self.body(AddIn)

        def act() -> Answer:
            made = actions.add_instrument(by=self.user, at=self.at, **data)
            return self.answer(
                InstrumentOut, made, status=201, location=reverse("api-instrument", args=[made.key])
            )

        return self.once(act)


class OneInstrument(Endpoint):
    @describe(out=VersionsOut)
    def get(self, request: Request, key: str) -> Response:
        """Every version of one instrument."""
        require_global(self.user, GlobalPermission.RULES_READ)
        self.query()
        queries.instrument_of(key)
        return self.show(VersionsOut, {"versions": queries.versions_of(key)})


class ChangeInstrument(Endpoint):
    @describe(out=InstrumentOut, body=ChangeIn)
    def post(self, request: Request, key: str) -> HttpResponse:
        """Write the next version. Orders on record keep theirs."""
        require_global(self.user, actions.LEAVE)
        queries.instrument_of(key)
        data = self.body(ChangeIn)

        def act() -> Answer:
            return self.answer(
                InstrumentOut, actions.change_instrument(by=self.user, at=self.at, key=key, **data)
            )

        return self.once(act)
