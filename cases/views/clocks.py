"""Clock rules with their sources, closures, a trial of a rule, and how the due moment of a duty was computed."""

from typing import Any
from zoneinfo import ZoneInfo

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_safe

from cases import access
from cases.access import require_global
from cases.actions import clocks as actions
from cases.deadlines import RuleError
from cases.forms.clocks import (
    ClosureForm,
    NewRuleForm,
    RuleForm,
    SetClockForm,
    TriggerForm,
    filled,
    rule_choices,
)
from cases.models import ClockRule
from cases.permissions import GlobalPermission, Permission, allows
from cases.queries import clocks as queries
from cases.queries import orders as order_queries
from cases.status import OBLIGATION_FINAL
from cases.views.base import UNPROCESSABLE, answer_button, answer_form, bound, person_of

FORM = require_http_methods(["GET", "HEAD", "POST"])


def _url_of(row: ClockRule) -> str:
    return reverse("clock-rule-detail", args=[row.key])


@require_safe
def rule_list(request: HttpRequest) -> HttpResponse:
    person = person_of(request)
    require_global(person, GlobalPermission.RULES_READ)
    context = {"rows": queries.rules(), "may_change": allows(person.role, actions.LEAVE)}
    return render(request, "clocks/list.html", context)


@require_safe
def rule_detail(request: HttpRequest, key: str) -> HttpResponse:
    person = person_of(request)
    require_global(person, GlobalPermission.RULES_READ)
    context = {
        "row": queries.rule_of(key),
        "versions": queries.versions_of(key),
        "may_change": allows(person.role, actions.LEAVE),
    }
    return render(request, "clocks/detail.html", context)


@FORM
def rule_create(request: HttpRequest) -> HttpResponse:
    person = person_of(request)
    require_global(person, actions.LEAVE)
    form = bound(NewRuleForm, request)
    return answer_form(
        request,
        form=form,
        template="clocks/form.html",
        act=lambda data: actions.add_rule(by=person, at=timezone.now(), **form.rule()),
        done=_url_of,
        message=_("The rule was added."),
    )


@FORM
def rule_change(request: HttpRequest, key: str) -> HttpResponse:
    person = person_of(request)
    require_global(person, actions.LEAVE)
    row = queries.rule_of(key)
    form = bound(RuleForm, request, initial=filled(row))
    return answer_form(
        request,
        form=form,
        template="clocks/form.html",
        context={"row": row},
        act=lambda data: actions.change_rule(by=person, at=timezone.now(), key=key, **form.rule()),
        done=_url_of,
        message=_(
            "The rule was changed. Clocks that were computed keep the version that they were computed by."
        ),
    )


@require_safe
def trial(request: HttpRequest) -> HttpResponse:
    """What a rule gives for a moment, step by step. Nothing is kept."""
    require_global(person_of(request), GlobalPermission.RULES_READ)
    asked = "rule" in request.GET and "trigger_at" in request.GET
    first: dict[str, Any] = {"rule": request.GET.get("rule", ""), "time_zone": "UTC"}
    form = TriggerForm(request.GET if asked else None, initial=first, rules=rule_choices())
    computed, status = None, 200
    if asked and form.is_valid():
        data = form.cleaned_data
        try:
            row = queries.rule_of(data["rule"])
            computed = queries.tried(row, trigger_at=data["trigger_at"], calendar=data["calendar"])
        except RuleError as error:
            form.add_error("calendar" if error.field == "calendars" else "trigger_at", error.message)
    if form.is_bound and not form.is_valid():
        status = UNPROCESSABLE
    return render(request, "clocks/try.html", {"form": form, "computed": computed}, status=status)


@FORM
def closure_list(request: HttpRequest) -> HttpResponse:
    """The closures, and the form that adds one."""
    person = person_of(request)
    leave = GlobalPermission.RULES_READ if request.method != "POST" else actions.LEAVE
    require_global(person, leave)
    return answer_form(
        request,
        form=bound(ClosureForm, request),
        template="clocks/closures.html",
        context={"rows": queries.closures(), "may_change": allows(person.role, actions.LEAVE)},
        act=lambda data: actions.add_closure(by=person, at=timezone.now(), **data),
        done=lambda row: reverse("closure-list"),
        message=_(
            "The closure was added. Clocks that were computed stay until somebody computes them again."
        ),
    )


@require_http_methods(["POST"])
def closure_remove(request: HttpRequest, calendar: str, day: str) -> HttpResponse:
    person = person_of(request)
    require_global(person, actions.LEAVE)
    closure = queries.closure_of(calendar, day)
    return answer_button(
        request,
        act=lambda: actions.remove_closure(by=person, at=timezone.now(), calendar=calendar, day=closure.day),
        to=reverse("closure-list"),
        message=_("The closure was taken back."),
    )


@FORM
def duty_clock(request: HttpRequest, ref: str, number: int) -> HttpResponse:
    """How the due moment of a duty was computed, and the form that computes it anew."""
    leave = Permission.ORDERS if request.method == "POST" else Permission.READ
    grant = access.case_for(person_of(request), ref, leave)
    duty = order_queries.obligation_of(grant.case, number)
    order = duty.order
    found = queries.clocks_of(duty)
    local = order.served_at.astimezone(ZoneInfo(order.time_zone)).replace(tzinfo=None, microsecond=0)
    form = bound(
        SetClockForm,
        request,
        initial={"trigger_at": local, "time_zone": order.time_zone},
        rules=rule_choices(instrument=order.instrument_type),
    )
    may_set = grant.may(Permission.ORDERS) and duty.status not in OBLIGATION_FINAL
    return answer_form(
        request,
        grant=grant,
        form=form,
        template="clocks/duty.html",
        context={"duty": duty, "order": order, "clocks": found, "may_set": may_set},
        act=lambda data: actions.set_clock(
            grant=grant,
            at=timezone.now(),
            number=number,
            rule=data["rule"],
            trigger_at=data["trigger_at"],
            calendar=data["calendar"],
            reason=data["reason"],
        ),
        done=lambda clock: reverse("obligation-clock", args=[ref, number]),
        message=_("The due moment was computed."),
    )
