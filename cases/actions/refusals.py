"""Telling how many were left out, once the period in which they came is over."""

from collections.abc import Callable
from datetime import datetime, timedelta

from django.db import transaction

from cases.audit.record import record_system, utc_text
from cases.models.refusals import RefusalCount, Told
from cases.refusals import EVERYBODY, LIMITS

# What was on its way when the period ended has arrived by then; what comes later still begins a row of its own.
LATE = timedelta(minutes=1)
REFUSALS = {Told.DENIED, Told.LOG_IN, Told.RESET, Told.TOKEN}


def tell_left_out(*, now: Callable[[], datetime]) -> int:
    """One event for each count that is over and left something out; the others just go. How many were told."""
    told = 0
    for kind, limit in LIMITS.items():
        over = RefusalCount.objects.filter(kind=kind, began_at__lte=now() - limit.period - LATE)
        for pk in over.order_by("began_at", "pk").values_list("pk", flat=True)[:1000]:
            told += tell_count(claim=pk, now=now)
    return told


@transaction.atomic
def tell_count(*, claim: int, now: Callable[[], datetime]) -> bool:
    """One count: its row goes with the event that says how many they were, or both stay."""
    row = RefusalCount.objects.select_for_update(skip_locked=True).filter(pk=claim).first()
    if row is None:
        return False
    row.delete()
    if not row.left_out:
        return False
    kind = Told(row.kind)
    details = {
        "kind": row.kind,
        "whose": "" if row.whose == EVERYBODY else row.whose,
        "count": row.left_out,
        "told": row.told,
        "from": utc_text(row.began_at),
        "to": utc_text(row.began_at + LIMITS[kind].period),
    }
    if kind in REFUSALS:
        record_system(action="denials.counted", actor=None, occurred_at=now(), details=details)
    else:
        record_system(action="reads.counted", actor=None, occurred_at=now(), details=details)
    return True
