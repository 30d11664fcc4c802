"""What it costs to fix each look by its digest and to tell of it, and how fast the readings are verified.

Looks at 10,000 wallets with two assets each, recorded as a worker records them: with 2 % and with all of the amounts
changed. No chain is asked: this is the database's share of a refresh. Then all readings are verified, and the memory
that this takes is compared with what half of them take.
"""

import argparse
import resource
import statistics
import time
import uuid
from datetime import UTC, datetime, timedelta

from bench.support import figure, machine, say, set_up

WALLETS = 10_000
BEGIN = datetime(2026, 1, 1, 12, tzinfo=UTC)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer repetitions")
    looks = 10 if parser.parse_args().quick else 50
    set_up()
    say(machine())
    scene = Scene()
    scene.look(1)
    few = statistics.median(scene.look(50) for _ in range(looks))
    many = statistics.median(scene.look(1) for _ in range(looks))
    say(f"a look at {WALLETS * 2:,} balances recorded: 2 % changed {few:.0f} ms, all changed {many:.0f} ms")
    figure("readings.record_ms.changed_2pct", few, "ms")
    figure("readings.record_ms.changed_100pct", many, "ms")
    rate, memory = verified()
    for _ in range(looks):
        scene.look(1)
    more_rate, more_memory = verified()
    say(f"memory: {memory:.0f} MB, and {more_memory:.0f} MB with twice the readings")
    figure("readings.verified_per_s", min(rate, more_rate), "1/s")
    figure("readings.verify_memory_growth_mb", more_memory - memory, "MB")


def verified() -> tuple[float, float]:
    """Readings verified a second, and the process's peak memory in MB."""
    from django.db import connection

    from cases.audit.readings import verify_readings

    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
        cursor.execute("SELECT count(*) FROM wallets_reading")
        (count,) = cursor.fetchone()
    began = time.perf_counter()
    findings = list(verify_readings())
    took = time.perf_counter() - began
    assert findings == [], findings[:3]
    say(f"{count:,} readings verified in {took:.1f} s: {count / took:,.0f} a second")
    return count / took, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


class Scene:
    """Wallets that are watched together, and looks at all of them."""

    def __init__(self) -> None:
        from django.db import connection

        from wallets import snapshots
        from wallets.models import Asset, LookGroup, Wallet, WalletState

        with connection.cursor() as cursor:
            for month in range(12):
                cursor.execute(
                    "SELECT wallets_make_reading_month(%s)", [datetime(2026, month + 1, 1, tzinfo=UTC).date()]
                )
        for contract in ("", "0xdAC17F958D2ee523a2206206994597C13D831ec7"):
            Asset.objects.get_or_create(
                chain="ethereum",
                contract=contract,
                defaults={
                    "kind": "token" if contract else "native",
                    "symbol": "USDT" if contract else "ETH",
                    "decimals": 6 if contract else 18,
                    "name": "made up",
                },
            )
        self.assets = tuple(
            Asset.objects.filter(chain="ethereum").order_by("contract").values_list("pk", flat=True)[:2]
        )
        Wallet.objects.bulk_create(
            [Wallet(chain="ethereum", address=f"0x{number:040x}") for number in range(WALLETS)]
        )
        WalletState.objects.bulk_create(
            [WalletState(wallet=wallet, chain="ethereum") for wallet in Wallet.objects.all()]
        )
        snapshots.set_watches(
            wallet_ids=list(WalletState.objects.values_list("pk", flat=True)),
            key="bench",
            cadence_seconds=3600,
            at=BEGIN,
        )
        self.groups = tuple(LookGroup.objects.order_by("pk").values_list("pk", flat=True))
        rows = WalletState.objects.order_by("group", "pk").values_list("pk", "wallet__address")
        self.ids = ",".join(str(pk) for pk, _address in rows)
        self.members = "\n".join(address for _pk, address in rows).encode()
        self.amounts = [0] * (WALLETS * 2)
        self.round = 0

    def look(self, every: int) -> float:
        """Record a look that finds one wallet in `every` changed; returns milliseconds."""
        from wallets import blobs
        from wallets.chains.base import Answers, Block, Pinned
        from wallets.models import LookGroup
        from wallets.snapshots.looks import Look, Proof
        from wallets.snapshots.record import record
        from wallets.snapshots.schedule import Claim

        self.round += 1
        at = BEGIN + self.round * timedelta(hours=1)
        for place in range(0, WALLETS, every):
            for column in (0, 1):
                self.amounts[2 * place + column] = self.round * 10**19 + place
        words = b"".join(amount.to_bytes(32, "big") for amount in self.amounts)
        claim = Claim(uuid.uuid4(), "ethereum", at, self.groups, ())
        LookGroup.objects.update(claim=claim.token, claimed_at=at, claimed_until=at + timedelta(minutes=1))
        block = Block(self.round, f"0x{self.round:064x}", at)
        answer = (blobs.digest_of(words), words)
        look = Look(
            claim,
            self.ids,
            self.assets,
            answers=Answers(Pinned(block, "hash", "latest"), words, {}),
            provider="node:8545",
            members=((blobs.digest_of(self.members), self.members),),
            proofs=(Proof("node:8545", "eth_call", 0, WALLETS, 3, blobs.digest_of(b"q"), answer),),
        )
        start = time.perf_counter()
        assert record(look), "the claim was taken by another"
        return (time.perf_counter() - start) * 1000


if __name__ == "__main__":
    main()
