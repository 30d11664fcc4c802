"""What is remembered of a provider between looks: which way of asking works there, and how much at once."""

import time
from typing import Final, Protocol

REMEMBER: Final = 24 * 3600
"""Seconds after which a process tries again what a provider can do."""


class Memory(Protocol):
    """Small texts by name, of one provider and chain. It may forget at any moment."""

    def get(self, key: str) -> str | None: ...

    def set(self, key: str, value: str) -> None: ...


class OwnMemory:
    """This process's memory of one provider; every object with the same `scope` shares it."""

    _kept: Final[dict[tuple[str, str], tuple[str, float]]] = {}

    def __init__(self, scope: str) -> None:
        self._scope = scope

    def get(self, key: str) -> str | None:
        value, until = self._kept.get((self._scope, key), ("", 0.0))
        return value if until > time.monotonic() else None

    def set(self, key: str, value: str) -> None:
        self._kept[self._scope, key] = value, time.monotonic() + REMEMBER

    @classmethod
    def forget(cls) -> None:
        """Forget every provider."""
        cls._kept.clear()
