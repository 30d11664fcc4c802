"""Every pair of statuses of every table: the database takes a move of the table and refuses all others."""

from itertools import product

import pytest
from django.db import DatabaseError, IntegrityError, connection

from cases.status import CHOICES, MOVES, IllegalMove, move, pairs
from tests.support.everything import Everything
from tests.support.rows import copied, set_status, undone, way_to

TABLES = sorted(MOVES)


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("switch", [False, True], ids=["plain", "told to ignore triggers"])
def test_the_database_moves_by_the_table_alone(everything: Everything, table: str, switch: bool) -> None:
    """Of n² pairs exactly those of the table pass; pgtrigger's session switch opens none of the others."""
    db_table = everything.rows[table]._meta.db_table
    if switch:
        ignore_every_trigger(db_table)
    passed: set[tuple[str, str]] = set()
    for source in CHOICES[table].values:
        with undone():
            pk = everything.moved(table, source)
            for target in set(CHOICES[table].values) - {source}:
                try:
                    with undone():
                        everything.step(table, pk, source, target)
                except DatabaseError as refusal:
                    wanted = f'Invalid transition of field "status" from "{source}" to "{target}"'
                    # A task that ended is not changed at all.
                    assert wanted in str(refusal) or "a task that ended is not changed" in str(refusal)
                else:
                    passed.add((source, target))
    assert sorted(passed) == pairs(MOVES[table])


def ignore_every_trigger(db_table: str) -> None:
    """What any session may say to pgtrigger: ignore each of the table's triggers, under each of its names."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT tgname FROM pg_trigger WHERE tgrelid = %s::regclass", [db_table])
        names = [name for (name,) in cursor.fetchall()]
        spellings = [*names, *(f"{db_table}:{name}" for name in names)]
        cursor.execute("SELECT set_config('pgtrigger.ignore', %s, true)", [f"{{{','.join(spellings)}}}"])


@pytest.mark.parametrize("table", TABLES)
def test_a_row_is_born_in_the_first_status(everything: Everything, table: str) -> None:
    first, *others = CHOICES[table].values
    row = everything.rows[table]
    with undone():
        everything.born(table)
    for status in others:
        with pytest.raises(IntegrityError, match=f"begins as {first}"), undone():
            copied(row, everything.fresh(table) | {"status": status})


@pytest.mark.parametrize("table", TABLES)
def test_no_unknown_status_is_taken(everything: Everything, table: str) -> None:
    db_table = everything.rows[table]._meta.db_table
    for status in ("", "unknown", "Open"):
        with pytest.raises(DatabaseError), undone():
            copied(everything.rows[table], everything.fresh(table) | {"status": status})
        with pytest.raises(DatabaseError), undone():
            set_status(db_table, everything.born(table), status)


@pytest.mark.parametrize("table", TABLES)
def test_every_status_is_reached_and_every_choice_is_in_the_table(table: str) -> None:
    first = str(CHOICES[table].values[0])
    named = set(MOVES[table]) | {target for targets in MOVES[table].values() for target in targets}
    assert named == set(CHOICES[table].values)
    for status in CHOICES[table].values:
        way_to(MOVES[table], first, status)


class Row:
    """What `move` needs of a row."""

    def __init__(self, table: str, status: str) -> None:
        self.STATUS_TABLE, self.status = table, status


@pytest.mark.parametrize("table", TABLES)
def test_move_follows_the_same_table(table: str) -> None:
    for source, target in product(CHOICES[table].values, repeat=2):
        row = Row(table, source)
        if (source, target) in pairs(MOVES[table]):
            assert move(row, target) == (source, target)
            assert row.status == target
        else:
            with pytest.raises(IllegalMove):
                move(row, target)
            assert row.status == source
