"""Which chains a text can be an address of, and why it is one of a named chain or none."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Final, Literal

from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from wallets.addresses import base58check, bitcoincash, evm, foreign, monero, segwit, solana, tron, xrp, zcash
from wallets.addresses.base import LONGEST, Address, AddressError, Reading, Text, visible
from wallets.addresses.evm import EVM_CHAINS, HEX

Verdict = Literal["address", "unsupported", "invalid", "not_an_address"]

# Chains by name, the likeliest first where a text fits several. The names are the chains' own and the same in every
# language.
NAMES: Final = {
    "bitcoin": "Bitcoin",
    "bitcoincash": "Bitcoin Cash",
    "litecoin": "Litecoin",
    "dogecoin": "Dogecoin",
    "dash": "Dash",
    "zcash": "Zcash (transparent)",
    "zcashshielded": "Zcash (shielded)",
    "monero": "Monero",
    "ethereum": "Ethereum",
    "bsc": "BNB Smart Chain",
    "polygon": "Polygon PoS",
    "arbitrum": "Arbitrum One",
    "optimism": "OP Mainnet",
    "base": "Base",
    "avalanche": "Avalanche C-Chain",
    "localdev": "Local development chain",
    "tron": "Tron",
    "solana": "Solana",
    "xrp": "XRP Ledger",
}
_EVM_WORDS: Final = _("Ethereum or another chain of its kind")
# `scheme:address` as payment links write it (BIP-21 and its kin). Bitcoin Cash's prefix is part of the address.
_SCHEMES: Final = frozenset(
    {"bitcoin", "ethereum", "litecoin", "dogecoin", "dash", "zcash", "monero", "tron", "solana", "xrp", "ripple",
     "xrpl"}
)  # fmt: skip
# The checks on words keep a list of names or a sentence with twelve words from being called a seed too readily.
_SEED_LENGTHS: Final = frozenset({12, 15, 18, 21, 24, 25})
_SEED_WORD: Final = re.compile(r"[a-z]{3,8}", re.ASCII)


def _segwit_or_base58(chain: str, text: str) -> Reading:
    known = {*segwit.PREFIXES.values(), *segwit.TEST}
    return segwit.read(chain, text) if segwit.prefix_of(text) in known else base58check.read(chain, text)


READERS: Final[dict[str, Callable[[str], Reading]]] = {
    "bitcoin": partial(_segwit_or_base58, "bitcoin"),
    "bitcoincash": bitcoincash.read,
    "litecoin": partial(_segwit_or_base58, "litecoin"),
    "dogecoin": partial(base58check.read, "dogecoin"),
    "dash": partial(base58check.read, "dash"),
    "zcash": partial(zcash.read, "zcash"),
    "zcashshielded": partial(zcash.read, "zcashshielded"),
    "monero": monero.read,
    **{chain: evm.read for chain in NAMES if chain in EVM_CHAINS},
    "tron": tron.read,
    "solana": solana.read,
    "xrp": xrp.read,
}


@dataclass(frozen=True, slots=True)
class Detection:
    """What a text can be.

    "address": `candidates` holds one entry a chain, the likeliest chain first, and `also` names chains that write the
    same addresses but are not kept here. Else `error` says why there is none: "unsupported" (an address of a chain that
    is not kept here), "invalid" (it means to be an address and is wrong), "not_an_address" (a key, a hash, any text).
    """

    typed: str
    verdict: Verdict
    candidates: tuple[Address, ...] = ()
    also: tuple[str, ...] = ()
    error: AddressError | None = None

    @property
    def chains(self) -> tuple[str, ...]:
        return tuple(candidate.chain for candidate in self.candidates)


def parse(chain: str, text: str) -> Address:
    """The address that `text` spells on `chain` (a slug). Blanks around it are ignored.

    Raises `AddressError`, whose `reason_code` names what is wrong.
    """
    if chain not in READERS:
        raise AddressError("unknown_chain", _("This chain is not known here."))
    stripped = visible(text)
    _refuse_scheme(stripped)
    try:
        reading = READERS[chain](stripped)
    except AddressError as error:
        raise _better(chain, stripped, error) from error
    return Address(chain, reading.canonical, text, reading.checksum, reading.tag)


def detect(text: str) -> Detection:
    """Every chain on which the text alone is an address. Raises nothing, whatever the text is."""
    try:
        stripped = visible(text)
    except AddressError as error:
        return _hidden(text, error)
    try:
        _refuse_scheme(stripped)
    except AddressError as error:
        return Detection(text, "invalid", error=error)
    readings = _readings(stripped)
    if readings:
        candidates = tuple(
            Address(chain, reading.canonical, text, reading.checksum, reading.tag)
            for chain, reading in readings.items()
        )
        return Detection(text, "address", candidates, _also(stripped))
    known = foreign.look(stripped)
    if known is not None:
        return Detection(text, known.verdict, error=known.error)
    likely = _likely(stripped)
    if likely:
        reason = _reason(likely[0], stripped)
        none = reason.reason_code in {"secret", "transaction", "public_key"}
        return Detection(text, "not_an_address" if none else "invalid", error=reason)
    return Detection(text, "not_an_address", error=_reason_of_none(stripped))


def _readings(text: str) -> dict[str, Reading]:
    """Chain → what its rules make of the text, for the chains that take it. The EVM chains' one rule is asked once."""
    found: dict[str, Reading] = {}
    asked: dict[Callable[[str], Reading], Reading | None] = {}
    for chain, read in READERS.items():
        if read not in asked:
            try:
                asked[read] = read(text)
            except AddressError:
                asked[read] = None
        reading = asked[read]
        if reading is not None:
            found[chain] = reading
    return found


def _also(text: str) -> tuple[str, ...]:
    try:
        version, _digest = base58check.split(base58check.payload_of(text))
    except AddressError:
        return ()
    return base58check.ALSO.get(version, ())


def _hidden(text: str, error: AddressError) -> Detection:
    """A text with a blank or a hidden letter in it: an address that was torn, a seed, or any words."""
    words = text.split()
    if len(words) in _SEED_LENGTHS and all(_SEED_WORD.fullmatch(word) for word in words):
        seed = AddressError(
            "secret",
            _(
                "This looks like the words of a wallet's seed. Do not enter them anywhere; treat them as disclosed."
            ),
        )
        return Detection(text, "not_an_address", error=seed)
    if error.reason_code == "wrong_form":
        kept = "".join(char for char in text if char.isascii() and char.isprintable() and char != " ")
        if kept and len(kept) <= LONGEST and (_readings(kept) or any(map(_likely, words[:2]))):
            return Detection(text, "invalid", error=error)
    return Detection(text, "not_an_address", error=error)


def _refuse_scheme(text: str) -> None:
    scheme, colon, _rest = text.lower().partition(":")
    if colon and scheme in _SCHEMES:
        raise AddressError(
            "wrong_form", format_lazy(_("Enter the address alone, without “{scheme}:”."), scheme=scheme)
        )


def _reason(chain: str, text: str) -> AddressError:
    try:
        READERS[chain](text)
    except AddressError as error:
        return error
    raise AssertionError("asked for the reason of a refusal that there was not")


def _reason_of_none(text: str) -> AddressError:
    for chain, telling in (("xrp", {"secret", "public_key"}), ("solana", {"transaction"})):
        reason = _reason(chain, text)
        if reason.reason_code in telling:
            return reason
    if text.lower().endswith(".eth"):
        return _reason("ethereum", text)
    return AddressError("not_an_address", _("This text is not an address of any chain known here."))


def _better(chain: str, text: str, error: AddressError) -> AddressError:
    """The reason that helps most: what the text is, rather than how it differs from what was expected."""
    if error.reason_code in {"secret", "transaction", "public_key"}:
        return error
    others = tuple(_readings(text))
    if others:
        return AddressError(
            "wrong_network",
            format_lazy(
                _("This is an address of {others}, not of {chain}."),
                others=_words(others),
                chain=NAMES[chain],
            ),
        )
    known = foreign.look(text)
    if known is not None:
        return known.error
    likely = _likely(text)
    if likely and chain not in likely:
        return AddressError(
            "wrong_network",
            format_lazy(
                _("This looks like an address of {others}, not of {chain}."),
                others=_words(likely),
                chain=NAMES[chain],
            ),
        )
    return error


def _words(chains: tuple[str, ...]) -> Text:
    names: list[Text] = [NAMES[chain] for chain in chains if chain not in EVM_CHAINS]
    if len(names) < len(chains):
        names.append(_EVM_WORDS)
    words = names[0]
    for name in names[1:]:
        words = format_lazy(_("{first} or {second}"), first=words, second=name)
    return words


# What the first letters promise, where the checksum did not hold. Lengths leave room for a few letters lost or doubled.
_BASE58_STARTS: Final[dict[str, tuple[str, ...]]] = {
    "1": ("bitcoin", "bitcoincash"),
    "3": ("bitcoin", "bitcoincash", "litecoin"),
    "L": ("litecoin",),
    "M": ("litecoin",),
    "D": ("dogecoin",),
    "9": ("dogecoin",),
    "A": ("dogecoin",),
    "X": ("dash",),
    "7": ("dash",),
    "t": ("zcash",),
    "T": ("tron",),
    "r": ("xrp",),
}
_CASHADDR: Final = re.compile(r"[qpzr][02-9ac-hj-np-z]{37,110}", re.ASCII | re.IGNORECASE)
_ALNUM: Final = re.compile(r"[0-9A-Za-z]+", re.ASCII)


def _likely(text: str) -> tuple[str, ...]:
    """The chains whose address the text means to be, by its first letters and its length; empty where none."""
    lower, count = text.lower(), len(text)
    if lower.startswith("0x") or (count == evm.DIGITS and HEX.fullmatch(text)):
        return tuple(chain for chain in NAMES if chain in EVM_CHAINS)
    prefix = segwit.prefix_of(text)
    for chain, own in segwit.PREFIXES.items():
        if prefix == own or segwit.TEST.get(prefix) == NAMES[chain]:
            return (chain,)
    if zcash.is_bech32(text):
        return ("zcash",) if prefix.startswith("tex") else ("zcashshielded",)
    if lower.startswith(bitcoincash.STARTS) or (_CASHADDR.fullmatch(text) and text in (lower, text.upper())):
        return ("bitcoincash",)
    if not _ALNUM.fullmatch(text):
        return ()
    if count >= 90:
        # Monero's test networks begin with other letters, but have the same lengths.
        fallback = ("monero",) if count in monero.LENGTHS else ()
        return {"4": ("monero",), "8": ("monero",), "z": ("zcashshielded",)}.get(text[0], fallback)
    if 40 <= count <= 50 and text[0] in "XT":
        return ("xrp",)
    if 24 <= count <= 37:
        return _BASE58_STARTS.get(text[0], ())
    return ()
