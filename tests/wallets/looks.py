"""Looks put together by hand: what a source would have said, recorded through the real claim and the real record."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from wallets import blobs, snapshots
from wallets.chains.base import Answers, Block, Depth, Failure, Pin, Pinned
from wallets.models import Asset, Wallet
from wallets.registry import assets_of
from wallets.snapshots.looks import Fault, Look, Proof
from wallets.snapshots.record import record
from wallets.snapshots.schedule import Claim

DOWN = Failure("unavailable", "HTTP 503")
NO_CONTRACT = Failure("no_contract", "0x12", "unsupported")

Said = int | Failure | tuple[int, int]
"""What a source says of one balance: an amount, a failure, or two amounts of two sources that contradict each other."""


def block_at(height: int, when: datetime, *, fork: int = 0) -> Block:
    """A block of this height; another `fork` is another block of the same height."""
    return Block(height, f"0x{fork:02x}{height:062x}", when)


def assets(chain: str = "localdev") -> list[Asset]:
    return assets_of([chain])[chain]


def claimed(at: datetime, *, chain: str = "localdev", limit: int | None = 500) -> Claim:
    claim = snapshots.claim_due(chain=chain, at=at, limit=limit)
    assert claim is not None, "nothing is due"
    return claim


def members_of(claim: Claim) -> list[int]:
    """The wallets of a claim in the order of the answers."""
    if claim.single:
        return list(claim.wallets)
    rows = Wallet.objects.filter(state__group__in=claim.groups).order_by("state__group", "pk")
    return list(rows.values_list("pk", flat=True))


def look_of(
    claim: Claim,
    said: Mapping[int, Said | Sequence[Said]],
    *,
    height: int,
    fork: int = 0,
    when: datetime | None = None,
    provider: str = "node:8545",
    agreement: str = "single",
    seconded_by: str = "",
    pin: Pin = "hash",
    depth: Depth = "latest",
    error: Failure | None = None,
    retry_after: float | None = None,
    faults: Sequence[Fault] = (),
    answer: bytes = b"",
) -> Look:
    """The look of a claim: per wallet what is said of its native coin, or of each of its chain's assets.

    What is not said of an asset is a failure of it without a contract.
    """
    ids = members_of(claim)
    kinds = assets(claim.chain)
    words, failures, disagreements = [], {}, {}
    for place, wallet in enumerate(ids):
        given = said[wallet] if error is None else DOWN
        row = list(given) if isinstance(given, list) else [given]
        row += [NO_CONTRACT] * (len(kinds) - len(row))
        for column, one in enumerate(row):
            index = place * len(kinds) + column
            amount = 0
            if isinstance(one, Failure):
                failures[index] = one
            elif isinstance(one, tuple):
                amount, disagreements[index] = one
                failures[index] = Failure("disagrees", "")
            else:
                amount = one
            words.append(amount.to_bytes(32, "big"))
    body = answer or b"".join(words)
    pinned = Pinned(block_at(height, when or claim.at - timedelta(seconds=9), fork=fork), pin, depth)
    wallets = Wallet.objects.in_bulk(ids)
    text = "\n".join(wallets[pk].address for pk in ids).encode()
    proofs = [Proof(provider, "test", 0, len(ids), 3, blobs.digest_of(b"q"), named(body))]
    if seconded_by:
        proofs.append(Proof(seconded_by, "test", 0, len(ids), 4, blobs.digest_of(b"q"), named(body)))
    return Look(
        claim,
        ",".join(map(str, ids)),
        tuple(asset.pk for asset in kinds),
        answers=None if error else Answers(pinned, b"".join(words), failures),
        provider=provider,
        agreement=agreement,
        seconded_by=seconded_by,
        disagreements=disagreements,
        took_ms=3,
        members=(named(text),),
        proofs=tuple(proofs),
        faults=tuple(faults),
        error=error,
        retry_after=retry_after,
    )


def named(body: bytes) -> tuple[str, bytes]:
    return blobs.digest_of(body), body


def seen(
    wallets: Sequence[Wallet], said: Said | Sequence[Said], *, at: datetime, height: int, fork: int = 0
) -> None:
    """Somebody asked for a look at these wallets, and this came of it."""
    snapshots.request_refresh(wallet_ids=[wallet.pk for wallet in wallets], at=at)
    claim = claimed(at, chain=wallets[0].chain)
    assert record(
        look_of(claim, dict.fromkeys((wallet.pk for wallet in wallets), said), height=height, fork=fork)
    )


def swept(
    said: Mapping[int, Said | Sequence[Said]],
    *,
    at: datetime,
    height: int,
    fork: int = 0,
    chain: str = "localdev",
) -> None:
    """The scheduled look of every group that is due, and what came of it."""
    claim = claimed(at, chain=chain)
    assert not claim.single, "a single wallet is due; the group is not what was claimed"
    assert record(look_of(claim, said, height=height, fork=fork))
