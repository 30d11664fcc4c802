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
from cases.status import OBLIGATION_FINAL, ORDER_FINAL, FreezeStatus, ObligationStatus


class OwnApproval(ActionError):
    """The proposer never approves his own proposal."""


class NoLiveBasis(ActionError):
    """The order or duty that the freeze rests on has ended."""


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


def require_live_basis(obligation: Obligation) -> None:
    """Raises NoLiveBasis where the duty, or the order that it stands in, has ended."""
    order = LegalOrder.objects.get(pk=obligation.order_id)
    if order.status in ORDER_FINAL or obligation.status in OBLIGATION_FINAL - {str(ObligationStatus.MET)}:
        raise NoLiveBasis(_("The order that this rests on has ended."), field="basis")


def require_live_hold(freeze: FreezeOrder, *, at: datetime) -> None:
    """Raises NoLiveBasis where what the freeze rests on has ended, or its term, or the formal order did not come."""
    ends_at = freeze.ends_at or freeze.formal_order_by
    if freeze.obligation is not None:
        require_live_basis(freeze.obligation)
        if ends_at is not None and ends_at <= at:
            raise NoLiveBasis(_("The term of this freeze has ended. Have it extended first."))
    elif ends_at is not None and ends_at <= at:
        raise NoLiveBasis(_("The policy hold has lapsed: the formal order did not come by its date."))


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
