"""What changes a freeze that stands: a later end of its term, a part of it given free. Asked by one, decided by another."""

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from cases.access import Grant
from cases.actions.base import (
    ActionError,
    NoSuchItem,
    event_value,
    lock_open_case,
    move_or_refuse,
    next_number,
    require_status,
    write_event,
)
from cases.actions.connector_queue import ask_partial_release
from cases.actions.freezes.rules import AmountAsked, OwnApproval, covered_elsewhere, freeze_in
from cases.models import Case, ChangeKind, FreezeChange, FreezeChangeAmount, FreezeOrder
from cases.permissions import Permission
from cases.queries.held import HeldRow, held_of
from cases.status import FREEZE_FINAL, ChangeStatus, FreezeStatus
from wallets.amounts import to_text


@transaction.atomic
def propose_extension(
    *, grant: Grant, at: datetime, number: int, ends_at: datetime, reason: str
) -> FreezeChange:
    """Ask that a freeze with a term last longer. An open-ended one has nothing to extend."""
    grant.require(Permission.FREEZE_PROPOSE)
    case = lock_open_case(grant, at=at)
    freeze = freeze_in(case, number, lock=True)
    _require_standing(freeze)
    if freeze.ends_at is None:
        raise ActionError(_("This freeze is open-ended: it needs no extension."), field="ends_at")
    if ends_at <= freeze.ends_at:
        raise ActionError(_("An extension ends later than before."), field="ends_at")
    if not reason.strip():
        raise ActionError(_("Say who granted the extension, and how."), field="reason")
    if _waiting(freeze, ChangeKind.EXTENSION):
        raise ActionError(_("An extension of this freeze waits for a decision already."))
    change = FreezeChange.objects.create(
        case=case,
        freeze=freeze,
        number=next_number(FreezeChange, case),
        kind=ChangeKind.EXTENSION,
        reason=reason.strip(),
        old_ends_at=freeze.ends_at,
        new_ends_at=ends_at,
        proposed_at=at,
        proposed_by=grant.user,
    )
    _write(grant, change, "freeze.extension_proposed", at=at, reason=change.reason)
    return change


@transaction.atomic
def propose_partial_release(
    *, grant: Grant, at: datetime, number: int, amounts: Sequence[AmountAsked], reason: str
) -> FreezeChange:
    """Ask that a part of what is held be given free: so much of each asset, in base units, never more than is held."""
    grant.require(Permission.FREEZE_PROPOSE)
    case = lock_open_case(grant, at=at)
    freeze = freeze_in(case, number, lock=True)
    require_status(freeze, FreezeStatus.CONFIRMED)
    if not reason.strip():
        raise ActionError(_("Give the reason."), field="reason")
    taken = parts_of(freeze, amounts)
    if all(row.free == amount for row, amount in taken) and len(taken) == len(held_of(freeze.pk)):
        raise ActionError(_("This is all that is held: propose the release of the freeze."), field="amounts")
    change = FreezeChange.objects.create(
        case=case,
        freeze=freeze,
        number=next_number(FreezeChange, case),
        kind=ChangeKind.PARTIAL_RELEASE,
        reason=reason.strip(),
        proposed_at=at,
        proposed_by=grant.user,
    )
    for row, amount in taken:
        FreezeChangeAmount.objects.create(change=change, held=row.row, amount=amount)
    _write(grant, change, "freeze.partial_release_proposed", at=at, reason=change.reason)
    return change


def parts_of(freeze: FreezeOrder, amounts: Sequence[AmountAsked]) -> list[tuple[HeldRow, int]]:
    """The rows of a locked freeze that these amounts are taken from. Raises ActionError beside `amounts`."""
    rows = {row.row.asset.upper(): row for row in held_of(freeze.pk)}
    taken: list[tuple[HeldRow, int]] = []
    seen: set[str] = set()
    for asked in amounts:
        symbol = asked.asset.strip().upper()
        row = rows.get(symbol)
        if row is None:
            raise ActionError(_("The freeze does not name this asset."), field="amounts")
        if symbol in seen:
            raise ActionError(_("Each asset stands once."), field="amounts")
        seen.add(symbol)
        if asked.amount is None or asked.amount <= 0:
            raise ActionError(_("Give an amount above zero for each asset."), field="amounts")
        if row.free is None:
            raise ActionError(
                _(
                    "What this freeze holds of %(asset)s is not known: no balance was on record when it was applied."
                )
                % {"asset": row.row.asset},
                field="amounts",
            )
        if asked.amount > row.free:
            raise ActionError(
                _("This is more than is still held of %(asset)s: %(amount)s.")
                % {"asset": row.row.asset, "amount": to_text(row.free, row.row.decimals, group=True)},
                field="amounts",
            )
        taken.append((row, asked.amount))
    if not taken:
        raise ActionError(_("Give an amount above zero for each asset."), field="amounts")
    return taken


@transaction.atomic
def decide_change(
    *,
    grant: Grant,
    at: datetime,
    number: int,
    agrees: bool,
    comment: str = "",
    others_known: bool = False,
) -> FreezeChange:
    """An approver, not the one who asked, agrees to an extension or a partial release, or refuses it.

    `others_known`: of a part that is given free, she has seen which other freezes hold the same target.
    """
    grant.require(Permission.FREEZE_APPROVE)
    case = lock_open_case(grant, at=at)
    change = change_in(case, number)
    if change.proposed_by_id == grant.user.pk and change.status == ChangeStatus.PROPOSED:
        raise OwnApproval(_("You asked for this. Somebody else must decide on it."))
    if not agrees and not comment.strip():
        raise ActionError(_("Give the reason."), field="comment")
    freeze = change.freeze
    if agrees:
        _require_standing(freeze)
        if change.kind == ChangeKind.EXTENSION and change.old_ends_at != freeze.ends_at:
            raise ActionError(_("The term was extended meanwhile. Ask again."))
        if change.kind == ChangeKind.PARTIAL_RELEASE and change.status == ChangeStatus.PROPOSED:
            covered_elsewhere(freeze, grant.user, known=others_known)
    move_or_refuse(change, ChangeStatus.AGREED if agrees else ChangeStatus.REFUSED)
    change.decided_at, change.decided_by, change.comment = at, grant.user, comment.strip()
    change.save(update_fields=["status", "decided_at", "decided_by", "comment"])
    if agrees and change.kind == ChangeKind.EXTENSION:
        freeze.ends_at = change.new_ends_at
        freeze.save(update_fields=["ends_at"])
    if agrees and change.kind == ChangeKind.PARTIAL_RELEASE:
        ask_partial_release(change, at=at)
    if change.kind == ChangeKind.EXTENSION:
        action = "freeze.extended" if agrees else "freeze.extension_refused"
    else:
        action = "freeze.partly_released" if agrees else "freeze.partial_release_refused"
    _write(grant, change, action, at=at, comment=change.comment)
    return change


def change_in(case: Case, number: int) -> FreezeChange:
    """The change with this number in the case, locked behind its freeze. Raises NoSuchItem."""
    change = FreezeChange.objects.of(case).filter(number=number).first()
    if change is None:
        raise NoSuchItem(_("The case has no such extension or partial release."))
    freeze = FreezeOrder.objects.select_for_update().get(pk=change.freeze_id)
    change = FreezeChange.objects.select_for_update(of=("self",)).get(pk=change.pk)
    change.freeze = freeze
    return change


def _require_standing(freeze: FreezeOrder) -> None:
    if freeze.status in FREEZE_FINAL or freeze.applied_at is None:
        require_status(freeze, FreezeStatus.CONFIRMED)


def _waiting(freeze: FreezeOrder, kind: ChangeKind) -> bool:
    return FreezeChange.objects.filter(freeze=freeze, kind=kind, status=ChangeStatus.PROPOSED).exists()


def _write(grant: Grant, change: FreezeChange, action: str, *, at: datetime, **words: str) -> None:
    details: dict[str, object] = {"change": change.number}
    if change.kind == ChangeKind.EXTENSION:
        details |= {
            "old_ends_at": event_value(change.old_ends_at),
            "ends_at": event_value(change.new_ends_at),
        }
    else:
        still = {row.row.pk: row.still for row in held_of(change.freeze_id)}
        details["released"] = [
            {
                "asset": part.held.asset,
                "decimals": part.held.decimals,
                "amount": str(int(part.amount)),
                "still_held": None if (left := still[part.held_id]) is None else str(left),
            }
            for part in change.amounts.select_related("held").order_by("held__asset")
        ]
    write_event(
        grant, action=action, at=at, kind="freeze", number=change.freeze.number, details={**details, **words}
    )
