"""What every chain family answers to: the protocol, its questions and answers, and its errors."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from types import TracebackType
from typing import ClassVar, Final, Literal, Protocol, Self

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

Family = Literal["utxo", "evm", "tron", "solana", "xrp", "hidden"]
Pin = Literal["hash", "slot", "bracket"]
Depth = Literal["finalized", "confirmations", "latest"]

WORD: Final = 32
"""Bytes of one amount in `Answers.words`."""


@dataclass(frozen=True, slots=True)
class ChainInfo:
    """A chain: names, native coin, and how deep its blocks are looked at.

    `chain_id` is the EVM number that a node must answer with; None elsewhere. `finalized_tag`: ask for the
    chain's own final block first. `confirmations`: where that is not answered, look this many blocks below
    the tip. `finality` is the rule as a sentence for people. `group_size` is how many addresses one look may
    cover. `observable` is false where nobody can see a balance from outside: such an address is stored, and
    nothing is ever read for it. `genesis` is the hash of block 0 where that tells one chain from another.
    `block_opcodes`: whether a contract sees the chain's own block number and parent hash.
    """

    slug: str
    name: str | Promise
    family: Family
    native_symbol: str
    native_name: str
    native_decimals: int
    chain_id: int | None
    is_development: bool
    finalized_tag: bool
    confirmations: int
    finality: str | Promise
    group_size: int
    observable: bool = True
    genesis: str = ""
    block_opcodes: bool = True


@dataclass(frozen=True, slots=True)
class Block:
    """A block on the chain: `height` (a slot or ledger index elsewhere), `hash` in the chain's own spelling,
    `time` in UTC.
    """

    height: int
    hash: str
    time: datetime


@dataclass(frozen=True, slots=True)
class Pinned:
    """The one block that a look belongs to, and how it belongs to it.

    `pin`: "hash" (every question named this block's hash), "slot" (one answer, which names its slot) or
    "bracket" (the tip was this block before the first and after the last question). `depth`: "finalized" (the
    chain itself calls the block final), "confirmations" (enough blocks stand above it) or "latest".
    """

    block: Block
    pin: Pin
    depth: Depth


@dataclass(frozen=True, slots=True)
class Exchange:
    """One question as it was sent and the answer as it came, byte for byte, for `addresses[first:first+count]`.

    `method` names the call for people ("packed eth_call", "GET /address"). Neither holds a URL or a key.
    """

    method: str
    question: bytes
    answer: bytes
    first: int
    count: int
    took_ms: int


@dataclass(frozen=True, slots=True)
class Failure:
    """No answer. Never to be read as an amount.

    `state`: "failed" (may work another time) or "unsupported" (this asset cannot be read there, for instance
    because no contract stands at the address). `code` is a key of `ERROR_TEXTS`, `detail` for the technician;
    it never holds a URL, because a URL may hold a key.
    """

    code: str
    detail: str
    state: Literal["failed", "unsupported"] = "failed"


@dataclass(frozen=True, slots=True)
class Answers:
    """What one source says of W addresses and A assets at one block.

    `words` are W × A unsigned big-endian integers of 32 bytes each, by address and then by asset, in base
    units. Where `failures` has the same index (address × A + asset), the word is no amount and must not be
    read. `exchanges` are the proof.
    """

    pinned: Pinned
    words: bytes
    failures: dict[int, Failure] = field(default_factory=dict)
    exchanges: tuple[Exchange, ...] = ()


@dataclass(frozen=True, slots=True)
class Confirmation:
    """Where a transaction stands. `state`: "confirmed" (in `block`, `count` blocks deep, the block itself
    counted), "pending" (known, in no block), "failed" (in `block`, without effect) or "unknown".
    """

    state: Literal["confirmed", "pending", "failed", "unknown"]
    count: int = 0
    block: Block | None = None
    exchanges: tuple[Exchange, ...] = ()


@dataclass(frozen=True, slots=True)
class Payment:
    """What a transaction in a block gave to one address of one asset, in base units. `state`: "told", or "cannot_tell"
    where this source has no question for it, or the transaction pays in a way that only a trace of it would show.
    """

    state: Literal["told", "cannot_tell"]
    amount: int = 0
    exchanges: tuple[Exchange, ...] = ()


@dataclass(frozen=True, slots=True)
class Restriction:
    """Whether an issuer has blocked an address for its token, at `pinned`.

    `state`: "restricted", "not_restricted", or "no_list" (the token has no such list, or it cannot be asked).
    """

    state: Literal["restricted", "not_restricted", "no_list"]
    pinned: Pinned | None = None
    exchanges: tuple[Exchange, ...] = ()


class ChainSource(Protocol):
    """One provider of one chain, open for a while: `with open_source(…) as source: source.read(…)`."""

    @property
    def info(self) -> ChainInfo: ...

    @property
    def provider(self) -> str:
        """Host, and port where it is not the usual one; no path, no credentials."""
        ...

    @property
    def can_pin(self) -> bool:
        """Whether `read` can be asked at a block that somebody else picked."""
        ...

    def pick(self) -> Pinned:
        """The block to read at, after the provider has shown that it answers for the right chain."""
        ...

    def read(
        self, addresses: Sequence[str], contracts: Sequence[str], *, at: Pinned | None = None
    ) -> Answers:
        """Every asset of every address at one block. "" among `contracts` is the native coin.

        `at` is a block from another source's `pick` or from an old reading; without it the source picks.
        Raises `ChainError` when nothing could be read at all, `CannotPin` where `at` cannot be honoured,
        `BlockGone` when the block left the chain meanwhile.
        """
        ...

    def confirmations(self, txid: str) -> Confirmation:
        """Where a transaction stands. Raises `ChainError`."""
        ...

    def payment(self, txid: str, address: str, contract: str) -> Payment:
        """What a confirmed transaction gave to `address` of the token at `contract`; "" is the native coin. Raises
        `ChainError`.
        """
        ...

    def token_restriction(self, address: str, contract: str) -> Restriction:
        """Whether the issuer of the token at `contract` blocks `address`. Raises `ChainError`."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


class ChainError(Exception):
    """Something between us and the chain. `code` keys `ERROR_TEXTS`; `retry` says whether to try again at
    once.

    `retry_after` is the wait in seconds that the provider asked for. `detail` never holds a URL.
    """

    code: ClassVar[str] = "failed"
    retry: ClassVar[bool] = False

    def __init__(self, detail: str = "", *, retry_after: float | None = None) -> None:
        super().__init__(detail)
        self.detail = detail[:300]
        self.retry_after = retry_after

    def as_failure(self) -> Failure:
        return Failure(self.code, self.detail)


class SourceUnavailable(ChainError):
    """No connection, a time-out, or an answer of the 5xx kind."""

    code = "unavailable"
    retry = True


class RateLimited(ChainError):
    """The provider says that we ask too often (HTTP 429 or its JSON-RPC counterpart)."""

    code = "rate_limited"
    retry = True


class Resting(ChainError):
    """Our own breaker or rate limit holds the question back; nothing was sent."""

    code = "resting"


class BlockGone(ChainError):
    """The block that was picked is no longer on the chain, or not yet known to the node that was asked."""

    code = "block_gone"
    retry = True


class SourceRefused(ChainError):
    """The provider refuses: a 4xx answer, a redirect, or a request that it does not understand."""

    code = "refused"


class AnswerTooLarge(ChainError):
    """The answer, or our question, is larger than allowed. A smaller question may work."""

    code = "too_large"


class BadAnswer(ChainError):
    """The answer is not what the interface promises, so nothing in it is believed."""

    code = "bad_answer"


class FutureBlock(BadAnswer):
    """The source's newest block lies further ahead of our clock than any chain allows."""

    code = "future_block"


class Behind(ChainError):
    """The source is behind what was read before: an older amount must not pass for a newer one."""

    code = "behind"


class WrongChain(ChainError):
    """The node answers for another chain than the one that it is configured for."""

    code = "wrong_chain"


class CannotPin(ChainError):
    """The source cannot be asked at that block: its interface has no such question, or it keeps no old state."""

    code = "cannot_pin"


class NotObservable(ChainError):
    """Nobody can see the balance of such an address from outside."""

    code = "not_observable"


class NotConfigured(ChainError):
    """No source is configured for the chain."""

    code = "not_configured"


class PublicProviderRefused(NotConfigured):
    """The configured source is a public provider, and the installation has not opted in."""

    code = "public_provider"


ERROR_TEXTS: dict[str, str | Promise] = {
    "failed": _("The source did not answer the question."),
    "unavailable": _("The source cannot be reached."),
    "rate_limited": _("The source asks us to wait."),
    "resting": _("The source failed too often and is given a rest."),
    "block_gone": _("The chain was reorganised while it was read."),
    "refused": _("The source refuses the question."),
    "too_large": _("The source's answer is too large."),
    "bad_answer": _("The source's answer is not valid, so it was not used."),
    "wrong_chain": _("The source answers for another chain."),
    "cannot_pin": _("The source cannot be asked about that block."),
    "not_observable": _("Balances on this chain cannot be observed from outside."),
    "not_configured": _("No source is configured for this chain."),
    "public_provider": _("The source is a public provider, and this installation does not allow those."),
    "no_contract": _("No such token contract stands on this chain."),
    "reverted": _("The token contract refuses the question."),
    "disagrees": _("Two sources contradict each other about the same block, so neither was used."),
    "contradicts": _("The source contradicts what was read at the same block before, so it was not used."),
    "behind": _("The source is behind what was read before, so it was not used."),
    "future_block": _("The source's newest block lies in the future, so it was not used."),
}


def error_text(code: str) -> str | Promise:
    """The sentence for an error code."""
    return ERROR_TEXTS.get(code, ERROR_TEXTS["failed"])
