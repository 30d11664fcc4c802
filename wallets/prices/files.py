"""Prices from a CSV file (RFC 4180, UTF-8): read whole, every bad line named, nothing taken while one is bad.

Columns: `key,currency,price,at,source`. A price is digits with at most one point; a time is ISO 8601 with its zone.
"""

import csv
import io
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from wallets.models import PriceBatch
from wallets.prices.quotes import PriceError, Quote, checked_quote
from wallets.prices.record import Contradiction, Recorded, record_prices

COLUMNS: Final = ("key", "currency", "price", "at", "source")
MAX_BYTES: Final = 2 * 1024 * 1024
MAX_LINES: Final = 20_000
_LONGEST_CELL: Final = 200
# What a spreadsheet takes for a formula (OWASP, "CSV Injection"): such a file does more than say prices.
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")
_PRICE = re.compile(r"[0-9]{1,20}(?:\.[0-9]{1,40})?", re.ASCII)
_TIME = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,6})?)?(?:Z|[+-][0-9]{2}:[0-9]{2})?",
    re.ASCII,
)


@dataclass(frozen=True, slots=True)
class BadLine:
    """A line of the file (1 is the first, the heading) and why it cannot be taken."""

    line: int
    reason: str | Promise

    def __str__(self) -> str:
        return _now("Line %(line)s: %(reason)s") % {"line": self.line, "reason": self.reason}


class BadFile(Exception):
    """The file was not taken, and nothing of it. `lines` holds every reason, in the order of the lines."""

    def __init__(self, lines: Iterable[BadLine]) -> None:
        self.lines = sorted(lines, key=lambda bad: bad.line)
        super().__init__(f"{len(self.lines)} bad lines")


@dataclass(frozen=True, slots=True)
class PriceFile:
    """A file that was read: its quotes with their lines, and the lines that say again what an earlier one said."""

    quotes: tuple[Quote, ...]
    lines: tuple[int, ...]
    repeated: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Imported:
    """What became of a file. `known` and `repeated` are the lines that brought nothing new."""

    recorded: Recorded
    known: tuple[int, ...]
    repeated: tuple[int, ...]


def import_prices(
    content: bytes, *, name: str, brought_by: str, at: datetime, corrections: bool = False
) -> Imported:
    """Read a file and store its prices: all of them, or none. Raises `BadFile`.

    A line that says another price than the record for the same moment and source is bad, unless `corrections`: then
    it is stored as the correction of that price.
    """
    file = read_prices(content, at=at)
    line_of = {quote.place: line for quote, line in zip(file.quotes, file.lines, strict=True)}
    try:
        recorded = record_prices(
            file.quotes,
            kind=PriceBatch.Kind.FILE,
            name=name,
            body=content,
            brought_by=brought_by,
            differing="correct" if corrections else "refuse",
        )
    except Contradiction as error:
        raise BadFile(
            BadLine(
                line_of[quote.place],
                _now("%(source)s is on record with %(price)s %(currency)s for this moment.")
                % {"source": quote.source, "price": format(there, "f"), "currency": quote.currency},
            )
            for quote, there in error.found
        ) from error
    return Imported(recorded, tuple(line_of[quote.place] for quote in recorded.known), file.repeated)


def read_prices(content: bytes, *, at: datetime) -> PriceFile:
    """The quotes of a file. `at` is the clock that tells what lies in the future. Raises `BadFile`."""
    if len(content) > MAX_BYTES:
        raise BadFile([BadLine(1, _("The file is larger than 2 MB. Divide it."))])
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise BadFile([BadLine(line, _("The file is not UTF-8 text."))]) from error
    found: dict[tuple[object, ...], tuple[Quote, int]] = {}
    bad: list[BadLine] = []
    repeated: list[int] = []
    for line, cells in _records(text, bad):
        try:
            quote = _quote(cells, at)
        except PriceError as error:
            bad.append(BadLine(line, error.message))
            continue
        first = found.setdefault(quote.place, (quote, line))
        if first[1] == line:
            continue
        if first[0].price == quote.price:
            repeated.append(line)
        else:
            bad.append(BadLine(line, _now("Line %s says another price for the same.") % first[1]))
    if not bad and not found:
        bad.append(BadLine(1, _("The file holds no prices.")))
    if bad:
        raise BadFile(bad)
    return PriceFile(
        tuple(quote for quote, _line in found.values()),
        tuple(line for _quote, line in found.values()),
        tuple(repeated),
    )


def _records(text: str, bad: list[BadLine]) -> Iterator[tuple[int, list[str]]]:
    """Each record with the line on which it begins; what is no CSV, or too much of it, ends in `bad`."""
    if "\x00" in text:
        bad.append(
            BadLine(text.count("\n", 0, text.index("\x00")) + 1, _("The file holds a null character."))
        )
        return
    # Lines end as RFC 4180 has it; `splitlines` would also break at characters that belong to a cell.
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    heading: list[str] | None = None
    taken = 0
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            break
        except csv.Error:
            # Behind a quotation mark that does not end nobody can tell where a record begins.
            bad.append(
                BadLine(
                    line, _("From here on this is not CSV, for instance a quotation mark that does not end.")
                )
            )
            return
        if not cells:
            continue
        if heading is None:
            heading = cells
            if tuple(cell.strip().lower() for cell in cells) != COLUMNS:
                bad.append(BadLine(line, _("The first line must be: %s") % ",".join(COLUMNS)))
                return
            continue
        taken += 1
        if taken > MAX_LINES:
            bad.append(BadLine(line, _("The file holds more than 20,000 prices. Divide it.")))
            return
        yield line, cells


def _quote(cells: list[str], now: datetime) -> Quote:
    if len(cells) != len(COLUMNS):
        raise PriceError("columns", _now("There are %s columns here, not 5.") % len(cells))
    for cell in cells:
        if len(cell) > _LONGEST_CELL:
            raise PriceError("too_long", _("A cell is longer than 200 characters."))
        if not cell.isprintable():
            raise PriceError("unprintable", _("A cell holds a control character or a line break."))
    key, currency, price, moment, source = (cell.strip() for cell in cells)
    if price.startswith(("-", "−", "－")):
        raise PriceError("not_positive", _("A price is more than zero."))
    for cell in (key, currency, price, moment, source):
        if cell.startswith(_FORMULA):
            raise PriceError("formula", _("A cell begins like a formula of a spreadsheet."))
    return checked_quote(
        key=key, currency=currency, price=_price(price), at=_time(moment), source=source, now=now
    )


def _price(text: str) -> Decimal:
    if "," in text:
        raise PriceError("comma", _("Use a point as the decimal sign and no comma, for example 1500.25."))
    if not _PRICE.fullmatch(text):
        raise PriceError(
            "not_a_number", _("The price is not written in digits with a point, such as 1500.25.")
        )
    return Decimal(text)


def _time(text: str) -> datetime:
    if not _TIME.fullmatch(text):
        raise PriceError(
            "time", _("Write the time as ISO 8601 with its zone, for example 2023-05-24T10:00:00Z.")
        )
    try:
        return datetime.fromisoformat(text)
    except ValueError as error:
        raise PriceError("time", _("There is no such time.")) from error
