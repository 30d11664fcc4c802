"""Terms that are over: a gag, a keep-open. The worker ends them when their moment has come, a person by an order."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from django.db import models, transaction

from cases.actions.base import event_value, move_or_refuse
from cases.actions.orders.duties import follow_duties
from cases.audit.record import record
from cases.models import Case, LegalOrder, Obligation
from cases.models.orders import TERM_KINDS
from cases.status import ObligationStatus

# A round of the worker ends after this; the next beat goes on.
ROUND: Final = timedelta(seconds=30)
Clock = Callable[[], datetime]


def end_terms(*, now: Clock) -> int:
    """End every term whose moment has passed, each in a transaction of its own; returns how many."""
    ended, begun = 0, now()
    over = Obligation.objects.filter(
        kind__in=TERM_KINDS, status=ObligationStatus.IN_PROGRESS, due_at__lte=begun
    )
    for pk in over.order_by("due_at", "id").values_list("pk", flat=True):
        if (at := now()) > begun + ROUND:
            break
        ended += end_term(obligation_id=pk, at=at)
    return ended


@transaction.atomic
def end_term(*, obligation_id: int, at: datetime) -> bool:
    """End one term, once however often this is done: it binds no longer, and the order follows. Nobody acts here."""
    case_id = Obligation.objects.values_list("case_id", flat=True).get(pk=obligation_id)
    case = Case.objects.select_for_update(no_key=True, of=("self",)).select_related("stream").get(pk=case_id)
    obligation = Obligation.objects.select_for_update().get(pk=obligation_id)
    # Extended or ended by somebody since it was seen.
    if (
        obligation.kind not in TERM_KINDS
        or obligation.status != ObligationStatus.IN_PROGRESS
        or obligation.due_at is None
        or obligation.due_at > at
    ):
        return False
    order = LegalOrder.objects.select_for_update(of=("self",)).get(pk=obligation.order_id)
    source, target = move_or_refuse(obligation, ObligationStatus.MET)
    obligation.ended_at = at
    obligation.save(update_fields=["status", "ended_at"])
    steps = follow_duties(order)
    Case.objects.filter(pk=case.pk).update(
        touched_at=models.functions.Greatest("touched_at", models.Value(at))
    )
    record(
        stream_id=case.stream_id,
        stream_uuid=case.stream.uuid,
        action="obligation.term_ended",
        actor=None,
        occurred_at=at,
        object_kind="obligation",
        object_number=obligation.number,
        details={
            "kind": obligation.kind,
            "obligation": obligation.number,
            "from": source,
            "to": target,
            "due_at": event_value(obligation.due_at),
            **({"order": {"number": order.number, "moves": steps}} if steps else {}),
        },
    )
    return True
