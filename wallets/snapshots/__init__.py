"""From "somebody wants to know" to "this is known": schedule, look, record, tell.

PostgreSQL holds all of it. The broker is only a hint: a sweep finds whatever a lost message stood for.
"""

from wallets.snapshots.digests import Told, tell_untold, untold_looks
from wallets.snapshots.known import BalanceView, Progress, balances_of, progress_of
from wallets.snapshots.look import refresh_chain, refresh_due
from wallets.snapshots.months import make_months, stray_readings
from wallets.snapshots.news import Change, changes_in, claim_news, disagreements_in, finish_news, on_news
from wallets.snapshots.proofs import Proof, proofs_of
from wallets.snapshots.schedule import (
    Claim,
    claim_due,
    drop_watch,
    drop_watches,
    due_chains,
    ensure_wallet,
    request_refresh,
    set_watch,
    set_watches,
)
from wallets.snapshots.sightings import keep_sighting

__all__ = [
    "BalanceView",
    "Change",
    "Claim",
    "Progress",
    "Proof",
    "Told",
    "balances_of",
    "changes_in",
    "claim_due",
    "claim_news",
    "disagreements_in",
    "drop_watch",
    "drop_watches",
    "due_chains",
    "ensure_wallet",
    "finish_news",
    "keep_sighting",
    "make_months",
    "on_news",
    "progress_of",
    "proofs_of",
    "refresh_chain",
    "refresh_due",
    "request_refresh",
    "set_watch",
    "set_watches",
    "stray_readings",
    "tell_untold",
    "untold_looks",
]
