"""Prices by HTTP, in the shape of CoinGecko's `GET /simple/price`, switched off until a source is named.

Documented at docs.coingecko.com, "Coin Price by IDs" (v3.0.1/reference/simple-price), read there and never seen live:

    GET /simple/price?ids=bitcoin&vs_currencies=usd,brl&include_last_updated_at=true&precision=full
    {"bitcoin": {"usd": 67187.3358936566, "brl": 334567.1, "last_updated_at": 1711356300}}

`last_updated_at` is in Unix seconds. The key of an account goes into the URL's query (`x_cg_demo_api_key`,
`x_cg_pro_api_key`); the query of `WALLET_PRICE_SOURCE` is sent along.

What the operator learns: every hour the same question about the same list of coins (`WALLET_PRICE_IDS` and the list
below), whatever the cases hold. No address, no case and no choice of assets follows from it. That is why naming the
source is the yes that it needs, and `ALLOW_PUBLIC_PROVIDERS`, which guards whom one investigates, is not asked.
"""

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Final
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from django.conf import settings

from wallets.chains.base import BadAnswer, ChainError
from wallets.chains.http import JSON, ChainClient, Limits, parse_json, provider_name
from wallets.models import PriceBatch
from wallets.prices.currencies import currencies
from wallets.prices.quotes import EXACT, PriceError, Quote, checked_quote
from wallets.prices.record import record_prices
from wallets.prices.values import FRESH, newest_prices

logger = logging.getLogger(__name__)

# Price key → id at the source, as its list of coins has them. `settings.WALLET_PRICE_IDS` adds to it and overrides.
IDS: Final[dict[str, str]] = {
    "AVAX": "avalanche-2",
    "BCH": "bitcoin-cash",
    "BNB": "binancecoin",
    "BTC": "bitcoin",
    "DAI": "dai",
    "DASH": "dash",
    "DOGE": "dogecoin",
    "ETH": "ethereum",
    "LTC": "litecoin",
    "POL": "polygon-ecosystem-token",
    "SOL": "solana",
    "TRX": "tron",
    "USDC": "usd-coin",
    "USDT": "tether",
    "XMR": "monero",
    "XRP": "ripple",
    "ZEC": "zcash",
}
LIMITS: Final = Limits(body=256 * 1024)
# A price that moved further than this since the newest one known (of the last 48 hours) is a slip more often than a
# market. A person may still bring it in by a file.
_MOST_TIMES: Final = Decimal(20)
_UPDATED: Final = "last_updated_at"


@dataclass(frozen=True, slots=True)
class Refusal:
    """A price that was not taken, by the name of what it was for."""

    key: str
    currency: str
    reason_code: str


@dataclass(frozen=True, slots=True)
class Fetched:
    """What a look brought. Everything is empty where no source is named."""

    recorded: tuple[Quote, ...] = ()
    known: int = 0
    refused: tuple[Refusal, ...] = ()


def source_name() -> str:
    """The host of the source that is asked, as it stands beside each of its prices; empty while it is off."""
    return provider_name(settings.WALLET_PRICE_SOURCE) if settings.WALLET_PRICE_SOURCE else ""


def ids() -> dict[str, str]:
    """Price key → id at the source, for everything that is asked about; the same whatever the cases hold."""
    return {**IDS, **{key.upper(): name for key, name in settings.WALLET_PRICE_IDS.items()}}


def fetch_prices(clock: Callable[[], datetime], *, client: ChainClient | None = None) -> Fetched:
    """Ask the source for the prices of now and store those that are sound. Safe to run twice.

    What is refused is logged by name and stops nothing else. Raises `ChainError` where there is no usable answer at
    all. Nothing is asked while no source is named.
    """
    url: str = settings.WALLET_PRICE_SOURCE
    if not url:
        return Fetched()
    asked = ids()
    if client is None:
        with ChainClient(allowed=[url], limits=LIMITS) as own:
            return _fetch(own, url, asked, clock)
    return _fetch(client, url, asked, clock)


def _fetch(client: ChainClient, url: str, asked: Mapping[str, str], clock: Callable[[], datetime]) -> Fetched:
    source = provider_name(url)
    try:
        body = client.get(question(url, asked.values()))
        answer = parse_json(body)
        if not isinstance(answer, dict):
            raise BadAnswer("the prices are not an object")
    except ChainError as error:
        logger.warning("prices from %s: no usable answer (%s: %s)", source, error.code, error.detail)
        raise
    now = clock()
    quotes, refused = read_answer(answer, asked=asked, source=source, now=now)
    quotes, leaps = _without_leaps(quotes)
    stored = record_prices(quotes, kind=PriceBatch.Kind.FETCH, name=source, body=body, differing="skip")
    refused += leaps
    refused += [Refusal(quote.key, quote.currency, "contradicts") for quote, _there in stored.contradicting]
    for each in refused:
        logger.warning(
            "prices from %s: %s/%s refused (%s)", source, each.key, each.currency, each.reason_code
        )
    return Fetched(stored.added, len(stored.known), tuple(refused))


def question(url: str, names: Iterable[str]) -> str:
    """The URL of the question, below the base URL and with its own query kept."""
    parts = urlsplit(url)
    query = [
        *parse_qsl(parts.query),
        ("ids", ",".join(sorted(set(names)))),
        ("vs_currencies", ",".join(currencies()).lower()),
        ("include_last_updated_at", "true"),
        ("precision", "full"),
    ]
    path = parts.path.rstrip("/") + "/simple/price"
    return urlunsplit((parts.scheme, parts.netloc, path, urlencode(query, safe=","), ""))


def read_answer(
    answer: Mapping[str, JSON], *, asked: Mapping[str, str], source: str, now: datetime
) -> tuple[list[Quote], list[Refusal]]:
    """The sound quotes of an answer, and by name what is not sound. Reason codes: those of `PriceError`, "missing",
    "not_an_object", "time".
    """
    quotes: list[Quote] = []
    refused: list[Refusal] = []
    for key, name in sorted(asked.items()):
        stated = answer.get(name)
        for currency in currencies():
            try:
                quotes.append(_quote(stated, key=key, currency=currency, source=source, now=now))
            except PriceError as error:
                refused.append(Refusal(key, currency, error.reason_code))
    return quotes, refused


def _quote(stated: JSON, *, key: str, currency: str, source: str, now: datetime) -> Quote:
    if stated is None:
        raise PriceError("missing", "")
    if not isinstance(stated, dict):
        raise PriceError("not_an_object", "")
    price, updated = stated.get(currency.lower()), stated.get(_UPDATED)
    if price is None:
        raise PriceError("missing", "")
    if isinstance(price, bool) or not isinstance(price, int | Decimal):
        raise PriceError("not_a_number", "")
    if isinstance(updated, bool) or not isinstance(updated, int) or not 0 < updated < 10**11:
        raise PriceError("time", "")
    moment = datetime.fromtimestamp(updated, UTC)
    return checked_quote(key=key, currency=currency, price=Decimal(price), at=moment, source=source, now=now)


def _without_leaps(quotes: Sequence[Quote]) -> tuple[list[Quote], list[Refusal]]:
    before = newest_prices((quote.key, quote.currency, quote.at) for quote in quotes)
    fine: list[Quote] = []
    refused: list[Refusal] = []
    for quote in quotes:
        found = before.get((quote.key, quote.currency, quote.at))
        if found is not None and quote.at - found.at <= FRESH and _leaps(found.price, quote.price):
            refused.append(Refusal(quote.key, quote.currency, "absurd"))
        else:
            fine.append(quote)
    return fine, refused


def _leaps(before: Decimal, now: Decimal) -> bool:
    return now > EXACT.multiply(before, _MOST_TIMES) or before > EXACT.multiply(now, _MOST_TIMES)
