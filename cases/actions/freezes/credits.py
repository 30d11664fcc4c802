"""Deciding on what came in to a frozen target: it stays held until two people say otherwise."""

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from cases.access import Grant
from cases.actions.base import (
    ActionError,
    NoSuchItem,
    lock_open_case,
    move_or_refuse,
    require_status,
    write_event,
)
from cases.actions.freezes.rules import OwnApproval, covered_elsewhere
from cases.models import Case, FreezeCredit, FreezeOrder
from cases.permissions import Permission
from cases.queries.held import held_of
from cases.status import CreditStatus


def credit_in(case: Case, number: int) -> FreezeCredit:
    """The credit with this number in the case, locked behind its freeze. Raises NoSuchItem."""
    found = FreezeCredit.objects.of(case).filter(number=number).values_list("freeze_id", "pk").first()
    if found is None:
        raise NoSuchItem(_("The case has no such credit."))
    freeze_id, pk = found
    FreezeOrder.objects.select_for_update().get(pk=freeze_id)
    return FreezeCredit.objects.select_for_update(of=("self",)).select_related("freeze", "held").get(pk=pk)


def _write(grant: Grant, credit: FreezeCredit, *, action: str, at: datetime, **details: object) -> None:
    write_event(
        grant,
        action=action,
        at=at,
        kind="credit",
        number=credit.number,
        details={
            "freeze": credit.freeze.number,
            "asset": credit.asset,
            "decimals": credit.decimals,
            "amount": str(int(credit.amount)),
            **details,
        },
    )


@transaction.atomic
def keep_credit(*, grant: Grant, at: datetime, number: int, reason: str) -> FreezeCredit:
    """Decide that what came in stays held under the freeze."""
    grant.require(Permission.FREEZE_PROPOSE)
    credit = credit_in(lock_open_case(grant, at=at), number)
    if not reason.strip():
        raise ActionError(_("Give the reason."), field="reason")
    # `kept` is also where a refused release returns to, which an approver alone decides.
    require_status(credit, CreditStatus.HELD)
    move_or_refuse(credit, CreditStatus.KEPT)
    credit.kept_at, credit.kept_by, credit.decision_reason = at, grant.user, reason.strip()
    credit.save(update_fields=["status", "kept_at", "kept_by", "decision_reason"])
    _write(grant, credit, action="credit.kept", at=at, reason=reason.strip())
    return credit


@transaction.atomic
def propose_credit_release(*, grant: Grant, at: datetime, number: int, reason: str) -> FreezeCredit:
    """Ask that what came in be given free; somebody else decides."""
    grant.require(Permission.FREEZE_PROPOSE)
    credit = credit_in(lock_open_case(grant, at=at), number)
    if not reason.strip():
        raise ActionError(_("Give the reason."), field="reason")
    if credit.status == CreditStatus.KEPT and credit.held is not None:
        row = next(row for row in held_of(credit.freeze_id) if row.row.pk == credit.held_id)
        if row.free is None or row.free < int(credit.amount):
            raise ActionError(_("This has left the freeze already, or is on its way out."))
    move_or_refuse(credit, CreditStatus.RELEASE_PROPOSED)
    credit.release_proposed_at, credit.release_proposed_by = at, grant.user
    credit.decision_reason = reason.strip()
    credit.save(update_fields=["status", "release_proposed_at", "release_proposed_by", "decision_reason"])
    _write(grant, credit, action="credit.release_proposed", at=at, reason=reason.strip())
    return credit


@transaction.atomic
def decide_credit_release(
    *,
    grant: Grant,
    at: datetime,
    number: int,
    agrees: bool,
    comment: str = "",
    others_known: bool = False,
) -> FreezeCredit:
    """An approver, not the one who asked, gives what came in free or keeps it; `others_known` as for a release."""
    grant.require(Permission.FREEZE_APPROVE)
    credit = credit_in(lock_open_case(grant, at=at), number)
    if credit.release_proposed_by_id == grant.user.pk and credit.status == CreditStatus.RELEASE_PROPOSED:
        raise OwnApproval(_("You proposed this release. Somebody else must decide on it."))
    if not agrees and not comment.strip():
        raise ActionError(_("Give the reason."), field="comment")
    require_status(credit, CreditStatus.RELEASE_PROPOSED)
    if agrees:
        covered_elsewhere(credit.freeze, grant.user, known=others_known)
    move_or_refuse(credit, CreditStatus.RELEASED if agrees else CreditStatus.KEPT)
    if agrees:
        credit.released_at, credit.released_by = at, grant.user
        credit.save(update_fields=["status", "released_at", "released_by"])
    else:
        credit.kept_at, credit.kept_by = at, grant.user
        credit.save(update_fields=["status", "kept_at", "kept_by"])
    _write(
        grant,
        credit,
        action="credit.released" if agrees else "credit.release_refused",
        at=at,
        comment=comment.strip(),
    )
    return credit
