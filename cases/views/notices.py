"""What a person was told, and her calendar address."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET, require_POST

from cases.access import NotFound
from cases.actions import reminders as actions
from cases.queries import calendar
from cases.queries import reminders as queries
from cases.views.base import answer_button, person_of


@require_GET
def notice_list(request: HttpRequest) -> HttpResponse:
    user = person_of(request)
    context = {
        "page": queries.notice_list(user, after=request.GET.get("after"), before=request.GET.get("before")),
        "unread": bool(queries.unread(user, limit=1)),
        "now": timezone.now(),
    }
    return render(request, "notices/list.html", context)


@require_POST
def notice_read(request: HttpRequest, notice: UUID) -> HttpResponse:
    user = person_of(request)
    if not queries.notices_of(user).filter(public_id=notice).exists():
        raise NotFound
    return answer_button(
        request,
        act=lambda: actions.read_notices(by=user, at=timezone.now(), notice=notice),
        to=reverse("notice-list"),
        message=_("You took note of it."),
    )


@require_POST
def notices_read(request: HttpRequest) -> HttpResponse:
    user = person_of(request)
    return answer_button(
        request,
        act=lambda: actions.read_notices(by=user, at=timezone.now()),
        to=reverse("notice-list"),
        message=_("You took note of all of them."),
    )


@require_POST
def feed_create(request: HttpRequest) -> HttpResponse:
    """The address is shown once, on the page that answers; what is kept of it cannot be shown again."""
    user = person_of(request)
    secret = actions.create_feed(by=user, at=timezone.now())
    messages.success(request, _now("The address is new. The old one answers no more."))
    address = request.build_absolute_uri(reverse("calendar", args=[secret]))
    return render(request, "notices/feed.html", {"address": address})


@require_POST
def feed_end(request: HttpRequest) -> HttpResponse:
    user = person_of(request)
    return answer_button(
        request,
        act=lambda: actions.end_feed(by=user, at=timezone.now()),
        to=reverse("profile"),
        message=_("The calendar address answers no more."),
    )


@require_GET
def calendar_file(request: HttpRequest, secret: str) -> HttpResponse:
    """Without a session: whoever has the address reads it, so it holds moments and titles alone."""
    user = calendar.person_of_feed(secret)
    if user is None:
        raise NotFound
    at = timezone.now()
    text = calendar.calendar(user, at=at)
    # Whoever holds the address may read it, she or somebody else: told before anything is sent.
    actions.note_feed_read(by=user, at=at, address=str(request.META.get("REMOTE_ADDR", "")))
    response = HttpResponse(text, content_type="text/calendar; charset=utf-8")
    response.headers["Cache-Control"] = "no-store"
    return response
