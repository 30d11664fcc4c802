"""Which way of asking a provider can do: found out once, remembered, and left when it stops working."""

import contextlib
import threading
from typing import Final

from wallets.chains.base import AnswerTooLarge, BadAnswer, ChainInfo, SourceRefused, SourceUnavailable
from wallets.chains.evm.batches import Batches
from wallets.chains.evm.memory import Memory
from wallets.chains.evm.multicall import Multicall
from wallets.chains.evm.packed import Creation, Override
from wallets.chains.evm.rpc import Endpoint, Header
from wallets.chains.evm.ways import Ask, NotThisWay, Span, Way

# A known answer: the first precompile has no code, so that it must be counted as a failure.
_NOBODY: Final = "0x" + "00" * 20
_NO_TOKEN: Final = "0x" + "00" * 19 + "01"
# A server that breaks down over a question twice, right after it has answered another, is not asked it again.
_BREAKDOWNS: Final = 2
# A smaller question than this is not remembered as the largest that works: one token that burns gas must not slow
# down every later look at other tokens.
_LEAST_REMEMBERED: Final = 250


class Chooser:
    """The ways of one provider, the fastest that works first. Safe to use from several threads."""

    def __init__(self, endpoint: Endpoint, memory: Memory) -> None:
        self.batches = Batches(endpoint)
        self._ways: tuple[Way, ...] = (
            Override(endpoint),
            Creation(endpoint),
            Multicall(endpoint),
            self.batches,
        )
        self._memory = memory
        self._lock = threading.Lock()
        self._current: Way | None = None
        self._left = 0
        self._cells: dict[str, int] = {}

    def current(self, info: ChainInfo, header: Header) -> Way:
        """The way to ask now. Raises `ChainError` where finding out fails for another reason than the way."""
        with self._lock:
            if self._current is None:
                known = self._memory.get("way")
                found = next((way for way in self._open() if way.name == known), None)
                self._current = found or self._find(info, header)
            return self._current

    def leave(self, way: Way, *, for_good: bool) -> None:
        """Ask no more this way; `for_good`: other looks shall not, either."""
        with self._lock:
            # What comes before it did not work, or it would not have been taken.
            self._left = max(self._left, self._ways.index(way) + 1)
            if self._current is way:
                self._current = None
            if for_good and self._memory.get("way") == way.name:
                self._memory.set("way", "")

    def doubt(self) -> None:
        """Let the next look find out anew what the provider can do."""
        self._memory.set("way", "")

    def most(self, way: Way, assets: int) -> int:
        """How many addresses to put into one question."""
        with self._lock:
            if way.name not in self._cells:
                text = self._memory.get(f"cells:{way.name}") or ""
                self._cells[way.name] = int(text) if text.isdecimal() and len(text) < 10 else 0
            cells = self._cells[way.name]
        most = way.most(assets)
        return max(1, min(most, cells // assets)) if cells else most

    def shrink(self, way: Way, assets: int, count: int) -> None:
        """So many addresses were too many at once: remember half of it."""
        with self._lock:
            cells = max(count // 2, _LEAST_REMEMBERED) * assets
            if not 0 < self._cells.get(way.name, 0) <= cells:
                self._cells[way.name] = cells
                self._memory.set(f"cells:{way.name}", str(cells))

    def _open(self) -> tuple[Way, ...]:
        return self._ways[self._left :]

    def _find(self, info: ChainInfo, header: Header) -> Way:
        ask = Ask(info, header, (_NOBODY,), ("", _NO_TOKEN))
        for way in self._open():
            if way is self.batches or self._works(way, ask):
                # What failed at one look only is found out anew at the next one; and some nodes run a call at
                # block 0 with another header than its own.
                if not self._left and header.number:
                    self._memory.set("way", way.name)
                return way
        raise AssertionError("batches are never left")

    def _works(self, way: Way, ask: Ask) -> bool:
        """Whether a small question with a known answer is answered right, at the right block."""
        breakdowns = self._memory.get(f"breakdowns:{way.name}") or ""
        count = int(breakdowns) if breakdowns.isdecimal() and len(breakdowns) < 4 else 0
        if count >= _BREAKDOWNS:
            return False
        with contextlib.suppress(NotThisWay, BadAnswer, SourceRefused, AnswerTooLarge):
            try:
                return way.read(ask, Span(0, 1)).doubtful == (1,)
            except SourceUnavailable:
                self._memory.set(f"breakdowns:{way.name}", str(count + 1))
        return False
