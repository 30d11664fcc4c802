"""JSON-RPC as Ethereum's nodes speak it (ethereum/execution-apis): what is sent, and how an answer is checked.

Nothing of an answer is believed before its envelope is: the right ids, each once, and either a result or an error.
"""

import itertools
import re
import time
from binascii import Error as NotHex
from binascii import unhexlify
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from wallets.chains.base import (
    AnswerTooLarge,
    BadAnswer,
    Block,
    BlockGone,
    CannotPin,
    ChainError,
    RateLimited,
    SourceRefused,
    SourceUnavailable,
)
from wallets.chains.http import JSON, ChainClient, milliseconds_since, parse_json

QUANTITY: Final = re.compile(r"0x[0-9a-fA-F]{1,64}", re.ASCII)
HASH: Final = re.compile(r"0x[0-9a-fA-F]{64}", re.ASCII)
# Quotes within a text are escaped, so that no message can look like this.
_LONG_TEXT: Final = re.compile(rb'"(?:result|data)"\s*:\s*"0x')
_UNWELCOME: Final = re.compile(rb"\\u(?:0000|d[89a-f][0-9a-f]{2})", re.IGNORECASE)
_LONGEST_MESSAGE: Final = 500
_numbers = itertools.count(1)

# How clients name what they mean: geth and its forks, Nethermind, Erigon, Besu, Reth, anvil. The block is unknown
# or off the main chain:
_GONE = re.compile(
    r"not canonical|not currently canonical|header not found|header for hash not found|block not found"
    r"|unknown block|could not be found|resource not found|blockoutofrange|block .{0,80}not found",
    re.IGNORECASE,
)
# The block is known, its state no longer kept:
_NO_STATE = re.compile(
    r"missing trie node|historical state|state .{0,80}(not available|unavailable|is pruned|not found)"
    r"|no state (available|found)|pruned|not an archive|archive node|distance to target block exceeds",
    re.IGNORECASE,
)
# The question costs more than the node allows; a smaller one may not.
_GAS = re.compile(
    r"out ?of ?gas|gas (limit|cap|required|allowance|too low|uint64 overflow)|intrinsic gas|exceeds .{0,40}gas",
    re.IGNORECASE,
)
_SIZE = re.compile(
    r"too large|too big|size (limit|exceeded)|exceeds .{0,40}(size|limit)|response .{0,20}exceed|batch .{0,20}limit"
    r"|initcode|code size|timed? ?out|timeout|deadline exceeded|execution aborted|oversized",
    re.IGNORECASE,
)
# Anvil says the same of a block that it no longer keeps as of one that is not there yet.
_OUT_OF_RANGE = re.compile(r"block height is (\d{1,18}) but requested was (\d{1,18})")
_REVERTED = re.compile(
    r"revert|invalid opcode|stack (under|over)flow|invalid jump|bad (jump|instruction)|vm execution|evm ?error"
    r"|precompile|write protection|state modification|static ?call",
    re.IGNORECASE,
)


class Reverted(ChainError):
    """The contract refuses the call; it will refuse again."""

    code = "reverted"


class OutOfGas(AnswerTooLarge):
    """The call burns more than the node allows."""


@dataclass(frozen=True, slots=True)
class Header:
    """What a block's header says of itself. `hash` and `parent` are 0x and 64 small digits, `time` Unix seconds."""

    number: int
    hash: str
    parent: str
    time: int

    @property
    def block(self) -> Block:
        return Block(self.number, self.hash, datetime.fromtimestamp(self.time, UTC))


@dataclass(frozen=True, slots=True)
class Said:
    """A question and its answer as they went over the wire, and how long that took."""

    question: bytes
    answer: bytes
    took_ms: int


class Endpoint:
    """One JSON-RPC URL."""

    def __init__(self, url: str, client: ChainClient) -> None:
        self._url = url
        self.client = client

    def say(self, question: bytes) -> Said:
        start = time.monotonic()
        answer = self.client.post(self._url, question)
        return Said(question, answer, milliseconds_since(start))

    def ask(self, *calls: str) -> list[dict[str, JSON]]:
        """The answers to a few calls, each `method","params":[…]`, sent in one batch."""
        said = self.say(batch(calls))
        return matched(parsed(said.answer), len(calls))

    def results(self, *calls: str) -> list[JSON]:
        """The results alone. An error becomes None, except one that speaks of the connection or of the wait."""
        results: list[JSON] = []
        for answer in self.ask(*calls):
            error = answer.get("error")
            if error is not None:
                trouble = problem(error)
                if isinstance(trouble, RateLimited | SourceUnavailable):
                    raise trouble
            results.append(answer.get("result") if error is None else None)
        return results


# ── What is sent ──────────────────────────────────────────────────────────────────────────────────────────────


def batch(calls: Sequence[str]) -> bytes:
    """The JSON of one batch, ids from 0. A call is the rest of its object from the method's name on."""
    objects = (f'{{"jsonrpc":"2.0","id":{number},"method":"{call}}}' for number, call in enumerate(calls))
    return f"[{','.join(objects)}]".encode("ascii")


def at_block(block_hash: str) -> str:
    """The block of a call by EIP-1898: a node refuses where it is no longer on the main chain."""
    return f'{{"blockHash":"{block_hash}","requireCanonical":true}}'


def chain_id_call() -> str:
    return 'eth_chainId","params":[]'


def block_by_number(number: int | str) -> str:
    """The header of a block by its number or tag."""
    tag = number if isinstance(number, str) else f"{number:#x}"
    return f'eth_getBlockByNumber","params":["{tag}",false]'


def block_by_hash(block_hash: str) -> str:
    return f'eth_getBlockByHash","params":["{block_hash}",false]'


def next_id() -> int:
    """An id that no other single question of this process has: an answer that was meant for another shows."""
    return next(_numbers)


# ── Answers ───────────────────────────────────────────────────────────────────────────────────────────────────


def parsed(body: bytes) -> JSON:
    """The JSON of an answer. Raises `BadAnswer`.

    Error messages repeat what a contract gave as its reason, so a hostile token chooses what stands there. Half
    a surrogate pair or NUL, which would make the whole answer invalid and with it every balance in the batch,
    are replaced.
    """
    return parse_json(_UNWELCOME.sub(rb"\\ufffd", body) if b"\\u" in body else body)


def matched(answer: JSON, count: int) -> list[dict[str, JSON]]:
    """The answers of a batch in the order of their ids 0 … count−1, each exactly once. Raises `ChainError`."""
    if isinstance(answer, dict) and "error" in answer:
        # A server may refuse a batch as a whole with a single error.
        raise problem(answer["error"])
    if not isinstance(answer, list) or len(answer) != count:
        raise BadAnswer(f"{count} answers were expected")
    found: list[dict[str, JSON] | None] = [None] * count
    for item in answer:
        if not isinstance(item, dict):
            raise BadAnswer("an answer is not an object")
        number = item.get("id")
        if type(number) is not int or not 0 <= number < count or found[number] is not None:
            raise BadAnswer("an answer has no question")
        if ("result" in item) == (item.get("error") is not None):
            raise BadAnswer("an answer has neither or both of result and error")
        found[number] = item
    return [item for item in found if item is not None]


def long_answer(body: bytes, number: int) -> tuple[bytes | None, JSON]:
    """The bytes of the one long hex text in the answer to question `number`, and the error that it came with.

    Bytes and None: the result. Bytes and an error: the data of a revert. None and an error: any other error. The
    text is taken out before the rest is parsed: it may be megabytes, and `unhexlify` checks every digit of it.
    """
    found = _LONG_TEXT.search(body)
    end = body.find(b'"', found.end()) if found else -1
    data: bytes | None = None
    if found and end >= 0:
        try:
            data = unhexlify(memoryview(body)[found.end() : end])
        except NotHex as fault:
            raise BadAnswer("the data are not hexadecimal") from fault
        body = body[: found.end()] + body[end:]
    envelope = parsed(body)
    if not isinstance(envelope, dict) or not envelope.keys() <= {"jsonrpc", "id", "result", "error"}:
        raise BadAnswer("the answer is not one of JSON-RPC")
    if envelope.get("jsonrpc") != "2.0":
        raise BadAnswer("the answer is not one of JSON-RPC 2.0")
    error = envelope.get("error")
    if error is None:
        if envelope.get("result") != "0x" or data is None:
            raise BadAnswer("a result of hexadecimal data was expected")
    elif envelope.get("result") is not None:
        raise BadAnswer("an answer has both of result and error")
    elif data is not None and not (isinstance(error, dict) and error.get("data") == "0x"):
        raise BadAnswer("the data stand at no known place")
    # A server that cannot read a question answers with the id null, and always with an error.
    if type(envelope.get("id")) is not int or envelope["id"] != number:
        if error is not None and envelope.get("id") is None and data is None:
            return None, error
        raise BadAnswer("the answer is to another question")
    return data, error


def problem(error: JSON) -> ChainError:
    """What a JSON-RPC error object means. Its words are kept short and without addresses of servers."""
    if not isinstance(error, dict):
        return BadAnswer("an error is not an object")
    code, message = error.get("code"), error.get("message")
    if type(code) is not int or not isinstance(message, str):
        return BadAnswer("an error has no code or message")
    # Some nodes repeat a revert's data in their message; patterns are not to be tried on megabytes.
    message = message[:_LONGEST_MESSAGE]
    said = f"JSON-RPC {code}: {_without_urls(message)}"
    # First of all: the rest of such a message is what the contract chose to say.
    if code == 3 or _REVERTED.search(message):
        return Reverted(said)
    if code in {-32005, 429, -32029, -32097} and not _SIZE.search(message):
        return RateLimited(said)
    out_of_range = _OUT_OF_RANGE.search(message)
    past = out_of_range is not None and int(out_of_range[2]) <= int(out_of_range[1])
    if past or _NO_STATE.search(message) or code == 4444:
        return CannotPin(said)
    if _GONE.search(message) or code == -32001:
        return BlockGone(said)
    if _GAS.search(message):
        return OutOfGas(said)
    if _SIZE.search(message):
        return AnswerTooLarge(said)
    if code in {-32600, -32601, -32602, -32700, -32004}:
        return SourceRefused(said)
    return SourceUnavailable(said)


def _without_urls(text: str) -> str:
    return re.sub(r"\w+://\S+", "…", text)[:200]


def header_of(value: JSON) -> Header:
    """The header in the answer to `eth_getBlockBy…`. Raises `BadAnswer`."""
    if not isinstance(value, dict):
        raise BadAnswer("a block was expected")
    hashes = []
    for name in ("hash", "parentHash"):
        text = value.get(name)
        if not isinstance(text, str) or not HASH.fullmatch(text):
            raise BadAnswer("a block hash was expected")
        hashes.append(text.lower())
    when = number_of(value.get("timestamp"))
    try:
        datetime.fromtimestamp(when, UTC)
    except (OverflowError, ValueError, OSError) as error:
        raise BadAnswer("block time is out of range") from error
    height = number_of(value.get("number"))
    if height >= 2**63:
        raise BadAnswer("block height is out of range")
    return Header(height, hashes[0], hashes[1], when)


def number_of(value: JSON) -> int:
    """A quantity, `0x…`. Raises `BadAnswer`."""
    if not isinstance(value, str) or not QUANTITY.fullmatch(value):
        raise BadAnswer("a hexadecimal number was expected")
    return int(value, 16)
