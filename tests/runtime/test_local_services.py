"""The embedded servers: who may reach them, what they keep, and how they come back."""

import os
import signal
import socket
import stat
from collections.abc import Iterator
from pathlib import Path

import psycopg2
import pytest
import redis

from config.local_services import HomeLock, LocalServices, ServiceError
from config.processes import SOCKET_PATH_LIMIT, kept_secret, write_private


@pytest.fixture(scope="module")
def services(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalServices]:
    with LocalServices(tmp_path_factory.mktemp("home") / "data") as running:
        yield running


def _one(url: str, statement: str) -> object:
    connection = psycopg2.connect(url)
    try:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(statement)
            row = cursor.fetchone() if cursor.description else None
        return row[0] if row else None
    finally:
        connection.close()


def test_the_application_has_no_more_rights_than_its_database(services: LocalServices) -> None:
    url = services.postgres.url
    assert _one(url, "SELECT current_user") == "holdfast"
    assert _one(url, "SELECT rolsuper OR rolcreaterole OR rolcreatedb OR rolreplication OR rolbypassrls"
                     " FROM pg_roles WHERE rolname = current_user") is False  # fmt: skip
    assert (
        _one(url, "SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = 'holdfast'") == "holdfast"
    )


def test_the_servers_are_durable_and_speak_unicode(services: LocalServices) -> None:
    url = services.postgres.url
    assert _one(url, "SHOW fsync") == "on"
    assert _one(url, "SHOW synchronous_commit") == "on"
    assert _one(url, "SHOW data_checksums") == "on"
    assert (
        _one(url, "SELECT datlocprovider::text || datlocale FROM pg_database WHERE datname = 'holdfast'")
        == "bC.UTF-8"
    )
    with redis.Redis.from_url(services.valkey.url) as client:
        assert client.config_get("appendonly") == {"appendonly": "yes"}
        assert client.config_get("appendfsync") == {"appendfsync": "everysec"}
        assert client.config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}


def test_nothing_listens_on_the_network(services: LocalServices) -> None:
    assert _one(services.postgres.url, "SHOW listen_addresses") == ""
    with redis.Redis.from_url(services.valkey.url) as client:
        assert client.config_get("port") == {"port": "0"}
    for server in (services.postgres, services.valkey):
        assert server.process is not None
        assert not _tcp_sockets(server.process.pid)


def _tcp_sockets(pid: int) -> list[str]:
    inodes = set()
    for entry in Path(f"/proc/{pid}/fd").iterdir():
        target = os.readlink(entry) if entry.exists() or entry.is_symlink() else ""
        if target.startswith("socket:["):
            inodes.add(target[8:-1])
    rows = [
        line.split()
        for table in ("tcp", "tcp6")
        for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]
    ]
    return [row[1] for row in rows if row[9] in inodes]


def test_only_the_owner_gets_in(services: LocalServices) -> None:
    home = services.postgres.home
    for path in (home, home / "run", home / "secrets", home / "postgres", home / "valkey", home / "logs"):
        assert stat.S_IMODE(path.stat().st_mode) == 0o700, path
    for path in (home / "secrets").iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600, path
    assert stat.S_IMODE(services.valkey.socket.stat().st_mode) == 0o700
    wrong = services.postgres.url.replace("holdfast:", "holdfast:wrong", 1)
    with pytest.raises(psycopg2.OperationalError, match="password authentication failed"):
        psycopg2.connect(wrong)


def test_a_killed_server_comes_back_with_what_it_acknowledged(tmp_path: Path) -> None:
    services = LocalServices(tmp_path)
    with services:
        _one(services.postgres.url, "CREATE TABLE kept (n int)")
        _one(services.postgres.url, "INSERT INTO kept VALUES (7)")
        with redis.Redis.from_url(services.valkey.url) as client:
            client.set("kept", "7")
            client.execute_command("WAITAOF", 1, 0, 5000)
        for server in (services.postgres, services.valkey):
            assert server.process is not None
            os.kill(server.process.pid, signal.SIGKILL)
            server.process.wait()
    with services:
        assert _one(services.postgres.url, "SELECT n FROM kept") == 7
        with redis.Redis.from_url(services.valkey.url) as client:
            assert client.get("kept") == b"7"


def test_a_server_that_was_left_behind_is_replaced(tmp_path: Path) -> None:
    left = LocalServices(tmp_path)
    left.start()
    old = left.postgres.pid()
    with LocalServices(tmp_path) as services:
        assert services.postgres.pid() not in (None, old)
        assert services.healthy()
    left.stop()


def test_a_stale_pid_file_with_somebody_elses_number(tmp_path: Path) -> None:
    with LocalServices(tmp_path) as services:
        lines = (services.postgres.data / "postmaster.pid").read_text().splitlines()
    lines[0] = str(os.getpid())
    write_private(services.postgres.data / "postmaster.pid", "\n".join(lines) + "\n")
    assert services.postgres.pid() is None
    with services:
        assert services.healthy()


def test_a_deep_home_gets_a_short_socket_folder(tmp_path: Path) -> None:
    deep = tmp_path / ("d" * 60) / ("e" * 60) / "home"
    with LocalServices(deep) as services:
        assert services.healthy()
        for folder in (services.postgres.sockets, services.valkey.socket.parent):
            assert stat.S_IMODE(folder.stat().st_mode) == 0o700
            assert len(os.fsencode(folder)) < SOCKET_PATH_LIMIT
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(str(services.valkey.socket))


def test_two_runs_on_one_home_are_refused(tmp_path: Path) -> None:
    with HomeLock(tmp_path) as held:
        assert held.path.exists()
        with pytest.raises(ServiceError, match="already runs on"):
            HomeLock(tmp_path).take({})
    with HomeLock(tmp_path):
        pass


def test_a_secret_is_made_once(tmp_path: Path) -> None:
    first = kept_secret(tmp_path / "secret", length=48)
    assert len(first) >= 64
    assert kept_secret(tmp_path / "secret") == first
    assert stat.S_IMODE((tmp_path / "secret").stat().st_mode) == 0o600


def test_without_user_namespaces_root_gets_one_sentence_and_a_user_a_server(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The folder of a test is closed to every system user that root could fall back to."""
    refusing = tmp_path / "bin" / "unshare"
    refusing.parent.mkdir()
    refusing.write_text("#!/bin/sh\nexit 1\n")
    refusing.chmod(0o755)
    tmp_path.chmod(0o700)
    monkeypatch.setenv("PATH", str(refusing.parent), prepend=os.pathsep)
    services = LocalServices(tmp_path / "home")
    if os.geteuid() != 0:
        with services:
            assert services.healthy()
        return
    with pytest.raises(ServiceError, match=r"run this as a plain user.* or set DATABASE_URL\.$"):
        services.start()
