"""Accounts at the exchange: attaching them, what its books say."""

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET, require_http_methods

from cases import access
from cases.access import NotFound
from cases.actions import accounts as actions
from cases.forms.accounts import AccountForm, HoldingForm, ReportForm
from cases.models import Case, ExchangeAccount
from cases.permissions import Permission
from cases.queries import accounts as queries
from cases.queries.overview import with_holdings
from cases.views.base import answer_form, bound, case_page, person_of


def _page_of(case: Case, number: int) -> str:
    return reverse("account-detail", args=[case.reference, number])


def _account_in(case: Case, number: int) -> ExchangeAccount:
    found = queries.account_in(case, number)
    if found is None:
        raise NotFound
    return found


@require_GET
def account_list(request: HttpRequest, ref: str) -> HttpResponse:
    grant = access.case_for(person_of(request), ref, Permission.READ)
    page = queries.account_list(
        grant.case, at=timezone.now(), after=request.GET.get("after"), before=request.GET.get("before")
    )
    return case_page(request, grant, "accounts/list.html", {"page": page})


@require_GET
def account_detail(request: HttpRequest, ref: str, number: int) -> HttpResponse:
    """An account with the newest figures, and every figure that was entered."""
    grant = access.case_for(person_of(request), ref, Permission.READ)
    account = _account_in(grant.case, number)
    page = queries.holdings_of(account, after=request.GET.get("after"), before=request.GET.get("before"))
    context = {
        "account": account,
        "newest": with_holdings([account], at=timezone.now())[0].figures,
        "freezes": queries.freezes_on(grant.case, account),
        "page": page,
    }
    return case_page(request, grant, "accounts/detail.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def account_create(request: HttpRequest, ref: str) -> HttpResponse:
    grant = access.case_for(person_of(request), ref, Permission.ACCOUNTS)
    return answer_form(
        request,
        form=bound(AccountForm, request, case=grant.case),
        grant=grant,
        template="accounts/create.html",
        act=lambda data: actions.attach_account(grant=grant, at=timezone.now(), **data),
        done=lambda account: _page_of(grant.case, account.number),
        message=_("The account is attached to the case."),
    )


@require_http_methods(["GET", "HEAD", "POST"])
def account_report(request: HttpRequest, ref: str, number: int) -> HttpResponse:
    grant = access.case_for(person_of(request), ref, Permission.ACCOUNTS)
    account = _account_in(grant.case, number)
    return answer_form(
        request,
        form=bound(ReportForm, request, initial={"reported_status": account.reported_status}),
        grant=grant,
        template="accounts/report.html",
        context={"account": account},
        act=lambda data: actions.report_account_status(grant=grant, at=timezone.now(), number=number, **data),
        done=lambda account: _page_of(grant.case, account.number),
        message=_("The status was recorded."),
    )


@require_http_methods(["GET", "HEAD", "POST"])
def holding_create(request: HttpRequest, ref: str, number: int) -> HttpResponse:
    grant = access.case_for(person_of(request), ref, Permission.ACCOUNTS)
    account = _account_in(grant.case, number)
    return answer_form(
        request,
        form=bound(HoldingForm, request),
        grant=grant,
        template="accounts/holding.html",
        context={"account": account},
        act=lambda data: actions.record_holding(grant=grant, at=timezone.now(), number=number, **data),
        done=lambda holding: _page_of(grant.case, number),
        message=_("The figure was recorded."),
    )
