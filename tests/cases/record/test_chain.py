"""The record: what the database itself refuses, and what a verifier finds afterwards."""

import json
import os
import secrets
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import psycopg2
import pytest
import rfc8785
from django.db import DatabaseError, connection, connections, transaction

from cases.actions.cases import write_note
from cases.audit.models import Event, Stream
from cases.audit.record import BODY_VERSION, open_stream, record, utc_text
from cases.audit.values import salted, sealed
from cases.audit.verify import hash_of, verify_stream
from cases.permissions import Permission
from tests.support.casework import Casework, moment


def raw_event(stream: Stream, /, **changes: object) -> Event:
    """An event as `record` would write it, with parts of its body changed, or added to it."""
    nonce = secrets.token_bytes(16)
    values = salted({"a": "b"})
    body: dict[str, object] = {
        "v": BODY_VERSION,
        "stream": str(stream.uuid),
        "nonce": nonce.hex(),
        "action": "note.written",
        "occurred_at": utc_text(datetime(2026, 1, 1, tzinfo=UTC)),
        "source": {"kind": "command"},
        "values": values.commitments(),
    }
    blob = sealed(stream=stream.uuid, nonce=nonce, values=values)
    return Event(stream=stream, nonce=nonce, body=rfc8785.dumps(body | changes), sealed_values=blob)  # type: ignore[arg-type]


@pytest.fixture
def stream(db: None) -> Stream:
    return open_stream("case")


def refused(call: Callable[[], object]) -> None:
    with pytest.raises(DatabaseError), transaction.atomic():
        call()


def test_a_whole_event_is_taken_and_numbered(stream: Stream) -> None:
    for expected in (1, 2, 3):
        event = raw_event(stream)
        event.save()
        event.refresh_from_db()
        assert event.sequence == expected
    stream.refresh_from_db()
    assert stream.length == 3
    assert verify_stream(stream) is None


@pytest.mark.parametrize(
    "changes",
    [
        {"stream": "00000000-0000-4000-8000-000000000000"},
        {"nonce": "00" * 16},
        {"values": "00" * 32},
        {"v": 1},
        {"body": b"not json"},
    ],
    ids=["another stream", "another nonce", "no commitments", "another version", "no canonical body"],
)
def test_an_event_that_does_not_fit_its_body_is_refused(stream: Stream, changes: dict[str, object]) -> None:
    if "body" in changes:
        event = raw_event(stream)
        for name, value in changes.items():
            setattr(event, name, value)
    else:
        event = raw_event(stream, **changes)
    refused(event.save)


def test_an_event_in_somebody_elses_name_is_refused(stream: Stream, casework: Casework) -> None:
    event = raw_event(stream, actor={"id": str(casework.lead.public_id), "role": "investigator"})
    event.actor = casework.outsider
    refused(event.save)


def test_what_is_handed_in_for_the_databases_columns_is_overwritten(stream: Stream) -> None:
    long_ago = datetime(2001, 1, 1, tzinfo=UTC)
    event = raw_event(stream)
    event.recorded_at, event.sequence, event.action, event.hash = long_ago, 99, "other.action", b"x"
    event.save()
    event.refresh_from_db()
    assert event.recorded_at is not None
    assert event.recorded_at > datetime.now(UTC) - timedelta(minutes=5)
    assert (event.sequence, event.action) == (1, "note.written")
    assert verify_stream(Stream.objects.get(pk=stream.pk)) is None


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_event SET action = 'x'",
        "DELETE FROM audit_event",
        "TRUNCATE audit_event",
        "UPDATE audit_stream SET length = 0",
        "UPDATE audit_stream SET head_hash = '\\x00'",
        "DELETE FROM audit_stream",
        "TRUNCATE audit_stream CASCADE",
    ],
)
@pytest.mark.parametrize(
    "ignore", ["", "audit_event:append_only", "audit.Event:append_only,audit.Stream:never_deleted"]
)
def test_the_application_cannot_change_the_record(stream: Stream, statement: str, ignore: str) -> None:
    raw_event(stream).save()

    def attack() -> None:
        with connection.cursor() as cursor:
            if ignore:
                cursor.execute("SELECT set_config('pgtrigger.ignore', %s, true)", [f"{{{ignore}}}"])
            cursor.execute(statement)

    refused(attack)


def superuser_executes(statement: str) -> None:
    """What an operator with the database's own superuser could do: triggers off, then change."""
    other = psycopg2.connect(
        os.environ["HOLDFAST_TEST_SUPERUSER_URL"], dbname=connection.settings_dict["NAME"]
    )
    try:
        with other, other.cursor() as cursor:
            cursor.execute("SET LOCAL session_replication_role = replica")
            cursor.execute(statement)
    finally:
        other.close()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    "tampering",
    [
        "UPDATE audit_event SET sealed_values = '\\x7b7d' WHERE sequence = 2",
        "UPDATE audit_event e SET sealed_values = (SELECT x.sealed_values FROM audit_event x WHERE x.sequence = 1 "
        "AND x.stream_id = e.stream_id) WHERE sequence = 2",
        "UPDATE audit_event SET rows = '' WHERE sequence = 2",
        "UPDATE audit_event SET body = convert_to(replace(convert_from(body, 'UTF8'), 'member', 'membre'), 'UTF8') "
        "WHERE sequence = 2",
        "UPDATE audit_event SET action = 'case.moved' WHERE sequence = 2",
        "UPDATE audit_event SET recorded_at = recorded_at - interval '1 day' WHERE sequence = 2",
        "DELETE FROM audit_event WHERE sequence = 2",
        "DELETE FROM audit_event e WHERE sequence = (SELECT max(sequence) FROM audit_event x "
        "WHERE x.stream_id = e.stream_id)",
        "UPDATE audit_event SET sequence = sequence + 100 WHERE sequence = 2",
        "UPDATE audit_event SET hash = '\\x00' WHERE sequence = 2",
        "UPDATE audit_stream SET length = length - 1 WHERE length > 2",
        "UPDATE audit_event SET body = '\\x00ff' WHERE sequence = 2",
        "UPDATE audit_event SET recorded_at = NULL WHERE sequence = 2",
        "UPDATE audit_event SET actor_id = (SELECT max(id) FROM people_user) WHERE sequence = 2",
        "UPDATE audit_event SET acting_role = 'counsel' WHERE sequence = 2",
        "UPDATE audit_event SET occurred_at = occurred_at - interval '1 day' WHERE sequence = 2",
        "UPDATE audit_event SET object_kind = 'order', object_number = 7 WHERE sequence = 2",
        "UPDATE people_user SET public_id = gen_random_uuid()",
    ],
    ids=[
        "values",
        "another event's values",
        "rows",
        "body",
        "column",
        "time",
        "one taken out",
        "the last taken out",
        "renumbered",
        "hash",
        "head",
        "a body that is no JSON",
        "no time",
        "actor",
        "role",
        "occurred",
        "object",
        "person",
    ],
)
def test_a_tampering_past_the_triggers_is_found(tampering: str) -> None:
    casework = Casework.opened()
    stream = Stream.objects.get(pk=casework.case.stream_id)
    assert verify_stream(stream) is None
    superuser_executes(tampering)
    assert verify_stream(Stream.objects.get(pk=stream.pk)) is not None


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    "body",
    [b"\xff", b"[]", b"{}", b'{"stream": 1, "actor": 7}'],
    ids=["no text", "a list", "nothing", "a part"],
)
def test_a_last_event_that_was_replaced_hash_and_all_is_found(body: bytes) -> None:
    """Whoever knows the formula can make the hash fit; what the body must hold still is not there."""
    casework = Casework.opened()
    stream = Stream.objects.get(pk=casework.case.stream_id)
    last = Event.objects.filter(stream=stream).latest("sequence")
    last.body = body
    fitting = hash_of(stream=stream, event=last).hex()
    superuser_executes(
        f"UPDATE audit_event SET body = '\\x{body.hex()}', hash = '\\x{fitting}' WHERE id = {last.pk}; "
        f"UPDATE audit_stream SET head_hash = '\\x{fitting}' WHERE id = {stream.pk}"
    )
    finding = verify_stream(Stream.objects.get(pk=stream.pk))
    assert finding is not None
    assert (finding.sequence, finding.reason) == (last.sequence, "the body cannot be read")


@pytest.mark.django_db(transaction=True)
def test_eight_writers_leave_no_gap() -> None:
    casework = Casework.opened()
    before = Stream.objects.get(pk=casework.case.stream_id).length
    failures: list[BaseException] = []

    def write(name: str) -> None:
        try:
            for number in range(10):
                write_note(grant=casework.grant(Permission.NOTE), at=moment(), text=f"{name} {number}")
        except BaseException as error:
            failures.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=write, args=(f"writer {index}",)) for index in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    stream = Stream.objects.get(pk=casework.case.stream_id)
    assert stream.length == before + 80
    assert verify_stream(stream) is None
    numbers = list(casework.case.notes.order_by("number").values_list("number", flat=True))
    assert numbers == list(range(1, 81))


def test_a_body_is_canonical_and_names_who_when_and_from_where(casework: Casework) -> None:
    event = Event.objects.filter(stream=casework.case.stream).earliest("sequence")
    body = json.loads(bytes(event.body))
    assert bytes(event.body) == rfc8785.dumps(body)
    assert body["actor"] == {"id": str(casework.lead.public_id), "role": "investigator"}
    assert body["action"] == "case.opened"
    assert body["source"]["kind"] == "command"
    assert body["occurred_at"].endswith("Z")
    assert len(body["nonce"]) == 32
    # Names and titles stand in the sealed values, which may one day go; the body holds commitments alone.
    assert casework.lead.name not in bytes(event.body).decode()


@pytest.mark.django_db(transaction=True)
def test_an_event_is_only_written_inside_a_transaction(stream: Stream) -> None:
    with pytest.raises(RuntimeError):
        record(
            stream_id=stream.pk,
            stream_uuid=stream.uuid,
            action="x.y",
            actor=None,
            occurred_at=datetime.now(UTC),
        )
