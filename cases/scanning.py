"""Asking a malware scanner: clamd's INSTREAM command over a Unix socket or loopback TCP.

The protocol is clamd's own (clamd(8)): `zINSTREAM\\0`, chunks of a four byte big endian length and that many bytes, a
length of zero at the end; the answer is `stream: OK\\0`, `stream: NAME FOUND\\0`, or ends in `ERROR\\0`. Whatever is not
plainly one of the first two is a failed scan, never a clean file.
"""

import socket
import struct
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal

from django.conf import settings

TIMEOUT: Final = 60.0
_LONGEST_ANSWER: Final = 4096
_PIECE: Final = 1 << 16


@dataclass(frozen=True, slots=True)
class Scan:
    """`name`: of what was found, or why the scan failed; empty where nothing was found."""

    state: Literal["clean", "infected", "failed"]
    name: str = ""


def scan(chunks: Iterable[bytes]) -> Scan:
    """Have a file scanned, in constant memory. Raises what `chunks` raises; a scanner's own failure is an answer."""
    try:
        connection = _connected(settings.CLAMD)
    except OSError as error:
        return Scan("failed", f"The scanner cannot be reached: {error.strerror or error}")
    with connection:
        try:
            connection.sendall(b"zINSTREAM\0")
        except OSError as error:
            return Scan("failed", f"The scanner broke off: {error.strerror or error}")
        for chunk in chunks:
            try:
                for start in range(0, len(chunk), _PIECE):
                    piece = chunk[start : start + _PIECE]
                    connection.sendall(struct.pack(">I", len(piece)) + piece)
            except OSError as error:
                # It says why before it hangs up, such as that the file is larger than it reads.
                said = _answer(connection)
                return said if said.state == "failed" else Scan("failed", f"The scanner broke off: {error}")
        try:
            connection.sendall(struct.pack(">I", 0))
        except OSError as error:
            return Scan("failed", f"The scanner broke off: {error.strerror or error}")
        return _answer(connection)


def _connected(address: str) -> socket.socket:
    kind, _, place = address.partition(":")
    if kind == "unix":
        made = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        made.settimeout(TIMEOUT)
        try:
            made.connect(place)
        except OSError:
            made.close()
            raise
        return made
    host, _, port = place.rpartition(":")
    return socket.create_connection((host, int(port)), timeout=TIMEOUT)


def _answer(connection: socket.socket) -> Scan:
    answer = b""
    try:
        while not answer.endswith(b"\0") and len(answer) < _LONGEST_ANSWER:
            piece = connection.recv(_LONGEST_ANSWER)
            if not piece:
                break
            answer += piece
    except OSError as error:
        return Scan("failed", f"The scanner did not answer: {error.strerror or error}")
    if not answer.endswith(b"\0"):
        return Scan("failed", "The scanner broke off in its answer.")
    text = answer[:-1].decode("utf-8", "replace").strip()
    if text == "stream: OK":
        return Scan("clean")
    if text.startswith("stream: ") and text.endswith(" FOUND"):
        return Scan("infected", text.removeprefix("stream: ").removesuffix(" FOUND")[:200])
    return Scan("failed", text[:200] or "The scanner said nothing.")
