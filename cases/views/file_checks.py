"""Whether a file is the one that is stored here: hashed on the person's own computer, compared by its digest."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from cases.actions.orders.viewing import note_sealed_view
from cases.forms.file_checks import CheckFileForm
from cases.people.models import Role
from cases.queries.file_checks import files_with
from cases.views.base import UNPROCESSABLE, bound, person_of


@require_http_methods(["GET", "HEAD", "POST"])
def check_file(request: HttpRequest) -> HttpResponse:
    """The digest is posted, so that it stands in no URL and no log. Files of others' cases are as files that are not."""
    user, at = person_of(request), timezone.now()
    form = bound(CheckFileForm, request)
    found, asked = None, ""
    if form.is_bound and form.is_valid():
        asked = form.cleaned_data["sha256"]
        found = files_with(user, asked, at=at)
        for file in found:
            if file.order is not None and file.order.sealed:
                note_sealed_view(by=user, at=at, order=file.order, what="POST check-file", refresh=True)
    base = "base_liaison.html" if user.role == Role.LIAISON else "base.html"
    context = {"form": form, "found": found, "asked": asked, "base": base}
    return render(
        request,
        "file_checks/page.html",
        context,
        status=UNPROCESSABLE if form.is_bound and found is None else 200,
    )
