"""Orders of a case, and all that an order's page shows: a fixed number of queries each."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import QuerySet

from cases.access import NotFound
from cases.models import Case, FreezeOrder, LegalOrder, MatterShare, Membership, Obligation, OrderPaper
from cases.people.models import User
from cases.queries.paging import PAGE_SIZE, Key, Page, keyset
from cases.status import OBLIGATION_FINAL, ORDER_EXECUTABLE, ORDER_FINAL, ObligationStatus

BY_NUMBER = (Key("number", int, descending=True),)


@dataclass(frozen=True, slots=True)
class OrderRow:
    """A line of the list: the order, its duties, and the next clock that runs in it."""

    order: LegalOrder
    duties: list[Obligation]

    @property
    def open_duties(self) -> int:
        return sum(duty.status not in OBLIGATION_FINAL for duty in self.duties)

    @property
    def next_due(self) -> datetime | None:
        """The earliest moment that still binds; None where the order has ended or nothing has a date."""
        return next_clock(self.order, self.duties)


def next_clock(order: LegalOrder, duties: Sequence[Obligation]) -> datetime | None:
    """The earliest due moment of the order and of its duties that have not ended."""
    if order.status in ORDER_FINAL or order.status == "complied":
        return None
    moments = [duty.due_at for duty in duties if duty.due_at and duty.status not in OBLIGATION_FINAL]
    if order.due_at is not None:
        moments.append(order.due_at)
    return min(moments, default=None)


def order_list(
    case: Case, *, after: str | None = None, before: str | None = None, size: int = PAGE_SIZE
) -> Page[OrderRow]:
    """The orders of a case, newest first. Two queries, whatever their number."""
    page = keyset(
        LegalOrder.objects.filter(case=case).defer("scope"),
        keys=BY_NUMBER,
        after=after,
        before=before,
        size=size,
    )
    duties: dict[int, list[Obligation]] = {}
    for duty in Obligation.objects.filter(order__in=[row.pk for row in page.rows]).order_by("number"):
        duties.setdefault(duty.order_id, []).append(duty)
    rows = [OrderRow(order, duties.get(order.pk, [])) for order in page.rows]
    return Page(rows, page.next_cursor, page.previous_cursor)


def order_of(case: Case, number: int) -> LegalOrder:
    """The order with this number. Raises NotFound."""
    order = (
        LegalOrder.objects.select_related("verified_by", "recorded_by")
        .filter(case=case, number=number)
        .first()
    )
    if order is None:
        raise NotFound
    return order


def obligation_of(case: Case, number: int) -> Obligation:
    """The duty with this number, with its order. Raises NotFound."""
    duty = (
        Obligation.objects.select_related("order", "responsible", "ended_by")
        .filter(case=case, number=number)
        .first()
    )
    if duty is None:
        raise NotFound
    return duty


def paper_of(case: Case, number: int) -> OrderPaper:
    """The paper with this number, with its order. Raises NotFound."""
    paper = OrderPaper.objects.select_related("order").filter(case=case, number=number).first()
    if paper is None:
        raise NotFound
    return paper


@dataclass(frozen=True, slots=True)
class OrderContent:
    """All that hangs on an order."""

    order: LegalOrder
    duties: list[Obligation]
    papers: list[OrderPaper]
    freezes: list[FreezeOrder]
    shares: list[MatterShare]

    @property
    def executable(self) -> bool:
        """Whether its duties may be carried out now."""
        return self.order.verified_at is not None and self.order.status in ORDER_EXECUTABLE

    @property
    def ended(self) -> bool:
        return self.order.status in ORDER_FINAL


def order_content(order: LegalOrder) -> OrderContent:
    """Four queries."""
    return OrderContent(
        order=order,
        duties=list(order.obligations.select_related("responsible", "ended_by").order_by("number")),
        papers=list(order.papers.select_related("attached_by").order_by("number")),
        freezes=list(
            FreezeOrder.objects.filter(obligation__order=order)
            .select_related("wallet__wallet", "account", "obligation", "proposed_by")
            .order_by("number")
        ),
        shares=list(order.shares.select_related("liaison").order_by("-shared_at", "-number")),
    )


def members_of(case: Case) -> "QuerySet[User]":
    """The people who have a place in the case now, by name."""
    live = Membership.objects.filter(case=case, ended_at__isnull=True)
    return User.objects.filter(pk__in=live.values("user_id"), is_active=True).order_by("name", "pk")


# From in progress to what came of it; `overdue` and `lifted` are not set by hand.
_BY_HAND: dict[str, tuple[ObligationStatus, ...]] = {
    ObligationStatus.OPEN: (ObligationStatus.IN_PROGRESS,),
    ObligationStatus.IN_PROGRESS: (
        ObligationStatus.MET,
        ObligationStatus.PARTLY_MET,
        ObligationStatus.OBJECTED,
        ObligationStatus.NOT_OURS,
        ObligationStatus.OUT_OF_SCOPE,
    ),
    ObligationStatus.OVERDUE: (ObligationStatus.MET,),
}


def duty_moves(duty: Obligation) -> tuple[ObligationStatus, ...]:
    """Where a person may move the duty from where it stands."""
    return _BY_HAND.get(duty.status, ())
