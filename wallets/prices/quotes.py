"""The shape of a price before it is stored, and what is refused whoever brings it. Pure.

A price that is wrong by a slip would stand in a court's file as a value, so every way in takes the same narrow gate.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Context, Decimal, Inexact, InvalidOperation
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from wallets.models.prices import LARGEST_PRICE, PRICE_DECIMALS
from wallets.prices.currencies import currencies

# Wide enough for the largest amount (78 digits) times the longest price, so that nothing is ever rounded on the way;
# what would not fit raises.
EXACT: Final = Context(prec=160, traps=[Inexact, InvalidOperation])
# The first block of the first chain: nothing here had a price before it.
EARLIEST: Final = datetime(2009, 1, 3, tzinfo=UTC)
LONGEST_SOURCE: Final = 120
_KEY = re.compile(r"[A-Z0-9][A-Z0-9._-]{0,19}", re.ASCII)


class PriceError(ValueError):
    """Something that is no price. `message` is a sentence for the person who brought it.

    `reason_code`: "key", "currency", "not_a_number", "not_positive", "too_large", "too_many_decimals", "future",
    "too_early", "no_zone" or "source".
    """

    def __init__(self, reason_code: str, message: str | Promise) -> None:
        super().__init__(reason_code)
        self.reason_code = reason_code
        self.message = message


@dataclass(frozen=True, slots=True)
class Quote:
    """One price as its source gives it: `price` units of `currency` for one whole unit of the asset, at `at`."""

    key: str
    currency: str
    price: Decimal
    at: datetime
    source: str

    @property
    def place(self) -> tuple[str, str, datetime, str]:
        """What a later row about the same would correct."""
        return self.key, self.currency, self.at, self.source


def checked_quote(
    *, key: str, currency: str, price: Decimal, at: datetime, source: str, now: datetime
) -> Quote:
    """The quote in its one form: key and currency in capitals, `at` in UTC, the price without needless zeros.

    Raises `PriceError`. `now` is the clock that tells what lies in the future.
    """
    key, currency, source = key.strip().upper(), currency.strip().upper(), source.strip()
    if not _KEY.fullmatch(key):
        raise PriceError(
            "key", _("The key is not an asset's price key, such as BTC (at most 20 characters).")
        )
    if currency not in currencies():
        raise PriceError("currency", _("Prices are kept in %s only.") % " / ".join(currencies()))
    if not source or len(source) > LONGEST_SOURCE or not source.isprintable():
        raise PriceError("source", _("Name the source of the price in at most 120 characters."))
    return Quote(key, currency, exact_price(price), _moment(at, now), source)


def exact_price(price: Decimal) -> Decimal:
    """The same number without needless zeros. Raises `PriceError` for what no asset can cost."""
    if not price.is_finite():
        raise PriceError("not_a_number", _("The price is not a number."))
    if price <= 0:
        raise PriceError("not_positive", _("A price is more than zero."))
    if price >= LARGEST_PRICE:
        raise PriceError("too_large", _("No asset costs that much: look for a slip in the decimal point."))
    try:
        plain = price.normalize(EXACT)
    except Inexact:
        raise _too_many_decimals() from None
    exponent = plain.as_tuple().exponent
    if not isinstance(exponent, int) or exponent < -PRICE_DECIMALS:
        raise _too_many_decimals()
    return plain


def _too_many_decimals() -> PriceError:
    return PriceError("too_many_decimals", _("A price has at most 18 decimals; it is not rounded here."))


def _moment(at: datetime, now: datetime) -> datetime:
    if at.tzinfo is None:
        raise PriceError("no_zone", _("The time must say its zone, for example 2023-05-24T10:00:00Z."))
    at = at.astimezone(UTC)
    if at > now:
        raise PriceError("future", _("The time lies in the future: there is no price for it yet."))
    if at < EARLIEST:
        raise PriceError("too_early", _("The time lies before 3 January 2009, when no asset had a price."))
    return at
