"""One provider of an EVM chain.

The block is picked first: the `finalized` one, or one some blocks below the tip. Every balance is then asked at
that block's hash (EIP-1898, with `requireCanonical`), so that a reorganisation in between makes the node refuse
instead of answering for another block. What runs inside the chain (the reader, Multicall3) says itself at which
block it ran, and that is compared with the header.
"""

import re
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import Final, Self

from wallets.chains.base import (
    WORD,
    Answers,
    AnswerTooLarge,
    BadAnswer,
    BlockGone,
    CannotPin,
    ChainError,
    ChainInfo,
    Confirmation,
    Depth,
    Failure,
    FutureBlock,
    Payment,
    Pinned,
    Restriction,
    SourceRefused,
    SourceUnavailable,
    WrongChain,
)
from wallets.chains.evm import facts
from wallets.chains.evm.chooser import Chooser
from wallets.chains.evm.memory import Memory, OwnMemory
from wallets.chains.evm.rpc import (
    Endpoint,
    Header,
    block_by_hash,
    block_by_number,
    chain_id_call,
    header_of,
    number_of,
    problem,
)
from wallets.chains.evm.ways import ADDRESS, Ask, NotThisWay, Part, Span
from wallets.chains.http import ChainClient, provider_name

IN_FLIGHT: Final = 8
TRIES: Final = 3
# A question about fewer addresses than this is not halved again.
SMALLEST: Final = 50
SMALLEST_BATCH: Final = 10
# Seconds after which a read halves nothing more because of a time-out.
PATIENCE: Final = 45
FUTURE_TOLERANCE: Final = timedelta(hours=2)

_TIMED_OUT = re.compile(r"in time|too long|timed? ?out|timeout|HTTP 5(02|03|04|24)", re.IGNORECASE)


class EvmSource:
    """One JSON-RPC endpoint. `confirmations` stands in where the node does not answer `finalized`.

    `memory` keeps what the provider can do. Not for use from several threads at once.
    """

    can_pin: Final = True

    def __init__(
        self,
        info: ChainInfo,
        url: str,
        client: ChainClient,
        *,
        confirmations: int,
        memory: Memory | None = None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.info = info
        self.provider = provider_name(url)
        self._endpoint = Endpoint(url, client)
        self._confirmations = confirmations
        self._chooser = Chooser(self._endpoint, memory or OwnMemory(f"{info.slug}:{self.provider}"))
        self._clock = clock
        self._headers: dict[str, Header] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._endpoint.client.__exit__(kind, error, trace)

    # ── The block ─────────────────────────────────────────────────────────────────────────────────────────

    def pick(self) -> Pinned:
        """The block to read at, after the node has named the right chain.

        Raises `WrongChain`, `FutureBlock` or another `ChainError`.
        """
        tag = "finalized" if self.info.finalized_tag else "latest"
        chain_id, picked = self._endpoint.results(chain_id_call(), block_by_number(tag))
        self._check_chain(number_of(chain_id))
        if not self.info.finalized_tag:
            return self._pinned(header_of(picked), "latest")
        if isinstance(picked, dict):
            return self._pinned(header_of(picked), "finalized")
        # No such tag on this node, or nothing final yet.
        (latest,) = self._endpoint.results(block_by_number("latest"))
        height = header_of(latest).number - self._confirmations
        if height < 0:
            raise SourceUnavailable("the chain is shorter than the confirmations that are asked for")
        (deep,) = self._endpoint.results(block_by_number(height))
        header = header_of(deep)
        if header.number != height:
            raise BadAnswer("the block is not the one that was asked for")
        return self._pinned(header, "confirmations")

    def _check_chain(self, chain_id: int) -> None:
        if chain_id != self.info.chain_id:
            raise WrongChain(f"chain id {chain_id} instead of {self.info.chain_id}")

    def _pinned(self, header: Header, depth: Depth) -> Pinned:
        block = header.block
        # A development chain counts a second for each block that it mines, so its clock may run far ahead.
        if not self.info.is_development and block.time > self._clock() + FUTURE_TOLERANCE:
            raise FutureBlock(f"block {block.height}")
        self._headers = {header.hash: header}
        return Pinned(block, "hash", depth)

    def _header(self, pinned: Pinned) -> Header:
        """The header of a block that may have been picked elsewhere. Raises `BlockGone` where it is not known."""
        known = self._headers.get(pinned.block.hash)
        if known is None:
            (answer,) = self._endpoint.ask(block_by_hash(pinned.block.hash))
            if answer.get("error") is not None:
                raise problem(answer["error"])
            if answer["result"] is None:
                raise BlockGone("the block is not known here")
            known = header_of(answer["result"])
            self._headers[known.hash] = known
        if known.block != pinned.block:
            raise BadAnswer("the block is not the one that was asked for")
        return known

    def _check_still_there(self, header: Header) -> None:
        (again,) = self._endpoint.results(block_by_number(header.number))
        if again is None or header_of(again).hash != header.hash:
            raise BlockGone(f"block {header.number} is another one now")

    # ── Balances ──────────────────────────────────────────────────────────────────────────────────────────

    def read(
        self, addresses: Sequence[str], contracts: Sequence[str], *, at: Pinned | None = None
    ) -> Answers:
        """Every asset of every address at one block; "" among `contracts` is the native coin.

        Where nobody names the block, and the one picked leaves the chain meanwhile, all is read again at another.
        """
        if at is not None:
            return self._read_at(addresses, contracts, at)
        for remaining in reversed(range(TRIES)):
            try:
                return self._read_at(addresses, contracts, self.pick())
            except BlockGone:
                if not remaining:
                    raise
        raise AssertionError("the last try returns or raises")

    def _read_at(self, addresses: Sequence[str], contracts: Sequence[str], pinned: Pinned) -> Answers:
        header = self._header(pinned)
        if not addresses or not contracts:
            return Answers(pinned, b"")
        ask = Ask(self.info, header, addresses, contracts, time.monotonic() + PATIENCE)
        parts = self._parts(ask)
        broken = [part.error for part in parts if part.error is not None]
        if any(isinstance(error, BadAnswer) for error in broken):
            self._chooser.doubt()
        if len(broken) == len(parts):
            raise broken[0]
        if pinned.depth != "finalized":
            self._check_still_there(header)
        width = len(contracts)
        return Answers(
            pinned,
            b"".join([part.words for part in parts]),
            {
                part.span.first * width + index: fail
                for part in parts
                for index, fail in part.failures.items()
            },
            tuple(exchange for part in parts for exchange in part.exchanges),
        )

    def _parts(self, ask: Ask) -> list[Part]:
        whole = Span(0, len(ask.addresses))
        # Before any thread starts: what the provider can do is found out once.
        way = self._chooser.current(ask.info, ask.header)
        spans = whole.pieces(self._chooser.most(way, len(ask.contracts)))
        if len(spans) == 1:
            return self._read_span(ask, whole)
        with ThreadPoolExecutor(max_workers=min(IN_FLIGHT, len(spans)), thread_name_prefix="evm") as pool:
            try:
                return [
                    part
                    for parts in pool.map(lambda span: self._read_span(ask, span), spans)
                    for part in parts
                ]
            except BaseException:
                # The block is gone: what has not been asked yet need not be.
                pool.shutdown(wait=False, cancel_futures=True)
                raise

    def _read_span(self, ask: Ask, span: Span) -> list[Part]:
        """The span's parts in their order. Only what concerns the whole look is raised."""
        width = len(ask.contracts)
        way = self._chooser.current(ask.info, ask.header)
        if way is self._chooser.batches:
            return self._by_batches(ask, span)
        most = self._chooser.most(way, width)
        if span.count > most:
            return [part for piece in span.pieces(most) for part in self._read_span(ask, piece)]
        try:
            return [self._settled(ask, way.read(ask, span))]
        except (BlockGone, CannotPin):
            raise
        except (NotThisWay, SourceRefused):
            self._chooser.leave(way, for_good=True)
            return self._read_span(ask, span)
        except ChainError as error:
            if not _is_too_much(error, ask):
                # What was read in other parts, at the same block, stays good.
                return [_failed(ask, span, error)]
            if span.count > SMALLEST:
                self._chooser.shrink(way, width, span.count)
                return [part for half in span.halves() for part in self._read_span(ask, half)]
            self._chooser.leave(way, for_good=False)
            return self._read_span(ask, span)

    def _by_batches(self, ask: Ask, span: Span, only: Sequence[int] | None = None) -> list[Part]:
        """The span's parts by single questions, for some of the assets or for all."""
        asked = len(ask.contracts) if only is None else len(only)
        most = self._chooser.most(self._chooser.batches, asked)
        if span.count > most:
            return [part for piece in span.pieces(most) for part in self._by_batches(ask, piece, only)]
        try:
            return [self._chooser.batches.read(ask, span, only)]
        except (BlockGone, CannotPin):
            raise
        except ChainError as error:
            if _is_too_much(error, ask) and span.count * asked > SMALLEST_BATCH and span.count > 1:
                return [part for half in span.halves() for part in self._by_batches(ask, half, only)]
            return [_failed(ask, span, error, only)]

    def _settled(self, ask: Ask, part: Part) -> Part:
        """Ask the doubtful assets once more, one by one: each failure gets its reason, and the rest an amount."""
        if not part.doubtful:
            return part
        width = len(ask.contracts)
        words, failures = bytearray(part.words), dict(part.failures)
        exchanges = list(part.exchanges)
        for again in self._by_batches(ask, part.span, part.doubtful):
            shift = (again.span.first - part.span.first) * width
            for row in range(again.span.count):
                for asset in part.doubtful:
                    index = row * width + asset
                    at = (shift + index) * WORD
                    words[at : at + WORD] = again.words[index * WORD : (index + 1) * WORD]
            failures |= {shift + index: failure for index, failure in again.failures.items()}
            exchanges += again.exchanges
        return Part(part.span, bytes(words), failures, exchanges=tuple(exchanges))

    # ── Other questions ───────────────────────────────────────────────────────────────────────────────────

    def confirmations(self, txid: str) -> Confirmation:
        """Where a transaction stands; `txid` is 0x and 64 digits. Raises `ChainError`."""
        return facts.confirmations(self._endpoint, self._check_chain, txid)

    def payment(self, txid: str, address: str, contract: str) -> Payment:
        """What a transaction gave to `address`. Raises `ChainError`."""
        return facts.payment(self._endpoint, self._check_chain, txid, address, contract)

    def token_restriction(self, address: str, contract: str) -> Restriction:
        """Whether the issuer of the token at `contract` blocks `address`. Raises `ChainError`."""
        if not ADDRESS.fullmatch(contract):
            return Restriction("no_list")
        for remaining in reversed(range(TRIES)):
            pinned = self.pick()
            try:
                found = facts.token_restriction(self._endpoint, pinned, address, contract)
                if pinned.depth != "finalized":
                    self._check_still_there(self._header(pinned))
                return found
            except BlockGone:
                if not remaining:
                    raise
        raise AssertionError("the last try returns or raises")


def _is_too_much(error: ChainError, ask: Ask) -> bool:
    """Whether a smaller question may do: for gas, for size, or because the answer did not come in time."""
    if isinstance(error, SourceUnavailable):
        return bool(_TIMED_OUT.search(error.detail)) and time.monotonic() < ask.until
    return isinstance(error, AnswerTooLarge)


def _failed(ask: Ask, span: Span, error: ChainError, only: Sequence[int] | None = None) -> Part:
    width = len(ask.contracts)
    failure: Failure = error.as_failure()
    assets = range(width) if only is None else only
    failures = {row * width + asset: failure for row in range(span.count) for asset in assets}
    return Part(span, bytes(WORD * span.count * width), failures, error=error)
