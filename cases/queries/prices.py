"""Prices for who keeps them: what counts now for each key, where it came from, which assets have none."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count

from wallets.models import Asset, PriceBatch
from wallets.prices import Found, currencies, newest_prices

NEWEST = 20


@dataclass(frozen=True, slots=True)
class PriceRow:
    """A price key with the assets that use it, and its newest price in each of the currencies (None: no price)."""

    key: str
    assets: list[str]
    prices: list[tuple[str, Found | None]]

    @property
    def missing(self) -> bool:
        """Whether values of these assets cannot be shown in every currency."""
        return any(found is None for _currency, found in self.prices)


def price_list(*, at: datetime) -> list[PriceRow]:
    """Every key that an asset has, in the alphabet's order. Two queries."""
    assets: dict[str, set[str]] = {}
    for key, name in Asset.objects.exclude(price_key="").values_list("price_key", "name"):
        assets.setdefault(key.upper(), set()).add(name)
    shown = currencies()
    newest = newest_prices((key, currency, at) for key in assets for currency in shown)
    return [
        PriceRow(
            key,
            sorted(assets[key]),
            [(currency, newest.get((key, currency, at))) for currency in shown],
        )
        for key in sorted(assets)
    ]


def newest_batches() -> list[PriceBatch]:
    """The files and answers that brought something new, the last one first, each with its number of prices."""
    return list(PriceBatch.objects.annotate(count=Count("prices")).order_by("-pk")[:NEWEST])
