"""What is known of each provider, and the rules that follow from it: the account behind `manners.py`.

Two accounts keep the same rules: one in Redis that all worker processes share, one of this process alone.
"""

import contextlib
import hashlib
import threading
import time
from collections import defaultdict, deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final, Literal, NamedTuple, Protocol

import redis
from redis.exceptions import NoScriptError

SECOND: Final = 1_000_000
"""All moments and spans below are whole microseconds."""

IN_A_ROW: Final = 5
ENOUGH: Final = 20
BUCKETS: Final = 6
BUCKET: Final = 5 * SECOND
BACK_OFF: Final = 5 * SECOND
LONGEST_BACK_OFF: Final = 300 * SECOND
LEASE: Final = 60 * SECOND
FORGET_AFTER: Final = 3600 * SECOND

Outcome = Literal["fine", "failed", "neither"]
Kind = Literal["go", "open", "full", "slow"]


@dataclass(frozen=True, slots=True)
class Rules:
    """How a provider may be asked. `interval`: microseconds between two questions in the long run; `burst`: how
    many may come at once after a pause; `at_once`: how many may be under way. `patience`: the longest wait in
    seconds that a question sits out before it is refused.
    """

    interval: int = SECOND // 1000
    burst: int = 2000
    at_once: int = 32
    patience: int = 10


def parse_rules(text: str, *, patience: int = 10) -> Rules:
    """Rules from "per second[/burst[/at once]]", for instance "25/50/8". Raises `ValueError`.

    Without a burst it is two seconds' worth, at least 1.
    """
    parts = text.strip().split("/")
    if not 1 <= len(parts) <= 3:
        raise ValueError(f"a rate is written as 25, 25/50 or 25/50/8, not {text!r}")
    try:
        rate = Decimal(parts[0])
        interval = int(SECOND / rate)
        burst = int(parts[1]) if len(parts) > 1 else max(1, int(rate * 2))
        at_once = int(parts[2]) if len(parts) > 2 else Rules().at_once
    except (ArithmeticError, ValueError) as error:
        raise ValueError(f"a rate is written as 25, 25/50 or 25/50/8, not {text!r}") from error
    if not 0 < interval <= 3600 * SECOND or burst < 1 or at_once < 1:
        raise ValueError(f"a rate needs positive numbers, not {text!r}")
    return Rules(interval, burst, at_once, patience)


class Verdict(NamedTuple):
    """Whether a question may be sent. `wait`: before it is sent, or until it is worth asking again."""

    kind: Kind
    wait: int


class Account(Protocol):
    """What is known of every provider: the one that all processes share, or the one of this process alone."""

    def enter(self, provider: str, lease: str, rules: Rules) -> Verdict: ...

    def leave(self, provider: str, lease: str, outcome: Outcome, hold: int, jitter: int) -> None:
        """Give the slot back and count what came. `hold`: how long the provider asked to be left alone.
        `jitter`: per mille of the back-off, should the breaker open.
        """
        ...


class _Script:
    """A Lua script and the name that Redis knows it by."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.digest = hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()


# KEYS: state, leases. ARGV: lease, interval, burst, patience, at once, length of a lease. By Redis's own clock, so
# that the machines' clocks need not agree.
_ENTER: Final = _Script("""
local t = redis.call('TIME')
local now = t[1] * 1000000 + t[2]
local v = redis.call('HMGET', KEYS[1], 'due', 'until', 'probe', 'hold')
local due, open, probe, hold = tonumber(v[1]) or 0, tonumber(v[2]) or 0, tonumber(v[3]) or 0, tonumber(v[4]) or 0
if hold > now then return {'open', hold - now} end
if open > now then return {'open', open - now} end
if open > 0 and probe > now then return {'open', probe - now} end
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', now)
if redis.call('ZCARD', KEYS[2]) >= tonumber(ARGV[5]) then return {'full', 0} end
if due < now then due = now end
local wait = due - (ARGV[3] - 1) * ARGV[2] - now
if wait < 0 then wait = 0 end
if wait > tonumber(ARGV[4]) then return {'slow', wait} end
local gone = now + wait + ARGV[6]
redis.call('HSET', KEYS[1], 'due', string.format('%.0f', due + ARGV[2]))
if open > 0 then redis.call('HSET', KEYS[1], 'probe', string.format('%.0f', gone)) end
redis.call('ZADD', KEYS[2], string.format('%.0f', gone), ARGV[1])
redis.call('PEXPIRE', KEYS[1], ARGV[7])
redis.call('PEXPIRE', KEYS[2], ARGV[7])
return {'go', wait}
""")

# KEYS: state, leases. ARGV: lease, outcome, hold, jitter. The window is six buckets "number calls failures".
_LEAVE: Final = _Script(f"""
local t = redis.call('TIME')
local now = t[1] * 1000000 + t[2]
redis.call('ZREM', KEYS[2], ARGV[1])
local held = tonumber(ARGV[3])
if held > 0 then
  local old = tonumber(redis.call('HGET', KEYS[1], 'hold')) or 0
  if now + held > old then redis.call('HSET', KEYS[1], 'hold', string.format('%.0f', now + held)) end
end
if ARGV[2] == 'neither' then
  redis.call('HDEL', KEYS[1], 'probe')
  return 0
end
local v = redis.call('HMGET', KEYS[1], 'row', 'until', 'strikes', 'b0', 'b1', 'b2', 'b3', 'b4', 'b5')
local row, open, strikes = tonumber(v[1]) or 0, tonumber(v[2]) or 0, tonumber(v[3]) or 0
local failed = ARGV[2] == 'failed' and 1 or 0
if open > now then return 0 end
local opens = false
if open > 0 then
  if failed == 1 then opens = true else redis.call('HDEL', KEYS[1], 'until', 'probe', 'strikes', 'row') end
else
  local number = math.floor(now / {BUCKET})
  local mine, calls, fails = number % {BUCKETS}, 1, failed
  local c, f = 1, failed
  for i = 0, {BUCKETS - 1} do
    local n, bc, bf = string.match(v[4 + i] or '', '(%d+) (%d+) (%d+)')
    if n and number - n < {BUCKETS} then
      calls, fails = calls + bc, fails + bf
      if i == mine then c, f = c + bc, f + bf end
    end
  end
  row = failed == 1 and row + 1 or 0
  redis.call('HSET', KEYS[1], 'row', row, 'b' .. mine, string.format('%.0f %d %d', number, c, f))
  redis.call('PEXPIRE', KEYS[1], {FORGET_AFTER // 1000})
  opens = row >= {IN_A_ROW} or (calls >= {ENOUGH} and fails * 5 > calls)
end
if not opens then return 0 end
local rest = math.min({BACK_OFF} * 2 ^ math.min(strikes, 20), {LONGEST_BACK_OFF}) * ARGV[4] / 1000
redis.call('HSET', KEYS[1], 'until', string.format('%.0f', now + rest), 'strikes', strikes + 1)
redis.call('HDEL', KEYS[1], 'row', 'probe', 'b0', 'b1', 'b2', 'b3', 'b4', 'b5')
redis.call('PEXPIRE', KEYS[1], {FORGET_AFTER // 1000})
return 1
""")


class _Line:
    """A connection to Redis whose last answer may still be on its way: nobody waits for the answer to a farewell.

    It stands on the connection itself: the client around it costs more than both questions.
    """

    def __init__(self, pool: "redis.ConnectionPool") -> None:
        # redis-py's connections carry no types.
        self._connection: Any = pool.make_connection()
        self._owed = 0

    def ask(self, *command: str | int) -> Any:
        """The answer. Raises `redis.RedisError`."""
        self._connection.send_command(*command)
        while self._owed:
            self._owed -= 1
            with contextlib.suppress(redis.ResponseError):
                self._connection.read_response()
        return self._connection.read_response()

    def tell(self, *command: str | int) -> None:
        self._connection.send_command(*command)
        self._owed += 1

    def close(self) -> None:
        self._connection.disconnect()


class SharedAccount:
    """The account in Redis. Raises `redis.RedisError`; threads may share it."""

    def __init__(self, pool: "redis.ConnectionPool") -> None:
        self._pool = pool
        self._idle: deque[_Line] = deque()
        self._loaded = False

    def enter(self, provider: str, lease: str, rules: Rules) -> Verdict:
        spans = (
            rules.interval,
            rules.burst,
            rules.patience * SECOND,
            rules.at_once,
            LEASE,
            FORGET_AFTER // 1000,
        )
        try:
            return self._ask(provider, lease, *spans)
        except redis.ConnectionError:
            # Connections that lay idle may have died with a Redis that is back since.
            self.close()
        return self._ask(provider, lease, *spans)

    def _ask(self, provider: str, *values: str | int) -> Verdict:
        with self._line() as line:
            kind, wait = self._run(line, _ENTER, _keys(provider), values)
        return Verdict(kind.decode(), wait)

    def leave(self, provider: str, lease: str, outcome: Outcome, hold: int, jitter: int) -> None:
        with self._line() as line:
            # Should the script be gone from Redis, its accounts are gone as well.
            line.tell("EVALSHA", _LEAVE.digest, 2, *_keys(provider), lease, outcome, hold, jitter)

    def close(self) -> None:
        while self._idle:
            self._idle.pop().close()

    def _run(self, line: _Line, script: "_Script", keys: Sequence[str], values: Sequence[str | int]) -> Any:
        # An older release may have left one of the two scripts in Redis and not the other: the farewell, whose answer
        # nobody reads, must not be the one that is missing.
        if self._loaded:
            with contextlib.suppress(NoScriptError):
                return line.ask("EVALSHA", script.digest, len(keys), *keys, *values)
        for each in (_ENTER, _LEAVE):
            line.ask("SCRIPT", "LOAD", each.text)
        self._loaded = True
        return line.ask("EVALSHA", script.digest, len(keys), *keys, *values)

    @contextmanager
    def _line(self) -> Iterator[_Line]:
        try:
            line = self._idle.pop()
        except IndexError:
            line = _Line(self._pool)
        try:
            yield line
        except BaseException:
            # What is still on its way would be taken for the answer to the next question.
            line.close()
            raise
        self._idle.append(line)


def _keys(provider: str) -> Sequence[str]:
    return f"holdfast:manners:{provider}", f"holdfast:manners:{provider}:leases"


@dataclass(slots=True)
class _State:
    """What `SharedAccount` keeps in a hash, by the same names."""

    due: int = 0
    until: int = 0
    probe: int = 0
    hold: int = 0
    row: int = 0
    strikes: int = 0
    buckets: dict[int, list[int]] = field(default_factory=dict)
    leases: dict[str, int] = field(default_factory=dict)


class OwnAccount:
    """The account of this process alone: the same rules, for the time in which Redis is away."""

    def __init__(self) -> None:
        self._states: defaultdict[str, _State] = defaultdict(_State)
        self._lock = threading.Lock()

    def enter(self, provider: str, lease: str, rules: Rules) -> Verdict:
        with self._lock:
            state, at = self._states[provider], now()
            for blocked in (state.hold, state.until, state.probe if state.until else 0):
                if blocked > at:
                    return Verdict("open", blocked - at)
            state.leases = {held: end for held, end in state.leases.items() if end > at}
            if len(state.leases) >= rules.at_once:
                return Verdict("full", 0)
            due = max(state.due, at)
            wait = max(0, due - (rules.burst - 1) * rules.interval - at)
            if wait > rules.patience * SECOND:
                return Verdict("slow", wait)
            state.due = due + rules.interval
            state.leases[lease] = at + wait + LEASE
            if state.until:
                state.probe = at + wait + LEASE
            return Verdict("go", wait)

    def leave(self, provider: str, lease: str, outcome: Outcome, hold: int, jitter: int) -> None:
        with self._lock:
            state, at = self._states[provider], now()
            state.leases.pop(lease, None)
            if hold:
                state.hold = max(state.hold, at + hold)
            if outcome == "neither":
                state.probe = 0
                return
            if state.until > at:
                return
            if not self._opens(state, at, failed=outcome == "failed"):
                return
            rest = min(BACK_OFF << min(state.strikes, 20), LONGEST_BACK_OFF) * jitter // 1000
            state.until, state.strikes = at + rest, state.strikes + 1
            state.row = state.probe = 0
            state.buckets.clear()

    def _opens(self, state: _State, at: int, *, failed: bool) -> bool:
        if state.until:
            if not failed:
                state.until = state.probe = state.strikes = state.row = 0
            return failed
        number = at // BUCKET
        state.buckets = {key: counts for key, counts in state.buckets.items() if number - key < BUCKETS}
        counts = state.buckets.setdefault(number, [0, 0])
        counts[0] += 1
        counts[1] += failed
        state.row = state.row + 1 if failed else 0
        calls = sum(counts[0] for counts in state.buckets.values())
        fails = sum(counts[1] for counts in state.buckets.values())
        return state.row >= IN_A_ROW or (calls >= ENOUGH and fails * 5 > calls)


def now() -> int:
    return time.monotonic_ns() // 1000
