"""The worker, or Valkey under it, killed by SIGKILL while eight people act: nothing they were told is lost or done twice.

Worker, broker, database, typesetter and store are real. What a person is told of is a note, or a case file that she asked
for: the note stands in the case once, the file comes to one end, once, and its bytes are there.
"""

import os
import random
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg2
import pytest

from tests.faults.conftest import Ground
from tests.runtime.support import PROJECT

LONG = int(os.environ.get("HOLDFAST_KILLS", "20"))
SHORT = 3
PEOPLE = """
import django
django.setup()
from datetime import UTC, datetime
from uuid import uuid4
from cases.actions import cases, people
for number in range(8):
    now = datetime.now(UTC)
    user = people.add_person(by=None, at=now, email=f"{uuid4()}@example.test", name=f"Writer {number}",
                             role="investigator", password=None)
    case = cases.open_case(by=user, at=datetime.now(UTC), title=f"Case {number}", typology="fraud",
                           classification="internal")
    print(case.reference, user.pk)
"""
# What came back from an action goes to the writer's own file only after it came back.
WRITER = """
import sys, time
import django
django.setup()
from datetime import UTC, datetime
from cases.access import case_for
from cases.actions import cases, exports
from cases.actions.base import ActionError
from cases.people.models import User
from cases.permissions import Permission
reference, user = sys.argv[1], User.objects.get(pk=int(sys.argv[2]))
out = open(sys.argv[3], "a")
done = 0
while True:
    now = datetime.now(UTC)
    grant = case_for(user, reference, Permission.NOTE)
    note = cases.write_note(grant=grant, at=now, text=f"Note {done}")
    said = f"note {note.pk}"
    if done % 40 == 5:
        try:
            grant = case_for(user, reference, Permission.EXPORT)
            said += f"\\nexport {exports.request_export(grant=grant, at=datetime.now(UTC)).pk}"
        except ActionError:
            pass
    out.write(said + "\\n")
    out.flush()
    done += 1
    time.sleep(0.1)
"""


class Worker:
    """One worker with its beat, killed and started as often as one likes."""

    def __init__(self, ground: Ground) -> None:
        self.ground = ground
        self.process: subprocess.Popen[bytes] | None = None
        self.starts = 0

    def start(self) -> None:
        self.starts += 1
        with (self.ground.folder / "worker.log").open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "celery", "-A", "config.celery:app", "worker", "--beat", "--concurrency", "2",
                 "--without-gossip", "--without-mingle", "--schedule", str(self.ground.folder / f"beat-{self.starts}")],
                cwd=PROJECT, env=self.ground.environment, stdout=log, stderr=subprocess.STDOUT, start_new_session=True,
            )  # fmt: skip

    def kill(self) -> None:
        """SIGKILL to the worker, its children and its beat, all at once."""
        if self.process is not None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait(timeout=30)
            self.process = None


@pytest.fixture
def worker(ground: Ground) -> Iterator[Worker]:
    made = Worker(ground)
    yield made
    ground.stop_writing()
    made.kill()


def begin(ground: Ground, name: str) -> None:
    """Eight people, each with a case of her own, who write and ask until they are stopped."""
    for number, line in enumerate(ground.run("-c", PEOPLE).splitlines()):
        ground.writers.append(
            subprocess.Popen(
                [sys.executable, "-c", WRITER, *line.split(), str(ground.folder / f"{name}-{number}.txt")],
                env=ground.environment,
                cwd=PROJECT,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
        )


def told(ground: Ground, name: str) -> dict[str, list[int]]:
    """What was acknowledged: keys of notes and of exports."""
    found: dict[str, list[int]] = {"note": [], "export": []}
    for path in ground.folder.glob(f"{name}-*.txt"):
        for line in path.read_text().splitlines(keepends=True):
            if line.endswith("\n"):
                kind, key = line.split()
                found[kind].append(int(key))
    return found


def asked(ground: Ground, statement: str) -> list[tuple[object, ...]]:
    connection = psycopg2.connect(ground.services.postgres.admin_url)
    try:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(statement)
            return cursor.fetchall() if cursor.description else []
    finally:
        connection.close()


def until(seen: Callable[[], bool], seconds: float, what: str) -> None:
    end = time.monotonic() + seconds
    while not seen():
        assert time.monotonic() < end, what
        time.sleep(0.2)


def waiting(ground: Ground) -> int:
    """Case files that have come to no end, and messages that nobody sent."""
    [(exports,)] = asked(ground, "SELECT count(*) FROM cases_export WHERE status IN ('queued', 'running')")
    [(messages,)] = asked(ground, "SELECT count(*) FROM cases_outboxmessage WHERE sent_at IS NULL")
    return int(str(exports)) + int(str(messages))


def let_claims_run_out(ground: Ground) -> None:
    """As if the eight minutes had passed that a dead worker's hold on a file lasts."""
    asked(
        ground,
        "UPDATE cases_export SET claimed_until = now() - interval '1 second' WHERE status = 'running' "
        "AND claimed_until IS NOT NULL",
    )


def check(ground: Ground, name: str, capsys: "pytest.CaptureFixture[str]", rounds: int) -> None:
    acknowledged = told(ground, name)
    assert len(acknowledged["note"]) > 8 * rounds
    assert acknowledged["export"]
    there = {key for (key,) in asked(ground, "SELECT id FROM cases_note")}
    assert set(acknowledged["note"]) - there == set()
    ended = dict(asked(ground, "SELECT id, status FROM cases_export"))
    assert {ended[key] for key in acknowledged["export"]} <= {"ready", "failed"}
    # Each ended once in the record; a note is one event.
    counted = asked(
        ground,
        "SELECT stream_id, count(*) FILTER (WHERE action = 'note.written'), "
        "count(*) FILTER (WHERE action = 'export.requested'), "
        "count(*) FILTER (WHERE action IN ('export.ready', 'export.failed')) FROM audit_event GROUP BY stream_id",
    )
    rows = asked(
        ground,
        "SELECT c.stream_id, (SELECT count(*) FROM cases_note n WHERE n.case_id = c.id), "
        "(SELECT count(*) FROM cases_export e WHERE e.case_id = c.id), "
        "(SELECT count(*) FROM cases_export e WHERE e.case_id = c.id AND status IN ('ready', 'failed')) FROM cases_case c",
    )
    of_stream = {stream: numbers for stream, *numbers in counted}
    for stream, *numbers in rows:
        assert of_stream[stream] == numbers, "an act is in the record as often as it was done"
    ready = asked(ground, "SELECT sha256 FROM cases_export WHERE status = 'ready'")
    assert ready
    files = Path(ground.environment["HOLDFAST_HOME"]) / "files"
    for (sha256,) in ready:
        assert (files / str(sha256)[:2] / str(sha256)).is_file()
    ground.run("manage.py", "make_checkpoint")
    assert "streams hold" in ground.run("manage.py", "verify_record")
    failed = sum(status == "failed" for status in ended.values())
    with capsys.disabled():
        print(  # noqa: T201
            f"\n{name}: {rounds} kills, {len(acknowledged['note'])} notes and {len(acknowledged['export'])} case files "
            f"acknowledged, 0 lost, 0 doubled; {failed} files ended as failed, and said so"
        )


ROUNDS = [SHORT, pytest.param(LONG, marks=pytest.mark.long)]


@pytest.mark.timeout(3000)
@pytest.mark.parametrize("rounds", ROUNDS)
def test_a_killed_worker_loses_nothing_and_does_nothing_twice(
    ground: Ground, worker: Worker, capsys: "pytest.CaptureFixture[str]", rounds: int
) -> None:
    name, chance = f"worker-{uuid.uuid4().hex[:8]}", random.Random(rounds)
    begin(ground, name)
    for _round in range(rounds):
        before = len(told(ground, name)["note"])
        worker.start()
        until(lambda: waiting(ground) == 0 or chance.random() < 0.05, 60, "the worker does nothing")
        time.sleep(chance.uniform(0.2, 2.5))
        worker.kill()
        let_claims_run_out(ground)
        until(lambda: len(told(ground, name)["note"]) > before, 60, "nobody writes")  # noqa: B023
    ground.stop_writing()
    worker.start()
    until(lambda: waiting(ground) == 0, 240, "what waits is never done")
    check(ground, name, capsys, rounds)


@pytest.mark.timeout(3000)
@pytest.mark.parametrize("rounds", ROUNDS)
def test_a_killed_valkey_loses_nothing_and_does_nothing_twice(
    ground: Ground, worker: Worker, capsys: "pytest.CaptureFixture[str]", rounds: int
) -> None:
    """One worker lives through it all, and goes on by itself each time that Valkey is back."""
    name, chance = f"valkey-{uuid.uuid4().hex[:8]}", random.Random(rounds)
    worker.start()
    begin(ground, name)
    until(lambda: bool(told(ground, name)["export"]), 60, "nobody asks for a case file")
    for _round in range(rounds):
        before = len(told(ground, name)["note"])
        time.sleep(chance.uniform(0.5, 3))
        process = ground.services.valkey.process
        assert process is not None
        process.kill()
        process.wait()
        ground.services.valkey.process = None
        # People go on meanwhile: what they do is a row first.
        until(lambda: len(told(ground, name)["note"]) > before, 60, "nobody can write without Valkey")  # noqa: B023
        ground.services.valkey.start()
    ground.stop_writing()
    until(lambda: waiting(ground) == 0, 240, "what waits is never done")
    assert worker.process is not None
    assert worker.process.poll() is None, "the worker gave up"
    check(ground, name, capsys, rounds)
