"""The pages for what went wrong. A 404 has the same bytes whatever was asked for."""

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils.translation import gettext as _


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """As the doors answer for what a person may not see: unknown and invisible look the same."""
    return render(request, "404.html", status=404)


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return render(request, "403.html", status=403)


def server_error(request: HttpRequest) -> HttpResponse:
    """Drawn without the request: whatever broke may break again. A program gets a problem document (RFC 9457)."""
    if request.path_info.startswith("/api/"):
        problem = {
            "type": "urn:holdfast:problem:server-error",
            "title": _("Something went wrong here."),
            "status": 500,
            "detail": _("It is not your request's fault. Nothing of it was saved."),
        }
        return JsonResponse(problem, status=500, content_type="application/problem+json")
    return HttpResponse(render_to_string("500.html"), status=500)
