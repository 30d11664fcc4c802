"""Wallets through a case: attach, look, refresh, take out."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from cases import access
from cases.access import NotFound
from cases.actions import wallets as actions
from cases.forms.wallets import DetachForm, WalletForm
from cases.models import Case, CaseWallet
from cases.permissions import Permission
from cases.queries import wallets as queries
from cases.views.base import answer_button, answer_form, bound, case_page, person_of, wants_part
from wallets.chains import CHAINS


def _page_of(case: Case, number: int) -> str:
    return reverse("wallet-detail", args=[case.reference, number])


def _wallet_in(case: Case, number: int) -> CaseWallet:
    found = queries.wallet_in(case, number)
    if found is None:
        raise NotFound
    return found


@require_GET
def wallet_list(request: HttpRequest, ref: str) -> HttpResponse:
    """The attached wallets with their balances; htmx asks again while they are being read."""
    grant = access.case_for(person_of(request), ref, Permission.READ)
    now = timezone.now()
    after, before = request.GET.get("after"), request.GET.get("before")
    context = {
        "page": queries.wallet_list(grant.case, at=now, after=after, before=before),
        "refresh": queries.refresh_state(grant.case, at=now),
    }
    if wants_part(request, "balances"):
        context |= {"case": grant.case, "grant": grant}
        return render(request, "wallets/list.html#balances", context)
    context["detached"] = queries.detached_from(grant.case)
    return case_page(request, grant, "wallets/list.html", context)


@require_GET
def wallet_detail(request: HttpRequest, ref: str, number: int) -> HttpResponse:
    """A wallet: what is known now, how far a refresh has come, everything that was read for this case."""
    grant = access.case_for(person_of(request), ref, Permission.READ)
    attached = _wallet_in(grant.case, number)
    after, before = request.GET.get("after"), request.GET.get("before")
    context = {
        "wallet": attached,
        "row": queries.rows_for([attached], at=timezone.now())[0],
        "page": queries.history(attached, after=after, before=before),
        "chain": CHAINS.get(attached.wallet.chain),
    }
    if wants_part(request, "live"):
        context |= {"case": grant.case, "grant": grant}
        return render(request, "wallets/detail.html#live", context)
    context["freezes"] = queries.freezes_on(attached)
    return case_page(request, grant, "wallets/detail.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def wallet_create(request: HttpRequest, ref: str) -> HttpResponse:
    grant = access.case_for(person_of(request), ref, Permission.WALLETS)
    return answer_form(
        request,
        form=bound(WalletForm, request, case=grant.case),
        grant=grant,
        template="wallets/create.html",
        act=lambda data: actions.attach_wallet(grant=grant, at=timezone.now(), **data),
        done=lambda attached: _page_of(grant.case, attached.number),
        message=_("The wallet is attached. Its balances are being asked for."),
    )


@require_POST
def wallet_refresh(request: HttpRequest, ref: str, number: int) -> HttpResponse:
    """Ask for this wallet's balances now. Only rows are written; the workers do the rest."""
    grant = access.case_for(person_of(request), ref, Permission.WALLETS)
    _wallet_in(grant.case, number)
    return answer_button(
        request,
        grant=grant,
        act=lambda: actions.refresh_wallet(grant=grant, at=timezone.now(), number=number),
        to=_page_of(grant.case, number),
    )


@require_http_methods(["GET", "HEAD", "POST"])
def wallet_detach(request: HttpRequest, ref: str, number: int) -> HttpResponse:
    grant = access.case_for(person_of(request), ref, Permission.WALLETS)
    attached = _wallet_in(grant.case, number)
    if attached.detached_at is not None:
        raise NotFound
    return answer_form(
        request,
        form=bound(DetachForm, request),
        grant=grant,
        template="wallets/detach.html",
        context={"wallet": attached},
        act=lambda data: actions.detach_wallet(
            grant=grant, at=timezone.now(), number=number, reason=data["reason"]
        ),
        done=lambda attached: reverse("wallet-list", args=[grant.case.reference]),
        message=_("The wallet was taken out of the case. It stays in the record."),
    )
