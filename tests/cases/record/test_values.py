"""Values of events: canonical, committed to, sealed, and gone with the key."""

import secrets
import uuid
from typing import Any

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from cases.audit.models import Event, Stream
from cases.audit.record import open_stream, record
from cases.audit.values import NotCanonical, canonical, opened, salted, sealed
from cases.audit.verify import verify_stream
from cases.sealing import masters
from cases.sealing.envelope import CannotUnseal, KeyDestroyed, forget, make_key, seal, unseal, unwrap
from cases.sealing.models import DataKey
from tests.support.casework import Casework, moment

NAMES = st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=1, max_size=8)
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53) + 1, 2**53 - 1)
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES, inner, max_size=4),
    max_leaves=12,
)


@given(JSON)
def test_canonical_is_rfc_8785(value: Any) -> None:
    assert canonical(value) == rfc8785.dumps(value)


@pytest.mark.parametrize(
    "value",
    [1.5, 2**53, -(2**53), {"é": 1}, {1: 2}, b"x", "\ud800", {"a": [float("nan")]}, {1, 2}],
    ids=repr,
)
def test_what_other_readers_would_read_otherwise_is_refused(value: object) -> None:
    with pytest.raises(NotCanonical):
        canonical(value)


@pytest.mark.parametrize("name", ["", 'a"b', "1a", "a b", "@@a", "é"])
def test_a_name_that_would_need_escapes_is_refused(name: str) -> None:
    with pytest.raises(NotCanonical):
        salted({name: 1})


@pytest.mark.django_db
@given(st.dictionaries(st.from_regex(r"@?[a-z][a-z0-9_.-]{0,8}", fullmatch=True), JSON, max_size=5))
def test_what_is_sealed_is_read_back(values: dict[str, Any]) -> None:
    stream, nonce = uuid.uuid4(), secrets.token_bytes(16)
    make_key(stream)
    told = salted(values)
    read = opened(stream=stream, nonce=nonce, blob=sealed(stream=stream, nonce=nonce, values=told))
    assert read == told
    assert read.plain() == {name: value for name, value in values.items() if name != "@source"}
    assert read.commitments() == told.commitments()
    with pytest.raises(CannotUnseal):
        opened(stream=stream, nonce=bytes(16), blob=sealed(stream=stream, nonce=nonce, values=told))


def test_the_same_value_has_another_commitment_each_time() -> None:
    first, second = (salted({"amount": "1"}).commitments()["amount"] for _ in range(2))
    assert first != second


@pytest.mark.django_db
def test_the_events_of_a_destroyed_key_still_verify(casework: Casework) -> None:
    stream = Stream.objects.get(pk=casework.case.stream_id)
    event = Event.objects.filter(stream=stream).earliest("sequence")
    assert event.kept and event.values["title"] == casework.case.title
    DataKey.objects.filter(scope=stream.uuid).update(wrapped=None, destroyed_at=moment())
    forget(stream.uuid)
    assert verify_stream(stream) is None
    event = Event.objects.get(pk=event.pk)
    assert not event.kept
    assert event.values == {}
    with pytest.raises(KeyDestroyed):
        seal(stream.uuid, b"x", bound=b"")


@pytest.mark.django_db
def test_the_database_alone_reads_nothing(casework: Casework, settings: Any, tmp_path: Any) -> None:
    """With the row of the data key and every sealed byte, but another master key."""
    stream = casework.case.stream
    settings.SEALING_KEYS = tmp_path
    masters.make()
    with pytest.raises(CannotUnseal):
        unwrap(DataKey.objects.get(scope=stream.uuid))
    forget()
    event = Event.objects.filter(stream=stream).earliest("sequence")
    with pytest.raises(CannotUnseal):
        assert event.values
    for column in (event.body, event.sealed_values, event.rows.encode()):
        assert casework.case.title.encode() not in bytes(column)


@pytest.mark.django_db
def test_where_somebody_acted_from_is_a_sealed_value(casework: Casework) -> None:
    from cases.audit.record import Source, acting_from

    stream = open_stream("case")
    with acting_from(Source("web", address="203.0.113.7", session="s-1")):
        event = record(
            stream_id=stream.pk,
            stream_uuid=stream.uuid,
            action="note.written",
            actor=None,
            occurred_at=moment(),
        )
    event = Event.objects.get(pk=event.pk)
    assert b"203.0.113.7" not in bytes(event.body) + bytes(event.sealed_values)
    assert event.told.salted()["@source"][1] == {"address": "203.0.113.7", "session": "s-1"}
    assert event.values == {}


@pytest.mark.django_db
@pytest.mark.parametrize("place", [0, 5, 20, -1])
def test_a_flipped_bit_is_told(place: int) -> None:
    scope = uuid.uuid4()
    make_key(scope)
    blob = bytearray(seal(scope, b"Kim Example", bound=b"people:name:1"))
    assert unseal(scope, bytes(blob), bound=b"people:name:1") == b"Kim Example"
    with pytest.raises(CannotUnseal):
        unseal(scope, bytes(blob), bound=b"people:name:2")
    blob[place] ^= 1
    with pytest.raises(CannotUnseal):
        unseal(scope, bytes(blob), bound=b"people:name:1")
