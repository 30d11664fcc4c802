"""The pages for what went wrong. A 404 has the same bytes whatever was asked for."""

import sys

import structlog
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils.translation import gettext as _

from cases.refusals import UNWRITTEN

log = structlog.get_logger(__name__)
RETRY_AFTER_S = 30


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """As the doors answer for what a person may not see: unknown and invisible look the same."""
    return render(request, "404.html", status=404)


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return render(request, "403.html", status=403)


def unavailable(request: HttpRequest) -> HttpResponse:
    """503 where the database, or the record in it, could not be written: nothing was changed, nothing served."""
    log.error("database.unwritten", path=request.path_info, exc_info=True)
    response: HttpResponse
    if request.path_info.startswith("/api/"):
        problem = {
            "type": "urn:holdfast:problem:not-recorded",
            "title": _("It could not be written."),
            "status": 503,
            "detail": _(
                "What is not in the record does not happen: nothing was changed, and nothing was handed out."
            ),
        }
        response = JsonResponse(problem, status=503, content_type="application/problem+json")
    else:
        response = HttpResponse(render_to_string("503.html"), status=503)
    response["Retry-After"] = str(RETRY_AFTER_S)
    return response


def server_error(request: HttpRequest) -> HttpResponse:
    """Drawn without the request: whatever broke may break again. A program gets a problem document (RFC 9457)."""
    if isinstance(sys.exc_info()[1], UNWRITTEN):
        return unavailable(request)
    if request.path_info.startswith("/api/"):
        problem = {
            "type": "urn:holdfast:problem:server-error",
            "title": _("Something went wrong here."),
            "status": 500,
            "detail": _("It is not your request's fault. Nothing of it was saved."),
        }
        return JsonResponse(problem, status=500, content_type="application/problem+json")
    return HttpResponse(render_to_string("500.html"), status=500)
