"""Statutory clocks: from a rule, a trigger and a calendar to a due moment, with every step of the way.

Pure: nothing here reads a clock, a table or a setting. Which rules and closures count is the caller's to say.
"""

from cases.deadlines.calendars import CALENDARS, Calendar, CalendarKind, calendar_of
from cases.deadlines.engine import Computed, Step, compute
from cases.deadlines.rules import Rule, RuleError, Unit, read_rules, rule_from, shipped_rules

__all__ = [
    "CALENDARS",
    "Calendar",
    "CalendarKind",
    "Computed",
    "Rule",
    "RuleError",
    "Step",
    "Unit",
    "calendar_of",
    "compute",
    "read_rules",
    "rule_from",
    "shipped_rules",
]
