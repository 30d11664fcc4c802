"""Whom a case is about."""

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import models
from django.db.models import Q
from django.db.models.functions import Upper
from django.utils.translation import gettext_lazy as _

from cases.models.base import known, never_deleted
from cases.models.cases import Case
from cases.people.models import User


class SubjectKind(models.TextChoices):
    PERSON = "person", _("Person")
    ORGANISATION = "organisation", _("Organisation")


class SubjectRole(models.TextChoices):
    SUBJECT = "subject", _("Subject")
    CUSTOMER = "customer", _("Customer")
    COUNTERPARTY = "counterparty", _("Counterparty")
    ASSOCIATE = "associate", _("Associate")
    DESIGNATED = "designated", _("Designated person or entity")
    VICTIM = "victim", _("Alleged victim")
    WITNESS = "witness", _("Witness")


class Confidence(models.TextChoices):
    LOW = "low", _("Low")
    MEDIUM = "medium", _("Medium")
    HIGH = "high", _("High")


class Subject(models.Model):
    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="subjects")
    number = models.PositiveIntegerField()
    kind = models.CharField(_("kind"), max_length=14, choices=SubjectKind.choices)
    name = models.CharField(_("name"), max_length=300)
    aliases = ArrayField(
        models.CharField(max_length=300), verbose_name=_("aliases"), default=list, blank=True
    )
    role = models.CharField(_("role"), max_length=14, choices=SubjectRole.choices)
    list_reference = models.CharField(
        _("list reference"),
        max_length=120,
        blank=True,
        help_text=_("For a listed person: list and number, such as OFAC SDN 43377."),
    )
    attribution_source = models.CharField(_("source of the attribution"), max_length=500)
    attribution_confidence = models.CharField(_("confidence"), max_length=6, choices=Confidence.choices)
    remarks = models.TextField(_("remarks"), blank=True, max_length=5000)
    is_fictional = models.BooleanField(_("fictional"), default=False)
    added_at = models.DateTimeField()
    added_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["case", "number"], name="subject_number_once"),
            known("kind", SubjectKind.values, "subject_kind_known"),
            known("role", SubjectRole.values, "subject_role_known"),
            known("attribution_confidence", Confidence.values, "subject_confidence_known"),
            models.CheckConstraint(condition=~Q(attribution_source=""), name="subject_source_given"),
        ]
        indexes = [GinIndex(OpClass(Upper("name"), name="gin_trgm_ops"), name="subject_name_trgm")]
        triggers = never_deleted("subject")

    def __str__(self) -> str:
        return self.name
