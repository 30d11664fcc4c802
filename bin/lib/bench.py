"""bin/bench NAME [--quick]: measures, on servers of its own, and prints lines `FIGURE name value unit`.

NAME is a script in bench/. `--quick` means the same sizes with fewer repetitions. The servers are durable ones,
as in a real installation, in a folder that is gone afterwards. A figure that was not measured is not printed.
"""

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from config.devchain import DevChain

sys.path.insert(0, str(Path(__file__).resolve().parent))

import prepare
from prepare import PROJECT, say

# Not measurements: what the scripts share.
_SHARED = {"__init__", "support", "filling", "peers", "relay"}


def main() -> int:
    names = sorted({path.stem for path in (PROJECT / "bench").glob("*.py")} - _SHARED)
    parser = argparse.ArgumentParser(
        prog="bin/bench", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("name", metavar="NAME", choices=names, help=", ".join(names))
    parser.add_argument("--quick", action="store_true", help="the same sizes, fewer repetitions")
    options = parser.parse_args()
    with prepare.sentences("bin/bench"):
        prepare.enter_venv(__file__, (*prepare.RUN, *prepare.LOCAL, *prepare.DEV))
        sys.path.insert(0, str(PROJECT))
        return _measure(options.name, quick=options.quick)
    raise AssertionError("unreachable")


def _measure(name: str, *, quick: bool) -> int:
    from throwaway import throwaway_services

    from config.processes import ServiceError

    try:
        with throwaway_services(durable=True) as environment, tempfile.TemporaryDirectory() as logs:
            chain = _chain(Path(logs))
            try:
                if chain is not None:
                    environment |= {
                        "HOLDFAST_DEMO": "true",
                        "HOLDFAST_LOCALDEV_URL": chain.url,
                        "HOLDFAST_LOCALDEV_TOKEN": chain.prepare_demo(),
                    }
                return _script(name, quick, environment)
            finally:
                if chain is not None:
                    chain.stop()
    except ServiceError as error:
        raise prepare.Trouble(str(error)) from error


def _chain(logs: Path) -> "DevChain | None":
    """A new development chain, or None where there is none to be had; a script that needs it says so."""
    from config import devchain

    try:
        devchain.install()
    except devchain.ChainError as error:
        say(f"No development chain: {error}")
    if devchain.find_anvil() is None:
        return None
    chain = devchain.DevChain(None, log=logs / "devchain.log")
    chain.start()
    return chain


def _script(name: str, quick: bool, environment: dict[str, str]) -> int:
    manage = [sys.executable, "manage.py"]
    for command in (["make_sealing_keys"], ["migrate", "--verbosity", "0"], ["sync_assets"]):
        prepared = subprocess.run(
            [*manage, *command], cwd=PROJECT, env=environment, capture_output=True, text=True
        )
        if prepared.returncode != 0:
            last = (prepared.stderr.strip().splitlines() or ["no reason given"])[-1]
            raise prepare.Trouble(f"The database could not be set up: {last}")
    command = [sys.executable, "-m", f"bench.{name}", *(["--quick"] if quick else [])]
    return subprocess.run(command, cwd=PROJECT, env=environment).returncode


if __name__ == "__main__":
    sys.exit(main())
