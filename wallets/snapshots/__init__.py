"""From "somebody wants to know" to "this is known": schedule, look, record, tell.

PostgreSQL holds all of it. The broker is only a hint: a sweep finds whatever a lost message stood for.
"""

from wallets.snapshots.known import BalanceView, Progress, balances_of, progress_of
from wallets.snapshots.look import refresh_chain, refresh_due
from wallets.snapshots.schedule import (
    Claim,
    claim_due,
    drop_watch,
    due_chains,
    ensure_wallet,
    request_refresh,
    set_watch,
)

__all__ = [
    "BalanceView",
    "Claim",
    "Progress",
    "balances_of",
    "claim_due",
    "drop_watch",
    "due_chains",
    "ensure_wallet",
    "progress_of",
    "refresh_chain",
    "refresh_due",
    "request_refresh",
    "set_watch",
]
