"""What the steps of an order share: what comes in with one, the locked rows, what must be so before anything is done."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from django.utils.translation import gettext_lazy as _

from cases.actions.base import ActionError, NoSuchItem
from cases.models import Case, EmergencyRelease, LegalOrder, Obligation
from cases.models.orders import TERM_KINDS
from cases.people.models import User
from cases.status import ORDER_EXECUTABLE, ObligationStatus, OrderStatus
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


class Acts(Protocol):
    """Somebody who acts; `user` is None where the system does."""

    @property
    def user(self) -> User | None: ...


@dataclass(frozen=True)
class Duty:
    """A duty as the paper states it: what kind, the words, its own due moment, who sees to it.

    `rule` is the key of the clock rule that computes the due moment, from `trigger_at` or else from the service of
    the order, by `calendar` or else the rule's usual one; then `due_at` stays empty.
    """

    kind: str
    text: str
    due_at: datetime | None = None
    responsible: User | None = None
    rule: str = ""
    trigger_at: datetime | None = None
    calendar: str = ""


@dataclass(frozen=True)
class Paper:
    """A paper that came with an order; its bytes are in the file store already."""

    filename: str
    media_type: str
    stored: Stored


@dataclass(frozen=True)
class Asked:
    """A selector exactly as the paper has it, with its range where it has one."""

    kind: str
    value: str
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    time_zone: str = "UTC"


@dataclass(frozen=True)
class Proof:
    """What shows that a duty was carried out: the number of a paper or freeze, an export's reference, or words."""

    kind: str
    number: int | None = None
    export: str = ""
    note: str = ""


def order_in(case: Case, number: int, *, lock: bool = False) -> LegalOrder:
    """The order with this number in the case. Raises NoSuchItem."""
    rows = LegalOrder.objects.of(case)
    order = (rows.select_for_update(of=("self",)) if lock else rows).filter(number=number).first()
    if order is None:
        raise NoSuchItem(_("The case has no such order."), field="order")
    return order


def obligation_in(case: Case, number: int) -> Obligation:
    """The duty with this number in the case, locked. Raises NoSuchItem."""
    obligation = Obligation.objects.of(case).select_for_update().filter(number=number).first()
    if obligation is None:
        raise NoSuchItem(_("The case has no such duty."))
    return obligation


def require_executable(order: LegalOrder) -> None:
    """Nothing is executed under an order that was not verified and accepted."""
    if order.verified_at is None:
        raise ActionError(_("The order is not verified. Nothing is executed before."))
    if order.status not in ORDER_EXECUTABLE:
        raise ActionError(_("The order is not accepted, or has ended. Nothing is executed under it now."))


def require_answerable(order: LegalOrder, obligation: Obligation) -> None:
    """`require_executable`, but for what an approver let pass in an emergency, and for a term that runs on."""
    if order.verified_at is None:
        if EmergencyRelease.objects.filter(obligation=obligation).exists():
            return
    elif obligation.kind in TERM_KINDS and order.status == OrderStatus.COMPLIED:
        return
    require_executable(order)


def stated(texts: dict[str, str]) -> dict[str, str]:
    """The texts without blanks around them. Raises ActionError beside the first that says nothing."""
    for field, value in texts.items():
        if not value.strip():
            raise ActionError(_("This is needed."), field=field)
    return {field: value.strip() for field, value in texts.items()}


def numbers_of(rows: Sequence[Obligation]) -> list[int]:
    return [row.number for row in rows]
