"""What the database itself refuses, past the ORM."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.utils import timezone

from tests.wallets.nodes import some_address
from wallets.models import Asset, Balance, BaseUnitsField, Reading, Wallet, WalletState, Watch

pytestmark = pytest.mark.django_db

WHEN = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


@pytest.fixture
def wallet() -> Wallet:
    return Wallet.objects.create(chain="ethereum", address=some_address(1))


@pytest.fixture
def asset() -> Asset:
    return Asset.objects.create(chain="ethereum", kind="native", symbol="ETH", decimals=18, name="Ether")


@pytest.fixture
def values(wallet: Wallet, asset: Asset) -> dict[str, Any]:
    return {
        "wallet_id": wallet.pk,
        "asset_id": asset.pk,
        "amount": 5,
        "block_height": 100,
        "block_hash": "0x" + "ab" * 32,
        "block_time": WHEN,
        "pinned_by": "finalized",
        "provider": "node",
        "taken_at": WHEN,
        "took_ms": 3,
    }


@pytest.fixture
def reading(values: dict[str, Any]) -> Reading:
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
        "UPDATE wallets_reading SET provider = provider",
        "DELETE FROM wallets_reading",
        "TRUNCATE wallets_reading CASCADE",
        "TRUNCATE wallets_wallet CASCADE",
        "INSERT INTO wallets_reading SELECT * FROM wallets_reading "
        "ON CONFLICT (wallet_id, asset_id, block_hash) DO UPDATE SET amount = 9",
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


def test_a_reading_cannot_be_dated_back(values: dict[str, Any]) -> None:
    before = timezone.now() - timedelta(minutes=1)
    insert("wallets_reading", {**values, "recorded_at": datetime(2001, 1, 1, tzinfo=UTC)})
    assert Reading.objects.get().recorded_at > before


@pytest.mark.parametrize(
    "change",
    [
        {"amount": -1},
        {"amount": None},
        {"amount": 10**78},
        {"block_height": -1},
        {"block_hash": ""},
        {"block_hash": None},
        {"block_time": None},
        {"provider": ""},
        {"pinned_by": ""},
        {"pinned_by": "guess"},
        {"took_ms": -1},
    ],
)
def test_a_reading_has_all_its_parts(values: dict[str, Any], change: dict[str, Any]) -> None:
    with pytest.raises(DatabaseError):
        insert("wallets_reading", {**values, **change})


def test_a_reading_is_stored_once_per_block(reading: Reading, values: dict[str, Any]) -> None:
    with pytest.raises(IntegrityError, match="reading_once_per_block"):
        insert("wallets_reading", {**values, "amount": 6})
    insert("wallets_reading", {**values, "block_hash": "0x" + "cd" * 32})


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
    asset = {"chain": "base", "kind": "token", "contract": "0x1", "symbol": "T", "decimals": 6, "name": "T"}
    insert("wallets_asset", asset)
    with pytest.raises(DatabaseError):
        insert("wallets_asset", {**asset, "contract": "0x2", **change})


@pytest.mark.parametrize(
    ("change", "constraint"),
    [
        ({"looked_at": WHEN}, "balance_reading_and_time_together"),
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


@pytest.mark.parametrize(
    ("change", "constraint"),
    [
        ({"claimed_until": WHEN}, "state_claim_is_whole"),
        ({"failing_since": WHEN}, "state_failure_has_a_reason"),
        ({"last_error_code": "unavailable"}, "state_failure_has_a_reason"),
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
    assert str(reading) == "5 @ 100"
    balance = Balance.objects.create(wallet=wallet, asset=asset, reading=reading, looked_at=WHEN)
    assert str(reading.pk) in str(balance)
    assert str(wallet.pk) in str(WalletState.objects.create(wallet=wallet, chain="ethereum"))
    assert str(Watch(wallet=wallet, key="k", cadence_seconds=60)) == "k: 60 s"
