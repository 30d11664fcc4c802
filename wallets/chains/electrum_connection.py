"""One connection to an Electrum server: JSON-RPC, one line a message, with limits on time and size.

It goes to one host and port and is told no other; nothing from the environment sends it elsewhere. TLS is
verified against the same authorities as for HTTP: the public ones, or those that SSL_CERT_FILE names.
"""

import contextlib
import functools
import itertools
import json
import os
import socket
import ssl
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

import certifi

from wallets.chains.base import (
    AnswerTooLarge,
    BadAnswer,
    Failure,
    RateLimited,
    SourceRefused,
    SourceUnavailable,
)
from wallets.chains.http import JSON, Limits, milliseconds_since, parse_json

Call = tuple[str, list[JSON]]
Gate = Callable[[], AbstractContextManager[object]]

# The ports that servers of the protocol usually listen on.
_SCHEMES: Final = {"electrum+tcp": 50001, "electrum+ssl": 50002}
# aiorpcX, which ElectrumX is built on: EXCESSIVE_RESOURCE_USAGE and SERVER_BUSY.
_EXCESSIVE: Final = -101
_BUSY: Final = -102
# ElectrumX, RPC_ERROR_HISTORY_TOO_LONG; servers before that one say it in words only.
_HISTORY: Final = 10_001


@dataclass(frozen=True, slots=True)
class ElectrumAddress:
    """Where a server listens."""

    host: str
    port: int
    tls: bool

    @property
    def provider(self) -> str:
        """Host and port, as `providers.provider_of` names it."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"


def electrum_address(url: str) -> ElectrumAddress:
    """`electrum+tcp://host:port` or `electrum+ssl://host:port`. Raises `SourceRefused` for anything else."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise SourceRefused("the source's URL is not valid") from error
    if parts.scheme not in _SCHEMES or not parts.hostname:
        raise SourceRefused("the source's URL is not an Electrum URL")
    if parts.path not in {"", "/"} or parts.query or parts.fragment or "@" in parts.netloc:
        raise SourceRefused("an Electrum URL is a host and a port")
    return ElectrumAddress(
        parts.hostname.lower(), port or _SCHEMES[parts.scheme], parts.scheme == "electrum+ssl"
    )


@dataclass(frozen=True, slots=True)
class Problem:
    """The server's error to one call. `message` is its own text, which may hold anything: it is not passed on."""

    code: int
    message: str

    def as_failure(self) -> Failure:
        if self.code == _HISTORY or "history too large" in self.message.lower():
            return Failure("too_large", "the address has more history than the server serves")
        return Failure("refused", f"error {self.code}")


Result = JSON | Problem


@dataclass(frozen=True, slots=True)
class Reply:
    """One message as it was sent and the answer as it came, and the result of each call, in order."""

    question: bytes
    answer: bytes
    results: list[Result]
    took_ms: int


class ElectrumConnection:
    """Opened by the first question; not for several threads. After an error it is of no use: close it."""

    def __init__(self, address: ElectrumAddress, limits: Limits, gate: Gate | None = None) -> None:
        self._address = address
        self._limits = limits
        self._gate = gate or contextlib.nullcontext
        self._ids = itertools.count()
        self._socket: socket.socket | None = None
        self._rest = b""

    def close(self) -> None:
        if self._socket is not None:
            with contextlib.suppress(OSError):
                self._socket.close()

    def ask(self, calls: Sequence[Call]) -> Reply:
        """Send `calls` as one message and wait for the answer to all of them.

        A call that fails is a `Problem` among the results; one that fails because the server is overloaded
        raises, as does everything that is wrong with the whole message.
        """
        ids: list[JSON] = [next(self._ids) for _call in calls]
        requests: list[JSON] = [
            {"jsonrpc": "2.0", "id": each, "method": method, "params": params}
            for each, (method, params) in zip(ids, calls, strict=True)
        ]
        question = json.dumps(requests[0] if len(requests) == 1 else requests).encode()
        with self._gate(), _as_chain_errors():
            start = time.monotonic()
            deadline = start + self._limits.total
            if self._socket is None:
                self._socket = _connect(self._address, self._limits)
            self._socket.settimeout(self._limits.silence)
            self._socket.sendall(question + b"\n")
            answer, parsed = self._answer(self._socket, deadline)
            return Reply(question, answer, _results(parsed, ids), milliseconds_since(start))

    def _answer(self, opened: socket.socket, deadline: float) -> tuple[bytes, JSON]:
        """The next message that is no notification: `headers.subscribe` makes the server send those, too."""
        budget = self._limits.body
        while True:
            line = self._line(opened, deadline, budget)
            budget -= len(line)
            parsed = parse_json(line)
            if not isinstance(parsed, dict) or "method" not in parsed or "id" in parsed:
                return line, parsed

    def _line(self, opened: socket.socket, deadline: float, budget: int) -> bytes:
        chunks = [self._rest]
        size = len(self._rest)
        while b"\n" not in chunks[-1]:
            if size > budget:
                raise AnswerTooLarge(f"more than {self._limits.body} bytes")
            left = deadline - time.monotonic()
            if left <= 0:
                raise SourceUnavailable("no answer in time")
            opened.settimeout(min(self._limits.silence, left))
            chunk = opened.recv(65536)
            if not chunk:
                raise SourceUnavailable("the connection was closed")
            chunks.append(chunk)
            size += len(chunk)
        line, _newline, self._rest = b"".join(chunks).partition(b"\n")
        if len(line) > budget:
            raise AnswerTooLarge(f"more than {self._limits.body} bytes")
        return line


def _connect(address: ElectrumAddress, limits: Limits) -> socket.socket:
    opened = socket.create_connection((address.host, address.port), timeout=limits.connect)
    if not address.tls:
        return opened
    try:
        opened.settimeout(limits.silence)
        return _tls(os.environ.get("SSL_CERT_FILE") or certifi.where()).wrap_socket(
            opened, server_hostname=address.host
        )
    except BaseException:
        opened.close()
        raise


@functools.lru_cache(maxsize=4)
def _tls(authorities: str) -> ssl.SSLContext:
    # Loading the certificates takes longer than a look.
    return ssl.create_default_context(cafile=authorities)


class _as_chain_errors(AbstractContextManager[None]):  # noqa: N801 – reads as a statement
    """Errors of sockets and TLS as those of a source. Their text may name hosts: the kind is enough."""

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, TimeoutError):
            raise SourceUnavailable("no answer in time") from error
        if isinstance(error, OSError):
            raise SourceUnavailable(f"the connection failed ({type(error).__name__})") from error


def _results(answer: JSON, ids: list[JSON]) -> list[Result]:
    """The result of each id. Raises `BadAnswer` unless each was answered exactly once, and nothing else."""
    if len(ids) == 1:
        return [_result(answer, ids[0])]
    if isinstance(answer, dict) and answer.get("error") is not None:
        # A message that the server does not take at all is answered once.
        problem = _problem(answer["error"])
        raise SourceRefused(f"the whole message was refused, error {problem.code}")
    if not isinstance(answer, list) or len(answer) != len(ids):
        raise BadAnswer("not as many answers as questions")
    by_id = {
        item["id"]: item for item in answer if isinstance(item, dict) and isinstance(item.get("id"), int)
    }
    if by_id.keys() != set(ids):
        raise BadAnswer("the answers do not belong to the questions")
    return [_result(by_id[each], each) for each in ids]


def _result(item: JSON, expected: JSON) -> Result:
    if not isinstance(item, dict):
        raise BadAnswer("the answer is not of JSON-RPC")
    if item.get("error") is not None:
        return _problem(item["error"])
    if item.get("id") != expected or isinstance(item.get("id"), bool) or "result" not in item:
        raise BadAnswer("the answer does not belong to the question")
    return item["result"]


def _problem(error: JSON) -> Problem:
    """Raises `RateLimited` or `SourceUnavailable` where the server says that it is overloaded."""
    if not isinstance(error, dict):
        # romanz/electrs before 0.9 and some others answer with a text alone.
        return Problem(0, error if isinstance(error, str) else "")
    code, message = error.get("code"), error.get("message")
    if isinstance(code, bool) or not isinstance(code, int) or not -(2**31) <= code < 2**31:
        code = 0
    if code == _EXCESSIVE:
        raise RateLimited("the server says that it is asked too much")
    if code == _BUSY:
        raise SourceUnavailable("the server is busy")
    return Problem(code, message if isinstance(message, str) else "")
