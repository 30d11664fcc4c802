"""Template tags for small facts: a status, an amount, an address, a time. Each escapes what it is given.

Loaded by `{% load ui %}`. Nothing here asks the database.
"""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.template import Library
from django.templatetags.static import static
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from cases.templatetags.looks import CONFIDENCE, look_of
from wallets.amounts import GROUP_SEPARATOR, to_text
from wallets.chains import CHAINS

register = Library()
NOTHING = mark_safe("")
Text = str | Promise


@register.simple_tag
def icon(name: str, label: Text = "", size: str = "") -> SafeString:
    """An icon of the sprite. Without a label it is decoration and hidden from readers."""
    css = f"icon icon--{size}" if size else "icon"
    source = static("vendor/lucide/sprite.svg")
    if label:
        return format_html(
            '<svg class="{}" role="img" aria-label="{}"><use href="{}#{}"></use></svg>',
            css,
            label,
            source,
            name,
        )
    return format_html(
        '<svg class="{}" aria-hidden="true" focusable="false"><use href="{}#{}"></use></svg>',
        css,
        source,
        name,
    )


def badge(tone: str, shape: str, word: Text, *, size: str = "") -> SafeString:
    """The one form of a status badge: shape, word, colour."""
    return format_html(
        '<span class="badge badge--{}{}">{}<span>{}</span></span>',
        tone,
        f" badge--{size}" if size else "",
        icon(shape),
        word,
    )


@register.simple_tag
def status(table: str, value: str, size: str = "") -> SafeString:
    """A status of one of the tables in `looks.LOOKS`."""
    look = look_of(table, str(value))
    return badge(look.tone, look.icon, look.word, size=size)


@register.simple_tag
def second_factor(active: bool) -> SafeString:
    """Whether a way of signing in is set up."""
    return badge("good", "shield-check", _("Active")) if active else badge("neutral", "circle-dashed", _("Not set up"))


# ── Amounts ───────────────────────────────────────────────────────────────────────────────────────────────


def _of(asset: Any, name: str) -> Any:
    return asset[name] if isinstance(asset, dict) else getattr(asset, name)


@register.simple_tag
def amount(base_units: int | Decimal | None, asset: Any, unknown: Text = "") -> SafeString:
    """Base units of an asset as exact decimal text with its symbol. None is words, never zero.

    `asset` has (or, as a dict, holds) `symbol` and `decimals`. Raises TypeError for anything but an integer: a
    float has already lost what a court would ask about.
    """
    if base_units is None:
        return format_html('<span class="unknown">{}</span>', unknown or _("not stated"))
    # numeric(78,0) columns arrive as whole Decimals.
    if isinstance(base_units, Decimal) and base_units == base_units.to_integral_value():
        base_units = int(base_units)
    if isinstance(base_units, bool) or not isinstance(base_units, int):
        raise TypeError(f"an amount is an integer of base units, not {base_units!r}")
    whole, _point, fraction = to_text(base_units, int(_of(asset, "decimals")), group=True).partition(".")
    return format_html(
        '<span class="amount"><span class="amount__number">{}{}</span> <span class="amount__unit">{}</span></span>',
        whole,
        format_html('<span class="amount__fraction">.{}</span>', fraction) if fraction else "",
        _of(asset, "symbol"),
    )


@register.simple_tag
def balance(view: Any, detail: bool = False) -> SafeString:
    """A `wallets.snapshots.BalanceView`: the amount as far as it is known, and how far that is.

    never_read has no amount; stale and failing show the last one with the time since when it is only that.
    """
    look = look_of("reading", view.state)
    lines = [NOTHING]
    if view.amount is None:
        # With no reading at all the reason is the whole answer.
        word = look.word if view.state != "ok" else _("Not read yet")
        lines = [format_html('<span class="balance__state unknown">{}{}</span>', icon(look.icon), word)]
        if view.state == "failing" and view.since:
            lines = [
                format_html(
                    '<span class="balance__state tone-bad">{}<span>{}</span></span>',
                    icon(look.icon),
                    _since(_("Source unavailable since %(time)s"), view.since),
                ),
                format_html('<span class="balance__note">{}</span>', _("No reading so far")),
            ]
    else:
        lines = [amount(view.amount, view.asset)]
        if view.state == "stale":
            lines.append(_state_line(look.icon, "warn", _("Stale since %(time)s"), view.since))
        elif view.state == "failing":
            lines.append(_state_line(look.icon, "bad", _("Source unavailable since %(time)s"), view.since))
        if view.state in {"stale", "failing"} and view.taken_at and not detail:
            lines.append(
                format_html(
                    '<span class="balance__note">{}</span>', _since(_("Last known %(time)s"), view.taken_at)
                )
            )
    if detail and view.amount is not None:
        lines.append(
            format_html(
                '<span class="balance__note">{}</span>',
                format_html_join(
                    mark_safe(" · "),
                    "{}",
                    (
                        (part,)
                        for part in (
                            _("block %(height)s") % {"height": grouped(view.block_height)}
                            if view.block_height is not None
                            else "",
                            time(view.block_time) if view.block_time else "",
                            _("from %(provider)s") % {"provider": view.provider} if view.provider else "",
                        )
                        if part
                    ),
                ),
            )
        )
    return format_html(
        '<span class="balance balance--{}">{}</span>',
        view.state,
        format_html_join("", "{}", ((x,) for x in lines)),
    )


def _since(sentence: str, at: datetime | None) -> SafeString:
    """`sentence` with its %(time)s replaced by the time element; both are escaped."""
    before, _mark, after = sentence.partition("%(time)s")
    return format_html("{}{}{}", before, time(at, short=True), after)


def _state_line(shape: str, tone: str, sentence: str, since: datetime | None) -> SafeString:
    return format_html(
        '<span class="balance__state tone-{}">{}<span>{}</span></span>',
        tone,
        icon(shape),
        _since(sentence, since),
    )


def grouped(number: int) -> str:
    """Whole digits in threes, set apart as `wallets.amounts` does it, whatever the locale: one way in every file."""
    return f"{number:,}".replace(",", GROUP_SEPARATOR)


@register.simple_tag
def number(value: int | None, unknown: Text = "") -> SafeString:
    if value is None:
        return format_html('<span class="unknown">{}</span>', unknown or _("not known"))
    return format_html('<span class="num-text">{}</span>', grouped(value))


# ── Identifiers ───────────────────────────────────────────────────────────────────────────────────────────


def copy_button(text: str, what: Text) -> SafeString:
    """Hidden until the script shows it: without script the text is selected by hand."""
    return format_html(
        '<button type="button" class="copy" data-copy="{}" aria-label="{}" title="{}" hidden>{}</button>',
        text,
        _("Copy %(what)s") % {"what": what},
        _("Copy"),
        icon("copy"),
    )


@register.simple_tag
def copyable(text: str, what: Text) -> SafeString:
    """The copy button alone, for a text that stands beside it."""
    return copy_button(text, what)


def in_fours(text: str) -> SafeString:
    """Spans of four characters so that the eye can compare; nothing is inserted, so that a copy is exact."""
    start = 2 if text.startswith("0x") else 0
    groups = ([text[:start]] if start else []) + [text[i : i + 4] for i in range(start, len(text), 4)]
    return format_html_join("", "<span>{}</span>", ((group,) for group in groups))


@register.simple_tag
def chain(slug: str) -> SafeString:
    """The name of a chain; a development chain is always marked as one."""
    info = CHAINS.get(slug)
    if info is None:
        return format_html('<span class="chain">{}</span>', slug)
    if info.is_development:
        return format_html(
            '<span class="chain chain--development">{}{}</span>', icon("circle-dashed"), info.name
        )
    return format_html('<span class="chain chain--{}">{}</span>', slug, info.name)


@register.simple_tag
def address(
    chain_slug: str,
    text: str,
    label: Text = "",
    href: str = "",
    checksum: str = "",
    show_chain: bool = True,
    typed: str = "",
) -> SafeString:
    """An address on a chain, whole, with a copy button. `typed` is shown where it is not the canonical form."""
    code: SafeString = format_html(
        '<code class="address__text" translate="no" data-address="{}">{}</code>', text, in_fours(text)
    )
    if href:
        code = format_html('<a class="address__link rowlink" href="{}">{}</a>', href, code)
    notes: list[SafeString] = []
    if label:
        notes.append(format_html('<span class="address__label">{}</span>', label))
    if show_chain:
        notes.append(chain(chain_slug))
    if checksum == "valid":
        notes.append(
            format_html('<span class="verdict tone-good">{}{}</span>', icon("check"), _("checksum valid"))
        )
    elif checksum == "none":
        notes.append(
            format_html(
                '<span class="verdict tone-warn">{}{}</span>', icon("circle-alert"), _("carries no checksum")
            )
        )
    if typed and typed != text:
        notes.append(
            format_html(
                '<span class="address__typed">{} <code translate="no">{}</code></span>', _("typed as"), typed
            )
        )
    return format_html(
        '<span class="address"><span class="address__line">{}{}</span>{}</span>',
        code,
        copy_button(text, _("address")),
        format_html(
            '<span class="address__notes">{}</span>', format_html_join("", "{}", ((n,) for n in notes))
        )
        if notes
        else "",
    )


@register.simple_tag
def digest(value: str, short: bool = False, unknown: Text = "") -> SafeString:
    """A hash in hex. Short shows its ends; the copy button gives all of it."""
    if not value:
        return format_html('<span class="unknown">{}</span>', unknown or _("not computed yet"))
    if short and len(value) > 20:
        shown = format_html('<code title="{}" translate="no">{}…{}</code>', value, value[:8], value[-8:])
    else:
        shown = format_html('<code class="digest__text" translate="no">{}</code>', in_fours(value))
    return format_html(
        '<span class="digest" data-digest="{}">{}{}</span>', value, shown, copy_button(value, _("hash"))
    )


@register.simple_tag
def reference(text: str, href: str = "") -> SafeString:
    """A case's (or matter's) reference."""
    if href:
        return format_html('<a class="reference rowlink" href="{}" translate="no">{}</a>', href, text)
    return format_html('<span class="reference" translate="no">{}</span>', text)


# ── Times ─────────────────────────────────────────────────────────────────────────────────────────────────


def _utc(at: datetime) -> datetime:
    if at.tzinfo is None:
        raise ValueError("a time without its zone cannot be shown as UTC")
    return at.astimezone(UTC)


@register.simple_tag
def time(at: datetime | None, seconds: bool = False, short: bool = False, unknown: Text = "") -> SafeString:
    """A moment in UTC, said so. `short` leaves the date out of today's times; for lists that change by the minute."""
    if at is None:
        return format_html('<span class="unknown">{}</span>', unknown or _("not recorded"))
    at = _utc(at)
    if short and at.date() == timezone.now().astimezone(UTC).date():
        text = date_format(at, "H:i:s" if seconds else "H:i")
    else:
        text = date_format(at, "j M Y, H:i:s" if seconds else "j M Y, H:i")
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
    return format_html('<time class="time" datetime="{}">{}</time>', on.isoformat(), date_format(on, "j M Y"))


def distance(due_at: date, now: datetime) -> tuple[str, str, str]:
    """(tone, icon, words) of a deadline as seen from `now`. A date without clock ends with its UTC day."""
    now = _utc(now)
    if isinstance(due_at, datetime):
        due_at = _utc(due_at)
        left, days = due_at - now, (due_at.date() - now.date()).days
    else:
        days = (due_at - now.date()).days
        left = timedelta(days=days + 1)
        if days == 0:
            return "warn", "clock", _("today")
    if left < timedelta(0):
        over = abs(days)
        if over == 0 or -left < timedelta(hours=24):
            hours = max(1, int(-left.total_seconds() // 3600))
            words = ngettext("overdue by %(n)s hour", "overdue by %(n)s hours", hours) % {"n": hours}
        else:
            words = ngettext("overdue by %(n)s day", "overdue by %(n)s days", over) % {"n": over}
        return "bad", "octagon-alert", words
    if isinstance(due_at, datetime) and left < timedelta(hours=1):
        minutes = max(1, int(left.total_seconds() // 60))
        return (
            "warn",
            "alarm-clock",
            ngettext("in %(n)s minute", "in %(n)s minutes", minutes) % {"n": minutes},
        )
    if isinstance(due_at, datetime) and left < timedelta(hours=24):
        hours = int(left.total_seconds() // 3600)
        return "warn", "alarm-clock", ngettext("in %(n)s hour", "in %(n)s hours", hours) % {"n": hours}
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


# ── People, marks, chips ──────────────────────────────────────────────────────────────────────────────────


@register.simple_tag
def person(who: Any, role: bool = False, unknown: Text = "") -> SafeString:
    """A person's initials and name. `who` is a User or a name; None is said in words."""
    if not who:
        return format_html('<span class="unknown">{}</span>', unknown or _("nobody"))
    name = str(who)
    words = [word for word in name.replace("@", " ").split() if word[0].isalnum()] or ["?"]
    initials = (words[0][0] + (words[-1][0] if len(words) > 1 else "")).upper()
    return format_html(
        '<span class="person"><span class="person__initials" aria-hidden="true">{}</span>'
        '<span class="person__name">{}</span>{}</span>',
        initials,
        name,
        format_html(' <span class="person__role">{}</span>', who.get_role_display()) if role else "",
    )


@register.simple_tag
def attribution(text: Text, source: Text = "", confidence: str = "") -> SafeString:
    """Whose something is said to be: always with the source and how sure one is, never a bare "owned by"."""
    if not text and not source:
        return format_html('<span class="unknown">{}</span>', _("Not attributed"))
    look = CONFIDENCE.get(str(confidence)) or CONFIDENCE[""]
    return format_html(
        '<span class="attribution"><span class="attribution__text">{}</span>'
        '<span class="attribution__notes">{}<span class="attribution__source">{}</span></span></span>',
        text or _("Not attributed"),
        badge(look.tone, look.icon, look.word, size="small"),
        _("Source: %(source)s") % {"source": source} if source else _("Source not stated"),
    )


@register.simple_tag
def chip(text: Text, tone: str = "neutral", shape: str = "", href: str = "") -> SafeString:
    body = format_html("{}{}", icon(shape) if shape else "", text)
    if href:
        return format_html('<a class="chip chip--{}" href="{}">{}</a>', tone, href, body)
    return format_html('<span class="chip chip--{}">{}</span>', tone, body)


@register.simple_tag
def mark(text: Text, tone: str = "neutral") -> SafeString:
    """A classification or handling mark. The capitals are drawn, so that a reader hears a word."""
    return format_html('<span class="mark mark--{}">{}</span>', tone, text)


@register.simple_tag
def classification(value: str, word: Text) -> SafeString:
    """How widely a case may be read; the narrowest stands out."""
    return mark(word, {"restricted": "bad", "confidential": "warn"}.get(value, "neutral"))


@register.simple_tag
def fictional() -> SafeString:
    """Beside everything invented for the demonstration."""
    return mark(_("Fictional"), "fictional")


@register.simple_tag
def progress(value: int | None, maximum: int | None = None, label: Text = "") -> SafeString:
    """How far a long piece of work is; None while that is not known."""
    if value is None or not maximum:
        return format_html(
            '<span class="progress"><span class="progress__label">{}</span><progress aria-label="{}"></progress></span>',
            label,
            label,
        )
    return format_html(
        '<span class="progress"><span class="progress__label">{}</span>'
        '<progress aria-label="{}" value="{}" max="{}"></progress>'
        '<span class="progress__figure">{}</span></span>',
        label,
        label,
        value,
        maximum,
        _("%(value)s of %(maximum)s") % {"value": grouped(value), "maximum": grouped(maximum)},
    )
