"""Zcash: transparent addresses (t…, tex1…) and shielded ones (zs1…, u1…, zc…).

Source: Zcash protocol specification, sections 5.6.1 to 5.6.4; ZIP 316 for unified addresses and F4Jumble; ZIP 320 for
tex1…, which is a t1… that asks to be paid from transparent funds: the same key hash, so the same wallet.
"""

from hashlib import blake2b
from typing import Final

from base58_bech32 import base58
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from wallets.addresses import base58check, segwit
from wallets.addresses.base import AddressError, Reading

_TEST: Final = frozenset({"ztestsapling", "zregtestsapling", "utest", "uregtest", "textest", "texregtest"})
_SECRETS: Final = frozenset({"secret-extended-key-main", "secret-extended-key-test"})
_VIEWS: Final = frozenset({"zxviews", "zxviewtestsapling", "uview", "uivk", "zivks"})
_SAPLING: Final = 43
_LEFT: Final = 64
# ZIP 316: the least and the most that F4Jumble takes (the second as far as a text here can be long).
_UNIFIED_LEAST: Final = 48
_PADDING: Final = 16
_KNOWN: Final = _TEST | _SECRETS | _VIEWS | {"zs", "u", "tex"}


def is_bech32(text: str) -> bool:
    """Whether the text starts as one of Zcash's bech32 forms does."""
    return segwit.prefix_of(text) in _KNOWN


def read(chain: str, text: str) -> Reading:
    """The address on `zcash` (transparent) or `zcashshielded`. Raises AddressError."""
    if not is_bech32(text):
        return base58check.read(chain, text)
    prefix, values, is_m = segwit.unpack(text)
    raw = segwit.octets(values)
    if prefix in _SECRETS:
        raise AddressError("secret", _("This is a spending key, not an address. Treat it as disclosed."))
    if prefix in _VIEWS:
        raise AddressError("secret", _("This is a viewing key, not an address. Do not enter it."))
    if prefix in _TEST:
        raise AddressError(
            "wrong_network",
            format_lazy(_("This address belongs to a test network ({chains})."), chains="Zcash"),
        )
    if is_m != (prefix in {"u", "tex"}):
        raise AddressError("wrong_checksum", _("The checksum is of the wrong kind for this form of address."))
    if prefix == "tex":
        if len(raw) != 20:
            raise AddressError("wrong_length", _("The address does not have the length of its form."))
        if chain == "zcash":
            return Reading(base58.b58encode_check(base58check.KEY_HASH[chain] + raw).decode())
    else:
        _check_shielded(prefix, raw)
        if chain == "zcashshielded":
            return Reading(text.lower())
    raise AddressError("wrong_network", _("This address belongs to the other part of Zcash."))


def _check_shielded(prefix: str, raw: bytes) -> None:
    if prefix == "zs":
        if len(raw) != _SAPLING:
            raise AddressError("wrong_length", _("The address does not have the length of its form."))
        return
    if len(raw) < _UNIFIED_LEAST:
        raise AddressError("wrong_length", _("The address does not have the length of its form."))
    padding = prefix.encode().ljust(_PADDING, b"\0")
    if not unjumble(raw).endswith(padding):
        raise AddressError(
            "wrong_checksum", _("The address does not end in its prefix: a character is wrong.")
        )


def unjumble(message: bytes) -> bytes:
    """The inverse of F4Jumble (ZIP 316): four rounds of a Feistel network over BLAKE2b."""
    left = min(_LEFT, len(message) // 2)
    first, second = message[:left], message[left:]
    first = _xor(first, _h(1, second, left))
    second = _xor(second, _g(1, first, len(second)))
    first = _xor(first, _h(0, second, left))
    second = _xor(second, _g(0, first, len(second)))
    return first + second


def _h(turn: int, data: bytes, size: int) -> bytes:
    return blake2b(data, digest_size=size, person=b"UA_F4Jumble_H" + bytes([turn, 0, 0])).digest()


def _g(turn: int, data: bytes, size: int) -> bytes:
    return b"".join(
        blake2b(data, person=b"UA_F4Jumble_G" + bytes([turn]) + part.to_bytes(2, "little")).digest()
        for part in range(-(-size // 64))
    )[:size]


def _xor(one: bytes, other: bytes) -> bytes:
    return bytes(a ^ b for a, b in zip(one, other, strict=True))
