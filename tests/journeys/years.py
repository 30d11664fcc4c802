"""An installation in which years pass: Debian's `faketime` over every process, and one file that says what time it is.

PostgreSQL, Valkey, the node, the web server, the workers and beat are started as bin/up starts them, each with
libfaketime before its C library. They all read the offset from one file, so time passes for all of them at once and
nothing in the product knows. Monotonic clocks stay real: they measure waits, not dates.
"""

import contextlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from config import local_postgres
from config.devchain import DevChain
from config.local_services import Postgres, Valkey
from config.processes import free_port, spawn, stop_child
from tests.journeys.conftest import DIRECT, PROJECT, Installation

_LIBRARY = "libfaketimeMT.so.1"
# Python's time.sleep asks for an absolute moment of a clock that this library then gets wrong (EINVAL, libfaketime
# 0.9.10 with Python 3.11); waiting on nothing for so long is the same.
_SHIM = """
import select, time
time.sleep = lambda seconds: select.select([], [], [], seconds) and None
"""
_CHAINS = "chains.evm,chains.utxo,chains.tron,chains.solana,chains.xrp,chains.other"


def library() -> Path | None:
    """libfaketime of Debian's package `faketime`."""
    folders = (Path("/usr/lib/x86_64-linux-gnu"), Path("/usr/lib/aarch64-linux-gnu"), Path("/usr/lib"))
    return next((path for folder in folders if (path := folder / "faketime" / _LIBRARY).exists()), None)


class Years(Installation):
    """A running Holdfast whose clock can be put forward."""

    def __init__(self, home: Path) -> None:
        super().__init__(url=f"http://127.0.0.1:{free_port()}", home=home, process=None)  # type: ignore[arg-type]
        found = library()
        assert found is not None
        self._offset = timedelta()
        self._stamp = home / "clock"
        self._stamp.write_text("+0")
        shim = home / "shim"
        shim.mkdir()
        (shim / "sitecustomize.py").write_text(_SHIM)
        self.faked = {
            "LD_PRELOAD": str(found),
            "FAKETIME_TIMESTAMP_FILE": str(self._stamp),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "NO_FAKE_STAT": "1",
        }
        self._shim = str(shim)
        self._programs: list[subprocess.Popen[bytes]] = []
        self._services: list[Postgres | Valkey | DevChain] = []
        self._environment: dict[str, str] = {}

    @property
    def environment(self) -> dict[str, str]:
        return self._environment

    def now(self) -> datetime:
        """What every process of the installation takes for the present."""
        return datetime.now(UTC) + self._offset

    @property
    def token(self) -> str:
        """The contract of the development chain's token."""
        return self._environment["HOLDFAST_LOCALDEV_TOKEN"]

    def mined(self, txid: str) -> None:
        """Wait until a transaction is in a block, and took effect."""
        until = time.monotonic() + 20
        while (receipt := self.rpc("eth_getTransactionReceipt", txid)) is None:
            assert time.monotonic() < until, "the transaction was not mined"
            time.sleep(0.1)
        assert receipt["status"] == "0x1", receipt

    def pass_time(self, span: timedelta) -> None:
        """From now on it is so much later."""
        self._offset += span
        part = self._stamp.with_suffix(".part")
        part.write_text(f"+{int(self._offset.total_seconds())}")
        part.replace(self._stamp)

    def start(self) -> None:
        postgres, valkey, chain = Postgres(self.home), Valkey(self.home), DevChain(self.home)
        plain = local_postgres._environment
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(local_postgres, "_environment", lambda: {**plain(), **self.faked})
            for name, value in self.faked.items():
                patch.setenv(name, value)
            for service in (postgres, valkey, chain):
                service.start()
                self._services.append(service)
        kept = ("PATH", "HOME", "LANG")
        secret = self.home / "secret"
        secret.write_text("of-this-journey-alone-" + os.urandom(24).hex())
        self._environment = {
            **{name: os.environ[name] for name in kept if name in os.environ},
            "HOLDFAST_HOME": str(self.home),
            "HOLDFAST_DEMO": "true",
            # A transaction is asked for often: the journey is not to wait for what a desk may.
            "HOLDFAST_TRANSFER_LOOK_SECONDS": "2",
            "DJANGO_SETTINGS_MODULE": "config.settings",
            "PYTHONUNBUFFERED": "1",
            "PUBLIC_URL": self.url,
            "SECRET_KEY_FILE": str(secret),
            "DATABASE_URL": postgres.url,
            "REDIS_URL": valkey.url,
            "HOLDFAST_LOCALDEV_URL": chain.url,
            "HOLDFAST_LOCALDEV_TOKEN": chain.prepare_demo(),
        }
        subprocess.run(
            [sys.executable, "-I", str(PROJECT / "bin" / "lib" / "set_up.py")],
            env=self._environment, cwd=PROJECT, check=True, stdin=subprocess.DEVNULL, capture_output=True,
        )  # fmt: skip
        celery = ("-m", "celery", "-A", "config.celery:app")
        worker = (*celery, "worker", "--without-gossip", "--without-mingle")
        self._run("web", "-m", "gunicorn", "config.wsgi:application", "--bind", self.url.removeprefix("http://"),
                  "--workers", "1", "--threads", "4", "--no-control-socket", "--timeout", "0")  # fmt: skip
        self._run("worker", *worker, "--concurrency", "2", "--pool", "threads")
        self._run("chains", *worker, "--hostname", "chains@%h", "--concurrency", "4", "--pool", "threads",
                  "--queues", _CHAINS)  # fmt: skip
        self._run("beat", *celery, "beat", "--scheduler", "celery.beat:Scheduler", "--pidfile", "")
        self._wait_for_health()

    def _run(self, name: str, *command: str) -> None:
        environment = {**self._environment, **self.faked, "PYTHONPATH": f"{self._shim}:{PROJECT}"}
        log = self.home / "logs" / f"{name}.log"
        self._programs.append(spawn([sys.executable, *command], log=log, env=environment, cwd=PROJECT))

    def _wait_for_health(self) -> None:
        until = time.monotonic() + 120
        while True:
            with contextlib.suppress(OSError), DIRECT.open(f"{self.url}/healthz", timeout=5) as answer:
                if json.load(answer)["status"] == "ok":
                    return
            assert time.monotonic() < until, self.logs()
            time.sleep(0.2)

    def logs(self) -> str:
        """The end of every program's log, for a failure."""
        return "\n".join(
            f"── {path.name}\n{path.read_text(errors='replace')[-1500:]}"
            for path in sorted((self.home / "logs").glob("*.log"))
        )

    def stop(self) -> None:
        for program in self._programs[::-1]:
            stop_child(program, seconds=20)
        for service in self._services[::-1]:
            service.stop()


@contextlib.contextmanager
def years(home: Path) -> Iterator[Years]:
    """A running installation in an empty `home`, ended afterwards."""
    installation = Years(home)
    try:
        installation.start()
        yield installation
    finally:
        installation.stop()
