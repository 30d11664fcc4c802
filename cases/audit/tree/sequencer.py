"""Events into the tree. Any number of sequencers may run: they wait for one another, and a late commit is not missed.

An event's own trigger puts it among the pending ones, in its transaction; the sequencer takes from there whatever is
committed, however late that was. A leaf is laid once: its index follows the last without a gap, which the table holds.
"""

from collections.abc import Collection, Iterable

from django.db import connection, transaction
from psycopg2.extras import execute_values

from cases.audit.models import Leaf, Node
from cases.audit.tree.merkle import Fetch, grown, leaf_hash, peaks_of

BATCH = 10_000
# Of the advisory locks: "the tree".
LOCK = 5_001


def lay_leaves(*, limit: int = BATCH) -> int:
    """Lay up to `limit` pending events, the lowest numbers first; returns how many. One transaction."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
        cursor.execute(
            "WITH taken AS (DELETE FROM audit_pendingevent WHERE event_id IN (SELECT event_id FROM audit_pendingevent "
            "ORDER BY event_id LIMIT %s) RETURNING event_id) "
            "SELECT event.id, event.hash FROM taken JOIN audit_event AS event ON event.id = taken.event_id "
            "ORDER BY event.id",
            [limit],
        )
        events = [(number, bytes(digest)) for number, digest in cursor.fetchall()]
        if not events:
            return 0
        size = size_of_tree()
        fetch = fetcher(())
        peaks = [(level, fetch(level, index)) for level, index in peaks_of(size)]
        nodes = list(grown(peaks, size, [leaf_hash(digest) for _number, digest in events]))
        execute_values(
            cursor.cursor,
            "INSERT INTO audit_leaf (index, event_id, hash) VALUES %s",
            [(place, number, digest) for place, (number, digest) in enumerate(events, start=size)],
            page_size=2000,
        )
        execute_values(
            cursor.cursor, "INSERT INTO audit_node (level, index, hash) VALUES %s", nodes, page_size=2000
        )
        # In a stream numbers ascend as the sequence does and are laid in that order: what is laid has no gap.
        cursor.execute(
            "INSERT INTO audit_laidstream (stream_id, length, head) SELECT DISTINCT ON (stream_id) stream_id, sequence, "
            "hash FROM audit_event WHERE id = ANY(%s) ORDER BY stream_id, sequence DESC "
            "ON CONFLICT (stream_id) DO UPDATE SET length = excluded.length, head = excluded.head",
            [[number for number, _digest in events]],
        )
        return len(events)


def size_of_tree() -> int:
    """How many leaves there are."""
    last = Leaf.objects.order_by("-index").values_list("index", flat=True).first()
    return 0 if last is None else last + 1


def fetcher(wanted: Iterable[tuple[int, int]]) -> Fetch:
    """Nodes of the stored tree by level and index; those of `wanted` are read in two queries, others one by one.

    Raises LookupError where the tree does not hold what it should.
    """
    known: dict[tuple[int, int], bytes] = {}
    by_level: dict[int, set[int]] = {}
    for level, index in wanted:
        by_level.setdefault(level, set()).add(index)
    for level, indexes in by_level.items():
        known |= {(level, index): digest for index, digest in _stored(level, indexes)}

    def fetch(level: int, index: int) -> bytes:
        found = known.get((level, index))
        if found is None:
            rows = _stored(level, [index])
            if not rows:
                raise LookupError(f"the tree has no node {level}/{index}")
            found = known[level, index] = rows[0][1]
        return found

    return fetch


def _stored(level: int, indexes: Collection[int]) -> list[tuple[int, bytes]]:
    if level == 0:
        leaves = Leaf.objects.filter(index__in=indexes).values_list("index", "hash")
        return [(index, leaf_hash(bytes(digest))) for index, digest in leaves]
    nodes = Node.objects.filter(level=level, index__in=indexes).values_list("index", "hash")
    return [(index, bytes(digest)) for index, digest in nodes]
