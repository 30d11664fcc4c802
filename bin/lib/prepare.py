"""The virtual environment at <project>/.venv, made and kept by the commands in bin/.

Runs under the system's Python before anything is installed: standard library only.
"""

import contextlib
import errno
import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NoReturn

PROJECT = Path(__file__).resolve().parent.parent.parent
VENV = PROJECT / ".venv"
STAMP = VENV / "holdfast-stamp.json"
RUN = ("requirements.txt",)
LOCAL = ("requirements-local.txt",)
DEV = ("requirements-dev.txt",)
# What a virtual environment takes when it is made: measured 0.45 GB to run, 0.9 GB with the tests' part.
_MEGABYTES = 1000


class Trouble(Exception):
    """One sentence for the person at the keyboard."""


def say(text: str) -> None:
    print(text, flush=True)


def end(text: str, code: int = 1) -> NoReturn:
    """Print one sentence as the last line and end."""
    print(text, file=sys.stderr, flush=True)
    raise SystemExit(code)


@contextlib.contextmanager
def sentences(command: str) -> Iterator[None]:
    """Whatever goes wrong inside ends in one sentence and a non-zero exit, never a traceback."""
    try:
        yield
    except Trouble as trouble:
        end(str(trouble))
    except KeyboardInterrupt:
        end("Stopped.", 130)
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            where = error.filename or "the project or HOLDFAST_HOME"
            end(f"The disk that holds {where} is full; free some space there and start again.")
        end(f"{command} could not go on: {error}.")


def enter_venv(script: str, files: Sequence[str]) -> None:
    """Return only inside a complete .venv; outside of it, make it and start `script` again in it."""
    python = VENV / "bin" / "python"
    if not _complete(files):
        _make(files)
    if Path(sys.prefix) == VENV:
        return
    environment = {key: value for key, value in os.environ.items() if key not in ("PYTHONPATH", "PYTHONHOME")}
    os.execve(python, [str(python), "-I", script, *sys.argv[1:]], environment)  # noqa: S606 - no shell is the point


def _digests(files: Sequence[str]) -> dict[str, str]:
    return {name: hashlib.sha256((PROJECT / name).read_bytes()).hexdigest() for name in files}


def _read_stamp() -> dict[str, str]:
    try:
        stamp = json.loads(STAMP.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return stamp if isinstance(stamp, dict) else {}


def _complete(files: Sequence[str]) -> bool:
    stamp = _read_stamp()
    # An environment that was moved has the old path in each of its scripts.
    return stamp.get("folder") == str(VENV) and _digests(files).items() <= stamp.items()


def _make(files: Sequence[str]) -> None:
    free = shutil.disk_usage(PROJECT).free // 1_000_000
    if free < _MEGABYTES:
        raise Trouble(
            f"The disk that holds {PROJECT} is full: {free} MB are free, and installing needs {_MEGABYTES} MB."
        )
    # Two starts side by side share one environment: the second waits here and then finds it complete.
    with (PROJECT / "requirements.txt").open("rb") as guard:
        _wait_for(guard.fileno())
        if _complete(files):
            return
        _write_protected(_install_all, files)


def _wait_for(descriptor: int) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        say("Another start is installing the Python packages; waiting for it …")
        fcntl.flock(descriptor, fcntl.LOCK_EX)


def _write_protected(work: Callable[[Sequence[str]], None], files: Sequence[str]) -> None:
    try:
        work(files)
    except PermissionError as error:
        raise Trouble(
            f"{VENV} cannot be written by this user: run the command once as the owner of {PROJECT}, "
            "or clone the project to a folder of your own."
        ) from error


def _install_all(files: Sequence[str]) -> None:
    stamp = _read_stamp()
    STAMP.unlink(missing_ok=True)
    python = VENV / "bin" / "python"
    usable = python.exists() and _run([python, "-m", "pip", "--version"]).returncode == 0
    moved = bool(stamp) and stamp.get("folder") != str(VENV)
    if not usable or moved:
        say(f"Making a virtual environment in {VENV} …")
        # The caller may be the environment's own Python, when somebody has activated it.
        base = getattr(sys, "_base_executable", sys.executable)
        made = _run([base, "-I", "-m", "venv", "--clear", VENV])
        if made.returncode != 0:
            _explain(made.stdout, "The virtual environment could not be made")
    # All that were complete are installed again together, so that one set of versions holds for each of them.
    wanted = sorted({*files, *(name for name in (*RUN, *LOCAL, *DEV) if name in stamp)})
    say(f"Installing {', '.join(wanted)} (once; a minute or two) …")
    arguments = [part for name in wanted for part in ("--requirement", PROJECT / name)]
    quiet = ["--quiet", "--no-input", "--disable-pip-version-check", "--no-warn-script-location"]
    installed = _run([python, "-m", "pip", "install", "--require-hashes", *quiet, *arguments])
    if installed.returncode != 0:
        _explain(installed.stdout, "The Python packages could not be installed")
    STAMP.write_text(json.dumps({"folder": str(VENV), **_digests(wanted)}, indent=1) + "\n", encoding="utf-8")


def _run(command: Sequence[str | Path]) -> subprocess.CompletedProcess[str]:
    environment = {key: value for key, value in os.environ.items() if key not in ("PYTHONPATH", "PYTHONHOME")}
    return subprocess.run(
        [str(part) for part in command],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=environment,
        cwd=PROJECT,
    )


def _explain(output: str, what: str) -> NoReturn:
    if "No space left on device" in output:
        raise Trouble(f"{what}: the disk that holds {PROJECT} is full.")
    if (
        "ensurepip is not" in output
        or "No module named ensurepip" in output
        or "No module named venv" in output
    ):
        raise Trouble(f"{what}: this Python has no venv with pip (Debian: apt-get install python3.11-venv).")
    if "Permission denied" in output:
        raise Trouble(f"{what}: {VENV} cannot be written by this user.")
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    # pip's own lines; what follows the first of them belongs to it.
    first = next((at for at, line in enumerate(lines) if line.startswith("ERROR")), max(0, len(lines) - 1))
    reason = " ".join(lines[first : first + 2]).removeprefix("ERROR: ")
    raise Trouble(f"{what}: {reason[:500] or 'no reason given'}")
