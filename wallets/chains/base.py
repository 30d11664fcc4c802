"""What every chain family answers to: the protocol, its questions and answers, and its errors."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from types import TracebackType
from typing import ClassVar, Literal, Protocol, Self

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

Family = Literal["bitcoin", "evm"]
Pin = Literal["finalized", "confirmations", "latest", "bracket"]


@dataclass(frozen=True, slots=True)
class ChainInfo:
    """A chain: names, native coin, and how deep its blocks are looked at.

    `chain_id` is the EVM number that a node must answer with; None elsewhere. `finalized_tag`: ask for the
    `finalized` block first. `confirmations`: where that is not answered, look this many blocks below the tip.
    `finality` is the rule as a sentence for people.
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


@dataclass(frozen=True, slots=True)
class Block:
    """A block on the chain: `height`, `hash` in the chain's own lower-case spelling, `time` in UTC."""

    height: int
    hash: str
    time: datetime


@dataclass(frozen=True, slots=True)
class Question:
    """How much does `address` (canonical) hold of the native coin, or of the token at `contract`?"""

    address: str
    contract: str = ""


@dataclass(frozen=True, slots=True)
class Reading:
    """An answer that holds: `amount` in base units (0 or more) at `block`, after `took_ms` milliseconds."""

    amount: int
    block: Block
    took_ms: int
    pinned_by: Pin


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


Outcome = Reading | Failure


class ChainSource(Protocol):
    """A provider of one chain, open for a while: `with source_for(slug) as source: source.read(…)`."""

    @property
    def info(self) -> ChainInfo: ...

    @property
    def provider(self) -> str:
        """Host and port of the provider; no path, no credentials."""
        ...

    def read(self, questions: Sequence[Question]) -> list[Outcome]:
        """One outcome per question, in the order of the questions.

        Raises `ChainError` when nothing could be read at all.
        """
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


class WrongChain(ChainError):
    """The node answers for another chain than the one that it is configured for."""

    code = "wrong_chain"


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
    "block_gone": _("The chain was reorganised while it was read."),
    "refused": _("The source refuses the question."),
    "too_large": _("The source's answer is too large."),
    "bad_answer": _("The source's answer is not valid, so it was not used."),
    "wrong_chain": _("The source answers for another chain."),
    "not_configured": _("No source is configured for this chain."),
    "public_provider": _("The source is a public provider, and this installation does not allow those."),
    "no_contract": _("No such token contract stands on this chain."),
    "reverted": _("The token contract refuses the question."),
    "disagrees": _("The source contradicts what was read at the same block before, so it was not used."),
    "future_block": _("The source's newest block lies in the future, so it was not used."),
}


def error_text(code: str) -> str | Promise:
    """The sentence for an error code."""
    return ERROR_TEXTS.get(code, ERROR_TEXTS["failed"])
