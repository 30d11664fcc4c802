"""Sealing an order: known to its readers alone, with all that stems from it, until it is unsealed.

Whoever reads a sealed order is named, by whoever knows it. Nobody is a reader by office: not the lead, not the auditor.
At least one reader remains, and whoever is responsible for a duty in it is one, so that nothing in it runs out unseen.
"""

from collections.abc import Collection, Iterable
from datetime import datetime

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from cases.access import Grant
from cases.actions.base import ActionError, WrongMove, event_value, lock_case, write_event
from cases.actions.orders.rules import order_in, stated
from cases.models import Case, CaseTask, LegalOrder, Membership, Obligation, OrderReader
from cases.people.models import Role, User
from cases.permissions import Permission
from cases.status import OBLIGATION_FINAL, TaskStatus


@transaction.atomic
def seal_order(
    *, grant: Grant, at: datetime, number: int, readers: Collection[User], reason: str
) -> LegalOrder:
    """Keep the order, and all that stems from it, from everybody but these persons and who seals it."""
    grant.require(Permission.ORDERS)
    case = lock_case(grant, at=at)
    order = order_in(case, number, lock=True)
    if order.sealed:
        raise WrongMove(_("The order is sealed already."))
    said = stated({"reason": reason})
    named = {user.pk: user for user in (*readers, grant.user)}
    seal(grant, case=case, order=order, readers=[*named.values()], at=at)
    write_event(
        grant,
        action="order.sealed",
        at=at,
        kind="order",
        number=number,
        details={**said, "readers": [event_value(user) for user in _by_name(named.values())]},
    )
    return order


def seal(grant: Grant, *, case: Case, order: LegalOrder, readers: Collection[User], at: datetime) -> None:
    """Write the readers and the seal, under the lock on the case; the event is the caller's."""
    _require_in_case(case, readers)
    _require_hands(order, {user.pk for user in readers})
    for user in readers:
        OrderReader.objects.create(case=case, order=order, user=user, named_at=at, named_by=grant.user)
    order.sealed = True
    order.save(update_fields=["sealed"])


@transaction.atomic
def change_readers(
    *, grant: Grant, at: datetime, number: int, readers: Collection[User], reason: str
) -> LegalOrder:
    """Say anew who may know a sealed order. Whoever is no longer named stops knowing it at once."""
    grant.require(Permission.ORDERS)
    case = lock_case(grant, at=at)
    order = order_in(case, number, lock=True)
    if not order.sealed:
        raise WrongMove(_("The order is not sealed: whoever is in the case may know it."))
    said = stated({"reason": reason})
    wanted = {user.pk: user for user in readers}
    if not wanted:
        raise ActionError(_("Somebody must know a sealed order."), field="readers")
    live = {row.user_id: row for row in live_readers(order)}
    added = [user for pk, user in wanted.items() if pk not in live]
    ended = [row for pk, row in live.items() if pk not in wanted]
    if not added and not ended:
        raise ActionError(_("These are its readers already."), field="readers")
    _require_in_case(case, added)
    _require_hands(order, set(wanted))
    for user in added:
        OrderReader.objects.create(case=case, order=order, user=user, named_at=at, named_by=grant.user)
    for row in ended:
        row.ended_at, row.ended_by = at, grant.user
        row.save(update_fields=["ended_at", "ended_by"])
    write_event(
        grant,
        action="order.readers_changed",
        at=at,
        kind="order",
        number=number,
        details={
            **said,
            "added": [event_value(user) for user in _by_name(added)],
            "ended": [event_value(user) for user in _by_name(row.user for row in ended)],
        },
    )
    return order


@transaction.atomic
def unseal_order(*, grant: Grant, at: datetime, number: int, reason: str) -> LegalOrder:
    """Let everybody in the case know the order from now on, its past included."""
    grant.require(Permission.ORDER_DECIDE)
    case = lock_case(grant, at=at)
    order = order_in(case, number, lock=True)
    if not order.sealed:
        raise WrongMove(_("The order is not sealed: whoever is in the case may know it."))
    said = stated({"reason": reason})
    order.sealed = False
    order.save(update_fields=["sealed"])
    for row in live_readers(order):
        row.ended_at, row.ended_by = at, grant.user
        row.save(update_fields=["ended_at", "ended_by"])
    write_event(grant, action="order.unsealed", at=at, kind="order", number=number, details=said)
    return order


def leave_sealed_orders(grant: Grant, *, case: Case, user: User, at: datetime) -> list[int]:
    """End a leaving member's knowledge of sealed orders; returns their numbers.

    Raises ActionError where nobody would be left who knows one: in words that tell nothing to who may not know it.
    """
    rows = OrderReader.objects.filter(case=case, user=user, ended_at__isnull=True).select_related("order")
    for row in rows:
        others = live_readers(row.order).exclude(user=user).filter(user__is_active=True)
        if row.order.sealed and not others.exists():
            raise ActionError(
                _(
                    "Something here is known to this person alone. Ask this person to name somebody else first."
                ),
                field="user",
            )
        row.ended_at, row.ended_by = at, grant.user
        row.save(update_fields=["ended_at", "ended_by"])
    return sorted(row.order.number for row in rows)


def require_reader(order: LegalOrder, user: User, *, field: str) -> None:
    """Nobody is given work in an order that she may not know. Raises ActionError beside the field."""
    if order.sealed and not live_readers(order).filter(user=user).exists():
        raise ActionError(_("The order is sealed from this person. Name her as a reader first."), field=field)


def live_readers(order: LegalOrder) -> "QuerySet[OrderReader]":
    """Who may know the order now."""
    return OrderReader.objects.filter(order=order, ended_at__isnull=True).select_related("user")


def _require_in_case(case: Case, users: Collection[User]) -> None:
    members = set(
        Membership.objects.filter(case=case, user__in=users, ended_at__isnull=True).values_list(
            "user_id", flat=True
        )
    )
    for user in users:
        if not user.is_active or (user.pk not in members and user.role != Role.AUDITOR):
            raise ActionError(
                _("%(name)s is not in the case: only its members and auditors may know an order in it.")
                % {"name": user.name},
                field="readers",
            )


def _require_hands(order: LegalOrder, readers: set[int]) -> None:
    """Whoever has an open duty in the order, or an open task about it, remains a reader."""
    duties = Obligation.objects.filter(order=order, responsible__isnull=False).exclude(
        status__in=OBLIGATION_FINAL
    )
    about = (
        CaseTask.objects.filter(status=TaskStatus.OPEN, order=order)
        | CaseTask.objects.filter(status=TaskStatus.OPEN, obligation__order=order)
        | CaseTask.objects.filter(status=TaskStatus.OPEN, freeze__obligation__order=order)
    )
    holders = {duty.responsible_id: duty.responsible for duty in duties.select_related("responsible")}
    holders |= {task.assignee_id: task.assignee for task in about.select_related("assignee")}
    for pk, user in holders.items():
        if user is not None and pk not in readers:
            raise ActionError(
                _("%(name)s has a duty or a task in it: name her as a reader, or hand it over first.")
                % {"name": user.name},
                field="readers",
            )


def _by_name(users: Iterable[User]) -> list[User]:
    return sorted(users, key=lambda user: (user.name, user.pk))
