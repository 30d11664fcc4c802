"""Closing a case by two persons, how long its record is kept, and legal holds."""

from django.http import HttpResponse
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from cases.access import NotFound, require_global
from cases.actions import closing as actions
from cases.actions import retention as retention_actions
from cases.api.base import Endpoint
from cases.api.endpoints.cases import CaseOut, whole_case
from cases.api.fields import Body, Choice, Flag, Moment, Person, Shape, Text, Whole
from cases.api.idempotency import Answer
from cases.api.schema import describe
from cases.models import Afterwards, CountsFrom, LegalHold
from cases.models.retention import newest_retention
from cases.permissions import GlobalPermission, Permission
from cases.queries import closing as queries
from cases.queries import retention as retention_queries
from cases.status import CaseStatus, Disposition

Day = serializers.DateField


class HindranceOut(Shape):
    """One thing that keeps the case open."""

    kind = Text()
    text = Text()
    number = Whole(allow_null=True)
    reference = Text()


class ClosingOut(Shape):
    """Where the closing stands, and what keeps the case open; `hidden`: something more, ask this desk."""

    status = Choice(CaseStatus.choices)
    asked_at = Moment(allow_null=True)
    asked_by = Person(allow_null=True)
    disposition = Text()
    words = Text()
    hindrances = HindranceOut(many=True)
    hidden = Flag()


class AskClosingIn(Body):
    """How the case is to end, and why it can."""

    disposition = Choice(Disposition.choices)
    words = Text(max_length=2000)


class DecideClosingIn(Body):
    """A closing sets the retention; a refusal gives its reason."""

    agrees = Flag()
    retention = Text(max_length=30, allow_blank=True, default="", help_text=_("A key of /retention-classes."))
    counted_from = Day(required=False, allow_null=True, default=None)
    counted_because = Text(max_length=500, allow_blank=True, default="")
    reason = Text(max_length=2000, allow_blank=True, default="")


class GivenReasonIn(Body):
    """Why."""

    reason = Text(max_length=2000)


class RetentionIn(Body):
    """Which class counts for the record of a closed case, and from which day."""

    retention = Text(max_length=30, help_text=_("A key of /retention-classes."))
    counted_from = Day()
    counted_because = Text(max_length=500, allow_blank=True, default="")
    reason = Text(max_length=2000)


class SetOut(Shape):
    """What was set for the record of a case."""

    number = Whole()
    retention = Text(source="retention_class.key")
    version = Whole(source="retention_class.version")
    counted_from = Day()
    counted_because = Text()
    may_go_on = Day()
    reason = Text()
    set_at = Moment()
    set_by = Person()


class HoldOut(Shape):
    """A legal hold: while it lives the record goes nowhere."""

    number = Whole()
    reason = Text()
    placed_at = Moment()
    placed_by = Person()
    lifted_at = Moment(allow_null=True)
    lifted_by = Person(allow_null=True)
    lifted_because = Text()


class RetentionOut(Shape):
    """What counts for the record now. `may_go_on` is null while nothing lets it go."""

    current = SetOut(allow_null=True)
    history = SetOut(many=True)
    live_holds = HoldOut(many=True)
    lifted_holds = HoldOut(many=True)
    may_go_on = Day(allow_null=True)


class RetentionClassOut(Shape):
    """How long a kind of record is kept, with its source; the newest version."""

    key = Text()
    version = Whole()
    label = Text()  # type: ignore[assignment]
    years = Whole()
    counts_from = Choice(CountsFrom.choices)
    afterwards = Choice(Afterwards.choices)
    legal_source = Text(source="source")
    suggested_for = serializers.ListField(child=Text())
    is_retired = Flag()


class RetentionClassesOut(Shape):
    items = RetentionClassOut(many=True)


class RetentionClassIn(Body):
    """The next version of a class."""

    label = Text(max_length=120)  # type: ignore[assignment]
    years = Whole(min_value=1, max_value=99)
    counts_from = Choice(CountsFrom.choices)
    afterwards = Choice(Afterwards.choices)
    legal_source = Text(max_length=300)
    suggested_for = serializers.ListField(child=Text(max_length=60), default=list, max_length=50)
    is_retired = Flag(default=False)
    reason = Text(max_length=500)


class NewRetentionClassIn(RetentionClassIn):
    """A class that was not known."""

    key = Text(max_length=30)


class Closing(Endpoint):
    @describe(out=ClosingOut)
    def get(self, request: Request, ref: str) -> Response:
        """Where the closing stands, and what keeps the case open."""
        grant = self.door(Permission.READ)
        self.query()
        case = grant.case
        found = queries.Hindrances() if case.status == CaseStatus.CLOSED else queries.of_case(grant)
        return self.show(
            ClosingOut,
            {
                "status": case.status,
                "asked_at": case.closing_asked_at,
                "asked_by": case.closing_asked_by,
                "disposition": case.closing_disposition,
                "words": case.closing_words,
                "hindrances": found.seen,
                "hidden": found.hidden,
            },
        )


class AskClosing(Endpoint):
    @describe(out=CaseOut, body=AskClosingIn)
    def post(self, request: Request, ref: str) -> HttpResponse:
        """Ask for the case to be closed; somebody else decides."""
        grant = self.door(Permission.MOVE)
        data = self.body(AskClosingIn)
        return self.once(
            lambda: self.answer(
                CaseOut, whole_case(actions.ask_closing(grant=grant, at=self.at, **data)), grant=grant
            )
        )


class DecideClosing(Endpoint):
    @describe(out=CaseOut, body=DecideClosingIn)
    def post(self, request: Request, ref: str) -> HttpResponse:
        """Close the case that somebody else asked to close, or refuse."""
        grant = self.door(Permission.CLOSE)
        data = self.body(DecideClosingIn)
        return self.once(
            lambda: self.answer(
                CaseOut, whole_case(actions.decide_closing(grant=grant, at=self.at, **data)), grant=grant
            )
        )


class WithdrawClosing(Endpoint):
    @describe(out=CaseOut, body=GivenReasonIn)
    def post(self, request: Request, ref: str) -> HttpResponse:
        """Take back your own asking."""
        grant = self.door(Permission.MOVE)
        data = self.body(GivenReasonIn)
        return self.once(
            lambda: self.answer(
                CaseOut, whole_case(actions.withdraw_closing(grant=grant, at=self.at, **data)), grant=grant
            )
        )


class Retention(Endpoint):
    @describe(out=RetentionOut)
    def get(self, request: Request, ref: str) -> Response:
        """How long the record of the case is kept, and what holds it."""
        grant = self.door(Permission.READ)
        self.query()
        return self.show(RetentionOut, retention_queries.state_of(grant.case))

    @describe(out=RetentionOut, body=RetentionIn)
    def post(self, request: Request, ref: str) -> HttpResponse:
        """Set how long the record of a closed case is kept. What was set before stays on record."""
        grant = self.door(Permission.RETENTION)
        data = self.body(RetentionIn)

        def act() -> Answer:
            retention_actions.set_retention(grant=grant, at=self.at, **data)
            return self.answer(RetentionOut, retention_queries.state_of(grant.case))

        return self.once(act)


class Holds(Endpoint):
    @describe(out=HoldOut, body=GivenReasonIn, status=201)
    def post(self, request: Request, ref: str) -> HttpResponse:
        """Place a legal hold on the record of the case."""
        grant = self.door(Permission.RETENTION)
        data = self.body(GivenReasonIn)
        return self.once(
            lambda: self.answer(
                HoldOut, retention_actions.place_hold(grant=grant, at=self.at, **data), status=201
            )
        )


class LiftHold(Endpoint):
    @describe(out=HoldOut, body=GivenReasonIn)
    def post(self, request: Request, ref: str, number: int) -> HttpResponse:
        """Lift a legal hold."""
        grant = self.door(Permission.RETENTION)
        self.numbered(LegalHold.objects.filter(case=grant.case))
        data = self.body(GivenReasonIn)
        return self.once(
            lambda: self.answer(
                HoldOut, retention_actions.lift_hold(grant=grant, at=self.at, number=number, **data)
            )
        )


class RetentionClasses(Endpoint):
    @describe(out=RetentionClassesOut)
    def get(self, request: Request) -> Response:
        """Every retention class as it counts now."""
        require_global(self.user, GlobalPermission.RULES_READ)
        self.query()
        return self.show(RetentionClassesOut, {"items": list(newest_retention().values())})

    @describe(out=RetentionClassOut, body=NewRetentionClassIn, status=201)
    def post(self, request: Request) -> HttpResponse:
        """Add a retention class."""
        require_global(self.user, GlobalPermission.RULES)
        data = self.body(NewRetentionClassIn)
        data["source"] = data.pop("legal_source")
        return self.once(
            lambda: self.answer(
                RetentionClassOut,
                retention_actions.change_retention_class(by=self.user, at=self.at, **data),
                status=201,
            )
        )


class ChangeRetentionClass(Endpoint):
    @describe(out=RetentionClassOut, body=RetentionClassIn)
    def post(self, request: Request, key: str) -> HttpResponse:
        """Write the next version. What was set before keeps its own."""
        require_global(self.user, GlobalPermission.RULES)
        if key not in newest_retention():
            raise NotFound
        data = self.body(RetentionClassIn)
        data["source"] = data.pop("legal_source")
        return self.once(
            lambda: self.answer(
                RetentionClassOut,
                retention_actions.change_retention_class(by=self.user, at=self.at, key=key, **data),
            )
        )
