"""The way that every node knows: one `eth_getBalance` or `eth_call` for each amount, many to a JSON-RPC batch.

It is also how the reason of each failure is found out.
"""

from collections.abc import Sequence
from typing import Final

from wallets.chains.base import WORD, AnswerTooLarge, BlockGone, CannotPin, Failure
from wallets.chains.evm.rpc import (
    HASH,
    QUANTITY,
    Endpoint,
    OutOfGas,
    Reverted,
    at_block,
    batch,
    matched,
    parsed,
    problem,
)
from wallets.chains.evm.ways import BALANCE_OF, Ask, Part, Span, exchange
from wallets.chains.http import JSON

CALLS: Final = 500
_ZERO: Final = bytes(WORD)


class Batches:
    """A JSON-RPC batch of single questions. `only`: these assets alone, by their number; the words of the others
    are zeros that nobody reads.
    """

    name = "batch"
    method = "JSON-RPC batch"

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint

    def most(self, assets: int) -> int:
        return max(1, CALLS // max(1, assets))

    def read(self, ask: Ask, span: Span, only: Sequence[int] | None = None) -> Part:
        width = len(ask.contracts)
        asked = range(width) if only is None else only
        cells = [
            (row * width + asset, span.first + row, asset)
            for row in range(span.count)
            for asset in asked
            if not ask.contracts[asset] or ask.is_contract(asset)
        ]
        words = [_ZERO] * (span.count * width)
        failures = {
            row * width + asset: _no_contract(ask, asset)
            for asset in asked
            if ask.contracts[asset] and not ask.is_contract(asset)
            for row in range(span.count)
        }
        if not cells:
            return Part(span, b"".join(words), failures)
        said = self._endpoint.say(batch([_call(ask, address, asset) for _, address, asset in cells]))
        answers = matched(parsed(said.answer), len(cells))
        for (index, _address, asset), answer in zip(cells, answers, strict=True):
            outcome = _outcome(answer, ask, asset)
            if isinstance(outcome, Failure):
                failures[index] = outcome
            else:
                words[index] = outcome
        return Part(span, b"".join(words), failures, exchanges=(exchange(self.method, said, span),))


def _call(ask: Ask, address: int, asset: int) -> str:
    at = at_block(ask.header.hash)
    if not ask.contracts[asset]:
        return f'eth_getBalance","params":["{ask.addresses[address]}",{at}]'
    owner = ask.packed_addresses[20 * address : 20 * address + 20].rjust(WORD, b"\0")
    data = f"0x{(BALANCE_OF + owner).hex()}"
    return f'eth_call","params":[{{"to":"{ask.contracts[asset]}","data":"{data}"}},{at}]'


def _outcome(answer: dict[str, JSON], ask: Ask, asset: int) -> bytes | Failure:
    error = answer.get("error")
    if error is not None:
        trouble = problem(error)
        if isinstance(trouble, OutOfGas):
            return Reverted(trouble.detail).as_failure()
        if isinstance(trouble, BlockGone | CannotPin | AnswerTooLarge):
            raise trouble
        return trouble.as_failure()
    result = answer["result"]
    if not ask.contracts[asset]:
        if isinstance(result, str) and QUANTITY.fullmatch(result):
            return int(result, 16).to_bytes(WORD, "big")
        return Failure("bad_answer", "a balance is not a hexadecimal number")
    if isinstance(result, str) and HASH.fullmatch(result):
        return bytes.fromhex(result[2:])
    if result == "0x":
        # No code stands at the contract's address: that is no answer, and above all not zero.
        return _no_contract(ask, asset)
    return Failure("bad_answer", "a token balance is not 32 bytes")


def _no_contract(ask: Ask, asset: int) -> Failure:
    return Failure("no_contract", ask.contracts[asset], "unsupported")
