"""Whom a case is about."""

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET, require_http_methods

from cases import access
from cases.access import NotFound
from cases.actions import subjects as actions
from cases.forms.subjects import SubjectForm
from cases.models import Case, Subject
from cases.permissions import Permission
from cases.queries import subjects as queries
from cases.queries.particulars import of_subject
from cases.views.base import answer_form, bound, case_page, person_of


def _page_of(case: Case, subject: Subject) -> str:
    return reverse("subject-detail", args=[case.reference, subject.number])


def _subject_in(case: Case, number: int) -> Subject:
    found = queries.subject_in(case, number)
    if found is None:
        raise NotFound
    return found


@require_GET
def subject_list(request: HttpRequest, ref: str) -> HttpResponse:
    grant = access.case_for(person_of(request), ref, Permission.READ)
    page = queries.subject_list(grant.case, after=request.GET.get("after"), before=request.GET.get("before"))
    return case_page(request, grant, "subjects/list.html", {"page": page})


@require_GET
def subject_detail(request: HttpRequest, ref: str, number: int) -> HttpResponse:
    """A subject with the wallets and accounts that are attributed to her."""
    grant = access.case_for(person_of(request), ref, Permission.READ)
    subject = _subject_in(grant.case, number)
    context = {
        "subject": subject,
        "related": queries.related_to(subject, at=timezone.now()),
        "particulars": of_subject(subject),
    }
    return case_page(request, grant, "subjects/detail.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def subject_create(request: HttpRequest, ref: str) -> HttpResponse:
    grant = access.case_for(person_of(request), ref, Permission.EDIT)
    return answer_form(
        request,
        form=bound(SubjectForm, request),
        grant=grant,
        template="subjects/form.html",
        act=lambda data: actions.add_subject(grant=grant, at=timezone.now(), **data),
        done=lambda subject: _page_of(grant.case, subject),
        message=_("The subject was added."),
    )


@require_http_methods(["GET", "HEAD", "POST"])
def subject_edit(request: HttpRequest, ref: str, number: int) -> HttpResponse:
    grant = access.case_for(person_of(request), ref, Permission.EDIT)
    subject = _subject_in(grant.case, number)
    form = bound(SubjectForm, request, initial={name: getattr(subject, name) for name in actions.FIELDS})
    return answer_form(
        request,
        form=form,
        grant=grant,
        template="subjects/form.html",
        context={"subject": subject},
        act=lambda data: actions.edit_subject(grant=grant, at=timezone.now(), number=number, **data),
        done=lambda subject: _page_of(grant.case, subject),
        message=_("The subject was changed."),
    )
