"""A wallet: one address on one chain."""

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _


class Wallet(models.Model):
    """An address in its canonical form. What a person typed stays with the casework, beside the case."""

    chain = models.CharField(_("chain"), max_length=20)
    # The longest are Zcash's unified addresses.
    address = models.CharField(_("address"), max_length=512)
    created_at = models.DateTimeField(_("created at"), db_default=Now(), editable=False)

    class Meta:
        verbose_name = _("wallet")
        verbose_name_plural = _("wallets")
        constraints = [
            models.UniqueConstraint(fields=["chain", "address"], name="wallet_once_per_chain"),
            models.CheckConstraint(
                condition=Q(chain__gt="") & Q(address__gt=""), name="wallet_chain_and_address_given"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.chain}:{self.address}"
