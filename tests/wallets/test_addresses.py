"""Addresses of Bitcoin and of the EVM chains: every published vector, and a refusal that says why."""

import json
import os
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wallets.addresses import EVM_CHAINS, NAMES, AddressError, eip55, parse
from wallets.chains.catalogue import CHAINS

# The folder of published vectors and lists; the addresses' own lie in one of its folders.
FOLDER = Path(os.environ.get("HOLDFAST_VECTORS", "not-given")) / "addresses"

# A few from BIP-173, BIP-350 and Bitcoin Core's key_io vectors, so that these rules hold on every machine.
VALID_BITCOIN = [
    ("1FsSia9rv4NeEwvJ2GvXrX7LyxYspbN2mo", "1FsSia9rv4NeEwvJ2GvXrX7LyxYspbN2mo"),
    ("36j4NfKv6Akva9amjWrLG6MuSQym1GuEmm", "36j4NfKv6Akva9amjWrLG6MuSQym1GuEmm"),
    ("1D6gG9iKEhPitTcWRJiniuj1jYM2hNeAfJ", "1D6gG9iKEhPitTcWRJiniuj1jYM2hNeAfJ"),
    ("BC1QW508D6QEJXTDG4Y5R3ZARVARY0C5XW7KV8F3T4", "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4"),
    ("BC1SW50QGDZ25J", "bc1sw50qgdz25j"),
    (
        "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqzk5jj0",
        "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqzk5jj0",
    ),
]

REFUSED_BITCOIN = [
    ("", "empty"),
    ("   ", "empty"),
    ("x", "wrong_length"),
    ("1FsSia9rv4NeEwvJ2GvXrX7LyxYspbN2mp", "wrong_checksum"),
    ("1FsSia9rv4NeEwvJ2GvXrX7LyxYspbN2", "wrong_length"),
    ("1FsSia9rv4NeEwvJ2GvXrX7LyxYspbN2m0", "wrong_form"),  # 0 is not a Base58 digit
    ("mzK2FFDEhxqHcmrJw1ysqFkVyhUULo45hZ", "wrong_network"),  # test network
    ("2NC2hEhe28ULKAJkW5MjZ3jtTMJdvXmByvK", "wrong_network"),
    ("LVg2kJoFNg45Nbpy53h7Fe1wKyeXVRhMH9", "wrong_network"),  # Litecoin
    ("5KYZdUEo39z3FPrtuX2QbbwGnNP5zTd7yyr2SC1j299sBCnWjss", "secret"),  # a private key
    ("tb1qrp33g0q5c5txsp9arysrx4k6zdkfs4nce4xj0gdcccefvpysxf3q0sl5k7", "wrong_network"),
    ("ltc1qw508d6qejxtdg4y5r3zarvary0c5xw7kgmn4n9", "wrong_network"),
    ("bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t5", "wrong_checksum"),
    ("bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kemeawh", "wrong_checksum"),  # bech32m on version 0
    (
        "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqh2y7hd",
        "wrong_checksum",
    ),  # bech32 on version 1
    ("bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kV8F3T4", "wrong_form"),  # mixed case
    ("bc1p38j9r5y49hruaue7wxjce0updqjuyyx0kh56v8s25huc6995vvpql3jow4", "wrong_form"),  # o
    ("BC130XLXVLHEMJA6C4DQV22UAPCTQUPFHLXM9H8Z3K2E72Q4K9HCZ7VQ7ZWS8R", "wrong_form"),  # version 17
    ("bc1pw5dgrnzv", "wrong_length"),
    ("bc1gmk9yu", "wrong_length"),
    ("0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed", "wrong_network"),
    ("bitcoin:1FsSia9rv4NeEwvJ2GvXrX7LyxYspbN2mo", "wrong_form"),
    ("1FsSia9rv4NeEwvJ2GvX\u200brX7LyxYspbN2mo", "wrong_form"),  # zero-width space
    ("1FsSia9rv4NeEwvJ2GvX rX7LyxYspbN2mo", "wrong_form"),
    ("1FsSia9rv4NeEwvJ2GvXrX7LyхYspbN2mo", "wrong_form"),  # a Cyrillic letter
    ("1" * 34, "wrong_length"),
    ("1" * 500, "wrong_length"),
]

REFUSED_EVM = [
    ("", "empty"),
    ("0x", "wrong_length"),
    ("0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAe", "wrong_length"),
    ("0x" + "a" * 64, "transaction"),
    ("0x5aAeb6053F3E94C9b9A09f33669435E7Ef1Beaed", "wrong_checksum"),
    ("0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAeg", "wrong_form"),
    ("5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed", "wrong_form"),
    ("0X5AAEB6053F3E94C9B9A09F33669435E7EF1BEAED", "wrong_form"),
    ("1FsSia9rv4NeEwvJ2GvXrX7LyxYspbN2mo", "wrong_network"),
    ("bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4", "wrong_network"),
    ("vitalik.eth", "wrong_form"),
]

EIP55 = [
    "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
    "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359",
    "0xdbF03B407c01E7cD3CBea99509d93f8DDDC8C6FB",
    "0xD1220A0cf47c7B9Be7A2E6BA89F429762e7b9aDb",
]


@pytest.mark.parametrize(("text", "canonical"), VALID_BITCOIN)
def test_bitcoin_address_has_one_spelling(text: str, canonical: str) -> None:
    address = parse("bitcoin", f" {text}\n")
    assert address.canonical == canonical
    assert address.typed == f" {text}\n"
    assert address.checksum == "valid"


@pytest.mark.parametrize(("text", "reason"), REFUSED_BITCOIN)
def test_bitcoin_refusal_names_its_reason(text: str, reason: str) -> None:
    with pytest.raises(AddressError) as refusal:
        parse("bitcoin", text)
    assert refusal.value.reason_code == reason
    assert str(refusal.value.message)


@pytest.mark.parametrize("text", EIP55)
@pytest.mark.parametrize("chain", sorted(EVM_CHAINS))
def test_evm_address_is_kept_in_its_checksummed_form(chain: str, text: str) -> None:
    assert parse(chain, text).canonical == text
    assert parse(chain, text).checksum == "valid"
    for same in (text.lower(), "0x" + text[2:].upper()):
        assert parse(chain, same).canonical == text
        assert parse(chain, same).checksum == "none"


@pytest.mark.parametrize(("text", "reason"), REFUSED_EVM)
def test_evm_refusal_names_its_reason(text: str, reason: str) -> None:
    with pytest.raises(AddressError) as refusal:
        parse("ethereum", text)
    assert refusal.value.reason_code == reason


def test_a_private_key_is_not_repeated_in_the_refusal() -> None:
    key = "5KYZdUEo39z3FPrtuX2QbbwGnNP5zTd7yyr2SC1j299sBCnWjss"
    with pytest.raises(AddressError) as refusal:
        parse("bitcoin", key)
    assert key not in str(refusal.value.message) + str(refusal.value)


def test_unknown_chain_is_refused() -> None:
    with pytest.raises(AddressError) as refusal:
        parse("stellar", "GAAZI4TCR3TY5OJHCTJC2A4QSY6CJWJH5IAJTGKIN2ER7LBNVKOCCWN7")
    assert refusal.value.reason_code == "unknown_chain"


def test_the_chains_that_can_be_parsed_are_the_chains_that_are_known() -> None:
    assert {slug for slug, info in CHAINS.items() if info.family == "evm"} == EVM_CHAINS
    assert {slug: str(info.name) for slug, info in CHAINS.items()} == NAMES


@given(st.binary(min_size=20, max_size=20))
def test_one_changed_letter_case_never_passes(raw: bytes) -> None:
    good = eip55("0x" + raw.hex())
    for place, char in enumerate(good[2:], start=2):
        if not char.isalpha():
            continue
        bad = good[:place] + char.swapcase() + good[place + 1 :]
        if bad[2:] in (bad[2:].lower(), bad[2:].upper()):
            continue  # one case only: such a text carries no checksum
        with pytest.raises(AddressError):
            parse("ethereum", bad)


def _file(name: str) -> str:
    path = FOLDER / name
    if not path.exists():
        pytest.skip(
            f"ADDRESS VECTORS NOT CHECKED: {name} is missing; set HOLDFAST_VECTORS to the folder of vectors"
        )
    return path.read_text(encoding="utf-8")


def test_bitcoin_core_valid_vectors() -> None:
    checked = 0
    for text, script, about in json.loads(_file("key_io_valid.json")):
        if about["isPrivkey"] or about["chain"] != "main":
            with pytest.raises(AddressError) as refusal:
                parse("bitcoin", text)
            expected = "secret" if about["isPrivkey"] else "wrong_network"
            assert refusal.value.reason_code == expected, text
        else:
            assert parse("bitcoin", text).canonical == (text.lower() if text.lower()[:3] == "bc1" else text)
            assert script
        if about.get("tryCaseFlip") and about["chain"] == "main":
            assert parse("bitcoin", text.swapcase()).canonical == text.lower()
        checked += 1
    assert checked > 50


def test_bitcoin_core_invalid_vectors() -> None:
    vectors = json.loads(_file("key_io_invalid.json"))
    assert len(vectors) > 50
    for (text,) in vectors:
        with pytest.raises(AddressError):
            parse("bitcoin", text)


@pytest.mark.parametrize("name", ["bip-0173.mediawiki", "bip-0350.mediawiki"])
def test_segwit_vectors_of_the_proposals(name: str) -> None:
    page = _file(name)
    valid = re.findall(r"^\* <tt>(\w+)</tt>: <tt>([0-9a-f]+)</tt>$", page, re.MULTILINE)
    listed = (
        page.split("The following list gives invalid segwit addresses")[1].split("\n===")[0].split("\n==")[0]
    )
    invalid = re.findall(r"^\* <tt>(\w+)</tt>: (.+)$", listed, re.MULTILINE)
    assert len(valid) >= 6
    assert len(invalid) >= 10
    for text, script in valid:
        # BIP-350 withdrew BIP-173's addresses of witness version 1 and up.
        withdrawn = name == "bip-0173.mediawiki" and not script.startswith("00")
        if withdrawn or not text.lower().startswith("bc1"):
            with pytest.raises(AddressError) as refusal:
                parse("bitcoin", text)
            assert refusal.value.reason_code == ("wrong_checksum" if withdrawn else "wrong_network")
        else:
            assert parse("bitcoin", text).canonical == text.lower()
    for text, _reason in invalid:
        with pytest.raises(AddressError):
            parse("bitcoin", text)


def test_eip55_vectors() -> None:
    vectors = json.loads(_file("eip55.json"))
    for text in vectors["valid"]:
        assert parse("ethereum", text).canonical == text
        assert parse("ethereum", text).checksum == "valid"
    for text in vectors["valid_all_caps_or_lower"]:
        assert parse("ethereum", text).canonical == eip55(text)
