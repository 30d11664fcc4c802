"""Prices by HTTP: off by default, one question that tells nothing, and every unsound figure refused by its name.

The answers are transcribed from CoinGecko's documentation ("Coin Price by IDs", v3.0.1); never seen live.
"""

import json
import logging
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import stamina

from tests.wallets.doubles import Exchange, serve
from wallets import blobs
from wallets.chains.base import AnswerTooLarge, BadAnswer, ChainError, SourceRefused
from wallets.models import Price, PriceBatch
from wallets.prices import Quote, Refusal, coingecko, fetch_prices, record_prices
from wallets.prices.coingecko import question

NOW = datetime(2024, 3, 25, 9, 0, tzinfo=UTC)
UPDATED = 1711356300  # 25 March 2024, 08:45:00 UTC
URL = "https://prices.example.test/api/v3?x_cg_demo_api_key=hush"
DOCUMENTED = (
    '{"bitcoin": {"usd": 67187.3358936566, "brl": 335936.67946828, "usd_market_cap": 1317802988326.25, '
    '"last_updated_at": 1711356300}}'
)


class Client:
    """What `fetch_prices` needs of the one client: the body for a URL."""

    def __init__(self, body: str | bytes) -> None:
        self.body = body.encode() if isinstance(body, str) else body
        self.asked: list[str] = []

    def get(self, url: str) -> bytes:
        self.asked.append(url)
        return self.body


@pytest.fixture(autouse=True)
def _a_source(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    settings.WALLET_PRICE_SOURCE = URL
    monkeypatch.setattr(coingecko, "IDS", {"BTC": "bitcoin", "ETH": "ethereum"})
    with stamina.set_testing(True, attempts=1):
        yield


def fetch(body: str | bytes, now: datetime = NOW) -> Any:
    return fetch_prices(lambda: now, client=Client(body))  # type: ignore[arg-type]


def one(price: str, updated: str = str(UPDATED)) -> str:
    """An answer about Bitcoin in dollars alone."""
    return f'{{"bitcoin": {{"usd": {price}, "last_updated_at": {updated}}}}}'


def refused_for_dollars(fetched: Any) -> str:
    (code,) = [r.reason_code for r in fetched.refused if (r.key, r.currency) == ("BTC", "USD")]
    return str(code)


def test_the_question_names_coins_and_nothing_of_a_case(settings: Any) -> None:
    settings.WALLET_PRICE_IDS = {"paxg": "pax-gold", "BTC": "wrapped-bitcoin"}
    parts = urlsplit(question(URL, coingecko.ids().values()))
    assert (parts.netloc, parts.path) == ("prices.example.test", "/api/v3/simple/price")
    assert parse_qs(parts.query) == {
        "x_cg_demo_api_key": ["hush"],
        "ids": ["ethereum,pax-gold,wrapped-bitcoin"],
        "vs_currencies": ["usd,brl"],
        "include_last_updated_at": ["true"],
        "precision": ["full"],
    }
    assert "vs_currencies=usd,brl&" in parts.query


def test_nothing_is_asked_while_it_is_off(settings: Any) -> None:
    settings.WALLET_PRICE_SOURCE = ""
    client = Client("[]")
    assert fetch_prices(lambda: NOW, client=client) == coingecko.Fetched()  # type: ignore[arg-type]
    assert (client.asked, coingecko.source_name()) == ([], "")


@pytest.mark.django_db
def test_the_documented_answer_is_taken_to_the_last_digit(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        fetched = fetch(DOCUMENTED)
    at = datetime(2024, 3, 25, 8, 45, tzinfo=UTC)
    source = "prices.example.test"
    assert set(fetched.recorded) == {
        Quote("BTC", "USD", Decimal("67187.3358936566"), at, source),
        Quote("BTC", "BRL", Decimal("335936.67946828"), at, source),
    }
    assert fetched.refused == (Refusal("ETH", "USD", "missing"), Refusal("ETH", "BRL", "missing"))
    assert "ETH/USD refused (missing)" in caplog.text
    assert "hush" not in caplog.text
    batch = PriceBatch.objects.get()
    assert (batch.kind, batch.name, batch.brought_by) == ("fetch", source, "")
    assert blobs.get(batch.body_id) == DOCUMENTED.encode()


@pytest.mark.django_db
def test_twice_is_as_good_as_once() -> None:
    fetch(DOCUMENTED)
    again = fetch(DOCUMENTED)
    assert (again.recorded, again.known) == ((), 2)
    assert (Price.objects.count(), PriceBatch.objects.count()) == (2, 1)


@pytest.mark.django_db
def test_another_price_for_the_same_moment_is_refused_and_the_first_stays() -> None:
    fetch(one("100"))
    assert refused_for_dollars(fetch(one("101"))) == "contradicts"
    assert Price.objects.get().price == 100


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("price", "code"),
    [
        ("null", "missing"),
        ('"67187.33"', "not_a_number"),
        ("true", "not_a_number"),
        ("[1]", "not_a_number"),
        ("{}", "not_a_number"),
        ("0", "not_positive"),
        ("0.0", "not_positive"),
        ("-0.0", "not_positive"),
        ("-67187", "not_positive"),
        ("1e12", "too_large"),
        ("1e30", "too_large"),
        ("1" + "0" * 40, "too_large"),
        ("1e-19", "too_many_decimals"),
    ],
)
def test_an_unsound_price_is_refused_by_name(price: str, code: str) -> None:
    assert refused_for_dollars(fetch(one(price))) == code
    assert not Price.objects.exists()


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("updated", "code"),
    [
        ("null", "time"),
        ('"1711356300"', "time"),
        ("1711356300.5", "time"),
        ("true", "time"),
        ("0", "time"),
        ("-1", "time"),
        ("1711356300000", "time"),
        ("1e9", "time"),
        (str(int(NOW.timestamp()) + 1), "future"),
        ("1", "too_early"),
    ],
)
def test_an_unsound_time_is_refused_by_name(updated: str, code: str) -> None:
    assert refused_for_dollars(fetch(one("67187", updated))) == code
    assert not Price.objects.exists()


@pytest.mark.django_db
@pytest.mark.parametrize("stated", ["[]", '"x"', "5"])
def test_a_coin_that_is_no_object_is_refused_by_name(stated: str) -> None:
    assert refused_for_dollars(fetch(f'{{"bitcoin": {stated}}}')) == "not_an_object"


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("before", "now", "hours", "taken"),
    [
        ("100", "2000", 1, True),
        ("100", "2000.1", 1, False),
        ("100", "5", 1, True),
        ("100", "4.9", 1, False),
        # What was known two days ago tells nothing of now.
        ("100", "2000.1", 49, True),
    ],
)
def test_an_absurd_leap_is_refused_by_name(before: str, now: str, hours: int, taken: bool) -> None:
    at = datetime.fromtimestamp(UPDATED, UTC) - timedelta(hours=hours)
    record_prices(
        [Quote("BTC", "USD", Decimal(before), at, "Ledger")],
        kind=PriceBatch.Kind.FILE,
        name="p.csv",
        body=b"x",
        brought_by="Ines",
    )
    fetched = fetch(one(now))
    assert len(fetched.recorded) == taken
    if not taken:
        assert refused_for_dollars(fetched) == "absurd"


@pytest.mark.parametrize(
    "body",
    [
        "",
        '{"bitcoin": 1e300}',
        "<html>",
        "[]",
        "null",
        "5",
        '"x"',
        '{"bitcoin": NaN}',
        b"\xff{}",
        '{"bitcoin": {"usd": 1',
    ],
)
def test_what_is_no_answer_ends_the_look(body: str | bytes, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING), pytest.raises(BadAnswer):
        fetch(body)
    assert "prices from prices.example.test: no usable answer (bad_answer" in caplog.text


# ── Through the one client ────────────────────────────────────────────────────────────────────────────────


@pytest.mark.django_db
def test_it_is_asked_through_the_one_client(settings: Any) -> None:
    body = json.dumps({"bitcoin": {"usd": 2, "brl": 10, "last_updated_at": UPDATED}}).encode()
    with serve(lambda exchange: exchange.reply(200, body)) as provider:
        settings.WALLET_PRICE_SOURCE = f"{provider.url}/api/v3/"
        assert len(fetch_prices(lambda: NOW).recorded) == 2
    assert [request.partition("?")[0] for request in provider.requests] == ["GET /api/v3/simple/price"]


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (302, b"", SourceRefused),
        (401, b"", SourceRefused),
        (500, b"", ChainError),
        (200, b"[" * (coingecko.LIMITS.body + 1), AnswerTooLarge),
    ],
    ids=str,
)
def test_its_limits_hold(settings: Any, status: int, body: bytes, kind: type[ChainError]) -> None:
    def answer(exchange: Exchange) -> None:
        exchange.reply(status, body, Location="http://127.0.0.1:1/")

    with serve(answer) as provider:
        settings.WALLET_PRICE_SOURCE = provider.url
        with pytest.raises(kind):
            fetch_prices(lambda: NOW)
