"""The file store on a file system: bytes under their SHA-256, written once.

A file is written beside its place, flushed to disk and then linked there, so that a name never shows half a file.
Reading checks the digest again: a byte that changed on disk is an error, never a download.
"""

import contextlib
import hashlib
import os
import secrets
from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Literal

from django.conf import settings

from cases.storage.base import CHUNK, SETTLED_SECONDS, Damaged, Stored, TooLarge


def path_of(sha256: str) -> Path:
    """Where the bytes with this digest lie."""
    if len(sha256) != 64 or not all(c in "0123456789abcdef" for c in sha256):
        raise ValueError("not a SHA-256 in hex")
    return Path(settings.FILES_ROOT) / sha256[:2] / sha256


def store(chunks: Iterable[bytes], *, limit: int | None = None) -> Stored:
    """Write the chunks, durable on disk when this returns. Raises TooLarge past `limit` bytes; OSError when full."""
    root = Path(settings.FILES_ROOT)
    incoming = root / "incoming"
    # `parents=True` would make the root itself with the process's usual rights.
    root.mkdir(parents=True, exist_ok=True, mode=0o700)
    incoming.mkdir(exist_ok=True, mode=0o700)
    temporary = incoming / secrets.token_hex(16)
    digest, size = hashlib.sha256(), 0
    try:
        with temporary.open("xb") as out:
            for chunk in chunks:
                size += len(chunk)
                if limit is not None and size > limit:
                    raise TooLarge
                digest.update(chunk)
                out.write(chunk)
            out.flush()
            os.fsync(out.fileno())
        temporary.chmod(0o400)
        target = path_of(digest.hexdigest())
        target.parent.mkdir(mode=0o700, exist_ok=True)
        temporary.replace(target)
        # The name in its folder, and the folder's own name where it is new.
        for folder in (target.parent, root):
            _flush_folder(folder)
    finally:
        temporary.unlink(missing_ok=True)
    return Stored(sha256=digest.hexdigest(), size=size)


def _flush_folder(folder: Path) -> None:
    opened = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


def read(sha256: str) -> bytes:
    """The bytes under this digest. Raises FileNotFoundError, or Damaged where they no longer fit it."""
    data = path_of(sha256).read_bytes()
    if hashlib.sha256(data).hexdigest() != sha256:
        raise Damaged(sha256)
    return data


def open_stream(sha256: str) -> Iterator[bytes]:
    """The bytes under this digest, a mebibyte at a time, hashed on their way.

    Raises FileNotFoundError at once. Raises Damaged in place of the last chunk where they no longer fit the digest: who
    was promised a length gets less, and knows that it is not the file.
    """
    path = path_of(sha256)
    path.stat()
    return _checked(path, sha256)


def _checked(path: Path, sha256: str) -> Iterator[bytes]:
    # Opened by the first chunk alone: a stream that nobody reads holds no file open.
    digest = hashlib.sha256()
    with path.open("rb") as source:
        held = source.read(CHUNK)
        while held:
            following = source.read(CHUNK)
            digest.update(held)
            if not following and digest.hexdigest() != sha256:
                raise Damaged(sha256)
            yield held
            held = following
    if digest.hexdigest() != sha256:
        raise Damaged(sha256)


def open_unchecked(sha256: str) -> Iterator[bytes]:
    """The bytes as they lie there. Raises FileNotFoundError at once."""
    path = path_of(sha256)
    path.stat()

    def chunks() -> Iterator[bytes]:
        with path.open("rb") as source:
            while chunk := source.read(CHUNK):
                yield chunk

    return chunks()


def check(sha256: str) -> Literal["intact", "damaged", "missing"]:
    """Whether the bytes under this digest are there and still fit it. In constant memory; a disk's error is damage."""
    try:
        for _chunk in open_stream(sha256):
            pass
    except FileNotFoundError:
        return "missing"
    except (Damaged, OSError):
        return "damaged"
    return "intact"


def adopt(path: Path, sha256: str) -> Stored:
    """Take over a file of the same file system, flushed to disk already, by a rename. Durable when this returns.

    The caller hashed it. Bytes that lie there under this digest, damaged or not, give way to these.
    """
    target = path_of(sha256)
    size = path.stat().st_size
    target.parent.mkdir(mode=0o700, exist_ok=True)
    path.chmod(0o400)
    # Now, not when its last part came: `discard` leaves alone what was stored a short while ago.
    os.utime(path)
    path.replace(target)
    for folder in (target.parent, Path(settings.FILES_ROOT)):
        _flush_folder(folder)
    return Stored(sha256=sha256, size=size)


def discard(sha256: str, *, at: datetime) -> bool:
    """Remove the bytes under this digest, which no row names any more; False where they are gone, or just stored.

    The name is taken away first, then looked at: somebody who stores the same bytes meanwhile puts new ones there, and
    what was stored within SETTLED_SECONDS is put back.
    """
    target = path_of(sha256)
    taken = Path(settings.FILES_ROOT) / "incoming" / f"discarded-{secrets.token_hex(16)}"
    try:
        target.rename(taken)
    except FileNotFoundError:
        return False
    if at.timestamp() - taken.stat().st_mtime < SETTLED_SECONDS:
        with contextlib.suppress(FileExistsError):
            os.link(taken, target)
        taken.unlink()
        return False
    taken.unlink()
    for folder in (target.parent, taken.parent):
        _flush_folder(folder)
    return True
