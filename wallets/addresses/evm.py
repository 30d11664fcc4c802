"""Addresses of chains with the Ethereum virtual machine: 0x and 40 hex digits, with EIP-55's checksum by capitals."""

import re
from typing import Final

from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _
from eth_hash.auto import keccak

from wallets.addresses.base import AddressError, Reading

EVM_CHAINS: Final = frozenset(
    {"ethereum", "bsc", "polygon", "arbitrum", "optimism", "base", "avalanche", "localdev"}
)
HEX: Final = re.compile(r"[0-9a-fA-F]+", re.ASCII)
DIGITS: Final = 40


def eip55(address: str) -> str:
    """The mixed-case form of a 40-digit hex address with `0x` (EIP-55)."""
    digits = address[2:].lower()
    digest = keccak(digits.encode("ascii")).hex()
    return "0x" + "".join(
        char.upper() if int(nibble, 16) >= 8 else char for char, nibble in zip(digits, digest, strict=False)
    )


def read(text: str) -> Reading:
    """The address, with the capitals of EIP-55. Raises AddressError."""
    if not text.startswith("0x"):
        if text.startswith("0X") or (len(text) == DIGITS and HEX.fullmatch(text)):
            raise AddressError("wrong_form", _("An address on this chain starts with 0x (small x)."))
        if text.lower().endswith(".eth"):
            raise AddressError(
                "wrong_form", _("This is a name, not an address, and may point elsewhere tomorrow.")
            )
        raise AddressError("wrong_form", _("An address on this chain is 0x and 40 digits of 0–9 and a–f."))
    digits = text[2:]
    if digits and not HEX.fullmatch(digits):
        raise AddressError(
            "wrong_form", _("After 0x an address holds only the digits 0–9 and the letters a–f.")
        )
    if len(digits) == 64:
        raise AddressError(
            "transaction",
            _("64 digits are a transaction hash or a private key; an address has 40 digits after 0x."),
        )
    if len(digits) != DIGITS:
        raise AddressError(
            "wrong_length",
            format_lazy(_("An address has 40 digits after 0x; this one has {count}."), count=len(digits)),
        )
    canonical = eip55(text)
    if digits in (digits.lower(), digits.upper()):
        return Reading(canonical, "none")
    if text != canonical:
        raise AddressError(
            "wrong_checksum",
            _("The capital letters do not fit the address (EIP-55): at least one character is wrong."),
        )
    return Reading(canonical)
