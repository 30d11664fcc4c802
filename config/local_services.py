"""The embedded PostgreSQL and Valkey, for machines where no DATABASE_URL and REDIS_URL is given.

Both listen on Unix sockets only, in a folder that only its owner may enter, and both keep what they
acknowledged: PostgreSQL by fsync, Valkey by its append-only file. The programs come from
requirements-local.txt, which a production install leaves out. No Django is needed here.

    with LocalServices(Path("data")) as services:
        os.environ |= services.environment()
"""

from pathlib import Path
from types import TracebackType
from typing import Self

from config.local_postgres import Postgres
from config.local_valkey import Valkey
from config.processes import HomeLock, ServiceError

__all__ = ["HomeLock", "LocalServices", "Postgres", "ServiceError", "Valkey"]


class LocalServices:
    """Both servers of one home, started and stopped together. Stops them at the end of a `with` block.

    The servers are children of this process: they end with it, even when it is killed.
    """

    def __init__(self, home: Path, *, durable: bool = True, createdb: bool = False) -> None:
        self.postgres = Postgres(home, durable=durable, createdb=createdb)
        self.valkey = Valkey(home, durable=durable)

    def start(self) -> None:
        """Start both, or none: what came up is stopped again when the other fails. Raises ServiceError."""
        try:
            self.postgres.start()
            self.valkey.start()
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Stop both, the database last."""
        try:
            self.valkey.stop()
        finally:
            self.postgres.stop()

    def healthy(self) -> bool:
        """Whether both answer."""
        return self.postgres.healthy() and self.valkey.healthy()

    def environment(self) -> dict[str, str]:
        """What the settings read: DATABASE_URL and REDIS_URL."""
        return {"DATABASE_URL": self.postgres.url, "REDIS_URL": self.valkey.url}

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
