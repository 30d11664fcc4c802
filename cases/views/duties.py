"""Duties of legal orders: added, carried out, shown; what an order names, and what was found for it."""

from typing import Any
from zoneinfo import ZoneInfo

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods

from cases import access
from cases.access import Grant
from cases.actions import orders as actions
from cases.forms.duties import (
    AddDutyForm,
    AddProofForm,
    AddSelectorForm,
    EmergencyForm,
    ExtendDutyForm,
    FindingForm,
    MoveDutyForm,
    ReviewForm,
)
from cases.permissions import Permission
from cases.queries import orders as queries
from cases.views.base import answer_form, bound, person_of

FORM = require_http_methods(["GET", "HEAD", "POST"])


def _url_of(grant: Grant, number: int) -> str:
    return reverse("order-detail", args=[grant.case.reference, number])


# ── Duties ────────────────────────────────────────────────────────────────────────────────────────────────


@FORM
def add_obligation(request: HttpRequest, ref: str, number: int) -> HttpResponse:
    grant = access.case_for(person_of(request), ref, Permission.ORDERS)
    order = queries.order_of(grant.case, number)
    form = bound(
        AddDutyForm,
        request,
        members=queries.members_of(grant.case),
        zone=ZoneInfo(order.time_zone),
        instrument=order.instrument_type,
    )
    return answer_form(
        request,
        grant=grant,
        form=form,
        template="orders/duty_form.html",
        context={"order": order},
        act=lambda data: actions.add_obligation(
            grant=grant, at=timezone.now(), order_number=number, duty=form.as_duty()
        ),
        done=lambda duty: _url_of(grant, number),
        message=_("The duty was recorded."),
    )


@FORM
def move_obligation(request: HttpRequest, ref: str, number: int) -> HttpResponse:
    grant = access.case_for(person_of(request), ref, Permission.ORDERS)
    duty = queries.obligation_of(grant.case, number)
    outcomes = [status.value for status in queries.duty_moves(duty)]
    form = bound(MoveDutyForm, request, outcomes=outcomes, shows=queries.what_may_show(grant.case, duty))
    return answer_form(
        request,
        grant=grant,
        form=form,
        template="orders/duty_move.html",
        context={"order": duty.order, "duty": duty, "outcomes": outcomes},
        act=lambda data: actions.move_obligation(
            grant=grant,
            at=timezone.now(),
            number=number,
            to=data["to"],
            reason=data["reason"],
            proofs=form.proofs(),
        ),
        done=lambda moved: _url_of(grant, duty.order.number),
        message=_("The duty's status was recorded."),
    )


@FORM
def add_proof(request: HttpRequest, ref: str, number: int) -> HttpResponse:
    grant = access.case_for(person_of(request), ref, Permission.ORDERS)
    duty = queries.obligation_of(grant.case, number)
    form = bound(AddProofForm, request, shows=queries.what_may_show(grant.case, duty))
    return answer_form(
        request,
        grant=grant,
        form=form,
        template="orders/duty_proof.html",
        context={"order": duty.order, "duty": duty},
        act=lambda data: actions.add_proofs(
            grant=grant, at=timezone.now(), number=number, proofs=form.all_proofs()
        ),
        done=lambda duty: _url_of(grant, duty.order.number),
        message=_("The proof was added."),
    )


@FORM
def extend_obligation(request: HttpRequest, ref: str, number: int) -> HttpResponse:
    grant = access.case_for(person_of(request), ref, Permission.ORDERS)
    duty = queries.obligation_of(grant.case, number)
    form = bound(ExtendDutyForm, request, zone=ZoneInfo(duty.order.time_zone))
    return answer_form(
        request,
        grant=grant,
        form=form,
        template="orders/duty_extend.html",
        context={"order": duty.order, "duty": duty},
        act=lambda data: actions.extend_obligation(grant=grant, at=timezone.now(), number=number, **data),
        done=lambda extended: _url_of(grant, duty.order.number),
        message=_("The extension was recorded."),
    )


# ── An emergency, before the verification ─────────────────────────────────────────────────────────────────


@FORM
def release_emergency(request: HttpRequest, ref: str, number: int) -> HttpResponse:
    grant = access.case_for(person_of(request), ref, Permission.EMERGENCY)
    duty = queries.obligation_of(grant.case, number)
    return answer_form(
        request,
        grant=grant,
        form=bound(EmergencyForm, request),
        template="orders/emergency.html",
        context={"order": duty.order, "duty": duty},
        act=lambda data: actions.release_emergency(grant=grant, at=timezone.now(), number=number, **data),
        done=lambda release: _url_of(grant, duty.order.number),
        message=_("The duty may be answered now. A second person has to look at it afterwards."),
    )


@FORM
def review_emergency(request: HttpRequest, ref: str, number: int) -> HttpResponse:
    grant = access.case_for(person_of(request), ref, Permission.ORDER_DECIDE)
    duty = queries.obligation_of(grant.case, number)
    release = queries.release_of(duty)

    def act(data: dict[str, Any]) -> object:
        return actions.review_emergency(
            grant=grant,
            at=timezone.now(),
            number=number,
            upheld=data["outcome"] == "upheld",
            review=data["review"],
        )

    return answer_form(
        request,
        grant=grant,
        form=bound(ReviewForm, request),
        template="orders/emergency_review.html",
        context={"order": duty.order, "duty": duty, "release": release},
        act=act,
        done=lambda reviewed: _url_of(grant, duty.order.number),
        message=_("The review was recorded."),
    )


# ── What the order names ──────────────────────────────────────────────────────────────────────────────────


@FORM
def add_selector(request: HttpRequest, ref: str, number: int) -> HttpResponse:
    grant = access.case_for(person_of(request), ref, Permission.ORDERS)
    order = queries.order_of(grant.case, number)
    form = bound(AddSelectorForm, request, zone=ZoneInfo(order.time_zone))
    return answer_form(
        request,
        grant=grant,
        form=form,
        template="orders/selector_form.html",
        context={"order": order},
        act=lambda data: actions.add_selector(
            grant=grant, at=timezone.now(), order_number=number, asked=form.as_asked()
        ),
        done=lambda selector: _url_of(grant, number),
        message=_("What the order names was recorded."),
    )


@FORM
def record_finding(request: HttpRequest, ref: str, number: int) -> HttpResponse:
    grant = access.case_for(person_of(request), ref, Permission.ORDERS)
    selector = queries.selector_of(grant.case, number)
    form = bound(FindingForm, request, held=queries.held_in(grant.case))
    return answer_form(
        request,
        grant=grant,
        form=form,
        template="orders/finding_form.html",
        context={"order": selector.order, "selector": selector},
        act=lambda data: actions.record_finding(
            grant=grant,
            at=timezone.now(),
            number=number,
            outcome=data["outcome"],
            remarks=data["remarks"],
            **form.numbers(),
        ),
        done=lambda finding: _url_of(grant, selector.order.number),
        message=_("What was found is recorded."),
    )
