"""The rows that events tell of: what a transaction changed stands, digest by digest, in the event that it wrote.

A trigger on each recorded table notes every row that a transaction inserts, changes or deletes, in a setting of that
transaction alone; the next event's trigger takes all of it into the event's `rows`, and a transaction that changed a
recorded row and told no event cannot commit. One line a row, sorted:

    TABLE:ID:DIGEST     DIGEST = hex of SHA-256( "holdfast-row-1" ‖ salt (16) ‖ SHA-256(row text) ), or `-` if deleted
    row text            PostgreSQL's `jsonb_strip_nulls(to_jsonb(row) - unrecorded columns)::text`, in UTC

The salt is the event's own and stands in its sealed values: a digest tells nobody a name who guesses it. The last
word on a row is the event with the highest id that names it. Whoever may run any SQL could empty the transaction's
setting before an event takes it; the row then differs from the last word on it, and `verify_record` names it.
"""

import hashlib
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from django.db import connection
from psycopg2 import sql

from cases.audit.models import Event
from cases.sealing.envelope import CannotUnseal

# A column that holds no fact of the case (how far a worker is, when a page was last touched) is left out of the text.
Recorded = Mapping[str, Collection[str]]

# Verified rows are read in pieces of this size.
PIECE = 2000


@dataclass(frozen=True, slots=True)
class RowFinding:
    """A row that is not as the record last told it."""

    table: str
    row: int
    reason: str
    # The event that told of it last; None where none did.
    event_id: int | None


def digest_of(text: str, salt: bytes) -> str:
    """The digest of a row's text under an event's salt, in hex."""
    return hashlib.sha256(b"holdfast-row-1" + salt + hashlib.sha256(text.encode()).digest()).hexdigest()


def told_in(rows: str) -> Iterator[tuple[str, int, str]]:
    """`(table, id, digest or "-")` for each line of an event's `rows`."""
    for line in rows.splitlines():
        table, number, digest = line.rsplit(":", 2)
        yield table, int(number), digest


def text_of(table: str, left_out: Collection[str]) -> sql.Composable:
    """The expression that gives the text of a row of this table, aliased `kept`."""
    row: sql.Composable = sql.SQL("to_jsonb(kept)")
    if left_out:
        row = sql.SQL("({} - {}::text[])").format(row, sql.Literal(sorted(left_out)))
    return sql.SQL("jsonb_strip_nulls({})::text").format(row)


def row_texts(table: str, left_out: Collection[str], ids: Collection[int]) -> dict[int, str]:
    """The texts of these rows as they stand now, by id."""
    with connection.cursor() as cursor:
        cursor.execute(
            sql.SQL("SELECT kept.id, {} FROM {} AS kept WHERE kept.id = ANY(%s)").format(
                text_of(table, left_out), sql.Identifier(table)
            ),
            [list(ids)],
        )
        return dict(cursor.fetchall())


def untold() -> bool:
    """Whether this transaction changed a recorded row of which no event has told yet."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT coalesce(current_setting('holdfast.changes', true), '') <> ''")
        return bool(cursor.fetchone()[0])


def verify_rows(recorded: Recorded) -> Iterator[RowFinding]:
    """Every row of the recorded tables against the last word on it: changed, gone, or never told."""
    for table, left_out in sorted(recorded.items()):
        last = _last_words(table)
        yield from _changed_or_gone(table, left_out, last)
        yield from _never_told(table, last)


def _last_words(table: str) -> dict[int, tuple[int, str]]:
    """`{id: (event id, digest)}` of the last event that names each row of the table."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT DISTINCT ON (number) number, event_id, digest FROM (
                SELECT event.id AS event_id, split_part(line, ':', 2)::bigint AS number,
                       split_part(line, ':', 3) AS digest
                FROM audit_event AS event, string_to_table(rtrim(event.rows, E'\\n'), E'\\n') AS line
                WHERE event.rows <> '' AND line LIKE %s
            ) AS words ORDER BY number, event_id DESC
            """,
            [table.replace("_", "\\_") + ":%"],
        )
        return {number: (event_id, digest) for number, event_id, digest in cursor.fetchall()}


def _changed_or_gone(
    table: str, left_out: Collection[str], last: Mapping[int, tuple[int, str]]
) -> Iterator[RowFinding]:
    numbers = sorted(last)
    for start in range(0, len(numbers), PIECE):
        piece = numbers[start : start + PIECE]
        texts = row_texts(table, left_out, piece)
        events = Event.objects.select_related("stream").in_bulk({last[number][0] for number in piece})
        for number in piece:
            event_id, digest = last[number]
            text = texts.get(number)
            try:
                told = events[event_id].told
            except (CannotUnseal, ValueError):
                yield RowFinding(
                    table, number, "cannot be compared: its event's values cannot be read", event_id
                )
                continue
            if digest == "-":
                reason = "is there again after it was deleted" if text is not None else None
            elif text is None:
                reason = "is gone"
            elif not told.kept:
                # The salt went with the case's key: nobody can compare the row any more.
                reason = None
            else:
                reason = None if digest_of(text, told.row_salt) == digest else "was changed"
            if reason is not None:
                yield RowFinding(table, number, reason, event_id)


def _never_told(table: str, last: Collection[int]) -> Iterator[RowFinding]:
    with connection.cursor() as cursor:
        cursor.execute(sql.SQL("SELECT id FROM {} ORDER BY id").format(sql.Identifier(table)))
        while rows := cursor.fetchmany(PIECE):
            for (number,) in rows:
                if number not in last:
                    yield RowFinding(table, number, "was never told", None)
