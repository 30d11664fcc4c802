"""Accounts at the exchange itself, and what they hold by the exchange's own books."""

from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now, Upper
from django.utils.translation import gettext_lazy as _

from cases.models.base import append_only, known, never_deleted
from cases.models.cases import Case
from cases.models.subjects import Subject
from cases.people.models import User
from wallets.models import BaseUnitsField
from wallets.models.triggers import recorded_by_database


class AccountStatus(models.TextChoices):
    ACTIVE = "active", _("Active")
    RESTRICTED = "restricted", _("Restricted")
    FROZEN = "frozen", _("Frozen")
    CLOSED = "closed", _("Closed")
    UNKNOWN = "unknown", _("Not known")


class ExchangeAccount(models.Model):
    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="accounts")
    number = models.PositiveIntegerField()
    account_number = models.CharField(_("account number"), max_length=64)
    holder = models.CharField(_("holder"), max_length=300)
    subject = models.ForeignKey(
        Subject,
        verbose_name=_("subject"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="accounts",
    )
    # What the exchange's own system says of the account, as an officer read it there.
    reported_status = models.CharField(
        _("status at the exchange"),
        max_length=12,
        choices=AccountStatus.choices,
        default=AccountStatus.UNKNOWN,
    )
    reported_at = models.DateTimeField(_("status as of"))
    remarks = models.TextField(_("remarks"), blank=True, max_length=5000)
    is_fictional = models.BooleanField(_("fictional"), default=False)
    attached_at = models.DateTimeField()
    attached_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["case", "number"], name="account_number_in_case_once"),
            models.UniqueConstraint(fields=["case", "account_number"], name="account_in_case_once"),
            known("reported_status", AccountStatus.values, "account_status_known"),
        ]
        indexes = [
            GinIndex(OpClass(Upper("account_number"), name="gin_trgm_ops"), name="account_number_trgm")
        ]
        triggers = never_deleted("account")

    def __str__(self) -> str:
        return self.account_number


class AccountHolding(models.Model):
    """What an account held of one asset at one moment, in base units, and who says so. Written once."""

    account = models.ForeignKey(ExchangeAccount, on_delete=models.PROTECT, related_name="holdings")
    asset = models.CharField(_("asset"), max_length=16)
    decimals = models.PositiveSmallIntegerField(_("decimals"))
    amount = BaseUnitsField(_("amount in base units"))
    source = models.CharField(_("source"), max_length=200)
    observed_at = models.DateTimeField(_("observed"))
    # Who says so: a person, or the exchange's own system in a signed report.
    entered_by = models.ForeignKey(User, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    report = models.ForeignKey(
        "cases.ConnectorReport", null=True, blank=True, on_delete=models.PROTECT, related_name="holdings"
    )
    recorded_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(amount__gte=0), name="holding_not_negative"),
            models.CheckConstraint(condition=Q(decimals__lte=36), name="holding_decimals_sane"),
            models.CheckConstraint(condition=~Q(source="") & ~Q(asset=""), name="holding_source_given"),
            models.CheckConstraint(
                condition=Q(entered_by__isnull=False, report__isnull=True)
                | Q(entered_by__isnull=True, report__isnull=False),
                name="holding_one_word",
            ),
        ]
        indexes = [
            models.Index(fields=["account", "asset", "-observed_at", "-id"], name="holding_latest"),
        ]
        triggers = [*append_only("holding"), recorded_by_database()]

    def __str__(self) -> str:
        return f"{self.asset} {self.amount}"

    @property
    def symbol(self) -> str:
        """The unit beside an amount, under the name that assets of every kind have."""
        return self.asset
