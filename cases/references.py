"""Short random references with a check character, so that they tell nothing of other cases.

`7K3M-Q2XR-K`: eight random characters of Crockford's base 32 (40 bits) and one check character by ISO/IEC 7064
MOD 37,36, which finds every single wrong character and nearly every swap of two neighbours.
"""

import secrets

RANDOM_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
CHECK_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
PATTERN = "[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4}-[0-9A-Z]"


def check_character(text: str) -> str:
    """ISO/IEC 7064 MOD 37,36 check character of upper-case letters and digits."""
    product = 36
    for character in text:
        total = (product + CHECK_ALPHABET.index(character)) % 36 or 36
        product = (total * 2) % 37
    return CHECK_ALPHABET[(37 - product) % 36]


def new_reference() -> str:
    """A fresh random reference in its printed form."""
    body = "".join(secrets.choice(RANDOM_ALPHABET) for _ in range(8))
    return f"{body[:4]}-{body[4:]}-{check_character(body)}"


def normalised(text: str) -> str | None:
    """The printed form of what a person typed, or None where it is no reference (wrong length or check character)."""
    plain = "".join(text.upper().split()).replace("-", "")
    if len(plain) != 9 or any(c not in CHECK_ALPHABET for c in plain):
        return None
    body, check = plain[:8].replace("O", "0").replace("I", "1").replace("L", "1"), plain[8]
    if any(c not in RANDOM_ALPHABET for c in body) or check_character(body) != check:
        return None
    return f"{body[:4]}-{body[4:]}-{check}"
