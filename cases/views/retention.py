"""How long the record of a case is kept, what holds it, and the classes that a compliance team edits."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET, require_http_methods

from cases import access
from cases.access import Grant, NotFound, require_global
from cases.actions import retention as retention_actions
from cases.forms.closing import (
    NewRetentionClassForm,
    PlaceHoldForm,
    ReasonForm,
    RetentionClassForm,
    RetentionForm,
)
from cases.models import LegalHold
from cases.models.retention import newest_retention
from cases.permissions import GlobalPermission, Permission, allows
from cases.queries import disposal as disposal_queries
from cases.queries import retention as retention_queries
from cases.views.base import answer_form, bound, case_page, person_of


def _page(name: str, grant: Grant) -> str:
    return reverse(name, args=[grant.case.reference])


@require_GET
def retention(request: HttpRequest, ref: str) -> HttpResponse:
    grant = access.case_for(person_of(request), ref, Permission.READ)
    state = retention_queries.state_of(grant.case)
    context = {
        "state": state,
        "standing": disposal_queries.standing_of(grant.case, at=timezone.now()),
        "suggestion": None if state.is_closed else retention_queries.suggested(grant, at=timezone.now()),
        "may_set": grant.may(Permission.RETENTION) and state.is_closed,
        "may_hold": grant.may(Permission.RETENTION),
    }
    return case_page(request, grant, "retention/detail.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def retention_set(request: HttpRequest, ref: str) -> HttpResponse:
    grant = access.case_for(person_of(request), ref, Permission.RETENTION)
    suggestion = retention_queries.suggested(grant, at=timezone.now())
    state = retention_queries.state_of(grant.case)
    initial = {
        "retention": suggestion.retention_class.key,
        "counted_from": suggestion.counted_from,
        "counted_because": suggestion.counted_because,
    }
    if state.current is not None:
        initial = {
            "retention": state.current.retention_class.key,
            "counted_from": state.current.counted_from,
            "counted_because": state.current.counted_because,
        }
    return answer_form(
        request,
        form=bound(RetentionForm, request, initial=initial),
        grant=grant,
        template="retention/set.html",
        context={"suggestion": suggestion, "state": state},
        act=lambda data: retention_actions.set_retention(grant=grant, at=timezone.now(), **data),
        done=lambda row: _page("retention", grant),
        message=_("It was set. What was set before stays on record."),
    )


@require_http_methods(["GET", "HEAD", "POST"])
def hold_place(request: HttpRequest, ref: str) -> HttpResponse:
    grant = access.case_for(person_of(request), ref, Permission.RETENTION)
    return answer_form(
        request,
        form=bound(PlaceHoldForm, request),
        grant=grant,
        template="retention/hold.html",
        act=lambda data: retention_actions.place_hold(grant=grant, at=timezone.now(), **data),
        done=lambda hold: _page("retention", grant),
        message=_("The record is held."),
    )


@require_http_methods(["GET", "HEAD", "POST"])
def hold_lift(request: HttpRequest, ref: str, number: int) -> HttpResponse:
    grant = access.case_for(person_of(request), ref, Permission.RETENTION)
    hold = LegalHold.objects.select_related("placed_by").filter(case=grant.case, number=number).first()
    if hold is None:
        raise NotFound
    return answer_form(
        request,
        form=bound(ReasonForm, request),
        grant=grant,
        template="retention/lift.html",
        context={"hold": hold},
        act=lambda data: retention_actions.lift_hold(grant=grant, at=timezone.now(), number=number, **data),
        done=lambda lifted: _page("retention", grant),
        message=_("The hold is lifted."),
    )


# ── The classes ───────────────────────────────────────────────────────────────────────────────────────────


@require_GET
def class_list(request: HttpRequest) -> HttpResponse:
    user = person_of(request)
    require_global(user, GlobalPermission.RULES_READ)
    context = {
        "classes": list(newest_retention().values()),
        "may_change": allows(user.role, GlobalPermission.RULES),
    }
    return render(request, "retention/classes.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def class_create(request: HttpRequest) -> HttpResponse:
    user = person_of(request)
    require_global(user, GlobalPermission.RULES)
    return answer_form(
        request,
        form=bound(NewRetentionClassForm, request),
        template="retention/class_form.html",
        act=lambda data: retention_actions.change_retention_class(by=user, at=timezone.now(), **data),
        done=lambda row: reverse("retention-class-list"),
        message=_("The class is offered from now on."),
    )


@require_http_methods(["GET", "HEAD", "POST"])
def class_change(request: HttpRequest, key: str) -> HttpResponse:
    user = person_of(request)
    require_global(user, GlobalPermission.RULES)
    row = newest_retention().get(key)
    if row is None:
        raise NotFound
    initial = {field: getattr(row, field) for field in retention_actions.COMPARED}
    return answer_form(
        request,
        form=bound(RetentionClassForm, request, initial=initial),
        template="retention/class_form.html",
        context={"row": row},
        act=lambda data: retention_actions.change_retention_class(
            by=user, at=timezone.now(), key=key, **data
        ),
        done=lambda changed: reverse("retention-class-list"),
        message=_("The next version counts for what is set from now on."),
    )
