"""Template tags for times: always UTC and said so; a deadline in words with a shape and a colour.

Loaded by `{% load ui %}`.
"""

from datetime import UTC, date, datetime, timedelta

from django.template import Library
from django.utils import timezone
from django.utils.dates import MONTHS_3
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from cases.templatetags.facts import Text, icon

register = Library()


def _utc(at: datetime) -> datetime:
    if at.tzinfo is None:
        raise ValueError("a time without its zone cannot be shown as UTC")
    return at.astimezone(UTC)


def _day(on: date) -> str:
    """16 Mar 2026: the one way a day is written, in any language; the month is a word so that none is mistaken."""
    return f"{on.day} {str(MONTHS_3[on.month]).title()} {on.year}"


@register.simple_tag
def time(at: datetime | None, seconds: bool = False, short: bool = False, unknown: Text = "") -> SafeString:
    """A moment in UTC, said so. `short` leaves the date out of today's times; for lists that change by the minute."""
    if at is None:
        return format_html('<span class="unknown">{}</span>', unknown or _("not recorded"))
    at = _utc(at)
    text = f"{at:%H:%M:%S}" if seconds else f"{at:%H:%M}"
    if not short or at.date() != timezone.now().astimezone(UTC).date():
        text = f"{_day(at)}, {text}"
    return format_html(
        '<time class="time" datetime="{}">{} <abbr class="time__zone">UTC</abbr></time>',
        at.isoformat().replace("+00:00", "Z"),
        text,
    )


@register.simple_tag
def day(on: date | None, unknown: Text = "") -> SafeString:
    """A date that carries no clock."""
    if on is None:
        return format_html('<span class="unknown">{}</span>', unknown or _("not recorded"))
    if isinstance(on, datetime):
        on = _utc(on).date()
    return format_html('<time class="time" datetime="{}">{}</time>', on.isoformat(), _day(on))


def distance(due_at: date, now: datetime) -> tuple[str, str, str]:
    """(tone, icon, words) of a deadline as seen from `now`. A date without clock ends with its UTC day."""
    now = _utc(now)
    if not isinstance(due_at, datetime):
        days = (due_at - now.date()).days
        if days < 0:
            return "bad", "octagon-alert", _overdue_days(-days)
        return ("warn", "clock", _("today")) if days == 0 else _days_ahead(days)
    left, days = _utc(due_at) - now, (_utc(due_at).date() - now.date()).days
    if left < timedelta(0):
        if -left >= timedelta(hours=24):
            return "bad", "octagon-alert", _overdue_days(-days)
        hours = max(1, int(-left.total_seconds() // 3600))
        words = ngettext("overdue by %(n)s hour", "overdue by %(n)s hours", hours) % {"n": hours}
        return "bad", "octagon-alert", words
    if left < timedelta(hours=1):
        minutes = max(1, int(left.total_seconds() // 60))
        return (
            "warn",
            "alarm-clock",
            ngettext("in %(n)s minute", "in %(n)s minutes", minutes) % {"n": minutes},
        )
    if left < timedelta(hours=24):
        hours = int(left.total_seconds() // 3600)
        return "warn", "alarm-clock", ngettext("in %(n)s hour", "in %(n)s hours", hours) % {"n": hours}
    return _days_ahead(days)


def _overdue_days(days: int) -> str:
    return ngettext("overdue by %(n)s day", "overdue by %(n)s days", days) % {"n": days}


def _days_ahead(days: int) -> tuple[str, str, str]:
    words = _("tomorrow") if days == 1 else ngettext("in %(n)s day", "in %(n)s days", days) % {"n": days}
    return ("warn", "clock", words) if days <= 3 else ("neutral", "calendar", words)


@register.simple_tag
def due(
    at: date | None,
    now: datetime | None = None,
    done: datetime | None = None,
    ended: Text = "",
    compact: bool = False,
    unknown: Text = "",
) -> SafeString:
    """A deadline: when, and how far off in words with a shape and a colour. `done` is when it was met."""
    if at is None:
        return format_html('<span class="unknown">{}</span>', unknown or _("no date set"))
    if ended:
        tone, shape, words = "ended", "circle-slash", str(ended)
    elif done is not None:
        tone, shape, words = _when_met(at, _utc(done))
    else:
        tone, shape, words = distance(at, now or timezone.now())
    when = time(at) if isinstance(at, datetime) else day(at)
    word = format_html('<span class="due__word">{}{}</span>', icon(shape), words)
    return format_html(
        '<span class="due due--{}">{}{}</span>',
        tone,
        format_html('<span class="visually-hidden">{}</span>', when) if compact else when,
        format_html(" {}", word),
    )


def _when_met(at: date, done: datetime) -> tuple[str, str, str]:
    if isinstance(at, datetime):
        late, days = done > _utc(at), (done.date() - _utc(at).date()).days
    else:
        late, days = done.date() > at, (done.date() - at).days
    if not late:
        return "good", "circle-check", _("met in time")
    if days == 0:
        return "warn", "triangle-alert", _("met late, the same day")
    return "warn", "triangle-alert", ngettext("met %(n)s day late", "met %(n)s days late", days) % {"n": days}
