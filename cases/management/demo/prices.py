"""Fictional prices for the coins of the local development chain, which have none, so that a value can be seen."""

from datetime import datetime, timedelta

from cases.actions.prices import import_prices
from cases.management.demo.people import Team

SOURCE = "Fictional price for the demonstration"
# Key, currency, price. Invented, and far from a market's.
PRICES = (
    ("DEVETH", "USD", "1000"),
    ("DEVETH", "BRL", "5000"),
    ("DUSD", "USD", "1"),
    ("DUSD", "BRL", "5"),
)


def add_prices(team: Team, *, at: datetime) -> None:
    """As the administrator brings them: a file, for a moment before the chain's first balance is looked at."""
    moment = (at - timedelta(hours=6)).isoformat(timespec="seconds")
    lines = [",".join((key, currency, price, moment, SOURCE)) for key, currency, price in PRICES]
    import_prices(
        by=team.administrator,
        at=at,
        filename="fictional-prices.csv",
        content="\n".join(["key,currency,price,at,source", *lines, ""]).encode(),
    )
