"""A transfer out of a freeze to the authority's wallet: proposed, signed, sent. The chain alone says that it settled.

Only one is under way in a freeze at a time. What a transfer does not take stays held by the same freeze: it goes back
to `confirmed` with what remains, and is never given free by a transfer.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from cases.access import Grant
from cases.actions.base import (
    ActionError,
    NoSuchItem,
    lock_open_case,
    move_or_refuse,
    next_number,
    require_status,
    write_event,
)
from cases.actions.freezes.actor import Actor
from cases.actions.freezes.caps import refuse_beyond_transfer
from cases.actions.freezes.changes import parts_of
from cases.actions.freezes.destinations import checked_destination
from cases.actions.freezes.rules import AmountAsked, OwnApproval, freeze_in, require_live_basis
from cases.actions.freezes.thresholds import Line, second_approval
from cases.actions.orders import require_executable
from cases.models import (
    Case,
    DestinationCheck,
    FreezeCredit,
    FreezeOrder,
    LegalOrder,
    Obligation,
    ObligationKind,
    Transfer,
    TransferApproval,
    TransferLeg,
)
from cases.permissions import Permission
from cases.queries.held import HeldRow, held_of
from cases.status import CreditStatus, FreezeStatus, TransferStatus
from wallets.chains import CHAINS
from wallets.registry import assets_of

SETTLE = "cases.settle_transfers"


@dataclass(frozen=True)
class TestTransfer:
    """A small part that is sent first, and confirmed before the rest may go."""

    asset: str
    amount: int


def transfer_in(case: Case, number: int, *, lock: bool = False) -> Transfer:
    """The transfer with this number in the case; with `lock`, locked behind its freeze. Raises NoSuchItem."""
    rows = Transfer.objects.of(case).select_related("freeze", "obligation__order", "proposed_by")
    transfer = rows.filter(number=number).first()
    if transfer is None:
        raise NoSuchItem(_("The case has no such transfer."))
    if not lock:
        return transfer
    freeze = FreezeOrder.objects.select_for_update().get(pk=transfer.freeze_id)
    transfer = rows.select_for_update(of=("self",)).get(pk=transfer.pk)
    transfer.freeze = freeze
    return transfer


@transaction.atomic
def propose_transfer(
    *,
    grant: Grant,
    at: datetime,
    number: int,
    obligation_number: int,
    chain: str,
    destination: str,
    destination_again: str,
    check_method: str,
    check_contact: str,
    amounts: Sequence[AmountAsked],
    reason: str,
    takes_all: bool = False,
    test: TestTransfer | None = None,
    no_checksum_accepted: bool = False,
    resembles_accepted: bool = False,
) -> Transfer:
    """Propose to send amounts out of freeze `number`, under a live duty to transfer.

    `takes_all` says that nothing remains held after it, so that the freeze ends with it; it must be true of every
    asset. The test transfer, if any, is part of its asset's amount.
    """
    grant.require(Permission.FREEZE_PROPOSE)
    case = lock_open_case(grant, at=at)
    freeze = freeze_in(case, number, lock=True)
    require_status(freeze, FreezeStatus.CONFIRMED)
    obligation = _transfer_duty(case, obligation_number)
    chain = _chain_of(freeze, chain)
    if check_method not in DestinationCheck.values:
        raise ActionError(_("Say how the authority confirmed the destination."), field="check_method")
    if not check_contact.strip():
        raise ActionError(_("Name who confirmed the destination."), field="check_contact")
    if not reason.strip():
        raise ActionError(_("Give the reason."), field="reason")
    address, resembles = checked_destination(
        case,
        freeze,
        order_id=obligation.order_id,
        chain=chain,
        destination=destination,
        destination_again=destination_again,
        no_checksum_accepted=no_checksum_accepted,
        resembles_accepted=resembles_accepted,
    )
    taken = parts_of(freeze, amounts)
    _require_on_chain(chain, taken)
    if takes_all:
        _require_nothing_left(freeze, taken)
    legs = _legs(taken, test)
    lines = [_line(row, amount) for row, amount in taken]
    refuse_beyond_transfer(obligation, lines)
    because = second_approval(lines, at=at)
    source, target = move_or_refuse(freeze, FreezeStatus.TRANSFER_PROPOSED)
    freeze.save(update_fields=["status"])
    transfer = Transfer.objects.create(
        case=case,
        freeze=freeze,
        obligation=obligation,
        number=next_number(Transfer, case),
        chain=chain,
        destination=address.canonical,
        destination_typed=address.typed,
        checksum=address.checksum,
        no_checksum_accepted=no_checksum_accepted,
        resembles=[{"address": each.address, "what": each.what} for each in resembles if each.kept],
        check_method=check_method,
        check_contact=check_contact.strip(),
        takes_all=takes_all,
        test_wanted=test is not None,
        reason=reason.strip(),
        approvals_required=2 if because else max(1, freeze.approvals_required),
        approvals_because=because,
        proposed_at=at,
        proposed_by=grant.user,
    )
    depth = confirmations_for(chain)
    for row, amount, is_test in legs:
        TransferLeg.objects.create(
            transfer=transfer,
            held=row.row,
            amount=amount,
            is_test=is_test,
            confirmations_required=depth,
        )
    write_event(
        grant,
        action="transfer.proposed",
        at=at,
        kind="transfer",
        number=transfer.number,
        details={
            "freeze": freeze.number,
            "from": source,
            "to": target,
            "obligation": obligation.number,
            "order": obligation.order.number,
            "chain": chain,
            "destination": transfer.destination,
            "destination_typed": transfer.destination_typed,
            "checksum": transfer.checksum,
            "resembles": transfer.resembles,
            "check_method": check_method,
            "check_contact": transfer.check_contact,
            "takes_all": takes_all,
            "legs": legs_details(transfer),
            "confirmations_required": depth,
            "approvals_required": transfer.approvals_required,
            "approvals_because": because,
            "reason": transfer.reason,
        },
    )
    return transfer


def confirmations_for(chain: str) -> int:
    """How many blocks deep a transaction counts as settled here."""
    return max(1, settings.TRANSFER_CONFIRMATIONS.get(chain, settings.TRANSFER_CONFIRMATIONS[""]))


def _transfer_duty(case: Case, number: int) -> Obligation:
    obligation = Obligation.objects.of(case).select_related("order").filter(number=number).first()
    if obligation is None:
        raise NoSuchItem(_("The case has no such duty."), field="obligation")
    if obligation.kind != ObligationKind.TRANSFER:
        raise ActionError(
            _("A freeze alone permits no transfer: choose a duty to transfer."), field="obligation"
        )
    require_live_basis(obligation)
    require_executable(LegalOrder.objects.get(pk=obligation.order_id))
    return obligation


def _chain_of(freeze: FreezeOrder, chain: str) -> str:
    if freeze.wallet is not None and chain != freeze.wallet.wallet.chain:
        raise ActionError(_("A wallet's assets leave it on its own chain."), field="chain")
    if chain not in CHAINS:
        raise ActionError(_("There is no such chain here."), field="chain")
    return chain


def _require_on_chain(chain: str, taken: Sequence[tuple[HeldRow, int]]) -> None:
    known = {asset.symbol.upper() for asset in assets_of([chain])[chain]}
    for row, _amount in taken:
        if row.row.asset.upper() not in known:
            raise ActionError(
                _("%(chain)s has no %(asset)s here.") % {"chain": CHAINS[chain].name, "asset": row.row.asset},
                field="amounts",
            )


def _require_nothing_left(freeze: FreezeOrder, taken: Sequence[tuple[HeldRow, int]]) -> None:
    took = {row.row.pk: amount for row, amount in taken}
    for row in held_of(freeze.pk):
        if row.free is None or row.free != took.get(row.row.pk, 0):
            raise ActionError(
                _("Something of %(asset)s would remain held: leave this unticked, and it stays frozen.")
                % {"asset": row.row.asset},
                field="takes_all",
            )
    if undecided_credits(freeze).exists():
        raise ActionError(
            _("Credits after the freeze are held and not decided. Decide on them first."), field="takes_all"
        )


def undecided_credits(freeze: FreezeOrder) -> "QuerySet[FreezeCredit]":
    """Credits that no transfer can take: not decided yet, or kept of an asset that the freeze does not name."""
    return FreezeCredit.objects.filter(freeze=freeze).filter(
        Q(status__in=[CreditStatus.HELD, CreditStatus.RELEASE_PROPOSED])
        | Q(status=CreditStatus.KEPT, held__isnull=True)
    )


def _legs(taken: Sequence[tuple[HeldRow, int]], test: TestTransfer | None) -> list[tuple[HeldRow, int, bool]]:
    """(row, amount, whether it is the test) of each transaction; the test first."""
    if test is None:
        return [(row, amount, False) for row, amount in taken]
    symbol = test.asset.strip().upper()
    legs: list[tuple[HeldRow, int, bool]] = []
    for row, amount in taken:
        if row.row.asset.upper() != symbol:
            legs.append((row, amount, False))
            continue
        if not 0 < test.amount < amount:
            raise ActionError(
                _("A test transfer is more than nothing, and less than the whole."), field="test_amount"
            )
        legs = [(row, test.amount, True), *legs, (row, amount - test.amount, False)]
    if not any(is_test for _row, _amount, is_test in legs):
        raise ActionError(_("The test transfer is of an asset that is transferred."), field="test_asset")
    return legs


def _line(row: HeldRow, amount: int) -> Line:
    key = row.row.asset if row.row.chain_asset is None else row.row.chain_asset.price_key
    return Line(row.row.asset, row.row.decimals, amount, key)


def legs_details(transfer: Transfer) -> list[dict[str, object]]:
    """The transactions of a transfer as an event names them."""
    return [
        {
            "asset": leg.held.asset,
            "decimals": leg.held.decimals,
            "amount": str(int(leg.amount)),
            "test": leg.is_test,
            "txid": leg.txid,
            "fee": None if leg.fee is None else str(int(leg.fee)),
            "state": leg.state,
            "confirmations": leg.confirmations,
            "block_height": leg.block_height,
            "block_hash": leg.block_hash,
            "provider": leg.provider,
            "paid_state": leg.paid_state,
            "paid": None if leg.paid is None else str(int(leg.paid)),
        }
        for leg in transfer.legs.select_related("held").order_by("-is_test", "held__asset", "id")
    ]


# ── The signature ─────────────────────────────────────────────────────────────────────────────────────────


def may_sign_transfer(transfer: Transfer, grant: Grant) -> None:
    """Raises OwnApproval for the proposer, ActionError for whoever has signed."""
    if transfer.proposed_by_id == grant.user.pk:
        raise OwnApproval(_("You proposed this transfer. Somebody else must decide on it."))
    if TransferApproval.objects.filter(transfer=transfer, approver=grant.user).exists():
        raise ActionError(_("You have given your word on this transfer already."))


@transaction.atomic
def decide_transfer(*, grant: Grant, at: datetime, number: int, agrees: bool, comment: str = "") -> Transfer:
    """An approver, never the proposer, signs a transfer or refuses it. Where two are asked for, the last one approves.

    Refused, the freeze stands as before.
    """
    grant.require(Permission.FREEZE_APPROVE)
    transfer = transfer_in(lock_open_case(grant, at=at), number, lock=True)
    freeze = transfer.freeze
    may_sign_transfer(transfer, grant)
    if not agrees and not comment.strip():
        raise ActionError(_("Give the reason."), field="comment")
    require_status(transfer, TransferStatus.PROPOSED)
    if agrees:
        require_live_basis(transfer.obligation)
    TransferApproval.objects.create(
        transfer=transfer,
        proposer_id=transfer.proposed_by_id,
        approver=grant.user,
        agrees=agrees,
        comment=comment.strip(),
        given_at=at,
    )
    given = TransferApproval.objects.filter(transfer=transfer, agrees=True).count()
    moved: dict[str, object] = {}
    if not agrees:
        move_or_refuse(transfer, TransferStatus.REFUSED)
        transfer.save(update_fields=["status"])
        moved = freeze_to(freeze, FreezeStatus.CONFIRMED)
    elif given >= transfer.approvals_required:
        move_or_refuse(transfer, TransferStatus.APPROVED)
        transfer.approved_at = at
        transfer.save(update_fields=["status", "approved_at"])
        moved = freeze_to(freeze, FreezeStatus.TRANSFER_APPROVED)
    write_transfer(
        grant,
        transfer,
        action="transfer.approved" if agrees else "transfer.refused",
        at=at,
        comment=comment.strip(),
        given=given,
        required=transfer.approvals_required,
        **moved,
    )
    return transfer


@transaction.atomic
def withdraw_transfer(*, grant: Grant, at: datetime, number: int, reason: str) -> Transfer:
    """Give up a transfer of which nothing was sent; the freeze stands as before."""
    grant.require(Permission.FREEZE_PROPOSE)
    transfer = transfer_in(lock_open_case(grant, at=at), number, lock=True)
    if not reason.strip():
        raise ActionError(_("Give the reason."), field="reason")
    move_or_refuse(transfer, TransferStatus.REFUSED)
    transfer.end_reason = reason.strip()
    transfer.save(update_fields=["status", "end_reason"])
    moved = freeze_to(transfer.freeze, FreezeStatus.CONFIRMED)
    write_transfer(grant, transfer, action="transfer.withdrawn", at=at, reason=reason.strip(), **moved)
    return transfer


def freeze_to(freeze: FreezeOrder, status: FreezeStatus) -> dict[str, object]:
    """Move a locked freeze along with its transfer; returns what to put into the event."""
    source, target = move_or_refuse(freeze, status)
    freeze.save(update_fields=["status"])
    return {"from": source, "to": target}


def write_transfer(
    actor: Grant | Actor, transfer: Transfer, *, action: str, at: datetime, **details: object
) -> None:
    """The event of a step of a transfer, written last."""
    if isinstance(actor, Grant):
        actor = Actor.of(actor)
    actor.write(
        action=action,
        at=at,
        kind="transfer",
        number=transfer.number,
        details={"freeze": transfer.freeze.number, "destination": transfer.destination, **details},
    )
