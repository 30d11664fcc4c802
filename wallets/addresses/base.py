"""What every family's rules share: the answer, the refusal, and what a text must be before it is looked at."""

from dataclasses import dataclass
from typing import Final, Literal

from django.utils.functional import Promise
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

ReasonCode = Literal[
    "empty",
    "wrong_length",
    "wrong_checksum",
    "wrong_network",
    "wrong_form",
    "unknown_chain",
    # What is no address at all but was recognised, or was not.
    "secret",
    "transaction",
    "public_key",
    "not_an_address",
]
Checksum = Literal["valid", "none"]
Text = str | Promise

# The longest text that any chain here writes is a Zcash unified address with three receivers, 213 characters; ZIP 316
# leaves room for more receivers.
LONGEST: Final = 512

WRONG_CHECKSUM: Final = _("The checksum does not fit: at least one character is wrong.")
ONE_CASE: Final = _("An address of this form is in small letters or in capitals, never in both.")
PRIVATE_KEY: Final = _(
    "This is a private key, not an address. Do not enter it anywhere; treat it as disclosed."
)


class AddressError(ValueError):
    """A text that is no address of the chain. `message` is a sentence for the person who typed it.

    The text itself is never part of it: it may be somebody's private key.
    """

    def __init__(self, reason_code: ReasonCode, message: Text) -> None:
        super().__init__(reason_code)
        self.reason_code: ReasonCode = reason_code
        self.message = message


@dataclass(frozen=True, slots=True)
class Address:
    """`canonical` is the one spelling that is stored and compared; `typed` is what the person gave.

    `checksum` is "valid" when the text carried a checksum that holds and "none" when it carried none: an EVM
    address in one case only, a Solana address, a Tron address in hex, where a slip of the finger cannot be noticed.
    `tag` is the destination tag that an X-address of the XRP Ledger carries: it names one customer of whoever holds
    the account, while the balance is the whole account's.
    """

    chain: str
    canonical: str
    typed: str
    checksum: Checksum
    tag: int | None = None


@dataclass(frozen=True, slots=True)
class Reading:
    """What one family's rules make of a text: its canonical spelling there."""

    canonical: str
    checksum: Checksum = "valid"
    tag: int | None = None


def visible(text: str) -> str:
    """The text without the blanks around it. Raises AddressError where nothing, too much or something hidden is in it."""
    stripped = text.strip()
    if not stripped:
        raise AddressError("empty", _("Enter an address."))
    if len(stripped) > LONGEST:
        raise AddressError("wrong_length", _("This text is too long for an address."))
    if not stripped.isascii() or not stripped.isprintable() or " " in stripped:
        raise AddressError(
            "wrong_form",
            _("The address holds a blank, a hidden character or a foreign letter. Copy it again."),
        )
    return stripped


def refuse_strange(text: str, alphabet: frozenset[str]) -> None:
    """Raises AddressError naming the first character that the alphabet does not hold."""
    strange = next((char for char in text if char not in alphabet), None)
    if strange is not None:
        raise AddressError(
            "wrong_form", format_lazy(_("“{char}” does not occur in an address of this form."), char=strange)
        )
