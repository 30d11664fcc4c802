"""Bitcoin by an Esplora-compatible HTTP interface (Blockstream/electrs, API.md).

`GET /address/:address` gives `chain_stats.funded_txo_sum − chain_stats.spent_txo_sum`, in satoshi, of
confirmed outputs up to the tip; the mempool is counted apart and left out. The interface cannot be asked at a
block, so each batch is bracketed: it counts only if the tip's hash is the same before and after. Then `GET
/block/:hash` tells height and time.
"""

import re
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from types import TracebackType
from typing import Final, Self
from urllib.parse import quote

from wallets.chains.base import (
    BadAnswer,
    Block,
    BlockGone,
    ChainError,
    ChainInfo,
    Failure,
    Outcome,
    Question,
    Reading,
    WrongChain,
)
from wallets.chains.http import JSON, ChainClient, milliseconds_since, provider_name

# Block 0 (Bitcoin Core, chainparams.cpp): what a chain id is elsewhere.
GENESIS: Final = "000000000019d6689c085ae165831e934ff763ae46a2a6c172b3f1b60a8ce26f"
# No more than 21 million coins of 10^8 satoshi will ever be (Bitcoin Core, MAX_MONEY).
MAX_MONEY: Final = 21_000_000 * 10**8
# Small brackets: a block comes every ten minutes on average, and only the bracket it falls into is read
# again.
BRACKET: Final = 10
TRIES: Final = 3
_HASH = re.compile(r"[0-9a-f]{64}", re.ASCII)


@dataclass(frozen=True, slots=True)
class _Found:
    satoshi: int
    took_ms: int


class BitcoinSource:
    """One Esplora server. `url` is its base, for instance `http://esplora.internal:3000/api`."""

    def __init__(self, info: ChainInfo, url: str, client: ChainClient) -> None:
        self.info = info
        self.provider = provider_name(url)
        self._base = url.rstrip("/")
        self._client = client

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.__exit__(kind, error, trace)

    def read(self, questions: Sequence[Question]) -> list[Outcome]:
        """Satoshi per address. A token is unsupported: there is none on this chain."""
        if not questions:
            return []
        if self._hash_at("/block-height/0") != GENESIS:
            raise WrongChain("block 0 is not Bitcoin's")
        outcomes: list[Outcome] = []
        for start in range(0, len(questions), BRACKET):
            outcomes += self._bracket(questions[start : start + BRACKET])
        return outcomes

    def _bracket(self, questions: Sequence[Question]) -> list[Outcome]:
        """Read a few addresses between two looks at the tip, again from the start when the tip moved."""
        try:
            for _try in range(TRIES):
                before = self._hash_at("/blocks/tip/hash")
                amounts = list(self._amounts(questions))
                block = self._block(before)
                if self._hash_at("/blocks/tip/hash") == before:
                    return [
                        found
                        if isinstance(found, Failure)
                        else Reading(found.satoshi, block, found.took_ms, "bracket")
                        for found in amounts
                    ]
            raise BlockGone(f"the tip moved {TRIES} times")
        except ChainError as error:
            # What was read in other brackets stays good.
            return [error.as_failure()] * len(questions)

    def _amounts(self, questions: Sequence[Question]) -> Iterator[_Found | Failure]:
        for question in questions:
            if question.contract:
                yield Failure("no_contract", "", "unsupported")
                continue
            start = time.monotonic()
            try:
                answer = self._client.get_json(f"{self._base}/address/{quote(question.address, safe='')}")
                yield _Found(_balance(answer, question.address), milliseconds_since(start))
            except ChainError as error:
                if error.retry:
                    raise  # the source is down or wants rest: asking for the next address would not help
                yield error.as_failure()

    def _block(self, block_hash: str) -> Block:
        answer = self._client.get_json(f"{self._base}/block/{block_hash}")
        if not isinstance(answer, dict) or answer.get("id") != block_hash:
            raise BadAnswer("the block is not the one that was asked for")
        height = _whole(answer.get("height"), "block height")
        return Block(height, block_hash, _time(_whole(answer.get("timestamp"), "block time")))

    def _hash_at(self, path: str) -> str:
        text = self._client.get_text(f"{self._base}{path}").strip()
        if not _HASH.fullmatch(text):
            raise BadAnswer("a block hash was expected")
        return text


def _balance(answer: JSON, address: str) -> int:
    if not isinstance(answer, dict) or answer.get("address") != address:
        raise BadAnswer("the answer is for another address")
    stats = answer.get("chain_stats")
    if not isinstance(stats, dict):
        raise BadAnswer("chain_stats is missing")
    amount = _whole(stats.get("funded_txo_sum"), "funded_txo_sum") - _whole(
        stats.get("spent_txo_sum"), "spent_txo_sum"
    )
    if not 0 <= amount <= MAX_MONEY:
        raise BadAnswer("the balance is negative or more than all coins")
    return amount


def _whole(value: JSON, what: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise BadAnswer(f"{what} is not a whole number")
    return value


def _time(seconds: int) -> datetime:
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (OverflowError, ValueError, OSError) as error:
        raise BadAnswer("block time is out of range") from error
