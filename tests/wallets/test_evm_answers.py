"""EVM answers that are wrong, short, late or for another chain: none of them becomes an amount."""

from collections.abc import Iterator
from typing import Any

import pytest
import stamina

from tests.wallets.doubles import BLOCK, BLOCK_HASH, Exchange, JsonRpc, Provider, RpcProblem, evm_node, serve
from tests.wallets.nodes import some_address
from wallets.chains.base import (
    BadAnswer,
    BlockGone,
    ChainError,
    Failure,
    Question,
    RateLimited,
    Reading,
    SourceRefused,
    SourceUnavailable,
    WrongChain,
)
from wallets.chains.catalogue import CHAINS
from wallets.chains.evm import EvmSource
from wallets.chains.http import ChainClient, Limits

TOKEN = some_address(0)
ONE, TWO = some_address(1), some_address(2)
ASKED = [Question(ONE), Question(ONE, TOKEN), Question(TWO)]


@pytest.fixture(autouse=True)
def _no_waiting() -> Iterator[None]:
    with stamina.set_testing(True, attempts=3, cap=True):
        yield


def source(provider: Provider, *, body: int = 1_000_000, confirmations: int = 10) -> EvmSource:
    client = ChainClient(allowed=[provider.url], limits=Limits(silence=1, total=3, body=body))
    return EvmSource(CHAINS["ethereum"], provider.url, client, confirmations=confirmations)


def read(node: Any, questions: list[Question] | None = None, **options: int) -> list[Any]:
    with serve(node) as provider, source(provider, **options) as evm:
        outcomes = evm.read(ASKED if questions is None else questions)
    if isinstance(node, JsonRpc):
        assert node.unexpected == []
    return list(outcomes)


def test_a_well_behaved_node_is_believed() -> None:
    seen: list[Any] = []

    def balance(address: str, block: object) -> str:
        seen.append((address, block))
        return "0x5"

    native, token, second = read(evm_node(eth_getBalance=balance))
    assert (native.amount, token.amount, second.amount) == (5, 7, 5)
    assert native.block.height == 100
    assert native.block.hash == BLOCK_HASH
    assert native.pinned_by == "finalized"
    # Every question names the block by its hash and asks that it still be on the chain (EIP-1898).
    at = {"blockHash": BLOCK_HASH, "requireCanonical": True}
    assert sorted(seen, key=str) == sorted([(ONE, at), (TWO, at)], key=str)


def test_nothing_asked_nothing_sent() -> None:
    assert read(evm_node(), []) == []


def test_largest_and_smallest_balance() -> None:
    largest = "0x" + "f" * 64
    outcomes = read(evm_node(eth_getBalance="0x0", eth_call=largest))
    assert [outcome.amount for outcome in outcomes] == [0, 2**256 - 1, 0]


@pytest.mark.parametrize(
    "result",
    [None, "", "0x", "0xzz", "5", 5, 5.0, True, [], {}, "-0x5", "0x-5", "0x" + "f" * 65, " 0x5", "0x5\n"],
)
def test_a_native_balance_that_is_no_number_is_a_failure(result: object) -> None:
    native, token, _second = read(evm_node(eth_getBalance=result))
    assert isinstance(native, Failure)
    assert native.code == "bad_answer"
    assert token.amount == 7


@pytest.mark.parametrize(
    "result", [None, "", "0x7", "0x" + "0" * 63, "0x" + "0" * 65, "0x" + "0" * 128, 7, [], "0x" + "g" * 64]
)
def test_a_token_balance_that_is_not_32_bytes_is_a_failure(result: object) -> None:
    native, token, _second = read(evm_node(eth_call=result))
    assert isinstance(token, Failure)
    assert (token.code, token.state) == ("bad_answer", "failed")
    assert native.amount == 5


def test_an_address_without_code_is_unsupported_and_not_zero() -> None:
    _native, token, _second = read(evm_node(eth_call="0x"))
    assert token == Failure("no_contract", TOKEN, "unsupported")


@pytest.mark.parametrize(
    ("code", "message", "expected"),
    [
        (3, "execution reverted", "reverted"),
        (-32000, "execution reverted: paused", "reverted"),
        (-32000, "invalid opcode: INVALID", "reverted"),
        (-32602, "invalid argument", "refused"),
        (-32601, "method not found", "refused"),
        (-32005, "limit exceeded", "rate_limited"),
        (-32603, "internal error", "unavailable"),
        (-32000, "missing trie node", "unavailable"),
    ],
)
def test_an_error_for_one_question_leaves_the_others(code: int, message: str, expected: str) -> None:
    def refuse(*_params: object) -> str:
        raise RpcProblem(code, message)

    native, token, second = read(evm_node(eth_call=refuse))
    assert isinstance(token, Failure)
    assert token.code == expected
    assert native.amount == second.amount == 5


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

    native, token, _second = read(evm_node(eth_getBlockByNumber=pick, eth_getBalance=balance))
    assert native.block.hash == "0x" + f"{2:064x}"
    # All three at one block, also the one that had been answered at the first.
    assert token.block == native.block


def test_a_chain_that_never_rests_is_an_error() -> None:
    def gone(*_params: object) -> str:
        raise RpcProblem(-32000, "header not found")

    with pytest.raises(BlockGone):
        read(evm_node(eth_getBalance=gone))


def test_another_chain_is_refused() -> None:
    with pytest.raises(WrongChain) as error:
        read(evm_node(chain_id=5))
    assert "5" in error.value.detail


@pytest.mark.parametrize(
    "block",
    [
        [],
        "0x64",
        {},
        {**BLOCK, "hash": None},
        {**BLOCK, "hash": "0x12"},
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

    native, *_rest = read(evm_node(eth_getBlockByNumber=by_number), confirmations=12)
    assert native.block.height == 88
    assert native.pinned_by == "confirmations"


def test_a_finalized_block_that_does_not_exist_yet_counts_as_no_tag() -> None:
    def by_number(tag: str, _full: bool) -> object:
        return None if tag == "finalized" else {**BLOCK, "number": "0x64" if tag == "latest" else tag}

    native, *_rest = read(evm_node(eth_getBlockByNumber=by_number), confirmations=0)
    assert native.block.height == 100


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
        return spoil(answers) if len(answers) == len(ASKED) else answers

    node = evm_node()
    node.spoil = only_balances
    outcomes = read(node)
    assert [type(outcome) for outcome in outcomes] == [Failure] * 3
    assert {outcome.code for outcome in outcomes} == {"bad_answer"}


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
    questions = [Question(some_address(n)) for n in range(100)]
    sizes: list[int] = []
    node = evm_node()

    def remember(answers: list[dict[str, Any]]) -> list[dict[str, Any]]:
        sizes.append(len(answers))
        return answers

    node.spoil = remember
    outcomes = read(node, questions, body=2500)
    assert all(isinstance(outcome, Reading) and outcome.amount == 5 for outcome in outcomes)
    assert len(outcomes) == 100
    assert 100 in sizes
    assert 50 in sizes


def test_an_answer_that_is_always_too_large_ends_as_a_failure() -> None:
    node = evm_node(eth_getBalance="0x" + "5" * 5000)
    (outcome,) = read(node, [Question(ONE)], body=2500)
    assert outcome.code == "too_large"


def test_more_questions_than_one_batch_keep_their_order() -> None:
    addresses = [some_address(n) for n in range(1203)]
    amounts = {address: n for n, address in enumerate(addresses)}
    node = evm_node(eth_getBalance=lambda address, _block: hex(amounts[address]))
    outcomes = read(node, [Question(address) for address in addresses])
    assert [outcome.amount for outcome in outcomes] == list(range(1203))


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


def test_a_source_that_fails_half_way_fails_only_that_half() -> None:
    node = evm_node()
    batches = 0

    def fail_second(exchange: Exchange) -> None:
        nonlocal batches
        batches += 1
        if batches == 1:
            node(exchange)
        else:
            exchange.body()
            exchange.reply(403, b"")

    outcomes = read(fail_second)
    assert [outcome.code for outcome in outcomes] == ["refused"] * 3


def test_an_error_never_repeats_a_url() -> None:
    def leak(*_params: object) -> str:
        raise RpcProblem(-32000, "upstream https://node.example/v3/s3cret failed")

    native, *_rest = read(evm_node(eth_getBalance=leak))
    assert isinstance(native, Failure)
    assert "s3cret" not in native.detail
