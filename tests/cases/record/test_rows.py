"""Rows under the record: every change is told by an event, and what differs from the last word is found."""

import os
from collections.abc import Iterator

import psycopg2
import pytest
from django.apps import apps
from django.db import IntegrityError, connection, transaction

from cases.actions.cases import write_note
from cases.audit.gathering import names
from cases.audit.models import Event
from cases.audit.record import record_system
from cases.audit.rows import told_in, verify_rows
from cases.models import Case, Note
from cases.models.recorded import NOT_RECORDED, RECORDED
from cases.permissions import Permission
from tests.support.casework import Casework, moment
from tests.support.everything import staged
from tests.support.rows import all_at_once, arranged


def test_every_table_is_recorded_or_said_not_to_be() -> None:
    tables = {
        model._meta.db_table
        for label in ("cases", "people")
        for model in apps.get_app_config(label).get_models(include_auto_created=True)
    }
    # Of the chains' own tables this one: what a freeze rests on. The others are told look by look.
    assert {*tables, "wallets_sighting"} == {*RECORDED, *NOT_RECORDED}
    assert not set(RECORDED) & set(NOT_RECORDED)


@pytest.mark.django_db
def test_the_database_has_both_triggers_on_each_recorded_table() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT tgname, relname, tgenabled, encode(tgargs, 'escape') FROM pg_trigger "
            "JOIN pg_class ON pg_class.oid = tgrelid WHERE tgname LIKE 'audit\\_gather\\_%%' "
            "OR tgname LIKE 'audit\\_must\\_%%'"
        )
        found = {name: (table, enabled, arguments) for name, table, enabled, arguments in cursor.fetchall()}
    expected = {}
    for table, left_out in RECORDED.items():
        gather, must = names(table)
        expected[gather] = (table, "O", "".join(column + "\\000" for column in sorted(left_out)))
        expected[must] = (table, "O", "")
    assert found == expected


@pytest.mark.django_db(transaction=True)
def test_a_change_that_no_event_tells_of_does_not_commit() -> None:
    casework = Casework.opened()
    case = Case.objects.get(pk=casework.case.pk)
    with pytest.raises(IntegrityError, match="no event tells of it"):
        Case.objects.filter(pk=case.pk).update(title="Another title")
    with pytest.raises(IntegrityError, match="no event tells of it"), transaction.atomic():
        record_system(action="test.early", actor=None, occurred_at=moment())
        Case.objects.filter(pk=case.pk).update(title="Changed after its event")
    # What holds no fact of the case needs no event, and a change of nothing is none.
    Case.objects.filter(pk=case.pk).update(touched_at=moment(), title=case.title)
    case.refresh_from_db()
    assert case.title == casework.case.title
    assert list(verify_rows(RECORDED)) == []


@pytest.mark.django_db(transaction=True)
def test_a_change_that_was_taken_back_in_its_transaction_is_not_told() -> None:
    casework = Casework.opened()
    with transaction.atomic():
        with pytest.raises(ZeroDivisionError), transaction.atomic():
            Case.objects.filter(pk=casework.case.pk).update(title="Taken back")
            _ = 1 / 0
        event = record_system(action="test.after", actor=None, occurred_at=moment())
    assert Event.objects.get(pk=event.pk).rows == ""


@pytest.mark.django_db
def test_an_event_names_each_row_once_as_it_was_left(casework: Casework) -> None:
    note = write_note(grant=casework.grant(Permission.NOTE), at=moment(), text="Called the clerk.")
    event = Event.objects.latest("id")
    told = [(table, number) for table, number, _digest in told_in(event.rows)]
    assert told == sorted(set(told))
    assert ("cases_note", note.pk) in told


@pytest.mark.django_db
def test_a_row_of_which_nobody_told_is_found(casework: Casework) -> None:
    """As where somebody who may run any SQL empties the setting in which changes are gathered."""
    Note.objects.create(
        case=casework.case, number=99, text="Slipped in", written_by=casework.lead, written_at=moment()
    )
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('holdfast.changes', '', true)")
    assert [(finding.table, finding.reason) for finding in verify_rows(RECORDED)] == [
        ("cases_note", "was never told")
    ]


@pytest.fixture
def superuser() -> Iterator[psycopg2.extensions.cursor]:
    """A superuser's cursor with triggers and foreign keys off."""
    other = psycopg2.connect(
        os.environ["HOLDFAST_TEST_SUPERUSER_URL"], dbname=connection.settings_dict["NAME"]
    )
    try:
        with other, other.cursor() as cursor:
            cursor.execute("SET session_replication_role = replica; SET statement_timeout = '20s'")
            yield cursor
    finally:
        other.close()


@pytest.mark.django_db(transaction=True)
def test_what_a_superuser_did_to_any_recorded_table_is_found(superuser: psycopg2.extensions.cursor) -> None:
    with all_at_once():
        staged()
        arranged()
    assert list(verify_rows(RECORDED)) == []
    tried, changed = set(), set()
    for table in RECORDED:
        superuser.execute(f"SELECT min(id) FROM {table}")
        (number,) = superuser.fetchone()
        if number is None:
            continue
        tried.add(table)
        superuser.execute(f"CREATE TEMP TABLE kept AS SELECT * FROM {table} WHERE id = {number}")
        superuser.connection.commit()
        for statement, reason in (
            (f"DELETE FROM {table} WHERE id = {number}", "is gone"),
            (f"UPDATE {table} SET id = -1 WHERE id = {number}", "was never told"),
        ):
            superuser.execute(statement)
            superuser.connection.commit()
            found = list(verify_rows({table: RECORDED[table]}))
            assert reason in {finding.reason for finding in found}, (table, statement)
            superuser.execute(f"DELETE FROM {table} WHERE id = -1; INSERT INTO {table} SELECT * FROM kept")
            superuser.connection.commit()
        for column, other in _other_values(superuser, table, number):
            if column in RECORDED[table]:
                continue
            try:
                superuser.execute(f'UPDATE {table} SET "{column}" = {other} WHERE id = {number}')
            except (psycopg2.IntegrityError, psycopg2.DataError):
                # A constraint is in the way of this very value; the table's other columns are tried.
                superuser.connection.rollback()
                continue
            superuser.connection.commit()
            changed.add(table)
            found = list(verify_rows({table: RECORDED[table]}))
            assert [(f.row, f.reason) for f in found] == [(number, "was changed")], (table, column, found)
            superuser.execute(
                f'UPDATE {table} SET "{column}" = (SELECT "{column}" FROM kept) WHERE id = {number}'
            )
            superuser.connection.commit()
        superuser.execute("DROP TABLE kept")
    assert list(verify_rows(RECORDED)) == []
    assert changed == tried
    # Those that `everything` fills are most of them; a table that it leaves empty is named here.
    assert set(RECORDED) - tried <= {
        "cases_clock",
        "cases_orderreader",
        "cases_connectorreport",
        "cases_reportverdict",
    }


def _other_values(cursor: psycopg2.extensions.cursor, table: str, number: int) -> list[tuple[str, str]]:
    """For each column an expression for some other value that its type takes."""
    cursor.execute(
        "SELECT column_name, data_type FROM information_schema.columns WHERE table_name = %s AND column_name <> 'id'",
        [table],
    )
    other = {
        "boolean": "NOT coalesce({c}, false)",
        "integer": "coalesce({c}, 0) + 1",
        "bigint": "coalesce({c}, 0) + 1",
        "smallint": "coalesce({c}, 0) + 1",
        "numeric": "coalesce({c}, 0) + 1",
        "timestamp with time zone": "coalesce({c}, now()) - interval '1 microsecond'",
        "date": "coalesce({c}, current_date) - 1",
        "uuid": "gen_random_uuid()",
        "jsonb": "jsonb_build_object('was', {c})",
        "character varying": "left(reverse(coalesce({c}, '') || 'x'), greatest(length({c}), 1))",
        "text": "coalesce({c}, '') || 'x'",
        "ARRAY": "array_append({c}, NULL)",
        "inet": "'203.0.113.9'",
        "bytea": "coalesce({c}, '') || '\\x00'::bytea",
        "interval": "coalesce({c}, interval '0') + interval '1 second'",
    }
    return [(column, other[kind].format(c=f'"{column}"')) for column, kind in cursor.fetchall()]
