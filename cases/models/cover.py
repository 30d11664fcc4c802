"""What an order asks to be held, per duty and asset; and the rungs of the asset ladder that lie beyond our own freezes."""

import pgtrigger
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from cases.models.base import append_only, known
from cases.models.cases import Case
from cases.models.orders import Obligation
from cases.models.sealing import KnownQuerySet
from cases.people.models import User
from wallets.models import BaseUnitsField
from wallets.models.triggers import FirmTrigger


class OrderedAmount(models.Model):
    """How much of one asset a duty to freeze or to transfer asks for, in base units. The newest of each asset counts.

    Without an amount: all that is there.
    """

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="ordered_amounts")
    obligation = models.ForeignKey(Obligation, on_delete=models.PROTECT, related_name="ordered_amounts")
    asset = models.CharField(_("asset"), max_length=20)
    decimals = models.PositiveSmallIntegerField(_("decimals"))
    amount = BaseUnitsField(_("amount in base units"), null=True, blank=True)
    stated_at = models.DateTimeField()
    stated_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")

    ORDER_PATH = "obligation__order"
    objects = KnownQuerySet["OrderedAmount"].as_manager()

    class Meta:
        verbose_name = _("amount that is ordered")
        constraints = [
            models.CheckConstraint(
                condition=Q(amount__isnull=True) | Q(amount__gt=0), name="orderedamount_positive"
            ),
            models.CheckConstraint(condition=Q(decimals__lte=36), name="orderedamount_decimals_sane"),
            models.CheckConstraint(condition=~Q(asset=""), name="orderedamount_asset_named"),
        ]
        indexes = [models.Index(fields=["obligation", "asset", "-id"], name="orderedamount_newest")]
        triggers = [
            *append_only("orderedamount"),
            FirmTrigger(
                name="orderedamount_of_a_restraint",
                operation=pgtrigger.Insert,
                when=pgtrigger.Before,
                func="IF NOT EXISTS (SELECT FROM cases_obligation b WHERE b.id = NEW.obligation_id AND b.case_id = "
                "NEW.case_id AND b.kind IN ('freeze', 'transfer')) THEN RAISE EXCEPTION "
                "'only a duty to freeze or to transfer asks for an amount' USING ERRCODE = 'check_violation'; "
                "END IF; RETURN NEW;",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.asset} {self.amount}"


class Rung(models.TextChoices):
    SEIZED = "seized", _("Seized")
    FORFEITED = "forfeited", _("Forfeited")
    RETURNED = "returned", _("Returned")


class LadderEntry(models.Model):
    """That a part of one asset was seized, forfeited or returned, by whose word. Written once; put right by another.

    `amount` is in base units; negative where the entry takes back an earlier one, which it then names.
    """

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="ladder")
    obligation = models.ForeignKey(Obligation, on_delete=models.PROTECT, related_name="ladder")
    number = models.PositiveIntegerField()
    rung = models.CharField(_("what happened"), max_length=9, choices=Rung.choices)
    asset = models.CharField(_("asset"), max_length=20)
    decimals = models.PositiveSmallIntegerField(_("decimals"))
    amount = BaseUnitsField(_("amount in base units"))
    happened_at = models.DateTimeField(_("when"))
    basis = models.CharField(_("by which paper"), max_length=300)
    corrects = models.OneToOneField(
        "self", null=True, blank=True, on_delete=models.PROTECT, related_name="corrected_by"
    )
    written_at = models.DateTimeField()
    written_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")

    ORDER_PATH = "obligation__order"
    objects = KnownQuerySet["LadderEntry"].as_manager()

    class Meta:
        verbose_name = _("entry of the ladder")
        constraints = [
            models.UniqueConstraint(fields=["case", "number"], name="ladder_number_once"),
            known("rung", Rung.values, "ladder_rung_known"),
            models.CheckConstraint(
                condition=Q(amount__gt=0, corrects__isnull=True) | Q(amount__lt=0, corrects__isnull=False),
                name="ladder_taken_back_by_name",
            ),
            models.CheckConstraint(condition=Q(decimals__lte=36), name="ladder_decimals_sane"),
            models.CheckConstraint(condition=~Q(basis="") & ~Q(asset=""), name="ladder_said"),
        ]
        triggers = append_only("ladder")

    def __str__(self) -> str:
        return f"{self.rung} {self.amount} {self.asset}"

    @property
    def unit(self) -> dict[str, object]:
        """Symbol and decimals, as the pages want them beside an amount."""
        return {"symbol": self.asset, "decimals": self.decimals}
