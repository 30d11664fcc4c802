"""What came in to a frozen target after the freeze: an entry of its own, held until somebody decides."""

import pgtrigger
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from cases.models.accounts import AccountHolding
from cases.models.base import both_or_neither, follows_moves, known, never_deleted, stands
from cases.models.cases import Case
from cases.models.freezes import FreezeAmount, FreezeOrder
from cases.models.sealing import KnownQuerySet
from cases.people.models import User
from cases.status import CreditStatus
from wallets.models import Asset, BaseUnitsField, ReadingBatch
from wallets.models.triggers import FirmTrigger


class FreezeCredit(models.Model):
    """One increase of one asset of a frozen target, in base units, with the two figures that show it.

    Of a wallet: the look that found it (`batch`); of an account: the entry of the books (`holding`). `held` is the
    amount of the freeze that it adds to, where the freeze names the asset. The snapshot at the freeze never changes.
    """

    STATUS_TABLE = "credit"

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="freeze_credits")
    freeze = models.ForeignKey(FreezeOrder, on_delete=models.PROTECT, related_name="credits")
    number = models.PositiveIntegerField()
    held = models.ForeignKey(
        FreezeAmount, null=True, blank=True, on_delete=models.PROTECT, related_name="credits"
    )
    asset = models.CharField(_("asset"), max_length=20)
    decimals = models.PositiveSmallIntegerField()
    chain_asset = models.ForeignKey(Asset, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    # Null: the books had no figure of this asset before.
    before = BaseUnitsField(_("amount before"), null=True, blank=True)
    after = BaseUnitsField(_("amount after"))
    # What of the increase the freeze covers: all of it, or up to its cap.
    amount = BaseUnitsField(_("amount in base units"))
    batch = models.ForeignKey(ReadingBatch, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    holding = models.ForeignKey(
        AccountHolding, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    seen_at = models.DateTimeField(_("seen"))
    noted_at = models.DateTimeField(_("noted"))
    status = models.CharField(
        _("status"),
        max_length=24,
        choices=CreditStatus.choices,
        default=CreditStatus.HELD,
        editable=False,
    )
    decision_reason = models.TextField(_("reason"), blank=True, max_length=5000)
    kept_at = models.DateTimeField(null=True, blank=True)
    kept_by = models.ForeignKey(User, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    release_proposed_at = models.DateTimeField(null=True, blank=True)
    release_proposed_by = models.ForeignKey(
        User, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    released_at = models.DateTimeField(null=True, blank=True)
    released_by = models.ForeignKey(User, null=True, blank=True, on_delete=models.PROTECT, related_name="+")

    ORDER_PATH = "freeze__obligation__order"
    objects = KnownQuerySet["FreezeCredit"].as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["case", "number"], name="credit_number_once"),
            models.UniqueConstraint(
                fields=["freeze", "chain_asset", "batch"],
                condition=Q(batch__isnull=False),
                name="credit_once_per_look",
            ),
            models.UniqueConstraint(
                fields=["freeze", "holding"], condition=Q(holding__isnull=False), name="credit_once_per_entry"
            ),
            known("status", CreditStatus.values, "credit_status_known"),
            models.CheckConstraint(
                condition=Q(batch__isnull=False, chain_asset__isnull=False, holding__isnull=True)
                | Q(batch__isnull=True, holding__isnull=False),
                name="credit_one_proof",
            ),
            models.CheckConstraint(
                condition=Q(before__isnull=True, amount__gt=0, amount__lte=F("after"))
                | (
                    Q(before__gte=0, after__gt=F("before"), amount__gt=0)
                    & Q(amount__lte=F("after") - F("before"))
                ),
                name="credit_amounts_fit",
            ),
            both_or_neither("kept_at", "kept_by", "credit_kept_pair"),
            both_or_neither("release_proposed_at", "release_proposed_by", "credit_release_proposed_pair"),
            both_or_neither("released_at", "released_by", "credit_released_pair"),
            models.CheckConstraint(
                condition=Q(released_by__isnull=True)
                | (Q(release_proposed_by__isnull=False) & ~Q(released_by=F("release_proposed_by"))),
                name="credit_release_four_eyes",
            ),
            models.CheckConstraint(
                condition=~Q(status="released") | Q(released_at__isnull=False),
                name="credit_released_said_when",
            ),
            models.CheckConstraint(
                condition=~Q(status="kept") | Q(kept_at__isnull=False), name="credit_kept_said_when"
            ),
        ]
        indexes = [
            models.Index(
                fields=["case", "-number"],
                condition=Q(status__in=["held", "release_proposed"]),
                name="credit_undecided",
            )
        ]
        triggers = [
            *follows_moves("credit"),
            *never_deleted("credit"),
            stands(
                "credit_stands",
                "case_id",
                "freeze_id",
                "number",
                "held_id",
                "asset",
                "decimals",
                "chain_asset_id",
                "before",
                "after",
                "amount",
                "batch_id",
                "holding_id",
                "seen_at",
                "noted_at",
                why="what came in is not changed",
            ),
            # A kept credit may have left with a transfer: then it is not there to be given free.
            FirmTrigger(
                name="credit_release_within_held",
                operation=pgtrigger.Update,
                when=pgtrigger.Before,
                declare=[("still", "numeric")],
                func="IF OLD.status = 'kept' AND NEW.status = 'release_proposed' AND OLD.held_id IS NOT NULL THEN "
                "PERFORM 1 FROM cases_freezeorder f WHERE f.id = OLD.freeze_id FOR UPDATE; "
                "still := cases_still_held(OLD.held_id); IF still IS NULL OR still < OLD.amount THEN "
                "RAISE EXCEPTION 'more than is still held' USING ERRCODE = 'check_violation'; END IF; END IF; "
                "RETURN NEW;",
            ),
        ]

    def __str__(self) -> str:
        return f"credit {self.number}"

    @property
    def symbol(self) -> str:
        """The unit beside an amount, under the name that assets of every kind have."""
        return self.asset
