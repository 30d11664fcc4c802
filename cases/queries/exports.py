"""Case files of a case or of a matter, and who took them away."""

from dataclasses import dataclass
from datetime import datetime

from cases.audit.models import Event
from cases.models import Case, Export, MatterShare
from cases.models.exports import ExportStep
from cases.people.models import User
from cases.queries.paging import PAGE_SIZE, Key, Page, keyset
from cases.status import ExportStatus

NEWEST = (Key("requested_at", datetime, descending=True), Key("reference", str, descending=True))
# What a worker does, in its order; the row names the step it has reached.
STEPS = (
    ExportStep.WAITING,
    ExportStep.COLLECTING,
    ExportStep.TYPESETTING,
    ExportStep.STORING,
    ExportStep.DONE,
)


def export_list(
    case: Case, *, after: str | None = None, before: str | None = None, size: int = PAGE_SIZE
) -> Page[Export]:
    """The files of a case, those made for liaisons too, newest first. One query."""
    exports = Export.objects.of(case).select_related("requested_by", "share")
    return keyset(exports, keys=NEWEST, after=after, before=before, size=size)


def exports_of_share(share: MatterShare, *, limit: int = PAGE_SIZE) -> list[Export]:
    """The newest files that were made from a share. One query."""
    return list(
        Export.objects.filter(share=share)
        .select_related("requested_by")
        .order_by("-requested_at", "-reference")[:limit]
    )


@dataclass(frozen=True, slots=True)
class Download:
    """Somebody took the file away."""

    person: User | None
    role: str
    at: datetime | None


def downloads_of(export: Export, *, by: User | None = None) -> list[Download]:
    """Who took this file, newest first, by the record; with `by` only her own takings. One query."""
    kind, number = ("export", None) if export.share is None else ("share", export.share.number)
    events = Event.objects.filter(
        stream_id=export.case.stream_id,
        action="export.downloaded",
        object_kind=kind,
        object_number=number,
    ).select_related("actor", "stream")
    if by is not None:
        events = events.filter(actor=by)
    return [
        Download(event.actor, event.acting_role, event.occurred_at)
        for event in events.order_by("-sequence")
        if event.values.get("export") == export.reference
    ]


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a file is: `step` of `steps`, both counted from 1; `moving` while a worker has or will have it."""

    step: int
    steps: int
    moving: bool


def progress_of(export: Export) -> Progress:
    """From the row alone."""
    reached = STEPS.index(ExportStep(export.step))
    return Progress(
        step=reached,
        steps=len(STEPS) - 1,
        moving=export.status in {ExportStatus.QUEUED, ExportStatus.RUNNING},
    )
