"""Clocks: computed for a duty by a rule, and the rules and closures that they are computed by."""

import re
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from django.db import connection, transaction
from django.utils.translation import gettext_lazy as _

from cases.access import Grant, require_global
from cases.actions.base import (
    ActionError,
    NoSuchItem,
    change_fields,
    event_value,
    lock_open_case,
    write_event,
)
from cases.audit.record import record_system
from cases.deadlines import CALENDARS, Computed, RuleError, calendar_of, compute, rule_from
from cases.deadlines.rules import as_data
from cases.models import Clock, ClockRule, Closure, Obligation
from cases.models.clocks import closures_of, ensured_rule
from cases.people.models import User
from cases.permissions import GlobalPermission, Permission
from cases.status import OBLIGATION_FINAL

LEAVE = GlobalPermission.RULES
_KEY = re.compile(r"[a-z][a-z0-9_]{1,39}", re.ASCII)


# ── A duty's clock ────────────────────────────────────────────────────────────────────────────────────────


def counted(
    *, rule_key: str, trigger_at: datetime, calendar: str = "", field: str = "rule"
) -> tuple[ClockRule, str, Computed]:
    """Compute, store nothing but the rule's first row: the rule, the calendar that counted, the result.

    Without a `calendar` the rule's usual one counts. Raises ActionError beside `field`.
    """
    row = ensured_rule(rule_key)
    if row is None or row.is_retired:
        raise ActionError(_("There is no such clock rule."), field=field)
    chosen = calendar or row.rule.calendars[0]
    if chosen not in row.rule.calendars:
        raise ActionError(_("This rule is not counted by this calendar."), field="calendar")
    try:
        return row, chosen, compute(row.rule, trigger_at, calendar_of(chosen, closures_of(chosen)))
    except RuleError as error:
        raise ActionError(error.message, field="trigger_at") from error


def write_clock(
    *,
    obligation: Obligation,
    row: ClockRule,
    calendar: str,
    computed: Computed,
    trigger_at: datetime,
    at: datetime,
    by: User,
    reason: str = "",
) -> Clock:
    """Keep how a duty's due moment was computed, in the caller's transaction. The duty's own column is the caller's."""
    return Clock.objects.create(
        obligation=obligation,
        rule=row,
        trigger_at=trigger_at,
        calendar=calendar,
        calendar_version=computed.calendar,
        due_at=computed.due_at,
        steps=[step.as_data() for step in computed.steps],
        reason=reason.strip(),
        computed_at=at,
        computed_by=by,
    )


def clock_details(clock: Clock) -> dict[str, object]:
    """A clock as an event states it."""
    return {
        "rule": clock.rule.key,
        "rule_version": clock.rule.version,
        "calendar": clock.calendar_version,
        "trigger_at": event_value(clock.trigger_at),
        "due_at": event_value(clock.due_at),
    }


@transaction.atomic
def set_clock(
    *,
    grant: Grant,
    at: datetime,
    number: int,
    rule: str,
    trigger_at: datetime,
    calendar: str = "",
    reason: str,
) -> Clock:
    """Compute the due moment of a duty that has not ended, for the first time or again; the event holds both dates."""
    grant.require(Permission.ORDERS)
    case = lock_open_case(grant, at=at)
    obligation = Obligation.objects.of(case).select_for_update(of=("self",)).filter(number=number).first()
    if obligation is None:
        raise NoSuchItem(_("The case has no such duty."))
    if obligation.status in OBLIGATION_FINAL:
        raise ActionError(_("The duty has ended."))
    if not reason.strip():
        raise ActionError(_("Say why it is computed."), field="reason")
    if trigger_at > at:
        raise ActionError(_("This lies in the future."), field="trigger_at")
    row, chosen, computed = counted(rule_key=rule, trigger_at=trigger_at, calendar=calendar)
    clock = write_clock(
        obligation=obligation,
        row=row,
        calendar=chosen,
        computed=computed,
        trigger_at=trigger_at,
        at=at,
        by=grant.user,
        reason=reason,
    )
    changed = change_fields(obligation, {"due_at": computed.due_at})
    obligation.due_set_at = at
    obligation.save(update_fields=["due_set_at"])
    write_event(
        grant,
        action="obligation.clock_set",
        at=at,
        kind="obligation",
        number=number,
        details={**clock_details(clock), "changes": changed, "reason": reason.strip()},
    )
    return clock


# ── Rules ─────────────────────────────────────────────────────────────────────────────────────────────────


@transaction.atomic
def add_rule(*, by: User, at: datetime, key: str, **facts: Any) -> ClockRule:
    """Write the first version of a rule that was not known; `facts` as `change_rule` takes them."""
    require_global(by, LEAVE)
    if ensured_rule(key) is not None:
        raise ActionError(_("There is a rule with this key already: change it."), field="key")
    return change_rule(by=by, at=at, key=key, **facts)


@transaction.atomic
def change_rule(
    *, by: User, at: datetime, key: str, data: Mapping[str, Any], reason: str, is_retired: bool = False
) -> ClockRule:
    """Write the next version of a rule, or the first of one that was not known. The newest counts; clocks that were
    computed keep theirs. `data`: the parts of a `cases.deadlines.Rule`, but for its key.
    """
    require_global(by, LEAVE)
    # `add` and `closures` are addresses of pages.
    if not _KEY.fullmatch(key) or key in {"add", "closures", "try"}:
        raise ActionError(
            _("A key has 2 to 40 small letters, digits and underscores, and begins with a letter."),
            field="key",
        )
    if not reason.strip():
        raise ActionError(_("This is needed."), field="reason")
    try:
        wanted = as_data(rule_from({**data, "key": key}))
    except RuleError as error:
        raise ActionError(error.message, field=error.field) from error
    with connection.cursor() as cursor:
        # One at a time per key, whether or not it has a row to lock.
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", [f"clock rule:{key}"])
    before = ensured_rule(key)
    old = {} if before is None else as_data(before.rule)
    changes: dict[str, object] = {
        name: [old.get(name), wanted.get(name)]
        for name in {**old, **wanted}
        if name != "key" and old.get(name) != wanted.get(name)
    }
    if before is not None and before.is_retired != is_retired:
        changes["is_retired"] = [before.is_retired, is_retired]
    if before is not None and not changes:
        raise ActionError(_("Nothing was changed."))
    after = ClockRule(
        key=key,
        version=1 if before is None else before.version + 1,
        data=wanted,
        is_retired=is_retired,
        reason=reason.strip(),
        changed_at=at,
        changed_by=by,
    )
    after.save(force_insert=True)
    record_system(
        action="clock_rule.changed",
        actor=by,
        occurred_at=at,
        details={
            "key": key,
            "label": after.rule.label,
            "version": after.version,
            "changes": changes,
            "reason": after.reason,
        },
    )
    return after


# ── Closures ──────────────────────────────────────────────────────────────────────────────────────────────


@transaction.atomic
def add_closure(*, by: User, at: datetime, calendar: str, day: date, why: str) -> Closure:
    """From now on this day is closed in this calendar. Clocks that were computed stay until somebody computes them again."""
    require_global(by, LEAVE)
    if calendar not in CALENDARS or not CALENDARS[calendar].weekends:
        raise ActionError(_("Choose the calendar."), field="calendar")
    if not why.strip():
        raise ActionError(_("Say why it is closed, with the source."), field="why")
    reason = calendar_of(calendar).closed(day)
    if reason:
        raise ActionError(_("This day is closed already: %(why)s.") % {"why": reason}, field="day")
    _lock_closures(calendar)
    if Closure.objects.filter(calendar=calendar, day=day, removed_at__isnull=True).exists():
        raise ActionError(_("This day is closed already."), field="day")
    row = Closure.objects.create(calendar=calendar, day=day, why=why.strip(), added_at=at, added_by=by)
    _write_closure(row, action="closure.added", by=by, at=at)
    return row


@transaction.atomic
def remove_closure(*, by: User, at: datetime, calendar: str, day: date) -> Closure:
    """Take a closure back; that it counted until now stays on record."""
    require_global(by, LEAVE)
    live = Closure.objects.select_for_update().filter(removed_at__isnull=True)
    row = live.filter(calendar=calendar, day=day).first()
    if row is None:
        raise NoSuchItem(_("There is no such closure."))
    row.removed_at, row.removed_by = at, by
    row.save(update_fields=["removed_at", "removed_by"])
    _write_closure(row, action="closure.removed", by=by, at=at)
    return row


def _lock_closures(calendar: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", [f"closures:{calendar}"])


def _write_closure(row: Closure, *, action: str, by: User, at: datetime) -> None:
    record_system(
        action=action,
        actor=by,
        occurred_at=at,
        details={"calendar": row.calendar, "day": row.day.isoformat(), "why": row.why},
    )
