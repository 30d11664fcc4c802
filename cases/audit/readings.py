"""Readings against the record: every look's digest made anew from the tables and held against what the events told.

A look is told of once, in the transaction that writes it, so that whatever differs was changed past the application:
a reading, a balance, a proof, an address. The tables are read look by look in the order of time, a window of readings
at once: memory does not grow with the history.
"""

import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Final

from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper
from psycopg2.extras import execute_values

from cases.audit.models import Event
from cases.sealing.envelope import CannotUnseal
from wallets.snapshots.digests import NOTHING, Fixed, digest_of, looks, readings_between

ACTION: Final = "looks.recorded"
# A look that nobody told of for this long is found; before, it may wait for the worker that tells of it.
GRACE: Final = timedelta(minutes=5)
# A window holds at most so many readings, but for a single look that has more, and so many looks.
WINDOW_READINGS: Final = 200_000
WINDOW_LOOKS: Final = 1_000
PIECE: Final = 2_000


@dataclass(frozen=True, slots=True)
class ReadingFinding:
    """Something among the readings that is not as the record told it.

    `what` is one of look, reading, balance, answer; `where` names it: the look's number, wallet/asset numbers of a
    balance, an answer's digest. `event_id` is the event that told of the look, None where none did.
    """

    what: str
    where: str
    reason: str
    event_id: int | None = None


# A look in the order of the walk: number, when taken, readings that it is said to have, what was told of it
# (digest and event), what its own row says of it, and whether it is older than the grace.
@dataclass(frozen=True, slots=True)
class _Walked:
    number: int
    taken_at: datetime
    said: int
    told: str | None
    event_id: int | None
    kept: str | None
    told_as: int | None
    old: bool


def verify_readings() -> Iterator[ReadingFinding]:
    """Every look, reading, balance and stored answer that is not as the record told it. Ends without one where all are.

    Reads beside the workers: a look that is written meanwhile is judged as it is found, or left for the next time.
    """
    with transaction.atomic():
        before = _moment()
        with _told() as finding:
            yield from finding
            yield from _missing()
            yield from _walk(before)
        yield from _balances()
        yield from _answers()


def _moment() -> datetime:
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        moment: datetime = cursor.fetchone()[0]
        return moment - GRACE


# ── What the events told ──────────────────────────────────────────────────────────────────────────────────


@contextmanager
def _told() -> Iterator[list[ReadingFinding]]:
    """What the events say of each look, in a table of this session; with the events that cannot be used."""
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE TEMPORARY TABLE told_looks (batch_id bigint PRIMARY KEY, digest text NOT NULL, event_id bigint NOT NULL)"
        )
        try:
            found: list[ReadingFinding] = []
            rows: list[tuple[int, str, int]] = []
            events = Event.objects.filter(action=ACTION, stream__kind="system").select_related("stream")
            for event in events.order_by("pk").iterator(chunk_size=PIECE):
                read = _looks_of(event)
                if read is None:
                    found.append(ReadingFinding("event", str(event.pk), "cannot be read", event.pk))
                    continue
                rows += read
                if len(rows) >= PIECE:
                    found += _keep(cursor, rows)
                    rows = []
            found += _keep(cursor, rows)
            cursor.execute("ANALYZE told_looks")
            yield found
        finally:
            if not connection.needs_rollback:
                cursor.execute("DROP TABLE IF EXISTS told_looks")


def _looks_of(event: Event) -> list[tuple[int, str, int]] | None:
    try:
        told = event.values.get("looks")
    except (CannotUnseal, ValueError):
        return None
    if not isinstance(told, list):
        return None
    return [(int(look["look"]), str(look["digest"]), event.pk) for look in told]


def _keep(cursor: CursorWrapper, rows: Sequence[tuple[int, str, int]]) -> list[ReadingFinding]:
    if not rows:
        return []
    # The last word on a look holds; that there are two is told, since the application tells once.
    last = {number: (number, digest, event) for number, digest, event in rows}
    again = (
        {number for number in last if sum(row[0] == number for row in rows) > 1}
        if len(last) < len(rows)
        else set()
    )
    with connection.cursor() as other:
        other.execute("SELECT batch_id FROM told_looks WHERE batch_id = ANY(%s)", [list(last)])
        again |= {number for (number,) in other.fetchall()}
    execute_values(
        cursor.cursor,
        "INSERT INTO told_looks VALUES %s ON CONFLICT (batch_id) DO UPDATE "
        "SET digest = EXCLUDED.digest, event_id = EXCLUDED.event_id",
        list(last.values()),
        page_size=PIECE,
    )
    return [
        ReadingFinding("look", str(number), "was told of twice", last[number][2]) for number in sorted(again)
    ]


def _missing() -> Iterator[ReadingFinding]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT told.batch_id, told.event_id FROM told_looks AS told "
            "LEFT JOIN wallets_readingbatch AS batch ON batch.id = told.batch_id "
            "WHERE batch.id IS NULL ORDER BY told.batch_id"
        )
        for number, event_id in cursor.fetchall():
            yield ReadingFinding("look", str(number), "is gone", event_id)


# ── Looks and their readings ──────────────────────────────────────────────────────────────────────────────

_WALK = """
    SELECT batch.id, batch.taken_at, coalesce(fixed.readings, 0), told.digest, told.event_id, fixed.digest, fixed.told_as,
           batch.recorded_at < %s
    FROM wallets_readingbatch AS batch
    LEFT JOIN wallets_lookdigest AS fixed ON fixed.batch_id = batch.id
    LEFT JOIN told_looks AS told ON told.batch_id = batch.id
    ORDER BY batch.taken_at, batch.id
"""


def _walk(before: datetime) -> Iterator[ReadingFinding]:
    """Windows over all of time, each with its looks: so no reading is passed over, whatever time it names."""
    begin: datetime | str = "-infinity"
    window: list[_Walked] = []
    readings = 0
    for walked in _looks_by_time(before):
        full = len(window) >= WINDOW_LOOKS or readings >= WINDOW_READINGS
        # Looks of one moment are not parted.
        if full and window[-1].taken_at < walked.taken_at:
            yield from _judged(window, begin, walked.taken_at, before)
            begin, window, readings = walked.taken_at, [], 0
        window.append(walked)
        readings += walked.said
    yield from _judged(window, begin, "infinity", before)


def _looks_by_time(before: datetime) -> Iterator[_Walked]:
    with connection.chunked_cursor() as cursor:
        cursor.execute(_WALK, [before])
        while rows := cursor.fetchmany(PIECE):
            for row in rows:
                yield _Walked(*row)


def _judged(
    window: Sequence[_Walked], begin: datetime | str, end: datetime | str, before: datetime
) -> Iterator[ReadingFinding]:
    readings = readings_between(begin, end)
    found = {look["number"]: look for look, _taken_at in looks([walked.number for walked in window])}
    for walked in window:
        fixed = readings.pop((walked.number, walked.taken_at), NOTHING)
        look = found.get(walked.number)
        if look is None:
            # Gone since the walk began.
            yield ReadingFinding("look", str(walked.number), "is gone", walked.event_id)
        elif (reason := _reason(walked, digest_of(look, fixed), fixed)) is not None:
            yield ReadingFinding("look", str(walked.number), reason, walked.event_id)
    yield from _strays(readings, before)


def _reason(walked: _Walked, digest: str, fixed: Fixed) -> str | None:
    """Why a look is not as it was told; None where it is, or where nobody has told of it for less than the grace."""
    if walked.told is None:
        return "was never told of" if walked.old else None
    if digest != walked.told:
        if walked.kept == walked.told and fixed.readings != walked.said:
            return f"was changed: {fixed.readings} readings instead of {walked.said}"
        return "was changed"
    if walked.kept != digest or walked.told_as != walked.event_id or walked.said != fixed.readings:
        return "has another digest kept beside it"
    return None


def _strays(readings: dict[tuple[int, datetime], Fixed], before: datetime) -> Iterator[ReadingFinding]:
    """Readings that belong to no look of their time; but for those of looks that were written since the walk began."""
    if not readings:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id, taken_at FROM wallets_readingbatch WHERE id = ANY(%s) AND recorded_at >= %s",
            [[number for number, _taken_at in readings], before],
        )
        new = set(cursor.fetchall())
    for (number, taken_at), fixed in sorted(readings.items()):
        if (number, taken_at) not in new:
            yield ReadingFinding(
                "reading", f"{number} {taken_at.isoformat()}", f"{fixed.readings} readings belong to no look"
            )


# ── What is known now ─────────────────────────────────────────────────────────────────────────────────────

_BALANCES = """
    SELECT coalesce(balance.wallet_id, last.wallet_id), coalesce(balance.asset_id, last.asset_id),
           CASE WHEN balance.id IS NULL THEN 'is gone, though it was read'
                WHEN last.taken_at IS NULL THEN 'holds an amount that was never read'
                WHEN balance.amount IS DISTINCT FROM last.amount THEN 'is not the amount that was read last'
                WHEN since.amount IS DISTINCT FROM balance.amount THEN 'is not what was read when it is said to be'
                ELSE 'names another look than saw it' END
    FROM wallets_balance AS balance
    FULL JOIN (
        SELECT DISTINCT ON (wallet_id, asset_id) wallet_id, asset_id, amount, taken_at
        FROM wallets_reading ORDER BY wallet_id, asset_id, taken_at DESC
    ) AS last ON last.wallet_id = balance.wallet_id AND last.asset_id = balance.asset_id
    LEFT JOIN wallets_reading AS since
      ON since.wallet_id = balance.wallet_id AND since.asset_id = balance.asset_id AND since.taken_at = balance.read_at
    LEFT JOIN wallets_readingbatch AS look ON look.id = balance.batch_id
    WHERE balance.amount IS DISTINCT FROM last.amount
       OR (last.amount IS NOT NULL AND (
           since.amount IS DISTINCT FROM balance.amount OR balance.read_at > last.taken_at
           OR look.taken_at IS DISTINCT FROM balance.seen_at OR balance.seen_at < last.taken_at
           OR NOT balance.asset_id = ANY(look.assets)
           OR look.chain IS DISTINCT FROM (SELECT chain FROM wallets_wallet WHERE id = balance.wallet_id)
       ))
    ORDER BY 1, 2
"""


def _balances() -> Iterator[ReadingFinding]:
    """Each balance against the last reading of it, and each last reading against its balance."""
    with connection.chunked_cursor() as cursor:
        cursor.execute(_BALANCES)
        while rows := cursor.fetchmany(PIECE):
            for wallet, asset, reason in rows:
                yield ReadingFinding("balance", f"{wallet}/{asset}", reason)


# ── Answers as they came ──────────────────────────────────────────────────────────────────────────────────

_GONE = """
    SELECT DISTINCT named.digest FROM (
        SELECT answer_id AS digest FROM wallets_provideranswer
        UNION ALL
        SELECT unnest(members) FROM wallets_readingbatch
    ) AS named LEFT JOIN wallets_blob AS blob ON blob.digest = named.digest
    WHERE blob.digest IS NULL ORDER BY named.digest
"""


def _answers() -> Iterator[ReadingFinding]:
    """The stored answers and lists of addresses, each against its own digest, which the look's covers."""
    with connection.cursor() as cursor:
        cursor.execute(_GONE)
        for (digest,) in cursor.fetchall():
            yield ReadingFinding("answer", digest, "is gone")
    with connection.chunked_cursor() as cursor:
        cursor.execute("SELECT digest, size, body FROM wallets_blob ORDER BY digest")
        # One may be as large as a whole answer.
        while rows := cursor.fetchmany(20):
            for digest, size, body in rows:
                if not _is_whole(digest, size, bytes(body)):
                    yield ReadingFinding("answer", digest, "was changed")


def _is_whole(digest: str, size: int, packed: bytes) -> bool:
    try:
        body = zlib.decompress(packed)
    except zlib.error:
        return False
    return len(body) == size and sha256(body).hexdigest() == digest
