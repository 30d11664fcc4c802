"""Addresses and account numbers that a person could take for one another. Pure.

Poisoned addresses are made to begin and end like the right one; account numbers are mistyped by a digit.
"""

from typing import Final

# People, and forgers, compare the ends of an address.
ENDS: Final = 4
# What every address of a kind begins with tells nothing.
_COMMON: Final = ("bitcoincash:", "bc1q", "bc1p", "ltc1q", "ltc1p", "0x")


def looks_like(one: str, other: str) -> bool:
    """Whether two addresses that differ have the same ends, or differ in three characters at most."""
    if one == other:
        return False
    first, second = _telling(one), _telling(other)
    if first == second:
        return True
    if (first[:ENDS], first[-ENDS:]) == (second[:ENDS], second[-ENDS:]):
        return True
    return len(first) == len(second) and sum(a != b for a, b in zip(first, second, strict=True)) <= 3


def account_looks_like(one: str, other: str) -> bool:
    """Whether two account numbers that differ do so in two characters at most, or in one that is missing."""
    first, second = plain_account(one), plain_account(other)
    if first == second:
        return False
    if len(first) == len(second):
        return sum(a != b for a, b in zip(first, second, strict=True)) <= 2
    longer, shorter = sorted((first, second), key=len, reverse=True)
    return len(longer) == len(shorter) + 1 and any(
        longer[:at] + longer[at + 1 :] == shorter for at in range(len(longer))
    )


def plain_account(number: str) -> str:
    """An account number without what its writers put in for the eye: case, blanks, hyphens, points."""
    return "".join(letter for letter in number.casefold() if letter.isalnum())


def _telling(address: str) -> str:
    """What of an address a person compares: without the beginning that all of its kind share, whatever its case."""
    text = address.casefold()
    for prefix in _COMMON:
        if text.startswith(prefix):
            return text[len(prefix) :]
    return text
