"""Writing to the record. Called by an action as the last thing before its transaction ends."""

import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol
from uuid import UUID

from django.db import IntegrityError, connection, transaction

from cases.audit.models import Event, Stream
from cases.audit.values import SOURCE, canonical, salted, sealed
from cases.sealing.envelope import make_key

BODY_VERSION = 2


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

    def known(self) -> dict[str, object]:
        """What identifies the way in, as a value of the event; empty where nothing does."""
        parts = {"address": self.address, "session": self.session, "token": self.token}
        known = {name: part for name, part in parts.items() if part}
        return {SOURCE: known} if known else {}


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

    `details` are the event's values by name: JSON of strings, booleans, nulls, lists, mappings and integers below
    2^53 (NotCanonical above; amounts are strings of base units). They are sealed; the body holds a commitment to
    each. `occurred_at` is handed in; the database sets `recorded_at`, `sequence`, the digests of the rows that the
    transaction changed, and the hashes. Must run inside the action's transaction, last.
    """
    if not connection.in_atomic_block:
        raise RuntimeError("an event is written in the transaction of the change that it tells of")
    nonce = secrets.token_bytes(16)
    source = _source.get()
    values = salted({**(details or {}), **source.known()})
    body: dict[str, object] = {
        "v": BODY_VERSION,
        "stream": str(stream_uuid),
        "nonce": nonce.hex(),
        "action": action,
        "occurred_at": utc_text(occurred_at),
        "source": {"kind": source.kind},
        "values": values.commitments(),
    }
    if actor is not None:
        body["actor"] = {"id": str(actor.public_id), "role": acting_role or actor.role}
    if object_kind:
        body["object"] = {"kind": object_kind, "number": object_number}
    return _written(
        Event(
            stream_id=stream_id,
            nonce=nonce,
            body=canonical(body),
            sealed_values=sealed(stream=stream_uuid, nonce=nonce, values=values),
            row_salt=values.row_salt,
            actor_id=None if actor is None else actor.pk,
        )
    )


# The columns that the database's own trigger sets are left to it: they stand here only because they are not null.
_INSERT = (
    'INSERT INTO "audit_event" (stream_id, nonce, body, sealed_values, row_salt, actor_id, sequence, action, object_kind, '
    "acting_role, previous_hash, rows, hash) VALUES (%s, %s, %s, %s, %s, %s, 1, '', '', '', '', '', '') RETURNING id"
)


def _written(event: Event) -> Event:
    """Insert the event. One statement of a fixed text: the ORM's own would take twice the time of the caller's processor."""
    with connection.cursor() as cursor:
        cursor.execute(
            _INSERT,
            [
                event.stream_id,
                bytes(event.nonce),
                bytes(event.body),
                bytes(event.sealed_values),
                bytes(event.row_salt),
                event.actor_id,
            ],
        )
        (event.pk,) = cursor.fetchone()
    event._state.adding, event._state.db = False, connection.alias
    return event


def open_stream(kind: str) -> Stream:
    """A new stream with the key that its values are sealed under: both are made, or neither."""
    with transaction.atomic():
        stream = Stream.objects.create(kind=kind)
        make_key(stream.uuid)
    return stream


def system_stream() -> Stream:
    """The installation's own stream, made when it is first asked for."""
    found = Stream.objects.filter(kind="system").first()
    if found is not None:
        return found
    try:
        return open_stream("system")
    except IntegrityError:
        # Another transaction was first.
        return Stream.objects.get(kind="system")


def record_system(
    *,
    action: str,
    actor: Actor | None,
    occurred_at: datetime,
    object_kind: str = "",
    object_number: int | None = None,
    details: Mapping[str, object] | None = None,
) -> Event:
    """Append to the installation's own stream: people, log-ins, tokens, keys, settings."""
    stream = system_stream()
    return record(
        stream_id=stream.pk,
        stream_uuid=stream.uuid,
        action=action,
        actor=actor,
        occurred_at=occurred_at,
        object_kind=object_kind,
        object_number=object_number,
        details=details,
    )
