"""Instruments: what each permits, needs and starts, with its source. A change is a further version."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_safe

from cases.access import require_global
from cases.actions import instruments as actions
from cases.forms.instruments import InstrumentForm, NewInstrumentForm, filled
from cases.models import InstrumentType
from cases.permissions import GlobalPermission, allows
from cases.queries import instruments as queries
from cases.views.base import answer_form, bound, person_of

FORM = require_http_methods(["GET", "HEAD", "POST"])


def _url_of(row: InstrumentType) -> str:
    return reverse("instrument-detail", args=[row.key])


@require_safe
def instrument_list(request: HttpRequest) -> HttpResponse:
    person = person_of(request)
    require_global(person, GlobalPermission.RULES_READ)
    context = {"rows": queries.instruments(), "may_change": allows(person.role, actions.LEAVE)}
    return render(request, "instruments/list.html", context)


@require_safe
def detail(request: HttpRequest, key: str) -> HttpResponse:
    person = person_of(request)
    require_global(person, GlobalPermission.RULES_READ)
    context = {
        "instrument": queries.instrument_of(key),
        "versions": queries.versions_of(key),
        "may_change": allows(person.role, actions.LEAVE),
    }
    return render(request, "instruments/detail.html", context)


@FORM
def create(request: HttpRequest) -> HttpResponse:
    person = person_of(request)
    require_global(person, actions.LEAVE)
    return answer_form(
        request,
        form=bound(NewInstrumentForm, request),
        template="instruments/form.html",
        act=lambda data: actions.add_instrument(by=person, at=timezone.now(), **data),
        done=_url_of,
        message=_("The instrument was added."),
    )


@FORM
def change(request: HttpRequest, key: str) -> HttpResponse:
    person = person_of(request)
    require_global(person, actions.LEAVE)
    row = queries.instrument_of(key)
    return answer_form(
        request,
        form=bound(InstrumentForm, request, initial=filled(row)),
        template="instruments/form.html",
        context={"instrument": row},
        act=lambda data: actions.change_instrument(by=person, at=timezone.now(), key=key, **data),
        done=_url_of,
        message=_("The instrument was changed. Orders on record keep the version under which they came."),
    )
