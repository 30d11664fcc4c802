"""Setting the hold in the exchange's own system, and what came of it."""

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from cases import outbox
from cases.access import Grant
from cases.actions.base import (
    ActionError,
    event_value,
    lock_open_case,
    move_or_refuse,
    require_status,
    write_event,
)
from cases.actions.freezes.balances import amount_details, latest_holding, sighting_of
from cases.actions.freezes.rules import freeze_in, require_live_hold, take_step
from cases.actions.orders import advance_obligation, require_executable
from cases.models import (
    FreezeOrder,
    LegalOrder,
    Obligation,
    ObligationKind,
)
from cases.permissions import Permission
from cases.status import FreezeStatus, ObligationStatus
from wallets import snapshots


@transaction.atomic
def begin_apply(*, grant: Grant, at: datetime, number: int) -> FreezeOrder:
    """Say that the hold is now being set in the exchange's own system. Needs a verified, accepted order."""
    grant.require(Permission.FREEZE_APPLY)
    case = lock_open_case(grant, at=at)
    freeze = freeze_in(case, number, lock=True)
    followed: dict[str, object] = {}
    source, target = move_or_refuse(freeze, FreezeStatus.APPLYING)
    require_live_hold(freeze, at=at)
    if freeze.obligation_id is not None:
        obligation = Obligation.objects.select_for_update().get(pk=freeze.obligation_id)
        require_executable(LegalOrder.objects.get(pk=obligation.order_id))
        if obligation.status == ObligationStatus.OPEN:
            followed = advance_obligation(
                grant, obligation=obligation, to=ObligationStatus.IN_PROGRESS, at=at
            )
    freeze.save(update_fields=["status"])
    if freeze.wallet is not None:
        # The figure at the moment of the hold should be as fresh as the chain gives it.
        snapshots.request_refresh(wallet_ids=[freeze.wallet.wallet_id], at=at)
        outbox.put(task="wallets.sweep", at=at)
    write_event(
        grant,
        action="freeze.applying",
        at=at,
        kind="freeze",
        number=number,
        details={"from": source, "to": target, "followed": followed},
    )
    return freeze


@transaction.atomic
def mark_applied(*, grant: Grant, at: datetime, number: int, applied_at: datetime) -> FreezeOrder:
    """The hold is set. Keeps, per asset, the balance known at that moment with its proof; never overwritten later."""
    grant.require(Permission.FREEZE_APPLY)
    case = lock_open_case(grant, at=at)
    freeze = freeze_in(case, number, lock=True)
    if applied_at > at:
        raise ActionError(_("This lies in the future."), field="applied_at")
    if freeze.approved_at is not None and applied_at < freeze.approved_at:
        raise ActionError(_("A hold is set after its approval."), field="applied_at")
    source, target = move_or_refuse(freeze, FreezeStatus.APPLIED)
    freeze.applied_at, freeze.applied_by = applied_at, grant.user
    freeze.save(update_fields=["status", "applied_at", "applied_by"])
    rows = list(
        freeze.amounts.select_for_update(of=("self",)).select_related("chain_asset").order_by("asset")
    )
    for row in rows:
        if freeze.wallet is not None and row.chain_asset is not None:
            row.sighting_applied = sighting_of(freeze.wallet, row.chain_asset, at=applied_at)
        else:
            row.holding_applied = latest_holding(freeze.account, row.asset, at=applied_at)
        row.save(update_fields=["sighting_applied", "holding_applied"])
    write_event(
        grant,
        action="freeze.applied",
        at=at,
        kind="freeze",
        number=number,
        details={
            "from": source,
            "to": target,
            "applied_at": event_value(applied_at),
            "amounts": [amount_details(row) for row in rows],
        },
    )
    return freeze


@transaction.atomic
def mark_apply_failed(*, grant: Grant, at: datetime, number: int, reason: str) -> FreezeOrder:
    """The hold could not be set; it can be tried again."""
    return take_step(
        grant=grant,
        at=at,
        number=number,
        permission=Permission.FREEZE_APPLY,
        to=FreezeStatus.APPLY_FAILED,
        action="freeze.apply_failed",
        reason=reason,
        ask=_("Say what happened."),
    )


@transaction.atomic
def confirm_freeze(*, grant: Grant, at: datetime, number: int, confirmation: str) -> FreezeOrder:
    """Record the proof that the hold stands; the duty that it rests on is met by that."""
    grant.require(Permission.FREEZE_APPLY)
    case = lock_open_case(grant, at=at)
    freeze = freeze_in(case, number, lock=True)
    if not confirmation.strip():
        raise ActionError(_("Name the proof: ticket, screenshot, log line."), field="confirmation")
    # `confirmed` is also where a refused release returns to, which an approver alone decides.
    require_status(freeze, FreezeStatus.APPLIED)
    source, target = move_or_refuse(freeze, FreezeStatus.CONFIRMED)
    freeze.confirmed_at, freeze.confirmed_by = at, grant.user
    freeze.confirmation = confirmation.strip()
    freeze.save(update_fields=["status", "confirmed_at", "confirmed_by", "confirmation"])
    followed: dict[str, object] = {}
    if freeze.obligation_id is not None:
        obligation = (
            Obligation.objects.select_for_update().select_related("order").get(pk=freeze.obligation_id)
        )
        if obligation.kind == ObligationKind.FREEZE and obligation.status in {
            ObligationStatus.IN_PROGRESS,
            ObligationStatus.OVERDUE,
        }:
            others = FreezeOrder.objects.filter(obligation=obligation).exclude(pk=freeze.pk)
            if not others.filter(
                status__in=["proposed", "approved", "applying", "applied", "apply_failed"]
            ).exists():
                followed = advance_obligation(grant, obligation=obligation, to=ObligationStatus.MET, at=at)
    write_event(
        grant,
        action="freeze.confirmed",
        at=at,
        kind="freeze",
        number=number,
        details={"from": source, "to": target, "confirmation": freeze.confirmation, "followed": followed},
    )
    return freeze


@transaction.atomic
def mark_wrong_target(*, grant: Grant, at: datetime, number: int, reason: str) -> FreezeOrder:
    """The hold hit the wrong target and was taken off."""
    return take_step(
        grant=grant,
        at=at,
        number=number,
        permission=Permission.FREEZE_APPLY,
        to=FreezeStatus.WRONG_TARGET_REVERSED,
        action="freeze.wrong_target_reversed",
        reason=reason,
        ask=_("Say what happened."),
    )
