"""10,000 wallets on a real development node, refreshed through the real path, end to end.

Every wallet has the native coin and one ERC-20: 20,000 balances. All are set due; the time runs from the first claim
until the last reading is committed, in one process, as one worker would do it. The rows are then compared with the node,
as integers. Printed beside it, in the same run: one call an address in a plain loop over a sample.
"""

import argparse
import os
import statistics
import time
from datetime import UTC, datetime

from bench.support import figure, machine, say, set_up

WALLETS = 10_000
LOOP_SAMPLE = 500


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="the same sizes, fewer repetitions")
    repetitions = 2 if parser.parse_args().quick else 5
    set_up()
    from django.conf import settings

    url = settings.WALLET_CHAIN_URLS.get("localdev")
    if not url or not os.environ.get("HOLDFAST_LOCALDEV_TOKEN"):
        say("No development chain answers here: nothing measured.")
        raise SystemExit(3)
    say(machine())
    from wallets import snapshots
    from wallets.models import Reading, Wallet

    ids = make_wallets(url)
    rates: list[float] = []
    for _ in range(repetitions):
        mine(url)
        before = Reading.objects.count()
        now = datetime.now(UTC)
        snapshots.request_refresh(wallet_ids=ids, at=now)
        start = time.perf_counter()
        snapshots.refresh_chain(chain="localdev", clock=lambda: datetime.now(UTC))
        took = time.perf_counter() - start
        written = Reading.objects.count() - before
        assert written == 2 * WALLETS, f"{written} readings instead of {2 * WALLETS}"
        rates.append(written / took)
        say(f"{written:,} balances in {took:.2f} s: {rates[-1]:,.0f}/s")
    compare(url, ids)
    loop = plain_loop(url, [wallet.address for wallet in Wallet.objects.filter(pk__in=ids[:LOOP_SAMPLE])])
    rate = statistics.median(rates)
    say(
        f"one call an address over a sample of {LOOP_SAMPLE}: {loop:,.0f}/s; ours is {rate / loop:.0f} times that"
    )
    figure("refresh.balances_per_s", rate, "1/s")


def rpc(url: str, calls: list[tuple[str, list[object]]]) -> list[object]:
    """The answers of one JSON-RPC batch, in order."""
    import httpx

    payload = [
        {"jsonrpc": "2.0", "id": number, "method": method, "params": params}
        for number, (method, params) in enumerate(calls)
    ]
    answers = httpx.post(url, json=payload, timeout=120).raise_for_status().json()
    by_id = {answer["id"]: answer for answer in answers}
    return [by_id[number]["result"] for number in range(len(calls))]


def mine(url: str) -> None:
    """One more block: a reading is stored once per block."""
    rpc(url, [("evm_mine", [])])


def make_wallets(url: str) -> list[int]:
    """10,000 addresses with a native balance each that is known and differs."""
    from eth_hash.auto import keccak

    from bench.filling import checksummed
    from wallets import snapshots
    from wallets.models import Wallet

    addresses = [checksummed(keccak(b"holdfast-bench-%d" % number)[-20:]) for number in range(WALLETS)]
    for start in range(0, WALLETS, 500):
        rpc(
            url,
            [
                ("anvil_setBalance", [address, hex(10**18 + start + offset)])
                for offset, address in enumerate(addresses[start : start + 500])
            ],
        )
    return [
        snapshots.ensure_wallet(chain="localdev", text=address).pk
        for address in addresses
        if not Wallet.objects.filter(chain="localdev", address=address).exists()
    ] or list(Wallet.objects.filter(chain="localdev", address__in=addresses).values_list("pk", flat=True))


def compare(url: str, ids: list[int]) -> None:
    """Every stored native balance equals what the node says, to the last unit."""
    from wallets import snapshots
    from wallets.models import Wallet

    addresses = dict(Wallet.objects.filter(pk__in=ids).values_list("pk", "address"))
    stored = snapshots.balances_of(ids)
    for start in range(0, len(ids), 500):
        chunk = ids[start : start + 500]
        answers = rpc(url, [("eth_getBalance", [addresses[pk], "latest"]) for pk in chunk])
        for pk, answer in zip(chunk, answers, strict=True):
            native = next(view for view in stored[pk] if view.asset.kind == "native")
            assert native.amount == int(str(answer), 16), addresses[pk]
    say(f"{len(ids):,} native balances compared with the node: all equal")


def plain_loop(url: str, addresses: list[str]) -> float:
    """Balances per second of the naive way: one HTTP call for one address."""
    import httpx

    start = time.perf_counter()
    with httpx.Client(timeout=30) as client:
        for number, address in enumerate(addresses):
            payload = {
                "jsonrpc": "2.0",
                "id": number,
                "method": "eth_getBalance",
                "params": [address, "latest"],
            }
            int(client.post(url, json=payload).json()["result"], 16)
    return len(addresses) / (time.perf_counter() - start)


if __name__ == "__main__":
    main()
