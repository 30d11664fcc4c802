"""Checkpoints: the tree's size and root, signed, at least each minute when something is new, and with each export."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from django.db import connection, transaction

from cases.audit.models import Checkpoint, Publication, SigningKey
from cases.audit.tree import merkle, notes
from cases.audit.tree.keys import current, make_key, private
from cases.audit.tree.sequencer import LOCK, fetcher, lay_leaves, size_of_tree
from cases.audit.tree.streams import laid_at, root_of

PIECE = 5_000
REBUILT = 10


class TreeBroken(Exception):
    """The stored tree does not begin with what an earlier checkpoint signed: nothing is signed any more."""


def newest() -> Checkpoint | None:
    """The checkpoint of the largest tree."""
    return Checkpoint.objects.order_by("-size", "-pk").first()


def make_checkpoint(*, at: datetime, targets: Sequence[str], also: int | None = None) -> Checkpoint | None:
    """Sign the tree as it stands, every committed event in it. The newest one as it is where nothing is new.

    `targets` are the ways by which it leaves; `also` is the number of an older key that signs it too (a rotation).
    None for an empty record. Raises NoSigningKey, TreeBroken.
    """
    while lay_leaves():
        pass
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
        size, last = size_of_tree(), newest()
        if last is not None and last.size > size:
            raise TreeBroken(f"a tree of {last.size} events was signed, and there are {size}")
        if size == 0 or (last is not None and last.size == size and also is None):
            return last
        fetch = fetcher(())
        try:
            if last is not None and merkle.root(last.size, fetch) != bytes(last.root):
                raise TreeBroken(f"the tree of {last.size} events has another root than was signed")
            root = merkle.root(size, fetch)
        except LookupError as error:
            raise TreeBroken(str(error)) from error
        laid = laid_at(size)
        row, key = current()
        signers = [(row.name, key)]
        if also is not None:
            signers.append((row.name, private(also)))
        checkpoint = Checkpoint.objects.create(
            size=size,
            root=root,
            made_at=at,
            note=notes.written(
                origin=row.name,
                size=size,
                root=root,
                streams=(len(laid), root_of(laid)),
                at=at,
                signers=signers,
            ),
        )
        Publication.objects.bulk_create(
            [Publication(checkpoint=checkpoint, target=target, next_at=at) for target in targets]
        )
        return checkpoint


def ensure_key(*, at: datetime) -> SigningKey:
    """The first signing key, where there is none yet."""
    return SigningKey.objects.order_by("-number").first() or make_key(at=at)


def verify_tree() -> Iterator[str]:
    """Every leaf against its event, every root against its checkpoint, every signature: what does not hold, in words."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT event.id FROM audit_event AS event LEFT JOIN audit_leaf AS leaf ON leaf.event_id = event.id "
            "LEFT JOIN audit_pendingevent AS pending ON pending.event_id = event.id "
            "WHERE leaf.index IS NULL AND pending.event_id IS NULL ORDER BY event.id LIMIT 20"
        )
        for (number,) in cursor.fetchall():
            yield f"event {number} is neither in the tree nor waiting for it"
    waiting: dict[int, list[bytes]] = {}
    for checkpoint in Checkpoint.objects.order_by("pk"):
        waiting.setdefault(checkpoint.size, []).append(bytes(checkpoint.root))
    public = [(key.name, bytes(key.public)) for key in SigningKey.objects.order_by("number")]
    peaks: list[tuple[int, bytes]] = []
    size = 0
    for piece in _leaves():
        for index, leaf, event in piece:
            if index != size:
                yield f"leaf {size} is missing"
                return
            if leaf != event:
                yield f"leaf {index} is not its event's hash"
            for _node in merkle.grown(peaks, size, [merkle.leaf_hash(leaf)]):
                pass
            size += 1
            if size in waiting:
                found = peaks[-1][1]
                for _level, left in reversed(peaks[:-1]):
                    found = merkle.node_hash(left, found)
                if any(root != found for root in waiting.pop(size)):
                    yield f"the checkpoint of {size} events has another root"
    for missing in waiting:
        yield f"the checkpoint of {missing} events tells of more than the tree holds"
    # To rebuild the streams of a size reads the whole tree: done for the newest few.
    rebuilt = set(Checkpoint.objects.order_by("-pk").values_list("pk", flat=True)[:REBUILT])
    for checkpoint in Checkpoint.objects.order_by("pk").iterator():
        try:
            note = notes.read(checkpoint.note)
        except notes.BadNote:
            yield f"checkpoint {checkpoint.pk} cannot be read"
            continue
        if (note.size, note.root) != (checkpoint.size, bytes(checkpoint.root)):
            yield f"checkpoint {checkpoint.pk} says something else in its signed text"
        if (
            checkpoint.pk in rebuilt
            and checkpoint.size <= size
            and note.streams != (len(laid := laid_at(note.size)), root_of(laid))
        ):
            yield f"the checkpoint of {checkpoint.size} events tells of other streams"
        if not any(note.is_signed(name, key) for name, key in public):
            yield f"checkpoint {checkpoint.pk} is signed by none of the known keys"


def _leaves() -> Iterator[list[tuple[int, bytes, bytes]]]:
    """`(index, hash in the tree, hash of the event)` in pieces, in the order of the tree."""
    with transaction.atomic(), connection.chunked_cursor() as cursor:
        cursor.execute(
            "SELECT leaf.index, leaf.hash, event.hash FROM audit_leaf AS leaf "
            "LEFT JOIN audit_event AS event ON event.id = leaf.event_id ORDER BY leaf.index"
        )
        while piece := cursor.fetchmany(PIECE):
            yield [
                (index, bytes(leaf), b"" if event is None else bytes(event)) for index, leaf, event in piece
            ]
