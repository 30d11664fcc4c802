"""The way of Multicall3 (mds1/multicall3), a contract that stands at one address on every chain here: `aggregate3`.

Its encoding is written and read by hand (the contract ABI of Solidity), every length and every offset checked.
"""

import struct
from typing import Final

from wallets.chains.base import WORD, AnswerTooLarge, BadAnswer, BlockGone, CannotPin, RateLimited
from wallets.chains.evm.reader import HEADER_WORDS
from wallets.chains.evm.rpc import Endpoint, Reverted, at_block, long_answer, next_id, problem
from wallets.chains.evm.ways import BALANCE_OF, Ask, NotThisWay, Part, Span, exchange

ADDRESS: Final = "0xcA11bde05977b3631167028862bE2a173976CA11"
_CHUNK: Final = 1000
_CALLS: Final = 4000

# The first four bytes of the keccak of each signature.
_AGGREGATE3: Final = bytes.fromhex("82ad56cb")  # aggregate3((address,bool,bytes)[])
_GET_ETH_BALANCE: Final = bytes.fromhex("4d2301cc")  # getEthBalance(address)
# What the contract says of its block, in the order of the reader's header: getBlockNumber(), getLastBlockHash(),
# getCurrentBlockTimestamp(), getChainId().
_HEADER: Final = tuple(bytes.fromhex(name) for name in ("42cbb15c", "27e86d6e", "0f28c97d", "3408e470"))


def _word(number: int) -> bytes:
    return number.to_bytes(WORD, "big")


_SELF: Final = bytes.fromhex(ADDRESS[2:])
_ZERO: Final = bytes(WORD)
# One call is (address target, bool allowFailure, bytes callData), and every call's data are a selector and one
# word: 0x24 bytes, padded to 0x40. The four about the block take no word and do not look at it.
_BETWEEN: Final = _word(1) + _word(0x60) + _word(0x24)
_PADDING: Final = bytes(28)
_CALL_SIZE: Final = 6 * WORD
# One result is (bool success, bytes returnData); this is how it begins where 32 bytes came back.
_GOOD: Final = _word(1) + _word(0x40) + _word(WORD)
_RESULT: Final = struct.Struct("96s32s")


class Multicall:
    """`eth_call` of the contract that the chain itself has."""

    name = "multicall"
    method = "Multicall3 eth_call"

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint

    def most(self, assets: int) -> int:
        return max(1, min(_CHUNK, _CALLS // max(1, assets)))

    def question(self, ask: Ask, span: Span, number: int) -> bytes:
        call = f'{{"to":"{ADDRESS}","data":"0x{_encoded(ask, span).hex()}"}}'
        params = f"{call},{at_block(ask.header.hash)}"
        return f'{{"jsonrpc":"2.0","id":{number},"method":"eth_call","params":[{params}]}}'.encode("ascii")

    def read(self, ask: Ask, span: Span) -> Part:
        number = next_id()
        said = self._endpoint.say(self.question(ask, span, number))
        data, error = long_answer(said.answer, number)
        if error is not None:
            trouble = problem(error)
            if isinstance(trouble, Reverted):
                # It reverts only where it runs out of gas in between.
                raise AnswerTooLarge(trouble.detail)
            if isinstance(trouble, BlockGone | CannotPin | RateLimited | AnswerTooLarge):
                raise trouble
            raise NotThisWay(trouble.detail)
        if not data:
            raise NotThisWay("no Multicall3 stands on this chain")
        width = len(ask.contracts)
        words = _decoded(data, HEADER_WORDS + span.count * width)
        header = words[:HEADER_WORDS]
        if None in header:
            raise BadAnswer("the contract does not say which block it is")
        ask.check_header(b"".join(word for word in header if word is not None))
        amounts = words[HEADER_WORDS:]
        doubtful = {
            asset
            for asset in range(width)
            if ask.contracts[asset] and not ask.is_contract(asset) and span.count
        }
        if None in amounts:
            doubtful |= {index % width for index, word in enumerate(amounts) if word is None}
        return Part(
            span,
            b"".join([word or _ZERO for word in amounts]),
            doubtful=tuple(sorted(doubtful)),
            exchanges=(exchange(self.method, said, span),),
        )


def _encoded(ask: Ask, span: Span) -> bytes:
    addresses = ask.packed_addresses
    ends = [
        (token or _SELF).rjust(WORD, b"\0") + _BETWEEN + (BALANCE_OF if token else _GET_ETH_BALANCE)
        for token in ask.tokens
    ]
    own = _SELF.rjust(WORD, b"\0") + _BETWEEN
    calls = [own + selector + bytes(60) for selector in _HEADER]
    for start in range(20 * span.first, 20 * (span.first + span.count), 20):
        argument = addresses[start : start + 20].rjust(WORD, b"\0") + _PADDING
        calls += [end + argument for end in ends]
    count = len(calls)
    offsets = [_word(WORD * count + _CALL_SIZE * number) for number in range(count)]
    return b"".join([_AGGREGATE3, _word(WORD), _word(count), *offsets, *calls])


def _decoded(data: bytes, count: int) -> list[bytes | None]:
    """The word that each call returned, or None where it failed or returned another length. Raises `BadAnswer`."""
    table = 2 * WORD
    results = table + WORD * count
    if data[:table] != _word(WORD) + _word(count) or len(data) < results:
        raise BadAnswer("the answer has another size than the question")
    if len(data) == results + _RESULT.size * count:
        found = list(_RESULT.iter_unpack(memoryview(data)[results:]))
        regular = [_word(WORD * count + _RESULT.size * number) for number in range(count)]
        if all(head == _GOOD for head, _ in found) and data[table:results] == b"".join(regular):
            return [word for _, word in found]
    return _decoded_one_by_one(data, count)


def _decoded_one_by_one(data: bytes, count: int) -> list[bytes | None]:
    base = 2 * WORD
    words: list[bytes | None] = []
    expected = WORD * count
    for number in range(count):
        if int.from_bytes(data[base + WORD * number : base + WORD * (number + 1)], "big") != expected:
            raise BadAnswer("a result stands at another place")
        begin = base + expected
        head = data[begin : begin + 3 * WORD]
        success, offset, size = (int.from_bytes(head[at : at + WORD], "big") for at in (0, WORD, 2 * WORD))
        expected += 3 * WORD + -(-size // WORD) * WORD
        if len(head) != 3 * WORD or success > 1 or offset != 2 * WORD:
            raise BadAnswer("a result is not one of aggregate3")
        body = data[begin + 3 * WORD : begin + 3 * WORD + size]
        words.append(bytes(body) if success and size == WORD else None)
    if base + expected != len(data):
        raise BadAnswer("something stands behind the last result")
    return words
