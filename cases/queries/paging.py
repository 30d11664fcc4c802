"""Lists walked by keys: a page costs the same however long the list is, and a row that moves is never skipped twice.

A cursor holds the sort keys of the row at the edge. They must be what a person may see anyway (a time, a reference, a
number within the case), never a global primary key, because cursors stand in URLs.
"""

import base64
import binascii
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Generic, TypeVar

from django.db.models import Model, Q, QuerySet

Row = TypeVar("Row")
ModelRow = TypeVar("ModelRow", bound=Model)
PAGE_SIZE = 50


class BadCursor(ValueError):
    """A cursor that this program did not make; the list then starts at its beginning."""


@dataclass(frozen=True, slots=True)
class Page(Generic[Row]):
    """Rows of one page, and the cursors of its neighbours where there are any."""

    rows: list[Row]
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
    if any(isinstance(value, str) and "\x00" in value for value in values):
        raise BadCursor
    return values


@dataclass(frozen=True, slots=True)
class Key:
    """One sort key: the field, the kind of its values, the direction."""

    field: str
    kind: type
    descending: bool = False


def _beyond(keys: Sequence[Key], values: Sequence[object], *, forward: bool) -> Q:
    """Rows that come after (or before) these values, said so that the index on the first key bounds the scan."""
    condition = Q(pk__in=[])
    equal = Q()
    for key, value in zip(keys, values, strict=True):
        lower = key.descending == forward
        condition |= equal & Q(**{f"{key.field}__{'lt' if lower else 'gt'}": value})
        equal &= Q(**{key.field: value})
    first = keys[0]
    bound = "lte" if first.descending == forward else "gte"
    return Q(**{f"{first.field}__{bound}": values[0]}) & condition


def _ordering(keys: Sequence[Key], *, forward: bool) -> list[str]:
    return [("-" if key.descending == forward else "") + key.field for key in keys]


def _values_of(row: object, keys: Sequence[Key]) -> list[object]:
    found = []
    for key in keys:
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
    """One page of `rows` in the order of `keys`, which together must be unique. One query.

    A cursor that makes no sense gives the first page.
    """
    kinds = [key.kind for key in keys]
    forward, edge = True, None
    try:
        if after:
            edge = decode(after, kinds)
        elif before:
            forward, edge = False, decode(before, kinds)
    except BadCursor:
        forward, edge = True, None
    found = rows.filter(_beyond(keys, edge, forward=forward)) if edge is not None else rows
    taken = list(found.order_by(*_ordering(keys, forward=forward))[: size + 1])
    more = len(taken) > size
    taken = taken[:size]
    if not forward:
        taken.reverse()
    if not taken:
        # Beyond the end, or before the beginning: nothing here, and the way back leads to the start.
        return Page([], None, None)
    has_next = more if forward else True
    has_previous = edge is not None if forward else more
    return Page(
        taken,
        encode(_values_of(taken[-1], keys)) if has_next else None,
        encode(_values_of(taken[0], keys)) if has_previous else None,
    )
