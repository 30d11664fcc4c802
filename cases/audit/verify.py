"""Reading a chain back: recompute every hash and say where the first one does not fit."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from cases.audit.models import Event, Stream
from cases.audit.record import utc_text

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Finding:
    """A place where the chain does not hold."""

    sequence: int
    reason: str


def hash_of(*, stream: Stream, event: Event) -> bytes:
    """The hash an event ought to have, computed by the formula at the head of `cases.audit.models`.

    Empty, which fits no event, where the database's own time was taken out.
    """
    if event.recorded_at is None:
        return b""
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
    events = Event.objects.filter(stream=stream).select_related("actor").order_by("sequence")
    for event in events.iterator(chunk_size=1000):
        if event.sequence != expected:
            return Finding(expected, "missing")
        if bytes(event.previous_hash) != previous:
            return Finding(event.sequence, "previous hash differs")
        # Before the body is read: one that was changed need not even be JSON.
        if hash_of(stream=stream, event=event) != bytes(event.hash):
            return Finding(event.sequence, "hash differs")
        body = _body(event)
        if body is None:
            return Finding(event.sequence, "the body cannot be read")
        if hashlib.sha256(bytes(event.nonce) + bytes(event.details)).hexdigest() != body["details_sha256"]:
            return Finding(event.sequence, "details differ from their digest")
        if _columns(stream, event) != _spoken(body):
            return Finding(event.sequence, "columns differ from the body")
        previous = bytes(event.hash)
        expected += 1
    if stream.length != expected - 1 or bytes(stream.head_hash) != previous:
        return Finding(expected, "the head names another event")
    return None


def _body(event: Event) -> Mapping[str, Any] | None:
    """The body as a mapping with what every body has; None where somebody put something else under a fitting hash."""
    try:
        body = json.loads(bytes(event.body))
    except ValueError:
        return None
    needed = ("stream", "nonce", "action", "occurred_at", "details_sha256")
    return body if isinstance(body, dict) and all(name in body for name in needed) else None


def _columns(stream: Stream, event: Event) -> tuple[object, ...]:
    """What pages read of an event; the hash covers its body alone."""
    return (
        str(stream.uuid),
        bytes(event.nonce).hex(),
        event.action,
        None if event.occurred_at is None else utc_text(event.occurred_at),
        event.object_kind,
        event.object_number,
        event.acting_role,
        None if event.actor is None else str(event.actor.public_id),
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
