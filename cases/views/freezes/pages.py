"""Freezes of a case: the list, proposing one, and one freeze with all that became of it."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _now
from django.views.decorators.http import require_http_methods, require_safe

from cases import access
from cases.access import Grant
from cases.actions import freezes as actions
from cases.actions.base import ActionError
from cases.chronology import entries
from cases.forms.freezes import (
    FreezeEntry,
    TargetForm,
)
from cases.permissions import Permission
from cases.queries import freezes as queries
from cases.queries.breaches import breaches_on
from cases.queries.connectors import at_exchange
from cases.queries.life import life_of
from cases.queries.other_freezes import other_freezes_on
from cases.views.base import UNPROCESSABLE, case_page, person_of, refuse, see_other
from cases.views.freezes.base import url_of
from cases.views.steps import steps_of_freeze


@require_safe
def freeze_list(request: HttpRequest, ref: str) -> HttpResponse:
    grant = access.case_for(person_of(request), ref, Permission.READ)
    page = queries.freeze_list(grant.case, after=request.GET.get("after"), before=request.GET.get("before"))
    return case_page(request, grant, "freezes/list.html", {"page": page, "now": timezone.now()})


@require_http_methods(["GET", "HEAD", "POST"])
def create(request: HttpRequest, ref: str) -> HttpResponse:
    """First the target (it decides which assets can be asked for), then the proposal itself."""
    grant = access.case_for(person_of(request), ref, Permission.FREEZE_PROPOSE)
    named = request.POST.get("target") if request.method == "POST" else request.GET.get("target")
    if not named:
        return _choose_target(request, grant)
    at = timezone.now()
    target = queries.target_of(grant.case, named, at=at)
    entry = FreezeEntry(
        target=target,
        duties=queries.live_duties(grant.case),
        wrong=queries.uncorrected(grant.case),
        data=request.POST if request.method == "POST" else None,
    )
    if entry.is_bound and entry.is_valid():
        try:
            freeze = actions.propose_freeze(grant=grant, at=at, **entry.proposal())
        except ActionError as error:
            refuse(entry.form, error)
        else:
            messages.success(request, _now("The freeze was proposed. Somebody else decides on it."))
            return see_other(url_of(grant, freeze.number))
    status = UNPROCESSABLE if entry.is_bound else 200
    context = {"entry": entry, "target": target}
    return case_page(request, grant, "freezes/form.html", context, status=status)


def _choose_target(request: HttpRequest, grant: Grant) -> HttpResponse:
    wallets, accounts = queries.targets_of(grant.case)
    asked = request.method == "POST" or "target" in request.GET
    form = TargetForm({"target": ""} if asked else None, wallets=wallets, accounts=accounts)
    context = {"form": form, "any": bool(wallets or accounts)}
    return case_page(request, grant, "freezes/choose.html", context, status=UNPROCESSABLE if asked else 200)


# ── One freeze ────────────────────────────────────────────────────────────────────────────────────────────


@require_safe
def detail(request: HttpRequest, ref: str, number: int) -> HttpResponse:
    grant = access.case_for(person_of(request), ref, Permission.READ)
    at = timezone.now()
    content = queries.freeze_content(queries.freeze_of(grant.case, number), at=at)
    context = {
        "freeze": content.freeze,
        "content": content,
        "basis": content.basis,
        "lapsed": content.basis.lapsed(at),
        "steps": steps_of_freeze(content, grant),
        "life": life_of(content.freeze),
        "breaches": breaches_on(grant.case, content.freeze),
        "connector": at_exchange(content.freeze),
        "others": other_freezes_on(content.freeze, grant.user),
        "entries": entries(grant.case, about=("freeze", number)),
        "now": at,
    }
    return case_page(request, grant, "freezes/detail.html", context)
