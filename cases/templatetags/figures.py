"""Template tags for what a court would compare to the last character: amounts, balances, addresses, hashes.

Loaded by `{% load ui %}`. Nothing is inserted into an identifier, so that what is copied is what is recorded.
"""

from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any

from django.template import Library
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from cases.templatetags.facts import NOTHING, Text, grouped, icon
from cases.templatetags.looks import look_of
from cases.templatetags.moments import time
from wallets.amounts import to_text
from wallets.chains import CHAINS

register = Library()


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
    contradicted = view.state == "failing" and view.error_code == "disagrees"
    look = look_of("reading", "disagrees" if contradicted else view.state)
    unavailable = (
        _("Two sources contradict each other since %(time)s")
        if contradicted
        else _("Source unavailable since %(time)s")
    )
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
                    _since(unavailable, view.since),
                ),
                # Why it cannot be read, such as that no source is configured at all, belongs beside it.
                format_html('<span class="balance__note">{}</span>', view.error or _("No reading so far")),
            ]
    else:
        lines = [amount(view.amount, view.asset)]
        if view.state == "stale":
            lines.append(_state_line(look.icon, "warn", _("Stale since %(time)s"), view.since))
        elif view.state == "failing":
            lines.append(_state_line(look.icon, "bad", unavailable, view.since))
        if view.state in {"stale", "failing"} and view.looked_at and not detail:
            lines.append(
                format_html(
                    '<span class="balance__note">{}</span>',
                    _since(
                        _("The older amount stands: %(time)s") if contradicted else _("Last known %(time)s"),
                        view.looked_at,
                    ),
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


# ── Identifiers ─────────────────────────────────────────────────────────────────────────────────────────────


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
    if text.isascii() and text.isalnum():
        # Letters and digits have nothing to escape, and lists draw hundreds of these.
        return SafeString("".join(f"<span>{group}</span>" for group in groups))
    return format_html_join("", "<span>{}</span>", ((group,) for group in groups))


@register.simple_tag
def chain(slug: str) -> SafeString:
    """The name of a chain; a development chain is always marked as one."""
    info = CHAINS.get(slug)
    return _drawn_chain(str(info.name) if info else slug, info.is_development if info else False)


@lru_cache(maxsize=256, typed=True)
def _drawn_chain(name: str, is_development: bool) -> SafeString:
    if is_development:
        return format_html('<span class="chain chain--development">{}{}</span>', icon("circle-dashed"), name)
    return format_html('<span class="chain">{}</span>', name)


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
