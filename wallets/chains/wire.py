"""The sockets below the HTTP client: each read and write ends by a moment, not after a silence alone.

A server that sends one byte every few seconds never lets a time-out for silence run out. httpcore hands its
time-outs for reading and writing through to the stream as they are: here they are moments of `time.monotonic()`.
"""

import contextlib
import os
import socket
import ssl
import time
from collections.abc import Iterable
from typing import Any, Final

import httpcore

# Bytes taken from a socket at once: fewer calls than httpcore's 64 KiB, and below the size from which memory is
# asked of the system anew each time.
_AT_ONCE: Final = 96 * 1024
_open: Final[set["Stream"]] = set()


class Stream(httpcore.NetworkStream):
    """A connection. `silence`: the longest wait in seconds for the next byte.

    Each call into the system costs more than what Python does in between. So head and body of a question leave
    together, at the first look for an answer, and the socket's own time-out is set only where it changes.
    """

    def __init__(self, inner: httpcore.NetworkStream, silence: float) -> None:
        self._inner = inner
        self._silence = silence
        self._socket: socket.socket = inner.get_extra_info("socket")
        self._patience = 0.0
        self._unsent: list[bytes] = []
        _open.add(self)

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        if self._unsent:
            self._send(timeout)
        try:
            self._be_patient(timeout)
            return self._socket.recv(max(max_bytes, _AT_ONCE))
        except TimeoutError as error:
            raise httpcore.ReadTimeout from error
        except OSError as error:
            raise httpcore.ReadError from error

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._unsent.append(buffer)

    def _send(self, moment: float | None) -> None:
        rest = memoryview(b"".join(self._unsent))
        self._unsent.clear()
        try:
            while rest:
                self._be_patient(moment)
                rest = rest[self._socket.send(rest) :]
        except TimeoutError as error:
            raise httpcore.WriteTimeout from error
        except OSError:
            # A server may refuse a question before it has heard it out, and say so: the answer decides.
            return

    def close(self) -> None:
        _open.discard(self)
        self._inner.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        _open.discard(self)
        return Stream(self._inner.start_tls(ssl_context, server_hostname, timeout), self._silence)

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)

    def abandon(self) -> None:
        """Close the descriptor alone; the connection goes on in the process that it was copied from."""
        with contextlib.suppress(OSError):
            self._socket.close()

    def _be_patient(self, moment: float | None) -> None:
        """Wait for the next byte until `moment` at most. Raises `TimeoutError` when that has passed."""
        patience = self._silence
        if moment is not None:
            remaining = moment - time.monotonic()
            if remaining <= 0:
                raise TimeoutError
            patience = min(patience, remaining)
        if patience != self._patience:
            self._socket.settimeout(patience)
            self._patience = patience


class Backend(httpcore.NetworkBackend):
    """Connections by TCP, without delay for small packets."""

    def __init__(self, silence: float) -> None:
        self._inner = httpcore.SyncBackend()
        self._silence = silence

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        stream = self._inner.connect_tcp(host, port, timeout, local_address, socket_options)
        return Stream(stream, self._silence)

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)


def _abandon_all() -> None:
    """Two processes must never speak on one connection."""
    for stream in list(_open):
        stream.abandon()
    _open.clear()


os.register_at_fork(after_in_child=_abandon_all)
