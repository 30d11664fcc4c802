"""The pages for what went wrong. A 404 has the same bytes whatever was asked for."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """As the doors answer for what a person may not see: unknown and invisible look the same."""
    return render(request, "404.html", status=404)


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return render(request, "403.html", status=403)


def server_error(request: HttpRequest) -> HttpResponse:
    """Drawn without the request: whatever broke may break again."""
    return HttpResponse(render_to_string("500.html"), status=500)
