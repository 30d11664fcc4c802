"""A full disk and a clock that is set back: nothing acknowledged is lost, and the record's order stays."""

import os
import shutil
import subprocess
import time
from pathlib import Path

import psycopg2
import pytest

from config.local_services import Postgres, ServiceError
from tests.faults.conftest import STREAMS, Ground, wait_until_written

FAKETIME = shutil.which("faketime")
DAY_BACK = """
import sys
import django
django.setup()
from datetime import UTC, datetime
from django.db import transaction
from cases.audit.models import Event, Stream
from cases.audit.record import record
stream = Stream.objects.get(pk=int(sys.argv[1]))
for _ in range(3):
    with transaction.atomic():
        event = record(stream_id=stream.pk, stream_uuid=stream.uuid, action="test.told", actor=None,
                       occurred_at=datetime.now(UTC))
event = Event.objects.get(pk=event.pk)
print(event.sequence, event.occurred_at.timestamp(), event.recorded_at.timestamp())
"""


@pytest.mark.skipif(FAKETIME is None, reason="there is no faketime (Debian: faketime)")
def test_a_clock_set_a_day_back_changes_no_order_and_no_verdict(ground: Ground) -> None:
    stream = ground.run("-c", STREAMS).split()[0]
    sequence, _occurred, before = ground.run("-c", DAY_BACK, stream).split()
    assert sequence == "3"
    done = subprocess.run(
        [str(FAKETIME), "-f", "-1d", *_python(), "-c", DAY_BACK, stream],
        env=ground.environment, capture_output=True, text=True, timeout=100, check=True,
    )  # fmt: skip
    sequence, occurred, recorded = done.stdout.split()
    # The process believes in yesterday, and says so; the database's clock dates the record.
    assert sequence == "6"
    assert float(occurred) < float(before) - 80_000 < float(recorded)
    # And the database's own clock a day back: the numbers go on, the time is what it said.
    services = ground.services
    services.postgres.stop()
    library = _library()
    faked = {"LD_PRELOAD": library, "FAKETIME": "-1d", "FAKETIME_DONT_FAKE_MONOTONIC": "1"}
    with pytest.MonkeyPatch.context() as patch:
        from config import local_postgres

        plain = local_postgres._environment
        patch.setattr(local_postgres, "_environment", lambda: {**plain(), **faked})
        services.postgres.start()
        sequence, _occurred, recorded = ground.run("-c", DAY_BACK, stream).split()
        assert sequence == "9"
        assert float(recorded) < float(before) - 80_000
        services.postgres.stop()
    services.postgres.start()
    sequence, _occurred, recorded = ground.run("-c", DAY_BACK, stream).split()
    assert sequence == "12"
    ground.run("manage.py", "make_checkpoint")
    assert "streams hold" in ground.run("manage.py", "verify_record")


def _python() -> list[str]:
    import sys

    return [sys.executable]


def _library() -> str:
    for folder in Path("/usr/lib").rglob("libfaketime.so.1"):
        return str(folder)
    pytest.skip("there is no libfaketime")
    raise AssertionError


def test_a_full_disk_loses_nothing_that_was_acknowledged(ground: Ground, small_disk: Path) -> None:
    """The events' table lies on a small disk: writers are refused, nothing acknowledged is lost, it goes on by itself."""
    owner = (ground.services.postgres.data).stat()
    place = small_disk / "tablespace"
    place.mkdir(mode=0o700)
    os.chown(place, owner.st_uid, owner.st_gid)
    connection = psycopg2.connect(ground.services.postgres.admin_url)
    connection.autocommit = True
    try:
        with connection.cursor() as cursor:
            try:
                cursor.execute(f"CREATE TABLESPACE small LOCATION '{place}'")
            except psycopg2.Error as error:
                pytest.skip(f"PostgreSQL may not use the small disk here: {error}")
            cursor.execute("ALTER TABLE audit_event SET TABLESPACE small")
            try:
                streams = ground.run("-c", STREAMS).split()
                ground.write(streams, "full", "careful")
                wait_until_written(ground, "full", 50)
                filler = small_disk / "filler"
                with filler.open("wb") as out:
                    try:
                        while True:
                            out.write(bytes(1 << 16))
                            out.flush()
                    except OSError:
                        pass
                time.sleep(2)
                held = len(ground.acknowledged("full"))
                time.sleep(2)
                # Refused, each of them; the server lives, and answers who reads.
                assert len(ground.acknowledged("full")) - held < 100
                assert ground.acknowledged("full") - ground.there() == set()
                filler.unlink()
                wait_until_written(ground, "full", 50)
                ground.stop_writing()
                assert ground.acknowledged("full") - ground.there() == set()
            finally:
                ground.stop_writing()
                cursor.execute("ALTER TABLE audit_event SET TABLESPACE pg_default")
                cursor.execute("DROP TABLESPACE small")
    finally:
        connection.close()
    ground.run("manage.py", "make_checkpoint")
    assert "streams hold" in ground.run("manage.py", "verify_record")


def test_a_home_on_a_full_disk_is_said_in_one_sentence(small_disk: Path) -> None:
    """Where not even the server can start: one sentence that names the disk, as bin/up prints it."""
    (small_disk / "filler").write_bytes(bytes(12 << 20))
    with pytest.raises(ServiceError, match=r"full|free"):
        Postgres(small_disk / "home").start()
