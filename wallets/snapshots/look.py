"""Take readings: claim what is due, read it outside any transaction, record what came."""

import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.db import connection

from wallets import blobs
from wallets.chains import CHAINS, Panel, panel_for
from wallets.chains.base import (
    WORD,
    Answers,
    BadAnswer,
    Behind,
    ChainError,
    Exchange,
    FutureBlock,
)
from wallets.chains.http import milliseconds_since
from wallets.models import Asset
from wallets.registry import assets_of
from wallets.snapshots.looks import Fault, Look, Proof
from wallets.snapshots.record import FLOOR_ALONE, FLOOR_OF_GROUPS, behind_floor, record
from wallets.snapshots.schedule import Claim, claim_due

# Bitcoin nodes accept a block up to two hours ahead of their clock (MAX_FUTURE_BLOCK_TIME); none lies further
# off.
FUTURE_TOLERANCE: Final = timedelta(hours=2)
# Claims of an EVM chain that are read at a time, so that a distant provider's answers overlap.
READ_AHEAD: Final = 3


@dataclass(frozen=True, slots=True)
class Members:
    """The wallets of one group (or the single ones of a claim) in their order.

    `ids` and `addresses` are texts: the numbers with commas, the addresses one a line. Ten thousand of them stay
    two texts on their way from the database to the question and back.
    """

    ids: str
    addresses: str


@dataclass(frozen=True, slots=True)
class Plan:
    """What a claim has to ask. `floor` is the highest block that was read of any of these wallets before, and its time."""

    claim: Claim
    members: tuple[Members, ...]
    assets: tuple[Asset, ...]
    floor: tuple[int, datetime | None] | None


def refresh_due(*, chain: str, at: datetime, limit: int | None = None) -> int:
    """Claim once on `chain`, read and record. Returns how many wallets were looked at.

    A source that fails is recorded (since when, and why); the older readings stay as they are. Errors that are not
    the chain's (`ChainError`) are raised: the claim then runs out and is taken again.
    """
    plan = _next_plan(chain, at, limit)
    if plan is None:
        return 0
    record(_read(plan))
    return _count(plan)


def refresh_chain(
    *, chain: str, clock: Callable[[], datetime], go_on: Callable[[], bool] = lambda: True
) -> int:
    """Read claim after claim until nothing is due on `chain` or `go_on` says no. Returns the wallets looked
    at.

    While one claim is written the next are being read, so that neither the node nor the database waits for the
    other. `clock` tells the time at which each look begins. Raises as `refresh_due` does.
    """
    looked_at = 0
    ahead = _ahead(chain)
    reading: deque[tuple[Plan, Future[Look]]] = deque()
    with ThreadPoolExecutor(max_workers=ahead, thread_name_prefix="look") as readers:

        def claim() -> bool:
            plan = _next_plan(chain, clock(), None)
            if plan is not None:
                reading.append((plan, readers.submit(_read, plan)))
            return plan is not None

        claim()
        while reading:
            while len(reading) < ahead and go_on() and claim():
                pass
            plan, future = reading.popleft()
            look = future.result()
            looked_at += _count(plan)
            if not reading and go_on():
                claim()
            record(look)
    return looked_at


def _ahead(chain: str) -> int:
    """How many claims are read at a time. A chain that is asked address by address has its calls in flight already."""
    return READ_AHEAD if chain in CHAINS and CHAINS[chain].family == "evm" else 1


def _count(plan: Plan) -> int:
    return sum(members.ids.count(",") + 1 for members in plan.members)


_MEMBERS = """
    SELECT string_agg(wallet.id::text, ',' ORDER BY wallet.id), string_agg(wallet.address, E'\\n' ORDER BY wallet.id)
    FROM wallets_walletstate AS state JOIN wallets_wallet AS wallet ON wallet.id = state.wallet_id
    WHERE {condition}
    GROUP BY {group} HAVING count(*) > 0 ORDER BY {group}
"""
_MEMBERS_OF_GROUPS = _MEMBERS.format(condition="state.group_id = ANY(%(keys)s)", group="state.group_id")
_MEMBERS_ALONE = _MEMBERS.format(condition="state.wallet_id = ANY(%(keys)s)", group="state.chain")


def _next_plan(chain: str, at: datetime, limit: int | None) -> Plan | None:
    claim = claim_due(chain=chain, at=at, limit=limit)
    if claim is None:
        return None
    known = chain in CHAINS
    assets: tuple[Asset, ...] = tuple(assets_of([chain])[chain]) if known else ()
    keys = {"keys": list(claim.groups or claim.wallets)}
    with connection.cursor() as cursor:
        cursor.execute(_MEMBERS_ALONE if claim.single else _MEMBERS_OF_GROUPS, keys)
        members = tuple(Members(ids, addresses) for ids, addresses in cursor.fetchall())
        cursor.execute(FLOOR_ALONE if claim.single else FLOOR_OF_GROUPS, keys)
        row = cursor.fetchone()
    # A development chain may be started anew, from block 0.
    floor = None if not known or CHAINS[chain].is_development else row
    return Plan(claim, members, assets, floor)


def _read(plan: Plan) -> Look:
    """Ask the sources. Touches no database, so that it may run in a thread of its own."""
    ids = ",".join(members.ids for members in plan.members)
    began = time.monotonic()
    if not ids:
        return Look(plan.claim, "", ())
    addresses = [address for members in plan.members for address in members.addresses.split("\n")]
    asset_ids = tuple(asset.pk for asset in plan.assets)
    panel: Panel | None = None
    try:
        with panel_for(plan.claim.chain) as panel:
            said = panel.read(addresses, [asset.contract for asset in plan.assets])
    except ChainError as error:
        return Look(
            plan.claim,
            ids,
            asset_ids,
            error=error.as_failure(),
            retry_after=error.retry_after,
            faults=_faults(panel),
        )
    faults = _faults(panel)
    answers = said.answers
    refusal = _refusal(plan, answers, len(addresses) * len(asset_ids))
    if refusal is not None:
        return Look(
            plan.claim,
            ids,
            asset_ids,
            error=refusal.as_failure(),
            faults=(*faults, Fault(said.provider, refusal.code, refusal.detail)),
        )
    took = milliseconds_since(began)
    return Look(
        plan.claim,
        ids,
        asset_ids,
        answers=answers,
        provider=said.provider,
        agreement=said.agreement,
        seconded_by=said.seconded_by,
        disagreements=said.disagreements,
        took_ms=took,
        members=tuple(_named(members.addresses.encode()) for members in plan.members),
        proofs=_proofs(said.provider, answers.exchanges) + _proofs(said.seconded_by, said.second_exchanges),
        faults=faults,
    )


def _faults(panel: Panel | None) -> tuple[Fault, ...]:
    """What single sources did wrong. That none is configured at all is no source's fault."""
    return tuple(Fault(one.provider, one.code, one.detail) for one in panel.faults) if panel else ()


def _refusal(plan: Plan, answers: Answers, count: int) -> ChainError | None:
    block = answers.pinned.block
    if len(answers.words) != count * WORD:
        return BadAnswer("not one word for each question")
    info = CHAINS[plan.claim.chain]
    # A development chain counts a second for each block that it mines, so its clock may run far ahead.
    if not info.is_development and block.time > plan.claim.at + FUTURE_TOLERANCE:
        return FutureBlock(str(block.height))
    if plan.floor is not None and behind_floor(block, plan.floor):
        return Behind(f"block {block.height}, and {plan.floor[0]} was read before")
    return None


def _named(body: bytes) -> tuple[str, bytes]:
    return blobs.digest_of(body), body


def _proofs(provider: str, exchanges: tuple[Exchange, ...]) -> tuple[Proof, ...]:
    return tuple(
        Proof(
            provider=provider,
            method=exchange.method,
            first=exchange.first,
            count=exchange.count,
            took_ms=exchange.took_ms,
            question_digest=blobs.digest_of(exchange.question),
            answer=_named(exchange.answer),
        )
        for exchange in exchanges
    )
