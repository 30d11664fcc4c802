"""Bitcoin through an Esplora-compatible interface, on a strict double of it (its shapes: Esplora, API.md).

*Never seen live*: no Esplora server was at hand.
"""

import json
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest
import stamina

from tests.wallets.doubles import Exchange, Provider, serve
from tests.wallets.esplora_double import BITCOIN, Esplora
from wallets.chains.base import (
    Answers,
    BadAnswer,
    BlockGone,
    CannotPin,
    ChainError,
    Confirmation,
    Failure,
    FutureBlock,
    WrongChain,
)
from wallets.chains.catalogue import CHAINS
from wallets.chains.esplora import IN_FLIGHT, EsploraSource
from wallets.chains.http import ChainClient, Limits
from wallets.chains.utxo import RULES

KIM = "1D6gG9iKEhPitTcWRJiniuj1jYM2hNeAfJ"
OTHER = "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4"
MAX_MONEY = RULES["bitcoin"].max_money
TXID = "ab" * 32


@pytest.fixture(autouse=True)
def _no_waiting() -> Iterator[None]:
    with stamina.set_testing(True, attempts=3, cap=True):
        yield


def source(provider: Provider, chain: str = "bitcoin") -> EsploraSource:
    client = ChainClient(allowed=[provider.url], limits=Limits(silence=1, total=3))
    return EsploraSource(CHAINS[chain], f"{provider.url}/api/", client)


def amounts(answers: Answers) -> list[int]:
    return [int.from_bytes(answers.words[at : at + 32], "big") for at in range(0, len(answers.words), 32)]


def test_confirmed_coins_at_the_tip() -> None:
    esplora = Esplora({KIM: (500_000_000, 123_456_789), OTHER: (0, 0)})
    with serve(esplora) as provider, source(provider) as bitcoin:
        answers = bitcoin.read([KIM, OTHER], [""])
        assert bitcoin.pick() == answers.pinned
        assert bitcoin.provider == provider.url.removeprefix("http://")
        assert bitcoin.can_pin is False
    assert esplora.unexpected == []
    # The 777 unconfirmed ones are left out; the second is a zero that was read, not a failure.
    assert (amounts(answers), answers.failures) == ([376_543_211, 0], {})
    block = answers.pinned.block
    assert (block.height, block.hash) == (900_001, f"{1:064x}")
    assert block.time == datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC)
    assert (answers.pinned.pin, answers.pinned.depth) == ("bracket", "latest")


def test_the_proof_holds_every_question_and_answer() -> None:
    esplora = Esplora({KIM: (5, 1), OTHER: (9, 0)})
    with serve(esplora) as provider, source(provider) as bitcoin:
        proof = bitcoin.read([KIM, OTHER], [""]).exchanges
    assert [(each.method, each.first, each.count) for each in proof] == [
        ("GET /blocks/tip/hash", 0, 2),
        ("GET /block", 0, 2),
        ("GET /address", 0, 1),
        ("GET /address", 1, 1),
        ("GET /blocks/tip/hash", 0, 2),
    ]
    assert proof[2].question == f"GET /address/{KIM}".encode()
    assert json.loads(proof[3].answer)["chain_stats"]["funded_txo_sum"] == 9
    assert proof[0].answer == proof[4].answer == esplora.tip.encode()


def test_many_addresses_in_the_order_asked() -> None:
    addresses = [f"1Address{n}" for n in range(5 * IN_FLIGHT + 1)]
    esplora = Esplora({address: (n * 10, n) for n, address in enumerate(addresses)})
    with serve(esplora) as provider, source(provider) as bitcoin:
        answers = bitcoin.read(list(reversed(addresses)), [""])
        tips = [request for request in provider.requests if request.endswith("/blocks/tip/hash")]
    assert amounts(answers) == [9 * n for n in reversed(range(len(addresses)))]
    assert len(tips) == 2  # one bracket around the whole look


def test_several_addresses_are_asked_for_at_a_time_and_not_more() -> None:
    addresses = [f"1Address{n}" for n in range(3 * IN_FLIGHT)]
    esplora = Esplora(dict.fromkeys(addresses, (1, 0)))
    together = threading.Barrier(IN_FLIGHT)
    under_way: list[int] = [0]
    most: list[int] = [0]
    lock = threading.Lock()

    def wait_for_the_others() -> None:
        with lock:
            under_way[0] += 1
            most[0] = max(most[0], under_way[0])
        # Breaks, and the test fails, unless so many are under way at the same time.
        together.wait(timeout=10)
        with lock:
            under_way[0] -= 1

    esplora.before_address = wait_for_the_others
    with serve(esplora) as provider:
        client = ChainClient(allowed=[provider.url], limits=Limits(silence=20, total=20))
        with EsploraSource(CHAINS["bitcoin"], f"{provider.url}/api", client) as bitcoin:
            assert amounts(bitcoin.read(addresses, [""])) == [1] * len(addresses)
    assert most[0] == IN_FLIGHT


def test_a_block_that_arrives_in_the_middle_starts_the_look_again() -> None:
    esplora = Esplora({KIM: (100, 0), OTHER: (1, 0)})
    looks = 0

    def block_arrives() -> None:
        nonlocal looks
        looks += 1
        if looks == 1:
            esplora.mine()
            esplora.balances[KIM] = (250, 0)

    esplora.before_address = block_arrives
    with serve(esplora) as provider, source(provider) as bitcoin:
        answers = bitcoin.read([KIM, OTHER], [""])
    assert (amounts(answers), answers.pinned.block.height) == ([250, 1], 900_002)
    assert looks == 4


def test_a_tip_that_never_rests_is_no_answer() -> None:
    esplora = Esplora({KIM: (100, 0)})
    esplora.before_address = lambda: esplora.mine() and None
    with serve(esplora) as provider, source(provider) as bitcoin, pytest.raises(BlockGone):
        bitcoin.read([KIM], [""])
    assert len(esplora.blocks) == 4  # three looks, each with a new block


def test_at_a_block_only_while_it_is_the_newest() -> None:
    esplora = Esplora({KIM: (100, 0)})
    with serve(esplora) as provider, source(provider) as bitcoin:
        pinned = bitcoin.pick()
        assert amounts(bitcoin.read([KIM], [""], at=pinned)) == [100]
        esplora.mine()
        with pytest.raises(CannotPin):
            bitcoin.read([KIM], [""], at=pinned)


def test_at_a_block_that_ceases_to_be_the_newest_in_the_middle() -> None:
    esplora = Esplora({KIM: (100, 0)})
    esplora.before_address = lambda: esplora.mine() and None
    with serve(esplora) as provider, source(provider) as bitcoin:
        pinned = bitcoin.pick()
        with pytest.raises(CannotPin):
            bitcoin.read([KIM], [""], at=pinned)


@pytest.mark.parametrize(
    "landmarks",
    [
        {**BITCOIN, 0: "000000000933ea01ad0ee984209779baaec3ced90fa3f408719526f8d77f4943"},
        # Bitcoin Cash has Bitcoin's first block and another one at the milestone.
        {**BITCOIN, 840_000: "00000000000000000" + "7" * 47},
        {0: BITCOIN[0]},
    ],
    ids=["test network", "a fork", "a chain that is too short"],
)
def test_another_chain_is_refused(landmarks: dict[int, str]) -> None:
    esplora = Esplora({KIM: (100, 0)}, landmarks=landmarks)
    with serve(esplora) as provider, source(provider) as bitcoin:
        for ask in (bitcoin.pick, lambda: bitcoin.read([KIM], [""]), lambda: bitcoin.confirmations(TXID)):
            with pytest.raises(WrongChain):
                ask()
        assert not any("/address/" in request for request in provider.requests)


def test_the_chain_is_checked_once() -> None:
    with serve(Esplora({KIM: (100, 0)})) as provider, source(provider) as bitcoin:
        bitcoin.pick()
        bitcoin.read([KIM], [""])
        asked = [request for request in provider.requests if "block-height" in request]
    assert asked == ["GET /api/block-height/0", "GET /api/block-height/840000"]


def test_another_chain_of_the_family() -> None:
    address = "DH5yaieqoZN36fDVciNyRueRGvGLR3mr7L"
    esplora = Esplora({address: (2**62, 1)}, landmarks={0: CHAINS["dogecoin"].genesis})
    with serve(esplora) as provider, source(provider, "dogecoin") as dogecoin:
        assert amounts(dogecoin.read([address], [""])) == [2**62 - 1]


def test_an_unknown_address_fails_alone() -> None:
    esplora = Esplora({KIM: (100, 0)})
    with serve(esplora) as provider, source(provider) as bitcoin:
        answers = bitcoin.read([OTHER, KIM], [""])
    assert answers.failures == {0: Failure("refused", "HTTP 404")}
    assert amounts(answers)[1] == 100
    assert esplora.unexpected == [f"/api/address/{OTHER}"]


def test_there_are_no_tokens() -> None:
    esplora = Esplora({KIM: (100, 0), OTHER: (7, 0)})
    none = Failure("no_contract", "there are no tokens on this chain", "unsupported")
    with serve(esplora) as provider, source(provider) as bitcoin:
        answers = bitcoin.read([KIM, OTHER], ["", "whatever"])
        assert (amounts(answers), answers.failures) == ([100, 0, 7, 0], {1: none, 3: none})
        answers = bitcoin.read([KIM], ["whatever"])
        assert answers.failures == {0: none}
        assert bitcoin.token_restriction(KIM, "whatever").state == "no_list"


def test_no_addresses_no_answers() -> None:
    with serve(Esplora()) as provider, source(provider) as bitcoin:
        answers = bitcoin.read([], [""])
    assert (answers.words, answers.failures) == (b"", {})


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
        {"address": KIM, "chain_stats": stats(funded_txo_sum=2**300, spent_txo_sum=0)},
    ],
)
def test_a_wrong_answer_is_never_an_amount(answer: object) -> None:
    honest = Esplora({KIM: (10, 3), OTHER: (4, 0)})

    def lie(exchange: Exchange) -> None:
        if exchange.path.endswith(KIM):
            exchange.reply(200, json.dumps(answer).encode())
        else:
            honest(exchange)

    with serve(lie) as provider, source(provider) as bitcoin:
        answers = bitcoin.read([KIM, OTHER], [""])
    assert answers.failures.keys() == {0}
    assert answers.failures[0].code == "bad_answer"
    assert amounts(answers)[1] == 4


def test_all_coins_are_not_too_many() -> None:
    esplora = Esplora({KIM: (MAX_MONEY + 3, 3)})
    with serve(esplora) as provider, source(provider) as bitcoin:
        assert amounts(bitcoin.read([KIM], [""])) == [MAX_MONEY]


def block(**changes: object) -> bytes:
    return json.dumps({"id": f"{1:064x}", "height": 1, "timestamp": 1, **changes}).encode()


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/api/blocks/tip/hash", b""),
        ("/api/blocks/tip/hash", b"latest"),
        ("/api/blocks/tip/hash", b"\xff" * 32),
        ("/api/blocks/tip/hash", b"AB" * 32),
        ("/api/block/", b"null"),
        ("/api/block/", block(id=f"{9:064x}")),
        ("/api/block/", block(height=-1)),
        ("/api/block/", block(height="1")),
        ("/api/block/", block(height=2**31)),
        ("/api/block/", block(timestamp=10**30)),
        ("/api/block/", block(timestamp=None)),
    ],
)
def test_without_a_proper_block_there_is_no_answer(path: str, body: bytes) -> None:
    honest = Esplora({KIM: (10, 3)})

    def lie(exchange: Exchange) -> None:
        if exchange.path.startswith(path):
            exchange.reply(200, body)
        else:
            honest(exchange)

    with serve(lie) as provider, source(provider) as bitcoin:
        with pytest.raises(BadAnswer):
            bitcoin.read([KIM], [""])
        with pytest.raises(BadAnswer):
            bitcoin.pick()


def test_a_block_from_the_future() -> None:
    now = datetime.now(UTC)
    ahead = Esplora({KIM: (10, 3)})
    ahead.blocks = [(f"{1:064x}", 900_001, int((now + timedelta(hours=2, minutes=5)).timestamp()))]
    with serve(ahead) as provider, source(provider) as bitcoin:
        with pytest.raises(FutureBlock):
            bitcoin.read([KIM], [""])
        with pytest.raises(FutureBlock):
            bitcoin.pick()
    ahead.blocks = [(f"{1:064x}", 900_001, int((now + timedelta(hours=1, minutes=50)).timestamp()))]
    with serve(ahead) as provider, source(provider) as bitcoin:
        assert amounts(bitcoin.read([KIM], [""])) == [7]


@pytest.mark.parametrize(
    ("status", "code"), [(500, "unavailable"), (503, "unavailable"), (429, "rate_limited")]
)
def test_a_failing_source_ends_the_look(status: int, code: str) -> None:
    honest = Esplora({KIM: (10, 3)})
    addresses = [KIM] * (10 * IN_FLIGHT)

    def fail(exchange: Exchange) -> None:
        if "/address/" in exchange.path:
            exchange.reply(status, b"")
        else:
            honest(exchange)

    with serve(fail) as provider, source(provider) as bitcoin:
        with pytest.raises(ChainError) as error:
            bitcoin.read(addresses, [""])
        asked = sum("/address/" in request for request in provider.requests)
    assert error.value.code == code
    # Three tries for each of those that were under way, and the rest is not asked for any more.
    assert asked < 3 * len(addresses)


def test_a_redirect_is_a_refusal_of_the_address() -> None:
    honest = Esplora({KIM: (10, 3)})

    def fail(exchange: Exchange) -> None:
        if "/address/" in exchange.path:
            exchange.reply(302, b"", Location="http://127.0.0.1:1/")
        else:
            honest(exchange)

    with serve(fail) as provider, source(provider) as bitcoin:
        answers = bitcoin.read([KIM], [""])
    assert answers.failures == {0: Failure("refused", "HTTP 302: redirects are not followed")}


@pytest.mark.parametrize("body", [b"", b"x" * 64, b"\xff\xfe"])
def test_a_first_block_that_is_none_is_an_error(body: bytes) -> None:
    answer: Callable[[Exchange], None] = lambda exchange: exchange.reply(200, body)  # noqa: E731
    with serve(answer) as provider, source(provider) as bitcoin, pytest.raises(BadAnswer):
        bitcoin.read([KIM], [""])


def test_what_a_transaction_paid_is_the_sum_of_its_outputs_to_the_address() -> None:
    esplora, txid = Esplora(), "03" * 32
    esplora.transactions = {txid: esplora.tip}
    esplora.outputs = {txid: [(KIM, 5_000), (None, 0), (OTHER, 7), (KIM, 1), (OTHER.upper(), 2)]}
    with serve(esplora) as provider, source(provider) as bitcoin:
        assert (bitcoin.payment(txid, KIM, "").state, bitcoin.payment(txid, KIM, "").amount) == (
            "told",
            5_001,
        )
        # An output's address counts however the server spells it.
        assert bitcoin.payment(txid.upper(), OTHER, "").amount == 9
        other = bitcoin.payment(txid, "1FCNgfZWpYMeYhy9t18AAkTBu8AsdoAc1Z", "")
        assert (other.state, other.amount) == ("told", 0)
        assert bitcoin.payment(txid, KIM, "0xtoken").amount == 0
        esplora.outputs[txid].append(("an address of tomorrow", 5))
        assert bitcoin.payment(txid, KIM, "").state == "cannot_tell"
    assert esplora.unexpected == []


def test_where_a_transaction_stands() -> None:
    esplora = Esplora()
    pending, confirmed = "01" * 32, "02" * 32
    esplora.transactions = {pending: "", confirmed: esplora.tip}
    with serve(esplora) as provider, source(provider) as bitcoin:
        assert bitcoin.confirmations(TXID).state == "unknown"
        found = bitcoin.confirmations(pending)
        assert (found.state, found.count, found.block) == ("pending", 0, None)
        found = bitcoin.confirmations(confirmed)
        assert (found.state, found.count) == ("confirmed", 1)
        esplora.mine()
        esplora.mine()
        found = bitcoin.confirmations(confirmed)
        assert (found.state, found.count) == ("confirmed", 3)
        assert found.block is not None
        assert (found.block.height, found.block.hash) == (900_001, f"{1:064x}")
        assert [each.method for each in found.exchanges] == [
            "GET /blocks/tip/hash",
            "GET /block",
            "GET /tx",
            "GET /block",
            "GET /blocks/tip/hash",
        ]
    assert esplora.unexpected == []


@pytest.mark.parametrize("txid", ["", "ab" * 31, "../../address/x", "zz" * 32])
def test_what_is_no_transaction_is_not_asked_for(txid: str) -> None:
    with serve(Esplora()) as provider, source(provider) as bitcoin:
        assert bitcoin.confirmations(txid) == Confirmation("unknown")
        assert not any("/tx/" in request for request in provider.requests)


@pytest.mark.parametrize(
    "status",
    [
        None,
        {},
        {"confirmed": "yes"},
        {"confirmed": 1, "block_height": 900_001, "block_hash": f"{1:064x}"},
        {"confirmed": True},
        {"confirmed": True, "block_height": 900_002, "block_hash": f"{1:064x}"},
        {"confirmed": True, "block_height": 900_001, "block_hash": "1"},
    ],
)
def test_a_wrong_status_is_no_confirmation(status: object) -> None:
    honest = Esplora()

    def lie(exchange: Exchange) -> None:
        if exchange.path.endswith("/status"):
            exchange.reply(200, json.dumps(status).encode())
        else:
            honest(exchange)

    with serve(lie) as provider, source(provider) as bitcoin, pytest.raises(BadAnswer):
        bitcoin.confirmations(TXID)


def test_a_block_that_arrives_while_a_transaction_is_looked_for() -> None:
    esplora = Esplora()
    esplora.transactions = {TXID: esplora.tip}
    looks = 0

    def block_arrives(exchange: Exchange) -> None:
        nonlocal looks
        if exchange.path.endswith("/status"):
            looks += 1
            if looks == 1:
                esplora.mine()
        esplora(exchange)

    with serve(block_arrives) as provider, source(provider) as bitcoin:
        found = bitcoin.confirmations(TXID)
    assert isinstance(found, Confirmation)
    assert (found.state, found.count, looks) == ("confirmed", 2, 2)
