"""What the file stores share."""

from dataclasses import dataclass

# What is read of a large file at a time.
CHUNK = 1 << 20
# What was stored within this time is not discarded: its row may not be committed yet.
SETTLED_SECONDS = 86_400


class Damaged(Exception):
    """The stored bytes no longer have the digest under which they were stored."""


class TooLarge(Exception):
    """More bytes than the caller allows."""


class Unreachable(OSError):
    """The store did not answer, or refused: nothing is known of the file. Never told as damage or loss."""


@dataclass(frozen=True)
class Stored:
    """A stored file: SHA-256 in hex and size in bytes."""

    sha256: str
    size: int
