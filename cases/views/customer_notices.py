"""Whether a customer may be told, why, and that one was."""

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods

from cases import access
from cases.actions import customer_notices as actions
from cases.forms.customer_notices import CustomerNoticeForm
from cases.permissions import Permission
from cases.queries import customer_notices as queries
from cases.status import CaseStatus
from cases.views.base import answer_form, bound, person_of


@require_http_methods(["GET", "HEAD", "POST"])
def customer_notices(request: HttpRequest, ref: str) -> HttpResponse:
    leave = Permission.NOTE if request.method == "POST" else Permission.READ
    grant = access.case_for(person_of(request), ref, leave)
    now = timezone.now()
    return answer_form(
        request,
        grant=grant,
        form=bound(CustomerNoticeForm, request, case=grant.case),
        template="customer_notices/list.html",
        context={
            "answer": queries.answer_for(grant.case, at=now),
            "notices": queries.notices_in(grant.case),
            "may_record": grant.may(Permission.NOTE) and grant.case.status != CaseStatus.CLOSED,
            "now": now,
        },
        act=lambda data: actions.record_customer_notice(grant=grant, at=timezone.now(), **data),
        done=lambda notice: reverse("customer-notices", args=[ref]),
        message=_("The notice was recorded."),
    )
