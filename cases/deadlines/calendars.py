"""Which days are closed: weekends, public holidays from a library, and closures that a team has added.

The library knows what statutes and proclamations fix ahead. Days on which an executive order closes federal offices,
and the like, are not in it: they are closures.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from importlib.metadata import version
from typing import Final

import holidays

SATURDAY: Final = 5
_LIBRARY: Final = version("holidays")


@dataclass(frozen=True, slots=True)
class CalendarKind:
    """A calendar that the product knows. `country` and `part` are the library's names; empty: no holidays at all."""

    key: str
    label: str
    source: str
    country: str = ""
    part: str = ""
    financial: bool = False
    weekends: bool = True


CALENDARS: Final[Mapping[str, CalendarKind]] = {
    kind.key: kind
    for kind in (
        CalendarKind(
            "none", "No closed days", "Every day counts and every day can be the last.", weekends=False
        ),
        CalendarKind(
            "us-federal",
            "United States, federal legal holidays",
            "5 USC 6103; Federal Rules of Civil Procedure 6(a)(6)",
            "US",
        ),
        CalendarKind(
            "eu",
            "European Union, days that all offices keep",
            "Regulation (EEC, Euratom) 1182/71, art. 2, asks for the holidays of the state or institution where the act "
            "is done; where none is named, the closing days of the Eurosystem stand in for them",
            "ECB",
            financial=True,
        ),
        *(
            CalendarKind(
                f"eu-{country.lower()}",
                f"European Union, {name}",
                f"Regulation (EEC, Euratom) 1182/71, art. 2: public holidays of {name}",
                country,
            )
            for country, name in (
                ("BE", "Belgium"),
                ("DE", "Germany"),
                ("EE", "Estonia"),
                ("ES", "Spain"),
                ("FR", "France"),
                ("IE", "Ireland"),
                ("IT", "Italy"),
                ("LT", "Lithuania"),
                ("LU", "Luxembourg"),
                ("MT", "Malta"),
                ("NL", "Netherlands"),
                ("PL", "Poland"),
                ("PT", "Portugal"),
            )
        ),
        CalendarKind(
            "uk-eng",
            "England and Wales, bank holidays",
            "Banking and Financial Dealings Act 1971, Sch. 1",
            "GB",
            "ENG",
        ),
        CalendarKind(
            "uk-sct",
            "Scotland, bank holidays",
            "Banking and Financial Dealings Act 1971, Sch. 1",
            "GB",
            "SCT",
        ),
        CalendarKind(
            "uk-nir",
            "Northern Ireland, bank holidays",
            "Banking and Financial Dealings Act 1971, Sch. 1",
            "GB",
            "NIR",
        ),
        CalendarKind(
            "br",
            "Brazil, national holidays",
            "Lei 662/1949; Lei 6.802/1980; Lei 9.093/1995; Lei 14.759/2023",
            "BR",
        ),
    )
}


@dataclass(frozen=True, slots=True)
class Calendar:
    """A calendar with the closures of one moment: `closures` says why a day is closed beside what the library knows."""

    kind: CalendarKind
    closures: Mapping[date, str] = field(default_factory=dict)

    def closed(self, day: date) -> str:
        """Why the day is closed; "" where it is open."""
        if day in self.closures:
            return self.closures[day]
        if self.kind.weekends and day.weekday() >= SATURDAY:
            return "Saturday" if day.weekday() == SATURDAY else "Sunday"
        return (
            _holiday(self.kind.country, self.kind.part, self.kind.financial, day) if self.kind.country else ""
        )

    @property
    def version(self) -> str:
        """Names just what was asked: the calendar, the library's version, and the closures by digest."""
        text = "\n".join(f"{day.isoformat()} {why}" for day, why in sorted(self.closures.items()))
        digest = hashlib.sha256(text.encode()).hexdigest()[:12] if text else "none"
        return f"{self.kind.key}/holidays-{_LIBRARY}/closures-{digest}"


def calendar_of(key: str, closures: Mapping[date, str] | None = None) -> Calendar:
    """The calendar with this key. Raises KeyError where there is none."""
    return Calendar(CALENDARS[key], dict(closures or {}))


def _holiday(country: str, part: str, financial: bool, day: date) -> str:
    return _year(country, part, financial, day.year).get(day, "")


@lru_cache(maxsize=4096)
def _year(country: str, part: str, financial: bool, year: int) -> dict[date, str]:
    if financial:
        # The closing days of a year, as they are kept since 2002, also for years to come.
        found = holidays.financial_holidays(country, years=year, language="en_US")
    else:
        found = holidays.country_holidays(country, subdiv=part or None, years=year, language="en_US")
    return dict(found)
