"""The ladder of reminders: when each step of a clock is due, and whom it reaches. Pure: moments in, moments out.

A clock of 48 hours and more is reminded of 7 days, 48 hours and 24 hours before its moment; a shorter one when half of
it has passed, when a quarter is left, and an hour before. Each is reminded of at its moment, and once more an hour
after it where nothing was done. A step that lies before the clock was there (before receipt) is left out.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

SHORT: Final = timedelta(hours=48)
OVERDUE_AFTER: Final = timedelta(hours=1)
# Nothing is looked for further ahead than the first step.
HORIZON: Final = timedelta(days=7)
# A step that went out later than this after its moment is marked as late.
LATE_AFTER: Final = timedelta(minutes=10)


class Step(StrEnum):
    WEEK = "week"
    TWO_DAYS = "two_days"
    DAY = "day"
    HALF = "half"
    QUARTER = "quarter"
    HOUR = "hour"
    DUE = "due"
    OVERDUE = "overdue"


class Audience(StrEnum):
    """Whom a step reaches; each holds those before it."""

    RESPONSIBLE = "responsible"
    LEAD = "lead"
    APPROVERS = "approvers"


AUDIENCE: Final[dict[Step, Audience]] = {
    Step.WEEK: Audience.RESPONSIBLE,
    Step.TWO_DAYS: Audience.RESPONSIBLE,
    Step.DAY: Audience.LEAD,
    Step.HALF: Audience.RESPONSIBLE,
    Step.QUARTER: Audience.LEAD,
    Step.HOUR: Audience.LEAD,
    Step.DUE: Audience.APPROVERS,
    Step.OVERDUE: Audience.APPROVERS,
}
_LONG: Final = ((Step.WEEK, timedelta(days=7)), (Step.TWO_DAYS, SHORT), (Step.DAY, timedelta(hours=24)))


@dataclass(frozen=True, slots=True)
class Rung:
    """One step of a ladder at its moment."""

    step: Step
    at: datetime


def rungs(*, since: datetime, due_at: datetime, after: bool = True) -> list[Rung]:
    """The steps of a clock that began at `since` and ends at `due_at`, in the order of their moments.

    `after`: whether the moment can be missed; a term that is over binds no longer, so nothing follows its end.
    """
    span = due_at - since
    if span >= SHORT:
        before = [Rung(step, due_at - ahead) for step, ahead in _LONG]
    else:
        before = [
            Rung(Step.HALF, due_at - span / 2),
            Rung(Step.QUARTER, due_at - span / 4),
            Rung(Step.HOUR, due_at - timedelta(hours=1)),
        ]
    kept = sorted((rung for rung in before if since <= rung.at < due_at), key=lambda rung: rung.at)
    kept.append(Rung(Step.DUE, due_at))
    if after:
        kept.append(Rung(Step.OVERDUE, due_at + OVERDUE_AFTER))
    return [rung for rung in kept if rung.at >= since or rung.step in {Step.DUE, Step.OVERDUE}]


def ripe(ladder: Sequence[Rung], *, at: datetime) -> list[Rung]:
    """The steps whose moment has come."""
    return [rung for rung in ladder if rung.at <= at]


def next_rung(ladder: Sequence[Rung], *, at: datetime) -> Rung | None:
    """The step that comes next."""
    return next((rung for rung in ladder if rung.at > at), None)


def is_late(rung: Rung, *, at: datetime) -> bool:
    """Whether a step that goes out now is late."""
    return at - rung.at > LATE_AFTER
