"""Cover and ladder: what orders ask for, what is held, what went which way. Amounts are base units as text."""

from django.http import HttpResponse
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from cases.actions import cover as actions
from cases.api.base import Endpoint
from cases.api.fields import Amount, Body, Choice, Flag, Moment, Person, Shape, SignedAmount, Text, Whole
from cases.api.idempotency import Answer
from cases.api.schema import describe
from cases.models import LadderEntry, Obligation, Rung
from cases.permissions import Permission
from cases.queries import cover as queries


class CoverRowOut(Shape):
    """One asset under one order. `secured` = frozen + under_way + transferred + given_free, to the unit."""

    order = Whole()
    asset = Text()
    decimals = Whole()
    ordered = Amount(allow_null=True, help_text=_("null: all that is there, or nothing was stated."))
    stated = Flag()
    frozen = Amount(allow_null=True, help_text=_("null: nobody knows what stood there."))
    under_way = Amount()
    transferred = Amount()
    given_free = Amount()
    secured = Amount(allow_null=True)
    seized = Amount()
    forfeited = Amount()
    returned = Amount()
    shortfall = Amount(allow_null=True)
    freezes = serializers.ListField(child=Whole())


class AtRiskOut(Shape):
    """One asset of one attached target, and what of it is not frozen."""

    kind = Choice([("wallet", _("A wallet")), ("account", _("An account"))])
    number = Whole()
    name = Text()
    asset = Text(source="unit.symbol")
    decimals = Whole(source="unit.decimals")
    there = Amount(allow_null=True, help_text=_("null: never read."))
    frozen = Amount()
    at_risk = Amount(allow_null=True)
    as_of = Moment(allow_null=True)
    block = Whole(allow_null=True)
    stale = Flag()


class LadderEntryOut(Shape):
    """That a part was seized, forfeited or returned; negative where it takes back an earlier entry."""

    number = Whole()
    obligation = Whole(source="obligation.number")
    rung = Choice(Rung.choices)
    asset = Text()
    decimals = Whole()
    amount = SignedAmount()
    happened_at = Moment()
    basis = Text()
    corrects = Whole(source="corrects.number", allow_null=True, default=None)
    written_at = Moment()
    written_by = Person()


class CoverOut(Shape):
    """The ladder of the case's orders, what is attached but not frozen, and the entries."""

    rows = CoverRowOut(many=True)
    at_risk = AtRiskOut(many=True)
    entries = LadderEntryOut(many=True)


class OrderedIn(Body):
    """How much of an asset a duty asks for."""

    asset = Text(max_length=20)
    decimals = Whole(min_value=0, max_value=36)
    amount = Amount(required=False, allow_null=True, default=None, help_text=_("null: all that is there."))


class RungIn(Body):
    """What happened to a part of it, by which paper."""

    rung = Choice(Rung.choices)
    asset = Text(max_length=20)
    decimals = Whole(min_value=0, max_value=36)
    amount = Amount()
    happened_at = Moment()
    basis = Text(max_length=300)


class TakeBackIn(Body):
    """Why an entry is wrong."""

    reason = Text(max_length=300)


class CaseCover(Endpoint):
    @describe(out=CoverOut)
    def get(self, request: Request, ref: str) -> Response:
        """Cover and ladder of the case."""
        grant = self.door(Permission.READ)
        self.query()
        cover = queries.cover_of(grant.case, at=self.at)
        entries = queries.entries_of(grant.case)
        return self.show(CoverOut, {"rows": cover.rows, "at_risk": cover.at_risk, "entries": entries})


class Recording(Endpoint):
    """What records something and shows the cover as it stands then."""

    def after(self) -> Answer:
        case = self.door(Permission.ORDERS).case
        cover = queries.cover_of(case, at=self.at)
        entries = queries.entries_of(case)
        return self.answer(
            CoverOut, {"rows": cover.rows, "at_risk": cover.at_risk, "entries": entries}, status=201
        )


class StateOrdered(Recording):
    @describe(out=CoverOut, body=OrderedIn, status=201)
    def post(self, request: Request, ref: str, number: int) -> HttpResponse:
        """State how much of an asset a duty asks for. The newest statement counts."""
        grant = self.door(Permission.ORDERS)
        self.numbered(Obligation.objects.of(grant.case))
        data = self.body(OrderedIn)

        def act() -> Answer:
            actions.state_ordered(grant=grant, at=self.at, number=number, **data)
            return self.after()

        return self.once(act)


class AddRung(Recording):
    @describe(out=CoverOut, body=RungIn, status=201)
    def post(self, request: Request, ref: str, number: int) -> HttpResponse:
        """Record that a part was seized, forfeited or returned."""
        grant = self.door(Permission.ORDERS)
        self.numbered(Obligation.objects.of(grant.case))
        data = self.body(RungIn)

        def act() -> Answer:
            actions.add_rung(grant=grant, at=self.at, number=number, **data)
            return self.after()

        return self.once(act)


class TakeBackRung(Recording):
    @describe(out=CoverOut, body=TakeBackIn, status=201)
    def post(self, request: Request, ref: str, number: int) -> HttpResponse:
        """Take a wrong entry back by another; both stand."""
        grant = self.door(Permission.ORDERS)
        self.numbered(LadderEntry.objects.of(grant.case))
        data = self.body(TakeBackIn)

        def act() -> Answer:
            actions.take_back_rung(grant=grant, at=self.at, number=number, **data)
            return self.after()

        return self.once(act)
