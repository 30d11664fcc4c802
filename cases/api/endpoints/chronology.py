"""What was done in a case, in words, from its record."""

from typing import Any

from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from cases.api.base import Endpoint, Paging, checked_cursor
from cases.api.fields import Moment, Shape, Text, Whole
from cases.api.schema import describe
from cases.chronology import Entry, entries
from cases.permissions import Permission
from cases.queries.paging import Key, Page, decode, encode

KEYS = (Key("sequence", int, descending=True),)


class LineOut(Shape):
    """One thing that an event says."""

    label = Text()  # type: ignore[assignment]
    value = Text()


class EntryOut(Shape):
    """One event of the record."""

    sequence = Whole()
    action = Text(help_text=_("The kind of event, such as `freeze.approved`."))
    title = Text(help_text=_("The event as a sentence."))
    lines = serializers.SerializerMethodField()
    actor = Text(source="actor_name")
    acting_role = Text()
    object_kind = Text()
    object_number = Whole(allow_null=True)
    occurred_at = Moment(help_text=_("When it was done, by the clock of who did it."))
    recorded_at = Moment(help_text=_("When the database wrote it."))
    hash = Text(help_text=_("The event's place in the hash chain, in hex."))

    @extend_schema_field(LineOut(many=True))
    def get_lines(self, entry: Entry) -> list[dict[str, str]]:
        return [{"label": str(label), "value": str(value)} for label, value in entry.lines]


class Chronology(Endpoint):
    @describe(out=EntryOut, paged=True, query=Paging)
    def get(self, request: Request, ref: str) -> Response:
        """The record of the case, the newest event first."""
        grant = self.door(Permission.READ)
        asked = self.query(Paging)
        cursor = checked_cursor(asked, KEYS)
        before = None if cursor is None else decode(cursor, [int])[0]
        return self.page(EntryOut, page_of_entries(before, asked["limit"], case=grant.case))


def page_of_entries(before: int | None, size: int, **whose: Any) -> Page[Entry]:
    """Entries older than a sequence, and where to go on. `whose` goes to `chronology.entries`."""
    found = entries(before=before, limit=size + 1, **whose)
    more, shown = len(found) > size, found[:size]
    return Page(shown, encode([shown[-1].sequence]) if more else None, None)
