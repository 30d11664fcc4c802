"""What was read: a reading is written once and never changed; a balance points to the newest one."""

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from wallets.models.assets import Asset
from wallets.models.fields import BaseUnitsField
from wallets.models.triggers import append_only, recorded_by_database
from wallets.models.wallets import Wallet


class Reading(models.Model):
    """How much of an asset an address held at one block, as one provider said.

    `taken_at` is when the look began and `took_ms` how long the answer took; `recorded_at` is the database's
    own clock. `pinned_by` says how the answer belongs to the block (see `wallets.chains.base.Pin`).
    """

    class Pin(models.TextChoices):
        FINALIZED = "finalized", _("asked at the hash of a finalized block")
        CONFIRMATIONS = "confirmations", _("asked at the hash of a block with enough confirmations")
        LATEST = "latest", _("asked at the hash of the newest block")
        BRACKET = "bracket", _("the chain's tip was the same before and after")

    # The unique constraint's index begins with wallet and asset; further ones would cost a third of each
    # write.
    wallet = models.ForeignKey(Wallet, on_delete=models.PROTECT, related_name="readings", db_index=False)
    asset = models.ForeignKey(Asset, on_delete=models.PROTECT, related_name="readings", db_index=False)
    amount = BaseUnitsField(_("amount"))
    block_height = models.BigIntegerField(_("block height"))
    block_hash = models.CharField(_("block hash"), max_length=66)
    block_time = models.DateTimeField(_("block time"))
    pinned_by = models.CharField(_("pinned by"), max_length=13, choices=Pin.choices)
    provider = models.CharField(_("provider"), max_length=200)
    taken_at = models.DateTimeField(_("taken at"))
    took_ms = models.PositiveIntegerField(_("time taken (ms)"))
    recorded_at = models.DateTimeField(_("recorded at"), db_default=Now(), editable=False)

    class Meta:
        verbose_name = _("reading")
        verbose_name_plural = _("readings")
        constraints = [
            models.UniqueConstraint(fields=["wallet", "asset", "block_hash"], name="reading_once_per_block"),
            models.CheckConstraint(condition=Q(amount__gte=0), name="reading_amount_not_negative"),
            models.CheckConstraint(condition=Q(block_height__gte=0), name="reading_height_not_negative"),
            models.CheckConstraint(condition=Q(block_hash__gt=""), name="reading_block_hash_given"),
            models.CheckConstraint(condition=Q(provider__gt=""), name="reading_provider_given"),
            models.CheckConstraint(
                condition=Q(pinned_by__in=["finalized", "confirmations", "latest", "bracket"]),
                name="reading_pin_known",
            ),
        ]
        triggers = [*append_only("wallets_reading"), recorded_by_database()]

    def __str__(self) -> str:
        return f"{self.amount} @ {self.block_height}"


class Balance(models.Model):
    """What is known now of one asset of one wallet: the newest reading, and since when reading it fails.

    No amount stands here, only the pointer: the reading itself is the one place where an amount is kept. No
    row, or a row without reading, means that the balance is unknown, which is never zero.
    """

    wallet = models.ForeignKey(Wallet, on_delete=models.PROTECT, related_name="balances", db_index=False)
    asset = models.ForeignKey(Asset, on_delete=models.PROTECT, related_name="balances", db_index=False)
    reading = models.ForeignKey(
        Reading, on_delete=models.PROTECT, null=True, related_name="+", db_index=False
    )
    looked_at = models.DateTimeField(_("last read at"), null=True)
    failing_since = models.DateTimeField(_("failing since"), null=True)
    error_code = models.CharField(_("error"), max_length=40, blank=True, default="")
    error_text = models.CharField(_("error detail"), max_length=300, blank=True, default="")

    class Meta:
        verbose_name = _("balance")
        verbose_name_plural = _("balances")
        constraints = [
            models.UniqueConstraint(fields=["wallet", "asset"], name="balance_once_per_asset"),
            models.CheckConstraint(
                condition=Q(reading__isnull=True, looked_at__isnull=True)
                | Q(reading__isnull=False, looked_at__isnull=False),
                name="balance_reading_and_time_together",
            ),
            models.CheckConstraint(
                condition=(Q(failing_since__isnull=True) & Q(error_code=""))
                | (Q(failing_since__isnull=False) & Q(error_code__gt="")),
                name="balance_failure_has_a_reason",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.wallet_id}/{self.asset_id} → {self.reading_id}"
