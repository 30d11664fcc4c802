"""What workers do for wallets. Names and chains go in; PostgreSQL says what is due.

Each is safe to run twice. Every chain family has a queue of its own, so that one can be given workers of its own, and
a slow one keeps nobody else waiting.
"""

import logging
import time
from typing import Final

from celery import shared_task
from django.utils import timezone

from wallets import prices, snapshots
from wallets.chains import CHAINS

logger = logging.getLogger(__name__)

# A task gives its worker back after this many seconds; the next sweep goes on with what is left.
TURN_SECONDS: Final = 20.0


def queue_of(chain: str) -> str:
    """The queue that the looks at a chain go to."""
    return f"chains.{CHAINS[chain].family}" if chain in CHAINS else "chains.other"


@shared_task(name="wallets.sweep")
def sweep() -> int:
    """Hand every chain that has something due to a worker. Returns the number of chains.

    Each sweep hands over a turn: while much is due, turns of several workers run side by side.
    """
    chains = snapshots.due_chains(at=timezone.now())
    for chain in chains:
        refresh_batch.apply_async(args=(chain,), queue=queue_of(chain), expires=10)
    return len(chains)


@shared_task(name="wallets.refresh_batch")
def refresh_batch(chain: str) -> int:
    """Read what is due on one chain, claim by claim. Returns the number of wallets looked at."""
    turn_ends = time.monotonic() + TURN_SECONDS
    return snapshots.refresh_chain(
        chain=chain, clock=timezone.now, go_on=lambda: time.monotonic() < turn_ends
    )


@shared_task(name="wallets.make_months")
def make_months() -> int:
    """Make the partitions of the history that are missing for the next months."""
    made = snapshots.make_months(at=timezone.now())
    if snapshots.stray_readings():
        logger.error("readings lie in the default partition: their month was not made in time")
    return made


@shared_task(name="wallets.fetch_prices")
def fetch_prices() -> int:
    """Ask the price source, where one is configured. Returns the number of prices stored."""
    return len(prices.fetch_prices(timezone.now).recorded)
