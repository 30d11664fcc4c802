"""Take readings: claim wallets, read them outside any transaction, record what came."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
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
BATCH: Final = {"evm": 2000, "bitcoin": 20}
# Bitcoin nodes accept a block up to two hours ahead of their clock (MAX_FUTURE_BLOCK_TIME); none lies further
# off.
FUTURE_TOLERANCE: Final = timedelta(hours=2)


@dataclass(frozen=True, slots=True)
class _Plan:
    """What a claim has to ask: a question for each wallet and asset, in the same order."""

    claim: Claim
    asked: list[tuple[int, Asset]]
    questions: list[Question]


def refresh_due(*, chain: str, at: datetime, limit: int | None = None) -> int:
    """Read up to `limit` due wallets of `chain` and record what came of it. Returns how many were looked at.

    A source that fails is recorded on each wallet (since when, and why); the older readings stay as they are.
    Errors that are not the chain's (`ChainError`) are raised: the claim then runs out and is taken again.
    """
    plan = _next_plan(chain, at, limit)
    if plan is None:
        return 0
    record(_read(plan))
    return len(plan.claim.wallet_ids)


def refresh_chain(
    *, chain: str, clock: Callable[[], datetime], go_on: Callable[[], bool] = lambda: True
) -> int:
    """Read batch after batch until nothing is due on `chain` or `go_on` says no. Returns the wallets looked
    at.

    While one batch is written the next is being read, so that neither the node nor the database waits for the
    other. `clock` tells the time at which each look begins. Raises as `refresh_due` does.
    """
    looked_at = 0
    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="look") as reader:
        plan = _next_plan(chain, clock(), None)
        reading = reader.submit(_read, plan) if plan else None
        while reading is not None:
            look = reading.result()
            # Claimed only now, so that a lease never runs while its wallets wait for another batch.
            plan = _next_plan(chain, clock(), None) if go_on() else None
            reading = reader.submit(_read, plan) if plan else None
            record(look)
            looked_at += len(look.claim.wallet_ids)
    return looked_at


def batch_size(chain: str) -> int:
    """How many wallets of `chain` one claim takes; `settings.WALLET_BATCH` overrides it per chain family."""
    family = CHAINS[chain].family if chain in CHAINS else "bitcoin"
    sizes: dict[str, int] = {**BATCH, **getattr(settings, "WALLET_BATCH", {})}
    return sizes[family]


def _next_plan(chain: str, at: datetime, limit: int | None) -> _Plan | None:
    claim = claim_due(chain=chain, at=at, limit=limit or batch_size(chain))
    if claim is None:
        return None
    addresses = Wallet.objects.filter(pk__in=claim.wallet_ids).order_by("pk").values_list("pk", "address")
    assets: list[Asset] = assets_of([chain])[chain] if chain in CHAINS else []
    asked: list[tuple[int, Asset]] = []
    questions: list[Question] = []
    for wallet_id, address in addresses:
        for asset in assets:
            asked.append((wallet_id, asset))
            questions.append(Question(address, asset.contract))
    return _Plan(claim, asked, questions)


def _read(plan: _Plan) -> Look:
    """Ask the source. Touches no database, so that it may run in a thread of its own."""
    provider = ""
    retry_after: float | None = None
    outcomes: list[Outcome]
    try:
        with source_for(plan.claim.chain) as source:
            provider = source.provider
            outcomes = source.read(plan.questions)
    except ChainError as error:
        outcomes = [error.as_failure()] * len(plan.questions)
        retry_after = error.retry_after
    info = CHAINS.get(plan.claim.chain)
    # A development chain counts a second for each block that it mines, so its clock may run far ahead.
    latest = None if info is None or info.is_development else plan.claim.at + FUTURE_TOLERANCE
    answers = [
        Answer(wallet_id, asset.pk, _unless_future(outcome, latest))
        for (wallet_id, asset), outcome in zip(plan.asked, outcomes, strict=True)
    ]
    return Look(plan.claim, provider, answers, retry_after)


def _unless_future(outcome: Outcome, latest: datetime | None) -> Outcome:
    if latest is not None and isinstance(outcome, Reading) and outcome.block.time > latest:
        return Failure("future_block", str(outcome.block.height))
    return outcome
