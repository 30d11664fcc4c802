"""The chain of custody: every step with the digest before it and the one that the store held when it was written."""

from datetime import datetime
from typing import Final

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from cases.access import Grant
from cases.actions.base import ActionError, NoSuchItem, event_value, lock_case, write_event
from cases.models import Case, CustodyKind, CustodyStep, Exhibit, ScanState
from cases.permissions import Permission

# Steps that a person states; a receipt and a copy are written where they happen.
STATED: Final = (CustodyKind.HANDED_OVER, CustodyKind.RETURNED, CustodyKind.EXAMINED)


def exhibit_in(case: Case, number: int) -> Exhibit:
    """An exhibit that the person may know. Raises NoSuchItem."""
    found = Exhibit.objects.of(case).select_related("order").filter(number=number).first()
    if found is None:
        raise NoSuchItem(_("The case has no such exhibit."))
    return found


@transaction.atomic
def hand_over(
    *,
    grant: Grant,
    at: datetime,
    number: int,
    kind: str,
    happened_at: datetime,
    found: str,
    other_person: str = "",
    other_organisation: str = "",
    how: str = "",
    why: str = "",
) -> CustodyStep:
    """Record that an exhibit was handed over, returned or examined. A closed case still takes such steps.

    `found`: the SHA-256 of what the file store holds at this moment, which the caller took just now. Where it is not
    the exhibit's own the step is refused: what is damaged is nobody's to hand over.
    """
    grant.require(Permission.EVIDENCE)
    case = lock_case(grant, at=at)
    exhibit = exhibit_in(case, number)
    Exhibit.objects.select_for_update(no_key=True).get(pk=exhibit.pk)
    if kind not in STATED:
        raise ActionError(_("Choose what happened."), field="kind")
    if found != exhibit.sha256:
        raise ActionError(
            _("The stored file no longer has the digest under which it was stored. It is not handed out.")
        )
    last = exhibit.custody.latest("position")
    if happened_at > at:
        raise ActionError(_("This lies in the future."), field="happened_at")
    if happened_at < exhibit.received_at:
        raise ActionError(_("The exhibit was not here yet."), field="happened_at")
    if kind != CustodyKind.EXAMINED and not other_person.strip():
        raise ActionError(_("Say to whom or from whom."), field="other_person")
    if kind != CustodyKind.EXAMINED and not how.strip():
        raise ActionError(_("Say how."), field="how")
    if not why.strip():
        raise ActionError(_("Say why."), field="why")
    step = CustodyStep.objects.create(
        case=case,
        exhibit=exhibit,
        position=last.position + 1,
        kind=kind,
        happened_at=happened_at,
        by=grant.user,
        other_person=other_person,
        other_organisation=other_organisation,
        how=how,
        why=why,
        sha256_before=last.sha256_after,
        sha256_after=found,
    )
    write_event(
        grant,
        action="exhibit.custody_recorded",
        at=at,
        kind="exhibit",
        number=number,
        details={
            "step": step.position,
            "kind": step.kind,
            "happened_at": event_value(step.happened_at),
            "other_person": step.other_person,
            "other_organisation": step.other_organisation,
            "how": step.how,
            "why": step.why,
            "sha256_before": step.sha256_before,
            "sha256_after": step.sha256_after,
        },
    )
    return step


@transaction.atomic
def note_exhibit_taken(*, grant: Grant, at: datetime, number: int, found: str, why: str = "") -> Exhibit:
    """Record that somebody takes a copy of an exhibit; before its first byte leaves. Returns the exhibit.

    A file in which malware was found is handed out for a stated reason only.
    """
    if grant.permission is not Permission.EVIDENCE:
        grant.require(Permission.READ)
    case = grant.case
    exhibit = exhibit_in(case, number)
    # Copies are numbered one after the other; the case itself stays as it is.
    Exhibit.objects.select_for_update(no_key=True).get(pk=exhibit.pk)
    if found != exhibit.sha256:
        raise ActionError(
            _("The stored file no longer has the digest under which it was stored. It is not handed out.")
        )
    if exhibit.scan == ScanState.INFECTED and not grant.may(Permission.EVIDENCE):
        raise ActionError(
            _("Malware was found in this file. Ask somebody who keeps the exhibits for a copy.")
        )
    if exhibit.scan == ScanState.INFECTED and not why.strip():
        raise ActionError(_("Malware was found in this file. Say why you need it."), field="why")
    last = exhibit.custody.latest("position")
    CustodyStep.objects.create(
        case=case,
        exhibit=exhibit,
        position=last.position + 1,
        kind=CustodyKind.COPIED,
        happened_at=at,
        by=grant.user,
        how=str(_("Downloaded"))[:300],
        why=why,
        sha256_before=last.sha256_after,
        sha256_after=found,
    )
    write_event(
        grant,
        action="exhibit.downloaded",
        at=at,
        kind="exhibit",
        number=number,
        details={"step": last.position + 1, "sha256": exhibit.sha256, "why": why},
    )
    return exhibit
