"""Freezes of a case: proposing one, deciding on it, setting it, ending it. Each step is a page of its own."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_safe

from cases import access
from cases.access import Grant
from cases.actions import freezes as actions
from cases.actions.base import ActionError
from cases.chronology import entries
from cases.forms.freezes import (
    AppliedForm,
    CommentForm,
    ConfirmForm,
    DecideReleaseForm,
    FreezeEntry,
    PlainForm,
    ReasonForm,
    RejectForm,
    TargetForm,
)
from cases.models import FreezeOrder
from cases.permissions import Permission
from cases.queries import freezes as queries
from cases.views.base import UNPROCESSABLE, answer_form, bound, case_page, person_of, refuse, see_other
from cases.views.steps import hindrance_of, is_possible, steps_of_freeze

Text = str | Promise


def _url_of(grant: Grant, number: int) -> str:
    return reverse("freeze-detail", args=[grant.case.reference, number])


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
        data=request.POST if request.method == "POST" else None,
    )
    if entry.is_bound and entry.is_valid():
        try:
            freeze = actions.propose_freeze(grant=grant, at=at, **entry.proposal())
        except ActionError as error:
            refuse(entry.form, error)
        else:
            messages.success(request, _now("The freeze was proposed. Somebody else decides on it."))
            return see_other(_url_of(grant, freeze.number))
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
        "entries": entries(grant.case, about=("freeze", number)),
        "now": at,
    }
    return case_page(request, grant, "freezes/detail.html", context)


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
    act: Callable[..., FreezeOrder],
    message: Text,
    tone: str = "warn",
) -> HttpResponse:
    """One step of a freeze: a page that says what will happen, to what, on which basis; its POST does it.

    `act` is called with the grant, the moment, the freeze's number and what the form holds.
    """
    grant = access.case_for(person_of(request), ref, permission)
    at = timezone.now()
    content = queries.freeze_content(queries.freeze_of(grant.case, number), at=at)
    context: dict[str, Any] = {
        "freeze": content.freeze,
        "content": content,
        "basis": content.basis,
        "lapsed": content.basis.lapsed(at),
        "now": at,
        "title": title,
        "confirm": confirm,
        "words": words,
        "tone": tone,
        "hindrance": hindrance_of(url_name, content, grant),
        "possible": is_possible(url_name, content.freeze),
    }
    return answer_form(
        request,
        grant=grant,
        form=bound(form_class, request),
        template="freezes/act.html",
        context=context,
        act=lambda data: act(grant=grant, at=at, number=number, **data),
        done=lambda freeze: _url_of(grant, freeze.number),
        message=message,
    )


@require_http_methods(["GET", "HEAD", "POST"])
def approve(request: HttpRequest, ref: str, number: int) -> HttpResponse:
    return _step(
        request,
        ref,
        number,
        permission=Permission.FREEZE_APPROVE,
        url_name="freeze-approve",
        form_class=CommentForm,
        title=_("Approve this freeze?"),
        confirm=_("Approve the freeze"),
        words=_(
            "You sign that the basis carries it and that the target is the right one. It can be applied then."
        ),
        act=actions.approve_freeze,
        message=_("Your approval was recorded."),
    )


@require_http_methods(["GET", "HEAD", "POST"])
def reject(request: HttpRequest, ref: str, number: int) -> HttpResponse:
    return _step(
        request,
        ref,
        number,
        permission=Permission.FREEZE_APPROVE,
        url_name="freeze-reject",
        form_class=RejectForm,
        title=_("Reject this proposal?"),
        confirm=_("Reject the proposal"),
        words=_("Your no ends the proposal. Somebody may propose a new one."),
        act=actions.reject_freeze,
        message=_("The proposal was rejected."),
        tone="danger",
    )


@require_http_methods(["GET", "HEAD", "POST"])
def cancel(request: HttpRequest, ref: str, number: int) -> HttpResponse:
    return _step(
        request,
        ref,
        number,
        permission=Permission.FREEZE_PROPOSE,
        url_name="freeze-cancel",
        form_class=ReasonForm,
        title=_("Cancel this freeze?"),
        confirm=_("Cancel the freeze"),
        words=_("Nothing is held by it. It stays in the record as cancelled, with your reason."),
        act=actions.cancel_freeze,
        message=_("The freeze was cancelled."),
        tone="danger",
    )


@require_http_methods(["GET", "HEAD", "POST"])
def apply(request: HttpRequest, ref: str, number: int) -> HttpResponse:
    return _step(
        request,
        ref,
        number,
        permission=Permission.FREEZE_APPLY,
        url_name="freeze-apply",
        form_class=PlainForm,
        title=_("Begin to apply this freeze?"),
        confirm=_("Begin to apply it"),
        words=_(
            "Set the hold in the exchange's own system now, then come back and say that it is set. "
            "A wallet's balance is read afresh, so that the figure at the moment of the hold is on record."
        ),
        act=actions.begin_apply,
        message=_("Recorded: the hold is being set."),
    )


@require_http_methods(["GET", "HEAD", "POST"])
def applied(request: HttpRequest, ref: str, number: int) -> HttpResponse:
    def act(*, grant: Grant, at: datetime, number: int, applied_at: datetime | None) -> FreezeOrder:
        return actions.mark_applied(grant=grant, at=at, number=number, applied_at=applied_at or at)

    return _step(
        request,
        ref,
        number,
        permission=Permission.FREEZE_APPLY,
        url_name="freeze-applied",
        form_class=AppliedForm,
        title=_("Is the hold set?"),
        confirm=_("The hold is set"),
        words=_("The balances known now are kept with it, with block and source, and never overwritten."),
        act=act,
        message=_("Recorded: the hold is set. Confirm it with its proof."),
    )


@require_http_methods(["GET", "HEAD", "POST"])
def apply_failed(request: HttpRequest, ref: str, number: int) -> HttpResponse:
    return _step(
        request,
        ref,
        number,
        permission=Permission.FREEZE_APPLY,
        url_name="freeze-apply-failed",
        form_class=ReasonForm,
        title=_("Could the hold not be set?"),
        confirm=_("Record the failure"),
        words=_("The target is not held. The freeze can be tried again or cancelled."),
        act=actions.mark_apply_failed,
        message=_("Recorded: the hold could not be set."),
        tone="danger",
    )


@require_http_methods(["GET", "HEAD", "POST"])
def confirm(request: HttpRequest, ref: str, number: int) -> HttpResponse:
    return _step(
        request,
        ref,
        number,
        permission=Permission.FREEZE_APPLY,
        url_name="freeze-confirm",
        form_class=ConfirmForm,
        title=_("Confirm that the hold stands?"),
        confirm=_("Confirm the hold"),
        words=_("The duty that it rests on is met by that, unless another freeze on it is still open."),
        act=actions.confirm_freeze,
        message=_("The hold is confirmed."),
    )


@require_http_methods(["GET", "HEAD", "POST"])
def wrong_target(request: HttpRequest, ref: str, number: int) -> HttpResponse:
    return _step(
        request,
        ref,
        number,
        permission=Permission.FREEZE_APPLY,
        url_name="freeze-wrong-target",
        form_class=ReasonForm,
        title=_("Did the hold hit the wrong target?"),
        confirm=_("Record that it was taken off"),
        words=_("Take the hold off in the exchange's own system first. This freeze ends with that."),
        act=actions.mark_wrong_target,
        message=_("Recorded: wrong target, taken off."),
        tone="danger",
    )


@require_http_methods(["GET", "HEAD", "POST"])
def propose_release(request: HttpRequest, ref: str, number: int) -> HttpResponse:
    return _step(
        request,
        ref,
        number,
        permission=Permission.FREEZE_PROPOSE,
        url_name="freeze-release",
        form_class=ReasonForm,
        title=_("Propose the release of this freeze?"),
        confirm=_("Propose the release"),
        words=_("The hold stands until somebody else has decided."),
        act=actions.propose_release,
        message=_("The release was proposed. Somebody else decides on it."),
    )


@require_http_methods(["GET", "HEAD", "POST"])
def decide_release(request: HttpRequest, ref: str, number: int) -> HttpResponse:
    def act(*, grant: Grant, at: datetime, number: int, decision: str, comment: str) -> FreezeOrder:
        return actions.decide_release(
            grant=grant, at=at, number=number, agrees=decision == "release", comment=comment
        )

    return _step(
        request,
        ref,
        number,
        permission=Permission.FREEZE_APPROVE,
        url_name="freeze-release-decide",
        form_class=DecideReleaseForm,
        title=_("Release this freeze?"),
        confirm=_("Record the decision"),
        words=_("Once released, the assets can be moved again at once. That cannot be taken back."),
        act=act,
        message=_("The decision was recorded."),
        tone="danger",
    )
