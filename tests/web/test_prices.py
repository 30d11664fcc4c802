"""Prices on pages: who brings them, that a file is taken whole or not at all, and how a value stands beside a balance."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from hashlib import sha256
from types import SimpleNamespace
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from cases.access import Denied
from cases.actions import prices as actions
from cases.audit.models import Event
from cases.audit.verify import verify_stream
from cases.chronology.sentences import SENTENCES
from cases.management.demo.people import add_people
from cases.management.demo.prices import PRICES, add_prices
from cases.models import CaseWallet
from cases.people.models import User
from cases.queries.worth import worth_of
from cases.templatetags.worth import worth, worth_of_values
from cases.views.prices import ranges
from tests.support.casework import Casework, moment
from tests.wallets.looks import seen
from tests.wallets.nodes import some_address
from wallets.models import Asset, Price, PriceBatch
from wallets.prices import Quote, Value, record_prices
from wallets.prices.files import MAX_BYTES
from wallets.registry import ensure_assets

ClientOf = Callable[[User], Client]
HEADING = "key,currency,price,at,source"
GOOD = "BTC,USD,27123.45,2023-05-24T10:00:00Z,Exchange ledger"
DEVELOPMENT = "0xb6f5ec1A0a9cd1526536D3F0426c429529471F40"
NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


def file_of(*lines: str, name: str = "may.csv") -> dict[str, Any]:
    return {"file": SimpleUploadedFile(name, "\n".join([HEADING, *lines, ""]).encode())}


@pytest.fixture
def admin(person: Callable[..., User], client_of: ClientOf) -> Client:
    return client_of(person("administrator"))


def send(client: Client, *lines: str, **more: Any) -> Any:
    return client.post(reverse("price-import"), file_of(*lines) | more)


# ── Bringing prices ───────────────────────────────────────────────────────────────────────────────────────


def test_who_reads_and_who_brings_prices(casework: Casework, client_of: ClientOf) -> None:
    listed, brought = reverse("price-list"), reverse("price-import")
    assert client_of(casework.administrator).get(listed).status_code == 200
    assert client_of(casework.administrator).get(brought).status_code == 200
    auditors = client_of(casework.auditor).get(listed)
    assert auditors.status_code == 200
    assert brought not in auditors.content.decode()
    for other in (casework.lead, casework.approver, casework.counsel, casework.liaison):
        assert client_of(other).get(listed).status_code == 403
    for other in (casework.auditor, casework.lead, casework.liaison):
        assert client_of(other).get(brought).status_code == 403
        assert send(client_of(other), GOOD).status_code == 403
        with pytest.raises(Denied):
            actions.import_prices(by=other, at=moment(), filename="x.csv", content=b"")
    assert Client().get(listed).status_code == Client().get(brought).status_code == 302
    assert not Price.objects.exists()


def test_a_file_is_taken_and_stands_in_the_installations_record(admin: Client) -> None:
    answer = send(admin, GOOD, GOOD, GOOD.replace("USD", "BRL"))
    assert (answer.status_code, answer["Location"]) == (303, reverse("price-list"))
    assert Price.objects.count() == 2
    batch = PriceBatch.objects.get()
    content = "\n".join([HEADING, GOOD, GOOD, GOOD.replace("USD", "BRL"), ""]).encode()
    assert batch.body_id == sha256(content).hexdigest()
    page = admin.get(reverse("price-list")).content.decode()
    assert "2 prices added. Said twice in the file: lines 3." in page
    assert "may.csv" in page
    assert batch.brought_by in page
    event = Event.objects.filter(action="prices.imported").get()
    assert event.occurred_at is not None
    assert event.values["added"] == 2
    assert batch.body_id in str(event.values)
    assert verify_stream(event.stream) is None
    assert "prices.imported" in SENTENCES


def test_each_wrong_line_is_named_and_nothing_is_taken(admin: Client) -> None:
    answer = send(admin, GOOD, "BTC,USD,0,2023-05-24T10:00:00Z,s", "<b>,USD,1,2023-05-24T10:00:00Z,s")
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "Nothing was taken: the file has mistakes in 2 lines." in page
    assert "A price is more than zero." in page
    assert "The key is not an asset" in page
    assert "<b>" not in page
    assert not Price.objects.exists()
    assert not Event.objects.filter(action="prices.imported").exists()


def test_of_very_many_wrong_lines_the_last_are_named_by_number(admin: Client) -> None:
    page = send(admin, *["x"] * 205).content.decode()
    assert page.count("There are 1 columns here, not 5.") == 200
    assert "These lines are wrong as well: 202–206." in page


def test_a_price_that_differs_is_a_mistake_until_it_is_called_a_correction(admin: Client) -> None:
    send(admin, GOOD)
    other = GOOD.replace("27123.45", "27123.46")
    answer = send(admin, other)
    assert answer.status_code == 422
    assert "Exchange ledger is on record with 27123.45 USD for this moment." in answer.content.decode()
    assert send(admin, other, corrections="on").status_code == 303
    assert "1 price corrected." in admin.get(reverse("price-list")).content.decode()
    assert [row.price for row in Price.objects.order_by("pk")] == [Decimal("27123.45"), Decimal("27123.46")]


def test_the_same_file_again_says_so_and_leaves_no_event(admin: Client) -> None:
    send(admin, GOOD)
    assert send(admin, GOOD).status_code == 303
    assert "0 prices added. On record already: lines 2." in admin.get(reverse("price-list")).content.decode()
    assert Event.objects.filter(action="prices.imported").count() == 1


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "The submitted file is empty."),
        (b"x" * (MAX_BYTES + 1), "The file is larger than 2.0"),
        (b"\xff\xfe", "The file is not UTF-8 text."),
        (b"hello", "The first line must be: key,currency,price,at,source"),
    ],
    ids=range(4),
)
def test_what_is_no_such_file_is_422(admin: Client, content: bytes, words: str) -> None:
    answer = admin.post(reverse("price-import"), {"file": SimpleUploadedFile("a.csv", content)})
    assert answer.status_code == 422
    assert words in answer.content.decode()
    assert admin.post(reverse("price-import"), {}).status_code == 422


def test_the_list_shows_what_counts_and_what_is_missing(admin: Client, settings: Any) -> None:
    settings.WALLET_PRICE_SOURCE = ""
    Asset.objects.create(
        chain="bitcoin", kind="native", symbol="BTC", decimals=8, name="Bitcoin", price_key="BTC"
    )
    send(admin, GOOD, GOOD.replace("27123.45", "9").replace("05-24", "05-23"))
    page = admin.get(reverse("price-list")).content.decode()
    assert "27\u202f123.45" in page
    assert "Exchange ledger" in page
    assert "no price" in page
    assert "Off: prices come from files alone." in page
    settings.WALLET_PRICE_SOURCE = "https://user:hush@prices.example.test/api?x_cg_demo_api_key=hush"
    page = admin.get(reverse("price-list")).content.decode()
    assert "Every hour prices.example.test is asked for prices." in page
    assert "hush" not in page


def test_the_list_costs_a_fixed_number_of_queries(admin: Client) -> None:
    def cost() -> int:
        with CaptureQueriesContext(connection) as queries:
            admin.get(reverse("price-list"))
        return len(queries)

    ensure_assets()
    send(admin, GOOD)
    admin.get(reverse("price-list"))
    before = cost()
    for hour in range(5):
        send(admin, *[GOOD.replace("T10", f"T1{hour}").replace("BTC", key) for key in ("ETH", "DAI")])
    admin.get(reverse("price-list"))
    assert cost() == before


@pytest.mark.parametrize(
    ("numbers", "words"), [([], ""), ([2], "2"), ([2, 3], "2–3"), ([2, 4, 5, 6, 9], "2, 4–6, 9")]
)
def test_line_numbers_in_few_words(numbers: list[int], words: str) -> None:
    assert ranges(numbers) == words


# ── Beside a balance ──────────────────────────────────────────────────────────────────────────────────────


def value(
    amount: str, currency: str = "USD", *, price: str = "1800.5", age: timedelta = timedelta()
) -> Value:
    return Value(Decimal(amount), currency, Decimal(price), "Ledger <a>", NOON - age, NOON)


def test_a_value_stands_with_price_source_and_time() -> None:
    drawn = worth_of_values((value("1234567.895"), value("6", "BRL", price="0.00000001")), "ETH")
    assert "1\u202f234\u202f567.90 USD" in drawn
    assert "6.00 BRL" in drawn
    assert "1 ETH = 1\u202f800.5 USD · Ledger &lt;a&gt; · " in drawn
    assert "1 ETH = 0.00000001 BRL" in drawn
    assert '<time class="time" datetime="2026-03-02T12:00:00Z">2 Mar 2026, 12:00:00 ' in drawn
    # By keys it is opened through the summary, and what it opens follows it.
    assert drawn.index("<summary") < drawn.index("</details>") < drawn.index('class="worth__proof"')
    assert "price of" not in drawn


@pytest.mark.parametrize(
    ("age", "words"),
    [
        (timedelta(seconds=59), "the time of the balance"),
        (timedelta(minutes=1), "1 minute before the balance"),
        (timedelta(minutes=119), "119 minutes before the balance"),
        (timedelta(hours=48), "48 hours before the balance"),
        (timedelta(hours=48, seconds=1), "48 hours before the balance: older than 48 hours"),
        (timedelta(days=9), "9 days before the balance: older than 48 hours"),
    ],
)
def test_how_old_the_price_was_is_said(age: timedelta, words: str) -> None:
    drawn = worth_of_values((value("1", age=age), None), "ETH")
    assert words + "<" in drawn
    assert ("price of <time" in drawn) == ("older" in words)
    assert "no price in BRL" in drawn


def test_no_price_is_words_and_a_trifle_is_not_nothing() -> None:
    assert "no price" in worth_of_values((None, None), "ETH")
    assert "0" not in worth_of_values((None, None), "ETH")
    trifle = worth_of_values((value("0.000001"), None), "ETH")
    assert "under 0.01 USD" in trifle
    assert "0.00 USD" not in trifle
    assert "0.00 USD" in worth_of_values((value("0"), None), "ETH")


def test_an_unknown_balance_has_no_value_at_all() -> None:
    asset = SimpleNamespace(pk=1, symbol="ETH")
    assert worth({}, SimpleNamespace(amount=None, asset=asset)) == ""
    assert "no price" in worth({}, SimpleNamespace(amount=5, asset=asset))


@pytest.mark.django_db
def test_balances_are_valued_at_the_time_of_their_block() -> None:
    asset = SimpleNamespace(pk=7, price_key="ETH", decimals=0, symbol="ETH")

    def view(amount: int | None, **times: datetime | None) -> Any:
        known = {"block_time": None, "looked_at": None, "taken_at": None} | times
        return SimpleNamespace(amount=amount, asset=asset, **known)

    store(*[Quote("ETH", "USD", Decimal(hour), NOON.replace(hour=hour), "Ledger") for hour in (9, 10, 11)])
    with CaptureQueriesContext(connection) as queries:
        found = worth_of(
            {
                1: [view(2, block_time=NOON.replace(hour=9, minute=59), looked_at=NOON)],
                2: [view(2, looked_at=NOON.replace(hour=10))],
                3: [view(None, block_time=NOON)],
                4: [view(2)],
            }
        )
    assert len(queries) == 1
    assert {wallet: [v and v.amount for v in by_asset[7]] for wallet, by_asset in found.items()} == {
        1: [18, None],
        2: [20, None],
        4: [None, None],
    }


@pytest.fixture
def valued(casework: Casework) -> CaseWallet:
    """A wallet on the development chain with 1.5 devETH and 2 USDT of nobody's price, looked at after it was attached."""
    attached = casework.wallet(DEVELOPMENT, "localdev", is_fictional=True)
    looked_at = moment()
    seen([attached.wallet], 15 * 10**17, at=looked_at, height=7)
    store(
        Quote("DEVETH", "USD", Decimal("1000"), looked_at - timedelta(hours=1), "Fictional price"),
        Quote("DEVETH", "BRL", Decimal("5000.5"), looked_at - timedelta(days=4, hours=1), "Fictional price"),
    )
    return attached


def store(*quotes: Quote) -> None:
    record_prices(quotes, kind=PriceBatch.Kind.FILE, name="p.csv", body=b"x", brought_by="Ines")


@pytest.mark.parametrize("name", ["wallet-list", "wallet-detail", "case-detail"])
def test_a_wallets_page_shows_what_its_balance_was_worth(
    casework: Casework, client_of: ClientOf, valued: CaseWallet, name: str
) -> None:
    arguments = [casework.case.reference, *([valued.number] if name == "wallet-detail" else [])]
    page = client_of(casework.lead).get(reverse(name, args=arguments)).content.decode()
    assert "1\u202f500.00 USD" in page
    assert "7\u202f500.75 BRL" in page
    assert "1 devETH = 1\u202f000 USD · Fictional price" in page
    # One of the two prices is four days older than the balance, and the line itself says so.
    assert page.count("BRL price of <time") == page.count("price of <time") == 1
    assert "4 days before the balance: older than 48 hours" in page


def test_the_list_asks_for_all_its_values_at_once(
    casework: Casework, client_of: ClientOf, valued: CaseWallet
) -> None:
    client, path = client_of(casework.lead), reverse("wallet-list", args=[casework.case.reference])

    def asked() -> int:
        with CaptureQueriesContext(connection) as seen_queries:
            client.get(path)
        return sum("wallets_price" in query["sql"] for query in seen_queries.captured_queries)

    assert asked() == 1
    others = [casework.wallet(some_address(number), "localdev") for number in range(5)]
    seen([other.wallet for other in others], 10**18, at=moment(), height=8)
    assert asked() == 1
    assert client.get(path).content.decode().count("1\u202f000.00 USD") == 5


def test_the_demos_prices_say_that_they_are_fictional(db: None) -> None:
    team, _logins = add_people(at=moment())
    add_prices(team, at=moment())
    assert Price.objects.count() == len(PRICES)
    assert {row.source for row in Price.objects.all()} == {"Fictional price for the demonstration"}
