"""Give a claim back: when the next look is due, and what failed since when."""
# ruff: noqa: S608 - the pieces put together here are this module's own constants

from collections.abc import Iterable, Mapping
from typing import Any

from django.db.backends.utils import CursorWrapper

from wallets.chains.base import Failure
from wallets.snapshots.looks import Failed, Look
from wallets.snapshots.schedule import DEFAULT_CADENCE, FIRST_BACKOFF, LONGEST_BACKOFF, LONGEST_UNWATCHED

_BACKOFF = """%(at)s + greatest(%(wait)s, least(
    coalesce(cadence_seconds, %(cadence)s), %(longest)s, %(first)s * power(2, least(greatest(attempts, 1) - 1, 20))
)) * interval '1 second'"""
# Spread over a tenth of the cadence, so that groups that began together do not come due together for ever.
_NEXT = "%(at)s + cadence_seconds * (0.9 + 0.1 * random()) * interval '1 second'"
_GIVE_BACK = "claim = NULL, claimed_at = NULL, claimed_until = NULL"

_GROUPS_OK = f"""
    UPDATE wallets_lookgroup
    SET last_look_at = %(at)s, last_batch_id = %(batch)s, floor = %(height)s,
        floor_time = %(block_time)s, attempts = 0,
        failing_since = NULL, error_code = '', error_text = '', due_at = CASE WHEN size > 0 THEN {_NEXT} END, {_GIVE_BACK}
    WHERE id = ANY(%(groups)s)
"""
_GROUPS_FAILED = f"""
    UPDATE wallets_lookgroup
    SET last_look_at = %(at)s, failing_since = coalesce(failing_since, %(at)s), error_code = %(code)s,
        error_text = %(detail)s, due_at = CASE WHEN size > 0 THEN {_BACKOFF} END, {_GIVE_BACK}
    WHERE id = ANY(%(groups)s)
"""


def _backoff(look: Look) -> dict[str, Any]:
    return {
        "at": look.claim.at,
        "wait": min(look.retry_after or 0, LONGEST_BACKOFF),
        "cadence": DEFAULT_CADENCE,
        "longest": LONGEST_BACKOFF,
        "first": FIRST_BACKOFF,
    }


def finish_groups(cursor: CursorWrapper, look: Look, batch: int | None, error: Failure | None) -> None:
    block = look.answers.pinned.block if look.answers else None
    values = {
        **_backoff(look),
        "groups": list(look.claim.groups),
        "batch": batch,
        "height": block.height if block else 0,
        "block_time": block.time if block else None,
    }
    if error is None and batch is not None:
        cursor.execute(_GROUPS_OK, values)
    else:
        code, detail = (error.code, error.detail[:300]) if error else ("failed", "")
        cursor.execute(_GROUPS_FAILED, {**values, "code": code, "detail": detail})


# Members that failed by themselves get another try of their own; those that failed before and are well again
# need none.
_MEMBERS_WELL = """
    UPDATE wallets_walletstate
    SET failing_since = NULL, error_code = '', error_text = '', attempts = 0, due_at = requested_at
    WHERE failing_since IS NOT NULL AND claim IS NULL AND wallet_id = ANY(('{{' || %(ids)s || '}}')::bigint[])
      AND NOT wallet_id = ANY(%(failed)s::bigint[])
      AND (last_look_at IS NULL OR last_look_at <= %(at)s)
""".replace("{{", "{").replace("}}", "}")
_MEMBERS_FAILED = """
    UPDATE wallets_walletstate AS state
    SET failing_since = coalesce(failing_since, %(at)s), error_code = code, error_text = detail,
        due_at = coalesce(due_at, %(at)s + %(first)s * interval '1 second')
    FROM unnest(%(wallets)s::bigint[], %(codes)s::text[], %(details)s::text[]) AS row (id, code, detail)
    WHERE state.wallet_id = row.id AND (last_look_at IS NULL OR last_look_at <= %(at)s)
"""


# Whoever changes many states locks them in this order first, so that nobody waits in a circle.
_LOCK_MEMBERS = """
    SELECT wallet_id FROM wallets_walletstate
    WHERE wallet_id IN (
        SELECT unnest(%(failed)s::bigint[])
        UNION
        SELECT wallet_id FROM wallets_walletstate
        WHERE failing_since IS NOT NULL AND wallet_id = ANY(('{' || %(ids)s || '}')::bigint[])
    )
    ORDER BY wallet_id FOR NO KEY UPDATE
"""


def finish_members(cursor: CursorWrapper, look: Look, failed: list[Failed]) -> None:
    first = _first_failures(failed)
    values: dict[str, Any] = {"ids": look.ids, "failed": list(first), "at": look.claim.at}
    cursor.execute(_LOCK_MEMBERS, values)
    cursor.execute(_MEMBERS_WELL, values)
    if first:
        cursor.execute(_MEMBERS_FAILED, {**_backoff(look), **_columns(first)})


_WALLETS_OK = f"""
    UPDATE wallets_walletstate
    SET last_look_at = %(at)s, attempts = 0, failing_since = NULL, error_code = '', error_text = '',
        requested_at = CASE WHEN requested_at > %(at)s THEN requested_at END,
        due_at = CASE WHEN requested_at > %(at)s THEN requested_at END, {_GIVE_BACK}
    WHERE wallet_id = ANY(%(wallets)s)
"""
_WALLETS_FAILED = f"""
    UPDATE wallets_walletstate AS state
    SET last_look_at = %(at)s, failing_since = coalesce(failing_since, %(at)s), error_code = code, error_text = detail,
        requested_at = CASE WHEN requested_at > %(at)s THEN requested_at END,
        due_at = CASE WHEN requested_at > %(at)s THEN requested_at
                      WHEN cadence_seconds IS NULL AND attempts >= %(let_go)s THEN NULL
                      ELSE {_BACKOFF} END, {_GIVE_BACK}
    FROM unnest(%(wallets)s::bigint[], %(codes)s::text[], %(details)s::text[]) AS row (id, code, detail)
    WHERE state.wallet_id = row.id
"""


_RAISE_FLOOR = """
    UPDATE wallets_lookgroup SET floor = %(height)s, floor_time = %(block_time)s
    WHERE floor < %(height)s
      AND id IN (SELECT group_id FROM wallets_walletstate WHERE wallet_id = ANY(%(wallets)s))
"""


def finish_wallets(cursor: CursorWrapper, look: Look, failed: list[Failed], error: Failure | None) -> None:
    first = dict.fromkeys(look.claim.wallets, error) if error else _first_failures(failed)
    fine = [wallet for wallet in look.claim.wallets if wallet not in first]
    if fine and look.answers is not None:
        # The groups' next looks must not be behind this one.
        block = look.answers.pinned.block
        cursor.execute(_RAISE_FLOOR, {"height": block.height, "block_time": block.time, "wallets": fine})
    if fine:
        cursor.execute(_WALLETS_OK, {"at": look.claim.at, "wallets": fine})
    if first:
        cursor.execute(_WALLETS_FAILED, {**_backoff(look), **_columns(first), "let_go": LONGEST_UNWATCHED})


def _first_failures(failed: Iterable[Failed]) -> dict[int, Failure]:
    """Per wallet the first thing that failed. An asset that cannot be read there at all is no failure of the wallet."""
    first: dict[int, Failure] = {}
    for wallet, _asset, failure in failed:
        if failure.state == "failed":
            first.setdefault(wallet, failure)
    return first


def _columns(failures: Mapping[int, Failure]) -> dict[str, Any]:
    return {
        "wallets": list(failures),
        "codes": [failure.code for failure in failures.values()],
        "details": [failure.detail[:300] for failure in failures.values()],
    }


_FAULTS = """
    INSERT INTO wallets_sourcefault AS fault (chain, provider, code, day, count, last_at, last_detail)
    SELECT %(chain)s, provider, code, (%(at)s AT TIME ZONE 'UTC')::date, count(*), %(at)s, max(detail)
    FROM unnest(%(providers)s::text[], %(codes)s::text[], %(details)s::text[]) AS row (provider, code, detail)
    GROUP BY provider, code
    ORDER BY provider, code
    ON CONFLICT (chain, provider, code, day) DO UPDATE
    SET count = fault.count + EXCLUDED.count, last_at = EXCLUDED.last_at, last_detail = EXCLUDED.last_detail
"""


def count_faults(cursor: CursorWrapper, look: Look) -> None:
    if look.faults:
        cursor.execute(
            _FAULTS,
            {
                "chain": look.claim.chain,
                "at": look.claim.at,
                "providers": [fault.provider for fault in look.faults],
                "codes": [fault.code for fault in look.faults],
                "details": [fault.detail[:300] for fault in look.faults],
            },
        )
