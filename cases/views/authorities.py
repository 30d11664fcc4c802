"""Authorities: how each is reached, found apart from any paper; its orders so far as the reader may know them."""

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_safe

from cases.access import require_global
from cases.actions import authorities as actions
from cases.forms.authorities import ContactForm, EditAuthorityForm, EndContactForm, KeepAuthorityForm
from cases.models import Authority
from cases.permissions import GlobalPermission, allows
from cases.queries import authorities as queries
from cases.views.base import answer_form, bound, person_of

FORM = require_http_methods(["GET", "HEAD", "POST"])


def _url_of(authority: Authority) -> str:
    return reverse("authority-detail", args=[authority.public_id])


@require_safe
def authority_list(request: HttpRequest) -> HttpResponse:
    person = person_of(request)
    require_global(person, GlobalPermission.AUTHORITIES)
    page = queries.authority_list(person, after=request.GET.get("after"), before=request.GET.get("before"))
    context = {"page": page, "may_keep": allows(person.role, actions.LEAVE)}
    return render(request, "authorities/list.html", context)


@FORM
def create(request: HttpRequest) -> HttpResponse:
    person = person_of(request)
    require_global(person, actions.LEAVE)
    return answer_form(
        request,
        form=bound(KeepAuthorityForm, request),
        template="authorities/form.html",
        act=lambda data: actions.keep_authority(by=person, at=timezone.now(), **data),
        done=_url_of,
        message=_("The authority is kept."),
    )


@require_safe
def detail(request: HttpRequest, authority: UUID) -> HttpResponse:
    person = person_of(request)
    require_global(person, GlobalPermission.AUTHORITIES)
    found = queries.authority_of(person, authority)
    context = {
        "authority": found,
        "content": queries.authority_content(person, found),
        "may_keep": allows(person.role, actions.LEAVE),
    }
    return render(request, "authorities/detail.html", context)


@FORM
def edit(request: HttpRequest, authority: UUID) -> HttpResponse:
    person = person_of(request)
    require_global(person, actions.LEAVE)
    found = queries.authority_of(person, authority)
    kept = {"jurisdiction": found.jurisdiction, "remarks": found.remarks}
    form = bound(EditAuthorityForm, request, initial=kept)
    return answer_form(
        request,
        form=form,
        template="authorities/form.html",
        context={"authority": found},
        act=lambda data: actions.edit_authority(by=person, at=timezone.now(), authority=found, **data),
        done=_url_of,
        message=_("The authority was changed."),
    )


@FORM
def add_contact(request: HttpRequest, authority: UUID) -> HttpResponse:
    person = person_of(request)
    require_global(person, actions.LEAVE)
    found = queries.authority_of(person, authority)
    return answer_form(
        request,
        form=bound(ContactForm, request),
        template="authorities/contact_form.html",
        context={"authority": found},
        act=lambda data: actions.add_contact(by=person, at=timezone.now(), authority=found, **data),
        done=lambda contact: _url_of(found),
        message=_("The contact is kept."),
    )


@FORM
def end_contact(request: HttpRequest, authority: UUID, contact: int) -> HttpResponse:
    person = person_of(request)
    require_global(person, actions.LEAVE)
    found = queries.authority_of(person, authority)
    kept = queries.contact_of(found, contact)
    return answer_form(
        request,
        form=bound(EndContactForm, request),
        template="authorities/contact_end.html",
        context={"authority": found, "contact": kept},
        act=lambda data: actions.end_contact(by=person, at=timezone.now(), contact=kept, **data),
        done=lambda ended: _url_of(found),
        message=_("The contact no longer counts."),
    )
