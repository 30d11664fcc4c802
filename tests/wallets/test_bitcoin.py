"""Bitcoin through an Esplora-compatible interface, on a strict double of it (its shapes: Esplora, API.md)."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import pytest
import stamina

from tests.wallets.doubles import Esplora, Exchange, Provider, serve
from wallets.chains.base import (
    BadAnswer,
    ChainError,
    Failure,
    Question,
    Reading,
    SourceUnavailable,
    WrongChain,
)
from wallets.chains.bitcoin import BRACKET, MAX_MONEY, BitcoinSource
from wallets.chains.catalogue import CHAINS
from wallets.chains.http import ChainClient, Limits

KIM = "1D6gG9iKEhPitTcWRJiniuj1jYM2hNeAfJ"
OTHER = "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4"


@pytest.fixture(autouse=True)
def _no_waiting() -> Iterator[None]:
    with stamina.set_testing(True, attempts=3, cap=True):
        yield


def source(provider: Provider) -> BitcoinSource:
    client = ChainClient(allowed=[provider.url], limits=Limits(silence=1, total=3))
    return BitcoinSource(CHAINS["bitcoin"], f"{provider.url}/api/", client)


def test_confirmed_coins_at_the_tip() -> None:
    esplora = Esplora({KIM: (500_000_000, 123_456_789), OTHER: (0, 0)})
    with serve(esplora) as provider, source(provider) as bitcoin:
        outcomes = bitcoin.read([Question(KIM), Question(OTHER)])
        assert bitcoin.provider == provider.url.removeprefix("http://")
    assert esplora.unexpected == []
    kim, other = outcomes
    assert isinstance(kim, Reading)
    assert isinstance(other, Reading)
    assert kim.amount == 376_543_211  # the 777 unconfirmed ones are left out
    assert other.amount == 0  # a zero that was read, not a failure
    assert kim.block == other.block
    assert (kim.block.height, kim.block.hash) == (1, f"{1:064x}")
    assert kim.block.time == datetime(2009, 1, 9, 2, 54, 25, tzinfo=UTC)
    assert kim.pinned_by == "bracket"
    assert kim.took_ms >= 0


def test_many_addresses_in_the_order_asked() -> None:
    addresses = [f"1Address{n}" for n in range(3 * BRACKET + 1)]
    esplora = Esplora({address: (n * 10, n) for n, address in enumerate(addresses)})
    with serve(esplora) as provider, source(provider) as bitcoin:
        outcomes = bitcoin.read([Question(address) for address in reversed(addresses)])
    assert [outcome.amount for outcome in outcomes if isinstance(outcome, Reading)] == [
        9 * n for n in reversed(range(len(addresses)))
    ]


def test_a_block_that_arrives_in_the_middle_starts_the_bracket_again() -> None:
    esplora = Esplora({KIM: (100, 0)})
    looks = 0

    def block_arrives() -> None:
        nonlocal looks
        looks += 1
        if looks == 1:
            esplora.mine()
            esplora.balances[KIM] = (250, 0)

    esplora.before_address = block_arrives
    with serve(esplora) as provider, source(provider) as bitcoin:
        (outcome,) = bitcoin.read([Question(KIM)])
    assert isinstance(outcome, Reading)
    assert (outcome.amount, outcome.block.height) == (250, 2)
    assert looks == 2


def test_a_tip_that_never_rests_is_a_failure() -> None:
    esplora = Esplora({KIM: (100, 0)})
    esplora.before_address = lambda: esplora.mine() and None
    with serve(esplora) as provider, source(provider) as bitcoin:
        assert bitcoin.read([Question(KIM)]) == [Failure("block_gone", "the tip moved 3 times")]


def test_another_chain_is_refused() -> None:
    esplora = Esplora(
        {KIM: (100, 0)}, genesis="000000000933ea01ad0ee984209779baaec3ced90fa3f408719526f8d77f4943"
    )
    with serve(esplora) as provider, source(provider) as bitcoin, pytest.raises(WrongChain):
        bitcoin.read([Question(KIM)])


def test_an_unknown_address_fails_alone() -> None:
    esplora = Esplora({KIM: (100, 0)})
    with serve(esplora) as provider, source(provider) as bitcoin:
        unknown, kim = bitcoin.read([Question(OTHER), Question(KIM)])
    assert unknown == Failure("refused", "HTTP 404")
    assert isinstance(kim, Reading)
    assert esplora.unexpected == [f"/api/address/{OTHER}"]


def test_there_are_no_tokens() -> None:
    esplora = Esplora({KIM: (100, 0)})
    with serve(esplora) as provider, source(provider) as bitcoin:
        (outcome,) = bitcoin.read([Question(KIM, contract="whatever")])
    assert outcome == Failure("no_contract", "", "unsupported")


def test_nothing_asked_nothing_sent() -> None:
    with serve(Esplora()) as provider, source(provider) as bitcoin:
        assert bitcoin.read([]) == []
        assert provider.requests == []


def stats(**changes: object) -> dict[str, object]:
    return {"funded_txo_sum": 10, "spent_txo_sum": 3, **changes}


@pytest.mark.parametrize(
    "answer",
    [
        None,
        [],
        "7",
        {},
        {"address": KIM},
        {"address": OTHER, "chain_stats": stats()},
        {"address": KIM, "chain_stats": None},
        {"address": KIM, "chain_stats": {}},
        {"address": KIM, "chain_stats": {"funded_txo_sum": 10}},
        {"address": KIM, "chain_stats": stats(funded_txo_sum="10")},
        {"address": KIM, "chain_stats": stats(funded_txo_sum=10.5)},
        {"address": KIM, "chain_stats": stats(funded_txo_sum=1e3)},
        {"address": KIM, "chain_stats": stats(funded_txo_sum=None)},
        {"address": KIM, "chain_stats": stats(funded_txo_sum=True)},
        {"address": KIM, "chain_stats": stats(spent_txo_sum=-1)},
        {"address": KIM, "chain_stats": stats(spent_txo_sum=11)},
        {"address": KIM, "chain_stats": stats(funded_txo_sum=MAX_MONEY + 4)},
    ],
)
def test_a_wrong_answer_is_never_an_amount(answer: object) -> None:
    honest = Esplora({KIM: (10, 3)})

    def lie(exchange: Exchange) -> None:
        if "/address/" in exchange.path:
            exchange.reply(200, json.dumps(answer).encode())
        else:
            honest(exchange)

    with serve(lie) as provider, source(provider) as bitcoin:
        (outcome,) = bitcoin.read([Question(KIM)])
    assert isinstance(outcome, Failure)
    assert outcome.code == "bad_answer"


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/api/blocks/tip/hash", b""),
        ("/api/blocks/tip/hash", b"latest"),
        ("/api/blocks/tip/hash", b"\xff" * 32),
        ("/api/block/", b"null"),
        ("/api/block/", json.dumps({"id": f"{9:064x}", "height": 1, "timestamp": 1}).encode()),
        ("/api/block/", json.dumps({"id": f"{1:064x}", "height": -1, "timestamp": 1}).encode()),
        ("/api/block/", json.dumps({"id": f"{1:064x}", "height": "1", "timestamp": 1}).encode()),
        ("/api/block/", json.dumps({"id": f"{1:064x}", "height": 1, "timestamp": 10**30}).encode()),
        ("/api/block/", json.dumps({"id": f"{1:064x}", "height": 1}).encode()),
    ],
)
def test_without_a_proper_block_there_is_no_reading(path: str, body: bytes) -> None:
    honest = Esplora({KIM: (10, 3)})

    def lie(exchange: Exchange) -> None:
        if exchange.path.startswith(path):
            exchange.reply(200, body)
        else:
            honest(exchange)

    with serve(lie) as provider, source(provider) as bitcoin:
        (outcome,) = bitcoin.read([Question(KIM)])
    assert isinstance(outcome, Failure)
    assert outcome.code == "bad_answer"


@pytest.mark.parametrize(
    ("status", "code"), [(500, "unavailable"), (503, "unavailable"), (429, "rate_limited"), (302, "refused")]
)
def test_a_failing_source_is_a_failure_of_the_bracket(status: int, code: str) -> None:
    honest = Esplora({KIM: (10, 3)})

    def fail(exchange: Exchange) -> None:
        if "/address/" in exchange.path:
            exchange.reply(status, b"")
        else:
            honest(exchange)

    with serve(fail) as provider, source(provider) as bitcoin:
        outcomes = bitcoin.read([Question(KIM), Question(KIM)])
    assert [outcome.code for outcome in outcomes if isinstance(outcome, Failure)] == [code, code]


def test_a_source_that_is_down_is_an_error() -> None:
    def down(exchange: Exchange) -> None:
        exchange.reply(503, b"")

    with serve(down) as provider, source(provider) as bitcoin, pytest.raises(SourceUnavailable):
        bitcoin.read([Question(KIM)])


@pytest.mark.parametrize("body", [b"", b"x" * 64, b"\xff\xfe"])
def test_a_first_block_that_is_none_is_an_error(body: bytes) -> None:
    answer: Callable[[Exchange], None] = lambda exchange: exchange.reply(200, body)  # noqa: E731
    with serve(answer) as provider, source(provider) as bitcoin, pytest.raises(ChainError) as error:
        bitcoin.read([Question(KIM)])
    assert isinstance(error.value, BadAnswer | WrongChain)
