"""The sources of one chain together: asked in order, and two of them against each other.

A source that does not answer, is given a rest or lies is passed over, and what it did is told (`Fault`). With two
independent sources configured an amount counts only if both give the same integer at the same block.
"""

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from types import TracebackType
from typing import Final, Literal, Self, TypeVar

from wallets.chains.base import (
    WORD,
    Answers,
    BadAnswer,
    Block,
    BlockGone,
    CannotPin,
    ChainError,
    ChainInfo,
    ChainSource,
    Confirmation,
    Exchange,
    Failure,
    FutureBlock,
    NotConfigured,
    Payment,
    Pinned,
    Resting,
    Restriction,
)
from wallets.chains.http import retrying
from wallets.chains.providers import Seat, seats_of

logger = logging.getLogger(__name__)

Agreement = Literal["single", "agreed", "unconfirmed"]
Got = TypeVar("Got")
Second = tuple[int, Answers] | None

# Bitcoin's nodes accept a block up to two hours ahead of their clock (Bitcoin Core, MAX_FUTURE_BLOCK_TIME); no chain
# here allows more.
FUTURE_TOLERANCE: Final = timedelta(hours=2)
# A chain moves on while it is read: so often it is looked at again.
TRIES: Final = 3
# Seconds between two tries at the same block of chains that cannot be asked at one.
SETTLE: Final = 0.25
# Seconds for which a source that has shown its chain is not asked for it again.
SHOWN_FOR: Final = 60
_LONGEST_HASH: Final = 128
# Failures that say something of an asset or an address, whoever is asked.
_NOT_ITS_OWN: Final = frozenset({"reverted", "no_contract", "not_observable"})
_shown: dict[tuple[str, str], float] = {}
# A source that answers faster than this is not worth a thread beside it, which costs as much as a small look.
WORTH_A_THREAD: Final = 0.03
_took: dict[tuple[str, str], float] = {}


@dataclass(frozen=True, slots=True)
class Fault:
    """What a source did wrong. `code` is a key of `ERROR_TEXTS`; `detail` holds no URL and only characters that
    can be stored.
    """

    provider: str
    code: str
    detail: str


@dataclass(frozen=True, slots=True)
class PanelReading:
    """What the sources say together.

    `agreement`: "single" (one source is configured), "agreed" (`seconded_by` was asked as well, at the same block,
    and what is no failure is the same integer there) or "unconfirmed" (several are configured, and only `provider`
    could be asked at that block). Where two contradict each other, `answers.failures` has the index with the code
    "disagrees", and `disagreements` the second source's amount; the first one's stands in `answers.words`.
    `second_exchanges` are the second's proof.
    """

    answers: Answers
    provider: str
    agreement: Agreement
    seconded_by: str = ""
    second_exchanges: tuple[Exchange, ...] = ()
    disagreements: dict[int, int] = field(default_factory=dict)
    faults: tuple[Fault, ...] = ()


@dataclass(frozen=True, slots=True)
class _Question:
    """What is asked, at which block if that is given. `ready`: answers that came while an earlier source failed."""

    addresses: Sequence[str]
    contracts: Sequence[str]
    at: Pinned | None
    ready: dict[int, Answers] = field(default_factory=dict)

    @property
    def size(self) -> int:
        return len(self.addresses) * len(self.contracts)


class Panel:
    """The sources of a chain, open for a while. Use it in a `with`; not from several threads at once.

    Every question raises a `ChainError` when no source helps: the first one that is more than a rest. `faults`
    then tells what each of them did.
    """

    def __init__(
        self,
        info: ChainInfo,
        seats: Sequence[Seat],
        *,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.info = info
        self._seats = tuple(seats)
        self._clock = clock
        self._opened: dict[int, ChainSource] = {}
        self._stack = ExitStack()
        self._faults: list[Fault] = []
        self._errors: list[ChainError] = []
        self._helper: ThreadPoolExecutor | None = None
        # Who gave the last answer about a transaction or a restriction.
        self.answered_by = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.__exit__(kind, error, trace)

    @property
    def faults(self) -> tuple[Fault, ...]:
        """What sources did wrong at the last question, also when it raised."""
        return tuple(self._faults)

    def read(self, addresses: Sequence[str], contracts: Sequence[str]) -> PanelReading:
        """Every asset of every address at one block. "" among `contracts` is the native coin."""
        return self._reading(_Question(addresses, contracts, None))

    def read_at(self, addresses: Sequence[str], contracts: Sequence[str], pinned: Pinned) -> PanelReading:
        """The same at the block of an old reading. Raises `CannotPin` or `BlockGone` where no source can."""
        return self._reading(_Question(addresses, contracts, pinned))

    def confirmations(self, txid: str) -> Confirmation:
        """Where a transaction stands. A source that does not know it may lag behind, so the next one is asked."""
        self._begin()
        unknown: Confirmation | None = None
        for index in range(len(self._seats)):
            with self._passing_over(index):
                found = self._source(index).confirmations(txid)
                self.answered_by = self._seats[index].provider
                if found.block is not None:
                    self._check_block(found.block)
                if found.state != "unknown":
                    return found
                unknown = unknown or found
        if unknown is not None:
            return unknown
        raise self._no_source_helped()

    def payment(self, txid: str, address: str, contract: str) -> Payment:
        """What a confirmed transaction gave to `address`. The first source that can tell."""
        self._begin()
        silent: Payment | None = None
        for index in range(len(self._seats)):
            with self._passing_over(index):
                found = self._source(index).payment(txid, address, contract)
                self.answered_by = self._seats[index].provider
                if found.state == "told":
                    return found
                silent = silent or found
        if silent is not None:
            return silent
        raise self._no_source_helped()

    def token_restriction(self, address: str, contract: str) -> Restriction:
        """Whether the issuer of the token at `contract` blocks `address`."""
        self._begin()
        for index in range(len(self._seats)):
            with self._passing_over(index):
                found = self._source(index).token_restriction(address, contract)
                self.answered_by = self._seats[index].provider
                if found.pinned is not None:
                    self._check_block(found.pinned.block)
                return found
        raise self._no_source_helped()

    # ── Failover ──────────────────────────────────────────────────────────────────────────────────────────

    def _reading(self, question: _Question) -> PanelReading:
        self._begin()
        empty: tuple[int, Answers] | None = None
        for index in range(len(self._seats)):
            with self._passing_over(index):
                first, second = self._pair(index, question)
                self._note_failures(index, first)
                if _nothing_came(first, question):
                    # Perhaps another source can tell more. If none can, this is what is known.
                    empty = empty or (index, first)
                    continue
                return self._together(index, first, second, question)
        if empty is not None:
            return self._together(*empty, None, question)
        raise self._no_source_helped()

    def _begin(self) -> None:
        self._faults.clear()
        self._errors.clear()

    def _source(self, index: int) -> ChainSource:
        if index not in self._opened:
            self._opened[index] = self._stack.enter_context(self._seats[index].open())
        return self._opened[index]

    @contextmanager
    def _passing_over(self, index: int) -> Iterator[None]:
        """Note what this source did, and go on."""
        try:
            yield
        except ChainError as error:
            self._note(index, error)
        except Exception as error:
            # A reader that stumbles over an answer must not take the worker down with it.
            logger.exception("the answer of %s could not be read", self._seats[index].provider)
            self._note(index, BadAnswer(f"it could not be read ({type(error).__name__})"))

    def _note(self, index: int, error: ChainError) -> None:
        seat = self._seats[index]
        self._errors.append(error)
        self._faults.append(Fault(seat.provider, error.code, printable(error.detail)))
        if isinstance(error, BadAnswer):
            seat.blame()

    def _note_failures(self, index: int, answers: Answers) -> None:
        """Each kind of failure once, where it is the source's own and not the asset's."""
        own = {
            failure.code: failure for failure in answers.failures.values() if failure.code not in _NOT_ITS_OWN
        }
        for code, failure in own.items():
            self._faults.append(Fault(self._seats[index].provider, code, printable(failure.detail)))

    def _no_source_helped(self) -> ChainError:
        """The first error that is more than a rest, with the shortest wait that any of them asked for."""
        if not self._errors:
            return NotConfigured()
        chosen = next((error for error in self._errors if not isinstance(error, Resting)), self._errors[0])
        waits = [error.retry_after for error in self._errors if error.retry_after is not None]
        chosen.retry_after = min(waits, default=None)
        return chosen

    # ── Two at the same block ─────────────────────────────────────────────────────────────────────────────

    def _pair(self, index: int, question: _Question) -> tuple[Answers, Second]:
        """The answers of this source and, where one can be had, those of a second one at the same block."""
        rivals = self._rivals(index)
        if self._source(index).can_pin:
            return self._pair_at_one_block(index, rivals, question)
        return self._pair_by_chance(index, rivals, question)

    def _pair_at_one_block(
        self, index: int, rivals: list[int], question: _Question
    ) -> tuple[Answers, Second]:
        for remaining in reversed(range(TRIES)):
            pinned = self._show(index, question.at)
            quick = self._is_quick(index)
            second = self._beside(rivals, question, pinned, quick=quick)
            try:
                first = self._read(index, question, pinned)
            except BlockGone:
                if question.at or not remaining:
                    raise
                continue
            finally:
                if not quick:
                    # Whatever comes next may use the source that the other thread is reading.
                    second()
            return first, second()
        raise AssertionError("the last try returns or raises")

    def _pair_by_chance(self, index: int, rivals: list[int], question: _Question) -> tuple[Answers, Second]:
        """Sources that cannot be asked at a block: both look, until both have seen the same newest block."""
        for number in range(TRIES):
            if number:
                time.sleep(SETTLE * number)
            second = self._beside(rivals, question, question.at)
            other: Second = None
            try:
                first = question.ready.pop(index, None) or self._read(index, question, question.at)
            except BaseException:
                other = second()
                if other is not None:
                    question.ready[other[0]] = other[1]
                raise
            other = second()
            if other is None or other[1].pinned.block == first.pinned.block:
                return first, other
            rivals = [other[0]]
        self._note(rivals[0], CannotPin("it was never at the same block"))
        return first, None

    def _rivals(self, index: int) -> list[int]:
        """The seats after this one that are independent of it."""
        origin = self._seats[index].origin
        return [other for other in range(index + 1, len(self._seats)) if self._seats[other].origin != origin]

    def _is_quick(self, index: int) -> bool:
        return _took.get(self._key(index), WORTH_A_THREAD) < WORTH_A_THREAD

    def _key(self, index: int) -> tuple[str, str]:
        return self.info.slug, self._seats[index].key

    def _beside(
        self, rivals: list[int], question: _Question, pinned: Pinned | None, *, quick: bool = False
    ) -> Callable[[], Second]:
        """Ask for a second opinion in a thread of its own; the result waits for it. Where the first is `quick`
        anyway, it is asked for afterwards.
        """
        if not rivals:
            return lambda: None
        if quick:
            return partial(self._second, rivals, question, pinned)
        if self._helper is None:
            self._helper = self._stack.enter_context(
                ThreadPoolExecutor(max_workers=1, thread_name_prefix="second")
            )
        return self._helper.submit(self._second, rivals, question, pinned).result

    def _second(self, rivals: list[int], question: _Question, pinned: Pinned | None) -> Second:
        """The first of `rivals` that answers. One that does not know the block yet is given a moment."""
        for index in rivals:
            with self._passing_over(index):
                waits = pinned is not None and self._source(index).can_pin
                if waits:
                    self._show(index, pinned)
                answers = retrying(
                    partial(self._read, index, question, pinned),
                    tries=TRIES if waits else 1,
                    again=lambda error: isinstance(error, BlockGone | CannotPin),
                )
                self._note_failures(index, answers)
                if not _nothing_came(answers, question):
                    return index, answers
        return None

    def _show(self, index: int, at: Pinned | None) -> Pinned:
        """`at`, or the block that this source picks; in either case the source has shown its chain of late.

        Whoever is asked at a block that somebody else picked was not made to say which chain it serves.
        """
        key = self._key(index)
        if at is not None and _shown.get(key, -SHOWN_FOR) > time.monotonic() - SHOWN_FOR:
            return at
        _shown.pop(key, None)
        picked = self._source(index).pick()
        self._check_block(picked.block)
        _shown[key] = time.monotonic()
        return at or picked

    def _read(self, index: int, question: _Question, at: Pinned | None) -> Answers:
        start = time.monotonic()
        answers = self._source(index).read(question.addresses, question.contracts, at=at)
        _took[self._key(index)] = time.monotonic() - start
        if len(answers.words) != question.size * WORD or any(
            not 0 <= failed < question.size for failed in answers.failures
        ):
            raise BadAnswer("the answer has another size than the question")
        self._check_block(answers.pinned.block)
        if at is not None and answers.pinned.block != at.block:
            raise BadAnswer("the answer is for another block")
        return answers

    def _check_block(self, block: Block) -> None:
        if not 0 <= block.height < 2**63:
            raise BadAnswer("block height is out of range")
        if len(block.hash) > _LONGEST_HASH or not block.hash.isascii() or not block.hash.isprintable():
            raise BadAnswer("a block hash was expected")
        # A development chain counts a second for each block that it mines, so its clock may run far ahead.
        if not self.info.is_development and block.time > self._clock() + FUTURE_TOLERANCE:
            raise FutureBlock(f"block {block.height}")

    def _together(self, index: int, first: Answers, second: Second, question: _Question) -> PanelReading:
        seat = self._seats[index]
        if second is None:
            alone = len({each.origin for each in self._seats}) == 1
            return PanelReading(
                _clean(first, first.failures),
                seat.provider,
                "single" if alone else "unconfirmed",
                faults=self.faults,
            )
        other, answers = second
        failures, disagreements = compared(first, answers, self._seats[other].provider)
        return PanelReading(
            _clean(first, failures),
            seat.provider,
            "agreed",
            seconded_by=self._seats[other].provider,
            second_exchanges=answers.exchanges,
            disagreements=disagreements,
            faults=self.faults,
        )


def panel_for(chain: str) -> Panel:
    """The configured sources of `chain`, to be used in a `with`.

    Raises `NotConfigured`, `PublicProviderRefused` or, where nobody can see balances, `NotObservable`.
    """
    info, seats = seats_of(chain)
    return Panel(info, seats)


def compared(first: Answers, second: Answers, provider: str) -> tuple[dict[int, Failure], dict[int, int]]:
    """The failures of both and, as "disagrees", every index with different integers; and for each of those the
    amount of the second, `provider`.

    Equal answers cost one comparison of memory.
    """
    failures = {**second.failures, **first.failures} if second.failures or first.failures else {}
    disagreements: dict[int, int] = {}
    if first.words != second.words:
        for start in range(0, len(first.words), WORD):
            index, theirs = start // WORD, second.words[start : start + WORD]
            if first.words[start : start + WORD] != theirs and index not in failures:
                disagreements[index] = int.from_bytes(theirs, "big")
                failures[index] = Failure("disagrees", provider)
    return failures, disagreements


def forget() -> None:
    """Let every source show its chain again, and how fast it is."""
    _shown.clear()
    _took.clear()


def printable(detail: str) -> str:
    """A detail that a provider may have worded, without characters that cannot be stored or would deceive."""
    return "".join(character if character.isprintable() else "�" for character in detail[:300])


def _clean(answers: Answers, failures: dict[int, Failure]) -> Answers:
    if not failures:
        return answers
    return replace(
        answers,
        failures={
            index: failure
            if failure.detail.isprintable()
            else replace(failure, detail=printable(failure.detail))
            for index, failure in failures.items()
        },
    )


def _nothing_came(answers: Answers, question: _Question) -> bool:
    """Whether every index failed, and at least one of them may work elsewhere."""
    return 0 < question.size == len(answers.failures) and any(
        failure.state == "failed" for failure in answers.failures.values()
    )
