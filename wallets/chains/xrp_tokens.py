"""Tokens of the XRP Ledger: how they are named, and what a trust line says in whole numbers.

Source: XRPLF/xrpl-dev-portal, "Currency Formats". Amounts of tokens have 15 to 16 significant digits and any scale from
10⁻⁹⁶ to 10⁸⁰, so a token has no number of decimals of its own: all are kept with `ISSUED_DECIMALS`, and an amount that
does not fit exactly is refused rather than rounded.
"""

import re
from dataclasses import dataclass
from decimal import Context, Decimal, DecimalException, Inexact, InvalidOperation, Overflow, Underflow
from typing import Final

from wallets.chains.base import BadAnswer
from wallets.chains.checks import text
from wallets.chains.http import JSON

ISSUED_DECIMALS: Final = 32
"""The decimals that every token of this chain is kept with: what exists down to 10⁻¹⁶ with all its digits is exact."""

# "String Number": decimal, with an exponent where it is very large or small.
_NUMBER: Final = re.compile(r"-?[0-9]{1,100}(\.[0-9]{1,100})?([eE][+-]?[0-9]{1,3})?", re.ASCII)
# "Currency Codes": three characters of a given set, or 160 bits in hex.
_CONTRACT: Final = re.compile(
    r"(?P<currency>[A-Za-z0-9?!@#$%^&*<>(){}\[\]|]{3}|[0-9A-F]{40})\.(?P<issuer>r[1-9A-HJ-NP-Za-km-z]{24,34})",
    re.ASCII,
)
# Digits enough for every scale that an amount can have, and an error where they are not.
_EXACT: Final = Context(prec=250, traps=[Inexact, InvalidOperation, Overflow, Underflow])


@dataclass(frozen=True, slots=True)
class Issued:
    """A token: its currency code and the account that issues it."""

    currency: str
    issuer: str


def issued(contract: str) -> Issued:
    """The token that "CUR.rIssuer" names. Raises `ValueError`. XRP itself is nobody's token."""
    match = _CONTRACT.fullmatch(contract)
    if match is None or match["currency"] == "XRP":
        raise ValueError("a token is named CUR.rIssuer")
    return Issued(match["currency"], match["issuer"])


def held(line: dict[str, JSON] | None) -> int:
    """What the account holds of the issuer's token. No line: none.

    A line has one number for both sides, seen from the account. A negative one says that the other side holds a token
    which this account has issued; of the other's token it then holds none.
    """
    if line is None:
        return 0
    amount = Decimal(text(line.get("balance"), "balance", _NUMBER))
    if amount <= 0:
        return 0
    try:
        units = _EXACT.to_integral_exact(_EXACT.scaleb(amount, ISSUED_DECIMALS))
    except DecimalException as error:
        raise BadAnswer(f"the balance has more than {ISSUED_DECIMALS} decimals") from error
    return int(units)
