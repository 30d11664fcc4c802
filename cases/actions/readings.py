"""The record tells of every look at the chains: by its digest, in the transaction that writes the look."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Final

from django.db import transaction

from cases.audit.record import Source, acting_from, record_system
from wallets import snapshots
from wallets.snapshots import Told

# Looks that one event tells of at most.
AT_A_TIME: Final = 200
ROUND: Final = timedelta(seconds=30)


def tell_looks(looks: Sequence[Told]) -> int:
    """Tell of these looks in one event; returns its number. Called within the looks' own transaction.

    `wallets` finds this by the setting `WALLET_RECORDER`: if the event cannot be written, neither is the look. It is
    the workers that look, and the command that does it in their stead says so too.
    """
    with acting_from(Source(kind="task")):
        event = record_system(
            action="looks.recorded",
            actor=None,
            occurred_at=max(look.taken_at for look in looks),
            details={
                "count": len(looks),
                "looks": [
                    {
                        "look": look.number,
                        "token": look.token,
                        "chain": look.chain,
                        "readings": look.readings,
                        "digest": look.digest,
                    }
                    for look in looks
                ],
            },
        )
    return event.pk


def tell_untold_looks(*, now: Callable[[], datetime]) -> int:
    """Tell of looks that were written while nobody told of them, such as before an upgrade; returns how many.

    Safe to run twice and beside itself: a look is told in the transaction that notes it as told.
    """
    told, until = 0, now() + ROUND
    while now() < until:
        with transaction.atomic():
            count = snapshots.tell_untold(limit=AT_A_TIME)
        if not count:
            break
        told += count
    return told
