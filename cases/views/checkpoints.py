"""The signed tree over the record: its newest checkpoint, its keys, and where checkpoints went. Nothing is changed here."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from cases.access import NotFound, require_global
from cases.audit.tree.checkpoints import newest
from cases.permissions import GlobalPermission
from cases.publishing import file_name
from cases.queries import checkpoints as queries
from cases.views.base import person_of


@require_safe
def overview(request: HttpRequest) -> HttpResponse:
    require_global(person_of(request), GlobalPermission.SETTINGS)
    return render(request, "checkpoints/overview.html", {"state": queries.record_state(at=timezone.now())})


@require_safe
def note(request: HttpRequest) -> HttpResponse:
    """The newest checkpoint as it was signed, byte for byte."""
    require_global(person_of(request), GlobalPermission.SETTINGS)
    last = newest()
    if last is None:
        raise NotFound
    return _attached(last.note, f"holdfast-checkpoint-{file_name(last)}")


@require_safe
def keys(request: HttpRequest) -> HttpResponse:
    """The public keys, in the form that other tools read."""
    require_global(person_of(request), GlobalPermission.SETTINGS)
    return _attached(queries.keys_text(), "holdfast-public-keys.txt")


def _attached(text: str, filename: str) -> HttpResponse:
    response = HttpResponse(text, content_type="text/plain; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{filename}"'
    response["X-Content-Type-Options"] = "nosniff"
    return response
