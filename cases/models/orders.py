"""Legal orders and the duties in them."""

from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now, Upper
from django.utils.translation import gettext_lazy as _

from cases.models.base import both_or_neither, follows_moves, known, never_deleted, stands
from cases.models.cases import Case
from cases.people.models import User
from cases.status import ObligationStatus, OrderStatus
from wallets.models.triggers import recorded_by_database


class Instrument(models.TextChoices):
    """The paper. What each permits and its clocks: see the product's domain table (docs)."""

    SUBPOENA = "subpoena", _("Grand-jury subpoena")
    PRODUCTION_ORDER = "production_order", _("Production order")
    SEARCH_WARRANT = "search_warrant", _("Search warrant")
    COURT_ORDER_2703D = "court_order_2703d", _("Court order, 18 USC 2703(d)")
    PRESERVATION_LETTER = "preservation_letter", _("Preservation letter, 18 USC 2703(f)")
    NON_DISCLOSURE_ORDER = "non_disclosure_order", _("Non-disclosure order, 18 USC 2705(b)")
    SEIZURE_WARRANT = "seizure_warrant", _("Seizure warrant, 18 USC 981/982")
    RESTRAINING_ORDER = "restraining_order", _("Restraining order or TRO")
    CIVIL_FORFEITURE = "civil_forfeiture", _("Civil forfeiture in rem")
    OFAC_BLOCKING = "ofac_blocking", _("OFAC blocking")
    KEEP_OPEN_REQUEST = "keep_open_request", _("Keep-open request, FIN-2007-G002")
    EPOC = "epoc", _("European Production Order Certificate")
    EPOC_PR = "epoc_pr", _("European Preservation Order Certificate")
    EU_FREEZING_CERTIFICATE = "eu_freezing_certificate", _("EU freezing certificate, 2018/1805")
    UK_CRYPTO_WALLET_FREEZING_ORDER = "uk_cwfo", _("UK crypto wallet freezing order")
    UK_ACCOUNT_FREEZING_ORDER = "uk_afo", _("UK account freezing order")
    UK_DAML = "uk_daml", _("UK DAML")
    EMERGENCY_DISCLOSURE = "emergency_disclosure", _("Emergency disclosure request")
    MLAT_REQUEST = "mlat_request", _("MLAT request or letter rogatory")
    TAX_REQUEST = "tax_request", _("Tax request")
    INFORMAL_FREEZE_REQUEST = "informal_freeze_request", _("Informal freeze request")


class VerificationMethod(models.TextChoices):
    CALL_BACK = "call_back", _("Call-back to an independently found number")
    COURT_REGISTRY = "court_registry", _("Court registry")
    OFFICIAL_PORTAL = "official_portal", _("Official portal")
    OFFICIAL_PUBLICATION = "official_publication", _("Official publication")
    IN_PERSON = "in_person", _("In person")


class ObligationKind(models.TextChoices):
    PRODUCE = "produce", _("Produce")
    PRESERVE = "preserve", _("Preserve")
    FREEZE = "freeze", _("Freeze")
    TRANSFER = "transfer", _("Transfer")
    KEEP_OPEN = "keep_open", _("Keep open")
    NON_DISCLOSURE = "non_disclosure", _("Non-disclosure")


class LegalOrder(models.Model):
    STATUS_TABLE = "order"

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="orders")
    number = models.PositiveIntegerField()
    instrument = models.CharField(_("instrument"), max_length=30, choices=Instrument.choices)
    issuing_authority = models.CharField(_("issuing authority"), max_length=200)
    agency_reference = models.CharField(_("agency reference"), max_length=120)
    jurisdiction = models.CharField(
        _("jurisdiction"), max_length=80, help_text=_("Country, and state or district where it has one.")
    )
    legal_basis = models.CharField(_("legal basis"), max_length=300)
    requestor = models.CharField(_("requestor"), max_length=200, blank=True)
    requestor_email = models.EmailField(_("requestor's official e-mail"), blank=True)
    scope = models.TextField(_("scope"), max_length=10_000)
    issued_at = models.DateTimeField(_("issued"))
    served_at = models.DateTimeField(_("served"))
    received_at = models.DateTimeField(_("received"))
    due_at = models.DateTimeField(_("due (return date)"), null=True, blank=True)
    time_zone = models.CharField(
        _("time zone of the paper"),
        max_length=40,
        default="UTC",
        help_text=_("Times are kept in UTC; this is the zone in which the paper counts."),
    )
    status = models.CharField(
        _("status"), max_length=24, choices=OrderStatus.choices, default=OrderStatus.RECEIVED, editable=False
    )
    status_before_hold = models.CharField(max_length=24, blank=True, editable=False)
    verification_method = models.CharField(
        _("how it was verified"), max_length=24, choices=VerificationMethod.choices, blank=True
    )
    verification_contact = models.CharField(
        _("contact, found independently of the paper"), max_length=300, blank=True
    )
    verified_at = models.DateTimeField(_("verified"), null=True, blank=True)
    verified_by = models.ForeignKey(User, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    is_fictional = models.BooleanField(_("fictional"), default=False)
    recorded_at = models.DateTimeField(db_default=Now(), editable=False)
    recorded_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["case", "number"], name="order_number_once"),
            known("status", OrderStatus.values, "order_status_known"),
            known("instrument", Instrument.values, "order_instrument_known"),
            known("verification_method", ["", *VerificationMethod.values], "order_verification_known"),
            both_or_neither("verified_at", "verified_by", "order_verified_pair"),
            # Nothing is executed before the paper was verified.
            models.CheckConstraint(
                condition=Q(verified_at__isnull=False)
                | ~Q(
                    status__in=[
                        "verified",
                        "in_review",
                        "accepted",
                        "narrowed",
                        "objected",
                        "executing",
                        "partly_complied",
                        "complied",
                        "closed",
                    ]
                ),
                name="order_verified_before_review",
            ),
            models.CheckConstraint(
                condition=Q(verified_at__isnull=True)
                | (~Q(verification_method="") & ~Q(verification_contact="")),
                name="order_verification_complete",
            ),
            models.CheckConstraint(
                condition=Q(issued_at__lte=F("served_at")), name="order_served_after_issue"
            ),
            models.CheckConstraint(
                condition=Q(served_at__lte=F("received_at")), name="order_received_after_service"
            ),
        ]
        indexes = [
            models.Index(fields=["due_at", "id"], condition=Q(due_at__isnull=False), name="order_by_due"),
            models.Index(
                fields=["received_at", "id"],
                condition=Q(status__in=["received", "verifying"]),
                name="order_unverified",
            ),
            GinIndex(OpClass(Upper("agency_reference"), name="gin_trgm_ops"), name="order_reference_trgm"),
        ]
        triggers = [
            *follows_moves("order"),
            *never_deleted("order"),
            recorded_by_database(),
            stands(
                "order_face_stands",
                "case_id",
                "number",
                "instrument",
                "issuing_authority",
                "agency_reference",
                "jurisdiction",
                "legal_basis",
                "requestor",
                "requestor_email",
                "scope",
                "issued_at",
                "served_at",
                "received_at",
                "due_at",
                "time_zone",
                "is_fictional",
                "recorded_at",
                "recorded_by_id",
                why="what an order says on its face is not changed",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_instrument_display()} {self.agency_reference}"


class Obligation(models.Model):
    """One duty in an order, with a clock of its own. Numbered within the case."""

    STATUS_TABLE = "obligation"

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="obligations")
    order = models.ForeignKey(LegalOrder, on_delete=models.PROTECT, related_name="obligations")
    number = models.PositiveIntegerField()
    kind = models.CharField(_("duty"), max_length=16, choices=ObligationKind.choices)
    text = models.TextField(_("what it asks"), max_length=5000)
    due_at = models.DateTimeField(_("due"), null=True, blank=True)
    responsible = models.ForeignKey(
        User, verbose_name=_("responsible"), null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    status = models.CharField(
        _("status"),
        max_length=24,
        choices=ObligationStatus.choices,
        default=ObligationStatus.OPEN,
        editable=False,
    )
    ended_at = models.DateTimeField(null=True, blank=True)
    ended_by = models.ForeignKey(User, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    recorded_at = models.DateTimeField(db_default=Now(), editable=False)
    recorded_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["case", "number"], name="obligation_number_once"),
            known("status", ObligationStatus.values, "obligation_status_known"),
            known("kind", ObligationKind.values, "obligation_kind_known"),
            both_or_neither("ended_at", "ended_by", "obligation_ended_pair"),
        ]
        indexes = [
            models.Index(
                fields=["due_at", "id"],
                condition=Q(due_at__isnull=False) & Q(status__in=["open", "in_progress", "overdue"]),
                name="obligation_by_due",
            )
        ]
        triggers = [
            *follows_moves("obligation"),
            *never_deleted("obligation"),
            recorded_by_database(),
            stands(
                "obligation_face_stands",
                "case_id",
                "order_id",
                "number",
                "kind",
                "text",
                "recorded_at",
                "recorded_by_id",
                why="what a duty asks is not changed",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.number}"
