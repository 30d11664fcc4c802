"""Whether a paper is authentic: each check of it; and the one exception, an emergency answered before any check."""

import pgtrigger
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from cases.models.authorities import AuthorityContact
from cases.models.base import append_only, both_or_neither, follows_moves, known, never_deleted, stands
from cases.models.cases import Case
from cases.models.orders import LegalOrder, Obligation, VerificationMethod
from cases.models.sealing import KnownQuerySet
from cases.people.models import User
from cases.status import EmergencyStatus
from wallets.models.triggers import FirmTrigger, recorded_by_database


class VerificationOutcome(models.TextChoices):
    AUTHENTIC = "authentic", _("Found authentic")
    INAUTHENTIC = "inauthentic", _("Found not authentic")
    INCONCLUSIVE = "inconclusive", _("Nothing came of it")


class Verification(models.Model):
    """One check: how, with whom, where that contact was found, and what came of it. Written once."""

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="verifications")
    order = models.ForeignKey(LegalOrder, on_delete=models.PROTECT, related_name="verifications")
    method = models.CharField(_("how it was checked"), max_length=24, choices=VerificationMethod.choices)
    contact = models.CharField(_("contact"), max_length=300)
    contact_source = models.CharField(_("where the contact was found"), max_length=300)
    # Where it is one of those kept on the authority's page.
    kept_contact = models.ForeignKey(
        AuthorityContact, null=True, blank=True, on_delete=models.PROTECT, related_name="verifications"
    )
    outcome = models.CharField(_("outcome"), max_length=12, choices=VerificationOutcome.choices)
    remarks = models.TextField(_("remarks"), max_length=2000, blank=True)
    checked_at = models.DateTimeField(_("checked"))
    checked_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    recorded_at = models.DateTimeField(db_default=Now(), editable=False)

    ORDER_PATH = "order"
    objects = KnownQuerySet["Verification"].as_manager()

    class Meta:
        verbose_name = _("verification")
        constraints = [
            known("method", VerificationMethod.values, "verification_method_known"),
            known("outcome", VerificationOutcome.values, "verification_outcome_known"),
            models.CheckConstraint(
                condition=~Q(contact="") & ~Q(contact_source=""), name="verification_contact_said"
            ),
        ]
        triggers = [*append_only("verification"), recorded_by_database()]

    def __str__(self) -> str:
        return f"{self.get_outcome_display()}: {self.contact}"


class EmergencyRelease(models.Model):
    """An approver's word that one duty to produce may be answered before the paper was verified.

    For disclosure under an emergency instrument alone, never for a freeze or a transfer; a second person looks at it
    afterwards, and until then it waits.
    """

    STATUS_TABLE = "emergency"

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="emergency_releases")
    obligation = models.OneToOneField(Obligation, on_delete=models.PROTECT, related_name="emergency_release")
    reason = models.TextField(_("reason"), max_length=5000)
    status = models.CharField(
        _("status"),
        max_length=12,
        choices=EmergencyStatus.choices,
        default=EmergencyStatus.WAITING,
        editable=False,
    )
    approved_at = models.DateTimeField(_("approved"))
    approved_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    reviewed_at = models.DateTimeField(_("reviewed"), null=True, blank=True)
    reviewed_by = models.ForeignKey(User, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    review = models.TextField(_("what the review says"), max_length=5000, blank=True)

    ORDER_PATH = "obligation__order"
    objects = KnownQuerySet["EmergencyRelease"].as_manager()

    class Meta:
        verbose_name = _("emergency release")
        constraints = [
            known("status", EmergencyStatus.values, "emergency_status_known"),
            models.CheckConstraint(condition=~Q(reason=""), name="emergency_reason_given"),
            both_or_neither("reviewed_at", "reviewed_by", "emergency_reviewed_pair"),
            models.CheckConstraint(
                condition=Q(reviewed_by__isnull=True) | ~Q(reviewed_by=F("approved_by")),
                name="emergency_four_eyes",
            ),
            models.CheckConstraint(
                condition=Q(status="waiting") | (Q(reviewed_by__isnull=False) & ~Q(review="")),
                name="emergency_reviewed_said",
            ),
        ]
        indexes = [
            models.Index(
                fields=["approved_at", "id"], condition=Q(status="waiting"), name="emergency_waiting"
            )
        ]
        triggers = [
            *follows_moves("emergency"),
            *never_deleted("emergency"),
            stands(
                "emergency_release_stands",
                "case_id",
                "obligation_id",
                "reason",
                "approved_at",
                "approved_by_id",
                why="who let a duty be answered, and why, is not changed",
            ),
            FirmTrigger(
                name="emergency_for_disclosure_alone",
                operation=pgtrigger.Insert,
                when=pgtrigger.After,
                func="IF NOT EXISTS (SELECT FROM cases_obligation b JOIN cases_legalorder o ON o.id = b.order_id "
                "JOIN cases_instrumenttype t ON t.id = o.instrument_type_id WHERE b.id = NEW.obligation_id "
                "AND b.case_id = NEW.case_id AND b.kind = 'produce' AND t.is_emergency "
                "AND o.status IN ('received', 'verifying', 'on_hold') AND o.verified_at IS NULL) THEN "
                "RAISE EXCEPTION 'only a disclosure in an emergency comes before the verification' "
                "USING ERRCODE = 'check_violation'; END IF; RETURN NULL;",
            ),
            FirmTrigger(
                name="emergency_reviewed_once",
                operation=pgtrigger.Update,
                when=pgtrigger.Before,
                func="IF OLD.status <> 'waiting' AND (NEW.reviewed_at, NEW.reviewed_by_id, NEW.review) IS DISTINCT "
                "FROM (OLD.reviewed_at, OLD.reviewed_by_id, OLD.review) THEN RAISE EXCEPTION "
                "'a review is given once' USING ERRCODE = 'check_violation'; END IF; RETURN NEW;",
            ),
        ]

    def __str__(self) -> str:
        return f"emergency release of duty {self.obligation_id}"
