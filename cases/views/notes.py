"""What officers wrote down."""

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET, require_http_methods

from cases import access
from cases.actions import cases as actions
from cases.forms.cases import NoteForm
from cases.permissions import Permission
from cases.queries import notes as queries
from cases.views.base import answer_form, bound, case_page, person_of


@require_GET
def note_list(request: HttpRequest, ref: str) -> HttpResponse:
    grant = access.case_for(person_of(request), ref, Permission.READ)
    page = queries.note_list(grant.case, after=request.GET.get("after"), before=request.GET.get("before"))
    context = {"page": page, "form": NoteForm() if grant.may(Permission.NOTE) else None}
    return case_page(request, grant, "notes/list.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def note_create(request: HttpRequest, ref: str) -> HttpResponse:
    grant = access.case_for(person_of(request), ref, Permission.NOTE)
    return answer_form(
        request,
        form=bound(NoteForm, request),
        grant=grant,
        template="notes/create.html",
        act=lambda data: actions.write_note(grant=grant, at=timezone.now(), text=data["text"]),
        done=lambda note: reverse("note-list", args=[grant.case.reference]),
        message=_("The note was written."),
    )
