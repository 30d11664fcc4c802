"""Disposal after retention: one person asks, another agrees, and the key of the case is destroyed."""

import pgtrigger
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from cases.models.base import both_or_neither, never_deleted, stands
from cases.models.cases import Case
from cases.people.models import User
from wallets.models.triggers import FirmTrigger, recorded_by_database

# The day is the database's own in UTC: a moment handed in cannot bring it nearer. Holds and retention are read under the
# lock on the case that their own actions take.
DUE = (
    "SELECT c.status = 'closed' AND c.disposed_at IS NULL "
    "AND NOT EXISTS (SELECT FROM cases_legalhold h WHERE h.case_id = c.id AND h.lifted_at IS NULL) "
    "AND coalesce((SELECT r.may_go_on FROM cases_caseretention r WHERE r.case_id = c.id ORDER BY r.number DESC LIMIT 1) "
    "<= (clock_timestamp() AT TIME ZONE 'UTC')::date, false) FROM cases_case c WHERE c.id = NEW.case_id"
)


class Disposal(models.Model):
    """That the record of a case is to go, as somebody asked, and what somebody else decided.

    `head_sequence` and `head_hash` name the last event before the disposal: what the case's chain is held against when
    nothing in it can be read any more.
    """

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="disposals")
    number = models.PositiveIntegerField()
    words = models.TextField(_("why the record may go"), max_length=2000)
    asked_at = models.DateTimeField()
    asked_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    decided_at = models.DateTimeField(null=True, blank=True)
    decided_by = models.ForeignKey(User, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    agreed = models.BooleanField(null=True, blank=True)
    reason = models.TextField(_("reason"), blank=True, max_length=2000)
    head_sequence = models.PositiveBigIntegerField(null=True, blank=True)
    head_hash = models.CharField(max_length=64, blank=True)
    recorded_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        verbose_name = _("disposal")
        verbose_name_plural = _("disposals")
        constraints = [
            models.UniqueConstraint(fields=["case", "number"], name="disposal_number_once"),
            models.UniqueConstraint(
                fields=["case"], condition=Q(decided_at__isnull=True), name="disposal_asked_once"
            ),
            models.UniqueConstraint(fields=["case"], condition=Q(agreed=True), name="disposal_agreed_once"),
            models.CheckConstraint(condition=~Q(words=""), name="disposal_words_given"),
            both_or_neither("decided_at", "decided_by", "disposal_decided_pair"),
            both_or_neither("decided_at", "agreed", "disposal_decided_one_way"),
            models.CheckConstraint(
                condition=Q(agreed__isnull=True) | Q(agreed=False) | ~Q(decided_by=F("asked_by")),
                name="disposal_agreed_by_another",
            ),
            models.CheckConstraint(
                condition=Q(agreed__isnull=True) | Q(agreed=True) | ~Q(reason=""),
                name="disposal_refused_with_words",
            ),
            models.CheckConstraint(
                condition=Q(agreed=True, head_sequence__isnull=False) & Q(head_hash__regex=r"^[0-9a-f]{64}$")
                | (Q(agreed__isnull=True) | Q(agreed=False)) & Q(head_sequence__isnull=True, head_hash=""),
                name="disposal_names_its_head",
            ),
        ]
        triggers = [
            *never_deleted("disposal"),
            recorded_by_database(),
            stands(
                "disposal_face_stands",
                "case_id",
                "number",
                "words",
                "asked_at",
                "asked_by_id",
                "recorded_at",
                why="a disposal stands as it was asked for",
            ),
            FirmTrigger(
                name="disposal_decided_once",
                operation=pgtrigger.Update,
                when=pgtrigger.Before,
                func="IF OLD.decided_at IS NOT NULL AND NEW IS DISTINCT FROM OLD THEN RAISE EXCEPTION "
                "'a disposal is decided once' USING ERRCODE = 'check_violation'; END IF; RETURN NEW;",
            ),
            FirmTrigger(
                name="disposal_when_due",
                operation=pgtrigger.Insert | pgtrigger.Update,
                when=pgtrigger.Before,
                func=f"IF (TG_OP = 'INSERT' OR NEW.agreed) AND NOT coalesce(({DUE}), false) THEN RAISE EXCEPTION "
                "'the record of the case may not go yet' USING ERRCODE = 'check_violation'; END IF; RETURN NEW;",
            ),
        ]

    def __str__(self) -> str:
        return f"disposal {self.number}"
