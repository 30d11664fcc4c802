"""Count: from a trigger to the due moment, and say how.

The ways of counting: Federal Rules of Civil Procedure 6(a) and of Criminal Procedure 45(a) (leave out the trigger day,
count every day, go on to the next open day; hours start at once and go on to the same time of the next open day),
31 CFR 501.603 (business days), Regulation 1182/71 (days, hours, months), POCA 2002 s.335, Código de Processo
Penal art. 798. Each rule's own source stands with the rule.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from cases.deadlines.calendars import Calendar
from cases.deadlines.rules import Roll, Rule, RuleError, Start, Unit

DAY: Final = timedelta(days=1)
# Holidays are known for these years; a clock that leaves them would count a holiday as an open day.
FIRST_YEAR, LAST_YEAR = 1990, 2098


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the way. `kind`: trigger, first, count, skip, end, roll, due. `day`: a local day, ISO; `why`: in words."""

    kind: str
    day: str
    why: str

    def as_data(self) -> dict[str, str]:
        return {"kind": self.kind, "day": self.day, "why": self.why}


@dataclass(frozen=True, slots=True)
class Computed:
    """A due moment in UTC, the local day that it falls on, and how it was found.

    `calendar` names calendar, library version and closures; with the rule's version it says what was counted by.
    """

    due_at: datetime
    day: date
    calendar: str
    steps: Sequence[Step] = field(default_factory=tuple)


def compute(rule: Rule, trigger: datetime, calendar: Calendar) -> Computed:
    """When the clock that `trigger` (aware) starts runs out. Raises RuleError where the years' holidays are not known,
    or the calendar is none of the rule's.
    """
    if trigger.tzinfo is None:
        raise RuleError("trigger", "A trigger has a time zone.")
    if calendar.kind.key not in rule.calendars:
        raise RuleError("calendars", "This calendar is none of the rule's.")
    zone = ZoneInfo(rule.zone)
    local = trigger.astimezone(zone)
    _known(local.date())
    steps = [Step("trigger", local.date().isoformat(), f"{rule.trigger}, {local:%H:%M} in {rule.zone}")]
    if not rule.counts:
        why = "The moment on the paper; it is not moved." if rule.unit is Unit.DATE_CERTAIN else "As given."
        steps.append(Step("due", local.date().isoformat(), why))
        return Computed(trigger.astimezone(UTC), local.date(), calendar.version, tuple(steps))
    if rule.unit is Unit.HOURS:
        return _hours(rule, local, calendar, steps)
    day = {
        Unit.CALENDAR_DAYS: _calendar_days,
        Unit.BUSINESS_DAYS: _business_days,
        Unit.MONTHS: _months,
        Unit.YEARLY: _yearly,
    }[rule.unit](rule, local.date(), calendar, steps)
    _known(day)
    if rule.roll is Roll.FORWARD:
        day = _rolled(day, calendar, steps)
    end = datetime.combine(day, rule.end_of_day, zone)
    steps.append(Step("due", day.isoformat(), f"Due at {rule.end_of_day:%H:%M:%S} in {rule.zone}."))
    return Computed(end.astimezone(UTC), day, calendar.version, tuple(steps))


def _calendar_days(rule: Rule, trigger: date, calendar: Calendar, steps: list[Step]) -> date:
    first = _first(rule, trigger, calendar, steps)
    last = first + (rule.count - 1) * DAY
    steps.append(Step("end", last.isoformat(), f"Day {rule.count}; every day counts."))
    return last


def _business_days(rule: Rule, trigger: date, calendar: Calendar, steps: list[Step]) -> date:
    day = trigger if rule.start is Start.TRIGGER_DAY else trigger + DAY
    counted = 0
    while True:
        _known(day)
        why = calendar.closed(day)
        if why:
            steps.append(Step("skip", day.isoformat(), f"{why}: does not count."))
        else:
            counted += 1
            if counted == 1:
                steps.append(Step("first", day.isoformat(), "Business day 1."))
            if counted == rule.count:
                if counted > 1:
                    steps.append(Step("end", day.isoformat(), f"Business day {counted}."))
                return day
        day += DAY


def _months(rule: Rule, trigger: date, calendar: Calendar, steps: list[Step]) -> date:
    number = trigger.year * 12 + trigger.month - 1 + rule.count
    year, month = divmod(number, 12)
    _known(date(year, 1, 1))
    last = _last_day(year, month + 1)
    same = date(year, month + 1, min(trigger.day, last))
    words = f"{rule.count} months later"
    if same.day != trigger.day:
        words += f"; that month has no day {trigger.day}, so its last day"
    steps.append(Step("count", same.isoformat(), f"{words}."))
    if rule.start is Start.TRIGGER_DAY:
        same -= DAY
        steps.append(
            Step(
                "end",
                same.isoformat(),
                "The trigger day is the first of the period, so it ends a day before.",
            )
        )
    return same


def _yearly(rule: Rule, trigger: date, calendar: Calendar, steps: list[Step]) -> date:
    if rule.due_day is None or rule.as_of is None:
        raise RuleError("due_day", "A yearly clock has its days.")
    as_of = date(trigger.year, *rule.as_of)
    if as_of < trigger:
        as_of = date(trigger.year + 1, *rule.as_of)
    due = date(as_of.year, *rule.due_day)
    if due < as_of:
        due = date(as_of.year + 1, *rule.due_day)
    steps.append(Step("count", as_of.isoformat(), "The next day on which holdings are to be stated."))
    return due


def _hours(rule: Rule, local: datetime, calendar: Calendar, steps: list[Step]) -> Computed:
    zone = ZoneInfo(rule.zone)
    # Hours are real hours: the night on which clocks are changed has one more or one less.
    end = (local.astimezone(UTC) + timedelta(hours=rule.count)).astimezone(zone)
    _known(end.date())
    steps.append(
        Step("end", end.date().isoformat(), f"{rule.count} hours later, {end:%H:%M}; every hour counts.")
    )
    if rule.roll is Roll.FORWARD:
        day = _rolled(end.date(), calendar, steps)
        if day != end.date():
            end = datetime.combine(day, end.time(), zone)
    steps.append(Step("due", end.date().isoformat(), f"Due at {end:%H:%M:%S} in {rule.zone}."))
    return Computed(end.astimezone(UTC), end.date(), calendar.version, tuple(steps))


def _first(rule: Rule, trigger: date, calendar: Calendar, steps: list[Step]) -> date:
    if rule.start is Start.TRIGGER_DAY:
        steps.append(Step("first", trigger.isoformat(), "Day 1: the period begins with the trigger day."))
        return trigger
    first = trigger + DAY
    if rule.start is Start.NEXT_BUSINESS_DAY:
        first = _open(first, calendar, steps, "the count does not begin on it")
        steps.append(Step("first", first.isoformat(), "Day 1: the first open day after the trigger day."))
        return first
    steps.append(Step("first", first.isoformat(), "Day 1: the trigger day is left out."))
    return first


def _rolled(day: date, calendar: Calendar, steps: list[Step]) -> date:
    on = _open(day, calendar, steps, "the period does not end on it")
    if on != day:
        steps.append(Step("roll", on.isoformat(), "On to the next open day."))
    return on


def _open(day: date, calendar: Calendar, steps: list[Step], words: str) -> date:
    while why := calendar.closed(day):
        steps.append(Step("skip", day.isoformat(), f"{why}: {words}."))
        day += DAY
        _known(day)
    return day


def _known(day: date) -> None:
    if not FIRST_YEAR <= day.year <= LAST_YEAR:
        raise RuleError("trigger", f"Holidays are known from {FIRST_YEAR} to {LAST_YEAR} only.")


def _last_day(year: int, month: int) -> int:
    return (date(year + month // 12, month % 12 + 1, 1) - DAY).day
