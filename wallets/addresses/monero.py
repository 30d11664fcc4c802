"""Monero: Base58 in blocks of its own, with four bytes of Keccak-256 as checksum.

Source: `base58.cpp`, `cryptonote_basic_impl.cpp` and `cryptonote_config.h` of the reference node. Eight bytes at a time
take eleven letters, so the length of a text tells how many bytes it codes.
"""

from typing import Final

from django.utils.translation import gettext_lazy as _
from eth_hash.auto import keccak

from wallets.addresses.base import WRONG_CHECKSUM, AddressError, Reading, refuse_strange
from wallets.addresses.base58check import ALPHABET

_LETTERS: Final = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_VALUE: Final = {letter: value for value, letter in enumerate(_LETTERS)}
_BLOCK: Final = 11
# Bytes that a block of so many letters codes.
_SIZE: Final = {2: 1, 3: 2, 5: 3, 6: 4, 7: 5, 9: 6, 10: 7, 11: 8}
# Letters and what follows the network byte: two public keys, and an integrated address's payment identifier.
_STANDARD: Final = 95
_INTEGRATED: Final = 106
LENGTHS: Final = (_STANDARD, _INTEGRATED)
_MAIN: Final = {18: _STANDARD, 42: _STANDARD, 19: _INTEGRATED}
_TEST: Final = frozenset({53, 54, 63, 24, 25, 36})


def decode(text: str) -> bytes:
    """The bytes behind the blocks, checksum included. Raises AddressError."""
    refuse_strange(text, ALPHABET)
    raw = b""
    for start in range(0, len(text), _BLOCK):
        block = text[start : start + _BLOCK]
        value = 0
        for letter in block:
            value = value * 58 + _VALUE[letter]
        size = _SIZE.get(len(block), 0)
        if value >= 256**size:
            raise AddressError("wrong_checksum", WRONG_CHECKSUM)
        raw += value.to_bytes(size, "big")
    return raw


def read(text: str) -> Reading:
    """The address as it is written. Raises AddressError."""
    if len(text) not in LENGTHS:
        refuse_strange(text, ALPHABET)
        raise AddressError(
            "wrong_length", _("An address of Monero has 95 characters, or 106 with a payment ID.")
        )
    raw = decode(text)
    if keccak(raw[:-4])[:4] != raw[-4:]:
        raise AddressError("wrong_checksum", WRONG_CHECKSUM)
    if raw[0] in _TEST:
        raise AddressError("wrong_network", _("This address belongs to a Monero test network."))
    if _MAIN.get(raw[0]) != len(text):
        raise AddressError("wrong_network", _("The checksum fits, but the address belongs to another chain."))
    return Reading(text)
