"""The ways of asking for many balances at once: which one is taken, and that a wrong answer is believed in none."""

import json
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import pytest
import stamina

from tests.wallets.doubles import BLOCK, PARENT_HASH, Exchange, JsonRpc, RpcProblem, evm_node, serve
from tests.wallets.nodes import some_address
from wallets.chains.base import (
    Answers,
    BadAnswer,
    BlockGone,
    CannotPin,
    ChainInfo,
    Failure,
    RateLimited,
    SourceUnavailable,
)
from wallets.chains.catalogue import CHAINS
from wallets.chains.evm import EvmSource, OwnMemory
from wallets.chains.evm.packed import READER_ADDRESS, Creation
from wallets.chains.evm.reader import CREATION_READER, READER
from wallets.chains.evm.rpc import Endpoint, Header
from wallets.chains.evm.ways import Ask, Span
from wallets.chains.http import ChainClient, Limits

TOKEN = some_address(0)
OTHER = some_address(7)
ADDRESSES = [some_address(n) for n in range(1, 4)]
OVERRIDE, CREATION = "packed eth_call (state override)", "packed eth_call (creation code)"
MULTICALL, BATCH = "Multicall3 eth_call", "JSON-RPC batch"
REFUSED = RpcProblem(-32602, "invalid argument")


@pytest.fixture(autouse=True)
def _no_waiting() -> Iterator[None]:
    OwnMemory.forget()
    with stamina.set_testing(True, attempts=1):
        yield


class Packed:
    """`eth_call` of a node that runs the reader. Each field may be spoiled; `calls` are the sizes asked for.

    `broken` tokens give no answer: they are counted, and a single question about one is refused.
    """

    def __init__(self, **spoiled: Any) -> None:
        self.number = 100
        self.parent = int(PARENT_HASH, 16)
        self.time = 0x68000000
        self.chain = 1
        self.override: Exception | str | None = None
        self.creation: Exception | str | None = None
        self.broken = {"0x" + "00" * 19 + "01"}
        self.overcount = 0
        self.calls: list[tuple[str, int]] = []
        # Called with the kind of a question and its number of addresses before each answer but the self-check's.
        self.before: Callable[[str, int], None] = lambda kind, count: None
        vars(self).update(spoiled)

    def __call__(self, call: dict[str, str], at: dict[str, Any], *override: Any) -> str:
        assert at == {"blockHash": BLOCK["hash"], "requireCanonical": True}
        data = bytes.fromhex(call["data"][2:])
        if override:
            assert override == ({READER_ADDRESS: {"code": "0x" + READER.hex()}},)
            assert call["to"] == READER_ADDRESS
            return self._answer("override", self.override, data)
        if "to" not in call:
            assert data.startswith(CREATION_READER)
            given = self._answer("creation", self.creation, data.removeprefix(CREATION_READER))
            raise RpcProblem(3, "execution reverted", given)
        if call["to"] in self.broken:
            raise RpcProblem(3, "execution reverted")
        return "0x" if call["to"] not in {TOKEN, OTHER} else "0x" + f"{7:064x}"

    def _answer(self, kind: str, instead: Exception | str | None, data: bytes) -> str:
        if isinstance(instead, Exception):
            raise instead
        if instead is not None:
            return instead
        width = int.from_bytes(data[:32], "big")
        assets = [data[32 * n : 32 * n + 32] for n in range(1, width + 1)]
        count, rest = divmod(len(data) - 32 * (1 + width), 20)
        assert rest == 0
        if b"\0" * 31 + b"\x01" not in assets:
            self.calls.append((kind, count))
            self.before(kind, count)
        broken = {bytes.fromhex(token[2:]).rjust(32, b"\0") for token in self.broken}
        failures = [(count + self.overcount) if asset in broken else 0 for asset in assets]
        row = [0 if asset in broken else 5 if asset == b"\xff" * 32 else 7 for asset in assets]
        words = [self.number, self.parent, self.time, self.chain, *failures, *(row * count)]
        return "0x" + b"".join(word.to_bytes(32, "big") for word in words).hex()


def node_of(packed: Packed) -> JsonRpc:
    return evm_node(eth_call=packed)


def read(
    node: Any,
    addresses: Sequence[str] = ADDRESSES,
    contracts: Sequence[str] = ("", TOKEN),
    *,
    info: ChainInfo = CHAINS["ethereum"],
    memory: OwnMemory | None = None,
) -> Answers:
    with serve(node) as provider:
        client = ChainClient(allowed=[provider.url], limits=Limits(silence=2, total=5, tries=1))
        with EvmSource(info, provider.url, client, confirmations=0, memory=memory) as evm:
            answers = evm.read(addresses, contracts)
    assert len(answers.words) == 32 * len(addresses) * len(contracts)
    return answers


def hand_on(node: JsonRpc, exchange: Exchange, body: bytes) -> None:
    """Let `node` answer a question whose body was read already."""
    exchange.body = lambda: body  # type: ignore[method-assign]
    node(exchange)
    del exchange.body  # the connection may bring another question


def amounts(answers: Answers) -> list[int | str]:
    return [
        answers.failures[index].code
        if index in answers.failures
        else int.from_bytes(answers.words[32 * index : 32 * index + 32], "big")
        for index in range(len(answers.words) // 32)
    ]


def methods(answers: Answers) -> list[str]:
    return [proof.method for proof in answers.exchanges]


# ── Which way is taken ────────────────────────────────────────────────────────────────────────────────────────


def test_the_fastest_way_that_works_is_taken_and_remembered() -> None:
    memory = OwnMemory("node")
    packed = Packed()
    node = node_of(packed)
    asked = 0

    def count(answer: Any) -> Any:
        nonlocal asked
        asked += 1
        return answer

    node.spoil_single = count
    answers = read(node, memory=memory)
    assert (methods(answers), amounts(answers)) == ([OVERRIDE], [5, 7] * 3)
    assert memory.get("way") == "override"
    assert asked == 2
    assert amounts(read(node, memory=memory)) == [5, 7] * 3
    # No second self-check.
    assert asked == 3


@pytest.mark.parametrize(
    ("packed", "method"),
    [
        (Packed(override=REFUSED), CREATION),
        (Packed(override=RpcProblem(-32601, "no such method")), CREATION),
        (Packed(override=RpcProblem(-32603, "internal error")), CREATION),
        (Packed(override=RpcProblem(3, "execution reverted")), CREATION),
        # The node passes over the override in silence, or answers something else.
        (Packed(override="0x"), CREATION),
        (Packed(override="0x" + "00" * 32), CREATION),
        (Packed(override=REFUSED, creation=REFUSED), BATCH),
        (Packed(override=REFUSED, creation=RpcProblem(3, "execution reverted")), BATCH),
        (Packed(override=REFUSED, creation=RpcProblem(3, "execution reverted", "0x")), BATCH),
        (Packed(override=REFUSED, creation=RpcProblem(-32000, "initcode too large")), BATCH),
        # The self-check: a token that cannot exist must be counted, and the block be the one asked for.
        (Packed(broken=set()), BATCH),
        (Packed(overcount=1), BATCH),
        (Packed(number=101), BATCH),
        (Packed(parent=1), BATCH),
        (Packed(time=1), BATCH),
        (Packed(chain=2), BATCH),
    ],
)
def test_a_way_that_does_not_work_is_not_taken(packed: Packed, method: str) -> None:
    memory = OwnMemory("node")
    answers = read(node_of(packed), memory=memory)
    assert (set(methods(answers)), amounts(answers)) == ({method}, [5, 7] * 3)
    assert memory.get("way") == ("creation" if method == CREATION else "batch")


def test_a_creation_that_succeeds_is_no_answer() -> None:
    def answer(call: dict[str, str], at: Any, *override: Any) -> str:
        if "to" not in call:
            return "0x" + "00" * 32
        return Packed(override=REFUSED)(call, at, *override)

    assert set(methods(read(evm_node(eth_call=answer)))) == {BATCH}


def test_finding_out_stops_where_the_block_is_gone() -> None:
    with pytest.raises(BlockGone):
        read(node_of(Packed(override=RpcProblem(-32000, "header not found"))))
    with pytest.raises(CannotPin):
        read(node_of(Packed(override=RpcProblem(-32000, "missing trie node"))))
    with pytest.raises(RateLimited):
        read(node_of(Packed(override=RpcProblem(429, "slow down"))))


def test_a_server_that_breaks_down_over_a_question_is_not_asked_it_for_ever() -> None:
    memory = OwnMemory("node")
    packed = Packed()
    node = node_of(packed)
    broken = 0

    def fragile(exchange: Exchange) -> None:
        nonlocal broken
        body = exchange.body()
        if READER_ADDRESS.encode() in body:
            broken += 1
            exchange.reply(500, b"")
        else:
            hand_on(node, exchange, body)

    for _ in range(4):
        assert methods(read(fragile, memory=memory)) == [CREATION]
        memory.set("way", "")
    assert broken == 2


def test_a_way_that_stops_working_falls_to_the_next_and_says_so() -> None:
    memory = OwnMemory("node")
    packed = Packed()
    assert methods(read(node_of(packed), memory=memory)) == [OVERRIDE]
    packed.override = REFUSED
    answers = read(node_of(packed), memory=memory)
    assert (methods(answers), amounts(answers)) == ([CREATION], [5, 7] * 3)
    # The next look finds out anew.
    assert memory.get("way") == ""
    assert methods(read(node_of(packed), memory=memory)) == [CREATION]
    assert memory.get("way") == "creation"


def test_a_development_chain_may_be_ahead_of_the_clock() -> None:
    ahead = int(time.time()) + 10**6
    node = evm_node(
        31337,
        eth_call=Packed(chain=31337, time=ahead),
        eth_getBlockByNumber={**BLOCK, "timestamp": hex(ahead)},
    )
    assert amounts(read(node, info=CHAINS["localdev"])) == [5, 7] * 3


def test_what_is_remembered_but_unknown_is_found_out_again() -> None:
    memory = OwnMemory("node")
    memory.set("way", "telepathy")
    memory.set("cells:override", "many")
    assert methods(read(node_of(Packed()), memory=memory)) == [OVERRIDE]


# ── Sizes ─────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "problem",
    [
        RpcProblem(-32000, "out of gas"),
        RpcProblem(-32000, "gas required exceeds allowance (50000000)"),
        RpcProblem(-32000, "execution aborted (timeout = 5s)"),
        RpcProblem(-32003, "response too large"),
        # So the reader itself gives up.
        RpcProblem(3, "execution reverted"),
        RpcProblem(3, "execution reverted", "0x"),
    ],
)
@pytest.mark.parametrize("kind", ["override", "creation"])
def test_too_many_at_once_are_asked_for_in_halves_and_that_is_remembered(
    kind: str, problem: RpcProblem
) -> None:
    def limit(_kind: str, count: int) -> None:
        if count > 400:
            raise problem

    packed = Packed(before=limit)
    if kind == "creation":
        packed.override = REFUSED
    memory = OwnMemory("node")
    addresses = [some_address(n) for n in range(1500)]
    answers = read(node_of(packed), addresses, memory=memory)
    assert amounts(answers) == [5, 7] * 1500
    assert [(proof.first, proof.count) for proof in answers.exchanges] == [
        (first, 375) for first in range(0, 1500, 375)
    ]
    assert memory.get(f"cells:{kind}") == "750"
    packed.calls.clear()
    assert amounts(read(node_of(packed), addresses, memory=memory)) == [5, 7] * 1500
    assert max(count for _, count in packed.calls) == 375
    # With twice the assets, half the addresses are asked for at once.
    packed.calls.clear()
    read(node_of(packed), addresses, ["", TOKEN, OTHER, TOKEN], memory=memory)
    assert max(count for _, count in packed.calls) == 187


def test_an_answer_that_does_not_come_in_time_is_asked_for_in_halves() -> None:
    node = node_of(Packed())

    def slow(exchange: Exchange) -> None:
        body = exchange.body()
        if len(body) > 20_000:
            exchange.reply(504, b"")
        else:
            hand_on(node, exchange, body)

    answers = read(slow, [some_address(n) for n in range(600)])
    assert amounts(answers) == [5, 7] * 600
    assert [proof.count for proof in answers.exchanges] == [300, 300]


def test_what_never_fits_goes_the_next_way() -> None:
    def never(kind: str, _count: int) -> None:
        if kind == "override":
            raise RpcProblem(-32000, "out of gas")

    memory = OwnMemory("node")
    answers = read(node_of(Packed(before=never)), [some_address(n) for n in range(120)], memory=memory)
    assert amounts(answers) == [5, 7] * 120
    assert set(methods(answers)) == {CREATION}
    # One look's trouble is not yet the provider's.
    assert memory.get("way") == "override"
    assert memory.get("cells:override") == "500"


def test_several_thousand_are_asked_for_in_pieces_and_keep_their_order() -> None:
    packed = Packed()
    addresses = [some_address(n) for n in range(4100)]
    answers = read(node_of(packed), addresses, ["", TOKEN])
    assert amounts(answers) == [5, 7] * 4100
    assert [(proof.first, proof.count) for proof in answers.exchanges] == [
        (0, 2000),
        (2000, 2000),
        (4000, 100),
    ]
    packed.override = REFUSED
    OwnMemory.forget()
    packed.calls.clear()
    assert amounts(read(node_of(packed), addresses)) == [5, 7] * 4100
    assert max(count for _, count in packed.calls) == 2000


@pytest.mark.parametrize("assets", [1, 2, 20, 300])
def test_a_creation_is_never_larger_than_a_node_allows(assets: int) -> None:
    """EIP-3860: the reader and its input together have 49,152 bytes at most."""
    way = Creation(Endpoint("http://127.0.0.1:1", ChainClient(allowed=["http://127.0.0.1:1"])))
    count = way.most(assets)
    header = Header(100, BLOCK["hash"], PARENT_HASH, 0x68000000)
    ask = Ask(CHAINS["ethereum"], header, [TOKEN] * (count + 1), [TOKEN] * assets)

    def size(span: Span) -> int:
        return len(bytes.fromhex(json.loads(way.question(ask, span, 1))["params"][0]["data"][2:]))

    assert size(Span(0, count)) <= 49_152
    assert count == 2000 or size(Span(0, count + 1)) > 49_152


# ── What is believed ──────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("spoiled", [{"number": 101}, {"parent": 1}, {"time": 1}, {"chain": 2}])
def test_an_answer_from_another_block_is_refused(spoiled: dict[str, int]) -> None:
    memory = OwnMemory("node")
    packed = Packed()
    read(node_of(packed), memory=memory)
    vars(packed).update(spoiled)
    with pytest.raises(BadAnswer):
        read(node_of(packed), memory=memory)
    # The next look finds out anew.
    assert memory.get("way") == ""


def test_where_contracts_see_the_chain_below_only_time_and_chain_are_compared() -> None:
    info = replace(CHAINS["ethereum"], block_opcodes=False)
    answers = read(node_of(Packed(number=7, parent=7)), info=info)
    assert (methods(answers), amounts(answers)) == ([OVERRIDE], [5, 7] * 3)
    for spoiled in ({"time": 1}, {"chain": 2}):
        OwnMemory.forget()
        assert methods(read(node_of(Packed(**spoiled)), info=info)) == [BATCH]


def test_one_part_from_another_block_leaves_the_others() -> None:
    packed = Packed()

    def move(_kind: str, count: int) -> None:
        packed.number = 101 if count == 100 else 100

    packed.before = move
    answers = read(node_of(packed), [some_address(n) for n in range(2100)])
    assert amounts(answers) == [5, 7] * 2000 + ["bad_answer"] * 200


def test_a_token_that_gives_no_answer_is_asked_again_for_its_reason() -> None:
    nothing = some_address(8)
    answers = read(
        node_of(Packed(broken={"0x" + "00" * 19 + "01", nothing.lower(), OTHER.lower()})),
        contracts=[OTHER, "", nothing, TOKEN],
    )
    # The single question to one of them is answered: that is an amount.
    assert amounts(answers) == [7, 5, "no_contract", 7] * 3
    assert answers.failures[2] == Failure("no_contract", nothing, "unsupported")
    assert methods(answers) == [OVERRIDE, BATCH]
    asked = json.loads(answers.exchanges[1].question)
    assert {call["params"][0]["to"] for call in asked} == {OTHER, nothing}


def test_reasons_are_found_out_in_several_batches() -> None:
    refused = some_address(8)
    addresses = [some_address(n) for n in range(1100)]
    packed = Packed()
    packed.broken |= {refused.lower(), refused}
    answers = read(node_of(packed), addresses, ["", refused])
    assert amounts(answers) == [5, "reverted"] * 1100
    assert [(proof.method, proof.first, proof.count) for proof in answers.exchanges] == [
        (OVERRIDE, 0, 1100),
        (BATCH, 0, 500),
        (BATCH, 500, 500),
        (BATCH, 1000, 100),
    ]


def test_where_the_reason_cannot_be_found_out_nothing_becomes_an_amount() -> None:
    refused = some_address(8)
    packed = Packed()
    packed.broken.add(refused.lower())
    node = node_of(packed)
    node.spoil = lambda answers: answers if len(answers) == 2 else None
    answers = read(node, contracts=["", refused])
    assert amounts(answers) == [5, "bad_answer"] * 3


def _hex(answer: dict[str, Any], change: Callable[[str], str]) -> dict[str, Any]:
    return {**answer, "result": change(answer["result"])}


ODD: list[Callable[[dict[str, Any]], Any]] = [
    lambda answer: {**answer, "id": answer["id"] + 1},
    lambda answer: {**answer, "id": str(answer["id"])},
    lambda answer: {**answer, "id": float(answer["id"])},
    lambda answer: {**answer, "id": None},
    lambda answer: {key: value for key, value in answer.items() if key != "id"},
    lambda answer: {key: value for key, value in answer.items() if key != "jsonrpc"},
    lambda answer: {**answer, "jsonrpc": "1.0"},
    lambda answer: {**answer, "error": {"code": 3, "message": "both"}},
    lambda answer: {**answer, "more": "0x00"},
    lambda answer: {"more": answer["result"], **answer},
    lambda answer: {**answer, "result": None},
    lambda answer: {**answer, "result": 7},
    lambda answer: {**answer, "result": [answer["result"]]},
    lambda answer: {**answer, "result": {"data": answer["result"]}},
    lambda answer: {**answer, "result": answer["result"][2:]},
    lambda answer: [answer],
    lambda answer: None,
    lambda answer: b"",
    lambda answer: json.dumps(answer).encode()[:-1],
    lambda answer: json.dumps(answer).encode()[:-2],
    lambda answer: json.dumps(answer).encode() + b"{}",
    lambda answer: (json.dumps(answer)[:-1] + f', "result": "{answer["result"]}"}}').encode(),
    lambda answer: (f'{{"result": "{answer["result"]}", ' + json.dumps(answer)[1:]).encode(),
    lambda answer: _hex(answer, lambda text: text + "0"),
    lambda answer: _hex(answer, lambda text: text[:-1]),
    lambda answer: _hex(answer, lambda text: text[:-64]),
    lambda answer: _hex(answer, lambda text: text + "00" * 32),
    lambda answer: _hex(answer, lambda text: text[:-2] + "0g"),
    lambda answer: _hex(answer, lambda text: text[:-2] + " 0"),
    lambda answer: _hex(answer, lambda text: text[:-2] + "  "),
    lambda answer: _hex(answer, lambda text: text[:-1] + "é"),
    lambda answer: _hex(answer, lambda text: "0X" + text[2:]),
    lambda answer: _hex(answer, lambda text: "-" + text),
    # More failures than addresses.
    lambda answer: _hex(answer, lambda text: text[:258] + f"{4:064x}" + text[322:]),
]


@pytest.mark.parametrize("number", range(len(ODD)))
def test_an_odd_answer_is_refused_whole(number: int) -> None:
    memory = OwnMemory("node")
    node = node_of(Packed())
    read(node, memory=memory)
    node.spoil_single = ODD[number]
    with pytest.raises(BadAnswer):
        read(node, memory=memory)


def test_capitals_in_hexadecimal_are_no_fault() -> None:
    node = node_of(Packed())
    node.spoil_single = lambda answer: _hex(answer, lambda text: "0x" + text[2:].upper())
    answers = read(node)
    assert (methods(answers), amounts(answers)) == ([OVERRIDE], [5, 7] * 3)


def test_an_error_without_an_id_is_an_error() -> None:
    memory = OwnMemory("node")
    node = node_of(Packed())
    read(node, memory=memory)
    node.spoil_single = lambda answer: {
        "jsonrpc": "2.0",
        "id": None,
        "error": {"code": 429, "message": "slow down"},
    }
    with pytest.raises(RateLimited):
        read(node, memory=memory)


def test_a_message_that_quotes_an_answer_is_not_taken_for_one() -> None:
    memory = OwnMemory("node")
    node = node_of(Packed())
    read(node, memory=memory)
    quoted = json.dumps({"result": "0x" + "00" * 500})
    node.spoil_single = lambda answer: {
        "jsonrpc": "2.0",
        "id": answer["id"],
        "error": {"code": -32000, "message": f"header not found: {quoted}"},
    }
    with pytest.raises(BlockGone):
        read(node, memory=memory)


def test_a_revert_beside_a_result_is_refused() -> None:
    memory = OwnMemory("node")
    node = node_of(Packed(override=REFUSED))
    assert methods(read(node, memory=memory)) == [CREATION]
    node.spoil_single = lambda answer: {**answer, "result": "yes"}
    with pytest.raises(BadAnswer):
        read(node, memory=memory)


def test_data_beside_an_error_of_another_kind_are_not_read() -> None:
    packed = Packed(override=REFUSED)
    memory = OwnMemory("node")
    node = node_of(packed)
    assert methods(read(node, memory=memory)) == [CREATION]

    def other(answer: dict[str, Any]) -> dict[str, Any]:
        return {**answer, "error": {**answer["error"], "code": -32603, "message": "internal error"}}

    node.spoil_single = other
    assert methods(read(node, memory=memory)) == [BATCH]


def test_a_part_that_cannot_be_had_leaves_the_others() -> None:
    def fail(_kind: str, count: int) -> None:
        if count == 100:
            raise RpcProblem(-32005, "slow down")

    answers = read(node_of(Packed(before=fail)), [some_address(n) for n in range(2100)])
    assert amounts(answers) == [5, 7] * 2000 + ["rate_limited"] * 200


def test_a_source_that_is_down_is_an_error() -> None:
    memory = OwnMemory("node")
    node = node_of(Packed())
    read(node, memory=memory)

    def down(exchange: Exchange) -> None:
        body = exchange.body()
        if body.startswith(b"["):
            hand_on(node, exchange, body)
        else:
            exchange.reply(500, b"")

    with pytest.raises(SourceUnavailable):
        read(down, memory=memory)
