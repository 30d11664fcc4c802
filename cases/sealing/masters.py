"""Master keys: 32 random bytes each, in files of a folder outside the database (setting SEALING_KEYS).

A file is named `<number>.key` and holds the key in hex. The highest number wraps what is wrapped from now on; the
others stay for as long as a data key names them. The folder is 0700, a file 0600: others may not read them.
"""

import os
import secrets
from pathlib import Path

from django.conf import settings

KEY_BYTES = 32


class NoMasterKey(Exception):
    """The master key is not there or cannot be read. The message names the file, never a key."""


def folder() -> Path:
    """Where the master keys lie."""
    return Path(settings.SEALING_KEYS)


def numbers() -> list[int]:
    """The numbers of the keys that are there, ascending."""
    try:
        found = [path.stem for path in folder().iterdir() if path.suffix == ".key" and path.stem.isdigit()]
    except FileNotFoundError:
        return []
    except OSError as error:
        raise NoMasterKey(f"{folder()}: {error.strerror}") from error
    return sorted(int(name) for name in found)


def current() -> str:
    """The name of the key that wraps now. Raises NoMasterKey where there is none."""
    found = numbers()
    if not found:
        raise NoMasterKey(
            f"There is no master key in {folder()}: run make_sealing_keys, or restore the keys."
        )
    return str(found[-1])


def load(name: str) -> bytes:
    """The key of this name, 32 bytes. Raises NoMasterKey."""
    return read_key(f"{name if name.isdigit() else 'unknown'}.key")


def read_key(filename: str) -> bytes:
    """The 32 bytes that a file of the folder holds in hex. Raises NoMasterKey."""
    path = folder() / filename
    try:
        key = bytes.fromhex(path.read_text(encoding="ascii"))
    except OSError as error:
        raise NoMasterKey(f"{path}: {error.strerror}") from error
    except ValueError as error:
        raise NoMasterKey(f"{path} holds no key of {KEY_BYTES} bytes in hex.") from error
    if len(key) != KEY_BYTES:
        raise NoMasterKey(f"{path} holds no key of {KEY_BYTES} bytes in hex.")
    return key


def make() -> str:
    """Write a new master key, durable when this returns, and return its name."""
    name = str((numbers() or [0])[-1] + 1)
    write_key(f"{name}.key")
    return name


def write_key(filename: str) -> None:
    """Write a new key into a file of the folder that is not there yet, durable when this returns. Raises OSError."""
    place = folder()
    place.mkdir(parents=True, exist_ok=True, mode=0o700)
    # Written beside its place and linked there: a name never shows half a key, and two makers never one name.
    temporary = place / f".{secrets.token_hex(8)}"
    opened = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(opened, "w", encoding="ascii") as out:
            out.write(secrets.token_hex(KEY_BYTES))
            out.flush()
            os.fsync(out.fileno())
        os.link(temporary, place / filename)
    finally:
        temporary.unlink(missing_ok=True)
    held = os.open(place, os.O_RDONLY)
    try:
        os.fsync(held)
    finally:
        os.close(held)
