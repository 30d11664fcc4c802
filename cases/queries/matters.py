"""What a liaison sees: the matters that are shared with her, and nothing else of the cases behind them.

Duties and freezes are numbered within the matter, from 1, as in its case file: the case's own numbers would tell how
much else stands in the case. Reasons, comments and contacts stay inside.
"""

from dataclasses import dataclass
from datetime import datetime

from cases.access import MatterGrant, live_shares
from cases.models import (
    Export,
    FreezeAmount,
    FreezeApproval,
    FreezeOrder,
    LegalOrder,
    MatterShare,
    Obligation,
)
from cases.people.models import User
from cases.queries.exports import exports_of_share
from cases.queries.orders import next_clock
from cases.queries.paging import PAGE_SIZE, Key, Page, keyset
from cases.status import OBLIGATION_FINAL

NEWEST = (Key("shared_at", datetime, descending=True), Key("reference", str, descending=True))


@dataclass(frozen=True, slots=True)
class MatterRow:
    """A line of her list."""

    share: MatterShare
    open_duties: int
    duties: int
    freezes: int
    next_due: datetime | None


def matter_list(
    user: User, *, at: datetime, after: str | None = None, before: str | None = None, size: int = PAGE_SIZE
) -> Page[MatterRow]:
    """The matters shared with her now, newest first. Three queries, whatever their number."""
    page = keyset(live_shares(user, at), keys=NEWEST, after=after, before=before, size=size)
    orders = [share.order_id for share in page.rows]
    duties: dict[int, list[Obligation]] = {}
    for duty in Obligation.objects.filter(order__in=orders):
        duties.setdefault(duty.order_id, []).append(duty)
    freezes: dict[int, int] = {}
    for order_id in FreezeOrder.objects.filter(obligation__order__in=orders).values_list(
        "obligation__order_id", flat=True
    ):
        freezes[order_id] = freezes.get(order_id, 0) + 1
    rows = []
    for share in page.rows:
        own = duties.get(share.order_id, [])
        rows.append(
            MatterRow(
                share=share,
                open_duties=sum(duty.status not in OBLIGATION_FINAL for duty in own),
                duties=len(own),
                freezes=freezes.get(share.order_id, 0),
                next_due=next_clock(share.order, own),
            )
        )
    return Page(rows, page.next_cursor, page.previous_cursor)


@dataclass(frozen=True, slots=True)
class MatterDuty:
    """A duty under its number in the matter."""

    number: int
    duty: Obligation


@dataclass(frozen=True, slots=True)
class MatterFreeze:
    """A freeze under its number in the matter, with the number there of the duty that it rests on."""

    number: int
    duty_number: int
    freeze: FreezeOrder
    approvals: list[FreezeApproval]
    amounts: list[FreezeAmount]


@dataclass(frozen=True, slots=True)
class Matter:
    """All that one shared matter holds."""

    share: MatterShare
    order: LegalOrder
    duties: list[MatterDuty]
    freezes: list[MatterFreeze]
    exports: list[Export]


def matter_of(grant: MatterGrant) -> Matter:
    """What the share shows. Six queries."""
    order = LegalOrder.objects.select_related("verified_by").get(pk=grant.share.order_id)
    duties = [
        MatterDuty(place, duty) for place, duty in enumerate(order.obligations.order_by("number"), start=1)
    ]
    place_of = {row.duty.pk: row.number for row in duties}
    freezes = (
        FreezeOrder.objects.filter(obligation__order=order)
        .select_related(
            "wallet__wallet",
            "account",
            "proposed_by",
            "applied_by",
            "confirmed_by",
            "release_proposed_by",
            "released_by",
        )
        .prefetch_related(
            "approvals__approver",
            "amounts__sighting_proposed__batch",
            "amounts__sighting_applied__batch",
            "amounts__holding_proposed",
            "amounts__holding_applied",
        )
        .order_by("number")
    )
    return Matter(
        share=grant.share,
        order=order,
        duties=duties,
        freezes=[
            MatterFreeze(
                number=place,
                duty_number=place_of[freeze.obligation_id or 0],
                freeze=freeze,
                approvals=sorted(freeze.approvals.all(), key=lambda given: (given.given_at, given.pk)),
                amounts=sorted(freeze.amounts.all(), key=lambda amount: amount.asset),
            )
            for place, freeze in enumerate(freezes, start=1)
        ],
        exports=exports_of_share(grant.share),
    )
