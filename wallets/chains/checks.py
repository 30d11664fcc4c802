"""What the readers of Tron, Solana and the XRP Ledger share: asking by POST, checking types, putting answers together."""

import json
import re
import time
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, TypeVar

from wallets.chains.base import WORD, Answers, BadAnswer, Block, Exchange, Failure, FutureBlock, Pinned
from wallets.chains.http import JSON, ChainClient, milliseconds_since, parse_json

Got = TypeVar("Got")

# How often a look is done again because the chain moved on in the middle.
TRIES: Final = 3
# Questions that are under way at a time.
IN_FLIGHT: Final = 8
# A block's time may run ahead of the clock by two hours, as on Bitcoin (MAX_FUTURE_BLOCK_TIME); these chains allow
# far less.
AHEAD: Final = timedelta(hours=2)
LARGEST: Final = 2**63 - 1
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_LARGEST_WORD: Final = 2 ** (8 * WORD) - 1
_URL: Final = re.compile(r"\w+://\S+")


@dataclass(frozen=True, slots=True)
class Said:
    """An answer as it came. It is read only when `value` is asked for, so that one that is no JSON is kept too."""

    exchange: Exchange

    @property
    def value(self) -> JSON:
        """The answer, parsed. Raises `BadAnswer`."""
        return parse_json(self.exchange.answer)


class Asker:
    """Posts JSON to one server and keeps every question and answer, byte for byte. Threads may share it."""

    def __init__(self, client: ChainClient, url: str) -> None:
        self._client = client
        self._url = url

    def ask(
        self, method: str, body: JSON, *, path: str = "", prefix: str = "", first: int = 0, count: int = 0
    ) -> Said:
        """The answer to `body`. `path` follows the URL, which may hold a key; `prefix` stands before the body in
        the question that is kept, so that it can be told what was asked. Raises `ChainError`.
        """
        try:
            sent = json.dumps(body, separators=(",", ":")).encode()
        except TypeError as error:
            # What a server gave for the next page is sent back as it is, and a fraction is none of its own.
            raise BadAnswer("the mark of the next page is not valid") from error
        start = time.monotonic()
        came = self._client.post(self._url + path, sent)
        return Said(Exchange(method, prefix.encode() + sent, came, first, count, milliseconds_since(start)))


def all_of(jobs: Sequence[Callable[[], Got]]) -> list[Got]:
    """The results of all jobs in their order, `IN_FLIGHT` of them at a time.

    The first error ends the rest: the source is down or wants rest, and more questions would not help.
    """
    if len(jobs) < 2:
        return [job() for job in jobs]
    pool = ThreadPoolExecutor(max_workers=min(IN_FLIGHT, len(jobs)))
    try:
        asked = [pool.submit(job) for job in jobs]
        wait(asked, return_when=FIRST_EXCEPTION)
        for future in asked:
            if future.done() and (error := future.exception()):
                raise error
        return [future.result() for future in asked]
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def fields(value: JSON, what: str) -> dict[str, JSON]:
    """`value`, which must be an object. Raises `BadAnswer`."""
    if not isinstance(value, dict):
        raise BadAnswer(f"{what} is not an object")
    return value


def items(value: JSON, what: str, count: int | None = None) -> list[JSON]:
    """`value`, which must be a list, of `count` items where that is given. Raises `BadAnswer`."""
    if not isinstance(value, list) or (count is not None and len(value) != count):
        raise BadAnswer(f"{what} is not a list of the right length")
    return value


def text(value: JSON, what: str, pattern: re.Pattern[str] | None = None) -> str:
    """`value`, which must be a text, of the form `pattern` where that is given. Raises `BadAnswer`."""
    if not isinstance(value, str) or (pattern is not None and not pattern.fullmatch(value)):
        raise BadAnswer(f"{what} is not a text of the right form")
    return value


def whole(value: JSON, what: str, most: int = LARGEST) -> int:
    """`value`, which must be a whole number from 0 to `most`. Raises `BadAnswer`.

    `true` is a number for Python, and no number here.
    """
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= most:
        raise BadAnswer(f"{what} is not a whole number of the right size")
    return value


def moment(milliseconds: int) -> datetime:
    """The time that many milliseconds after the beginning of 1970. Raises `BadAnswer`."""
    try:
        return _EPOCH + timedelta(milliseconds=milliseconds)
    except OverflowError as error:
        raise BadAnswer("block time is out of range") from error


def not_ahead(block: Block) -> Block:
    """`block`, unless its time lies ahead of our clock. Raises `FutureBlock`."""
    if block.time > datetime.now(UTC) + AHEAD:
        raise FutureBlock("the newest block is more than two hours ahead of the clock")
    return block


def without_urls(said: str) -> str:
    """A message of the server, short and without addresses of servers, which may hold keys."""
    return _URL.sub("…", said)[:200]


def answers_of(pinned: Pinned, found: Sequence[int | Failure], exchanges: Sequence[Exchange]) -> Answers:
    """`found` holds an amount or a failure for each address and, within it, each asset."""
    words = bytearray()
    failures: dict[int, Failure] = {}
    for index, result in enumerate(found):
        if isinstance(result, int) and not 0 <= result <= _LARGEST_WORD:
            result = Failure("bad_answer", "the balance is out of range")
        if isinstance(result, Failure):
            failures[index] = result
        words += (0 if isinstance(result, Failure) else result).to_bytes(WORD, "big")
    return Answers(pinned, bytes(words), failures, tuple(exchanges))
