"""What workers do for wallets. Names and chains go in; PostgreSQL says what is due.

Each is safe to run twice.
"""

import time
from typing import Final

from celery import shared_task
from django.utils import timezone

from wallets import snapshots

# A task gives its worker back after this many seconds; the next sweep goes on with what is left.
TURN_SECONDS: Final = 20.0


@shared_task(name="wallets.sweep")
def sweep() -> int:
    """Hand every chain that has something due to a worker. Returns the number of chains."""
    chains = snapshots.due_chains(at=timezone.now())
    for chain in chains:
        refresh_batch.apply_async(args=(chain,), expires=10)
    return len(chains)


@shared_task(name="wallets.refresh_batch")
def refresh_batch(chain: str) -> int:
    """Read what is due on one chain, batch by batch. Returns the number of wallets looked at."""
    turn_ends = time.monotonic() + TURN_SECONDS
    return snapshots.refresh_chain(
        chain=chain, clock=timezone.now, go_on=lambda: time.monotonic() < turn_ends
    )
