"""kill -9 of a real worker while it reads: the reading arrives after a restart, once.

This is the death of a process, not of a machine's power. Worker, broker, database and node are real; between worker and
node stands a small proxy that can hold an answer back, so that the kill surely falls into a look that is under way.
"""

import os
import signal
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from config.devchain import DevChain
from config.processes import free_port
from wallets import snapshots
from wallets.models import Reading, WalletState

PROJECT = Path(__file__).resolve().parents[2]
pytestmark = [pytest.mark.live, pytest.mark.django_db(transaction=True), pytest.mark.timeout(300)]
DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class Gate:
    """A way to the node that can be shut: a request that came then waits, and its worker waits with it."""

    def __init__(self, node: str) -> None:
        gate = self
        self.open, self.waiting = threading.Event(), threading.Event()

        class Passage(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if not gate.open.is_set():
                    gate.waiting.set()
                    gate.open.wait(60)
                request = urllib.request.Request(node, body, {"Content-Type": "application/json"})
                with DIRECT.open(request, timeout=30) as answer:
                    data = answer.read()
                try:
                    self.send_response(200)
                    self.send_header("Content-Type", "application/json")
                    self.send_header("Content-Length", str(len(data)))
                    self.end_headers()
                    self.wfile.write(data)
                except OSError:
                    # The worker that asked is dead by now.
                    self.close_connection = True

            def log_message(self, *args: Any) -> None:
                """Nothing on standard error."""

        self.server = ThreadingHTTPServer(("127.0.0.1", free_port()), Passage)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()

    def close(self) -> None:
        self.open.set()
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


@pytest.fixture
def chain(tmp_path: Path) -> Iterator[DevChain]:
    node = DevChain(None, log=tmp_path / "chain.log")
    node.start()
    yield node
    node.stop()


@pytest.fixture
def gate(chain: DevChain) -> Iterator[Gate]:
    made = Gate(chain.url)
    yield made
    made.close()


@pytest.fixture
def worker(gate: Gate, tmp_path: Path) -> Iterator[Callable[[], "subprocess.Popen[bytes]"]]:
    """`worker()` starts a Celery worker with its own beat on the test's database; all are gone at the end."""
    started: list[subprocess.Popen[bytes]] = []
    settings = connection.settings_dict
    host = settings["HOST"]
    environment = os.environ | {
        "DATABASE_URL": f"postgres://{settings['USER']}:{settings['PASSWORD']}@/{settings['NAME']}?host={host}",
        "REDIS_URL": os.environ["REDIS_URL"].split("?")[0] + "?db=9",
        "HOLDFAST_DEMO": "true",
        "HOLDFAST_LOCALDEV_URL": gate.url,
    }

    def start() -> "subprocess.Popen[bytes]":
        with (tmp_path / f"worker-{len(started)}.log").open("wb") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "celery", "-A", "config.celery:app", "worker", "--beat", "--concurrency", "1",
                 "--queues", "celery,chains.evm",
                 "--without-gossip", "--without-mingle", "--schedule", str(tmp_path / f"beat-{len(started)}")],
                cwd=PROJECT, env=environment, stdout=log, stderr=subprocess.STDOUT, start_new_session=True,
            )  # fmt: skip
        started.append(process)
        return process

    yield start
    for process in started:
        kill(process)


def kill(process: "subprocess.Popen[bytes]") -> None:
    """kill -9 of the worker and its children alike."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
    process.wait(timeout=30)


def until(seen: Callable[[], bool], seconds: float) -> None:
    end = time.monotonic() + seconds
    while not seen():
        assert time.monotonic() < end, "it did not come to that"
        time.sleep(0.2)


def test_a_look_that_died_with_its_worker_is_taken_up_again_and_stored_once(
    chain: DevChain, gate: Gate, worker: Callable[[], "subprocess.Popen[bytes]"], settings: Any
) -> None:
    settings.WALLET_CHAIN_URLS = {"localdev": [gate.url]}
    address = "0x863b7257Bd8bf69dfead2748F650559170Ee69e1"
    chain.transfer_native(to=address, wei=7_000_000_000_000_000_001)
    wallet = snapshots.ensure_wallet(chain="localdev", text=address)
    snapshots.request_refresh(wallet_ids=[wallet.pk], at=datetime.now(UTC))

    first = worker()
    until(gate.waiting.is_set, 90)
    assert WalletState.objects.get(wallet=wallet).claim is not None
    kill(first)
    assert Reading.objects.count() == 0

    # Somebody looks at the page meanwhile: it is not zero, it is not read yet.
    assert {view.amount for view in snapshots.balances_of([wallet.pk])[wallet.pk]} == {None}

    gate.open.set()
    worker()
    # The dead worker's claim runs out after its lease of 30 seconds; then the look is taken up again.
    until(lambda: Reading.objects.filter(wallet=wallet).exists(), 120)
    until(lambda: WalletState.objects.get(wallet=wallet).requested_at is None, 60)
    [reading] = Reading.objects.filter(wallet=wallet, asset__kind="native")
    assert reading.amount == 7_000_000_000_000_000_001
