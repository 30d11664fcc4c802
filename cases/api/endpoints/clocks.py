"""Clock rules and closures, a trial of a rule, and how the due moment of a duty was computed."""

from typing import Any

from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from cases.access import require_global
from cases.actions import clocks as actions
from cases.actions.base import ActionError
from cases.api.base import Endpoint
from cases.api.fields import Body, Choice, Flag, Moment, Nothing, Person, Shape, Text, Whole
from cases.api.idempotency import Answer
from cases.api.schema import describe
from cases.deadlines import CALENDARS, RuleError, Unit
from cases.deadlines.rules import Roll, Start
from cases.models import ClockRule, RuleConfidence
from cases.permissions import GlobalPermission, Permission
from cases.queries import clocks as queries
from cases.queries import orders as order_queries

Day = serializers.DateField
CALENDAR_CHOICES = [(kind.key, kind.label) for kind in CALENDARS.values()]


class RuleOut(Shape):
    """One version of a rule; the list gives the newest of each."""

    key = Text()
    version = Whole()
    label = Text(source="rule.label")  # type: ignore[assignment]
    jurisdiction = Text(source="rule.jurisdiction")
    trigger = Text(source="rule.trigger")
    unit = Choice([(str(unit), str(unit)) for unit in Unit], source="rule.unit")
    count = Whole(source="rule.count")
    start = Choice([(str(start), str(start)) for start in Start], source="rule.start")
    roll = Choice([(str(roll), str(roll)) for roll in Roll], source="rule.roll")
    zone = Text(source="rule.zone")
    end_of_day = serializers.SerializerMethodField(help_text=_("On the clock of `zone`, HH:MM:SS."))
    calendars = serializers.ListField(child=Text(), source="rule.calendars")
    as_of = serializers.SerializerMethodField()
    due_day = serializers.SerializerMethodField()
    renewable = Text(source="rule.renewable")
    legal_source = Text(source="rule.source")
    confidence = Choice(RuleConfidence.choices, source="rule.confidence")
    note = Text(source="rule.note")
    is_retired = Flag()
    reason = Text()
    changed_at = Moment(allow_null=True)
    changed_by = Person(allow_null=True)

    def get_end_of_day(self, row: ClockRule) -> str:
        return row.rule.end_of_day.isoformat()

    def get_as_of(self, row: object) -> str:
        return str(getattr(row, "data", {}).get("as_of", ""))

    def get_due_day(self, row: object) -> str:
        return str(getattr(row, "data", {}).get("due_day", ""))


class RulesOut(Shape):
    """All of them."""

    items = RuleOut(many=True)


class RuleVersionsOut(Shape):
    """Every version of one rule, the newest first."""

    versions = RuleOut(many=True)


class RuleIn(Body):
    """The whole of a further version."""

    label = Text(max_length=120)  # type: ignore[assignment]
    jurisdiction = Text(max_length=80)
    trigger = Text(max_length=200)
    unit = Choice([(str(unit), str(unit)) for unit in Unit])
    count = Whole(min_value=0, default=0)
    start = Choice([(str(start), str(start)) for start in Start])
    roll = Choice([(str(roll), str(roll)) for roll in Roll], default=str(Roll.NONE))
    zone = Text(max_length=60)
    end_of_day = Text(max_length=8, default="23:59:59")
    calendars = serializers.ListField(child=Choice(CALENDAR_CHOICES), min_length=1)
    as_of = Text(max_length=5, allow_blank=True, default="", help_text=_("Month and day, such as 06-30."))
    due_day = Text(max_length=5, allow_blank=True, default="", help_text=_("Month and day, such as 09-30."))
    renewable = Text(max_length=200, allow_blank=True, default="")
    legal_source = Text(max_length=300)
    confidence = Choice(RuleConfidence.choices)
    note = Text(max_length=1000, allow_blank=True, default="")
    is_retired = Flag(default=False)
    reason = Text(max_length=500, help_text=_("Why it is changed."))


class NewRuleIn(RuleIn):
    """The first version of a rule that was not known."""

    key = Text(max_length=40)


class StepOut(Shape):
    """One step of the way."""

    kind = Text()
    day = Text(help_text=_("A local day, YYYY-MM-DD."))
    why = Text()


class TriedOut(Shape):
    """What a rule gives; nothing is kept."""

    due_at = Moment()
    day = Day()
    calendar = Text(help_text=_("Calendar, version of the library, digest of the closures."))
    steps = StepOut(many=True)


class TriggerIn(Body):
    """By which calendar, and from when."""

    trigger_at = Moment()
    calendar = Choice([("", ""), *CALENDAR_CHOICES], allow_blank=True, default="")


class SetClockIn(TriggerIn):
    """The clock of a duty."""

    rule = Text(max_length=40, help_text=_("Key of a clock rule."))
    reason = Text(max_length=500)


class ClockOut(Shape):
    """One computation of a duty's due moment."""

    rule = Text(source="rule.key")
    rule_version = Whole(source="rule.version")
    trigger_at = Moment()
    calendar = Text()
    calendar_version = Text()
    due_at = Moment()
    steps = StepOut(many=True)
    reason = Text()
    computed_at = Moment()
    computed_by = Person()


class ClocksOut(Shape):
    """Every computation, the newest first, and the due moment that counts, which an extension may have moved."""

    due_at = Moment(allow_null=True)
    clocks = ClockOut(many=True)


class ClosureOut(Shape):
    """A day on which a calendar is closed beside its holidays."""

    calendar = Text(source="closure.calendar")
    day = Day(source="closure.day")
    why = Text(source="closure.why")
    added_at = Moment(source="closure.added_at")
    added_by = Person(source="closure.added_by")
    removed_at = Moment(source="closure.removed_at", allow_null=True)
    removed_by = Person(source="closure.removed_by", allow_null=True)


class ClosuresOut(Shape):
    """The latest day first."""

    items = ClosureOut(many=True)


class ClosureIn(Body):
    """A day to close."""

    calendar = Choice([(kind.key, kind.label) for kind in CALENDARS.values() if kind.weekends])
    day = Day()
    why = Text(max_length=200)


def _facts(data: dict[str, Any]) -> dict[str, Any]:
    """What `change_rule` takes."""
    rest = dict(data)
    kept: dict[str, Any] = {name: rest.pop(name) for name in ("reason", "is_retired", "key") if name in rest}
    rest["source"] = rest.pop("legal_source")
    return {**kept, "data": {name: value for name, value in rest.items() if value != ""}}


class Rules(Endpoint):
    lists = True

    @describe(out=RulesOut)
    def get(self, request: Request) -> Response:
        """Every clock rule as it counts now."""
        require_global(self.user, GlobalPermission.RULES_READ)
        self.query()
        return self.show(RulesOut, {"items": queries.rules()})

    @describe(out=RuleOut, body=NewRuleIn, status=201)
    def post(self, request: Request) -> HttpResponse:
        """Add a clock rule that was not known."""
        require_global(self.user, actions.LEAVE)
        data = self.body(NewRuleIn)

        def act() -> Answer:
            made = actions.add_rule(by=self.user, at=self.at, **_facts(data))
            return self.answer(RuleOut, made, status=201, location=reverse("api-clock-rule", args=[made.key]))

        return self.once(act)


class OneRule(Endpoint):
    @describe(out=RuleVersionsOut)
    def get(self, request: Request, key: str) -> Response:
        """Every version of one clock rule."""
        require_global(self.user, GlobalPermission.RULES_READ)
        self.query()
        queries.rule_of(key)
        return self.show(RuleVersionsOut, {"versions": queries.versions_of(key)})


class ChangeRule(Endpoint):
    @describe(out=RuleOut, body=RuleIn)
    def post(self, request: Request, key: str) -> HttpResponse:
        """Write the next version. Clocks that were computed keep theirs."""
        require_global(self.user, actions.LEAVE)
        queries.rule_of(key)
        data = self.body(RuleIn)

        def act() -> Answer:
            changed = actions.change_rule(by=self.user, at=self.at, key=key, **_facts(data))
            return self.answer(RuleOut, changed)

        return self.once(act)


class TryRule(Endpoint):
    @describe(out=TriedOut, body=TriggerIn)
    def post(self, request: Request, key: str) -> HttpResponse:
        """What the rule gives for a moment, step by step. Nothing is kept."""
        require_global(self.user, GlobalPermission.RULES_READ)
        row = queries.rule_of(key)
        data = self.body(TriggerIn)
        try:
            found = queries.tried(row, trigger_at=data["trigger_at"], calendar=data["calendar"])
        except RuleError as error:
            field = "calendar" if error.field == "calendars" else "trigger_at"
            raise ActionError(error.message, field=field) from error
        return self.show(TriedOut, found)


class Closures(Endpoint):
    @describe(out=ClosuresOut)
    def get(self, request: Request) -> Response:
        """The closures, those that were taken back among them."""
        require_global(self.user, GlobalPermission.RULES_READ)
        self.query()
        return self.show(ClosuresOut, {"items": queries.closures()})

    @describe(out=ClosureOut, body=ClosureIn, status=201)
    def post(self, request: Request) -> HttpResponse:
        """Close a day. Clocks that were computed stay until somebody computes them again."""
        require_global(self.user, actions.LEAVE)
        data = self.body(ClosureIn)

        def act() -> Answer:
            made = actions.add_closure(by=self.user, at=self.at, **data)
            return self.answer(ClosureOut, queries.ClosureRow(made, CALENDARS[made.calendar]), status=201)

        return self.once(act)


class RemoveClosure(Endpoint):
    @describe(out=ClosureOut)
    def post(self, request: Request, calendar: str, day: str) -> HttpResponse:
        """Take a closure back: that of this calendar and day (YYYY-MM-DD)."""
        require_global(self.user, actions.LEAVE)
        closure = queries.closure_of(calendar, day)
        self.body(Nothing)

        def act() -> Answer:
            row = actions.remove_closure(by=self.user, at=self.at, calendar=calendar, day=closure.day)
            return self.answer(ClosureOut, queries.ClosureRow(row, CALENDARS[row.calendar]))

        return self.once(act)


class DutyClock(Endpoint):
    @describe(out=ClocksOut)
    def get(self, request: Request, ref: str, number: int) -> Response:
        """How the due moment of a duty was computed, step by step."""
        grant = self.door(Permission.READ)
        self.query()
        duty = order_queries.obligation_of(grant.case, number)
        return self.show(ClocksOut, {"due_at": duty.due_at, "clocks": queries.clocks_of(duty)})

    @describe(out=ClockOut, body=SetClockIn, status=201)
    def post(self, request: Request, ref: str, number: int) -> HttpResponse:
        """Compute the due moment of a duty by a rule, for the first time or again."""
        grant = self.door(Permission.ORDERS)
        order_queries.obligation_of(grant.case, number)
        data = self.body(SetClockIn)

        def act() -> Answer:
            clock = actions.set_clock(grant=grant, at=self.at, number=number, **data)
            return self.answer(ClockOut, clock, status=201)

        return self.once(act)
