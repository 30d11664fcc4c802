"""What every step of a freeze's life shares: a page that says what will happen, to what, on which basis."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise

from cases import access
from cases.access import Grant
from cases.models import FreezeOrder
from cases.permissions import Permission
from cases.queries import freezes as queries
from cases.queries.freezes import FreezeContent
from cases.views.base import answer_form, bound, person_of
from cases.views.steps import hindrance_of, is_possible

Text = str | Promise


def url_of(grant: Grant, number: int) -> str:
    return reverse("freeze-detail", args=[grant.case.reference, number])


def step_context(
    grant: Grant,
    content: FreezeContent,
    *,
    at: datetime,
    title: Text,
    confirm: Text,
    words: Text,
    tone: str = "warn",
    possible: bool = True,
    hindrance: Text = "",
    **more: Any,
) -> dict[str, Any]:
    """What freezes/act.html reads; `extra` in `more` names a template that stands below the freeze's facts."""
    return {
        "freeze": content.freeze,
        "content": content,
        "basis": content.basis,
        "lapsed": content.basis.lapsed(at),
        "now": at,
        "title": title,
        "confirm": confirm,
        "words": words,
        "tone": tone,
        "possible": possible,
        "hindrance": hindrance,
        **more,
    }


def step(
    request: HttpRequest,
    ref: str,
    number: int,
    *,
    permission: Permission,
    url_name: str,
    form_class: type[forms.Form],
    title: Text,
    confirm: Text,
    words: Text,
    act: Callable[..., Any],
    message: Text,
    tone: str = "warn",
    more: Callable[[Grant, FreezeOrder, datetime], dict[str, Any]] | None = None,
    form_kwargs: Callable[[FreezeOrder], dict[str, Any]] | None = None,
) -> HttpResponse:
    """One step of a freeze: its page, and the POST that does it.

    `act` is called with the grant, the moment, the freeze's number and what the form holds. `more` adds to the page's
    context, `form_kwargs` gives the form what depends on the freeze.
    """
    grant = access.case_for(person_of(request), ref, permission)
    at = timezone.now()
    content = queries.freeze_content(queries.freeze_of(grant.case, number), at=at)
    context = step_context(
        grant,
        content,
        at=at,
        title=title,
        confirm=confirm,
        words=words,
        tone=tone,
        hindrance=hindrance_of(url_name, content, grant),
        possible=is_possible(url_name, content.freeze),
        **(more(grant, content.freeze, at) if more is not None else {}),
    )
    return answer_form(
        request,
        grant=grant,
        form=bound(form_class, request, **(form_kwargs(content.freeze) if form_kwargs is not None else {})),
        template="freezes/act.html",
        context=context,
        act=lambda data: act(grant=grant, at=at, number=number, **data),
        done=lambda _done: url_of(grant, number),
        message=message,
    )
