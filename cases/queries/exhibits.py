"""The exhibits of a case, the chain of custody of each, and what is on its way in."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import QuerySet

from cases import receiving, storage
from cases.models import Case, CustodyStep, Exhibit, FileCheck, Upload
from cases.people.models import User
from cases.queries.paging import PAGE_SIZE, Key, Page, keyset

KEYS = (Key("number", int),)


@dataclass(frozen=True, slots=True)
class ExhibitRow:
    """An exhibit beside the last look at its file, where there was one."""

    exhibit: Exhibit
    look: FileCheck | None

    @property
    def number(self) -> int:
        return self.exhibit.number


@dataclass(frozen=True, slots=True)
class OnItsWay:
    """An unfinished upload, and how many of its bytes are here."""

    upload: Upload
    received: int


def exhibits_of(case: Case) -> QuerySet[Exhibit]:
    """Those that the person may know for whom the case was fetched."""
    return Exhibit.objects.of(case).select_related("order", "added_by")


def with_looks(exhibits: "list[Exhibit]") -> list[ExhibitRow]:
    """One query, however many."""
    looks = {
        row.sha256: row for row in FileCheck.objects.filter(sha256__in={item.sha256 for item in exhibits})
    }
    return [ExhibitRow(exhibit, looks.get(exhibit.sha256)) for exhibit in exhibits]


def exhibit_list(
    case: Case, *, after: str | None = None, before: str | None = None, size: int = PAGE_SIZE
) -> Page[ExhibitRow]:
    """By number."""
    page = keyset(exhibits_of(case), keys=KEYS, after=after, before=before, size=size)
    return Page(with_looks(list(page.rows)), page.next_cursor, page.previous_cursor)


def exhibit_of(case: Case, number: int) -> Exhibit | None:
    return exhibits_of(case).filter(number=number).first()


def custody_of(exhibit: Exhibit) -> QuerySet[CustodyStep]:
    """The chain of custody, oldest first."""
    return CustodyStep.objects.filter(exhibit=exhibit).select_related("by").order_by("position")


def digest_now(exhibit: Exhibit) -> str:
    """The digest that the store holds for an exhibit at this moment; empty where it is damaged or missing.

    Reads all of it: outside the transaction of the step that it is for.
    """
    return exhibit.sha256 if storage.check(exhibit.sha256) == "intact" else ""


def upload_in(case: Case, user: User, token: UUID, *, at: datetime) -> Upload | None:
    """One's own unfinished upload in this case."""
    return Upload.objects.filter(case=case, by=user, token=token, expires_at__gt=at).first()


def uploads_of(case: Case, user: User, *, at: datetime) -> list[OnItsWay]:
    """One's own unfinished uploads in this case, oldest first."""
    rows = Upload.objects.filter(case=case, by=user, expires_at__gt=at).order_by("begun_at", "id")
    return [
        OnItsWay(upload, upload.size if upload.sha256 else receiving.received(upload.token))
        for upload in rows
    ]
