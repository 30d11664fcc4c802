"""Checkpoints as text: C2SP signed-note with the body of a C2SP tlog-checkpoint.

<origin>
<size of the tree, decimal>
<root, base64>
time <RFC 3339, UTC>
<empty line>
— <name of the key> <base64 of 4 bytes that name the key and 64 of the signature>
"""

import base64
import binascii
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from cases.audit.record import utc_text
from cases.audit.tree.keys import is_signed_by, key_hash, public_bytes


class BadNote(ValueError):
    """The text is no checkpoint."""


@dataclass(frozen=True, slots=True)
class Note:
    """A checkpoint read back. `signatures` are `(name, key hash, signature)`; `text` is what they sign."""

    origin: str
    size: int
    root: bytes
    streams: tuple[int, bytes]
    text: bytes
    signatures: tuple[tuple[str, bytes, bytes], ...]

    def is_signed(self, name: str, public: bytes) -> bool:
        """Whether this key signed it."""
        wanted = key_hash(name, public)
        return any(
            signer == name and named == wanted and is_signed_by(self.text, signature, public)
            for signer, named, signature in self.signatures
        )


def written(
    *,
    origin: str,
    size: int,
    root: bytes,
    streams: tuple[int, bytes],
    at: datetime,
    signers: Iterable[tuple[str, Ed25519PrivateKey]],
) -> str:
    """The signed note."""
    text = f"{origin}\n{size}\n{base64.b64encode(root).decode()}\ntime {utc_text(at)}\n"
    text += f"streams {streams[0]} {base64.b64encode(streams[1]).decode()}\n"
    lines = []
    for name, key in signers:
        signed = key_hash(name, public_bytes(key)) + key.sign(text.encode())
        lines.append(f"— {name} {base64.b64encode(signed).decode()}\n")
    return text + "\n" + "".join(lines)


def read(note: str) -> Note:
    """Raises BadNote."""
    text, separator, tail = note.rpartition("\n\n")
    lines = text.split("\n")
    try:
        if not separator or len(lines) < 5 or not lines[1].isascii() or not lines[1].isdigit():
            raise BadNote("not a checkpoint")
        signatures = []
        for line in tail.splitlines():
            dash, name, signed = line.split(" ")
            raw = base64.b64decode(signed, validate=True)
            if dash != "—" or len(raw) < 5:
                raise BadNote("not a signature")
            signatures.append((name, raw[:4], raw[4:]))
        root = base64.b64decode(lines[2], validate=True)
        word, count, streams = lines[4].split(" ")
        if word != "streams" or not count.isdigit():
            raise BadNote("no streams")
        below = (int(count), base64.b64decode(streams, validate=True))
    except (binascii.Error, ValueError) as error:
        raise BadNote(str(error)) from error
    if len(root) != 32:
        raise BadNote("the root is no SHA-256")
    return Note(lines[0], int(lines[1]), root, below, (text + "\n").encode(), tuple(signatures))
