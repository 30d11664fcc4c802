"""What bin/up does inside the virtual environment: servers, database, programs, and their end."""

import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from types import FrameType
from urllib.parse import urlsplit

from children import Children, Follower, fresh_log
from prepare import PROJECT, end, say

from config import devchain
from config.local_services import HomeLock, Postgres, ServiceError, Valkey
from config.processes import kept_secret, private_folder, tail, write_private

EVM_CHAINS = ("ETHEREUM", "BSC", "POLYGON", "ARBITRUM", "OPTIMISM", "BASE", "AVALANCHE", "LOCALDEV")
NO_CHAIN_ANSWERS = 3
# One queue a chain family (wallets/tasks.py), and four looks at a time for each chain that may be configured.
CHAIN_QUEUES = ("chains.evm", "chains.utxo", "chains.tron", "chains.solana", "chains.xrp", "chains.other")
CHAIN_THREADS = 16
_HEALTHY_WITHIN = 180
_DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class Stopped(BaseException):
    """Ctrl-C, SIGTERM or a closed terminal. Not an Exception: nothing on the way may take it for an error."""


class Running:
    """One run of the product on one HOLDFAST_HOME and one port."""

    def __init__(self, port: int, *, demo: bool, check: bool) -> None:
        self.port = port
        self.demo = demo
        self.check = check
        self.url = f"http://127.0.0.1:{port}"
        self.home = Path(os.environ.get("HOLDFAST_HOME") or PROJECT / ".holdfast").expanduser().resolve()
        self.environment = dict(os.environ)
        self.postgres: Postgres | None = None
        self.valkey: Valkey | None = None
        self.chain: devchain.DevChain | None = None
        self.children = Children(self.home, self.environment, PROJECT)
        self.stopping = False

    def run(self) -> int:
        """Start, follow until told to stop, stop. The exit code; every failure is one sentence."""
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._on_signal)
        lock: HomeLock | None = None
        message, code = "", 0
        try:
            self._refuse_foreign_home()
            lock = HomeLock(private_folder(self.home))
            lock.take({"url": self.url})
            self._start()
            code = self._prove() if self.check else self._follow()
        except Stopped:
            message = "" if self.children.all else "Stopped."
        except ServiceError as error:
            message, code = str(error), 1
        except Exception as error:  # the last net: what nobody foresaw still ends in one sentence
            message, code = self._unforeseen(error), 1
        finally:
            self.stopping = True
            problems = self._stop()
            if lock is not None:
                lock.release()
        if problems:
            message, code = problems, 1
        if message:
            end(message, code)
        return code

    def _refuse_foreign_home(self) -> None:
        """Root may write anywhere, and would leave files behind that the owner then cannot open."""
        if self.home.exists() and (owner := self.home.stat().st_uid) != os.geteuid():
            raise ServiceError(
                f"{self.home} belongs to another user (number {owner}): start this as that user, "
                "or set HOLDFAST_HOME to a folder of your own."
            )

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        # A second Ctrl-C while the servers write their last page must not leave them behind.
        if not self.stopping:
            self.stopping = True
            raise Stopped

    def _unforeseen(self, error: Exception) -> str:
        import traceback

        if isinstance(error, OSError) and error.filename:
            return f"{error.filename} cannot be used: {error.strerror}."
        log = self.home / "logs" / "up.log"
        try:
            with log.open("a", encoding="utf-8") as file:
                traceback.print_exc(file=file)
        except OSError:
            return f"bin/up could not go on: {type(error).__name__}: {error}."
        return f"bin/up could not go on: {type(error).__name__}: {error}; details are in {log}."

    # ── start ─────────────────────────────────────────────────────────────────────────────────────────────
    def _start(self) -> None:
        say(f"Data is in {self.home}.")
        self._servers()
        self._settings()
        if self.demo:
            self._development_chain()
        write_private(self.home / "environment", self._environment_file())
        self._set_up_database()
        self._programs()
        self._wait_for_health()

    def _servers(self) -> None:
        embedded = []
        if self._own("DATABASE_URL") is None:
            self.postgres = Postgres(self.home)
            self.postgres.start()
            self.environment["DATABASE_URL"] = self.postgres.url
            self._adopt(self.postgres, "postgres")
            embedded.append("PostgreSQL")
        else:
            self._need_database()
        if self._own("REDIS_URL") is None:
            self.valkey = Valkey(self.home)
            self.valkey.start()
            self.environment["REDIS_URL"] = self.valkey.url
            self._adopt(self.valkey, "valkey")
            embedded.append("Valkey")
        else:
            self._need_redis()
        say(
            f"Started {' and '.join(embedded)}."
            if embedded
            else "Using the servers of DATABASE_URL and REDIS_URL."
        )

    def _adopt(self, service: Postgres | Valkey | devchain.DevChain, label: str) -> None:
        if service.process is not None:
            self.children.adopt(service.name, label, service.process, service.log)

    def _own(self, name: str) -> str | None:
        """The value that the person has set, directly or as a file; None when there is none."""
        path = os.environ.get(f"{name}_FILE")
        if not path:
            return os.environ.get(name) or None
        try:
            return Path(path).read_text(encoding="utf-8").strip()
        except OSError as error:
            raise ServiceError(
                f"{name}_FILE names {path}, which cannot be read: {error.strerror}."
            ) from error

    def _need_database(self) -> None:
        import psycopg2

        url = self._own("DATABASE_URL") or ""
        try:
            psycopg2.connect(url, connect_timeout=5).close()
        except psycopg2.Error as error:
            reason = " ".join(str(error).split()) or "no reason given"
            raise ServiceError(f"The PostgreSQL of DATABASE_URL cannot be used: {reason}.") from error

    def _need_redis(self) -> None:
        import redis

        url = self._own("REDIS_URL") or ""
        where = urlsplit(url)
        try:
            with redis.Redis.from_url(url, socket_connect_timeout=5, socket_timeout=5) as client:
                client.ping()
        except (redis.RedisError, ValueError, OSError) as error:
            place = where.hostname or where.path
            raise ServiceError(f"The Redis of REDIS_URL at {place} cannot be used: {error}.") from error

    def _settings(self) -> None:
        self.environment |= {
            "HOLDFAST_HOME": str(self.home),
            "HOLDFAST_DEMO": "true" if self.demo else "false",
            "DJANGO_SETTINGS_MODULE": "config.settings",
            "PYTHONUNBUFFERED": "1",
        }
        self.environment.setdefault("PUBLIC_URL", self.url)
        if self._own("SECRET_KEY") is None:
            key = private_folder(self.home / "secrets") / "secret-key"
            kept_secret(key, length=48)
            self.environment["SECRET_KEY_FILE"] = str(key)

    def _development_chain(self) -> None:
        given = [name for chain in EVM_CHAINS if self._own(name := f"HOLDFAST_{chain}_URL")]
        if given:
            say(f"{given[0]} is set, so no local development chain is started.")
            return
        try:
            if devchain.find_anvil() is None:
                if shutil.which("npm"):
                    say("Installing the local development chain from npm (once) …")
                devchain.install()
            if devchain.find_anvil() is None:
                raise devchain.ChainError("npm has no anvil for this kind of machine.")
            chain = devchain.DevChain(self.home)
            chain.start()
            self.chain = chain
            token = chain.prepare_demo()
        except devchain.ChainError as error:
            if self.chain is not None:
                self.chain.stop()
                self.chain = None
            reason = str(error).rstrip(".")
            say(f"Going on without a local development chain, so demo balances stay unread: {reason}.")
            return
        self.environment |= {"HOLDFAST_LOCALDEV_URL": chain.url, "HOLDFAST_LOCALDEV_TOKEN": token}
        self._adopt(chain, "devchain")
        say(f"Started the local development chain (fictional coins) at {chain.url}.")

    def _environment_file(self) -> str:
        names = ("HOLDFAST_HOME", "HOLDFAST_DEMO", "DJANGO_SETTINGS_MODULE", "PUBLIC_URL", "DATABASE_URL", "REDIS_URL",
                 "SECRET_KEY_FILE", "HOLDFAST_LOCALDEV_URL", "HOLDFAST_LOCALDEV_TOKEN")  # fmt: skip
        lines = [
            f"export {name}={shlex.quote(self.environment[name])}"
            for name in names
            if name in self.environment
        ]
        return (
            "# For manage.py while bin/up runs: `. this-file && .venv/bin/python manage.py …`\n"
            + "\n".join(lines)
            + "\n"
        )

    def _set_up_database(self) -> None:
        log = fresh_log(self.home, "setup")
        with log.open("ab") as output:
            result = subprocess.run(
                [sys.executable, "-I", str(PROJECT / "bin" / "lib" / "set_up.py")],
                stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT,
                env=self.environment, cwd=PROJECT, start_new_session=True,
            )  # fmt: skip
        if result.returncode != 0:
            raise ServiceError(f"The database could not be set up: {tail(log)[:400]}; the log is {log}.")
        if tail(log) == "people=0":
            say(
                "Nobody can log in yet. Add the first administrator from a second terminal, in "
                f"{PROJECT}:\n  ( . {shlex.quote(str(self.home / 'environment'))} && "
                ".venv/bin/python manage.py create_administrator EMAIL NAME )"
            )

    def _programs(self) -> None:
        celery = [sys.executable, "-m", "celery", "-A", "config.celery:app"]
        self.children.start(
            "The web server", "web",
            [sys.executable, "-m", "gunicorn", "config.wsgi:application", "--bind", f"127.0.0.1:{self.port}",
             "--workers", "2", "--threads", "4", "--no-control-socket",
             "--graceful-timeout", "10", "--timeout", "120"],
        )  # fmt: skip
        self.children.start(
            "The Celery worker", "worker",
            [*celery, "worker", "--concurrency", "2", "--without-gossip", "--without-mingle", "--loglevel", "INFO"],
        )  # fmt: skip
        # Chains are waited for, not computed: threads, and so many that no slow chain keeps another waiting.
        self.children.start(
            "The Celery worker for chains", "chains",
            [*celery, "worker", "--hostname", "chains@%h", "--pool", "threads", "--concurrency", str(CHAIN_THREADS),
             "--queues", ",".join(CHAIN_QUEUES), "--without-gossip", "--without-mingle", "--loglevel", "INFO"],
        )  # fmt: skip
        # The plain scheduler keeps no file: every entry runs every few seconds, so nothing is worth remembering.
        self.children.start(
            "Celery beat", "beat",
            [*celery, "beat", "--scheduler", "celery.beat:Scheduler", "--pidfile", "", "--loglevel", "INFO"],
        )  # fmt: skip

    def _wait_for_health(self) -> None:
        until = time.monotonic() + _HEALTHY_WITHIN
        answer = "no answer"
        while time.monotonic() < until:
            self.children.need_all()
            answer = self._health()
            if answer == "ok":
                return
            time.sleep(0.1)
        raise ServiceError(
            f"Holdfast did not become healthy in {_HEALTHY_WITHIN} seconds ({answer}); the logs are in {self.home / 'logs'}."
        )

    def _health(self) -> str:
        try:
            with _DIRECT.open(f"{self.url}/healthz", timeout=5) as response:
                parts = json.load(response)
        except urllib.error.HTTPError as error:
            try:
                parts = json.load(error)
            except ValueError:
                return f"/healthz answers {error.code}"
        except (OSError, ValueError):
            return "no answer"
        if parts.get("status") == "ok":
            return "ok"
        return ", ".join(
            f"{name}: {state}" for name, state in parts.items() if state != "ok" and name != "version"
        )

    # ── run ───────────────────────────────────────────────────────────────────────────────────────────────
    def _follow(self) -> int:
        self._announce()
        follower = Follower(
            [child for child in self.children.all if child.label in ("web", "worker", "chains", "beat")]
        )
        while True:
            follower.print_new()
            self.children.need_all()
            time.sleep(0.25)

    def _announce(self) -> None:
        say(f"\nHoldfast runs at {self.url}")
        logins = self.home / "demo-logins.json"
        if self.demo and logins.exists():
            say("Demo logins (this machine only; fictional people, random passwords of this installation):")
            for login in json.loads(logins.read_text(encoding="utf-8"))["logins"]:
                say(f"  {login['role']:<14} {login['email']:<36} {login['password']}")
        say(f"Logs are in {self.home / 'logs'}. Ctrl-C stops everything.\n")

    def _prove(self) -> int:
        say(f"Healthy at {self.url}: database, Redis, worker.")
        result = subprocess.run(
            [sys.executable, "-I", str(PROJECT / "bin" / "lib" / "prove_balance.py")],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            env=self.environment, cwd=PROJECT, start_new_session=True,
        )  # fmt: skip
        self.children.need_all()
        lines = [line for line in result.stdout.splitlines() if line.strip()]
        if result.returncode == 0:
            say("\n".join([*lines, "Check passed."]))
            return 0
        if result.returncode == NO_CHAIN_ANSWERS:
            say("\n".join(lines))
            return NO_CHAIN_ANSWERS
        log = fresh_log(self.home, "check")
        with log.open("a", encoding="utf-8") as file:
            file.write(result.stdout)
        raise ServiceError(
            f"No balance could be refreshed: {lines[-1] if lines else 'no reason given'}; see {log}."
        )

    # ── end ───────────────────────────────────────────────────────────────────────────────────────────────
    def _stop(self) -> str:
        """Stop programs, then servers. '' or one sentence about what would not stop."""
        problems = []
        for part in (self.children, self.chain, self.valkey, self.postgres):
            if part is None:
                continue
            try:
                part.stop()
            except (ServiceError, OSError, subprocess.TimeoutExpired) as error:
                problems.append(str(error))
        return " ".join(problems)
