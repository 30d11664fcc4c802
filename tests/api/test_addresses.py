"""Addresses by the API: what a text is, and attaching it on the chains that it fits."""

from collections.abc import Callable
from typing import Any

import pytest

from cases.models import CaseWallet, IdempotentRequest
from cases.people.models import User
from tests.api.conftest import Program
from tests.support.casework import ETHEREUM, Casework
from wallets.models import Wallet

pytestmark = pytest.mark.django_db
Programs = Callable[[User], Program]
SOURCES = {"ethereum": ["http://127.0.0.1:9"], "base": ["http://127.0.0.1:9"]}


def of(casework: Casework, *more: object) -> str:
    return "/".join(["cases", casework.case.reference, "wallets", *map(str, more)])


def body(**more: object) -> dict[str, object]:
    return {
        "address": ETHEREUM,
        "role": "subject",
        "attribution_source": "OFAC SDN list",
        "attribution_confidence": "high",
    } | more


def test_an_address_is_told_and_nothing_kept(program: Programs, casework: Casework, settings: Any) -> None:
    settings.WALLET_CHAIN_URLS = SOURCES
    entered = program(casework.lead)
    casework.wallet(ETHEREUM, chain="base")
    told = entered.post(of(casework, "detect"), {"address": ETHEREUM})
    assert told.status == 200, told.data
    assert (told.data["verdict"], told.data["reason"], told.data["message"]) == ("address", None, None)
    found = {each["chain"]: each for each in told.data["candidates"]}
    assert list(found) == ["ethereum", "bsc", "polygon", "arbitrum", "optimism", "base", "avalanche"]
    assert [chain for chain, each in found.items() if each["chosen"]] == ["ethereum"]
    assert found["base"]["attached_as"] == 1
    assert found["ethereum"]["attached_as"] is None
    assert found["ethereum"]["checksum"] == "none"
    assert found["ethereum"]["address"].lower() == ETHEREUM
    assert found["bsc"]["note"] == "no source is set up: balances stay unread"
    assert found["ethereum"]["note"] == ""
    assert (Wallet.objects.count(), CaseWallet.objects.count()) == (1, 1)
    assert not IdempotentRequest.objects.exists()


@pytest.mark.parametrize(
    ("text", "verdict", "reason"),
    [
        ("GPwg61XoHqQPNmAucFACuQ5H9sGCDv9TpS", "unsupported", "wrong_network"),
        ("1D6gG9iKEhPitTcWRJiniuj1jYM2hNeAfK", "invalid", "wrong_checksum"),
        ("5KYZdUEo39z3FPrtuX2QbbwGnNP5zTd7yyr2SC1j299sBCnWjss", "not_an_address", "secret"),
        ("Kim", "not_an_address", "not_an_address"),
    ],
)
def test_what_is_no_address_is_told_too(
    program: Programs, casework: Casework, text: str, verdict: str, reason: str
) -> None:
    told = program(casework.lead).post(of(casework, "detect"), {"address": text})
    assert (told.status, told.data["verdict"], told.data["reason"]) == (200, verdict, reason)
    assert told.data["candidates"] == []
    assert told.data["message"].endswith(".")
    assert text not in told.data["message"] or len(text) < 8


def test_chains_of_one_kind_and_a_tag_are_told(program: Programs, casework: Casework) -> None:
    entered = program(casework.lead)
    old = entered.post(of(casework, "detect"), {"address": "1BpEi6DfDAUFd7GtittLSdBeYJvcoaVggu"}).data
    assert [(each["chain"], each["address"]) for each in old["candidates"]] == [
        ("bitcoin", "1BpEi6DfDAUFd7GtittLSdBeYJvcoaVggu"),
        ("bitcoincash", "bitcoincash:qpm2qsznhks23z7629mms6s4cwef74vcwvy22gdx6a"),
    ]
    assert old["also"] == ["Bitcoin SV", "eCash"]
    tagged = entered.post(
        of(casework, "detect"), {"address": "X7AcgcsBL6XDcUb289X4mJ8djcdyKaGZMhc9YTE92ehJ2Fu"}
    ).data
    (only,) = tagged["candidates"]
    assert (only["address"], only["tag"]) == ("r9cZA1mLK5R5Am25ArfXFmqgNwjZgnfk59", 1)


def test_several_chains_are_attached_all_or_none(program: Programs, casework: Casework) -> None:
    entered = program(casework.lead)
    made = entered.post(of(casework), body(chains=["base", "ethereum"]))
    assert made.status == 201, made.data
    assert (made.data["number"], made.data["chain"]) == (1, "ethereum")
    assert [(each["number"], each["chain"]) for each in made.data["others"]] == [(2, "base")]
    assert made.headers["Location"].endswith("/wallets/1")
    again = entered.post(of(casework), body(chains=["base", "polygon"]))
    assert (again.status, again.fields) == (422, {"chains": "refused"})
    assert "already on: Base" in str(again.data)
    assert CaseWallet.objects.count() == 2


def test_without_a_chain_it_is_attached_where_the_form_would(
    program: Programs, casework: Casework, settings: Any
) -> None:
    settings.WALLET_CHAIN_URLS = SOURCES
    entered = program(casework.lead)
    made = entered.post(of(casework), body())
    assert [made.data["chain"], *(each["chain"] for each in made.data["others"])] == ["ethereum", "base"]
    again = entered.post(of(casework), body())
    assert (again.status, again.fields) == (422, {"chains": "refused"})
    likeliest = entered.post(of(casework), body(address="1D6gG9iKEhPitTcWRJiniuj1jYM2hNeAfJ"))
    assert (likeliest.data["chain"], likeliest.data["others"]) == ("bitcoin", [])
    wrong = entered.post(of(casework), body(address="1D6gG9iKEhPitTcWRJiniuj1jYM2hNeAfK"))
    assert wrong.fields == {"address": "refused"}
    assert "checksum" in str(wrong.data)


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"chains": []}, "chains"),
        ({"chains": "ethereum"}, "chains"),
        ({"chains": ["nowhere"]}, "chains.0"),
        ({"chains": [1]}, "chains.0"),
        ({"chain": "ethereum", "chains": ["base"]}, "chains"),
        ({"chains": ["ethereum", "tron"]}, "address"),
        ({"address": "0x" + "1" * 600}, "address"),
    ],
)
def test_wrong_chains_are_refused(
    program: Programs, casework: Casework, more: dict[str, object], field: str
) -> None:
    wrong = program(casework.lead).post(of(casework), body(**more))
    assert wrong.status == 422, wrong.data
    assert [name.split(".")[0] for name in wrong.fields] == [field.split(".")[0]]
    assert not CaseWallet.objects.exists()
