"""What happens to stored files by themselves: the malware scan, and the regular look whether each is still intact."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet

from cases import scanning, storage
from cases.actions.base import event_value
from cases.actions.watchdog import tell_at_once
from cases.audit.record import record
from cases.models import Case, Exhibit, FileCheck, FileState, ReminderKind, ScanState
from cases.queries.stored import FileRow, due_for_check, rows_with

log = structlog.get_logger(__name__)

# A round of a worker ends after this, well below the time limit of a task; the next one goes on.
ROUND: Final = timedelta(seconds=60)

Clock = Callable[[], datetime]


# ── Malware ───────────────────────────────────────────────────────────────────────────────────────────────


def scan_waiting(*, now: Clock) -> int:
    """Have the exhibits scanned that were not, or whose scan failed a while ago; how many were. 0 without a scanner."""
    if not settings.CLAMD:
        return 0
    scanned, until = 0, now() + ROUND
    waiting = list(
        _to_scan().filter(scan=ScanState.UNSCANNED).order_by("id").values_list("pk", "sha256")[:50]
    )
    waiting += list(
        _to_scan()
        .filter(scan=ScanState.FAILED, scanned_at__lt=now() - timedelta(hours=1))
        .order_by("scanned_at")
        .values_list("pk", "sha256")[:10]
    )
    for pk, sha256 in waiting:
        if now() >= until:
            break
        try:
            said = scanning.scan(storage.open_stream(sha256))
        except storage.Unreachable:
            log.exception("store.unreachable")
            break
        except (FileNotFoundError, storage.Damaged):
            # The regular look tells of it.
            log.exception("file.not_scanned", sha256=sha256)
            continue
        note_scan(exhibit_id=pk, state=said.state, said=said.name, now=now)
        scanned += 1
    return scanned


def _to_scan() -> "QuerySet[Exhibit]":
    return Exhibit.objects.filter(case__disposed_at__isnull=True)


@transaction.atomic
def note_scan(*, exhibit_id: int, state: str, said: str, now: Clock) -> Exhibit:
    """What a scanner said of an exhibit's file. An answer that repeats itself is written once."""
    at = now()
    exhibit = (
        Exhibit.objects.select_for_update(of=("self",)).select_related("case__stream").get(pk=exhibit_id)
    )
    if (exhibit.scan, exhibit.scan_said) == (state, said[:200]) and state != ScanState.FAILED:
        return exhibit
    old = exhibit.scan
    exhibit.scan, exhibit.scan_said, exhibit.scanned_at = state, said[:200], at
    exhibit.save(update_fields=["scan", "scan_said", "scanned_at"])
    record(
        stream_id=exhibit.case.stream_id,
        stream_uuid=exhibit.case.stream.uuid,
        action="exhibit.scanned",
        actor=None,
        occurred_at=at,
        object_kind="exhibit",
        object_number=exhibit.number,
        details={"old": old, "scan": state, "said": exhibit.scan_said, "sha256": exhibit.sha256},
    )
    return exhibit


# ── Rot and loss ──────────────────────────────────────────────────────────────────────────────────────────


def check_files(
    *, now: Clock, every: timedelta | None = None, until: datetime | None = None
) -> dict[str, int]:
    """Read stored files again, those longest unread first; how many were intact, damaged, missing.

    `every`: files that were read since are left out (the setting where None). `until`: when to stop; after a round
    where None.
    """
    begun = now()
    since = begun - (timedelta(days=settings.FILES_CHECK_DAYS) if every is None else every)
    end = begun + ROUND if until is None else until
    found = dict.fromkeys(FileState.values, 0)
    for sha256 in due_for_check(since=since):
        if now() >= end:
            break
        try:
            state = storage.check(sha256)
        except storage.Unreachable:
            # Nothing is known of the file: it is looked at again in the next round.
            log.exception("store.unreachable")
            break
        note_file_state(sha256=sha256, state=state, now=now)
        found[state] += 1
    return found


@transaction.atomic
def note_file_state(*, sha256: str, state: str, now: Clock) -> FileCheck:
    """What the look at a stored file found; where that changed, each case that holds it is told, once."""
    at = now()
    check, new = FileCheck.objects.select_for_update().get_or_create(
        sha256=sha256, defaults={"state": state, "checked_at": at, "since": at}
    )
    old = FileState.INTACT if new else check.state
    if not new:
        check.checked_at = at
        if check.state != state:
            check.state, check.since = state, at
        check.save(update_fields=["state", "checked_at", "since"])
    if old != state:
        for row in rows_with(sha256):
            _tell(row, sha256=sha256, old=str(old), state=state, at=at)
    return check


def _tell(row: FileRow, *, sha256: str, old: str, state: str, at: datetime) -> None:
    case = Case.objects.select_related("stream").get(pk=row.case_id)
    if state != FileState.INTACT:
        log.error("file.not_intact", sha256=sha256, state=state, case=case.reference, what=row.kind)
        kind = {"exhibit": ReminderKind.EXHIBIT_FILE, "paper": ReminderKind.PAPER_FILE}.get(row.kind)
        if kind is not None and row.number is not None:
            tell_at_once(case, kind, row.number, order_id=row.order_id, seen_at=at, at=at)
    record(
        stream_id=case.stream_id,
        stream_uuid=case.stream.uuid,
        action="file.damaged" if state != FileState.INTACT else "file.restored",
        actor=None,
        occurred_at=at,
        object_kind=row.kind,
        object_number=row.number,
        details={
            "name": row.name,
            "sha256": sha256,
            "old": old,
            "state": state,
            "seen_at": event_value(at),
        },
    )
