"""Handing what one person holds in a case to another, in one act that names all of it."""

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from cases.access import Grant
from cases.actions.base import ActionError, event_value, lock_case, write_event
from cases.actions.case_tasks import require_able
from cases.actions.orders.sealing import leave_sealed_orders
from cases.models import Case, Membership
from cases.people.models import User
from cases.permissions import Permission
from cases.queries.handover import held_by


@transaction.atomic
def hand_over(
    *,
    grant: Grant,
    at: datetime,
    leaving: User,
    to: User,
    words: str,
    ends_membership: bool = False,
) -> Case:
    """Move the lead, the open tasks and the open duties of one person to another; the event names each by its number.

    All or nothing: what the person who hands over may not see, or the one who takes over may not know, stops it.
    """
    grant.require(Permission.MEMBERS)
    case = lock_case(grant, at=at)
    if leaving.pk == to.pk:
        raise ActionError(_("Choose somebody else."), field="to")
    membership = Membership.objects.filter(case=case, user=leaving, ended_at__isnull=True).first()
    if membership is None:
        raise ActionError(_("This person is not a member."), field="leaving")
    if not words.strip():
        raise ActionError(_("Say what is handed over, and what to look after."), field="words")
    require_able(case, to, field="to")
    # As it stands under the lock: the grant's own case may be older.
    grant.case.lead_id, grant.case.hidden_orders = case.lead_id, case.hidden_orders
    held = held_by(grant, leaving)
    if held.hidden:
        raise ActionError(_("This person holds something that you may not see: ask this desk."))
    if not held and not ends_membership:
        raise ActionError(_("This person holds nothing in this case."), field="leaving")
    for task in held.tasks:
        require_able(case, to, order_id=task.subject_order_id, field="to")
        task.assignee = to
        task.save(update_fields=["assignee"])
    for duty in held.duties:
        require_able(case, to, order_id=duty.order_id, field="to")
        duty.responsible = to
        duty.save(update_fields=["responsible"])
    if held.lead:
        case.lead = to
        case.save(update_fields=["lead"])
    if ends_membership:
        leave_sealed_orders(grant, case=case, user=leaving, at=at)
        membership.ended_at, membership.ended_by = at, grant.user
        membership.save(update_fields=["ended_at", "ended_by"])
    write_event(
        grant,
        action="case.handed_over",
        at=at,
        details={
            "leaving": event_value(leaving),
            "to": event_value(to),
            "lead": held.lead,
            # Everybody in the case reads this, and an order may be sealed now or later: numbers alone.
            "tasks": [task.number for task in held.tasks],
            "duties": [duty.number for duty in held.duties],
            "ends_membership": ends_membership,
            "reason": words.strip(),
        },
    )
    return case
