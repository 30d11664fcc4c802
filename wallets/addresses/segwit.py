"""Segwit addresses of Bitcoin and Litecoin: BIP-173 for witness version 0, BIP-350 from version 1 on."""

from typing import Final

from base58_bech32 import bech32
from base58_bech32.exceptions import Base58Bech32ValueError
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from wallets.addresses.base import LONGEST, ONE_CASE, WRONG_CHECKSUM, AddressError, Reading, refuse_strange

PREFIXES: Final = {"bitcoin": "bc", "litecoin": "ltc"}
# The prefixes of test networks (BIP-173; chainparams.cpp of Litecoin Core).
TEST: Final = {"tb": "Bitcoin", "bcrt": "Bitcoin", "tltc": "Litecoin", "rltc": "Litecoin"}
_ALPHABET: Final = frozenset("qpzry9x8gf2tvdw0s3jn54khce6mua7l")
_CHECKSUM: Final = 6
_LONGEST: Final = 90


def prefix_of(text: str) -> str:
    """What stands before the last “1”, in small letters; empty where there is none."""
    return text.lower().rpartition("1")[0]


def unpack(text: str, *, limit: int = LONGEST) -> tuple[str, list[int], bool]:
    """(prefix, 5-bit values without the checksum, whether the checksum is bech32m's). Raises AddressError."""
    if text not in (text.lower(), text.upper()):
        raise AddressError("wrong_form", ONE_CASE)
    if len(text) > limit:
        raise AddressError(
            "wrong_length",
            format_lazy(_("An address of this form has at most {count} characters."), count=limit),
        )
    _prefix, _one, data_part = text.lower().rpartition("1")
    refuse_strange(data_part, _ALPHABET)
    if len(data_part) < _CHECKSUM + 1:
        raise AddressError("wrong_length", _("The address is cut off."))
    try:
        prefix, values, constant = bech32.bech32_decode(text.lower(), limit=limit)
    except Base58Bech32ValueError as error:
        raise AddressError("wrong_checksum", WRONG_CHECKSUM) from error
    return prefix, values, constant == bech32.BECH32_M_CONST


def octets(values: list[int]) -> bytes:
    """The bytes behind 5-bit values. Raises AddressError where the bits left over are not zero."""
    try:
        return bytes(bech32.convertbits(values, 5, 8, False))
    except Base58Bech32ValueError as error:
        raise AddressError("wrong_form", _("The address ends in bits that must be zero.")) from error


def read(chain: str, text: str) -> Reading:
    """The address on Bitcoin or Litecoin, in small letters. Raises AddressError."""
    prefix, values, is_m = unpack(text, limit=_LONGEST)
    _check_program(values, is_m)
    if prefix in TEST:
        raise AddressError(
            "wrong_network",
            format_lazy(_("This address belongs to a test network ({chains})."), chains=TEST[prefix]),
        )
    if prefix != PREFIXES[chain]:
        raise AddressError("wrong_network", _("This address belongs to another chain."))
    return Reading(text.lower())


def _check_program(values: list[int], is_m: bool) -> None:
    """The witness version and program behind a checksum that holds (BIP-173, BIP-350)."""
    version = values[0]
    if version > 16:
        raise AddressError("wrong_form", _("The address names a witness version that does not exist."))
    if is_m != (version > 0):
        raise AddressError(
            "wrong_checksum", _("The checksum is of the wrong kind for this witness version (BIP-350).")
        )
    program = octets(values[1:])
    if not 2 <= len(program) <= 40 or (version == 0 and len(program) not in {20, 32}):
        raise AddressError(
            "wrong_length", _("The witness program does not have a length that its version allows (BIP-173).")
        )
