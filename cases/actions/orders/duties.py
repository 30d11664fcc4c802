"""Duties of an order: added, started, carried out with what shows it; the order follows them.

Which duties the order waits for: those in which something is to be done. A gag or a keep-open binds for a term and is
met when the term is over, so an order that asks for more than that is complied with while the term runs on; it is
closed only when nothing runs any more. An order of nothing but terms is complied with when they are over.
"""

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from cases.access import Grant
from cases.actions.base import (
    ActionError,
    change_fields,
    event_value,
    lock_open_case,
    move_or_refuse,
    next_number,
    write_event,
)
from cases.actions.clocks import counted, write_clock
from cases.actions.orders.proofs import freezes_show_it, keep_proofs, proof_details
from cases.actions.orders.rules import (
    NOT_BY_HAND,
    Acts,
    Duty,
    Proof,
    obligation_in,
    order_in,
    require_answerable,
)
from cases.actions.orders.sealing import require_reader
from cases.models import Case, InstrumentType, LegalOrder, Membership, Obligation, ObligationKind
from cases.models.instruments import ensured_type
from cases.models.orders import TERM_KINDS
from cases.permissions import Permission
from cases.status import (
    OBLIGATION_FINAL,
    ORDER_EXECUTABLE,
    ORDER_FINAL,
    ObligationStatus,
    OrderStatus,
    can_move,
)

_CARRIED_OUT = frozenset({ObligationStatus.MET, ObligationStatus.PARTLY_MET})
_NEEDS_REASON = frozenset(
    {ObligationStatus.OBJECTED, ObligationStatus.NOT_OURS, ObligationStatus.OUT_OF_SCOPE}
)


def duty_details(obligation: Obligation) -> dict[str, object]:
    """A duty as an event states it."""
    return {
        "number": obligation.number,
        "kind": obligation.kind,
        "text": obligation.text,
        "due_at": event_value(obligation.due_at),
        "responsible": event_value(obligation.responsible),
    }


def write_duty(
    grant: Grant, *, case: Case, order: LegalOrder, instrument: InstrumentType, duty: Duty, at: datetime
) -> Obligation:
    """Write a duty under the lock on the case and start its clock."""
    if duty.kind not in ObligationKind.values:
        raise ActionError(_("There is no such kind of duty."), field="kind")
    if duty.kind not in instrument.permits:
        raise ActionError(
            _("“%(instrument)s” does not permit this: %(kind)s.")
            % {"instrument": order.get_instrument_display(), "kind": ObligationKind(duty.kind).label},
            field="kind",
        )
    if not duty.text.strip():
        raise ActionError(_("Say what the duty asks."), field="text")
    if duty.due_at is not None and duty.rule:
        raise ActionError(_("Give a due moment or a rule that computes it, not both."), field="due_at")
    if duty.due_at is not None and duty.due_at < order.issued_at:
        raise ActionError(_("The due moment lies before the order was issued."), field="due_at")
    if (
        duty.responsible is not None
        and not Membership.objects.filter(case=case, user=duty.responsible, ended_at__isnull=True).exists()
    ):
        raise ActionError(_("Only a member of the case can be responsible."), field="responsible")
    if duty.responsible is not None:
        require_reader(order, duty.responsible, field="responsible")
    obligation = Obligation(
        case=case,
        order=order,
        number=next_number(Obligation, case),
        kind=duty.kind,
        text=duty.text.strip(),
        due_at=duty.due_at,
        responsible=duty.responsible,
        recorded_by=grant.user,
    )
    if not duty.rule:
        obligation.save(force_insert=True)
        return obligation
    trigger_at = duty.trigger_at or order.served_at
    if trigger_at > at:
        raise ActionError(_("This lies in the future."), field="trigger_at")
    row, calendar, computed = counted(rule_key=duty.rule, trigger_at=trigger_at, calendar=duty.calendar)
    obligation.due_at = computed.due_at
    obligation.save(force_insert=True)
    write_clock(
        obligation=obligation,
        row=row,
        calendar=calendar,
        computed=computed,
        trigger_at=trigger_at,
        at=at,
        by=grant.user,
    )
    return obligation


@transaction.atomic
def add_obligation(*, grant: Grant, at: datetime, order_number: int, duty: Duty) -> Obligation:
    """Add a duty to an order that has not ended."""
    grant.require(Permission.ORDERS)
    case = lock_open_case(grant, at=at)
    order = order_in(case, order_number, lock=True)
    if order.status in ORDER_FINAL or order.status == OrderStatus.COMPLIED:
        raise ActionError(_("The order has ended; it takes no further duty."))
    # An order from before the instruments were kept as data goes by what counts now.
    instrument = order.instrument_type or ensured_type(order.instrument)
    if instrument is None:
        raise ActionError(_("Nothing is known of this instrument."))
    obligation = write_duty(grant, case=case, order=order, instrument=instrument, duty=duty, at=at)
    started: list[int] = []
    if order.status in ORDER_EXECUTABLE:
        started = start_terms(order)
    write_event(
        grant,
        action="obligation.added",
        at=at,
        kind="obligation",
        number=obligation.number,
        details={
            "order": order.number,
            "instrument_version": instrument.version,
            "started": started,
            **duty_details(obligation),
        },
    )
    return obligation


def start_terms(order: LegalOrder) -> list[int]:
    """Put the terms of a locked, accepted order in force; returns the numbers of those duties."""
    started = []
    rows = Obligation.objects.select_for_update().filter(order=order, kind__in=TERM_KINDS).order_by("number")
    for obligation in rows:
        if can_move(obligation, ObligationStatus.IN_PROGRESS):
            move_or_refuse(obligation, ObligationStatus.IN_PROGRESS)
            obligation.save(update_fields=["status"])
            started.append(obligation.number)
    return started


def lift_duties(actor: Acts, *, order: LegalOrder, at: datetime) -> list[int]:
    """An order that ended takes its open duties with it; returns their numbers. A freeze on one stays, as an alert."""
    lifted = []
    for obligation in Obligation.objects.select_for_update().filter(order=order).order_by("number"):
        if obligation.status not in OBLIGATION_FINAL:
            move_or_refuse(obligation, ObligationStatus.LIFTED)
            obligation.ended_at, obligation.ended_by = at, actor.user
            obligation.save(update_fields=["status", "ended_at", "ended_by"])
            lifted.append(obligation.number)
    return lifted


def advance_obligation(
    actor: Acts, *, obligation: Obligation, to: str, at: datetime, reason: str = ""
) -> dict[str, object]:
    """Move a locked duty and let its order follow, as the same person, in the caller's transaction.

    Returns what to put into the event. Used by the actions on duties, on freezes and on transfers. A freeze or a
    transfer that is met by its freezes takes them as its proof.
    """
    order = LegalOrder.objects.select_for_update(of=("self",)).get(pk=obligation.order_id)
    require_answerable(order, obligation)
    source, target = move_or_refuse(obligation, to)
    fields = ["status"]
    if target in _CARRIED_OUT:
        freezes_show_it(obligation, by=actor.user, at=at)
    if target in _NEEDS_REASON:
        obligation.outcome_reason = reason
        fields.append("outcome_reason")
    if target in OBLIGATION_FINAL:
        obligation.ended_at, obligation.ended_by = at, actor.user
        fields += ["ended_at", "ended_by"]
    obligation.save(update_fields=fields)
    moved: dict[str, object] = {"obligation": obligation.number, "from": source, "to": target}
    if obligation.is_late:
        moved["late"] = True
    order_moves = follow_duties(order)
    if order_moves:
        moved["order"] = {"number": order.number, "moves": order_moves}
    return moved


def follow_duties(order: LegalOrder) -> list[str]:
    """Move a locked order to where its duties have brought it; returns the statuses it went through."""
    rows = list(Obligation.objects.filter(order=order).values_list("kind", "status"))
    work = [status for kind, status in rows if kind not in TERM_KINDS]
    counted = work or [status for _kind, status in rows]
    ended = [status in OBLIGATION_FINAL for status in counted]
    steps: list[str] = []
    if not counted or all(status == ObligationStatus.OPEN for status in counted):
        return steps
    if all(ended):
        wanted = [OrderStatus.EXECUTING, OrderStatus.COMPLIED]
    elif any(ended):
        wanted = [OrderStatus.EXECUTING, OrderStatus.PARTLY_COMPLIED]
    else:
        wanted = [OrderStatus.EXECUTING]
    for status in wanted:
        if order.status != status and can_move(order, status):
            move_or_refuse(order, status)
            order.save(update_fields=["status"])
            steps.append(str(status))
    return steps


@transaction.atomic
def move_obligation(
    *,
    grant: Grant,
    at: datetime,
    number: int,
    to: str,
    reason: str = "",
    proofs: Sequence[Proof] = (),
) -> Obligation:
    """Start a duty or record its outcome with what shows it; the order follows.

    Met and partly met want a proof, for which words alone (`reason`) may stand; the other outcomes want their reason.
    """
    grant.require(Permission.ORDERS)
    case = lock_open_case(grant, at=at)
    obligation = obligation_in(case, number)
    if to in NOT_BY_HAND:
        raise ActionError(_("A duty is not moved there by hand."), field="to")
    if proofs and to not in _CARRIED_OUT:
        raise ActionError(_("A proof belongs to a duty that was carried out."), field="proofs")
    if to in _NEEDS_REASON and not reason.strip():
        raise ActionError(_("Say what shows it: file, letter, reason."), field="reason")
    given: list[dict[str, object]] = []
    if to in _CARRIED_OUT:
        # Before the proofs are written, which the database takes for a verified order alone.
        order = LegalOrder.objects.select_for_update(of=("self",)).get(pk=obligation.order_id)
        require_answerable(order, obligation)
        if not proofs and not reason.strip():
            raise ActionError(_("Say what shows it: file, letter, reason."), field="reason")
        if not can_move(obligation, to):
            move_or_refuse(obligation, to)
        shown = list(proofs) or [Proof("note", note=reason)]
        kept = keep_proofs(case, obligation, shown, by=grant.user, at=at)
        given = [proof_details(row) for row in kept]
    moved = advance_obligation(grant, obligation=obligation, to=to, at=at, reason=reason.strip())
    write_event(
        grant,
        action="obligation.moved",
        at=at,
        kind="obligation",
        number=number,
        details={**moved, "reason": reason.strip(), "proofs": given},
    )
    return obligation


@transaction.atomic
def add_proofs(*, grant: Grant, at: datetime, number: int, proofs: Sequence[Proof]) -> Obligation:
    """Add what shows how a duty is or was carried out; its status stays as it is."""
    grant.require(Permission.ORDERS)
    case = lock_open_case(grant, at=at)
    obligation = obligation_in(case, number)
    order = LegalOrder.objects.select_for_update(of=("self",)).get(pk=obligation.order_id)
    if obligation.status not in _CARRIED_OUT:
        require_answerable(order, obligation)
    if not proofs:
        raise ActionError(_("Say what shows it: file, letter, reason."), field="note")
    kept = keep_proofs(case, obligation, proofs, by=grant.user, at=at)
    write_event(
        grant,
        action="obligation.proof_added",
        at=at,
        kind="obligation",
        number=number,
        details={"proofs": [proof_details(row) for row in kept]},
    )
    return obligation


@transaction.atomic
def extend_obligation(
    *, grant: Grant, at: datetime, number: int, due_at: datetime, reason: str
) -> Obligation:
    """Give a duty that has not ended a later due moment; the event holds both."""
    grant.require(Permission.ORDERS)
    case = lock_open_case(grant, at=at)
    obligation = obligation_in(case, number)
    if obligation.status in OBLIGATION_FINAL:
        raise ActionError(_("The duty has ended."))
    if obligation.due_at is not None and due_at <= obligation.due_at:
        raise ActionError(_("An extension ends later than before."), field="due_at")
    if not reason.strip():
        raise ActionError(_("Say who granted the extension, and how."), field="reason")
    changed = change_fields(obligation, {"due_at": due_at})
    obligation.due_set_at = at
    obligation.save(update_fields=["due_set_at"])
    write_event(
        grant,
        action="obligation.extended",
        at=at,
        kind="obligation",
        number=number,
        details={"changes": changed, "reason": reason.strip()},
    )
    return obligation
