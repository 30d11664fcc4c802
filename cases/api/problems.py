"""Every refusal as a problem document (RFC 9457, `application/problem+json`).

400 the request is malformed · 401 no valid token · 403 seen, but not allowed (recorded) · 404 unknown or invisible, the
same bytes for both · 409 the status does not allow it now · 422 understood, but a field or a rule refuses.
"""

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from django.core.exceptions import RequestDataTooBig, SuspiciousOperation
from django.http import Http404, UnreadablePostError
from django.utils import timezone
from django.utils.translation import gettext as _
from rest_framework import exceptions
from rest_framework.response import Response

from cases import storage
from cases.access import Denied, Disposed, NotFound, record_denial
from cases.actions.base import ActionError, CaseClosed, NoSuchItem, WrongMove
from cases.actions.freezes import NoLiveBasis, OwnApproval
from cases.refusals import UNWRITTEN
from cases.storage import Unreachable

log = logging.getLogger(__name__)

MEDIA_TYPE: Final = "application/problem+json"


@dataclass(frozen=True)
class Problem:
    """One refusal. `kind` ends the type URN; `errors` stand beside fields, as dotted paths into the request."""

    status: int
    kind: str
    title: str
    detail: str = ""
    errors: tuple[dict[str, str | None], ...] = ()

    def document(self) -> dict[str, object]:
        """The members of RFC 9457, and `errors`."""
        document: dict[str, object] = {
            "type": f"urn:holdfast:problem:{self.kind}",
            "title": self.title,
            "status": self.status,
            "detail": self.detail,
        }
        if self.errors:
            document["errors"] = list(self.errors)
        return document


class MissingKey(exceptions.APIException):
    """A POST without a usable Idempotency-Key."""

    status_code = 400
    default_code = "idempotency-key"


class KeyReused(exceptions.APIException):
    """The key was used before for another request."""

    status_code = 422
    default_code = "idempotency-key-reused"


def handle(error: Exception, context: dict[str, Any]) -> Response | None:
    """DRF's exception handler. Called once the refused request's transaction is gone; None lets the error through."""
    found = _problem(error, context)
    if found is None:
        return None
    response = Response(found.document(), status=found.status, content_type=MEDIA_TYPE)
    if found.status == 503:
        response["Retry-After"] = "30"
    if isinstance(error, exceptions.APIException):
        challenge = getattr(error, "auth_header", None)
        if challenge:
            response["WWW-Authenticate"] = challenge
    return response


def _problem(error: Exception, context: dict[str, Any]) -> Problem | None:
    if isinstance(error, NotFound | Http404 | exceptions.NotFound):
        return not_found()
    if isinstance(error, Disposed):
        return Problem(
            410,
            "disposed",
            _("The case was disposed of."),
            _("Its retention was over. What remains of it is at GET disposed-cases."),
        )
    if isinstance(error, Denied):
        request = context["request"]
        match = request.resolver_match
        name = match.view_name if match is not None else ""
        record_denial(error, at=timezone.now(), what=f"{request.method} {name}")
        return forbidden()
    if isinstance(error, ActionError):
        return _refused_by_rule(error)
    if isinstance(error, exceptions.ValidationError):
        return Problem(
            422,
            "invalid",
            _("The request is not valid."),
            _("Some fields were refused; see errors."),
            tuple(_field_errors(error.detail)),
        )
    if isinstance(error, exceptions.APIException):
        return _of_framework(error)
    if isinstance(error, RequestDataTooBig):
        return Problem(413, "too-large", _("The request is too large."), _("Send less at once."))
    if isinstance(error, SuspiciousOperation | UnreadablePostError):
        return Problem(400, "malformed", _("The request is malformed."), _("It could not be read."))
    if isinstance(error, (*UNWRITTEN, Unreachable)):
        log.error("the database or the record could not be written", exc_info=error)
        return Problem(
            503,
            "not-recorded",
            _("It could not be written."),
            _("What is not in the record does not happen: nothing was changed, and nothing was handed out."),
        )
    if isinstance(error, storage.Damaged):
        log.error("a stored file is damaged or gone: %s", error)
        return Problem(
            409,
            "damaged-file",
            _("The stored file is damaged."),
            _(
                "The bytes on disk no longer fit the SHA-256 on record. Nothing was sent. Tell the administrator."
            ),
        )
    return None


def not_found() -> Problem:
    """The one answer for what does not exist and for what this person must not know of."""
    return Problem(404, "not-found", _("Not found."), _("There is no such thing for you."))


def forbidden() -> Problem:
    """Seen, but not allowed."""
    return Problem(
        403, "forbidden", _("Not allowed."), _("Your role or your place in the case does not allow this.")
    )


def _refused_by_rule(error: ActionError) -> Problem:
    message = str(error.message)
    errors: tuple[dict[str, str | None], ...] = ()
    if error.field is not None:
        errors = ({"field": error.field, "message": message, "code": _code(error)},)
    if isinstance(error, CaseClosed):
        return Problem(409, "case-closed", _("The case is closed."), message, errors)
    if isinstance(error, WrongMove):
        return Problem(409, "wrong-move", _("The status does not allow this."), message, errors)
    if isinstance(error, OwnApproval):
        return Problem(422, "own-approval", _("A second person has to decide."), message, errors)
    if isinstance(error, NoLiveBasis):
        return Problem(422, "no-live-basis", _("What this rests on has ended."), message, errors)
    return Problem(422, "refused", _("A rule refuses this."), message, errors)


def _code(error: ActionError) -> str:
    if isinstance(error, NoSuchItem):
        return "no-such-item"
    if isinstance(error, NoLiveBasis):
        return "no-live-basis"
    return "refused"


def _of_framework(error: exceptions.APIException) -> Problem:
    detail = str(error.detail)
    match error.status_code:
        case 400 if isinstance(error, MissingKey):
            return Problem(
                400, "idempotency-key", _("The Idempotency-Key is missing or has a wrong form."), detail
            )
        case 400:
            return Problem(400, "malformed", _("The request is malformed."), detail)
        case 401:
            return Problem(401, "unauthenticated", _("A valid token is needed."), detail)
        case 403:
            return forbidden()
        case 405:
            return Problem(405, "method-not-allowed", _("This is not done here."), detail)
        case 413:
            return Problem(413, "too-large", _("The request is too large."), _("Send less at once."))
        case 415:
            return Problem(415, "unsupported-media-type", _("This kind of body is not read here."), detail)
        case 422:
            return Problem(
                422, "idempotency-key-reused", _("The Idempotency-Key belongs to another request."), detail
            )
        case status:
            return Problem(status, "refused", _("The request was refused."), detail)


def _field_errors(detail: Any, path: str = "") -> Iterator[dict[str, str | None]]:
    """DRF's nested error details as a flat list; what belongs to no single field has `field` null."""
    if isinstance(detail, dict):
        for name, inner in detail.items():
            if str(name) == "non_field_errors":
                yield from _field_errors(inner, path)
            else:
                yield from _field_errors(inner, f"{path}.{name}" if path else str(name))
    elif isinstance(detail, list):
        for index, inner in enumerate(detail):
            # A list of texts speaks of the field itself; a list of lists or objects, of its items.
            if isinstance(inner, dict | list):
                yield from _field_errors(inner, f"{path}.{index}" if path else str(index))
            else:
                yield from _field_errors(inner, path)
    else:
        yield {"field": path or None, "message": str(detail), "code": getattr(detail, "code", None)}
