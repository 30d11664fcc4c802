"""What the exchange's own system was asked in a case, asking it again, and the checklist of the way by hand."""

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from cases import access
from cases.actions import connectors as actions
from cases.connectors import is_configured
from cases.forms.connectors import RetryForm
from cases.permissions import Permission
from cases.queries import connectors as queries
from cases.queries.freezes import freeze_of
from cases.views.base import answer_button, answer_form, bound, case_page, person_of


@require_safe
def call_list(request: HttpRequest, ref: str) -> HttpResponse:
    grant = access.case_for(person_of(request), ref, Permission.READ)
    page = queries.call_list(grant.case, after=request.GET.get("after"), before=request.GET.get("before"))
    context = {"page": page, "configured": is_configured()}
    return case_page(request, grant, "connectors/list.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def call_retry(request: HttpRequest, ref: str, number: int) -> HttpResponse:
    grant = access.case_for(person_of(request), ref, Permission.FREEZE_APPLY)
    call = queries.one_call(grant.case, number)
    return answer_form(
        request,
        grant=grant,
        form=bound(RetryForm, request),
        template="connectors/retry.html",
        context={"call": call},
        act=lambda data: actions.retry_call(grant=grant, at=timezone.now(), number=number, **data),
        done=lambda found: reverse("freeze-detail", args=[ref, call.freeze.number]),
        message=_("It is asked again."),
    )


@require_POST
def ask_status(request: HttpRequest, ref: str, number: int) -> HttpResponse:
    grant = access.case_for(person_of(request), ref, Permission.FREEZE_APPLY)
    freeze_of(grant.case, number)
    return answer_button(
        request,
        grant=grant,
        act=lambda: actions.ask_for_status(grant=grant, at=timezone.now(), number=number),
        to=reverse("freeze-detail", args=[ref, number]),
        message=_("The exchange's own system is asked how the hold stands."),
    )


@require_POST
def tick(request: HttpRequest, ref: str, number: int) -> HttpResponse:
    grant = access.case_for(person_of(request), ref, Permission.FREEZE_APPLY)
    freeze_of(grant.case, number)
    return answer_button(
        request,
        grant=grant,
        act=lambda: actions.tick_item(
            grant=grant, at=timezone.now(), number=number, item=request.POST.get("item", "")
        ),
        to=reverse("freeze-detail", args=[ref, number]) + "#checklist",
        message=_("The item is ticked."),
    )
