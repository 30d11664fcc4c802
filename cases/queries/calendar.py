"""A person's deadlines as an iCalendar file (RFC 5545). Of a sealed order it says that there is a moment, not of what."""

import hashlib
from collections.abc import Iterable
from datetime import UTC, datetime

from django.conf import settings
from django.utils import translation
from django.utils.translation import gettext as _

from cases.models import CalendarFeed, CaseTask, FreezeOrder, LegalOrder
from cases.models.reminders import feed_digest
from cases.people.models import User
from cases.queries.case_tasks import about_hidden
from cases.queries.due import DueItem, Scope, nearest
from cases.queries.sight import visible_ids

SHOWN = 500


def person_of_feed(secret: str) -> User | None:
    """Whose live address this is; None where it is nobody's, or that person is locked out."""
    feed = (
        CalendarFeed.objects.select_related("user")
        .filter(digest=feed_digest(secret), ended_at__isnull=True)
        .first()
    )
    return feed.user if feed is not None and feed.user.is_active else None


def feed_of(user: User) -> CalendarFeed | None:
    """The person's live address."""
    return CalendarFeed.objects.filter(user=user, ended_at__isnull=True).first()


def calendar(user: User, *, at: datetime) -> str:
    """The nearest deadlines that the person may see."""
    sealed = _sealed(user)
    with translation.override(settings.LANGUAGE_CODE):
        lines = [
            "BEGIN:VCALENDAR",
            "VERSION:2.0",
            "PRODID:-//Holdfast//Deadlines//EN",
            "CALSCALE:GREGORIAN",
            "METHOD:PUBLISH",
            f"X-WR-CALNAME:{_escaped(_('Holdfast deadlines'))}",
        ]
        for item in nearest(Scope.visible_to(user), limit=SHOWN):
            lines += _event(item, at=at, sealed=(item.kind, item.case.reference, item.number) in sealed)
        lines.append("END:VCALENDAR")
    return "".join(f"{line}\r\n" for line in _folded(lines))


def _sealed(user: User) -> set[tuple[str, str, int]]:
    """The things that stem from sealed orders, as the list of deadlines names them."""
    cases = visible_ids(user)
    orders = LegalOrder.objects.filter(sealed=True, case__in=cases)
    found = {
        (kind, reference, number)
        for reference, number in orders.values_list("case__reference", "number")
        for kind in ("order", "obligation")
    }
    tasks = CaseTask.objects.filter(about_hidden(orders.values_list("pk", flat=True)))
    found |= {("task", *row) for row in tasks.values_list("case__reference", "number")}
    freezes = FreezeOrder.objects.filter(obligation__order__in=orders)
    return found | {("hold", *row) for row in freezes.values_list("case__reference", "number")}


def _event(item: DueItem, *, at: datetime, sealed: bool) -> list[str]:
    # The same thing keeps its name over the years; nothing in it tells what it is.
    name = hashlib.sha256(
        f"{item.kind} {item.case.reference} {item.number} {item.due_at}".encode()
    ).hexdigest()
    if sealed:
        summary = _("A moment in case %(case)s") % {"case": item.case.reference}
    else:
        summary = f"{item.title} · {item.case.reference}"
    return [
        "BEGIN:VEVENT",
        f"UID:{name[:32]}@holdfast",
        f"DTSTAMP:{_moment(at)}",
        f"DTSTART:{_moment(item.due_at)}",
        f"DTEND:{_moment(item.due_at)}",
        f"SUMMARY:{_escaped(str(summary))}",
        *([] if sealed else [f"URL:{settings.PUBLIC_URL}/cases/{item.case.reference}/"]),
        "END:VEVENT",
    ]


def _moment(value: datetime) -> str:
    return value.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")


def _escaped(text: str) -> str:
    """RFC 5545, 3.3.11."""
    text = text.replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,")
    return text.replace("\r\n", "\\n").replace("\n", "\\n").replace("\r", "\\n")


def _folded(lines: Iterable[str]) -> Iterable[str]:
    """RFC 5545, 3.1: no line longer than 75 octets; what follows begins with a blank."""
    for line in lines:
        rest, room = line, 75
        while len(rest.encode()) > room:
            cut = room
            while len(rest[:cut].encode()) > room:
                cut -= 1
            yield rest[:cut]
            rest, room = " " + rest[cut:], 75
        yield rest
