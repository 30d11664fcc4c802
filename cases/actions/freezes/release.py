"""The end of a hold: asked for by one, decided by another."""

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from cases.access import Grant
from cases.actions.base import (
    ActionError,
    change_fields,
    lock_open_case,
    move_or_refuse,
    require_status,
    write_event,
)
from cases.actions.connector_queue import ask_release
from cases.actions.freezes.rules import OwnApproval, StillHeld, covered_elsewhere, freeze_in, held_by
from cases.actions.freezes.watching import follow_freeze
from cases.models import FreezeCredit, FreezeOrder
from cases.permissions import Permission
from cases.queries.other_freezes import OtherFreezes
from cases.status import CreditStatus, FreezeStatus

__all__ = ["StillHeld", "decide_release", "propose_release"]


@transaction.atomic
def propose_release(*, grant: Grant, at: datetime, number: int, reason: str) -> FreezeOrder:
    """Ask for the end of a hold."""
    grant.require(Permission.FREEZE_PROPOSE)
    case = lock_open_case(grant, at=at)
    freeze = freeze_in(case, number, lock=True)
    if not reason.strip():
        raise ActionError(_("Give the reason."), field="reason")
    source, target = move_or_refuse(freeze, FreezeStatus.RELEASE_PROPOSED)
    changes = {"release_proposed_at": at, "release_proposed_by": grant.user, "release_reason": reason.strip()}
    freeze.save(update_fields=["status"])
    change_fields(freeze, changes)
    write_event(
        grant,
        action="freeze.release_proposed",
        at=at,
        kind="freeze",
        number=number,
        details={"from": source, "to": target, "reason": reason.strip()},
    )
    return freeze


@transaction.atomic
def decide_release(
    *,
    grant: Grant,
    at: datetime,
    number: int,
    agrees: bool,
    comment: str = "",
    others_known: bool = False,
) -> FreezeOrder:
    """An approver, not the one who asked, releases the hold or keeps it.

    Where other freezes hold the same target, `others_known` says that the approver has seen them: this basis ends, and
    the target stays held. Where one of them is not hers to see, it is not releasable by her.
    """
    grant.require(Permission.FREEZE_APPROVE)
    case = lock_open_case(grant, at=at)
    freeze = freeze_in(case, number, lock=True)
    if freeze.release_proposed_by_id == grant.user.pk and freeze.status == FreezeStatus.RELEASE_PROPOSED:
        raise OwnApproval(_("You proposed this release. Somebody else must decide on it."))
    if not agrees and not comment.strip():
        raise ActionError(_("Give the reason."), field="comment")
    # `confirmed` is also where other proposals return to; this decision is about a release alone.
    require_status(freeze, FreezeStatus.RELEASE_PROPOSED)
    others = covered_elsewhere(freeze, grant.user, known=others_known) if agrees else OtherFreezes()
    if (
        agrees
        and FreezeCredit.objects.filter(
            freeze=freeze, status__in=[CreditStatus.HELD, CreditStatus.RELEASE_PROPOSED]
        ).exists()
    ):
        raise ActionError(_("Credits after the freeze are held and not decided. Decide on them first."))
    source, target = move_or_refuse(freeze, FreezeStatus.RELEASED if agrees else FreezeStatus.CONFIRMED)
    fields = ["status"]
    if agrees:
        freeze.released_at, freeze.released_by = at, grant.user
        fields += ["released_at", "released_by"]
    freeze.save(update_fields=fields)
    follow_freeze(case, freeze, at=at)
    if agrees:
        ask_release(freeze, at=at)
    write_event(
        grant,
        action="freeze.released" if agrees else "freeze.release_refused",
        at=at,
        kind="freeze",
        number=number,
        details={
            "from": source,
            "to": target,
            "comment": comment.strip(),
            "still_held_by": held_by(others),
        },
    )
    return freeze
