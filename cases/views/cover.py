"""Cover and ladder of a case: what orders ask for, what is held, what went which way, what could still leave."""

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_safe

from cases import access
from cases.access import NotFound
from cases.actions import cover as actions
from cases.forms.cover import OrderedForm, RungForm, TakeBackForm
from cases.models import LadderEntry
from cases.permissions import Permission
from cases.queries import cover as queries
from cases.queries import orders as order_queries
from cases.views.base import answer_form, bound, case_page, person_of

FORM = require_http_methods(["GET", "HEAD", "POST"])


@require_safe
def cover(request: HttpRequest, ref: str) -> HttpResponse:
    grant = access.case_for(person_of(request), ref, Permission.READ)
    context = {
        "cover": queries.cover_of(grant.case, at=timezone.now()),
        "entries": queries.entries_of(grant.case),
        "duties": queries.restraints_of(grant.case),
    }
    return case_page(request, grant, "cover/detail.html", context)


@FORM
def state_ordered(request: HttpRequest, ref: str, number: int) -> HttpResponse:
    grant = access.case_for(person_of(request), ref, Permission.ORDERS)
    duty = order_queries.obligation_of(grant.case, number)
    return answer_form(
        request,
        grant=grant,
        form=bound(OrderedForm, request),
        template="cover/ordered.html",
        context={"duty": duty, "order": duty.order, "now": timezone.now()},
        act=lambda data: actions.state_ordered(grant=grant, at=timezone.now(), number=number, **data),
        done=lambda row: reverse("cover", args=[ref]),
        message=_("The amount was stated."),
    )


@FORM
def add_rung(request: HttpRequest, ref: str, number: int) -> HttpResponse:
    grant = access.case_for(person_of(request), ref, Permission.ORDERS)
    duty = order_queries.obligation_of(grant.case, number)
    return answer_form(
        request,
        grant=grant,
        form=bound(RungForm, request),
        template="cover/rung.html",
        context={"duty": duty, "order": duty.order, "now": timezone.now()},
        act=lambda data: actions.add_rung(grant=grant, at=timezone.now(), number=number, **data),
        done=lambda row: reverse("cover", args=[ref]),
        message=_("It was recorded."),
    )


@FORM
def take_back(request: HttpRequest, ref: str, number: int) -> HttpResponse:
    grant = access.case_for(person_of(request), ref, Permission.ORDERS)
    entry = LadderEntry.objects.of(grant.case).filter(number=number).first()
    if entry is None:
        raise NotFound
    return answer_form(
        request,
        grant=grant,
        form=bound(TakeBackForm, request),
        template="cover/take_back.html",
        context={"entry": entry},
        act=lambda data: actions.take_back_rung(grant=grant, at=timezone.now(), number=number, **data),
        done=lambda row: reverse("cover", args=[ref]),
        message=_("The entry was taken back; both stand."),
    )
