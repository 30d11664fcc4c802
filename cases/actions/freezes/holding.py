"""Setting the hold in the exchange's own system, and what came of it: a person's steps."""

from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from cases.access import Grant
from cases.actions.base import ActionError, lock_open_case, move_or_refuse, write_event
from cases.actions.freezes import steps
from cases.actions.freezes.actor import Actor
from cases.actions.freezes.rules import freeze_in
from cases.actions.freezes.watching import follow_freeze
from cases.models import ChecklistItem, ChecklistTick, FreezeOrder
from cases.permissions import Permission
from cases.status import FreezeStatus


def _opened(grant: Grant, number: int, *, at: datetime) -> tuple[Actor, FreezeOrder]:
    grant.require(Permission.FREEZE_APPLY)
    case = lock_open_case(grant, at=at)
    return Actor.of(grant), freeze_in(case, number, lock=True)


@transaction.atomic
def begin_apply(*, grant: Grant, at: datetime, number: int) -> FreezeOrder:
    """Say that the hold is now being set in the exchange's own system. Needs a verified, accepted order."""
    actor, freeze = _opened(grant, number, at=at)
    steps.begin(actor, freeze, at=at)
    return freeze


@transaction.atomic
def mark_applied(*, grant: Grant, at: datetime, number: int, applied_at: datetime) -> FreezeOrder:
    """The hold is set. Keeps, per asset, the balance known at that moment with its proof; never overwritten later."""
    actor, freeze = _opened(grant, number, at=at)
    if settings.CHECKLIST_REQUIRED:
        ticked = ChecklistTick.objects.filter(freeze=freeze, attempt=freeze.attempts).count()
        if ticked < len(ChecklistItem.values):
            raise ActionError(_("Tick every item of the checklist first."))
    steps.set_applied(actor, freeze, at=at, applied_at=applied_at)
    return freeze


@transaction.atomic
def mark_apply_failed(*, grant: Grant, at: datetime, number: int, reason: str) -> FreezeOrder:
    """The hold could not be set; it can be tried again."""
    actor, freeze = _opened(grant, number, at=at)
    steps.set_apply_failed(actor, freeze, at=at, reason=reason)
    return freeze


@transaction.atomic
def confirm_freeze(*, grant: Grant, at: datetime, number: int, confirmation: str) -> FreezeOrder:
    """Record the proof that the hold stands; the duty that it rests on is met by that."""
    actor, freeze = _opened(grant, number, at=at)
    steps.set_confirmed(actor, freeze, at=at, confirmation=confirmation)
    return freeze


@transaction.atomic
def mark_wrong_target(*, grant: Grant, at: datetime, number: int, reason: str) -> FreezeOrder:
    """The hold hit the wrong target and was taken off: this freeze ends, and nothing looks at its target for it.

    The right target is held by a proposal of its own, which names this freeze as what it corrects.
    """
    _actor, freeze = _opened(grant, number, at=at)
    if not reason.strip():
        raise ActionError(_("Say what happened."), field="reason")
    source, target = move_or_refuse(freeze, FreezeStatus.WRONG_TARGET_REVERSED)
    freeze.save(update_fields=["status"])
    follow_freeze(grant.case, freeze, at=at)
    write_event(
        grant,
        action="freeze.wrong_target_reversed",
        at=at,
        kind="freeze",
        number=number,
        details={"from": source, "to": target, "reason": reason.strip()},
    )
    return freeze
