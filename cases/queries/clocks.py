"""Clock rules as they count now and every version that ever did, the closures, and the clocks of a duty."""

from dataclasses import dataclass
from datetime import date, datetime

from cases.access import NotFound
from cases.deadlines import CALENDARS, CalendarKind, Computed, calendar_of, compute
from cases.models import Clock, ClockRule, Closure, Obligation
from cases.models.clocks import closures_of, newest_rules, shipped_row

SHOWN = 200


def rules(*, retired: bool = True) -> list[ClockRule]:
    """The newest version of each, the shipped ones first. One query."""
    return [row for row in newest_rules().values() if retired or not row.is_retired]


def rule_of(key: str) -> ClockRule:
    """The newest version of one. Raises NotFound."""
    found = ClockRule.objects.filter(key=key).order_by("-version").select_related("changed_by").first()
    found = found or shipped_row(key)
    if found is None:
        raise NotFound
    return found


def versions_of(key: str) -> list[ClockRule]:
    """Every version, the newest first."""
    rows = ClockRule.objects.filter(key=key).select_related("changed_by").order_by("-version")
    first = shipped_row(key)
    return list(rows) or ([first] if first is not None else [])


@dataclass(frozen=True, slots=True)
class ClosureRow:
    closure: Closure
    calendar: CalendarKind


def closures() -> list[ClosureRow]:
    """The closures that count, and those that were taken back, the latest day first."""
    rows = Closure.objects.select_related("added_by", "removed_by").order_by("-day", "calendar", "-pk")[
        :SHOWN
    ]
    return [ClosureRow(row, CALENDARS[row.calendar]) for row in rows]


def closure_of(calendar: str, day: str) -> Closure:
    """The closure of this calendar on this day (YYYY-MM-DD) that counts. Raises NotFound."""
    try:
        on = date.fromisoformat(day)
    except ValueError as error:
        raise NotFound from error
    found = Closure.objects.filter(calendar=calendar, day=on, removed_at__isnull=True).first()
    if found is None:
        raise NotFound
    return found


def tried(row: ClockRule, *, trigger_at: datetime, calendar: str = "") -> Computed:
    """What a rule gives for a trigger, with the closures of now; nothing is kept. Raises RuleError."""
    chosen = calendar or row.rule.calendars[0]
    return compute(row.rule, trigger_at, calendar_of(chosen, closures_of(chosen)))


def clocks_of(obligation: Obligation) -> list[Clock]:
    """Every computation of a duty's due moment, the newest first. One query."""
    return list(obligation.clocks.select_related("rule", "computed_by").order_by("-pk"))
