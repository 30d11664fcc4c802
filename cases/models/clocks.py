"""Clock rules as rows that a compliance team edits, the closures it adds, and each clock that was computed.

The rules begin as `cases/deadlines/rules.toml` states them. A change is a further row with the next version; the newest
counts, and each clock remembers the version, and the calendar, by which it was computed.
"""

from typing import Any

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from cases.deadlines import CALENDARS, Rule, rule_from, shipped_rules
from cases.deadlines.rules import as_data
from cases.models.base import append_only, both_or_neither, known, never_deleted, stands
from cases.models.orders import Obligation
from cases.people.models import User
from wallets.models.triggers import recorded_by_database


class ClockRule(models.Model):
    """One version of a rule (`cases.deadlines.Rule` as data). Version 1 of a shipped key has no `changed_by`."""

    key = models.SlugField(_("key"), max_length=40, db_index=False)
    version = models.PositiveIntegerField(_("version"))
    data = models.JSONField(_("rule"))
    is_retired = models.BooleanField(_("retired"), default=False)
    reason = models.CharField(_("why it was changed"), max_length=500, blank=True)
    changed_at = models.DateTimeField(_("changed"), null=True, blank=True)
    changed_by = models.ForeignKey(User, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    recorded_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        verbose_name = _("clock rule")
        verbose_name_plural = _("clock rules")
        constraints = [
            models.UniqueConstraint(fields=["key", "version"], name="clockrule_version_once"),
            models.CheckConstraint(condition=Q(version__gte=1), name="clockrule_version_positive"),
            models.CheckConstraint(
                condition=Q(version=1, changed_by__isnull=True, changed_at__isnull=True)
                | (Q(changed_by__isnull=False, changed_at__isnull=False) & ~Q(reason="")),
                name="clockrule_changed_by_somebody",
            ),
        ]
        triggers = [*append_only("clockrule"), recorded_by_database()]

    def __str__(self) -> str:
        return self.rule.label

    @cached_property
    def rule(self) -> Rule:
        """The rule itself. Raises RuleError where the row's data is none, which the actions never write."""
        return rule_from(self.data)


class Closure(models.Model):
    """A day on which a calendar is closed beside its holidays. Taken back by a date of its own, never deleted."""

    calendar = models.CharField(_("calendar"), max_length=20)
    day = models.DateField(_("day"))
    why = models.CharField(_("why it is closed"), max_length=200)
    added_at = models.DateTimeField(_("added"))
    added_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    removed_at = models.DateTimeField(_("taken back"), null=True, blank=True)
    removed_by = models.ForeignKey(User, null=True, blank=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        verbose_name = _("closure")
        verbose_name_plural = _("closures")
        constraints = [
            models.UniqueConstraint(
                fields=["calendar", "day"], condition=Q(removed_at__isnull=True), name="closure_once"
            ),
            known(
                "calendar",
                [key for key, kind in CALENDARS.items() if kind.weekends],
                "closure_calendar_known",
            ),
            models.CheckConstraint(condition=~Q(why=""), name="closure_says_why"),
            both_or_neither("removed_at", "removed_by", "closure_removed_pair"),
        ]
        triggers = [
            *never_deleted("closure"),
            stands(
                "closure_stands",
                "calendar",
                "day",
                "why",
                "added_at",
                "added_by_id",
                why="a closure is taken back, not changed",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.calendar} {self.day}"


class Clock(models.Model):
    """One computation of a duty's due moment: by which rule, calendar and trigger, and step by step how. The newest counts,
    until the due moment is extended.
    """

    obligation = models.ForeignKey(Obligation, on_delete=models.PROTECT, related_name="clocks")
    rule = models.ForeignKey(ClockRule, on_delete=models.PROTECT, related_name="+")
    trigger_at = models.DateTimeField(_("trigger"))
    calendar = models.CharField(_("calendar"), max_length=20)
    # Calendar, version of the library, digest of the closures.
    calendar_version = models.CharField(_("version of the calendar"), max_length=100)
    due_at = models.DateTimeField(_("due"))
    steps = models.JSONField(_("how it was counted"))
    reason = models.CharField(_("why it was computed again"), max_length=500, blank=True)
    computed_at = models.DateTimeField(_("computed"))
    computed_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    recorded_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        verbose_name = _("clock")
        verbose_name_plural = _("clocks")
        triggers = [*append_only("clock"), recorded_by_database()]

    def __str__(self) -> str:
        return f"{self.rule_id} → {self.due_at}"


def shipped_row(key: str) -> ClockRule | None:
    """The first version of a shipped rule, not saved. None: the product ships no such rule."""
    rule = next((rule for rule in shipped_rules() if rule.key == key), None)
    return None if rule is None else ClockRule(key=key, version=1, data=as_data(rule))


def newest_rules() -> dict[str, ClockRule]:
    """`{key: newest version}`, the shipped ones first in their order; those without a row yet are not saved. One query."""
    rows: dict[str, ClockRule] = {
        row.key: row for row in ClockRule.objects.order_by("key", "-version").distinct("key")
    }
    found: dict[str, ClockRule] = {}
    for rule in shipped_rules():
        found[rule.key] = rows.get(rule.key) or ClockRule(key=rule.key, version=1, data=as_data(rule))
    return found | rows


def ensured_rule(key: str) -> ClockRule | None:
    """The newest version of a rule, its shipped first row made where it is missing. None: no such key."""
    row = ClockRule.objects.filter(key=key).order_by("-version").first()
    if row is None and (first := shipped_row(key)) is not None:
        # Two at once: the constraint lets one of them write it.
        ClockRule.objects.bulk_create([first], ignore_conflicts=True)
        row = ClockRule.objects.filter(key=key).order_by("-version").first()
    return row


def closures_of(calendar: str) -> dict[Any, str]:
    """`{day: why}` of the closures of a calendar that count now. One query."""
    return dict(Closure.objects.filter(calendar=calendar, removed_at__isnull=True).values_list("day", "why"))
