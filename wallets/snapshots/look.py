"""Take one batch of readings: claim, read outside any transaction, record."""

from datetime import datetime, timedelta
from typing import Final

from django.conf import settings

from wallets.chains import CHAINS, source_for
from wallets.chains.base import ChainError, Failure, Outcome, Question, Reading
from wallets.models import Asset, Wallet
from wallets.registry import assets_of
from wallets.snapshots.record import Answer, Look, record
from wallets.snapshots.schedule import Claim, claim_due

# Wallets in one claim. Esplora takes one address a call, so that its batches must be small to end within a
# lease.
BATCH: Final = {"evm": 2500, "bitcoin": 50}
# Bitcoin nodes accept a block up to two hours ahead of their clock (MAX_FUTURE_BLOCK_TIME); none lies further
# off.
FUTURE_TOLERANCE: Final = timedelta(hours=2)


def refresh_due(*, chain: str, at: datetime, limit: int | None = None) -> int:
    """Read up to `limit` due wallets of `chain` and record what came of it. Returns how many were looked at.

    A source that fails is recorded on each wallet (since when, and why); the older readings stay as they are.
    Errors that are not the chain's (`ChainError`) are raised: the claim then runs out and is taken again.
    """
    claim = claim_due(chain=chain, at=at, limit=limit or batch_size(chain))
    if claim is None:
        return 0
    record(_look(claim))
    return len(claim.wallet_ids)


def batch_size(chain: str) -> int:
    """How many wallets of `chain` one claim takes; `settings.WALLET_BATCH` overrides it per chain family."""
    family = CHAINS[chain].family if chain in CHAINS else "bitcoin"
    sizes: dict[str, int] = {**BATCH, **getattr(settings, "WALLET_BATCH", {})}
    return sizes[family]


def _look(claim: Claim) -> Look:
    addresses = dict(
        Wallet.objects.filter(pk__in=claim.wallet_ids).order_by("pk").values_list("pk", "address")
    )
    assets: list[Asset] = assets_of([claim.chain])[claim.chain] if claim.chain in CHAINS else []
    asked = [(wallet_id, asset) for wallet_id in addresses for asset in assets]
    questions = [Question(addresses[wallet_id], asset.contract) for wallet_id, asset in asked]
    provider = ""
    retry_after: float | None = None
    outcomes: list[Outcome]
    try:
        with source_for(claim.chain) as source:
            provider = source.provider
            outcomes = source.read(questions)
    except ChainError as error:
        outcomes = [error.as_failure()] * len(questions)
        retry_after = error.retry_after
    latest = claim.at + FUTURE_TOLERANCE
    # A development chain counts a second for each block it mines, so its clock may run far ahead.
    trusted_clock = not (claim.chain in CHAINS and CHAINS[claim.chain].is_development)
    answers = [
        Answer(
            wallet_id,
            asset.pk,
            Failure("future_block", str(outcome.block.height))
            if trusted_clock and isinstance(outcome, Reading) and outcome.block.time > latest
            else outcome,
        )
        for (wallet_id, asset), outcome in zip(asked, outcomes, strict=True)
    ]
    return Look(claim, provider, answers, retry_after)
