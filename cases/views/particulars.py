"""What identifies a subject: written, seen in full, withdrawn."""

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods

from cases import access
from cases.access import Grant, NotFound
from cases.actions import particulars as actions
from cases.actions.base import ActionError
from cases.forms.particulars import ParticularForm, WithdrawForm
from cases.models import Particular
from cases.permissions import Permission
from cases.queries import particulars as queries
from cases.queries import subjects as subject_queries
from cases.views.base import UNPROCESSABLE, answer_form, bound, case_page, person_of


def _particular(grant: Grant, number: int) -> Particular:
    found = queries.of_case(grant.case).filter(number=number).first()
    if found is None:
        raise NotFound
    return found


def _page_of(row: Particular) -> str:
    return reverse("subject-detail", args=[row.case.reference, row.subject.number])


@require_http_methods(["GET", "HEAD", "POST"])
def particular_create(request: HttpRequest, ref: str, number: int) -> HttpResponse:
    grant = access.case_for(person_of(request), ref, Permission.IDENTITY)
    subject = subject_queries.subject_in(grant.case, number)
    if subject is None:
        raise NotFound
    return answer_form(
        request,
        form=bound(ParticularForm, request),
        grant=grant,
        template="subjects/particular_form.html",
        context={"subject": subject},
        act=lambda data: actions.add_particular(grant=grant, at=timezone.now(), subject=number, **data),
        done=_page_of,
        message=_("It was recorded, sealed."),
    )


@require_http_methods(["GET", "HEAD", "POST"])
def particular_view(request: HttpRequest, ref: str, number: int) -> HttpResponse:
    """GET asks whether one wants to see it; POST tells it in the record and shows it once."""
    grant = access.case_for(person_of(request), ref, Permission.IDENTITY)
    row = _particular(grant, number)
    context: dict[str, object] = {"particular": queries.shown(row), "subject": row.subject}
    if request.method != "POST":
        return case_page(request, grant, "subjects/particular.html", context)
    try:
        _row, context["value"] = actions.view_particular(grant=grant, at=timezone.now(), number=number)
    except ActionError as error:
        context["refusal"] = error.message
        return case_page(request, grant, "subjects/particular.html", context, status=UNPROCESSABLE)
    return case_page(request, grant, "subjects/particular.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def particular_withdraw(request: HttpRequest, ref: str, number: int) -> HttpResponse:
    grant = access.case_for(person_of(request), ref, Permission.IDENTITY)
    row = _particular(grant, number)
    return answer_form(
        request,
        form=bound(WithdrawForm, request),
        grant=grant,
        template="subjects/particular_withdraw.html",
        context={"particular": queries.shown(row), "subject": row.subject},
        act=lambda data: actions.withdraw_particular(grant=grant, at=timezone.now(), number=number, **data),
        done=_page_of,
        message=_("It was withdrawn. What was written stays on record."),
    )
