"""Lists walked by keys: a page costs the same however long the list is, and a row that moves is never skipped twice.

A cursor holds the sort keys of the row at the edge. They must be what a person may see anyway (a time, a reference, a
number within the case), never a global primary key, because cursors stand in URLs.
"""

import base64
import binascii
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Generic, TypeVar

from django.db.models import Model, Q, QuerySet

Row = TypeVar("Row")
Row_co = TypeVar("Row_co", covariant=True)
ModelRow = TypeVar("ModelRow", bound=Model)
PAGE_SIZE = 50


class BadCursor(ValueError):
    """A cursor that this program did not make; the list then starts at its beginning."""


@dataclass(frozen=True, slots=True)
class Page(Generic[Row_co]):
    """Rows of one page, and the cursors of its neighbours where there are any."""

    rows: Sequence[Row_co]
    next_cursor: str | None
    previous_cursor: str | None

    def __len__(self) -> int:
        return len(self.rows)


def encode(values: Sequence[object]) -> str:
    """Keys (moments, integers, texts) as one URL-safe word."""
    plain = [
        {"t": value.astimezone(UTC).isoformat()} if isinstance(value, datetime) else value for value in values
    ]
    return base64.urlsafe_b64encode(json.dumps(plain, separators=(",", ":")).encode()).decode().rstrip("=")


def decode(cursor: str, kinds: Sequence[type]) -> list[Any]:
    """The keys in a cursor. Raises BadCursor unless it holds exactly these kinds of values."""
    try:
        raw = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        values = [datetime.fromisoformat(item["t"]) if isinstance(item, dict) else item for item in raw]
    except (ValueError, TypeError, KeyError, binascii.Error) as error:
        raise BadCursor from error
    fits = len(values) == len(kinds) and all(
        isinstance(value, kind) and not isinstance(value, bool)
        for value, kind in zip(values, kinds, strict=True)
    )
    if not fits or any(isinstance(value, datetime) and value.tzinfo is None for value in values):
        raise BadCursor
    if not all(_storable(value) for value in values):
        raise BadCursor
    return values


def _storable(value: object) -> bool:
    """Whether the database can compare with it: no NUL, no half of a surrogate pair, no number past a bigint."""
    if isinstance(value, int):
        return abs(value) < 2**63
    if isinstance(value, str):
        return "\x00" not in value and not any("\ud800" <= character <= "\udfff" for character in value)
    return True


@dataclass(frozen=True, slots=True)
class Key:
    """One sort key: the field, the kind of its values, the direction."""

    field: str
    kind: type
    descending: bool = False


@dataclass(frozen=True, slots=True)
class Walk:
    """Where a list is entered, and in which direction. `edge` is None at its beginning."""

    keys: Sequence[Key]
    forward: bool
    edge: list[Any] | None

    @classmethod
    def of(cls, keys: Sequence[Key], *, after: str | None, before: str | None) -> "Walk":
        """From what stands in a URL. A cursor that makes no sense leads to the beginning."""
        kinds = [key.kind for key in keys]
        try:
            if after:
                return cls(keys, True, decode(after, kinds))
            if before:
                return cls(keys, False, decode(before, kinds))
        except BadCursor:
            pass
        return cls(keys, True, None)

    def condition(self) -> Q:
        """Rows beyond the edge, said so that an index on the first key bounds the scan."""
        if self.edge is None:
            return Q()
        beyond, equal = Q(pk__in=[]), Q()
        for key, value in zip(self.keys, self.edge, strict=True):
            lower = key.descending == self.forward
            beyond |= equal & Q(**{f"{key.field}__{'lt' if lower else 'gt'}": value})
            equal &= Q(**{key.field: value})
        first = self.keys[0]
        bound = "lte" if first.descending == self.forward else "gte"
        return Q(**{f"{first.field}__{bound}": self.edge[0]}) & beyond

    def ordering(self) -> list[str]:
        return [("-" if key.descending == self.forward else "") + key.field for key in self.keys]

    def page(self, found: Iterable[Row], size: int) -> Page[Row]:
        """The page from up to `size + 1` rows in `ordering()`."""
        taken = list(found)
        more, rows = len(taken) > size, taken[:size]
        if not self.forward:
            rows.reverse()
        if not rows:
            return Page([], None, None)
        has_next = more if self.forward else True
        has_previous = self.edge is not None if self.forward else more
        return Page(
            rows,
            encode(self._values_of(rows[-1])) if has_next else None,
            encode(self._values_of(rows[0])) if has_previous else None,
        )

    def _values_of(self, row: object) -> list[object]:
        found = []
        for key in self.keys:
            value: Any = row
            for part in key.field.split("__"):
                value = getattr(value, part)
            found.append(value)
        return found


def keyset(
    rows: "QuerySet[ModelRow]",
    *,
    keys: Sequence[Key],
    after: str | None = None,
    before: str | None = None,
    size: int = PAGE_SIZE,
) -> Page[ModelRow]:
    """One page of `rows` in the order of `keys`, which together must be unique. One query."""
    walk = Walk.of(keys, after=after, before=before)
    return walk.page(rows.filter(walk.condition()).order_by(*walk.ordering())[: size + 1], size)
