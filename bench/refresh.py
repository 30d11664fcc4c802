"""10,000 addresses × 2 assets on a real development node, refreshed by one real worker, end to end.

Every wallet has the native coin and one ERC-20: 20,000 balances. All groups are set due; the time runs from the
message that asks for a sweep until the last reading is committed and the alert check has taken note of every change:
sweep → queue → worker → node → database → alert check. Afterwards every stored balance is compared with the node, as
integers. Printed beside it, in the same run: web3.py in a loop over a sample, and Multicall3 with eth_abi and
`bulk_create`.

What runs: one Celery worker (one process). Its CPU time and memory are read from the system.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

from bench.support import ROOT, figure, machine, say, set_up

WALLETS = 10_000
CADENCE = 3600
SLOW_MS = 80
WHOLE_SWEEP_SECONDS = 900


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--quick", action="store_true", help="fewer repetitions, and no more than 100,000 addresses"
    )
    quick = parser.parse_args().quick
    repetitions = 7 if quick else 15
    set_up()
    from django.conf import settings

    urls = settings.WALLET_CHAIN_URLS.get("localdev")
    token = os.environ.get("HOLDFAST_LOCALDEV_TOKEN", "")
    if not urls or not token:
        say("No development chain answers here: nothing measured.")
        raise SystemExit(3)
    say(machine())
    node = Node(urls[0], token)
    addresses = node.fill(0, WALLETS)
    watch(addresses)

    with worker() as one:
        idle = one.memory_mb()
        sweep(one, first=True)
        small, small_cpu = rates(one, node, addresses, 50, repetitions)
        whole, whole_cpu = rates(one, node, addresses, 1, repetitions)
        compare(node, addresses)
        peak = one.peak_mb()
    say(f"2 % changed:   {small:,.0f} balances/s, {small_cpu:.2f} µs of the worker's CPU a balance")
    say(f"100 % changed: {whole:,.0f} balances/s, {whole_cpu:.2f} µs of the worker's CPU a balance")
    say(f"memory: {idle:.0f} MB idle, {peak:.0f} MB at its peak")
    figure("refresh.balances_per_s.changed_2pct", small, "1/s")
    figure("refresh.balances_per_s.changed_100pct", whole, "1/s")
    figure("refresh.client_us", small_cpu, "us")
    figure("refresh.memory_mb", peak - idle, "MB")

    from bench.peers import multicall_and_bulk_create, web3_loop

    loop = web3_loop(node.url, token, addresses[:500])
    say(
        f"web3.py, one call an address, over 500 addresses: {loop:,.0f} balances/s; ours is {small / loop:,.0f} times that"
    )
    figure("refresh.times_loop", small / loop, "x")
    bulk = multicall_and_bulk_create(node.url, token, addresses)
    say(f"Multicall3 + eth_abi + bulk_create: {bulk:,.0f} balances/s; ours is {small / bulk:,.1f} times that")

    with relay(node.port, SLOW_MS) as far, worker(far) as one:
        slow, _cpu = rates(one, node, addresses, 50, max(2, repetitions // 2))
    say(f"a provider {SLOW_MS} ms away: {slow:,.0f} balances/s")
    figure("refresh.slow_provider", slow, "1/s")

    with relay(node.port, 0) as first, worker(first) as one:
        _rate, single = rates(one, node, addresses, 50, repetitions)
    with relay(node.port, 0) as first, relay(node.port, 0) as second, worker(f"{first},{second}") as one:
        both, double = rates(one, node, addresses, 50, repetitions)
        agreed()
    say(
        f"two sources that must agree: {both:,.0f} balances/s, {double:.2f} µs of CPU a balance against {single:.2f}"
    )
    figure("refresh.quorum_ratio", double / single, "x")

    grow(node, token, [1_000, 10_000, 100_000] + ([] if quick else [1_000_000]))


def grow(node: "Node", token: str, sizes: list[int]) -> None:
    """Balances per second at 2 % changed for growing numbers of watched wallets, with all earlier history kept."""
    have = WALLETS
    for size in sizes:
        if size > have:
            say(f"filling up to {size:,} wallets …")
            watch(node.fill(have, size))
            have = size
        keep_due(size)
        addresses = node.addresses(0, size)
        with worker() as one:
            sweep(one, first=True, wallets=size)
            rate, cpu = rates(one, node, addresses, 50, 3 if size <= 100_000 else 1, wallets=size)
        say(f"{size:>9,} addresses: {rate:,.0f} balances/s, {cpu:.2f} µs of CPU a balance")
        figure(f"refresh.balances_per_s.at_{size}", rate, "1/s")


class Node:
    """The development chain, and the known balances that are put there."""

    def __init__(self, url: str, token: str) -> None:
        import httpx

        self.url, self.token = url, token
        self.port = int(urlsplit(url).port or 80)
        self._http = httpx.Client(timeout=300, trust_env=False)
        self._round = 0

    def batch(self, calls: list[tuple[str, list[object]]]) -> list[object]:
        """The answers of JSON-RPC calls, in order."""
        results: list[object] = []
        for start in range(0, len(calls), 2000):
            payload = [
                {"jsonrpc": "2.0", "id": number, "method": method, "params": params}
                for number, (method, params) in enumerate(calls[start : start + 2000])
            ]
            answers = self._http.post(self.url, json=payload).raise_for_status().json()
            by_id = {answer["id"]: answer["result"] for answer in answers}
            results += [by_id[number] for number in range(len(payload))]
        return results

    def addresses(self, start: int, end: int) -> list[str]:
        from eth_hash.auto import keccak

        from wallets.addresses import eip55

        return [
            eip55("0x" + keccak(b"holdfast-bench-%d" % number)[-20:].hex()) for number in range(start, end)
        ]

    def fill(self, start: int, end: int) -> list[str]:
        """Addresses number `start` to `end`, each with coins and tokens of its own."""
        addresses = self.addresses(start, end)
        self.change(addresses)
        return addresses

    def change(self, addresses: list[str]) -> None:
        """Another amount of both assets for each of these, and a block on top."""
        from eth_hash.auto import keccak

        self._round += 1
        calls: list[tuple[str, list[object]]] = []
        for number, address in enumerate(addresses):
            amount = self._round * 10**19 + number
            slot = "0x" + keccak(bytes.fromhex(address[2:]).rjust(32, b"\0") + bytes(32)).hex()
            calls.append(("anvil_setBalance", [address, hex(amount)]))
            calls.append(("anvil_setStorageAt", [self.token, slot, f"0x{amount // 10**9:064x}"]))
        self.batch(calls)
        self.batch([("evm_mine", [])])


class Worker:
    """One Celery worker process, watched from outside."""

    def __init__(self, process: "subprocess.Popen[bytes]") -> None:
        self.process = process

    def cpu_seconds(self) -> float:
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def memory_mb(self) -> float:
        return self._status("VmRSS")

    def peak_mb(self) -> float:
        return self._status("VmHWM")

    def _status(self, name: str) -> float:
        for line in Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith(name):
                return int(line.split()[1]) / 1024
        raise RuntimeError(name)


@contextmanager
def worker(urls: str = "") -> Iterator[Worker]:
    """A worker that has started up and waits; `urls` in place of the node's own."""
    environment = {**os.environ, **({"HOLDFAST_LOCALDEV_URL": urls} if urls else {})}
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "worker.log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                [sys.executable, "-m", "celery", "-A", "config.celery:app", "worker", "--pool", "threads",
                 "--concurrency", "4", "--queues", "celery,chains.evm", "--without-gossip", "--without-mingle"],
                cwd=ROOT, env=environment, stdout=output, stderr=subprocess.STDOUT,
            )  # fmt: skip
        try:
            until(lambda: b" ready." in log.read_bytes(), 60)
            # What a fresh worker does once (months, health) is not measured.
            time.sleep(3)
            yield Worker(process)
        finally:
            process.terminate()
            process.wait(timeout=60)


@contextmanager
def relay(port: int, milliseconds: int) -> Iterator[str]:
    process = subprocess.Popen(
        [sys.executable, "-m", "bench.relay", str(port), str(milliseconds)], cwd=ROOT, stdout=subprocess.PIPE
    )
    try:
        if process.stdout is None:
            raise RuntimeError("a pipe was asked for")
        yield f"http://127.0.0.1:{int(process.stdout.readline())}"
    finally:
        process.terminate()
        process.wait(timeout=30)


def watch(addresses: list[str]) -> None:
    """Wallets at these addresses, watched together."""
    from wallets import snapshots
    from wallets.models import Wallet, WalletState
    from wallets.registry import assets_of

    assets_of(["localdev"])
    Wallet.objects.bulk_create(
        [Wallet(chain="localdev", address=address) for address in addresses], batch_size=10_000
    )
    ids = list(
        Wallet.objects.filter(chain="localdev", state__isnull=True)
        .order_by("pk")
        .values_list("pk", flat=True)
    )
    WalletState.objects.bulk_create(
        [WalletState(wallet_id=pk, chain="localdev") for pk in ids], batch_size=10_000
    )
    for start in range(0, len(ids), 50_000):
        snapshots.set_watches(
            wallet_ids=ids[start : start + 50_000], key="bench", cadence_seconds=CADENCE, at=datetime.now(UTC)
        )
    _sql("UPDATE wallets_walletstate SET due_at = NULL")
    _sql("ANALYZE")


_due_groups: list[int] = []


def keep_due(wallets: int) -> None:
    """Only so many groups as hold this many wallets take part from now on."""
    from wallets.models import LookGroup

    _due_groups[:] = []
    count = 0
    for pk, size in LookGroup.objects.order_by("pk").values_list("pk", "size"):
        if count < wallets:
            _due_groups.append(pk)
            count += size


def sweep(one: Worker, *, first: bool = False, wallets: int = WALLETS) -> tuple[float, float]:
    """One whole sweep: seconds, and seconds of the worker's CPU."""
    from config.celery import app
    from wallets.models import LookGroup, News

    if not _due_groups:
        keep_due(wallets)
    LookGroup.objects.filter(pk__in=_due_groups).update(due_at=datetime.now(UTC))
    cpu, start = one.cpu_seconds(), time.perf_counter()
    # A big sweep takes several turns; the beat would send this every other second.
    sent = 0.0
    while LookGroup.objects.filter(pk__in=_due_groups, due_at__lte=datetime.now(UTC)).exists():
        if time.perf_counter() - sent > 2:
            app.send_task("wallets.sweep")
            sent = time.perf_counter()
        if time.perf_counter() - start > WHOLE_SWEEP_SECONDS:
            raise RuntimeError("the sweep did not end")
        time.sleep(0.005)
    # The look itself asks for the alert check; the beat would send this every third second.
    sent = time.perf_counter()
    while News.objects.exists():
        if time.perf_counter() - sent > 3:
            app.send_task("cases.tell_news")
            sent = time.perf_counter()
        time.sleep(0.005)
    return time.perf_counter() - start, one.cpu_seconds() - cpu


def rates(
    one: Worker, node: Node, addresses: list[str], every: int, repetitions: int, *, wallets: int = WALLETS
) -> tuple[float, float]:
    """Median balances per second, and µs of the worker's CPU a balance, when one wallet in `every` changed.

    The CPU time is taken over all repetitions together: the system counts it in steps of ten milliseconds.
    """
    found: list[float] = []
    spent: list[float] = []
    for _ in range(repetitions):
        node.change(addresses[::every])
        before = _count("wallets_reading")
        took, cpu = sweep(one, wallets=wallets)
        written = _count("wallets_reading") - before
        expected = 2 * len(addresses[::every])
        assert written == expected, f"{written} readings instead of {expected}"
        found.append(2 * wallets / took)
        spent.append(cpu)
    return statistics.median(found), sum(spent) / len(spent) / (2 * wallets) * 1e6


def compare(node: Node, addresses: list[str]) -> None:
    """Every stored balance equals what the node says, to the last unit."""
    from wallets.models import Balance

    stored = {
        (address, contract): amount
        for address, contract, amount in Balance.objects.filter(wallet__address__in=addresses).values_list(
            "wallet__address", "asset__contract", "amount"
        )
    }
    assert len(stored) == 2 * len(addresses)
    coins = node.batch([("eth_getBalance", [address, "latest"]) for address in addresses])
    data = ["0x70a08231" + address[2:].lower().rjust(64, "0") for address in addresses]
    tokens = node.batch([("eth_call", [{"to": node.token, "data": one}, "latest"]) for one in data])
    contract = next(contract for _address, contract in stored if contract)
    for address, coin, token in zip(addresses, coins, tokens, strict=True):
        assert stored[address, ""] == int(str(coin), 16), address
        assert stored[address, contract] == int(str(token), 16), address
    say(f"{len(stored):,} stored balances compared with the node: all equal")


def agreed() -> None:
    """The looks of the last run were agreed by two sources."""
    from wallets.models import ReadingBatch

    last = ReadingBatch.objects.order_by("-pk")[:3].values_list("agreement", flat=True)
    assert set(last) == {"agreed"}, list(last)


def until(seen: Callable[[], bool], seconds: float) -> None:
    end = time.monotonic() + seconds
    while not seen():
        if time.monotonic() > end:
            raise RuntimeError("it did not come to that")
        time.sleep(0.05)


def _sql(statement: str) -> None:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(statement)


def _count(table: str) -> int:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM {table}")
        row = cursor.fetchone()
    return int(row[0]) if row else 0


if __name__ == "__main__":
    main()
