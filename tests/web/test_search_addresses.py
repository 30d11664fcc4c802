"""Search by address: found under every chain that it fits, in whatever spelling it is held."""

from collections.abc import Callable

import pytest
from django.test import Client

from cases.people.models import User
from tests.support.casework import ETHEREUM, Casework
from tests.web.pages import text_of
from tests.web.test_search import searched

pytestmark = pytest.mark.django_db
ClientOf = Callable[[User], Client]


@pytest.mark.parametrize(
    ("chain", "attached", "looked_for"),
    [
        ("bitcoincash", "1BpEi6DfDAUFd7GtittLSdBeYJvcoaVggu", "qpm2qsznhks23z7629mms6s4cwef74vcwvy22gdx6a"),
        ("bitcoincash", "qpm2qsznhks23z7629mms6s4cwef74vcwvy22gdx6a", "1BpEi6DfDAUFd7GtittLSdBeYJvcoaVggu"),
        (
            "bitcoincash",
            "qpm2qsznhks23z7629mms6s4cwef74vcwvy22gdx6a",
            "BITCOINCASH:QPM2QSZNHKS23Z7629MMS6S4CWEF74VCWVY22GDX6A",
        ),
        ("litecoin", "36j4NfKv6Akva9amjWrLG6MuSQym1GuEmm", "MCwCgYjt3HcMNerfqPqg5jcJm7aCy89KeQ"),
        ("litecoin", "MCwCgYjt3HcMNerfqPqg5jcJm7aCy89KeQ", "36j4NfKv6Akva9amjWrLG6MuSQym1GuEmm"),
        ("tron", "TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t", "41A614F803B6FD780986A42C78EC9C7F77E6DED13C"),
        ("xrp", "r9cZA1mLK5R5Am25ArfXFmqgNwjZgnfk59", "X7AcgcsBL6XDcUb289X4mJ8djcdyKaGZMhc9YTE92ehJ2Fu"),
        ("zcash", "t1VmmGiyjVNeCjxDZzg7vZmd99WyzVby9yC", "tex1s2rt77ggv6q989lr49rkgzmh5slsksa9khdgte"),
        (
            "bitcoin",
            "BC1QW508D6QEJXTDG4Y5R3ZARVARY0C5XW7KV8F3T4",
            "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4",
        ),
        ("arbitrum", ETHEREUM, "0x97B1043ABD9E6FC31681635166d430a458D14F9C"),
    ],
)
def test_a_wallet_is_found_in_any_spelling(
    casework: Casework, client_of: ClientOf, chain: str, attached: str, looked_for: str
) -> None:
    row = casework.wallet(attached, chain=chain)
    found = searched(client_of(casework.lead), looked_for).context["found"]
    assert [wallet.pk for wallet in found.wallets] == [row.pk]
    assert searched(client_of(casework.outsider), looked_for).context["found"].wallets == []


def test_a_wallet_is_found_on_every_chain_that_the_address_fits(
    casework: Casework, client_of: ClientOf
) -> None:
    for chain in ("ethereum", "bsc", "avalanche"):
        casework.wallet(chain=chain)
    casework.wallet("1D6gG9iKEhPitTcWRJiniuj1jYM2hNeAfJ", chain="bitcoincash")
    client = client_of(casework.lead)
    found = searched(client, ETHEREUM).context["found"]
    assert {row.wallet.chain for row in found.wallets} == {"ethereum", "bsc", "avalanche"}
    (only,) = searched(client, "1D6gG9iKEhPitTcWRJiniuj1jYM2hNeAfJ").context["found"].wallets
    assert only.wallet.chain == "bitcoincash"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("1D6gG9iKEhPitTcWRJiniuj1jYM2hNeAfK", "checksum does not fit"),
        ("bchtest:pr6m7j9njldwwzlg9v7v53unlr4jkmx6eyvwc0uz5t", "test network"),
        ("GPwg61XoHqQPNmAucFACuQ5H9sGCDv9TpS", "Bitcoin Gold"),
        ("5KYZdUEo39z3FPrtuX2QbbwGnNP5zTd7yyr2SC1j299sBCnWjss", "treat it as disclosed"),
    ],
)
def test_what_is_no_address_of_a_chain_kept_here_is_said(
    casework: Casework, client_of: ClientOf, text: str, words: str
) -> None:
    page = searched(client_of(casework.lead), text)
    assert words in text_of(page)
    assert ("but is none" in text_of(page)) == (words != "Bitcoin Gold")
    assert page.context["found"].total == 0


def test_words_and_hashes_are_no_failed_addresses(casework: Casework, client_of: ClientOf) -> None:
    for text in (
        "Kim Sang Man",
        "EX-DEMO-100045",
        "5be5543ff73456ab9f2d207887e2af87322c651ea1a873c5b25b7ffae456c320",
    ):
        assert searched(client_of(casework.lead), text).context["found"].address_error == "", text
