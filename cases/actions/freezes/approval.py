"""The second signature, or its refusal."""

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from cases.access import Grant
from cases.actions.base import (
    ActionError,
    lock_open_case,
    move_or_refuse,
    require_status,
    write_event,
)
from cases.actions.connector_queue import ask_freeze
from cases.actions.freezes.rules import freeze_in, may_sign, require_live_hold
from cases.actions.freezes.watching import follow_freeze
from cases.models import (
    FreezeApproval,
    FreezeOrder,
)
from cases.permissions import Permission
from cases.status import FreezeStatus


@transaction.atomic
def approve_freeze(*, grant: Grant, at: datetime, number: int, comment: str = "") -> FreezeOrder:
    """Second signature; the proposer can never give it. Where two are asked for, the last one approves."""
    grant.require(Permission.FREEZE_APPROVE)
    case = lock_open_case(grant, at=at)
    freeze = freeze_in(case, number, lock=True)
    may_sign(freeze, grant.user)
    require_status(freeze, FreezeStatus.PROPOSED)
    require_live_hold(freeze, at=at)
    FreezeApproval.objects.create(
        freeze=freeze,
        proposer_id=freeze.proposed_by_id,
        approver=grant.user,
        agrees=True,
        comment=comment.strip(),
        given_at=at,
    )
    given = FreezeApproval.objects.filter(freeze=freeze, agrees=True).count()
    if given >= freeze.approvals_required:
        move_or_refuse(freeze, FreezeStatus.APPROVED)
        freeze.approved_at = at
        freeze.save(update_fields=["status", "approved_at"])
        follow_freeze(case, freeze, at=at)
        ask_freeze(freeze, at=at)
    write_event(
        grant,
        action="freeze.approved",
        at=at,
        kind="freeze",
        number=number,
        details={
            "comment": comment.strip(),
            "given": given,
            "required": freeze.approvals_required,
            "status": freeze.status,
        },
    )
    return freeze


@transaction.atomic
def reject_freeze(*, grant: Grant, at: datetime, number: int, comment: str) -> FreezeOrder:
    """An approver's no ends the proposal."""
    grant.require(Permission.FREEZE_APPROVE)
    case = lock_open_case(grant, at=at)
    freeze = freeze_in(case, number, lock=True)
    may_sign(freeze, grant.user)
    if not comment.strip():
        raise ActionError(_("Give the reason."), field="comment")
    move_or_refuse(freeze, FreezeStatus.REJECTED)
    FreezeApproval.objects.create(
        freeze=freeze,
        proposer_id=freeze.proposed_by_id,
        approver=grant.user,
        agrees=False,
        comment=comment.strip(),
        given_at=at,
    )
    freeze.save(update_fields=["status"])
    write_event(
        grant,
        action="freeze.rejected",
        at=at,
        kind="freeze",
        number=number,
        details={"comment": comment.strip()},
    )
    return freeze
