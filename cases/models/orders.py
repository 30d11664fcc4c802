"""Legal orders and the duties in them."""

import json

import pgtrigger
from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now, Upper
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from cases.models.authorities import Authority
from cases.models.base import both_or_neither, follows_moves, known, never_deleted, stands
from cases.models.cases import Case
from cases.models.instruments import InstrumentType
from cases.models.sealing import KnownQuerySet
from cases.people.models import User
from cases.sealing.envelope import CannotUnseal, KeyDestroyed, seal, unseal
from cases.status import ORDER_UNANSWERED, ObligationStatus, OrderStatus
from wallets.models.triggers import FirmTrigger, recorded_by_database


class Instrument(models.TextChoices):
    """The shipped keys. What each permits, needs and starts stands in `InstrumentType`, which may hold further ones."""

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


# These bind for a term and end with it: nothing is delivered, and the order's completion does not wait for them
# where it asks for anything else. They are in force from the order's acceptance on, and are met when the term is over.
TERM_KINDS = frozenset({str(ObligationKind.KEEP_OPEN), str(ObligationKind.NON_DISCLOSURE)})


# What is kept sealed of an order.
TEXTS = ("scope", "sealed_terms", "non_disclosure_terms")


class LegalOrder(models.Model):
    STATUS_TABLE = "order"

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="orders")
    number = models.PositiveIntegerField()
    # The key; the row beside it is the version of its data that counted when the order was recorded. Only an order
    # from before those rows were kept has none.
    instrument = models.CharField(_("instrument"), max_length=30)
    instrument_type = models.ForeignKey(
        InstrumentType, null=True, editable=False, on_delete=models.PROTECT, related_name="orders"
    )
    # What an instrument that was added here is called; the shipped ones have a translated name.
    instrument_label = models.CharField(max_length=120, blank=True, editable=False)
    issuing_authority = models.CharField(
        _("issuing authority"), max_length=200, help_text=_("As the paper states it.")
    )
    issuer = models.ForeignKey(Authority, null=True, on_delete=models.PROTECT, related_name="issued")
    validating_authority = models.CharField(
        _("validating authority"),
        max_length=200,
        blank=True,
        help_text=_("Where another one had to confirm the order, as for a certificate of the EU."),
    )
    validator = models.ForeignKey(Authority, null=True, on_delete=models.PROTECT, related_name="validated")
    enforcing_authority = models.CharField(
        _("enforcing authority"),
        max_length=200,
        blank=True,
        help_text=_("Which would compel us where we are, if it is another one."),
    )
    enforcer = models.ForeignKey(Authority, null=True, on_delete=models.PROTECT, related_name="enforces")
    agency_reference = models.CharField(
        _("agency reference"), max_length=120, help_text=_("Of this very paper.")
    )
    agency_case_number = models.CharField(
        _("agency case number"), max_length=120, blank=True, help_text=_("Of the case that it belongs to.")
    )
    entity_served = models.CharField(
        _("legal entity served"),
        max_length=200,
        blank=True,
        help_text=_("The addressee exactly as the paper names it."),
    )
    jurisdiction = models.CharField(
        _("jurisdiction"), max_length=80, help_text=_("Country, and state or district where it has one.")
    )
    legal_basis = models.CharField(_("legal basis"), max_length=300)
    requestor = models.CharField(_("requestor"), max_length=200, blank=True)
    requestor_title = models.CharField(_("requestor's title"), max_length=120, blank=True)
    requestor_badge = models.CharField(_("badge or officer ID"), max_length=80, blank=True)
    requestor_email = models.EmailField(_("requestor's official e-mail"), blank=True)
    requestor_phone = models.CharField(_("requestor's telephone"), max_length=40, blank=True)
    # What the paper says in confidence is kept sealed under the case's key (`seal_texts`). The three columns in the clear
    # are empty since then; orders that were recorded before keep them.
    sealed_texts = models.BinaryField(null=True, editable=False)
    clear_scope = models.TextField(_("scope"), max_length=10_000, blank=True, db_column="scope")
    issued_at = models.DateTimeField(_("issued"))
    served_at = models.DateTimeField(_("served"))
    received_at = models.DateTimeField(_("received"))
    due_at = models.DateTimeField(_("due (return date)"), null=True, blank=True)
    ends_at = models.DateTimeField(
        _("ends"), null=True, blank=True, help_text=_("When the order itself ends, where it says so.")
    )
    clear_sealed_terms = models.TextField(
        _("sealing terms"),
        max_length=2000,
        blank=True,
        help_text=_("The state of the court's file."),
        db_column="sealed_terms",
    )
    non_disclosure_until = models.DateTimeField(_("nobody is told until"), null=True, blank=True)
    clear_non_disclosure_terms = models.TextField(
        _("non-disclosure terms"),
        max_length=2000,
        blank=True,
        help_text=_("Who may not be told, in the paper's words."),
        db_column="non_disclosure_terms",
    )
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
    # Known to its readers alone, with all that stems from it (`cases.models.sealing`).
    sealed = models.BooleanField(_("sealed"), default=False, editable=False)
    recorded_at = models.DateTimeField(db_default=Now(), editable=False)
    recorded_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")

    ORDER_PATH = "pk"
    objects = KnownQuerySet["LegalOrder"].as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["case", "number"], name="order_number_once"),
            models.CheckConstraint(
                condition=Q(
                    sealed_texts__isnull=False,
                    clear_scope="",
                    clear_sealed_terms="",
                    clear_non_disclosure_terms="",
                )
                | Q(sealed_texts__isnull=True) & ~Q(clear_scope=""),
                name="order_texts_sealed",
            ),
            known("status", OrderStatus.values, "order_status_known"),
            models.CheckConstraint(
                condition=Q(ends_at__isnull=True) | Q(ends_at__gte=F("issued_at")),
                name="order_ends_after_issue",
            ),
            models.CheckConstraint(
                condition=Q(non_disclosure_until__isnull=True) | Q(non_disclosure_until__gte=F("issued_at")),
                name="order_gag_ends_after_issue",
            ),
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
            # Of the orders that are not answered yet, so that those that are cost the deadlines nothing.
            models.Index(
                fields=["due_at", "id"],
                include=["case"],
                condition=Q(
                    due_at__isnull=False,
                    status__in=[*ORDER_UNANSWERED],
                ),
                name="order_by_due",
            ),
            models.Index(
                fields=["received_at", "id"],
                condition=Q(status__in=["received", "verifying"]),
                name="order_unverified",
            ),
            GinIndex(OpClass(Upper("agency_reference"), name="gin_trgm_ops"), name="order_reference_trgm"),
            models.Index(fields=["case", "id"], condition=Q(sealed=True), name="order_sealed"),
            models.Index(Upper("agency_reference"), name="order_by_reference"),
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
                "instrument_type_id",
                "instrument_label",
                "issuing_authority",
                "issuer_id",
                "validating_authority",
                "validator_id",
                "enforcing_authority",
                "enforcer_id",
                "agency_reference",
                "agency_case_number",
                "entity_served",
                "jurisdiction",
                "legal_basis",
                "requestor",
                "requestor_title",
                "requestor_badge",
                "requestor_email",
                "requestor_phone",
                "scope",
                "sealed_texts",
                "issued_at",
                "served_at",
                "received_at",
                "due_at",
                "ends_at",
                "sealed_terms",
                "non_disclosure_until",
                "non_disclosure_terms",
                "time_zone",
                "is_fictional",
                "recorded_at",
                "recorded_by_id",
                why="what an order says on its face is not changed",
            ),
            FirmTrigger(
                name="order_under_its_instrument",
                operation=pgtrigger.Insert,
                when=pgtrigger.After,
                func="IF NOT EXISTS (SELECT FROM cases_instrumenttype t WHERE t.id = NEW.instrument_type_id "
                "AND t.key = NEW.instrument) THEN RAISE EXCEPTION 'an order names a version of its instrument' "
                "USING ERRCODE = 'check_violation'; END IF; RETURN NULL;",
            ),
            # Once, by the person who recorded the check that found it authentic.
            FirmTrigger(
                name="order_verified_by_a_check",
                operation=pgtrigger.Update,
                when=pgtrigger.After,
                func="IF (NEW.verified_at, NEW.verified_by_id) IS DISTINCT FROM (OLD.verified_at, OLD.verified_by_id) "
                "AND (OLD.verified_at IS NOT NULL OR NOT EXISTS (SELECT FROM cases_verification v "
                "WHERE v.order_id = NEW.id AND v.outcome = 'authentic' AND v.checked_by_id = NEW.verified_by_id)) "
                "THEN RAISE EXCEPTION 'an order is verified by a check that found it authentic, once' "
                "USING ERRCODE = 'check_violation'; END IF; RETURN NULL;",
            ),
            # Sealed for somebody: an order that nobody may know would run out unseen.
            FirmTrigger(
                name="order_sealed_for_somebody",
                operation=pgtrigger.Insert | pgtrigger.Update,
                when=pgtrigger.After,
                func="IF NEW.sealed AND (NOT EXISTS (SELECT FROM cases_orderreader r WHERE r.order_id = NEW.id AND "
                "r.ended_at IS NULL) OR EXISTS (SELECT FROM cases_obligation b WHERE b.order_id = NEW.id AND "
                "b.responsible_id IS NOT NULL AND b.status IN ('open', 'in_progress', 'overdue') AND NOT EXISTS "
                "(SELECT FROM cases_orderreader r WHERE r.order_id = NEW.id AND r.user_id = b.responsible_id AND "
                "r.ended_at IS NULL))) THEN RAISE EXCEPTION 'somebody must know a sealed order, and whoever has a duty "
                "in it' USING ERRCODE = 'check_violation'; END IF; RETURN NULL;",
            ),
            # Complied: nothing is left to be done, though a term may run on. Closed: nothing runs any more.
            FirmTrigger(
                name="order_waits_for_its_duties",
                operation=pgtrigger.Update,
                when=pgtrigger.Before,
                func="IF NEW.status <> OLD.status AND NEW.status IN ('complied', 'closed') AND EXISTS (SELECT FROM "
                "cases_obligation b WHERE b.order_id = NEW.id AND b.status IN ('open', 'in_progress', 'overdue') "
                "AND (NEW.status = 'closed' OR b.kind NOT IN ('keep_open', 'non_disclosure'))) THEN "
                "RAISE EXCEPTION 'a duty of the order has not ended' USING ERRCODE = 'check_violation'; END IF; "
                "RETURN NEW;",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_instrument_display()} {self.agency_reference}"

    def seal_texts(self, *, scope: str, sealed_terms: str, non_disclosure_terms: str) -> None:
        """Keep these texts sealed, for this case and this number alone. Before the row is first saved."""
        texts = {
            "scope": scope,
            "sealed_terms": sealed_terms,
            "non_disclosure_terms": non_disclosure_terms,
        }
        plain = json.dumps(texts, ensure_ascii=False).encode()
        self.sealed_texts = seal(self.case.stream.uuid, plain, bound=self._bound)

    @property
    def scope(self) -> str:
        """What the order covers, in its words."""
        return self._texts["scope"]

    @property
    def sealed_terms(self) -> str:
        """The state of the court's file."""
        return self._texts["sealed_terms"]

    @property
    def non_disclosure_terms(self) -> str:
        """Who may not be told, in the paper's words."""
        return self._texts["non_disclosure_terms"]

    @cached_property
    def _texts(self) -> dict[str, str]:
        """The texts; where they cannot be read, why, in place of each."""
        if self.sealed_texts is None:
            return {
                "scope": self.clear_scope,
                "sealed_terms": self.clear_sealed_terms,
                "non_disclosure_terms": self.clear_non_disclosure_terms,
            }
        try:
            opened: dict[str, str] = json.loads(
                unseal(self.case.stream.uuid, bytes(self.sealed_texts), bound=self._bound)
            )
        except KeyDestroyed:
            return dict.fromkeys(TEXTS, str(_("no longer kept")))
        except (CannotUnseal, ValueError):
            return dict.fromkeys(TEXTS, str(_("cannot be read: what is stored is not what was written")))
        return opened

    @property
    def _bound(self) -> bytes:
        return b"cases_legalorder|sealed_texts|" + self.case.stream.uuid.bytes + b"|%d" % self.number

    def get_instrument_display(self) -> str:
        """What the instrument is called: in the reader's language where it is a shipped one."""
        if self.instrument_label or self.instrument not in Instrument.values:
            return self.instrument_label or self.instrument
        return str(Instrument(self.instrument).label)


class Obligation(models.Model):
    """One duty in an order, with a clock of its own. Numbered within the case."""

    STATUS_TABLE = "obligation"

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="obligations")
    order = models.ForeignKey(LegalOrder, on_delete=models.PROTECT, related_name="obligations")
    number = models.PositiveIntegerField()
    kind = models.CharField(_("duty"), max_length=16, choices=ObligationKind.choices)
    text = models.TextField(_("what it asks"), max_length=5000)
    due_at = models.DateTimeField(_("due"), null=True, blank=True)
    # When the due moment was last set: reminders that would lie before it are left out. Empty: as it was recorded.
    due_set_at = models.DateTimeField(null=True, blank=True, editable=False)
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
    # Why it was objected to, is not ours, or its addressee is not in scope.
    outcome_reason = models.TextField(_("reason of the outcome"), max_length=5000, blank=True)
    # Without a person: the worker saw that the term was over.
    ended_at = models.DateTimeField(null=True, blank=True)
    ended_by = models.ForeignKey(User, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    recorded_at = models.DateTimeField(db_default=Now(), editable=False)
    recorded_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")

    ORDER_PATH = "order"
    objects = KnownQuerySet["Obligation"].as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["case", "number"], name="obligation_number_once"),
            known("status", ObligationStatus.values, "obligation_status_known"),
            known("kind", ObligationKind.values, "obligation_kind_known"),
            models.CheckConstraint(
                condition=Q(ended_at__isnull=True, ended_by__isnull=True)
                | Q(ended_at__isnull=False, ended_by__isnull=False)
                | Q(
                    ended_at__isnull=False,
                    ended_by__isnull=True,
                    kind__in=["keep_open", "non_disclosure"],
                ),
                name="obligation_ended_pair",
            ),
        ]
        indexes = [
            models.Index(
                fields=["due_at", "id"],
                include=["case", "order"],
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
            FirmTrigger(
                name="obligation_permitted",
                operation=pgtrigger.Insert,
                when=pgtrigger.After,
                func="IF NOT EXISTS (SELECT FROM cases_legalorder o LEFT JOIN cases_instrumenttype t "
                "ON t.id = o.instrument_type_id WHERE o.id = NEW.order_id AND o.case_id = NEW.case_id "
                "AND (t.id IS NULL OR NEW.kind = ANY (t.permits))) THEN RAISE EXCEPTION "
                "'the instrument does not permit this' USING ERRCODE = 'check_violation'; END IF; RETURN NULL;",
            ),
            FirmTrigger(
                name="obligation_of_who_may_know",
                operation=pgtrigger.Insert | pgtrigger.Update,
                when=pgtrigger.After,
                func="IF NEW.responsible_id IS NOT NULL AND NEW.status IN ('open', 'in_progress', 'overdue') AND EXISTS "
                "(SELECT FROM cases_legalorder o WHERE o.id = NEW.order_id AND o.sealed) AND NOT EXISTS (SELECT FROM "
                "cases_orderreader r WHERE r.order_id = NEW.order_id AND r.user_id = NEW.responsible_id AND r.ended_at "
                "IS NULL) THEN RAISE EXCEPTION 'the order is sealed from the responsible person' "
                "USING ERRCODE = 'check_violation'; END IF; RETURN NULL;",
            ),
            # Nothing is executed before the verification; the one exception is a disclosure that an approver let pass.
            FirmTrigger(
                name="obligation_verified_first",
                operation=pgtrigger.Update,
                when=pgtrigger.Before,
                func="IF NEW.status <> OLD.status AND NEW.status NOT IN ('overdue', 'lifted') AND NOT EXISTS "
                "(SELECT FROM cases_legalorder o WHERE o.id = NEW.order_id AND o.verified_at IS NOT NULL) "
                "AND NOT (NEW.kind = 'produce' AND EXISTS (SELECT FROM cases_emergencyrelease r "
                "WHERE r.obligation_id = NEW.id)) THEN RAISE EXCEPTION 'the order is not verified' "
                "USING ERRCODE = 'check_violation'; END IF; RETURN NEW;",
            ),
            # An outcome is shown: by a proof, by the term that is over, or by its reason.
            FirmTrigger(
                name="obligation_with_proof",
                operation=pgtrigger.Update,
                when=pgtrigger.Before,
                func="IF NEW.status <> OLD.status AND ((NEW.status IN ('met', 'partly_met') AND NOT EXISTS (SELECT "
                "FROM cases_obligationproof p WHERE p.obligation_id = NEW.id) AND NOT (NEW.kind IN ('keep_open', "
                "'non_disclosure') AND NEW.due_at <= NEW.ended_at)) OR (NEW.status IN ('objected', 'not_ours', "
                "'out_of_scope') AND NEW.outcome_reason = '')) THEN RAISE EXCEPTION "
                "'an outcome is shown by a proof or a reason' USING ERRCODE = 'check_violation'; END IF; RETURN NEW;",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.number}"

    @property
    def is_late(self) -> bool:
        """Whether it was carried out, but after its due moment."""
        carried_out = self.status in {ObligationStatus.MET, ObligationStatus.PARTLY_MET}
        return bool(
            carried_out
            and self.kind not in TERM_KINDS
            and self.due_at
            and self.ended_at
            and self.ended_at > self.due_at
        )
