"""Template tags for finding one's way: navigation, breadcrumbs, tabs, pages of a list, menus and dialogs.

Loaded by `{% load ui %}`. A link whose page this installation does not have is left out.
"""

from typing import Protocol

from django.http import HttpRequest
from django.template import Context, Library
from django.urls import NoReverseMatch, reverse
from django.utils.functional import Promise
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cases.templatetags.containers import attribute
from cases.templatetags.facts import NOTHING, Text, grouped, icon, shape_of

register = Library()


class KeysetPage(Protocol):
    """A page of a list that is walked by keys, not counted."""

    @property
    def next_cursor(self) -> str | None: ...
    @property
    def previous_cursor(self) -> str | None: ...


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
        shape_of(icon),
        text,
        format_html(' <span class="count">{}</span>', grouped(count)) if count is not None else "",
    )


# What hangs on a case, in the order of the work: (key, name of its URL, word).
CASE_TABS: tuple[tuple[str, str, Promise], ...] = (
    ("overview", "case-detail", gettext_lazy("Overview")),
    ("subjects", "subject-list", gettext_lazy("Subjects")),
    ("wallets", "wallet-list", gettext_lazy("Wallets")),
    ("alerts", "alert-list", gettext_lazy("Alerts")),
    ("accounts", "account-list", gettext_lazy("Accounts")),
    ("orders", "order-list", gettext_lazy("Orders")),
    ("freezes", "freeze-list", gettext_lazy("Freezes")),
    ("tasks", "task-list", gettext_lazy("Tasks")),
    ("exhibits", "exhibit-list", gettext_lazy("Exhibits")),
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
        found.append(tab(text, url, current=current == key, count=counts.get(key) or None))
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
        shape_of(icon),
        text,
        format_html(' <span class="count">{}</span>', grouped(count)) if count else "",
    )


@register.simple_block_tag
def menu(content: SafeString, text: Text, icon: str = "", small: bool = False) -> SafeString:
    return format_html(
        '<details class="menu"><summary class="btn{}">{}<span>{}</span>{}</summary><ul class="menu__list">{}</ul></details>',
        " btn--small" if small else "",
        shape_of(icon),
        text,
        shape_of("chevron-down"),
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
