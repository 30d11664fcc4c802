"""Exhibits: files taken in as evidence, the chain of custody of each, and files on their way in.

The bytes of an exhibit are never touched: they lie in the file store under their SHA-256. Whatever happens to the
exhibit is a step of its chain of custody, which is only ever added to (ISO/IEC 27037 section 6.1 asks who had it, when,
where, why, and what changed; FRE 901(b)(4) lets such a chain authenticate it).
"""

import uuid

import pgtrigger
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from cases.models.base import append_only, known, never_deleted, stands
from cases.models.cases import Case
from cases.models.orders import LegalOrder
from cases.models.sealing import KnownQuerySet
from cases.people.models import User
from wallets.models.triggers import FirmTrigger, recorded_by_database

DIGEST = r"^[0-9a-f]{64}$"


class ScanState(models.TextChoices):
    """What a malware scanner said of a file. Unscanned is a state of its own, never taken for clean."""

    UNSCANNED = "unscanned", _("Unscanned")
    CLEAN = "clean", _("Nothing found")
    INFECTED = "infected", _("Malware found")
    FAILED = "failed", _("Scan failed")


class CustodyKind(models.TextChoices):
    RECEIVED = "received", _("Received")
    HANDED_OVER = "handed_over", _("Handed over")
    RETURNED = "returned", _("Returned")
    COPIED = "copied", _("Copy taken")
    EXAMINED = "examined", _("Examined")


class FileState(models.TextChoices):
    """Whether stored bytes still have the digest under which they were stored."""

    INTACT = "intact", _("Intact")
    DAMAGED = "damaged", _("Damaged")
    MISSING = "missing", _("Missing")


class Exhibit(models.Model):
    """One file as evidence in one case, `EX-number`. All but what a scanner says of it stands as it was taken in."""

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="exhibits")
    # The order that it came with or answers; sealed, it hides the exhibit.
    order = models.ForeignKey(
        LegalOrder, null=True, blank=True, on_delete=models.PROTECT, related_name="exhibits"
    )
    number = models.PositiveIntegerField()
    title = models.CharField(_("title"), max_length=200)
    description = models.TextField(_("description"), max_length=5000, blank=True)
    received_from = models.CharField(_("received from"), max_length=300)
    received_how = models.CharField(_("how it was received"), max_length=300)
    received_at = models.DateTimeField(_("received"))
    filename = models.CharField(_("file name"), max_length=200)
    # By the server's own look at the content.
    media_type = models.CharField(max_length=100)
    sha256 = models.CharField(_("SHA-256"), max_length=64)
    size = models.PositiveBigIntegerField(_("size in bytes"))
    added_at = models.DateTimeField()
    added_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    scan = models.CharField(
        _("malware scan"), max_length=9, choices=ScanState.choices, default=ScanState.UNSCANNED
    )
    # The name of what was found, or why the scan failed.
    scan_said = models.CharField(max_length=200, blank=True)
    scanned_at = models.DateTimeField(null=True, blank=True)

    ORDER_PATH = "order"
    objects = KnownQuerySet["Exhibit"].as_manager()

    class Meta:
        verbose_name = _("exhibit")
        verbose_name_plural = _("exhibits")
        constraints = [
            models.UniqueConstraint(fields=["case", "number"], name="exhibit_number_once"),
            models.UniqueConstraint(
                fields=["case", "order", "sha256"], nulls_distinct=False, name="exhibit_once_per_order"
            ),
            models.CheckConstraint(condition=Q(sha256__regex=DIGEST), name="exhibit_sha256_form"),
            models.CheckConstraint(condition=Q(size__gt=0), name="exhibit_not_empty"),
            known("scan", ScanState.values, "exhibit_scan_known"),
            models.CheckConstraint(
                condition=Q(scan="unscanned", scanned_at__isnull=True, scan_said="")
                | (~Q(scan="unscanned") & Q(scanned_at__isnull=False)),
                name="exhibit_scan_has_its_time",
            ),
        ]
        indexes = [models.Index(fields=["sha256"], name="exhibit_by_digest")]
        triggers = [
            *never_deleted("exhibit"),
            stands(
                "exhibit_stands",
                "case_id",
                "order_id",
                "number",
                "title",
                "description",
                "received_from",
                "received_how",
                "received_at",
                "filename",
                "media_type",
                "sha256",
                "size",
                "added_at",
                "added_by_id",
                why="an exhibit stands as it was taken in",
            ),
            FirmTrigger(
                name="exhibit_in_its_case",
                operation=pgtrigger.Insert,
                when=pgtrigger.After,
                func="IF NEW.order_id IS NOT NULL AND NOT EXISTS (SELECT FROM cases_legalorder o WHERE o.id = "
                "NEW.order_id AND o.case_id = NEW.case_id) THEN RAISE EXCEPTION 'the order stands in another case' "
                "USING ERRCODE = 'check_violation'; END IF; RETURN NULL;",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.title}"

    @property
    def name(self) -> str:
        """How the exhibit is called in papers."""
        return f"EX-{self.number}"


class CustodyStep(models.Model):
    """One step of an exhibit's chain of custody: who, what, with whom, how, when, why, and its digest before and after.

    `sha256_before` is what the step before left, `sha256_after` what the store held when the step was written. Of what
    was received, the digest before is the one that the sender announced, and empty where nobody did.
    """

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="custody")
    exhibit = models.ForeignKey(Exhibit, on_delete=models.PROTECT, related_name="custody")
    position = models.PositiveIntegerField()
    kind = models.CharField(_("what happened"), max_length=11, choices=CustodyKind.choices)
    happened_at = models.DateTimeField(_("when"))
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    # From whom it came or to whom it went.
    other_person = models.CharField(_("person"), max_length=200, blank=True)
    other_organisation = models.CharField(_("organisation"), max_length=200, blank=True)
    how = models.CharField(_("how"), max_length=300, blank=True)
    why = models.TextField(_("why"), max_length=2000, blank=True)
    sha256_before = models.CharField(max_length=64, blank=True)
    sha256_after = models.CharField(max_length=64)
    recorded_at = models.DateTimeField(db_default=Now(), editable=False)

    ORDER_PATH = "exhibit__order"
    objects = KnownQuerySet["CustodyStep"].as_manager()

    class Meta:
        verbose_name = _("step of custody")
        constraints = [
            models.UniqueConstraint(fields=["exhibit", "position"], name="custody_position_once"),
            known("kind", CustodyKind.values, "custody_kind_known"),
            models.CheckConstraint(
                condition=(Q(sha256_before="") | Q(sha256_before__regex=DIGEST))
                & Q(sha256_after__regex=DIGEST),
                name="custody_sha256_form",
            ),
            models.CheckConstraint(
                condition=~Q(kind__in=["handed_over", "returned"]) | (~Q(other_person="") & ~Q(how="")),
                name="custody_names_the_other",
            ),
            models.CheckConstraint(
                condition=~Q(kind__in=["handed_over", "returned", "examined"]) | ~Q(why=""),
                name="custody_says_why",
            ),
        ]
        triggers = [
            *append_only("custody"),
            recorded_by_database(),
            FirmTrigger(
                name="custody_in_its_case",
                operation=pgtrigger.Insert,
                when=pgtrigger.After,
                func="IF NOT EXISTS (SELECT FROM cases_exhibit e WHERE e.id = NEW.exhibit_id AND e.case_id = "
                "NEW.case_id) THEN RAISE EXCEPTION 'the exhibit stands in another case' "
                "USING ERRCODE = 'check_violation'; END IF; IF NEW.position <> 1 + (SELECT count(*) FROM "
                "cases_custodystep s WHERE s.exhibit_id = NEW.exhibit_id AND s.id <> NEW.id) THEN RAISE EXCEPTION "
                "'a chain of custody has no gap' USING ERRCODE = 'check_violation'; END IF; RETURN NULL;",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.exhibit_id}/{self.position} {self.kind}"


class Upload(models.Model):
    """A file on its way in, for one person in one case. How far it is, is the size of what lies on disk.

    Once all of it is in the file store its digest and type are kept here, until the exhibit takes them over.
    """

    token = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="uploads")
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    filename = models.CharField(_("file name"), max_length=200)
    size = models.PositiveBigIntegerField(_("size in bytes"))
    # What the sender says that the file's digest is; empty where it does not say.
    announced = models.CharField(max_length=64, blank=True)
    begun_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    sha256 = models.CharField(max_length=64, blank=True)
    media_type = models.CharField(max_length=100, blank=True)

    class Meta:
        verbose_name = _("upload")
        constraints = [
            models.CheckConstraint(condition=Q(size__gt=0), name="upload_not_empty"),
            models.CheckConstraint(
                condition=(Q(announced="") | Q(announced__regex=DIGEST))
                & (Q(sha256="") | Q(sha256__regex=DIGEST)),
                name="upload_sha256_form",
            ),
        ]
        indexes = [models.Index(fields=["expires_at"], name="upload_by_end")]

    def __str__(self) -> str:
        return str(self.token)


class FileCheck(models.Model):
    """The last time that the bytes under a digest were read again, and what was found."""

    sha256 = models.CharField(max_length=64, unique=True)
    state = models.CharField(max_length=7, choices=FileState.choices)
    checked_at = models.DateTimeField()
    # Since when it is in this state.
    since = models.DateTimeField()

    class Meta:
        verbose_name = _("check of a stored file")
        constraints = [
            models.CheckConstraint(condition=Q(sha256__regex=DIGEST), name="file_check_sha256_form"),
            known("state", FileState.values, "file_check_state_known"),
        ]
        indexes = [
            models.Index(fields=["since"], condition=~Q(state="intact"), name="file_check_not_intact"),
        ]

    def __str__(self) -> str:
        return f"{self.sha256[:12]} {self.state}"
