"""A breach of a freeze: what was seen, and what came of it."""

from django import forms
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods

from cases import access
from cases.actions import watchdog as actions
from cases.forms.breaches import AnswerForm
from cases.permissions import Permission
from cases.queries import breaches as queries
from cases.views.base import answer_form, bound, person_of


@require_http_methods(["GET", "HEAD", "POST"])
def detail(request: HttpRequest, ref: str, number: int) -> HttpResponse:
    """Reading it takes less leave than answering it."""
    leave = Permission.FREEZE_APPLY if request.method == "POST" else Permission.READ
    grant = access.case_for(person_of(request), ref, leave)
    breach = queries.breach_of(grant.case, number)
    form: forms.Form = bound(AnswerForm, request)
    return answer_form(
        request,
        grant=grant,
        form=form,
        template="breaches/detail.html",
        context={
            "breach": breach,
            "freeze": breach.freeze,
            "may_answer": grant.may(Permission.FREEZE_APPLY) and breach.acknowledged_at is None,
        },
        act=lambda data: actions.answer_breach(grant=grant, at=timezone.now(), number=number, **data),
        done=lambda answered: reverse("breach-detail", args=[ref, number]),
        message=_("What came of it was recorded."),
    )
