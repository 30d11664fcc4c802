"""Bitcoin and its relatives by the Electrum protocol, on a strict double of a server.

For Litecoin a real server answers the same way (test_litecoin_node); for the others *never seen live*.
"""

import contextlib
import dataclasses
import datetime as dt
import ipaddress
import json
import socketserver
import ssl
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import stamina
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.wallets.electrum_double import Electrum, ElectrumProvider, RpcProblem, serve_electrum, txid
from tests.wallets.litecoin import some_address
from wallets.chains import electrum as module
from wallets.chains.base import (
    Answers,
    AnswerTooLarge,
    BadAnswer,
    BlockGone,
    CannotPin,
    ChainError,
    Failure,
    FutureBlock,
    RateLimited,
    Resting,
    SourceRefused,
    SourceUnavailable,
    WrongChain,
)
from wallets.chains.catalogue import CHAINS
from wallets.chains.electrum import BATCH, LINKED, ElectrumSource
from wallets.chains.electrum_connection import electrum_address
from wallets.chains.http import Limits
from wallets.chains.utxo import RULES, script_hash, script_of

FAMILY = [slug for slug, info in CHAINS.items() if info.family == "utxo"]
# One address of each chain, all of the same 20 bytes: RIPEMD-160(SHA-256) of the key in BIP-173's examples.
ADDRESS = {
    "bitcoin": "1BgGZ9tcN4rm9KBzDn7KprQz87SZ26SAMH",
    "litecoin": "LVuDpNCSSj6pQ7t9Pv6d6sUkLKoqDEVUnJ",
    "dogecoin": "DFpN6QqFfUm3gKNaxN6tNcab1FArL9cZLE",
    "bitcoincash": "bitcoincash:qp63uahgrxged4z5jswyt5dn5v3lzsem6cy4spdc2h",
    "dash": "XmN7PQYWKn5MJFna5fRYgP6mxT2F7xpekE",
    "zcash": "t1UYsZVJkLPeMjxEtACvSxfWuNmddpWfxzs",
}
KIM = ADDRESS["bitcoin"]
OTHER = "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4"
# Messages of a first look, in order: version, chain, newest block, balances, newest block.
BALANCES, AFTER = 4, 5
FAST = Limits(connect=1, silence=1, total=3, tries=3)


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(module, "SETTLE", 0)
    with stamina.set_testing(True, attempts=3, cap=True):
        yield


def named(address: str, chain: str = "bitcoin") -> str:
    return script_hash(script_of(RULES[chain], address))


def source(provider: ElectrumProvider, limits: Limits = FAST, **options: Any) -> ElectrumSource:
    return ElectrumSource(provider.electrum.info, provider.url, limits=limits, **options)


def amounts(answers: Answers) -> list[int]:
    return [int.from_bytes(answers.words[at : at + 32], "big") for at in range(0, len(answers.words), 32)]


@pytest.mark.parametrize("chain", FAMILY)
def test_confirmed_coins_at_the_tip(chain: str) -> None:
    electrum = Electrum(CHAINS[chain], {named(ADDRESS[chain], chain): (376_543_211, 777)})
    electrum.time = 1_750_000_000
    electrum.mine()
    with serve_electrum(electrum) as provider, source(provider) as opened:
        answers = opened.read([ADDRESS[chain]], [""])
        assert opened.pick() == answers.pinned
        assert opened.provider == provider.url.removeprefix("electrum+tcp://")
        assert opened.can_pin is False
    assert electrum.unexpected == []
    assert (amounts(answers), answers.failures) == ([376_543_211], {})
    block = answers.pinned.block
    assert (block.height, block.hash) == (2_000_013, electrum.tip.hash)
    assert block.time == dt.datetime(2025, 6, 15, 15, 6, 40, tzinfo=dt.UTC)
    assert (answers.pinned.pin, answers.pinned.depth) == ("bracket", "latest")


@pytest.mark.parametrize("chain", FAMILY)
def test_the_same_key_has_the_same_script_on_every_chain(chain: str) -> None:
    assert (
        script_of(RULES[chain], ADDRESS[chain]).hex() == "76a914751e76e8199196d454941c45d1b3a323f1433bd688ac"
    )


@pytest.mark.parametrize("count", [0, 1, BATCH - 1, BATCH, BATCH + 1, 2 * BATCH, 2 * BATCH + 1])
def test_in_batches_in_the_order_asked(count: int) -> None:
    addresses = [some_address(number) for number in range(count)]
    electrum = Electrum(CHAINS["litecoin"])
    electrum.balances = {named(each, "litecoin"): (n * 7 + 1, 0) for n, each in enumerate(addresses)}
    with serve_electrum(electrum) as provider, source(provider) as opened:
        answers = opened.read(list(reversed(addresses)), [""])
    assert amounts(answers) == [n * 7 + 1 for n in reversed(range(count))]
    sent = [
        sum("get_balance" in call["method"] for call in (message if isinstance(message, list) else [message]))
        for message in electrum.messages
    ]
    assert [size for size in sent if size] == [min(BATCH, count - at) for at in range(0, count, BATCH)]
    proof = [each for each in answers.exchanges if each.method == "blockchain.scripthash.get_balance"]
    assert [(each.first, each.count) for each in proof] == [
        (at, min(BATCH, count - at)) for at in range(0, count, BATCH)
    ]


def test_the_version_comes_first_and_alone() -> None:
    electrum = Electrum()
    with serve_electrum(electrum) as provider, source(provider) as opened:
        opened.pick()
        opened.pick()
    assert electrum.connections == 1
    assert electrum.messages[0]["method"] == "server.version"
    assert [method for method, _params in electrum.asked].count("server.version") == 1


@pytest.mark.parametrize("moment", [BALANCES, AFTER])
@pytest.mark.parametrize("event", ["a block", "a reorganisation"])
def test_what_happens_in_the_middle_starts_the_look_again(moment: int, event: str) -> None:
    electrum = Electrum(balances={named(KIM): (100, 0)})

    def happens(number: int) -> None:
        if number == moment:
            electrum.mine() if event == "a block" else electrum.replace_tip()
            electrum.balances[named(KIM)] = (250, 0)

    electrum.before = happens
    with serve_electrum(electrum) as provider, source(provider) as opened:
        answers = opened.read([KIM], [""])
    assert (amounts(answers), answers.pinned.block.hash) == ([250], electrum.tip.hash)
    assert [method for method, _params in electrum.asked].count("blockchain.scripthash.get_balance") == 2


def test_a_block_that_is_indexed_but_not_announced() -> None:
    """The balances are those of a block that the server does not name yet: they belong to no block."""
    electrum = Electrum(balances={named(KIM): (100, 0)})

    def indexed(number: int) -> None:
        if number == BALANCES:
            electrum.mine()
            electrum.unannounced = 1
            electrum.balances[named(KIM)] = (250, 0)

    electrum.before = indexed
    with serve_electrum(electrum) as provider, source(provider) as opened:
        with pytest.raises(BlockGone):
            opened.read([KIM], [""])
        electrum.unannounced = 0
        answers = opened.read([KIM], [""])
    assert (amounts(answers), answers.pinned.block.hash) == ([250], electrum.tip.hash)


def test_a_tip_that_never_rests_is_no_answer() -> None:
    electrum = Electrum(balances={named(KIM): (100, 0)})

    def mine_while_read(number: int) -> None:
        if electrum.asked[-1][0] == "blockchain.scripthash.get_balance":
            electrum.mine()

    electrum.before = lambda number: mine_while_read(number) if electrum.asked else None
    with serve_electrum(electrum) as provider, source(provider) as opened, pytest.raises(BlockGone):
        opened.read([KIM], [""])
    assert [method for method, _params in electrum.asked].count("blockchain.scripthash.get_balance") == 3


def test_headers_that_do_not_link_up() -> None:
    electrum = Electrum()
    electrum.blocks[electrum.height - 2].time += 1
    with serve_electrum(electrum) as provider, source(provider) as opened, pytest.raises(BlockGone):
        opened.pick()


def test_an_announced_block_that_the_index_has_left() -> None:
    """While ElectrumX goes back for a reorganisation, it still announces the block that it has just dropped."""
    electrum = Electrum(balances={named(KIM): (100, 0)})

    def dropped(height: int) -> str:
        if height == electrum.height and len(electrum.messages) == AFTER:
            raise RpcProblem(1, f"height {height:,d} out of range")
        if height not in electrum.blocks:
            raise RpcProblem(1, f"height {height:,d} out of range")
        return electrum.blocks[height].header.hex()

    electrum.instead["blockchain.block.header"] = dropped
    with serve_electrum(electrum) as provider, source(provider) as opened:
        assert amounts(opened.read([KIM], [""])) == [100]
    assert [method for method, _params in electrum.asked].count("blockchain.scripthash.get_balance") == 2


def test_an_announced_block_that_the_index_has_replaced() -> None:
    electrum = Electrum(balances={named(KIM): (100, 0)})
    announced = {"hex": electrum.tip.header.hex(), "height": electrum.height}
    electrum.replace_tip()
    electrum.instead["blockchain.headers.subscribe"] = lambda: announced
    with serve_electrum(electrum) as provider, source(provider) as opened, pytest.raises(BlockGone):
        opened.read([KIM], [""])
    assert not any("scripthash" in method for method, _params in electrum.asked)


def test_nothing_is_read_before_the_newest_block_is_sure() -> None:
    """Two blocks arrive while the tip is looked for: the one that is announced last was not yet seen indexed."""
    electrum = Electrum(balances={named(KIM): (100, 0)})
    electrum.before = lambda number: electrum.mine() if number in {3, 4} else None
    with serve_electrum(electrum) as provider, source(provider) as opened:
        answers = opened.read([KIM], [""])
    assert answers.pinned.block.hash == electrum.tip.hash
    (balances,) = [
        number
        for number, message in enumerate(electrum.messages, start=1)
        if isinstance(message, dict) and "scripthash" in message["method"]
    ]
    asked_before = [call["params"] for call in electrum.messages[balances - 2]][1:]
    assert asked_before[-1] == [electrum.height + 1]


def test_a_tip_that_goes_back() -> None:
    """After a look the chain is reorganised to a lower height (invalidateblock, or another server)."""
    electrum = Electrum(balances={named(KIM): (100, 0)})
    with serve_electrum(electrum) as provider, source(provider) as opened:
        before = opened.pick()
        for _block in range(3):
            del electrum.blocks[electrum.height]
        answers = opened.read([KIM], [""])
    assert answers.pinned.block.height == before.block.height - 3
    assert answers.pinned.block.hash == electrum.tip.hash


def test_at_a_block_only_while_it_is_the_newest() -> None:
    electrum = Electrum(balances={named(KIM): (100, 0)})
    with serve_electrum(electrum) as provider, source(provider) as opened:
        pinned = opened.pick()
        assert amounts(opened.read([KIM], [""], at=pinned)) == [100]
        electrum.mine()
        with pytest.raises(CannotPin):
            opened.read([KIM], [""], at=pinned)


def test_at_a_block_that_ceases_to_be_the_newest_in_the_middle() -> None:
    electrum = Electrum(balances={named(KIM): (100, 0)})
    with serve_electrum(electrum) as provider, source(provider) as opened:
        pinned = opened.pick()

        def mine_while_read(number: int) -> None:
            if electrum.asked[-1][0] == "blockchain.scripthash.get_balance":
                electrum.mine()

        electrum.before = mine_while_read
        with pytest.raises(CannotPin):
            opened.read([KIM], [""], at=pinned)


@pytest.mark.parametrize("chain", FAMILY)
def test_another_chain_is_refused(chain: str) -> None:
    electrum = Electrum(dataclasses.replace(CHAINS[chain]), genesis="00" * 32)
    with serve_electrum(electrum) as provider, source(provider) as opened, pytest.raises(WrongChain):
        opened.read([ADDRESS[chain]], [""])
    assert not any("scripthash" in method for method, _params in electrum.asked)


def test_a_server_that_is_set_up_for_one_chain_and_follows_another() -> None:
    electrum = Electrum(genesis="00" * 32)
    electrum.instead["server.features"] = lambda: {"genesis_hash": electrum.info.genesis}
    with serve_electrum(electrum) as provider, source(provider) as opened, pytest.raises(WrongChain):
        opened.pick()


@pytest.mark.parametrize("chain", [slug for slug in FAMILY if RULES[slug].milestone])
def test_a_fork_with_the_same_first_block_is_refused(chain: str) -> None:
    electrum = Electrum(CHAINS[chain], milestone="77" * 32)
    with serve_electrum(electrum) as provider, source(provider) as opened, pytest.raises(WrongChain):
        opened.pick()
    milestone = RULES[chain].milestone
    assert milestone is not None
    electrum = Electrum(CHAINS[chain])
    del electrum.blocks[milestone[0] + 1]
    with serve_electrum(electrum) as provider, source(provider) as opened, pytest.raises(WrongChain):
        opened.pick()


def test_bitcoin_and_bitcoin_cash_are_told_apart() -> None:
    assert CHAINS["bitcoin"].genesis == CHAINS["bitcoincash"].genesis
    for asked, answering in (("bitcoin", "bitcoincash"), ("bitcoincash", "bitcoin")):
        electrum = Electrum(CHAINS[answering])
        # The other chain has blocks at the heights that are asked for, too.
        height, _hash = RULES[asked].milestone or (0, "")
        electrum.blocks[height + 1] = dataclasses.replace(electrum.tip, height=height + 1)
        with (
            serve_electrum(electrum) as provider,
            ElectrumSource(CHAINS[asked], provider.url, limits=FAST) as opened,
            pytest.raises(WrongChain),
        ):
            opened.pick()


@pytest.mark.parametrize("chain", FAMILY)
def test_a_balance_beyond_all_coins(chain: str) -> None:
    most = RULES[chain].max_money
    name = named(ADDRESS[chain], chain)
    electrum = Electrum(CHAINS[chain], {name: (most, 0)})
    with serve_electrum(electrum) as provider, source(provider) as opened:
        assert amounts(opened.read([ADDRESS[chain]], [""])) == [most]
        electrum.balances[name] = (most + 1, 0)
        answers = opened.read([ADDRESS[chain]], [""])
    assert answers.failures[0].code == "bad_answer"


@pytest.mark.parametrize(
    "balance",
    [
        None,
        7,
        "7",
        [7, 0],
        {},
        {"unconfirmed": 7},
        {"confirmed": None},
        {"confirmed": "7"},
        {"confirmed": 7.0},
        {"confirmed": 7.5},
        {"confirmed": True},
        {"confirmed": -1},
        {"confirmed": 2**256},
        {"confirmed": {"confirmed": 7}},
    ],
)
def test_a_wrong_answer_is_never_an_amount(balance: object) -> None:
    electrum = Electrum(balances={named(KIM): balance, named(OTHER): (4, 0)})
    electrum.balances[named(KIM)] = balance if balance is not None else {"confirmed": None}
    with serve_electrum(electrum) as provider, source(provider) as opened:
        answers = opened.read([KIM, OTHER], [""])
    assert answers.failures.keys() == {0}
    assert answers.failures[0].code == "bad_answer"
    assert amounts(answers)[1] == 4


@pytest.mark.parametrize(
    ("problem", "failure"),
    [
        (
            RpcProblem(10_001, "too much"),
            Failure("too_large", "the address has more history than the server serves"),
        ),
        (
            RpcProblem(1, "history too large"),
            Failure("too_large", "the address has more history than the server serves"),
        ),
        (RpcProblem(1, "http://user:secret@node:8332 says no"), Failure("refused", "error 1")),
        (RpcProblem(-32603, "internal error"), Failure("refused", "error -32603")),
        (RpcProblem("x", "no number"), Failure("refused", "error 0")),
        (RpcProblem(True, "no number"), Failure("refused", "error 0")),
        (RpcProblem(2**70, "no number"), Failure("refused", "error 0")),
    ],
)
def test_an_error_for_one_address_fails_that_address_alone(problem: RpcProblem, failure: Failure) -> None:
    electrum = Electrum(balances={named(KIM): problem, named(OTHER): (4, 0)})
    with serve_electrum(electrum) as provider, source(provider) as opened:
        answers = opened.read([KIM, OTHER], [""])
    assert answers.failures == {0: failure}
    assert amounts(answers)[1] == 4


@pytest.mark.parametrize(("code", "error"), [(-101, RateLimited), (-102, SourceUnavailable)])
def test_an_overloaded_server_ends_the_look(code: int, error: type[ChainError]) -> None:
    electrum = Electrum(balances={named(KIM): RpcProblem(code, "slow down"), named(OTHER): (4, 0)})
    with serve_electrum(electrum) as provider, source(provider) as opened, pytest.raises(error):
        opened.read([KIM, OTHER], [""])
    assert electrum.connections == 3  # each try on a connection of its own


def test_an_address_without_a_script() -> None:
    electrum = Electrum(balances={named(KIM): (100, 0)})
    strange = [
        "",
        "bc1qqqqqqqq",
        ADDRESS["zcash"],
        "1" * 34,
        f"{KIM}x",
        "ltc1qw508d6qejxtdg4y5r3zarvary0c5xw7kgmn4n9",
    ]
    with serve_electrum(electrum) as provider, source(provider) as opened:
        answers = opened.read([*strange, KIM], [""])
    assert answers.failures.keys() == set(range(len(strange)))
    assert {(each.code, each.state) for each in answers.failures.values()} == {
        ("not_observable", "unsupported")
    }
    assert amounts(answers)[-1] == 100
    (asked,) = [params for method, params in electrum.asked if "get_balance" in method]
    assert asked == [named(KIM)]


def test_there_are_no_tokens() -> None:
    electrum = Electrum(balances={named(KIM): (100, 0), named(OTHER): (7, 0)})
    none = Failure("no_contract", "there are no tokens on this chain", "unsupported")
    with serve_electrum(electrum) as provider, source(provider) as opened:
        answers = opened.read([KIM, OTHER], ["whatever", ""])
        assert (amounts(answers), answers.failures) == ([0, 100, 0, 7], {0: none, 2: none})
        assert opened.read([KIM], ["whatever"]).failures == {0: none}
        assert opened.token_restriction(KIM, "whatever").state == "no_list"


def test_a_block_from_the_future() -> None:
    now = int(time.time())
    electrum = Electrum(balances={named(KIM): (100, 0)})
    electrum.time = now + 7_500
    electrum.mine()
    with serve_electrum(electrum) as provider, source(provider) as opened:
        with pytest.raises(FutureBlock):
            opened.read([KIM], [""])
        with pytest.raises(FutureBlock):
            opened.pick()
        electrum.time = now + 6_900
        electrum.mine()
        assert amounts(opened.read([KIM], [""])) == [100]


def without(answers: list[Any]) -> Any:
    return answers[:-1]


def renumbered(answers: list[Any]) -> Any:
    return [{**each, "id": each["id"] + 1} for each in answers]


def twice(answers: list[Any]) -> Any:
    return [*answers[:-1], answers[0]]


LIES: dict[str, Callable[[list[Any]], Any]] = {
    "one answer too few": without,
    "one answer too many": lambda answers: [*answers, {"id": 999, "result": {"confirmed": 5}}],
    "the answers to other questions": renumbered,
    "one answer twice, another missing": twice,
    "one answer twice": lambda answers: [*answers, answers[0]],
    "ids that are texts": lambda answers: [{**each, "id": str(each["id"])} for each in answers],
    "ids that are truths": lambda answers: [{**each, "id": True} for each in answers],
    "no ids": lambda answers: [{"result": each.get("result")} for each in answers],
    "no results": lambda answers: [{"id": each["id"]} for each in answers],
    "nothing": lambda answers: None,
    "an empty list": lambda answers: [],
    "a number": lambda answers: 7,
    "lists in the list": lambda answers: [[each] for each in answers],
}


@pytest.mark.parametrize("message", [2, 3, BALANCES, AFTER])
@pytest.mark.parametrize("lie", LIES)
def test_answers_that_do_not_fit_the_questions(message: int, lie: str) -> None:
    electrum = Electrum(balances={named(KIM): (100, 0), named(OTHER): (7, 0)})

    def spoil(line: bytes, number: int) -> bytes:
        return json.dumps(LIES[lie](json.loads(line))).encode() if number == message else line

    electrum.spoil = spoil
    with serve_electrum(electrum) as provider, source(provider) as opened, pytest.raises(BadAnswer):
        opened.read([KIM, OTHER], [""])


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"{",
        b"\xff\xfe",
        b"null",
        b'"text"',
        b"[" * 100_000,
        b'{"id": 0, "result": NaN}',
        b'{"id": "0", "result": []}',
    ],
)
@pytest.mark.parametrize("message", [1, 2, 3, BALANCES])
def test_what_is_no_answer(message: int, line: bytes) -> None:
    electrum = Electrum(balances={named(KIM): (100, 0), named(OTHER): (7, 0)})
    electrum.spoil = lambda honest, number: line if number == message else honest
    with serve_electrum(electrum) as provider, source(provider) as opened, pytest.raises(BadAnswer):
        opened.read([KIM, OTHER], [""])


def test_a_truth_is_no_number() -> None:
    """Python takes True for 1, which is an id here."""
    electrum = Electrum()
    electrum.spoil = lambda line, number: line.replace(b'"id": 1,', b'"id": true,')
    with serve_electrum(electrum) as provider, source(provider) as opened, pytest.raises(BadAnswer):
        opened.pick()
    assert b'"id": 1,' in json.dumps(electrum.messages[1]).encode()


def test_a_message_that_is_refused_as_a_whole() -> None:
    electrum = Electrum(balances={named(KIM): (100, 0), named(OTHER): (7, 0)})
    refusal = json.dumps(
        {"jsonrpc": "2.0", "id": None, "error": {"code": -32600, "message": "batch too large"}}
    )
    electrum.spoil = lambda line, number: refusal.encode() if number == BALANCES else line
    with serve_electrum(electrum) as provider, source(provider) as opened, pytest.raises(SourceRefused):
        opened.read([KIM, OTHER], [""])


@pytest.mark.parametrize(
    "result",
    [
        None,
        [],
        {},
        {"height": 5},
        {"height": -1, "hex": "00" * 80},
        {"height": "5", "hex": "00" * 80},
        {"height": True, "hex": "00" * 80},
        {"height": 2**31, "hex": "00" * 80},
        {"height": 5, "hex": "00" * 79},
        {"height": 5, "hex": "00" * 81},
        {"height": 5, "hex": "zz" * 80},
        {"height": 5, "hex": None},
        {"height": 5, "hex": ""},
    ],
)
@pytest.mark.parametrize("chain", ["bitcoin", "zcash", "dash"])
def test_without_a_proper_block_there_is_no_answer(result: object, chain: str) -> None:
    electrum = Electrum(CHAINS[chain])
    electrum.instead["blockchain.headers.subscribe"] = lambda: result
    with serve_electrum(electrum) as provider, source(provider) as opened, pytest.raises(BadAnswer):
        opened.read([ADDRESS[chain]], [""])


@pytest.mark.parametrize("method", ["server.version", "server.features", "blockchain.headers.subscribe"])
def test_a_server_without_a_call_that_is_needed(method: str) -> None:
    electrum = Electrum()

    def unknown(*params: object) -> None:
        raise RpcProblem(-32601, "unknown method")

    electrum.instead[method] = unknown
    with serve_electrum(electrum) as provider, source(provider) as opened, pytest.raises(SourceRefused):
        opened.pick()


@pytest.mark.parametrize("features", [None, [], {}, {"genesis_hash": 7}, {"genesis_hash": "AB" * 32}])
def test_features_that_are_none(features: object) -> None:
    electrum = Electrum()
    electrum.instead["server.features"] = lambda: features
    with serve_electrum(electrum) as provider, source(provider) as opened, pytest.raises(BadAnswer):
        opened.pick()


def test_notifications_in_between_are_passed_over() -> None:
    electrum = Electrum(balances={named(KIM): (100, 0)})
    note = json.dumps({"jsonrpc": "2.0", "method": "blockchain.headers.subscribe", "params": [{"height": 1}]})
    electrum.spoil = lambda line, number: note.encode() + b"\n" + line if number >= BALANCES else line
    with serve_electrum(electrum) as provider, source(provider) as opened:
        assert amounts(opened.read([KIM], [""])) == [100]


def test_a_connection_that_breaks_once() -> None:
    electrum = Electrum(balances={named(KIM): (100, 0)})
    electrum.spoil = lambda line, number: None if number == BALANCES else line
    with serve_electrum(electrum) as provider, source(provider) as opened:
        answers = opened.read([KIM], [""])
    assert amounts(answers) == [100]
    assert electrum.connections == 2
    # What was said on the broken connection is no proof of anything.
    assert [each.method for each in answers.exchanges] == [
        "blockchain.headers.subscribe",
        "blockchain.scripthash.get_balance",
        "blockchain.headers.subscribe",
    ]


def test_a_connection_that_always_breaks() -> None:
    electrum = Electrum(balances={named(KIM): (100, 0)})
    electrum.spoil = lambda line, number: None
    with serve_electrum(electrum) as provider, source(provider) as opened, pytest.raises(SourceUnavailable):
        opened.read([KIM], [""])
    assert electrum.connections == 3


def test_nobody_listens() -> None:
    with serve_electrum(Electrum()) as provider:
        url = provider.url
    with (
        ElectrumSource(CHAINS["bitcoin"], url, limits=FAST) as opened,
        pytest.raises(SourceUnavailable) as error,
    ):
        opened.pick()
    assert "127.0.0.1" not in error.value.detail


class Endless(socketserver.BaseRequestHandler):
    """Never ends its line."""

    def handle(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                self.request.sendall(b"1" * 65_536)


class Notifying(socketserver.BaseRequestHandler):
    """Sends notifications and never an answer."""

    def handle(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                self.request.sendall(b'{"method": "x", "params": []}\n' * 1_000)


class Trickling(socketserver.BaseRequestHandler):
    """A byte at a time, never silent for long."""

    def handle(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                self.request.sendall(b" ")
                time.sleep(0.05)


class Silent(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        with contextlib.suppress(OSError):
            while self.request.recv(65_536):
                pass


@pytest.mark.parametrize("session", [Endless, Notifying])
def test_an_answer_that_does_not_end(session: type[socketserver.BaseRequestHandler]) -> None:
    limits = dataclasses.replace(FAST, body=1_000_000)
    with (
        serve_electrum(Electrum(), session) as provider,
        source(provider, limits) as opened,
        pytest.raises(AnswerTooLarge),
    ):
        opened.pick()


@pytest.mark.parametrize("session", [Trickling, Silent])
def test_an_answer_that_does_not_come(session: type[socketserver.BaseRequestHandler]) -> None:
    limits = Limits(connect=1, silence=0.3, total=0.5, tries=1)
    with (
        serve_electrum(Electrum(), session) as provider,
        source(provider, limits) as opened,
        pytest.raises(SourceUnavailable) as error,
    ):
        opened.pick()
    assert error.value.detail == "no answer in time"


def test_a_long_line_is_still_an_answer() -> None:
    electrum = Electrum(balances={named(KIM): (100, 0)})
    electrum.spoil = lambda line, number: line + b" " * 900_000
    with serve_electrum(electrum) as provider:
        with source(provider, dataclasses.replace(FAST, body=1_000_000)) as opened:
            assert amounts(opened.read([KIM], [""])) == [100]
        with (
            source(provider, dataclasses.replace(FAST, body=800_000)) as opened,
            pytest.raises(AnswerTooLarge),
        ):
            opened.read([KIM], [""])


def certificate(folder: Path, host: str) -> tuple[Path, ssl.SSLContext]:
    """A certificate of its own making for `host`, as a file, and a server that shows it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "holdfast test")])
    now = dt.datetime.now(dt.UTC)
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(host))]), critical=False
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    public, private = folder / "cert.pem", folder / "key.pem"
    public.write_bytes(signed.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(public, private)
    return public, context


def test_by_tls_with_an_authority_of_ones_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    public, context = certificate(tmp_path, "127.0.0.1")
    electrum = Electrum(balances={named(KIM): (100, 0)})
    with serve_electrum(electrum, tls=context) as provider:
        monkeypatch.setenv("SSL_CERT_FILE", str(public))
        with source(provider) as opened:
            assert opened.provider == provider.url.removeprefix("electrum+ssl://")
            assert amounts(opened.read([KIM], [""])) == [100]


@pytest.mark.parametrize("wrong", ["nobody vouches for it", "it is for another host"])
def test_a_certificate_that_does_not_hold(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, wrong: str
) -> None:
    public, context = certificate(tmp_path, "127.0.0.2" if "host" in wrong else "127.0.0.1")
    electrum = Electrum(balances={named(KIM): (100, 0)})
    if "host" in wrong:
        monkeypatch.setenv("SSL_CERT_FILE", str(public))
    else:
        monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    with (
        serve_electrum(electrum, tls=context) as provider,
        source(provider) as opened,
        pytest.raises(SourceUnavailable) as error,
    ):
        opened.pick()
    assert error.value.detail == "the connection failed (SSLCertVerificationError)"
    assert electrum.asked == []


def test_the_gate_is_entered_around_every_message() -> None:
    electrum = Electrum(balances={named(KIM): (100, 0)})
    entered = [0]
    seen: list[BaseException] = []

    @contextlib.contextmanager
    def gate() -> Iterator[None]:
        entered[0] += 1
        try:
            yield
        except BaseException as error:
            seen.append(error)
            raise

    with serve_electrum(electrum) as provider:
        with source(provider, gate=gate) as opened:
            opened.read([KIM], [""])
        assert entered[0] == len(electrum.messages) == AFTER
        assert seen == []
        # What goes wrong goes wrong inside the gate, so that it can be counted there.
        electrum.spoil = lambda line, number: b"{"
        with source(provider, gate=gate) as opened, pytest.raises(BadAnswer):
            opened.pick()
        assert [type(each) for each in seen] == [BadAnswer]
    seen.clear()
    with (
        source(provider, dataclasses.replace(FAST, tries=1), gate=gate) as opened,
        pytest.raises(SourceUnavailable),
    ):
        opened.pick()
    assert [type(each) for each in seen] == [SourceUnavailable]


def test_a_closed_gate_sends_nothing() -> None:
    electrum = Electrum()

    @contextlib.contextmanager
    def closed() -> Iterator[None]:
        raise Resting("the breaker is open")
        yield

    with (
        serve_electrum(electrum) as provider,
        source(provider, gate=closed) as opened,
        pytest.raises(Resting),
    ):
        opened.read([KIM], [""])
    assert electrum.connections == 0


@pytest.mark.parametrize(
    ("url", "provider"),
    [
        ("electrum+tcp://electrum.internal:50001", "electrum.internal:50001"),
        ("electrum+tcp://electrum.internal", "electrum.internal:50001"),
        ("electrum+ssl://Electrum.Internal:50002/", "electrum.internal:50002"),
        ("electrum+ssl://electrum.internal:50001", "electrum.internal:50001"),
        ("electrum+tcp://[::1]:60001", "[::1]:60001"),
    ],
)
def test_what_a_reading_says_of_its_source(url: str, provider: str) -> None:
    assert electrum_address(url).provider == provider


@pytest.mark.parametrize(
    "url",
    [
        "",
        "http://electrum.internal",
        "tcp://electrum.internal:50001",
        "electrum+tcp://",
        "electrum+tcp://:50001",
        "electrum+tcp://host:port",
        "electrum+tcp://host:99999",
        "electrum+tcp://user:secret@host:50001",
        "electrum+tcp://host:50001/path",
        "electrum+tcp://host:50001?key=1",
        "electrum+tcp://[::1",
    ],
)
def test_what_is_no_electrum_url(url: str) -> None:
    with pytest.raises(SourceRefused) as error:
        electrum_address(url)
    assert "secret" not in error.value.detail


@pytest.mark.parametrize("chain", FAMILY)
def test_where_a_transaction_stands(chain: str) -> None:
    electrum = Electrum(CHAINS[chain])
    electrum.pending = {"01" * 32}
    with serve_electrum(electrum) as provider, source(provider) as opened:
        assert opened.confirmations("ab" * 32).state == "unknown"
        found = opened.confirmations("01" * 32)
        assert (found.state, found.count, found.block) == ("pending", 0, None)
        for deep in range(1, LINKED + 2):
            block = electrum.blocks[electrum.height - deep + 1]
            for each in block.transactions:
                found = opened.confirmations(each)
                assert (found.state, found.count) == ("confirmed", deep)
                assert found.block is not None
                assert (found.block.height, found.block.hash) == (block.height, block.hash)
    assert electrum.unexpected == []


def test_a_node_that_is_ahead_of_the_index() -> None:
    """The node counts a block that the server has not indexed, so that the height does not fit."""
    electrum = Electrum()
    wanted = electrum.tip.transactions[0]
    ahead = {"txid": wanted, "blockhash": electrum.tip.hash, "confirmations": 2}
    looks = [0]

    def transaction(asked: str, verbose: bool) -> Any:
        looks[0] += 1
        return ahead if looks[0] == 1 else {**ahead, "confirmations": 1}

    electrum.instead["blockchain.transaction.get"] = transaction
    with serve_electrum(electrum) as provider, source(provider) as opened:
        found = opened.confirmations(wanted)
        assert (found.state, found.count) == ("confirmed", 1)
        looks[0] = -10
        electrum.instead["blockchain.transaction.get"] = lambda asked, verbose: ahead
        with pytest.raises(BlockGone):
            opened.confirmations(wanted)


def test_a_transaction_of_a_block_that_the_index_does_not_have() -> None:
    electrum = Electrum()
    wanted = electrum.tip.transactions[0]
    elsewhere = {"txid": wanted, "blockhash": "99" * 32, "confirmations": 1}
    electrum.instead["blockchain.transaction.get"] = lambda asked, verbose: elsewhere
    with serve_electrum(electrum) as provider, source(provider) as opened, pytest.raises(BlockGone):
        opened.confirmations(wanted)


@pytest.mark.parametrize("count", [0, 10_000_000])
def test_a_transaction_deeper_than_the_chain(count: int) -> None:
    electrum = Electrum()
    block = electrum.tip
    deep = {"txid": block.transactions[0], "blockhash": block.hash, "confirmations": count}
    branch = {"merkle": block.branch(0)[0], "pos": 0}
    electrum.instead["blockchain.transaction.get"] = lambda asked, verbose: deep
    electrum.instead["blockchain.transaction.get_merkle"] = lambda asked, height: branch

    def any_header(height: int) -> str:
        if height == electrum.height + 1 and len(electrum.messages[-1]) > 2:
            raise RpcProblem(1, "out of range")
        return electrum.blocks.get(height, block).header.hex()

    electrum.instead["blockchain.block.header"] = any_header
    with serve_electrum(electrum) as provider, source(provider) as opened, pytest.raises(BlockGone):
        opened.confirmations(block.transactions[0])


@pytest.mark.parametrize("chain", ["bitcoin", "dash"])
@pytest.mark.parametrize(
    "branch",
    [
        None,
        {},
        {"merkle": [], "pos": 0},
        {"merkle": ["00" * 32], "pos": 1},
        {"merkle": ["zz"], "pos": 0},
        {"merkle": [7], "pos": 0},
        {"merkle": "00" * 32, "pos": 0},
        {"merkle": ["00" * 32] * 40, "pos": 0},
        {"merkle": [], "pos": -1},
        {"merkle": [], "pos": True},
    ],
)
def test_a_branch_that_does_not_lead_to_the_block(chain: str, branch: object) -> None:
    electrum = Electrum(CHAINS[chain])
    electrum.mine(5 - electrum.height % 5 + 2)  # a block with several transactions
    wanted = electrum.tip.transactions[1]
    electrum.instead["blockchain.transaction.get_merkle"] = lambda asked, height: branch
    with serve_electrum(electrum) as provider, source(provider) as opened, pytest.raises(BadAnswer):
        opened.confirmations(wanted)


def test_a_branch_at_another_place() -> None:
    """The right branch with another position: the place is part of the proof."""
    electrum = Electrum()
    electrum.mine(5 - electrum.height % 5 + 3)
    block = electrum.tip
    branch, _root = block.branch(2)
    for position in (0, 1, 3, 6, 2 + 2 ** len(branch)):
        electrum.instead["blockchain.transaction.get_merkle"] = lambda asked, height, at=position: {
            "merkle": branch,
            "pos": at,
        }
        with serve_electrum(electrum) as provider, source(provider) as opened, pytest.raises(BadAnswer):
            opened.confirmations(block.transactions[2])


@pytest.mark.parametrize(
    "transaction",
    [
        None,
        [],
        {},
        {"txid": "02" * 32},
        {"txid": txid(1), "blockhash": 7, "confirmations": 1},
        {"txid": txid(1), "blockhash": "00" * 32},
        {"txid": txid(1), "blockhash": "00" * 32, "confirmations": "1"},
        {"txid": txid(1), "blockhash": "00" * 32, "confirmations": -1},
    ],
)
def test_a_transaction_that_is_none(transaction: object) -> None:
    electrum = Electrum()
    electrum.instead["blockchain.transaction.get"] = lambda asked, verbose: transaction
    with serve_electrum(electrum) as provider, source(provider) as opened, pytest.raises(BadAnswer):
        opened.confirmations(txid(1))


def test_a_server_that_tells_nothing_about_transactions() -> None:
    electrum = Electrum()

    def unsupported(asked: str, verbose: bool) -> None:
        raise RpcProblem(-32603, "verbose transactions are currently unsupported")

    electrum.instead["blockchain.transaction.get"] = unsupported
    with serve_electrum(electrum) as provider, source(provider) as opened, pytest.raises(SourceRefused):
        opened.confirmations(txid(1))


@pytest.mark.parametrize("wanted", ["", "ab" * 31, "zz" * 32])
def test_what_is_no_transaction_is_not_asked_for(wanted: str) -> None:
    electrum = Electrum()
    with serve_electrum(electrum) as provider, source(provider) as opened:
        assert opened.confirmations(wanted).state == "unknown"
    assert electrum.connections == 0


def test_dash_takes_the_hash_of_the_newest_block_from_the_node() -> None:
    electrum = Electrum(CHAINS["dash"])
    with serve_electrum(electrum) as provider, source(provider) as opened:
        assert opened.pick().block.hash == electrum.tip.hash
        electrum.instead["blockchain.transaction.id_from_pos"] = lambda height, position, merkle: {
            "tx_hash": txid(1),
            "merkle": [],
        }
        with pytest.raises(BadAnswer):
            opened.pick()
        del electrum.instead["blockchain.transaction.id_from_pos"]
        electrum.instead["blockchain.transaction.get"] = lambda asked, verbose: {"txid": asked}
        with pytest.raises(BadAnswer):
            opened.pick()
