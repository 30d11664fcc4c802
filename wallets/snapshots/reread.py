"""Ask again what was read once, at the same block, and say whether the chain still answers the same."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from wallets import blobs
from wallets.chains import panel_for
from wallets.chains.base import WORD, Block, ChainError, Pinned, error_text
from wallets.models import Asset, Blob, Reading, ReadingBatch

Verdict = Literal["same", "different", "cannot"]
WORDS: Final[dict[Verdict, str | Promise]] = {
    "same": _("same"),
    "different": _("different"),
    "cannot": _("cannot be re-read"),
}


@dataclass(frozen=True, slots=True)
class Reread:
    """What the chain answers now for a stored reading, in base units; None where it cannot be asked, and `why`."""

    reading: Reading
    verdict: Verdict
    amount: int | None
    provider: str
    why: str | Promise = ""


def reread(readings: Sequence[Reading]) -> Iterator[Reread]:
    """Each reading at its own block, one verdict for each, in the order of their looks.

    `readings` have `wallet`, `asset` and `batch` at hand. Nothing is written. Most nodes keep the state of old blocks
    for minutes only; a node that keeps all of it (an archive) answers for any.
    """
    looks: dict[int, list[Reading]] = {}
    for reading in readings:
        looks.setdefault(reading.batch_id, []).append(reading)
    for rows in looks.values():
        yield from _look(rows[0].batch, rows)


def _look(batch: ReadingBatch, rows: list[Reading]) -> Iterator[Reread]:
    addresses = list(dict.fromkeys(row.wallet.address for row in rows))
    assets: list[Asset] = list({row.asset_id: row.asset for row in rows}.values())
    pinned = Pinned(
        Block(batch.block_height, batch.block_hash, batch.block_time),
        batch.pin,  # type: ignore[arg-type]
        batch.depth,  # type: ignore[arg-type]
    )
    try:
        with panel_for(batch.chain) as panel:
            said = panel.read_at(addresses, [asset.contract for asset in assets], pinned)
    except ChainError as error:
        why = error_text(error.code)
        yield from (Reread(row, "cannot", None, "", why) for row in rows)
        return
    places = {asset.pk: place for place, asset in enumerate(assets)}
    for row in rows:
        index = addresses.index(row.wallet.address) * len(assets) + places[row.asset_id]
        failure = said.answers.failures.get(index)
        if failure is not None:
            yield Reread(row, "cannot", None, said.provider, error_text(failure.code))
            continue
        amount = int.from_bytes(said.answers.words[index * WORD : (index + 1) * WORD])
        yield Reread(row, "same" if amount == row.amount else "different", amount, said.provider)


def answers_damaged(batch: ReadingBatch) -> list[str]:
    """Digests of the look's stored answers that are gone or no longer have their digest."""
    found = []
    for digest in batch.answers.order_by("position").values_list("answer_id", flat=True):
        try:
            blobs.get(digest)
        except (blobs.BlobDamaged, Blob.DoesNotExist):
            found.append(digest)
    return found
