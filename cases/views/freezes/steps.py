"""The steps of a freeze from its signature to its release, each a page of its own."""

from datetime import datetime

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods

from cases.access import Grant
from cases.actions import freezes as actions
from cases.forms.freezes import (
    AppliedForm,
    CommentForm,
    ConfirmForm,
    DecideReleaseForm,
    PlainForm,
    ReasonForm,
    RejectForm,
)
from cases.models import FreezeOrder
from cases.permissions import Permission
from cases.queries.life import approval_diff
from cases.queries.other_freezes import other_freezes_on
from cases.views.freezes.base import step


@require_http_methods(["GET", "HEAD", "POST"])
def approve(request: HttpRequest, ref: str, number: int) -> HttpResponse:
    return step(
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
        more=lambda grant, freeze, at: {
            "extra": "freezes/diff.html",
            "diff": approval_diff(freeze, grant.user, at=at),
        },
    )


@require_http_methods(["GET", "HEAD", "POST"])
def reject(request: HttpRequest, ref: str, number: int) -> HttpResponse:
    return step(
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
    return step(
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
    return step(
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

    return step(
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
    return step(
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
    return step(
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
    return step(
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
    return step(
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
    def act(
        *, grant: Grant, at: datetime, number: int, decision: str, comment: str, others_known: bool
    ) -> FreezeOrder:
        return actions.decide_release(
            grant=grant,
            at=at,
            number=number,
            agrees=decision == "release",
            comment=comment,
            others_known=others_known,
        )

    return step(
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
        more=lambda grant, freeze, at: {
            "extra": "freezes/others.html",
            "others": other_freezes_on(freeze, grant.user),
        },
    )
