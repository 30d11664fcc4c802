"""SQL past the ORM: copies of rows with some columns changed, rows moved from status to status."""

from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from django.db import connection, models, transaction

from cases.audit.gathering import names
from cases.audit.record import record, record_system
from cases.models import Case
from cases.models.recorded import RECORDED
from cases.status import Moves


def arranged() -> None:
    """What a test wrote past the actions is told in events of its own, as the database asks at each commit."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT coalesce(current_setting('holdfast.changes', true), '')")
        (gathered,) = cursor.fetchone()
    if not gathered:
        return
    at = datetime.now(UTC)
    cases = {int(whose) for line in gathered.splitlines() if (whose := line.split("|")[0])}
    for case in Case.objects.select_related("stream").filter(pk__in=cases).order_by("stream_id"):
        record(
            stream_id=case.stream_id,
            stream_uuid=case.stream.uuid,
            action="test.arranged",
            actor=None,
            occurred_at=at,
        )
    if not cases:
        record_system(action="test.arranged", actor=None, occurred_at=at)


@contextmanager
def by_hand() -> Iterator[None]:
    """A transaction in which a test writes rows past the actions, told as it ends."""
    with transaction.atomic():
        yield
        arranged()


def tables_speak_at_once() -> None:
    """Nothing is deferred any more that would keep a statement from being tried, but that somebody tells of it."""
    arranged()
    telling = ", ".join(names(table)[1] for table in RECORDED)
    execute(f"SET CONSTRAINTS ALL IMMEDIATE; SET CONSTRAINTS {telling} DEFERRED")


@contextmanager
def undone() -> Iterator[None]:
    """What happens inside is checked by the database, deferred constraints included, and then taken back."""
    with transaction.atomic():
        yield
        tables_speak_at_once()
        transaction.set_rollback(True)


@contextmanager
def all_at_once() -> Iterator[None]:
    """A transaction, or a savepoint in one, in which blocks that ask to be outermost run as they do under TestCase."""
    block = transaction.atomic()
    block._from_testcase = True  # type: ignore[attr-defined]
    with block:
        yield


@contextmanager
def taken_back() -> Iterator[None]:
    """The same, taken back at its end."""
    with all_at_once():
        yield
        transaction.set_rollback(True)


def execute(sql: str, *parameters: object) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)


def columns_of(row: models.Model) -> list[str]:
    return [field.column for field in row._meta.local_concrete_fields if not field.primary_key]


def copied(row: models.Model, changes: Mapping[str, Any]) -> int:
    """Insert a copy of the row with these columns changed; returns its primary key."""
    columns = columns_of(row)
    unknown = set(changes) - set(columns)
    assert not unknown, f"{row._meta.db_table} has no {unknown}"
    values = ", ".join("%s" if column in changes else f'"{column}"' for column in columns)
    names = ", ".join(f'"{column}"' for column in columns)
    table = row._meta.db_table
    with connection.cursor() as cursor:
        cursor.execute(
            f'INSERT INTO "{table}" ({names}) SELECT {values} FROM "{table}" WHERE id = %s RETURNING id',
            [*(changes[column] for column in columns if column in changes), row.pk],
        )
        return int(cursor.fetchone()[0])


def changed(row: models.Model, pk: int, columns: Mapping[str, Any]) -> None:
    """Set these columns of another row of the same table."""
    assignments = ", ".join(f'"{column}" = %s' for column in columns)
    execute(f'UPDATE "{row._meta.db_table}" SET {assignments} WHERE id = %s', *columns.values(), pk)


# Where a row takes the end of its story together with the status.
ENDED = {"cases_casetask": ", ended_at = now(), ended_by_id = assignee_id, ended_words = 'Done'"}


def set_status(table: str, pk: int, status: str) -> None:
    execute(f'UPDATE "{table}" SET status = %s{ENDED.get(table, "")} WHERE id = %s', status, pk)


def way_to(moves: Moves, start: str, target: str) -> list[str]:
    """The shortest way through a table of moves, without its start."""
    ways: dict[str, list[str]] = {start: []}
    queue = deque([start])
    while queue:
        here = queue.popleft()
        if here == target:
            return ways[here]
        for there in sorted(moves.get(here, frozenset())):
            if there not in ways:
                ways[there] = [*ways[here], there]
                queue.append(there)
    raise AssertionError(f"no way from {start} to {target}")
