"""Wallets through a case: attach, look, refresh, take out."""

import json

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from cases import access
from cases.access import NotFound
from cases.actions import wallets as actions
from cases.forms.wallets import DetachForm, WalletForm
from cases.models import Case, CaseWallet
from cases.permissions import Permission
from cases.queries import wallets as queries
from cases.views.base import answer_button, answer_form, bound, case_page, person_of, wants_part
from wallets.amounts import to_text
from wallets.chains import CHAINS
from wallets.snapshots import proofs_of


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
    row = queries.rows_for([attached], at=timezone.now())[0]
    context = {
        "wallet": attached,
        "row": row,
        "page": queries.history(attached, after=after, before=before),
        "chain": CHAINS.get(attached.wallet.chain),
    }
    if wants_part(request, "looks"):
        context |= {"case": grant.case, "grant": grant}
        return render(request, "wallets/detail.html#looks", context)
    context["freezes"] = queries.freezes_on(grant.case, attached)
    context["curves"] = [_curve(grant.case, attached, series) for series in queries.series_of(attached, row)]
    return case_page(request, grant, "wallets/detail.html", context)


def _curve(case: Case, attached: CaseWallet, series: queries.Series) -> dict[str, object]:
    """A balance over time for the eye: times in seconds, amounts as exact text, and each point's proof."""
    points: list[dict[str, object]] = [
        {
            "at": int(reading.taken_at.timestamp()),
            "amount": to_text(reading.amount, series.asset.decimals, group=True),
            "to": reverse(
                "wallet-reading", args=[case.reference, attached.number, reading.batch_id, series.asset.pk]
            ),
        }
        for reading in series.readings
    ]
    last = series.readings[-1]
    if series.until is not None and series.until > last.taken_at:
        points.append({**points[-1], "at": int(series.until.timestamp()), "same": True})
    return {"series": series, "points": json.dumps(points)}


@require_GET
def wallet_reading(request: HttpRequest, ref: str, number: int, look: int, asset: int) -> HttpResponse:
    """One reading and what proves it: block, sources, digests, and the answer as far as it is about this wallet."""
    grant = access.case_for(person_of(request), ref, Permission.READ)
    attached = _wallet_in(grant.case, number)
    reading = queries.reading_of(attached, look, asset)
    if reading is None:
        raise NotFound
    before = reading.before_batch
    context = {
        "wallet": attached,
        "reading": reading,
        "look": reading.batch,
        # What was seen before the wallet hung on this case is not this case's to know.
        "before": before if before is not None and before.taken_at >= attached.attached_at else None,
        "proofs": proofs_of(reading),
        "told": queries.told_of_look(look),
        "command": (
            f"manage.py reread_readings --chain {attached.wallet.chain} "
            f"--address {attached.wallet.address} --look {look}"
        ),
        "chain": CHAINS.get(attached.wallet.chain),
    }
    return case_page(request, grant, "wallets/reading.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def wallet_create(request: HttpRequest, ref: str) -> HttpResponse:
    """An address, then the chains that it fits, then all that were chosen at once; htmx asks for the chains alone."""
    grant = access.case_for(person_of(request), ref, Permission.WALLETS)
    part = wants_part(request, "chains")
    form = bound(WalletForm, request, case=grant.case, afresh=part)
    if part:
        return render(
            request, "wallets/create.html#chains", {"case": grant.case, "grant": grant, "form": form}
        )
    if form.proposing:
        return case_page(request, grant, "wallets/create.html", {"form": form})
    return answer_form(
        request,
        form=form,
        grant=grant,
        template="wallets/create.html",
        act=lambda data: actions.attach_wallets(grant=grant, at=timezone.now(), **data),
        done=lambda attached: (
            _page_of(grant.case, attached[0].number)
            if len(attached) == 1
            else reverse("wallet-list", args=[grant.case.reference])
        ),
        message=_attached_message,
    )


def _attached_message(attached: list[CaseWallet]) -> str:
    return ngettext(
        "The wallet is attached. Its balances are being asked for.",
        "%(count)d wallets are attached. Their balances are being asked for.",
        len(attached),
    ) % {"count": len(attached)}


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
