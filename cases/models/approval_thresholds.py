"""From which amount a freeze or a transfer needs a second approver: the installation's own rule, as dated rows."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from cases.models.base import append_only
from cases.people.models import User
from wallets.models import BaseUnitsField


class ApprovalThreshold(models.Model):
    """Above this much of an asset, or this much worth in a currency, two approve. Rows are written once.

    The newest row of an asset or a currency counts; without an amount it takes the threshold back. `amount` is in base
    units of the asset, of `decimals`, or in minor units of the currency.
    """

    asset = models.CharField(_("asset"), max_length=20, blank=True)
    decimals = models.PositiveSmallIntegerField()
    currency = models.CharField(_("currency"), max_length=3, blank=True)
    amount = BaseUnitsField(_("amount"), null=True, blank=True)
    reason = models.CharField(_("reason"), max_length=500)
    set_at = models.DateTimeField(_("set"))
    set_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=(~Q(asset="") & Q(currency="")) | (Q(asset="") & ~Q(currency="")),
                name="approvalthreshold_asset_or_currency",
            ),
            models.CheckConstraint(
                condition=Q(amount__isnull=True) | Q(amount__gt=0), name="approvalthreshold_positive"
            ),
            models.CheckConstraint(condition=Q(decimals__lte=36), name="approvalthreshold_decimals_sane"),
            models.CheckConstraint(condition=~Q(reason=""), name="approvalthreshold_reason_given"),
        ]
        indexes = [models.Index(fields=["asset", "currency", "-id"], name="approvalthreshold_newest")]
        triggers = append_only("approvalthreshold")

    def __str__(self) -> str:
        return f"{self.asset or self.currency}: {self.amount}"

    @property
    def symbol(self) -> str:
        """The unit beside the amount."""
        return self.asset or self.currency
