"""A wallet's page with ten million readings in the history: what is asked of the database, before and after filling.

10,000 wallets with two assets each and 500 looks that all found something else, spread over twelve months. Printed are
the queries of the page: the first page of readings, the curves (500 readings an asset), what is known now.
"""

import argparse
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

from bench.support import figure, machine, quantile, say, set_up, timed

WALLETS = 10_000
LOOKS = 500
LOOKS_AT_A_TIME = 25


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer repetitions")
    repetitions = 30 if parser.parse_args().quick else 200
    set_up()
    say(machine())
    fill(0, 2)
    few = measure(repetitions)
    fill(2, LOOKS)
    many = measure(repetitions)
    for name, value in many.items():
        say(
            f"{name}: p95 {few[name]:.1f} ms with {count(2):,} readings, {value:.1f} ms with {count(LOOKS):,}"
        )
        figure(f"history.{name}_p95_ms", value, "ms")


def count(looks: int) -> int:
    return WALLETS * 2 * looks


def measure(repetitions: int) -> dict[str, float]:
    """p95 in milliseconds of each query of the page."""
    from cases.queries import wallets as queries
    from wallets import snapshots
    from wallets.models import Wallet

    wallet = Wallet.objects.order_by("pk")[WALLETS // 2]
    attached = SimpleNamespace(
        wallet_id=wallet.pk, attached_at=datetime(2000, 1, 1, tzinfo=UTC), detached_at=None
    )
    row = SimpleNamespace(balances=snapshots.balances_of([wallet.pk])[wallet.pk])
    asked: dict[str, Callable[[], object]] = {
        "readings": lambda: queries.history(attached),  # type: ignore[arg-type]
        "curves": lambda: queries.series_of(attached, row),  # type: ignore[arg-type]
        "balances": lambda: snapshots.balances_of([wallet.pk]),
    }
    found = {}
    for name, ask in asked.items():
        ask()
        found[name] = quantile([timed(ask) for _ in range(repetitions)], 0.95)
    return found


def fill(start: int, end: int) -> None:
    """Looks number `start` to `end`, each with another amount of everything."""
    from wallets.models import Asset, Wallet, WalletState

    if not Wallet.objects.exists():
        Asset.objects.get_or_create(
            chain="ethereum",
            contract="",
            defaults={"kind": "native", "symbol": "ETH", "decimals": 18, "name": "Ether"},
        )
        Asset.objects.get_or_create(
            chain="ethereum",
            contract="0xdAC17F958D2ee523a2206206994597C13D831ec7",
            defaults={"kind": "token", "symbol": "USDT", "decimals": 6, "name": "Tether USD"},
        )
        Wallet.objects.bulk_create(
            [Wallet(chain="ethereum", address=f"made up {number}") for number in range(WALLETS)]
        )
        WalletState.objects.bulk_create(
            [WalletState(wallet=wallet, chain="ethereum") for wallet in Wallet.objects.all()]
        )
        for month in range(12):
            _run("SELECT wallets_make_reading_month(%s)", [datetime(2026, month + 1, 1, tzinfo=UTC).date()])
    began = time.perf_counter()
    for first in range(start, end, LOOKS_AT_A_TIME):
        _run(
            _LOOKS,
            {"first": first, "last": min(first + LOOKS_AT_A_TIME, end) - 1, "begin": _BEGIN, "step": _STEP},
        )
        _run(_READINGS, {"first": first, "last": min(first + LOOKS_AT_A_TIME, end) - 1})
    _run("ANALYZE")
    say(f"{count(end - start):,} readings written in {time.perf_counter() - began:.0f} s")


_BEGIN = datetime(2026, 1, 1, 12, tzinfo=UTC)
_STEP = timedelta(days=364) / LOOKS
_LOOKS = """
    INSERT INTO wallets_readingbatch (token, chain, taken_at, took_ms, block_height, block_hash, block_time, pin, depth,
                                      provider, agreement, seconded_by, requested, wallets, assets, members)
    SELECT gen_random_uuid(), 'ethereum', %(begin)s + n * %(step)s, 5, n, '0x' || n, %(begin)s + n * %(step)s, 'hash',
           'finalized', 'node', 'single', '', false, 10000, '{}', '{}'
    FROM generate_series(%(first)s, %(last)s) AS n
"""
_READINGS = """
    INSERT INTO wallets_reading (wallet_id, asset_id, before, amount, batch_id, taken_at)
    SELECT wallet.id, asset.id, look.block_height, look.block_height + 1, look.id, look.taken_at
    FROM wallets_readingbatch AS look, wallets_wallet AS wallet, wallets_asset AS asset
    WHERE look.block_height BETWEEN %(first)s AND %(last)s
      AND asset.chain = 'ethereum' AND (asset.kind = 'native' OR asset.symbol = 'USDT')
"""


def _run(sql: str, values: object = None) -> None:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(sql, values)


if __name__ == "__main__":
    main()
