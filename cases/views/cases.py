"""The list of cases, opening one, its overview, its facts, its status."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from cases import access
from cases.access import require_global
from cases.actions import cases as actions
from cases.actions import wallets as wallet_actions
from cases.chronology import entries
from cases.forms.cases import CaseFilterForm, CaseForm, MoveForm, NewCaseForm, TagsForm
from cases.models import Case
from cases.permissions import GlobalPermission, Permission, allows
from cases.queries import case_tasks, overview, retention
from cases.queries import cases as queries
from cases.views.base import answer_button, answer_form, bound, case_page, person_of, wants_part

LATEST_EVENTS = 8


def _url(name: str, case: Case) -> str:
    return reverse(name, args=[case.reference])


@require_GET
def case_list(request: HttpRequest) -> HttpResponse:
    """Every case that the person may see, newest change first, narrowed by what the filter says."""
    user = person_of(request)
    require_global(user, GlobalPermission.SEARCH)
    form = CaseFilterForm(request.GET)
    narrowed = queries.CaseFilter()
    if form.is_valid():
        data = form.cleaned_data
        narrowed = queries.CaseFilter(
            status=data["status"],
            typology=data["typology"],
            tag=data["tag"],
            lead=user if data["lead"] else None,
        )
    page = queries.case_list(user, narrowed, after=request.GET.get("after"), before=request.GET.get("before"))
    context = {
        "form": form,
        "page": page,
        "narrowed": narrowed != queries.CaseFilter(),
        "may_open": allows(user.role, GlobalPermission.OPEN_CASE),
    }
    return render(request, "cases/list.html", context, status=200 if form.is_valid() else 422)


@require_http_methods(["GET", "HEAD", "POST"])
def case_create(request: HttpRequest) -> HttpResponse:
    user = person_of(request)
    require_global(user, GlobalPermission.OPEN_CASE)
    form = bound(NewCaseForm, request)
    return answer_form(
        request,
        form=form,
        template="cases/create.html",
        act=lambda data: actions.open_case(by=user, at=timezone.now(), **data),
        done=lambda case: _url("case-detail", case),
        message=_("The case is open. You lead it."),
    )


@require_GET
def case_detail(request: HttpRequest, ref: str) -> HttpResponse:
    """The case at a glance. htmx asks for the balances alone while they are being read."""
    grant = access.case_for(person_of(request), ref, Permission.READ)
    now = timezone.now()
    if wants_part(request, "balances"):
        context = {"case": grant.case, "grant": grant, "holdings": overview.balances(grant.case, at=now)}
        return render(request, "cases/detail.html#balances", context)
    context = {
        "overview": overview.of_case(grant.case, at=now),
        "holdings": overview.balances(grant.case, at=now),
        "events": entries(grant.case, limit=LATEST_EVENTS),
        "retention": retention.state_of(grant.case),
        "my_tasks": case_tasks.mine_in(grant),
        "now": now,
    }
    return case_page(request, grant, "cases/detail.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def case_edit(request: HttpRequest, ref: str) -> HttpResponse:
    grant = access.case_for(person_of(request), ref, Permission.EDIT)
    case = grant.case
    form = bound(CaseForm, request, initial={name: getattr(case, name) for name in actions.EDITABLE})
    return answer_form(
        request,
        form=form,
        grant=grant,
        template="cases/edit.html",
        act=lambda data: actions.edit_case(grant=grant, at=timezone.now(), **data),
        done=lambda case: _url("case-detail", case),
        message=_("The case was changed."),
    )


@require_http_methods(["GET", "HEAD", "POST"])
def case_tags(request: HttpRequest, ref: str) -> HttpResponse:
    grant = access.case_for(person_of(request), ref, Permission.EDIT)
    tags = list(grant.case.tags.order_by("name").values_list("name", flat=True))
    form = bound(TagsForm, request, initial={"tags": tags})
    return answer_form(
        request,
        form=form,
        grant=grant,
        template="cases/tags.html",
        act=lambda data: actions.set_tags(grant=grant, at=timezone.now(), tags=data["tags"]),
        done=lambda tags: _url("case-detail", grant.case),
        message=_("The tags were changed."),
    )


@require_http_methods(["GET", "HEAD", "POST"])
def case_move(request: HttpRequest, ref: str) -> HttpResponse:
    grant = access.case_for(person_of(request), ref, Permission.MOVE)
    form = bound(MoveForm, request, case=grant.case)

    def act(data: dict[str, Any]) -> Case:
        return actions.move_case(grant=grant, at=timezone.now(), **data)

    return answer_form(
        request,
        form=form,
        grant=grant,
        template="cases/move.html",
        act=act,
        done=lambda case: _url("case-detail", case),
        message=lambda case: _("The case is now: %(status)s.") % {"status": case.get_status_display()},
    )


@require_POST
def case_refresh(request: HttpRequest, ref: str) -> HttpResponse:
    """Ask for every balance of the case now. Only rows are written; the workers do the rest."""
    grant = access.case_for(person_of(request), ref, Permission.WALLETS)
    return answer_button(
        request,
        grant=grant,
        act=lambda: wallet_actions.refresh_case(grant=grant, at=timezone.now()),
        to=_url("wallet-list", grant.case) if "wallets" in request.POST else _url("case-detail", grant.case),
        message=_("Fresh balances were asked for."),
    )
