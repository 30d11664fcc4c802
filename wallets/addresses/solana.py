"""Solana: 32 bytes in Base58, without a checksum.

A point of the curve (somebody's key) and a point off it (an account that a program derived) are both addresses, so the
curve tells nothing about a slip of the finger.
"""

from typing import Final

from base58_bech32 import base58
from django.utils.translation import gettext_lazy as _

from wallets.addresses.base import AddressError, Reading, refuse_strange
from wallets.addresses.base58check import ALPHABET

_BYTES: Final = 32
# 32 bytes take 32 to 44 letters; a signature or a key pair, 64 bytes, at most 88.
_SHORTEST, _LONGEST, _PAIR = 32, 44, 88


def read(text: str) -> Reading:
    """The address as it is written. Raises AddressError."""
    refuse_strange(text, ALPHABET)
    if len(text) > _PAIR:
        raise AddressError("wrong_length", _("An address of Solana has 32 to 44 characters."))
    size = len(base58.b58decode(text, max_length=_PAIR))
    if size == 64:
        raise AddressError(
            "transaction",
            _(
                "64 bytes are a transaction signature of Solana, or a private key: then treat it as disclosed."
            ),
        )
    if size != _BYTES:
        raise AddressError(
            "wrong_length", _("An address of Solana has 32 to 44 characters that code 32 bytes.")
        )
    return Reading(text, "none")
