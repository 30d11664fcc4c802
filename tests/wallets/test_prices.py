"""What an amount was worth: exact, by the right price, dated, and never a zero where no price is known."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from threading import Thread
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import DatabaseError, connection, transaction
from django.test.utils import CaptureQueriesContext
from hypothesis import given
from hypothesis import strategies as st

from wallets.amounts import LARGEST
from wallets.models import Asset, Blob, Price, PriceBatch
from wallets.prices import (
    MINOR_UNITS,
    Contradiction,
    PriceError,
    Quote,
    Value,
    Worth,
    currencies,
    record_prices,
    value_of,
    values_at,
    values_of,
)
from wallets.prices.quotes import checked_quote, exact_price

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


def asset(key: str = "BTC", decimals: int = 8) -> Asset:
    return Asset(chain="x", kind="native", symbol=key, decimals=decimals, name=key, price_key=key)


def quote(price: str, *, at: datetime = NOON, **changes: Any) -> Quote:
    facts = {"key": "BTC", "currency": "USD", "source": "Ledger"} | changes
    return Quote(price=Decimal(price), at=at, **facts)


def store(*quotes: Quote, **kwargs: Any) -> Any:
    kwargs = {"kind": PriceBatch.Kind.FILE, "name": "p.csv", "body": b"x", "brought_by": "Ines"} | kwargs
    return record_prices(quotes, **kwargs)


def worth(price: str, *, amount: int, decimals: int = 0, currency: str = "USD") -> Value:
    """A value as `value_of` makes it, without the database."""
    from wallets.prices.values import Found, _value

    found = {("BTC", currency, NOON): Found(Decimal(price), "Ledger", NOON)}
    value = _value(Worth(amount, asset(decimals=decimals), NOON), currency, found)
    assert value is not None
    return value


# ── Arithmetic, without a database ────────────────────────────────────────────────────────────────────────


@given(
    amount=st.integers(0, LARGEST),
    decimals=st.integers(0, 77),
    units=st.integers(1, 10**30 - 1),
    places=st.integers(0, 18),
)
def test_a_value_is_the_exact_product(amount: int, decimals: int, units: int, places: int) -> None:
    value = worth(f"{units}E-{places}", amount=amount, decimals=decimals)
    assert Fraction(value.amount) == Fraction(amount * units, 10 ** (decimals + places))
    assert abs(Fraction(value.rounded) - Fraction(value.amount)) <= Fraction(1, 200)
    assert value.rounded.as_tuple().exponent == -2


@pytest.mark.parametrize(
    ("price", "currency", "shown"),
    [
        ("0.125", "USD", "0.12"),
        ("0.135", "USD", "0.14"),
        ("0.1250000000000000001", "USD", "0.13"),
        ("2.5", "JPY", "2"),
        ("3.5", "JPY", "4"),
        ("1.0005", "KWD", "1.000"),
        ("1.0015", "KWD", "1.002"),
        ("7", "BRL", "7.00"),
    ],
)
def test_it_is_rounded_half_to_even_to_the_currencys_minor_unit(
    price: str, currency: str, shown: str
) -> None:
    value = worth(price, amount=1, currency=currency)
    assert str(value.rounded) == shown
    assert value.amount == Decimal(price)


def test_the_largest_value_is_exact_to_the_last_digit() -> None:
    value = worth("999999999999.999999999999999999", amount=LARGEST)
    assert Fraction(value.amount) == Fraction(LARGEST * (10**30 - 1), 10**18)
    assert len(str(value.amount).replace(".", "")) == 108


@pytest.mark.parametrize(("before", "old"), [(0, False), (48, False), (49, True)])
def test_a_price_of_more_than_48_hours_before_is_old(before: int, old: bool) -> None:
    value = Value(Decimal(1), "USD", Decimal(1), "x", NOON - before * HOUR, NOON)
    assert (value.is_old, value.age) == (old, before * HOUR)


@pytest.mark.parametrize(
    ("price", "code"),
    [
        ("0", "not_positive"),
        ("-0", "not_positive"),
        ("-1", "not_positive"),
        ("1E+12", "too_large"),
        ("1E+999999999", "too_large"),
        ("1E-19", "too_many_decimals"),
        ("1E-999999999", "too_many_decimals"),
        ("1." + "3" * 300, "too_many_decimals"),
        ("NaN", "not_a_number"),
        ("sNaN", "not_a_number"),
        ("Infinity", "not_a_number"),
        ("-Infinity", "not_a_number"),
    ],
)
def test_what_no_asset_can_cost_is_no_price(price: str, code: str) -> None:
    with pytest.raises(PriceError) as refused:
        exact_price(Decimal(price))
    assert refused.value.reason_code == code


@pytest.mark.parametrize(
    ("price", "kept"), [("1E-18", "1E-18"), ("10.500", "10.5"), ("999999999999.999999999999999999",) * 2]
)
def test_a_price_is_kept_to_the_last_digit(price: str, kept: str) -> None:
    assert exact_price(Decimal(price)) == Decimal(kept)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"key": ""}, "key"),
        ({"key": "BTC USD"}, "key"),
        ({"key": "ВТС"}, "key"),  # Cyrillic letters
        ({"key": "B" * 21}, "key"),
        ({"currency": "EUR"}, "currency"),
        ({"currency": "US"}, "currency"),
        ({"source": " "}, "source"),
        ({"source": "s" * 121}, "source"),
        ({"source": "a\u202eb"}, "source"),
        ({"at": NOON.replace(tzinfo=None)}, "no_zone"),
        ({"at": NOON + timedelta(microseconds=1)}, "future"),
        ({"at": datetime(2009, 1, 2, tzinfo=UTC)}, "too_early"),
    ],
)
def test_every_way_in_takes_the_same_gate(changes: dict[str, Any], code: str) -> None:
    facts: dict[str, Any] = {
        "key": "btc", "currency": "usd", "price": Decimal("1.50"), "at": NOON, "source": " Ledger ", "now": NOON,
    }  # fmt: skip
    assert checked_quote(**facts) == quote("1.5")
    with pytest.raises(PriceError) as refused:
        checked_quote(**facts | changes)
    assert refused.value.reason_code == code


def test_the_currencies_are_those_of_the_installation(settings: Any) -> None:
    assert currencies() == ("USD", "BRL")
    settings.WALLET_SECOND_CURRENCY = "USD"
    assert currencies() == ("USD",)
    settings.WALLET_SECOND_CURRENCY = "XXX"
    with pytest.raises(ImproperlyConfigured):
        currencies()
    assert {len(code) for code in MINOR_UNITS} == {3}
    assert len(MINOR_UNITS) > 150


# ── Which price counts ────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.django_db
def test_the_newest_price_at_or_before_the_moment_counts() -> None:
    store(quote("10", at=NOON - 2 * HOUR), quote("20", at=NOON), quote("30", at=NOON + HOUR))

    def price(at: datetime) -> Decimal | None:
        value = value_of(150_000_000, asset(), "USD", at)
        return None if value is None else value.price

    assert price(NOON - 2 * HOUR - timedelta(microseconds=1)) is None
    assert price(NOON - 2 * HOUR) == 10
    assert price(NOON - timedelta(microseconds=1)) == 10
    assert price(NOON) == 20
    assert price(NOON + 2 * HOUR) == 30
    value = value_of(150_000_000, asset(), "USD", NOON + 5 * HOUR)
    assert value == Value(Decimal(45), "USD", Decimal(30), "Ledger", NOON + HOUR, NOON + 5 * HOUR)


@pytest.mark.django_db
def test_no_price_is_no_value_and_never_zero() -> None:
    store(quote("10"))
    assert value_of(1, asset("ETH"), "USD", NOON) is None
    assert value_of(1, asset(), "BRL", NOON) is None
    assert value_of(1, asset(""), "USD", NOON) is None
    assert values_of([(None, asset())], NOON) == [(None, None)]
    assert values_at([Worth(1, asset(), None)]) == [(None, None)]
    nothing = value_of(0, asset(), "USD", NOON)
    assert nothing is not None
    assert nothing.rounded == 0


@pytest.mark.django_db
def test_a_key_is_found_in_whatever_case_the_asset_spells_it() -> None:
    store(quote("3", key="DEVETH"))
    value = value_of(10**18, asset("devETH", 18), "USD", NOON)
    assert value is not None
    assert value.amount == 3


@pytest.mark.django_db
def test_what_was_recorded_last_counts_for_the_same_moment() -> None:
    """Of two sources the later row; of one source its correction, which is a row as well."""

    def price() -> tuple[Decimal, str]:
        value = value_of(1, asset(decimals=0), "USD", NOON)
        assert value is not None
        return value.price, value.source

    store(quote("10"))
    store(quote("11", source="Other"))
    assert price() == (11, "Other")
    store(quote("12"), differing="correct")
    assert price() == (12, "Ledger")
    assert [row.revision for row in Price.objects.filter(source="Ledger").order_by("pk")] == [0, 1]


@pytest.mark.django_db
def test_many_values_cost_one_query() -> None:
    store(quote("2"), quote("10", currency="BRL"), quote("3", key="ETH"))

    def cost(count: int) -> int:
        pairs = [(amount, asset(key, 0)) for amount in range(count) for key in ("BTC", "ETH", "XRP")]
        with CaptureQueriesContext(connection) as seen:
            found = values_of(pairs, NOON)
        assert [[None if v is None else v.amount for v in values] for values in found[3:6]] == [
            [2, 10],
            [3, None],
            [None, None],
        ]
        return len(seen)

    assert cost(2) == cost(50) == 1
    with CaptureQueriesContext(connection) as seen:
        assert values_of([], NOON) == []
    assert len(seen) == 0


@pytest.mark.django_db
def test_each_amount_is_valued_at_its_own_moment() -> None:
    store(quote("2", at=NOON - HOUR), quote("4", at=NOON))
    found = values_at([Worth(1, asset(decimals=0), NOON - HOUR), Worth(1, asset(decimals=0), NOON)])
    assert [values[0].amount for values in found if values[0]] == [2, 4]


# ── Writing ───────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.django_db
def test_the_same_price_again_is_known_and_writes_nothing() -> None:
    first = store(quote("10"), quote("11", at=NOON - HOUR), body=b"the file")
    assert (len(first.added), first.known, first.batch.name, first.batch.brought_by) == (
        2,
        (),
        "p.csv",
        "Ines",
    )
    assert Blob.objects.get(pk=first.digest).size == 8
    again = store(quote("10.0"), body=b"another file")
    assert (again.batch, again.added, again.known) == (None, (), (quote("10"),))
    assert (Price.objects.count(), PriceBatch.objects.count(), Blob.objects.count()) == (2, 1, 1)


@pytest.mark.django_db
def test_another_price_for_the_same_is_refused_left_out_or_stored_as_its_correction() -> None:
    store(quote("10"))
    with pytest.raises(Contradiction) as refused:
        store(quote("12"), quote("5", key="ETH"))
    assert refused.value.found == [(quote("12"), Decimal(10))]
    assert Price.objects.count() == 1
    left_out = store(quote("12"), quote("5", key="ETH"), differing="skip")
    assert (left_out.contradicting, len(left_out.added)) == (((quote("12"), Decimal(10)),), 1)
    corrected = store(quote("12"), differing="correct")
    assert corrected.corrected == (quote("12"),)
    # Back to what was said first is a correction as well.
    assert store(quote("10"), differing="correct").corrected == (quote("10"),)
    assert [row.revision for row in Price.objects.filter(key="BTC").order_by("pk")] == [0, 1, 2]


@pytest.mark.django_db
def test_two_quotes_of_a_batch_are_never_about_the_same() -> None:
    with pytest.raises(ValueError, match="the same"):
        store(quote("10"), quote("11"))


@pytest.mark.django_db
def test_the_database_says_when_it_was_recorded() -> None:
    long_ago = datetime(2020, 1, 1, tzinfo=UTC)
    batch = PriceBatch.objects.get(pk=store(quote("10")).batch.pk)
    row = Price.objects.create(
        key="ETH", currency="USD", price=1, at=NOON, source="s", batch=batch, recorded_at=long_ago
    )
    row.refresh_from_db()
    assert row.recorded_at > batch.recorded_at > long_ago


@pytest.mark.django_db(transaction=True)
def test_two_writers_at_once_stand_in_line() -> None:
    """The second one waits for the first and then finds its prices on record, instead of breaking on them."""
    outcome: list[Any] = []

    def second() -> None:
        try:
            outcome.append(store(quote("10"), quote("3", key="ETH")))
        except DatabaseError as error:
            outcome.append(error)
        finally:
            connection.close()

    other = Thread(target=second, daemon=True)
    with transaction.atomic():
        store(quote("10"))
        other.start()
        while not waiting():
            assert other.is_alive(), outcome
    other.join()
    (found,) = outcome
    assert (found.known, found.added) == ((quote("10"),), (quote("3", key="ETH"),))


def waiting() -> bool:
    """Whether somebody waits for a lock. (`pg_stat_activity` would show one state for the whole transaction.)"""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_locks LEFT JOIN pg_database ON pg_database.oid = database "
            "WHERE NOT granted AND COALESCE(datname, current_database()) = current_database()"
        )
        row = cursor.fetchone()
    return bool(row and row[0])


# ── What the database itself refuses ──────────────────────────────────────────────────────────────────────


@pytest.fixture
def insert(db: None) -> Callable[..., None]:
    batch = store(quote("10")).batch

    def run(**changes: Any) -> None:
        row = {
            "key": "BTC", "currency": "USD", "price": "11", "at": NOON, "source": "Ledger", "revision": 1,
            "batch_id": batch.pk,
        } | changes  # fmt: skip
        marks = ", ".join(["%s"] * len(row))
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(
                f"INSERT INTO wallets_price ({', '.join(row)}) VALUES ({marks})", list(row.values())
            )

    return run


def test_a_correction_is_taken_past_the_orm(insert: Callable[..., None]) -> None:
    insert()
    assert Price.objects.count() == 2


@pytest.mark.parametrize(
    "changes",
    [
        {"price": "0", "key": "ETH", "revision": 0},
        {"price": "-1", "key": "ETH", "revision": 0},
        {"price": "1000000000000", "key": "ETH", "revision": 0},
        {"price": "NaN", "key": "ETH", "revision": 0},
        {"key": "", "revision": 0},
        {"key": "eth", "revision": 0},
        {"currency": "usd", "revision": 0},
        {"currency": "U", "revision": 0},
        {"source": "", "revision": 0},
        {"at": datetime(2199, 1, 1, tzinfo=UTC), "revision": 0},
        {"revision": 0},
        {"revision": 2},
        {"price": "10"},
        {"price": None},
        {"batch_id": 0},
        {"source": "Other", "revision": 1},
    ],
    ids=str,
)
def test_a_wrong_row_is_refused_past_the_orm(insert: Callable[..., None], changes: dict[str, Any]) -> None:
    with pytest.raises(DatabaseError):
        insert(**changes)
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


@pytest.mark.parametrize("table", ["wallets_price", "wallets_pricebatch"])
@pytest.mark.parametrize("statement", ["UPDATE {} SET id = id", "DELETE FROM {}", "TRUNCATE {} CASCADE"])
def test_nothing_is_changed_or_taken_out(insert: Callable[..., None], table: str, statement: str) -> None:
    with (
        pytest.raises(DatabaseError, match="append-only"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        # Rows that wait for a deferred check would shield the table from TRUNCATE by themselves.
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute(statement.format(table))


@pytest.mark.parametrize(
    "changes", [{"kind": "guess"}, {"name": ""}, {"brought_by": ""}, {"body_id": "ff" * 32}], ids=str
)
def test_a_batch_says_what_it_is_and_who_brought_it(db: None, changes: dict[str, Any]) -> None:
    facts = {"kind": "file", "name": "p.csv", "brought_by": "Ines", "body_id": store(quote("1")).digest}
    with pytest.raises(DatabaseError):
        PriceBatch.objects.create(**facts | changes)
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
