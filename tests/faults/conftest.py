"""Durable servers of their own, which these tests kill; writers that note which events were acknowledged."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psycopg2
import pytest

from config.local_services import LocalServices
from tests.runtime.support import PROJECT, clean_environment

WRITERS = 8
# Each acknowledged event goes to the writer's own file only after the commit came back.
WRITER = """
import sys, time
import django
django.setup()
from datetime import UTC, datetime
from django.db import DatabaseError, InterfaceError, connection, transaction
from cases.audit.models import Stream
from cases.audit.record import record
stream = Stream.objects.get(pk=int(sys.argv[1]))
out = open(sys.argv[2], "a")
careless = sys.argv[3] == "careless"
while True:
    try:
        with transaction.atomic():
            if careless:
                connection.cursor().execute("SET LOCAL synchronous_commit = off")
            event = record(stream_id=stream.pk, stream_uuid=stream.uuid, action="test.told", actor=None,
                           occurred_at=datetime.now(UTC), details={"text": "x" * 50})
    except (DatabaseError, InterfaceError):
        connection.close()
        time.sleep(0.02)
        continue
    out.write(f"{event.pk}\\n")
    out.flush()
"""
STREAMS = """
import django
django.setup()
from cases.audit.record import open_stream
print(*(open_stream("case").pk for _ in range(8)))
"""


@dataclass
class Ground:
    """The servers, and the environment in which processes of the product run."""

    services: LocalServices
    environment: dict[str, str]
    folder: Path
    writers: list["subprocess.Popen[bytes]"] = field(default_factory=list)

    def run(self, *command: str) -> str:
        done = subprocess.run(
            [sys.executable, *command], env=self.environment, cwd=PROJECT, capture_output=True, text=True, timeout=200,
            check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def write(self, streams: list[str], name: str, how: str) -> None:
        for number, stream in enumerate(streams):
            self.writers.append(
                subprocess.Popen(
                    [sys.executable, "-c", WRITER, stream, str(self.folder / f"{name}-{number}.txt"), how],
                    env=self.environment,
                    cwd=PROJECT,
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                )
            )

    def stop_writing(self) -> None:
        for writer in self.writers:
            writer.kill()
            writer.wait()
        self.writers.clear()

    def acknowledged(self, name: str) -> set[int]:
        return {
            int(line)
            for path in self.folder.glob(f"{name}-*.txt")
            for line in path.read_text().splitlines(keepends=True)
            if line.endswith("\n")
        }

    def there(self) -> set[int]:
        connection = psycopg2.connect(self.services.postgres.admin_url)
        try:
            with connection.cursor() as cursor:
                cursor.execute("SELECT id FROM audit_event")
                return {number for (number,) in cursor.fetchall()}
        finally:
            connection.close()

    def kill_postgres(self) -> None:
        """SIGKILL to the postmaster and to every process under it, at once."""
        process = self.services.postgres.process
        assert process is not None
        for pid in [process.pid, *descendants(process.pid)]:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
        process.wait()
        self.services.postgres.process = None


def descendants(pid: int) -> list[int]:
    """Every process under this one, by /proc."""
    parents: dict[int, list[int]] = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                parent = int((folder / "stat").read_text().rsplit(")", 1)[1].split()[1])
            except (OSError, IndexError, ValueError):
                continue
            parents.setdefault(parent, []).append(int(folder.name))
    found, todo = [], [pid]
    while todo:
        children = parents.get(todo.pop(), [])
        found += children
        todo += children
    return found


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    home = tmp_path_factory.mktemp("faults") / "home"
    services = LocalServices(home)
    services.start()
    environment = {
        **clean_environment(home),
        **services.environment(),
        "SECRET_KEY": "x" * 60,
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "PYTHONPATH": str(PROJECT),
    }
    made = Ground(services, environment, tmp_path_factory.mktemp("notes"))
    try:
        made.run("-I", str(PROJECT / "bin" / "lib" / "set_up.py"))
        yield made
    finally:
        made.stop_writing()
        services.stop()


@contextmanager
def disk_of(place: Path, mebibytes: int) -> Iterator[Path]:
    """A file system of its own of this size; skipped, and said, where this user may mount none."""
    place.mkdir()
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={mebibytes}m,mode=777", "tmpfs", str(place)],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        pytest.skip(f"no small disk can be mounted here: {done.stderr.strip()}")
    try:
        yield place
    finally:
        subprocess.run(["umount", "-l", str(place)], check=True)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 16 MiB."""
    with disk_of(tmp_path / "small", 16) as place:
        yield place


def wait_until_written(ground: Ground, name: str, more: int, seconds: float = 60) -> None:
    """Until so many more events than now are acknowledged."""
    wanted = len(ground.acknowledged(name)) + more
    until = time.monotonic() + seconds
    while len(ground.acknowledged(name)) < wanted:
        assert time.monotonic() < until, "the writers do not come back"
        time.sleep(0.02)
