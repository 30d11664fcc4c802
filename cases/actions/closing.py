"""Closing a case by four eyes: one asks, somebody else closes it or refuses."""

from datetime import date, datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from cases.access import Grant
from cases.actions.base import ActionError, WrongMove, lock_case, move_or_refuse, require_status, write_event
from cases.actions.retention import write_retention
from cases.actions.wallets import unwatch_wallets
from cases.models import Case
from cases.permissions import Permission
from cases.queries import closing as queries
from cases.status import CaseStatus, Disposition


@transaction.atomic
def ask_closing(*, grant: Grant, at: datetime, disposition: str, words: str) -> Case:
    """Ask for the closing and say how the case ends. Refused while anything in it is held, owed, unread or to be done."""
    grant.require(Permission.MOVE)
    case = lock_case(grant, at=at)
    source, target = move_or_refuse(case, CaseStatus.CLOSING)
    if disposition not in Disposition.values:
        raise ActionError(_("Say how the case ends: choose a disposition."), field="disposition")
    if not words.strip():
        raise ActionError(_("Say why the case can be closed."), field="words")
    refuse_while_hindered(grant)
    case.closing_asked_at, case.closing_asked_by = at, grant.user
    case.closing_disposition, case.closing_words = disposition, words.strip()
    case.save(
        update_fields=[
            "status",
            "closing_asked_at",
            "closing_asked_by",
            "closing_disposition",
            "closing_words",
        ]
    )
    write_event(
        grant,
        action="case.closing_asked",
        at=at,
        details={"from": source, "to": target, "disposition": disposition, "reason": words.strip()},
    )
    return case


@transaction.atomic
def decide_closing(
    *,
    grant: Grant,
    at: datetime,
    agrees: bool,
    reason: str = "",
    retention: str = "",
    counted_from: date | None = None,
    counted_because: str = "",
) -> Case:
    """Close the case that somebody else asked to close, or refuse with the reason; who closes sets the retention.

    A closed case has its wallets looked at seldom or never: each look tells a chain's operator whom one investigates.
    """
    grant.require(Permission.CLOSE)
    case = lock_case(grant, at=at)
    require_status(case, CaseStatus.CLOSING)
    if case.closing_asked_by_id == grant.user.pk:
        raise WrongMove(_("You asked for the closing. Somebody else must decide on it."))
    if not agrees:
        return _taken_back(grant, case, at=at, action="case.closing_refused", reason=reason)
    # A case that was moved there before closings were asked for by a person goes back and is asked for again.
    if case.closing_asked_by_id is None:
        raise WrongMove(_("Nobody asked for this closing: refuse it, and have it asked for again."))
    refuse_while_hindered(grant)
    source, target = move_or_refuse(case, CaseStatus.CLOSED)
    case.disposition, case.closed_at, case.closed_by = case.closing_disposition, at, grant.user
    unwatch_wallets(case, at=at)
    case.save(update_fields=["status", "disposition", "closed_at", "closed_by"])
    kept = write_retention(
        grant, at=at, key=retention, counted_from=counted_from, counted_because=counted_because
    )
    write_event(
        grant,
        action="case.closed",
        at=at,
        details={
            "from": source,
            "to": target,
            "disposition": case.disposition,
            "reason": reason.strip(),
            "retention": kept,
        },
    )
    return case


@transaction.atomic
def withdraw_closing(*, grant: Grant, at: datetime, reason: str) -> Case:
    """Take back one's own asking."""
    grant.require(Permission.MOVE)
    case = lock_case(grant, at=at)
    require_status(case, CaseStatus.CLOSING)
    if case.closing_asked_by_id != grant.user.pk:
        raise WrongMove(_("Somebody else asked for the closing. Only she takes it back."))
    return _taken_back(grant, case, at=at, action="case.closing_withdrawn", reason=reason)


def _taken_back(grant: Grant, case: Case, *, at: datetime, action: str, reason: str) -> Case:
    if not reason.strip():
        raise ActionError(_("Give the reason."), field="reason")
    source, target = move_or_refuse(case, CaseStatus.UNDER_INVESTIGATION)
    clear_closing(case)
    case.save(update_fields=["status", *CLOSING_FIELDS])
    write_event(grant, action=action, at=at, details={"from": source, "to": target, "reason": reason.strip()})
    return case


CLOSING_FIELDS = ("closing_asked_at", "closing_asked_by", "closing_disposition", "closing_words")


def clear_closing(case: Case) -> None:
    """Nothing is asked for any more; what was asked, and by whom, stands in the record."""
    case.closing_asked_at, case.closing_asked_by = None, None
    case.closing_disposition, case.closing_words = "", ""


def refuse_while_hindered(grant: Grant) -> None:
    """Raises ActionError with what stands in the way, as far as the person may know it."""
    hindrances = queries.of_case(grant)
    if hindrances:
        raise ActionError(
            _("The case cannot be closed yet: %(hindrances)s.") % {"hindrances": hindrances.in_words()}
        )
