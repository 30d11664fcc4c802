"""A look and its proof: the block, who was asked, who agreed, and every answer as it came."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from wallets.models.assets import Asset
from wallets.models.fields import BaseUnitsField
from wallets.models.triggers import append_only, recorded_by_database
from wallets.models.wallets import Wallet


class Blob(models.Model):
    """Bytes under their own SHA-256 (`digest`, lower-case hex). `body` is packed by zlib, `size` is the length unpacked."""

    digest = models.CharField(max_length=64, primary_key=True)
    size = models.PositiveIntegerField()
    body = models.BinaryField()

    class Meta:
        verbose_name = _("stored answer")
        verbose_name_plural = _("stored answers")
        triggers = append_only("wallets_blob")

    def __str__(self) -> str:
        return self.digest


class ReadingBatch(models.Model):
    """One look at many wallets of a chain, at one block.

    `taken_at` is when the look began, `took_ms` how long it took; `recorded_at` is the database's own clock. All
    wallets of `members` and all `assets` were asked about: what is not among the readings of this batch was looked
    at and found unchanged. `members` are digests of blobs with one address a line, in the order of the answers.
    """

    class Pin(models.TextChoices):
        HASH = "hash", _("asked at the block's hash")
        SLOT = "slot", _("one answer, which names its slot")
        BRACKET = "bracket", _("the newest block was the same before and after")

    class Depth(models.TextChoices):
        FINALIZED = "finalized", _("final by the chain's own word")
        CONFIRMATIONS = "confirmations", _("with enough blocks above it")
        LATEST = "latest", _("the newest block")

    class Agreement(models.TextChoices):
        SINGLE = "single", _("one source, the only one that is configured")
        AGREED = "agreed", _("two independent sources agree")
        UNCONFIRMED = "unconfirmed", _("one source; a second one could not be asked at that block")

    token = models.UUIDField(unique=True)
    chain = models.CharField(_("chain"), max_length=20)
    taken_at = models.DateTimeField(_("taken at"))
    took_ms = models.PositiveIntegerField(_("time taken (ms)"))
    recorded_at = models.DateTimeField(_("recorded at"), db_default=Now(), editable=False)
    block_height = models.BigIntegerField(_("block height"))
    block_hash = models.CharField(_("block hash"), max_length=80)
    block_time = models.DateTimeField(_("block time"))
    pin = models.CharField(_("pinned by"), max_length=7, choices=Pin.choices)
    depth = models.CharField(_("depth"), max_length=13, choices=Depth.choices)
    provider = models.CharField(_("provider"), max_length=200)
    agreement = models.CharField(_("agreement"), max_length=11, choices=Agreement.choices)
    seconded_by = models.CharField(_("second source"), max_length=200, blank=True, default="")
    requested = models.BooleanField(_("asked for"), default=False)
    wallets = models.PositiveIntegerField(_("wallets"))
    assets = ArrayField(models.BigIntegerField(), verbose_name=_("assets"))
    members = ArrayField(models.CharField(max_length=64), verbose_name=_("members"))

    class Meta:
        verbose_name = _("look")
        verbose_name_plural = _("looks")
        constraints = [
            models.CheckConstraint(condition=Q(block_height__gte=0), name="batch_height_not_negative"),
            models.CheckConstraint(condition=Q(block_hash__gt=""), name="batch_block_hash_given"),
            models.CheckConstraint(condition=Q(provider__gt=""), name="batch_provider_given"),
            models.CheckConstraint(condition=Q(pin__in=["hash", "slot", "bracket"]), name="batch_pin_known"),
            models.CheckConstraint(
                condition=Q(depth__in=["finalized", "confirmations", "latest"]), name="batch_depth_known"
            ),
            models.CheckConstraint(
                condition=(Q(agreement="agreed") & Q(seconded_by__gt=""))
                | (Q(agreement__in=["single", "unconfirmed"]) & Q(seconded_by="")),
                name="batch_agreement_names_the_second",
            ),
            models.CheckConstraint(
                condition=~Q(seconded_by=models.F("provider")), name="batch_second_is_another"
            ),
        ]
        indexes = [models.Index(fields=["chain", "taken_at"], name="batch_chain_time")]
        triggers = [*append_only("wallets_readingbatch"), recorded_by_database()]

    def __str__(self) -> str:
        return f"{self.chain} @ {self.block_height}"


class ProviderAnswer(models.Model):
    """One question and its answer within a look, for `count` members from number `first` on (from 0).

    The answer is kept as it came. Of the question its digest is kept: it follows from the method, the members, the
    assets and the block.
    """

    batch = models.ForeignKey(ReadingBatch, on_delete=models.PROTECT, related_name="answers")
    position = models.PositiveIntegerField()
    provider = models.CharField(_("provider"), max_length=200)
    method = models.CharField(_("method"), max_length=80)
    first = models.PositiveIntegerField()
    count = models.PositiveIntegerField()
    took_ms = models.PositiveIntegerField(_("time taken (ms)"))
    question_digest = models.CharField(_("SHA-256 of the question"), max_length=64)
    answer = models.ForeignKey(Blob, on_delete=models.PROTECT, related_name="+", db_index=False)

    class Meta:
        verbose_name = _("answer")
        verbose_name_plural = _("answers")
        constraints = [models.UniqueConstraint(fields=["batch", "position"], name="answer_position_once")]
        triggers = append_only("wallets_provideranswer")

    def __str__(self) -> str:
        return f"{self.provider}: {self.method}"


class Disagreement(models.Model):
    """Two sources named different amounts at one block. Neither is believed; the older value stays."""

    batch = models.ForeignKey(ReadingBatch, on_delete=models.PROTECT, related_name="disagreements")
    wallet = models.ForeignKey(Wallet, on_delete=models.PROTECT, related_name="disagreements")
    asset = models.ForeignKey(Asset, on_delete=models.PROTECT, related_name="+", db_index=False)
    provider = models.CharField(_("provider"), max_length=200)
    amount = BaseUnitsField(_("amount"))
    other_provider = models.CharField(_("second source"), max_length=200)
    other_amount = BaseUnitsField(_("amount of the second source"))

    class Meta:
        verbose_name = _("disagreement")
        verbose_name_plural = _("disagreements")
        constraints = [
            models.UniqueConstraint(fields=["batch", "wallet", "asset"], name="disagreement_once"),
            models.CheckConstraint(
                condition=~Q(amount=models.F("other_amount")), name="disagreement_amounts_differ"
            ),
        ]
        triggers = append_only("wallets_disagreement")

    def __str__(self) -> str:
        return f"{self.wallet_id}/{self.asset_id}: {self.amount} ≠ {self.other_amount}"


class News(models.Model):
    """A look that found a change or a disagreement, until somebody above has taken note of it."""

    batch = models.OneToOneField(ReadingBatch, on_delete=models.PROTECT, primary_key=True, related_name="+")
    claimed_until = models.DateTimeField(null=True)
    attempts = models.PositiveIntegerField(default=0, db_default=0)

    class Meta:
        verbose_name = _("news")
        verbose_name_plural = _("news")

    def __str__(self) -> str:
        return str(self.batch_id)


class SourceFault(models.Model):
    """How often a provider failed in one way on one day (UTC)."""

    chain = models.CharField(_("chain"), max_length=20)
    provider = models.CharField(_("provider"), max_length=200)
    code = models.CharField(_("error"), max_length=40)
    day = models.DateField(_("day"))
    count = models.PositiveIntegerField(_("times"))
    last_at = models.DateTimeField(_("last at"))
    last_detail = models.CharField(_("detail"), max_length=300, blank=True)

    class Meta:
        verbose_name = _("fault of a source")
        verbose_name_plural = _("faults of sources")
        constraints = [
            models.UniqueConstraint(fields=["chain", "provider", "code", "day"], name="fault_once_a_day")
        ]

    def __str__(self) -> str:
        return f"{self.provider}: {self.code} × {self.count}"
