"""Child processes of one run: started into a log file each, watched, followed on the terminal, stopped in order."""

import contextlib
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from subprocess import Popen

from config.processes import ServiceError, disk_is_full, private_folder, spawn, stop_child, tail

_KEPT_LOG_BYTES = 10_000_000


@dataclass
class Child:
    """A running program: `name` is what a person reads, `label` the prefix of its lines."""

    name: str
    label: str
    process: Popen[bytes]
    log: Path
    seconds_to_stop: float = 15.0


@dataclass
class Children:
    """All children of one run, in the order in which they were started."""

    home: Path
    environment: Mapping[str, str]
    folder: Path
    all: list[Child] = field(default_factory=list)

    def start(
        self, name: str, label: str, command: Sequence[str | Path], *, seconds_to_stop: float = 15.0
    ) -> Child:
        """Start `command` with its output in logs/<label>.log."""
        log = fresh_log(self.home, label)
        process = spawn(command, log=log, env=self.environment, cwd=self.folder)
        child = Child(name, label, process, log, seconds_to_stop)
        self.all.append(child)
        return child

    def adopt(self, name: str, label: str, process: Popen[bytes], log: Path) -> None:
        """Watch a process that somebody else starts and stops."""
        self.all.append(Child(name, label, process, log, seconds_to_stop=-1))

    def need_all(self) -> None:
        """Raise ServiceError naming the first child that has ended."""
        for child in self.all:
            code = child.process.poll()
            if code is not None:
                raise ServiceError(self._obituary(child, code))

    def _obituary(self, child: Child, code: int) -> str:
        how = f"was killed by signal {-code}" if code < 0 else f"stopped with exit code {code}"
        last = tail(child.log)
        if disk_is_full(self.home):
            why = f": the disk that holds {self.home} is full"
        else:
            why = f": {last[:300]}" if last and code > 0 else ""
        return f"{child.name} {how}{why}; its log is {child.log}, and everything else has been stopped."

    def stop(self) -> None:
        """Stop what `start` started, the last first: beat before the worker that it feeds."""
        for child in reversed(self.all):
            if child.seconds_to_stop >= 0:
                stop_child(child.process, seconds=child.seconds_to_stop)
        self.all.clear()


def fresh_log(home: Path, label: str) -> Path:
    """logs/<label>.log, to be appended to; a long one is put aside first, and only one such is kept."""
    log = private_folder(home / "logs") / f"{label}.log"
    with contextlib.suppress(FileNotFoundError):
        if log.stat().st_size > _KEPT_LOG_BYTES:
            log.replace(log.with_suffix(".log.1"))
    return log


_TRACEBACK = "Traceback (most recent call last):"
_CHAINED = ("During handling of the above exception", "The above exception was the direct cause")


class Follower:
    """Prints what is added to the logs, each line with the label of its program.

    Of a traceback only the line that says what happened is printed; the log has all of it.
    """

    def __init__(self, children: Sequence[Child]) -> None:
        self._at = {child.label: _size(child.log) for child in children}
        self._rest = dict.fromkeys(self._at, b"")
        self._logs = {child.label: child.log for child in children}
        self._inside: set[str] = set()
        self._width = max((len(label) for label in self._at), default=0)

    def print_new(self) -> None:
        """Print the whole lines that are new since the last call."""
        for label, log in self._logs.items():
            for line in self._new_lines(label, log):
                if self._is_for_people(label, line):
                    sys.stdout.write(f"{label:<{self._width}} | {line}\n")
        sys.stdout.flush()

    def _is_for_people(self, label: str, line: str) -> bool:
        if _TRACEBACK in line:
            self._inside.add(label)
            return False
        if label in self._inside:
            if not line or line[0].isspace():
                return False
            self._inside.discard(label)
        return not line.startswith(_CHAINED)

    def _new_lines(self, label: str, log: Path) -> Iterator[str]:
        size = _size(log)
        if size < self._at[label]:
            self._at[label] = 0
        if size == self._at[label]:
            return
        with log.open("rb") as file:
            file.seek(self._at[label])
            added = file.read(1_000_000)
        self._at[label] += len(added)
        *lines, self._rest[label] = (self._rest[label] + added).split(b"\n")
        for line in lines:
            yield line.decode("utf-8", "replace").rstrip()


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0
