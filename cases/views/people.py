"""People: who may log in, as what. For the administrator, who sees no case."""

import uuid
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_safe

from cases.access import require_global
from cases.actions import people as actions
from cases.chronology.system import system_entries
from cases.forms.people import EditPersonForm, PeopleFilterForm, PersonForm
from cases.people.models import User
from cases.permissions import GlobalPermission
from cases.queries import people as queries
from cases.queries.people import PeopleFilter
from cases.views.base import answer_form, bound, person_of

# The newest events about a person on her page; all of them stand in the installation's record.
SHOWN = 10


def _administrator(request: HttpRequest) -> User:
    user = person_of(request)
    require_global(user, GlobalPermission.PEOPLE)
    return user


@require_safe
def people_list(request: HttpRequest) -> HttpResponse:
    _administrator(request)
    form = PeopleFilterForm(request.GET or None)
    narrowed = PeopleFilter()
    if form.is_bound and form.is_valid():
        narrowed = PeopleFilter(role=form.cleaned_data["role"], state=form.cleaned_data["state"])
    page = queries.people_list(narrowed, after=request.GET.get("after"), before=request.GET.get("before"))
    return render(request, "people/list.html", {"page": page, "filter": form})


@sensitive_post_parameters("password", "again")
@require_http_methods(["GET", "HEAD", "POST"])
def create(request: HttpRequest) -> HttpResponse:
    administrator = _administrator(request)

    def act(data: dict[str, Any]) -> User:
        return actions.add_person(
            by=administrator,
            at=timezone.now(),
            email=data["email"],
            name=data["name"],
            role=data["role"],
            agency=data["agency"],
            password=data["password"],
        )

    return answer_form(
        request,
        form=bound(PersonForm, request),
        template="people/form.html",
        act=act,
        done=lambda added: reverse("people-list"),
        message=lambda added: _now("%(name)s can log in now.") % {"name": added.name},
    )


@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: HttpRequest, person: uuid.UUID) -> HttpResponse:
    administrator = _administrator(request)
    found = queries.person_with(person)
    kwargs: dict[str, Any] = {}
    if request.method != "POST":
        kwargs["initial"] = {
            "name": found.name,
            "role": found.role,
            "agency": found.agency,
            "is_active": found.is_active,
        }
    return answer_form(
        request,
        form=bound(EditPersonForm, request, **kwargs),
        template="people/edit.html",
        context={"person": found, "entries": system_entries(person=found, size=SHOWN).rows},
        act=lambda data: actions.edit_person(by=administrator, at=timezone.now(), user=found, **data),
        done=lambda edited: reverse("people-list"),
        message=_("The change was recorded."),
    )
