"""Amounts as integers of base units, and their exact decimal text. Pure; no float and no rounding anywhere.

The decimal sign is a point, and nothing else, so that a comma can never turn 1,500 into 1.5 or back. Groups
of three digits are set apart by a narrow no-break space (SI Brochure, 9th edition, 5.4.4).
"""

import re
from typing import Final

from django.utils.functional import Promise
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

GROUP_SEPARATOR: Final = "\u202f"
LARGEST: Final = 10**78 - 1
_LONGEST_TEXT: Final = 200
_SPACES: Final = " \u00a0\u2009\u202f"
_PLAIN = re.compile(r"(?P<whole>[0-9]+)(?:\.(?P<part>[0-9]+))?", re.ASCII)
_GROUPED = re.compile(rf"[0-9]{{1,3}}(?:[{_SPACES}][0-9]{{3}})+(?:\.[0-9]+)?", re.ASCII)


class AmountError(ValueError):
    """A text that is no amount of the asset. `message` is a sentence for the person who typed it.

    `reason_code`: "empty", "not_a_number", "comma", "negative", "too_many_decimals" or "too_large".
    """

    def __init__(self, reason_code: str, message: str | Promise) -> None:
        super().__init__(reason_code)
        self.reason_code = reason_code
        self.message = message


def to_text(base_units: int, decimals: int, *, group: bool = False) -> str:
    """The exact decimal text of `base_units`, without needless zeros: `to_text(1500000, 6)` is "1.5".

    `decimals` is the asset's number of decimals (0 or more). With `group`, whole digits come in threes. A
    difference may be negative and then starts with a hyphen-minus.
    """
    if decimals < 0:
        raise ValueError("decimals must not be negative")
    sign = "-" if base_units < 0 else ""
    digits = str(abs(base_units)).rjust(decimals + 1, "0")
    whole, part = (digits[:-decimals], digits[-decimals:].rstrip("0")) if decimals else (digits, "")
    if group:
        head = len(whole) % 3
        groups = [whole[:head]] if head else []
        groups += [whole[i : i + 3] for i in range(head, len(whole), 3)]
        whole = GROUP_SEPARATOR.join(groups)
    return f"{sign}{whole}.{part}" if part else f"{sign}{whole}"


def to_base_units(text: str, decimals: int) -> int:
    """The integer that `text` stands for: `to_base_units("1.5", 6)` is 1500000.

    Takes digits with at most one point, and spaces between full groups of three. Raises `AmountError`; a text
    with more decimals than the asset has is refused, never rounded, unless the rest are zeros.
    """
    if decimals < 0:
        raise ValueError("decimals must not be negative")
    text = text.strip()
    if not text:
        raise AmountError("empty", _("Enter an amount."))
    if len(text) > _LONGEST_TEXT:
        raise AmountError("too_large", _("This amount is too long."))
    if text[0] in "-−":
        raise AmountError("negative", _("An amount cannot be negative."))
    if "," in text:
        raise AmountError("comma", _("Use a point as the decimal sign and no comma, for example 1500.25."))
    if _GROUPED.fullmatch(text):
        text = re.sub(rf"[{_SPACES}]", "", text)
    match = _PLAIN.fullmatch(text)
    if match is None:
        raise AmountError("not_a_number", _("Enter an amount in digits, for example 1500.25."))
    part = (match["part"] or "").rstrip("0")
    if len(part) > decimals:
        raise AmountError(
            "too_many_decimals",
            format_lazy(_("This asset has {decimals} decimals; the amount has more."), decimals=decimals),
        )
    base_units = int(match["whole"] + part.ljust(decimals, "0"))
    if base_units > LARGEST:
        raise AmountError("too_large", _("This amount is larger than any balance can be."))
    return base_units
