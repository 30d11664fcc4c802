"""bin/up: prepares and runs everything on this machine, and follows it until Ctrl-C.

Everything listens on loopback or on Unix sockets. Data lives in HOLDFAST_HOME (default: .holdfast in the project).
With DATABASE_URL and REDIS_URL set, those servers are used and nothing is embedded.
"""

import argparse
import os
import socket
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

import prepare

EXIT_CODES = """exit codes: 0 stopped by Ctrl-C or SIGTERM, or --check passed; 1 something is wrong, said in one
sentence; 3 --check found no chain that answers."""


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bin/up", description=__doc__, epilog=EXIT_CODES)
    parser.add_argument("--port", type=_port, default=8000, help="port on 127.0.0.1 (default 8000)")
    parser.add_argument(
        "--no-demo", action="store_true", help="no sample case, no demo people, no development chain"
    )
    parser.add_argument(
        "--check", action="store_true", help="start, prove health and one refreshed balance, stop"
    )
    return parser.parse_args()


def _port(text: str) -> int:
    number = int(text)
    if not 1 <= number <= 65535:
        raise argparse.ArgumentTypeError("a port is a number from 1 to 65535")
    return number


def refuse_taken_port(port: int) -> None:
    """Say so before anything is started or installed."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except PermissionError as error:
            raise prepare.Trouble(
                f"Port {port} needs rights that this user lacks; choose one with --port."
            ) from error
        except OSError as error:
            raise prepare.Trouble(
                f"Port {port} is taken by another program; choose another with --port."
            ) from error


def main() -> int:
    options = arguments()
    with prepare.sentences("bin/up"):
        refuse_taken_port(options.port)
        embedded = not (_given("DATABASE_URL") and _given("REDIS_URL"))
        prepare.enter_venv(__file__, (*prepare.RUN, *(prepare.LOCAL if embedded else ())))
        sys.path.insert(0, str(prepare.PROJECT))
        from running import Running

        return Running(options.port, demo=not options.no_demo, check=options.check).run()
    raise AssertionError("unreachable")


def _given(name: str) -> bool:
    return bool(os.environ.get(name) or os.environ.get(f"{name}_FILE"))


if __name__ == "__main__":
    sys.exit(main())
