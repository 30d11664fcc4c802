"""The notes of a case."""

from cases.models import Case, Note
from cases.queries.paging import Key, Page, keyset

KEYS = (Key("number", int, descending=True),)
SIZE = 25


def note_list(case: Case, *, after: str | None = None, before: str | None = None) -> Page[Note]:
    """The newest first. One query."""
    rows = Note.objects.filter(case=case).select_related("written_by")
    return keyset(rows, keys=KEYS, after=after, before=before, size=SIZE)
