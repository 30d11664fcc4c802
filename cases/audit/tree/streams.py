"""The streams at a checkpoint: a second small tree, whose root the checkpoint signs.

The tree over all events shows that an event was there; this one shows how many of a stream there were. Without it
somebody could take the last events of a case away and show an outsider a shorter case that fits everything.

Its leaves are `stream uuid (16) ‖ length (8, big endian) ‖ hash of its last event (32)` in the order of the uuids.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db import connection

from cases.audit.tree import merkle
from cases.audit.tree.sequencer import size_of_tree


@dataclass(frozen=True, slots=True)
class Laid:
    """One stream at a size of the tree."""

    uuid: UUID
    length: int
    head: bytes

    @property
    def data(self) -> bytes:
        return self.uuid.bytes + self.length.to_bytes(8, "big") + self.head


def laid_at(size: int) -> list[Laid]:
    """Every stream that had an event among the first `size` leaves, in the order of their uuids."""
    if size == size_of_tree():
        query = "SELECT stream.uuid, laid.length, laid.head FROM audit_laidstream AS laid JOIN audit_stream AS stream "
        query += "ON stream.id = laid.stream_id ORDER BY stream.uuid"
        arguments: list[int] = []
    else:
        query = (
            "SELECT stream.uuid, last.sequence, last.hash FROM (SELECT DISTINCT ON (event.stream_id) event.stream_id, "
            "event.sequence, event.hash FROM audit_leaf AS leaf JOIN audit_event AS event ON event.id = leaf.event_id "
            "WHERE leaf.index < %s ORDER BY event.stream_id, event.sequence DESC) AS last "
            "JOIN audit_stream AS stream ON stream.id = last.stream_id ORDER BY stream.uuid"
        )
        arguments = [size]
    with connection.cursor() as cursor:
        cursor.execute(query, arguments)
        return [Laid(uuid, length, bytes(head)) for uuid, length, head in cursor.fetchall()]


def _fetch(laid: Sequence[Laid]) -> merkle.Fetch:
    levels = [[merkle.leaf_hash(each.data) for each in laid]]
    while len(levels[-1]) > 1:
        below = levels[-1]
        levels.append([merkle.node_hash(*below[place : place + 2]) for place in range(0, len(below) - 1, 2)])
    return lambda level, index: levels[level][index]


def root_of(laid: Sequence[Laid]) -> bytes:
    """The root over these streams."""
    return merkle.root(len(laid), _fetch(laid))


def proof_of(laid: Sequence[Laid], uuid: UUID) -> tuple[Laid, int, list[bytes]] | None:
    """The stream as it was, its place, and its audit path; None where it had no event yet."""
    for place, each in enumerate(laid):
        if each.uuid == uuid:
            return each, place, merkle.inclusion(place, len(laid), _fetch(laid))
    return None
