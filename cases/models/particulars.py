"""What identifies a subject: numbers of papers, the day of birth, how she is reached. Kept sealed, never in the clear."""

import uuid

import pgtrigger
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from cases.models.base import both_or_neither, known, never_deleted, stands
from cases.models.cases import Case
from cases.models.subjects import Subject
from cases.people.models import User
from wallets.models.triggers import FirmTrigger, recorded_by_database


class ParticularKind(models.TextChoices):
    PASSPORT = "passport", _("Passport")
    NATIONAL_ID = "national_id", _("National identity number")
    TAX_ID = "tax_id", _("Tax number")
    REGISTRATION = "registration", _("Registration number")
    OTHER_ID = "other_id", _("Other number")
    BIRTH_DATE = "birth_date", _("Date of birth")
    EMAIL = "email", _("E-mail address")
    PHONE = "phone", _("Telephone number")
    ADDRESS = "address", _("Postal address")


class Particular(models.Model):
    """One particular of a subject. Its value is sealed under the key of the case and bound to this row.

    `country` is that of the issuer, ISO 3166-1 alpha-2. A wrong one is withdrawn and written anew.
    """

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="particulars")
    subject = models.ForeignKey(Subject, on_delete=models.PROTECT, related_name="particulars")
    number = models.PositiveIntegerField()
    # What the sealed value is bound to: known before the row has its key.
    uuid = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    kind = models.CharField(_("kind"), max_length=12, choices=ParticularKind.choices)
    country = models.CharField(_("issuing country"), max_length=2, blank=True)
    sealed_value = models.BinaryField()
    source = models.CharField(_("where it is known from"), max_length=500)
    added_at = models.DateTimeField()
    added_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    withdrawn_at = models.DateTimeField(null=True, blank=True)
    withdrawn_by = models.ForeignKey(User, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    withdrawn_because = models.CharField(_("why it was withdrawn"), max_length=500, blank=True)
    recorded_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        verbose_name = _("particular")
        verbose_name_plural = _("particulars")
        constraints = [
            models.UniqueConstraint(fields=["case", "number"], name="particular_number_once"),
            known("kind", ParticularKind.values, "particular_kind_known"),
            models.CheckConstraint(
                condition=Q(country="") | Q(country__regex=r"^[A-Z]{2}$"), name="particular_country_form"
            ),
            models.CheckConstraint(condition=~Q(source=""), name="particular_source_given"),
            both_or_neither("withdrawn_at", "withdrawn_by", "particular_withdrawn_pair"),
            models.CheckConstraint(
                condition=Q(withdrawn_at__isnull=True, withdrawn_because="")
                | (Q(withdrawn_at__isnull=False) & ~Q(withdrawn_because="")),
                name="particular_withdrawn_with_words",
            ),
        ]
        triggers = [
            *never_deleted("particular"),
            recorded_by_database(),
            stands(
                "particular_face_stands",
                "case_id",
                "subject_id",
                "number",
                "uuid",
                "kind",
                "country",
                "sealed_value",
                "source",
                "added_at",
                "added_by_id",
                "recorded_at",
                why="a particular stands as it was written",
            ),
            FirmTrigger(
                name="particular_withdrawn_once",
                operation=pgtrigger.Update,
                when=pgtrigger.Before,
                func="IF OLD.withdrawn_at IS NOT NULL AND NEW IS DISTINCT FROM OLD THEN RAISE EXCEPTION "
                "'a particular is withdrawn once' USING ERRCODE = 'check_violation'; END IF; RETURN NEW;",
            ),
            FirmTrigger(
                name="particular_of_its_case",
                operation=pgtrigger.Insert,
                when=pgtrigger.Before,
                func="IF NOT EXISTS (SELECT FROM cases_subject s WHERE s.id = NEW.subject_id AND s.case_id = NEW.case_id) "
                "THEN RAISE EXCEPTION 'the subject is of another case' USING ERRCODE = 'check_violation'; END IF; "
                "RETURN NEW;",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.number}"


class ParticularIndex(models.Model):
    """Under which digest a particular is found by its exact value (`cases.sealing.blind`), and by which search key.

    No fact of the record: it is made again from the sealed value, and goes with the case's key.
    """

    particular = models.OneToOneField(Particular, on_delete=models.PROTECT, related_name="index")
    key = models.PositiveIntegerField()
    digest = models.BinaryField(max_length=32)

    class Meta:
        indexes = [models.Index(fields=["digest"], name="particular_by_digest")]

    def __str__(self) -> str:
        return f"{self.particular_id} by key {self.key}"
