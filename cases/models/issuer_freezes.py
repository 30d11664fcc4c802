"""A token's issuer blocks an address in its contract: asked for, submitted, confirmed, and seen on the chain."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from cases.models.base import append_only, both_or_neither, follows_moves, known, never_deleted, stands
from cases.models.cases import Case
from cases.models.freezes import FreezeOrder
from cases.models.sealing import KnownQuerySet
from cases.people.models import User
from cases.status import IssuerFreezeStatus
from wallets.models import Asset


class IssuerFreeze(models.Model):
    """What was asked of the issuer for the wallet of a freeze. Submitted and confirmed are two transactions.

    Only the confirmed one counts as applied; what the contract itself says is in the readings.
    """

    STATUS_TABLE = "issuer_freeze"

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="issuer_freezes")
    freeze = models.ForeignKey(FreezeOrder, on_delete=models.PROTECT, related_name="issuer_freezes")
    number = models.PositiveIntegerField()
    chain_asset = models.ForeignKey(Asset, on_delete=models.PROTECT, related_name="+")
    issuer = models.CharField(_("issuer"), max_length=120)
    reference = models.CharField(_("issuer's ticket or contact"), max_length=300)
    status = models.CharField(
        _("status"),
        max_length=24,
        choices=IssuerFreezeStatus.choices,
        default=IssuerFreezeStatus.REQUESTED,
        editable=False,
    )
    requested_at = models.DateTimeField()
    requested_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    submitted_at = models.DateTimeField(null=True, blank=True)
    submitted_by = models.ForeignKey(User, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    submitted_txid = models.CharField(_("transaction that submits it"), max_length=120, blank=True)
    confirmed_at = models.DateTimeField(null=True, blank=True)
    confirmed_by = models.ForeignKey(User, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    confirmed_txid = models.CharField(_("transaction that confirms it"), max_length=120, blank=True)
    end_reason = models.TextField(_("why it ended"), blank=True, max_length=2000)
    next_look_at = models.DateTimeField(null=True, blank=True)
    looked_at = models.DateTimeField(null=True, blank=True)
    # What the last look said: the contract's state, or the code of the error.
    said = models.CharField(max_length=40, blank=True)

    ORDER_PATH = "freeze__obligation__order"
    objects = KnownQuerySet["IssuerFreeze"].as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["case", "number"], name="issuerfreeze_number_once"),
            models.UniqueConstraint(
                fields=["freeze", "chain_asset"],
                condition=Q(status__in=["requested", "submitted", "confirmed"]),
                name="issuerfreeze_once",
            ),
            known("status", IssuerFreezeStatus.values, "issuerfreeze_status_known"),
            both_or_neither("submitted_at", "submitted_by", "issuerfreeze_submitted_pair"),
            both_or_neither("confirmed_at", "confirmed_by", "issuerfreeze_confirmed_pair"),
            models.CheckConstraint(
                condition=Q(status__in=["requested", "refused"])
                | (Q(submitted_at__isnull=False) & ~Q(submitted_txid="")),
                name="issuerfreeze_submitted_first",
            ),
            models.CheckConstraint(
                condition=~Q(status__in=["confirmed", "lifted"])
                | (Q(confirmed_at__isnull=False) & ~Q(confirmed_txid="")),
                name="issuerfreeze_confirmed_with_transaction",
            ),
            models.CheckConstraint(
                condition=~Q(issuer="") & ~Q(reference=""), name="issuerfreeze_issuer_given"
            ),
        ]
        indexes = [
            models.Index(
                fields=["next_look_at", "id"],
                condition=Q(next_look_at__isnull=False),
                name="issuerfreeze_to_look_at",
            )
        ]
        triggers = [
            *follows_moves("issuer_freeze"),
            *never_deleted("issuerfreeze"),
            stands(
                "issuerfreeze_stands",
                "case_id",
                "freeze_id",
                "number",
                "chain_asset_id",
                "issuer",
                "reference",
                "requested_at",
                "requested_by_id",
                why="what was asked of the issuer is not changed",
            ),
        ]

    def __str__(self) -> str:
        return f"issuer freeze {self.number}"


class IssuerReading(models.Model):
    """What the token's contract said of the address, at one block. Written once."""

    issuer_freeze = models.ForeignKey(IssuerFreeze, on_delete=models.PROTECT, related_name="readings")
    # "restricted", "not_restricted", or "no_list": the token has no such list, or it cannot be asked.
    state = models.CharField(max_length=14)
    block_height = models.PositiveBigIntegerField(null=True, blank=True)
    block_hash = models.CharField(max_length=128, blank=True)
    block_time = models.DateTimeField(null=True, blank=True)
    provider = models.CharField(max_length=200)
    looked_at = models.DateTimeField()

    class Meta:
        constraints = [
            known("state", ["restricted", "not_restricted", "no_list"], "issuerreading_state_known"),
            models.CheckConstraint(
                condition=Q(state="no_list")
                | (Q(block_height__isnull=False, block_time__isnull=False) & ~Q(block_hash="")),
                name="issuerreading_has_block",
            ),
        ]
        indexes = [models.Index(fields=["issuer_freeze", "-id"], name="issuerreading_latest")]
        triggers = append_only("issuerreading")

    def __str__(self) -> str:
        return f"{self.state} of issuer freeze {self.issuer_freeze_id}"
