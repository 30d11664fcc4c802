"""What an asset was worth: dated prices with their source, written once, and where each of them came from."""

from datetime import timedelta

import pgtrigger
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now, Upper
from django.utils.translation import gettext_lazy as _

from wallets.models.batches import Blob
from wallets.models.triggers import FirmTrigger, append_only, recorded_by_database

PRICE_DIGITS = 30
PRICE_DECIMALS = 18
# No unit of any asset costs a million million of any currency: a figure above is a slip of the decimal point.
LARGEST_PRICE = 10**12
# How far a source's clock may run ahead of the database's.
_CLOCKS_APART = timedelta(minutes=1)


class PriceBatch(models.Model):
    """One file, or one answer of a source, that prices were taken from; kept whole under its SHA-256.

    `name` is the file's name or the source's host, `brought_by` says in words who handed it in, empty for the
    installation's own workers.
    """

    class Kind(models.TextChoices):
        FILE = "file", _("imported file")
        FETCH = "fetch", _("fetched from a source")

    kind = models.CharField(_("kind"), max_length=5, choices=Kind.choices)
    name = models.CharField(_("name"), max_length=200)
    body = models.ForeignKey(
        Blob, verbose_name=_("SHA-256"), on_delete=models.PROTECT, related_name="+", db_index=False
    )
    brought_by = models.CharField(_("brought by"), max_length=200, blank=True, default="")
    recorded_at = models.DateTimeField(_("recorded at"), db_default=Now(), editable=False)

    class Meta:
        verbose_name = _("batch of prices")
        verbose_name_plural = _("batches of prices")
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=["file", "fetch"]), name="pricebatch_kind_known"),
            models.CheckConstraint(condition=Q(name__gt=""), name="pricebatch_name_given"),
            models.CheckConstraint(
                condition=Q(kind="fetch") | Q(brought_by__gt=""), name="pricebatch_file_says_who"
            ),
        ]
        triggers = [*append_only("wallets_pricebatch"), recorded_by_database()]

    def __str__(self) -> str:
        return f"{self.kind} {self.name}"


def _revision_follows() -> FirmTrigger:
    """A correction comes right after what it corrects, and says something else."""
    return FirmTrigger(
        name="revision_follows",
        when=pgtrigger.Before,
        operation=pgtrigger.Insert,
        declare=[("before", "wallets_price%ROWTYPE")],
        func="""
            SELECT * INTO before FROM wallets_price
             WHERE key = NEW.key AND currency = NEW.currency AND at = NEW.at AND source = NEW.source
             ORDER BY revision DESC LIMIT 1;
            IF NEW.revision <> COALESCE(before.revision + 1, 0) THEN
                RAISE EXCEPTION 'a price is corrected by the revision that follows'
                    USING ERRCODE = 'integrity_constraint_violation';
            END IF;
            IF before.price = NEW.price THEN
                RAISE EXCEPTION 'the correction of a price changes nothing'
                    USING ERRCODE = 'integrity_constraint_violation';
            END IF;
            RETURN NEW;
        """,
    )


class Price(models.Model):
    """What one whole unit of an asset cost in a currency at the moment `at`, by `source`.

    `key` is the asset's price key in capitals ("BTC", "USDT"), the same for an asset on whatever chain. A row is
    never changed. A correction is a further row for the same key, currency, moment and source with the next
    `revision` (0 is the first), and the highest revision counts.
    """

    key = models.CharField(_("key"), max_length=20)
    currency = models.CharField(_("currency"), max_length=3)
    price = models.DecimalField(_("price"), max_digits=PRICE_DIGITS, decimal_places=PRICE_DECIMALS)
    at = models.DateTimeField(_("for the moment"))
    source = models.CharField(_("source"), max_length=120)
    revision = models.PositiveSmallIntegerField(_("revision"), default=0)
    batch = models.ForeignKey(PriceBatch, on_delete=models.PROTECT, related_name="prices")
    recorded_at = models.DateTimeField(_("recorded at"), db_default=Now(), editable=False)

    class Meta:
        verbose_name = _("price")
        verbose_name_plural = _("prices")
        constraints = [
            # Its index also finds the newest price at or before a moment.
            models.UniqueConstraint(
                fields=["key", "currency", "at", "source", "revision"], name="price_once_per_revision"
            ),
            models.CheckConstraint(
                condition=Q(price__gt=0, price__lt=LARGEST_PRICE), name="price_positive_and_sane"
            ),
            models.CheckConstraint(condition=Q(key__gt="", key=Upper("key")), name="price_key_in_capitals"),
            models.CheckConstraint(
                condition=Q(currency__regex="^[A-Z]{3}$"), name="price_currency_is_a_code"
            ),
            models.CheckConstraint(condition=Q(source__gt=""), name="price_source_given"),
            models.CheckConstraint(
                condition=Q(at__lte=F("recorded_at") + _CLOCKS_APART),
                name="price_not_of_the_future",
            ),
        ]
        triggers = [*append_only("wallets_price"), recorded_by_database(), _revision_follows()]

    def __str__(self) -> str:
        return f"{self.key} {self.price} {self.currency} at {self.at:%Y-%m-%d %H:%M:%S}"
