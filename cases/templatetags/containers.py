"""Block tags that hold other things: panels, lists of facts, tables, timelines, tasks, notices.

Loaded by `{% load ui %}`. What stands between the tags is rendered by Django and escaped there.
"""

from datetime import datetime
from typing import Any

from django.middleware.csrf import get_token
from django.template import Context, Library
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from cases.templatetags.facts import NOTHING, Text, badge, grouped, icon, shape_of
from cases.templatetags.looks import look_of
from cases.templatetags.moments import time

register = Library()


def attribute(name: str, value: object) -> SafeString:
    """` name="value"`, or nothing where the value is empty."""
    if value in (None, "", False):
        return NOTHING
    if value is True:
        return format_html(" {}", name)
    return format_html(' {}="{}"', name, value)


def csrf_input(context: Context) -> SafeString:
    """The hidden field that every own POST form carries."""
    token = context.get("csrf_token") or get_token(context["request"])
    return format_html('<input type="hidden" name="csrfmiddlewaretoken" value="{}">', token)


# ── The frame of a page ───────────────────────────────────────────────────────────────────────────────────


@register.simple_block_tag
def page_header(
    content: SafeString,
    title: Text,
    lead: Text = "",
    eyebrow: Text = "",
    back_url: str = "",
    back_text: Text = "",
    level: int = 1,
) -> SafeString:
    back = (
        format_html(
            '<a class="backlink" href="{}">{}{}</a>', back_url, icon("arrow-left"), back_text or _("Back")
        )
        if back_url
        else ""
    )
    return format_html(
        '<div class="pagehead">{}<div class="pagehead__row"><div class="pagehead__words">{}<h{} class="pagehead__title">'
        "{}</h{}>{}</div>{}</div></div>",
        back,
        format_html('<p class="eyebrow">{}</p>', eyebrow) if eyebrow else "",
        level,
        title,
        level,
        format_html('<p class="pagehead__lead">{}</p>', lead) if lead else "",
        format_html('<div class="pagehead__actions">{}</div>', content) if content.strip() else "",
    )


@register.simple_block_tag
def panel(
    content: SafeString,
    title: Text,
    count: int | None = None,
    icon: str = "",
    id: str = "",  # noqa: A002 - the attribute's own name
    flush: bool = False,
    level: int = 2,
    tone: str = "",
) -> SafeString:
    """A section with a heading. `flush` lets a table or list reach the edges."""
    return format_html(
        '<section class="panel{}{}"{}><h{} class="panel__title">{}<span>{}</span>{}</h{}>{}</section>',
        " panel--flush" if flush else "",
        f" panel--{tone}" if tone else "",
        attribute("id", id),
        level,
        shape_of(icon),
        title,
        format_html(' <span class="count">{}</span>', grouped(count)) if count is not None else "",
        level,
        content,
    )


@register.simple_block_tag
def panel_actions(content: SafeString) -> SafeString:
    return format_html('<div class="panel__actions">{}</div>', content)


@register.simple_block_tag
def split(content: SafeString) -> SafeString:
    return format_html('<div class="split">{}</div>', content)


@register.simple_block_tag
def main(content: SafeString) -> SafeString:
    return format_html('<div class="split__main stack">{}</div>', content)


@register.simple_block_tag
def aside(content: SafeString, label: Text = "") -> SafeString:
    return format_html('<div class="split__aside stack"{}>{}</div>', attribute("aria-label", label), content)


# ── Facts ─────────────────────────────────────────────────────────────────────────────────────────────────


@register.simple_block_tag
def facts(content: SafeString, columns: int = 1, compact: bool = False) -> SafeString:
    return format_html(
        '<dl class="facts{}{}">{}</dl>',
        f" facts--{columns}" if columns > 1 else "",
        " facts--compact" if compact else "",
        content,
    )


@register.simple_block_tag
def fact(content: SafeString, label: Text, change_url: str = "", wide: bool = False) -> SafeString:
    return format_html(
        '<div class="fact{}"><dt>{}</dt><dd>{}{}</dd></div>',
        " fact--wide" if wide else "",
        label,
        content if content.strip() else format_html('<span class="unknown">{}</span>', _("not recorded")),
        format_html(
            ' <a class="fact__change" href="{}">{}<span class="visually-hidden"> {}</span></a>',
            change_url,
            _("Change"),
            label,
        )
        if change_url
        else "",
    )


# ── Tables ────────────────────────────────────────────────────────────────────────────────────────────────


@register.simple_block_tag
def table(
    content: SafeString,
    caption: Text,
    show_caption: bool = False,
    stack: bool = False,
    id: str = "",  # noqa: A002 - the attribute's own name
    fixed: bool = False,
) -> SafeString:
    """A table in a region that scrolls by itself and can be reached by keys. `stack` makes cards of it on a phone."""
    return format_html(
        '<div class="tablebox{}" role="region" aria-label="{}" tabindex="0"{}><table class="table{}">'
        "<caption{}>{}</caption>{}</table></div>",
        " tablebox--stack" if stack else "",
        caption,
        attribute("id", id),
        " table--fixed" if fixed else "",
        "" if show_caption else mark_safe(' class="visually-hidden"'),
        caption,
        content,
    )


# ── Lists ─────────────────────────────────────────────────────────────────────────────────────────────────


@register.simple_block_tag
def timeline(content: SafeString, label: Text = "") -> SafeString:
    return format_html('<ol class="timeline"{}>{}</ol>', attribute("aria-label", label), content)


@register.simple_block_tag
def timeline_item(
    content: SafeString,
    at: datetime | None,
    title: Text,
    by: Any = "",
    icon: str = "circle-dot",
    tone: str = "neutral",
    recorded_at: datetime | None = None,
    number: int | None = None,
    id: str = "",  # noqa: A002 - the attribute's own name
) -> SafeString:
    """One event. `recorded_at` is shown only where it differs from when it happened by a minute or more."""
    late = recorded_at is not None and at is not None and abs((recorded_at - at).total_seconds()) >= 60
    return format_html(
        '<li class="timeline__item"{}><span class="timeline__dot timeline__dot--{}">{}</span>'
        '<div class="timeline__what"><p class="timeline__title">{}{}</p><p class="timeline__meta">{}{}{}</p>{}</div></li>',
        attribute("id", id),
        tone,
        shape_of(icon),
        title,
        format_html(' <span class="timeline__number">#{}</span>', number) if number is not None else "",
        time(at),
        format_html(' <span class="timeline__by">{}</span>', _("by %(name)s") % {"name": by}) if by else "",
        format_html(' <span class="timeline__late">{} {}</span>', _("recorded"), time(recorded_at))
        if late
        else "",
        format_html('<div class="timeline__body">{}</div>', content) if content.strip() else "",
    )


@register.simple_block_tag
def tasks(content: SafeString, label: Text = "") -> SafeString:
    return format_html('<ul class="tasks"{}>{}</ul>', attribute("aria-label", label), content)


@register.simple_block_tag
def task(content: SafeString, title: Text, url: str = "", status: str = "todo") -> SafeString:
    look = look_of("task", status)
    return format_html(
        '<li class="task"><div class="task__what">{}<div class="task__hint">{}</div></div>'
        '<div class="task__status">{}</div></li>',
        format_html('<a class="task__title rowlink" href="{}">{}</a>', url, title)
        if url
        else format_html('<span class="task__title">{}</span>', title),
        content,
        badge(look.tone, look.icon, look.word),
    )


@register.simple_block_tag
def stats(content: SafeString, label: Text = "") -> SafeString:
    return format_html('<ul class="stats"{}>{}</ul>', attribute("aria-label", label), content)


@register.simple_tag
def stat(
    label: Text, value: int | str, url: str = "", tone: str = "neutral", icon: str = "", note: Text = ""
) -> SafeString:
    """A figure for the home page. The tone colours it only while the figure is not zero."""
    quiet = value in (0, "0")
    body = format_html(
        '<span class="stat__label">{}{}</span><span class="stat__value">{}</span><span class="stat__note">{}</span>',
        shape_of(icon),
        label,
        grouped(value) if isinstance(value, int) else value,
        note,
    )
    return format_html(
        '<li class="stat stat--{}">{}</li>',
        "neutral" if quiet else tone,
        format_html('<a href="{}">{}</a>', url, body)
        if url
        else format_html('<div class="stat__still">{}</div>', body),
    )


# ── Messages ──────────────────────────────────────────────────────────────────────────────────────────────

_NOTICE_ICONS = {
    "info": "info",
    "good": "circle-check",
    "warn": "triangle-alert",
    "bad": "octagon-alert",
    "fictional": "",
}


@register.simple_block_tag
def notice(content: SafeString, tone: str = "info", title: Text = "", role: str = "") -> SafeString:
    return format_html(
        '<div class="notice notice--{}"{}>{}<div class="notice__body">{}{}</div></div>',
        tone,
        attribute("role", role),
        shape_of(_NOTICE_ICONS[tone]),
        format_html('<p class="notice__title">{}</p>', title) if title else "",
        content,
    )


@register.simple_block_tag
def empty(content: SafeString, title: Text, icon: str = "inbox") -> SafeString:
    return format_html(
        '<div class="empty"><span class="empty__icon">{}</span><p class="empty__title">{}</p>{}</div>',
        shape_of(icon),
        title,
        content,
    )
