"""Stating what a duty asks to be held, and the rungs of the asset ladder that lie beyond our own freezes."""

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from cases.access import Grant
from cases.actions.base import (
    ActionError,
    NoSuchItem,
    WrongMove,
    event_value,
    lock_open_case,
    next_number,
    write_event,
)
from cases.actions.orders.rules import obligation_in
from cases.models import LadderEntry, ObligationKind, OrderedAmount, Rung
from cases.permissions import Permission
from cases.queries.cover import cover_of

MAX_AMOUNT = 2**256 - 1
_RESTRAINTS = frozenset({str(ObligationKind.FREEZE), str(ObligationKind.TRANSFER)})


@transaction.atomic
def state_ordered(
    *, grant: Grant, at: datetime, number: int, asset: str, decimals: int, amount: int | None
) -> OrderedAmount:
    """State how much of an asset a duty asks for; without an amount, all that is there. The newest counts."""
    grant.require(Permission.ORDERS)
    case = lock_open_case(grant, at=at)
    duty = obligation_in(case, number)
    if duty.kind not in _RESTRAINTS:
        raise ActionError(_("Only a duty to freeze or to transfer asks for an amount."), field="asset")
    symbol = _checked(asset, decimals)
    if amount is not None and not 0 < amount <= MAX_AMOUNT:
        raise ActionError(_("The amount is not positive or too large."), field="amount")
    row = OrderedAmount.objects.create(
        case=case,
        obligation=duty,
        asset=symbol,
        decimals=decimals,
        amount=amount,
        stated_at=at,
        stated_by=grant.user,
    )
    write_event(
        grant,
        action="obligation.amount_stated",
        at=at,
        kind="obligation",
        number=number,
        details={
            "asset": symbol,
            "decimals": decimals,
            "amount": None if amount is None else str(amount),
        },
    )
    return row


@transaction.atomic
def add_rung(
    *,
    grant: Grant,
    at: datetime,
    number: int,
    rung: str,
    asset: str,
    decimals: int,
    amount: int,
    happened_at: datetime,
    basis: str,
) -> LadderEntry:
    """Record that a part was seized, forfeited or returned, by which paper. Never more than was there for it."""
    grant.require(Permission.ORDERS)
    case = lock_open_case(grant, at=at)
    duty = obligation_in(case, number)
    if rung not in Rung.values:
        raise ActionError(_("There is no such rung."), field="rung")
    symbol = _checked(asset, decimals)
    if not 0 < amount <= MAX_AMOUNT:
        raise ActionError(_("The amount is not positive or too large."), field="amount")
    if happened_at > at:
        raise ActionError(_("This lies in the future."), field="happened_at")
    if not basis.strip():
        raise ActionError(_("Name the paper: court, date, number."), field="basis")
    row = next(
        (
            row
            for row in cover_of(case, at=at).rows
            if (row.order, row.asset, row.decimals) == (duty.order.number, symbol, decimals)
        ),
        None,
    )
    room = 0
    if row is not None and rung == Rung.SEIZED:
        room = (row.frozen or 0) + row.under_way + row.transferred - row.seized
    elif row is not None:
        room = row.transferred - row.forfeited - row.returned
    if amount > room:
        raise ActionError(
            _("This is more than stands on the rung below: %(room)s base units.") % {"room": max(0, room)},
            field="amount",
        )
    entry = LadderEntry.objects.create(
        case=case,
        obligation=duty,
        number=next_number(LadderEntry, case),
        rung=rung,
        asset=symbol,
        decimals=decimals,
        amount=amount,
        happened_at=happened_at,
        basis=basis.strip(),
        written_at=at,
        written_by=grant.user,
    )
    write_event(
        grant,
        action="ladder.entered",
        at=at,
        kind="obligation",
        number=number,
        details={
            "entry": entry.number,
            "rung": rung,
            "asset": symbol,
            "decimals": decimals,
            "amount": str(amount),
            "happened_at": event_value(happened_at),
            "basis": entry.basis,
        },
    )
    return entry


@transaction.atomic
def take_back_rung(*, grant: Grant, at: datetime, number: int, reason: str) -> LadderEntry:
    """Put a wrong entry right by another that takes it back; both stand."""
    grant.require(Permission.ORDERS)
    case = lock_open_case(grant, at=at)
    wrong = LadderEntry.objects.of(case).select_related("obligation").filter(number=number).first()
    if wrong is None:
        raise NoSuchItem(_("The case has no such entry."))
    if wrong.corrects_id is not None or LadderEntry.objects.filter(corrects=wrong).exists():
        raise WrongMove(_("This entry was taken back already."))
    if not reason.strip():
        raise ActionError(_("Give the reason."), field="reason")
    entry = LadderEntry.objects.create(
        case=case,
        obligation=wrong.obligation,
        number=next_number(LadderEntry, case),
        rung=wrong.rung,
        asset=wrong.asset,
        decimals=wrong.decimals,
        amount=-int(wrong.amount),
        happened_at=wrong.happened_at,
        basis=reason.strip()[:300],
        corrects=wrong,
        written_at=at,
        written_by=grant.user,
    )
    write_event(
        grant,
        action="ladder.taken_back",
        at=at,
        kind="obligation",
        number=wrong.obligation.number,
        details={"entry": wrong.number, "reason": reason.strip()},
    )
    return entry


def _checked(asset: str, decimals: int) -> str:
    if not asset.strip():
        raise ActionError(_("Name the asset."), field="asset")
    if not 0 <= decimals <= 36:
        raise ActionError(_("An asset has 0 to 36 decimals."), field="decimals")
    return asset.strip().upper()[:20]
