"""How the installation is: its services, its sources, the work that waits. Says nothing secret."""

import platform
import shutil
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

import django
import redis
from django.conf import settings
from django.core.cache import cache
from django.db import connection
from django.db.models import Min
from django.utils.functional import Promise

from cases.models import Export, OutboxMessage
from cases.status import ExportStatus
from wallets.chains import CHAINS, is_public_provider

HEARTBEAT_KEY = "worker-heartbeat"
HEARTBEAT_SECONDS = 60

WorkerState = Literal["ok", "silent", "unknown"]


@dataclass(frozen=True, slots=True)
class Source:
    """Where a chain is read. `state`: set, refused (a public provider without the yes for it) or none."""

    slug: str
    name: str | Promise
    host: str
    public: bool
    state: Literal["set", "refused", "none"]
    is_development: bool
    finality: str | Promise


def sources() -> list[Source]:
    """Every chain with the host (and port) of its provider; never the rest of the URL, which may hold a key."""
    found = []
    for slug, info in CHAINS.items():
        url = settings.WALLET_CHAIN_URLS.get(slug, "")
        if info.is_development and not (settings.DEMO and url):
            continue
        parts = urlsplit(url)
        host = parts.hostname or ""
        if host and parts.port:
            host = f"{host}:{parts.port}"
        public = bool(url) and is_public_provider(url)
        state: Literal["set", "refused", "none"] = "none"
        if url:
            state = "refused" if public and not settings.ALLOW_PUBLIC_PROVIDERS else "set"
        found.append(
            Source(
                slug=slug,
                name=info.name,
                host=host,
                public=public,
                state=state,
                is_development=info.is_development,
                finality=info.finality,
            )
        )
    return found


@dataclass(frozen=True, slots=True)
class Health:
    """The parts as they are at this moment. `free_bytes` of the file store is None where it cannot be asked."""

    database: str
    broker: bool
    worker: WorkerState
    worker_seen: datetime | None
    unsent: int
    unsent_since: datetime | None
    exports_waiting: int
    free_bytes: int | None


def health(*, at: datetime) -> Health:
    """Three queries and one look into Redis. A part that is away is said to be; the page itself never fails for it."""
    with connection.cursor() as cursor:
        cursor.execute("SHOW server_version")
        row = cursor.fetchone()
    broker, worker, seen = _worker(at)
    unsent = OutboxMessage.objects.filter(sent_at__isnull=True)
    return Health(
        database=str(row[0]) if row else "",
        broker=broker,
        worker=worker,
        worker_seen=seen,
        unsent=unsent.count(),
        unsent_since=unsent.aggregate(oldest=Min("written_at"))["oldest"],
        exports_waiting=Export.objects.filter(status__in=[ExportStatus.QUEUED, ExportStatus.RUNNING]).count(),
        free_bytes=_free(Path(settings.FILES_ROOT)),
    )


def _worker(at: datetime) -> tuple[bool, WorkerState, datetime | None]:
    try:
        beat = cache.get(HEARTBEAT_KEY)
    except redis.RedisError:
        return False, "unknown", None
    if beat is None:
        return True, "silent", None
    seen = datetime.fromtimestamp(int(beat), UTC)
    return True, "ok" if (at - seen).total_seconds() <= HEARTBEAT_SECONDS else "silent", seen


def _free(folder: Path) -> int | None:
    """The folder may not be made yet: its nearest parent that is there lies on the same disk."""
    for place in (folder, *folder.parents):
        if place.exists():
            try:
                return shutil.disk_usage(place).free
            except OSError:
                return None
    return None


def versions() -> list[tuple[str, str]]:
    """What runs here, by name."""
    return [
        ("Holdfast", settings.VERSION),
        ("Python", platform.python_version()),
        ("Django", django.get_version()),
    ]
