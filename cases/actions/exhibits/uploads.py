"""Files on their way in: begun, completed, given up, and cleared away when nobody came back for them."""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import structlog
from django.conf import settings
from django.db import transaction
from django.template.defaultfilters import filesizeformat
from django.utils.translation import gettext_lazy as _

from cases import receiving
from cases.access import Grant
from cases.actions.base import ActionError, NoSuchItem, WrongMove
from cases.models import Upload
from cases.permissions import Permission
from cases.queries.exhibits import upload_in
from cases.status import CaseStatus

log = structlog.get_logger(__name__)

# Long enough to go on after a week-end; then the bytes are cleared away.
KEPT: Final = timedelta(days=4)
# Of one person at a time, over all cases.
AT_ONCE: Final = 20


@transaction.atomic
def begin_upload(*, grant: Grant, at: datetime, filename: str, size: int, announced: str = "") -> Upload:
    """Announce a file of `size` bytes. `announced`: its SHA-256 in hex, where the sender knows it already.

    Nothing is recorded yet: the exhibit that the file becomes is.
    """
    grant.require(Permission.EVIDENCE)
    if grant.case.status == CaseStatus.CLOSED:
        raise WrongMove(_("The case is closed. Re-open it first."))
    limit = settings.EXHIBIT_MAX_BYTES
    if size <= 0:
        raise ActionError(_("The file is empty."), field="file")
    if size > limit:
        raise ActionError(
            _("The file is larger than %(limit)s.") % {"limit": filesizeformat(limit)}, field="file"
        )
    if Upload.objects.filter(by=grant.user, expires_at__gt=at).count() >= AT_ONCE:
        raise ActionError(
            _("You have %(most)d unfinished uploads. Finish or give up one of them first.")
            % {"most": AT_ONCE},
            field="file",
        )
    if not receiving.has_room(size):
        raise ActionError(_("There is no room for this file. Nothing was recorded."), field="file")
    return Upload.objects.create(
        case=grant.case,
        by=grant.user,
        filename=filename,
        size=size,
        announced=announced,
        begun_at=at,
        expires_at=at + KEPT,
    )


def send_whole(*, grant: Grant, at: datetime, filename: str, size: int, chunks: Iterable[bytes]) -> Upload:
    """A file that came all at once, with a form: announced and received. Not yet hashed, nor kept for good."""
    upload = begin_upload(grant=grant, at=at, filename=filename, size=size)
    try:
        receiving.append(upload.token, offset=0, chunks=chunks, size=size)
    except OSError as error:
        log.exception("upload.not_stored")
        abandon_upload(grant=grant, at=at, token=upload.token)
        raise _no_room() from error
    return upload


def _upload_of(grant: Grant, token: UUID, *, at: datetime) -> Upload:
    """One's own unfinished upload in this case. Raises NoSuchItem."""
    found = upload_in(grant.case, grant.user, token, at=at)
    if found is None:
        raise NoSuchItem(
            _("There is no such upload, or it has expired. Choose the file again."), field="file"
        )
    return found


def keep_whole(*, grant: Grant, at: datetime, token: UUID, media_type: str) -> Upload:
    """Move a file that is here whole into the file store under its digest; done before, it stays done.

    Outside any transaction: ten gigabytes are hashed without holding a row. Raises ActionError where bytes are missing,
    or where the digest is not the one that was announced: then the bytes are cleared away, since they cannot be mended.
    """
    grant.require(Permission.EVIDENCE)
    upload = _upload_of(grant, token, at=at)
    if upload.sha256:
        return upload
    received = receiving.received(token)
    if received != upload.size:
        raise ActionError(
            _("Only %(received)s of %(size)s arrived. Send the rest first.")
            % {"received": filesizeformat(received), "size": filesizeformat(upload.size)},
            field="file",
        )
    sha256 = receiving.digest_of(token)
    if upload.announced and upload.announced != sha256:
        receiving.forget(token)
        raise ActionError(
            _("What arrived is not what was announced: its SHA-256 is %(digest)s. Send the file again.")
            % {"digest": sha256},
            field="file",
        )
    try:
        receiving.take_over(token, sha256=sha256)
    except OSError as error:
        log.exception("upload.not_stored")
        raise _no_room() from error
    upload.sha256, upload.media_type = sha256, media_type
    upload.save(update_fields=["sha256", "media_type"])
    return upload


def _no_room() -> ActionError:
    """What a person is told where the file store cannot write."""
    return ActionError(
        _("The file could not be stored: there may be no room left. Nothing was recorded."), field="file"
    )


@transaction.atomic
def abandon_upload(*, grant: Grant, at: datetime, token: UUID) -> None:
    """Give an upload up: its row goes, and its bytes."""
    grant.require(Permission.EVIDENCE)
    _upload_of(grant, token, at=at).delete()
    transaction.on_commit(lambda: receiving.forget(token))


def purge_uploads(*, now: Callable[[], datetime]) -> int:
    """Clear away what nobody came back for; how many uploads that were."""
    at = now()
    gone, _rows = Upload.objects.filter(expires_at__lte=at).delete()
    # Read after the listing: an upload that begins meanwhile has its row before its first byte.
    listed = receiving.strays(known=())
    kept = set(Upload.objects.filter(token__in=listed).values_list("token", flat=True))
    for token in listed:
        if token not in kept:
            receiving.forget(token)
    return gone
