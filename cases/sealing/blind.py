"""Blind indexes: finding a sealed value again by an exact match, without keeping it in the clear.

A digest is `HMAC-SHA-256(search key, "holdfast-blind-1" ‖ 0x00 ‖ kind ‖ 0x00 ‖ normalised value)`. The search keys lie
beside the master keys, outside the database, as `search-<number>.key`: who takes the database alone can neither read
a value nor try guesses against it. That two rows hold the same value can be seen; nothing else can.
"""

import hashlib
import hmac
import unicodedata

from cases.sealing import masters

PREFIX = "search-"
# Shorter than this a value says too little to be looked for: everybody's would fit.
SHORTEST = 4


def numbers() -> list[int]:
    """The numbers of the search keys that are there, ascending. Raises NoMasterKey where the folder cannot be read."""
    try:
        found = [path.stem.removeprefix(PREFIX) for path in masters.folder().glob(f"{PREFIX}*.key")]
    except OSError as error:
        raise masters.NoMasterKey(f"{masters.folder()}: {error.strerror}") from error
    return sorted(int(number) for number in found if number.isdigit())


def make() -> int:
    """Write a new search key, durable when this returns, and return its number."""
    number = (numbers() or [0])[-1] + 1
    masters.write_key(f"{PREFIX}{number}.key")
    return number


def current() -> int:
    """The number of the key under which is indexed now. Raises NoMasterKey where there is none."""
    found = numbers()
    if not found:
        raise masters.NoMasterKey(
            f"There is no search key in {masters.folder()}: run make_sealing_keys, or restore the keys."
        )
    return found[-1]


def digest(kind: str, value: str, *, key: int) -> bytes:
    """The 32 bytes under which a normalised value of this kind is found. Raises NoMasterKey."""
    message = b"\0".join((b"holdfast-blind-1", kind.encode(), value.encode()))
    return hmac.new(masters.read_key(f"{PREFIX}{key}.key"), message, hashlib.sha256).digest()


def letters_and_digits(value: str) -> str:
    """For numbers that are written with blanks, hyphens and capitals as one likes: NFKC, folded, the rest left out."""
    folded = unicodedata.normalize("NFKC", value).casefold()
    return "".join(sign for sign in folded if sign.isalnum())


def digits(value: str) -> str:
    """For telephone numbers: the digits, without the signs that lead out of a country."""
    plain = unicodedata.normalize("NFKC", value).strip()
    kept = "".join(
        str(unicodedata.digit(sign)) for sign in plain if unicodedata.digit(sign, None) is not None
    )
    return kept[2:] if plain.startswith("00") else kept


def folded(value: str) -> str:
    """For e-mail addresses: NFKC, folded, without blanks around it."""
    return unicodedata.normalize("NFKC", value).strip().casefold()
