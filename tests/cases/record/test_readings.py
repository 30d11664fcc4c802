"""Readings under the record: every look is told of in its own transaction, and what a superuser does to it is found."""

import contextlib
import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from io import StringIO
from typing import Any

import psycopg2
import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection, transaction
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from cases.actions.readings import tell_looks, tell_untold_looks
from cases.audit import readings as verifier
from cases.audit.models import Event
from cases.audit.readings import ReadingFinding, verify_readings
from cases.audit.rows import verify_rows
from cases.models.recorded import RECORDED
from tests.support.looks import looked, swept
from tests.support.rows import arranged
from tests.wallets.looks import DOWN, assets
from tests.wallets.nodes import some_address
from wallets import snapshots
from wallets.models import LookDigest, Reading, ReadingBatch, Wallet
from wallets.snapshots.digests import Told, tell_untold

pytestmark = pytest.mark.django_db(transaction=True)

NOON = datetime(2026, 11, 2, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
Superuser = psycopg2.extensions.cursor


@pytest.fixture
def superuser() -> Iterator[Superuser]:
    """A superuser's cursor with triggers and foreign keys off; each statement is committed by `done`."""
    other = psycopg2.connect(
        os.environ["HOLDFAST_TEST_SUPERUSER_URL"], dbname=connection.settings_dict["NAME"]
    )
    try:
        with other, other.cursor() as cursor:
            cursor.execute("SET session_replication_role = replica; SET statement_timeout = '20s'")
            yield cursor
    finally:
        other.close()


def done(cursor: Superuser, statement: str, *values: Any) -> None:
    cursor.execute(statement, values)
    assert cursor.rowcount != 0, f"nothing was tampered with: {statement}"
    cursor.connection.commit()


def found() -> list[tuple[str, str]]:
    return [(finding.what, finding.reason) for finding in verify_readings()]


@pytest.fixture
def history(settings: Any) -> list[Wallet]:
    """Looks of every shape at two assets of four wallets over three months, one look into the default partition."""
    settings.WALLET_EXTRA_TOKENS = [
        {"chain": "localdev", "contract": some_address(99), "symbol": "dUSD", "decimals": 6, "name": "Dollar"}
    ]
    wallets = [snapshots.ensure_wallet(chain="localdev", text=some_address(number)) for number in range(4)]
    one, two, three, four = wallets
    snapshots.make_months(at=NOON)
    snapshots.set_watches(
        wallet_ids=[wallet.pk for wallet in wallets], key="k", cadence_seconds=3600, at=NOON
    )
    coin = assets()[0].symbol
    first: dict[Wallet, Any] = {
        one: {coin: 5, "dUSD": 50},
        two: {coin: 6, "dUSD": 60},
        three: {coin: 7, "dUSD": 0},
        four: {coin: 8, "dUSD": 10**30},
    }
    swept(first, at=NOON)
    # Looked at, unchanged.
    swept({one: {}}, at=NOON + HOUR)
    # One changes, one fails, two sources contradict each other about one.
    swept({one: {coin: 9}, two: {coin: DOWN, "dUSD": 61}, three: {coin: (7, 70)}}, at=NOON + 2 * HOUR)
    # Asked for: a reading in any case.
    looked({one: {coin: 9}, two: {coin: 9, "dUSD": 61}}, at=NOON + 3 * HOUR, second="another:8545")
    swept({one: {"dUSD": 51}, two: {"dUSD": 62}}, at=NOON + timedelta(days=31))
    # Everything fails: no look.
    with pytest.raises(ReadingBatch.DoesNotExist):
        swept({wallet: {coin: DOWN, "dUSD": DOWN} for wallet in wallets}, at=NOON + timedelta(days=32))
    # Of a month that nobody made.
    swept({four: {coin: 0, "dUSD": 1}}, at=NOON + timedelta(days=800))
    return wallets


# ── Honest ────────────────────────────────────────────────────────────────────────────────────────────────


def test_every_look_is_told_in_its_own_transaction(history: list[Wallet]) -> None:
    batches = list(ReadingBatch.objects.order_by("pk"))
    events = {event.pk: event for event in Event.objects.filter(action="looks.recorded")}
    assert len(batches) == len(events) == 6
    for batch in batches:
        fixed = LookDigest.objects.get(pk=batch.pk)
        (told,) = events[fixed.told_as].values["looks"]  # type: ignore[index,misc]
        assert told == {
            "look": batch.pk,
            "token": str(batch.token),
            "chain": "localdev",
            "readings": Reading.objects.filter(batch=batch).count(),
            "digest": fixed.digest,
        }
    assert snapshots.untold_looks() == 0
    assert list(verify_readings()) == []
    out = StringIO()
    call_command("verify_record", stdout=out)
    assert "The readings are as the record told them." in out.getvalue()


def test_a_look_that_cannot_be_told_is_not_written(
    history: list[Wallet], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(**_values: object) -> Event:
        raise RuntimeError("the record is away")

    before = ReadingBatch.objects.count(), Reading.objects.count()
    monkeypatch.setattr("cases.actions.readings.record_system", refuse)
    with pytest.raises(RuntimeError, match="the record is away"):
        looked({history[0]: {"dUSD": 77}}, at=NOON + timedelta(days=801))
    assert (ReadingBatch.objects.count(), Reading.objects.count()) == before


def test_looks_of_before_are_told_later_and_once(history: list[Wallet], settings: Any) -> None:
    settings.WALLET_RECORDER = ""
    for number in range(3):
        looked({history[0]: {"dUSD": 80 + number}}, at=NOON + timedelta(days=801 + number))
    assert snapshots.untold_looks() == 3
    # Nobody is told to: nothing is told.
    assert tell_untold_looks(now=lambda: NOON) == 0
    # For some minutes they may wait for the worker.
    assert found() == []
    settings.WALLET_RECORDER = "cases.actions.readings.tell_looks"
    events = Event.objects.filter(action="looks.recorded").count()
    assert tell_untold_looks(now=lambda: NOON) == 3
    assert tell_untold_looks(now=lambda: NOON) == 0
    assert Event.objects.filter(action="looks.recorded").count() == events + 1
    assert snapshots.untold_looks() == 0
    assert found() == []


def test_looks_from_before_digests_get_theirs(history: list[Wallet], superuser: Superuser) -> None:
    """As an installation stands after its upgrade: looks, and rows that say that nobody told of them."""
    digests = dict(LookDigest.objects.values_list("pk", "digest"))
    superuser.execute("DELETE FROM audit_event WHERE action = 'looks.recorded'")
    superuser.execute("UPDATE wallets_lookdigest SET digest = NULL, readings = NULL, told_as = NULL")
    superuser.execute("UPDATE wallets_readingbatch SET recorded_at = recorded_at")
    superuser.connection.commit()
    assert tell_untold_looks(now=lambda: NOON) == 6
    assert dict(LookDigest.objects.values_list("pk", "digest")) == digests
    assert found() == []


def test_two_workers_tell_of_no_look_twice(
    history: list[Wallet], settings: Any, superuser: Superuser
) -> None:
    settings.WALLET_RECORDER = ""
    for number in range(4):
        looked({history[0]: {"dUSD": 80 + number}}, at=NOON + timedelta(days=801 + number))
    settings.WALLET_RECORDER = "cases.actions.readings.tell_looks"
    # Another worker has the oldest two.
    superuser.execute(
        "SELECT batch_id FROM wallets_lookdigest WHERE told_as IS NULL ORDER BY batch_id LIMIT 2 FOR UPDATE"
    )
    with transaction.atomic():
        assert tell_untold(limit=10) == 2
    superuser.connection.rollback()
    with transaction.atomic():
        assert tell_untold(limit=1) == 1
    with transaction.atomic():
        assert tell_untold(limit=10) == 1
    assert found() == []


amounts = st.one_of(
    st.just(0), st.integers(1, 3), st.just(10**60), st.just(DOWN), st.tuples(st.just(1), st.just(2))
)
looks = st.tuples(st.booleans(), st.integers(0, 2), st.lists(amounts, min_size=3, max_size=3))


@given(st.lists(looks, min_size=1, max_size=6))
@hypothesis_settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_no_honest_look_is_called_altered(
    monkeypatch: pytest.MonkeyPatch, told: list[tuple[bool, int, list[Any]]]
) -> None:
    """Looks of any shape, some of them at one block and so perhaps contradicting each other, on top of the earlier."""
    # Windows of a look each, so that their edges are tried as well.
    monkeypatch.setattr(verifier, "WINDOW_LOOKS", 1)
    last = ReadingBatch.objects.order_by("-taken_at").first()
    begin = NOON if last is None else last.taken_at
    start = Wallet.objects.count()
    wallets = [snapshots.ensure_wallet(chain="localdev", text=some_address(start + n)) for n in range(3)]
    snapshots.set_watches(
        wallet_ids=[wallet.pk for wallet in wallets], key="k", cadence_seconds=3600, at=begin
    )
    coin = assets()[0].symbol
    height = 1 if last is None else last.block_height
    for step, (asked_for, up, said) in enumerate(told, start=1):
        height += up
        amounts = {wallet: {coin: one} for wallet, one in zip(wallets, said, strict=True)}
        with contextlib.suppress(ReadingBatch.DoesNotExist):
            (looked if asked_for else swept)(amounts, at=begin + step * HOUR, height=height)
    assert list(verify_readings()) == []


# ── Tampering ─────────────────────────────────────────────────────────────────────────────────────────────

ALTERED = "was changed"
Seen = set[tuple[str, str]]

LOOK = "(SELECT id FROM wallets_readingbatch ORDER BY id OFFSET 2 LIMIT 1)"
OF_LOOK = f"batch_id = {LOOK}"

TAMPERING: dict[str, tuple[str, Seen]] = {
    "an amount": (f"UPDATE wallets_reading SET amount = amount + 1 WHERE {OF_LOOK}", {("look", ALTERED)}),
    "an amount long past": (
        "UPDATE wallets_reading SET amount = 1 WHERE amount = 50 AND taken_at = '2026-11-02 12:00+00'",
        {("look", ALTERED)},
    ),
    "an amount in the default partition": (
        "UPDATE wallets_reading_default SET amount = 3 WHERE amount = 1",
        {("look", ALTERED)},
    ),
    "an amount in a month's partition": (
        "UPDATE wallets_reading_2026_12 SET amount = 1",
        {("look", ALTERED)},
    ),
    "what was before": (f"UPDATE wallets_reading SET before = 1 WHERE {OF_LOOK}", {("look", ALTERED)}),
    "the look before": (
        f"UPDATE wallets_reading SET before_batch_id = {LOOK} WHERE {OF_LOOK}",
        {("look", ALTERED)},
    ),
    "a reading gone": (
        "DELETE FROM wallets_reading WHERE amount = 51",
        {("look", "was changed: 1 readings instead of 2")},
    ),
    "all of a partition gone": (
        "DELETE FROM wallets_reading_2026_12",
        {("look", "was changed: 0 readings instead of 2")},
    ),
    "a reading more": (
        "INSERT INTO wallets_reading SELECT wallet_id, asset_id, NULL, 3, (SELECT max(id) FROM wallets_readingbatch), "
        "NULL, (SELECT max(taken_at) FROM wallets_readingbatch) FROM wallets_reading WHERE amount = 51",
        {("look", "was changed: 3 readings instead of 2")},
    ),
    "a reading of another time": (
        "INSERT INTO wallets_reading SELECT wallet_id, asset_id, before, amount, batch_id, before_batch_id, "
        "taken_at - interval '1 year' FROM wallets_reading WHERE amount = 51",
        {("reading", "1 readings belong to no look")},
    ),
    "a reading of no look": (
        "INSERT INTO wallets_reading SELECT wallet_id, asset_id, before, amount, 999999, before_batch_id, "
        "taken_at - interval '1 second' FROM wallets_reading WHERE amount = 51",
        {("reading", "1 readings belong to no look")},
    ),
    "a reading moved in time": (
        "UPDATE wallets_reading SET taken_at = taken_at - interval '1 second' WHERE amount = 51",
        {("reading", "1 readings belong to no look")},
    ),
    "two amounts swapped": (
        "UPDATE wallets_reading AS one SET amount = other.amount FROM wallets_reading AS other "
        "WHERE one.amount IN (5, 6) AND other.amount IN (5, 6) AND one.amount <> other.amount",
        {("look", ALTERED)},
    ),
    "two wallets swapped": (
        "UPDATE wallets_wallet AS one SET address = other.address || ' ' FROM wallets_wallet AS other "
        "WHERE one.id <> other.id AND one.id IN (SELECT wallet_id FROM wallets_reading WHERE amount IN (5, 6)) "
        "AND other.id IN (SELECT wallet_id FROM wallets_reading WHERE amount IN (5, 6)); "
        "UPDATE wallets_wallet SET address = rtrim(address)",
        {("look", ALTERED)},
    ),
    "a contract": ("UPDATE wallets_asset SET contract = '0xdead' WHERE symbol = 'dUSD'", {("look", ALTERED)}),
    "the decimals": ("UPDATE wallets_asset SET decimals = 7 WHERE symbol = 'dUSD'", {("look", ALTERED)}),
    "the chain of a wallet": (
        "UPDATE wallets_wallet SET chain = 'base' WHERE id IN (SELECT wallet_id FROM wallets_reading WHERE amount = 51)",
        {("look", ALTERED)},
    ),
    "a look gone": (
        "DELETE FROM wallets_readingbatch WHERE id = (SELECT batch_id FROM wallets_reading WHERE amount = 51)",
        {("look", "is gone"), ("reading", "2 readings belong to no look")},
    ),
    "a look gone with its readings": (
        "DELETE FROM wallets_readingbatch WHERE id = (SELECT batch_id FROM wallets_reading WHERE amount = 51); "
        "DELETE FROM wallets_reading_2026_12",
        {("look", "is gone")},
    ),
    "a look more, of long ago": (
        "INSERT INTO wallets_readingbatch SELECT (t).* FROM (SELECT jsonb_populate_record(batch, jsonb_build_object("
        "'id', 999999, 'token', gen_random_uuid(), 'recorded_at', now() - interval '6 minutes')) AS t "
        f"FROM wallets_readingbatch AS batch WHERE id = {LOOK}) AS row",
        {("look", "was never told of")},
    ),
    "an answer's place": (
        f"UPDATE wallets_provideranswer SET position = 7 WHERE {OF_LOOK}",
        {("look", ALTERED)},
    ),
    "an answer gone": (f"DELETE FROM wallets_provideranswer WHERE {OF_LOOK}", {("look", ALTERED)}),
    "the bytes of an answer": (
        "UPDATE wallets_blob SET body = set_byte(body, length(body) - 1, get_byte(body, length(body) - 1) # 1)",
        {("answer", "was changed")},
    ),
    "an answer's bytes gone": (
        f"DELETE FROM wallets_blob WHERE digest = (SELECT answer_id FROM wallets_provideranswer WHERE {OF_LOOK})",
        {("answer", "is gone")},
    ),
    "the list of addresses gone": (
        f"DELETE FROM wallets_blob WHERE digest = (SELECT members[1] FROM wallets_readingbatch WHERE id = {LOOK})",
        {("answer", "is gone")},
    ),
    "what sources contradicted": (
        "UPDATE wallets_disagreement SET other_amount = 7001",
        {("look", ALTERED)},
    ),
    "a contradiction gone": ("DELETE FROM wallets_disagreement", {("look", ALTERED)}),
    "a balance": (
        "UPDATE wallets_balance SET amount = amount + 1 WHERE amount = 51",
        {("balance", "is not the amount that was read last")},
    ),
    "a balance gone": (
        "DELETE FROM wallets_balance WHERE amount = 51",
        {("balance", "is gone, though it was read")},
    ),
    "a balance emptied": (
        "UPDATE wallets_balance SET amount = NULL, read_at = NULL, batch_id = NULL, seen_at = NULL WHERE amount = 51",
        {("balance", "is not the amount that was read last")},
    ),
    "a balance set back to an older reading": (
        "UPDATE wallets_balance SET amount = 50, read_at = '2026-11-02 12:00+00' WHERE amount = 51",
        {("balance", "is not the amount that was read last")},
    ),
    "when a balance changed": (
        "UPDATE wallets_balance SET read_at = read_at - interval '1 day' WHERE amount = 51",
        {("balance", "is not what was read when it is said to be")},
    ),
    "the look of a balance": (
        "UPDATE wallets_balance SET batch_id = (SELECT min(id) FROM wallets_readingbatch) WHERE amount = 51",
        {("balance", "names another look than saw it")},
    ),
    "the digest kept beside a look": (
        f"UPDATE wallets_lookdigest SET digest = repeat('a', 64) WHERE batch_id = {LOOK}",
        {("look", "has another digest kept beside it")},
    ),
    "the digest beside a look gone": (
        f"DELETE FROM wallets_lookdigest WHERE batch_id = {LOOK}",
        {("look", "has another digest kept beside it")},
    ),
    "what event told of a look": (
        f"UPDATE wallets_lookdigest SET told_as = 1 WHERE batch_id = {LOOK}",
        {("look", "has another digest kept beside it")},
    ),
    "the event gone": (
        f"DELETE FROM audit_event WHERE id = (SELECT told_as FROM wallets_lookdigest WHERE batch_id = {LOOK}); "
        "UPDATE wallets_readingbatch SET recorded_at = recorded_at - interval '1 hour' "
        f"WHERE id = {LOOK}",
        {("look", "was never told of")},
    ),
    "the event's values": (
        "UPDATE audit_event SET sealed_values = set_byte(sealed_values, 40, get_byte(sealed_values, 40) # 1) "
        f"WHERE id = (SELECT told_as FROM wallets_lookdigest WHERE batch_id = {LOOK})",
        {("event", "cannot be read")},
    ),
}


@pytest.mark.parametrize("what", TAMPERING)
def test_what_a_superuser_changed_is_found(what: str, history: list[Wallet], superuser: Superuser) -> None:
    statements, expected = TAMPERING[what]
    assert found() == []
    for statement in statements.split("; "):
        done(superuser, statement)
    findings = found()
    assert expected <= set(findings), findings
    with pytest.raises(CommandError, match="looks, readings or balances are not as the record told them"):
        call_command("verify_record", stdout=StringIO(), stderr=StringIO())


@pytest.mark.parametrize(
    ("column", "other"),
    [
        ("token", "gen_random_uuid()"),
        ("chain", "'base'"),
        ("taken_at", "taken_at - interval '1 microsecond'"),
        ("took_ms", "took_ms + 1"),
        ("recorded_at", "recorded_at - interval '1 microsecond'"),
        ("block_height", "block_height + 1"),
        ("block_hash", "block_hash || 'a'"),
        ("block_time", "block_time + interval '1 microsecond'"),
        ("pin", "'slot'"),
        ("depth", "'finalized'"),
        ("provider", "'other'"),
        ("agreement", "'unconfirmed'"),
        ("seconded_by", "'other'"),
        ("requested", "NOT requested"),
        ("wallets", "wallets + 1"),
        ("assets", "assets[1:1]"),
        ("members", "array_append(members, members[1])"),
    ],
)
def test_each_column_of_a_look_is_under_its_digest(
    column: str, other: str, history: list[Wallet], superuser: Superuser
) -> None:
    # Constraints stand for superusers too: of two columns that go together both are changed.
    both = "agreement = 'agreed', seconded_by = 'other'" if column == "seconded_by" else f"{column} = {other}"
    done(superuser, f"UPDATE wallets_readingbatch SET {both} WHERE id = {LOOK}")
    assert ("look", ALTERED) in {(what, reason.partition(":")[0]) for what, reason in found()}


def test_every_column_is_tried() -> None:
    tried = {
        mark.args[1][place][0]
        for mark in test_each_column_of_a_look_is_under_its_digest.pytestmark  # type: ignore[attr-defined]
        for place in range(len(mark.args[1]))
    }
    assert tried == {field.column for field in ReadingBatch._meta.concrete_fields} - {"id"}


def test_a_look_told_of_twice_is_found(history: list[Wallet], superuser: Superuser) -> None:
    """Whoever can run the application's own code can tell anything; but not unseen."""
    batch = ReadingBatch.objects.order_by("pk").first()
    assert batch is not None
    with transaction.atomic():
        tell_looks([Told(batch.pk, str(batch.token), "localdev", batch.taken_at, "a" * 64, 8)])
    assert found() == [("look", "was told of twice"), ("look", ALTERED)]


@pytest.mark.parametrize(
    "change",
    [
        "SET amount = amount + 1",
        "SET read_at = read_at - interval '1 hour'",
        "SET batch_id = batch_id + 1",
        None,
    ],
)
def test_a_sighting_that_was_changed_is_found(
    change: str | None, history: list[Wallet], superuser: Superuser
) -> None:
    with transaction.atomic():
        sighting = snapshots.keep_sighting(
            wallet_id=history[0].pk, asset_id=assets()[0].pk, at=NOON + 2 * HOUR
        )
        arranged()
    assert sighting is not None
    assert list(verify_rows(RECORDED)) == []
    done(superuser, f"UPDATE wallets_sighting {change}" if change else "DELETE FROM wallets_sighting")
    assert [(row.table, row.row, row.reason) for row in verify_rows(RECORDED)] == [
        ("wallets_sighting", sighting.pk, "was changed" if change else "is gone")
    ]


def test_an_emptied_history_is_found(history: list[Wallet], superuser: Superuser) -> None:
    superuser.execute("TRUNCATE wallets_reading, wallets_readingbatch, wallets_lookdigest, wallets_balance, "
                      "wallets_disagreement, wallets_provideranswer, wallets_news, wallets_sighting CASCADE")  # fmt: skip
    superuser.connection.commit()
    assert {(finding.what, finding.reason) for finding in verify_readings()} == {("look", "is gone")}
    assert len(list(verify_readings())) == 6


def test_the_look_is_named(history: list[Wallet], superuser: Superuser) -> None:
    number = ReadingBatch.objects.order_by("pk").values_list("pk", flat=True)[2]
    done(superuser, f"UPDATE wallets_readingbatch SET block_height = 1 WHERE id = {number}")
    event = LookDigest.objects.get(pk=number).told_as
    assert ReadingFinding("look", str(number), ALTERED, event) in list(verify_readings())
