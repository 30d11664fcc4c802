"""Taking an exhibit in: its row, the first step of its chain of custody, its event, all or nothing."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from cases.access import Grant
from cases.actions.base import ActionError, NoSuchItem, event_value, lock_open_case, next_number, write_event
from cases.actions.exhibits.uploads import keep_whole
from cases.models import CustodyKind, CustodyStep, Exhibit, LegalOrder, Upload
from cases.permissions import Permission


@dataclass(frozen=True, slots=True)
class Source:
    """From whom a file came, how, and when."""

    received_from: str
    received_how: str
    received_at: datetime


def take_in(
    *,
    grant: Grant,
    at: datetime,
    upload: UUID,
    media_type: str,
    title: str,
    source: Source,
    description: str = "",
    order_number: int | None = None,
) -> Exhibit:
    """Make an exhibit of an upload whose bytes are all here: hashed and kept first, outside any transaction."""
    grant.require(Permission.EVIDENCE)
    keep_whole(grant=grant, at=at, token=upload, media_type=media_type)
    return add_exhibit(
        grant=grant,
        at=at,
        upload=upload,
        title=title,
        source=source,
        description=description,
        order_number=order_number,
    )


@transaction.atomic
def add_exhibit(
    *,
    grant: Grant,
    at: datetime,
    upload: UUID,
    title: str,
    source: Source,
    description: str = "",
    order_number: int | None = None,
) -> Exhibit:
    """Make an exhibit of an upload that is whole in the file store. Its upload goes, so it becomes one exhibit once."""
    grant.require(Permission.EVIDENCE)
    case = lock_open_case(grant, at=at)
    taken = Upload.objects.select_for_update().filter(case=case, by=grant.user, token=upload).first()
    if taken is None or taken.expires_at <= at:
        raise NoSuchItem(
            _("There is no such upload, or it has expired. Choose the file again."), field="file"
        )
    if not taken.sha256:
        raise ActionError(_("The file has not arrived whole yet."), field="file")
    if source.received_at > at:
        raise ActionError(_("This lies in the future."), field="received_at")
    order = None
    if order_number is not None:
        order = LegalOrder.objects.of(case).filter(number=order_number).first()
        if order is None:
            raise ActionError(_("The case has no such order."), field="order")
    same = Exhibit.objects.of(case).filter(order=order, sha256=taken.sha256).first()
    if same is not None:
        raise ActionError(
            _("This very file is %(exhibit)s of the case already.") % {"exhibit": same.name}, field="file"
        )
    exhibit = Exhibit.objects.create(
        case=case,
        order=order,
        number=next_number(Exhibit, case),
        title=title,
        description=description,
        received_from=source.received_from,
        received_how=source.received_how,
        received_at=source.received_at,
        filename=taken.filename,
        media_type=taken.media_type,
        sha256=taken.sha256,
        size=taken.size,
        added_at=at,
        added_by=grant.user,
    )
    CustodyStep.objects.create(
        case=case,
        exhibit=exhibit,
        position=1,
        kind=CustodyKind.RECEIVED,
        happened_at=source.received_at,
        by=grant.user,
        other_person=source.received_from[:200],
        how=source.received_how,
        sha256_before=taken.announced,
        sha256_after=taken.sha256,
    )
    announced = taken.announced
    taken.delete()
    write_event(
        grant,
        action="exhibit.added",
        at=at,
        kind="exhibit",
        number=exhibit.number,
        details={
            "title": exhibit.title,
            "description": exhibit.description,
            "order": None if order is None else order.number,
            "received_from": exhibit.received_from,
            "received_how": exhibit.received_how,
            "received_at": event_value(exhibit.received_at),
            "filename": exhibit.filename,
            "media_type": exhibit.media_type,
            "announced_sha256": announced,
            "sha256": exhibit.sha256,
            "size": event_value(exhibit.size),
        },
    )
    return exhibit
