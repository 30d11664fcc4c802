"""An order's way up to its acceptance, and its end."""

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from cases.access import Grant
from cases.actions.base import ActionError, lock_open_case, move_or_refuse, write_event
from cases.actions.orders.duties import follow_duties, lift_duties, start_terms
from cases.actions.orders.rules import DECISIONS, DESK, order_in
from cases.models import LegalOrder, Obligation
from cases.permissions import Permission
from cases.status import OBLIGATION_FINAL, ORDER_FINAL, OrderStatus, can_move


@transaction.atomic
def move_order(*, grant: Grant, at: datetime, number: int, to: str, reason: str = "") -> LegalOrder:
    """Work or decide on an order, by its table. The duties move it once it is accepted; that is not done here.

    Opened with ORDER_DECIDE for a decision, with ORDERS for the desk's own steps. Acceptance puts the terms in it (a
    gag, a keep-open) in force. What was answered before, in an emergency, counts from there on.
    """
    if to in DECISIONS:
        grant.require(Permission.ORDER_DECIDE)
        if not reason.strip():
            raise ActionError(_("Give the reason."), field="reason")
    elif to in DESK:
        grant.require(Permission.ORDERS)
    else:
        raise ActionError(_("An order is not moved there by hand."), field="to")
    case = lock_open_case(grant, at=at)
    order = order_in(case, number, lock=True)
    if (
        order.status == OrderStatus.ON_HOLD
        and to in {OrderStatus.VERIFYING, OrderStatus.IN_REVIEW}
        and to != order.status_before_hold
    ):
        raise ActionError(_("From hold an order goes back to where it was."), field="to")
    if to == OrderStatus.CLOSED and can_move(order, to):
        _require_nothing_runs(order)
    source, target = move_or_refuse(order, to)
    fields = ["status"]
    if target == OrderStatus.ON_HOLD:
        order.status_before_hold = source
        fields.append("status_before_hold")
    order.save(update_fields=fields)
    lifted: list[int] = []
    started: list[int] = []
    followed: list[str] = []
    if target in ORDER_FINAL and target != OrderStatus.CLOSED:
        lifted = lift_duties(grant, order=order, at=at)
    elif target in {OrderStatus.ACCEPTED, OrderStatus.NARROWED}:
        started = start_terms(order)
        followed = follow_duties(order)
    write_event(
        grant,
        action="order.moved",
        at=at,
        kind="order",
        number=number,
        details={
            "from": source,
            "to": target,
            "reason": reason.strip(),
            "lifted": lifted,
            "started": started,
            **({"order": {"number": number, "moves": followed}} if followed else {}),
        },
    )
    return order


def _require_nothing_runs(order: LegalOrder) -> None:
    running = (
        Obligation.objects.filter(order=order).exclude(status__in=OBLIGATION_FINAL).order_by("number").first()
    )
    if running is not None:
        raise ActionError(
            _("Duty %(number)s still runs: %(kind)s. The order is closed when it has ended.")
            % {"number": running.number, "kind": running.get_kind_display()},
            field="to",
        )
