"""What is recognised though no chain kept here writes it: other chains' addresses, keys, hashes, invoices.

It is told from "some text" because the person who pasted it should learn what it is, above all where it is a secret.
Sources: SLIP-0173 for bech32 prefixes; BOLT 11; NIP-19; SEP-23 for Stellar; TEP-2 for TON; `spec/cashaddr.md` for
prefixes of CashAddr.
"""

import binascii
import re
from base64 import b32decode, urlsafe_b64decode
from dataclasses import dataclass
from typing import Final, Literal

from django.utils.functional import Promise
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from wallets.addresses import base58check, cashaddr, segwit, zcash
from wallets.addresses.base import PRIVATE_KEY, AddressError
from wallets.addresses.evm import HEX

Verdict = Literal["unsupported", "invalid", "not_an_address"]

# Prefix of bech32 → chain that is not kept here.
_BECH32: Final = {
    "addr": "Cardano",
    "stake": "Cardano",
    "cosmos": "Cosmos Hub",
    "osmo": "Osmosis",
    "inj": "Injective",
    "kava": "Kava",
    "celestia": "Celestia",
    "dydx": "dYdX",
    "sei": "Sei",
    "thor": "THORChain",
    "terra": "Terra",
    "bnb": "BNB Beacon Chain",
    "erd": "MultiversX",
    "zil": "Zilliqa",
    "one": "Harmony",
    "btg": "Bitcoin Gold",
    "vtc": "Vertcoin",
    "grs": "Groestlcoin",
    "dgb": "DigiByte",
    "via": "Viacoin",
    "fc": "Feathercoin",
    "ltcmweb": "Litecoin MWEB",
}
_BECH32_SECRETS: Final = frozenset({"nsec", "ncryptsec", "age-secret-key-"})
_BECH32_OTHERS: Final = frozenset({"npub", "nprofile", "nevent", "naddr", "note", "lnurl", "age"})
_LIGHTNING: Final = re.compile(r"ln(bc|tb|tbs|bcrt)([0-9]+[munp]?)?", re.ASCII)
_CASHADDR: Final = {"ecash": "eCash", "simpleledger": "Bitcoin Cash SLP"}
_BASE32: Final = re.compile(r"[GSM][A-Z2-7]{55,68}", re.ASCII)
_STELLAR_ACCOUNT, _STELLAR_SEED, _STELLAR_MUXED = 6 << 3, 18 << 3, 12 << 3
_TON: Final = re.compile(r"[A-Za-z0-9_+/-]{48}", re.ASCII)
_HASH: Final = re.compile(r"(0x)?[0-9a-fA-F]{64}(:[0-9]{1,6})?", re.ASCII)
_PUBLIC_KEY: Final = re.compile(r"(0x)?(0[23][0-9a-fA-F]{64}|04[0-9a-fA-F]{128})", re.ASCII)
_XDC: Final = re.compile(r"xdc[0-9a-fA-F]{40}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Known:
    """What the text was recognised as, and the sentence that says so."""

    verdict: Verdict
    error: AddressError


def look(text: str) -> Known | None:
    """What the text is, where it is something known that no chain kept here writes. Touches no chain's own rules."""
    return (
        _hex(text) or _base58check(text) or _bech32(text) or _cashaddr(text) or _stellar(text) or _ton(text)
    )


def _not_an_address(code: Literal["secret", "transaction", "public_key"], message: str | Promise) -> Known:
    return Known("not_an_address", AddressError(code, message))


def _unsupported(chains: str) -> Known:
    return Known(
        "unsupported",
        AddressError(
            "wrong_network",
            format_lazy(_("This is an address of {chains}, a chain that is not kept here."), chains=chains),
        ),
    )


_UNKNOWN_CHAIN: Final = _("The checksum fits, but the address belongs to a chain that is not kept here.")


def _hex(text: str) -> Known | None:
    if _HASH.fullmatch(text):
        return _not_an_address(
            "transaction",
            _(
                "64 hex digits are a transaction's hash, a key or another hash, not an address of a chain kept here."
            ),
        )
    if _PUBLIC_KEY.fullmatch(text):
        return _not_an_address("public_key", _("This is a public key, not an address."))
    if _XDC.fullmatch(text):
        return _unsupported("XDC Network")
    return None


def _base58check(text: str) -> Known | None:
    try:
        payload = base58check.payload_of(text)
    except AddressError:
        return None
    try:
        base58check.refuse_key(payload)
    except AddressError as error:
        return Known("not_an_address", error)
    try:
        base58check.refuse_known(payload)
    except AddressError as error:
        return Known("invalid", error)
    chains = base58check.foreign(payload)
    if chains:
        return _unsupported(chains)
    if len(payload) in (21, 22):
        return Known("unsupported", AddressError("wrong_network", _UNKNOWN_CHAIN))
    return Known(
        "not_an_address",
        AddressError(
            "wrong_length", _("The checksum fits, but the text does not have the length of an address.")
        ),
    )


def _bech32(text: str) -> Known | None:
    try:
        prefix, _values, _is_m = segwit.unpack(text)
    except AddressError:
        return None
    if zcash.is_bech32(text):
        return None
    if prefix in _BECH32_SECRETS:
        return _not_an_address("secret", PRIVATE_KEY)
    if _LIGHTNING.fullmatch(prefix):
        return _not_an_address("transaction", _("This is a Lightning invoice, not an address."))
    if prefix in _BECH32_OTHERS:
        return _not_an_address("public_key", _("This is a name of a person or a note, not an address."))
    if prefix in _BECH32:
        return _unsupported(_BECH32[prefix])
    if prefix in segwit.TEST or prefix in segwit.PREFIXES.values():
        return None
    return Known("unsupported", AddressError("wrong_network", _UNKNOWN_CHAIN))


def _cashaddr(text: str) -> Known | None:
    prefix = text.lower().rpartition(":")[0]
    if prefix not in _CASHADDR:
        return None
    try:
        cashaddr.decode(text, prefix=prefix)
    except AddressError as error:
        return Known("invalid", error)
    return _unsupported(_CASHADDR[prefix])


def _stellar(text: str) -> Known | None:
    if not _BASE32.fullmatch(text):
        return None
    raw = b32decode(text + "=" * (-len(text) % 8))
    # CRC16-XModem, little-endian (SEP-23).
    if binascii.crc_hqx(raw[:-2], 0) != int.from_bytes(raw[-2:], "little"):
        return None
    if raw[0] == _STELLAR_SEED:
        return _not_an_address("secret", PRIVATE_KEY)
    return _unsupported("Stellar") if raw[0] in (_STELLAR_ACCOUNT, _STELLAR_MUXED) else None


def _ton(text: str) -> Known | None:
    if not _TON.fullmatch(text) or HEX.fullmatch(text):
        return None
    raw = urlsafe_b64decode(text.replace("+", "-").replace("/", "_"))
    # CRC16-XModem, big-endian (TEP-2); the first byte says whether it bounces, its top bit marks a test network.
    if binascii.crc_hqx(raw[:-2], 0) != int.from_bytes(raw[-2:], "big") or raw[0] & 0x7F not in (0x11, 0x51):
        return None
    return _unsupported("TON")
