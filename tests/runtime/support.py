"""Runs bin/up as a person would: in a clean environment, with its output in a file, watched from outside."""

import contextlib
import os
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path

from config.processes import end_with_parent

PROJECT = Path(__file__).resolve().parents[2]
_DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def clean_environment(home: Path, **more: str) -> dict[str, str]:
    """What a fresh login has, and nothing of the test run's own servers."""
    return {
        "PATH": os.environ.get("PATH", "/usr/bin:/bin"),
        "HOME": str(home.parent),
        "HOLDFAST_HOME": str(home),
        **more,
    }


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def processes_of(home: Path) -> list[str]:
    """Every live process that has `home` in its command line or environment, as `pid command`."""
    found = []
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit() or int(folder.name) == os.getpid():
            continue
        with contextlib.suppress(OSError):
            command = (folder / "cmdline").read_bytes()
            if os.fsencode(str(home)) in command + (folder / "environ").read_bytes():
                found.append(f"{folder.name} {command.replace(bytes(1), b' ').decode(errors='replace')}")
    return found


def run_up(
    home: Path, *arguments: str, seconds: float = 120, **more: str
) -> subprocess.CompletedProcess[str]:
    """bin/up from its start to its own end."""
    return subprocess.run(
        [str(PROJECT / "bin" / "up"), *arguments],
        env=clean_environment(home, **more),
        capture_output=True,
        text=True,
        timeout=seconds,
        cwd="/",
    )


def one_sentence(result: subprocess.CompletedProcess[str]) -> str:
    """The one line on standard error of a run that failed as it should."""
    assert result.returncode == 1, result
    assert "Traceback" not in result.stdout + result.stderr
    (line,) = result.stderr.strip().splitlines()
    return line


class Up:
    """A bin/up that runs until it is stopped."""

    def __init__(self, home: Path, *arguments: str, **more: str) -> None:
        self.home = home
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.output = home.parent / f"{home.name}-{self.port}.txt"
        with self.output.open("wb") as file:
            self.process = subprocess.Popen(
                [str(PROJECT / "bin" / "up"), "--port", str(self.port), *arguments],
                env=clean_environment(home, **more),
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
                cwd="/",
                start_new_session=True,
                # A test run that is killed takes its installations along.
                preexec_fn=end_with_parent,
            )

    def text(self) -> str:
        return self.output.read_text(encoding="utf-8", errors="replace")

    def wait_until_running(self, seconds: float = 120) -> float:
        """Seconds until it said that it runs."""
        begun = time.monotonic()
        while "Holdfast runs at" not in self.text():
            assert self.process.poll() is None, self.text()
            assert time.monotonic() - begun < seconds, self.text()
            time.sleep(0.05)
        return time.monotonic() - begun

    def status(self, path: str) -> int:
        try:
            with _DIRECT.open(self.url + path, timeout=10) as response:
                return int(response.status)
        except urllib.error.HTTPError as error:
            return error.code

    def stop(self, number: signal.Signals = signal.SIGINT, seconds: float = 60) -> int:
        """Send the signal to bin/up alone, as a terminal or a service manager does; its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        return self.process.wait(timeout=seconds)

    def child(self, text: str) -> int:
        """The process id of the oldest process of this run whose command line has `text`."""
        return min(int(line.split()[0]) for line in processes_of(self.home) if text in line)
