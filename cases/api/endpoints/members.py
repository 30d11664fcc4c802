"""Who is in a case."""

from datetime import datetime

from django.db.models import CharField
from django.db.models.functions import Cast
from django.http import HttpResponse
from django.utils.translation import gettext_lazy as _
from rest_framework.request import Request
from rest_framework.response import Response

from cases import access
from cases.actions import cases as actions
from cases.api.base import Endpoint, Paging, person
from cases.api.endpoints.people import KEYS as PEOPLE_KEYS
from cases.api.fields import Body, Choice, Flag, Id, Moment, Nothing, Person, Shape, Text
from cases.api.schema import describe
from cases.models import Membership
from cases.people.models import User
from cases.permissions import CASEWORK_ROLES, Permission
from cases.queries.paging import Key

KEYS = (Key("added_at", datetime), Key("person", str))


class MemberOut(Shape):
    """A person's place in a case. One that ended stays on record."""

    user = Person()
    reader = Flag(help_text=_("May only read."))
    added_at = Moment()
    added_by = Person()
    ended_at = Moment(allow_null=True)
    ended_by = Person(allow_null=True)


class MemberIn(Body):
    """Whom to let in, to work or only to read."""

    user = Id(help_text=_("A person's ID."))
    reader = Flag(default=False)


class MembersQuery(Paging):
    """Whom to list."""

    which = Choice([("current", _("Current")), ("all", _("All"))], default="current", required=False)


class Colleague(Person):
    """Somebody who can be let into the case, or be shown a matter."""

    agency = Text()


class Members(Endpoint):
    @describe(out=MemberOut, paged=True, query=MembersQuery)
    def get(self, request: Request, ref: str) -> Response:
        """Who is in the case, in the order of joining."""
        grant = self.door(Permission.READ)
        rows = Membership.objects.filter(case=grant.case).select_related("user", "added_by", "ended_by")
        if self.query(MembersQuery)["which"] == "current":
            rows = rows.filter(ended_at__isnull=True)
        rows = rows.annotate(person=Cast("user__public_id", CharField()))
        return self.walk(MemberOut, rows, keys=KEYS, query=MembersQuery)

    @describe(out=MemberOut, body=MemberIn, status=201)
    def post(self, request: Request, ref: str) -> HttpResponse:
        """Let a colleague into the case."""
        grant = self.door(Permission.MEMBERS)
        data = self.body(MemberIn)
        return self.once(
            lambda: self.answer(
                MemberOut,
                actions.add_member(
                    grant=grant, at=self.at, user=person(data["user"], "user"), reader=data["reader"]
                ),
                status=201,
            )
        )


class Candidates(Endpoint):
    @describe(out=Colleague, paged=True, query=Paging)
    def get(self, request: Request, ref: str) -> Response:
        """Who could be let into the case."""
        grant = self.door(Permission.MEMBERS)
        inside = Membership.objects.filter(case=grant.case, ended_at__isnull=True).values("user_id")
        rows = User.objects.filter(is_active=True, role__in=CASEWORK_ROLES).exclude(pk__in=inside)
        return self.walk(Colleague, rows.annotate(person=Cast("public_id", CharField())), keys=PEOPLE_KEYS)


class EndMember(Endpoint):
    @describe(out=MemberOut, body=Nothing)
    def post(self, request: Request, ref: str, person: str) -> HttpResponse:
        """Take a colleague out of the case."""
        grant = self.door(Permission.MEMBERS)
        self.body(Nothing)
        # Somebody who never was in the case is not to be told from somebody who does not exist.
        member = User.objects.filter(public_id=person, memberships__case=grant.case).first()
        if member is None:
            raise access.NotFound
        return self.once(
            lambda: self.answer(MemberOut, actions.end_membership(grant=grant, at=self.at, user=member))
        )
