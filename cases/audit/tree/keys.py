"""Keys that sign checkpoints: Ed25519, private halves in files outside the database (setting SIGNING_KEYS).

A file is named `<number>.pem` and holds the key as PKCS #8. The highest number signs; the others stay, so that what
they signed can be told from what somebody else did. The public halves stand in the database and leave with each bundle.
"""

import base64
import hashlib
import os
import secrets
from datetime import datetime
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)
from django.conf import settings
from django.db import transaction

from cases.audit.models import SigningKey
from cases.audit.record import system_stream

# C2SP signed-note: the type of signature that an Ed25519 verifier key names.
_ED25519 = b"\x01"


class NoSigningKey(Exception):
    """The private key is not there or cannot be read. The message names the file, never a key."""


def folder() -> Path:
    """Where the private keys lie."""
    return Path(settings.SIGNING_KEYS)


def origin() -> str:
    """The name of this record in checkpoints, which is also the name of its keys: unique by the system stream's UUID."""
    return f"{settings.RECORD_ORIGIN}/{system_stream().uuid}"


def numbers() -> list[int]:
    """The numbers of the private keys that are there, ascending. Raises NoSigningKey where the folder is shut."""
    try:
        found = [path.stem for path in folder().iterdir() if path.suffix == ".pem" and path.stem.isdigit()]
    except FileNotFoundError:
        return []
    except OSError as error:
        raise NoSigningKey(f"{folder()}: {error.strerror}") from error
    return sorted(int(name) for name in found)


def private(number: int) -> Ed25519PrivateKey:
    """The private key of this number. Raises NoSigningKey."""
    path = folder() / f"{number}.pem"
    try:
        key = load_pem_private_key(path.read_bytes(), password=None)
    except OSError as error:
        raise NoSigningKey(f"{path}: {error.strerror}") from error
    except ValueError as error:
        raise NoSigningKey(f"{path} holds no Ed25519 key.") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise NoSigningKey(f"{path} holds no Ed25519 key.")
    return key


def public_bytes(key: Ed25519PrivateKey) -> bytes:
    """The public half, 32 bytes (RFC 8032)."""
    return key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)


def make_key(*, at: datetime) -> SigningKey:
    """A new key, which signs from now on: its file durable first, then its public half in the database."""
    place = folder()
    place.mkdir(parents=True, exist_ok=True, mode=0o700)
    highest = SigningKey.objects.order_by("-number").values_list("number", flat=True).first() or 0
    number = max([highest, *numbers()]) + 1
    key = Ed25519PrivateKey.generate()
    temporary = place / f".{secrets.token_hex(8)}"
    opened = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(opened, "wb") as out:
            out.write(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
            out.flush()
            os.fsync(out.fileno())
        os.link(temporary, place / f"{number}.pem")
    finally:
        temporary.unlink(missing_ok=True)
    held = os.open(place, os.O_RDONLY)
    try:
        os.fsync(held)
    finally:
        os.close(held)
    with transaction.atomic():
        return SigningKey.objects.create(number=number, name=origin(), public=public_bytes(key), made_at=at)


def current() -> tuple[SigningKey, Ed25519PrivateKey]:
    """The key that signs now. Raises NoSigningKey where its file is missing or is another key than the database knows."""
    row = SigningKey.objects.order_by("-number").first()
    if row is None:
        raise NoSigningKey(f"There is no signing key in {folder()}: run make_signing_key.")
    key = private(row.number)
    if public_bytes(key) != bytes(row.public):
        raise NoSigningKey(
            f"{folder() / f'{row.number}.pem'} is another key than the one that signed before."
        )
    return row, key


def key_hash(name: str, public: bytes) -> bytes:
    """Four bytes by which a note names its signer: SHA-256(name ‖ LF ‖ 0x01 ‖ key), C2SP signed-note."""
    return hashlib.sha256(name.encode() + b"\n" + _ED25519 + public).digest()[:4]


def verifier_key(row: SigningKey) -> str:
    """The public key as C2SP signed-note writes it: `name+hash+base64(0x01 ‖ key)`."""
    public = bytes(row.public)
    return f"{row.name}+{key_hash(row.name, public).hex()}+{base64.b64encode(_ED25519 + public).decode()}"


def is_signed_by(text: bytes, signature: bytes, public: bytes) -> bool:
    """Whether Ed25519 says so."""
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, text)
    except (InvalidSignature, ValueError):
        return False
    return True
