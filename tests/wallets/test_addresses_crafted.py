"""Texts whose checksum holds and that are no addresses all the same: made here, since nobody publishes them."""

import binascii
from base64 import b32encode, urlsafe_b64encode

import pytest
from base58_bech32 import base58, bech32
from eth_hash.auto import keccak

from cases.models import CaseWallet
from tests.wallets.test_addresses_chains import UNIFIED
from wallets.addresses import LONGEST, AddressError, cashaddr, detect, parse
from wallets.models import Wallet

BECH32, BECH32M = bech32.BECH32_1_CONST, bech32.BECH32_M_CONST
ACCOUNT = bytes(range(1, 21))


def check(payload: bytes, *, ripple: bool = False) -> str:
    alphabet = base58.RIPPLE_ALPHABET if ripple else base58.BITCOIN_ALPHABET
    return base58.b58encode_check(payload, alphabet=alphabet).decode()


def bech(prefix: str, payload: bytes, constant: int) -> str:
    return bech32.bech32_encode_bytes(prefix, payload, m=constant).decode()


def cash(version: int, digest: bytes) -> str:
    """CashAddr with any version byte, which `encode` refuses to write."""
    data = bech32.convertbits(bytes([version]) + digest, 8, 5, True)
    rest = cashaddr._polymod([*cashaddr._of_prefix("bitcoincash"), *data, *([0] * 8)])
    checksum = [rest >> 5 * (7 - place) & 31 for place in range(8)]
    return "bitcoincash:" + "".join(cashaddr._LETTERS[value] for value in [*data, *checksum])


def monero(payload: bytes) -> str:
    """Monero's Base58 of a payload and its checksum: eight bytes take eleven letters."""
    raw = payload + keccak(payload)[:4]
    letters = {1: 2, 2: 3, 3: 5, 4: 6, 5: 7, 6: 9, 7: 10, 8: 11}
    text = ""
    for start in range(0, len(raw), 8):
        block = raw[start : start + 8]
        value, written = int.from_bytes(block, "big"), ""
        for _place in range(letters[len(block)]):
            value, digit = divmod(value, 58)
            written = base58.BITCOIN_ALPHABET.decode()[digit] + written
        text += written
    return text


def stellar(version: int) -> str:
    raw = bytes([version]) + bytes(range(32))
    return b32encode(raw + binascii.crc_hqx(raw, 0).to_bytes(2, "little")).decode().rstrip("=")


def ton(flag: int, *, crc: int = 0) -> str:
    raw = bytes([flag, 0]) + bytes(range(32))
    return urlsafe_b64encode(raw + (binascii.crc_hqx(raw, 0) ^ crc).to_bytes(2, "big")).decode()


def x_address(flag: int, field: bytes) -> str:
    return check(b"\x05\x44" + ACCOUNT + bytes([flag]) + field, ripple=True)


def test_the_helpers_write_what_is_read() -> None:
    """Without a mistake in it, each of them makes an address."""
    assert parse("bitcoincash", cash(0, ACCOUNT)).canonical == cashaddr.encode(0, ACCOUNT)
    assert parse("monero", monero(bytes([18]) + bytes(64))).checksum == "valid"
    assert parse("monero", monero(bytes([42]) + bytes(64))).checksum == "valid"
    assert parse("monero", monero(bytes([19]) + bytes(72))).checksum == "valid"
    assert parse("xrp", x_address(1, (7).to_bytes(4, "little") + bytes(4))).tag == 7
    assert parse("xrp", x_address(0, bytes(8))).tag is None
    assert parse("zcash", bech("tex", ACCOUNT, BECH32M)).canonical.startswith("t1")
    assert parse("zcashshielded", bech("zs", bytes(43), BECH32)).checksum == "valid"
    assert parse("zcashshielded", check(b"\x16\x9a" + bytes(64))).checksum == "valid"
    assert (
        detect(stellar(6 << 3)).verdict
        == detect(ton(0x11)).verdict
        == detect(ton(0x51)).verdict
        == "unsupported"
    )


@pytest.mark.parametrize(
    ("chain", "text", "reason"),
    [
        ("bitcoincash", cash(0x80, ACCOUNT), "wrong_form"),
        ("bitcoincash", cash(0, ACCOUNT + b"\x00"), "wrong_length"),
        ("bitcoincash", cash(4 << 3, ACCOUNT), "wrong_form"),
        ("bitcoincash", cash(0 | 3, bytes(32)), "wrong_length"),
        ("monero", monero(bytes([18]) + bytes(72)), "wrong_network"),
        ("monero", monero(bytes([19]) + bytes(64)), "wrong_network"),
        ("monero", monero(bytes([17]) + bytes(64)), "wrong_network"),
        *(("monero", monero(bytes([network]) + bytes(64)), "wrong_network") for network in (53, 63, 24, 36)),
        ("xrp", x_address(1, (7).to_bytes(4, "little") + b"\x00\x00\x00\x01"), "wrong_form"),
        ("xrp", x_address(2, bytes(8)), "wrong_form"),
        ("xrp", x_address(0, b"\x07" + bytes(7)), "wrong_form"),
        ("xrp", check(b"\x23" + bytes(33), ripple=True), "public_key"),
        ("xrp", check(b"\x07" + ACCOUNT, ripple=True), "wrong_form"),
        ("zcash", bech("tex", ACCOUNT, BECH32), "wrong_checksum"),
        ("zcash", bech("tex", ACCOUNT + b"\x00", BECH32M), "wrong_length"),
        ("zcashshielded", bech("zs", bytes(43), BECH32M), "wrong_checksum"),
        ("zcashshielded", bech("zs", bytes(42), BECH32), "wrong_length"),
        ("zcashshielded", bech("u", bytes(47), BECH32M), "wrong_length"),
        ("zcashshielded", bech("u", bytes(83), BECH32M), "wrong_checksum"),  # padded with nothing that fits
        ("zcashshielded", bech("secret-extended-key-main", bytes(169), BECH32), "secret"),
        ("zcashshielded", bech("uview", bytes(96), BECH32M), "secret"),
        ("zcashshielded", check(b"\x16\x9a" + bytes(63)), "wrong_length"),
        ("zcash", check(b"\x1c\xba" + ACCOUNT), "wrong_network"),
        ("tron", check(b"\xa0" + ACCOUNT), "wrong_network"),
        ("dash", check(b"\x8c" + ACCOUNT), "wrong_network"),
        ("dogecoin", check(b"\x99" + ACCOUNT), "wrong_network"),
        ("dogecoin", check(b"\x1e" + ACCOUNT + b"\x00" * 9), "wrong_length"),
        ("bitcoin", bech("bc", b"", BECH32), "wrong_length"),
    ],
)  # fmt: skip
def test_a_checksum_that_holds_is_not_enough(chain: str, text: str, reason: str) -> None:
    with pytest.raises(AddressError) as refusal:
        parse(chain, text)
    assert refusal.value.reason_code == reason, str(refusal.value.message)
    assert chain not in detect(text).chains


@pytest.mark.parametrize(
    ("text", "verdict", "reason"),
    [
        (monero(bytes([53]) + bytes(64)), "invalid", "wrong_network"),
        (base58.b58encode(bytes(range(1, 65))).decode(), "not_an_address", "transaction"),  # a signature of Solana
        (stellar(18 << 3), "not_an_address", "secret"),
        (stellar(6 << 3)[:-1] + ("A" if stellar(6 << 3)[-1] != "A" else "B"), "not_an_address", "not_an_address"),
        (ton(0x11, crc=1), "not_an_address", "not_an_address"),
        (ton(0x33), "not_an_address", "not_an_address"),
        (bech("nsec", bytes(32), BECH32), "not_an_address", "secret"),
        (bech("npub", bytes(32), BECH32), "not_an_address", "public_key"),
        (bech("nobody", bytes(32), BECH32), "unsupported", "wrong_network"),
        (bech("secret-extended-key-main", bytes(169), BECH32), "not_an_address", "secret"),
        (check(b"\x99" + ACCOUNT), "unsupported", "wrong_network"),
        (check(b"\x99" + bytes(30)), "not_an_address", "wrong_length"),
        ("ecash:qpm2qsznhks23z7629mms6s4cwef74vcwva87rkuu3", "invalid", "wrong_checksum"),
        # Twelve words of a sentence are none of a seed; a sentence of twelve small words might be one.
        ("The account was opened in May and closed in June this year.", "not_an_address", "wrong_form"),
        ("one two three four five six seven eight nine ten eleven", "not_an_address", "wrong_form"),
    ],
)  # fmt: skip
def test_what_a_text_is_is_told_by_its_checksum(text: str, verdict: str, reason: str) -> None:
    found = detect(text)
    assert found.error is not None
    assert (found.verdict, found.error.reason_code) == (verdict, reason), str(found.error.message)


def test_a_key_is_told_as_one_for_whatever_chain_it_is_entered() -> None:
    for chain in ("bitcoin", "tron", "ethereum", "monero", "zcash", "bitcoincash"):
        for version in (0x80, 0xB0, 0x9E, 0xCC, 0xEF):
            for tail in (b"", b"\x01"):
                with pytest.raises(AddressError) as refusal:
                    parse(chain, check(bytes([version]) + bytes(range(32)) + tail))
                assert refusal.value.reason_code == "secret"


def test_a_unified_address_for_another_prefix_is_refused() -> None:
    """ZIP 316 writes the prefix into the payload, so that an address cannot be carried to another network."""
    _prefix, values, _constant = bech32.bech32_decode(UNIFIED[0], limit=None)
    moved = bech32.bech32_encode("utest", values, m=BECH32M, limit=None).decode()
    assert detect(moved).verdict == "invalid"


def test_the_codec_alone_refuses_what_its_version_does_not_allow() -> None:
    """Others than `parse` decode with it: what it gives out is a type and a hash that exist."""
    for text, reason in ((cash(0x80, ACCOUNT), "wrong_form"), (cash(0, ACCOUNT + b"\x00"), "wrong_length")):
        with pytest.raises(AddressError) as refusal:
            cashaddr.decode(text)
        assert refusal.value.reason_code == reason


def test_moneros_test_networks_are_called_so() -> None:
    for network in (53, 54, 63, 24, 25, 36):
        error = detect(monero(bytes([network]) + bytes(72 if network in (54, 25) else 64))).error
        assert error is not None
        assert "test network" in str(error.message), network


def test_the_longest_address_finds_room() -> None:
    """A text that is taken for an address must fit the column that it is kept in."""
    kept, typed = Wallet._meta.get_field("address"), CaseWallet._meta.get_field("typed")
    for column in (kept, typed):
        assert (column.max_length or 0) >= LONGEST, column
