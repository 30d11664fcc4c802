"""What a case is told of its wallets: that a balance moved, or that two sources contradict each other."""

import pgtrigger
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from cases.models.base import both_or_neither, never_deleted, stands
from cases.models.cases import Case
from cases.models.wallets import CaseWallet
from cases.people.models import User
from wallets.models import Asset, BaseUnitsField, Disagreement, ReadingBatch
from wallets.models.triggers import FirmTrigger


class AlertKind(models.TextChoices):
    MOVEMENT_IN = "movement_in", _("Incoming")
    MOVEMENT_OUT = "movement_out", _("Outgoing")
    DISAGREEMENT = "disagreement", _("Sources disagree")


class Alert(models.Model):
    """One change of one balance, or one disagreement about it, told to one case once.

    Of a movement: the amount `before` with the last look that had confirmed it, and `after` with the look that found
    it, in base units. Of a disagreement: what the sources said, by `disagreement`. What was raised stands; somebody
    takes note of it once, with a few words.
    """

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="alerts")
    number = models.PositiveIntegerField()
    kind = models.CharField(_("kind"), max_length=12, choices=AlertKind.choices)
    wallet = models.ForeignKey(CaseWallet, on_delete=models.PROTECT, related_name="alerts", db_index=False)
    chain_asset = models.ForeignKey(Asset, on_delete=models.PROTECT, related_name="+", db_index=False)
    before = BaseUnitsField(_("amount before"), null=True)
    after = BaseUnitsField(_("amount after"), null=True)
    before_batch = models.ForeignKey(
        ReadingBatch, null=True, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    batch = models.ForeignKey(ReadingBatch, on_delete=models.PROTECT, related_name="+", db_index=False)
    disagreement = models.ForeignKey(
        Disagreement, null=True, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    raised_at = models.DateTimeField(_("raised"))
    acknowledged_at = models.DateTimeField(_("acknowledged"), null=True, blank=True)
    acknowledged_by = models.ForeignKey(
        User, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    note = models.TextField(_("note"), blank=True, max_length=2000)

    class Meta:
        verbose_name = _("alert")
        verbose_name_plural = _("alerts")
        constraints = [
            models.UniqueConstraint(fields=["case", "number"], name="alert_number_once"),
            # Whoever tells of a change a second time, or beside another, finds it told.
            models.UniqueConstraint(fields=["wallet", "chain_asset", "batch", "kind"], name="alert_once"),
            both_or_neither("acknowledged_at", "acknowledged_by", "alert_acknowledged_pair"),
            models.CheckConstraint(
                condition=Q(acknowledged_at__isnull=True, note="")
                | (Q(acknowledged_at__isnull=False) & ~Q(note="")),
                name="alert_acknowledged_with_words",
            ),
            models.CheckConstraint(
                condition=Q(
                    kind="disagreement",
                    disagreement__isnull=False,
                    before__isnull=True,
                    after__isnull=True,
                    before_batch__isnull=True,
                )
                | Q(
                    kind="movement_in",
                    disagreement__isnull=True,
                    before_batch__isnull=False,
                    before__isnull=False,
                    after__isnull=False,
                    before__gte=0,
                    after__gt=F("before"),
                )
                | Q(
                    kind="movement_out",
                    disagreement__isnull=True,
                    before_batch__isnull=False,
                    before__isnull=False,
                    after__isnull=False,
                    after__gte=0,
                    after__lt=F("before"),
                ),
                name="alert_kind_fits_amounts",
            ),
        ]
        indexes = [
            models.Index(
                fields=["case", "-number"],
                condition=Q(acknowledged_at__isnull=True),
                name="alert_open",
            )
        ]
        triggers = [
            *never_deleted("alert"),
            stands(
                "alert_stands",
                "case_id",
                "number",
                "kind",
                "wallet_id",
                "chain_asset_id",
                "before",
                "after",
                "before_batch_id",
                "batch_id",
                "disagreement_id",
                "raised_at",
                why="what was raised stands",
            ),
            FirmTrigger(
                name="alert_acknowledged_once",
                operation=pgtrigger.Update,
                when=pgtrigger.Before,
                func="IF OLD.acknowledged_at IS NOT NULL AND (NEW.acknowledged_at, NEW.acknowledged_by_id, NEW.note) "
                "IS DISTINCT FROM (OLD.acknowledged_at, OLD.acknowledged_by_id, OLD.note) "
                "THEN RAISE EXCEPTION 'an alert is acknowledged once' USING ERRCODE = 'check_violation'; END IF; "
                "RETURN NEW;",
            ),
            FirmTrigger(
                name="alert_born_open",
                operation=pgtrigger.Insert,
                when=pgtrigger.Before,
                func="IF NEW.acknowledged_at IS NOT NULL THEN RAISE EXCEPTION 'an alert is raised before it is "
                "acknowledged' USING ERRCODE = 'check_violation'; END IF; RETURN NEW;",
            ),
        ]

    def __str__(self) -> str:
        return f"alert {self.number}"

    @property
    def difference(self) -> int | None:
        """By how much the balance moved, in base units; negative where it went down."""
        return None if self.before is None or self.after is None else self.after - self.before

    @property
    def moved(self) -> int | None:
        """The size of the movement, whichever way it went."""
        return None if self.difference is None else abs(self.difference)


class MovementThreshold(models.Model):
    """In this case a change of this asset smaller than `minimum` base units raises no alert.

    A wallet under a freeze ignores it: there every unit that moves is told.
    """

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="thresholds")
    chain_asset = models.ForeignKey(Asset, on_delete=models.PROTECT, related_name="+", db_index=False)
    minimum = BaseUnitsField(_("smallest movement"))
    set_at = models.DateTimeField(_("set"))
    set_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")

    class Meta:
        verbose_name = _("threshold")
        verbose_name_plural = _("thresholds")
        constraints = [
            models.UniqueConstraint(fields=["case", "chain_asset"], name="threshold_once_per_asset"),
            models.CheckConstraint(condition=Q(minimum__gt=0), name="threshold_positive"),
        ]

    def __str__(self) -> str:
        return f"{self.chain_asset_id}: {self.minimum}"

    @property
    def key(self) -> str:
        """How a form names the asset: its chain, and its contract where it has one."""
        return f"{self.chain_asset.chain}:{self.chain_asset.contract}"
