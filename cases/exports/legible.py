"""Text as it is printed: what no font covers, and what would steer the line, is shown as `⟦U+1F600⟧`, never dropped.

The attached data hold every character as it was written; only the print is made legible here. A character that no font
covers would abort the typesetting (PDF/A forbids the missing glyph), and an invisible or direction-changing one would
let a text look like what it is not.
"""

import unicodedata
from functools import lru_cache

from cases.exports.fonts import coverage

# A PDF string holds at most 32,767 bytes, and a glyph takes two of them.
LONGEST_RUN = 4_000
# A longer word may be broken every few characters where its line is full; an address or a digest never is.
LONGEST_WORD = 24
LONGEST_ADDRESS = 66
BREAK_EVERY = 8

# Letters, numbers, punctuation, symbols and the plain space print; separators and controls do not.
_PRINTED = frozenset("LNPS")
_SPACES = frozenset(" \u00a0\u2009\u202f")
_JOINERS = frozenset("\u200c\u200d")


def legible(text: str) -> str:
    """The text with every character that cannot be printed made visible. Line feeds stay."""
    text = text.replace("\r\n", "\n")
    if text.isascii() and text.isprintable():
        return text
    shown: list[str] = []
    # The fonts that have the letter before and every mark on it so far.
    cluster: frozenset[int] = frozenset()
    for place, char in enumerate(text):
        if char == "\n":
            shown.append(char)
            cluster = frozenset()
        elif char == "\t":
            shown.append("    ")
            cluster = frozenset()
        elif char in _JOINERS:
            # They shape letters in Arabic script; elsewhere they only hide something.
            around = text[place - 1 : place] + text[place + 1 : place + 2]
            shown.append(char if len(around) == 2 and all(_is_arabic(c) for c in around) else _visible(char))
        elif unicodedata.category(char)[0] == "M":
            # A mark is set on its letter only where one font has both; otherwise it is named.
            together = cluster & _fonts_with(char)
            shown.append(char if together else _visible(char))
            cluster = together or cluster
        elif _prints(char):
            shown.append(char)
            cluster = _fonts_with(char)
        else:
            shown.append(_visible(char))
            cluster = frozenset()
    return "".join(shown)


def _visible(char: str) -> str:
    return f"⟦U+{ord(char):04X}⟧"


@lru_cache(maxsize=8192)
def _fonts_with(char: str) -> frozenset[int]:
    return frozenset(index for index, font in enumerate(coverage()) if ord(char) in font)


def _prints(char: str) -> bool:
    kind = unicodedata.category(char)
    return (kind[0] in _PRINTED or char in _SPACES) and bool(_fonts_with(char))


def _is_arabic(char: str) -> bool:
    return unicodedata.name(char, "").startswith("ARABIC LETTER")


def direction(text: str) -> str:
    """`rtl` where the first strong letter is written from right to left, otherwise `ltr` (Unicode TR 9, P2 and P3)."""
    for char in text:
        kind = unicodedata.bidirectional(char)
        if kind == "L":
            return "ltr"
        if kind in {"R", "AL"}:
            return "rtl"
    return "ltr"


def pieces(text: str, *, longest_word: int = LONGEST_WORD) -> list[str]:
    """One line of legible text in pieces between which it may be broken without a character to be copied out.

    Words stay whole up to `longest_word`; no piece is longer than LONGEST_RUN.
    """
    if len(text) <= longest_word:
        return [text]
    found: list[str] = []
    run = ""
    for word in _words(text):
        if len(word) > longest_word:
            if run:
                found.append(run)
                run = ""
            found += [word[start : start + BREAK_EVERY] for start in range(0, len(word), BREAK_EVERY)]
        elif len(run) + len(word) > LONGEST_RUN:
            found.append(run)
            run = word
        else:
            run += word
    if run:
        found.append(run)
    return found


def _words(text: str) -> list[str]:
    """The words of the text, each with the spaces that follow it."""
    words: list[str] = []
    start = 0
    for place in range(1, len(text)):
        if text[place - 1] == " " and text[place] != " ":
            words.append(text[start:place])
            start = place
    words.append(text[start:])
    return words
