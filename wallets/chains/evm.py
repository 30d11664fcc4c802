"""EVM chains by JSON-RPC (ethereum/execution-apis): native coin and ERC-20 tokens.

The block is picked first: the `finalized` one, or one some blocks below the tip. Every balance is then asked
at that block's hash (EIP-1898, with `requireCanonical`), so that a reorganisation in between makes the node
refuse instead of answering for another block. Questions go in batches; answers are matched by their id,
exactly one each.
"""

import re
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from types import TracebackType
from typing import Final, Self

from wallets.chains.base import (
    AnswerTooLarge,
    BadAnswer,
    Block,
    BlockGone,
    ChainError,
    ChainInfo,
    Failure,
    Outcome,
    Pin,
    Question,
    RateLimited,
    Reading,
    SourceRefused,
    SourceUnavailable,
    WrongChain,
)
from wallets.chains.http import JSON, ChainClient, milliseconds_since, provider_name

CHUNK: Final = 500
SMALLEST_CHUNK: Final = 10
IN_FLIGHT: Final = 4
TRIES: Final = 3

# ERC-20: balanceOf(address), the first four bytes of the keccak of the signature.
BALANCE_OF: Final = "0x70a08231"

_QUANTITY = re.compile(r"0x[0-9a-fA-F]{1,64}", re.ASCII)
_WORD = re.compile(r"0x[0-9a-fA-F]{64}", re.ASCII)
# How clients say that a block hash is unknown or off the main chain: geth and its forks, Nethermind, Erigon,
# Besu, Reth, anvil.
_GONE = re.compile(
    r"not canonical|not currently canonical|header not found|header for hash not found|block not found"
    r"|unknown block|could not be found|resource not found|blockoutofrange|block .{0,80}not found",
    re.IGNORECASE,
)
_REVERTED = re.compile(r"revert|invalid opcode|out of gas|stack underflow|invalid jump", re.IGNORECASE)


class EvmSource:
    """One JSON-RPC endpoint. `confirmations` stands in where the node does not answer `finalized`."""

    def __init__(self, info: ChainInfo, url: str, client: ChainClient, *, confirmations: int) -> None:
        self.info = info
        self.provider = provider_name(url)
        self._url = url
        self._client = client
        self._confirmations = confirmations

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.__exit__(kind, error, trace)

    def read(self, questions: Sequence[Question]) -> list[Outcome]:
        """All questions at one block. When that block leaves the chain meanwhile, all again at another."""
        if not questions:
            return []
        for remaining in reversed(range(TRIES)):
            block, pin = self.pick_block()
            try:
                return self._read_at(block, pin, questions)
            except BlockGone:
                if not remaining:
                    raise
        raise AssertionError("the last try returns or raises")

    def pick_block(self) -> tuple[Block, Pin]:
        """The block to read at and how it was chosen, after the node has named the right chain.

        Raises `WrongChain` when it names another one.
        """
        tag = "finalized" if self.info.finalized_tag else "latest"
        chain_id, picked = self._calls('"eth_chainId","params":[]', _get_block(f'"{tag}"'))
        if _number(chain_id) != self.info.chain_id:
            raise WrongChain(f"chain id {_number(chain_id)} instead of {self.info.chain_id}")
        if not self.info.finalized_tag:
            return _block(picked), "latest"
        if isinstance(picked, dict):
            return _block(picked), "finalized"
        # No such tag on this node, or nothing final yet.
        (latest,) = self._calls(_get_block('"latest"'))
        height = _block(latest).height - self._confirmations
        if height < 0:
            raise SourceUnavailable("the chain is shorter than the confirmations that are asked for")
        (deep,) = self._calls(_get_block(f'"{height:#x}"'))
        block = _block(deep)
        if block.height != height:
            raise BadAnswer("the block is not the one that was asked for")
        return block, "confirmations"

    def _read_at(self, block: Block, pin: Pin, questions: Sequence[Question]) -> list[Outcome]:
        chunks = [questions[start : start + CHUNK] for start in range(0, len(questions), CHUNK)]
        if len(chunks) == 1:
            return self._read_chunk(block, pin, chunks[0])
        with ThreadPoolExecutor(max_workers=min(IN_FLIGHT, len(chunks))) as pool:
            parts = pool.map(lambda chunk: self._read_chunk(block, pin, chunk), chunks)
            return [outcome for part in parts for outcome in part]

    def _read_chunk(self, block: Block, pin: Pin, questions: Sequence[Question]) -> list[Outcome]:
        start = time.monotonic()
        try:
            answer = self._client.post_json(self._url, _batch(block.hash, questions))
            answers = _matched(answer, len(questions))
            took = milliseconds_since(start)
            return [
                _outcome(answer, question, block, pin, took)
                for answer, question in zip(answers, questions, strict=True)
            ]
        except BlockGone:
            raise
        except AnswerTooLarge as error:
            if len(questions) <= SMALLEST_CHUNK:
                return [error.as_failure()] * len(questions)
            half = len(questions) // 2
            return self._read_chunk(block, pin, questions[:half]) + self._read_chunk(
                block, pin, questions[half:]
            )
        except ChainError as error:
            # What was read in other chunks, at the same block, stays good.
            return [error.as_failure()] * len(questions)

    def _calls(self, *calls: str) -> list[JSON]:
        """Results of a few calls in one batch. An error becomes None, except one that says to wait."""
        body = ",".join(f'{{"jsonrpc":"2.0","id":{n},"method":{call}}}' for n, call in enumerate(calls))
        results: list[JSON] = []
        for answer in _matched(self._client.post_json(self._url, f"[{body}]"), len(calls)):
            error = answer.get("error")
            if error is not None:
                problem = _problem(error)
                if isinstance(problem, RateLimited | SourceUnavailable):
                    raise problem
            results.append(answer.get("result") if error is None else None)
        return results


def _get_block(tag: str) -> str:
    return f'"eth_getBlockByNumber","params":[{tag},false]'


def _batch(block_hash: str, questions: Sequence[Question]) -> str:
    """The JSON of one batch. Addresses and contracts are canonical: nothing in them needs escaping."""
    at = f'{{"blockHash":"{block_hash}","requireCanonical":true}}'
    calls = []
    for number, question in enumerate(questions):
        if question.contract:
            data = f"{BALANCE_OF}{question.address[2:].lower():0>64}"
            call = f'"eth_call","params":[{{"to":"{question.contract}","data":"{data}"}},{at}]'
        else:
            call = f'"eth_getBalance","params":["{question.address}",{at}]'
        calls.append(f'{{"jsonrpc":"2.0","id":{number},"method":{call}}}')
    return f"[{','.join(calls)}]"


def _matched(answer: JSON, count: int) -> list[dict[str, JSON]]:
    """The answers in the order of their ids 0 … count−1, each exactly once."""
    if isinstance(answer, dict) and "error" in answer:
        # A server may refuse a batch as a whole with a single error.
        raise _problem(answer["error"])
    if not isinstance(answer, list) or len(answer) != count:
        raise BadAnswer(f"{count} answers were expected")
    matched: list[dict[str, JSON] | None] = [None] * count
    for item in answer:
        if not isinstance(item, dict):
            raise BadAnswer("an answer is not an object")
        number = item.get("id")
        if type(number) is not int or not 0 <= number < count or matched[number] is not None:
            raise BadAnswer("an answer has no question")
        if ("result" in item) == (item.get("error") is not None):
            raise BadAnswer("an answer has neither or both of result and error")
        matched[number] = item
    return [item for item in matched if item is not None]


def _outcome(answer: dict[str, JSON], question: Question, block: Block, pin: Pin, took: int) -> Outcome:
    error = answer.get("error")
    if error is not None:
        problem = _problem(error)
        if isinstance(problem, BlockGone):
            raise problem
        return problem.as_failure()
    result = answer["result"]
    if not question.contract:
        if isinstance(result, str) and _QUANTITY.fullmatch(result):
            return Reading(int(result, 16), block, took, pin)
        return Failure("bad_answer", "a balance is not a hexadecimal number")
    if isinstance(result, str) and _WORD.fullmatch(result):
        return Reading(int(result, 16), block, took, pin)
    if result == "0x":
        # No code stands at the contract's address: that is no answer, and above all not zero.
        return Failure("no_contract", question.contract, "unsupported")
    return Failure("bad_answer", "a token balance is not 32 bytes")


class Reverted(ChainError):
    """The contract refuses the call; it will refuse again."""

    code = "reverted"


def _problem(error: JSON) -> ChainError:
    """What a JSON-RPC error object means. Its words are kept short and without addresses of servers."""
    if not isinstance(error, dict):
        return BadAnswer("an error is not an object")
    code, message = error.get("code"), error.get("message")
    if type(code) is not int or not isinstance(message, str):
        return BadAnswer("an error has no code or message")
    said = f"JSON-RPC {code}: {_without_urls(message)}"
    if code == 3 or _REVERTED.search(message):
        return Reverted(said)
    if code in {-32005, 429, -32029, -32097}:
        return RateLimited(said)
    if _GONE.search(message) or code == -32001:
        return BlockGone(said)
    if code in {-32600, -32601, -32602, -32700, -32004}:
        return SourceRefused(said)
    return SourceUnavailable(said)


def _without_urls(text: str) -> str:
    return re.sub(r"\w+://\S+", "…", text)[:200]


def _block(value: JSON) -> Block:
    if not isinstance(value, dict):
        raise BadAnswer("a block was expected")
    block_hash = value.get("hash")
    if not isinstance(block_hash, str) or not _WORD.fullmatch(block_hash):
        raise BadAnswer("a block hash was expected")
    try:
        when = datetime.fromtimestamp(_number(value.get("timestamp")), UTC)
    except (OverflowError, ValueError, OSError) as error:
        raise BadAnswer("block time is out of range") from error
    height = _number(value.get("number"))
    if height >= 2**63:
        raise BadAnswer("block height is out of range")
    return Block(height, block_hash.lower(), when)


def _number(value: JSON) -> int:
    if not isinstance(value, str) or not _QUANTITY.fullmatch(value):
        raise BadAnswer("a hexadecimal number was expected")
    return int(value, 16)
