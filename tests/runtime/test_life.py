"""A whole life of an installation: first start, second start, a dead service; and nothing is left running."""

import json
import os
import signal
import stat
from pathlib import Path

import psycopg2
import pytest

from config.local_services import LocalServices, Postgres
from tests.runtime.support import Up, free_port, one_sentence, processes_of, run_up


def _people(home: Path) -> int:
    connection = psycopg2.connect(Postgres(home).url)
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM people_user")
            row = cursor.fetchone()
    finally:
        connection.close()
    assert row is not None
    return int(row[0])


def test_first_start_second_start_and_a_dead_worker(tmp_path: Path) -> None:
    home = tmp_path / "a folder with spaces"
    first = Up(home)
    try:
        first.wait_until_running(180)
        assert first.status("/healthz") == 200
        assert first.status("/accounts/login/") == 200
        logins = json.loads((home / "demo-logins.json").read_text(encoding="utf-8"))["logins"]
        assert all(login["email"] in first.text() and login["password"] in first.text() for login in logins)
        people = _people(home)
        assert people >= len(logins) > 0
        for secret in (
            home,
            home / "demo-logins.json",
            home / "environment",
            home / "secrets" / "secret-key",
        ):
            assert stat.S_IMODE(secret.stat().st_mode) & 0o077 == 0, secret

        said = one_sentence(run_up(home, "--port", str(free_port())))
        assert said.startswith(
            f"Holdfast already runs on {home} at {first.url} (process {first.process.pid})"
        )
    finally:
        code = first.stop(signal.SIGINT)
    assert code == 0, first.text()
    assert processes_of(home) == []

    key = (home / "secrets" / "secret-key").read_text(encoding="utf-8")
    second = Up(home)
    try:
        second.wait_until_running(60)
        assert _people(home) == people
        assert json.loads((home / "demo-logins.json").read_text(encoding="utf-8"))["logins"] == logins
        assert logins[0]["password"] in second.text()
        assert (home / "secrets" / "secret-key").read_text(encoding="utf-8") == key
        os.kill(second.child("celery -A config.celery:app worker"), signal.SIGKILL)
        assert second.process.wait(timeout=60) == 1
    finally:
        second.stop()
    last = second.text().strip().splitlines()[-1]
    assert last.startswith("The Celery worker was killed by signal 9; its log is ")
    assert "Traceback" not in second.text()
    assert processes_of(home) == []


def test_check_passes_with_own_servers_and_embeds_nothing(tmp_path: Path) -> None:
    """A PostgreSQL and a Redis that somebody else runs; one balance from the development chain."""
    home = tmp_path / "home"
    with LocalServices(tmp_path / "elsewhere") as servers:
        result = run_up(home, "--check", "--port", str(free_port()), seconds=280, **servers.environment())
        assert servers.healthy()
    assert result.returncode == 0, result.stdout + result.stderr
    assert "Using the servers of DATABASE_URL and REDIS_URL." in result.stdout
    assert "as the node itself says" in result.stdout
    assert result.stdout.strip().endswith("Check passed.")
    assert not (home / "postgres").exists()
    assert not (home / "valkey").exists()
    assert processes_of(home) == []


@pytest.mark.long
def test_check_without_a_chain_says_so(tmp_path: Path) -> None:
    home = tmp_path / "home"
    result = run_up(home, "--check", "--no-demo", "--port", str(free_port()), seconds=240)
    assert result.returncode == 3, result.stdout + result.stderr
    assert "No chain answers" in result.stdout
    assert not (home / "demo-logins.json").exists()
    assert processes_of(home) == []


@pytest.mark.long
@pytest.mark.parametrize("service", ["postgres", "valkey-server", "gunicorn", "celery.beat", "anvil"])
def test_every_service_that_dies_is_named(tmp_path: Path, service: str) -> None:
    names = {"postgres": "PostgreSQL", "valkey-server": "Valkey", "gunicorn": "The web server",
             "celery.beat": "Celery beat", "anvil": "Local development chain"}  # fmt: skip
    home = tmp_path / "home"
    up = Up(home)
    try:
        up.wait_until_running(180)
        os.kill(up.child(service if service != "celery.beat" else "config.celery:app beat"), signal.SIGKILL)
        assert up.process.wait(timeout=90) == 1
    finally:
        up.stop()
    assert (
        up.text().strip().splitlines()[-1].startswith(f"{names[service]} was killed by signal 9; its log is ")
    )
    assert processes_of(home) == []


@pytest.mark.long
def test_two_side_by_side_and_both_end(tmp_path: Path) -> None:
    homes = [tmp_path / "one", tmp_path / "two"]
    runs = [Up(home) for home in homes]
    try:
        for run in runs:
            run.wait_until_running(240)
        assert [run.status("/healthz") for run in runs] == [200, 200]
    finally:
        codes = [run.stop(signal.SIGTERM) for run in runs]
    assert codes == [0, 0]
    assert [processes_of(home) for home in homes] == [[], []]


@pytest.mark.long
def test_a_killed_start_leaves_a_home_that_starts(tmp_path: Path) -> None:
    """kill -9 of bin/up: what it ran ends too, and the next start recovers by itself."""
    home = tmp_path / "home"
    first = Up(home)
    first.wait_until_running(180)
    people = _people(home)
    first.stop(signal.SIGKILL)
    second = Up(home)
    try:
        second.wait_until_running(120)
        assert _people(home) == people
        assert second.status("/healthz") == 200
    finally:
        assert second.stop() == 0
    assert processes_of(home) == []
