"""The closing of a case: what stands in its way, asking for it, deciding on it; and what is handed over before."""

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET, require_http_methods

from cases import access
from cases.access import Grant, NotFound
from cases.actions import closing as actions
from cases.actions import handover
from cases.forms.case_tasks import HandOverForm
from cases.forms.closing import AskClosingForm, DecideClosingForm, ReasonForm
from cases.models import Membership
from cases.permissions import Permission
from cases.queries import closing as queries
from cases.queries import handover as handover_queries
from cases.queries import retention as retention_queries
from cases.status import CaseStatus
from cases.views.base import answer_form, bound, case_page, person_of


def _page(name: str, grant: Grant) -> str:
    return reverse(name, args=[grant.case.reference])


# ── Closing ───────────────────────────────────────────────────────────────────────────────────────────────


@require_GET
def closing(request: HttpRequest, ref: str) -> HttpResponse:
    """Where the closing stands, and what keeps the case open, each with what leads to it."""
    grant = access.case_for(person_of(request), ref, Permission.READ)
    case, mine = grant.case, grant.case.closing_asked_by_id == grant.user.pk
    hindrances = queries.Hindrances() if case.status == CaseStatus.CLOSED else queries.of_case(grant)
    asked = case.status == CaseStatus.CLOSING
    context = {
        "hindrances": hindrances,
        "hidden": queries.HIDDEN,
        "may_ask": grant.may(Permission.MOVE)
        and case.status == CaseStatus.UNDER_INVESTIGATION
        and not hindrances,
        "may_decide": grant.may(Permission.CLOSE) and asked and not mine,
        "may_withdraw": grant.may(Permission.MOVE) and asked and mine,
        "asked": asked,
        "mine": mine,
    }
    return case_page(request, grant, "closing/detail.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def ask(request: HttpRequest, ref: str) -> HttpResponse:
    grant = access.case_for(person_of(request), ref, Permission.MOVE)
    return answer_form(
        request,
        form=bound(AskClosingForm, request),
        grant=grant,
        template="closing/ask.html",
        context={"hindrances": queries.of_case(grant), "hidden": queries.HIDDEN},
        act=lambda data: actions.ask_closing(grant=grant, at=timezone.now(), **data),
        done=lambda case: _page("case-closing", grant),
        message=_("The closing was asked for. Somebody else decides on it."),
    )


@require_http_methods(["GET", "HEAD", "POST"])
def decide(request: HttpRequest, ref: str) -> HttpResponse:
    """Closing and refusing stand on one page, with what was asked and what keeps the case open."""
    grant = access.case_for(person_of(request), ref, Permission.CLOSE)
    suggestion = retention_queries.suggested(grant, at=timezone.now())
    initial = {
        "retention": suggestion.retention_class.key,
        "counted_from": suggestion.counted_from,
        "counted_because": suggestion.counted_because,
    }
    form = bound(DecideClosingForm, request, initial=initial)
    return answer_form(
        request,
        form=form,
        grant=grant,
        template="closing/decide.html",
        context={
            "hindrances": queries.of_case(grant),
            "hidden": queries.HIDDEN,
            "suggestion": suggestion,
            "mine": grant.case.closing_asked_by_id == grant.user.pk,
        },
        act=lambda data: actions.decide_closing(grant=grant, at=timezone.now(), **form.decision()),
        done=lambda case: _page("case-closing", grant),
        message=lambda case: _("The case is now: %(status)s.") % {"status": case.get_status_display()},
    )


@require_http_methods(["GET", "HEAD", "POST"])
def withdraw(request: HttpRequest, ref: str) -> HttpResponse:
    grant = access.case_for(person_of(request), ref, Permission.MOVE)
    return answer_form(
        request,
        form=bound(ReasonForm, request),
        grant=grant,
        template="closing/withdraw.html",
        act=lambda data: actions.withdraw_closing(grant=grant, at=timezone.now(), **data),
        done=lambda case: _page("case-closing", grant),
        message=_("The closing is no longer asked for."),
    )


# ── Hand-over ─────────────────────────────────────────────────────────────────────────────────────────────


@require_http_methods(["GET", "HEAD", "POST"])
def hand_over(request: HttpRequest, ref: str, person: UUID) -> HttpResponse:
    """What the person holds in the case is listed before it is handed over, all of it at once."""
    user = person_of(request)
    grant = access.case_for(user, ref, Permission.MEMBERS)
    membership = (
        Membership.objects.filter(case=grant.case, user__public_id=person, ended_at__isnull=True)
        .select_related("user")
        .first()
    )
    if membership is None:
        raise NotFound
    leaving = membership.user
    return answer_form(
        request,
        form=bound(HandOverForm, request, grant=grant, leaving=leaving),
        grant=grant,
        template="members/hand_over.html",
        context={
            "leaving": leaving,
            "held": handover_queries.held_by(grant, leaving),
            "hidden": queries.HIDDEN,
        },
        act=lambda data: handover.hand_over(grant=grant, at=timezone.now(), leaving=leaving, **data),
        done=lambda case: (
            _page("member-list", grant)
            if leaving.pk != user.pk or "ends_membership" not in request.POST
            else reverse("case-list")
        ),
        message=_("It was handed over."),
    )
