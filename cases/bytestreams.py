"""Large files over HTTP, for page and API alike: a part that comes in, and the headers with which a file leaves."""

import re
from collections.abc import Iterator
from typing import Final
from uuid import UUID

import structlog
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _

from cases import receiving

log = structlog.get_logger(__name__)

LARGEST_PART: Final = 16 << 20
WHOLE: Final = re.compile(r"[0-9]{1,15}")
_FULL: Final = 507
_UNPROCESSABLE: Final = 422
# Nothing in what is handed out may run, whoever opens it in whatever way.
SANDBOX = "sandbox; default-src 'none'; frame-ancestors 'none'"


def take_part(request: HttpRequest, token: UUID, *, size: int, whole: bool) -> HttpResponse:
    """Append the request's body: 200 with how much is here, 409 where it does not begin there, 507 where disk is full."""
    offset, length = request.headers.get("Upload-Offset", ""), request.META.get("CONTENT_LENGTH") or ""
    if not WHOLE.fullmatch(offset) or not WHOLE.fullmatch(length):
        return refused(str(_("Say in Upload-Offset where the part begins, and how long it is.")), status=400)
    if int(length) > LARGEST_PART:
        return refused(str(_("Send less at once.")), status=413)
    if whole:
        return JsonResponse({"received": size}, status=409 if int(offset) != size else 200)
    try:
        received = receiving.append(token, offset=int(offset), chunks=_body(request), size=size)
    except receiving.WrongOffset as error:
        return JsonResponse({"received": error.received}, status=409)
    except receiving.TooMuch:
        return refused(str(_("More bytes came than were announced.")))
    except OSError:
        log.exception("upload.part_not_stored")
        return refused(
            str(_("There is no room for this part. What arrived before it is kept.")), status=_FULL
        )
    return JsonResponse({"received": received})


def _body(request: HttpRequest) -> Iterator[bytes]:
    """The body as it arrives. A sender who is cut off ends it; what came is kept."""
    while True:
        try:
            chunk = request.read(1 << 16)
        except OSError:
            log.info("upload.cut")
            return
        if not chunk:
            return
        yield chunk


def refused(reason: str, *, status: int = _UNPROCESSABLE) -> JsonResponse:
    """Why not, for a script to show."""
    return JsonResponse({"reason": reason}, status=status)


def sealed_off(response: HttpResponseBase, *, filename: str, size: int) -> None:
    """The headers with which evidence leaves: as an attachment, its type hidden, in a sandbox."""
    response["Content-Length"] = str(size)
    response["Content-Disposition"] = content_disposition_header(True, filename) or "attachment"
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = SANDBOX
