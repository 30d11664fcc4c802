"""The health probe and the metrics, for the machine's own use."""

from datetime import UTC, datetime

import redis
from django.conf import settings
from django.core.cache import cache
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

HEARTBEAT_KEY = "worker-heartbeat"
HEARTBEAT_SECONDS = 60


def _database() -> str:
    try:
        executor = MigrationExecutor(connection)
        if executor.migration_plan(executor.loader.graph.leaf_nodes()):
            return "migrations pending"
    except DatabaseError:
        return "unavailable"
    return "ok"


def _worker() -> tuple[str, str]:
    """The states of the Redis server and of the worker, whose last beat stands in it."""
    try:
        beat = cache.get(HEARTBEAT_KEY)
    except redis.RedisError:
        return "unavailable", "unknown"
    if beat is None:
        return "ok", "no heartbeat"
    age = datetime.now(UTC).timestamp() - int(beat)
    return "ok", "ok" if age <= HEARTBEAT_SECONDS else "no heartbeat"


@require_safe
def healthz(request: HttpRequest) -> JsonResponse:
    """200 with every part `ok`, else 503 and which part is not. Tells no more than that."""
    broker, worker = _worker()
    parts = {"database": _database(), "redis": broker, "worker": worker}
    healthy = all(state == "ok" for state in parts.values())
    return JsonResponse(
        {"status": "ok" if healthy else "unhealthy", "version": settings.VERSION, **parts},
        status=200 if healthy else 503,
    )


@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """Prometheus metrics, for loopback only: behind a proxy, fetch them past it."""
    if (
        request.META.get("REMOTE_ADDR") not in {"127.0.0.1", "::1", ""}
        or "HTTP_X_FORWARDED_FOR" in request.META
    ):
        return HttpResponse(status=404)
    return HttpResponse(generate_latest(), content_type=CONTENT_TYPE_LATEST)
