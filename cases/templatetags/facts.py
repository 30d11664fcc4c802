"""Template tags for small facts: an icon, a status, a person, a mark, how far a piece of work is.

Loaded by `{% load ui %}`. Each escapes what it is given; nothing here asks the database.
"""

from functools import lru_cache
from typing import Any

from django.template import Library
from django.templatetags.static import static
from django.utils.functional import Promise
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from cases.templatetags.looks import CONFIDENCE, look_of
from wallets.amounts import GROUP_SEPARATOR

register = Library()
NOTHING = mark_safe("")
Text = str | Promise


@register.simple_tag
def icon(name: str, label: Text = "", size: str = "") -> SafeString:
    """An icon of the sprite. Without a label it is decoration and hidden from readers."""
    return _drawn_icon(static("vendor/lucide/sprite.svg"), name, str(label), size)


# Lists draw the same few shapes and words hundreds of times; what is kept depends on the arguments
# alone, and `typed` keeps a text that is already safe apart from the same text that is not.
@lru_cache(maxsize=1024, typed=True)
def _drawn_icon(source: str, name: str, label: str, size: str) -> SafeString:
    css = f"icon icon--{size}" if size else "icon"
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


def shape_of(name: str) -> SafeString:
    """The icon, or nothing without a name; for tags whose own parameter is called `icon`."""
    return icon(name) if name else NOTHING


def badge(tone: str, shape: str, word: Text, *, size: str = "") -> SafeString:
    """The one form of a status badge: shape, word, colour."""
    return _drawn_badge(tone, icon(shape), str(word), size)


@lru_cache(maxsize=1024, typed=True)
def _drawn_badge(tone: str, drawn: SafeString, word: str, size: str) -> SafeString:
    css = f"badge badge--{tone} badge--{size}" if size else f"badge badge--{tone}"
    return format_html('<span class="{}">{}<span>{}</span></span>', css, drawn, word)


@register.simple_tag
def status(table: str, value: str, size: str = "") -> SafeString:
    """A status of one of the tables in `looks.LOOKS`."""
    look = look_of(table, str(value))
    return badge(look.tone, look.icon, look.word, size=size)


@register.simple_tag
def second_factor(active: bool) -> SafeString:
    """Whether a way of signing in is set up."""
    return (
        badge("good", "shield-check", _("Active"))
        if active
        else badge("neutral", "circle-dashed", _("Not set up"))
    )


def grouped(number: int) -> str:
    """Whole digits in threes, set apart as `wallets.amounts` does it, whatever the locale: one way in every file."""
    return f"{number:,}".replace(",", GROUP_SEPARATOR)


@register.simple_tag
def number(value: int | None, unknown: Text = "") -> SafeString:
    if value is None:
        return format_html('<span class="unknown">{}</span>', unknown or _("not known"))
    return format_html('<span class="num-text">{}</span>', grouped(value))


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
