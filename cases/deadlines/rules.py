"""What a clock is: a rule as data, with the law that it comes from."""

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import time
from enum import StrEnum
from functools import lru_cache
from importlib import resources
from typing import Any, Final, TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from cases.deadlines.calendars import CALENDARS

Kind = TypeVar("Kind", bound=StrEnum)
CONFIDENCES: Final = ("high", "medium", "low", "practice")
END_OF_DAY: Final = time(23, 59, 59)
# More than this is no clock of a duty.
LONGEST: Final = {"calendar_days": 3700, "business_days": 2600, "hours": 24 * 366, "months": 120}


class RuleError(ValueError):
    """A rule that cannot be counted by. `field` names what is wrong in it."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field, self.message = field, message


class Unit(StrEnum):
    """What a clock counts."""

    CALENDAR_DAYS = "calendar_days"
    BUSINESS_DAYS = "business_days"
    HOURS = "hours"
    MONTHS = "months"
    # By a day of the year, for what stood on another day of the year.
    YEARLY = "yearly"
    # The moment that stands on the paper; it is never moved.
    DATE_CERTAIN = "date_certain"
    # A moment that a person gives, as it is: no rule of counting is known.
    RAW = "raw"


class Start(StrEnum):
    """Which day is the first that counts."""

    NEXT_DAY = "next_day"  # the trigger day is left out
    TRIGGER_DAY = "trigger_day"  # "beginning with the day on which"
    NEXT_BUSINESS_DAY = "next_business_day"  # the first open day after the trigger
    AT_ONCE = "at_once"  # hours


class Roll(StrEnum):
    """What happens when the last day is a closed one."""

    FORWARD = "forward"  # on to the next open day
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Rule:
    """One clock. `count` is in `unit`; for `yearly`, `due_day` and `as_of` are month and day.

    `zone` is where days begin and end, whatever zone the trigger was noted in; a period in days ends at `end_of_day`
    there. `calendars` says which calendars may be chosen, the usual one first. `source` is the law, `note` what a
    reader should know of the way in which it is counted here.
    """

    key: str
    label: str
    jurisdiction: str
    unit: Unit
    zone: str
    source: str
    confidence: str
    trigger: str
    count: int = 0
    start: Start = Start.NEXT_DAY
    roll: Roll = Roll.NONE
    calendars: tuple[str, ...] = ("none",)
    end_of_day: time = END_OF_DAY
    due_day: tuple[int, int] | None = None
    as_of: tuple[int, int] | None = None
    renewable: str = ""
    note: str = ""

    @property
    def counts(self) -> bool:
        """Whether anything is counted at all; else the moment is given."""
        return self.unit not in {Unit.DATE_CERTAIN, Unit.RAW}

    @property
    def keeps_open_days(self) -> bool:
        """Whether the last day is never a closed one."""
        return self.unit is Unit.BUSINESS_DAYS or (
            self.roll is Roll.FORWARD and self.unit in {Unit.CALENDAR_DAYS, Unit.MONTHS}
        )


def rule_from(data: Mapping[str, Any]) -> Rule:
    """A rule from plain data (a table of the file, a row's JSON). Raises RuleError, naming the field."""
    known = set(Rule.__dataclass_fields__)
    unknown = sorted(set(data) - known)
    if unknown:
        raise RuleError(unknown[0], "This is no part of a rule.")
    for name in ("key", "label", "jurisdiction", "unit", "zone", "source", "confidence", "trigger"):
        if not str(data.get(name, "")).strip():
            raise RuleError(name, "This is needed.")
    unit = _choice(Unit, data, "unit", None)
    rule = Rule(
        key=_text(data, "key"),
        label=_text(data, "label"),
        jurisdiction=_text(data, "jurisdiction"),
        unit=unit,
        zone=_text(data, "zone"),
        source=_text(data, "source"),
        confidence=_text(data, "confidence"),
        trigger=_text(data, "trigger"),
        count=_number(data, "count"),
        start=_choice(Start, data, "start", Start.AT_ONCE if unit is Unit.HOURS else Start.NEXT_DAY),
        roll=_choice(Roll, data, "roll", Roll.NONE),
        calendars=tuple(str(key) for key in data.get("calendars", ("none",))),
        end_of_day=_time(data),
        due_day=_day(data, "due_day"),
        as_of=_day(data, "as_of"),
        renewable=_text(data, "renewable"),
        note=_text(data, "note"),
    )
    _check(rule)
    return rule


def as_data(rule: Rule) -> dict[str, Any]:
    """The rule as plain data, from which `rule_from` makes the same one."""
    return {
        "key": rule.key,
        "label": rule.label,
        "jurisdiction": rule.jurisdiction,
        "unit": str(rule.unit),
        "count": rule.count,
        "start": str(rule.start),
        "roll": str(rule.roll),
        "zone": rule.zone,
        "calendars": list(rule.calendars),
        "end_of_day": rule.end_of_day.isoformat(),
        **({"due_day": "{:02}-{:02}".format(*rule.due_day)} if rule.due_day else {}),
        **({"as_of": "{:02}-{:02}".format(*rule.as_of)} if rule.as_of else {}),
        "trigger": rule.trigger,
        "renewable": rule.renewable,
        "source": rule.source,
        "confidence": rule.confidence,
        "note": rule.note,
    }


def read_rules(text: str) -> tuple[Rule, ...]:
    """The rules of a TOML file's text, in its order. Raises RuleError."""
    found = tuple(rule_from(table) for table in tomllib.loads(text).get("rule", []))
    keys = [rule.key for rule in found]
    doubled = next((key for key in keys if keys.count(key) > 1), None)
    if doubled is not None:
        raise RuleError("key", f"There are two rules named {doubled}.")
    return found


@lru_cache(maxsize=1)
def shipped_rules() -> tuple[Rule, ...]:
    """The rules that the product ships with: version 1 of each."""
    return read_rules(resources.files(__package__).joinpath("rules.toml").read_text(encoding="utf-8"))


def _check(rule: Rule) -> None:
    if rule.confidence not in CONFIDENCES:
        raise RuleError("confidence", f"One of {', '.join(CONFIDENCES)}.")
    try:
        ZoneInfo(rule.zone)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise RuleError("zone", "There is no such time zone.") from error
    if not rule.calendars or any(key not in CALENDARS for key in rule.calendars):
        raise RuleError("calendars", "There is no such calendar.")
    longest = LONGEST.get(str(rule.unit))
    if longest is not None and not 1 <= rule.count <= longest:
        raise RuleError("count", f"From 1 to {longest}.")
    if longest is None and rule.count:
        raise RuleError("count", "Nothing is counted here.")
    if (rule.unit is Unit.HOURS) != (rule.start is Start.AT_ONCE):
        raise RuleError("start", "Hours start at once, and only hours do.")
    if rule.unit is Unit.MONTHS and rule.start is Start.NEXT_BUSINESS_DAY:
        raise RuleError("start", "Months start on the trigger day or on the next day.")
    yearly = (rule.due_day is not None, rule.as_of is not None)
    if yearly != ((True, True) if rule.unit is Unit.YEARLY else (False, False)):
        raise RuleError("due_day", "A yearly clock has the day it is due and the day that it speaks of.")
    closed = any(CALENDARS[key].weekends for key in rule.calendars)
    if (rule.unit is Unit.BUSINESS_DAYS or rule.start is Start.NEXT_BUSINESS_DAY) and not closed:
        raise RuleError("calendars", "Business days need a calendar that knows closed days.")
    if rule.roll is Roll.FORWARD and (not closed or not rule.counts or rule.unit is Unit.YEARLY):
        raise RuleError("roll", "Only a counted period with closed days rolls.")


def _text(data: Mapping[str, Any], name: str) -> str:
    return str(data.get(name, "") or "").strip()


def _number(data: Mapping[str, Any], name: str) -> int:
    value = data.get(name, 0)
    if isinstance(value, bool) or not isinstance(value, int):
        raise RuleError(name, "A whole number.")
    return value


def _choice(kind: type[Kind], data: Mapping[str, Any], name: str, default: Kind | None) -> Kind:
    value = data.get(name)
    if value in (None, "") and default is not None:
        return default
    try:
        return kind(str(value))
    except ValueError as error:
        raise RuleError(name, f"One of {', '.join(kind)}.") from error


def _time(data: Mapping[str, Any]) -> time:
    value = data.get("end_of_day") or END_OF_DAY
    try:
        return value if isinstance(value, time) else time.fromisoformat(str(value))
    except ValueError as error:
        raise RuleError("end_of_day", "A time of day, such as 17:00.") from error


def _day(data: Mapping[str, Any], name: str) -> tuple[int, int] | None:
    value = data.get(name)
    if not value:
        return None
    month, dash, day = str(value).partition("-")
    if not (dash and month.isdigit() and day.isdigit() and 1 <= int(month) <= 12 and 1 <= int(day) <= 28 + 2):
        raise RuleError(name, "Month and day, such as 09-30.")
    return int(month), int(day)


def by_key(rules: Iterable[Rule]) -> dict[str, Rule]:
    return {rule.key: rule for rule in rules}
