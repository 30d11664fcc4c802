"""Files, ports and child processes as the embedded servers need them. Knows no Django and no server.

What goes wrong here is raised as `ServiceError`: one sentence that a person can act on.
"""

import ctypes
import errno
import fcntl
import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType
from typing import Any, Self

# Length of sun_path less the closing zero: Linux refuses a longer name for a Unix socket.
SOCKET_PATH_LIMIT = 107
_PR_SET_PDEATHSIG = 1


class ServiceError(Exception):
    """Something outside the program is wrong. The message is one sentence for the person at the keyboard."""


def private_folder(path: Path) -> Path:
    """`path` as a folder that only its owner may enter; made when missing.

    Raises ServiceError when it cannot be made (full disk, no permission, a file of that name).
    """
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise ServiceError(explain_os_error(error, path)) from error
    return path


def explain_os_error(error: OSError, path: Path) -> str:
    """One sentence for what the operating system refused at `path`."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return f"The disk that holds {path} is full; free some space there and start again."
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return f"{path} cannot be written by this user; set HOLDFAST_HOME to a folder that can."
    return f"{path} cannot be used: {error.strerror or error}."


def write_private(path: Path, text: str) -> None:
    """Write `text` whole or not at all, also over a crash; only the owner may read it."""
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise ServiceError(explain_os_error(error, path)) from error


def kept_secret(path: Path, *, length: int = 32) -> str:
    """The secret in `path`; made once, 0600, with `length` random bytes as URL-safe text."""
    try:
        text = path.read_text(encoding="utf-8").strip()
    except FileNotFoundError:
        text = ""
    except OSError as error:
        raise ServiceError(explain_os_error(error, path)) from error
    if not text:
        text = secrets.token_urlsafe(length)
        write_private(path, text + "\n")
    return text


def need_free_space(path: Path, megabytes: int, what: str) -> None:
    """Refuse to begin what a full disk would break off half-way.

    Raises ServiceError naming the folder, what is free and what is needed.
    """
    probe = path
    while not probe.exists():
        probe = probe.parent
    free = shutil.disk_usage(probe).free // 1_000_000
    if free < megabytes:
        raise ServiceError(
            f"The disk that holds {path} is full: {free} MB are free and {what} needs {megabytes} MB."
        )


def disk_is_full(path: Path) -> bool:
    """Whether `path` has so little room that a server on it will have stopped for that reason."""
    return shutil.disk_usage(path).free < 20_000_000


def free_port() -> int:
    """A loopback port that nothing listens on now; another process may take it before it is used."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def port_is_free(port: int) -> bool:
    """Whether a server could listen on 127.0.0.1:`port` now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def socket_folder(home: Path, longest_name: str) -> Path:
    """Where Unix sockets of `home` go: inside it, or a short private folder when the path would be too long.

    The short one is named after the home's path, so that every start of the same home finds the same one.
    """
    inside = home / "run"
    if len(os.fsencode(str(inside / longest_name))) <= SOCKET_PATH_LIMIT:
        return private_folder(inside)
    import hashlib
    import tempfile

    digest = hashlib.sha256(os.fsencode(str(home.resolve()))).hexdigest()[:16]
    runtime = os.environ.get("XDG_RUNTIME_DIR", "")
    base = (
        Path(runtime)
        if runtime and Path(runtime).is_dir() and len(runtime) < 50
        else Path(tempfile.gettempdir())
    )
    folder = private_folder(base / f"holdfast-{os.getuid()}-{digest}")
    found = folder.lstat()
    # In a folder that all may write, somebody else may have made it first to listen in.
    if folder.is_symlink() or found.st_uid != os.getuid() or found.st_mode & 0o077:
        raise ServiceError(
            f"{folder} exists and is not this user's private folder; remove it and start again."
        )
    if len(os.fsencode(str(folder / longest_name))) > SOCKET_PATH_LIMIT:
        raise ServiceError(f"{folder} is too long for a Unix socket; set TMPDIR to a shorter folder.")
    return folder


def _libc_prctl() -> Callable[..., int] | None:
    if not sys.platform.startswith("linux"):
        return None
    prctl: Callable[..., int] = ctypes.CDLL(None, use_errno=True).prctl
    return prctl


_prctl = _libc_prctl()


def end_with_parent() -> None:
    """Runs in the child before exec: a killed parent takes its child along instead of leaving it behind."""
    if _prctl is not None:
        _prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


def spawn(
    command: Sequence[str | Path],
    *,
    log: Path,
    env: Mapping[str, str] | None = None,
    cwd: Path | str | None = None,
) -> subprocess.Popen[bytes]:
    """Start `command` in a process group of its own, with its output appended to `log`.

    Ctrl-C in the terminal reaches only the caller, who then stops its children in order.
    """
    try:
        private_folder(log.parent)
        with log.open("ab") as output:
            return subprocess.Popen(
                [str(part) for part in command],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=None if env is None else dict(env),
                cwd=cwd,
                start_new_session=True,
                preexec_fn=end_with_parent,
            )
    except OSError as error:
        raise ServiceError(explain_os_error(error, Path(str(command[0])))) from error


def signal_group(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
    """Send `number` to the child's whole group; a group that is gone already is fine."""
    try:
        os.killpg(process.pid, number)
    except ProcessLookupError:
        return


def stop_child(
    process: subprocess.Popen[bytes], *, first: signal.Signals = signal.SIGTERM, seconds: float = 10.0
) -> None:
    """Ask the child to end, wait, then kill what is left of its group, grandchildren included."""
    if process.poll() is None:
        process.send_signal(first)
        try:
            process.wait(timeout=seconds)
        except subprocess.TimeoutExpired:
            signal_group(process, signal.SIGKILL)
            process.wait(timeout=10)
    signal_group(process, signal.SIGKILL)


def wait_until(ready: Callable[[], bool], *, seconds: float, step: float = 0.05) -> bool:
    """Poll `ready` until it is true (True) or `seconds` have passed (False)."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if ready():
            return True
        time.sleep(step)
    return ready()


def runs_in(pid: int, folder: Path) -> bool:
    """Whether `pid` lives and works in `folder`; a number alone is used again after a crash."""
    if not sys.platform.startswith("linux"):
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return False
        return True
    try:
        state = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace").rpartition(")")[2]
        # A zombie has ended; only its parent has not asked yet.
        return (
            not state.startswith(" Z") and Path(f"/proc/{pid}/cwd").resolve(strict=True) == folder.resolve()
        )
    except OSError:
        return False


def package_folder(name: str) -> Path:
    """Where an installed package lies, without importing it. Raises ServiceError when it is not installed."""
    spec = find_spec(name)
    if spec is None or not spec.submodule_search_locations:
        raise ServiceError(
            f"The Python package {name} is missing: install requirements-local.txt, "
            "or set DATABASE_URL and REDIS_URL to servers of your own."
        )
    return Path(spec.submodule_search_locations[0])


def tail(path: Path, lines: int = 1) -> str:
    """The last lines of a log that are not empty, joined by ' / '; '' when there is none."""
    try:
        with path.open("rb") as file:
            file.seek(0, os.SEEK_END)
            file.seek(max(0, file.tell() - 8192))
            text = file.read().decode("utf-8", "replace")
    except OSError:
        return ""
    return " / ".join([line.strip() for line in text.splitlines() if line.strip()][-lines:])


class HomeLock:
    """One run per data folder; the kernel gives the lock back however its holder ends."""

    def __init__(self, home: Path) -> None:
        self.path = private_folder(home / "run") / "lock.json"
        self._descriptor: int | None = None

    def take(self, note: Mapping[str, Any]) -> None:
        """Take the lock and write down who holds it.

        Raises ServiceError naming the holder when another process has it.
        """
        try:
            descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise ServiceError(explain_os_error(error, self.path)) from error
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            os.close(descriptor)
            raise ServiceError(self._holder()) from error
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, json.dumps({"pid": os.getpid(), **note}).encode(), 0)
        self._descriptor = descriptor

    def _holder(self) -> str:
        try:
            note = json.loads(self.path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            note = {}
        where = f" at {note['url']}" if note.get("url") else ""
        who = f" (process {note['pid']})" if note.get("pid") else ""
        home = self.path.parent.parent
        return (
            f"Holdfast already runs on {home}{where}{who}; "
            "stop it first, or give a second one its own HOLDFAST_HOME and --port."
        )

    def release(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def __enter__(self) -> Self:
        if self._descriptor is None:
            self.take({})
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()
