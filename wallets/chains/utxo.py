"""What Bitcoin and its relatives share: scripts behind addresses, block headers, and the bounds of an amount.

Sources: Bitcoin Core (`key_io.cpp`, `script/standard.cpp`, `primitives/block.h`, `validation.cpp`), BIP-141, BIP-173,
BIP-350; Bitcoin Cash's CashAddr specification; `chainparams.cpp` of Litecoin, Dogecoin, Dash and Zcash.
"""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, Literal

from base58_bech32 import base58, bech32
from base58_bech32.exceptions import Base58Bech32ValueError

from wallets.addresses import AddressError, cashaddr
from wallets.chains.base import (
    WORD,
    Answers,
    BadAnswer,
    Block,
    Exchange,
    Failure,
    FutureBlock,
    Pinned,
)
from wallets.chains.http import JSON

COIN: Final = 10**8
# A block's time may run ahead of the clock by two hours (Bitcoin Core, MAX_FUTURE_BLOCK_TIME).
AHEAD: Final = timedelta(hours=2)
# How often a look is done again because a block arrived in the middle.
TRIES: Final = 3
HASH: Final = re.compile(r"[0-9a-f]{64}", re.ASCII)

HeaderForm = Literal["plain", "auxpow", "equihash", "x11"]


@dataclass(frozen=True, slots=True)
class Rules:
    """How one chain of the family writes addresses and blocks.

    `p2pkh` and `p2sh` are version bytes of Base58Check; `hrp` is the prefix of segwit addresses, "" where the
    chain has none; `cashaddr`: whether it has Bitcoin Cash's own form. `max_money` bounds an amount, in base
    units. `header`: "plain" (80 bytes, hash = SHA-256 twice), "auxpow" (more may follow the 80 bytes and does
    not enter the hash), "equihash" (1,487 bytes, all hashed), "x11" (80 bytes, hashed by X11, which is not
    computed here). `milestone` is a block (height, hash) that stands on this chain and on none that shares its
    first block; None where no such other chain is told apart.
    """

    p2pkh: tuple[bytes, ...]
    p2sh: tuple[bytes, ...]
    max_money: int
    hrp: str = ""
    cashaddr: bool = False
    header: HeaderForm = "plain"
    milestone: tuple[int, str] | None = None


# Largest amounts: MAX_MONEY of each node (amount.h or consensus/amount.h). Dogecoin issues coins for ever and
# bounds single transactions only, so the bound is that of its 64-bit signed amounts.
RULES: Final[dict[str, Rules]] = {
    # Block 840,000 is one of Bitcoin Core's AssumeUTXO anchors (chainparams.cpp); it tells Bitcoin from all that
    # share its block 0: Bitcoin Cash, eCash, Bitcoin SV (apart since 478,559) and Bitcoin Gold (491,407).
    "bitcoin": Rules(
        p2pkh=(b"\x00",),
        p2sh=(b"\x05",),
        hrp="bc",
        max_money=21_000_000 * COIN,
        milestone=(840_000, "0000000000000000000320283a032748cef8227873ff4872689bf23f1cda83a5"),
    ),
    # Litecoin Cash shares Litecoin's blocks up to 1,371,111 and is not told apart: no later block of Litecoin
    # is named in any node's source that was at hand.
    "litecoin": Rules(p2pkh=(b"\x30",), p2sh=(b"\x32", b"\x05"), hrp="ltc", max_money=84_000_000 * COIN),
    "dogecoin": Rules(p2pkh=(b"\x1e",), p2sh=(b"\x16",), max_money=2**63 - 1, header="auxpow"),
    # Block 478,559 tells Bitcoin Cash from Bitcoin, but Bitcoin SV and eCash have it too. The last of them left
    # at 661,648 (15 November 2020), whose block is a checkpoint of Bitcoin Cash Node (chainparams.cpp).
    "bitcoincash": Rules(
        p2pkh=(b"\x00",),
        p2sh=(b"\x05",),
        cashaddr=True,
        max_money=21_000_000 * COIN,
        milestone=(661_648, "0000000000000000029e471c41818d24b8b74c911071c4ef0b4a0509f9b5a8ce"),
    ),
    "dash": Rules(p2pkh=(b"\x4c",), p2sh=(b"\x10",), max_money=21_000_000 * COIN, header="x11"),
    # The first block of the Canopy upgrade (zcashd, chainparams.cpp); Ycash shares the blocks up to 570,000.
    "zcash": Rules(
        p2pkh=(b"\x1c\xb8",),
        p2sh=(b"\x1c\xbd",),
        max_money=21_000_000 * COIN,
        header="equihash",
        milestone=(1_046_400, "00000000002038016f976744c369dce7419fca30e7171dfac703af5e5f7ad1d4"),
    ),
}


class NoScript(ValueError):
    """The address has no script that could be looked up."""


def script_of(rules: Rules, address: str) -> bytes:
    """The scriptPubKey that `address` stands for. Raises `NoScript`."""
    if rules.cashaddr and address.startswith(f"{cashaddr.PREFIX}:"):
        return _cash_script(address)
    if rules.hrp and address.lower().startswith(f"{rules.hrp}1"):
        return _witness_script(rules.hrp, address)
    try:
        decoded = base58.b58decode_check(address)
    except Base58Bech32ValueError as error:
        raise NoScript("no address of this chain") from error
    version, digest = decoded[:-20], decoded[-20:]
    if version in rules.p2pkh:
        return _pay_to_key(digest)
    if version in rules.p2sh:
        return _pay_to_script(digest)
    raise NoScript("no address of this chain")


def script_hash(script: bytes) -> str:
    """The name of a script in the Electrum protocol: its SHA-256, bytes reversed, in hex."""
    return hashlib.sha256(script).digest()[::-1].hex()


def _pay_to_key(digest: bytes) -> bytes:
    # OP_DUP OP_HASH160 <20 bytes> OP_EQUALVERIFY OP_CHECKSIG
    return b"\x76\xa9\x14" + digest + b"\x88\xac"


def _pay_to_script(digest: bytes) -> bytes:
    # OP_HASH160 <20 bytes> OP_EQUAL
    return b"\xa9\x14" + digest + b"\x87"


def _witness_script(hrp: str, address: str) -> bytes:
    """OP_0 or OP_1 to OP_16, and the witness program (BIP-141); checksums by BIP-350."""
    try:
        prefix, data, constant = bech32.bech32_decode(address, limit=90)
        program = bytes(bech32.convertbits(data[1:], 5, 8, pad=False))
    except Base58Bech32ValueError as error:
        raise NoScript("no segwit address") from error
    version = data[0] if data else 17
    expected = bech32.BECH32_M_CONST if version else bech32.BECH32_1_CONST
    sizes = range(2, 41) if version else (20, 32)
    if prefix != hrp or version > 16 or constant != expected or len(program) not in sizes:
        raise NoScript("no segwit address of this chain")
    return bytes((0x50 + version if version else 0, len(program))) + program


def _cash_script(address: str) -> bytes:
    try:
        kind, digest = cashaddr.decode(address)
    except AddressError as error:
        raise NoScript("no address of this chain") from error
    if kind in (cashaddr.P2PKH, cashaddr.TOKEN_P2PKH) and len(digest) == 20:
        return _pay_to_key(digest)
    if kind in (cashaddr.P2SH, cashaddr.TOKEN_P2SH) and len(digest) == 20:
        return _pay_to_script(digest)
    if kind in (cashaddr.P2SH, cashaddr.TOKEN_P2SH) and len(digest) == 32:
        # OP_HASH256 <32 bytes> OP_EQUAL (CHIP-2022-05 Pay-to-Script-Hash-32)
        return b"\xaa\x20" + digest + b"\x87"
    raise NoScript("an address of a type that has no script")


@dataclass(frozen=True, slots=True)
class Header:
    """The fields of a block header that a look needs. Hashes are in the usual spelling, bytes reversed.

    `raw` is the part that the block's hash is made from.
    """

    raw: bytes
    previous: str
    merkle_root: str
    time: datetime


_EQUIHASH_HEADER: Final = 140 + 3 + 1344


def parse_header(rules: Rules, text: JSON) -> Header:
    """A block header from hex. Raises `BadAnswer`."""
    if not isinstance(text, str):
        raise BadAnswer("a block header was expected")
    try:
        raw = bytes.fromhex(text)
    except ValueError as error:
        raise BadAnswer("the block header is not hex") from error
    size = len(raw)
    if rules.header == "equihash":
        # Zcash protocol specification, 7.6: 140 bytes, the length of the solution (1,344), the solution.
        right = size == _EQUIHASH_HEADER and raw[140:143] == b"\xfd\x40\x05"
    else:
        right = size == 80 or (size > 80 and rules.header == "auxpow")
    if not right:
        raise BadAnswer(f"the block header has {size} bytes")
    at = 100 if rules.header == "equihash" else 68
    return Header(
        # What follows the 80 bytes of a merge-mined block is not part of its identity.
        raw[:80] if rules.header == "auxpow" else raw,
        raw[4:36][::-1].hex(),
        raw[36:68][::-1].hex(),
        block_time(int.from_bytes(raw[at : at + 4], "little")),
    )


def header_hash(rules: Rules, header: Header) -> str:
    """The block's hash. Raises `ValueError` where it is not computed here (X11)."""
    if rules.header == "x11":
        raise ValueError("X11 is not computed here")
    return double_sha256(header.raw)[::-1].hex()


def double_sha256(data: bytes) -> bytes:
    return hashlib.sha256(hashlib.sha256(data).digest()).digest()


def merkle_root(txid: str, branch: JSON, position: int) -> str:
    """The root that a transaction and its branch lead to. All in the usual spelling. Raises `BadAnswer`."""
    if not isinstance(branch, list) or len(branch) > 32:
        raise BadAnswer("the merkle branch is not valid")
    node = bytes.fromhex(txid)[::-1]
    for sibling in branch:
        other = bytes.fromhex(hash_text(sibling))[::-1]
        node = double_sha256(other + node if position & 1 else node + other)
        position >>= 1
    if position:
        raise BadAnswer("the transaction's place in the block is not valid")
    return node[::-1].hex()


def hash_text(value: JSON) -> str:
    """A hash of 32 bytes in small hex. Raises `BadAnswer`."""
    if not isinstance(value, str) or not HASH.fullmatch(value):
        raise BadAnswer("a hash was expected")
    return value


def whole(value: JSON, what: str) -> int:
    """A whole number of 0 or more. Raises `BadAnswer`."""
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise BadAnswer(f"{what} is not a whole number")
    return value


def block_height(value: JSON) -> int:
    """Raises `BadAnswer`; also beyond the 31 bits that nodes count blocks with (Bitcoin Core, CBlockIndex)."""
    height = whole(value, "block height")
    if height >= 2**31:
        raise BadAnswer("no chain has so many blocks")
    return height


def amount(rules: Rules, value: int) -> int:
    """`value`, where that many coins can be. Raises `BadAnswer`."""
    if not 0 <= value <= rules.max_money:
        raise BadAnswer("the balance is negative or more than all coins")
    return value


def block_time(seconds: int) -> datetime:
    """Raises `BadAnswer`."""
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (OverflowError, ValueError, OSError) as error:
        raise BadAnswer("block time is out of range") from error


def pinned_at(height: int, block_hash: str, time: datetime) -> Pinned:
    """The newest block, as a bracket. Raises `FutureBlock`."""
    if time > datetime.now(UTC) + AHEAD:
        raise FutureBlock("the newest block is more than two hours ahead of the clock")
    return Pinned(Block(height, block_hash, time), "bracket", "latest")


def as_answers(
    pinned: Pinned,
    found: Sequence[int | Failure],
    contracts: Sequence[str],
    exchanges: Sequence[Exchange],
) -> Answers:
    """`found` holds an amount or a failure for each address; tokens do not exist on these chains."""
    none = (0).to_bytes(WORD, "big")
    no_token = Failure("no_contract", "there are no tokens on this chain", "unsupported")
    words = bytearray()
    failures: dict[int, Failure] = {}
    for address, result in enumerate(found):
        for asset, contract in enumerate(contracts):
            if not contract and isinstance(result, int):
                words += result.to_bytes(WORD, "big")
                continue
            words += none
            failure = no_token if contract else result
            if isinstance(failure, Failure):
                failures[address * len(contracts) + asset] = failure
    return Answers(pinned, bytes(words), failures, tuple(exchanges))
