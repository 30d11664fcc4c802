"""Handing out a stored file: whole and unchanged, or not at all."""

from collections.abc import Callable

import structlog
from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import render
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _

from cases import storage
from cases.bytestreams import sealed_off
from cases.forms.papers import OPAQUE

log = structlog.get_logger(__name__)

# Types that a browser does nothing with but save or show; everything else is handed out as bytes.
NAMED_TYPES = frozenset({"application/pdf", "image/png", "image/jpeg", "image/tiff"})
CONFLICT = 409


def hand_out(
    request: HttpRequest,
    *,
    sha256: str,
    filename: str,
    media_type: str,
    note: Callable[[], object],
    back_url: str,
) -> HttpResponse:
    """The bytes under a digest as an attachment, once `note` has recorded that they are taken.

    The digest is checked first: bytes that changed on disk, or are gone, are a page with the reason (409), no
    download, and nothing recorded as handed out.
    """
    try:
        data = storage.read(sha256)
    except storage.Damaged:
        log.error("file.damaged", sha256=sha256)
        reason = _(
            "The stored file no longer has the digest under which it was stored. It is not handed out."
        )
    except FileNotFoundError:
        log.error("file.missing", sha256=sha256)
        reason = _("The stored file is missing. There is nothing to hand out.")
    else:
        note()
        response = HttpResponse(data, content_type=media_type if media_type in NAMED_TYPES else OPAQUE)
        response["Content-Disposition"] = content_disposition_header(True, filename) or "attachment"
        response["X-Content-Type-Options"] = "nosniff"
        return response
    context = {"reason": reason, "sha256": sha256, "back_url": back_url}
    return render(request, "exports/damaged.html", context, status=CONFLICT)


def stream_out(
    request: HttpRequest,
    *,
    sha256: str,
    size: int,
    filename: str,
    note: Callable[[], object],
    back_url: str,
) -> HttpResponseBase:
    """A file of any size as an attachment, in constant memory, once `note` has recorded that it is taken.

    All of it is read and hashed before the first byte leaves, and once more on its way: bytes that changed in between
    end the answer short of its announced length, so that nobody takes it for the file.
    """
    state = storage.check(sha256)
    if state != "intact":
        log.error("file.damaged" if state == "damaged" else "file.missing", sha256=sha256)
        reason = (
            _("The stored file no longer has the digest under which it was stored. It is not handed out.")
            if state == "damaged"
            else _("The stored file is missing. There is nothing to hand out.")
        )
        context = {"reason": reason, "sha256": sha256, "back_url": back_url}
        return render(request, "exports/damaged.html", context, status=CONFLICT)
    note()
    response = StreamingHttpResponse(storage.open_stream(sha256), content_type=OPAQUE)
    sealed_off(response, filename=filename, size=size)
    return response
