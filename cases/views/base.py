"""What the views share: who asks, the answer with a form, the answer to a button, the page inside a case."""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.functional import Promise

from cases.access import Grant, NotFound
from cases.actions.base import ActionError
from cases.people.models import User
from cases.queries.cases import tab_counts

# A form that was refused comes back with what was typed and the reasons.
UNPROCESSABLE = 422

Text = str | Promise
Form = TypeVar("Form", bound=forms.Form)
Result = TypeVar("Result")


def person_of(request: HttpRequest) -> User:
    """Who asks. The log-in gate stands before every view; nobody is a 404 here, never a guess."""
    if not isinstance(request.user, User):
        raise NotFound
    return request.user


def bound(form_class: type[Form], request: HttpRequest, **kwargs: Any) -> Form:
    """The form with what was sent, or empty on GET. `kwargs` go to the form (initial, case, …)."""
    if request.method == "POST":
        return form_class(data=request.POST, files=request.FILES, **kwargs)
    return form_class(**kwargs)


def refuse(form: forms.Form, error: ActionError) -> None:
    """Put an action's refusal beside the field that it names, or at the head of the form."""
    field = error.field if error.field in form.fields else None
    form.add_error(field, str(error.message))


def see_other(url: str) -> HttpResponseRedirect:
    """303: whatever the method was, look there with GET."""
    response = HttpResponseRedirect(url)
    response.status_code = 303
    return response


def wants_part(request: HttpRequest, target: str) -> bool:
    """Whether htmx asks for the part of the page with this id; the same view then answers with that part alone."""
    return request.headers.get("HX-Request") == "true" and request.headers.get("HX-Target") == target


def case_context(grant: Grant, context: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """What `base_case.html` reads: `case`, `grant` (`"wallets" in grant.permissions`), the counts of the tabs."""
    return {"case": grant.case, "grant": grant, "case_counts": tab_counts(grant.case), **(context or {})}


def case_page(
    request: HttpRequest,
    grant: Grant,
    template: str,
    context: Mapping[str, Any] | None = None,
    *,
    status: int = 200,
) -> HttpResponse:
    """A page inside a case."""
    return render(request, template, case_context(grant, context), status=status)


def answer_form(
    request: HttpRequest,
    *,
    form: Form,
    act: Callable[[dict[str, Any]], Result],
    done: Callable[[Result], str],
    template: str,
    grant: Grant | None = None,
    context: Mapping[str, Any] | None = None,
    message: Text | Callable[[Result], Text] = "",
) -> HttpResponse:
    """GET shows the form; a valid POST calls one action (`act` gets the cleaned data) and goes to `done(result)`.

    An invalid form, or an action that refuses, is 422 with the form as it was filled in. With a grant the page is
    drawn inside the case. Usage:

        form = bound(NoteForm, request)
        return answer_form(
            request, form=form, grant=grant, template="notes/form.html", message=_("The note was written."),
            act=lambda data: notes.write_note(grant=grant, at=timezone.now(), **data),
            done=lambda note: reverse("note-list", args=[grant.case.reference]),
        )
    """
    if form.is_bound and form.is_valid():
        try:
            result = act(form.cleaned_data)
        except ActionError as error:
            refuse(form, error)
        else:
            text = message(result) if callable(message) else message
            if text:
                messages.success(request, str(text))
            return see_other(done(result))
    status = UNPROCESSABLE if form.is_bound else 200
    filled = {**(context or {}), "form": form}
    if grant is not None:
        return case_page(request, grant, template, filled, status=status)
    return render(request, template, filled, status=status)


def answer_button(
    request: HttpRequest,
    *,
    act: Callable[[], object],
    to: str,
    message: Text = "",
    grant: Grant | None = None,
) -> HttpResponse:
    """A POST without a form: one action, then back to `to`. A refusal is a page with the reason, 422."""
    try:
        act()
    except ActionError as error:
        context: dict[str, Any] = {"reason": error.message, "back_url": to}
        if grant is not None:
            return case_page(request, grant, "cases/refused.html", context, status=UNPROCESSABLE)
        return render(request, "refused.html", context, status=UNPROCESSABLE)
    if message:
        messages.success(request, str(message))
    return see_other(to)
