"""What a case was told of its wallets, and how small a movement is not worth telling."""

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from cases import access
from cases.access import NotFound
from cases.actions import alerts as actions
from cases.forms.alerts import AcknowledgeForm, ThresholdForm
from cases.models import Case
from cases.permissions import Permission
from cases.queries import alerts as queries
from cases.queries.breaches import breaches_in
from cases.views.base import answer_button, answer_form, bound, case_page, person_of


def _list_of(case: Case) -> str:
    return reverse("alert-list", args=[case.reference])


@require_GET
def alert_list(request: HttpRequest, ref: str) -> HttpResponse:
    """The open alerts first, then those that somebody took note of; and the thresholds."""
    grant = access.case_for(person_of(request), ref, Permission.READ)
    context = {
        "page": queries.alert_list(
            grant.case, after=request.GET.get("after"), before=request.GET.get("before")
        ),
        "thresholds": queries.thresholds_of(grant.case),
        "breaches": breaches_in(grant.case),
    }
    return case_page(request, grant, "alerts/list.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def alert_acknowledge(request: HttpRequest, ref: str, number: int) -> HttpResponse:
    grant = access.case_for(person_of(request), ref, Permission.WALLETS)
    alert = queries.alert_in(grant.case, number)
    if alert is None:
        raise NotFound
    return answer_form(
        request,
        form=bound(AcknowledgeForm, request),
        grant=grant,
        template="alerts/acknowledge.html",
        context={"alert": alert},
        act=lambda data: actions.acknowledge_alert(
            grant=grant, at=timezone.now(), number=number, note=data["note"]
        ),
        done=lambda acknowledged: _list_of(grant.case),
        message=_("You have taken note of the alert."),
    )


@require_http_methods(["GET", "HEAD", "POST"])
def threshold_set(request: HttpRequest, ref: str) -> HttpResponse:
    grant = access.case_for(person_of(request), ref, Permission.WALLETS)
    form = bound(ThresholdForm, request, case=grant.case)
    return answer_form(
        request,
        form=form,
        grant=grant,
        template="alerts/threshold.html",
        context={"thresholds": queries.thresholds_of(grant.case)},
        act=lambda data: actions.set_threshold(grant=grant, at=timezone.now(), **form.threshold()),
        done=lambda threshold: _list_of(grant.case),
        message=_("The threshold is set."),
    )


@require_POST
def threshold_remove(request: HttpRequest, ref: str) -> HttpResponse:
    """Every movement of the asset that the button names is told again."""
    grant = access.case_for(person_of(request), ref, Permission.WALLETS)
    chain, _divider, contract = request.POST.get("asset", "").partition(":")
    return answer_button(
        request,
        grant=grant,
        act=lambda: actions.remove_threshold(grant=grant, at=timezone.now(), chain=chain, contract=contract),
        to=_list_of(grant.case),
        message=_("The threshold is removed."),
    )
