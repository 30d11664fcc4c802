"""How the installation is: its services, its sources, the work that waits. Says nothing secret."""

import platform
import shutil
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal

import django
import redis
from django.conf import settings
from django.core.cache import cache
from django.db import connection
from django.db.models import Max, Min, Sum
from django.utils.functional import Promise

from cases.models import Export, OutboxMessage
from cases.status import ExportStatus
from wallets.chains import CHAINS, is_public_provider
from wallets.chains.base import error_text
from wallets.chains.providers import fits, given_urls, provider_of
from wallets.models import SourceFault
from wallets.snapshots import stray_readings, untold_looks

HEARTBEAT_KEY = "worker-heartbeat"
HEARTBEAT_SECONDS = 60

WorkerState = Literal["ok", "silent", "unknown"]


@dataclass(frozen=True, slots=True)
class Source:
    """Where a chain is read: one of its sources, `place` counting from 1 in order of preference.

    `state`: set, refused (a public provider without the yes for it), none (no source is given), or hidden (nobody
    can see balances there). `host` is "?" where the URL cannot be a source of this chain.
    """

    slug: str
    name: str | Promise
    host: str
    public: bool
    state: Literal["set", "refused", "none", "hidden"]
    is_development: bool
    finality: str | Promise
    place: int = 0


def sources() -> list[Source]:
    """Every chain, with a row for each of its providers: host and port, never the rest of the URL, which may hold
    a key.
    """
    found = []
    for slug, info in CHAINS.items():
        urls = given_urls(slug)
        if info.is_development and not urls:
            continue
        for place, url in enumerate(urls or [""], start=1):
            public = is_public_provider(url)
            state: Literal["set", "refused", "none", "hidden"] = "set" if url else "none"
            if public and not settings.ALLOW_PUBLIC_PROVIDERS:
                state = "refused"
            if not info.observable:
                state = "hidden"
            found.append(
                Source(
                    slug=slug,
                    name=info.name,
                    host=(provider_of(url) if fits(slug, url) else "?") if url else "",
                    public=public,
                    state=state,
                    is_development=info.is_development,
                    finality=info.finality,
                    place=place if url else 0,
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
    # Whether readings lie outside the months of the history: nobody made their month in time.
    stray_readings: bool
    # Looks that the record does not tell of yet: from before their digests were kept.
    untold_looks: int


@dataclass(frozen=True, slots=True)
class FaultRow:
    """What a source did wrong within the last days: how often, and when last."""

    chain: str
    provider: str
    error: str | Promise
    count: int
    last_at: datetime
    detail: str


FAULT_DAYS = 7


def faults(*, at: datetime, limit: int = 50) -> list[FaultRow]:
    """The faults of sources in the last week, the latest first. One query."""
    rows = (
        SourceFault.objects.filter(day__gt=(at - timedelta(days=FAULT_DAYS)).date())
        .values("chain", "provider", "code")
        .annotate(times=Sum("count"), last=Max("last_at"), detail=Max("last_detail"))
        .order_by("-last")[:limit]
    )
    return [
        FaultRow(
            row["chain"], row["provider"], error_text(row["code"]), row["times"], row["last"], row["detail"]
        )
        for row in rows
    ]


def health(*, at: datetime) -> Health:
    """Five queries and one look into Redis. A part that is away is said to be; the page itself never fails for it."""
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
        stray_readings=stray_readings(),
        untold_looks=untold_looks(),
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
