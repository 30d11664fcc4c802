"""How long the record of a case is kept, legal holds, and the classes themselves. Nothing here deletes anything."""

import re
from collections.abc import Sequence
from datetime import UTC, date, datetime

from django.db import connection, transaction
from django.utils.translation import gettext_lazy as _

from cases.access import Grant, require_global
from cases.actions.base import ActionError, NoSuchItem, WrongMove, lock_case, next_number, write_event
from cases.audit.record import record_system
from cases.models import Afterwards, CaseRetention, CountsFrom, LegalHold, RetentionClass
from cases.models.retention import ensured_retention
from cases.people.models import User
from cases.permissions import GlobalPermission, Permission
from cases.queries.retention import may_go_on
from cases.status import CaseStatus

LEAVE = GlobalPermission.RULES
LONGEST_YEARS = 99
_KEY = re.compile(r"[a-z][a-z0-9_]{1,29}", re.ASCII)
_WORD = re.compile(r"always|(instrument|typology):[a-z0-9_]{1,40}", re.ASCII)


def write_retention(
    grant: Grant,
    *,
    at: datetime,
    key: str,
    counted_from: date | None,
    counted_because: str = "",
    reason: str = "",
) -> dict[str, object]:
    """Set the class of a locked case and the day from which it counts; returns what the event says of it.

    Part of another action, which writes the event. Raises ActionError beside `retention` or `counted_from`.
    """
    chosen = ensured_retention(key) if key else None
    if chosen is None or chosen.is_retired:
        raise ActionError(_("Choose how long the record is kept."), field="retention")
    if counted_from is None:
        raise ActionError(_("Give the day from which the years count."), field="counted_from")
    if not 1970 <= counted_from.year <= 2199:
        raise ActionError(_("Give a year from 1970 to 2199."), field="counted_from")
    if counted_from > at.astimezone(UTC).date():
        raise ActionError(_("The years count from a day that has come."), field="counted_from")
    row = CaseRetention.objects.create(
        case=grant.case,
        number=next_number(CaseRetention, grant.case),
        retention_class=chosen,
        counted_from=counted_from,
        counted_because=counted_because.strip(),
        may_go_on=may_go_on(counted_from, chosen.years),
        reason=reason.strip(),
        set_at=at,
        set_by=grant.user,
    )
    return {
        "key": chosen.key,
        "version": chosen.version,
        "label": chosen.label,
        "source": chosen.source,
        "counted_from": counted_from.isoformat(),
        "counted_because": row.counted_because,
        "may_go_on": row.may_go_on.isoformat(),
    }


@transaction.atomic
def set_retention(
    *,
    grant: Grant,
    at: datetime,
    retention: str,
    counted_from: date | None,
    counted_because: str = "",
    reason: str,
) -> CaseRetention:
    """Set another class or another day for a closed case. What was set before stays on record."""
    grant.require(Permission.RETENTION)
    case = lock_case(grant, at=at)
    if case.status != CaseStatus.CLOSED:
        raise WrongMove(_("How long the record is kept is set when the case is closed."))
    if not reason.strip():
        raise ActionError(_("Give the reason."), field="reason")
    kept = write_retention(
        grant,
        at=at,
        key=retention,
        counted_from=counted_from,
        counted_because=counted_because,
        reason=reason,
    )
    row = CaseRetention.objects.select_related("retention_class", "set_by").filter(case=case).latest("number")
    write_event(grant, action="retention.set", at=at, details={"retention": kept, "reason": reason.strip()})
    return row


@transaction.atomic
def place_hold(*, grant: Grant, at: datetime, reason: str) -> LegalHold:
    """Hold the record of the case, whatever its class says, until the hold is lifted. Open cases take one too."""
    grant.require(Permission.RETENTION)
    case = lock_case(grant, at=at)
    if not reason.strip():
        raise ActionError(_("Say why the record must be kept."), field="reason")
    hold = LegalHold.objects.create(
        case=case,
        number=next_number(LegalHold, case),
        reason=reason.strip(),
        placed_at=at,
        placed_by=grant.user,
    )
    write_event(
        grant, action="hold.placed", at=at, kind="hold", number=hold.number, details={"reason": hold.reason}
    )
    return hold


@transaction.atomic
def lift_hold(*, grant: Grant, at: datetime, number: int, reason: str) -> LegalHold:
    """End one hold. The record may go on its day only when no other lives."""
    grant.require(Permission.RETENTION)
    case = lock_case(grant, at=at)
    hold = LegalHold.objects.select_related("placed_by").filter(case=case, number=number).first()
    if hold is None:
        raise NoSuchItem(_("This case has no such hold."))
    if hold.lifted_at is not None:
        raise WrongMove(_("This hold was lifted already."))
    if not reason.strip():
        raise ActionError(_("Give the reason."), field="reason")
    hold.lifted_at, hold.lifted_by, hold.lifted_because = at, grant.user, reason.strip()
    hold.save(update_fields=["lifted_at", "lifted_by", "lifted_because"])
    write_event(
        grant,
        action="hold.lifted",
        at=at,
        kind="hold",
        number=number,
        details={"held_for": hold.reason, "reason": hold.lifted_because},
    )
    return hold


@transaction.atomic
def change_retention_class(
    *,
    by: User,
    at: datetime,
    key: str,
    label: str,
    years: int,
    counts_from: str,
    afterwards: str,
    source: str,
    reason: str,
    suggested_for: Sequence[str] = (),
    is_retired: bool = False,
) -> RetentionClass:
    """Write the next version of a class, or the first of one that was not known. The newest counts for what is set next."""
    require_global(by, LEAVE)
    if not _KEY.fullmatch(key):
        raise ActionError(
            _("A key has 2 to 30 small letters, digits and underscores, and begins with a letter."),
            field="key",
        )
    for field, value in {"label": label, "source": source, "reason": reason}.items():
        if not value.strip():
            raise ActionError(_("This is needed."), field=field)
    if not 1 <= years <= LONGEST_YEARS:
        raise ActionError(_("Give 1 to 99 calendar years."), field="years")
    if counts_from not in CountsFrom.values:
        raise ActionError(_("Say what the years count from."), field="counts_from")
    if afterwards not in Afterwards.values:
        raise ActionError(_("Say what follows afterwards."), field="afterwards")
    if not all(_WORD.fullmatch(word) for word in suggested_for):
        raise ActionError(
            _("Each line is “always”, “instrument:KEY” or “typology:KEY”."), field="suggested_for"
        )
    with connection.cursor() as cursor:
        # One at a time per key, whether or not it has a row to lock.
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", [f"retention:{key}"])
    before = ensured_retention(key)
    after = RetentionClass(
        key=key,
        version=1 if before is None else before.version + 1,
        label=label.strip(),
        years=years,
        counts_from=counts_from,
        afterwards=afterwards,
        source=source.strip(),
        suggested_for=list(dict.fromkeys(suggested_for)),
        is_retired=is_retired,
        reason=reason.strip(),
        changed_at=at,
        changed_by=by,
    )
    changes = {
        field: [None if before is None else getattr(before, field), getattr(after, field)]
        for field in COMPARED
        if before is None or getattr(before, field) != getattr(after, field)
    }
    if not changes:
        raise ActionError(_("Nothing was changed."))
    after.save(force_insert=True)
    record_system(
        action="retention_class.changed",
        actor=by,
        occurred_at=at,
        details={
            "key": key,
            "label": after.label,
            "version": after.version,
            "changes": changes,
            "reason": after.reason,
        },
    )
    return after


COMPARED = ("label", "years", "counts_from", "afterwards", "source", "suggested_for", "is_retired")
