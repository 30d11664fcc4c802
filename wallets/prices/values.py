"""What an amount was worth: the exact amount times the newest price at or before a moment. Shown, never stored with it.

Of several prices for the same newest moment (two sources, or a correction) the one that was recorded last counts;
rows are numbered as they are recorded, so the highest number decides and there is never a tie.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import ROUND_HALF_EVEN, Context, Decimal
from typing import Final, NamedTuple, Protocol

from django.db import connection

from wallets.amounts import to_text
from wallets.prices.currencies import MINOR_UNITS, currencies
from wallets.prices.quotes import EXACT

# An older price says so wherever it is shown.
FRESH: Final = timedelta(hours=48)
_AT_THE_EDGE: Final = Context(prec=160, rounding=ROUND_HALF_EVEN)

Values = tuple["Value | None", ...]
"""One value for each of `currencies()`, in that order; None where there is no price."""


class Priced(Protocol):
    """What can have a price: an `Asset`, or a line of the exchange's books."""

    @property
    def price_key(self) -> str: ...
    @property
    def decimals(self) -> int: ...


@dataclass(frozen=True, slots=True)
class Value:
    """An amount in a currency at `at`, by the price that `source` gave for the moment `priced_at`.

    `amount` is exact. `rounded` is what people are shown.
    """

    amount: Decimal
    currency: str
    price: Decimal
    source: str
    priced_at: datetime
    at: datetime

    @property
    def age(self) -> timedelta:
        """How long before `at` the price was."""
        return self.at - self.priced_at

    @property
    def is_old(self) -> bool:
        """Whether the price is too old to be called the price of that time."""
        return self.age > FRESH

    @property
    def rounded(self) -> Decimal:
        """In whole minor units of the currency (ISO 4217), half to even."""
        return self.amount.quantize(self.least, context=_AT_THE_EDGE)

    @property
    def least(self) -> Decimal:
        """The smallest amount of the currency that can be paid: 0.01 for US dollars."""
        return Decimal(1).scaleb(-MINOR_UNITS[self.currency])

    @property
    def is_below_least(self) -> bool:
        """Whether there is something that would be rounded to nothing: zero is never shown for it."""
        return self.amount > 0 and self.rounded == 0


def decimal_text(number: Decimal) -> str:
    """A number of a value or a price as people read it: whole digits in threes, every decimal that it has."""
    whole, point, part = format(number, "f").partition(".")
    return to_text(int(whole), 0, group=True) + point + part


@dataclass(frozen=True, slots=True)
class Worth:
    """An amount of base units to be valued at a moment. `amount` None is unknown, and stays without a value."""

    amount: int | None
    asset: Priced
    at: datetime | None


def value_of(amount: int, asset: Priced, currency: str, at: datetime) -> Value | None:
    """What `amount` base units were worth at `at`; None where no price is known for then. One query."""
    return values_at([Worth(amount, asset, at)], wanted=(currency,))[0][0]


def values_of(pairs: Iterable[tuple[int | None, Priced]], at: datetime) -> list[Values]:
    """The values of many (amount, asset) pairs at one moment, in their order. One query."""
    return values_at([Worth(amount, asset, at) for amount, asset in pairs])


def values_at(asked: Sequence[Worth], *, wanted: Sequence[str] | None = None) -> list[Values]:
    """The values of many amounts, each at its own moment, in their order. One query, none for nothing."""
    wanted = currencies() if wanted is None else wanted
    prices = newest_prices(
        (key, currency, each.at)
        for each in asked
        if each.amount is not None and each.at is not None and (key := _key(each.asset))
        for currency in wanted
    )
    return [tuple(_value(each, currency, prices) for currency in wanted) for each in asked]


def _key(asset: Priced) -> str:
    return asset.price_key.upper()


Place = tuple[str, str, datetime]


class Found(NamedTuple):
    """A price as it stands in the record."""

    price: Decimal
    source: str
    at: datetime

    @property
    def shown(self) -> str:
        return decimal_text(self.price)


_NEWEST = """
    SELECT asked.key, asked.currency, asked.at, found.price, found.source, found.at
    FROM unnest(%s::text[], %s::text[], %s::timestamptz[]) AS asked (key, currency, at)
    CROSS JOIN LATERAL (
        SELECT price, source, at FROM wallets_price
        WHERE key = asked.key AND currency = asked.currency AND at <= asked.at
        ORDER BY at DESC, id DESC LIMIT 1
    ) AS found
"""


def newest_prices(places: Iterable[Place]) -> dict[Place, Found]:
    """The newest price at or before the moment of each (key, currency, moment); what has none is left out."""
    rows = sorted(set(places))
    if not rows:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(_NEWEST, [list(column) for column in zip(*rows, strict=True)])
        return {
            (key, currency, at): Found(price.normalize(EXACT), source, priced_at)
            for key, currency, at, price, source, priced_at in cursor.fetchall()
        }


def _value(asked: Worth, currency: str, prices: dict[Place, Found]) -> Value | None:
    if asked.amount is None or asked.at is None:
        return None
    found = prices.get((_key(asked.asset), currency, asked.at))
    if found is None:
        return None
    whole = Decimal(asked.amount).scaleb(-asked.asset.decimals, context=EXACT)
    return Value(
        amount=EXACT.multiply(whole, found.price).normalize(EXACT),
        currency=currency,
        price=found.price,
        source=found.source,
        priced_at=found.at,
        at=asked.at,
    )
