"""bin/test: prepares and runs every check and every test.

Without arguments: lint, types, import contracts, migrations, generated files, the demo contract, and all tests
but the long ones. With arguments: only pytest, which gets them (`bin/test tests/wallets -k sweep`). `--all` is
everything with the long tests too. Servers are its own and throwaway; nothing of an installation is touched.
"""

import argparse
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from xml.etree import ElementTree

sys.path.insert(0, str(Path(__file__).resolve().parent))

import prepare
from prepare import PROJECT, say

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


@dataclass
class Suite:
    """What was run and how it ended. `missing` is what could not be run, each with the reason."""

    environment: dict[str, str]
    failed: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)

    def stage(self, name: str, *command: str, env: dict[str, str] | None = None) -> None:
        """Run one check; it may fail, the next ones run all the same."""
        say(f"\n── {name}: {' '.join(command)}")
        begun = time.monotonic()
        environment = {**self.environment, **(env or {})}
        # A session of its own: Ctrl-C reaches it once, through us, so that tests can put away what they started.
        child = subprocess.Popen(
            command, cwd=PROJECT, env=environment, stdin=subprocess.DEVNULL, start_new_session=True
        )
        try:
            code = child.wait()
        except KeyboardInterrupt:
            os.killpg(child.pid, signal.SIGINT)
            try:
                child.wait(timeout=120)
            except subprocess.TimeoutExpired:
                os.killpg(child.pid, signal.SIGKILL)
            raise
        self._note(name, code == 0, time.monotonic() - begun)

    def call(self, name: str, check: Callable[[], str | None]) -> None:
        """A check in this process: None is good, a text says what is wrong."""
        say(f"\n── {name}")
        begun = time.monotonic()
        problem = check()
        say(problem or "ok")
        self._note(name, problem is None, time.monotonic() - begun)

    def _note(self, name: str, good: bool, seconds: float) -> None:
        self.lines.append(f"{'ok    ' if good else 'FAILED'} {name} ({seconds:.0f} s)")
        if not good:
            self.failed.append(name)


def main() -> int:
    arguments = sys.argv[1:]
    parser = argparse.ArgumentParser(
        prog="bin/test",
        usage="bin/test [--all] [pytest arguments]",
        description=__doc__,
        add_help=False,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    if arguments in (["--help"], ["-h"]):
        parser.print_help()
        return 0
    everything = "--all" in arguments
    arguments = [argument for argument in arguments if argument != "--all"]
    with prepare.sentences("bin/test"):
        prepare.enter_venv(__file__, (*prepare.RUN, *prepare.LOCAL, *prepare.DEV))
        sys.path.insert(0, str(PROJECT))
        return _run(arguments, everything)
    raise AssertionError("unreachable")


def _run(arguments: list[str], everything: bool) -> int:
    from throwaway import throwaway_services

    from config.processes import ServiceError

    try:
        with throwaway_services(durable=False) as environment:
            environment["PATH"] = f"{prepare.VENV / 'bin'}:{os.environ.get('PATH', '/usr/bin:/bin')}"
            suite = Suite(environment)
            leave_out = _get_ready(suite)
            if not everything:
                leave_out.insert(0, "long")
            if not arguments:
                _checks(suite)
            _tests(suite, arguments, leave_out)
            return _summary(suite)
    except ServiceError as error:
        raise prepare.Trouble(str(error)) from error


def _get_ready(suite: Suite) -> list[str]:
    """Find or install the browser and the development chain; the marks of the tests that must be left out."""
    from config import devchain

    leave_out = []
    browser = _program(BROWSERS, "chromium")
    if browser:
        suite.environment["HOLDFAST_CHROMIUM"] = browser
    else:
        suite.missing.append("browser tests: no Chromium is installed, and none could be (Debian: chromium)")
        leave_out.append("browser")
    if _program(("litecoind",), "litecoind") is None:
        suite.missing.append(
            "tests on a real Litecoin node: no litecoind, and none could be had (Debian: litecoind)"
        )
    # Not the program alone: the journeys in which a year passes need its library before every process.
    if _program(("faketime",), "faketime") is None:
        suite.missing.append(
            "journeys in which a year passes: no faketime, and none could be had (Debian: faketime)"
        )
        leave_out.append("years")
    try:
        devchain.install(with_compiler=True)
    except devchain.ChainError as error:
        suite.missing.append(f"the check of the demo contract: {error}")
    if devchain.find_anvil() is None:
        suite.missing.append("tests on the development chain: there is no anvil")
        leave_out += ["live", *([] if "browser" in leave_out else ["browser"])]
    return leave_out


def _program(names: tuple[str, ...], package: str) -> str | None:
    """A program that the tests need, from the system's packages where it is not there yet."""

    def found() -> str | None:
        return next((path for name in names if (path := shutil.which(name))), None)

    if found() is None and os.geteuid() == 0 and shutil.which("apt-get"):
        say(f"Installing {package} from the system's packages (once) …")
        quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        for command in (
            ["apt-get", "-qq", "update"],
            ["apt-get", "-qq", "install", "-y", "--no-install-recommends", package],
        ):
            subprocess.run(command, env=quiet, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    return found()


def _checks(suite: Suite) -> None:
    from config import devchain

    python = sys.executable
    suite.stage("lint", "ruff", "check", ".")
    suite.stage("format", "ruff", "format", "--check", ".")
    suite.stage("types", "mypy")
    # The commands' own modules lie outside any package: they run before one can be imported.
    suite.stage("types of bin", "mypy", *map(str, sorted((PROJECT / "bin" / "lib").glob("*.py"))),
                env={"MYPYPATH": str(PROJECT / "bin" / "lib")})  # fmt: skip
    suite.stage("import contracts", "lint-imports")
    suite.stage("system check", python, "manage.py", "check", "--fail-level", "WARNING")
    suite.stage("migrations", python, "manage.py", "makemigrations", "--check", "--dry-run")
    suite.stage("status diagrams", python, "manage.py", "status_diagrams", "--check")
    suite.stage("clock rules", python, "manage.py", "clock_rules", "--check")
    if not any(reason.startswith("the check of the demo contract") for reason in suite.missing):
        suite.call("demo contract", devchain.compiler_check)


def _tests(suite: Suite, arguments: list[str], leave_out: list[str]) -> None:
    marks = ["-m", " and ".join(f"not {mark}" for mark in leave_out)] if leave_out else []
    # A run of everything uses the machine's cores; a run of a few tests starts faster without.
    # In the order of collection, which has the long files first; xdist's own has those of the most tests first.
    cores = str(min(4, os.cpu_count() or 1))
    spread = [] if arguments else ["-n", cores, "--dist", "loadfile", "--no-loadscope-reorder"]
    report = Path(suite.environment["HOLDFAST_HOME"]) / "tests.xml"
    plugin = {"PYTEST_PLUGINS": "tests.support.own_redis"}
    pytest = [sys.executable, "-m", "pytest", f"--junitxml={report}", *marks, *spread, *arguments]
    suite.stage("tests", *pytest, env=plugin)
    suite.missing += _skipped(report)


def _skipped(report: Path) -> list[str]:
    """What the tests themselves could not check here, each reason once."""
    try:
        cases = ElementTree.parse(report).getroot().iter("skipped")  # noqa: S314 - written by our own child
    except OSError:
        # Who asks pytest for a report of her own gets that one instead.
        return []
    return sorted({case.get("message", "") for case in cases if case.get("type") == "pytest.skip"})


def _summary(suite: Suite) -> int:
    say("\n── summary")
    for line in suite.lines:
        say(line)
    for reason in suite.missing:
        say(f"NOT RUN: {reason}")
    if suite.failed:
        say(f"Failed: {', '.join(suite.failed)}.")
        return 1
    if suite.missing and os.environ.get("CI", "").lower() in ("1", "true"):
        say("In CI what cannot be run counts as failed.")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
