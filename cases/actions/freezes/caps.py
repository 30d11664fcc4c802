"""What an order asks for is also the most that is held, or sent, for it: a freeze beyond it rests on nothing."""

from collections.abc import Iterable, Sequence

from django.db.models import Sum
from django.utils.translation import gettext_lazy as _

from cases.actions.base import ActionError
from cases.actions.freezes.thresholds import Line
from cases.models import FreezeOrder, LegState, Obligation, OrderedAmount, TransferLeg
from cases.queries.held import held_rows
from cases.status import FREEZE_FINAL, TRANSFER_OVER, FreezeStatus, TransferStatus
from wallets.amounts import to_text

# What a freeze that has ended held was given free, or was never held. Settled: it has left for the order.
_HELD_NOTHING = FREEZE_FINAL - {str(FreezeStatus.SETTLED)}


def refuse_beyond_freeze(obligation: Obligation, lines: Iterable[Line]) -> None:
    """Refuses a proposal that would hold more for a duty than it asks for, with what is held for it already."""
    stated = _stated(obligation)
    if not stated:
        return
    rows = held_rows(
        FreezeOrder.objects.filter(obligation=obligation)
        .exclude(status__in=_HELD_NOTHING)
        .values_list("pk", flat=True)
    )
    held: dict[str, int] = {}
    for each in (row for found in rows.values() for row in found):
        # Before it is applied, a freeze with an amount counts by that; of another nobody knows yet.
        base = each.base if each.base is not None else int(each.row.amount or 0)
        held[each.row.asset.upper()] = held.get(each.row.asset.upper(), 0) + base - each.released
    _refuse(stated, lines, held)


def refuse_beyond_transfer(obligation: Obligation, lines: Sequence[Line]) -> None:
    """Refuses a transfer of more than the duty to transfer asks for, with what is sent for it, or about to be."""
    stated = _stated(obligation)
    if not stated:
        return
    sent = dict(
        TransferLeg.objects.filter(transfer__obligation=obligation)
        .exclude(state=LegState.FAILED)
        .exclude(transfer__status__in=TRANSFER_OVER - {str(TransferStatus.SETTLED)})
        .values_list("held__asset")
        .annotate(total=Sum("amount"))
    )
    _refuse(stated, lines, {asset.upper(): int(total) for asset, total in sent.items()})


def _stated(obligation: Obligation) -> dict[str, OrderedAmount]:
    """The newest statement of each asset that names an amount."""
    newest = OrderedAmount.objects.filter(obligation=obligation).order_by("asset", "-id").distinct("asset")
    return {row.asset.upper(): row for row in newest if row.amount is not None}


def _refuse(stated: dict[str, OrderedAmount], lines: Iterable[Line], already: dict[str, int]) -> None:
    for line in lines:
        cap = stated.get(line.symbol.upper())
        if cap is None or cap.amount is None:
            continue
        more = {
            "asset": cap.asset,
            "amount": to_text(int(cap.amount), cap.decimals, group=True),
        }
        if line.amount is None:
            raise ActionError(
                _(
                    "The order asks for %(amount)s %(asset)s, and how much is there is not known: give an amount."
                )
                % more,
                field="amounts",
            )
        # Compared in the finer of the two units: nothing is rounded.
        wanted = (already.get(line.symbol.upper(), 0) + line.amount) * 10**cap.decimals
        if wanted > int(cap.amount) * 10**line.decimals:
            raise ActionError(
                _(
                    "With what is held or sent for it, this is more than the %(amount)s %(asset)s that the order asks for."
                )
                % more,
                field="amounts",
            )
