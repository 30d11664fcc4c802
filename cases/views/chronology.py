"""The record of a case, read as a chronology."""

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_GET

from cases import access
from cases.audit.models import Stream
from cases.chronology import entries
from cases.permissions import Permission
from cases.queries.paging import Page
from cases.views.base import case_page, person_of

SIZE = 50


def _number(text: str | None) -> int | None:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 19 else None


@require_GET
def chronology(request: HttpRequest, ref: str) -> HttpResponse:
    """The newest first. The sequence has no gaps, so that a page is found by counting from its edge."""
    grant = access.case_for(person_of(request), ref, Permission.READ)
    length = Stream.objects.values_list("length", flat=True).get(pk=grant.case.stream_id)
    below = _number(request.GET.get("after"))
    above = _number(request.GET.get("before"))
    if above is not None:
        below = above + SIZE + 1
    if below is not None and below > length:
        below = None
    shown = entries(grant.case, limit=SIZE, before=below)
    page = Page(
        shown,
        str(shown[-1].sequence) if shown and shown[-1].sequence > 1 else None,
        str(shown[0].sequence) if shown and shown[0].sequence < length else None,
    )
    return case_page(request, grant, "cases/chronology.html", {"page": page, "length": length})
