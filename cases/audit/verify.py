"""Reading chains back: recompute every hash and say where the first one does not fit.

Each event is read as bytes; its body is built anew from the columns and from the commitments of its unsealed values,
and compared with the one that is stored: one comparison for everything that a page shows. Only where they differ is
looked for the part that does.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import connection, transaction

from cases.audit.models import Event, Stream
from cases.audit.values import Values, opened
from cases.sealing.envelope import CannotUnseal

TAG = b"holdfast-event-2"
# How many events are fetched at once.
PIECE = 2000


@dataclass(frozen=True)
class Finding:
    """A place where the chain does not hold."""

    sequence: int
    reason: str


# The order of the query's columns.
@dataclass(frozen=True, slots=True)
class _Read:
    sequence: int
    nonce: bytes
    body: bytes
    sealed_values: bytes
    rows: str
    previous_hash: bytes
    hash: bytes
    recorded_us: int | None
    action: str
    object_kind: str
    object_number: int | None
    acting_role: str
    occurred_at: str | None
    actor: str | None


_QUERY = """
    SELECT event.sequence, event.nonce, event.body, event.sealed_values, event.rows, event.previous_hash, event.hash,
           (extract(epoch FROM event.recorded_at) * 1000000)::bigint,
           event.action, event.object_kind, event.object_number, event.acting_role,
           to_char(event.occurred_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
           person.public_id::text
    FROM audit_event AS event LEFT JOIN people_user AS person ON person.id = event.actor_id
    WHERE event.stream_id = %s ORDER BY event.sequence
"""


def hash_of(*, stream: Stream, event: Event) -> bytes:
    """The hash an event ought to have, computed by the formula at the head of `cases.audit.models.events`.

    Empty, which fits no event, where the database's own time was taken out.
    """
    if event.recorded_at is None:
        return b""
    with connection.cursor() as cursor:
        cursor.execute("SELECT (extract(epoch FROM %s::timestamptz) * 1000000)::bigint", [event.recorded_at])
        (microseconds,) = cursor.fetchone()
    return _hash(
        stream.uuid.bytes,
        event.sequence,
        microseconds,
        bytes(event.previous_hash),
        bytes(event.body),
        event.rows,
    )


def _hash(stream: bytes, sequence: int, microseconds: int, previous: bytes, body: bytes, rows: str) -> bytes:
    return hashlib.sha256(
        TAG
        + stream
        + sequence.to_bytes(8, "big")
        + microseconds.to_bytes(8, "big", signed=True)
        + previous
        + hashlib.sha256(body).digest()
        + hashlib.sha256(rows.encode()).digest()
    ).digest()


def verify_stream(stream: Stream) -> Finding | None:
    """None when every event follows from the one before and the head fits; otherwise the first misfit."""
    uuid = stream.uuid
    previous, expected = bytes(32), 1
    for event in _events(stream.pk):
        if event.sequence != expected:
            return Finding(expected, "missing")
        if event.previous_hash != previous:
            return Finding(expected, "previous hash differs")
        if event.recorded_us is None or event.hash != _hash(
            uuid.bytes, expected, event.recorded_us, previous, event.body, event.rows
        ):
            return Finding(expected, "hash differs")
        if (reason := _misfit(uuid, event)) is not None:
            return Finding(expected, reason)
        previous = event.hash
        expected += 1
    if stream.length != expected - 1 or bytes(stream.head_hash) != previous:
        return Finding(expected, "the head names another event")
    return None


def _events(stream_id: int) -> Iterator[_Read]:
    """The events of a stream in their order, read piece by piece at one moment."""
    with transaction.atomic(), connection.chunked_cursor() as cursor:
        cursor.execute(_QUERY, [stream_id])
        while piece := cursor.fetchmany(PIECE):
            for row in piece:
                yield _Read(
                    row[0],
                    bytes(row[1]),
                    bytes(row[2]),
                    bytes(row[3]),
                    row[4],
                    bytes(row[5]),
                    bytes(row[6]),
                    *row[7:],
                )


def _misfit(stream: UUID, event: _Read) -> str | None:
    """Why an event whose hash fits is not what its columns and values say; None where it is."""
    try:
        told = opened(stream=stream, nonce=event.nonce, blob=event.sealed_values)
    except (CannotUnseal, ValueError):
        told = None
    if told is not None and told.kept and event.body == _body_of(stream, event, told):
        return None
    # Not the bytes that the product itself would write, or values that are gone: look at each part.
    body = _parsed(event.body)
    if body is None:
        return "the body cannot be read"
    if told is None:
        return "the values cannot be read"
    if told.kept and told.commitments() != body["values"]:
        return "values differ from their commitments"
    if _columns(stream, event) != _spoken(body):
        return "columns differ from the body"
    return None


def _body_of(stream: UUID, event: _Read, told: Values) -> bytes:
    """The canonical body that these columns and values would have. What would need escapes fits no body: looked at then."""
    actor = f'"actor":{{"id":"{event.actor}","role":"{event.acting_role}"}},' if event.actor else ""
    about = ""
    if event.object_kind:
        number = "null" if event.object_number is None else event.object_number
        about = f'"object":{{"kind":"{event.object_kind}","number":{number}}},'
    values = ",".join(f'"{name}":"{digest}"' for name, digest in sorted(told.commitments().items()))
    # Where somebody acted from has no column: taken from the body itself, which its hash covers.
    begin = event.body.find(b'"source":{"kind":"') + 18
    kind = event.body[begin : event.body.find(b'"', begin)]
    return (
        f'{{"action":"{event.action}",{actor}"nonce":"{event.nonce.hex()}",{about}"occurred_at":"{event.occurred_at}",'
        f'"source":{{"kind":"{kind.decode("ascii", "replace")}"}},"stream":"{stream}","v":2,"values":{{{values}}}}}'
    ).encode()


def _parsed(raw: bytes) -> Mapping[str, Any] | None:
    """The body as a mapping with what every body has; None where somebody put something else under a fitting hash."""
    try:
        body = json.loads(raw)
    except ValueError:
        return None
    needed = ("stream", "nonce", "action", "occurred_at", "values")
    whole = (
        isinstance(body, dict) and all(name in body for name in needed) and isinstance(body["values"], dict)
    )
    return body if whole else None


def _columns(stream: UUID, event: _Read) -> tuple[object, ...]:
    """What pages read of an event; the hash covers its body alone."""
    return (
        str(stream),
        event.nonce.hex(),
        event.action,
        event.occurred_at,
        event.object_kind,
        event.object_number,
        event.acting_role,
        event.actor,
    )


def _spoken(body: Mapping[str, Any]) -> tuple[object, ...]:
    """The same, as the body says it."""
    actor, about = body.get("actor"), body.get("object")
    actor, about = (part if isinstance(part, dict) else {} for part in (actor, about))
    return (
        body["stream"],
        body["nonce"],
        body["action"],
        body["occurred_at"],
        about.get("kind", ""),
        about.get("number"),
        actor.get("role", ""),
        actor.get("id"),
    )
