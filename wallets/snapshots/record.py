"""Write what a look brought, in one transaction: the look and its proof, what changed, what failed, the schedule.

Amounts go in as one array of text, and PostgreSQL finds out which of them differ from what is known: only those
are written. That all the others were looked at and found the same stands once, on the look.
"""

import struct
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper

from wallets import blobs
from wallets.chains import CHAINS
from wallets.chains.base import Answers, Block, Failure
from wallets.snapshots.digests import FIXED, NAMED, Fixed, fix_look
from wallets.snapshots.finish import count_faults, finish_groups, finish_members, finish_wallets
from wallets.snapshots.groups import KEEP, lock_states
from wallets.snapshots.looks import Failed, Look
from wallets.snapshots.news import write_news


def record(look: Look) -> bool:
    """Write a look. Returns False, and writes nothing, when its claim has been taken by another worker.

    A failure never touches an amount. A look of a single wallet that comes in after a later look of its group has
    nothing to say about what is known now, and says nothing.
    """
    with transaction.atomic(durable=True), connection.cursor() as cursor:
        # The plans that PostgreSQL would compile to machine code here run shorter than the compiling.
        cursor.execute("SET LOCAL jit = off; SET LOCAL work_mem = '32MB'")
        if not _still_ours(cursor, look):
            return False
        failed: list[Failed] = []
        batch: int | None = None
        fixed: Fixed | None = None
        error = look.error
        if look.answers is not None and _behind(cursor, look):
            error = Failure("behind", f"block {look.answers.pinned.block.height}")
            look = replace(look, answers=None, error=error)
        if look.answers is not None:
            ids = [int(number) for number in look.ids.split(",")] if look.answers.failures else []
            failed = _failed(cursor, look, look.answers, ids)
            if ids and _nothing_read(look, len(ids)):
                error = next(iter(look.answers.failures.values()))
            else:
                batch = _write_batch(cursor, look, look.answers)
                contradicting, fixed = _write_amounts(cursor, look, look.answers, batch)
                failed += contradicting
        if error is not None and look.claim.single:
            # A group says for all its wallets at once that it cannot be read; a single wallet says so itself.
            failed = [(wallet, asset, error) for wallet in look.claim.wallets for asset in look.assets]
        if failed:
            _write_failures(cursor, look.claim.at, failed)
        if look.claim.single:
            finish_wallets(cursor, look, failed, error)
        else:
            finish_groups(cursor, look, batch, error)
            if error is None:
                finish_members(cursor, look, failed)
        count_faults(cursor, look)
        if batch is not None and fixed is not None:
            # Last: whoever keeps the record takes a lock for it that all others wait for.
            fix_look(cursor, batch, fixed)
    return True


def _still_ours(cursor: CursorWrapper, look: Look) -> bool:
    claim = look.claim
    if claim.single:
        return all(state.claim == claim.token for state in lock_states(claim.wallets))
    cursor.execute(
        "SELECT claim FROM wallets_lookgroup WHERE id = ANY(%s) ORDER BY id FOR NO KEY UPDATE",
        [list(claim.groups)],
    )
    return all(row[0] == claim.token for row in cursor.fetchall())


# The highest block that was read of any of these wallets, and its time: through their group or by a look of their own.
FLOOR_OF_GROUPS: Final = """
    SELECT floor, floor_time FROM wallets_lookgroup WHERE id = ANY(%(keys)s) ORDER BY floor DESC LIMIT 1
"""
FLOOR_ALONE: Final = """
    SELECT batch.block_height, batch.block_time
    FROM (
        SELECT batch_id FROM wallets_balance WHERE wallet_id = ANY(%(keys)s)
        UNION
        SELECT look_group.last_batch_id
        FROM wallets_walletstate AS state JOIN wallets_lookgroup AS look_group ON look_group.id = state.group_id
        WHERE state.wallet_id = ANY(%(keys)s)
    ) AS seen
    JOIN wallets_readingbatch AS batch ON batch.id = seen.batch_id
    ORDER BY batch.block_height DESC LIMIT 1
"""
# A block of a later time than this much after the highest one that was read cannot lie below it: that one was a lie.
# Without this, one lie would end all looks for ever.
LIE: Final = timedelta(hours=2)


def behind_floor(block: Block, floor: tuple[int, datetime | None] | None) -> bool:
    """Whether `block` is older than the highest one that was read before (its height, and its time)."""
    if floor is None or not floor[0] or block.height >= floor[0]:
        return False
    return floor[1] is None or block.time <= floor[1] + LIE


def _behind(cursor: CursorWrapper, look: Look) -> bool:
    """Whether another look went further ahead while this one was being read."""
    answers, claim = look.answers, look.claim
    if answers is None or CHAINS[claim.chain].is_development:
        return False
    cursor.execute(
        FLOOR_ALONE if claim.single else FLOOR_OF_GROUPS, {"keys": list(claim.groups or claim.wallets)}
    )
    return behind_floor(answers.pinned.block, cursor.fetchone())


def _failed(cursor: CursorWrapper, look: Look, answers: Answers, ids: list[int]) -> list[Failed]:
    """What could not be read, of the wallets that are still the claim's."""
    width = len(look.assets)
    failed = [
        (ids[index // width], look.assets[index % width], failure)
        for index, failure in answers.failures.items()
    ]
    if look.claim.single or not failed:
        return failed
    cursor.execute(
        "SELECT wallet_id FROM wallets_walletstate WHERE wallet_id = ANY(%s) AND group_id = ANY(%s)",
        [list({row[0] for row in failed}), list(look.claim.groups)],
    )
    ours = {row[0] for row in cursor.fetchall()}
    return [row for row in failed if row[0] in ours]


def _nothing_read(look: Look, wallets: int) -> bool:
    """Whether every single question failed: then the source failed, and there is no look to speak of."""
    failures = look.answers.failures if look.answers else {}
    return (
        len(failures) == wallets * len(look.assets)
        and not look.disagreements
        and any(failure.state == "failed" for failure in failures.values())
    )


_BATCH = """
    INSERT INTO wallets_readingbatch
           (token, chain, taken_at, took_ms, block_height, block_hash, block_time, pin, depth, provider, agreement,
            seconded_by, requested, wallets, assets, members)
    VALUES (%(token)s, %(chain)s, %(at)s, %(took)s, %(height)s, %(hash)s, %(time)s, %(pin)s, %(depth)s, %(provider)s,
            %(agreement)s, %(seconded_by)s, %(single)s, %(wallets)s, %(assets)s::bigint[], %(members)s)
    RETURNING id
"""
_ANSWERS = """
    INSERT INTO wallets_provideranswer
           (batch_id, position, provider, method, first, count, took_ms, question_digest, answer_id)
    SELECT %(batch)s, position - 1, provider, method, first, count, took, question, answer
    FROM unnest(%(providers)s::text[], %(methods)s::text[], %(firsts)s::integer[], %(counts)s::integer[],
                %(took)s::integer[], %(questions)s::text[], %(answers)s::text[]) WITH ORDINALITY
         AS row (provider, method, first, count, took, question, answer, position)
"""


def _write_batch(cursor: CursorWrapper, look: Look, answers: Answers) -> int:
    blobs.put_many([*look.members, *(proof.answer for proof in look.proofs)])
    pinned = answers.pinned
    cursor.execute(
        _BATCH,
        {
            "token": str(look.claim.token),
            "chain": look.claim.chain,
            "at": look.claim.at,
            "took": look.took_ms,
            "height": pinned.block.height,
            "hash": pinned.block.hash,
            "time": pinned.block.time,
            "pin": pinned.pin,
            "depth": pinned.depth,
            "provider": look.provider,
            "agreement": look.agreement,
            "seconded_by": look.seconded_by,
            "single": look.claim.single,
            "wallets": look.ids.count(",") + 1,
            "assets": list(look.assets),
            "members": [digest for digest, _body in look.members],
        },
    )
    row = cursor.fetchone()
    if row is None:
        raise RuntimeError("an INSERT … RETURNING gives a row")
    batch: int = row[0]
    if look.proofs:
        cursor.execute(
            _ANSWERS,
            {
                "batch": batch,
                "providers": [proof.provider for proof in look.proofs],
                "methods": [proof.method for proof in look.proofs],
                "firsts": [proof.first for proof in look.proofs],
                "counts": [proof.count for proof in look.proofs],
                "took": [proof.took_ms for proof in look.proofs],
                "questions": [proof.question_digest for proof in look.proofs],
                "answers": [proof.answer[0] for proof in look.proofs],
            },
        )
    return batch


# `differing`: what is not as it was, or was failing, or is new; for a single look, everything. `previous` is the look
# that had confirmed the amount so far: the group's last, where it spoke for this row, or else the row's own.
_AMOUNTS = """
    WITH asked AS MATERIALIZED (
        SELECT ('{{' || %(ids)s || '}}')::bigint[] AS wallets
    ), row AS MATERIALIZED (
        SELECT (asked.wallets)[1 + (place - 1) / %(width)s] AS wallet_id,
               (%(assets)s::bigint[])[1 + (place - 1) %% %(width)s] AS asset_id,
               amount
        FROM asked, unnest(%(amounts)s::numeric[]) WITH ORDINALITY AS given (amount, place)
        WHERE amount IS NOT NULL
    ), differing AS MATERIALIZED (
        SELECT row.wallet_id, row.asset_id, row.amount, balance.amount AS before, balance.batch_id, balance.seen_at,
               balance.failing_since, balance.id AS balance_id
        FROM row LEFT JOIN wallets_balance AS balance
             ON balance.wallet_id = row.wallet_id AND balance.asset_id = row.asset_id
        WHERE balance.id IS NULL OR (
            ({single} OR balance.amount IS DISTINCT FROM row.amount OR balance.failing_since IS NOT NULL)
            AND (balance.seen_at IS NULL OR balance.seen_at <= %(at)s)
        )
    ), placed AS MATERIALIZED (
        SELECT differing.*, previous.id AS previous_id, previous.block_hash AS previous_hash
        FROM differing
        JOIN wallets_walletstate AS state ON state.wallet_id = differing.wallet_id
        LEFT JOIN wallets_lookgroup AS look_group ON look_group.id = state.group_id
        LEFT JOIN wallets_readingbatch AS last ON last.id = look_group.last_batch_id AND last.taken_at >= state.joined_at
        LEFT JOIN wallets_readingbatch AS previous ON previous.id = CASE
            WHEN differing.before IS NULL THEN NULL
            WHEN differing.failing_since IS NULL AND last.taken_at > differing.seen_at
                 AND differing.asset_id = ANY(last.assets) THEN last.id
            ELSE differing.batch_id END
        WHERE (last.taken_at IS NULL OR last.taken_at <= %(at)s) AND {ours}
    ), found AS MATERIALIZED (
        SELECT placed.*,
               before IS DISTINCT FROM amount AS changed,
               coalesce(before <> amount AND previous_hash = %(hash)s, false) AS contradicts
        FROM placed
    ), written AS (
        INSERT INTO wallets_reading (wallet_id, asset_id, before, amount, batch_id, before_batch_id, taken_at)
        SELECT wallet_id, asset_id, before, amount, %(batch)s, previous_id, %(at)s
        FROM found WHERE (changed OR {single}) AND NOT contradicts
        ORDER BY wallet_id, asset_id
        RETURNING wallet_id, asset_id, before, amount, before_batch_id
    ), fixed AS (
        SELECT {fixed}
        FROM written AS reading {named}
    ), known AS (
        UPDATE wallets_balance AS balance
        SET amount = found.amount,
            read_at = CASE WHEN found.changed THEN %(at)s ELSE balance.read_at END,
            batch_id = %(batch)s, seen_at = %(at)s, failing_since = NULL, error_code = '', error_text = ''
        FROM found
        WHERE balance.id = found.balance_id AND NOT found.contradicts
    ), fresh AS (
        INSERT INTO wallets_balance (wallet_id, asset_id, amount, read_at, batch_id, seen_at)
        SELECT wallet_id, asset_id, amount, %(at)s, %(batch)s, %(at)s
        FROM found WHERE balance_id IS NULL
    )
    SELECT count(*) FILTER (WHERE changed AND before IS NOT NULL AND NOT contradicts),
           array_agg(wallet_id) FILTER (WHERE contradicts), array_agg(asset_id) FILTER (WHERE contradicts),
           (SELECT readings FROM fixed), (SELECT digest FROM fixed)
    FROM found
"""
# A wallet that left its group while it was being read is the new group's: that one may write it at this very moment, and
# nothing here waits for it.
_AMOUNTS_OF_GROUPS: Final = _AMOUNTS.format(
    single="false", ours="state.group_id = ANY(%(groups)s::bigint[])", fixed=FIXED, named=NAMED
)
_AMOUNTS_ALONE: Final = _AMOUNTS.format(single="true", ours="true", fixed=FIXED, named=NAMED)

_DISAGREE = """
    INSERT INTO wallets_disagreement (batch_id, wallet_id, asset_id, provider, amount, other_provider, other_amount)
    SELECT %(batch)s, wallet_id, asset_id, %(provider)s, amount, %(other)s, other_amount
    FROM unnest(%(wallets)s::bigint[], %(assets)s::bigint[], %(amounts)s::numeric[], %(others)s::numeric[])
         AS row (wallet_id, asset_id, amount, other_amount)
"""


def _write_amounts(
    cursor: CursorWrapper, look: Look, answers: Answers, batch: int
) -> tuple[list[Failed], Fixed]:
    """Store what differs. Returns what contradicts an earlier look at the very same block, and what fixes the
    readings that were written.
    """
    texts = amount_texts(answers.words)
    unread = dict(answers.failures)
    disagreeing = [(index, texts[index], str(other)) for index, other in look.disagreements.items()]
    for index in unread:
        texts[index] = "NULL"
    block_hash = answers.pinned.block.hash
    cursor.execute(
        _AMOUNTS_ALONE if look.claim.single else _AMOUNTS_OF_GROUPS,
        {
            "ids": look.ids,
            "assets": "{" + ",".join(map(str, look.assets)) + "}",
            "width": len(look.assets),
            "amounts": "{" + ",".join(texts) + "}",
            "at": look.claim.at,
            "hash": block_hash,
            "batch": batch,
            "groups": list(look.claim.groups),
        },
    )
    row = cursor.fetchone()
    if row is None:
        raise RuntimeError("an aggregate gives a row")
    changed, wallets, assets, readings, digest = row
    if disagreeing:
        width = len(look.assets)
        ids = look.ids.split(",")
        cursor.execute(
            _DISAGREE,
            {
                "batch": batch,
                "provider": look.provider,
                "other": look.seconded_by or _second_provider(look),
                "wallets": [int(ids[index // width]) for index, _one, _other in disagreeing],
                "assets": [look.assets[index % width] for index, _one, _other in disagreeing],
                "amounts": [one for _index, one, _other in disagreeing],
                "others": [other for _index, _one, other in disagreeing],
            },
        )
    if changed or disagreeing:
        write_news(cursor, batch)
    failure = Failure("contradicts", block_hash)
    contradicting = [
        (wallet, asset, failure) for wallet, asset in zip(wallets or (), assets or (), strict=True)
    ]
    return contradicting, Fixed(readings, digest)


def _second_provider(look: Look) -> str:
    return next((proof.provider for proof in look.proofs if proof.provider != look.provider), "?")


def amount_texts(words: bytes) -> list[str]:
    """The decimal text of each unsigned big-endian word of 32 bytes."""
    return [
        str(low) if not (top or high or middle) else str((top << 192) | (high << 128) | (middle << 64) | low)
        for top, high, middle, low in struct.iter_unpack(">QQQQ", words)
    ]


_FAIL = """
    INSERT INTO wallets_balance AS balance (wallet_id, asset_id, failing_since, error_code, error_text)
    SELECT wallet_id, asset_id, %(at)s, code, detail
    FROM unnest(%(wallets)s::bigint[], %(assets)s::bigint[], %(codes)s::text[], %(details)s::text[])
         AS row (wallet_id, asset_id, code, detail)
    ORDER BY wallet_id, asset_id
    ON CONFLICT (wallet_id, asset_id) DO UPDATE
    SET failing_since = coalesce(balance.failing_since, EXCLUDED.failing_since),
        error_code = EXCLUDED.error_code, error_text = EXCLUDED.error_text
    WHERE (balance.seen_at IS NULL OR balance.seen_at <= EXCLUDED.failing_since)
      AND (balance.error_code, balance.error_text) IS DISTINCT FROM (EXCLUDED.error_code, EXCLUDED.error_text)
"""


def _write_failures(cursor: CursorWrapper, at: datetime, failed: list[Failed]) -> None:
    # From now on the group's looks no longer speak for these rows: what they had confirmed is noted first.
    cursor.execute(KEEP, {"wallets": [row[0] for row in failed]})
    cursor.execute(
        _FAIL,
        {
            "at": at,
            "wallets": [row[0] for row in failed],
            "assets": [row[1] for row in failed],
            "codes": [row[2].code for row in failed],
            "details": [row[2].detail[:300] for row in failed],
        },
    )
