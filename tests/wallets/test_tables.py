"""What the database itself refuses, past the ORM."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.utils import timezone

from tests.support.rows import arranged
from tests.wallets.nodes import some_address
from wallets.models import (
    Asset,
    Balance,
    BaseUnitsField,
    Disagreement,
    Reading,
    ReadingBatch,
    Sighting,
    Wallet,
    WalletState,
    Watch,
)
from wallets.snapshots import make_months, stray_readings

pytestmark = pytest.mark.django_db

WHEN = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


@pytest.fixture
def wallet() -> Wallet:
    return Wallet.objects.create(chain="ethereum", address=some_address(1))


@pytest.fixture
def asset() -> Asset:
    return Asset.objects.create(chain="ethereum", kind="native", symbol="ETH", decimals=18, name="Ether")


@pytest.fixture
def look_values() -> dict[str, Any]:
    return {
        "token": "5f9c1f0e-4d2a-4c8b-9d51-000000000001",
        "chain": "ethereum",
        "taken_at": WHEN,
        "took_ms": 3,
        "block_height": 100,
        "block_hash": "0x" + "ab" * 32,
        "block_time": WHEN,
        "pin": "hash",
        "depth": "finalized",
        "provider": "node",
        "agreement": "single",
        "seconded_by": "",
        "requested": False,
        "wallets": 1,
        "assets": "{}",
        "members": "{}",
    }


@pytest.fixture
def look(look_values: dict[str, Any]) -> ReadingBatch:
    return ReadingBatch.objects.create(**{**look_values, "assets": [], "members": []})


@pytest.fixture
def values(wallet: Wallet, asset: Asset, look: ReadingBatch) -> dict[str, Any]:
    return {
        "wallet_id": wallet.pk,
        "asset_id": asset.pk,
        "before": None,
        "amount": 5,
        "batch_id": look.pk,
        "before_batch_id": None,
        "taken_at": WHEN,
    }


@pytest.fixture
def reading(values: dict[str, Any]) -> Reading:
    run("SELECT wallets_make_reading_month('2026-03-01')")
    return Reading.objects.create(**values)


def run(sql: str, *params: object) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql, params)


def insert(table: str, values: dict[str, Any]) -> None:
    names = ", ".join(values)
    marks = ", ".join(["%s"] * len(values))
    run(f"INSERT INTO {table} ({names}) VALUES ({marks})", *values.values())


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE wallets_reading SET amount = amount + 1",
        "UPDATE wallets_reading SET batch_id = batch_id",
        "UPDATE wallets_reading_2026_03 SET amount = 9",
        "DELETE FROM wallets_reading_2026_03",
        "UPDATE wallets_readingbatch SET block_height = 7",
        "DELETE FROM wallets_readingbatch",
        "DELETE FROM wallets_reading",
        "TRUNCATE wallets_reading CASCADE",
        "TRUNCATE wallets_wallet CASCADE",
        "INSERT INTO wallets_reading SELECT * FROM wallets_reading "
        "ON CONFLICT (wallet_id, asset_id, taken_at) DO UPDATE SET amount = 9",
    ],
)
@pytest.mark.parametrize("ignore", [False, True])
def test_a_reading_is_never_changed(reading: Reading, sql: str, ignore: bool) -> None:
    if ignore:
        # pgtrigger's own triggers can be talked out of it by a session variable; these must not listen.
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT set_config('pgtrigger.ignore', array_agg(tgname)::text, false) FROM pg_trigger "
                "WHERE tgrelid = 'wallets_reading'::regclass AND NOT tgisinternal"
            )
    # The checks of foreign keys that wait for the end of the transaction would refuse TRUNCATE in our place.
    run("SET CONSTRAINTS ALL IMMEDIATE")
    with pytest.raises(DatabaseError, match="append-only"):
        run(sql)
    reading.refresh_from_db()
    assert reading.amount == 5


def test_a_reading_is_never_changed_by_the_orm(reading: Reading) -> None:
    reading.amount = 6
    for change in (reading.save, reading.delete, Reading.objects.all().delete):
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
            change()


def test_a_look_cannot_be_dated_back(look_values: dict[str, Any]) -> None:
    before = timezone.now() - timedelta(minutes=1)
    insert("wallets_readingbatch", {**look_values, "recorded_at": datetime(2001, 1, 1, tzinfo=UTC)})
    assert ReadingBatch.objects.get().recorded_at > before


@pytest.mark.parametrize(
    "change",
    [
        {"block_height": -1},
        {"block_hash": ""},
        {"block_hash": None},
        {"block_time": None},
        {"provider": ""},
        {"pin": ""},
        {"pin": "guess"},
        {"depth": "guess"},
        {"took_ms": -1},
        {"agreement": "maybe"},
        {"agreement": "agreed"},
        {"seconded_by": "other"},
        {"agreement": "agreed", "seconded_by": "node"},
    ],
)
def test_a_look_has_all_its_parts(look_values: dict[str, Any], change: dict[str, Any]) -> None:
    with pytest.raises(DatabaseError):
        insert("wallets_readingbatch", {**look_values, **change})
    insert("wallets_readingbatch", look_values)


@pytest.mark.parametrize(
    "change",
    [
        {"amount": -1},
        {"amount": None},
        {"amount": 10**78},
        {"before": -1},
        {"wallet_id": 10**9},
        {"asset_id": 10**9},
        {"batch_id": 10**9},
        {"before_batch_id": 10**9},
        {"taken_at": WHEN + timedelta(seconds=1)},
    ],
)
def test_a_reading_has_all_its_parts(values: dict[str, Any], change: dict[str, Any]) -> None:
    with pytest.raises(DatabaseError):
        insert("wallets_reading", {**values, **change})
    insert("wallets_reading", values)


def test_a_reading_is_of_an_asset_of_its_wallets_chain(values: dict[str, Any]) -> None:
    foreign = Asset.objects.create(chain="tron", kind="native", symbol="TRX", decimals=6, name="Tronix")
    with pytest.raises(IntegrityError, match="not there"):
        insert("wallets_reading", {**values, "asset_id": foreign.pk})


def test_a_look_gives_one_reading_of_a_balance(reading: Reading, values: dict[str, Any]) -> None:
    with pytest.raises(IntegrityError, match="pkey"):
        insert("wallets_reading", {**values, "amount": 6})


def test_months_are_made_ahead_and_once(values: dict[str, Any]) -> None:
    at = datetime(2031, 11, 30, tzinfo=UTC)
    assert make_months(at=at) == 4
    assert make_months(at=at) == 0
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname FROM pg_class WHERE relname LIKE 'wallets_reading_203%' AND relkind = 'r'"
        )
        names = {row[0] for row in cursor.fetchall()}
    assert names == {f"wallets_reading_{month}" for month in ("2031_11", "2031_12", "2032_01", "2032_02")}


def test_what_has_no_month_is_kept_and_told(look_values: dict[str, Any], values: dict[str, Any]) -> None:
    old = datetime(2001, 5, 5, tzinfo=UTC)
    late = ReadingBatch.objects.create(
        **{**look_values, "taken_at": old, "assets": [], "members": [],
           "token": "5f9c1f0e-4d2a-4c8b-9d51-000000000002"}
    )  # fmt: skip
    assert not stray_readings()
    insert("wallets_reading", {**values, "taken_at": old, "batch_id": late.pk})
    assert stray_readings()
    assert Reading.objects.get().taken_at == old
    for sql in ("UPDATE wallets_reading_default SET amount = 9", "TRUNCATE wallets_reading_default"):
        with pytest.raises(DatabaseError, match="append-only"):
            run(sql)
    # Its month can no longer be made; the others can.
    assert make_months(at=datetime(2001, 5, 9, tzinfo=UTC)) == 3


@pytest.mark.parametrize("amount", [0, 1, 2**64, 2**255, 2**256 - 1])
def test_an_amount_comes_back_as_the_same_integer(values: dict[str, Any], amount: int) -> None:
    Reading.objects.create(**{**values, "amount": amount})
    found = Reading.objects.get(amount=amount).amount
    assert found == amount
    assert type(found) is int


@pytest.mark.parametrize("value", [0.5, 5.0, "5.5", "", "abc", True])
def test_an_amount_is_never_a_float(value: object) -> None:
    with pytest.raises(ValidationError):
        BaseUnitsField().to_python(value)


def test_a_wallet_is_known_once_per_chain(wallet: Wallet) -> None:
    with pytest.raises(IntegrityError, match="wallet_once_per_chain"):
        insert("wallets_wallet", {"chain": wallet.chain, "address": wallet.address})
    insert("wallets_wallet", {"chain": "polygon", "address": wallet.address})


@pytest.mark.parametrize("change", [{"chain": ""}, {"address": ""}])
def test_a_wallet_has_chain_and_address(change: dict[str, str]) -> None:
    with pytest.raises(IntegrityError, match="wallet_chain_and_address_given"):
        insert("wallets_wallet", {"chain": "ethereum", "address": "x", **change})


@pytest.mark.parametrize(
    "change",
    [
        {"kind": "native", "contract": "0x12"},
        {"kind": "token", "contract": ""},
        {"kind": "coin"},
        {"decimals": 78},
        {"decimals": -1},
    ],
)
def test_an_asset_is_a_coin_or_a_token(change: dict[str, Any]) -> None:
    asset = {"chain": "base", "kind": "token", "contract": "0x1", "symbol": "T", "decimals": 6, "name": "T",
             "price_key": ""}  # fmt: skip
    insert("wallets_asset", asset)
    with pytest.raises(DatabaseError):
        insert("wallets_asset", {**asset, "contract": "0x2", **change})


@pytest.mark.parametrize(
    ("change", "constraint"),
    [
        ({"seen_at": WHEN}, "balance_amount_has_its_reading"),
        ({"read_at": WHEN, "seen_at": WHEN, "batch_id": 1}, "balance_amount_has_its_reading"),
        ({"amount": 0}, "balance_amount_has_its_reading"),
        ({"failing_since": WHEN}, "balance_failure_has_a_reason"),
        ({"error_code": "unavailable"}, "balance_failure_has_a_reason"),
    ],
)
def test_a_balance_says_what_it_knows(
    wallet: Wallet, asset: Asset, change: dict[str, Any], constraint: str
) -> None:
    row = {"wallet_id": wallet.pk, "asset_id": asset.pk, "error_code": "", "error_text": ""}
    with pytest.raises(IntegrityError, match=constraint):
        insert("wallets_balance", {**row, **change})
    insert("wallets_balance", row)
    with pytest.raises(IntegrityError, match="balance_once_per_asset"):
        insert("wallets_balance", row)


def test_a_balance_holds_only_what_was_read(reading: Reading, values: dict[str, Any]) -> None:
    row = {
        "wallet_id": reading.wallet_id,
        "asset_id": reading.asset_id,
        "amount": 5,
        "read_at": WHEN,
        "batch_id": values["batch_id"],
        "seen_at": WHEN,
        "error_code": "",
        "error_text": "",
    }
    for change in ({"amount": 6}, {"read_at": WHEN + timedelta(seconds=1)}):
        with pytest.raises(IntegrityError, match="not read"):
            insert("wallets_balance", {**row, **change})
    insert("wallets_balance", row)
    with pytest.raises(IntegrityError, match="not read"):
        run("UPDATE wallets_balance SET amount = 0")
    assert Balance.objects.get().amount == 5


def test_a_sighting_holds_only_what_was_read(
    reading: Reading, values: dict[str, Any], look_values: dict[str, Any]
) -> None:
    row = {
        "wallet_id": reading.wallet_id,
        "asset_id": reading.asset_id,
        "amount": 5,
        "batch_id": values["batch_id"],
        "read_at": WHEN,
    }
    earlier = ReadingBatch.objects.create(
        **{**look_values, "taken_at": WHEN - timedelta(hours=1), "assets": [], "members": [],
           "token": "5f9c1f0e-4d2a-4c8b-9d51-000000000003"}
    )  # fmt: skip
    for change in ({"amount": 6}, {"read_at": WHEN + timedelta(seconds=1)}, {"batch_id": earlier.pk}):
        with pytest.raises(IntegrityError, match="not read"):
            insert("wallets_sighting", {**row, **change})
    insert("wallets_sighting", row)
    for sql in ("UPDATE wallets_sighting SET amount = 6", "DELETE FROM wallets_sighting"):
        with pytest.raises(DatabaseError, match="append-only"):
            run(sql)
    assert str(Sighting.objects.get()).endswith(": 5")
    arranged()


def test_a_disagreement_is_about_two_amounts(reading: Reading, values: dict[str, Any]) -> None:
    row = {
        "batch_id": values["batch_id"],
        "wallet_id": reading.wallet_id,
        "asset_id": reading.asset_id,
        "provider": "a",
        "amount": 5,
        "other_provider": "b",
        "other_amount": 5,
    }
    with pytest.raises(IntegrityError, match="disagreement_amounts_differ"):
        insert("wallets_disagreement", row)
    insert("wallets_disagreement", {**row, "other_amount": 6})
    with pytest.raises(DatabaseError, match="append-only"):
        Disagreement.objects.all().delete()


@pytest.mark.parametrize(
    ("change", "constraint"),
    [
        ({"group_id": None, "joined_at": WHEN}, "walletstate_group_is_whole"),
        ({"claimed_until": WHEN}, "walletstate_claim_is_whole"),
        ({"failing_since": WHEN}, "walletstate_failure_has_a_reason"),
        ({"error_code": "unavailable"}, "walletstate_failure_has_a_reason"),
    ],
)
def test_a_schedule_is_whole(wallet: Wallet, change: dict[str, Any], constraint: str) -> None:
    with pytest.raises(IntegrityError, match=constraint):
        insert("wallets_walletstate", {"wallet_id": wallet.pk, "chain": "ethereum", **change})


def test_a_watch_has_a_cadence(wallet: Wallet) -> None:
    with pytest.raises(IntegrityError, match="watch_cadence_positive"):
        insert("wallets_watch", {"wallet_id": wallet.pk, "key": "k", "cadence_seconds": 0})
    insert("wallets_watch", {"wallet_id": wallet.pk, "key": "k", "cadence_seconds": 60})
    with pytest.raises(IntegrityError, match="watch_once_per_key"):
        insert("wallets_watch", {"wallet_id": wallet.pk, "key": "k", "cadence_seconds": 61})


def test_rows_name_themselves(wallet: Wallet, asset: Asset, reading: Reading) -> None:
    """The texts that appear in logs and errors name the row and no more."""
    assert str(wallet) == f"ethereum:{some_address(1)}"
    assert str(asset) == "ETH (ethereum)"
    assert str(reading) == f"{wallet.pk}/{asset.pk}: 5"
    assert str(reading.batch) == "ethereum @ 100"
    assert str(Balance(wallet=wallet, asset=asset)) == f"{wallet.pk}/{asset.pk}: None"
    assert str(wallet.pk) in str(WalletState.objects.create(wallet=wallet, chain="ethereum"))
    assert str(Watch(wallet=wallet, key="k", cadence_seconds=60)) == "k: 60 s"


def test_the_digest_of_a_look_is_written_once(look: ReadingBatch) -> None:
    digest = {"batch_id": look.pk, "digest": "ab" * 32, "readings": 1, "told_as": None}
    for change in ({"digest": None}, {"readings": None}, {"digest": "AB" * 32}, {"digest": ""}):
        with pytest.raises(IntegrityError, match="lookdigest_is_whole"):
            insert("wallets_lookdigest", {**digest, **change})
    with pytest.raises(IntegrityError, match="lookdigest_told_is_known"):
        insert("wallets_lookdigest", {**digest, "digest": None, "readings": None, "told_as": 7})
    insert("wallets_lookdigest", digest)
    run("SET CONSTRAINTS ALL IMMEDIATE")
    for sql in (
        "UPDATE wallets_lookdigest SET told_as = 7, readings = 2",
        "UPDATE wallets_lookdigest SET told_as = 7, digest = repeat('c', 64)",
        "UPDATE wallets_lookdigest SET readings = 2",
        "DELETE FROM wallets_lookdigest",
        "TRUNCATE wallets_lookdigest",
    ):
        with pytest.raises(DatabaseError, match="written once"):
            run(sql)
    # Told of it is once.
    run("UPDATE wallets_lookdigest SET told_as = 7")
    with pytest.raises(DatabaseError, match="written once"):
        run("UPDATE wallets_lookdigest SET told_as = 8")
