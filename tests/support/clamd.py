"""A strict double of clamd: it takes INSTREAM as clamd(8) describes it, byte by byte, and answers what it is told."""

import socketserver
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class Clamd(socketserver.ThreadingUnixStreamServer):
    """`answers`: by what stands in the file. `limit`: the longest stream that it reads."""

    daemon_threads = True

    def __init__(
        self, place: Path, *, limit: int = 1 << 20, mute: bool = False, garbage: bool = False
    ) -> None:
        self.limit, self.mute, self.garbage = limit, mute, garbage
        self.read: list[bytes] = []
        self.mistakes: list[str] = []
        super().__init__(str(place), _Session)


class _Session(socketserver.StreamRequestHandler):
    server: Clamd

    def handle(self) -> None:
        command = self._exactly(10)
        if command != b"zINSTREAM\0":
            self.server.mistakes.append(f"command {command!r}")
            return
        content = b""
        while True:
            (length,) = struct.unpack(">I", self._exactly(4))
            if length == 0:
                break
            if len(content) + length > self.server.limit:
                self.wfile.write(b"INSTREAM size limit exceeded. ERROR\0")
                return
            content += self._exactly(length)
        self.server.read.append(content)
        if self.server.mute:
            return
        if self.server.garbage:
            self.wfile.write(b"stream: perhaps\0")
        elif b"EICAR" in content:
            self.wfile.write(b"stream: Eicar-Signature FOUND\0")
        else:
            self.wfile.write(b"stream: OK\0")

    def _exactly(self, length: int) -> bytes:
        found = self.rfile.read(length)
        if len(found) != length:
            self.server.mistakes.append(f"{length} bytes were announced, {len(found)} came")
            raise ConnectionError
        return found


@contextmanager
def clamd(folder: Path, **how: object) -> Iterator[tuple[str, Clamd]]:
    """A running double and its address as the setting has it."""
    place = folder / "clamd.sock"
    server = Clamd(place, **how)  # type: ignore[arg-type]
    server.handle_error = lambda *_: None  # type: ignore[method-assign]
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"unix:{place}", server
    finally:
        server.shutdown()
        server.server_close()
        place.unlink(missing_ok=True)
