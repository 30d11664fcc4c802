"""How a provider is treated: how often it is asked, how much at once, and when it is given a rest.

All worker processes share one account of each provider in Redis, so that ten workers together stay below the rate
that one would. Redis may be away or emptied at any moment: then each process keeps an account of its own for a
few seconds, and no look fails because of it.

Three rules, applied together in one round trip before a question and one after it (`accounts.py`):

- a token bucket, as the generic cell rate algorithm (ITU-T I.371): a short wait is reserved and sat out, a long
  one is refused at once;
- slots for questions under way, as leases that run out, so that a killed worker gives its slots back;
- a breaker: it opens after five failures in a row, or when more than a fifth of at least twenty calls failed
  within thirty seconds; after its back-off one question is let through to try (half-open).
"""

import contextlib
import itertools
import logging
import os
import time
from functools import cache
from random import SystemRandom
from types import TracebackType
from typing import Final, Self

import redis
from django.conf import settings
from redis.backoff import NoBackoff
from redis.retry import Retry

from wallets.chains.accounts import (
    LONGEST_BACK_OFF,
    SECOND,
    Account,
    Kind,
    Outcome,
    OwnAccount,
    Rules,
    SharedAccount,
    Verdict,
    now,
)
from wallets.chains.base import BadAnswer, ChainError, RateLimited, Resting, SourceUnavailable

logger = logging.getLogger(__name__)

LOOK_FOR_REDIS_AGAIN: Final = 5
"""Seconds in which a Redis that did not answer is not asked again."""
REMEMBER: Final = 24 * 3600
"""Seconds for which `Memory` keeps a value."""

_REASONS: Final[dict[Kind, str]] = {
    "open": "it failed too often and is given a rest",
    "full": "too many questions are under way",
    "slow": "the rate limit is reached",
}
_FAILURES: Final = (SourceUnavailable, RateLimited, BadAnswer)
_random = SystemRandom()


class _Shelf:
    """The accounts of this process, and whether Redis is worth asking."""

    def __init__(self) -> None:
        self.own = OwnAccount()
        self.away_until = 0
        self.remembered: dict[tuple[str, str], tuple[str, int]] = {}

    def account(self) -> Account:
        return self.own if self.away_until > now() else _shared(settings.REDIS_URL)

    def redis_is_away(self, error: redis.RedisError) -> None:
        if self.away_until <= now():
            logger.warning(
                "Redis does not answer (%s): providers are counted by process", type(error).__name__
            )
        self.away_until = now() + LOOK_FOR_REDIS_AGAIN * SECOND


_shelf = _Shelf()


def forget() -> None:
    """Begin with an empty account of this process; what Redis holds stays."""
    global _shelf
    _shelf = _Shelf()


@cache
def _connection(url: str) -> "redis.Redis":
    """One pool per process; redis-py notices a fork by itself. It must never hold a look up for long."""
    return redis.Redis.from_url(
        url, socket_timeout=0.5, socket_connect_timeout=0.5, retry=Retry(NoBackoff(), 0), protocol=2
    )


@cache
def _shared(url: str) -> SharedAccount:
    return SharedAccount(_connection(url).connection_pool)


def _begin_anew() -> None:
    """In a copied process: a lock that another thread held would stay locked for ever, and two processes must not
    speak on one connection.
    """
    forget()
    _shared.cache_clear()
    _connection.cache_clear()


os.register_at_fork(after_in_child=_begin_anew)


class Manners:
    """The way to ask one provider, named by host and port."""

    def __init__(self, provider: str, rules: Rules | None = None) -> None:
        self.provider = provider
        self.rules = rules or Rules()

    def turn(self) -> "Turn":
        """`with manners.turn(): …one question and its answer…`. Raises `Resting` when the question is held
        back.

        A `SourceUnavailable`, `RateLimited` or `BadAnswer` from inside counts as a failure, and the wait that it
        names is kept by every process. Any other `ChainError` is an answer.
        """
        return Turn(self)

    def blame(self) -> None:
        """Count a failure that showed only after the answer was in: it was not true."""
        self._close(_shelf.account(), "", "failed", 0)

    def _open(self) -> tuple[Account, str]:
        lease = f"{os.getpid()}-{next(_numbers)}-{_salt}"
        give_up = now() + self.rules.patience * SECOND
        while True:
            account, (kind, wait) = self._ask(lease)
            if kind == "go":
                if wait:
                    time.sleep(wait / SECOND)
                return account, lease
            if kind != "full" or now() >= give_up:
                raise Resting(_REASONS[kind], retry_after=wait / SECOND)
            time.sleep(_random.uniform(0.005, 0.05))

    def _ask(self, lease: str) -> tuple[Account, Verdict]:
        account = _shelf.account()
        try:
            return account, account.enter(self.provider, lease, self.rules)
        except redis.RedisError as error:
            _shelf.redis_is_away(error)
        return _shelf.own, _shelf.own.enter(self.provider, lease, self.rules)

    def _close(self, account: Account, lease: str, outcome: Outcome, hold: int) -> None:
        words = (self.provider, lease, outcome, hold, _random.randint(500, 1000))
        try:
            account.leave(*words)
        except redis.RedisError as error:
            _shelf.redis_is_away(error)
            _shelf.own.leave(*words)


# No other process gives these names: the salt differs by machine, the number of the process after a fork.
_salt = f"{_random.getrandbits(48):x}"
_numbers = itertools.count()


class Turn:
    """One question under way."""

    __slots__ = ("_account", "_lease", "_manners")

    def __init__(self, manners: Manners) -> None:
        self._manners = manners

    def __enter__(self) -> Self:
        self._account, self._lease = self._manners._open()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        outcome: Outcome = "fine"
        hold = 0
        if isinstance(error, _FAILURES):
            outcome = "failed"
            if error.retry_after is not None:
                hold = min(int(error.retry_after * SECOND), LONGEST_BACK_OFF)
        elif error is not None and not isinstance(error, ChainError):
            outcome = "neither"
        self._manners._close(self._account, self._lease, outcome, hold)


class Memory:
    """What was found out about a provider, kept for a day and shared between processes: small texts by name.

    It may forget at any moment. `scope` names chain and provider.
    """

    def __init__(self, scope: str) -> None:
        self._scope = scope

    def get(self, key: str) -> str | None:
        known = _shelf.remembered.get((self._scope, key))
        if known is not None and known[1] > now():
            return known[0]
        if _shelf.away_until > now():
            return known[0] if known else None
        try:
            value = _connection(settings.REDIS_URL).get(self._name(key))
        except redis.RedisError as error:
            _shelf.redis_is_away(error)
            return known[0] if known else None
        if not isinstance(value, bytes):
            _shelf.remembered.pop((self._scope, key), None)
            return None
        return self._keep(key, value.decode("utf-8", "replace"))

    def set(self, key: str, value: str) -> None:
        self._keep(key, value)
        if _shelf.away_until > now():
            return
        try:
            _connection(settings.REDIS_URL).set(self._name(key), value, ex=REMEMBER)
        except redis.RedisError as error:
            _shelf.redis_is_away(error)

    def _keep(self, key: str, value: str) -> str:
        """For a minute in this process, so that a look does not ask Redis each time."""
        with contextlib.suppress(RuntimeError):  # another thread makes room at this moment
            while len(_shelf.remembered) >= 1024:
                _shelf.remembered.pop(next(iter(_shelf.remembered)), None)
        _shelf.remembered[self._scope, key] = value, now() + 60 * SECOND
        return value

    def _name(self, key: str) -> str:
        return f"holdfast:memory:{self._scope}:{key}"
