"""Writing to the record. Called by an action as the last thing before its transaction ends."""

import hashlib
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol
from uuid import UUID

import rfc8785
from django.db import connection

from cases.audit.models import Event, Stream

BODY_VERSION = 1


class Actor(Protocol):
    """What the record needs to know of a person; `people.User` has it."""

    pk: int
    public_id: UUID
    role: str


@dataclass(frozen=True)
class Source:
    """From where somebody acted: `web`, `api`, `task` or `command`, with what identifies the way in."""

    kind: str = "command"
    address: str = ""
    session: str = ""
    token: str = ""


COMMAND_LINE = Source()
_source: ContextVar[Source] = ContextVar("audit_source", default=COMMAND_LINE)


@contextmanager
def acting_from(source: Source) -> Iterator[None]:
    """Everything recorded inside names this source. Set once at the edge: middleware, API view, task, command."""
    mark = _source.set(source)
    try:
        yield
    finally:
        _source.reset(mark)


def utc_text(moment: datetime) -> str:
    """A moment as RFC 3339 in UTC with microseconds, as it stands in an event's body."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def record(
    *,
    stream_id: int,
    stream_uuid: UUID,
    action: str,
    actor: Actor | None,
    occurred_at: datetime,
    object_kind: str = "",
    object_number: int | None = None,
    details: Mapping[str, object] | None = None,
    acting_role: str | None = None,
) -> Event:
    """Append one event to a stream.

    `details` must be JSON of strings, booleans, nulls, lists, mappings and integers below 2^53 (RFC 8785 raises
    above; amounts are strings of base units). `occurred_at` is handed in; the database sets `recorded_at`,
    `sequence` and the hashes. Must run inside the action's transaction, last.
    """
    if not connection.in_atomic_block:
        raise RuntimeError("an event is written in the transaction of the change that it tells of")
    nonce = secrets.token_bytes(16)
    details_bytes = rfc8785.dumps(dict(details or {}))  # type: ignore[arg-type]
    source = _source.get()
    body: dict[str, object] = {
        "v": BODY_VERSION,
        "stream": str(stream_uuid),
        "nonce": nonce.hex(),
        "action": action,
        "occurred_at": utc_text(occurred_at),
        "details_sha256": hashlib.sha256(nonce + details_bytes).hexdigest(),
        "source": {
            "kind": source.kind,
            "address": source.address,
            "session": source.session,
            "token": source.token,
        },
    }
    if actor is not None:
        body["actor"] = {"id": str(actor.public_id), "role": acting_role or actor.role}
    if object_kind:
        body["object"] = {"kind": object_kind, "number": object_number}
    event = Event(
        stream_id=stream_id,
        nonce=nonce,
        body=rfc8785.dumps(body),  # type: ignore[arg-type]
        details=details_bytes,
        actor_id=None if actor is None else actor.pk,
    )
    event.save(force_insert=True)
    return event


def record_system(
    *, action: str, actor: Actor | None, occurred_at: datetime, details: Mapping[str, object] | None = None
) -> Event:
    """Append to the installation's own stream: people, tokens, settings."""
    stream, _created = Stream.objects.get_or_create(kind="system")
    return record(
        stream_id=stream.pk,
        stream_uuid=stream.uuid,
        action=action,
        actor=actor,
        occurred_at=occurred_at,
        details=details,
    )
