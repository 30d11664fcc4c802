"""Case files: asking for one, making it outside any transaction, recording what came of it and who took it."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import models, transaction
from django.db.models import Q
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from cases import outbox, storage
from cases.access import Grant, MatterGrant, NotFound, live_shares
from cases.actions.base import ActionError, event_value, lock_case, move_or_refuse, write_event
from cases.audit.record import record
from cases.exports.content import Content, ShareEnded, collect
from cases.exports.render import RenderFailed, rendered
from cases.models import Case, Export, LegalOrder
from cases.models.exports import ExportProfile, ExportStep
from cases.permissions import Permission
from cases.status import ExportStatus

logger = logging.getLogger(__name__)

TASK = "cases.sweep_exports"
# Longer than a file may take to make; past it another worker takes over.
CLAIM = timedelta(minutes=8)
MAX_ATTEMPTS = 3
# A round of a worker ends after this, well below the time limit of a task; the next sweep goes on.
ROUND = timedelta(minutes=4)
# One person's files that wait at a time in one case: a button pressed in impatience does not fill the queue.
MOST_WAITING = 3
# Who may take a finished file: whoever may read what it holds.
MAY_TAKE = frozenset({Permission.EXPORT, Permission.READ})
MAY_TAKE_MATTER = frozenset({Permission.MATTER_EXPORT, Permission.MATTER_READ})

Clock = Callable[[], datetime]


# ── Asking ────────────────────────────────────────────────────────────────────────────────────────────────


@transaction.atomic
def request_export(*, grant: Grant, at: datetime) -> Export:
    """Ask for the file of the whole case; a worker makes it."""
    grant.require(Permission.EXPORT)
    return _request(grant, at=at, profile=ExportProfile.INTERNAL)


@transaction.atomic
def request_matter_export(*, grant: MatterGrant, at: datetime) -> Export:
    """Ask for the file of a shared matter. The share fixes what it holds."""
    grant.require(Permission.MATTER_EXPORT)
    return _request(grant, at=at, profile=ExportProfile.MATTER)


def _request(grant: Grant | MatterGrant, *, at: datetime, profile: ExportProfile) -> Export:
    case = lock_case(grant, at=at)
    share = grant.share if isinstance(grant, MatterGrant) else None
    if share is not None and not live_shares(grant.user, at).filter(pk=share.pk).exists():
        raise NotFound
    waiting = (
        Export.objects.of(case)
        .filter(
            share=share,
            requested_by=grant.user,
            status__in=[ExportStatus.QUEUED, ExportStatus.RUNNING],
        )
        .count()
    )
    if waiting >= MOST_WAITING:
        raise ActionError(_("Files that you asked for are still being made. Wait for those first."))
    export = Export.objects.create(
        case=case,
        share=share,
        profile=profile,
        requested_at=at,
        requested_by=grant.user,
        orders=[share.order_id] if share is not None else _orders_known(case),
    )
    outbox.put(task=TASK, at=at)
    kind, number = _object(export)
    write_event(
        grant,
        action="export.requested",
        at=at,
        kind=kind,
        number=number,
        details={"export": export.reference, "profile": str(profile)},
    )
    return export


def _orders_known(case: Case) -> list[int]:
    return sorted(LegalOrder.objects.of(case).values_list("pk", flat=True))


def _object(export: Export) -> tuple[str, int | None]:
    """What an event about a file concerns: the share that it was made under, or the case's file itself."""
    return ("export", None) if export.share is None else ("share", export.share.number)


# ── Making ────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Claim:
    """One worker's hold on one file. `attempt` tells it from a later worker's hold on the same file."""

    export_id: int
    attempt: int


class ClaimLost(Exception):
    """The hold ran out and another worker has taken over; what was made here is dropped."""


def produce_waiting(*, now: Clock) -> int:
    """Make the files that wait, and those whose worker went away, one after the other; returns how many were tried."""
    tried, until = 0, now() + ROUND
    while (at := now()) < until and (claim := begin_export(at=at)) is not None:
        tried += 1
        try:
            _produce(claim, now=now)
        except ClaimLost:
            logger.warning("export %s was taken over by another worker", claim.export_id)
    return tried


@transaction.atomic
def begin_export(*, at: datetime) -> Claim | None:
    """Take the file that has waited longest; None when none waits. The attempt is counted before the work begins.

    A file whose worker ended MAX_ATTEMPTS times without a word is parked as failed.
    """
    while True:
        export = (
            Export.objects.select_for_update(skip_locked=True, of=("self",))
            .select_related("case__stream", "share")
            .filter(
                Q(status=ExportStatus.QUEUED) | Q(status=ExportStatus.RUNNING, claimed_until__lt=at),
            )
            .order_by("requested_at", "id")
            .first()
        )
        if export is None:
            return None
        if export.attempts >= MAX_ATTEMPTS:
            if export.status == ExportStatus.QUEUED:
                move_or_refuse(export, ExportStatus.RUNNING)
            _fail(
                export,
                at=at,
                reason=_("The worker ended %(count)s times while it made this file.")
                % {"count": MAX_ATTEMPTS},
            )
            continue
        if export.status == ExportStatus.QUEUED:
            move_or_refuse(export, ExportStatus.RUNNING)
        export.step = ExportStep.COLLECTING
        export.attempts += 1
        export.claimed_until = at + CLAIM
        export.save(update_fields=["status", "step", "attempts", "claimed_until"])
        return Claim(export_id=export.pk, attempt=export.attempts)


def _produce(claim: Claim, *, now: Clock) -> None:
    """The work itself, outside any transaction of ours. Whatever goes wrong fails this file and nothing else."""
    try:
        content = collect(claim.export_id)
        _step(claim, ExportStep.TYPESETTING)
        with rendered(content) as file:
            _step(claim, ExportStep.STORING)
            stored = storage.store_file(file.path)
            finish_export(claim=claim, at=now(), content=content, stored=stored, pages=file.pages)
    except ShareEnded:
        fail_export(claim=claim, at=now(), reason=_("The share ended before the file was made."))
    except RenderFailed as error:
        fail_export(claim=claim, at=now(), reason=error.reason)
    except OSError as error:
        logger.exception("export %s could not be stored", claim.export_id)
        fail_export(
            claim=claim,
            at=now(),
            reason=_("The file could not be written: %(reason)s.") % {"reason": error.strerror or "I/O"},
        )
    except (
        ArithmeticError,
        AssertionError,
        AttributeError,
        LookupError,
        RuntimeError,
        TypeError,
        ValueError,
    ):
        # A slip of ours in one case must not keep every other file waiting behind it.
        logger.exception("export %s could not be made", claim.export_id)
        fail_export(
            claim=claim, at=now(), reason=_("An error inside the system. The reason is in the worker's log.")
        )


def _step(claim: Claim, step: ExportStep) -> None:
    """Show how far the work is. Raises ClaimLost."""
    if not _held(claim).update(step=step):
        raise ClaimLost


def _held(claim: Claim) -> models.QuerySet[Export]:
    return Export.objects.filter(pk=claim.export_id, attempts=claim.attempt, status=ExportStatus.RUNNING)


def _locked(claim: Claim) -> Export:
    export = _held(claim).select_for_update(of=("self",)).select_related("case__stream", "share").first()
    if export is None:
        raise ClaimLost
    return export


@transaction.atomic
def finish_export(
    *, claim: Claim, at: datetime, content: Content, stored: storage.Stored, pages: int
) -> Export:
    """The file is there: its digest, size and pages go into the row and into the record. Raises ClaimLost."""
    export = _locked(claim)
    move_or_refuse(export, ExportStatus.READY)
    export.step = ExportStep.DONE
    export.as_of, export.finished_at, export.claimed_until = content.as_of, at, None
    export.sha256, export.size, export.pages = stored.sha256, stored.size, pages
    export.orders = [*content.orders]
    export.save(
        update_fields=[
            "status", "step", "as_of", "finished_at", "claimed_until", "sha256", "size", "pages",
            "orders",
        ]
    )  # fmt: skip
    _write(
        export,
        action="export.ready",
        at=at,
        details={
            "as_of": event_value(content.as_of),
            "sha256": stored.sha256,
            "size": stored.size,
            "pages": pages,
            "format": f"{content.facts['format']}/{content.facts['version']}",
        },
    )
    return export


@transaction.atomic
def fail_export(*, claim: Claim, at: datetime, reason: str | Promise) -> Export:
    """No file came of it. Raises ClaimLost."""
    export = _locked(claim)
    _fail(export, at=at, reason=reason)
    return export


def _fail(export: Export, *, at: datetime, reason: str | Promise) -> None:
    move_or_refuse(export, ExportStatus.FAILED)
    export.failure, export.finished_at, export.claimed_until = str(reason)[:300], at, None
    export.save(update_fields=["status", "failure", "finished_at", "claimed_until"])
    _write(export, action="export.failed", at=at, details={"reason": export.failure})


def _write(export: Export, *, action: str, at: datetime, details: dict[str, object]) -> None:
    """An event of the worker's: nobody acts, the system does what was asked for."""
    kind, number = _object(export)
    record(
        stream_id=export.case.stream_id,
        stream_uuid=export.case.stream.uuid,
        action=action,
        actor=None,
        occurred_at=at,
        object_kind=kind,
        object_number=number,
        details={"export": export.reference, **details},
    )


# ── Taking ────────────────────────────────────────────────────────────────────────────────────────────────


@transaction.atomic
def note_download(*, grant: Grant | MatterGrant, export: Export, at: datetime) -> Export:
    """Record that somebody takes the finished file; returns its row, whose digest names the bytes.

    Raises NotFound where the file is not of this case or matter, or the share has ended; ActionError where it is not
    there.
    """
    if isinstance(grant, MatterGrant):
        if grant.permission not in MAY_TAKE_MATTER:
            grant.require(Permission.MATTER_EXPORT)
        if export.share_id != grant.share.pk:
            raise NotFound
        if not live_shares(grant.user, at).filter(pk=grant.share.pk).exists():
            raise NotFound
    else:
        if grant.permission not in MAY_TAKE:
            grant.require(Permission.EXPORT)
        if export.case_id != grant.case.pk:
            raise NotFound
    if export.status != ExportStatus.READY:
        raise ActionError(_("This file is not ready."))
    kind, number = _object(export)
    write_event(
        grant,
        action="export.downloaded",
        at=at,
        kind=kind,
        number=number,
        details={"export": export.reference, "sha256": export.sha256},
    )
    return export
