"""What the casework's tables share: constraints that the database keeps, whoever writes."""

from collections.abc import Iterable

import pgtrigger
from django.db import models
from django.db.models import Q

from cases.status import CHOICES, MOVES, pairs
from wallets.models.triggers import FirmTrigger


class FirmMoves(FirmTrigger, pgtrigger.FSM):
    """pgtrigger's state machine without its session switch."""


APPEND_ONLY = (
    "RAISE EXCEPTION 'rows of % are written once', TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';"
)


def known(field: str, values: Iterable[str], name: str) -> models.CheckConstraint:
    """The field holds one of the known values."""
    return models.CheckConstraint(condition=Q(**{f"{field}__in": sorted(values)}), name=name)


def both_or_neither(first: str, second: str, name: str) -> models.CheckConstraint:
    """`x_at` and `x_by` are set together: no act without its actor, no actor without the time."""
    return models.CheckConstraint(
        condition=Q(**{f"{first}__isnull": True, f"{second}__isnull": True})
        | Q(**{f"{first}__isnull": False, f"{second}__isnull": False}),
        name=name,
    )


def follows_moves(table: str) -> list[FirmTrigger]:
    """The database's own copy of a MOVES table: a row is born in the first status and moves by the table alone."""
    first = CHOICES[table].values[0]
    return [
        FirmMoves(name=f"{table}_moves", field="status", transitions=pairs(MOVES[table])),
        FirmTrigger(
            name=f"{table}_born",
            operation=pgtrigger.Insert,
            when=pgtrigger.Before,
            func=f"IF NEW.status <> '{first}' THEN RAISE EXCEPTION 'a row of % begins as {first}', TG_TABLE_NAME "
            "USING ERRCODE = 'check_violation'; END IF; RETURN NEW;",
        ),
    ]


def stands(name: str, *columns: str, why: str) -> FirmTrigger:
    """These columns stay as they were first written."""
    new, old = (", ".join(f"{row}.{column}" for column in columns) for row in ("NEW", "OLD"))
    return FirmTrigger(
        name=name,
        operation=pgtrigger.Update,
        when=pgtrigger.Before,
        func=f"IF ({new}) IS DISTINCT FROM ({old}) THEN RAISE EXCEPTION '{why}' "
        "USING ERRCODE = 'check_violation'; END IF; RETURN NEW;",
    )


def append_only(prefix: str) -> list[FirmTrigger]:
    """No row of the table is changed or removed once written."""
    return [
        FirmTrigger(
            name=f"{prefix}_append_only",
            operation=pgtrigger.Update | pgtrigger.Delete,
            when=pgtrigger.Before,
            func=APPEND_ONLY,
        ),
        _never_truncated(prefix),
    ]


def never_deleted(prefix: str) -> list[FirmTrigger]:
    """Rows of the table stay: an end is a state of its own."""
    return [
        FirmTrigger(
            name=f"{prefix}_never_deleted",
            operation=pgtrigger.Delete,
            when=pgtrigger.Before,
            func="RAISE EXCEPTION 'rows of % are never deleted', TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';",
        ),
        _never_truncated(prefix),
    ]


def _never_truncated(prefix: str) -> FirmTrigger:
    # TRUNCATE fires no row trigger; it wants a plain statement trigger of its own.
    return FirmTrigger(
        name=f"{prefix}_never_truncated",
        operation=pgtrigger.Truncate,
        when=pgtrigger.Before,
        level=pgtrigger.Statement,
        func=APPEND_ONLY,
    )
