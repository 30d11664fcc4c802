"""The papers of an order, kept under their digests."""

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from cases.access import Grant
from cases.actions.base import ActionError, NoSuchItem, lock_open_case, next_number, write_event
from cases.actions.orders.rules import Paper, order_in
from cases.models import Case, LegalOrder, OrderPaper
from cases.permissions import Permission
from cases.storage import Stored


@transaction.atomic
def attach_paper(
    *, grant: Grant, at: datetime, number: int, filename: str, media_type: str, stored: Stored
) -> OrderPaper:
    """Attach a paper whose bytes are in the file store already."""
    grant.require(Permission.ORDERS)
    case = lock_open_case(grant, at=at)
    order = order_in(case, number)
    row = attach(grant, case=case, order=order, paper=Paper(filename, media_type, stored), at=at)
    write_attached(grant, paper=row, at=at)
    return row


def attach(grant: Grant, *, case: Case, order: LegalOrder, paper: Paper, at: datetime) -> OrderPaper:
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


def write_attached(grant: Grant, *, paper: OrderPaper, at: datetime) -> None:
    """The event of a paper, written last."""
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
    paper = OrderPaper.objects.of(grant.case).filter(number=number).first()
    if paper is None:
        raise NoSuchItem(_("The case has no such paper."))
    write_event(
        grant, action="paper.downloaded", at=at, kind="paper", number=number, details={"sha256": paper.sha256}
    )
    return paper
