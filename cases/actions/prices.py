"""Prices that an administrator brings; written into the installation's own stream."""

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _now

from cases.access import require_global
from cases.actions.base import ActionError
from cases.audit.record import record_system
from cases.people.models import User
from cases.permissions import GlobalPermission
from wallets import prices
from wallets.prices import BadFile, BadLine, Imported

# What administrators alone hold: an auditor reads the settings, and prices, but brings none.
LEAVE = GlobalPermission.PRICES


class PricesRefused(ActionError):
    """Lines of the file are bad, and nothing of it was taken. `lines` are all of them."""

    def __init__(self, lines: Sequence[BadLine]) -> None:
        super().__init__(
            _now("Nothing was taken: the file has mistakes in %(count)s lines.") % {"count": len(lines)}
            if len(lines) > 1
            else _now("Nothing was taken: the file has a mistake."),
            field="file",
        )
        self.lines = lines


@transaction.atomic
def import_prices(
    *, by: User, at: datetime, filename: str, content: bytes, corrections: bool = False
) -> Imported:
    """Take the prices of a CSV file: all of them, or none (`PricesRefused`).

    With `corrections` a price that differs from the record for the same moment and source is stored as its
    correction. A file that brings nothing new changes nothing and leaves no event.
    """
    require_global(by, LEAVE)
    try:
        done = prices.import_prices(
            content, name=filename, brought_by=by.name, at=at, corrections=corrections
        )
    except BadFile as error:
        raise PricesRefused(error.lines) from error
    recorded = done.recorded
    if recorded.batch is not None:
        record_system(
            action="prices.imported",
            actor=by,
            occurred_at=at,
            details={
                "filename": filename,
                "sha256": recorded.digest,
                "size": len(content),
                "added": len(recorded.added),
                "corrected": len(recorded.corrected),
                "keys": sorted({quote.key for quote in (*recorded.added, *recorded.corrected)}),
                "sources": sorted({quote.source for quote in (*recorded.added, *recorded.corrected)})[:50],
            },
        )
    return done
