"""Transfers out of a freeze: proposing one, signing it, sending it, and what the chain says of it."""

from collections.abc import Callable
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_safe

from cases import access
from cases.access import Grant
from cases.actions import freezes as actions
from cases.chronology import entries
from cases.forms.freeze_life import DecideForm, ReceiptForm, SentForm, TransferForm
from cases.forms.freezes import PlainForm, ReasonForm
from cases.models import ObligationKind, Transfer
from cases.permissions import Permission
from cases.queries import freezes as queries
from cases.queries import life
from cases.queries.held import held_of
from cases.views.base import answer_form, bound, case_page, person_of
from cases.views.freezes.base import Text, step_context
from cases.views.steps import is_possible, steps_of_transfer, transfer_hindrance


def _url_of(grant: Grant, transfer: Transfer) -> str:
    return reverse("transfer-detail", args=[grant.case.reference, transfer.number])


@require_http_methods(["GET", "HEAD", "POST"])
def create(request: HttpRequest, ref: str, number: int) -> HttpResponse:
    grant = access.case_for(person_of(request), ref, Permission.FREEZE_PROPOSE)
    at = timezone.now()
    content = queries.freeze_content(queries.freeze_of(grant.case, number), at=at)
    freeze, held = content.freeze, held_of(content.freeze.pk)
    duties = [duty for duty in queries.live_duties(grant.case) if duty.kind == ObligationKind.TRANSFER]
    form = bound(
        TransferForm,
        request,
        held=held,
        duties=duties,
        chains=life.chains_for(freeze, [row.row.asset for row in held]),
    )
    return answer_form(
        request,
        grant=grant,
        form=form,
        template="freezes/transfer_form.html",
        context={
            "freeze": freeze,
            "content": content,
            "basis": content.basis,
            "lapsed": content.basis.lapsed(at),
            "now": at,
            "duties": duties,
            "held": held,
            "possible": is_possible("freeze-transfer", freeze),
        },
        act=lambda data: actions.propose_transfer(grant=grant, at=at, number=number, **data),
        done=lambda transfer: _url_of(grant, transfer),
        message=_("The transfer was proposed. Somebody else decides on it."),
    )


@require_safe
def detail(request: HttpRequest, ref: str, number: int) -> HttpResponse:
    grant = access.case_for(person_of(request), ref, Permission.READ)
    transfer = life.one(life.transfers_of(grant.case), number)
    context = {
        "transfer": transfer,
        "freeze": transfer.freeze,
        "native": life.native_of(transfer.chain),
        "steps": steps_of_transfer(transfer, grant),
        "entries": entries(grant.case, about=("transfer", number)),
        "now": timezone.now(),
    }
    return case_page(request, grant, "freezes/transfer.html", context)


def _step(
    request: HttpRequest,
    ref: str,
    number: int,
    *,
    permission: Permission,
    url_name: str,
    form_class: type[forms.Form],
    title: Text,
    confirm: Text,
    words: Text,
    act: Callable[..., Transfer],
    message: Text,
    tone: str = "warn",
    form_kwargs: Callable[[Transfer], dict[str, Any]] | None = None,
) -> HttpResponse:
    grant = access.case_for(person_of(request), ref, permission)
    transfer = life.one(life.transfers_of(grant.case), number)
    at = timezone.now()
    content = queries.freeze_content(queries.freeze_of(grant.case, transfer.freeze.number), at=at)
    context = step_context(
        grant,
        content,
        at=at,
        title=title,
        confirm=confirm,
        words=words,
        tone=tone,
        possible=is_possible(url_name, transfer),
        hindrance=transfer_hindrance(url_name, transfer, grant),
        extra="freezes/transfer_facts.html",
        transfer=transfer,
        native=life.native_of(transfer.chain),
        back_url=_url_of(grant, transfer),
    )
    return answer_form(
        request,
        grant=grant,
        form=bound(form_class, request, **(form_kwargs(transfer) if form_kwargs is not None else {})),
        template="freezes/act.html",
        context=context,
        act=lambda data: act(grant=grant, at=at, number=number, **data),
        done=lambda done: _url_of(grant, transfer),
        message=message,
    )


@require_http_methods(["GET", "HEAD", "POST"])
def decide(request: HttpRequest, ref: str, number: int) -> HttpResponse:
    return _step(
        request,
        ref,
        number,
        permission=Permission.FREEZE_APPROVE,
        url_name="transfer-decide",
        form_class=DecideForm,
        title=_("Approve this transfer?"),
        confirm=_("Record the decision"),
        words=_(
            "What is sent cannot be called back. Compare the destination with the paper, every character."
        ),
        act=actions.decide_transfer,
        message=_("The decision was recorded."),
        tone="danger",
    )


@require_http_methods(["GET", "HEAD", "POST"])
def withdraw(request: HttpRequest, ref: str, number: int) -> HttpResponse:
    return _step(
        request,
        ref,
        number,
        permission=Permission.FREEZE_PROPOSE,
        url_name="transfer-withdraw",
        form_class=ReasonForm,
        title=_("Withdraw this transfer?"),
        confirm=_("Withdraw the transfer"),
        words=_("Nothing was sent. The freeze stands as before."),
        act=actions.withdraw_transfer,
        message=_("The transfer was withdrawn."),
    )


@require_http_methods(["GET", "HEAD", "POST"])
def begin(request: HttpRequest, ref: str, number: int) -> HttpResponse:
    return _step(
        request,
        ref,
        number,
        permission=Permission.FREEZE_APPLY,
        url_name="transfer-begin",
        form_class=PlainForm,
        title=_("Begin to send this transfer?"),
        confirm=_("Begin to send it"),
        words=_(
            "Send it from the exchange's own system now, the test first where one is asked for, then come back and "
            "record each transaction."
        ),
        act=actions.begin_transfer,
        message=_("Recorded: the transfer is being sent."),
    )


@require_http_methods(["GET", "HEAD", "POST"])
def sent(request: HttpRequest, ref: str, number: int) -> HttpResponse:
    return _step(
        request,
        ref,
        number,
        permission=Permission.FREEZE_APPLY,
        url_name="transfer-sent",
        form_class=SentForm,
        title=_("Record a transaction of this transfer?"),
        confirm=_("Record the transaction"),
        words=_("The chain is asked for it from now on. It is settled when enough blocks stand on it."),
        act=actions.record_sent,
        message=_("The transaction was recorded. The chain is asked for it."),
        form_kwargs=lambda transfer: {"transfer": transfer},
    )


@require_http_methods(["GET", "HEAD", "POST"])
def fail(request: HttpRequest, ref: str, number: int) -> HttpResponse:
    return _step(
        request,
        ref,
        number,
        permission=Permission.FREEZE_APPLY,
        url_name="transfer-fail",
        form_class=ReasonForm,
        title=_("Did this transfer fail?"),
        confirm=_("Record the failure"),
        words=_(
            "Only what was never sent, or what the chain does not know, can fail. The freeze stands again."
        ),
        act=actions.fail_transfer,
        message=_("Recorded: the transfer failed. The freeze stands."),
        tone="danger",
    )


@require_http_methods(["GET", "HEAD", "POST"])
def receipt(request: HttpRequest, ref: str, number: int) -> HttpResponse:
    return _step(
        request,
        ref,
        number,
        permission=Permission.FREEZE_APPLY,
        url_name="transfer-receipt",
        form_class=ReceiptForm,
        title=_("Record the authority's receipt?"),
        confirm=_("Record the receipt"),
        words=_("It is recorded once and stands."),
        act=actions.record_receipt,
        message=_("The receipt was recorded."),
    )
