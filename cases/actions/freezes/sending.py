"""Sending a transfer that was signed: its transactions with their fees, its failure, the authority's receipt."""

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from cases import outbox
from cases.access import Grant
from cases.actions import watchdog
from cases.actions.base import (
    ActionError,
    NoSuchItem,
    event_value,
    lock_open_case,
    move_or_refuse,
    require_status,
)
from cases.actions.connector_queue import ask_transfer
from cases.actions.freezes.actor import Actor
from cases.actions.freezes.rules import require_live_basis
from cases.actions.freezes.transfers import SETTLE, freeze_to, legs_details, transfer_in, write_transfer
from cases.actions.orders import advance_obligation, require_executable
from cases.models import LegalOrder, LegState, Obligation, Transfer, TransferLeg
from cases.permissions import Permission
from cases.status import FreezeStatus, ObligationStatus, TransferStatus
from wallets.chains import CHAINS


@transaction.atomic
def begin_transfer(*, grant: Grant, at: datetime, number: int) -> Transfer:
    """Say that the transfer is now being sent from the exchange's own system. Needs a verified, accepted order."""
    grant.require(Permission.FREEZE_APPLY)
    transfer = transfer_in(lock_open_case(grant, at=at), number, lock=True)
    move_or_refuse(transfer, TransferStatus.SENDING)
    obligation = Obligation.objects.select_for_update().get(pk=transfer.obligation_id)
    require_live_basis(obligation)
    require_executable(LegalOrder.objects.get(pk=obligation.order_id))
    followed: dict[str, object] = {}
    if obligation.status == ObligationStatus.OPEN:
        followed = advance_obligation(grant, obligation=obligation, to=ObligationStatus.IN_PROGRESS, at=at)
    transfer.begun_at, transfer.begun_by = at, grant.user
    transfer.save(update_fields=["status", "begun_at", "begun_by"])
    moved = freeze_to(transfer.freeze, FreezeStatus.TRANSFERRING)
    ask_transfer(transfer, at=at)
    write_transfer(grant, transfer, action="transfer.begun", at=at, followed=followed, **moved)
    return transfer


@transaction.atomic
def record_sent(
    *,
    grant: Grant,
    at: datetime,
    number: int,
    asset: str,
    txid: str,
    fee: int | None,
    sent_at: datetime | None = None,
    is_test: bool = False,
) -> Transfer:
    """Record the transaction of one asset (or of the test) with its fee, in base units of the chain's native coin.

    The worker asks the chain for it from then on. With the last one the transfer is sent.
    """
    grant.require(Permission.FREEZE_APPLY)
    transfer = transfer_in(lock_open_case(grant, at=at), number, lock=True)
    set_sent(
        Actor.of(grant),
        transfer,
        at=at,
        asset=asset,
        txid=txid,
        fee=fee,
        sent_at=sent_at,
        is_test=is_test,
    )
    return transfer


def set_sent(
    actor: Actor,
    transfer: Transfer,
    *,
    at: datetime,
    asset: str,
    txid: str,
    fee: int | None,
    sent_at: datetime | None,
    is_test: bool,
) -> None:
    """The same, for a locked transfer, whoever says so: a person, or the exchange's own system."""
    require_status(transfer, TransferStatus.SENDING)
    legs = list(transfer.legs.select_for_update(of=("self",)).select_related("held"))
    leg = next(
        (
            each
            for each in legs
            if each.is_test == is_test and each.held.asset.upper() == asset.strip().upper()
        ),
        None,
    )
    if leg is None:
        raise NoSuchItem(_("The transfer has no such transaction."), field="asset")
    if leg.state != LegState.UNSENT:
        raise ActionError(_("The transaction of this is recorded already."), field="txid")
    if not is_test and any(each.is_test and each.state != LegState.CONFIRMED for each in legs):
        raise ActionError(_("The test transfer is not confirmed on the chain yet."), field="txid")
    sent_at = sent_at or at
    if sent_at > at:
        raise ActionError(_("This lies in the future."), field="sent_at")
    if transfer.begun_at is not None and sent_at < transfer.begun_at:
        raise ActionError(_("It was sent after the transfer began."), field="sent_at")
    leg.txid = clean_txid(transfer.chain, txid)
    if (
        TransferLeg.objects.filter(txid=leg.txid, transfer__chain=transfer.chain)
        .exclude(transfer=transfer)
        .exists()
    ):
        raise ActionError(_("This transaction is recorded with another transfer."), field="txid")
    if fee is not None and fee < 0:
        raise ActionError(_("A fee is not below zero."), field="fee")
    leg.fee, leg.sent_at, leg.sent_by = fee, sent_at, actor.user
    leg.state, leg.next_look_at = LegState.SENT, at
    leg.save(update_fields=["txid", "fee", "sent_at", "sent_by", "state", "next_look_at"])
    if all(each.state != LegState.UNSENT for each in legs):
        move_or_refuse(transfer, TransferStatus.SENT)
        transfer.sent_at = at
        transfer.save(update_fields=["status", "sent_at"])
    outbox.put(task=SETTLE, at=at)
    write_transfer(
        actor,
        transfer,
        action="transfer.sent",
        at=at,
        asset=leg.held.asset,
        decimals=leg.held.decimals,
        amount=str(int(leg.amount)),
        test=is_test,
        txid=leg.txid,
        fee=None if fee is None else str(fee),
        fee_asset=CHAINS[transfer.chain].native_symbol,
        fee_decimals=CHAINS[transfer.chain].native_decimals,
        sent_at=event_value(sent_at),
        status=transfer.status,
    )


# The length of a transaction's name in hexadecimal digits; Solana writes its signatures in base58.
_HEX_DIGITS = 64


def clean_txid(chain: str, text: str) -> str:
    """The one spelling of a transaction's name. Raises ActionError."""
    given = text.strip()
    family = CHAINS[chain].family
    if family == "solana":
        if not (given.isascii() and given.isalnum() and 80 <= len(given) <= 90):
            raise ActionError(_("This is no transaction of this chain."), field="txid")
        return given
    digits = given.lower().removeprefix("0x")
    if len(digits) != _HEX_DIGITS or set(digits) - set("0123456789abcdef"):
        raise ActionError(_("This is no transaction of this chain: 64 hexadecimal digits."), field="txid")
    if family == "evm":
        return "0x" + digits
    return digits.upper() if family == "xrp" else digits


@transaction.atomic
def fail_transfer(*, grant: Grant, at: datetime, number: int, reason: str) -> Transfer:
    """Say that the transfer failed: nothing was sent, or what was sent is unknown to the chain.

    What the chain has in a block, or may still take, is never called failed by a person. The freeze stands again with
    what did not leave.
    """
    grant.require(Permission.FREEZE_APPLY)
    transfer = transfer_in(lock_open_case(grant, at=at), number, lock=True)
    if not reason.strip():
        raise ActionError(_("Say what happened."), field="reason")
    for leg in transfer.legs.select_for_update().filter(state=LegState.SENT):
        if leg.said != "unknown" or leg.block_height is not None:
            raise ActionError(
                _("A transaction of it may still be confirmed: the chain knows it, or was not asked yet.")
            )
        leg.state, leg.next_look_at = LegState.FAILED, None
        leg.save(update_fields=["state", "next_look_at"])
    move_or_refuse(transfer, TransferStatus.FAILED)
    transfer.ended_at, transfer.end_reason = at, reason.strip()
    transfer.save(update_fields=["status", "ended_at", "end_reason"])
    moved = freeze_to(transfer.freeze, FreezeStatus.CONFIRMED)
    watchdog.catch_up(transfer.case, transfer.freeze, at=at)
    write_transfer(
        grant,
        transfer,
        action="transfer.failed",
        at=at,
        reason=reason.strip(),
        legs=legs_details(transfer),
        **moved,
    )
    return transfer


@transaction.atomic
def record_receipt(*, grant: Grant, at: datetime, number: int, receipt: str) -> Transfer:
    """Record the authority's receipt of a settled transfer."""
    grant.require(Permission.FREEZE_APPLY)
    transfer = transfer_in(lock_open_case(grant, at=at), number, lock=True)
    require_status(transfer, TransferStatus.SETTLED)
    if not receipt.strip():
        raise ActionError(_("Name the receipt: its number, its date, who signed it."), field="receipt")
    if transfer.receipt:
        raise ActionError(_("The receipt is on record already."), field="receipt")
    transfer.receipt = receipt.strip()
    transfer.save(update_fields=["receipt"])
    write_transfer(grant, transfer, action="transfer.receipted", at=at, receipt=transfer.receipt)
    return transfer
