"""Extending a freeze, giving a part of it free, and deciding on what came in: asked by one, decided by another."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods

from cases import access
from cases.actions import freezes as actions
from cases.forms.freeze_life import DecideForm, DecideFreeingForm, ExtendForm, PartialReleaseForm
from cases.forms.freezes import ReasonForm
from cases.permissions import Permission
from cases.queries import freezes as queries
from cases.queries import life
from cases.queries.held import held_of
from cases.queries.other_freezes import other_freezes_on
from cases.views.base import answer_form, bound, person_of
from cases.views.freezes.base import Text, step, step_context, url_of

_OWN = _("You asked for this. Somebody else must decide on it.")


@require_http_methods(["GET", "HEAD", "POST"])
def extend(request: HttpRequest, ref: str, number: int) -> HttpResponse:
    return step(
        request,
        ref,
        number,
        permission=Permission.FREEZE_PROPOSE,
        url_name="freeze-extend",
        form_class=ExtendForm,
        title=_("Propose an extension of this freeze?"),
        confirm=_("Propose the extension"),
        words=_("The term stays as it is until somebody else has agreed."),
        act=lambda *, number, **data: actions.propose_extension(number=number, **data),
        message=_("The extension was proposed. Somebody else decides on it."),
    )


@require_http_methods(["GET", "HEAD", "POST"])
def release_part(request: HttpRequest, ref: str, number: int) -> HttpResponse:
    return step(
        request,
        ref,
        number,
        permission=Permission.FREEZE_PROPOSE,
        url_name="freeze-release-part",
        form_class=PartialReleaseForm,
        title=_("Propose to release a part of this freeze?"),
        confirm=_("Propose the partial release"),
        words=_(
            "All of it stays held until somebody else has agreed. What you do not name stays held anyway."
        ),
        act=actions.propose_partial_release,
        message=_("The partial release was proposed. Somebody else decides on it."),
        more=lambda grant, freeze, at: {"extra": "freezes/held.html", "held": held_of(freeze.pk)},
        form_kwargs=lambda freeze: {"held": held_of(freeze.pk)},
    )


@require_http_methods(["GET", "HEAD", "POST"])
def decide_change(request: HttpRequest, ref: str, number: int) -> HttpResponse:
    grant = access.case_for(person_of(request), ref, Permission.FREEZE_APPROVE)
    change = life.one(life.changes_of(grant.case), number)
    at = timezone.now()
    frees = change.kind == "partial_release"
    content = queries.freeze_content(queries.freeze_of(grant.case, change.freeze.number), at=at)
    context = step_context(
        grant,
        content,
        at=at,
        title=_("Agree to this extension?")
        if change.kind == "extension"
        else _("Agree to this partial release?"),
        confirm=_("Record the decision"),
        words=_("What was asked for stands below. The rest of the freeze stays as it is."),
        possible=change.status == "proposed",
        hindrance=_OWN if change.proposed_by_id == grant.user.pk and change.status == "proposed" else "",
        tone="danger" if frees else "warn",
        extra="freezes/change.html",
        change=change,
        held=held_of(change.freeze_id),
        others=other_freezes_on(content.freeze, grant.user) if frees else None,
    )
    return answer_form(
        request,
        grant=grant,
        form=bound(DecideFreeingForm if frees else DecideForm, request),
        template="freezes/act.html",
        context=context,
        act=lambda data: actions.decide_change(grant=grant, at=at, number=number, **data),
        done=lambda done: url_of(grant, change.freeze.number),
        message=_("The decision was recorded."),
    )


# ── Credits ───────────────────────────────────────────────────────────────────────────────────────────────


def _credit_step(
    request: HttpRequest,
    ref: str,
    number: int,
    *,
    permission: Permission,
    form_class: type[Any],
    statuses: frozenset[str],
    title: Text,
    confirm: Text,
    words: Text,
    act: Any,
    message: Text,
    deciding: bool = False,
) -> HttpResponse:
    grant = access.case_for(person_of(request), ref, permission)
    credit = life.one(life.credits_of(grant.case), number)
    at = timezone.now()
    content = queries.freeze_content(queries.freeze_of(grant.case, credit.freeze.number), at=at)
    own = deciding and credit.release_proposed_by_id == grant.user.pk
    context = step_context(
        grant,
        content,
        at=at,
        title=title,
        confirm=confirm,
        words=words,
        possible=credit.status in statuses,
        hindrance=_OWN if own and credit.status in statuses else "",
        extra="freezes/credit.html",
        credit=credit,
        others=other_freezes_on(content.freeze, grant.user) if deciding else None,
    )
    return answer_form(
        request,
        grant=grant,
        form=bound(form_class, request),
        template="freezes/act.html",
        context=context,
        act=lambda data: act(grant=grant, at=at, number=number, **data),
        done=lambda done: url_of(grant, credit.freeze.number),
        message=message,
    )


@require_http_methods(["GET", "HEAD", "POST"])
def keep_credit(request: HttpRequest, ref: str, number: int) -> HttpResponse:
    return _credit_step(
        request,
        ref,
        number,
        permission=Permission.FREEZE_PROPOSE,
        form_class=ReasonForm,
        statuses=frozenset({"held"}),
        title=_("Keep this credit held?"),
        confirm=_("Keep it held"),
        words=_(
            "It is counted with what the freeze holds from now on. The balance at the freeze stays as it was."
        ),
        act=actions.keep_credit,
        message=_("Recorded: the credit stays held."),
    )


@require_http_methods(["GET", "HEAD", "POST"])
def propose_credit_release(request: HttpRequest, ref: str, number: int) -> HttpResponse:
    return _credit_step(
        request,
        ref,
        number,
        permission=Permission.FREEZE_PROPOSE,
        form_class=ReasonForm,
        statuses=frozenset({"held", "kept"}),
        title=_("Propose to release this credit?"),
        confirm=_("Propose the release"),
        words=_("It stays held until somebody else has decided."),
        act=actions.propose_credit_release,
        message=_("The release of the credit was proposed. Somebody else decides on it."),
    )


@require_http_methods(["GET", "HEAD", "POST"])
def decide_credit(request: HttpRequest, ref: str, number: int) -> HttpResponse:
    return _credit_step(
        request,
        ref,
        number,
        permission=Permission.FREEZE_APPROVE,
        form_class=DecideFreeingForm,
        statuses=frozenset({"release_proposed"}),
        title=_("Release this credit?"),
        confirm=_("Record the decision"),
        words=_("Agreeing gives free what came in; refusing keeps it held under the freeze."),
        act=actions.decide_credit_release,
        message=_("The decision was recorded."),
        deciding=True,
    )
