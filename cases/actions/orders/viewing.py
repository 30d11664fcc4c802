"""That somebody looked at a sealed order: a reading that matters is in the record like a change."""

from datetime import datetime

from django.db import transaction

from cases.audit.record import record
from cases.models import LegalOrder
from cases.people.models import User
from cases.queries.sealed_reads import was_just_told


@transaction.atomic
def note_sealed_view(*, by: User, at: datetime, order: LegalOrder, what: str, refresh: bool = False) -> bool:
    """Record that she was shown the order, or something that stems from it; True where it was written.

    Called once the door opened and the answer is ready, and before it is sent. `what` names the page. With `refresh`
    (a part of a page that renews itself) it is not told again within five minutes of the last time.
    """
    if refresh and was_just_told(order, by, at):
        return False
    record(
        stream_id=order.case.stream_id,
        stream_uuid=order.case.stream.uuid,
        action="order.viewed",
        actor=by,
        occurred_at=at,
        object_kind="order",
        object_number=order.number,
        details={"what": what},
    )
    return True
