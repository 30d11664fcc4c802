"""How long the record of a case is kept, and what holds it beyond that.

The classes begin as `retention.toml` beside this file states them. A change is a further row with the next version; the
newest counts, and each case remembers the version that was set.
"""

import tomllib
from functools import cache
from pathlib import Path
from typing import Any, Final

import pgtrigger
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from cases.models.base import append_only, both_or_neither, known, never_deleted, stands
from cases.models.cases import Case
from cases.people.models import User
from wallets.models.triggers import FirmTrigger, recorded_by_database

SHIPPED: Final = Path(__file__).with_name("retention.toml")


class CountsFrom(models.TextChoices):
    """What starts the years."""

    CLOSING = "closing", _("The closing of the case")
    RELATIONSHIP_END = "relationship_end", _("The end of the relationship with the customer")
    TRANSACTION = "transaction", _("The last transaction that the record is about")
    UNBLOCKED = "unblocked", _("The day on which the last blocked property was unblocked")


class Afterwards(models.TextChoices):
    DELETE = "delete", _("Deletion is asked for")
    REVIEW = "review", _("A person decides")


class RetentionClass(models.Model):
    """One version of a class. Written once; version 1 of a shipped key has no `changed_by`."""

    key = models.SlugField(_("key"), max_length=30, db_index=False)
    version = models.PositiveIntegerField(_("version"))
    label = models.CharField(_("name"), max_length=120)
    years = models.PositiveSmallIntegerField(_("calendar years"))
    counts_from = models.CharField(_("counted from"), max_length=20, choices=CountsFrom.choices)
    afterwards = models.CharField(_("afterwards"), max_length=8, choices=Afterwards.choices)
    source = models.CharField(_("legal source"), max_length=300)
    # "instrument:KEY", "typology:KEY" or "always".
    suggested_for = ArrayField(
        models.CharField(max_length=60), verbose_name=_("suggested for"), default=list, blank=True
    )
    is_retired = models.BooleanField(_("retired"), default=False)
    reason = models.CharField(_("why it was changed"), max_length=500, blank=True)
    changed_at = models.DateTimeField(_("changed"), null=True, blank=True)
    changed_by = models.ForeignKey(User, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    recorded_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        verbose_name = _("retention class")
        verbose_name_plural = _("retention classes")
        constraints = [
            models.UniqueConstraint(fields=["key", "version"], name="retentionclass_version_once"),
            models.CheckConstraint(condition=Q(version__gte=1), name="retentionclass_version_positive"),
            models.CheckConstraint(
                condition=~Q(key="") & ~Q(label="") & ~Q(source=""), name="retentionclass_said"
            ),
            models.CheckConstraint(condition=Q(years__gte=1, years__lte=99), name="retentionclass_years"),
            known("counts_from", CountsFrom.values, "retentionclass_trigger_known"),
            known("afterwards", Afterwards.values, "retentionclass_afterwards_known"),
            # Only the shipped first version has no person and no reason behind it.
            models.CheckConstraint(
                condition=Q(version=1, changed_by__isnull=True, changed_at__isnull=True)
                | (Q(changed_by__isnull=False, changed_at__isnull=False) & ~Q(reason="")),
                name="retentionclass_changed_by_somebody",
            ),
        ]
        triggers = [*append_only("retentionclass"), recorded_by_database()]

    def __str__(self) -> str:
        return self.label


class CaseRetention(models.Model):
    """How long the record of one case is kept, as somebody set it. The newest row of a case counts."""

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="retentions")
    number = models.PositiveIntegerField()
    retention_class = models.ForeignKey(RetentionClass, on_delete=models.PROTECT, related_name="+")
    # The day on which the years begin to count, in UTC, and why it is this day.
    counted_from = models.DateField(_("counted from"))
    counted_because = models.CharField(_("why from this day"), max_length=500, blank=True)
    # The first day on which the record may go, unless somebody holds it.
    may_go_on = models.DateField(_("may go on"))
    reason = models.TextField(_("reason"), blank=True, max_length=2000)
    set_at = models.DateTimeField(_("set"))
    set_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    recorded_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        verbose_name = _("retention")
        verbose_name_plural = _("retentions")
        constraints = [
            models.UniqueConstraint(fields=["case", "number"], name="retention_number_once"),
        ]
        triggers = [
            *append_only("retention"),
            recorded_by_database(),
            # The last day of the years still counts (Reg. 1182/71 Art 3(2)(c)): the record may go on the day after it.
            FirmTrigger(
                name="retention_years_counted",
                operation=pgtrigger.Insert,
                when=pgtrigger.Before,
                func="IF NEW.may_go_on IS DISTINCT FROM (SELECT (NEW.counted_from + make_interval(years => c.years))"
                "::date + 1 FROM cases_retentionclass c WHERE c.id = NEW.retention_class_id) THEN RAISE EXCEPTION "
                "'the years of the class are not those of the date' USING ERRCODE = 'check_violation'; END IF; "
                "RETURN NEW;",
            ),
        ]

    def __str__(self) -> str:
        return f"retention {self.number}"


class LegalHold(models.Model):
    """Somebody needs the record of the case: while one hold lives, it may not go whatever its class says."""

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="holds")
    number = models.PositiveIntegerField()
    reason = models.TextField(_("reason"), max_length=2000)
    placed_at = models.DateTimeField(_("placed"))
    placed_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    lifted_at = models.DateTimeField(_("lifted"), null=True, blank=True)
    lifted_by = models.ForeignKey(User, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    lifted_because = models.TextField(_("why it was lifted"), blank=True, max_length=2000)
    recorded_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        verbose_name = _("legal hold")
        verbose_name_plural = _("legal holds")
        constraints = [
            models.UniqueConstraint(fields=["case", "number"], name="hold_number_once"),
            models.CheckConstraint(condition=~Q(reason=""), name="hold_reason_given"),
            both_or_neither("lifted_at", "lifted_by", "hold_lifted_pair"),
            models.CheckConstraint(
                condition=Q(lifted_at__isnull=True, lifted_because="")
                | (Q(lifted_at__isnull=False) & ~Q(lifted_because="")),
                name="hold_lifted_with_words",
            ),
        ]
        indexes = [
            models.Index(fields=["case"], condition=Q(lifted_at__isnull=True), name="hold_live"),
        ]
        triggers = [
            *never_deleted("hold"),
            recorded_by_database(),
            stands(
                "hold_face_stands",
                "case_id",
                "number",
                "reason",
                "placed_at",
                "placed_by_id",
                "recorded_at",
                why="a hold stands as it was placed",
            ),
            FirmTrigger(
                name="hold_lifted_once",
                operation=pgtrigger.Update,
                when=pgtrigger.Before,
                func="IF OLD.lifted_at IS NOT NULL AND NEW IS DISTINCT FROM OLD THEN RAISE EXCEPTION "
                "'a hold is lifted once' USING ERRCODE = 'check_violation'; END IF; RETURN NEW;",
            ),
        ]

    def __str__(self) -> str:
        return f"hold {self.number}"


@cache
def shipped_retention() -> dict[str, dict[str, Any]]:
    """`{key: facts}` of the data file, in its order."""
    with SHIPPED.open("rb") as file:
        stated = tomllib.load(file)
    return {str(row["key"]): row for row in stated["class"]}


def _shipped_class(key: str) -> RetentionClass:
    facts = shipped_retention()[key]
    return RetentionClass(
        key=key,
        version=1,
        label=facts["label"],
        years=facts["years"],
        counts_from=facts["counts_from"],
        afterwards=facts["afterwards"],
        source=facts["source"],
        suggested_for=facts["suggested_for"],
    )


def newest_retention() -> dict[str, RetentionClass]:
    """`{key: newest version}`, the shipped ones first in their order; those without a row yet are not saved."""
    rows = {row.key: row for row in RetentionClass.objects.order_by("key", "-version").distinct("key")}
    own = {key: row for key, row in rows.items() if key not in shipped_retention()}
    return {key: rows.get(key) or _shipped_class(key) for key in shipped_retention()} | own


def ensured_retention(key: str) -> RetentionClass | None:
    """The newest version of a class, its shipped first row made where it is missing. None: no such key."""
    newest = RetentionClass.objects.filter(key=key).order_by("-version")
    row = newest.first()
    if row is None and key in shipped_retention():
        # Two at once: the constraint lets one of them write it.
        RetentionClass.objects.bulk_create([_shipped_class(key)], ignore_conflicts=True)
        row = newest.first()
    return row
