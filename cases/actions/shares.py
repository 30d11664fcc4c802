"""Showing a matter to a liaison, and ending it."""

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from cases.access import Grant
from cases.actions.base import ActionError, NoSuchItem, event_value, lock_case, next_number, write_event
from cases.actions.orders import order_in
from cases.models import MatterShare
from cases.people.models import Role, User
from cases.permissions import Permission
from cases.status import ORDER_FINAL


@transaction.atomic
def share_matter(
    *,
    grant: Grant,
    at: datetime,
    order_number: int,
    liaison: User,
    purpose: str,
    ends_at: datetime | None = None,
) -> MatterShare:
    """Let a liaison see one order, what rests on it, and export that. Nothing else of the case."""
    grant.require(Permission.SHARE)
    case = lock_case(grant, at=at)
    order = order_in(case, order_number)
    if liaison.role != Role.LIAISON or not liaison.is_active:
        raise ActionError(_("A matter is shared with a liaison."), field="liaison")
    if order.verified_at is None or order.status in ORDER_FINAL - {"closed"}:
        raise ActionError(
            _("Only a verified order that has not been refused or ended is shared."), field="order"
        )
    if not purpose.strip():
        raise ActionError(_("State the purpose."), field="purpose")
    if ends_at is not None and ends_at <= at:
        raise ActionError(_("This lies in the past."), field="ends_at")
    standing = MatterShare.objects.select_for_update(of=("self",)).filter(
        order=order, liaison=liaison, ended_at__isnull=True
    )
    for share in standing:
        if share.ends_at is None or share.ends_at > at:
            raise ActionError(_("This matter is shared with her already."), field="liaison")
        # It lapsed by its own date; the row is closed so that a new share can stand beside it.
        share.ended_at, share.ended_by = at, grant.user
        share.save(update_fields=["ended_at", "ended_by"])
    share = MatterShare.objects.create(
        case=case,
        number=next_number(MatterShare, case),
        order=order,
        liaison=liaison,
        purpose=purpose.strip(),
        shared_at=at,
        shared_by=grant.user,
        ends_at=ends_at,
    )
    write_event(
        grant,
        action="matter.shared",
        at=at,
        kind="share",
        number=share.number,
        details={
            "order": order.number,
            "liaison": event_value(liaison),
            "agency": liaison.agency,
            "purpose": share.purpose,
            "ends_at": event_value(ends_at),
        },
    )
    return share


@transaction.atomic
def end_share(*, grant: Grant, at: datetime, number: int, reason: str) -> MatterShare:
    """End a share at once."""
    grant.require(Permission.SHARE)
    case = lock_case(grant, at=at)
    share = MatterShare.objects.of(case).select_for_update(of=("self",)).filter(number=number).first()
    if share is None:
        raise NoSuchItem(_("The case has no such share."))
    if share.ended_at is not None:
        raise ActionError(_("It has ended already."))
    if not reason.strip():
        raise ActionError(_("Give the reason."), field="reason")
    share.ended_at, share.ended_by = at, grant.user
    share.save(update_fields=["ended_at", "ended_by"])
    write_event(
        grant,
        action="matter.share_ended",
        at=at,
        kind="share",
        number=number,
        details={"reason": reason.strip()},
    )
    return share
