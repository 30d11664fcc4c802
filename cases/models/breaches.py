"""Breaches: a frozen target held less than its freeze says. Raised by the watchdog, answered by a person, never removed."""

import pgtrigger
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from cases.models.accounts import AccountHolding
from cases.models.base import both_or_neither, never_deleted, stands
from cases.models.cases import Case
from cases.models.freezes import FreezeOrder
from cases.models.sealing import KnownQuerySet
from cases.people.models import User
from wallets.models import Asset, BaseUnitsField, ReadingBatch
from wallets.models.triggers import FirmTrigger


class FreezeBreach(models.Model):
    """One outflow of one asset below what a freeze holds, in base units, with the look or the entry that shows it.

    `required` is what had to stand there at that moment: what is still held, with the credits that came in since.
    """

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="breaches")
    freeze = models.ForeignKey(FreezeOrder, on_delete=models.PROTECT, related_name="breaches")
    number = models.PositiveIntegerField()
    asset = models.CharField(_("asset"), max_length=20)
    decimals = models.PositiveSmallIntegerField()
    required = BaseUnitsField(_("amount that is frozen"))
    before = BaseUnitsField(_("amount before"), null=True, blank=True)
    after = BaseUnitsField(_("amount after"))
    chain_asset = models.ForeignKey(Asset, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    batch = models.ForeignKey(ReadingBatch, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    holding = models.ForeignKey(
        AccountHolding, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    seen_at = models.DateTimeField(_("seen"))
    raised_at = models.DateTimeField(_("raised"))
    acknowledged_at = models.DateTimeField(_("answered"), null=True, blank=True)
    acknowledged_by = models.ForeignKey(
        User, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    note = models.TextField(_("what came of it"), blank=True, max_length=5000)

    ORDER_PATH = "freeze__obligation__order"
    objects = KnownQuerySet["FreezeBreach"].as_manager()

    class Meta:
        verbose_name = _("breach")
        verbose_name_plural = _("breaches")
        constraints = [
            models.UniqueConstraint(fields=["case", "number"], name="breach_number_once"),
            models.UniqueConstraint(
                fields=["freeze", "chain_asset", "batch"],
                condition=Q(batch__isnull=False),
                name="breach_once_per_look",
            ),
            models.UniqueConstraint(
                fields=["freeze", "holding"], condition=Q(holding__isnull=False), name="breach_once_per_entry"
            ),
            models.CheckConstraint(
                condition=Q(batch__isnull=False, chain_asset__isnull=False, holding__isnull=True)
                | Q(batch__isnull=True, chain_asset__isnull=True, holding__isnull=False),
                name="breach_one_proof",
            ),
            models.CheckConstraint(
                condition=Q(after__gte=0, after__lt=F("required")), name="breach_below_what_is_frozen"
            ),
            both_or_neither("acknowledged_at", "acknowledged_by", "breach_answered_pair"),
            models.CheckConstraint(
                condition=Q(acknowledged_at__isnull=True, note="")
                | (Q(acknowledged_at__isnull=False) & ~Q(note="")),
                name="breach_answered_with_words",
            ),
        ]
        indexes = [
            models.Index(
                fields=["case", "-number"], condition=Q(acknowledged_at__isnull=True), name="breach_open"
            )
        ]
        triggers = [
            *never_deleted("breach"),
            stands(
                "breach_stands",
                "case_id",
                "freeze_id",
                "number",
                "asset",
                "decimals",
                "required",
                "before",
                "after",
                "chain_asset_id",
                "batch_id",
                "holding_id",
                "seen_at",
                "raised_at",
                why="what was raised stands",
            ),
            FirmTrigger(
                name="breach_answered_once",
                operation=pgtrigger.Update,
                when=pgtrigger.Before,
                func="IF OLD.acknowledged_at IS NOT NULL AND (NEW.acknowledged_at, NEW.acknowledged_by_id, NEW.note) "
                "IS DISTINCT FROM (OLD.acknowledged_at, OLD.acknowledged_by_id, OLD.note) "
                "THEN RAISE EXCEPTION 'a breach is answered once' USING ERRCODE = 'check_violation'; END IF; "
                "RETURN NEW;",
            ),
        ]

    def __str__(self) -> str:
        return f"breach {self.number}"

    @property
    def unit(self) -> dict[str, object]:
        """Symbol and decimals, as the pages want them beside an amount."""
        return {"symbol": self.asset, "decimals": self.decimals}

    @property
    def missing(self) -> int:
        """How much of what is frozen is not there, in base units."""
        return int(self.required) - int(self.after)
