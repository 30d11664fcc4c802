"""From which amounts two approve: what counts, what counted, and the administrator's way to set it."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_safe

from cases.access import require_global
from cases.actions.freezes import set_approval_threshold
from cases.forms.freeze_life import ThresholdForm
from cases.permissions import GlobalPermission, allows
from cases.queries.thresholds import current_thresholds, threshold_history
from cases.views.base import answer_form, bound, person_of


@require_safe
def threshold_list(request: HttpRequest) -> HttpResponse:
    person = person_of(request)
    require_global(person, GlobalPermission.SETTINGS)
    context = {
        "rows": current_thresholds(),
        "history": threshold_history(),
        "may_set": allows(person.role, GlobalPermission.THRESHOLDS),
    }
    return render(request, "settings/approvals.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def threshold_set(request: HttpRequest) -> HttpResponse:
    administrator = person_of(request)
    require_global(administrator, GlobalPermission.THRESHOLDS)
    return answer_form(
        request,
        form=bound(ThresholdForm, request),
        template="settings/approval_form.html",
        act=lambda data: set_approval_threshold(by=administrator, at=timezone.now(), **data),
        done=lambda row: reverse("approval-thresholds"),
        message=_("The threshold was recorded. It counts for what is proposed from now on."),
    )
