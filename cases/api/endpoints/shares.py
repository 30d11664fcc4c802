"""Matters shared with liaisons: one order and what rests on it."""

from django.db.models import CharField, QuerySet
from django.db.models.functions import Cast
from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from cases.actions import shares as actions
from cases.api.base import Endpoint, Paging, person
from cases.api.endpoints.members import Colleague
from cases.api.endpoints.people import KEYS as PEOPLE_KEYS
from cases.api.fields import Body, Id, Moment, Person, Shape, Text, Whole, number
from cases.api.idempotency import Answer
from cases.api.schema import describe
from cases.models import Case, MatterShare
from cases.people.models import Role, User
from cases.permissions import Permission


class ShareOut(Shape):
    """A share: who sees which order, until when."""

    number = Whole()
    reference = Text(help_text=_("Under which the liaison finds the matter; not the case's."))
    order = Whole(source="order.number")
    liaison = Colleague()
    purpose = Text()
    shared_at = Moment()
    shared_by = Person()
    ends_at = Moment(allow_null=True)
    ended_at = Moment(allow_null=True)
    ended_by = Person(allow_null=True)
    live = serializers.SerializerMethodField()

    def get_live(self, share: MatterShare) -> bool:
        at = self.context["at"]
        return share.ended_at is None and (share.ends_at is None or share.ends_at > at)


class ShareIn(Body):
    """What to share, with whom, for what."""

    order = number(help_text=_("The order's number."))
    liaison = Id(help_text=_("A person's ID; a liaison."))
    purpose = Text(max_length=500)
    ends_at = Moment(required=False, allow_null=True, default=None)


class EndIn(Body):
    """Why it ends."""

    reason = Text(max_length=2000)


def shares_of(case: Case) -> QuerySet[MatterShare]:
    return MatterShare.objects.of(case).select_related("order", "liaison", "shared_by", "ended_by")


class Shares(Endpoint):
    @describe(out=ShareOut, paged=True, query=Paging)
    def get(self, request: Request, ref: str) -> Response:
        """What of the case was shared with liaisons."""
        grant = self.door(Permission.READ)
        return self.walk(ShareOut, shares_of(grant.case))

    @describe(out=ShareOut, body=ShareIn, status=201)
    def post(self, request: Request, ref: str) -> HttpResponse:
        """Let a liaison see one order, what rests on it, and export that."""
        grant = self.door(Permission.SHARE)
        data = self.body(ShareIn)

        def act() -> Answer:
            share = actions.share_matter(
                grant=grant,
                at=self.at,
                order_number=data["order"],
                liaison=person(data["liaison"], "liaison"),
                purpose=data["purpose"],
                ends_at=data["ends_at"],
            )
            return self.answer(
                ShareOut,
                share,
                status=201,
                location=reverse("api-share", args=[ref, share.number]),
            )

        return self.once(act)


class Liaisons(Endpoint):
    @describe(out=Colleague, paged=True, query=Paging)
    def get(self, request: Request, ref: str) -> Response:
        """The liaisons with whom a matter can be shared."""
        self.door(Permission.SHARE)
        rows = User.objects.filter(is_active=True, role=Role.LIAISON)
        return self.walk(Colleague, rows.annotate(person=Cast("public_id", CharField())), keys=PEOPLE_KEYS)


class OneShare(Endpoint):
    @describe(out=ShareOut)
    def get(self, request: Request, ref: str, number: int) -> Response:
        """One share."""
        grant = self.door(Permission.READ)
        self.query()
        return self.show(ShareOut, self.numbered(shares_of(grant.case)))


class EndShare(Endpoint):
    @describe(out=ShareOut, body=EndIn)
    def post(self, request: Request, ref: str, number: int) -> HttpResponse:
        """End a share at once."""
        grant = self.door(Permission.SHARE)
        self.numbered(shares_of(grant.case))
        data = self.body(EndIn)

        def act() -> Answer:
            actions.end_share(grant=grant, at=self.at, number=number, **data)
            return self.answer(ShareOut, shares_of(grant.case).get(number=number))

        return self.once(act)
