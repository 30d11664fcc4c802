"""Reading a chain back: recompute every hash and say where the first one does not fit."""

import hashlib
import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from cases.audit.models import Event, Stream

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Finding:
    """A place where the chain does not hold."""

    sequence: int
    reason: str


def hash_of(*, stream: Stream, event: Event) -> bytes:
    """The hash an event ought to have, computed by the formula at the head of `cases.audit.models`."""
    assert event.recorded_at is not None  # set by the database on every row  # noqa: S101
    microseconds = (event.recorded_at - EPOCH) // timedelta(microseconds=1)
    return hashlib.sha256(
        b"holdfast-event-1"
        + stream.uuid.bytes
        + event.sequence.to_bytes(8, "big")
        + microseconds.to_bytes(8, "big", signed=True)
        + bytes(event.previous_hash)
        + hashlib.sha256(bytes(event.body)).digest()
    ).digest()


def verify_stream(stream: Stream) -> Finding | None:
    """None when every event follows from the one before and the head fits; otherwise the first misfit."""
    previous = bytes(32)
    expected = 1
    for event in Event.objects.filter(stream=stream).order_by("sequence").iterator(chunk_size=1000):
        if event.sequence != expected:
            return Finding(expected, "missing")
        if bytes(event.previous_hash) != previous:
            return Finding(event.sequence, "previous hash differs")
        body = json.loads(bytes(event.body))
        if hashlib.sha256(bytes(event.nonce) + bytes(event.details)).hexdigest() != body["details_sha256"]:
            return Finding(event.sequence, "details differ from their digest")
        if body["action"] != event.action:
            return Finding(event.sequence, "columns differ from the body")
        if hash_of(stream=stream, event=event) != bytes(event.hash):
            return Finding(event.sequence, "hash differs")
        previous = bytes(event.hash)
        expected += 1
    if stream.length != expected - 1 or bytes(stream.head_hash) != previous:
        return Finding(expected, "the head names another event")
    return None
