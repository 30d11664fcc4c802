"""Disposal of a case whose retention is over, and what remains of those that were disposed of."""

from django.http import HttpResponse
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from cases.access import require_global
from cases.actions import disposal as actions
from cases.api.base import Endpoint
from cases.api.fields import Body, Flag, Moment, Person, Shape, Text, Whole
from cases.api.schema import describe
from cases.permissions import GlobalPermission, Permission
from cases.queries import disposal as queries

SHOWN = 1000


class DisposalOut(Shape):
    """A disposal that was asked for, and what was decided; `agreed` is null until then."""

    number = Whole()
    words = Text()
    asked_at = Moment()
    asked_by = Person()
    decided_at = Moment(allow_null=True)
    decided_by = Person(allow_null=True)
    agreed = Flag(allow_null=True)
    reason = Text()


class DisposalStandingOut(Shape):
    """Where the disposal stands; `hindrance` says why the record may not go now, and is empty where it may."""

    asked = DisposalOut(allow_null=True)
    refused = DisposalOut(many=True)
    hindrance = Text()


class AskDisposalIn(Body):
    """Why the record may go."""

    words = Text(max_length=2000)


class DecideDisposalIn(Body):
    """Who agrees gives the reference of the case once more; a refusal gives its reason."""

    agrees = Flag()
    reference = Text(max_length=20, allow_blank=True, default="")
    reason = Text(max_length=2000, allow_blank=True, default="")


class DisposedCaseOut(Shape):
    """What remains of a case: `events` and `head` name the last event of its record before the disposal."""

    reference = Text(source="case.reference")
    disposed_at = Moment(source="decided_at")
    asked_by = Person()
    disposed_by = Person(source="decided_by")
    stream = Text(source="case.stream.uuid")
    events = Whole(source="head_sequence")
    head = Text(source="head_hash")


class DisposedCasesOut(Shape):
    items = DisposedCaseOut(many=True)
    more = serializers.BooleanField(help_text=_("Whether older ones were left out."))


class DisposalOfCase(Endpoint):
    @describe(out=DisposalStandingOut)
    def get(self, request: Request, ref: str) -> Response:
        """Where the disposal of the case stands."""
        grant = self.door(Permission.READ)
        self.query()
        return self.show(DisposalStandingOut, queries.standing_of(grant.case, at=self.at))

    @describe(out=DisposalOut, body=AskDisposalIn, status=201)
    def post(self, request: Request, ref: str) -> HttpResponse:
        """Ask for the disposal. Somebody else decides."""
        grant = self.door(Permission.RETENTION)
        data = self.body(AskDisposalIn)
        return self.once(
            lambda: self.answer(
                DisposalOut, actions.ask_disposal(grant=grant, at=self.at, **data), status=201
            )
        )


class DecideDisposal(Endpoint):
    @describe(out=DisposalOut, body=DecideDisposalIn)
    def post(self, request: Request, ref: str) -> HttpResponse:
        """Agree to the disposal that somebody else asked for, or refuse it. Nothing brings back what goes then."""
        grant = self.door(Permission.RETENTION)
        data = self.body(DecideDisposalIn)
        return self.once(
            lambda: self.answer(DisposalOut, actions.decide_disposal(grant=grant, at=self.at, **data))
        )


class DisposedCases(Endpoint):
    @describe(out=DisposedCasesOut)
    def get(self, request: Request) -> Response:
        """What remains of the cases that you could see, newest first; a thousand at most."""
        require_global(self.user, GlobalPermission.SEARCH)
        self.query()
        rows = list(queries.disposed_cases(self.user)[: SHOWN + 1])
        return self.show(DisposedCasesOut, {"items": rows[:SHOWN], "more": len(rows) > SHOWN})
