"""The digest of a look: one SHA-256 over everything that it wrote, kept beside it and told to whoever keeps the record.

    digest   = hex of SHA-256( "holdfast-look-1" ‖ RFC 8785 of the look )
    the look = {"v": 1, "number", "token", "chain", "taken_at", "took_ms", "recorded_at",
                "block": {"height", "hash", "time"}, "pin", "depth", "provider", "agreement", "seconded_by",
                "requested", "wallets", "assets": [[contract, decimals], …], "members": [digest, …],
                "answers": [[position, provider, method, first, count, took_ms, digest of the question, digest of
                the answer], …], "disagreements": [[address, contract, provider, amount, other provider, other
                amount], …], "readings": {"count", "sha256"}}
    sha256   = hex of SHA-256 over one line a reading, by wallet's and then asset's number, UTF-8:
               chain ⇥ address ⇥ contract ⇥ decimals ⇥ amount before ⇥ amount ⇥ number of the look before ⏎

Amounts are decimal digits of base units, moments RFC 3339 in UTC with microseconds, `-` stands for nothing, the native
coin's contract is empty. That everything else was looked at and found unchanged is said by the members and the assets.

The digest is made and told in the transaction that writes the look: there is no moment at which a look stands
without it.
"""

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from django.conf import settings
from django.db import connection
from django.db.backends.utils import CursorWrapper
from django.utils.module_loading import import_string

from wallets.models import LookDigest

TAG: Final = b"holdfast-look-1"

# The two pieces of a query over readings (`reading`) that give `readings` and `digest`: the same where they are written
# and where they are read back.
FIXED: Final = """count(*) AS readings, encode(sha256(convert_to(coalesce(string_agg(concat_ws(E'\\t',
            wallet.chain, wallet.address, asset.contract, asset.decimals, coalesce(reading.before::text, '-'),
            reading.amount, coalesce(reading.before_batch_id::text, '-')) || E'\\n', ''
            ORDER BY reading.wallet_id, reading.asset_id), ''), 'UTF8')), 'hex') AS digest"""
NAMED: Final = """
        LEFT JOIN wallets_wallet AS wallet ON wallet.id = reading.wallet_id
        LEFT JOIN wallets_asset AS asset ON asset.id = reading.asset_id"""

_LOOKS = """
    SELECT batch.id, batch.token::text, batch.chain, batch.taken_at, batch.took_ms, batch.recorded_at,
           batch.block_height, batch.block_hash, batch.block_time, batch.pin, batch.depth, batch.provider,
           batch.agreement, batch.seconded_by, batch.requested, batch.wallets, batch.members,
           (SELECT jsonb_agg(jsonb_build_array(asset.contract, asset.decimals) ORDER BY place)
            FROM unnest(batch.assets) WITH ORDINALITY AS asked (id, place)
            LEFT JOIN wallets_asset AS asset ON asset.id = asked.id)::text,
           (SELECT jsonb_agg(jsonb_build_array(position, answer.provider, method, first, count, answer.took_ms,
                                               question_digest, answer_id) ORDER BY position)
            FROM wallets_provideranswer AS answer WHERE answer.batch_id = batch.id)::text,
           (SELECT jsonb_agg(jsonb_build_array(wallet.address, asset.contract, said.provider, said.amount::text,
                                               other_provider, other_amount::text) ORDER BY said.wallet_id, said.asset_id)
            FROM wallets_disagreement AS said
            LEFT JOIN wallets_wallet AS wallet ON wallet.id = said.wallet_id
            LEFT JOIN wallets_asset AS asset ON asset.id = said.asset_id
            WHERE said.batch_id = batch.id)::text
    FROM wallets_readingbatch AS batch WHERE batch.id = ANY(%s) ORDER BY batch.id
"""
_READINGS: Final = f"""
    SELECT reading.batch_id, reading.taken_at, {FIXED}
    FROM wallets_reading AS reading {NAMED}
    WHERE reading.taken_at >= %s::timestamptz AND reading.taken_at < %s::timestamptz
    GROUP BY reading.batch_id, reading.taken_at
"""  # noqa: S608 - this module's own constants


@dataclass(frozen=True, slots=True)
class Fixed:
    """What fixes the readings of a look: how many there are, and the SHA-256 over their lines."""

    readings: int
    digest: str


NOTHING: Final = Fixed(0, hashlib.sha256(b"").hexdigest())


@dataclass(frozen=True, slots=True)
class Told:
    """A look and its digest, for the record: its number and token, its chain, and how many readings it wrote."""

    number: int
    token: str
    chain: str
    taken_at: datetime
    digest: str
    readings: int


Recorder = Callable[[Sequence[Told]], int]
"""Tells of these looks within the transaction that it is called in; returns the number that it told them under."""


def looks(batch_ids: Iterable[int]) -> Iterator[tuple[dict[str, Any], datetime]]:
    """The looks as their digests take them, still without their readings, and when each was taken."""
    with connection.cursor() as cursor:
        cursor.execute(_LOOKS, [list(batch_ids)])
        for row in cursor.fetchall():
            yield _look(row), row[3]


def _look(row: Sequence[Any]) -> dict[str, Any]:
    number, token, chain, taken_at, took_ms, recorded_at, height, block_hash, block_time, *rest = row
    (
        pin,
        depth,
        provider,
        agreement,
        seconded_by,
        requested,
        wallets,
        members,
        assets,
        answers,
        disagreements,
    ) = rest
    return {
        "v": 1,
        "number": number,
        "token": token,
        "chain": chain,
        "taken_at": _utc(taken_at),
        "took_ms": took_ms,
        "recorded_at": _utc(recorded_at),
        "block": {"height": height, "hash": block_hash, "time": _utc(block_time)},
        "pin": pin,
        "depth": depth,
        "provider": provider,
        "agreement": agreement,
        "seconded_by": seconded_by,
        "requested": requested,
        "wallets": wallets,
        "members": members,
        "assets": json.loads(assets or "[]"),
        "answers": json.loads(answers or "[]"),
        "disagreements": json.loads(disagreements or "[]"),
    }


def digest_of(look: dict[str, Any], readings: Fixed) -> str:
    """The digest, in hex, by the formula at the head of this module."""
    whole = {**look, "readings": {"count": readings.readings, "sha256": readings.digest}}
    # What RFC 8785 asks for, where names are ASCII and numbers are integers below 2^53.
    text = json.dumps(whole, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(TAG + text.encode("utf-8", "surrogatepass")).hexdigest()


def readings_between(begin: datetime | str, end: datetime | str) -> dict[tuple[int, datetime], Fixed]:
    """What fixes the readings taken from `begin` on and before `end`, by the look they name and the time they name."""
    with connection.cursor() as cursor:
        cursor.execute(_READINGS, [begin, end])
        return {(number, taken_at): Fixed(*fixed) for number, taken_at, *fixed in cursor.fetchall()}


def fix_look(cursor: CursorWrapper, batch: int, fixed: Fixed) -> None:
    """Keep a look's digest and tell of it, in the transaction that wrote it: without the one there is not the other."""
    ((look, taken_at),) = looks([batch])
    told = _told(look, taken_at, fixed)
    recorder = _recorder()
    cursor.execute(
        "INSERT INTO wallets_lookdigest (batch_id, digest, readings, told_as) VALUES (%s, %s, %s, %s)",
        [batch, told.digest, told.readings, None if recorder is None else recorder([told])],
    )


def tell_untold(*, limit: int) -> int:
    """Tell of looks that nobody was told of: made before digests were kept, or while nobody kept a record.

    In the caller's transaction; any number may run at once. Returns how many were told, 0 where none is left (or no
    recorder is set).
    """
    recorder = _recorder()
    if recorder is None:
        return 0
    rows = {
        row.pk: row
        for row in LookDigest.objects.select_for_update(skip_locked=True)
        .filter(told_as__isnull=True)
        .order_by("pk")[:limit]
    }
    if not rows:
        return 0
    found = []
    for look, taken_at in looks(rows):
        row = rows[look["number"]]
        # One that has its digest is told by it: what became of the tables since is for the verifier to find.
        if row.digest is not None and row.readings is not None:
            found.append(Told(row.pk, look["token"], look["chain"], taken_at, row.digest, row.readings))
        else:
            found.append(_told(look, taken_at, _readings_of(row.pk, taken_at)))
    number = recorder(found)
    for told in found:
        LookDigest.objects.filter(pk=told.number).update(
            digest=told.digest, readings=told.readings, told_as=number
        )
    return len(found)


def untold_looks() -> int:
    """How many looks wait to be told of."""
    return LookDigest.objects.filter(told_as__isnull=True).count()


def _readings_of(batch: int, taken_at: datetime) -> Fixed:
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {FIXED} FROM wallets_reading AS reading {NAMED} "  # noqa: S608 - this module's own constants
            "WHERE reading.taken_at = %s AND reading.batch_id = %s",
            [taken_at, batch],
        )
        return Fixed(*cursor.fetchone())


def _told(look: dict[str, Any], taken_at: datetime, fixed: Fixed) -> Told:
    return Told(
        look["number"], look["token"], look["chain"], taken_at, digest_of(look, fixed), fixed.readings
    )


def _recorder() -> Recorder | None:
    path: str = getattr(settings, "WALLET_RECORDER", "")
    if not path:
        return None
    recorder: Recorder = import_string(path)
    return recorder


def _utc(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
