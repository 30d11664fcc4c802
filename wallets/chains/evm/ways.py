"""What the ways of asking for many balances have in common."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final, Protocol

from wallets.chains.base import WORD, BadAnswer, ChainError, ChainInfo, Exchange, Failure
from wallets.chains.evm.rpc import Header, Said

BALANCE_OF: Final = bytes.fromhex("70a08231")
"""ERC-20's balanceOf(address): the first four bytes of the keccak of the signature."""

# Below this, addresses are kept for contracts that are part of the chain's own program (precompiles). Called as a
# token some of them answer 32 bytes, the hash of the question for instance: that is no balance.
_FIRST_CONTRACT: Final = 0x1000
_NO_CONTRACT: Final = bytes(19) + b"\1"

ADDRESS: Final = re.compile(r"0x[0-9a-fA-F]{40}", re.ASCII)
"""An address, or a contract's, as it is written."""


class NotThisWay(ChainError):
    """The provider cannot be asked this way, or no longer."""

    code = "refused"


@dataclass(frozen=True)
class Ask:
    """One read: the block, the addresses and the assets, in the forms that the ways need.

    `until` is the `time.monotonic()` after which a time-out is no reason to ask for less and wait again.
    """

    info: ChainInfo
    header: Header
    addresses: Sequence[str]
    contracts: Sequence[str]
    until: float = 0.0

    @cached_property
    def packed_addresses(self) -> bytes:
        """20 bytes an address. Raises `ValueError` where one is not canonical."""
        packed = bytes.fromhex("".join([address[2:] for address in self.addresses]))
        if len(packed) != 20 * len(self.addresses):
            raise ValueError("an address is not 20 bytes")
        return packed

    @cached_property
    def tokens(self) -> tuple[bytes, ...]:
        """20 bytes a contract; none for the native coin. What is no address stands as one of no contract."""
        return tuple(
            bytes.fromhex(contract[2:]) if not contract or ADDRESS.fullmatch(contract) else _NO_CONTRACT
            for contract in self.contracts
        )

    def is_contract(self, asset: int) -> bool:
        """False for what can be no token: an address of the chain's own programs."""
        return int.from_bytes(self.tokens[asset], "big") >= _FIRST_CONTRACT

    def check_header(self, words: bytes) -> None:
        """Compare the four words that a call says of its own block with the header. Raises `BadAnswer`."""
        number, parent, when, chain = (words[start : start + WORD] for start in range(0, 4 * WORD, WORD))
        if int.from_bytes(chain, "big") != self.info.chain_id:
            raise BadAnswer("the call ran on another chain")
        if int.from_bytes(when, "big") != self.header.time:
            raise BadAnswer("the call ran at another time than the block's")
        if not self.info.block_opcodes:
            # A contract sees the number and hashes of the chain below.
            return
        if int.from_bytes(number, "big") != self.header.number:
            raise BadAnswer("the call ran at another block")
        if parent.hex() != self.header.parent[2:] and self.header.number:
            raise BadAnswer("the call ran on another branch of the chain")


@dataclass(frozen=True, slots=True)
class Span:
    """`ask.addresses[first:first+count]`."""

    first: int
    count: int

    def halves(self) -> "tuple[Span, Span]":
        half = self.count // 2
        return Span(self.first, half), Span(self.first + half, self.count - half)

    def pieces(self, size: int) -> "list[Span]":
        """The span in pieces of `size` addresses, the last one perhaps smaller."""
        end = self.first + self.count
        return [Span(first, min(size, end - first)) for first in range(self.first, end, size)]


@dataclass(frozen=True, slots=True)
class Part:
    """What was said of a span: its words, row by row, and failures by index within them.

    `doubtful`: assets whose words must not be read, because at least one of them is no answer and nothing tells
    which one or why. `error`: why the whole part failed.
    """

    span: Span
    words: bytes
    failures: dict[int, Failure] = field(default_factory=dict)
    doubtful: tuple[int, ...] = ()
    exchanges: tuple[Exchange, ...] = ()
    error: ChainError | None = None


class Way(Protocol):
    """One way of asking. `name` is remembered; `method` is what people read."""

    name: str
    method: str

    def most(self, assets: int) -> int:
        """How many addresses one question may hold at most, for so many assets."""
        ...

    def read(self, ask: Ask, span: Span) -> Part:
        """Every asset of every address in `span`, in one question.

        Raises `NotThisWay` where the provider cannot be asked so, `AnswerTooLarge` where a smaller span may work,
        another `ChainError` otherwise.
        """
        ...


def exchange(method: str, said: Said, span: Span) -> Exchange:
    return Exchange(method, said.question, said.answer, span.first, span.count, said.took_ms)
