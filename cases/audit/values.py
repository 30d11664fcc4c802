"""An event's values: kept sealed under the case's key, with a salted commitment to each in the event's body.

    commitment = SHA-256( "holdfast-value-1" ‖ salt (16) ‖ RFC 8785 of {NAME: value} )

Each value has a salt of its own, so that one can be shown to an outsider and its neighbour withheld. Once the case's
key is destroyed the values are gone, and the chain, which holds only the commitments, still verifies.
"""

import hashlib
import json
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from cases.sealing.envelope import KeyDestroyed, seal, unseal

SALT_BYTES = 16
# From where somebody acted stands among the values: an address and a session are personal data too.
SOURCE = "@source"
# 2^53: above it other readers of JSON lose digits, so RFC 8785 has none.
_LARGEST = 1 << 53
_NAME = re.compile(r"@?[A-Za-z][A-Za-z0-9_.-]*")


class NotCanonical(ValueError):
    """RFC 8785 as used here knows strings, booleans, nulls, lists, mappings and integers below 2^53."""


def canonical(value: object) -> bytes:
    """RFC 8785 of a value without floats and with ASCII names: sorted names, no blanks, UTF-8, shortest escapes.

    Python's own encoder writes just that for such values (held against the package `rfc8785` in the tests) in a
    tenth of the time; what it would write differently is refused. Raises NotCanonical.
    """
    _refuse_others(value)
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    try:
        return text.encode()
    except UnicodeEncodeError as error:
        raise NotCanonical("a text holds half a character") from error


def _refuse_others(value: object) -> None:
    if value is None or isinstance(value, str | bool):
        return
    if isinstance(value, int):
        if not -_LARGEST < value < _LARGEST:
            raise NotCanonical("an integer of 2^53 or more is written as text")
    elif isinstance(value, Mapping):
        for name, inner in value.items():
            if not isinstance(name, str) or not name.isascii():
                raise NotCanonical("a name is ASCII text")
            _refuse_others(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            _refuse_others(inner)
    else:
        raise NotCanonical(f"{type(value).__name__} is not a value of an event")


@dataclass(frozen=True, slots=True)
class Values:
    """What an event tells, read back: for each name its salt and RFC 8785 of `{NAME: value}`; the rows' salt."""

    texts: Mapping[str, tuple[bytes, bytes]] = field(default_factory=dict)
    row_salt: bytes = b""
    # False once the key was destroyed: then both are empty.
    kept: bool = True

    def salted(self) -> dict[str, tuple[bytes, Any]]:
        """`{name: (salt, value)}`, where it came from included."""
        return {name: (salt, json.loads(text)[name]) for name, (salt, text) in self.texts.items()}

    def plain(self) -> dict[str, Any]:
        """The values by name, without where they came from."""
        return {name: json.loads(text)[name] for name, (_salt, text) in self.texts.items() if name != SOURCE}

    def commitments(self) -> dict[str, str]:
        """The commitment of each value, by name."""
        return {name: commitment(salt, text) for name, (salt, text) in self.texts.items()}


def commitment(salt: bytes, text: bytes) -> str:
    """The commitment in hex by the formula at the head of this module; `text` is RFC 8785 of `{NAME: value}`."""
    return hashlib.sha256(b"holdfast-value-1" + salt + text).hexdigest()


def salted(values: Mapping[str, object]) -> Values:
    """The values as canonical texts with fresh salts. Raises NotCanonical."""
    for name in values:
        if _NAME.fullmatch(name) is None:
            raise NotCanonical(f"{name!r} is no name of a value")
    salts = secrets.token_bytes(SALT_BYTES * (len(values) + 1))
    texts = {
        name: (salts[place * SALT_BYTES : (place + 1) * SALT_BYTES], canonical({name: value}))
        for place, (name, value) in enumerate(values.items(), start=1)
    }
    return Values(texts=texts, row_salt=salts[:SALT_BYTES])


def sealed(*, stream: UUID, nonce: bytes, values: Values) -> bytes:
    """The values with their salts, under the stream's key and bound to this event.

    Sealed is `row salt (16)` and for each value `salt (16) ‖ length (4, big endian) ‖ RFC 8785 of {NAME: value}`.
    """
    parts = [values.row_salt]
    for salt, text in values.texts.values():
        parts += (salt, len(text).to_bytes(4, "big"), text)
    return seal(stream, b"".join(parts), bound=_bound(stream, nonce))


def opened(*, stream: UUID, nonce: bytes, blob: bytes) -> Values:
    """Read back what `sealed` wrote. Raises CannotUnseal where it was changed or belongs to another event."""
    try:
        packed = unseal(stream, blob, bound=_bound(stream, nonce))
    except KeyDestroyed:
        return Values(kept=False)
    texts: dict[str, tuple[bytes, bytes]] = {}
    place = SALT_BYTES
    while place < len(packed):
        begin = place + SALT_BYTES + 4
        end = begin + int.from_bytes(packed[place + SALT_BYTES : begin], "big")
        text = packed[begin:end]
        # `{"NAME":…}`, and a name holds no quotation mark.
        texts[text[2 : text.index(b'"', 2)].decode()] = (packed[place : place + SALT_BYTES], text)
        place = end
    return Values(texts=texts, row_salt=packed[:SALT_BYTES])


def _bound(stream: UUID, nonce: bytes) -> bytes:
    return b"audit_event" + stream.bytes + nonce
