"""What was known at a moment, kept for whatever rests on it."""

from collections.abc import Mapping
from datetime import datetime

from django.db import transaction

from wallets.models import Balance, Reading, ReadingBatch, Sighting, WalletState
from wallets.snapshots.known import last_look


@transaction.atomic
def keep_sighting(
    *, wallet_id: int, asset_id: int, at: datetime, since: datetime | None = None
) -> Sighting | None:
    """Store what was known of this balance at `at`, with the look that had confirmed it last by then.

    Only looks from `since` on count. None when nothing was known. A look that began after `at` says nothing of what
    was there before, so then the newest reading by that moment stands with its own look.
    """
    state = WalletState.objects.select_related("group__last_batch").filter(wallet_id=wallet_id).first()
    balance = (
        Balance.objects.select_related("batch")
        .filter(wallet_id=wallet_id, asset_id=asset_id, amount__isnull=False)
        .first()
    )
    if state is None or balance is None:
        return None
    readings = Reading.objects.filter(wallet_id=wallet_id, asset_id=asset_id, taken_at__lte=at)
    if since is not None:
        readings = readings.filter(taken_at__gte=since)
    look = last_look(balance, state, _known(balance, state))
    if look is not None and look.taken_at <= at and balance.read_at is not None:
        if since is not None and look.taken_at < since:
            return None
        # The reading that one may know of, where a look of one's own found the amount that others had seen before.
        own = readings.filter(amount=balance.amount).order_by("taken_at").first()
        return Sighting.objects.create(
            wallet_id=wallet_id,
            asset_id=asset_id,
            amount=balance.amount,
            batch=look,
            read_at=own.taken_at
            if own is not None and since is not None and balance.read_at < since
            else balance.read_at,
        )
    reading = readings.order_by("-taken_at").first()
    if reading is None:
        return None
    return Sighting.objects.create(
        wallet_id=wallet_id,
        asset_id=asset_id,
        amount=reading.amount,
        batch_id=reading.batch_id,
        read_at=reading.taken_at,
    )


def _known(balance: Balance, state: WalletState) -> Mapping[int, ReadingBatch]:
    batches = [balance.batch, state.group.last_batch if state.group else None]
    return {batch.pk: batch for batch in batches if batch is not None}
