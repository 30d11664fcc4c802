"""A person's own page: who she is here, her colours, her programs' tokens."""

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from cases.access import NotFound
from cases.actions import people as people_actions
from cases.actions.base import ActionError
from cases.actions.profile import choose_theme
from cases.chronology.system import SystemKind, system_entries
from cases.forms.profile import ThemeForm, TokenForm
from cases.people.models import ApiToken, User
from cases.queries import calendar
from cases.views.base import UNPROCESSABLE, answer_button, bound, person_of, refuse, see_other

# A person's own newest log-ins: one that was not hers is seen by her first.
SHOWN = 8


def _context(user: User) -> dict[str, object]:
    now = timezone.now()
    rows = ApiToken.objects.filter(user=user).order_by("-created_at", "-id")[:100]
    states = [
        (token, "revoked" if token.revoked_at else "live" if token.is_live(now) else "expired")
        for token in rows
    ]
    return {
        "tokens": states,
        "theme_form": ThemeForm(initial={"theme": user.theme}),
        "feed": calendar.feed_of(user),
        "entries": system_entries(kind=SystemKind.LOG_INS, person=user, size=SHOWN).rows,
    }


@require_GET
def profile(request: HttpRequest) -> HttpResponse:
    return render(request, "profile/profile.html", _context(person_of(request)))


@require_POST
def theme(request: HttpRequest) -> HttpResponse:
    """Save the colours and go back to where the choice was made."""
    user = person_of(request)
    form = ThemeForm(request.POST)
    if not form.is_valid():
        context = {**_context(user), "theme_form": form}
        return render(request, "profile/profile.html", context, status=UNPROCESSABLE)
    choose_theme(by=user, theme=form.cleaned_data["theme"])
    there = request.POST.get("next", "")
    own = url_has_allowed_host_and_scheme(
        there, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return see_other(there if own else reverse("profile"))


@require_http_methods(["GET", "HEAD", "POST"])
def token_create(request: HttpRequest) -> HttpResponse:
    """A new token. Its secret is in this one answer and is kept nowhere, so there is no redirect to a page of it."""
    user = person_of(request)
    form = bound(TokenForm, request)
    if form.is_bound and form.is_valid():
        now, data = timezone.now(), form.cleaned_data
        try:
            token, secret = people_actions.create_token(
                by=user, at=now, label=data["label"], expires_at=now + data["lifetime"]
            )
        except ActionError as error:
            refuse(form, error)
        else:
            context = {"token": token, "secret": secret}
            return render(request, "profile/token_created.html", context, status=201)
    status = UNPROCESSABLE if form.is_bound else 200
    return render(request, "profile/token_create.html", {"form": form}, status=status)


@require_POST
def token_revoke(request: HttpRequest, token: UUID) -> HttpResponse:
    user = person_of(request)
    row = ApiToken.objects.filter(user=user, public_id=token).first()
    if row is None:
        raise NotFound
    return answer_button(
        request,
        act=lambda: people_actions.revoke_token(by=user, at=timezone.now(), token=row),
        to=reverse("profile"),
        message=_("The token is revoked. Programs that use it are refused from now on."),
    )
