"""How many approvers a freeze or a transfer needs: by the thresholds that stand when it is proposed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import connection, transaction
from django.utils.translation import gettext_lazy as _

from cases.access import require_global
from cases.actions.base import ActionError, event_value
from cases.audit.record import record_system
from cases.models import ApprovalThreshold
from cases.people.models import User
from cases.permissions import GlobalPermission
from cases.queries.thresholds import current_thresholds
from wallets.prices import MINOR_UNITS, Worth, values_at


@dataclass(frozen=True, slots=True)
class Line:
    """How much of one asset is concerned, in base units; None: nobody knows. Priced as the books name the asset."""

    symbol: str
    decimals: int
    amount: int | None
    price_key: str


Reason = dict[str, object]


def second_approval(lines: Sequence[Line], *, at: datetime) -> list[Reason]:
    """Each threshold that asks for a second approver, with what was compared; empty: one is enough.

    Unknown is never below a threshold: an amount or a price that nobody knows asks for the second approver as well.
    """
    found: list[Reason] = []
    for threshold in current_thresholds():
        reason = _by_asset(threshold, lines) if threshold.asset else _by_value(threshold, lines, at=at)
        if reason is not None:
            found.append({"threshold": threshold_details(threshold), **reason})
    return found


def _by_asset(threshold: ApprovalThreshold, lines: Sequence[Line]) -> Reason | None:
    least = int(threshold.amount or 0)
    for line in lines:
        if line.symbol.upper() != threshold.asset.upper():
            continue
        if line.amount is None:
            return {"why": "unknown_amount", "asset": line.symbol}
        # Compared in the finer of the two units: nothing is rounded.
        if line.amount * 10**threshold.decimals >= least * 10**line.decimals:
            return {
                "why": "amount",
                "asset": line.symbol,
                "amount": str(line.amount),
                "decimals": line.decimals,
            }
    return None


def _by_value(threshold: ApprovalThreshold, lines: Sequence[Line], *, at: datetime) -> Reason | None:
    currency, whole = threshold.currency, 0
    prices: list[Reason] = []
    values = values_at([Worth(line.amount, line, at) for line in lines], wanted=(currency,))
    for line, (value,) in zip(lines, values, strict=True):
        if line.amount == 0:
            continue
        if value is None:
            return {"why": "unknown_value", "asset": line.symbol, "currency": currency}
        whole += int(value.rounded.scaleb(MINOR_UNITS[currency]))
        prices.append(
            {
                "asset": line.symbol,
                "price": format(value.price, "f"),
                "source": value.source,
                "priced_at": event_value(value.priced_at),
            }
        )
    if not lines or whole < int(threshold.amount or 0):
        return None
    return {"why": "value", "currency": currency, "value": str(whole), "prices": prices}


def threshold_details(threshold: ApprovalThreshold) -> Reason:
    return {
        "asset": threshold.asset,
        "currency": threshold.currency,
        "amount": None if threshold.amount is None else str(int(threshold.amount)),
        "decimals": threshold.decimals,
    }


@transaction.atomic
def set_approval_threshold(
    *,
    by: User,
    at: datetime,
    amount: int | None,
    reason: str,
    asset: str = "",
    decimals: int = 0,
    currency: str = "",
) -> ApprovalThreshold:
    """From now on this much of the asset, or this much worth in the currency, needs two approvers.

    `amount` is in base units of the asset, or in minor units of the currency; None takes the threshold back.
    Proposals that stand already keep what they were proposed with.
    """
    require_global(by, GlobalPermission.THRESHOLDS)
    asset, currency = asset.strip().upper(), currency.strip().upper()
    if bool(asset) == bool(currency):
        raise ActionError(_("Name an asset or a currency, one of the two."), field="asset")
    if currency:
        if currency not in MINOR_UNITS:
            raise ActionError(_("There is no such currency."), field="currency")
        decimals = MINOR_UNITS[currency]
    if amount is not None and amount <= 0:
        raise ActionError(_("A threshold is more than zero."), field="amount")
    if not reason.strip():
        raise ActionError(_("Give the reason."), field="reason")
    with connection.cursor() as cursor:
        # Two at once are written one after the other, so that each event names what it replaced.
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('cases.approvalthreshold'))")
    present = next(
        (row for row in current_thresholds() if row.asset.upper() == asset and row.currency == currency), None
    )
    if amount is None and present is None:
        raise ActionError(_("There is no such threshold."), field="asset")
    row = ApprovalThreshold.objects.create(
        asset=asset,
        decimals=decimals,
        currency=currency,
        amount=amount,
        reason=reason.strip(),
        set_at=at,
        set_by=by,
    )
    record_system(
        action="approval_threshold.set" if amount is not None else "approval_threshold.removed",
        actor=by,
        occurred_at=at,
        details={
            **threshold_details(row),
            "old": None if present is None else threshold_details(present),
            "reason": reason.strip(),
        },
    )
    return row
