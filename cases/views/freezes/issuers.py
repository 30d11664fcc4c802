"""What is asked of a token's issuer: the request, its two transactions, and its end."""

from collections.abc import Callable
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods

from cases import access
from cases.actions import freezes as actions
from cases.forms.freeze_life import IssuerForm, TxidForm
from cases.forms.freezes import ReasonForm
from cases.permissions import Permission
from cases.queries import freezes as queries
from cases.queries import life
from cases.status import can_move
from cases.views.base import answer_form, bound, person_of
from cases.views.freezes.base import Text, step, step_context, url_of


@require_http_methods(["GET", "HEAD", "POST"])
def request_freeze(request: HttpRequest, ref: str, number: int) -> HttpResponse:
    return step(
        request,
        ref,
        number,
        permission=Permission.FREEZE_APPLY,
        url_name="issuer-freeze-request",
        form_class=IssuerForm,
        title=_("Record a request to the token's issuer?"),
        confirm=_("Record the request"),
        words=_(
            "The issuer blocks the address in its contract. Only the confirmed transaction counts as applied."
        ),
        act=actions.request_issuer_freeze,
        message=_("The request to the issuer was recorded."),
        form_kwargs=lambda freeze: {"tokens": life.tokens_for(freeze)},
    )


def _step(
    request: HttpRequest,
    ref: str,
    number: int,
    *,
    form_class: type[forms.Form],
    to: tuple[str, ...],
    title: Text,
    confirm: Text,
    words: Text,
    act: Callable[..., Any],
    message: Text,
) -> HttpResponse:
    grant = access.case_for(person_of(request), ref, Permission.FREEZE_APPLY)
    row = life.one(life.issuer_freezes_of(grant.case), number)
    at = timezone.now()
    content = queries.freeze_content(queries.freeze_of(grant.case, row.freeze.number), at=at)
    context = step_context(
        grant,
        content,
        at=at,
        title=title,
        confirm=confirm,
        words=words,
        possible=any(can_move(row, target) for target in to),
        extra="freezes/issuer.html",
        row=row,
    )
    return answer_form(
        request,
        grant=grant,
        form=bound(form_class, request),
        template="freezes/act.html",
        context=context,
        act=lambda data: act(grant=grant, at=at, number=number, **data),
        done=lambda done: url_of(grant, row.freeze.number),
        message=message,
    )


@require_http_methods(["GET", "HEAD", "POST"])
def submit(request: HttpRequest, ref: str, number: int) -> HttpResponse:
    return _step(
        request,
        ref,
        number,
        form_class=TxidForm,
        to=("submitted",),
        title=_("Has the issuer submitted it?"),
        confirm=_("Record the first transaction"),
        words=_("Submitted is not applied: nothing is blocked before the second transaction."),
        act=actions.submit_issuer_freeze,
        message=_("Recorded: submitted. It counts once it is confirmed."),
    )


@require_http_methods(["GET", "HEAD", "POST"])
def confirm(request: HttpRequest, ref: str, number: int) -> HttpResponse:
    return _step(
        request,
        ref,
        number,
        form_class=TxidForm,
        to=("confirmed",),
        title=_("Has the issuer confirmed it?"),
        confirm=_("Record the second transaction"),
        words=_(
            "From this transaction on the contract blocks the address. A worker reads that from the contract."
        ),
        act=actions.confirm_issuer_freeze,
        message=_("Recorded: confirmed by the issuer."),
    )


@require_http_methods(["GET", "HEAD", "POST"])
def end(request: HttpRequest, ref: str, number: int) -> HttpResponse:
    return _step(
        request,
        ref,
        number,
        form_class=ReasonForm,
        to=("refused", "lifted"),
        title=_("Has this ended?"),
        confirm=_("Record the end"),
        words=_("Before its confirmation: refused or given up. After it: the issuer has lifted the block."),
        act=actions.end_issuer_freeze,
        message=_("The end was recorded."),
    )
