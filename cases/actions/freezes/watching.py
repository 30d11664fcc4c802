"""A wallet under a freeze is looked at every few minutes, from the approval until the freeze ends."""

from datetime import datetime

from django.conf import settings

from cases.models import Case, FreezeOrder
from cases.status import FREEZE_FINAL, FreezeStatus
from wallets import snapshots


def freeze_watch_key(case: Case, freeze: FreezeOrder) -> str:
    """The opaque key under which a freeze says that it wants its wallet looked at."""
    return f"freeze:{case.stream.uuid}:{freeze.number}"


def follow_freeze(case: Case, freeze: FreezeOrder, *, at: datetime) -> None:
    """Watch the wallet of a freeze, or leave it, as the status has it now; under the lock on the case."""
    if freeze.wallet is None or freeze.status == FreezeStatus.PROPOSED:
        return
    wallet_ids, key = [freeze.wallet.wallet_id], freeze_watch_key(case, freeze)
    if freeze.status in FREEZE_FINAL:
        snapshots.drop_watches(wallet_ids=wallet_ids, key=key, at=at)
    else:
        snapshots.set_watches(
            wallet_ids=wallet_ids, key=key, cadence_seconds=settings.WATCH_FROZEN_SECONDS, at=at
        )
