"""Which stored files there are, which are due to be read again, and which cases hold a digest."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db import connection

from cases.models import Case, Exhibit, Export, FileCheck, FileState, OrderPaper

# Read at a time: the list is asked for again as it is worked off, so that two workers share it.
AT_A_TIME: Final = 200

# Every digest that a row of a case names that was not disposed of, beside the last look at it. Only names from the code
# stand here.
_DUE: Final = """
SELECT named.sha256 FROM (
    SELECT e.sha256 FROM cases_exhibit e JOIN cases_case c ON c.id = e.case_id AND c.disposed_at IS NULL
    UNION SELECT p.sha256 FROM cases_orderpaper p JOIN cases_case c ON c.id = p.case_id AND c.disposed_at IS NULL
    UNION SELECT x.sha256 FROM cases_export x JOIN cases_case c ON c.id = x.case_id AND c.disposed_at IS NULL
        WHERE x.sha256 <> ''
) named LEFT JOIN cases_filecheck looked ON looked.sha256 = named.sha256
WHERE looked.checked_at IS NULL OR looked.checked_at < %(since)s
ORDER BY looked.checked_at NULLS FIRST, named.sha256 LIMIT %(limit)s
"""


@dataclass(frozen=True, slots=True)
class FileRow:
    """A row that names a stored file: what it is (`exhibit`, `paper`, `export`), where, and the order behind it."""

    case_id: int
    stream_id: int
    kind: str
    number: int | None
    name: str
    order_id: int | None


def due_for_check(*, since: datetime) -> Iterator[str]:
    """Digests that were not read again after `since`, longest unread first. Each is given once."""
    given: set[str] = set()
    while True:
        with connection.cursor() as cursor:
            cursor.execute(_DUE, {"since": since, "limit": AT_A_TIME})
            fresh = [sha256 for (sha256,) in cursor.fetchall() if sha256 not in given]
        if not fresh:
            return
        given.update(fresh)
        yield from fresh


def rows_with(sha256: str) -> list[FileRow]:
    """Every row of a case that was not disposed of, that names this digest, in the order of the streams of their cases."""
    rows = [
        FileRow(row.case_id, row.case.stream_id, "exhibit", row.number, row.filename, row.order_id)
        for row in Exhibit.objects.filter(sha256=sha256, case__disposed_at__isnull=True).select_related(
            "case"
        )
    ]
    rows += [
        FileRow(row.case_id, row.case.stream_id, "paper", row.number, row.filename, row.order_id)
        for row in OrderPaper.objects.filter(sha256=sha256, case__disposed_at__isnull=True).select_related(
            "case"
        )
    ]
    rows += [
        FileRow(row.case_id, row.case.stream_id, "export", None, row.reference, None)
        for row in Export.objects.filter(sha256=sha256, case__disposed_at__isnull=True).select_related("case")
    ]
    return sorted(rows, key=lambda row: (row.stream_id, row.kind, row.number or 0, row.name))


def not_intact() -> list[FileCheck]:
    """Stored files that were found damaged or missing and were not found intact since; of the whole installation."""
    return list(FileCheck.objects.exclude(state=FileState.INTACT).order_by("since")[:100])


def states_in(case: Case) -> dict[str, FileCheck]:
    """The last look at each exhibit's file of the case that the person may know, by digest."""
    digests = Exhibit.objects.of(case).values("sha256")
    return {row.sha256: row for row in FileCheck.objects.filter(sha256__in=digests)}
