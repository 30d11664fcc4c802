"""EVM answers that are wrong, short, late or for another chain: none of them becomes an amount.

Here every amount is asked for on its own, in batches; the other ways are in test_evm_ways.py.
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import stamina

from tests.wallets.doubles import BLOCK, BLOCK_HASH, Exchange, JsonRpc, Provider, RpcProblem, evm_node, serve
from tests.wallets.nodes import some_address
from wallets.chains.base import (
    Answers,
    BadAnswer,
    Block,
    BlockGone,
    CannotPin,
    ChainError,
    Failure,
    FutureBlock,
    Pinned,
    RateLimited,
    SourceRefused,
    SourceUnavailable,
    WrongChain,
)
from wallets.chains.catalogue import CHAINS
from wallets.chains.evm import EvmSource, OwnMemory
from wallets.chains.http import ChainClient, Limits

TOKEN = some_address(0)
ONE, TWO = some_address(1), some_address(2)
OLD = Pinned(Block(100, BLOCK_HASH, datetime.fromtimestamp(0x68000000, UTC)), "hash", "finalized")


@pytest.fixture(autouse=True)
def _no_waiting() -> Iterator[None]:
    OwnMemory.forget()
    with stamina.set_testing(True, attempts=3, cap=True):
        yield


def source(provider: Provider, *, body: int = 1_000_000, confirmations: int = 10) -> EvmSource:
    client = ChainClient(allowed=[provider.url], limits=Limits(silence=1, total=3, body=body))
    memory = OwnMemory(provider.url)
    memory.set("way", "batch")
    return EvmSource(CHAINS["ethereum"], provider.url, client, confirmations=confirmations, memory=memory)


def read(
    node: Any,
    addresses: Sequence[str] = (ONE, TWO),
    contracts: Sequence[str] = ("", TOKEN),
    at: Pinned | None = None,
    **options: int,
) -> Answers:
    with serve(node) as provider, source(provider, **options) as evm:
        answers = evm.read(addresses, contracts, at=at)
    if isinstance(node, JsonRpc):
        assert node.unexpected == []
    assert len(answers.words) == 32 * len(addresses) * len(contracts)
    return answers


def amounts(answers: Answers) -> list[int | str]:
    """The amounts, and the code of each failure."""
    return [
        answers.failures[index].code
        if index in answers.failures
        else int.from_bytes(answers.words[32 * index : 32 * index + 32], "big")
        for index in range(len(answers.words) // 32)
    ]


def test_a_well_behaved_node_is_believed() -> None:
    seen: list[Any] = []

    def balance(address: str, block: object) -> str:
        seen.append((address, block))
        return "0x5"

    answers = read(evm_node(eth_getBalance=balance))
    assert amounts(answers) == [5, 7, 5, 7]
    assert answers.pinned == OLD
    # Every question names the block by its hash and asks that it still be on the chain (EIP-1898).
    at = {"blockHash": BLOCK_HASH, "requireCanonical": True}
    assert sorted(seen, key=str) == sorted([(ONE, at), (TWO, at)], key=str)
    (proof,) = answers.exchanges
    assert (proof.method, proof.first, proof.count) == ("JSON-RPC batch", 0, 2)
    assert proof.question.count(BLOCK_HASH.encode()) == 4
    assert proof.answer.count(b'"result"') == 4


def test_nothing_asked_nothing_read() -> None:
    assert read(evm_node(), []).words == b""
    assert read(evm_node(), contracts=[]).exchanges == ()


def test_largest_and_smallest_balance() -> None:
    largest = "0x" + "f" * 64
    answers = read(evm_node(eth_getBalance="0x0", eth_call=largest))
    assert amounts(answers) == [0, 2**256 - 1] * 2


@pytest.mark.parametrize(
    "result",
    [None, "", "0x", "0xzz", "5", 5, 5.0, True, [], {}, "-0x5", "0x-5", "0x" + "f" * 65, " 0x5", "0x5\n"],
)
def test_a_native_balance_that_is_no_number_is_a_failure(result: object) -> None:
    assert amounts(read(evm_node(eth_getBalance=result))) == ["bad_answer", 7] * 2


@pytest.mark.parametrize(
    "result", [None, "", "0x7", "0x" + "0" * 63, "0x" + "0" * 65, "0x" + "0" * 128, 7, [], "0x" + "g" * 64]
)
def test_a_token_balance_that_is_not_32_bytes_is_a_failure(result: object) -> None:
    answers = read(evm_node(eth_call=result))
    assert amounts(answers) == [5, "bad_answer"] * 2
    assert answers.failures[1].state == "failed"


def test_an_address_without_code_is_unsupported_and_not_zero() -> None:
    assert read(evm_node(eth_call="0x")).failures[1] == Failure("no_contract", TOKEN, "unsupported")


def test_a_program_of_the_chain_itself_is_no_token() -> None:
    # The second precompile answers 32 bytes to anything: their hash.
    precompile = "0x0000000000000000000000000000000000000002"
    answers = read(evm_node(), contracts=[precompile, ""])
    assert amounts(answers) == ["no_contract", 5] * 2


@pytest.mark.parametrize(
    ("code", "message", "expected"),
    [
        (3, "execution reverted", "reverted"),
        (-32000, "execution reverted: paused", "reverted"),
        (-32000, "invalid opcode: INVALID", "reverted"),
        (-32000, "out of gas", "reverted"),
        (-32602, "invalid argument", "refused"),
        (-32601, "method not found", "refused"),
        (-32005, "limit exceeded", "rate_limited"),
        (-32603, "internal error", "unavailable"),
    ],
)
def test_an_error_for_one_question_leaves_the_others(code: int, message: str, expected: str) -> None:
    def refuse(*_params: object) -> str:
        raise RpcProblem(code, message)

    assert amounts(read(evm_node(eth_call=refuse))) == [5, expected] * 2


@pytest.mark.parametrize(
    ("code", "message"),
    [
        (-32000, "hash 0xb1 is not currently canonical"),
        (-32000, "header not found"),
        (-32000, "header for hash not found"),
        (-32001, "Resource not found"),
        (-32000, "unknown block"),
        (-32000, "Block 0xb1… could not be found"),
    ],
)
def test_a_block_that_is_gone_is_picked_again(code: int, message: str) -> None:
    picks = 0

    def pick(*_params: object) -> dict[str, str]:
        nonlocal picks
        picks += 1
        return {**BLOCK, "hash": "0x" + f"{picks:064x}"}

    def balance(_address: str, block: dict[str, Any]) -> str:
        if block["blockHash"].endswith("1"):
            raise RpcProblem(code, message)
        return "0x5"

    answers = read(evm_node(eth_getBlockByNumber=pick, eth_getBalance=balance))
    # All four at one block, also those that had been answered at the first.
    assert answers.pinned.block.hash == "0x" + f"{2:064x}"
    assert amounts(answers) == [5, 7, 5, 7]


def test_a_chain_that_never_rests_is_an_error() -> None:
    def gone(*_params: object) -> str:
        raise RpcProblem(-32000, "header not found")

    with pytest.raises(BlockGone):
        read(evm_node(eth_getBalance=gone))


def test_a_block_that_was_asked_for_is_not_replaced_by_another() -> None:
    def gone(*_params: object) -> str:
        raise RpcProblem(-32000, "header not found")

    node = evm_node(eth_getBalance=gone)
    del node.results["eth_getBlockByNumber"]
    with pytest.raises(BlockGone):
        read(node, at=OLD)


@pytest.mark.parametrize(
    "known",
    [None, {**BLOCK, "number": "0x65"}, {**BLOCK, "timestamp": "0x1"}, {**BLOCK, "hash": "0x" + "c" * 64}],
)
def test_a_block_that_was_asked_for_must_be_the_one_that_is_known(known: Any) -> None:
    with pytest.raises(BadAnswer if known else BlockGone):
        read(evm_node(eth_getBlockByHash=known), at=OLD)


def test_a_block_that_was_asked_for_is_read() -> None:
    node = evm_node()
    del node.results["eth_getBlockByNumber"]
    answers = read(node, at=OLD)
    assert (answers.pinned, amounts(answers)) == (OLD, [5, 7, 5, 7])


@pytest.mark.parametrize(
    "message",
    [
        "missing trie node 0b1c (path ) state 0x0b is not available",
        "required historical state unavailable (reexec=128)",
        "historical state 0x0b is not available",
        "No state available for block 0xb1",
        "state at block #100 is pruned",
        "World state unavailable",
        "distance to target block exceeds maximum proof window",
    ],
)
def test_an_old_block_without_its_state_cannot_be_read(message: str) -> None:
    def forgotten(*_params: object) -> str:
        raise RpcProblem(-32000, message)

    with pytest.raises(CannotPin):
        read(evm_node(eth_getBalance=forgotten), at=OLD)


def test_another_chain_is_refused() -> None:
    with pytest.raises(WrongChain) as error:
        read(evm_node(chain_id=5))
    assert "5" in error.value.detail


def test_a_block_of_tomorrow_is_refused() -> None:
    def at(when: datetime) -> JsonRpc:
        return evm_node(eth_getBlockByNumber={**BLOCK, "timestamp": hex(int(when.timestamp()))})

    now = datetime.now(UTC)
    assert amounts(read(at(now + timedelta(minutes=110)))) == [5, 7, 5, 7]
    with pytest.raises(FutureBlock):
        read(at(now + timedelta(minutes=130)))


@pytest.mark.parametrize(
    "block",
    [
        [],
        "0x64",
        {},
        {**BLOCK, "hash": None},
        {**BLOCK, "hash": "0x12"},
        {**BLOCK, "parentHash": None},
        {**BLOCK, "number": 100},
        {**BLOCK, "number": "-0x1"},
        {**BLOCK, "number": "0x" + "f" * 40},
        {**BLOCK, "timestamp": "0x" + "f" * 20},
        {**BLOCK, "timestamp": None},
    ],
)
def test_a_block_that_is_none_is_an_error(block: object) -> None:
    with pytest.raises(BadAnswer):
        read(evm_node(eth_getBlockByNumber=block))


def test_without_the_finalized_tag_enough_confirmations_are_taken() -> None:
    def by_number(tag: str, _full: bool) -> object:
        if tag == "finalized":
            raise RpcProblem(-32602, "unknown tag")
        return {**BLOCK, "number": "0x64" if tag == "latest" else tag}

    pinned = read(evm_node(eth_getBlockByNumber=by_number), confirmations=12).pinned
    assert (pinned.block.height, pinned.pin, pinned.depth) == (88, "hash", "confirmations")


def test_a_finalized_block_that_does_not_exist_yet_counts_as_no_tag() -> None:
    def by_number(tag: str, _full: bool) -> object:
        return None if tag == "finalized" else {**BLOCK, "number": "0x64" if tag == "latest" else tag}

    answers = read(evm_node(eth_getBlockByNumber=by_number), confirmations=0)
    assert (answers.pinned.block.height, answers.pinned.depth) == (100, "confirmations")


def test_a_chain_shorter_than_the_confirmations_is_not_read() -> None:
    def by_number(tag: str, _full: bool) -> object:
        return None if tag == "finalized" else BLOCK

    with pytest.raises(SourceUnavailable):
        read(evm_node(eth_getBlockByNumber=by_number), confirmations=101)


def test_a_block_of_another_height_is_not_taken() -> None:
    def by_number(tag: str, _full: bool) -> object:
        return None if tag == "finalized" else BLOCK

    with pytest.raises(BadAnswer):
        read(evm_node(eth_getBlockByNumber=by_number), confirmations=5)


@pytest.mark.parametrize("after", [None, {**BLOCK, "hash": "0x" + "c" * 64}])
def test_a_block_that_is_not_final_must_still_stand_after_the_last_answer(after: Any) -> None:
    asked: list[str] = []

    def by_number(tag: str, _full: bool) -> object:
        asked.append(tag)
        if tag == "finalized":
            return None
        # latest, the block itself when it is picked, and the same block after it was read
        return after if asked.count(tag) == 2 and tag == "0x64" else BLOCK

    node = evm_node(eth_getBlockByNumber=by_number)
    answers = read(node, confirmations=0)
    # The first look was thrown away, the second one stood.
    assert asked.count("finalized") == 2
    assert amounts(answers) == [5, 7, 5, 7]


def test_a_final_block_is_not_asked_for_again() -> None:
    asked: list[str] = []

    def by_number(tag: str, _full: bool) -> object:
        asked.append(tag)
        return BLOCK

    read(evm_node(eth_getBlockByNumber=by_number))
    assert asked == ["finalized"]


@pytest.mark.parametrize(
    "spoil",
    [
        lambda answers: answers[:-1],
        lambda answers: [*answers, answers[0]],
        lambda answers: [answers[0]] * len(answers),
        lambda answers: [{**answer, "id": answer["id"] + 1} for answer in answers],
        lambda answers: [{**answer, "id": str(answer["id"])} for answer in answers],
        lambda answers: [{**answer, "id": None} for answer in answers],
        lambda answers: [{**answer, "id": float(answer["id"])} for answer in answers],
        lambda answers: [{**answer, "id": bool(answer["id"])} for answer in answers],
        lambda answers: [{"id": answer["id"]} for answer in answers],
        lambda answers: [{**answer, "error": {"code": 1, "message": "both"}} for answer in answers],
        lambda answers: [None for _answer in answers],
        lambda answers: {"id": 0, "result": "0x5"},
        lambda answers: "0x5",
        lambda answers: None,
        lambda answers: [],
    ],
)
def test_answers_that_do_not_fit_the_questions_are_all_refused(spoil: Any) -> None:
    def only_balances(answers: list[dict[str, Any]]) -> Any:
        # The first batch of a look picks the block; this spoils what comes after.
        return spoil(answers) if len(answers) == 4 else answers

    node = evm_node()
    node.spoil = only_balances
    with pytest.raises(BadAnswer):
        read(node)


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        ({"error": {"code": -32005, "message": "too many requests"}}, RateLimited),
        ({"error": {"code": -32600, "message": "batches are not supported"}}, SourceRefused),
        ({"error": "no"}, BadAnswer),
        ({"error": {"code": "x", "message": 5}}, BadAnswer),
    ],
)
def test_a_refusal_of_the_whole_batch(answer: object, kind: type[ChainError]) -> None:
    node = evm_node()
    node.spoil = lambda answers: answer
    with pytest.raises(kind):
        read(node)


def test_an_answer_too_large_is_asked_for_in_halves() -> None:
    sizes: list[int] = []
    node = evm_node()

    def remember(answers: list[dict[str, Any]]) -> list[dict[str, Any]]:
        sizes.append(len(answers))
        return answers

    node.spoil = remember
    answers = read(node, [some_address(n) for n in range(100)], [""], body=2500)
    assert amounts(answers) == [5] * 100
    assert {100, 50} <= set(sizes)
    assert [(proof.first, proof.count) for proof in answers.exchanges] == [(first, 50) for first in (0, 50)]


def test_an_answer_that_is_always_too_large_ends_as_an_error() -> None:
    with pytest.raises(ChainError) as error:
        read(evm_node(eth_getBalance="0x" + "5" * 5000), [ONE], [""], body=2500)
    assert error.value.code == "too_large"


def test_more_questions_than_one_batch_keep_their_order() -> None:
    addresses = [some_address(n) for n in range(1203)]
    held = {address: n for n, address in enumerate(addresses)}
    node = evm_node(eth_getBalance=lambda address, _block: hex(held[address]))
    answers = read(node, addresses, [""])
    assert amounts(answers) == list(range(1203))
    assert [(proof.first, proof.count) for proof in answers.exchanges] == [(0, 500), (500, 500), (1000, 203)]


@pytest.mark.parametrize(
    ("status", "kind"),
    [(500, SourceUnavailable), (429, RateLimited), (403, SourceRefused), (301, SourceRefused)],
)
def test_a_source_that_is_down_is_an_error(status: int, kind: type[ChainError]) -> None:
    def down(exchange: Exchange) -> None:
        exchange.body()
        exchange.reply(status, b"")

    with pytest.raises(kind):
        read(down)


def test_a_source_that_fails_for_one_part_fails_only_that_part() -> None:
    node = evm_node()
    addresses = [some_address(n) for n in range(600)]

    def fail_last(answers: list[dict[str, Any]]) -> Any:
        return {"error": {"code": -32600, "message": "no"}} if len(answers) == 100 else answers

    node.spoil = fail_last
    assert amounts(read(node, addresses, [""])) == [5] * 500 + ["refused"] * 100


def test_an_error_never_repeats_a_url() -> None:
    def leak(*_params: object) -> str:
        raise RpcProblem(-32000, "upstream https://node.example/v3/s3cret failed")

    assert "s3cret" not in read(evm_node(eth_getBalance=leak)).failures[0].detail


@pytest.mark.parametrize("code", [3, -32000])
@pytest.mark.parametrize(
    "reason",
    [
        "header not found",
        "missing trie node",
        "out of gas",
        "too large",
        "\0",
        "\ud800",
        "\udfff\ud800",
        "\\u0000",
        "a\\\0",
        '"result":"0x00"',
    ],
)
def test_a_token_s_reason_cannot_spoil_the_balances_beside_it(reason: str, code: int) -> None:
    def refuse(*_params: object) -> str:
        raise RpcProblem(code, f"execution reverted: {reason}", "0x00")

    assert amounts(read(evm_node(eth_call=refuse))) == [5, "reverted"] * 2


def test_a_message_of_megabytes_holds_nobody_up() -> None:
    def shout(*_params: object) -> str:
        raise RpcProblem(-32000, "a" * 900_000)

    assert read(evm_node(eth_getBalance=shout), [ONE], body=2_000_000).failures[0].code == "unavailable"
