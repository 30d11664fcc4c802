"""CashAddr, the address form of Bitcoin Cash: a prefix, 5-bit letters, a 40-bit checksum over both.

Source: the CashAddr specification (bitcoincashorg, spec/cashaddr.md) and, for token-aware types, CHIP-2022-02
CashTokens. The checksum is not bech32's: another polynomial, eight letters long.
"""

from typing import Final

from base58_bech32 import bech32
from base58_bech32.exceptions import Base58Bech32ValueError
from django.utils.translation import gettext_lazy as _

from wallets.addresses.base import ONE_CASE, WRONG_CHECKSUM, AddressError, refuse_strange

PREFIX: Final = "bitcoincash"
TEST_PREFIXES: Final = ("bchtest", "bchreg")
# The type bits of the version byte. The token-aware two name the same scripts as the first two, for wallets that
# understand tokens.
P2PKH: Final = 0
P2SH: Final = 1
TOKEN_P2PKH: Final = 2
TOKEN_P2SH: Final = 3

_LETTERS: Final = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
_ALPHABET: Final = frozenset(_LETTERS)
_VALUE: Final = {letter: value for value, letter in enumerate(_LETTERS)}
_CHECKSUM: Final = 8
_GENERATOR: Final = (0x98F2BC8E61, 0x79B76D99E2, 0xF33E5FB3C4, 0xAE2EABE2A8, 0x1E4F43E470)
# Bytes of the hash by the three size bits of the version byte.
_SIZES: Final = (20, 24, 28, 32, 40, 48, 56, 64)
# Of the version byte, the hash and the checksum in 5-bit letters: 64 bytes is the most that a version can name.
_LONGEST: Final = 112


def decode(text: str, *, prefix: str = PREFIX) -> tuple[int, bytes]:
    """(type, hash) of an address with or without its prefix: types as above, 20 to 64 bytes.

    Raises `AddressError`, also for the prefix of a test network ("wrong_network").
    """
    if text not in (text.lower(), text.upper()):
        raise AddressError("wrong_form", ONE_CASE)
    given, colon, payload = text.lower().rpartition(":")
    if colon and given in TEST_PREFIXES and given != prefix:
        raise AddressError("wrong_network", _("This address belongs to a Bitcoin Cash test network."))
    if colon and given != prefix:
        raise AddressError("wrong_network", _("The prefix before the colon belongs to another chain."))
    refuse_strange(payload, _ALPHABET)
    if not _CHECKSUM + 2 <= len(payload) <= _LONGEST:
        raise AddressError("wrong_length", _("The address is cut off or too long."))
    values = [_VALUE[letter] for letter in payload]
    if not _holds(prefix, values):
        if not colon and any(_holds(other, values) for other in TEST_PREFIXES if other != prefix):
            raise AddressError("wrong_network", _("This address belongs to a Bitcoin Cash test network."))
        raise AddressError("wrong_checksum", WRONG_CHECKSUM)
    try:
        raw = bytes(bech32.convertbits(values[:-_CHECKSUM], 5, 8, False))
    except Base58Bech32ValueError as error:
        raise AddressError("wrong_form", _("The address ends in bits that must be zero.")) from error
    version, digest = raw[0], raw[1:]
    if version & 0x80:
        raise AddressError("wrong_form", _("The address is of a version that does not exist."))
    if len(digest) != _SIZES[version & 0x07]:
        raise AddressError("wrong_length", _("The address does not have the length that it names."))
    return version >> 3, digest


def encode(kind: int, digest: bytes, *, prefix: str = PREFIX) -> str:
    """The address of a type and a hash, in small letters and with its prefix.

    Raises ValueError for a type that does not fit its four bits or a hash of a length that no version names.
    """
    if not 0 <= kind <= 15:
        raise ValueError("a type has four bits")
    version = kind << 3 | _SIZES.index(len(digest))
    data = bech32.convertbits(bytes([version]) + digest, 8, 5, True)
    rest = _polymod([*_of_prefix(prefix), *data, *([0] * _CHECKSUM)])
    checksum = [rest >> 5 * (_CHECKSUM - 1 - place) & 31 for place in range(_CHECKSUM)]
    return f"{prefix}:" + "".join(_LETTERS[value] for value in [*data, *checksum])


def _holds(prefix: str, values: list[int]) -> bool:
    return _polymod([*_of_prefix(prefix), *values]) == 0


def _of_prefix(prefix: str) -> list[int]:
    return [ord(char) & 31 for char in prefix] + [0]


def _polymod(values: list[int]) -> int:
    rest = 1
    for value in values:
        top = rest >> 35
        rest = (rest & 0x07FFFFFFFF) << 5 ^ value
        for place, generator in enumerate(_GENERATOR):
            if top >> place & 1:
                rest ^= generator
    return rest ^ 1
