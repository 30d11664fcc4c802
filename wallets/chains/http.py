"""The one client that leaves the house: configured origins only, with limits on time and size, and no
redirects.

It stands directly on httpcore, which follows no redirect, no proxy and no credentials of the environment,
unpacks nothing and keeps no cookies: nothing but the settings decides who learns what is looked up. Answers are
asked for uncompressed: a compressed one could unpack to more than it may be.
"""

import atexit
import base64
import functools
import io
import json
import math
import os
import ssl
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from email.utils import parsedate_to_datetime
from random import SystemRandom
from types import TracebackType
from typing import Final, NamedTuple, Self, TypeVar
from urllib.parse import unquote, urlsplit

import certifi
import httpcore
import stamina

from wallets.chains.accounts import Rules
from wallets.chains.base import (
    AnswerTooLarge,
    BadAnswer,
    ChainError,
    RateLimited,
    SourceRefused,
    SourceUnavailable,
)
from wallets.chains.manners import Manners
from wallets.chains.wire import Backend

JSON = dict[str, "JSON"] | list["JSON"] | str | int | Decimal | bool | None
Origin = tuple[str, str, int]
Got = TypeVar("Got")

_DEFAULT_PORTS: Final = {"http": 80, "https": 443}
_FIRST_WAIT: Final = 0.2
_LONGEST_WAIT: Final = 5.0
# A wait of centuries is no wait that anybody asked for in earnest.
_LONGEST_RETRY_AFTER: Final = 3600.0
# An amount has 78 digits at most, and no interface here has a fraction of more.
_LONGEST_FRACTION: Final = 100
_CONNECTIONS: Final = 64
_KEEP_ALIVE: Final = 30.0
_CLIENTS: Final = 128
_random = SystemRandom()


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of one request. Times in seconds, size in bytes.

    `silence` is the longest wait for the next byte. `total` bounds one try from the connection to the last byte
    read, so that an answer that trickles ends too. `patience` is the longest wait that a provider's Retry-After
    may impose within one look, `whole` the time after which nothing is tried again.
    """

    connect: float = 5.0
    silence: float = 10.0
    total: float = 20.0
    body: int = 16 * 1024 * 1024
    tries: int = 5
    patience: float = 10.0
    whole: float = 40.0


def origin_of(url: str) -> Origin:
    """Scheme, host and port of an http(s) URL. Raises `SourceRefused` for anything else."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise SourceRefused("the source's URL is not valid") from error
    if parts.scheme not in _DEFAULT_PORTS or not parts.hostname:
        raise SourceRefused("the source's URL is not an http(s) URL")
    return parts.scheme, parts.hostname.lower(), port or _DEFAULT_PORTS[parts.scheme]


def provider_name(url: str) -> str:
    """Host, and port where it is not the usual one: what a reading says of its source. Never path or key."""
    scheme, host, port = origin_of(url)
    return _authority(scheme, host, port)


def _authority(scheme: str, host: str, port: int) -> str:
    host = f"[{host}]" if ":" in host else host
    return host if _DEFAULT_PORTS[scheme] == port else f"{host}:{port}"


class _Target(NamedTuple):
    origin: Origin
    url: httpcore.URL
    headers: list[tuple[bytes, bytes]]


@functools.lru_cache(maxsize=256)
def _target(url: str) -> _Target:
    """A URL as it is asked; user and password in it go into a header (RFC 7617)."""
    origin = origin_of(url)
    headers = [("Host", _authority(*origin)), ("Accept-Encoding", "identity"), ("User-Agent", "holdfast")]
    parts = urlsplit(url)
    if parts.username is not None:
        pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
        headers.append(("Authorization", f"Basic {base64.b64encode(pair.encode()).decode()}"))
    try:
        encoded = [(name.encode("ascii"), value.encode("ascii")) for name, value in headers]
        return _Target(origin, httpcore.URL(url.partition("#")[0].encode("ascii")), encoded)
    except (UnicodeError, ValueError) as error:
        raise SourceRefused("the source's URL is not valid") from error


@functools.cache
def _tls() -> ssl.SSLContext:
    # Loading the certificate store takes longer than a whole look at a local node: once per process. A
    # certificate authority of one's own may be named by SSL_CERT_FILE, as everywhere.
    return ssl.create_default_context(cafile=os.environ.get("SSL_CERT_FILE") or certifi.where())


def retrying(
    ask: Callable[[], Got],
    *,
    tries: int,
    patience: float = 10.0,
    whole: float = 40.0,
    again: Callable[[ChainError], bool] = lambda error: error.retry,
) -> Got:
    """`ask()`, and again after a `ChainError` that `again` says yes to, up to `tries` times in all.

    The waits have full jitter (uniform between nothing and a bound that doubles), so that workers that failed
    together do not come back together; a wait that the provider asked for is kept. One longer than `patience`
    seconds is not sat out here: the schedule takes it over.
    """
    ends = time.monotonic() + whole
    waits = 0

    def wait(error: Exception) -> bool | float:
        nonlocal waits
        if not isinstance(error, ChainError) or not again(error) or time.monotonic() > ends:
            return False
        if error.retry_after is not None:
            return error.retry_after if error.retry_after <= patience else False
        waits += 1
        return _random.uniform(0.001, min(_FIRST_WAIT * 2**waits, _LONGEST_WAIT))

    try:
        return ask()
    except ChainError as error:
        if tries <= 1 or not again(error):
            raise
        first: ChainError | None = error
    # Only from here on: what stamina prepares costs as much as the question itself.
    for attempt in stamina.retry_context(on=wait, attempts=tries, timeout=None):
        with attempt:
            if first is not None:
                known, first = first, None
                raise known
            return ask()
    raise AssertionError("stamina ends by an answer or an error")


class ChainClient:
    """An HTTP client for `allowed` origins. Use it in a `with`; threads may share it.

    Every call raises a `ChainError` when there is no usable answer, having tried again where that can help.
    Connections stay open between calls. A `shared` client belongs to the process: leaving a `with` does not
    close it.
    """

    def __init__(
        self,
        *,
        allowed: Iterable[str],
        limits: Limits | None = None,
        manners: Manners | None = None,
        shared: bool = False,
    ) -> None:
        self.limits = limits or Limits()
        self.manners = manners
        self._shared = shared
        self._allowed = frozenset(origin_of(url) for url in allowed)
        self._pool = httpcore.ConnectionPool(
            ssl_context=_tls() if any(origin[0] == "https" for origin in self._allowed) else None,
            max_connections=_CONNECTIONS,
            keepalive_expiry=_KEEP_ALIVE,
            network_backend=Backend(self.limits.silence),
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if not self._shared:
            self.close()

    def close(self) -> None:
        self._pool.close()

    @property
    def idle(self) -> bool:
        """Whether no question is under way."""
        return all(connection.is_idle() or connection.is_closed() for connection in self._pool.connections)

    def get(self, url: str) -> bytes:
        """The body of the answer, as it came."""
        return self._fetch("GET", url, None)

    def post(self, url: str, body: bytes) -> bytes:
        """Send `body`, which is JSON already, and give back the body of the answer, as it came."""
        return self._fetch("POST", url, body)

    def _fetch(self, method: str, url: str, body: bytes | None) -> bytes:
        target = _target(url)
        if target.origin not in self._allowed:
            raise SourceRefused("the host is not a configured source")
        headers = target.headers
        if body is not None:
            length = str(len(body)).encode()
            headers = [*headers, (b"Content-Type", b"application/json"), (b"Content-Length", length)]
        limits = self.limits

        def ask() -> bytes:
            with self.manners.turn() if self.manners else nullcontext():
                return self._try(method, target.url, headers, body)

        return retrying(ask, tries=limits.tries, patience=limits.patience, whole=limits.whole)

    def _try(
        self, method: str, url: httpcore.URL, headers: list[tuple[bytes, bytes]], body: bytes | None
    ) -> bytes:
        deadline = time.monotonic() + self.limits.total
        # Reading and writing end by a moment (see wire.py), the other two after a span.
        times = {
            "pool": self.limits.total,
            "connect": self.limits.connect,
            "read": deadline,
            "write": deadline,
        }
        request = httpcore.Request(method, url, headers=headers, content=body, extensions={"timeout": times})
        try:
            response = self._pool.handle_request(request)
            try:
                return self._read(response)
            finally:
                response.close()
        except httpcore.TimeoutException as error:
            raise SourceUnavailable("no answer in time") from error
        except (httpcore.LocalProtocolError, httpcore.UnsupportedProtocol, UnicodeError) as error:
            raise SourceRefused("the source's URL is not valid") from error
        except (httpcore.NetworkError, httpcore.ProtocolError, httpcore.ProxyError, OSError) as error:
            # The message may hold the URL, and the URL a key: the kind of error is enough.
            raise SourceUnavailable(f"the connection failed ({type(error).__name__})") from error

    def _read(self, response: httpcore.Response) -> bytes:
        headers = {name.lower(): value for name, value in response.headers}
        _check_status(response.status, headers)
        if headers.get(b"content-encoding", b"identity").lower() != b"identity":
            raise BadAnswer("the answer is compressed although that was not asked for")
        limit = self.limits.body
        if int(headers.get(b"content-length", b"0")) > limit:
            raise AnswerTooLarge(f"more than {limit} bytes")
        body = io.BytesIO()
        size = 0
        for chunk in response.iter_stream():
            size += len(chunk)
            if size > limit:
                raise AnswerTooLarge(f"more than {limit} bytes")
            body.write(chunk)
        return body.getvalue()


_clients: dict[tuple[frozenset[Origin], Limits, str, Rules], ChainClient] = {}
_clients_lock = threading.Lock()


def shared_client(url: str, limits: Limits, manners: Manners) -> ChainClient:
    """This process's client for the origin of `url`: looks that follow each other share their connections."""
    key = (frozenset({origin_of(url)}), limits, manners.provider, manners.rules)
    with _clients_lock:
        if key not in _clients:
            if len(_clients) >= _CLIENTS:
                for old in [known for known, client in _clients.items() if client.idle]:
                    _clients.pop(old).close()
            _clients[key] = ChainClient(allowed=[url], limits=limits, manners=manners, shared=True)
        return _clients[key]


def close_clients() -> None:
    """Close every shared connection of this process."""
    with _clients_lock:
        while _clients:
            _clients.popitem()[1].close()


def _begin_anew() -> None:
    # The copies' connections were closed by wire.py; their pools and the lock may be in any state.
    global _clients, _clients_lock
    _clients, _clients_lock = {}, threading.Lock()


atexit.register(close_clients)
os.register_at_fork(after_in_child=_begin_anew)


def _check_status(status: int, headers: dict[bytes, bytes]) -> None:
    if status == 200:
        return
    if status == 429:
        raise RateLimited("HTTP 429", retry_after=_retry_after(headers))
    if status == 413:
        raise AnswerTooLarge("HTTP 413")
    if status == 408 or status >= 500:
        raise SourceUnavailable(f"HTTP {status}", retry_after=_retry_after(headers))
    if 300 <= status < 400:
        raise SourceRefused(f"HTTP {status}: redirects are not followed")
    raise SourceRefused(f"HTTP {status}")


def _retry_after(headers: dict[bytes, bytes]) -> float | None:
    """Seconds to wait (RFC 9110, 10.2.3: a number or a date), an hour at most; None where nothing usable is
    said.
    """
    value = headers.get(b"retry-after", b"").decode("latin-1").strip()
    if value.isascii() and value.isdigit() and len(value) < 10:
        return min(float(value), _LONGEST_RETRY_AFTER)
    try:
        when = parsedate_to_datetime(value)
    except (ValueError, TypeError, OverflowError):
        return None
    when = when if when.tzinfo else when.replace(tzinfo=UTC)
    return min(max(0.0, (when - datetime.now(UTC)).total_seconds()), _LONGEST_RETRY_AFTER)


def decode_text(body: bytes) -> str:
    """UTF-8 text. Raises `BadAnswer`."""
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise BadAnswer("the answer is not UTF-8") from error


def parse_json(body: bytes) -> JSON:
    """JSON with exact numbers (`Decimal` for fractions, never a float) and one value per name.

    Raises `BadAnswer`, also for what parsers read differently (RFC 8259, sections 4, 6 and 8.2): a name given
    twice, NaN, numbers of absurd length, and characters that cannot be stored as text.
    """
    try:
        parsed: JSON = _DECODER.decode(decode_text(body))
        if b"\\u" in body:
            _check_texts(parsed)
    except (ValueError, ArithmeticError, RecursionError) as error:
        raise BadAnswer("the answer is not JSON") from error
    return parsed


def _no_constant(name: str) -> JSON:
    raise ValueError(f"{name} is not JSON")


def _fraction(text: str) -> Decimal:
    value = Decimal(text) if len(text) <= _LONGEST_FRACTION else None
    if value is None or abs(value.adjusted()) > _LONGEST_FRACTION:
        raise ValueError("a number is absurdly long")
    return value


def _object(pairs: list[tuple[str, JSON]]) -> dict[str, JSON]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name stands twice in an object")
    return found


_DECODER: Final = json.JSONDecoder(
    object_pairs_hook=_object, parse_float=_fraction, parse_constant=_no_constant
)


def _check_texts(value: JSON) -> None:
    """Half of a surrogate pair cannot be encoded, and PostgreSQL keeps no NUL."""
    if isinstance(value, str):
        value.encode("utf-8")
        if "\0" in value:
            raise ValueError("a text holds NUL")
    elif isinstance(value, dict):
        for name, item in value.items():
            _check_texts(name)
            _check_texts(item)
    elif isinstance(value, list):
        for item in value:
            _check_texts(item)


def milliseconds_since(start: float) -> int:
    """Whole milliseconds since a `time.monotonic()` value, rounded up."""
    return math.ceil((time.monotonic() - start) * 1000)
