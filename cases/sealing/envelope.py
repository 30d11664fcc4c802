"""Envelope encryption: AES-256-GCM under a scope's data key, which is itself wrapped under a master key.

A sealed value is `version (1 byte, 0x01) ‖ nonce (12) ‖ ciphertext ‖ tag (16)`; its associated data is
`"holdfast-sealed-1" ‖ scope (16) ‖ bound`, where `bound` names the table, field and row: a value that is moved to
another row, field or case cannot be read there. Nonces are random (NIST SP 800-38D, 8.2.2): a key seals far fewer
than 2^32 values, since each case has its own.
"""

import secrets
import time
from collections import OrderedDict
from datetime import datetime
from threading import Lock
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from cases.sealing import masters
from cases.sealing.models import DataKey

VERSION = b"\x01"
NONCE_BYTES = 12
_OVERHEAD = 1 + NONCE_BYTES + 16
# How long a process may go on with a key that it has read: a destroyed key is gone everywhere after this.
KEPT_SECONDS = 60.0
KEPT_KEYS = 2000


class KeyDestroyed(Exception):
    """The scope's key was destroyed: what it sealed cannot be read again."""


class CannotUnseal(Exception):
    """The sealed bytes do not belong here, or were changed; or the scope has no key."""


_kept: OrderedDict[UUID, tuple[float, AESGCM]] = OrderedDict()
_guard = Lock()


def make_key(scope: UUID) -> None:
    """Make the scope's data key. In the transaction that makes the scope itself, so that both are or are not."""
    master = masters.current()
    DataKey.objects.create(
        scope=scope, master=master, wrapped=wrap(scope, AESGCM.generate_key(256), master=master)
    )


def wrap(scope: UUID, key: bytes, *, master: str) -> bytes:
    """The data key under this master key, bound to its scope."""
    nonce = secrets.token_bytes(NONCE_BYTES)
    return nonce + AESGCM(masters.load(master)).encrypt(nonce, key, _wrapping(scope, master))


def unwrap(row: DataKey) -> bytes:
    """The data key itself, 32 bytes. Raises KeyDestroyed, CannotUnseal, NoMasterKey."""
    if row.wrapped is None:
        raise KeyDestroyed(str(row.scope))
    wrapped = bytes(row.wrapped)
    try:
        return AESGCM(masters.load(row.master)).decrypt(
            wrapped[:NONCE_BYTES], wrapped[NONCE_BYTES:], _wrapping(row.scope, row.master)
        )
    except (InvalidTag, ValueError) as error:
        raise CannotUnseal(f"the key of {row.scope} does not fit its master key") from error


def seal(scope: UUID, plain: bytes, *, bound: bytes) -> bytes:
    """The bytes, readable only with this scope's key and for this place. Raises KeyDestroyed, CannotUnseal."""
    nonce = secrets.token_bytes(NONCE_BYTES)
    return VERSION + nonce + _cipher(scope).encrypt(nonce, plain, _associated(scope, bound))


def unseal(scope: UUID, sealed: bytes, *, bound: bytes) -> bytes:
    """What was sealed for this place. Raises KeyDestroyed once the key is gone, CannotUnseal on anything else."""
    if len(sealed) < _OVERHEAD or sealed[:1] != VERSION:
        raise CannotUnseal("not a sealed value")
    try:
        return _cipher(scope).decrypt(
            sealed[1 : 1 + NONCE_BYTES], sealed[1 + NONCE_BYTES :], _associated(scope, bound)
        )
    except InvalidTag as error:
        raise CannotUnseal("sealed for another place, or changed") from error


def destroyed(scope: UUID) -> bool:
    """Whether the scope's key was destroyed."""
    return DataKey.objects.filter(scope=scope, wrapped=None).exists()


def destroy(scope: UUID, *, at: datetime) -> None:
    """Destroy the scope's key, in the caller's transaction: nothing that it sealed can be read again.

    A process that has the key in memory drops it within KEPT_SECONDS; the caller has its own drop it on commit. Raises
    KeyDestroyed where it was destroyed already, CannotUnseal where there is none.
    """
    row = DataKey.objects.select_for_update().filter(scope=scope).first()
    if row is None:
        raise CannotUnseal(f"{scope} has no key")
    if row.wrapped is None:
        raise KeyDestroyed(str(scope))
    row.wrapped, row.destroyed_at = None, at
    row.save(update_fields=["wrapped", "destroyed_at"])


def forget(scope: UUID | None = None) -> None:
    """Drop the key, or all keys, that this process has in memory."""
    with _guard:
        if scope is None:
            _kept.clear()
        else:
            _kept.pop(scope, None)


def _cipher(scope: UUID) -> AESGCM:
    now = time.monotonic()
    with _guard:
        found = _kept.get(scope)
        if found is not None and now - found[0] < KEPT_SECONDS:
            _kept.move_to_end(scope)
            return found[1]
    row = DataKey.objects.filter(scope=scope).first()
    if row is None:
        raise CannotUnseal(f"{scope} has no key")
    cipher = AESGCM(unwrap(row))
    with _guard:
        # A key that its transaction takes back stays here under a scope that was taken back with it: a scope is a
        # random UUID, made in the same transaction, and does not come again.
        _kept[scope] = (now, cipher)
        _kept.move_to_end(scope)
        while len(_kept) > KEPT_KEYS:
            _kept.popitem(last=False)
    return cipher


def _wrapping(scope: UUID, master: str) -> bytes:
    return b"holdfast-datakey-1" + scope.bytes + master.encode()


def _associated(scope: UUID, bound: bytes) -> bytes:
    return b"holdfast-sealed-1" + scope.bytes + bound
