"""Shapes of what is typed about clocks: a rule's parts, a closure, a trial, the clock of a duty."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.utils.translation import gettext_lazy as _

from cases.deadlines import CALENDARS, Unit
from cases.deadlines.rules import Roll, Start, as_data
from cases.forms.base import choices_of
from cases.forms.papers import ClockField, moment_in, of_model, text_area, zone_choices
from cases.models import ClockRule, Closure, InstrumentType, RuleConfidence
from cases.models.clocks import newest_rules

UNITS = {
    Unit.CALENDAR_DAYS: _("Calendar days"),
    Unit.BUSINESS_DAYS: _("Business days"),
    Unit.HOURS: _("Hours"),
    Unit.MONTHS: _("Months"),
    Unit.YEARLY: _("A day of the year"),
    Unit.DATE_CERTAIN: _("Date certain: as the paper names it, never moved"),
    Unit.RAW: _("As given"),
}
STARTS = {
    Start.NEXT_DAY: _("The day after the trigger day"),
    Start.TRIGGER_DAY: _("The trigger day itself"),
    Start.NEXT_BUSINESS_DAY: _("The first open day after the trigger day"),
    Start.AT_ONCE: _("At once (hours)"),
}
ROLLS = {
    Roll.NONE: _("It stays, whatever day it is"),
    Roll.FORWARD: _("It goes on to the next open day"),
}
CALENDAR_CHOICES = [(kind.key, kind.label) for kind in CALENDARS.values()]
CLOSABLE = [(kind.key, kind.label) for kind in CALENDARS.values() if kind.weekends]


def rule_choices(
    rules: Iterable[ClockRule] | None = None, *, instrument: InstrumentType | None = None
) -> list[tuple[Any, Any]]:
    """Rules as choices: those that the instrument names first. One query where `rules` are not given."""
    rows = {
        row.key: row for row in (newest_rules().values() if rules is None else rules) if not row.is_retired
    }
    named = [] if instrument is None else [key for keys in instrument.clocks.values() for key in keys]
    usual = [(key, rows[key].rule.label) for key in dict.fromkeys(named) if key in rows]
    others = [(key, row.rule.label) for key, row in rows.items() if key not in named]
    return [(_("Usual for this instrument"), usual), (_("All"), others)] if usual else others


class RuleForm(forms.Form):
    """A further version of a rule; the key stays."""

    label = forms.CharField(label=_("Name"), max_length=120)
    jurisdiction = forms.CharField(label=_("Jurisdiction"), max_length=80)
    trigger = forms.CharField(label=_("What starts it"), max_length=200)
    unit = forms.ChoiceField(
        label=_("Counted in"), choices=[(str(unit), label) for unit, label in UNITS.items()]
    )
    count = forms.IntegerField(
        label=_("How many"), required=False, min_value=0, help_text=_("Empty where nothing is counted.")
    )
    start = forms.ChoiceField(
        label=_("The first that counts"), choices=[(str(start), label) for start, label in STARTS.items()]
    )
    roll = forms.ChoiceField(
        label=_("If the last day is closed"), choices=[(str(roll), label) for roll, label in ROLLS.items()]
    )
    zone = forms.ChoiceField(label=_("Days begin and end in"), choices=zone_choices)
    end_of_day = forms.CharField(
        label=_("A day ends at"),
        max_length=8,
        initial="23:59:59",
        help_text=_("A time there, such as 17:00."),
    )
    calendars = forms.MultipleChoiceField(
        label=_("Calendars that may be chosen"),
        choices=CALENDAR_CHOICES,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("The first one chosen is the usual one."),
    )
    as_of = forms.CharField(
        label=_("Speaks of the day"),
        required=False,
        max_length=5,
        help_text=_("Month and day, such as 06-30."),
    )
    due_day = forms.CharField(
        label=_("Due on the day"), required=False, max_length=5, help_text=_("Month and day, such as 09-30.")
    )
    renewable = forms.CharField(label=_("Renewal"), required=False, max_length=200)
    source = forms.CharField(label=_("Legal source"), max_length=300)
    confidence = forms.ChoiceField(label=_("Confidence"), choices=choices_of(RuleConfidence.choices))
    note = forms.CharField(label=_("What to know"), required=False, max_length=1000, widget=text_area(3))
    is_retired = forms.BooleanField(label=_("Retired: no longer offered"), required=False)
    reason = forms.CharField(label=_("Why it is changed"), max_length=500, widget=text_area(2))

    def rule(self) -> dict[str, Any]:
        """What `change_rule` takes."""
        data = dict(self.cleaned_data)
        facts = {name: data.pop(name) for name in ("reason", "is_retired")}
        key = {"key": data.pop("key")} if "key" in data else {}
        data["count"] = data["count"] or 0
        return {**key, **facts, "data": {name: value for name, value in data.items() if value != ""}}


class NewRuleForm(RuleForm):
    """A rule that was not known."""

    key = of_model(ClockRule, "key", help_text=_("Small letters, digits and underscores. It stays."))
    field_order = ["key"]


def filled(row: ClockRule) -> dict[str, Any]:
    """What stands in the form of a rule."""
    return {**as_data(row.rule), "count": row.rule.count or None, "is_retired": row.is_retired}


class ClosureForm(forms.Form):
    calendar = forms.ChoiceField(label=_("Calendar"), choices=CLOSABLE)
    day = forms.DateField(label=_("Day"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"))
    why = of_model(Closure, "why", help_text=_("Such as the executive order, with its date."))


class TriggerForm(forms.Form):
    """By which rule and calendar, and from when; the trigger is read on a clock in `time_zone` and cleaned to UTC."""

    rule = forms.ChoiceField(label=_("Rule"))
    trigger_at = ClockField(label=_("What starts it happened"))
    time_zone = forms.ChoiceField(label=_("Time zone of that moment"), choices=zone_choices, initial="UTC")
    calendar = forms.ChoiceField(
        label=_("Calendar"), required=False, choices=[("", _("The rule's usual one")), *CALENDAR_CHOICES]
    )

    def __init__(self, *args: Any, rules: list[tuple[Any, Any]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        rule = self.fields["rule"]
        assert isinstance(rule, forms.ChoiceField)  # noqa: S101 - declared so above
        rule.choices = rules

    def clean(self) -> dict[str, Any]:
        data = self.cleaned_data
        clock, zone = data.get("trigger_at"), data.get("time_zone")
        if isinstance(clock, datetime) and clock.tzinfo is None and zone:
            try:
                data["trigger_at"] = moment_in(ZoneInfo(zone), clock)
            except forms.ValidationError as error:
                self.add_error("trigger_at", error)
        return data


class SetClockForm(TriggerForm):
    """The clock of a duty."""

    reason = forms.CharField(
        label=_("Why it is computed"),
        max_length=500,
        widget=text_area(2),
        help_text=_("Such as: the instrument asks for it; served again on another day; a closure was added."),
    )
