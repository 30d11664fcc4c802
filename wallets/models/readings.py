"""What was read: a reading is written once and never changed; a balance is what is known now."""

from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from wallets.models.assets import Asset
from wallets.models.batches import ReadingBatch
from wallets.models.fields import BaseUnitsField
from wallets.models.triggers import amounts_were_read, append_only, rows_exist, sighting_was_read
from wallets.models.wallets import Wallet


class Reading(models.Model):
    """How much of an asset an address held, as the look `batch` found it, and what the look before had found.

    A scheduled look leaves a row only where the amount changed (`before` differs, or is empty at the first); a look
    that somebody asked for leaves one in any case. `before_batch` is the last look that had confirmed `before`.

    The table is partitioned by the month of `taken_at` (`wallets.snapshots.months`), and its one index is its key:
    no foreign key points here, what others rest on is a `Sighting`. Rows of a statement are
    checked against wallets, assets and batches all at once, by trigger: a check for each row would
    cost more than the writing.
    """

    pk = models.CompositePrimaryKey("wallet_id", "asset_id", "taken_at")
    wallet = models.ForeignKey(
        Wallet, on_delete=models.PROTECT, related_name="readings", db_index=False, db_constraint=False
    )
    asset = models.ForeignKey(
        Asset, on_delete=models.PROTECT, related_name="readings", db_index=False, db_constraint=False
    )
    before = BaseUnitsField(_("amount before"), null=True)
    amount = BaseUnitsField(_("amount"))
    batch = models.ForeignKey(
        ReadingBatch, on_delete=models.PROTECT, related_name="readings", db_index=False, db_constraint=False
    )
    before_batch = models.ForeignKey(
        ReadingBatch,
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
        db_index=False,
        db_constraint=False,
    )
    taken_at = models.DateTimeField(_("taken at"))

    class Meta:
        verbose_name = _("reading")
        verbose_name_plural = _("readings")
        constraints = [
            models.CheckConstraint(condition=Q(amount__gte=0), name="reading_amount_not_negative"),
            models.CheckConstraint(condition=Q(before__gte=0), name="reading_before_not_negative"),
        ]
        # Rows of a look lie together: a summary of pages finds them, and costs nothing to keep.
        indexes = [BrinIndex(fields=["taken_at"], name="reading_taken_at")]
        triggers = [*append_only("wallets_reading"), rows_exist()]

    def __str__(self) -> str:
        return f"{self.wallet_id}/{self.asset_id}: {self.amount}"


class Sighting(models.Model):
    """What was known of one asset of a wallet at a moment, kept because something rests on it (a freeze, a file).

    `read_at` is when the amount was read (a `Reading` of this wallet and asset), `batch` the last look that had
    confirmed it. A trigger holds them together. Nothing that comes later changes a sighting.
    """

    wallet = models.ForeignKey(Wallet, on_delete=models.PROTECT, related_name="+")
    asset = models.ForeignKey(Asset, on_delete=models.PROTECT, related_name="+", db_index=False)
    amount = BaseUnitsField(_("amount"))
    batch = models.ForeignKey(ReadingBatch, on_delete=models.PROTECT, related_name="+", db_index=False)
    read_at = models.DateTimeField(_("read at"))

    class Meta:
        verbose_name = _("sighting")
        verbose_name_plural = _("sightings")
        triggers = [*append_only("wallets_sighting"), sighting_was_read()]

    def __str__(self) -> str:
        return f"{self.wallet_id}/{self.asset_id}: {self.amount}"


class Balance(models.Model):
    """What is known now of one asset of one wallet, and since when reading it fails.

    `amount` is empty until it was read: unknown is never zero. It stands in the reading taken at `read_at` as well,
    and a trigger refuses an amount that does not. `batch` is the last look that wrote this row, `seen_at` its time; a
    later look of the wallet's group may have confirmed the amount since.
    """

    wallet = models.ForeignKey(Wallet, on_delete=models.PROTECT, related_name="balances", db_index=False)
    asset = models.ForeignKey(Asset, on_delete=models.PROTECT, related_name="balances", db_index=False)
    amount = BaseUnitsField(_("amount"), null=True)
    read_at = models.DateTimeField(_("read at"), null=True)
    batch = models.ForeignKey(
        ReadingBatch,
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
        db_index=False,
        db_constraint=False,
    )
    seen_at = models.DateTimeField(_("seen at"), null=True)
    failing_since = models.DateTimeField(_("failing since"), null=True)
    error_code = models.CharField(_("error"), max_length=40, blank=True, default="", db_default="")
    error_text = models.CharField(_("error detail"), max_length=300, blank=True, default="", db_default="")

    class Meta:
        verbose_name = _("balance")
        verbose_name_plural = _("balances")
        constraints = [
            models.UniqueConstraint(fields=["wallet", "asset"], name="balance_once_per_asset"),
            models.CheckConstraint(
                condition=Q(
                    amount__isnull=True,
                    read_at__isnull=True,
                    batch__isnull=True,
                    seen_at__isnull=True,
                )
                | Q(
                    amount__isnull=False,
                    amount__gte=0,
                    read_at__isnull=False,
                    batch__isnull=False,
                    seen_at__isnull=False,
                ),
                name="balance_amount_has_its_reading",
            ),
            models.CheckConstraint(
                condition=(Q(failing_since__isnull=True) & Q(error_code=""))
                | (Q(failing_since__isnull=False) & Q(error_code__gt="")),
                name="balance_failure_has_a_reason",
            ),
        ]
        indexes = [
            models.Index(
                fields=["failing_since"], name="balance_failing", condition=Q(failing_since__isnull=False)
            )
        ]
        triggers = amounts_were_read()

    def __str__(self) -> str:
        return f"{self.wallet_id}/{self.asset_id}: {self.amount}"
