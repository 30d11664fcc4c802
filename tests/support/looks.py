"""Balances for the casework's tests: looks that go the real way into the tables, without a node.

    looked({wallet: {"ETH": 10**18}}, at=at)  # somebody asked for a look
    swept({wallet: {"ETH": 2 * 10**18}}, at=at)  # the scheduled look of the wallet's group

A wallet is a `CaseWallet` or a `Wallet`; amounts are base units by the asset's symbol. Assets that are not named keep
what is known of them, or else hold nothing. `Failure`s, and pairs of amounts of two sources that contradict each other,
stand in an amount's place. Without `height` each look is at a block of its own: a second answer at one block that differs
from the first is a contradiction, and no change.
"""

import itertools
import uuid
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from cases.models import CaseWallet
from tests.wallets.looks import Said, assets, look_of
from wallets.models import Balance, LookGroup, ReadingBatch, Wallet, WalletState
from wallets.snapshots.record import record
from wallets.snapshots.schedule import Claim

__all__ = ["Amounts", "looked", "swept"]

_heights = itertools.count(17_331_000)

# The keys are `CaseWallet | Wallet`, which a mapping of one of the two alone would not fit.
Amounts = Mapping[Any, Mapping[str, Said]]


def looked(
    amounts: Amounts,
    *,
    at: datetime,
    height: int | None = None,
    block_time: datetime | None = None,
    provider: str = "node.example.test",
    second: str = "",
    fork: int = 0,
) -> ReadingBatch:
    """One look that was asked for, at just these wallets (of one chain), recorded as a worker records it."""
    wallets = _wallets(amounts)
    chain = next(iter(wallets.values())).chain
    claim = Claim(uuid.uuid4(), chain, at, (), tuple(sorted(wallets)))
    taken = WalletState.objects.filter(wallet_id__in=wallets)
    taken.update(claim=claim.token, claimed_at=at, claimed_until=at + timedelta(seconds=30))
    return _recorded(claim, amounts, height, block_time, provider, second, fork)


def swept(
    amounts: Amounts,
    *,
    at: datetime,
    height: int | None = None,
    block_time: datetime | None = None,
    provider: str = "node.example.test",
    second: str = "",
    fork: int = 0,
) -> ReadingBatch:
    """One scheduled look at the whole groups that these wallets (of one chain) are in."""
    wallets = _wallets(amounts)
    chain = next(iter(wallets.values())).chain
    groups = tuple(
        sorted(set(LookGroup.objects.filter(states__wallet__in=wallets).values_list("pk", flat=True)))
    )
    assert groups, "nobody watches these wallets"
    claim = Claim(uuid.uuid4(), chain, at, groups, ())
    LookGroup.objects.filter(pk__in=groups).update(
        claim=claim.token, claimed_at=at, claimed_until=at + timedelta(seconds=30)
    )
    return _recorded(claim, amounts, height, block_time, provider, second, fork)


def _wallets(amounts: Amounts) -> dict[int, Wallet]:
    rows = [row.wallet if isinstance(row, CaseWallet) else row for row in amounts]
    assert len({row.chain for row in rows}) == 1, "a look is at wallets of one chain"
    return {row.pk: row for row in rows}


def _recorded(
    claim: Claim,
    amounts: Amounts,
    height: int | None,
    block_time: datetime | None,
    provider: str,
    second: str,
    fork: int,
) -> ReadingBatch:
    kinds = assets(claim.chain)
    symbols = {asset.symbol for asset in kinds}
    asked = {
        row.wallet_id if isinstance(row, CaseWallet) else row.pk: given for row, given in amounts.items()
    }
    unknown = {symbol for given in asked.values() for symbol in given} - symbols
    assert not unknown, f"{claim.chain} has no {unknown}"
    members = (
        list(claim.wallets)
        if claim.single
        else list(WalletState.objects.filter(group__in=claim.groups).values_list("pk", flat=True))
    )
    known = {
        (row.wallet_id, row.asset_id): row.amount or 0 for row in Balance.objects.filter(wallet__in=members)
    }
    said: dict[int, list[Said]] = {
        member: [asked.get(member, {}).get(asset.symbol, known.get((member, asset.pk), 0)) for asset in kinds]
        for member in members
    }
    look = look_of(
        claim,
        said,
        height=next(_heights) if height is None else height,
        when=block_time,
        provider=provider,
        agreement="agreed" if second else "single",
        seconded_by=second,
        fork=fork,
    )
    assert record(look), "the claim was not ours"
    return ReadingBatch.objects.get(token=claim.token)
