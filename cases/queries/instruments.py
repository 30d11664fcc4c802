"""Instruments as they count now, and every version that ever did."""

from collections.abc import Mapping

from cases.access import NotFound
from cases.models import InstrumentType, LegalOrder
from cases.models.instruments import NEEDABLE, newest_types, shipped, shipped_type


def instruments(*, retired: bool = True) -> list[InstrumentType]:
    """The newest version of each, the shipped ones first. One query."""
    return [row for row in newest_types().values() if retired or not row.is_retired]


def instrument_of(key: str) -> InstrumentType:
    """The newest version of one. Raises NotFound."""
    found = InstrumentType.objects.filter(key=key).order_by("-version").select_related("changed_by").first()
    if found is None and key in shipped():
        found = shipped_type(key)
    if found is None:
        raise NotFound
    return found


def versions_of(key: str) -> list[InstrumentType]:
    """Every version, the newest first."""
    rows = InstrumentType.objects.filter(key=key).select_related("changed_by").order_by("-version")
    return list(rows) or [shipped_type(key)]


def gaps_of(order: LegalOrder, *, selectors: int) -> list[str]:
    """Names of the fields that the order's instrument asks for and that were not stated."""
    if order.instrument_type is None:
        return []
    return missing(order.instrument_type, {name: getattr(order, name, None) for name in _STATED}, selectors)


_STATED = frozenset(NEEDABLE) - {"selectors"}


def missing(instrument: InstrumentType, stated: Mapping[str, object], selectors: int) -> list[str]:
    """Which of an instrument's needs nothing was stated for."""
    found = {name: stated.get(name) for name in _STATED} | {"selectors": selectors}
    return [name for name in instrument.needs if not found.get(name, True)]
