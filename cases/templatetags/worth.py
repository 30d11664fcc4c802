"""Template tag for what an amount was worth: small beside the amount, and whole with price, source and time.

Loaded by `{% load ui %}`. It asks nothing: `cases.queries.worth` has looked up the prices of a whole page at once.
"""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from django.template import Library
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from cases.templatetags.facts import NOTHING
from cases.templatetags.moments import time
from wallets.prices import Value, Values, currencies, decimal_text

register = Library()

_BETWEEN = mark_safe(" · ")


@register.simple_tag
def worth(known: Mapping[int, Values], view: Any) -> SafeString:
    """The value of a `BalanceView` in each currency, from what `worth_of` found for its wallet. Nothing for an
    unknown balance.
    """
    if view.amount is None:
        return NOTHING
    asset = view.asset
    if isinstance(asset, dict):
        return worth_of_values(known.get(asset["pk"], ()), asset["symbol"])
    return worth_of_values(known.get(asset.pk, ()), asset.symbol)


@register.simple_tag
def worth_of_values(values: Values, symbol: str) -> SafeString:
    """The sums in one line; below, on demand and always in print, the price behind each with source and time."""
    if not any(values):
        return format_html('<div class="worth"><span class="unknown">{}</span></div>', _("no price"))
    sums = [
        _sum(value)
        if value is not None
        else format_html('<span class="unknown">{}</span>', _no_price(currency))
        for currency, value in zip(currencies(), values, strict=True)
    ]
    return format_html(
        '<div class="worth"><details class="worth__more"><summary class="worth__sums">'
        '<span class="visually-hidden">{}</span>{}<span class="visually-hidden">. {}</span></summary></details>'
        '{}<ul class="worth__proof">{}</ul></div>',
        _("Worth:"),
        format_html_join(_BETWEEN, "{}", ((each,) for each in sums)),
        _("Prices and sources"),
        _old([value for value in values if value is not None]),
        format_html_join(
            "", "<li>{}</li>", ((_proof(value, symbol),) for value in values if value is not None)
        ),
    )


def _old(values: Sequence[Value]) -> SafeString:
    """That a price is not of the balance's time stands beside the sum itself, and of which currency it is."""
    moments = {value.priced_at for value in values}
    if len(moments) == 1 and values[0].is_old:
        return format_html('<span class="worth__old">{} {}</span>', _("price of"), time(values[0].priced_at))
    return format_html_join(
        "",
        '<span class="worth__old">{} {}</span>',
        (
            (_("%(currency)s price of") % {"currency": value.currency}, time(value.priced_at))
            for value in values
            if value.is_old
        ),
    )


def _no_price(currency: str) -> str:
    return _("no price in %(currency)s") % {"currency": currency}


def _sum(value: Value) -> SafeString:
    if value.is_below_least:
        return format_html(
            '<span class="worth__sum">{} {} {}</span>',
            _("under"),
            decimal_text(value.least),
            value.currency,
        )
    return format_html('<span class="worth__sum">{} {}</span>', decimal_text(value.rounded), value.currency)


def _proof(value: Value, symbol: str) -> SafeString:
    return format_html(
        "{} · {} · {}, {}",
        _("1 %(asset)s = %(price)s %(currency)s")
        % {"asset": symbol, "price": decimal_text(value.price), "currency": value.currency},
        value.source,
        time(value.priced_at, seconds=True),
        age_words(value),
    )


def age_words(value: Value) -> str:
    """How the price's time lies to the balance's."""
    if value.is_old:
        return _("%(age)s before the balance: older than 48 hours") % {"age": _span(value.age)}
    if value.age < timedelta(minutes=1):
        return _("the time of the balance")
    return _("%(age)s before the balance") % {"age": _span(value.age)}


def _span(age: timedelta) -> str:
    """A length of time in its largest whole unit, rounded down."""
    minutes = age // timedelta(minutes=1)
    if minutes < 120:
        return ngettext("%(n)s minute", "%(n)s minutes", minutes) % {"n": minutes}
    hours = minutes // 60
    if hours < 72:
        return ngettext("%(n)s hour", "%(n)s hours", hours) % {"n": hours}
    return ngettext("%(n)s day", "%(n)s days", hours // 24) % {"n": hours // 24}
