"""The steps of a hold in the exchange's own system, whoever takes them: a person by hand, or the connector.

Each takes a locked case (`Actor`) and a locked freeze, and writes its event last, in the caller's transaction.
"""

from datetime import datetime

from django.utils.translation import gettext_lazy as _

from cases import outbox
from cases.actions import watchdog
from cases.actions.base import ActionError, event_value, move_or_refuse, require_status
from cases.actions.crediting import catch_up
from cases.actions.freezes.actor import Actor
from cases.actions.freezes.balances import amount_details, latest_holding, sighting_of
from cases.actions.freezes.rules import require_live_hold
from cases.actions.freezes.watching import follow_freeze
from cases.actions.orders import advance_obligation, require_executable
from cases.models import FreezeOrder, LegalOrder, Obligation, ObligationKind
from cases.status import FreezeStatus, ObligationStatus
from wallets import snapshots


def for_duty(actor: Actor, freeze: FreezeOrder) -> Actor:
    """Who moves the duty along: the one who acts; where nobody does, the approver on whose signature it was done."""
    if actor.user is not None:
        return actor
    signed = freeze.approvals.filter(agrees=True).select_related("approver").order_by("-given_at", "-id")
    return Actor(actor.case, signed[0].approver)


def begin(actor: Actor, freeze: FreezeOrder, *, at: datetime) -> None:
    """The hold is being set now. Needs a verified, accepted order, or a policy hold that has not lapsed."""
    followed: dict[str, object] = {}
    source, target = move_or_refuse(freeze, FreezeStatus.APPLYING)
    require_live_hold(freeze, at=at)
    if freeze.obligation_id is not None:
        obligation = Obligation.objects.select_for_update().get(pk=freeze.obligation_id)
        require_executable(LegalOrder.objects.get(pk=obligation.order_id))
        if obligation.status == ObligationStatus.OPEN:
            followed = advance_obligation(
                for_duty(actor, freeze), obligation=obligation, to=ObligationStatus.IN_PROGRESS, at=at
            )
    freeze.attempts += 1
    freeze.save(update_fields=["status", "attempts"])
    if freeze.wallet is not None:
        # The figure at the moment of the hold should be as fresh as the chain gives it.
        snapshots.request_refresh(wallet_ids=[freeze.wallet.wallet_id], at=at)
        outbox.put(task="wallets.sweep", at=at)
    actor.write(
        action="freeze.applying",
        at=at,
        number=freeze.number,
        details={"from": source, "to": target, "followed": followed},
    )


def set_applied(actor: Actor, freeze: FreezeOrder, *, at: datetime, applied_at: datetime) -> None:
    """The hold is set. Keeps, per asset, the balance known at that moment with its proof; never overwritten later."""
    if applied_at > at:
        raise ActionError(_("This lies in the future."), field="applied_at")
    if freeze.approved_at is not None and applied_at < freeze.approved_at:
        raise ActionError(_("A hold is set after its approval."), field="applied_at")
    source, target = move_or_refuse(freeze, FreezeStatus.APPLIED)
    freeze.applied_at, freeze.applied_by, freeze.applied_through = applied_at, actor.user, actor.through
    freeze.save(update_fields=["status", "applied_at", "applied_by", "applied_through"])
    rows = list(
        freeze.amounts.select_for_update(of=("self",)).select_related("chain_asset").order_by("asset")
    )
    for row in rows:
        if freeze.wallet is not None and row.chain_asset is not None:
            row.sighting_applied = sighting_of(freeze.wallet, row.chain_asset, at=applied_at)
        else:
            row.holding_applied = latest_holding(freeze.account, row.asset, at=applied_at)
        row.save(update_fields=["sighting_applied", "holding_applied"])
    credited = catch_up(actor.case, freeze, at=at)
    watchdog.catch_up(actor.case, freeze, at=at)
    actor.write(
        action="freeze.applied",
        at=at,
        number=freeze.number,
        details={
            "from": source,
            "to": target,
            "applied_at": event_value(applied_at),
            "through": str(actor.through),
            "amounts": [amount_details(row) for row in rows],
            "credits": [credit.number for credit in credited],
        },
    )


def set_apply_failed(actor: Actor, freeze: FreezeOrder, *, at: datetime, reason: str) -> None:
    """The hold could not be set; it can be tried again."""
    if not reason.strip():
        raise ActionError(_("Say what happened."), field="reason")
    source, target = move_or_refuse(freeze, FreezeStatus.APPLY_FAILED)
    freeze.save(update_fields=["status"])
    follow_freeze(actor.case, freeze, at=at)
    actor.write(
        action="freeze.apply_failed",
        at=at,
        number=freeze.number,
        details={"from": source, "to": target, "reason": reason.strip()},
    )


def set_confirmed(actor: Actor, freeze: FreezeOrder, *, at: datetime, confirmation: str) -> None:
    """The proof that the hold stands; the duty that it rests on is met by that."""
    if not confirmation.strip():
        raise ActionError(_("Name the proof: ticket, screenshot, log line."), field="confirmation")
    # `confirmed` is also where a refused release returns to, which an approver alone decides.
    require_status(freeze, FreezeStatus.APPLIED)
    source, target = move_or_refuse(freeze, FreezeStatus.CONFIRMED)
    freeze.confirmed_at, freeze.confirmed_by, freeze.confirmed_through = at, actor.user, actor.through
    freeze.confirmation = confirmation.strip()
    freeze.save(update_fields=["status", "confirmed_at", "confirmed_by", "confirmed_through", "confirmation"])
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
                followed = advance_obligation(
                    for_duty(actor, freeze), obligation=obligation, to=ObligationStatus.MET, at=at
                )
    actor.write(
        action="freeze.confirmed",
        at=at,
        number=freeze.number,
        details={
            "from": source,
            "to": target,
            "confirmation": freeze.confirmation,
            "through": str(actor.through),
            "followed": followed,
        },
    )
