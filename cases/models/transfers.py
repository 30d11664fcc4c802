"""Transfers out of a freeze, to a wallet of the authority that ordered it."""

import pgtrigger
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from cases.models.base import append_only, both_or_neither, follows_moves, known, never_deleted, stands
from cases.models.cases import Case
from cases.models.freeze_changes import within_held
from cases.models.freezes import FreezeAmount, FreezeOrder
from cases.models.orders import Obligation
from cases.models.sealing import KnownQuerySet
from cases.people.models import User
from cases.status import TransferStatus
from wallets.models import BaseUnitsField
from wallets.models.triggers import FirmTrigger


class DestinationCheck(models.TextChoices):
    """How the authority confirmed the destination, beside the paper that names it."""

    CALL_BACK = "call_back", _("Call-back to an independently found number")
    IN_PERSON = "in_person", _("In person")
    OFFICIAL_PORTAL = "official_portal", _("Official portal")
    SIGNED_LETTER = "signed_letter", _("Signed letter, signature checked")
    COURT_ORDER = "court_order", _("Named in the court's order")


class Transfer(models.Model):
    """What is to be sent out of one freeze, to which address, on whose word; numbered within the case.

    `destination` is the canonical spelling, typed twice and the same both times. `takes_all`: nothing remains held
    after it, so that the freeze ends with its settlement; else what remains stays held by the same freeze.
    """

    STATUS_TABLE = "transfer"

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="transfers")
    freeze = models.ForeignKey(FreezeOrder, on_delete=models.PROTECT, related_name="transfers")
    obligation = models.ForeignKey(Obligation, on_delete=models.PROTECT, related_name="transfers")
    number = models.PositiveIntegerField()
    chain = models.CharField(_("chain"), max_length=20)
    destination = models.CharField(_("destination"), max_length=600)
    destination_typed = models.CharField(_("destination as typed"), max_length=600)
    checksum = models.CharField(
        max_length=5, choices=[("valid", _("Checksum valid")), ("none", _("No checksum in the address"))]
    )
    # Said by the proposer where the address carries no checksum, and where it looks like another one.
    no_checksum_accepted = models.BooleanField(default=False)
    resembles = models.JSONField(default=list, blank=True)
    check_method = models.CharField(_("how confirmed"), max_length=16, choices=DestinationCheck.choices)
    check_contact = models.CharField(_("confirmed with"), max_length=300)
    takes_all = models.BooleanField(_("nothing remains held"), default=False)
    test_wanted = models.BooleanField(_("test transfer first"), default=False)
    reason = models.TextField(_("reason"), max_length=5000)
    status = models.CharField(
        _("status"),
        max_length=24,
        choices=TransferStatus.choices,
        default=TransferStatus.PROPOSED,
        editable=False,
    )
    approvals_required = models.PositiveSmallIntegerField(default=1)
    approvals_because = models.JSONField(default=list, blank=True)
    proposed_at = models.DateTimeField()
    proposed_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    approved_at = models.DateTimeField(null=True, blank=True)
    begun_at = models.DateTimeField(null=True, blank=True)
    begun_by = models.ForeignKey(User, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    sent_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(_("settled or failed"), null=True, blank=True)
    end_reason = models.TextField(blank=True, max_length=2000)
    receipt = models.CharField(_("receipt of the authority"), max_length=300, blank=True)

    ORDER_PATH = "obligation__order"
    objects = KnownQuerySet["Transfer"].as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["case", "number"], name="transfer_number_once"),
            models.UniqueConstraint(fields=["id", "proposed_by"], name="transfer_with_proposer"),
            # A freeze has one transfer under way at a time.
            models.UniqueConstraint(
                fields=["freeze"],
                condition=Q(status__in=["proposed", "approved", "sending", "sent"]),
                name="transfer_one_at_a_time",
            ),
            known("status", TransferStatus.values, "transfer_status_known"),
            known("checksum", ["valid", "none"], "transfer_checksum_known"),
            known("check_method", DestinationCheck.values, "transfer_check_known"),
            models.CheckConstraint(condition=~Q(check_contact=""), name="transfer_contact_given"),
            models.CheckConstraint(condition=~Q(destination=""), name="transfer_destination_given"),
            models.CheckConstraint(
                condition=Q(checksum="valid") | Q(no_checksum_accepted=True),
                name="transfer_no_checksum_accepted",
            ),
            models.CheckConstraint(
                condition=Q(approvals_required__gte=1, approvals_required__lte=2),
                name="transfer_approvals_one_or_two",
            ),
            models.CheckConstraint(
                condition=Q(approved_at__isnull=False) | Q(status__in=["proposed", "refused"]),
                name="transfer_approved_first",
            ),
            both_or_neither("begun_at", "begun_by", "transfer_begun_pair"),
            models.CheckConstraint(
                condition=Q(begun_at__isnull=False) | Q(status__in=["proposed", "approved", "refused"]),
                name="transfer_begun_said_when",
            ),
            models.CheckConstraint(
                condition=Q(ended_at__isnull=False) | ~Q(status__in=["settled", "failed"]),
                name="transfer_ended_said_when",
            ),
        ]
        triggers = [
            *follows_moves("transfer"),
            *never_deleted("transfer"),
            stands(
                "transfer_proposal_stands",
                "case_id",
                "freeze_id",
                "obligation_id",
                "number",
                "chain",
                "destination",
                "destination_typed",
                "checksum",
                "no_checksum_accepted",
                "resembles",
                "check_method",
                "check_contact",
                "takes_all",
                "test_wanted",
                "reason",
                "approvals_required",
                "approvals_because",
                "proposed_at",
                "proposed_by_id",
                why="what was proposed is not changed",
            ),
            FirmTrigger(
                name="transfer_on_its_duty",
                operation=pgtrigger.Insert,
                when=pgtrigger.Before,
                func="IF NOT EXISTS (SELECT 1 FROM cases_obligation b JOIN cases_legalorder o ON o.id = b.order_id "
                "JOIN cases_freezeorder f ON f.id = NEW.freeze_id "
                "WHERE b.id = NEW.obligation_id AND b.kind = 'transfer' AND o.verified_at IS NOT NULL "
                "AND b.case_id = NEW.case_id AND f.case_id = NEW.case_id) THEN "
                "RAISE EXCEPTION 'a transfer rests on a duty to transfer in a verified order' "
                "USING ERRCODE = 'check_violation'; END IF; RETURN NEW;",
            ),
            FirmTrigger(
                name="transfer_approvals_counted",
                operation=pgtrigger.Update,
                when=pgtrigger.Before,
                condition=pgtrigger.Q(new__status="approved", old__status="proposed"),
                func="IF (SELECT count(*) FROM cases_transferapproval a WHERE a.transfer_id = NEW.id AND a.agrees) "
                "< NEW.approvals_required OR EXISTS (SELECT 1 FROM cases_transferapproval a WHERE "
                "a.transfer_id = NEW.id AND NOT a.agrees) THEN RAISE EXCEPTION 'not enough approvals' "
                "USING ERRCODE = 'check_violation'; END IF; RETURN NEW;",
            ),
            # Settled is what a chain says, never what anybody writes: each transaction confirmed, as deep as asked.
            FirmTrigger(
                name="transfer_settled_on_chain",
                operation=pgtrigger.Update,
                when=pgtrigger.Before,
                condition=pgtrigger.Q(new__status="settled", old__status="sent"),
                func="IF NOT EXISTS (SELECT 1 FROM cases_transferleg l WHERE l.transfer_id = NEW.id) "
                "OR EXISTS (SELECT 1 FROM cases_transferleg l WHERE l.transfer_id = NEW.id "
                "AND (l.state <> 'confirmed' OR l.confirmations < l.confirmations_required)) THEN "
                "RAISE EXCEPTION 'not confirmed on the chain' "
                "USING ERRCODE = 'check_violation'; END IF; RETURN NEW;",
            ),
        ]

    def __str__(self) -> str:
        return f"transfer {self.number}"


class TransferApproval(models.Model):
    """One approver's word on a transfer; held together with the proposer as an approval of a freeze is."""

    transfer = models.ForeignKey(Transfer, on_delete=models.PROTECT, related_name="approvals")
    proposer = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    approver = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    agrees = models.BooleanField()
    comment = models.TextField(_("comment"), blank=True, max_length=2000)
    given_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["transfer", "approver"], name="transferapproval_once_each"),
            models.CheckConstraint(condition=~Q(approver=F("proposer")), name="transferapproval_four_eyes"),
        ]
        triggers = append_only("transferapproval")

    def __str__(self) -> str:
        return f"{self.approver_id} on transfer {self.transfer_id}"


class LegState(models.TextChoices):
    UNSENT = "unsent", _("Not sent")
    SENT = "sent", _("Sent, not confirmed yet")
    CONFIRMED = "confirmed", _("Confirmed")
    FAILED = "failed", _("Failed")


class TransferLeg(models.Model):
    """One transaction of a transfer: how much of one asset, and what the chain says of it.

    The test transfer is a leg of its own, and part of the amount. `fee` is in base units of the chain's native coin.
    """

    transfer = models.ForeignKey(Transfer, on_delete=models.PROTECT, related_name="legs")
    held = models.ForeignKey(FreezeAmount, on_delete=models.PROTECT, related_name="legs")
    amount = BaseUnitsField(_("amount in base units"))
    is_test = models.BooleanField(default=False)
    state = models.CharField(max_length=9, choices=LegState.choices, default=LegState.UNSENT)
    txid = models.CharField(_("transaction"), max_length=120, blank=True)
    fee = BaseUnitsField(_("fee in base units of the native coin"), null=True, blank=True)
    sent_at = models.DateTimeField(null=True, blank=True)
    sent_by = models.ForeignKey(User, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    confirmations_required = models.PositiveIntegerField()
    confirmations = models.PositiveBigIntegerField(default=0)
    block_height = models.PositiveBigIntegerField(null=True, blank=True)
    block_hash = models.CharField(max_length=128, blank=True)
    block_time = models.DateTimeField(null=True, blank=True)
    provider = models.CharField(max_length=200, blank=True)
    looked_at = models.DateTimeField(null=True, blank=True)
    # What the chain said last ("confirmed", "pending", "failed", "unknown"), or the code of the error.
    said = models.CharField(max_length=40, blank=True)
    next_look_at = models.DateTimeField(null=True, blank=True)
    # What of the asset the transaction gave to the destination: "told" with the amount, or "cannot_tell".
    paid_state = models.CharField(max_length=11, blank=True)
    paid = BaseUnitsField(_("paid to the destination"), null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["transfer", "held", "is_test"], name="leg_once"),
            known("paid_state", ["", "told", "cannot_tell"], "leg_paid_state_known"),
            models.CheckConstraint(
                condition=Q(paid_state="told", paid__isnull=False)
                | (~Q(paid_state="told") & Q(paid__isnull=True)),
                name="leg_paid_is_told",
            ),
            # A transaction that gave the destination less than was proposed confirms nothing, however deep it stands.
            models.CheckConstraint(
                condition=~Q(state="confirmed")
                | Q(paid_state="cannot_tell")
                | Q(paid_state="told", paid__gte=F("amount")),
                name="leg_confirmed_by_payment",
            ),
            models.UniqueConstraint(
                fields=["txid", "held"], condition=~Q(txid=""), name="leg_transaction_once"
            ),
            known("state", LegState.values, "leg_state_known"),
            models.CheckConstraint(condition=Q(amount__gt=0), name="leg_amount_positive"),
            models.CheckConstraint(
                condition=Q(fee__isnull=True) | Q(fee__gte=0), name="leg_fee_not_negative"
            ),
            models.CheckConstraint(
                condition=Q(txid="", sent_at__isnull=True) | (~Q(txid="") & Q(sent_at__isnull=False)),
                name="leg_sent_with_transaction",
            ),
            models.CheckConstraint(
                condition=Q(state__in=["unsent", "failed"]) | ~Q(txid=""), name="leg_state_has_transaction"
            ),
            models.CheckConstraint(
                condition=~Q(state="confirmed")
                | (
                    Q(confirmations__gte=F("confirmations_required"), block_height__isnull=False)
                    & ~Q(block_hash="")
                    & ~Q(provider="")
                    & Q(looked_at__isnull=False)
                ),
                name="leg_confirmed_by_chain",
            ),
            models.CheckConstraint(condition=Q(confirmations_required__gte=1), name="leg_depth_asked"),
        ]
        indexes = [
            models.Index(
                fields=["next_look_at", "id"], condition=Q(next_look_at__isnull=False), name="leg_to_look_at"
            )
        ]
        triggers = [
            *never_deleted("leg"),
            within_held("leg_within_held"),
            stands(
                "leg_stands",
                "transfer_id",
                "held_id",
                "amount",
                "is_test",
                "confirmations_required",
                why="what was proposed is not changed",
            ),
            FirmTrigger(
                name="leg_born",
                operation=pgtrigger.Insert,
                when=pgtrigger.Before,
                func="IF NEW.state <> 'unsent' OR NOT EXISTS (SELECT 1 FROM cases_transfer t JOIN cases_freezeamount a "
                "ON a.freeze_id = t.freeze_id WHERE t.id = NEW.transfer_id AND a.id = NEW.held_id "
                "AND t.status = 'proposed') THEN RAISE EXCEPTION 'a part of another freeze, or sent already' "
                "USING ERRCODE = 'check_violation'; END IF; RETURN NEW;",
            ),
            FirmTrigger(
                name="leg_sent_in_order",
                operation=pgtrigger.Update,
                when=pgtrigger.Before,
                func="IF (OLD.txid <> '' AND (NEW.txid, NEW.fee, NEW.sent_at, NEW.sent_by_id) IS DISTINCT FROM "
                "(OLD.txid, OLD.fee, OLD.sent_at, OLD.sent_by_id)) "
                "OR (OLD.state IN ('confirmed', 'failed') AND NEW.state <> OLD.state) THEN "
                "RAISE EXCEPTION 'what was sent is not changed' USING ERRCODE = 'check_violation'; END IF; "
                "IF OLD.txid = '' AND NEW.txid <> '' AND (NOT EXISTS (SELECT 1 FROM cases_transfer t "
                "WHERE t.id = NEW.transfer_id AND t.status = 'sending') "
                "OR (NOT NEW.is_test AND EXISTS (SELECT 1 FROM cases_transferleg l "
                "WHERE l.transfer_id = NEW.transfer_id AND l.is_test AND l.state <> 'confirmed'))) THEN "
                "RAISE EXCEPTION 'sent before it may be' USING ERRCODE = 'check_violation'; END IF; RETURN NEW;",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.amount} of transfer {self.transfer_id}"
