"""What the steps of a freeze share: its errors, the locked row, the basis that must live, the step that needs a reason."""

from dataclasses import dataclass
from datetime import datetime

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from cases.access import Grant
from cases.actions.base import (
    ActionError,
    NoSuchItem,
    lock_open_case,
    move_or_refuse,
    write_event,
)
from cases.actions.freezes.watching import follow_freeze
from cases.models import (
    Case,
    FreezeApproval,
    FreezeOrder,
    LegalOrder,
    Obligation,
)
from cases.people.models import User
from cases.permissions import Permission
from cases.queries.other_freezes import OtherFreezes, other_freezes_on
from cases.status import OBLIGATION_FINAL, ORDER_FINAL, FreezeStatus, ObligationStatus


class OwnApproval(ActionError):
    """The proposer never approves his own proposal."""


class NoLiveBasis(ActionError):
    """The order or duty that the freeze rests on has ended."""


class StillHeld(ActionError):
    """Another freeze holds the same target."""


@dataclass(frozen=True)
class AmountAsked:
    """One asset to hold: its symbol, and how much in base units (None: whatever is there)."""

    asset: str
    amount: int | None = None


def freeze_in(case: Case, number: int, *, lock: bool = False) -> FreezeOrder:
    """The freeze with this number in the case. Raises NoSuchItem."""
    rows = FreezeOrder.objects.of(case)
    freeze = (
        (rows.select_for_update(of=("self",)) if lock else rows)
        .select_related("wallet__wallet", "account", "obligation__order", "proposed_by")
        .filter(number=number)
        .first()
    )
    if freeze is None:
        raise NoSuchItem(_("The case has no such freeze."))
    return freeze


def require_live_basis(obligation: Obligation, *, at: datetime | None = None) -> None:
    """Raises NoLiveBasis where the duty, or the order that it stands in, has ended; with `at`, by its own date too."""
    order = LegalOrder.objects.get(pk=obligation.order_id)
    if order.status in ORDER_FINAL or obligation.status in OBLIGATION_FINAL - {str(ObligationStatus.MET)}:
        raise NoLiveBasis(_("The order that this rests on has ended."), field="basis")
    if at is not None and order.ends_at is not None and order.ends_at <= at:
        raise NoLiveBasis(_("The term of the order that this rests on is over."), field="basis")


def require_live_hold(freeze: FreezeOrder, *, at: datetime) -> None:
    """Raises NoLiveBasis where what the freeze rests on has ended, or its term, or the formal order did not come."""
    ends_at = freeze.ends_at or freeze.formal_order_by
    if freeze.obligation is not None:
        # A term of its own was granted by name, and may reach further than the order's.
        require_live_basis(freeze.obligation, at=at if ends_at is None else None)
        if ends_at is not None and ends_at <= at:
            raise NoLiveBasis(_("The term of this freeze has ended. Have it extended first."))
    elif ends_at is not None and ends_at <= at:
        raise NoLiveBasis(_("The policy hold has lapsed: the formal order did not come by its date."))


def covered_elsewhere(freeze: FreezeOrder, user: User, *, known: bool) -> OtherFreezes:
    """What else holds the target of which something is given free. Raises StillHeld where the person may not know all of
    it, or has not said that she knows.
    """
    others = other_freezes_on(freeze, user)
    if others.hidden:
        raise StillHeld(_("Not releasable: ask this desk."))
    if others.seen and not known:
        raise StillHeld(
            _("Other freezes hold this target: it is not free when this one ends. Say that you know."),
            field="others_known",
        )
    return others


def held_by(others: OtherFreezes) -> list[dict[str, object]]:
    """The other freezes as an event names them."""
    return [{"case": other.case.reference, "freeze": other.number} for other in others.seen]


def may_sign(freeze: FreezeOrder, user: User) -> None:
    if freeze.proposed_by_id == user.pk:
        raise OwnApproval(_("You proposed this freeze. Somebody else must decide on it."))
    if FreezeApproval.objects.filter(freeze=freeze, approver=user).exists():
        raise ActionError(_("You have given your word on this freeze already."))


def take_step(
    *,
    grant: Grant,
    at: datetime,
    number: int,
    permission: Permission,
    to: FreezeStatus,
    action: str,
    reason: str,
    ask: str | Promise,
) -> FreezeOrder:
    """A step that changes the status alone and needs a reason (`ask` is the sentence where it is missing).

    Runs in the caller's transaction; the event is written last.
    """
    grant.require(permission)
    case = lock_open_case(grant, at=at)
    freeze = freeze_in(case, number, lock=True)
    if not reason.strip():
        raise ActionError(ask, field="reason")
    source, target = move_or_refuse(freeze, to)
    freeze.save(update_fields=["status"])
    follow_freeze(case, freeze, at=at)
    write_event(
        grant,
        action=action,
        at=at,
        kind="freeze",
        number=number,
        details={"from": source, "to": target, "reason": reason.strip()},
    )
    return freeze
