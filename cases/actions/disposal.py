"""Disposal after retention, by four eyes: one asks, somebody else agrees, and the key of the case is destroyed.

What was sealed under that key cannot be read again from this database; the chain of the case still
verifies, since its events hold commitments alone. Stored files that no other case names are discarded.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from cases import outbox, storage
from cases.access import Grant
from cases.actions.base import ActionError, NoSuchItem, WrongMove, lock_case, next_number, write_event
from cases.actions.wallets import forget_wallets
from cases.audit.models import Stream
from cases.audit.record import record_system, system_stream
from cases.models import Case, CaseRetention, Disposal, FileCheck, ParticularIndex
from cases.permissions import Permission
from cases.queries.disposal import files_of, hindrance_of
from cases.sealing.envelope import destroy, forget

# For so long the files of a disposed case are looked for, round by round.
LOOKED_FOR: Final = timedelta(days=30)


@transaction.atomic
def ask_disposal(*, grant: Grant, at: datetime, words: str) -> Disposal:
    """Ask that the record of a case goes whose retention is over and that nobody holds. Somebody else decides."""
    grant.require(Permission.RETENTION)
    case = lock_case(grant, at=at)
    _refuse_while_hindered(case, at=at)
    if Disposal.objects.filter(case=case, decided_at__isnull=True).exists():
        raise WrongMove(_("The disposal was asked for already."))
    if not words.strip():
        raise ActionError(_("Say why the record may go."), field="words")
    row = Disposal.objects.create(
        case=case,
        number=next_number(Disposal, case),
        words=words.strip(),
        asked_at=at,
        asked_by=grant.user,
    )
    write_event(
        grant,
        action="disposal.asked",
        at=at,
        kind="disposal",
        number=row.number,
        details={"reason": row.words},
    )
    return row


@transaction.atomic
def decide_disposal(
    *, grant: Grant, at: datetime, agrees: bool, reason: str = "", reference: str = ""
) -> Disposal:
    """Agree to a disposal that somebody else asked for, or refuse it; who asked takes it back by refusing it.

    Who agrees types the reference of the case. Nothing brings back what goes then.
    """
    grant.require(Permission.RETENTION)
    case = lock_case(grant, at=at)
    row = (
        Disposal.objects.select_for_update(of=("self",))
        .select_related("asked_by")
        .filter(case=case, decided_at__isnull=True)
        .first()
    )
    if row is None:
        raise NoSuchItem(_("No disposal of this case is asked for."))
    row.decided_at, row.decided_by, row.agreed, row.reason = at, grant.user, agrees, reason.strip()
    if not agrees:
        if not row.reason:
            raise ActionError(_("Give the reason."), field="reason")
        row.save(update_fields=["decided_at", "decided_by", "agreed", "reason"])
        write_event(
            grant,
            action="disposal.refused",
            at=at,
            kind="disposal",
            number=row.number,
            details={"reason": row.reason},
        )
        return row
    if row.asked_by_id == grant.user.pk:
        raise WrongMove(_("You asked for the disposal. Somebody else must decide on it."))
    _refuse_while_hindered(case, at=at)
    if reference.strip().upper() != case.reference:
        raise ActionError(_("Type the reference of the case to confirm."), field="reference")
    return _dispose(grant, case, row, at=at)


def _dispose(grant: Grant, case: Case, row: Disposal, *, at: datetime) -> Disposal:
    digests = files_of(case)
    kept = CaseRetention.objects.select_related("retention_class").filter(case=case).latest("number")
    head = Stream.objects.select_for_update().get(pk=case.stream_id)
    row.head_sequence, row.head_hash = head.length, bytes(head.head_hash).hex()
    row.save(
        update_fields=[
            "decided_at",
            "decided_by",
            "agreed",
            "reason",
            "head_sequence",
            "head_hash",
        ]
    )
    case.disposed_at = at
    case.save(update_fields=["disposed_at"])
    ParticularIndex.objects.filter(particular__case=case).delete()
    forget_wallets(case, at=at)
    FileCheck.objects.filter(sha256__in=digests).delete()
    outbox.put(task="cases.discard_files", at=at)
    said: dict[str, object] = {
        "reference": case.reference,
        "events": row.head_sequence,
        "head": row.head_hash,
        "retention": {
            "key": kept.retention_class.key,
            "version": kept.retention_class.version,
            "label": kept.retention_class.label,
            "may_go_on": kept.may_go_on.isoformat(),
        },
        "asked_by": {"id": str(row.asked_by.public_id), "name": row.asked_by.name},
        "reason": row.words,
    }

    def tell_case() -> None:
        write_event(grant, action="disposal.agreed", at=at, kind="disposal", number=row.number, details=said)

    def tell_installation() -> None:
        record_system(
            action="case.disposed",
            actor=grant.user,
            occurred_at=at,
            details={**said, "case_key": "destroyed"},
        )

    # Events of several streams are written in the order of the streams, so that two transactions never wait for each other.
    in_order = sorted(
        [(case.stream_id, tell_case), (system_stream().pk, tell_installation)], key=lambda one: one[0]
    )
    for _stream, tell in in_order:
        tell()
    scope = case.stream.uuid
    destroy(scope, at=at)
    forget(scope)
    # Once more: somebody in this process may have read it meanwhile.
    transaction.on_commit(lambda: forget(scope))
    return row


def discard_files(*, now: Callable[[], datetime]) -> int:
    """Discard the stored files of cases that were disposed of of late, which no other case names; returns how many went.

    Safe to run again: what is too fresh to be discarded goes in a later round.
    """
    at = now()
    cases = Case.objects.filter(disposed_at__gte=at - LOOKED_FOR)
    return sum(storage.discard(sha256, at=at) for case in cases for sha256 in files_of(case))


def _refuse_while_hindered(case: Case, *, at: datetime) -> None:
    hindrance = hindrance_of(case, at=at)
    if hindrance:
        raise WrongMove(_("The record may not go now: %(why)s") % {"why": hindrance})
