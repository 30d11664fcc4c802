"""Legal orders: recording, verifying, deciding, ending; their duties; their papers."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from cases.access import Grant
from cases.actions.base import (
    ActionError,
    NoSuchItem,
    change_fields,
    event_value,
    lock_open_case,
    move_or_refuse,
    next_number,
    write_event,
)
from cases.audit.record import utc_text
from cases.models import Case, LegalOrder, Membership, Obligation, OrderPaper, VerificationMethod
from cases.people.models import User
from cases.permissions import Permission
from cases.status import (
    OBLIGATION_FINAL,
    ORDER_EXECUTABLE,
    ORDER_FINAL,
    ObligationStatus,
    OrderStatus,
    can_move,
)
from cases.storage import Stored

# Moves that counsel or an approver decides; the others up to acceptance are the desk's work.
DECISIONS = frozenset(
    {
        OrderStatus.ACCEPTED,
        OrderStatus.NARROWED,
        OrderStatus.OBJECTED,
        OrderStatus.REJECTED,
        OrderStatus.WITHDRAWN,
        OrderStatus.QUASHED,
        OrderStatus.SUPERSEDED,
        OrderStatus.EXPIRED,
        OrderStatus.CLOSED,
    }
)
DESK = frozenset({OrderStatus.VERIFYING, OrderStatus.IN_REVIEW, OrderStatus.ON_HOLD})

# The clock makes a duty overdue, and the end of its order lifts it.
NOT_BY_HAND = frozenset({ObligationStatus.OVERDUE, ObligationStatus.LIFTED})


@dataclass(frozen=True)
class Duty:
    """A duty as the paper states it: what kind, the words, its own due moment, who sees to it."""

    kind: str
    text: str
    due_at: datetime | None = None
    responsible: User | None = None


@dataclass(frozen=True)
class Paper:
    """A paper that came with an order; its bytes are in the file store already."""

    filename: str
    media_type: str
    stored: Stored


def order_in(case: Case, number: int, *, lock: bool = False) -> LegalOrder:
    """The order with this number in the case. Raises NoSuchItem."""
    rows = LegalOrder.objects.select_for_update(of=("self",)) if lock else LegalOrder.objects
    order = rows.filter(case=case, number=number).first()
    if order is None:
        raise NoSuchItem(_("The case has no such order."), field="order")
    return order


@transaction.atomic
def record_order(
    *,
    grant: Grant,
    at: datetime,
    instrument: str,
    issuing_authority: str,
    agency_reference: str,
    jurisdiction: str,
    legal_basis: str,
    scope: str,
    issued_at: datetime,
    served_at: datetime,
    received_at: datetime,
    due_at: datetime | None,
    time_zone: str = "UTC",
    requestor: str = "",
    requestor_email: str = "",
    duties: Sequence[Duty] = (),
    paper: Paper | None = None,
    is_fictional: bool = False,
) -> LegalOrder:
    """Record an order as received, with its duties and its paper. Everything on its face is kept as stated.

    The paper has an event of its own behind the order's.
    """
    grant.require(Permission.ORDERS)
    case = lock_open_case(grant, at=at)
    texts = {
        "issuing_authority": issuing_authority,
        "agency_reference": agency_reference,
        "jurisdiction": jurisdiction,
        "legal_basis": legal_basis,
        "scope": scope,
    }
    for field, value in texts.items():
        if not value.strip():
            raise ActionError(_("This is needed."), field=field)
    try:
        ZoneInfo(time_zone)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise ActionError(_("There is no such time zone."), field="time_zone") from error
    if served_at < issued_at:
        raise ActionError(_("An order is served after it was issued."), field="served_at")
    if received_at < served_at:
        raise ActionError(_("An order is received when, or after, it is served."), field="received_at")
    if received_at > at:
        raise ActionError(_("This lies in the future."), field="received_at")
    if due_at is not None and due_at < issued_at:
        raise ActionError(_("The due moment lies before the order was issued."), field="due_at")
    order = LegalOrder.objects.create(
        case=case,
        number=next_number(LegalOrder, case),
        instrument=instrument,
        requestor=requestor.strip(),
        requestor_email=requestor_email.strip(),
        issued_at=issued_at,
        served_at=served_at,
        received_at=received_at,
        due_at=due_at,
        time_zone=time_zone,
        is_fictional=is_fictional,
        recorded_by=grant.user,
        **{field: value.strip() for field, value in texts.items()},
    )
    written = [_add_duty(grant, case=case, order=order, duty=duty, at=at) for duty in duties]
    attached = None if paper is None else _attach(grant, case=case, order=order, paper=paper, at=at)
    write_event(
        grant,
        action="order.recorded",
        at=at,
        kind="order",
        number=order.number,
        details={
            "instrument": instrument,
            **{field: value.strip() for field, value in texts.items()},
            "requestor": order.requestor,
            "requestor_email": order.requestor_email,
            "issued_at": utc_text(issued_at),
            "served_at": utc_text(served_at),
            "received_at": utc_text(received_at),
            "due_at": event_value(due_at),
            "time_zone": time_zone,
            "obligations": [_duty_details(obligation) for obligation in written],
            "is_fictional": is_fictional,
        },
    )
    if attached is not None:
        _write_attached(grant, paper=attached, at=at)
    return order


def _duty_details(obligation: Obligation) -> dict[str, object]:
    return {
        "number": obligation.number,
        "kind": obligation.kind,
        "text": obligation.text,
        "due_at": event_value(obligation.due_at),
        "responsible": event_value(obligation.responsible),
    }


def _add_duty(grant: Grant, *, case: Case, order: LegalOrder, duty: Duty, at: datetime) -> Obligation:
    if not duty.text.strip():
        raise ActionError(_("Say what the duty asks."), field="text")
    if duty.due_at is not None and duty.due_at < order.issued_at:
        raise ActionError(_("The due moment lies before the order was issued."), field="due_at")
    if (
        duty.responsible is not None
        and not Membership.objects.filter(case=case, user=duty.responsible, ended_at__isnull=True).exists()
    ):
        raise ActionError(_("Only a member of the case can be responsible."), field="responsible")
    return Obligation.objects.create(
        case=case,
        order=order,
        number=next_number(Obligation, case),
        kind=duty.kind,
        text=duty.text.strip(),
        due_at=duty.due_at,
        responsible=duty.responsible,
        recorded_by=grant.user,
    )


@transaction.atomic
def add_obligation(*, grant: Grant, at: datetime, order_number: int, duty: Duty) -> Obligation:
    """Add a duty to an order that has not ended."""
    grant.require(Permission.ORDERS)
    case = lock_open_case(grant, at=at)
    order = order_in(case, order_number, lock=True)
    if order.status in ORDER_FINAL or order.status == OrderStatus.COMPLIED:
        raise ActionError(_("The order has ended; it takes no further duty."))
    obligation = _add_duty(grant, case=case, order=order, duty=duty, at=at)
    write_event(
        grant,
        action="obligation.added",
        at=at,
        kind="obligation",
        number=obligation.number,
        details={"order": order.number, **_duty_details(obligation)},
    )
    return obligation


@transaction.atomic
def verify_order(
    *, grant: Grant, at: datetime, number: int, authentic: bool, method: str, contact: str, remarks: str = ""
) -> LegalOrder:
    """Record how the paper was checked, with whom, and what came of it. Nothing is executed before."""
    grant.require(Permission.ORDER_VERIFY)
    case = lock_open_case(grant, at=at)
    order = order_in(case, number, lock=True)
    if method not in VerificationMethod.values:
        raise ActionError(_("Choose how it was verified."), field="method")
    if not contact.strip():
        raise ActionError(_("Name the contact that was found independently of the paper."), field="contact")
    target = OrderStatus.VERIFIED if authentic else OrderStatus.REJECTED_INAUTHENTIC
    source, _target = move_or_refuse(order, target)
    order.verification_method, order.verification_contact = method, contact.strip()
    fields = ["status", "verification_method", "verification_contact"]
    if authentic:
        order.verified_at, order.verified_by = at, grant.user
        fields += ["verified_at", "verified_by"]
    order.save(update_fields=fields)
    lifted = [] if authentic else _lift_duties(grant, order=order, at=at)
    write_event(
        grant,
        action="order.verified" if authentic else "order.rejected_inauthentic",
        at=at,
        kind="order",
        number=number,
        details={
            "from": source,
            "to": str(target),
            "method": method,
            "contact": contact.strip(),
            "remarks": remarks.strip(),
            "lifted": lifted,
        },
    )
    return order


@transaction.atomic
def move_order(*, grant: Grant, at: datetime, number: int, to: str, reason: str = "") -> LegalOrder:
    """Work or decide on an order, by its table. The duties move it once it is accepted; that is not done here.

    Opened with ORDER_DECIDE for a decision, with ORDERS for the desk's own steps.
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
    source, target = move_or_refuse(order, to)
    fields = ["status"]
    if target == OrderStatus.ON_HOLD:
        order.status_before_hold = source
        fields.append("status_before_hold")
    order.save(update_fields=fields)
    lifted: list[int] = []
    if target in ORDER_FINAL and target != OrderStatus.CLOSED:
        lifted = _lift_duties(grant, order=order, at=at)
    write_event(
        grant,
        action="order.moved",
        at=at,
        kind="order",
        number=number,
        details={"from": source, "to": target, "reason": reason.strip(), "lifted": lifted},
    )
    return order


def _lift_duties(grant: Grant, *, order: LegalOrder, at: datetime) -> list[int]:
    """An order that ended takes its open duties with it; returns their numbers. A freeze on one stays, as an alert."""
    lifted = []
    for obligation in Obligation.objects.select_for_update().filter(order=order).order_by("number"):
        if obligation.status not in OBLIGATION_FINAL:
            move_or_refuse(obligation, ObligationStatus.LIFTED)
            obligation.ended_at, obligation.ended_by = at, grant.user
            obligation.save(update_fields=["status", "ended_at", "ended_by"])
            lifted.append(obligation.number)
    return lifted


def require_executable(order: LegalOrder) -> None:
    """Nothing is executed under an order that was not verified and accepted."""
    if order.verified_at is None:
        raise ActionError(_("The order is not verified. Nothing is executed before."))
    if order.status not in ORDER_EXECUTABLE:
        raise ActionError(_("The order is not accepted, or has ended. Nothing is executed under it now."))


def advance_obligation(grant: Grant, *, obligation: Obligation, to: str, at: datetime) -> dict[str, object]:
    """Move a locked duty and let its order follow, as the same person, in the caller's transaction.

    Returns what to put into the event. Used by the actions on duties and on freezes.
    """
    order = LegalOrder.objects.select_for_update(of=("self",)).get(pk=obligation.order_id)
    require_executable(order)
    source, target = move_or_refuse(obligation, to)
    fields = ["status"]
    if target in OBLIGATION_FINAL:
        obligation.ended_at, obligation.ended_by = at, grant.user
        fields += ["ended_at", "ended_by"]
    obligation.save(update_fields=fields)
    moved: dict[str, object] = {"obligation": obligation.number, "from": source, "to": target}
    order_moves = _follow_duties(order)
    if order_moves:
        moved["order"] = {"number": order.number, "moves": order_moves}
    return moved


def _follow_duties(order: LegalOrder) -> list[str]:
    """Move a locked order to where its duties have brought it; returns the statuses it went through."""
    statuses = list(Obligation.objects.filter(order=order).values_list("status", flat=True))
    ended = [status in OBLIGATION_FINAL for status in statuses]
    steps: list[str] = []
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
def move_obligation(*, grant: Grant, at: datetime, number: int, to: str, reason: str = "") -> Obligation:
    """Start a duty or record its outcome; the order follows."""
    grant.require(Permission.ORDERS)
    case = lock_open_case(grant, at=at)
    obligation = Obligation.objects.select_for_update().filter(case=case, number=number).first()
    if obligation is None:
        raise NoSuchItem(_("The case has no such duty."))
    if to in NOT_BY_HAND:
        raise ActionError(_("A duty is not moved there by hand."), field="to")
    if to in OBLIGATION_FINAL and not reason.strip():
        raise ActionError(_("Say what shows it: file, letter, reason."), field="reason")
    moved = advance_obligation(grant, obligation=obligation, to=to, at=at)
    write_event(
        grant,
        action="obligation.moved",
        at=at,
        kind="obligation",
        number=number,
        details={**moved, "reason": reason.strip()},
    )
    return obligation


@transaction.atomic
def extend_obligation(
    *, grant: Grant, at: datetime, number: int, due_at: datetime, reason: str
) -> Obligation:
    """Give a duty that has not ended a later due moment; the event holds both."""
    grant.require(Permission.ORDERS)
    case = lock_open_case(grant, at=at)
    obligation = Obligation.objects.select_for_update().filter(case=case, number=number).first()
    if obligation is None:
        raise NoSuchItem(_("The case has no such duty."))
    if obligation.status in OBLIGATION_FINAL:
        raise ActionError(_("The duty has ended."))
    if obligation.due_at is not None and due_at <= obligation.due_at:
        raise ActionError(_("An extension ends later than before."), field="due_at")
    if not reason.strip():
        raise ActionError(_("Say who granted the extension, and how."), field="reason")
    changed = change_fields(obligation, {"due_at": due_at})
    write_event(
        grant,
        action="obligation.extended",
        at=at,
        kind="obligation",
        number=number,
        details={"changes": changed, "reason": reason.strip()},
    )
    return obligation


@transaction.atomic
def attach_paper(
    *, grant: Grant, at: datetime, number: int, filename: str, media_type: str, stored: Stored
) -> OrderPaper:
    """Attach a paper whose bytes are in the file store already."""
    grant.require(Permission.ORDERS)
    case = lock_open_case(grant, at=at)
    order = order_in(case, number)
    row = _attach(grant, case=case, order=order, paper=Paper(filename, media_type, stored), at=at)
    _write_attached(grant, paper=row, at=at)
    return row


def _attach(grant: Grant, *, case: Case, order: LegalOrder, paper: Paper, at: datetime) -> OrderPaper:
    """Write the row of a paper, under the lock on the case."""
    stored = paper.stored
    if stored.size == 0:
        raise ActionError(_("The file is empty."), field="paper")
    if OrderPaper.objects.filter(order=order, sha256=stored.sha256).exists():
        raise ActionError(_("This very file is attached already."), field="paper")
    return OrderPaper.objects.create(
        case=case,
        order=order,
        number=next_number(OrderPaper, case),
        filename=paper.filename,
        media_type=paper.media_type,
        sha256=stored.sha256,
        size=stored.size,
        attached_at=at,
        attached_by=grant.user,
    )


def _write_attached(grant: Grant, *, paper: OrderPaper, at: datetime) -> None:
    write_event(
        grant,
        action="paper.attached",
        at=at,
        kind="paper",
        number=paper.number,
        details={
            "order": paper.order.number,
            "filename": paper.filename,
            "media_type": paper.media_type,
            "sha256": paper.sha256,
            "size": paper.size,
        },
    )


@transaction.atomic
def note_paper_read(*, grant: Grant, at: datetime, number: int) -> OrderPaper:
    """Record that somebody took a copy of a paper; returns the paper."""
    grant.require(Permission.READ)
    paper = OrderPaper.objects.filter(case=grant.case, number=number).first()
    if paper is None:
        raise NoSuchItem(_("The case has no such paper."))
    write_event(
        grant, action="paper.downloaded", at=at, kind="paper", number=number, details={"sha256": paper.sha256}
    )
    return paper
