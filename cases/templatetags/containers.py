"""Block tags that hold other things: panels, lists of facts, tables, timelines, tasks, notices, tabs.

Loaded by `{% load ui %}`. What stands between the tags is rendered by Django and escaped there.
"""

from datetime import datetime
from typing import Any, Protocol

from django.http import HttpRequest
from django.middleware.csrf import get_token
from django.template import Context, Library
from django.urls import NoReverseMatch, reverse
from django.utils.functional import Promise
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cases.templatetags.facts import NOTHING, Text, badge, grouped, icon, time
from cases.templatetags.looks import look_of

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
    actions = content.strip()
    return format_html(
        '<div class="pagehead">{}<div class="pagehead__row"><div class="pagehead__words">{}<h{} class="pagehead__title">'
        "{}</h{}>{}</div>{}</div></div>",
        back,
        format_html('<p class="eyebrow">{}</p>', eyebrow) if eyebrow else "",
        level,
        title,
        level,
        format_html('<p class="pagehead__lead">{}</p>', lead) if lead else "",
        format_html('<div class="pagehead__actions">{}</div>', mark_safe(actions)) if actions else "",
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
        _icon(icon),
        title,
        format_html(' <span class="count">{}</span>', grouped(count)) if count is not None else "",
        level,
        content,
    )


def _icon(name: str) -> SafeString:
    """`icon` is a parameter's name in the tags above; this reaches the tag itself."""
    return icon(name) if name else NOTHING


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
    body = content.strip()
    return format_html(
        '<div class="fact{}"><dt>{}</dt><dd>{}{}</dd></div>',
        " fact--wide" if wide else "",
        label,
        mark_safe(body) if body else format_html('<span class="unknown">{}</span>', _("not recorded")),
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


class KeysetPage(Protocol):
    """A page of a list that is walked by keys, not counted."""

    @property
    def next_cursor(self) -> str | None: ...
    @property
    def previous_cursor(self) -> str | None: ...


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


@register.simple_tag(takes_context=True)
def pager(
    context: Context, page: KeysetPage, target: str = "", shown: int | None = None, total: int | None = None
) -> SafeString:
    """Links to the pages before and after; the other parameters of the address stay."""
    query = context["request"].GET.copy()
    for name in ("after", "before"):
        query.pop(name, None)

    def link(name: str, cursor: str | None, word: str, shape: str, rel: str) -> SafeString:
        last = rel == "next"
        body = (
            format_html("<span>{}</span>{}", word, icon(shape))
            if last
            else format_html("{}<span>{}</span>", icon(shape), word)
        )
        if not cursor:
            return format_html(
                '<span class="btn btn--small is-disabled" aria-disabled="true">{}</span>', body
            )
        there = query.copy()
        there[name] = cursor
        href = "?" + there.urlencode()
        htmx = (
            format_html(
                ' hx-get="{}" hx-target="{}" hx-select="{}" hx-swap="outerHTML" hx-push-url="true"',
                href,
                target,
                target,
            )
            if target
            else ""
        )
        return format_html('<a class="btn btn--small" rel="{}" href="{}"{}>{}</a>', rel, href, htmx, body)

    words: SafeString | str = ""
    if shown is not None and total is not None:
        words = _("%(shown)s of %(total)s") % {"shown": grouped(shown), "total": grouped(total)}
    elif shown is not None:
        words = _("%(shown)s shown") % {"shown": grouped(shown)}
    if not page.next_cursor and not page.previous_cursor:
        return (
            format_html('<div class="pager"><p class="pager__shown">{}</p></div>', words)
            if words
            else NOTHING
        )
    return format_html(
        '<nav class="pager" aria-label="{}"><p class="pager__shown">{}</p><div class="cluster">{}{}</div></nav>',
        _("Pages"),
        words,
        link("before", page.previous_cursor, _("Previous"), "chevron-left", "prev"),
        link("after", page.next_cursor, _("Next"), "chevron-right", "next"),
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
    body = content.strip()
    return format_html(
        '<li class="timeline__item"{}><span class="timeline__dot timeline__dot--{}">{}</span>'
        '<div class="timeline__what"><p class="timeline__title">{}{}</p><p class="timeline__meta">{}{}{}</p>{}</div></li>',
        attribute("id", id),
        tone,
        _icon(icon),
        title,
        format_html(' <span class="timeline__number">#{}</span>', number) if number is not None else "",
        time(at),
        format_html(' <span class="timeline__by">{}</span>', _("by %(name)s") % {"name": by}) if by else "",
        format_html(' <span class="timeline__late">{} {}</span>', _("recorded"), time(recorded_at))
        if late
        else "",
        format_html('<div class="timeline__body">{}</div>', mark_safe(body)) if body else "",
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
        _icon(icon),
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

_NOTICE_ICONS = {"info": "info", "good": "circle-check", "warn": "triangle-alert", "bad": "octagon-alert", "fictional": ""}


@register.simple_block_tag
def notice(content: SafeString, tone: str = "info", title: Text = "", role: str = "") -> SafeString:
    body = content.strip()
    return format_html(
        '<div class="notice notice--{}"{}>{}<div class="notice__body">{}{}</div></div>',
        tone,
        attribute("role", role),
        _icon(_NOTICE_ICONS[tone]),
        format_html('<p class="notice__title">{}</p>', title) if title else "",
        mark_safe(body),
    )


@register.simple_block_tag
def empty(content: SafeString, title: Text, icon: str = "inbox") -> SafeString:
    return format_html(
        '<div class="empty"><span class="empty__icon">{}</span><p class="empty__title">{}</p>{}</div>',
        _icon(icon),
        title,
        content,
    )


# ── Ways around ───────────────────────────────────────────────────────────────────────────────────────────


@register.simple_block_tag
def breadcrumbs(content: SafeString) -> SafeString:
    return format_html('<nav class="crumbs" aria-label="{}"><ol>{}</ol></nav>', _("Breadcrumb"), content)


@register.simple_tag
def crumb(text: Text, url: str = "") -> SafeString:
    if url:
        return format_html('<li><a href="{}">{}</a></li>', url, text)
    return format_html('<li><span aria-current="page">{}</span></li>', text)


@register.simple_block_tag
def tabs(content: SafeString, label: Text) -> SafeString:
    return format_html('<nav class="tabs" aria-label="{}"><ul>{}</ul></nav>', label, content)


@register.simple_tag(takes_context=True)
def path_tab(context: Context, text: Text, url_name: str) -> SafeString:
    """A tab that is current where the page lies at or below its URL; nothing where there is no such page."""
    try:
        url = reverse(url_name)
    except NoReverseMatch:
        return NOTHING
    return tab(text, url, current=context["request"].path.startswith(url))


@register.simple_tag
def tab(text: Text, url: str, current: bool = False, count: int | None = None, icon: str = "") -> SafeString:
    return format_html(
        '<li><a href="{}"{}>{}<span>{}</span>{}</a></li>',
        url,
        attribute("aria-current", "page" if current else ""),
        _icon(icon),
        text,
        format_html(' <span class="count">{}</span>', grouped(count)) if count is not None else "",
    )


# What hangs on a case, in the order of the work: (key, name of its URL, word).
CASE_TABS: tuple[tuple[str, str, Promise], ...] = (
    ("overview", "case-detail", gettext_lazy("Overview")),
    ("subjects", "subject-list", gettext_lazy("Subjects")),
    ("wallets", "wallet-list", gettext_lazy("Wallets")),
    ("accounts", "account-list", gettext_lazy("Accounts")),
    ("orders", "order-list", gettext_lazy("Orders")),
    ("freezes", "freeze-list", gettext_lazy("Freezes")),
    ("evidence", "evidence-list", gettext_lazy("Evidence")),
    ("notes", "note-list", gettext_lazy("Notes")),
    ("chronology", "chronology", gettext_lazy("Chronology")),
    ("members", "member-list", gettext_lazy("Members")),
    ("shares", "share-list", gettext_lazy("Sharing")),
    ("exports", "export-list", gettext_lazy("Case files")),
)


@register.simple_block_tag(takes_context=True)
def case_tabs(context: Context, content: SafeString) -> SafeString:
    """The tabs of the case at hand; `content` is the key of the current one. A missing page has no tab."""
    current, counts = content.strip(), context.get("case_counts") or {}
    found = []
    for key, url_name, text in CASE_TABS:
        try:
            url = reverse(url_name, args=[context["case"].reference])
        except NoReverseMatch:
            continue
        found.append(tab(text, url, current=current == key, count=counts.get(key)))
    return tabs(format_html_join("", "{}", ((one,) for one in found)), _("The case"))


@register.simple_tag(takes_context=True)
def nav_link(
    context: Context, url_name: str, text: Text, icon: str, count: int | None = None, exact: bool = False
) -> SafeString:
    """A link of the side navigation, current where the page lies below it; nothing where there is no such page."""
    try:
        url = reverse(url_name)
    except NoReverseMatch:
        return NOTHING
    request: HttpRequest | None = context.get("request")
    path = request.path if request else ""
    here = path == url if exact else path.startswith(url)
    return format_html(
        '<li><a class="nav__link" href="{}"{}>{}<span>{}</span>{}</a></li>',
        url,
        attribute("aria-current", ("page" if path == url else "true") if here else ""),
        _icon(icon),
        text,
        format_html(' <span class="count">{}</span>', grouped(count)) if count else "",
    )


@register.simple_block_tag
def menu(content: SafeString, text: Text, icon: str = "", small: bool = False) -> SafeString:
    return format_html(
        '<details class="menu"><summary class="btn{}">{}<span>{}</span>{}</summary><ul class="menu__list">{}</ul></details>',
        " btn--small" if small else "",
        _icon(icon),
        text,
        _icon("chevron-down"),
        content,
    )


@register.simple_block_tag
def dialog(content: SafeString, id: str, title: Text) -> SafeString:  # noqa: A002 - the attribute's own name
    """Opened by a link with data-dialog="id"; without script the link leads to a page with the same form."""
    return format_html(
        '<dialog class="dialog" id="{}" aria-labelledby="{}-title"><div class="dialog__head">'
        '<h2 id="{}-title">{}</h2><form method="dialog"><button class="btn btn--quiet btn--small" aria-label="{}">{}'
        "</button></form></div>{}</dialog>",
        id,
        id,
        id,
        title,
        _("Close"),
        icon("x"),
        content,
    )
