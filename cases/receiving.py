"""Files on their way in: appended to as their bytes arrive, resumable after any cut, then moved into the file store.

How far a file is, is how much of it lies on disk; nothing else keeps count, so nothing can disagree. The digest is
taken while the bytes arrive. Where another process took some of them, or this one was started anew, what it did not
see is read back from disk; what is hashed is in either case what was written.
"""

import fcntl
import hashlib
import os
import shutil
from collections import OrderedDict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from io import FileIO
from pathlib import Path
from threading import Lock
from typing import Any, Final
from uuid import UUID

from django.conf import settings

from cases import storage

CHUNK: Final = 1 << 20
# Room that stays free whatever is announced: the database writes on, and so does the record.
SPARE: Final = 256 << 20
_REMEMBERED: Final = 64


class WrongOffset(Exception):
    """The part does not begin where the bytes end. `received`: how many there are."""

    def __init__(self, received: int) -> None:
        super().__init__(f"{received} bytes are here")
        self.received = received


class TooMuch(Exception):
    """More bytes than were announced. None of the surplus was kept."""


# How far each file was hashed here, with the hash so far. Bytes are only ever appended, so such a state stays true.
_hashed: "OrderedDict[UUID, tuple[int, Any]]" = OrderedDict()
_hashed_lock = Lock()


def folder() -> Path:
    """Where files on their way in lie: on the file system of the store, so that taking one over is a rename."""
    return Path(settings.FILES_ROOT) / "incoming" / "uploads"


def place_of(token: UUID) -> Path:
    return folder() / token.hex


def received(token: UUID) -> int:
    """How many bytes are here, 0 where none came yet."""
    try:
        return place_of(token).stat().st_size
    except FileNotFoundError:
        return 0


def has_room(size: int) -> bool:
    """Whether a file of this size would fit on disk now, with room to spare."""
    root = Path(settings.FILES_ROOT)
    root.mkdir(parents=True, exist_ok=True, mode=0o700)
    return shutil.disk_usage(root).free >= size + SPARE


@contextmanager
def _opened(token: UUID) -> Iterator[FileIO]:
    """The file, locked: of two requests with the same part one finds the other's bytes."""
    root = Path(settings.FILES_ROOT)
    root.mkdir(parents=True, exist_ok=True, mode=0o700)
    for place in (root / "incoming", folder()):
        place.mkdir(exist_ok=True, mode=0o700)
    descriptor = os.open(place_of(token), os.O_RDWR | os.O_CREAT, 0o600)
    with FileIO(descriptor, "r+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield file


def append(token: UUID, *, offset: int, chunks: Iterable[bytes], size: int) -> int:
    """Append a part that begins at `offset` to a file that will be `size` long; how many bytes there are then.

    Durable when this returns. What arrived before a cut stays and counts: the sender asks, and goes on from there.
    Raises WrongOffset, TooMuch, OSError where the disk is full.
    """
    with _opened(token) as file:
        there = int(file.seek(0, os.SEEK_END))
        if there != offset:
            raise WrongOffset(there)
        state = _state(token, there)
        try:
            for chunk in chunks:
                if there + len(chunk) > size:
                    raise TooMuch
                written = 0
                while written < len(chunk):
                    done = file.write(memoryview(chunk)[written:]) or 0
                    if state is not None:
                        state.update(memoryview(chunk)[written : written + done])
                    written += done
                    there += done
        finally:
            _remember(token, there, state)
            os.fsync(file.fileno())
    return there


def _state(token: UUID, there: int) -> Any:
    """The hash of the first `there` bytes if this process saw them all; None where it must be read back later."""
    if there == 0:
        return hashlib.sha256()
    with _hashed_lock:
        reached, state = _hashed.get(token, (0, None))
    return state.copy() if state is not None and reached == there else None


def _remember(token: UUID, there: int, state: Any) -> None:
    with _hashed_lock:
        if state is not None:
            _hashed[token] = (there, state)
            _hashed.move_to_end(token)
        while len(_hashed) > _REMEMBERED:
            _hashed.popitem(last=False)


def digest_of(token: UUID) -> str:
    """SHA-256 in hex of all that is here. In constant memory."""
    with _opened(token) as file:
        with _hashed_lock:
            reached, state = _hashed.get(token, (0, None))
        hashed = hashlib.sha256() if state is None else state.copy()
        file.seek(reached)
        while chunk := file.read(CHUNK):
            hashed.update(chunk)
        return str(hashed.hexdigest())


def head_of(token: UUID, length: int) -> bytes:
    """The first bytes, by which a file's type is told; none where nothing is here."""
    try:
        with place_of(token).open("rb") as file:
            return file.read(length)
    except FileNotFoundError:
        return b""


def take_over(token: UUID, *, sha256: str) -> storage.Stored:
    """Move what is here into the file store under its digest, which `digest_of` gave. Durable when this returns."""
    with _opened(token) as file:
        os.fsync(file.fileno())
    stored = storage.adopt(place_of(token), sha256)
    forget(token)
    return stored


def forget(token: UUID) -> None:
    """Remove what is here."""
    place_of(token).unlink(missing_ok=True)
    with _hashed_lock:
        _hashed.pop(token, None)


def strays(*, known: Iterable[UUID]) -> list[UUID]:
    """Files that no upload knows any more."""
    kept = {token.hex for token in known}
    if not folder().exists():
        return []
    return [UUID(hex=path.name) for path in folder().iterdir() if path.name not in kept]
