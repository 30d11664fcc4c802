"""The tree: RFC 6962 by our code, by pymerkle and by published vectors; sequencers; checkpoints."""

import os
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg2
import pytest
from django.db import DatabaseError, connection, connections, transaction
from hypothesis import given
from hypothesis import strategies as st
from pymerkle import InmemoryTree

from cases.actions.checkpoints import checkpoint_now, checkpoint_when_due
from cases.actions.keys import begin_signing, rotate_signing_key
from cases.audit.models import Checkpoint, Event, Leaf, Node, PendingEvent, SigningKey
from cases.audit.record import open_stream, record, record_system
from cases.audit.tree import merkle, notes
from cases.audit.tree.checkpoints import TreeBroken, verify_tree
from cases.audit.tree.keys import NoSigningKey, verifier_key
from cases.audit.tree.sequencer import fetcher, lay_leaves, size_of_tree
from tests.support.casework import moment

# Leaves and roots of the reference implementation of Certificate Transparency (github.com/google/certificate-transparency,
# cpp/merkletree/merkle_tree_test.cc), the tree of each size.
LEAVES = [
    bytes.fromhex(leaf)
    for leaf in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]
ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
# The same file's audit paths: (leaf, size, path).
PATHS = [
    (0, 1, []),
    (
        0,
        8,
        [
            "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
        ],
    ),
    (
        5,
        8,
        [
            "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
            "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        ],
    ),
    (2, 3, ["fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"]),
]
# And its consistency proofs: (smaller, larger, path).
CONSISTENT = [
    (1, 1, []),
    (
        1,
        8,
        [
            "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
        ],
    ),
    (
        6,
        8,
        [
            "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
            "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        ],
    ),
]


def fetch_from(leaves: list[bytes]) -> merkle.Fetch:
    def fetch(level: int, index: int) -> bytes:
        if level == 0:
            return merkle.leaf_hash(leaves[index])
        return merkle.node_hash(fetch(level - 1, 2 * index), fetch(level - 1, 2 * index + 1))

    return fetch


def test_roots_and_proofs_are_those_of_the_reference() -> None:
    fetch = fetch_from(LEAVES)
    assert [merkle.root(size, fetch).hex() for size in range(9)] == ROOTS
    for index, size, path in PATHS:
        assert [step.hex() for step in merkle.inclusion(index, size, fetch)] == path
    for old, new, path in CONSISTENT:
        assert [step.hex() for step in merkle.consistency(old, new, fetch)] == path


@given(st.lists(st.binary(max_size=40), min_size=1, max_size=40), st.data())
def test_a_second_implementation_agrees(leaves: list[bytes], data: st.DataObject) -> None:
    theirs = InmemoryTree(algorithm="sha256")
    for leaf in leaves:
        theirs.append_entry(leaf)
    fetch, size = fetch_from(leaves), len(leaves)
    root = merkle.root(size, fetch)
    assert root == theirs.get_root(size)
    index = data.draw(st.integers(0, size - 1))
    path = merkle.inclusion(index, size, fetch)
    proof = theirs.prove_inclusion(index + 1, size).serialize()
    assert {step.hex() for step in path} | {merkle.leaf_hash(leaves[index]).hex()} == set(proof["path"])
    assert merkle.root_of_inclusion(index, size, merkle.leaf_hash(leaves[index]), path) == root
    old = data.draw(st.integers(1, size))
    smaller = merkle.root(old, fetch)
    assert smaller == theirs.get_root(old)
    steps = merkle.consistency(old, size, fetch)
    assert merkle.is_consistent(old, size, smaller, root, steps)
    if steps:
        place = data.draw(st.integers(0, len(steps) - 1))
        changed = [*steps[:place], bytes(32), *steps[place + 1 :]]
        assert not merkle.is_consistent(old, size, smaller, root, changed)
        assert not merkle.is_consistent(old, size, smaller, root, steps[:-1])
    assert not merkle.is_consistent(old, size, bytes(32), root, steps)


@given(st.integers(0, 70), st.lists(st.integers(0, 9), max_size=8))
def test_growing_piece_by_piece_makes_the_same_nodes(first: int, more: list[int]) -> None:
    leaves = [str(number).encode() for number in range(first + sum(more))]
    fetch, peaks, size = fetch_from(leaves), [], 0
    for count in (first, *more):
        hashes = [merkle.leaf_hash(leaf) for leaf in leaves[size : size + count]]
        for level, index, digest in merkle.grown(peaks, size, hashes):
            assert digest == fetch(level, index)
        size += count
    assert peaks == [(level, fetch(level, index)) for level, index in merkle.peaks_of(size)]


# ── In the database ───────────────────────────────────────────────────────────────────────────────────────
@pytest.fixture
def keys(settings: Any, tmp_path: Path) -> Path:
    settings.SIGNING_KEYS = tmp_path / "signing"
    settings.CHECKPOINT_FILES = ""
    return tmp_path / "signing"


def told(count: int = 1) -> None:
    with transaction.atomic():
        for _ in range(count):
            record_system(action="test.told", actor=None, occurred_at=moment())


@pytest.mark.django_db(transaction=True)
def test_four_sequencers_and_slow_writers_lose_and_double_nothing() -> None:
    streams = [open_stream("case") for _ in range(4)]
    stop, failures = threading.Event(), []

    def write(place: int) -> None:
        try:
            stream = streams[place]
            for number in range(15):
                with transaction.atomic():
                    record(
                        stream_id=stream.pk,
                        stream_uuid=stream.uuid,
                        action="test.told",
                        actor=None,
                        occurred_at=moment(),
                    )
                    # Commits late: others with higher numbers are in the tree by then.
                    if number % 3 == 0:
                        connection.cursor().execute("SELECT pg_sleep(0.05)")
        except BaseException as error:
            failures.append(error)
        finally:
            connections.close_all()

    def lay() -> None:
        try:
            while not stop.is_set():
                lay_leaves(limit=7)
        except BaseException as error:
            failures.append(error)
        finally:
            connections.close_all()

    writers = [threading.Thread(target=write, args=(place,)) for place in range(4)]
    sequencers = [threading.Thread(target=lay) for _ in range(4)]
    for thread in (*writers, *sequencers):
        thread.start()
    for thread in writers:
        thread.join()
    stop.set()
    for thread in sequencers:
        thread.join()
    assert failures == []
    while lay_leaves():
        pass
    assert not PendingEvent.objects.exists()
    assert list(Leaf.objects.order_by("index").values_list("index", flat=True)) == list(
        range(Event.objects.count())
    )
    leaves = [bytes(leaf) for leaf in Leaf.objects.order_by("index").values_list("hash", flat=True)]
    assert merkle.root(len(leaves), fetcher(())) == merkle.root(len(leaves), fetch_from(leaves))
    assert list(verify_tree()) == []


@pytest.mark.django_db
def test_a_checkpoint_is_a_signed_note_that_others_read(keys: Path) -> None:
    key = begin_signing(at=moment())
    told(5)
    made = checkpoint_now(at=moment())
    assert made is not None
    note = notes.read(made.note)
    assert (note.size, note.root) == (Event.objects.count(), bytes(made.root))
    assert note.is_signed(key.name, bytes(key.public))
    lines = made.note.split("\n")
    assert (
        lines[0] == key.name
        and lines[1] == str(made.size)
        and lines[3].startswith("time 20")
        and lines[4].startswith("streams 1 ")
        and lines[5] == ""
    )
    assert verifier_key(key).startswith(f"{key.name}+")
    # Nothing new: the same one, however often.
    assert checkpoint_now(at=moment()) == made
    assert Checkpoint.objects.count() == 1


@pytest.mark.django_db
def test_at_least_each_minute_when_something_is_new(keys: Path) -> None:
    begin_signing(at=moment())
    start = datetime(2026, 1, 1, tzinfo=UTC)
    assert checkpoint_when_due(at=start) is not None
    told()
    assert checkpoint_when_due(at=start + timedelta(seconds=20)) is None
    # The beat asks every 20 seconds: the second or third time it is signed.
    assert checkpoint_when_due(at=start + timedelta(seconds=40)) is not None
    assert checkpoint_when_due(at=start + timedelta(hours=1)) is None


@pytest.mark.django_db
def test_a_rotation_is_an_event_and_vouched_for_by_the_old_key(keys: Path) -> None:
    old = begin_signing(at=moment())
    told()
    checkpoint_now(at=moment())
    new = rotate_signing_key(at=moment())
    made = Checkpoint.objects.latest("pk")
    note = notes.read(made.note)
    assert note.is_signed(old.name, bytes(old.public)) and note.is_signed(new.name, bytes(new.public))
    event = Event.objects.get(action="keys.signing_rotated")
    assert event.values == {"key": verifier_key(new), "before": verifier_key(old)}
    told()
    note = notes.read(checkpoint_now(at=moment()).note)  # type: ignore[union-attr]
    assert note.is_signed(new.name, bytes(new.public)) and not note.is_signed(old.name, bytes(old.public))
    assert list(verify_tree()) == []


@pytest.mark.django_db
def test_without_its_key_nothing_is_signed_and_work_goes_on(keys: Path) -> None:
    begin_signing(at=moment())
    told()
    (keys / "1.pem").unlink()
    with pytest.raises(NoSigningKey):
        checkpoint_now(at=moment())
    assert checkpoint_when_due(at=moment()) is None
    assert size_of_tree() == Event.objects.count()
    (keys / "1.pem").write_text("something else")
    with pytest.raises(NoSigningKey, match="holds no Ed25519 key"):
        checkpoint_now(at=moment())


@pytest.mark.django_db
@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_leaf SET hash = hash",
        "DELETE FROM audit_leaf",
        "TRUNCATE audit_leaf",
        "UPDATE audit_node SET hash = hash",
        "UPDATE audit_checkpoint SET size = size",
        "DELETE FROM audit_checkpoint",
        "UPDATE audit_signingkey SET name = name",
        "INSERT INTO audit_leaf (index, event_id, hash) SELECT 900, id, hash FROM audit_event LIMIT 1",
        "INSERT INTO audit_leaf (index, event_id, hash) SELECT 0, id, '\\x00' FROM audit_event LIMIT 1",
        "INSERT INTO audit_checkpoint (size, root, made_at, note) VALUES (1, '', now(), '')",
    ],
)
def test_the_tables_of_the_tree_are_written_once(keys: Path, statement: str) -> None:
    begin_signing(at=moment())
    told(3)
    checkpoint_now(at=moment())
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("constraint", "statement"),
    [
        (
            "checkpoint_of_something",
            "INSERT INTO audit_checkpoint (size, root, made_at, note) VALUES (0, '', now(), '')",
        ),
        ("leaf_counted_from_0", "INSERT INTO audit_leaf SELECT -1, hash, id FROM audit_event LIMIT 1"),
        ("node_above_the_leaves", "INSERT INTO audit_node (level, index, hash) VALUES (0, 0, '')"),
        ("node_once", "INSERT INTO audit_node (level, index, hash) VALUES (1, 0, '')"),
        ("publication_done_is_done", "UPDATE audit_publication SET done_at = now(), next_at = now()"),
        ("publication_target_known", "UPDATE audit_publication SET target = 'pigeon'"),
        (
            "publication_once",
            "INSERT INTO audit_publication (checkpoint_id, target, attempts, last_error, answer) "
            "SELECT checkpoint_id, target, 0, '', '' FROM audit_publication",
        ),
    ],
)
def test_the_tables_hold_their_constraints(
    keys: Path, settings: Any, tmp_path: Path, constraint: str, statement: str
) -> None:
    settings.CHECKPOINT_FILES = str(tmp_path / "out")
    begin_signing(at=moment())
    told(3)
    if constraint != "checkpoint_of_something":
        checkpoint_now(at=moment())
    with pytest.raises(DatabaseError, match=constraint), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)


def as_superuser(statement: str) -> None:
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
    "statement",
    [
        "UPDATE audit_leaf SET hash = sha256('x') WHERE index = 2",
        "DELETE FROM audit_leaf WHERE index = 2",
        "DELETE FROM audit_leaf WHERE index = (SELECT max(index) FROM audit_leaf)",
        "UPDATE audit_event SET hash = sha256('x') WHERE id = (SELECT event_id FROM audit_leaf WHERE index = 2)",
        "DELETE FROM audit_event WHERE id = (SELECT event_id FROM audit_leaf WHERE index = 2)",
        "UPDATE audit_leaf AS a SET hash = b.hash, event_id = -b.event_id FROM audit_leaf AS b WHERE a.index IN (1, 2) "
        "AND b.index = 3 - a.index; UPDATE audit_leaf SET event_id = -event_id WHERE event_id < 0",
        "UPDATE audit_checkpoint SET size = size - 1",
        "UPDATE audit_checkpoint SET note = replace(note, E'\\n5\\n', E'\\n4\\n'), size = 4",
        "UPDATE audit_checkpoint SET root = sha256('x')",
        "UPDATE audit_signingkey SET public = sha256('x')",
        "DELETE FROM audit_pendingevent",
    ],
)
def test_what_a_superuser_did_to_the_tree_is_found(keys: Path, statement: str) -> None:
    begin_signing(at=moment())
    told(4)
    checkpoint_now(at=moment())
    told()
    assert list(verify_tree()) == []
    as_superuser(statement)
    assert list(verify_tree()) != []


@pytest.mark.django_db(transaction=True)
def test_a_tree_that_lost_what_was_signed_is_not_signed_again(keys: Path) -> None:
    begin_signing(at=moment())
    told(4)
    checkpoint_now(at=moment())
    as_superuser("UPDATE audit_node SET hash = sha256('x')")
    told()
    with pytest.raises(TreeBroken):
        checkpoint_now(at=moment())
    assert Checkpoint.objects.count() == 1
    assert Node.objects.exists() and SigningKey.objects.count() == 1


@pytest.mark.parametrize("text", ["", "a\nb\nc\n\n", "a\n1\nAAAA\n\n— a b\n", "a\n1\n!!\n\n", "a\n-1\n\n\n"])
def test_what_is_no_checkpoint_is_refused(text: str) -> None:
    with pytest.raises(notes.BadNote):
        notes.read(text)
