"""What can be counted at an address: a chain's native coin, or a token contract on it."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class Asset(models.Model):
    """One asset of one chain. `contract` is a token's canonical address, and empty for the native coin."""

    class Kind(models.TextChoices):
        NATIVE = "native", _("Native coin")
        TOKEN = "token", _("Token")

    chain = models.CharField(_("chain"), max_length=20)
    kind = models.CharField(_("kind"), max_length=6, choices=Kind.choices)
    contract = models.CharField(_("contract"), max_length=120, blank=True, default="")
    symbol = models.CharField(_("symbol"), max_length=20)
    decimals = models.PositiveSmallIntegerField(_("decimals"))
    name = models.CharField(_("name"), max_length=80)
    price_key = models.CharField(
        _("price key"),
        max_length=20,
        blank=True,
        default="",
        help_text=_("The key under which its price is kept; without one the asset has no fiat value."),
    )

    class Meta:
        verbose_name = _("asset")
        verbose_name_plural = _("assets")
        constraints = [
            models.UniqueConstraint(fields=["chain", "contract"], name="asset_once_per_chain"),
            models.CheckConstraint(
                condition=Q(kind="native", contract="") | (Q(kind="token") & Q(contract__gt="")),
                name="asset_contract_fits_kind",
            ),
            models.CheckConstraint(condition=Q(decimals__lte=77), name="asset_decimals_fit_amount"),
        ]

    def __str__(self) -> str:
        return f"{self.symbol} ({self.chain})"
