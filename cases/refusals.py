"""How much of what others may do without end is told one by one: the rest is counted, and the count is told.

Whoever is refused, or fails to log in, decides how often; the record must not be hers to fill. Up to a limit in each
period every one is an event of its own. Beyond it a row in PostgreSQL counts, and when the period is over one event
tells how many were left out (`cases.actions.refusals`). Nothing is dropped without being counted.
"""

import ipaddress
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from django.conf import settings
from django.db import DatabaseError, InterfaceError, connection, transaction

from cases.models.refusals import Told
from cases.sealing.masters import NoMasterKey

EVERYBODY: Final = "*"
# What keeps an event, or the change that it tells of, from being written: every interface answers these with 503.
UNWRITTEN: Final = (DatabaseError, InterfaceError, NoMasterKey)


@dataclass(frozen=True)
class Limit:
    """So many in each `period` are told from one person or address, and so many from all together (None: no bound)."""

    each: int
    period: timedelta
    together: int | None = None


TEN_MINUTES = timedelta(minutes=10)
LIMITS: Mapping[Told, Limit] = {
    Told.DENIED: Limit(60, TEN_MINUTES),
    Told.LOG_IN: Limit(20, TEN_MINUTES, together=300),
    Told.RESET: Limit(5, TEN_MINUTES, together=100),
    Told.TOKEN: Limit(20, TEN_MINUTES, together=300),
    Told.CALENDAR: Limit(1, timedelta(hours=1)),
    Told.PLACE: Limit(20, timedelta(days=1)),
}


def limit_of(kind: Told) -> Limit:
    """The limit that holds; an installation may set `RECORD_LIMITS` = {kind: so many of each}."""
    known = LIMITS[kind]
    each = settings.RECORD_LIMITS.get(str(kind))
    return known if each is None else Limit(each, known.period, known.together)


def period_of(kind: Told, at: datetime) -> datetime:
    """The beginning of the period in which the moment lies."""
    whole = LIMITS[kind].period // timedelta(seconds=1)
    return datetime.fromtimestamp(int(at.timestamp()) // whole * whole, UTC)


def network_of(address: str) -> str:
    """The address as it is counted: of IPv6 the /64, whose addresses are all one subscriber's (RFC 6177)."""
    try:
        known = ipaddress.ip_address(address)
    except ValueError:
        return address[:64]
    if known.version == 4:
        return str(known)
    return str(ipaddress.ip_network((known, 64), strict=False))


@transaction.atomic
def tell_or_count(*, kind: Told, whose: str, at: datetime, tell: Callable[[], object]) -> bool:
    """Call `tell`, which writes the event, or count that it was not; True where it was told. Atomic.

    `whose`: a public identifier or `network_of` an address.
    """
    limit = limit_of(kind)
    if not _within(kind, whose, at, limit.each):
        return False
    if limit.together is not None and not _within(kind, EVERYBODY, at, limit.together):
        return False
    tell()
    return True


def _within(kind: Told, whose: str, at: datetime, limit: int) -> bool:
    with connection.cursor() as cursor:
        # One statement, so that of two requests at once none is lost between reading and writing.
        cursor.execute(
            """
            INSERT INTO cases_refusalcount AS kept (kind, whose, began_at, told, left_out)
            VALUES (%(kind)s, %(whose)s, %(began)s, least(%(limit)s, 1), 1 - least(%(limit)s, 1))
            ON CONFLICT (kind, whose, began_at) DO UPDATE SET
                told = kept.told + CASE WHEN kept.told < %(limit)s THEN 1 ELSE 0 END,
                left_out = kept.left_out + CASE WHEN kept.told < %(limit)s THEN 0 ELSE 1 END
            RETURNING left_out
            """,
            {"kind": str(kind), "whose": whose[:80], "began": period_of(kind, at), "limit": limit},
        )
        row = cursor.fetchone()
    return row is not None and row[0] == 0
