"""The canonical form of an address, per chain, and the reason when a text is none. Pure.

Sources: Base58Check as in Bitcoin Core (`base58.cpp`, `key_io.cpp`); BIP-173 and BIP-350 for segwit
addresses; EIP-55 for the mixed-case checksum of EVM addresses.
"""

import re
from dataclasses import dataclass
from typing import Final, Literal

from base58_bech32 import base58, bech32
from base58_bech32.exceptions import Base58Bech32ValueError
from django.utils.functional import Promise
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _
from eth_hash.auto import keccak

ReasonCode = Literal[
    "empty", "wrong_length", "wrong_checksum", "wrong_network", "wrong_form", "unknown_chain"
]

EVM_CHAINS: Final = frozenset(
    {"ethereum", "bsc", "polygon", "arbitrum", "optimism", "base", "avalanche", "localdev"}
)
_LONGEST: Final = 120

# Version bytes of Base58Check payloads (Bitcoin Core, chainparams.cpp).
_MAIN_VERSIONS: Final = {0x00, 0x05}
_TEST_VERSIONS: Final = {0x6F, 0xC4}
_PRIVATE_KEY_VERSIONS: Final = {0x80, 0xEF}
_TEST_PREFIXES: Final = frozenset({"tb", "bcrt"})
# Human-readable parts that segwit chains use (SLIP-0173, and BIP-173 for test networks).
_SEGWIT_PREFIXES: Final = frozenset(
    {"bc", "tb", "bcrt", "ltc", "tltc", "vtc", "grs", "dgb", "btg", "fc", "via"}
)

_BASE58_ALPHABET: Final = frozenset(base58.BITCOIN_ALPHABET.decode())
_BECH32_ALPHABET: Final = frozenset("qpzry9x8gf2tvdw0s3jn54khce6mua7l")
_HEX = re.compile(r"[0-9a-fA-F]+", re.ASCII)


class AddressError(ValueError):
    """A text that is no address of the chain. `message` is a sentence for the person who typed it."""

    def __init__(self, reason_code: ReasonCode, message: str | Promise) -> None:
        super().__init__(reason_code)
        self.reason_code: ReasonCode = reason_code
        self.message = message


@dataclass(frozen=True, slots=True)
class Address:
    """`canonical` is the one spelling that is stored and compared; `typed` is what the person gave.

    `checksum` is "valid" when the text carried a checksum that holds and "none" when it carried none: an EVM
    address in one case only, where a slip of the finger cannot be noticed.
    """

    chain: str
    canonical: str
    typed: str
    checksum: Literal["valid", "none"]


def parse(chain: str, text: str) -> Address:
    """The address that `text` spells on `chain` (a slug). Blanks around it are ignored.

    Raises `AddressError`, whose `reason_code` names what is wrong.
    """
    stripped = text.strip()
    if chain != "bitcoin" and chain not in EVM_CHAINS:
        raise AddressError("unknown_chain", _("This chain is not known here."))
    if not stripped:
        raise AddressError("empty", _("Enter an address."))
    if len(stripped) > _LONGEST:
        raise AddressError("wrong_length", _("This text is too long for an address."))
    if not stripped.isascii() or not stripped.isprintable() or " " in stripped:
        raise AddressError(
            "wrong_form",
            _("The address holds a blank, a hidden character or a foreign letter. Copy it again."),
        )
    if chain == "bitcoin":
        return Address(chain, _bitcoin(stripped), text, "valid")
    canonical, checksum = _evm(stripped)
    return Address(chain, canonical, text, checksum)


def eip55(address: str) -> str:
    """The mixed-case form of a 40-digit hex address with `0x` (EIP-55)."""
    digits = address[2:].lower()
    digest = keccak(digits.encode("ascii")).hex()
    return "0x" + "".join(
        char.upper() if int(nibble, 16) >= 8 else char for char, nibble in zip(digits, digest, strict=False)
    )


def _evm(text: str) -> tuple[str, Literal["valid", "none"]]:
    if not text.startswith("0x"):
        if text.startswith("0X") or (len(text) == 40 and _HEX.fullmatch(text)):
            raise AddressError("wrong_form", _("An address on this chain starts with 0x (small x)."))
        if _is_bitcoin(text):
            raise AddressError("wrong_network", _("This is a Bitcoin address, not one of this chain."))
        raise AddressError("wrong_form", _("An address on this chain is 0x and 40 digits of 0–9 and a–f."))
    digits = text[2:]
    if digits and not _HEX.fullmatch(digits):
        raise AddressError(
            "wrong_form", _("After 0x an address holds only the digits 0–9 and the letters a–f.")
        )
    if len(digits) == 64:
        raise AddressError(
            "wrong_length",
            _("64 digits are a transaction hash or a key; an address has 40 digits after 0x."),
        )
    if len(digits) != 40:
        raise AddressError(
            "wrong_length",
            format_lazy(_("An address has 40 digits after 0x; this one has {count}."), count=len(digits)),
        )
    canonical = eip55(text)
    if digits in (digits.lower(), digits.upper()):
        return canonical, "none"
    if text != canonical:
        raise AddressError(
            "wrong_checksum",
            _("The capital letters do not fit the address (EIP-55): at least one character is wrong."),
        )
    return canonical, "valid"


def _is_bitcoin(text: str) -> bool:
    try:
        _bitcoin(text)
    except AddressError:
        return False
    return True


def _bitcoin(text: str) -> str:
    if text[:2] in {"0x", "0X"}:
        raise AddressError("wrong_network", _("An address that starts with 0x is not a Bitcoin address."))
    if text.lower().startswith("bitcoin:"):
        raise AddressError("wrong_form", _("Enter the address alone, without “bitcoin:”."))
    prefix, separator, _rest = text.lower().rpartition("1")
    if separator and prefix in _SEGWIT_PREFIXES:
        return _segwit(text)
    return _base58check(text)


def _base58check(text: str) -> str:
    strange = next((char for char in text if char not in _BASE58_ALPHABET), None)
    if strange is not None:
        raise AddressError(
            "wrong_form",
            format_lazy(_("“{char}” does not occur in a Bitcoin address of this form."), char=strange),
        )
    if len(text) > base58.MAX_LENGTH:
        raise AddressError("wrong_length", _("This text is too long for a Bitcoin address."))
    raw = base58.b58decode(text, max_length=base58.MAX_LENGTH)
    try:
        payload = base58.b58decode_check(text)
    except Base58Bech32ValueError as error:
        if len(raw) != 25:
            raise AddressError(
                "wrong_length",
                _("A Bitcoin address of this form has 26 to 35 characters that code 25 bytes."),
            ) from error
        raise AddressError(
            "wrong_checksum", _("The checksum does not fit: at least one character is wrong.")
        ) from error
    version = payload[0] if payload else None
    if version in _PRIVATE_KEY_VERSIONS and len(payload) in {33, 34}:
        raise AddressError(
            "wrong_form",
            _("This is a private key, not an address. Do not enter it anywhere; treat it as disclosed."),
        )
    if len(payload) != 21:
        raise AddressError(
            "wrong_length",
            _("The checksum fits, but the text does not have the length of a Bitcoin address."),
        )
    if version in _TEST_VERSIONS:
        raise AddressError("wrong_network", _("This address belongs to a Bitcoin test network."))
    if version not in _MAIN_VERSIONS:
        raise AddressError("wrong_network", _("This address belongs to another chain, not to Bitcoin."))
    return text


def _segwit(text: str) -> str:
    if text not in (text.lower(), text.upper()):
        raise AddressError(
            "wrong_form", _("An address of this form is in small letters or in capitals, never in both.")
        )
    if len(text) > 90:
        raise AddressError("wrong_length", _("An address of this form has at most 90 characters."))
    canonical = text.lower()
    prefix, _separator, data_part = canonical.rpartition("1")
    strange = next((char for char in data_part if char not in _BECH32_ALPHABET), None)
    if strange is not None:
        raise AddressError(
            "wrong_form",
            format_lazy(_("“{char}” does not occur in an address of this form."), char=strange),
        )
    if len(data_part) < 7:
        raise AddressError("wrong_length", _("The address is cut off."))
    try:
        _prefix, data, constant = bech32.bech32_decode(canonical, limit=90)
    except Base58Bech32ValueError as error:
        raise AddressError(
            "wrong_checksum", _("The checksum does not fit: at least one character is wrong.")
        ) from error
    _check_program(data, constant)
    if prefix in _TEST_PREFIXES:
        raise AddressError("wrong_network", _("This address belongs to a Bitcoin test network."))
    if prefix != "bc":
        raise AddressError("wrong_network", _("This address belongs to another chain, not to Bitcoin."))
    return canonical


def _check_program(data: list[int], constant: int) -> None:
    """The witness version and program behind a checksum that holds (BIP-173, BIP-350)."""
    version = data[0]
    if version > 16:
        raise AddressError("wrong_form", _("The address names a witness version that does not exist."))
    expected = bech32.BECH32_1_CONST if version == 0 else bech32.BECH32_M_CONST
    if constant != expected:
        raise AddressError(
            "wrong_checksum", _("The checksum is of the wrong kind for this witness version (BIP-350).")
        )
    try:
        program = bech32.convertbits(data[1:], 5, 8, False)
    except Base58Bech32ValueError as error:
        raise AddressError(
            "wrong_form", _("The address ends in bits that must be zero (BIP-173).")
        ) from error
    if not 2 <= len(program) <= 40 or (version == 0 and len(program) not in {20, 32}):
        raise AddressError(
            "wrong_length", _("The witness program does not have a length that its version allows (BIP-173).")
        )
