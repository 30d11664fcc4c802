"""The history's partitions: one a month, made ahead; what has no month of its own falls into the default one."""

from datetime import date, datetime
from typing import Final

from django.db import connection

AHEAD: Final = 3
"""So many months beyond the current one are made."""


def make_months(*, at: datetime) -> int:
    """Make this month's partition and the next ones, where they are missing. Safe to run twice.

    Returns how many were made. A month whose rows already lie in the default partition is left there: PostgreSQL
    refuses it, and `stray_readings` says so.
    """
    made = 0
    for offset in range(AHEAD + 1):
        month = _month(at.date(), offset)
        if stray_readings(month=month):
            continue
        with connection.cursor() as cursor:
            cursor.execute("SELECT wallets_make_reading_month(%s)", [month])
            row = cursor.fetchone()
        made += bool(row and row[0])
    return made


def stray_readings(*, month: date | None = None) -> bool:
    """Whether rows lie in the default partition (of one month, if it is given): then nobody made their month."""
    condition, values = "", []
    if month is not None:
        condition, values = "WHERE taken_at >= %s AND taken_at < %s", [month, _month(month, 1)]
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT EXISTS (SELECT FROM wallets_reading_default {condition})", values)  # noqa: S608 - no input
        row = cursor.fetchone()
    return bool(row and row[0])


def _month(day: date, offset: int) -> date:
    years, month = divmod(day.month - 1 + offset, 12)
    return date(day.year + years, month + 1, 1)
