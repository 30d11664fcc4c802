"""Solana's accounts: what a node shows of them, the layouts of the token programs, and derived addresses.

Sources: spl-token `state.rs`, spl-token-2022 `extension`, spl-associated-token-account, and
`Pubkey::find_program_address` of the Solana SDK.
"""

import base64
import binascii
import functools
import hashlib
import re
from dataclasses import dataclass
from typing import Final

from base58_bech32 import base58
from base58_bech32.exceptions import Base58Bech32ValueError

from wallets.chains.base import BadAnswer
from wallets.chains.checks import fields, items, text, whole
from wallets.chains.http import JSON

PROGRAM: Final = "TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA"
PROGRAM_2022: Final = "TokenzQdBNbLqP5VEhdkAS6EPFLC1PHnBqCXEpPxuEb"
ASSOCIATED: Final = "ATokenGPvbdGVxr1b2hvZbsiqW5xWH25efTNsLJA8knL"
SYSTEM: Final = "11111111111111111111111111111111"

# Token programs: a mint has 82 bytes, an account 165. With extensions (Token-2022) both are longer than 165, and the
# byte after that says which of the two it is.
_MINT_SIZE: Final = 82
_ACCOUNT_SIZE: Final = 165
_KIND_MINT, _KIND_ACCOUNT = 1, 2
ENOUGH: Final = _ACCOUNT_SIZE + 1
_INITIALIZED, _FROZEN = 1, 2
_U64: Final = 2**64 - 1
_SIGNATURE: Final = 64
_KEY: Final = 32
_BASE58: Final = re.compile(r"[1-9A-HJ-NP-Za-km-z]{32,88}", re.ASCII)
_BASE64: Final = re.compile(r"[A-Za-z0-9+/]*={0,2}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Account:
    """An account as the node shows it: `data` are its first bytes, `space` is how many it has."""

    lamports: int
    program: str
    data: bytes
    space: int


@dataclass(frozen=True, slots=True)
class Held:
    amount: int
    frozen: bool


def token_account(account: Account | None, owner: str, mint: str, program: str) -> Held | None:
    """What an associated token account holds; None where there is none.

    Anybody can send lamports to the address before the account is made; it then belongs to the system program and is
    empty. spl-token state.rs, Account: mint 32, owner 32, amount 8, delegate 36, state 1 at 108, and more.
    """
    if account is None or (account.program == SYSTEM and account.space == 0):
        return None
    if account.program != program:
        raise BadAnswer("the associated account belongs to another program")
    extended = program == PROGRAM_2022 and account.space > _ACCOUNT_SIZE
    if extended and account.data[_ACCOUNT_SIZE:ENOUGH] != bytes((_KIND_ACCOUNT,)):
        raise BadAnswer("the associated account is no token account")
    if not extended and account.space != _ACCOUNT_SIZE:
        raise BadAnswer("the associated account is no token account")
    data = account.data
    if data[:32] != _key(mint) or data[108] not in (_INITIALIZED, _FROZEN):
        raise BadAnswer("the associated account is not one of this token")
    if data[32:64] != _key(owner):
        # The owner may have given the whole account away: what lies there is somebody else's.
        raise BadAnswer("the associated account has another owner")
    return Held(int.from_bytes(data[64:72], "little"), data[108] == _FROZEN)


def account_from(value: JSON) -> Account:
    """An account from base64. Raises `BadAnswer`."""
    account = fields(value, "an account")
    encoded, encoding = items(account.get("data"), "data", 2)
    if encoding != "base64":
        raise BadAnswer("the account's data is not in base64")
    try:
        data = base64.b64decode(text(encoded, "data", _BASE64), validate=True)
    except binascii.Error as error:
        raise BadAnswer("the account's data is not in base64") from error
    space = whole(account.get("space"), "space")
    if len(data) != min(space, ENOUGH):
        raise BadAnswer("the account's data does not have the length that was asked for")
    program = text(account.get("owner"), "owner", _BASE58)
    lamports = whole(account.get("lamports"), "lamports", _U64)
    if lamports == 0:
        raise BadAnswer("an account without lamports does not exist")
    return Account(lamports, program, data, space)


def program_of(mint: Account | None) -> str | None:
    """The token program that a mint belongs to; None where no mint stands there."""
    if mint is None or mint.program not in (PROGRAM, PROGRAM_2022):
        return None
    extended = mint.program == PROGRAM_2022 and mint.space > _ACCOUNT_SIZE
    if extended and mint.data[_ACCOUNT_SIZE : _ACCOUNT_SIZE + 1] != bytes((_KIND_MINT,)):
        return None
    if not extended and mint.space != _MINT_SIZE:
        return None
    # spl-token state.rs, Mint: authority 36, supply 8, decimals 1, is_initialized 1, freeze authority 36.
    return mint.program if mint.data[45] == 1 else None


# ── Addresses ─────────────────────────────────────────────────────────────────────────────────────────────

_PRIME: Final = 2**255 - 19
_D: Final = -121665 * pow(121666, -1, _PRIME) % _PRIME


def _is_base58(value: str, size: int) -> bool:
    return bool(_BASE58.fullmatch(value)) and len(_decoded(value)) == size


def is_key(value: str) -> bool:
    """Whether the text is an address or a block hash: 32 bytes."""
    return _is_base58(value, _KEY)


def is_signature(value: str) -> bool:
    """Whether the text is a transaction's name: 64 bytes."""
    return _is_base58(value, _SIGNATURE)


@functools.lru_cache(maxsize=16_384)
def _decoded(value: str) -> bytes:
    try:
        return base58.b58decode(value, max_length=88)
    except Base58Bech32ValueError:
        return b""


def _key(address: str) -> bytes:
    return _decoded(address)


def _is_point(encoded: bytes) -> bool:
    """Whether 32 bytes are a point of the curve (RFC 8032, 5.1.3), so that somebody may have its private key.

    x² = (y² − 1) / (d y² + 1) has a root if and only if the product of the two is a square.
    """
    y = int.from_bytes(encoded, "little") & (2**255 - 1)
    product = (y * y - 1) * (_D * y * y + 1) % _PRIME
    return product == 0 or pow(product, (_PRIME - 1) // 2, _PRIME) == 1


@functools.lru_cache(maxsize=16_384)
def associated_account(owner: str, mint: str, program: str) -> str:
    """The address of the token account that belongs to an owner and a mint.

    The hash of owner, program, mint and the largest number that makes it no point of the curve.
    """
    seeds = _key(owner) + _key(program) + _key(mint)
    end = _key(ASSOCIATED) + b"ProgramDerivedAddress"
    for bump in range(255, -1, -1):
        address = hashlib.sha256(seeds + bytes((bump,)) + end).digest()
        if not _is_point(address):
            return base58.b58encode(address).decode()
    raise ValueError("no address can be derived")
