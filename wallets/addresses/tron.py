"""Tron: Base58Check of 0x41 and 20 bytes; nodes write the same in hex, without a checksum."""

from base58_bech32 import base58

from wallets.addresses import base58check
from wallets.addresses.base import Reading
from wallets.addresses.evm import HEX

_HEX_DIGITS = 42


def is_hex(text: str) -> bool:
    """41 and 40 hex digits, as java-tron's HTTP interface writes an address."""
    return len(text) == _HEX_DIGITS and text.startswith("41") and HEX.fullmatch(text) is not None


def read(text: str) -> Reading:
    """The address as T…. Raises AddressError."""
    if is_hex(text):
        return Reading(base58.b58encode_check(bytes.fromhex(text)).decode(), "none")
    return base58check.read("tron", text)
