"""Addresses in Base58Check: Bitcoin and what descends from it, Tron, and Zcash's oldest shielded form.

A payload is a version (one byte, for Zcash two) and a hash; which chains write which version stands in the tables
here. Sources: `chainparams.cpp` of Bitcoin Core, Litecoin Core, Dogecoin Core, Dash Core, Bitcoin Cash Node and zcashd
(`base58Prefixes`); for Tron "Accounts, address format" of its developers' documentation; WIF and extended keys: BIP-32,
BIP-38, BIP-49, BIP-84.
"""

from typing import Final

from base58_bech32 import base58
from base58_bech32.exceptions import Base58Bech32ValueError
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from wallets.addresses import cashaddr
from wallets.addresses.base import PRIVATE_KEY, WRONG_CHECKSUM, AddressError, Reading, refuse_strange

ALPHABET: Final = frozenset(base58.BITCOIN_ALPHABET.decode())
_HASH: Final = 20

# Version → the chains kept here that write it.
KEY_HASH: Final = {
    "bitcoin": b"\x00",
    "bitcoincash": b"\x00",
    "litecoin": b"\x30",
    "dogecoin": b"\x1e",
    "dash": b"\x4c",
    "zcash": b"\x1c\xb8",
    "tron": b"\x41",
}
SCRIPT_HASH: Final = {
    "bitcoin": b"\x05",
    "bitcoincash": b"\x05",
    "litecoin": b"\x32",
    "dogecoin": b"\x16",
    "dash": b"\x10",
    "zcash": b"\x1c\xbd",
}
# Until 2017 Litecoin wrote script hashes with Bitcoin's version; Litecoin Core still reads them and answers with M….
LITECOIN_OLD_SCRIPT_HASH: Final = b"\x05"
SPROUT: Final = b"\x16\x9a"
_SPROUT_KEYS: Final = 64

# Test networks: several chains share a version.
TEST: Final = {
    b"\x6f": "Bitcoin, Bitcoin Cash, Litecoin",
    b"\xc4": "Bitcoin, Bitcoin Cash, Litecoin, Dogecoin",
    b"\x71": "Dogecoin",
    b"\x8c": "Dash",
    b"\x13": "Dash",
    b"\x1d\x25": "Zcash",
    b"\x1c\xba": "Zcash",
    b"\x16\xb6": "Zcash",
    b"\xa0": "Tron",
}
# Chains that are not kept here, by a version that none of the above has. 0x3a is the test network of Litecoin too.
FOREIGN: Final = {
    b"\x26": "Bitcoin Gold",
    b"\x17": "Bitcoin Gold, Neo",
    b"\x21": "Verge",
    b"\x37": "Peercoin",
    b"\x34": "Namecoin",
    b"\x3a": "Qtum",
    b"\x3c": "Komodo, Ravencoin",
    b"\x3f": "DigiByte",
    b"\x47": "Vertcoin, Viacoin",
    b"\x52": "Firo",
    b"\x20\x89": "Horizen",
    b"\x20\x96": "Horizen",
    b"\x06\xa1\x9f": "Tezos",
    b"\x06\xa1\xa1": "Tezos",
    b"\x06\xa1\xa4": "Tezos",
    b"\x02\x5a\x79": "Tezos",
}
# Chains that are not kept here and write the very same addresses as one that is.
ALSO: Final = {
    b"\x00": ("Bitcoin SV", "eCash"),
    b"\x05": ("Bitcoin SV", "eCash"),
    b"\x1e": ("Verge", "DigiByte", "PIVX"),
    b"\x16": ("DigiByte",),
    b"\x32": ("Qtum", "MonaCoin"),
    b"\x4c": (),
}
_EXTENDED: Final = 78
_BIP38: Final = (b"\x01\x42", b"\x01\x43")


def payload_of(text: str) -> bytes:
    """What the checksum covers. Raises AddressError for a foreign letter, a length out of question, a checksum."""
    refuse_strange(text, ALPHABET)
    if len(text) > base58.MAX_LENGTH:
        raise AddressError("wrong_length", _("This text is too long for an address of this form."))
    try:
        payload: bytes = base58.b58decode_check(text)
    except Base58Bech32ValueError as error:
        size = len(base58.b58decode(text, max_length=base58.MAX_LENGTH))
        if not 25 <= size <= 26:
            raise AddressError(
                "wrong_length",
                _("The text is cut off or too long: an address of this form has 26 to 35 characters."),
            ) from error
        raise AddressError("wrong_checksum", WRONG_CHECKSUM) from error
    return payload


def split(payload: bytes) -> tuple[bytes, bytes]:
    """Version and hash, where the payload is as long as an address's: one or two bytes before 20."""
    return payload[:-_HASH], payload[-_HASH:]


def refuse_key(payload: bytes) -> None:
    """Raises AddressError for what is a key: WIF, an extended key, a key under a passphrase."""
    # WIF of every chain: the version is 128 plus something, then 32 bytes, then 1 where the public key is compressed.
    if payload and payload[0] >= 0x80 and (len(payload) == 33 or (len(payload) == 34 and payload[33] == 1)):
        raise AddressError("secret", PRIVATE_KEY)
    if len(payload) == 39 and payload[:2] in _BIP38:
        raise AddressError(
            "secret", _("This is a private key under a passphrase (BIP-38), not an address. Do not enter it.")
        )
    if len(payload) == _EXTENDED:
        if payload[45] == 0:
            raise AddressError("secret", PRIVATE_KEY)
        raise AddressError(
            "public_key",
            _(
                "This is an extended public key: it stands for many addresses. Enter the addresses themselves."
            ),
        )


def read(chain: str, text: str) -> Reading:
    """The address of one of the chains above. Raises AddressError."""
    payload = payload_of(text)
    refuse_key(payload)
    if chain == "zcashshielded":
        if payload[:2] == SPROUT and len(payload) == 2 + _SPROUT_KEYS:
            return Reading(text)
        raise AddressError("wrong_network", _("This is not a shielded address of Zcash."))
    version, digest = split(payload)
    is_key, is_script = version == KEY_HASH[chain], version == SCRIPT_HASH.get(chain)
    if chain == "litecoin" and version == LITECOIN_OLD_SCRIPT_HASH:
        return Reading(base58.b58encode_check(SCRIPT_HASH[chain] + digest).decode())
    if chain == "bitcoincash" and (is_key or is_script):
        return Reading(cashaddr.encode(cashaddr.P2PKH if is_key else cashaddr.P2SH, digest))
    if is_key or is_script:
        return Reading(text)
    if len(payload) not in (1 + _HASH, 2 + _HASH):
        raise AddressError(
            "wrong_length", _("The checksum fits, but the text does not have the length of an address.")
        )
    raise AddressError("wrong_network", _("This address belongs to another chain."))


def refuse_known(payload: bytes) -> None:
    """Raises AddressError for an address of a test network. Returns for everything else."""
    for size in (1, 2):
        version, rest = payload[:size], payload[size:]
        if version in TEST and len(rest) in (_HASH, _SPROUT_KEYS):
            raise AddressError(
                "wrong_network",
                format_lazy(_("This address belongs to a test network ({chains})."), chains=TEST[version]),
            )


def foreign(payload: bytes) -> str:
    """The chains, not kept here, whose address this is; empty where the version is unknown or the length is off."""
    version, _digest = split(payload)
    return FOREIGN.get(version, "")
