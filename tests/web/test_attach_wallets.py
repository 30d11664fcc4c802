"""Attaching a wallet by the front door: an address, the chains that it fits, and all that were chosen at once."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from cases.models import CaseWallet
from cases.people.models import User
from tests.support.casework import ETHEREUM, Casework
from tests.web.pages import errors_beside, text_of
from wallets.models import Wallet

pytestmark = pytest.mark.django_db
ClientOf = Callable[[User], Client]
CANONICAL = "0x97B1043ABD9E6FC31681635166d430a458D14F9C"


def at(name: str, casework: Casework, *more: int) -> str:
    return reverse(name, args=[casework.case.reference, *more])


def a_wallet(**changed: object) -> dict[str, object]:
    return {
        "chains": ["ethereum"],
        "address": ETHEREUM,
        "label": "Kim, ETH",
        "role": "listed",
        "attribution_source": "OFAC SDN list",
        "attribution_confidence": "high",
    } | changed


def test_a_wallet_is_attached_and_its_balances_asked_for(casework: Casework, client_of: ClientOf) -> None:
    client = client_of(casework.lead)
    response = client.post(at("wallet-create", casework), a_wallet(address=f"  {ETHEREUM} "))
    assert response.status_code == 303
    assert response["Location"] == at("wallet-detail", casework, 1)
    attached = CaseWallet.objects.select_related("wallet").get()
    assert (attached.wallet.address, attached.typed) == (CANONICAL, ETHEREUM)
    page = client.get(response["Location"])
    words = text_of(page)
    assert f"typed as {ETHEREUM}" in words
    assert "carries no checksum" in words
    assert "Waiting for a worker" in words
    assert "Not read yet" in words
    # While a look is asked for, the page asks for its live part again.
    assert 'hx-trigger="every 2s"' in page.content.decode()


@pytest.mark.parametrize(
    ("changed", "field", "reason"),
    [
        ({"address": "0x97b1043abd9e6Fc31681635166d430a458d14f9c"}, "address", "EIP-55"),
        (
            {"address": "1D6gG9iKEhPitTcWRJiniuj1jYM2hNeAfJ"},
            "address",
            "Bitcoin or Bitcoin Cash, not of Ethereum",
        ),
        ({"address": ETHEREUM[:-1]}, "address", "40 digits"),
        ({"address": "   "}, "address", "Enter an address"),
        ({"address": ""}, "address", "required"),
        ({"address": "0x97b1043abd9e6fc31681635166d430a458d14f\x00"}, "address", "Null"),
        ({"chains": ["bitcoin"]}, "address", "Ethereum or another chain of its kind, not of Bitcoin"),
        ({"chains": ["ethereum", "bitcoin"]}, "address", "not of Bitcoin"),
        ({"chains": ["nowhere"]}, "chains", "valid choice"),
        ({"chains": ["localdev"]}, "chains", "valid choice"),
        ({"chains": [], "proposed_for": ETHEREUM}, "chains", "Choose at least one chain"),
        ({"chains": [], "address": "GPwg61XoHqQPNmAucFACuQ5H9sGCDv9TpS"}, "address", "Bitcoin Gold"),
        (
            {"chains": [], "address": "5be5543ff73456ab9f2d207887e2af87322c651ea1a873c5b25b7ffae456c320"},
            "address",
            "hash",
        ),
        ({"role": "owner"}, "role", ""),
        ({"attribution_source": " "}, "attribution_source", ""),
        ({"attribution_confidence": ""}, "attribution_confidence", ""),
        ({"subject_number": "9"}, "subject_number", ""),
        ({"label": "x" * 121}, "label", ""),
    ],
)
def test_a_wrong_wallet_is_refused_with_its_reason_and_kept(
    casework: Casework, client_of: ClientOf, changed: dict[str, Any], field: str, reason: str
) -> None:
    response = client_of(casework.lead).post(at("wallet-create", casework), a_wallet(**changed))
    assert response.status_code == 422
    assert reason in errors_beside(response, field)
    assert errors_beside(response, field)
    if changed.get("label") is None:
        assert 'value="Kim, ETH"' in response.content.decode()
    if changed.get("address", "").strip() and "\x00" not in changed["address"]:
        assert f'value="{changed["address"]}"' in response.content.decode()
    assert not CaseWallet.objects.exists()


def test_a_wallet_stands_once_in_a_case_however_it_is_typed(casework: Casework, client_of: ClientOf) -> None:
    casework.wallet()
    response = client_of(casework.lead).post(at("wallet-create", casework), a_wallet(address=CANONICAL))
    assert response.status_code == 422
    assert "attached to the case already" in errors_beside(response, "address")


def offered(response: Any) -> dict[str, bool]:
    """The chains that the page offers, and whether each is ticked."""
    body = response.content.decode()
    boxes = re.findall(r'<input type="checkbox" name="chains" value="(\w+)"([^>]*)>', body)
    return {chain: "checked" in rest for chain, rest in boxes}


def only_address(address: str, **more: object) -> dict[str, object]:
    return {"address": address, "label": "", "role": "", "attribution_source": ""} | more


def test_an_address_alone_brings_the_chains_that_it_fits(
    casework: Casework, client_of: ClientOf, settings: Any
) -> None:
    """Every chain of the EVM that is read here is ticked; nothing is missed or stored yet."""
    settings.WALLET_CHAIN_URLS = {"ethereum": ["http://127.0.0.1:9"], "base": ["http://127.0.0.1:9"]}
    client, url = client_of(casework.lead), at("wallet-create", casework)
    assert offered(client.get(url)) == {}
    page = client.post(url, only_address(ETHEREUM, label="Kim, ETH"))
    assert page.status_code == 200
    assert offered(page) == {
        "ethereum": True,
        "bsc": False,
        "polygon": False,
        "arbitrum": False,
        "optimism": False,
        "base": True,
        "avalanche": False,
    }
    words = text_of(page)
    assert "Polygon PoS (no source is set up: balances stay unread)" in words
    assert "Base (" not in words
    assert "carries no checksum" in words
    assert "required" not in words
    body = page.content.decode()
    assert f'name="proposed_for" value="{ETHEREUM}"' in body
    assert 'value="Kim, ETH"' in body
    assert not CaseWallet.objects.exists()
    assert not Wallet.objects.exists()


@pytest.mark.parametrize(
    ("address", "chains"),
    [
        ("1D6gG9iKEhPitTcWRJiniuj1jYM2hNeAfJ", {"bitcoin": True, "bitcoincash": False}),
        ("36j4NfKv6Akva9amjWrLG6MuSQym1GuEmm", {"bitcoin": True, "bitcoincash": False, "litecoin": False}),
        ("TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t", {"tron": True}),
        (
            "49HqitRzdnhYjgTEAhgGpCfsjdTeMbUTU6cyR4JV1R7k2Eej9rGT8JpFiYDa4tZM6RZiFrHmMzgSrhHEqpDYKBe5B2ufNsL",
            {"monero": True},
        ),
    ],
)
def test_the_likeliest_chain_is_ticked(
    casework: Casework, client_of: ClientOf, address: str, chains: dict[str, bool]
) -> None:
    page = client_of(casework.lead).post(at("wallet-create", casework), only_address(address))
    assert offered(page) == chains
    assert ("balances cannot be observed" in text_of(page)) == ("monero" in chains)


def test_the_development_chain_is_offered_only_where_it_runs(
    casework: Casework, client_of: ClientOf, settings: Any
) -> None:
    client, url = client_of(casework.lead), at("wallet-create", casework)
    settings.DEMO = True
    settings.WALLET_CHAIN_URLS = {}
    assert offered(client.post(url, only_address(ETHEREUM))).keys() & {"localdev"} == set()
    settings.WALLET_CHAIN_URLS = {"localdev": ["http://127.0.0.1:9"]}
    assert offered(client.post(url, only_address(ETHEREUM)))["localdev"]


def test_all_chosen_chains_are_attached_at_once(casework: Casework, client_of: ClientOf) -> None:
    client = client_of(casework.lead)
    response = client.post(
        at("wallet-create", casework), a_wallet(chains=["base", "ethereum", "bsc"], proposed_for=ETHEREUM)
    )
    assert response.status_code == 303
    assert response["Location"] == at("wallet-list", casework)
    rows = CaseWallet.objects.select_related("wallet").order_by("number")
    assert [(row.number, row.wallet.chain) for row in rows] == [(1, "ethereum"), (2, "bsc"), (3, "base")]
    assert {(row.wallet.address, row.typed, row.label) for row in rows} == {(CANONICAL, ETHEREUM, "Kim, ETH")}
    assert "3 wallets are attached" in text_of(client.get(response["Location"]))
    # Sent again by an impatient hand: nothing is attached twice, and what stands there is named.
    again = client.post(at("wallet-create", casework), a_wallet(chains=["optimism", "bsc", "base"]))
    assert again.status_code == 422
    assert "already on: BNB Smart Chain, Base" in errors_beside(again, "chains")
    assert CaseWallet.objects.count() == 3


def test_what_is_attached_already_is_named_and_not_offered(casework: Casework, client_of: ClientOf) -> None:
    casework.wallet()
    client, url = client_of(casework.lead), at("wallet-create", casework)
    page = client.post(url, only_address(ETHEREUM))
    assert "ethereum" not in offered(page)
    # No chain is likelier than another once the first is taken: the choice is left to the person.
    assert not any(offered(page).values())
    assert "Attached to the case already: Ethereum" in text_of(page)
    casework.wallet("TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t", chain="tron")
    page = client.post(url, a_wallet(address="TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t", chains=[]))
    assert page.status_code == 422
    assert "on every chain that it fits" in errors_beside(page, "address")


def test_an_address_that_changed_after_the_proposal_gets_a_new_one(
    casework: Casework, client_of: ClientOf
) -> None:
    """Chains that were ticked for one address are never taken for another."""
    page = client_of(casework.lead).post(
        at("wallet-create", casework),
        a_wallet(address=CANONICAL, proposed_for="0x" + "1" * 40, chains=["bsc"]),
    )
    assert page.status_code == 200
    assert offered(page)["ethereum"]
    assert not offered(page)["bsc"]
    assert not CaseWallet.objects.exists()


def test_htmx_asks_for_the_chains_alone(casework: Casework, client_of: ClientOf) -> None:
    """It never attaches, whatever is filled in."""
    client, url = client_of(casework.lead), at("wallet-create", casework)
    headers = {"HX-Request": "true", "HX-Target": "chains"}
    part = client.post(url, a_wallet(proposed_for=ETHEREUM), headers=headers)
    assert part.status_code == 200
    assert "<html" not in part.content.decode()
    assert offered(part)["ethereum"]
    assert not CaseWallet.objects.exists()
    wrong = client.post(url, only_address(ETHEREUM[:-1]), headers=headers)
    assert "this one has 39" in text_of(wrong)
    assert offered(wrong) == {}
    assert 'hx-target="#chains"' in client.get(url).content.decode()


def test_an_x_address_says_that_it_names_a_customer(casework: Casework, client_of: ClientOf) -> None:
    typed = "X7AcgcsBL6XDcUb289X4mJ8djcdyKaGZMhc9YTE92ehJ2Fu"
    client, url = client_of(casework.lead), at("wallet-create", casework)
    assert "destination tag 1," in text_of(client.post(url, only_address(typed)))
    assert client.post(url, a_wallet(address=typed, chains=["xrp"])).status_code == 303
    attached = CaseWallet.objects.select_related("wallet").get()
    assert (attached.wallet.address, attached.typed) == ("r9cZA1mLK5R5Am25ArfXFmqgNwjZgnfk59", typed)
