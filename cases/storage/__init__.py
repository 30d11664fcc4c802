"""The file store: bytes under their SHA-256, on a file system or, by setting, in an S3-compatible bucket.

What is on its way in lies on the file system always, below `FILES_ROOT`; a whole file is handed to the store.
"""

import hashlib
from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Literal

from django.conf import settings

from cases.storage import filesystem, s3
from cases.storage.base import CHUNK, SETTLED_SECONDS, Damaged, Stored, TooLarge, Unreachable
from cases.storage.filesystem import path_of

__all__ = [
    "CHUNK",
    "SETTLED_SECONDS",
    "Damaged",
    "Stored",
    "TooLarge",
    "Unreachable",
    "adopt",
    "check",
    "discard",
    "open_stream",
    "open_unchecked",
    "path_of",
    "read",
    "store",
    "store_file",
]


def store(chunks: Iterable[bytes], *, limit: int | None = None) -> Stored:
    """Write the chunks, durable when this returns. Raises TooLarge past `limit` bytes; OSError where it cannot."""
    stored = filesystem.store(chunks, limit=limit)
    if settings.FILES_S3:
        # Bytes that another upload put there at the same time are the same bytes: the last of the two clears them away.
        s3.upload(filesystem.path_of(stored.sha256), stored.sha256, size=stored.size)
    return stored


def store_file(path: Path) -> Stored:
    """Store the content of a file that a child process wrote."""

    def chunks() -> Iterable[bytes]:
        with path.open("rb") as source:
            while chunk := source.read(CHUNK):
                yield chunk

    return store(chunks())


def adopt(path: Path, sha256: str) -> Stored:
    """Take over a file of `FILES_ROOT`'s own file system, flushed to disk and hashed already; it is gone from its place.

    Durable when this returns. Bytes that lie in the store under this digest, damaged or not, give way to these.
    """
    if not settings.FILES_S3:
        return filesystem.adopt(path, sha256)
    size = path.stat().st_size
    s3.upload(path, sha256, size=size)
    return Stored(sha256=sha256, size=size)


def open_stream(sha256: str) -> Iterator[bytes]:
    """The bytes under this digest, a mebibyte at a time, hashed on their way.

    Raises FileNotFoundError or Unreachable at once. Raises Damaged in place of the last chunk where they no longer fit
    the digest: who was promised a length gets less, and knows that it is not the file.
    """
    if settings.FILES_S3:
        return checked(s3.open_chunks(sha256), sha256)
    return filesystem.open_stream(sha256)


def open_unchecked(sha256: str) -> Iterator[bytes]:
    """The bytes as they are, for a bundle: its reader holds them against the digest, and shall see what is wrong.

    Raises FileNotFoundError or Unreachable at once.
    """
    if settings.FILES_S3:
        return s3.open_chunks(sha256)
    return filesystem.open_unchecked(sha256)


def read(sha256: str) -> bytes:
    """The bytes under this digest. Raises FileNotFoundError, Unreachable, or Damaged where they no longer fit it."""
    if settings.FILES_S3:
        return b"".join(open_stream(sha256))
    return filesystem.read(sha256)


def check(sha256: str) -> Literal["intact", "damaged", "missing"]:
    """Whether the bytes under this digest are there and still fit it. In constant memory.

    A disk's error is damage. A bucket that does not answer says nothing: Unreachable.
    """
    if not settings.FILES_S3:
        return filesystem.check(sha256)
    try:
        for _chunk in open_stream(sha256):
            pass
    except FileNotFoundError:
        return "missing"
    except Damaged:
        return "damaged"
    return "intact"


def discard(sha256: str, *, at: datetime) -> bool:
    """Remove the bytes under this digest, which no row names any more; False where they are gone, or just stored.

    Nothing is discarded in a bucket: it has no way to take a name away and look again, so that a file which somebody
    stores at the same moment could be lost. The operator clears it (docs/evidence.md).
    """
    if settings.FILES_S3:
        return False
    return filesystem.discard(sha256, at=at)


def checked(chunks: Iterable[bytes], sha256: str) -> Iterator[bytes]:
    """The chunks as they come, the last one held back until the digest fits. Raises Damaged."""
    digest, held = hashlib.sha256(), b""
    for chunk in chunks:
        if held:
            yield held
        digest.update(chunk)
        held = chunk
    if digest.hexdigest() != sha256:
        raise Damaged(sha256)
    if held:
        yield held
