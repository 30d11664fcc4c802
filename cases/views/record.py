"""The installation's own record, for its auditors and administrators."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from cases.access import require_global
from cases.chronology.system import system_entries
from cases.forms.record import SystemRecordFilter
from cases.permissions import GlobalPermission
from cases.views.base import person_of


@require_safe
def system_record(request: HttpRequest) -> HttpResponse:
    """The newest first. What narrows it is chosen from lists: no name is typed into a URL."""
    require_global(person_of(request), GlobalPermission.RECORD)
    form = SystemRecordFilter(request.GET or None)
    kind, person = "", None
    if form.is_bound and form.is_valid():
        kind, person = form.cleaned_data["kind"], form.cleaned_data["person"]
    page = system_entries(
        kind=kind, person=person, after=request.GET.get("after"), before=request.GET.get("before")
    )
    return render(request, "record/system.html", {"page": page, "filter": form})
