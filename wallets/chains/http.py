"""The one client that leaves the house: configured origins only, with limits on time and size, and no
redirects.

Proxies and credentials from the environment are not followed (`trust_env`), so that nothing but the settings
decides who learns what is looked up. Answers are asked for uncompressed: a compressed one could unpack to
more than it may be.
"""

import functools
import json
import math
import ssl
import time
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from email.utils import parsedate_to_datetime
from types import TracebackType
from typing import Final, Self
from urllib.parse import urlsplit

import httpx
import stamina

from wallets.chains.base import (
    AnswerTooLarge,
    BadAnswer,
    ChainError,
    RateLimited,
    SourceRefused,
    SourceUnavailable,
)

JSON = dict[str, "JSON"] | list["JSON"] | str | int | Decimal | bool | None
Origin = tuple[str, str, int]

_DEFAULT_PORTS: Final = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of one request. Times in seconds, size in bytes.

    `total` bounds one try from the first byte sent to the last one read, so that an answer that trickles ends
    too. `patience` is the longest wait that a provider's Retry-After may impose within one look.
    """

    connect: float = 5.0
    silence: float = 10.0
    total: float = 20.0
    body: int = 16 * 1024 * 1024
    tries: int = 3
    patience: float = 10.0


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
    host = f"[{host}]" if ":" in host else host
    return host if _DEFAULT_PORTS[scheme] == port else f"{host}:{port}"


@functools.cache
def _tls() -> ssl.SSLContext:
    # Loading the certificate store takes longer than a whole look at a local node: once per process. A
    # certificate authority of one's own may be named by SSL_CERT_FILE, as everywhere.
    return httpx.create_ssl_context()


class ChainClient:
    """An HTTP client for `allowed` origins. Use it in a `with`; threads may share it.

    Every call raises a `ChainError` when there is no usable answer, having tried again where that can help.
    """

    def __init__(
        self,
        *,
        allowed: Iterable[str],
        limits: Limits | None = None,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self.limits = limits or Limits()
        self._allowed = frozenset(origin_of(url) for url in allowed)
        self._http = httpx.Client(
            follow_redirects=False,
            trust_env=False,
            verify=_tls() if any(origin[0] == "https" for origin in self._allowed) else False,
            timeout=httpx.Timeout(self.limits.silence, connect=self.limits.connect),
            headers={"Accept-Encoding": "identity", "User-Agent": "holdfast"},
            transport=transport,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._http.close()

    def get_json(self, url: str) -> JSON:
        return _parse(self._fetch("GET", url, None))

    def get_text(self, url: str) -> str:
        return _decode(self._fetch("GET", url, None))

    def post_json(self, url: str, body: str) -> JSON:
        """Send `body`, which is JSON already, and give back the JSON that comes."""
        return _parse(self._fetch("POST", url, body.encode()))

    def _fetch(self, method: str, url: str, body: bytes | None) -> bytes:
        if origin_of(url) not in self._allowed:
            raise SourceRefused("the host is not a configured source")
        for attempt in stamina.retry_context(
            on=self._may_retry, attempts=self.limits.tries, timeout=None, wait_initial=0.2, wait_max=5.0
        ):
            with attempt:
                return self._try(method, url, body)
        raise AssertionError("stamina ends by an answer or an error")

    def _may_retry(self, error: Exception) -> bool | float:
        """Whether to try again at once; a number is the wait in seconds that the provider asked for."""
        if not isinstance(error, ChainError) or not error.retry:
            return False
        if error.retry_after is None:
            return True
        # A longer wait is not sat out here: the schedule takes it over.
        return error.retry_after if error.retry_after <= self.limits.patience else False

    def _try(self, method: str, url: str, body: bytes | None) -> bytes:
        deadline = time.monotonic() + self.limits.total
        headers = {"Content-Type": "application/json"} if body is not None else None
        try:
            with self._http.stream(method, url, content=body, headers=headers) as response:
                _check_status(response)
                return self._read(response, deadline)
        except httpx.TimeoutException as error:
            raise SourceUnavailable("no answer in time") from error
        except httpx.InvalidURL as error:
            raise SourceRefused("the source's URL is not valid") from error
        except httpx.HTTPError as error:
            # The message may hold the URL, and the URL a key: the kind of error is enough.
            raise SourceUnavailable(f"the connection failed ({type(error).__name__})") from error

    def _read(self, response: httpx.Response, deadline: float) -> bytes:
        if response.headers.get("content-encoding", "identity").lower() != "identity":
            raise BadAnswer("the answer is compressed although that was not asked for")
        chunks: list[bytes] = []
        size = 0
        for chunk in response.iter_raw():
            size += len(chunk)
            if size > self.limits.body:
                raise AnswerTooLarge(f"more than {self.limits.body} bytes")
            if time.monotonic() > deadline:
                raise SourceUnavailable("the answer took too long")
            chunks.append(chunk)
        return b"".join(chunks)


def _check_status(response: httpx.Response) -> None:
    status = response.status_code
    if status == 200:
        return
    if status == 429:
        raise RateLimited("HTTP 429", retry_after=_retry_after(response))
    if status == 413:
        raise AnswerTooLarge("HTTP 413")
    if status == 408 or status >= 500:
        raise SourceUnavailable(f"HTTP {status}", retry_after=_retry_after(response))
    if 300 <= status < 400:
        raise SourceRefused(f"HTTP {status}: redirects are not followed")
    raise SourceRefused(f"HTTP {status}")


def _retry_after(response: httpx.Response) -> float | None:
    """Seconds to wait (RFC 9110, 10.2.3: a number or a date); None where nothing usable is said."""
    value = response.headers.get("retry-after", "").strip()
    if value.isascii() and value.isdigit() and len(value) < 10:
        return float(value)
    try:
        when = parsedate_to_datetime(value)
    except ValueError:
        return None
    when = when if when.tzinfo else when.replace(tzinfo=UTC)
    return max(0.0, (when - datetime.now(UTC)).total_seconds())


def _decode(body: bytes) -> str:
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise BadAnswer("the answer is not UTF-8") from error


def _parse(body: bytes) -> JSON:
    try:
        parsed: JSON = json.loads(_decode(body), parse_float=Decimal, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise BadAnswer("the answer is not JSON") from error
    return parsed


def _no_constant(name: str) -> JSON:
    raise ValueError(f"{name} is not JSON")


def milliseconds_since(start: float) -> int:
    """Whole milliseconds since a `time.monotonic()` value, rounded up."""
    return math.ceil((time.monotonic() - start) * 1000)
