"""Freeze orders: what is to be held, on which basis, who asked, who agreed, what it held at that moment."""

import pgtrigger
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from cases.models.accounts import AccountHolding, ExchangeAccount
from cases.models.base import append_only, both_or_neither, follows_moves, known, never_deleted, stands
from cases.models.cases import Case
from cases.models.orders import Obligation
from cases.models.sealing import KnownQuerySet
from cases.models.wallets import CaseWallet
from cases.people.models import User
from cases.status import FREEZE_FINAL, FreezeStatus
from wallets.models import Asset, BaseUnitsField, Sighting
from wallets.models.triggers import FirmTrigger


class Through(models.TextChoices):
    """How a step in the exchange's own system came to be known here."""

    PERSON = "person", _("A person's word")
    CONNECTOR = "connector", _("The connector")


class FreezeScope(models.TextChoices):
    ACCOUNT = "account", _("The whole account")
    DEBIT = "debit", _("Outgoing movements")
    CREDIT = "credit", _("Incoming movements")
    ASSET = "asset", _("Named assets")
    AMOUNT = "amount", _("Named amounts")
    ADDRESS = "address", _("The address")


def through_whom(step: str) -> models.CheckConstraint:
    """A time with its person; or, where the exchange's own system said so, a time without one."""
    at, by, through = f"{step}_at", f"{step}_by", f"{step}_through"
    return models.CheckConstraint(
        condition=Q(**{f"{at}__isnull": True, f"{by}__isnull": True})
        | Q(**{f"{at}__isnull": False, f"{by}__isnull": False, through: "person"})
        | Q(**{f"{at}__isnull": False, f"{by}__isnull": True, through: "connector"}),
        name=f"freeze_{step}_pair",
    )


_BEFORE_APPROVAL = ["proposed", "rejected", "cancelled"]
_APPLIED_ONCE = [
    "applied",
    "confirmed",
    "wrong_target_reversed",
    "release_proposed",
    "released",
    "transfer_proposed",
    "transfer_approved",
    "transferring",
    "transferred",
    "settled",
]


class FreezeOrder(models.Model):
    STATUS_TABLE = "freeze"

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="freezes")
    number = models.PositiveIntegerField()
    # The basis: exactly one of a duty in a legal order and a policy hold.
    obligation = models.ForeignKey(
        Obligation,
        verbose_name=_("duty"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="freezes",
    )
    policy_hold = models.TextField(_("reason of the policy hold"), blank=True, max_length=2000)
    formal_order_by = models.DateTimeField(_("formal order by"), null=True, blank=True)
    # Until when the basis carries it; null: open-ended. Only an agreed extension moves it.
    ends_at = models.DateTimeField(_("ends"), null=True, blank=True)
    # The freeze that hit the wrong target, where this one is its correction.
    corrects = models.OneToOneField(
        "self",
        verbose_name=_("corrects"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="corrected_by",
    )
    # The target: exactly one of a wallet and an account.
    wallet = models.ForeignKey(
        CaseWallet,
        verbose_name=_("wallet"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="freezes",
    )
    account = models.ForeignKey(
        ExchangeAccount,
        verbose_name=_("account"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="freezes",
    )
    scope = models.CharField(_("scope"), max_length=10, choices=FreezeScope.choices)
    reason = models.TextField(_("reason"), max_length=5000)
    status = models.CharField(
        _("status"),
        max_length=24,
        choices=FreezeStatus.choices,
        default=FreezeStatus.PROPOSED,
        editable=False,
    )
    approvals_required = models.PositiveSmallIntegerField(_("approvals asked for"), default=1)
    # Which thresholds asked for a second approval, with price and source, as they stood at the proposal.
    approvals_because = models.JSONField(default=list, blank=True)
    proposed_at = models.DateTimeField()
    proposed_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    approved_at = models.DateTimeField(null=True, blank=True)
    # How often the setting of the hold was begun: a try that failed leaves nothing ticked for the next.
    attempts = models.PositiveSmallIntegerField(default=0, editable=False)
    applied_at = models.DateTimeField(null=True, blank=True)
    applied_by = models.ForeignKey(User, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    applied_through = models.CharField(max_length=9, choices=Through.choices, default=Through.PERSON)
    confirmed_at = models.DateTimeField(null=True, blank=True)
    confirmed_by = models.ForeignKey(User, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    confirmed_through = models.CharField(max_length=9, choices=Through.choices, default=Through.PERSON)
    confirmation = models.CharField(_("proof of the hold"), max_length=300, blank=True)
    release_proposed_at = models.DateTimeField(null=True, blank=True)
    release_proposed_by = models.ForeignKey(
        User, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    release_reason = models.TextField(_("reason of the release"), blank=True, max_length=5000)
    released_at = models.DateTimeField(null=True, blank=True)
    released_by = models.ForeignKey(User, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    is_fictional = models.BooleanField(_("fictional"), default=False)

    ORDER_PATH = "obligation__order"
    objects = KnownQuerySet["FreezeOrder"].as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["case", "number"], name="freeze_number_once"),
            # What an approval's own foreign key points at, so that it carries the proposer with it.
            models.UniqueConstraint(fields=["id", "proposed_by"], name="freeze_with_proposer"),
            known("status", FreezeStatus.values, "freeze_status_known"),
            known("scope", FreezeScope.values, "freeze_scope_known"),
            models.CheckConstraint(
                condition=Q(obligation__isnull=False, policy_hold="")
                | (Q(obligation__isnull=True) & ~Q(policy_hold="")),
                name="freeze_one_basis",
            ),
            models.CheckConstraint(
                condition=Q(wallet__isnull=False, account__isnull=True)
                | Q(wallet__isnull=True, account__isnull=False),
                name="freeze_one_target",
            ),
            models.CheckConstraint(
                condition=Q(obligation__isnull=False) | Q(formal_order_by__isnull=False),
                name="freeze_hold_has_end",
            ),
            models.CheckConstraint(
                condition=Q(approvals_required__gte=1, approvals_required__lte=2),
                name="freeze_approvals_one_or_two",
            ),
            models.CheckConstraint(
                condition=Q(approved_at__isnull=False) | Q(status__in=_BEFORE_APPROVAL),
                name="freeze_approved_first",
            ),
            models.CheckConstraint(
                condition=Q(applied_at__isnull=False) | ~Q(status__in=_APPLIED_ONCE),
                name="freeze_applied_said_when",
            ),
            through_whom("applied"),
            through_whom("confirmed"),
            known("applied_through", Through.values, "freeze_applied_through_known"),
            known("confirmed_through", Through.values, "freeze_confirmed_through_known"),
            models.CheckConstraint(
                condition=Q(ends_at__isnull=True) | Q(ends_at__gt=F("proposed_at")),
                name="freeze_ends_after_proposal",
            ),
            both_or_neither("release_proposed_at", "release_proposed_by", "freeze_release_proposed_pair"),
            both_or_neither("released_at", "released_by", "freeze_released_pair"),
            models.CheckConstraint(
                condition=Q(released_by__isnull=True)
                | (Q(release_proposed_by__isnull=False) & ~Q(released_by=F("release_proposed_by"))),
                name="freeze_release_four_eyes",
            ),
            models.CheckConstraint(
                condition=~Q(status="released") | Q(released_at__isnull=False),
                name="freeze_released_said_when",
            ),
        ]
        indexes = [
            models.Index(
                fields=["proposed_at", "id"],
                condition=Q(
                    status__in=[
                        "proposed",
                        "approved",
                        "applying",
                        "applied",
                        "apply_failed",
                        "release_proposed",
                    ]
                ),
                name="freeze_in_motion",
            ),
            models.Index(
                fields=["formal_order_by", "id"],
                include=["case"],
                # As `queries.due` says it: the planner takes a partial index only where it sees its condition.
                condition=Q(formal_order_by__isnull=False) & ~Q(status__in=sorted(FREEZE_FINAL)),
                name="freeze_by_formal",
            ),
            models.Index(fields=["ends_at", "id"], condition=Q(ends_at__isnull=False), name="freeze_by_end"),
        ]
        triggers = [
            *follows_moves("freeze"),
            *never_deleted("freeze"),
            stands(
                "freeze_proposal_stands",
                "case_id",
                "number",
                "obligation_id",
                "policy_hold",
                "formal_order_by",
                "wallet_id",
                "account_id",
                "scope",
                "reason",
                "proposed_by_id",
                "proposed_at",
                "approvals_required",
                "approvals_because",
                "corrects_id",
                "is_fictional",
                why="what was proposed is not changed",
            ),
            FirmTrigger(
                name="freeze_approvals_counted",
                operation=pgtrigger.Update,
                when=pgtrigger.Before,
                condition=pgtrigger.Q(new__status="approved", old__status="proposed"),
                func="IF (SELECT count(*) FROM cases_freezeapproval a WHERE a.freeze_id = NEW.id AND a.agrees) "
                "< NEW.approvals_required OR EXISTS (SELECT 1 FROM cases_freezeapproval a WHERE "
                "a.freeze_id = NEW.id AND NOT a.agrees) THEN RAISE EXCEPTION 'not enough approvals' "
                "USING ERRCODE = 'check_violation'; END IF; RETURN NEW;",
            ),
            FirmTrigger(
                name="freeze_basis_verified",
                operation=pgtrigger.Update,
                when=pgtrigger.Before,
                condition=pgtrigger.Q(new__status="applying", new__obligation_id__isnull=False),
                func="IF NOT EXISTS (SELECT 1 FROM cases_obligation b JOIN cases_legalorder o ON o.id = b.order_id "
                "WHERE b.id = NEW.obligation_id AND o.verified_at IS NOT NULL) THEN "
                "RAISE EXCEPTION 'the order is not verified' USING ERRCODE = 'check_violation'; END IF; RETURN NEW;",
            ),
            FirmTrigger(
                name="freeze_term_by_extension",
                operation=pgtrigger.Update,
                when=pgtrigger.Before,
                func="IF NEW.ends_at IS DISTINCT FROM OLD.ends_at AND NOT EXISTS (SELECT 1 FROM cases_freezechange c "
                "WHERE c.freeze_id = NEW.id AND c.kind = 'extension' AND c.status = 'agreed' "
                "AND c.old_ends_at = OLD.ends_at AND c.new_ends_at = NEW.ends_at) THEN "
                "RAISE EXCEPTION 'a term is moved by an agreed extension alone' "
                "USING ERRCODE = 'check_violation'; END IF; RETURN NEW;",
            ),
            # The end by transfer: never while a part of what was held is still there.
            FirmTrigger(
                name="freeze_transferred_whole",
                operation=pgtrigger.Update,
                when=pgtrigger.Before,
                func="IF OLD.status IN ('transferring', 'transferred') AND NEW.status IN ('transferred', 'settled') "
                "AND NEW.status <> OLD.status AND (NOT EXISTS (SELECT 1 FROM cases_transfer t "
                "WHERE t.freeze_id = NEW.id AND t.takes_all AND (t.status = 'settled' "
                "OR (t.status = 'sent' AND NEW.status = 'transferred'))) "
                "OR EXISTS (SELECT 1 FROM cases_freezecredit c WHERE c.freeze_id = NEW.id "
                "AND (c.status IN ('held', 'release_proposed') OR (c.status = 'kept' AND c.held_id IS NULL))) "
                "OR EXISTS (SELECT 1 FROM cases_freezeamount a WHERE a.freeze_id = NEW.id "
                "AND cases_still_held(a.id) IS DISTINCT FROM 0)) THEN "
                "RAISE EXCEPTION 'a part of the freeze was not transferred' "
                "USING ERRCODE = 'check_violation'; END IF; RETURN NEW;",
            ),
        ]

    def __str__(self) -> str:
        return f"freeze {self.number}"


class FreezeAmount(models.Model):
    """One asset of a freeze: what is ordered held, and what was there when it was proposed and applied."""

    freeze = models.ForeignKey(FreezeOrder, on_delete=models.PROTECT, related_name="amounts")
    asset = models.CharField(_("asset"), max_length=16)
    decimals = models.PositiveSmallIntegerField()
    chain_asset = models.ForeignKey(Asset, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    # Null: whatever is there.
    amount = BaseUnitsField(_("amount in base units"), null=True, blank=True)
    # The proof of the balance at that moment; never overwritten once set.
    sighting_proposed = models.ForeignKey(
        Sighting, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    holding_proposed = models.ForeignKey(
        AccountHolding, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    sighting_applied = models.ForeignKey(
        Sighting, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    holding_applied = models.ForeignKey(
        AccountHolding, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["freeze", "asset"], name="freezeamount_asset_once"),
            models.CheckConstraint(
                condition=Q(amount__isnull=True) | Q(amount__gt=0), name="freezeamount_positive"
            ),
            models.CheckConstraint(condition=Q(decimals__lte=36), name="freezeamount_decimals_sane"),
        ]
        triggers = [
            *never_deleted("freezeamount"),
            FirmTrigger(
                name="freezeamount_stands",
                operation=pgtrigger.Update,
                when=pgtrigger.Before,
                func="IF (NEW.freeze_id, NEW.asset, NEW.decimals, NEW.amount, NEW.sighting_proposed_id, "
                "NEW.holding_proposed_id) IS DISTINCT FROM (OLD.freeze_id, OLD.asset, OLD.decimals, OLD.amount, "
                "OLD.sighting_proposed_id, OLD.holding_proposed_id) "
                "OR (OLD.sighting_applied_id IS NOT NULL "
                "AND NEW.sighting_applied_id IS DISTINCT FROM OLD.sighting_applied_id) "
                "OR (OLD.holding_applied_id IS NOT NULL AND NEW.holding_applied_id IS DISTINCT FROM OLD.holding_applied_id) "
                "THEN RAISE EXCEPTION 'the balance at a freeze is never overwritten' "
                "USING ERRCODE = 'check_violation'; END IF; RETURN NEW;",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.asset} of freeze {self.freeze_id}"

    @property
    def symbol(self) -> str:
        """The unit beside an amount, under the name that assets of every kind have."""
        return self.asset


class FreezeApproval(models.Model):
    """One approver's word on a proposal. A row of its own, so that no approver is the proposer even where two sign.

    `proposer` repeats the freeze's proposer; a composite foreign key (freeze, proposer) → freeze (id, proposed_by) in
    the migration keeps it true, and the check below does the rest.
    """

    freeze = models.ForeignKey(FreezeOrder, on_delete=models.PROTECT, related_name="approvals")
    proposer = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    approver = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    agrees = models.BooleanField()
    comment = models.TextField(_("comment"), blank=True, max_length=2000)
    given_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["freeze", "approver"], name="freezeapproval_once_each"),
            models.CheckConstraint(condition=~Q(approver=F("proposer")), name="freezeapproval_four_eyes"),
        ]
        triggers = append_only("freezeapproval")

    def __str__(self) -> str:
        return f"{self.approver_id} on freeze {self.freeze_id}"
