"""What changes a freeze that stands without ending it: a later end of its term, or a part of it given free."""

import pgtrigger
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from cases.models.base import append_only, both_or_neither, follows_moves, known, never_deleted, stands
from cases.models.cases import Case
from cases.models.freezes import FreezeAmount, FreezeOrder
from cases.models.sealing import KnownQuerySet
from cases.people.models import User
from cases.status import ChangeStatus
from wallets.models import BaseUnitsField
from wallets.models.triggers import FirmTrigger


class ChangeKind(models.TextChoices):
    EXTENSION = "extension", _("Extension")
    PARTIAL_RELEASE = "partial_release", _("Partial release")


class FreezeChange(models.Model):
    """An extension or a partial release: asked for by one person, decided by another. Numbered within the case.

    What it asks stands; the freeze's own snapshot is never touched by it.
    """

    STATUS_TABLE = "change"

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="freeze_changes")
    freeze = models.ForeignKey(FreezeOrder, on_delete=models.PROTECT, related_name="changes")
    number = models.PositiveIntegerField()
    kind = models.CharField(_("kind"), max_length=16, choices=ChangeKind.choices)
    reason = models.TextField(_("reason"), max_length=5000)
    old_ends_at = models.DateTimeField(_("end so far"), null=True, blank=True)
    new_ends_at = models.DateTimeField(_("new end"), null=True, blank=True)
    status = models.CharField(
        _("status"),
        max_length=24,
        choices=ChangeStatus.choices,
        default=ChangeStatus.PROPOSED,
        editable=False,
    )
    proposed_at = models.DateTimeField()
    proposed_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    decided_at = models.DateTimeField(null=True, blank=True)
    decided_by = models.ForeignKey(User, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    comment = models.TextField(_("comment"), blank=True, max_length=2000)

    ORDER_PATH = "freeze__obligation__order"
    objects = KnownQuerySet["FreezeChange"].as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["case", "number"], name="change_number_once"),
            known("status", ChangeStatus.values, "change_status_known"),
            known("kind", ChangeKind.values, "change_kind_known"),
            both_or_neither("decided_at", "decided_by", "change_decided_pair"),
            models.CheckConstraint(
                condition=Q(decided_by__isnull=True) | ~Q(decided_by=F("proposed_by")),
                name="change_four_eyes",
            ),
            models.CheckConstraint(
                condition=Q(status="proposed") | Q(decided_at__isnull=False), name="change_decided_said_when"
            ),
            models.CheckConstraint(
                condition=Q(
                    kind="extension",
                    old_ends_at__isnull=False,
                    new_ends_at__isnull=False,
                    new_ends_at__gt=F("old_ends_at"),
                )
                | Q(kind="partial_release", old_ends_at__isnull=True, new_ends_at__isnull=True),
                name="change_kind_fits_term",
            ),
            models.CheckConstraint(condition=~Q(reason=""), name="change_reason_given"),
        ]
        indexes = [
            models.Index(fields=["proposed_at", "id"], condition=Q(status="proposed"), name="change_waiting")
        ]
        triggers = [
            *follows_moves("change"),
            *never_deleted("change"),
            stands(
                "change_stands",
                "case_id",
                "freeze_id",
                "number",
                "kind",
                "reason",
                "old_ends_at",
                "new_ends_at",
                "proposed_at",
                "proposed_by_id",
                why="what was asked for is not changed",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.number}"


def within_held(name: str) -> FirmTrigger:
    """A row that takes `amount` from `held` never takes more than is still held there.

    `cases_still_held` (migration 0011) is null where nobody knows what stands there: then nothing leaves it. The
    freeze is locked first, so that two rows at once are counted one after the other.
    """
    return FirmTrigger(
        name=name,
        operation=pgtrigger.Insert,
        when=pgtrigger.Before,
        declare=[("still", "numeric")],
        func="PERFORM 1 FROM cases_freezeorder f JOIN cases_freezeamount a ON a.freeze_id = f.id "
        "WHERE a.id = NEW.held_id FOR UPDATE OF f; still := cases_still_held(NEW.held_id); "
        "IF still IS NULL OR NEW.amount > still THEN RAISE EXCEPTION 'more than is still held' "
        "USING ERRCODE = 'check_violation'; END IF; RETURN NEW;",
    )


class FreezeChangeAmount(models.Model):
    """How much of one asset a partial release gives free, in base units."""

    change = models.ForeignKey(FreezeChange, on_delete=models.PROTECT, related_name="amounts")
    held = models.ForeignKey(FreezeAmount, on_delete=models.PROTECT, related_name="released")
    amount = BaseUnitsField(_("amount in base units"))

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["change", "held"], name="changeamount_once"),
            models.CheckConstraint(condition=Q(amount__gt=0), name="changeamount_positive"),
        ]
        triggers = [
            *append_only("changeamount"),
            FirmTrigger(
                name="changeamount_of_its_freeze",
                operation=pgtrigger.Insert,
                when=pgtrigger.Before,
                func="IF NOT EXISTS (SELECT 1 FROM cases_freezechange c JOIN cases_freezeamount a "
                "ON a.freeze_id = c.freeze_id WHERE c.id = NEW.change_id AND a.id = NEW.held_id "
                "AND c.kind = 'partial_release' AND c.status = 'proposed') THEN "
                "RAISE EXCEPTION 'a part of another freeze' USING ERRCODE = 'check_violation'; END IF; RETURN NEW;",
            ),
            within_held("changeamount_within_held"),
        ]

    def __str__(self) -> str:
        return f"{self.amount} of change {self.change_id}"
