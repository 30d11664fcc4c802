"""Exchange accounts by the front door."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse

from cases.models import AccountHolding, ExchangeAccount
from cases.people.models import User
from tests.support.casework import Casework, moment
from tests.web.pages import costs_the_same, errors_beside, text_of

pytestmark = pytest.mark.django_db
ClientOf = Callable[[User], Client]


def at(name: str, casework: Casework, *more: int) -> str:
    return reverse(name, args=[casework.case.reference, *more])


def minutes_ago(minutes: int) -> str:
    return (moment() - timedelta(minutes=minutes)).strftime("%Y-%m-%dT%H:%M")


def an_account(**changed: str) -> dict[str, str]:
    return {
        "account_number": "EX-42",
        "holder": "Holder A",
        "reported_status": "active",
        "reported_at": minutes_ago(60),
        "remarks": "",
    } | changed


def a_holding(**changed: str) -> dict[str, str]:
    return {
        "asset": "usdt",
        "decimals": "6",
        "amount": "1250.000001",
        "source": "Ledger export",
        "observed_at": minutes_ago(10),
    } | changed


def test_an_account_is_attached_with_its_subject(casework: Casework, client_of: ClientOf) -> None:
    subject = casework.subject()
    client = client_of(casework.lead)
    assert "1 · Kim Example" in text_of(client.get(at("account-create", casework)))
    response = client.post(at("account-create", casework), an_account(subject_number=str(subject.number)))
    assert response.status_code == 303
    assert response["Location"] == at("account-detail", casework, 1)
    assert ExchangeAccount.objects.get().subject == subject


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("account_number", " "),
        ("account_number", "x" * 65),
        ("holder", ""),
        ("subject_number", "7"),
        ("reported_status", "seized"),
        ("reported_at", "yesterday"),
        ("reported_at", "0001-01-01T00:00+05:00"),
        ("reported_at", "2199-12-31T23:59"),
    ],
)
def test_a_wrong_account_is_refused_beside_its_field(
    casework: Casework, client_of: ClientOf, field: str, value: str
) -> None:
    response = client_of(casework.lead).post(at("account-create", casework), an_account(**{field: value}))
    assert response.status_code == 422
    assert errors_beside(response, field)
    assert not ExchangeAccount.objects.exists()


def test_an_account_stands_once_in_a_case(casework: Casework, client_of: ClientOf) -> None:
    casework.account("EX-42")
    response = client_of(casework.lead).post(at("account-create", casework), an_account(holder="Somebody"))
    assert response.status_code == 422
    assert "attached to the case already" in errors_beside(response, "account_number")
    assert 'value="Somebody"' in response.content.decode()


def test_a_holding_is_exact_to_the_last_unit(casework: Casework, client_of: ClientOf) -> None:
    casework.account()
    client = client_of(casework.lead)
    assert client.post(at("holding-create", casework, 1), a_holding()).status_code == 303
    huge = str(2**256 - 1)
    assert (
        client.post(
            at("holding-create", casework, 1), a_holding(asset="WEI", decimals="0", amount=huge)
        ).status_code
        == 303
    )
    amounts = dict(AccountHolding.objects.values_list("asset", "amount"))
    assert amounts == {"USDT": 1_250_000_001, "WEI": 2**256 - 1}
    page = text_of(client_of(casework.reader).get(at("account-detail", casework, 1)))
    assert ".000001" in page
    assert "115" in page


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("amount", "12,5"),
        ("amount", "1e5"),
        ("amount", "-1"),
        ("amount", "NaN"),
        ("amount", "0.0000001"),
        ("amount", "9" * 80),
        ("amount", ""),
        ("decimals", "37"),
        ("decimals", "-1"),
        ("decimals", "six"),
        ("asset", ""),
        ("source", ""),
        ("observed_at", "2150-01-01T00:00"),
    ],
)
def test_a_wrong_holding_is_refused_beside_its_field(
    casework: Casework, client_of: ClientOf, field: str, value: str
) -> None:
    casework.account()
    response = client_of(casework.lead).post(at("holding-create", casework, 1), a_holding(**{field: value}))
    assert response.status_code == 422
    assert errors_beside(response, field)
    assert 'value="Ledger export"' in response.content.decode() or field == "source"
    assert not AccountHolding.objects.exists()


def test_the_newest_observation_counts_not_the_last_entry(casework: Casework, client_of: ClientOf) -> None:
    casework.account()
    client = client_of(casework.lead)
    client.post(at("holding-create", casework, 1), a_holding(amount="5", observed_at=minutes_ago(5)))
    client.post(at("holding-create", casework, 1), a_holding(amount="9", observed_at=minutes_ago(50)))
    context = client.get(at("account-detail", casework, 1)).context
    assert [figure.holding.amount for figure in context["newest"]] == [5_000_000]
    assert [figure.holding.amount for figure in context["page"].rows] == [5_000_000, 9_000_000]


def test_a_status_is_reported_and_never_backwards(casework: Casework, client_of: ClientOf) -> None:
    casework.account()
    client = client_of(casework.lead)
    url = at("account-report", casework, 1)
    assert (
        client.post(url, {"reported_status": "restricted", "reported_at": minutes_ago(2)}).status_code == 303
    )
    refused = client.post(url, {"reported_status": "active", "reported_at": minutes_ago(30)})
    assert refused.status_code == 422
    assert "later status" in errors_beside(refused, "reported_at")
    assert ExchangeAccount.objects.get().reported_status == "restricted"


def test_the_pages_cost_the_same_however_long(casework: Casework, client_of: ClientOf) -> None:
    def accounts(start: int, stop: int) -> None:
        for index in range(start, stop):
            casework.holding(casework.account(f"EX-{index}"))

    accounts(0, 3)
    client = client_of(casework.lead)
    costs_the_same(client, at("account-list", casework), lambda: accounts(3, 30))
    first = ExchangeAccount.objects.get(number=1)

    def holdings() -> None:
        for index in range(30):
            casework.holding(first, amount=index, asset=f"A{index}")

    costs_the_same(client, at("account-detail", casework, 1), holdings)
