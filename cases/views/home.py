"""The first page: a person's work."""

from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET

from cases.people.models import Role
from cases.permissions import GlobalPermission, allows
from cases.queries import work
from cases.status import CaseStatus
from cases.views.base import person_of


@require_GET
def home(request: HttpRequest) -> HttpResponse:
    """Due dates, signatures, alerts. A liaison starts at her matters, an administrator at the people."""
    user = person_of(request)
    if user.role == Role.LIAISON:
        return redirect("matter-list")
    if user.role == Role.ADMINISTRATOR:
        return redirect("people-list")
    now = timezone.now()
    scope = Q(case__in=work.visible_ids(user))
    wallets, failing = work.failing_wallets(scope)
    context = {
        "now": now,
        "deadlines": work.deadlines(scope, at=now),
        "to_sign": work.to_sign(user),
        "to_apply": work.to_apply(scope),
        "basis_ended": work.basis_ended(scope, at=now),
        "unverified": work.unverified(scope),
        "exports": work.exports_of(user, at=now),
        "wallets": wallets,
        "failing": failing,
        "recent": work.recent_cases(user),
        "overall": allows(user.role, GlobalPermission.READ_ALL_CASES),
        "may_open": allows(user.role, GlobalPermission.OPEN_CASE),
    }
    if context["overall"]:
        counts = work.cases_by_status(user)
        context["by_status"] = [(value, label, counts.get(value, 0)) for value, label in CaseStatus.choices]
    return render(request, "home.html", context)
