"""What is shown outside: the shares of a case, and what could be shared with whom."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import QuerySet

from cases.access import NotFound
from cases.models import Case, LegalOrder, MatterShare
from cases.people.models import Role, User
from cases.queries.orders import BY_NUMBER
from cases.queries.paging import PAGE_SIZE, Page, keyset
from cases.status import ORDER_FINAL


@dataclass(frozen=True, slots=True)
class ShareRow:
    """A share, and whether the liaison sees it at this moment."""

    share: MatterShare
    live: bool

    @property
    def ended_at(self) -> datetime | None:
        """When it ended: by an act, or by its own date."""
        if self.live:
            return None
        return self.share.ended_at or self.share.ends_at


def share_list(
    case: Case, *, at: datetime, after: str | None = None, before: str | None = None, size: int = PAGE_SIZE
) -> Page[ShareRow]:
    """The shares of a case, newest first. One query."""
    shares = MatterShare.objects.of(case).select_related("order", "liaison", "shared_by", "ended_by")
    page = keyset(shares, keys=BY_NUMBER, after=after, before=before, size=size)
    return Page([_row(share, at) for share in page.rows], page.next_cursor, page.previous_cursor)


def _row(share: MatterShare, at: datetime) -> ShareRow:
    lapsed = share.ends_at is not None and share.ends_at <= at
    return ShareRow(share, live=share.ended_at is None and not lapsed and share.liaison.is_active)


def share_of(case: Case, number: int, *, at: datetime) -> ShareRow:
    """The share with this number. Raises NotFound."""
    share = (
        MatterShare.objects.of(case)
        .select_related("order", "liaison", "shared_by")
        .filter(number=number)
        .first()
    )
    if share is None:
        raise NotFound
    return _row(share, at)


def shareable_orders(case: Case) -> list[LegalOrder]:
    """The orders that may be shown: verified, and not refused or ended (a closed one may be)."""
    return list(
        LegalOrder.objects.of(case)
        .filter(verified_at__isnull=False)
        .exclude(status__in=ORDER_FINAL - {"closed"})
        .order_by("number")
    )


def liaisons() -> "QuerySet[User]":
    """The liaisons who can log in, by agency and name."""
    return User.objects.filter(role=Role.LIAISON, is_active=True).order_by("agency", "name", "pk")
