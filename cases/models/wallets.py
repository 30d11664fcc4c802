"""A wallet as a case knows it. The wallet itself, and what chains say of it, belong to the `wallets` app."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from cases.models.base import both_or_neither, known, never_deleted, stands
from cases.models.cases import Case
from cases.models.subjects import Confidence, Subject
from cases.people.models import User
from wallets.models import Wallet


class WalletRole(models.TextChoices):
    SUBJECT = "subject", _("Subject's wallet")
    DEPOSIT = "deposit", _("Deposit address at the exchange")
    WITHDRAWAL = "withdrawal", _("Withdrawal destination")
    COUNTERPARTY = "counterparty", _("Counterparty")
    INTERMEDIARY = "intermediary", _("Intermediary")
    LISTED = "listed", _("On a sanctions list")
    GOVERNMENT = "government", _("Government wallet")


class CaseWallet(models.Model):
    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="wallets")
    number = models.PositiveIntegerField()
    wallet = models.ForeignKey(Wallet, on_delete=models.PROTECT, related_name="+")
    typed = models.CharField(_("address as typed"), max_length=600)
    checksum = models.CharField(
        max_length=5, choices=[("valid", _("Checksum valid")), ("none", _("No checksum in the address"))]
    )
    label = models.CharField(_("label"), max_length=120, blank=True)
    role = models.CharField(_("role"), max_length=14, choices=WalletRole.choices)
    subject = models.ForeignKey(
        Subject,
        verbose_name=_("subject"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="wallets",
    )
    attribution_source = models.CharField(_("source of the attribution"), max_length=500)
    attribution_confidence = models.CharField(_("confidence"), max_length=6, choices=Confidence.choices)
    is_fictional = models.BooleanField(_("fictional"), default=False)
    # When this case asked last for a look: that another one did is not its to know.
    asked_at = models.DateTimeField(null=True, blank=True)
    attached_at = models.DateTimeField()
    attached_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    detached_at = models.DateTimeField(null=True, blank=True)
    detached_by = models.ForeignKey(User, null=True, blank=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["case", "number"], name="casewallet_number_once"),
            models.UniqueConstraint(
                fields=["case", "wallet"], condition=Q(detached_at__isnull=True), name="casewallet_once"
            ),
            both_or_neither("detached_at", "detached_by", "casewallet_detached_pair"),
            known("role", WalletRole.values, "casewallet_role_known"),
            known("checksum", ["valid", "none"], "casewallet_checksum_known"),
            known("attribution_confidence", Confidence.values, "casewallet_confidence_known"),
            models.CheckConstraint(condition=~Q(attribution_source=""), name="casewallet_source_given"),
        ]
        triggers = [
            *never_deleted("casewallet"),
            stands(
                "casewallet_stands",
                "case_id",
                "number",
                "wallet_id",
                "typed",
                "checksum",
                "attached_at",
                "attached_by_id",
                why="which address was attached is not changed",
            ),
        ]

    def __str__(self) -> str:
        return self.label or self.typed
