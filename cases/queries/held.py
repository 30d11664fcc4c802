"""What of a freeze is still held, per asset: the snapshot or its cap, with kept credits, without what has left it."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Q, Sum

from cases.models import (
    ChangeKind,
    FreezeAmount,
    FreezeChangeAmount,
    FreezeCredit,
    LegState,
    TransferLeg,
)
from cases.status import TRANSFER_OVER, ChangeStatus, CreditStatus

_GONE = (LegState.SENT, LegState.CONFIRMED)


@dataclass(frozen=True, slots=True)
class HeldRow:
    """One asset of one freeze, in base units. The database keeps the same sum (`cases_still_held`).

    `base`: what stood there when the freeze was applied, or the cap where that is less; None where neither is known.
    `kept`: credits that came later and are kept. `released`, `left`: what was given free in part, and what has left
    by transfer. `asked`: what an undecided partial release or a transfer that is not sent yet would take.
    """

    row: FreezeAmount
    base: int | None
    kept: int = 0
    released: int = 0
    left: int = 0
    asked: int = 0

    @property
    def still(self) -> int | None:
        """What is held now."""
        return None if self.base is None else self.base + self.kept - self.released - self.left

    @property
    def free(self) -> int | None:
        """What a further release or transfer may still ask for."""
        still = self.still
        return None if still is None else still - self.asked

    @property
    def beyond(self) -> int:
        """How much of what was ordered held was not there when the freeze was applied."""
        if self.row.amount is None or self.base is None:
            return 0
        return int(self.row.amount) - self.base


def base_of(row: FreezeAmount) -> int | None:
    """What stood there at the freeze, never more than its cap. The row is fetched with its applied proofs."""
    seen = row.sighting_applied.amount if row.sighting_applied is not None else None
    if seen is None and row.holding_applied is not None:
        seen = row.holding_applied.amount
    known = [int(amount) for amount in (row.amount, seen) if amount is not None]
    return min(known) if known else None


def held_rows(freeze_ids: Iterable[int]) -> dict[int, list[HeldRow]]:
    """The rows of these freezes, by freeze and asset. Four queries, however many there are."""
    rows = list(
        FreezeAmount.objects.filter(freeze__in=[*freeze_ids])
        .select_related("chain_asset", "sighting_applied__batch", "holding_applied")
        .order_by("freeze_id", "asset")
    )
    ids = [row.pk for row in rows]
    kept = dict(
        FreezeCredit.objects.filter(held__in=ids, status=CreditStatus.KEPT)
        .values_list("held")
        .annotate(total=Sum("amount"))
    )
    changes = FreezeChangeAmount.objects.filter(held__in=ids, change__kind=ChangeKind.PARTIAL_RELEASE)
    given = {
        held: (agreed or 0, asked or 0)
        for held, agreed, asked in changes.values_list("held").annotate(
            agreed=Sum("amount", filter=Q(change__status=ChangeStatus.AGREED)),
            asked=Sum("amount", filter=Q(change__status=ChangeStatus.PROPOSED)),
        )
    }
    legs = {
        held: (left or 0, asked or 0)
        for held, left, asked in TransferLeg.objects.filter(held__in=ids)
        .values_list("held")
        .annotate(
            left=Sum("amount", filter=Q(state__in=_GONE)),
            asked=Sum(
                "amount", filter=Q(state=LegState.UNSENT) & ~Q(transfer__status__in=sorted(TRANSFER_OVER))
            ),
        )
    }
    found: dict[int, list[HeldRow]] = {}
    for row in rows:
        (released, release_asked), (left, leg_asked) = given.get(row.pk, (0, 0)), legs.get(row.pk, (0, 0))
        found.setdefault(row.freeze_id, []).append(
            HeldRow(
                row=row,
                base=base_of(row),
                kept=int(kept.get(row.pk, 0)),
                released=int(released),
                left=int(left),
                asked=int(release_asked + leg_asked),
            )
        )
    return found


def held_of(freeze_id: int) -> list[HeldRow]:
    """The rows of one freeze, by asset."""
    return held_rows([freeze_id]).get(freeze_id, [])
