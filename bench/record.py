"""What the record costs: audited commits by 8 writers, the same without a chain, growth, and reading it back.

A commit is one transaction that writes one event through `cases.audit.record.record` (sealed values, commitments, the
chain, the mark that it awaits its leaf). Beside it in the same run stand: the same transaction into a plain log, without
chain and sealing; a whole action as `cases.actions` makes it (the case's row is locked and marked touched, a note is
inserted, the digests of the changed rows are told), and that again with a plain log.
Writers are processes of their own, each with its case; times are of the whole transaction, as the client sees them.

`verify` reads every event back as `manage.py verify_record` does, in one process for each core.
"""

import json
import multiprocessing
import os
import secrets
import sys
import time
from datetime import UTC, datetime
from typing import Any

from bench.support import figure, machine, quantile, say, set_up

WRITERS = 8


def main(*, quick: bool) -> None:
    set_up()
    say(machine())
    people = _people()
    # First while the record is small: the writers of `cost` leave a hundred thousand events behind them.
    growth(people, sizes=(10_000, 100_000) if quick else (10_000, 100_000, 1_000_000))
    cost(people, seconds=5 if quick else 20)
    verify()
    trials(tamperings=1 if quick else 12, honest=50 if quick else 1000)
    restore(events=20_000 if quick else 200_000)


def trials(*, tamperings: int, honest: int) -> None:
    """`record.tampering_found_pct` and `record.false_alarms`: the tests' own trials, with many seeds."""
    import re
    import subprocess

    def tried(name: str, variable: str, count: int) -> str:
        done = subprocess.run(
            [
                *(sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-q", "-s", "--create-db", "--timeout=6000"),
                *("tests/cases/record/test_bundles.py", "-k", name),
            ],
            env={**os.environ, variable: str(count)}, capture_output=True, text=True, check=False,
        )  # fmt: skip
        say(done.stdout.strip().splitlines()[-1])
        return done.stdout

    from tests.support.tampering import KINDS

    out = tried("every_kind_of_tampering", "HOLDFAST_TAMPERINGS", tamperings)
    found = sum(int(number) for number in re.findall(r"FIGURE record.tampering (\d+) of", out))
    say(f"{found} of {tamperings * len(KINDS)} changes were found")
    verifier = sum(int(number) for number in re.findall(r"found, (\d+) by the verifier", out))
    figure("record.tampering_found_by_verifier_pct", 100 * verifier / (tamperings * len(KINDS)), "%")
    figure("record.tampering_found_pct", 100 * found / (tamperings * len(KINDS)), "%")
    alarms = re.search(
        r"FIGURE record.false_alarms (\d+) of (\d+)", tried("honest_logs", "HOLDFAST_HONEST_LOGS", honest)
    )
    if alarms is not None:
        say(f"{alarms[2]} honest logs")
        figure("record.false_alarms", int(alarms[1]), "alarms")


def restore(*, events: int) -> None:
    """`record.restore_s`: bin/restore of so many events to a clean folder, everything verified; and the backup before."""
    import re
    import subprocess
    import tempfile
    from pathlib import Path

    from bench.support import ROOT
    from config.local_services import LocalServices
    from tests.faults.conftest import STREAMS
    from tests.runtime.support import clean_environment

    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "home"
        with LocalServices(home) as services:
            environment = {
                **clean_environment(home),
                **services.environment(),
                "SECRET_KEY": "x" * 60,
                "DJANGO_SETTINGS_MODULE": "config.settings",
                "PYTHONPATH": str(ROOT),
            }
            call = {"env": environment, "cwd": ROOT, "check": True, "capture_output": True, "text": True}
            subprocess.run([sys.executable, "-I", "bin/lib/set_up.py"], **call)  # type: ignore[call-overload]
            streams = subprocess.run([sys.executable, "-c", STREAMS], **call).stdout.split()  # type: ignore[call-overload]
            fillers = [
                subprocess.Popen(
                    [sys.executable, "-c", FILL, stream, str(events // len(streams))],
                    env=environment,
                    cwd=ROOT,
                )
                for stream in streams
            ]
            for filler in fillers:
                filler.wait()
            subprocess.run([sys.executable, "manage.py", "make_checkpoint"], **call)  # type: ignore[call-overload]
            done = subprocess.run(
                ["bin/backup", f"{folder}/kept"], **{**call, "env": clean_environment(home)}
            )  # type: ignore[call-overload]
            backup = re.search(r"in ([0-9.]+) s", done.stdout)
            if backup:
                figure("record.backup_s", float(backup[1]), "s")
        begun = time.perf_counter()
        done = subprocess.run(
            ["bin/restore", f"{folder}/kept", "--home", f"{folder}/again"],
            **{**call, "env": clean_environment(home)},  # type: ignore[call-overload]
        )
        say(done.stdout.strip())
        figure("record.restore_s", time.perf_counter() - begun, "s")


# Fills one stream, 500 events a transaction.
FILL = """
import sys
import django
django.setup()
from datetime import UTC, datetime
from django.db import transaction
from cases.audit.models import Stream
from cases.audit.record import record
stream, count = Stream.objects.get(pk=int(sys.argv[1])), int(sys.argv[2])
for start in range(0, count, 500):
    with transaction.atomic():
        for number in range(start, min(start + 500, count)):
            record(stream_id=stream.pk, stream_uuid=stream.uuid, action="note.written", actor=None,
                   occurred_at=datetime.now(UTC), object_kind="note", object_number=number,
                   details={"text": "Called the clerk about the papers.", "number": number})
"""


def _people() -> list[tuple[int, int]]:
    """`(case, person)` for each writer."""
    from cases.actions.cases import open_case
    from cases.people.models import User

    found = []
    for number in range(WRITERS):
        user = User(email=f"writer{number}@bench.example", name=f"Writer {number}", role="investigator")
        # A person is made by an action of its own; here the first event of her case tells of her row.
        from django.db import transaction

        with transaction.atomic():
            user.save()
            case = open_case(
                by=user,
                at=datetime.now(UTC),
                title=f"Case {number}",
                typology="fraud",
                classification="internal",
            )
        found.append((case.pk, user.pk))
    return found


def _audited(case: Any, user: Any, number: int) -> None:
    from django.db import transaction

    from cases.audit.record import record
    from cases.models import Case, Note

    with transaction.atomic():
        now = datetime.now(UTC)
        Case.objects.select_for_update(no_key=True).only("pk").get(pk=case.pk)
        Case.objects.filter(pk=case.pk).update(touched_at=now)
        Note.objects.create(
            case=case, number=number, text="Called the clerk.", written_by=user, written_at=now
        )
        record(
            stream_id=case.stream_id,
            stream_uuid=case.stream.uuid,
            action="note.written",
            actor=user,
            occurred_at=now,
            object_kind="note",
            object_number=number,
            details={"text": "Called the clerk.", "by": user.name},
        )


def _call(case: Any, user: Any, number: int) -> None:
    """The audit call alone."""
    from django.db import transaction

    from cases.audit.record import record

    with transaction.atomic():
        record(
            stream_id=case.stream_id,
            stream_uuid=case.stream.uuid,
            action="note.written",
            actor=user,
            occurred_at=datetime.now(UTC),
            object_kind="note",
            object_number=number,
            details={"text": "Called the clerk.", "by": user.name},
        )


LOGGED = (
    "INSERT INTO bench_log (stream_id, action, actor_id, occurred_at, details) VALUES (%s, %s, %s, %s, %s)"
)


def _plain_call(case: Any, user: Any, number: int) -> None:
    """The same into a plain log table: no chain, no sealing."""
    from django.db import connection, transaction

    with transaction.atomic(), connection.cursor() as cursor:
        said = json.dumps({"text": "Called the clerk.", "by": user.name, "number": number})
        cursor.execute(LOGGED, [case.stream_id, "note.written", user.pk, datetime.now(UTC), said])


def _plain(case: Any, user: Any, number: int) -> None:
    """The same transaction with a plain log table: no chain, no sealing, no digests."""
    from django.db import connection, transaction

    from cases.models import Case

    with transaction.atomic(), connection.cursor() as cursor:
        now = datetime.now(UTC)
        Case.objects.select_for_update(no_key=True).only("pk").get(pk=case.pk)
        Case.objects.filter(pk=case.pk).update(touched_at=now)
        cursor.execute(
            "INSERT INTO bench_note (case_id, number, text, written_by, written_at) VALUES (%s, %s, %s, %s, %s)",
            [case.pk, number, "Called the clerk.", user.pk, now],
        )
        cursor.execute(
            LOGGED,
            [
                case.stream_id,
                "note.written",
                user.pk,
                now,
                json.dumps({"text": "Called the clerk.", "by": user.name}),
            ],
        )


def _writer(kind: str, who: tuple[int, int], seconds: float, first: int, start: Any, results: Any) -> None:
    set_up()
    from django.db import connection

    from cases.models import Case
    from cases.people.models import User

    connection.close()
    case, user = Case.objects.select_related("stream").get(pk=who[0]), User.objects.get(pk=who[1])
    write = {"call": _call, "plain_call": _plain_call, "action": _audited, "plain_action": _plain}[kind]
    write(case, user, first)
    times: list[float] = []
    start.wait()
    end = time.monotonic() + seconds
    number = first + 1
    while time.monotonic() < end:
        begun = time.perf_counter()
        write(case, user, number)
        times.append((time.perf_counter() - begun) * 1000)
        number += 1
    results.put((times, number))


_numbers: dict[tuple[int, int], int] = {}


def _round(people: list[tuple[int, int]], kind: str, seconds: float) -> tuple[float, list[float]]:
    """Commits a second of all writers together, and each commit's milliseconds."""
    from django.db import connection

    connection.close()
    context = multiprocessing.get_context("spawn")
    start, results = context.Barrier(len(people)), context.Queue()
    writers = [
        context.Process(target=_writer, args=(kind, who, seconds, _numbers.get(who, 1_000), start, results))
        for who in people
    ]
    for writer in writers:
        writer.start()
    times: list[float] = []
    highest = 0
    for _ in writers:
        each, number = results.get(timeout=seconds + 120)
        times += each
        highest = max(highest, number)
    for writer in writers:
        writer.join()
    for who in people:
        _numbers[who] = highest + 1
    return len(times) / seconds, times


def cost(people: list[tuple[int, int]], *, seconds: float) -> None:
    """`record.commits_per_s` and `record.commit_p99_ms` with 8 writers, beside the same without a chain."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE TABLE bench_note (id bigserial PRIMARY KEY, case_id bigint, number int, text text, "
            "written_by bigint, written_at timestamptz); "
            "CREATE TABLE bench_log (id bigserial PRIMARY KEY, stream_id bigint, action text, actor_id bigint, "
            "occurred_at timestamptz, details jsonb, recorded_at timestamptz DEFAULT clock_timestamp())"
        )
    for name, kind in (
        ("", "call"),
        ("plain_", "plain_call"),
        ("action_", "action"),
        ("plain_action_", "plain_action"),
    ):
        rate, times = _round(people, kind, seconds)
        say(
            f"{kind}: {rate:.0f}/s with {WRITERS} writers, p50 {quantile(times, 0.5):.2f} ms, {len(times)} commits"
        )
        figure(f"record.{name}commits_per_s", rate, "1/s")
        figure(f"record.{name}commit_p99_ms", quantile(times, 0.99), "ms")
    rate, times = _round(people[:1], "call", seconds / 2)
    figure("record.one_writer_commits_per_s", rate, "1/s")
    figure("record.one_writer_commit_p50_ms", quantile(times, 0.5), "ms")


def growth(people: list[tuple[int, int]], *, sizes: tuple[int, ...]) -> None:
    """The cost of a commit at each size of the record; its events are written by the audit call, 500 a transaction."""
    from cases.audit.models import Event

    rates: list[float] = []
    for size in sizes:
        missing = size - Event.objects.count()
        if missing > 0:
            _fill(people, missing)
        rate, times = _round(people, "call", 5)
        rates.append(rate)
        say(f"{Event.objects.count()} events: {rate:.0f} commits/s, p99 {quantile(times, 0.99):.2f} ms")
        figure(f"record.commits_per_s_at_{size}", rate, "1/s")
    figure("record.growth", rates[0] / rates[-1], "×")


def _fill(people: list[tuple[int, int]], missing: int) -> None:
    from django.db import connection

    connection.close()
    context = multiprocessing.get_context("spawn")
    share = missing // len(people) + 1
    fillers = [context.Process(target=_filler, args=(who, share)) for who in people]
    for filler in fillers:
        filler.start()
    for filler in fillers:
        filler.join()


def _filler(who: tuple[int, int], count: int) -> None:
    set_up()
    from django.db import transaction

    from cases.audit.record import record
    from cases.models import Case
    from cases.people.models import User

    case, user = Case.objects.select_related("stream").get(pk=who[0]), User.objects.get(pk=who[1])
    for start in range(0, count, 500):
        with transaction.atomic():
            for number in range(start, min(start + 500, count)):
                record(
                    stream_id=case.stream_id,
                    stream_uuid=case.stream.uuid,
                    action="note.written",
                    actor=user,
                    occurred_at=datetime.now(UTC),
                    object_kind="note",
                    object_number=number,
                    details={"text": secrets.token_hex(40), "by": user.name},
                )


def _verify_streams(streams: list[int]) -> int:
    set_up()
    from cases.audit.models import Stream
    from cases.audit.verify import verify_stream

    done = 0
    for stream in Stream.objects.filter(pk__in=streams):
        finding = verify_stream(stream)
        if finding is not None:
            raise SystemExit(f"stream {stream.pk}: {finding}")
        done += stream.length
    return done


def verify() -> None:
    """`record.verify_events_per_s`: chain, columns, values and commitments of every event, a process for each core."""
    from django.db import connection

    from cases.audit.models import Stream

    streams = list(Stream.objects.order_by("-length").values_list("pk", flat=True))
    connection.close()
    processes = os.cpu_count() or 1
    with multiprocessing.get_context("spawn").Pool(processes) as pool:
        # Started and connected before the clock.
        pool.map(_verify_streams, [[]] * processes)
        begun = time.perf_counter()
        done = sum(pool.map(_verify_streams, [streams[start::processes] for start in range(processes)]))
        seconds = time.perf_counter() - begun
    say(f"{done} events read back in {seconds:.1f} s by {processes} processes")
    figure("record.verify_events_per_s", done / seconds, "1/s")


if __name__ == "__main__":
    main(quick="--quick" in sys.argv[1:])
