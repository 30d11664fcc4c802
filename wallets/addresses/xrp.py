"""XRP Ledger: Base58Check in the ledger's own alphabet.

Source: "Base58 Encodings" of the XRP Ledger documentation; XLS-5d for X-addresses. A classic address (r…) is 0x00 and
20 bytes and belongs to every network alike. An X-address packs one with a destination tag; it is read as the classic
address, since the ledger keeps balances by account alone, and the tag is handed on: refusing it would make people
convert by hand what orders name, and a converted text could no longer be compared with the paper.
"""

from typing import Final

from base58_bech32 import base58
from base58_bech32.exceptions import Base58Bech32ValueError
from django.utils.translation import gettext_lazy as _

from wallets.addresses.base import PRIVATE_KEY, WRONG_CHECKSUM, AddressError, Reading, refuse_strange

ALPHABET: Final = frozenset(base58.RIPPLE_ALPHABET.decode())
_LONGEST: Final = 60
_CLASSIC: Final = b"\x00"
_X_MAIN: Final = b"\x05\x44"
_X_TEST: Final = b"\x04\x93"
_SEEDS: Final = ((b"\x21", 17), (b"\x01\xe1\x4b", 19))
_PUBLIC_KEYS: Final = (b"\x23", b"\x1c")


def payload_of(text: str) -> bytes:
    """What the checksum covers. Raises AddressError."""
    refuse_strange(text, ALPHABET)
    if len(text) > _LONGEST:
        raise AddressError("wrong_length", _("This text is too long for an address of the XRP Ledger."))
    try:
        return base58.b58decode_check(text, alphabet=base58.RIPPLE_ALPHABET)
    except Base58Bech32ValueError as error:
        size = len(base58.b58decode(text, alphabet=base58.RIPPLE_ALPHABET, max_length=_LONGEST))
        if size not in (25, 35):
            raise AddressError(
                "wrong_length",
                _(
                    "The text is cut off or too long: an address of the XRP Ledger has 25 to 35 characters, or 47."
                ),
            ) from error
        raise AddressError("wrong_checksum", WRONG_CHECKSUM) from error


def classic(account: bytes) -> str:
    """The classic address of 20 bytes."""
    return base58.b58encode_check(_CLASSIC + account, alphabet=base58.RIPPLE_ALPHABET).decode()


def read(text: str) -> Reading:
    """The classic address, and the tag that an X-address names. Raises AddressError."""
    payload = payload_of(text)
    if payload[:1] == _CLASSIC and len(payload) == 21:
        return Reading(text)
    if any(payload.startswith(prefix) and len(payload) == size for prefix, size in _SEEDS):
        raise AddressError("secret", PRIVATE_KEY)
    if payload[:1] in _PUBLIC_KEYS and len(payload) == 34:
        raise AddressError("public_key", _("This is a public key of the XRP Ledger, not an address."))
    if payload[:2] == _X_TEST and len(payload) == 31:
        raise AddressError("wrong_network", _("This address belongs to a test network of the XRP Ledger."))
    if payload[:2] == _X_MAIN and len(payload) == 31:
        return Reading(classic(payload[2:22]), tag=_tag(payload[22], payload[23:]))
    raise AddressError("wrong_form", _("The checksum fits, but the text is no account of the XRP Ledger."))


def _tag(flag: int, field: bytes) -> int | None:
    if flag == 0 and not any(field):
        return None
    # Tags have 32 bits; the upper four bytes are reserved and zero.
    if flag == 1 and not any(field[4:]):
        return int.from_bytes(field[:4], "little")
    raise AddressError(
        "wrong_form", _("The X-address holds a destination tag of a kind that does not exist.")
    )
