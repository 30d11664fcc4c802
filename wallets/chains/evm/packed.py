"""The two ways that run the project's own reader (reader.py): by state override, and as a contract's creation."""

from typing import Final

from wallets.chains.base import (
    WORD,
    AnswerTooLarge,
    BadAnswer,
    BlockGone,
    CannotPin,
    ChainError,
    Exchange,
    RateLimited,
)
from wallets.chains.evm.reader import CREATION_READER, HEADER_WORDS, NATIVE, READER, reader_input
from wallets.chains.evm.rpc import Endpoint, Reverted, at_block, long_answer, next_id, problem
from wallets.chains.evm.ways import Ask, NotThisWay, Part, Span, exchange
from wallets.chains.http import JSON

READER_ADDRESS: Final = "0x000000000000000000000000686f6c6466617374"
"""Where the reader is put for the length of a call; any address that is nobody's would do."""

_CHUNK: Final = 2000
# EIP-3860: code that creates a contract, here with its input, may have 49,152 bytes.
_LARGEST_CREATION: Final = 49_152


class Override:
    """`eth_call` with a state override: the reader stands at an address for this one call."""

    name = "override"
    method = "packed eth_call (state override)"

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint

    def most(self, assets: int) -> int:
        return _CHUNK

    def question(self, ask: Ask, span: Span, number: int) -> bytes:
        call = f'{{"to":"{READER_ADDRESS}","data":"0x{_input(ask, span).hex()}"}}'
        override = f'{{"{READER_ADDRESS}":{{"code":"0x{READER.hex()}"}}}}'
        return _eth_call(number, f"{call},{at_block(ask.header.hash)},{override}")

    def read(self, ask: Ask, span: Span) -> Part:
        number = next_id()
        said = self._endpoint.say(self.question(ask, span, number))
        data, error = long_answer(said.answer, number)
        if error is not None:
            raise _trouble(error, data)
        if not data:
            # No code ran at the reader's address: the override was passed over in silence.
            raise NotThisWay("the node does not override")
        return _part(ask, span, data, exchange(self.method, said, span))


class Creation:
    """`eth_call` without a receiver: the node runs code that would create a contract, and its revert holds the
    answer.
    """

    name = "creation"
    method = "packed eth_call (creation code)"

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint

    def most(self, assets: int) -> int:
        room = _LARGEST_CREATION - len(CREATION_READER) - WORD * (1 + assets)
        return max(1, min(_CHUNK, room // 20))

    def question(self, ask: Ask, span: Span, number: int) -> bytes:
        call = f'{{"data":"0x{CREATION_READER.hex()}{_input(ask, span).hex()}"}}'
        return _eth_call(number, f"{call},{at_block(ask.header.hash)}")

    def read(self, ask: Ask, span: Span) -> Part:
        number = next_id()
        said = self._endpoint.say(self.question(ask, span, number))
        data, error = long_answer(said.answer, number)
        if error is None:
            raise NotThisWay("the creation was not reverted")
        if not data:
            raise _trouble(error, data)
        if not isinstance(problem(error), Reverted):
            raise NotThisWay("the error is not a revert")
        return _part(ask, span, data, exchange(self.method, said, span))


def _input(ask: Ask, span: Span) -> bytes:
    assets = [token.rjust(WORD, b"\0") if token else NATIVE for token in ask.tokens]
    return reader_input(assets, ask.packed_addresses[20 * span.first : 20 * (span.first + span.count)])


def _eth_call(number: int, params: str) -> bytes:
    return f'{{"jsonrpc":"2.0","id":{number},"method":"eth_call","params":[{params}]}}'.encode("ascii")


def _trouble(error: JSON, data: bytes | None) -> ChainError:
    trouble = problem(error)
    if isinstance(trouble, Reverted) and not data:
        # So the reader gives up where gas runs short; and so does a node that leaves out a revert's data, which
        # shows when even a single address is refused.
        return AnswerTooLarge(trouble.detail)
    if isinstance(trouble, BlockGone | CannotPin | RateLimited | AnswerTooLarge):
        return trouble
    return NotThisWay(trouble.detail)


def _part(ask: Ask, span: Span, data: bytes, asked: Exchange) -> Part:
    assets = len(ask.contracts)
    head = WORD * (HEADER_WORDS + assets)
    if len(data) != head + WORD * span.count * assets:
        raise BadAnswer("the answer has another size than the question")
    ask.check_header(data)
    doubtful = []
    for asset in range(assets):
        start = WORD * (HEADER_WORDS + asset)
        failures = int.from_bytes(data[start : start + WORD], "big")
        if failures > span.count:
            raise BadAnswer("more failures than addresses")
        if failures:
            doubtful.append(asset)
    return Part(span, data[head:], doubtful=tuple(doubtful), exchanges=(asked,))
