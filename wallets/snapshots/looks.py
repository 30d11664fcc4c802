"""What a look brought, on its way from the sources to the tables."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from wallets.chains.base import Answers, Failure
from wallets.snapshots.schedule import Claim

Named = tuple[str, bytes]
"""A blob's digest and its bytes (`wallets.blobs`)."""


@dataclass(frozen=True, slots=True)
class Proof:
    """One question and answer of a look, ready to be stored."""

    provider: str
    method: str
    first: int
    count: int
    took_ms: int
    question_digest: str
    answer: Named


@dataclass(frozen=True, slots=True)
class Fault:
    """What a source did wrong, whether or not another one helped out."""

    provider: str
    code: str
    detail: str


@dataclass(frozen=True, slots=True)
class Look:
    """All that one claim brought.

    `ids` are the numbers of the wallets, with commas between, in the order of the answers; `assets` those of the
    assets. `error` says why nothing could be read at all; then there are no `answers`. `retry_after` is the wait
    that the provider asked for, in seconds.
    """

    claim: Claim
    ids: str
    assets: tuple[int, ...]
    answers: Answers | None = None
    provider: str = ""
    agreement: str = "single"
    seconded_by: str = ""
    disagreements: Mapping[int, int] = field(default_factory=dict)
    took_ms: int = 0
    members: tuple[Named, ...] = ()
    proofs: tuple[Proof, ...] = ()
    faults: tuple[Fault, ...] = ()
    error: Failure | None = None
    retry_after: float | None = None


Failed = tuple[int, int, Failure]
"""Wallet, asset and why."""
