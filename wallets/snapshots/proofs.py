"""What stands behind a reading: the look's answers, and the part of each that is about this one wallet.

An answer often covers thousands of wallets. Whoever may see one of them may not see who else was looked at: of such
an answer only the part that is about the wallet is shown, with the digest of the whole.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from wallets import blobs
from wallets.chains.base import WORD
from wallets.models import Blob, ProviderAnswer, Reading, ReadingBatch

_HEX_RUN = re.compile(rb"[0-9a-fA-F]{64,}")


@dataclass(frozen=True, slots=True)
class Proof:
    """One answer of the look. `size` is its length in bytes, None where it is gone or damaged (`damaged`).

    `text` is what may be shown of it: all of it where it is about this wallet alone (`whole`), else the words that
    hold the wallet's amounts, from byte `start` on; empty where the answer cannot be taken apart.
    """

    answer: ProviderAnswer
    size: int | None
    damaged: bool
    whole: bool = False
    text: str = ""
    start: int | None = None


def proofs_of(reading: Reading) -> list[Proof]:
    """Every answer that covers the reading's wallet, in the order in which they came."""
    place = place_of(reading.batch, reading.wallet.address)
    return [
        _proof(answer, reading, place)
        for answer in reading.batch.answers.order_by("position")
        if place is None or answer.count == 0 or answer.first <= place < answer.first + answer.count
    ]


def place_of(batch: ReadingBatch, address: str) -> int | None:
    """The number of an address among the members of a look, from 0."""
    for place, member in enumerate(members_of(batch)):
        if member == address:
            return place
    return None


def members_of(batch: ReadingBatch) -> Iterator[str]:
    """The addresses that a look covered, in the order of its answers."""
    for digest in batch.members:
        try:
            yield from blobs.get(digest).decode().split("\n")
        except (blobs.BlobDamaged, Blob.DoesNotExist):
            return


def _proof(answer: ProviderAnswer, reading: Reading, place: int | None) -> Proof:
    try:
        body = blobs.get(answer.answer_id)
    except (blobs.BlobDamaged, Blob.DoesNotExist):
        return Proof(answer, None, damaged=True)
    # Without the wallet's place nobody knows whose answer it is.
    if reading.batch.wallets == 1 or (answer.count == 1 and place is not None):
        return Proof(answer, len(body), damaged=False, whole=True, text=body.decode("utf-8", "replace"))
    if place is None or answer.count == 0:
        return Proof(answer, len(body), damaged=False)
    return _part(answer, reading, place - answer.first, body)


def _part(answer: ProviderAnswer, reading: Reading, place: int, body: bytes) -> Proof:
    """The wallet's words of a packed answer, whose last words are the amounts, by address and then by asset."""
    width = len(reading.batch.assets)
    run = max(_HEX_RUN.finditer(body), key=lambda found: found.end() - found.start(), default=None)
    digits = 2 * WORD * width
    if run is not None and run.end() - run.start() >= answer.count * digits:
        start = run.end() - (answer.count - place) * digits
        words = body[start : start + digits].decode()
        column = reading.batch.assets.index(reading.asset_id)
        # Shown only when it is what was stored: an answer of another shape could be cut in the wrong place.
        if int(words[2 * WORD * column : 2 * WORD * (column + 1)], 16) == reading.amount:
            return Proof(answer, len(body), damaged=False, text=words, start=start)
    return Proof(answer, len(body), damaged=False)
