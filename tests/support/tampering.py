"""What somebody with the database's own superuser could do to the record: many kinds, each with a seed."""

import os
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import psycopg2
from django.db import connection

Cursor = psycopg2.extensions.cursor
# The trigger's formula, for who recomputes hashes after a change.
REHASH = """
    DO $$ DECLARE e record; last bytea := decode(repeat('00', 32), 'hex'); found bytea; id_of uuid;
    BEGIN
        SELECT uuid INTO id_of FROM audit_stream WHERE id = {stream};
        FOR e IN SELECT * FROM audit_event WHERE stream_id = {stream} ORDER BY sequence LOOP
            found := sha256(convert_to('holdfast-event-2', 'UTF8') || uuid_send(id_of) || int8send(e.sequence)
                || int8send((extract(epoch FROM e.recorded_at) * 1000000)::bigint) || last || sha256(e.body)
                || sha256(convert_to(e.rows, 'UTF8')));
            UPDATE audit_event SET previous_hash = last, hash = found WHERE id = e.id;
            UPDATE audit_leaf SET hash = found WHERE event_id = e.id;
            last := found;
        END LOOP;
        UPDATE audit_stream SET head_hash = last WHERE id = {stream};
        UPDATE audit_laidstream SET head = last WHERE stream_id = {stream};
    END $$;
"""
# The nodes follow from the leaves: thrown away and made anew by the caller (`audit_node` is emptied here).
RENODE = "DELETE FROM audit_node; "
BODY = "body = convert_to(replace(convert_from(body, 'UTF8'), '{old}', '{new}'), 'UTF8')"


@dataclass(frozen=True)
class Facts:
    """What a change is aimed at."""

    stream: int
    case: int
    # The numbers in the sequence that were under the checkpoint which the reader keeps.
    length: int
    rows: dict[str, list[int]]


@contextmanager
def superuser() -> Iterator[Cursor]:
    """A cursor for which no trigger fires and no foreign key is asked."""
    other = psycopg2.connect(
        os.environ["HOLDFAST_TEST_SUPERUSER_URL"], dbname=connection.settings_dict["NAME"]
    )
    try:
        with other, other.cursor() as cursor:
            cursor.execute("SET LOCAL session_replication_role = replica")
            yield cursor
    finally:
        other.close()


def facts_of(cursor: Cursor, case: int, tables: dict[str, str]) -> Facts:
    """`tables`: for each table the condition that picks this case's rows."""
    cursor.execute(
        "SELECT c.stream_id, l.length FROM cases_case c JOIN audit_laidstream l ON l.stream_id = c.stream_id "
        "WHERE c.id = %s",
        [case],
    )
    stream, length = cursor.fetchone()
    rows = {}
    for table, condition in tables.items():
        cursor.execute(f"SELECT id FROM {table} WHERE {condition} ORDER BY id")
        rows[table] = [number for (number,) in cursor.fetchall()]
    return Facts(stream, case, length, rows)


Change = Callable[[random.Random, Facts], str]


def _event(column: str, value: str) -> Change:
    return lambda dice, facts: (
        f"UPDATE audit_event SET {column} = {value} WHERE stream_id = {facts.stream} "
        f"AND sequence = {dice.randint(1, facts.length)};"
    )


def _then(first: Change, *more: str) -> Change:
    return lambda dice, facts: first(dice, facts) + "".join(text.format(stream=facts.stream) for text in more)


def _delete(dice: random.Random, facts: Facts) -> str:
    return f"DELETE FROM audit_event WHERE stream_id = {facts.stream} AND sequence = {dice.randint(1, facts.length)};"


def _delete_and_close(dice: random.Random, facts: Facts) -> str:
    """Take one out and number the rest anew."""
    gone = dice.randint(1, facts.length)
    return (
        f"DELETE FROM audit_leaf WHERE event_id IN (SELECT id FROM audit_event WHERE stream_id = {facts.stream} AND "
        f"sequence = {gone}); DELETE FROM audit_event WHERE stream_id = {facts.stream} AND sequence = {gone};"
        f"UPDATE audit_event SET sequence = sequence + 1000000 WHERE stream_id = {facts.stream} AND sequence > {gone};"
        f"UPDATE audit_event SET sequence = sequence - 1000001 WHERE stream_id = {facts.stream} AND sequence > 1000000;"
        f"UPDATE audit_stream SET length = length - 1 WHERE id = {facts.stream};"
        f"UPDATE audit_laidstream SET length = length - 1 WHERE stream_id = {facts.stream};"
    )


def _truncate(dice: random.Random, facts: Facts) -> str:
    """The last events never happened: the events, their places in the tree, and every count of them."""
    left = dice.randint(max(1, facts.length - 5), facts.length - 1)
    return (
        f"DELETE FROM audit_leaf WHERE event_id IN (SELECT id FROM audit_event WHERE stream_id = {facts.stream} AND "
        f"sequence > {left}); DELETE FROM audit_event WHERE stream_id = {facts.stream} AND sequence > {left};"
        f"UPDATE audit_stream s SET length = {left}, head_hash = e.hash FROM audit_event e WHERE s.id = {facts.stream} "
        f"AND e.stream_id = s.id AND e.sequence = {left};"
        f"UPDATE audit_laidstream s SET length = {left}, head = e.hash FROM audit_event e "
        f"WHERE s.stream_id = {facts.stream} AND e.stream_id = s.stream_id AND e.sequence = {left};"
    )


def _truncate_events_alone(dice: random.Random, facts: Facts) -> str:
    """The same with the leaves left in the tree, where no outsider sees whose they are."""
    return (
        ";".join(part for part in _truncate(dice, facts).split(";") if "DELETE FROM audit_leaf" not in part)
        + ";"
    )


def _swap(*columns: str) -> Change:
    def change(dice: random.Random, facts: Facts) -> str:
        first, second = dice.sample(range(1, facts.length + 1), 2)
        sets = ", ".join(f"{column} = b.{column}" for column in columns)
        return (
            f"UPDATE audit_event a SET {sets} FROM audit_event b WHERE a.stream_id = {facts.stream} AND "
            f"b.stream_id = a.stream_id AND a.sequence IN ({first}, {second}) AND b.sequence IN ({first}, {second}) "
            "AND a.sequence <> b.sequence;"
        )

    return change


def _insert(dice: random.Random, facts: Facts) -> str:
    """A copy of an event put in behind another, the later ones numbered anew."""
    at, of = dice.randint(1, facts.length), dice.randint(1, facts.length)
    return (
        f"UPDATE audit_event SET sequence = sequence + 1000000 WHERE stream_id = {facts.stream} AND sequence > {at};"
        f"UPDATE audit_event SET sequence = sequence - 999999 WHERE stream_id = {facts.stream} AND sequence > 1000000;"
        "INSERT INTO audit_event (stream_id, sequence, nonce, body, sealed_values, row_salt, actor_id, action, "
        "object_kind, object_number, acting_role, occurred_at, recorded_at, previous_hash, rows, hash) "
        f"SELECT stream_id, {at} + 1, nonce, body, sealed_values, row_salt, actor_id, action, object_kind, "
        "object_number, acting_role, occurred_at, recorded_at, previous_hash, rows, hash FROM audit_event "
        f"WHERE stream_id = {facts.stream} AND sequence = {of if of <= at else of + 1};"
        f"UPDATE audit_stream SET length = length + 1 WHERE id = {facts.stream};"
    )


def _row(statement: str, *tables: str) -> Change:
    def change(dice: random.Random, facts: Facts) -> str:
        there = [table for table in tables if facts.rows.get(table)]
        table = dice.choice(there)
        return statement.format(table=table, row=dice.choice(facts.rows[table]), case=facts.case)

    return change


def _swap_rows(dice: random.Random, facts: Facts) -> str:
    """Two rows of a table change places."""
    tables = [table for table, rows in facts.rows.items() if len(rows) > 1]
    table = dice.choice(sorted(tables))
    first, second = dice.sample(facts.rows[table], 2)
    return (
        f"UPDATE {table} SET id = -1 WHERE id = {first}; UPDATE {table} SET id = {first} WHERE id = {second};"
        f"UPDATE {table} SET id = {second} WHERE id = -1;"
    )


_LATER = "+ interval '1 second'"
KINDS: dict[str, Change] = {
    "event: its action": _event("body", BODY.split(" = ", 1)[1].format(old='"action":"', new='"action":"x')),
    "event: its actor's role": _event("body", BODY.split(" = ", 1)[1].format(old='"v":2', new='"v":2,"x":1')),
    "event: its moment": _event("recorded_at", f"recorded_at {_LATER}"),
    "event: what it says of rows": _event("rows", "rows || 'cases_note:1:-' || chr(10)"),
    "event: its hash": _event("hash", "sha256(hash)"),
    "event: the hash before": _event("previous_hash", "sha256(previous_hash)"),
    "event: its number": _event("sequence", "sequence + 1000"),
    "event: no body": _event("body", "''"),
    "event: the body of nothing": _event("body", "convert_to('{}', 'UTF8')"),
    "event: its values": _event("sealed_values", "sha256(sealed_values)"),
    "event: no values": _event("sealed_values", "''"),
    "event: taken out": _delete,
    "event: taken out, the rest numbered anew": _delete_and_close,
    "event: taken out, all recomputed": _then(_delete_and_close, REHASH, RENODE),
    "event: put in": _insert,
    "event: put in, all recomputed": _then(_insert, REHASH, RENODE),
    "event: two bodies swapped": _swap("body", "nonce", "sealed_values"),
    "event: two values swapped": _swap("sealed_values"),
    "event: two swapped, all recomputed": _then(
        _swap("body", "nonce", "sealed_values", "rows"), REHASH, RENODE
    ),
    "event: moment changed, all recomputed": _then(
        _event("recorded_at", f"recorded_at {_LATER}"), REHASH, RENODE
    ),
    "event: body changed, all recomputed": _then(
        _event("body", BODY.split(" = ", 1)[1].format(old='"action":"', new='"action":"x')), REHASH, RENODE
    ),
    "event: rows changed, all recomputed": _then(
        _event("rows", "rows || 'cases_note:1:-' || chr(10)"), REHASH, RENODE
    ),
    "stream: its last events never happened": _truncate,
    "stream: its last events gone, leaves left": _truncate_events_alone,
    "stream: its last events gone, all recomputed": _then(_truncate, REHASH, RENODE),
    "tree: a leaf changed": lambda dice, facts: (
        "UPDATE audit_leaf SET hash = sha256(hash) WHERE event_id = (SELECT id FROM audit_event WHERE "
        f"stream_id = {facts.stream} AND sequence = {dice.randint(1, facts.length)});"
    ),
    "tree: a leaf gone": lambda dice, facts: (
        "DELETE FROM audit_leaf WHERE event_id = (SELECT id FROM audit_event WHERE "
        f"stream_id = {facts.stream} AND sequence = {dice.randint(1, facts.length)});"
    ),
    "tree: the checkpoint's root": lambda dice, facts: "UPDATE audit_checkpoint SET root = sha256(root);",
    "tree: the checkpoint's text": lambda dice, facts: (
        "UPDATE audit_checkpoint SET note = replace(note, 'time 20', 'time 19');"
    ),
    "tree: the checkpoints gone, all recomputed": _then(
        _event("recorded_at", f"recorded_at {_LATER}"),
        REHASH,
        RENODE,
        "DELETE FROM audit_publication; DELETE FROM audit_checkpoint;",
    ),
    "tree: another key": lambda dice, facts: "UPDATE audit_signingkey SET public = sha256(public);",
    "case: its title": _row("UPDATE {table} SET title = title || '.' WHERE id = {row};", "cases_case"),
    "case: its status": _row(
        "UPDATE {table} SET opened_at = opened_at - interval '1 day' WHERE id = {row};", "cases_case"
    ),
    "order: its authority's reference": _row(
        "UPDATE {table} SET received_at = received_at + interval '1 minute' WHERE id = {row};",
        "cases_legalorder",
    ),
    "order: gone": _row("DELETE FROM {table} WHERE id = {row};", "cases_legalorder"),
    "duty: due later": _row(
        "UPDATE {table} SET due_at = coalesce(due_at, now()) + interval '1 hour' WHERE id = {row};",
        "cases_obligation",
    ),
    "duty: gone": _row("DELETE FROM {table} WHERE id = {row};", "cases_obligation"),
    "freeze: its reason": _row(
        "UPDATE {table} SET reason = reason || '.' WHERE id = {row};", "cases_freezeorder"
    ),
    "freeze: gone": _row("DELETE FROM {table} WHERE id = {row};", "cases_freezeorder"),
    "approval: its moment": _row(
        "UPDATE {table} SET given_at = given_at - interval '1 hour' WHERE id = {row};", "cases_freezeapproval"
    ),
    "approval: gone": _row("DELETE FROM {table} WHERE id = {row};", "cases_freezeapproval"),
    "note: its words": _row("UPDATE {table} SET text = text || '.' WHERE id = {row};", "cases_note"),
    "paper: another digest": _row(
        "UPDATE {table} SET sha256 = encode(sha256(convert_to(sha256, 'UTF8')), 'hex') WHERE id = {row};",
        "cases_orderpaper",
    ),
    "paper: gone": _row("DELETE FROM {table} WHERE id = {row};", "cases_orderpaper"),
    "exhibit: another digest": _row(
        "UPDATE {table} SET sha256 = encode(sha256(convert_to(sha256, 'UTF8')), 'hex') WHERE id = {row};",
        "cases_exhibit",
    ),
    "exhibit: from somebody else": _row(
        "UPDATE {table} SET received_from = 'Nobody' WHERE id = {row};", "cases_exhibit"
    ),
    "exhibit: received later": _row(
        "UPDATE {table} SET received_at = received_at + interval '1 day' WHERE id = {row};", "cases_exhibit"
    ),
    "exhibit: scanned and clean": _row(
        "UPDATE {table} SET scan = 'clean', scanned_at = now() WHERE id = {row};", "cases_exhibit"
    ),
    "exhibit: gone": _row("DELETE FROM {table} WHERE id = {row};", "cases_exhibit"),
    "custody: with somebody else": _row(
        "UPDATE {table} SET other_person = 'Nobody' WHERE id = {row};", "cases_custodystep"
    ),
    "custody: another digest after": _row(
        "UPDATE {table} SET sha256_after = encode(sha256(convert_to(sha256_after, 'UTF8')), 'hex') WHERE id = {row};",
        "cases_custodystep",
    ),
    "custody: its moment": _row(
        "UPDATE {table} SET happened_at = happened_at - interval '1 day' WHERE id = {row};",
        "cases_custodystep",
    ),
    "custody: a step put in": _row(
        "INSERT INTO {table} SELECT id + 100000, position + 1, 'copied', happened_at, other_person, "
        "other_organisation, how, why, sha256_before, sha256_after, recorded_at, by_id, case_id, exhibit_id "
        "FROM {table} WHERE id = {row};",
        "cases_custodystep",
    ),
    "custody: gone": _row("DELETE FROM {table} WHERE id = {row};", "cases_custodystep"),
    "subject: another name": _row("UPDATE {table} SET name = name || '.' WHERE id = {row};", "cases_subject"),
    "account: another number": _row(
        "UPDATE {table} SET account_number = account_number || '0' WHERE id = {row};", "cases_exchangeaccount"
    ),
    "wallet: taken off the case": _row("DELETE FROM {table} WHERE id = {row};", "cases_casewallet"),
    "rows: two change places": _swap_rows,
    "rows: moved to another case": _row(
        "UPDATE {table} SET case_id = case_id + 100000 WHERE id = {row};", "cases_note", "cases_orderpaper"
    ),
    "rows: one told and put back as another": _row(
        "UPDATE {table} SET id = id + 100000 WHERE id = {row};",
        "cases_note",
        "cases_obligation",
        "cases_freezeorder",
    ),
}
