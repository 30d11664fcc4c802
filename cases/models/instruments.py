"""What each legal instrument permits, asks for and starts: data that a compliance team edits, versions never changed.

The rows begin as `instruments.toml` beside this file states them. A change is a further row with the next version; the
newest counts, and each order remembers the version under which it was recorded.
"""

import tomllib
from functools import cache
from pathlib import Path
from typing import Any, Final

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from cases.models.base import append_only, known
from cases.people.models import User
from wallets.models.triggers import recorded_by_database

SHIPPED: Final = Path(__file__).with_name("instruments.toml")
# What an instrument may ask the form for, beyond what every order needs.
NEEDABLE: Final[dict[str, Any]] = {
    "due_at": _("return date"),
    "ends_at": _("when it ends"),
    "agency_case_number": _("agency case number"),
    "validating_authority": _("validating authority"),
    "enforcing_authority": _("enforcing authority"),
    "entity_served": _("legal entity served"),
    "requestor": _("requestor"),
    "requestor_title": _("requestor's title"),
    "requestor_badge": _("badge or officer ID"),
    "requestor_email": _("requestor's official e-mail"),
    "requestor_phone": _("requestor's telephone"),
    "non_disclosure_until": _("until when nobody is told"),
    "selectors": _("what it names"),
}
KIND_WORDS: Final[dict[str, Any]] = {
    "produce": _("Produce"),
    "preserve": _("Preserve"),
    "freeze": _("Freeze"),
    "transfer": _("Transfer"),
    "keep_open": _("Keep open"),
    "non_disclosure": _("Non-disclosure"),
}


class RuleConfidence(models.TextChoices):
    """How well the source of a rule was read."""

    HIGH = "high", _("High: read at the source, or a quotation of it")
    MEDIUM = "medium", _("Medium: one secondary source")
    LOW = "low", _("Low")
    PRACTICE = "practice", _("Practice: no source of law")


class InstrumentType(models.Model):
    """One version of an instrument. Written once; version 1 of a shipped key has no `changed_by`."""

    key = models.SlugField(_("key"), max_length=30, db_index=False)
    version = models.PositiveIntegerField(_("version"))
    label = models.CharField(_("name"), max_length=120)
    # Kinds of duty, in the order in which they are offered.
    permits = ArrayField(models.CharField(max_length=16), verbose_name=_("permits"))
    needs = ArrayField(models.CharField(max_length=30), verbose_name=_("needs"), default=list, blank=True)
    # {kind of duty: [keys of clock rules]}: the first is preset where the duty is offered.
    clocks = models.JSONField(_("clocks"), default=dict, blank=True)
    terms = models.CharField(_("default terms"), max_length=300, blank=True)
    is_informal = models.BooleanField(_("informal"), default=False)
    is_emergency = models.BooleanField(_("emergency"), default=False)
    # Taken off the form; orders that were recorded under it keep it.
    is_retired = models.BooleanField(_("retired"), default=False)
    source = models.CharField(_("legal source"), max_length=300)
    confidence = models.CharField(_("confidence"), max_length=8, choices=RuleConfidence.choices)
    reason = models.CharField(_("why it was changed"), max_length=500, blank=True)
    changed_at = models.DateTimeField(_("changed"), null=True, blank=True)
    changed_by = models.ForeignKey(User, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    recorded_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        verbose_name = _("instrument")
        verbose_name_plural = _("instruments")
        constraints = [
            models.UniqueConstraint(fields=["key", "version"], name="instrumenttype_version_once"),
            models.CheckConstraint(condition=Q(version__gte=1), name="instrumenttype_version_positive"),
            models.CheckConstraint(
                condition=~Q(key="") & ~Q(label="") & ~Q(source=""), name="instrumenttype_said"
            ),
            models.CheckConstraint(
                condition=Q(
                    permits__contained_by=[
                        "produce",
                        "preserve",
                        "freeze",
                        "transfer",
                        "keep_open",
                        "non_disclosure",
                    ]
                )
                & Q(permits__len__gte=1),
                name="instrumenttype_permits_known",
            ),
            known("confidence", RuleConfidence.values, "instrumenttype_confidence_known"),
            # Only the shipped first version has no person and no reason behind it.
            models.CheckConstraint(
                condition=Q(version=1, changed_by__isnull=True, changed_at__isnull=True)
                | (Q(changed_by__isnull=False, changed_at__isnull=False) & ~Q(reason="")),
                name="instrumenttype_changed_by_somebody",
            ),
        ]
        triggers = [*append_only("instrumenttype"), recorded_by_database()]

    def __str__(self) -> str:
        return self.label

    @property
    def permitted(self) -> list[str]:
        """The duties that it permits, in words."""
        return [str(KIND_WORDS.get(kind, kind)) for kind in self.permits]

    @property
    def needed(self) -> list[str]:
        """What it asks the form for, in words."""
        return [str(NEEDABLE.get(name, name)) for name in self.needs]

    @property
    def has_shipped_name(self) -> bool:
        """Whether it is still called as the product ships it, under which it has translations."""
        facts = shipped().get(self.key)
        return facts is not None and facts["label"] == self.label

    def rules_for(self, kind: str) -> list[str]:
        """Keys of the clock rules that a duty of this kind may start; the first is the usual one."""
        found = self.clocks.get(kind, [])
        return [str(key) for key in found]


@cache
def shipped() -> dict[str, dict[str, Any]]:
    """`{key: facts}` of the data file, in its order."""
    with SHIPPED.open("rb") as file:
        stated = tomllib.load(file)
    return {str(row["key"]): row for row in stated["instrument"]}


def shipped_type(key: str) -> InstrumentType:
    """The first version of a shipped instrument, not saved. Raises KeyError."""
    facts = shipped()[key]
    return InstrumentType(
        key=key,
        version=1,
        label=facts["label"],
        permits=facts["permits"],
        needs=facts.get("needs", []),
        clocks=facts.get("clocks", {}),
        terms=facts.get("terms", ""),
        is_informal=facts.get("informal", False),
        is_emergency=facts.get("emergency", False),
        source=facts["source"],
        confidence=facts["confidence"],
    )


def newest_types() -> dict[str, InstrumentType]:
    """`{key: newest version}`, the shipped ones first in their order; those without a row yet are not saved."""
    rows = {row.key: row for row in InstrumentType.objects.order_by("key", "-version").distinct("key")}
    own = {key: row for key, row in rows.items() if key not in shipped()}
    return {key: rows.get(key) or shipped_type(key) for key in shipped()} | own


def ensured_type(key: str) -> InstrumentType | None:
    """The newest version of an instrument, its shipped first row made where it is missing. None: no such key."""
    row = InstrumentType.objects.filter(key=key).order_by("-version").first()
    if row is None and key in shipped():
        # Two at once: the constraint lets one of them write it.
        InstrumentType.objects.bulk_create([shipped_type(key)], ignore_conflicts=True)
        row = InstrumentType.objects.filter(key=key).order_by("-version").first()
    return row
