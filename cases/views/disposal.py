"""Disposal of a case whose retention is over, and what remains of those that were disposed of."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_safe

from cases import access
from cases.access import NotFound, require_global
from cases.actions import disposal as actions
from cases.forms.closing import AskDisposalForm, DecideDisposalForm
from cases.permissions import GlobalPermission, Permission
from cases.queries import disposal as queries
from cases.views.base import answer_form, bound, case_page, person_of

SHOWN = 200


@require_http_methods(["GET", "HEAD", "POST"])
def disposal_ask(request: HttpRequest, ref: str) -> HttpResponse:
    grant = access.case_for(person_of(request), ref, Permission.RETENTION)
    at = timezone.now()
    return answer_form(
        request,
        form=bound(AskDisposalForm, request),
        grant=grant,
        template="retention/disposal_ask.html",
        context={"standing": queries.standing_of(grant.case, at=at)},
        act=lambda data: actions.ask_disposal(grant=grant, at=at, **data),
        done=lambda row: reverse("retention", args=[ref]),
        message=_("Asked for. Somebody else decides."),
    )


@require_http_methods(["GET", "HEAD", "POST"])
def disposal_decide(request: HttpRequest, ref: str) -> HttpResponse:
    grant = access.case_for(person_of(request), ref, Permission.RETENTION)
    at = timezone.now()
    standing = queries.standing_of(grant.case, at=at)
    if standing.asked is None and request.method != "POST":
        return case_page(request, grant, "retention/disposal_decide.html", {"standing": standing})
    return answer_form(
        request,
        form=bound(DecideDisposalForm, request),
        grant=grant,
        template="retention/disposal_decide.html",
        context={
            "standing": standing,
            "is_asker": standing.asked is not None and standing.asked.asked_by_id == grant.user.pk,
        },
        act=lambda data: actions.decide_disposal(grant=grant, at=at, **data),
        done=lambda row: reverse(
            "disposed-case-list" if row.agreed else "retention", args=[] if row.agreed else [ref]
        ),
        message=lambda row: _("The record was disposed of.") if row.agreed else _("The record stays."),
    )


@require_safe
def disposed_case_list(request: HttpRequest) -> HttpResponse:
    user = person_of(request)
    require_global(user, GlobalPermission.SEARCH)
    rows = list(queries.disposed_cases(user)[: SHOWN + 1])
    return render(
        request, "retention/disposed.html", {"rows": rows[:SHOWN], "more": len(rows) > SHOWN, "shown": SHOWN}
    )


def disposed(request: HttpRequest, reference: str) -> HttpResponse:
    """410 for every page of a case that was disposed of: what remains of it, for somebody who could see it."""
    found = queries.disposed_case(person_of(request), reference)
    if found is None:
        raise NotFound
    return render(request, "retention/gone.html", {"row": found}, status=410)
