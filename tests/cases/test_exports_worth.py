"""Values in a case file: facts of their own beside the amount, with price, source and time, and never a zero for none."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from cases.actions.freezes import AmountAsked
from cases.exports import holdings, process, worth
from cases.exports.register import freezes as freeze_blocks
from cases.exports.sections import accounts as account_blocks
from cases.exports.sections import wallets as wallet_blocks
from tests.support.casework import Casework, moment
from tests.wallets.looks import seen
from wallets.models import Asset, PriceBatch
from wallets.prices import Quote, Value, record_prices
from wallets.snapshots import BalanceView

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


def store(*quotes: Quote) -> None:
    record_prices(quotes, kind=PriceBatch.Kind.FILE, name="p.csv", body=b"x", brought_by="Ines")


def words_in(blocks: object) -> Iterator[str]:
    """All runs of text in blocks, their pieces joined."""
    if isinstance(blocks, dict):
        for value in blocks.values():
            yield from words_in(value)
    elif isinstance(blocks, list):
        if len(blocks) > 2 and all(isinstance(part, str) for part in blocks):
            yield "".join(blocks[2:])
        else:
            for value in blocks:
                yield from words_in(value)


def view(amount: int | None = 15 * 10**17, **changes: Any) -> BalanceView:
    asset = Asset(
        pk=1, chain="ethereum", kind="native", symbol="ETH", decimals=18, name="Ether", price_key="ETH"
    )
    if amount is None:
        return BalanceView(asset, "never_read")
    known: dict[str, Any] = {
        "block_height": 5, "block_hash": "0xab", "block_time": NOON, "provider": "node-1", "looked_at": NOON + HOUR,
        "pin": "hash", "depth": "finalized", "agreement": "single",
    }  # fmt: skip
    return BalanceView(asset, "ok", amount, **known | changes)


def wallet(balances: list[Any]) -> list[Any]:
    """A wallet of a matter's file, around balances."""
    return [
        {
            "number": 1,
            "chain": {"slug": "ethereum", "name": "Ethereum", "is_development": False},
            "address": "0xab",
            "checksum": {"code": "valid", "text": "valid"},
            "is_fictional": False,
            "balances": balances,
        }
    ]


@pytest.mark.django_db
def test_a_balance_has_its_values_at_the_time_of_its_block() -> None:
    store(
        Quote("ETH", "USD", Decimal("1800.123456789"), NOON - HOUR, "Ledger"),
        # Between the block and the look: not yet the price of that balance.
        Quote("ETH", "USD", Decimal("9999"), NOON + timedelta(minutes=30), "Ledger"),
    )
    with CaptureQueriesContext(connection) as queries:
        stated = worth.balances({7: [view()], 8: [view(None)]})
    assert len(queries) == 1
    assert stated[7][0]["amount"]["base_units"] == "1500000000000000000"
    assert stated[7][0]["values"] == [
        {
            "currency": "USD",
            "amount": "2700.1851851835",
            "rounded": "2700.19",
            "below_least": None,
            "price": "1800.123456789",
            "price_source": "Ledger",
            "price_time": "2026-03-02T11:00:00.000000Z",
            "valued_at": "2026-03-02T12:00:00.000000Z",
            "of_the_time": True,
        },
        {"currency": "BRL", "amount": None},
    ]
    assert stated[8][0]["values"] == []
    said = list(words_in(wallet_blocks(wallet(stated[7]))))
    assert "worth 2\u202f700.19 USD" in said
    assert "no price in BRL" in said
    assert (
        "1 ETH = 1\u202f800.123456789 USD by Ledger, 2 Mar 2026, 11:00:00 UTC: value at the time of the balance"
        in said
    )
    assert not any("worth" in words for words in words_in(wallet_blocks(wallet(stated[8]))))


@pytest.mark.django_db
def test_an_old_price_and_no_price_are_said() -> None:
    store(Quote("ETH", "USD", Decimal("2"), NOON - 49 * HOUR, "Ledger"))
    (stated,) = worth.balances({7: [view()]})[7]
    assert stated["values"][0]["of_the_time"] is False
    said = list(words_in(wallet_blocks(wallet([stated]))))
    assert any("not the time of the balance: older than 48 hours by then" in words for words in said)
    (stated,) = worth.balances({7: [view(block_time=NOON - 50 * HOUR)]})[7]
    assert stated["values"] == [{"currency": "USD", "amount": None}, {"currency": "BRL", "amount": None}]
    said = list(words_in(wallet_blocks(wallet([stated]))))
    assert "no price" in said
    assert not any("worth" in words for words in said)


def test_a_trifle_is_not_printed_as_nothing() -> None:
    trifle = Value(Decimal("0.001"), "USD", Decimal(1), "Ledger", NOON, NOON)
    known = {"values": worth.facts_of((trifle, None))}
    assert (known["values"][0]["rounded"], known["values"][0]["below_least"]) == ("0.00", "0.01")
    said = list(words_in(worth.sums(known)))
    assert "worth less than 0.01 USD" in said
    assert worth.sums(None) is None
    assert worth.prices(None, "ETH") == []


def test_a_freeze_and_an_account_say_what_they_were_worth(casework: Casework) -> None:
    """By the symbol in the exchange's books; the order's amount at the proposal, the balance when it was observed."""
    account = casework.account("EX-1")
    casework.holding(account, 5_000_000)
    freeze = casework.proposed_freeze(
        account_number=account.number, scope="amount", amounts=[AmountAsked("USDT", 2_000_000)]
    )
    store(
        Quote("USDT", "USD", Decimal("1.0001"), freeze.proposed_at - 3 * HOUR, "Ledger"),
        Quote("USDT", "BRL", Decimal("5"), freeze.proposed_at - 60 * HOUR, "Ledger"),
    )
    rows = process.freeze_rows(casework.case)
    with CaptureQueriesContext(connection) as queries:
        worth.freeze_amounts(rows)
    assert len(queries) == 1
    (stated,) = process.freezes(rows)
    (amount,) = stated["amounts"]
    assert [each["amount"] for each in amount["ordered"]["values"]] == ["2.0002", "10"]
    assert [each["of_the_time"] for each in amount["ordered"]["values"]] == [True, False]
    assert [each["rounded"] for each in amount["at_proposal"]["values"]] == ["5.00", "25.00"]
    assert amount["at_application"] is None
    said = list(words_in(freeze_blocks([stated])))
    assert "worth 2.00 USD" in said
    assert any(words.endswith(": value at the time of the proposal") for words in said)
    assert any(words.endswith(": older than 48 hours at the proposal") for words in said)
    assert any(words.endswith(": value at the time of the balance") for words in said)
    (listed,) = holdings.accounts(casework.case)
    assert listed["holdings"][0]["values"][0]["rounded"] == "5.00"
    assert "worth 5.00 USD" in list(words_in(account_blocks([listed])))


def test_a_freeze_of_whatever_is_there_has_no_value_of_what_is_ordered(casework: Casework) -> None:
    casework.proposed_freeze()
    (stated,) = process.freezes(process.freeze_rows(casework.case))
    (amount,) = stated["amounts"]
    assert amount["ordered"] is None
    assert [each["amount"] for each in amount["at_proposal"]["values"]] == [None, None]
    assert "no price" in list(words_in(freeze_blocks([stated])))


def test_a_freeze_of_a_wallet_is_valued_at_the_time_of_the_block(casework: Casework) -> None:
    """Not at the time of the look, which comes after the block and may come after another price."""
    attached = casework.wallet("0xb6f5ec1A0a9cd1526536D3F0426c429529471F40", "localdev")
    looked_at = moment()
    seen([attached.wallet], 2 * 10**18, at=looked_at, height=7)
    freeze = casework.proposed_freeze(wallet_number=attached.number, amounts=[AmountAsked("devETH")])
    at_block = freeze.amounts.get().sighting_proposed.batch.block_time
    assert at_block < looked_at
    store(
        Quote("DEVETH", "USD", Decimal(1000), at_block, "Ledger"),
        Quote("DEVETH", "USD", Decimal(9000), looked_at, "Ledger"),
    )
    (stated,) = process.freezes(process.freeze_rows(casework.case))
    (amount,) = stated["amounts"]
    assert amount["at_proposal"]["values"][0]["rounded"] == "2000.00"
    assert amount["at_proposal"]["values"][0]["price_time"] == amount["at_proposal"]["block"]["time"]
