"""A case, its members, tags and notes."""

from typing import TYPE_CHECKING

import pgtrigger
from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Upper
from django.utils.translation import gettext_lazy as _

from cases.audit.models import Stream
from cases.models.base import append_only, both_or_neither, follows_moves, known, never_deleted
from cases.people.models import Role, User
from cases.references import new_reference
from cases.status import FREEZE_FINAL, CaseStatus, Disposition
from wallets.models.triggers import FirmTrigger

_ENDED_FREEZES = ", ".join(f"'{status}'" for status in sorted(FREEZE_FINAL))
_UNDONE = " OR ".join(
    f"EXISTS (SELECT FROM {table} x WHERE x.case_id = NEW.id AND {condition})"
    for table, condition in (
        ("cases_freezeorder", f"x.status NOT IN ({_ENDED_FREEZES})"),
        ("cases_obligation", "x.status IN ('open', 'in_progress', 'overdue')"),
        ("cases_alert", "x.acknowledged_at IS NULL"),
        ("cases_freezebreach", "x.acknowledged_at IS NULL"),
        ("cases_casetask", "x.status = 'open'"),
    )
)


class Typology(models.TextChoices):
    DPRK_IT_WORKERS = "dprk_it_workers", _("DPRK IT workers")
    SANCTIONS_EVASION = "sanctions_evasion", _("Sanctions evasion")
    MONEY_LAUNDERING = "money_laundering", _("Money laundering")
    FRAUD = "fraud", _("Fraud or scam")
    RANSOMWARE = "ransomware", _("Ransomware")
    THEFT = "theft", _("Theft or hack")
    TERRORIST_FINANCING = "terrorist_financing", _("Terrorist financing")
    DARKNET_MARKET = "darknet_market", _("Darknet market")
    ACCOUNT_TAKEOVER = "account_takeover", _("Account takeover")
    OTHER = "other", _("Other")


class Classification(models.TextChoices):
    INTERNAL = "internal", _("Internal")
    CONFIDENTIAL = "confidential", _("Confidential")
    RESTRICTED = "restricted", _("Restricted")


def sees_every_case(user: User) -> bool:
    """Whether the person may see all cases, whoever is a member of them: the auditor."""
    return user.is_active and user.role == Role.AUDITOR


class CaseQuerySet(models.QuerySet["Case"]):
    def visible_to(self, user: User) -> "CaseQuerySet":
        """The cases that the person may see at all. Every list of cases starts here.

        Members see their own; the auditor sees all; administrators and liaisons none (a liaison sees matters that
        are shared with her, by another door).
        """
        return self.filter(disposed_at__isnull=True)._of(user)

    def disposed_for(self, user: User) -> "CaseQuerySet":
        """The cases that the person could see if they had not been disposed of."""
        return self.filter(disposed_at__isnull=False)._of(user)

    def _of(self, user: User) -> "CaseQuerySet":
        if sees_every_case(user):
            return self
        if user.is_active and user.role in {Role.INVESTIGATOR, Role.APPROVER, Role.COUNSEL}:
            return self.filter(
                pk__in=Membership.objects.filter(user=user, ended_at__isnull=True).values("case_id")
            )
        return self.none()


class Case(models.Model):
    STATUS_TABLE = "case"

    reference = models.CharField(
        _("reference"), max_length=11, unique=True, default=new_reference, editable=False
    )
    title = models.CharField(_("title"), max_length=200)
    summary = models.TextField(_("summary"), blank=True, max_length=20_000)
    typology = models.CharField(_("typology"), max_length=30, choices=Typology.choices)
    classification = models.CharField(
        _("classification"),
        max_length=20,
        choices=Classification.choices,
        default=Classification.CONFIDENTIAL,
    )
    status = models.CharField(
        _("status"), max_length=24, choices=CaseStatus.choices, default=CaseStatus.OPEN, editable=False
    )
    disposition = models.CharField(_("disposition"), max_length=20, choices=Disposition.choices, blank=True)
    lead = models.ForeignKey(User, verbose_name=_("lead"), on_delete=models.PROTECT, related_name="+")
    # Said on every page and in every file of the case, where it holds invented parts.
    fictional_notice = models.TextField(_("notice on fictional parts"), blank=True, max_length=2000)
    opened_at = models.DateTimeField(_("opened"))
    opened_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    closed_at = models.DateTimeField(null=True, blank=True)
    closed_by = models.ForeignKey(User, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    # Who asked for the closing, and how the case is to end; somebody else closes it.
    closing_asked_at = models.DateTimeField(null=True, blank=True)
    closing_asked_by = models.ForeignKey(
        User, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    closing_disposition = models.CharField(
        _("disposition asked for"), max_length=20, choices=Disposition.choices, blank=True
    )
    closing_words = models.TextField(_("why it can be closed"), blank=True, max_length=2000)
    # When what was sealed of it was destroyed (`cases.models.disposal`): from then on no door opens to it.
    disposed_at = models.DateTimeField(null=True, blank=True, editable=False)
    # When anything in the case last changed; the order of the list.
    touched_at = models.DateTimeField()
    stream = models.OneToOneField(Stream, on_delete=models.PROTECT, related_name="+")

    objects = CaseQuerySet.as_manager()

    # The keys of the sealed orders in it that the person may not know for whom it was fetched: set by the doors of
    # `cases.access` and by the lock of the actions. Empty where the system itself reads.
    hidden_orders: frozenset[int] = frozenset()

    if TYPE_CHECKING:
        memberships: models.Manager["Membership"]

    class Meta:
        constraints = [
            known("status", CaseStatus.values, "case_status_known"),
            known("typology", Typology.values, "case_typology_known"),
            known("classification", Classification.values, "case_classification_known"),
            known("disposition", ["", *Disposition.values], "case_disposition_known"),
            both_or_neither("closed_at", "closed_by", "case_closed_pair"),
            models.CheckConstraint(
                condition=Q(disposed_at__isnull=True) | Q(status=CaseStatus.CLOSED),
                name="case_disposed_is_closed",
            ),
            models.CheckConstraint(
                condition=~Q(status=CaseStatus.CLOSED) | (Q(closed_at__isnull=False) & ~Q(disposition="")),
                name="case_closed_complete",
            ),
            models.CheckConstraint(condition=~Q(title=""), name="case_title_given"),
            known("closing_disposition", ["", *Disposition.values], "case_closing_disposition_known"),
            both_or_neither("closing_asked_at", "closing_asked_by", "case_closing_asked_pair"),
            # Four eyes: whoever asked for the closing does not close.
            models.CheckConstraint(
                condition=Q(closed_by__isnull=True)
                | Q(closing_asked_by__isnull=True)
                | ~Q(closed_by=F("closing_asked_by")),
                name="case_closed_by_another",
            ),
        ]
        indexes = [
            models.Index(fields=["-touched_at", "-id"], name="case_by_touched"),
            models.Index(fields=["status", "-touched_at", "-id"], name="case_by_status"),
            models.Index(
                fields=["disposed_at"], condition=Q(disposed_at__isnull=False), name="case_by_disposal"
            ),
            GinIndex(OpClass(Upper("title"), name="gin_trgm_ops"), name="case_title_trgm"),
        ]
        triggers = [
            *follows_moves("case"),
            # By the decision of a second person alone, and for good.
            FirmTrigger(
                name="case_disposed_by_two",
                operation=pgtrigger.Update,
                when=pgtrigger.Before,
                func="IF OLD.disposed_at IS NOT NULL AND (NEW.disposed_at IS DISTINCT FROM OLD.disposed_at OR "
                "NEW.status <> OLD.status) THEN RAISE EXCEPTION 'what was disposed of stays so' USING ERRCODE = "
                "'check_violation'; END IF; IF NEW.disposed_at IS NOT NULL AND OLD.disposed_at IS NULL AND NOT EXISTS "
                "(SELECT FROM cases_disposal d WHERE d.case_id = NEW.id AND d.agreed AND d.decided_at = NEW.disposed_at) "
                "THEN RAISE EXCEPTION 'two persons dispose of a case' USING ERRCODE = 'check_violation'; END IF; "
                "RETURN NEW;",
            ),
            *never_deleted("case"),
            FirmTrigger(
                name="case_closing_asked_first",
                operation=pgtrigger.Update,
                when=pgtrigger.Before,
                func="IF NEW.status <> OLD.status AND NEW.status IN ('closing', 'closed') "
                "AND (NEW.closing_asked_by_id IS NULL OR NEW.closing_disposition = '') THEN RAISE EXCEPTION "
                "'a case closes after somebody asked for it' USING ERRCODE = 'check_violation'; END IF; RETURN NEW;",
            ),
            # What is held, owed, unread or to be done keeps a case open, whoever writes.
            FirmTrigger(
                name="case_closes_when_done",
                operation=pgtrigger.Update,
                when=pgtrigger.Before,
                func=f"IF NEW.status <> OLD.status AND NEW.status = 'closed' AND ({_UNDONE}) THEN RAISE EXCEPTION "
                "'something in the case has not ended' USING ERRCODE = 'check_violation'; END IF; RETURN NEW;",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.reference} {self.title}"


class Membership(models.Model):
    """A person's place in a case. Ended, never deleted: who could see a case, and when, is part of its record."""

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="memberships")
    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="memberships")
    reader = models.BooleanField(_("may only read"), default=False)
    added_at = models.DateTimeField()
    added_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    ended_at = models.DateTimeField(null=True, blank=True)
    ended_by = models.ForeignKey(User, null=True, blank=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["case", "user"], condition=Q(ended_at__isnull=True), name="membership_once"
            ),
            both_or_neither("ended_at", "ended_by", "membership_ended_pair"),
        ]
        indexes = [
            models.Index(fields=["user", "case"], condition=Q(ended_at__isnull=True), name="membership_live"),
        ]
        triggers = [
            *never_deleted("membership"),
            # A duty or a task of somebody who is no longer there is a duty of nobody.
            FirmTrigger(
                name="membership_ends_with_empty_hands",
                operation=pgtrigger.Update,
                when=pgtrigger.Before,
                func="IF NEW.ended_at IS NOT NULL AND OLD.ended_at IS NULL AND (EXISTS (SELECT FROM cases_casetask t "
                "WHERE t.case_id = NEW.case_id AND t.assignee_id = NEW.user_id AND t.status = 'open') OR EXISTS "
                "(SELECT FROM cases_obligation b WHERE b.case_id = NEW.case_id AND b.responsible_id = NEW.user_id "
                "AND b.status IN ('open', 'in_progress', 'overdue')) OR EXISTS (SELECT FROM cases_orderreader r "
                "WHERE r.case_id = NEW.case_id AND r.user_id = NEW.user_id AND r.ended_at IS NULL)) THEN RAISE EXCEPTION "
                "'what the member has to do is handed over first' USING ERRCODE = 'check_violation'; END IF; "
                "RETURN NEW;",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} in {self.case_id}"


class CaseTag(models.Model):
    """A word by which cases are found together, in lower case."""

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="tags")
    name = models.CharField(_("tag"), max_length=40)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["case", "name"], name="casetag_once"),
            models.CheckConstraint(condition=~Q(name=""), name="casetag_given"),
        ]
        indexes = [models.Index(fields=["name"], name="casetag_by_name")]

    def __str__(self) -> str:
        return self.name


class Note(models.Model):
    """Something an officer wrote down. Written once; a correction is another note."""

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="notes")
    number = models.PositiveIntegerField()
    text = models.TextField(_("note"), max_length=20_000)
    written_at = models.DateTimeField()
    written_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["case", "number"], name="note_number_once"),
            models.CheckConstraint(condition=~Q(text=""), name="note_given"),
        ]
        triggers = append_only("note")

    def __str__(self) -> str:
        return f"note {self.number}"
