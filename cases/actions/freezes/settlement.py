"""What the chain says of a transfer's transactions. A worker asks, outside any transaction, and writes what it heard.

Nobody settles a transfer by saying so: it is settled once each of its transactions stands as many blocks deep as was
asked for when it was proposed.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from django.conf import settings
from django.db import DatabaseError, transaction

from cases.actions import watchdog
from cases.actions.base import move_or_refuse
from cases.actions.freezes.actor import Actor, lock_for_system
from cases.actions.freezes.transfers import freeze_to, legs_details, undecided_credits
from cases.actions.freezes.watching import follow_freeze
from cases.actions.orders import advance_obligation
from cases.audit.rows import untold
from cases.models import FreezeAmount, FreezeOrder, LegState, Obligation, Transfer, TransferLeg
from cases.queries.held import held_of
from cases.status import (
    FREEZE_FINAL,
    ORDER_EXECUTABLE,
    TRANSFER_OVER,
    FreezeStatus,
    ObligationStatus,
    TransferStatus,
)
from wallets.chains import panel_for
from wallets.chains.base import ChainError, Confirmation, Payment
from wallets.registry import assets_of

logger = logging.getLogger(__name__)

# A round of a worker ends after this; the next one goes on. A look that was claimed is another's again after the lease.
ROUND: Final = timedelta(seconds=30)
LEASE: Final = timedelta(seconds=90)
# A chain that does not answer is asked again after this.
AFTER_ERROR: Final = timedelta(seconds=60)

NOT_TOLD: Final = Payment("cannot_tell")

Clock = Callable[[], datetime]


@dataclass(frozen=True, slots=True)
class Asked:
    """A transaction to ask a chain for."""

    leg_id: int
    chain: str
    txid: str
    destination: str
    # The token's contract, "" for the coin; None where the books' asset cannot be matched with one of the chain.
    contract: str | None


@dataclass(frozen=True, slots=True)
class Heard:
    """What a chain said, or the code of the error, and who said it."""

    found: Confirmation | None
    provider: str
    error: str = ""
    paid: Payment = NOT_TOLD


def settle_transfers(*, now: Clock) -> int:
    """Ask the chains for the transactions that are due a look; returns how many were asked for."""
    count, until = 0, now() + ROUND
    while (at := now()) < until and (asked := claim_leg(at=at)) is not None:
        heard = listen(asked)
        try:
            finish_leg(asked.leg_id, heard, at=now())
        except (DatabaseError, LookupError, RuntimeError, TypeError, ValueError):
            # One transfer's slip must not keep the others waiting; its turn comes again when the lease has run out.
            logger.exception("what the chain said of transaction %s could not be recorded", asked.leg_id)
        count += 1
    return count


@transaction.atomic
def claim_leg(*, at: datetime) -> Asked | None:
    """The transaction that has been due the longest, for this worker alone until the lease ends."""
    leg = (
        TransferLeg.objects.select_for_update(of=("self",), skip_locked=True)
        .select_related("transfer", "held")
        .filter(next_look_at__lte=at)
        .order_by("next_look_at", "id")
        .first()
    )
    if leg is None:
        return None
    leg.next_look_at = at + LEASE
    leg.save(update_fields=["next_look_at"])
    transfer = leg.transfer
    return Asked(
        leg.pk, transfer.chain, leg.txid, transfer.destination, _contract_of(transfer.chain, leg.held)
    )


def _contract_of(chain: str, held: FreezeAmount) -> str | None:
    """The contract of an asset on a chain, "" for its coin; None where symbol and decimals match none, or several."""
    found = {
        asset.contract
        for asset in assets_of([chain])[chain]
        if asset.symbol.upper() == held.asset.upper() and asset.decimals == held.decimals
    }
    return found.pop() if len(found) == 1 else None


def listen(asked: Asked) -> Heard:
    """Ask the chain. Takes as long as its source takes; no transaction is open meanwhile."""
    try:
        with panel_for(asked.chain) as panel:
            found, paid = panel.confirmations(asked.txid), NOT_TOLD
            provider = panel.answered_by
            if found.state == "confirmed" and asked.contract is not None:
                paid = panel.payment(asked.txid, asked.destination, asked.contract)
            return Heard(found, provider, paid=paid)
    except ChainError as error:
        return Heard(None, "", error.code)


@transaction.atomic
def finish_leg(leg_id: int, heard: Heard, *, at: datetime) -> Transfer:
    """Write what was heard, and what follows for the transfer, its freeze, the duty and the order."""
    found = TransferLeg.objects.select_related("transfer").get(pk=leg_id)
    actor = Actor(lock_for_system(found.transfer.case_id, at=at))
    freeze = (
        FreezeOrder.objects.select_for_update(of=("self",))
        .select_related("wallet__wallet")
        .get(pk=found.transfer.freeze_id)
    )
    transfer = Transfer.objects.select_for_update(of=("self",)).get(pk=found.transfer_id)
    transfer.freeze = freeze
    leg = TransferLeg.objects.select_for_update(of=("self",)).select_related("held").get(pk=leg_id)
    if leg.state != LegState.SENT:
        return transfer
    _write_down(leg, heard, at=at)
    if leg.is_test and leg.state == LegState.CONFIRMED:
        _tell(actor, transfer, "transfer.test_confirmed", at=at)
    _follow(actor, transfer, at=at)
    if untold():
        # One of several transactions has come to its end, and the transfer has not.
        _tell(actor, transfer, "transfer.leg_ended", at=at)
    return transfer


def _write_down(leg: TransferLeg, heard: Heard, *, at: datetime) -> None:
    leg.looked_at = at
    said = heard.found
    if said is None:
        leg.said, leg.next_look_at = heard.error, at + AFTER_ERROR
        leg.save(update_fields=["looked_at", "said", "next_look_at"])
        return
    block = said.block
    # A block that left the chain takes its confirmations with it.
    leg.said, leg.provider, leg.confirmations = said.state, heard.provider, said.count
    leg.block_height = None if block is None else block.height
    leg.block_hash = "" if block is None else block.hash
    leg.block_time = None if block is None else block.time
    leg.next_look_at = at + timedelta(seconds=settings.TRANSFER_LOOK_SECONDS)
    deep = block is None or said.count >= leg.confirmations_required
    if said.state == "failed" and deep:
        leg.state, leg.next_look_at = LegState.FAILED, None
    elif said.state == "confirmed" and block is not None:
        leg.paid_state = heard.paid.state
        leg.paid = Decimal(heard.paid.amount) if heard.paid.state == "told" else None
        if said.count >= leg.confirmations_required:
            # Another transaction than the one that was proposed settles nothing: what it was for still stands frozen.
            short = leg.paid is not None and leg.paid < leg.amount
            leg.state, leg.next_look_at = (LegState.FAILED if short else LegState.CONFIRMED), None
            leg.said = "other_payment" if short else leg.said
    leg.save(
        update_fields=[
            "looked_at",
            "said",
            "provider",
            "confirmations",
            "block_height",
            "block_hash",
            "block_time",
            "state",
            "next_look_at",
            "paid_state",
            "paid",
        ]
    )


def _follow(actor: Actor, transfer: Transfer, *, at: datetime) -> None:
    legs = list(transfer.legs.all())
    failed = [leg for leg in legs if leg.state == LegState.FAILED]
    waiting = [leg for leg in legs if leg.state == LegState.SENT]
    if failed and not waiting:
        # What another transaction of it took has left; the rest stands again.
        _fail(actor, transfer, at=at)
    elif not failed and transfer.status == TransferStatus.SENT:
        if all(leg.state == LegState.CONFIRMED for leg in legs):
            _settle(actor, transfer, at=at)
        elif all(leg.block_height is not None for leg in legs):
            _in_blocks(actor, transfer, at=at)


def _takes_all(transfer: Transfer) -> bool:
    """Whether nothing remains held after it, also of what came in since it was proposed."""
    return (
        transfer.takes_all
        and not undecided_credits(transfer.freeze).exists()
        and all(row.still == 0 for row in held_of(transfer.freeze_id))
    )


def _in_blocks(actor: Actor, transfer: Transfer, *, at: datetime) -> None:
    """Each transaction stands in a block: a freeze of which nothing remains is transferred."""
    if transfer.freeze.status == FreezeStatus.TRANSFERRING and _takes_all(transfer):
        moved = freeze_to(transfer.freeze, FreezeStatus.TRANSFERRED)
        _tell(actor, transfer, "transfer.in_blocks", at=at, **moved)


def _settle(actor: Actor, transfer: Transfer, *, at: datetime) -> None:
    freeze = transfer.freeze
    move_or_refuse(transfer, TransferStatus.SETTLED)
    transfer.ended_at = at
    transfer.save(update_fields=["status", "ended_at"])
    if freeze.status == FreezeStatus.TRANSFERRED or _takes_all(transfer):
        moves = []
        if freeze.status == FreezeStatus.TRANSFERRING:
            moves.append(freeze_to(freeze, FreezeStatus.TRANSFERRED))
        moves.append(freeze_to(freeze, FreezeStatus.SETTLED))
        moved = {"from": moves[0]["from"], "to": moves[-1]["to"]}
    else:
        moved = freeze_to(freeze, FreezeStatus.CONFIRMED)
    follow_freeze(actor.case, freeze, at=at)
    _tell(
        actor,
        transfer,
        "transfer.settled",
        at=at,
        followed=_meet_duty(actor, transfer, at=at),
        remains=[
            {
                "asset": row.row.asset,
                "decimals": row.row.decimals,
                "amount": None if row.still is None else str(row.still),
            }
            for row in held_of(freeze.pk)
        ],
        **moved,
    )


def _meet_duty(actor: Actor, transfer: Transfer, *, at: datetime) -> dict[str, object]:
    """The duty is met once nothing that its order froze is left to be transferred; it moves as the person who sent it."""
    obligation = Obligation.objects.select_for_update().select_related("order").get(pk=transfer.obligation_id)
    if obligation.status not in {ObligationStatus.IN_PROGRESS, ObligationStatus.OVERDUE}:
        return {}
    if obligation.order.status not in ORDER_EXECUTABLE:
        return {}
    if transfer.freeze.status != FreezeStatus.SETTLED:
        return {}
    others = FreezeOrder.objects.exclude(pk=transfer.freeze_id).exclude(status__in=sorted(FREEZE_FINAL))
    under_way = Transfer.objects.filter(obligation=obligation).exclude(status__in=sorted(TRANSFER_OVER))
    # A freeze rests on the duty to freeze that stands beside this one in the order, or on this one.
    if others.filter(obligation__order=obligation.order_id).exists() or under_way.exists():
        return {}
    return advance_obligation(
        Actor(actor.case, transfer.begun_by), obligation=obligation, to=ObligationStatus.MET, at=at
    )


def _fail(actor: Actor, transfer: Transfer, *, at: datetime) -> None:
    if transfer.status not in {TransferStatus.SENDING, TransferStatus.SENT}:
        return
    move_or_refuse(transfer, TransferStatus.FAILED)
    wrong = transfer.legs.filter(said="other_payment").exists()
    transfer.ended_at = at
    transfer.end_reason = "the transaction does not pay what was proposed" if wrong else "failed on the chain"
    transfer.save(update_fields=["status", "ended_at", "end_reason"])
    moved: dict[str, object] = {}
    if transfer.freeze.status == FreezeStatus.TRANSFERRING:
        moved = freeze_to(transfer.freeze, FreezeStatus.CONFIRMED)
    watchdog.catch_up(actor.case, transfer.freeze, at=at)
    _tell(actor, transfer, "transfer.failed_on_chain", at=at, **moved)


def _tell(actor: Actor, transfer: Transfer, action: str, *, at: datetime, **details: object) -> None:
    actor.write(
        action=action,
        at=at,
        kind="transfer",
        number=transfer.number,
        details={
            "freeze": transfer.freeze.number,
            "destination": transfer.destination,
            "legs": legs_details(transfer),
            **details,
        },
    )
