"""What a person reads when something outside the program is wrong: one sentence and a non-zero exit."""

import os
import shutil
import socket
import subprocess
from pathlib import Path

import pytest

from tests.runtime.support import PROJECT, clean_environment, free_port, one_sentence, processes_of, run_up

NOT_RUNNING = {"DATABASE_URL": "postgres://x:secret-word@127.0.0.1:1/x", "REDIS_URL": "redis://127.0.0.1:1/0"}


@pytest.mark.parametrize("command", ["up", "test", "bench"])
def test_no_python_of_the_right_version(tmp_path: Path, command: str) -> None:
    other = tmp_path / "python3"
    other.write_text("#!/bin/sh\nexit 1\n")
    other.chmod(0o755)
    result = subprocess.run(
        ["/bin/sh", str(PROJECT / "bin" / command)],
        env={"PATH": str(tmp_path)},
        capture_output=True,
        text=True,
    )
    assert "needs Python 3.11" in one_sentence(result)


def test_a_taken_port(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        said = one_sentence(run_up(tmp_path / "home", "--port", str(port)))
    assert said == f"Port {port} is taken by another program; choose another with --port."
    assert not (tmp_path / "home").exists()


@pytest.mark.parametrize("port", ["0", "70000", "http"])
def test_a_port_that_is_none(tmp_path: Path, port: str) -> None:
    result = run_up(tmp_path / "home", "--port", port)
    assert result.returncode == 2
    assert "Traceback" not in result.stderr


def test_a_home_that_cannot_be_one(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    said = one_sentence(run_up(tmp_path / "file" / "home", "--port", str(free_port())))
    assert str(tmp_path / "file") in said


def test_own_servers_that_do_not_answer(tmp_path: Path) -> None:
    said = one_sentence(run_up(tmp_path / "home", "--port", str(free_port()), **NOT_RUNNING))
    assert said.startswith("The PostgreSQL of DATABASE_URL cannot be used:")
    assert "secret-word" not in said


def test_a_secret_file_that_is_not_there(tmp_path: Path) -> None:
    missing = str(tmp_path / "missing")
    said = one_sentence(
        run_up(
            tmp_path / "home",
            "--port",
            str(free_port()),
            DATABASE_URL_FILE=missing,
            REDIS_URL="redis://127.0.0.1:1/0",
        )
    )
    assert said == f"DATABASE_URL_FILE names {missing}, which cannot be read: No such file or directory."


def test_a_full_disk(tmp_path: Path) -> None:
    """A disk of 40 MB in a mount namespace of its own."""
    home = tmp_path / "home"
    home.mkdir()
    inside = ["unshare", "--user", "--map-root-user", "--mount"]
    if shutil.which("unshare") is None or subprocess.run([*inside, "true"], capture_output=True).returncode:
        pytest.skip("NOT CHECKED: this system allows no mount namespace, so no small disk can be made")
    script = 'mount -t tmpfs -o size=40m none "$1" && exec "$2" --port "$3"'
    result = subprocess.run(
        [*inside, "sh", "-c", script, "sh", str(home), str(PROJECT / "bin" / "up"), str(free_port())],
        env=clean_environment(home), capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    said = one_sentence(result)
    assert said.startswith(f"The disk that holds {home} is full: ")
    assert processes_of(home) == []


def test_help_needs_nothing(tmp_path: Path) -> None:
    bare = {"PATH": os.environ["PATH"]}
    for command in ("up", "test", "bench"):
        result = subprocess.run(
            [str(PROJECT / "bin" / command), "--help"], env=bare, capture_output=True, text=True, cwd=tmp_path
        )
        assert result.returncode == 0
        assert f"bin/{command}" in result.stdout
