"""Bitcoin Cash: CashAddr with or without its prefix, and the older form that it shares with Bitcoin.

One spelling is kept for all: CashAddr with its prefix, in small letters, of the type without tokens, since a
token-aware address (CHIP-2022-02) pays the same script.
"""

from typing import Final

from django.utils.translation import gettext_lazy as _

from wallets.addresses import base58check, cashaddr
from wallets.addresses.base import AddressError, Reading

STARTS: Final = tuple(f"{prefix}:" for prefix in (cashaddr.PREFIX, *cashaddr.TEST_PREFIXES))
_PLAIN: Final = {
    cashaddr.P2PKH: cashaddr.P2PKH,
    cashaddr.P2SH: cashaddr.P2SH,
    cashaddr.TOKEN_P2PKH: cashaddr.P2PKH,
    cashaddr.TOKEN_P2SH: cashaddr.P2SH,
}
# Script hashes of 32 bytes came with the upgrade of May 2023 (CHIP-2022-05 P2SH32).
_SIZES: Final = {cashaddr.P2PKH: (20,), cashaddr.P2SH: (20, 32)}


def read(text: str) -> Reading:
    """The address as CashAddr with its prefix. Raises AddressError."""
    if not text.lower().startswith(STARTS) and text[:1] in {"1", "3", "m", "n", "2"}:
        return base58check.read("bitcoincash", text)
    kind, digest = cashaddr.decode(text)
    plain = _PLAIN.get(kind)
    if plain is None:
        raise AddressError("wrong_form", _("The address is of a type that does not exist."))
    if len(digest) not in _SIZES[plain]:
        raise AddressError("wrong_length", _("The address does not have the length of its type."))
    return Reading(cashaddr.encode(plain, digest))
