"""Checkpoints made and sent on their way. What leaves the system is read by whoever it is meant to hold to account."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from django.db import transaction

from cases.audit.models import Checkpoint, Publication, Target
from cases.audit.tree.checkpoints import TreeBroken, make_checkpoint, newest
from cases.audit.tree.keys import NoSigningKey
from cases.audit.tree.sequencer import lay_leaves
from cases.publishing import NotPublished, configured, publish

log = structlog.get_logger(__name__)
# At least each minute when something is new: the beat asks every 20 seconds.
EVERY = timedelta(seconds=40)
FIRST_WAIT = timedelta(seconds=10)
LONGEST_WAIT = timedelta(hours=1)
MAIL_EVERY = timedelta(days=1)
LEASE = timedelta(minutes=2)


def checkpoint_now(*, at: datetime) -> Checkpoint | None:
    """The record as it stands, signed; as the exports and bundles ask for. Raises NoSigningKey, TreeBroken."""
    return make_checkpoint(at=at, targets=configured())


def checkpoint_when_due(*, at: datetime) -> Checkpoint | None:
    """Lay what is pending and sign it where the last checkpoint is old enough; None where nothing was signed.

    A key that is missing stops no casework: it is told in the log and on the page of the record.
    """
    while lay_leaves():
        pass
    last = newest()
    if last is not None and at - last.made_at < EVERY:
        return None
    targets = [target for target in configured() if target != Target.MAIL or _mail_is_due(at)]
    try:
        made = make_checkpoint(at=at, targets=targets)
    except (NoSigningKey, TreeBroken) as error:
        log.error("checkpoint_not_signed", reason=str(error))
        return None
    return made if made is not None and (last is None or made.pk != last.pk) else None


def _mail_is_due(at: datetime) -> bool:
    """A mail a day; an export's checkpoint is mailed besides."""
    return not Publication.objects.filter(
        target=Target.MAIL, checkpoint__made_at__gt=at - MAIL_EVERY
    ).exists()


@dataclass(frozen=True, slots=True)
class _Claim:
    publication: Publication
    attempt: int


def publish_due(*, now: Callable[[], datetime], limit: int = 20) -> int:
    """Send what is due, the newest first; an older one of the same target goes unsent once a newer one went."""
    done = 0
    for _turn in range(limit):
        claim = _claim(at=now())
        if claim is None:
            break
        try:
            answer = publish(claim.publication.target, claim.publication.checkpoint)
        except NotPublished as error:
            _failed(claim, at=now(), why=str(error))
            continue
        _done(claim, at=now(), answer=answer)
        done += 1
    return done


@transaction.atomic
def _claim(*, at: datetime) -> _Claim | None:
    row = (
        Publication.objects.select_for_update(skip_locked=True, of=("self",))
        .select_related("checkpoint")
        .filter(next_at__lte=at)
        .order_by("-checkpoint__size", "-pk")
        .first()
    )
    if row is None:
        return None
    row.attempts += 1
    row.next_at = at + LEASE
    row.save(update_fields=["attempts", "next_at"])
    return _Claim(row, row.attempts)


@transaction.atomic
def _failed(claim: _Claim, *, at: datetime, why: str) -> None:
    wait = min(FIRST_WAIT * (1 << min(claim.attempt - 1, 12)), LONGEST_WAIT)
    Publication.objects.filter(pk=claim.publication.pk, done_at=None).update(
        next_at=at + wait, last_error=why[:300]
    )


@transaction.atomic
def _done(claim: _Claim, *, at: datetime, answer: bytes) -> None:
    row = claim.publication
    Publication.objects.filter(pk=row.pk).update(next_at=None, done_at=at, last_error="", answer=answer)
    # A newer checkpoint holds everything that an older one does.
    Publication.objects.filter(
        target=row.target, done_at=None, checkpoint__size__lte=row.checkpoint.size
    ).update(next_at=None)
