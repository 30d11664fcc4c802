"""Servers of their own for tests and benchmarks, in a folder that is gone afterwards."""

import contextlib
import os
import secrets
import shutil
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path
from types import FrameType

from prepare import PROJECT

from config.local_services import LocalServices

# What a person has set for a real installation must not reach a test: least of all its database.
_PRIVATE = (
    "HOLDFAST_",
    "DATABASE_URL",
    "REDIS_URL",
    "SECRET_KEY",
    "DJANGO_",
    "EMAIL_URL",
    "PUBLIC_URL",
    "DEBUG",
)
_KEPT = ("HOLDFAST_VECTORS", "HOLDFAST_PYTHON")


def _stop(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


@contextlib.contextmanager
def throwaway_services(*, durable: bool) -> Iterator[dict[str, str]]:
    """Start PostgreSQL and Valkey; the environment to run Django in. Ends them and removes their folder.

    HOLDFAST_TEST_SUPERUSER_URL is the cluster's superuser, for tests that go past triggers and rights.
    """
    signal.signal(signal.SIGTERM, _stop)
    signal.signal(signal.SIGHUP, _stop)
    home = Path(tempfile.mkdtemp(prefix="holdfast-"))
    services = LocalServices(home, durable=durable, createdb=True)
    try:
        services.start()
        environment = {
            name: value
            for name, value in os.environ.items()
            if name in _KEPT or not name.startswith(_PRIVATE)
        }
        environment |= services.environment()
        environment |= {
            "HOLDFAST_HOME": str(home),
            "HOLDFAST_TEST_SUPERUSER_URL": services.postgres.admin_url,
            "SECRET_KEY": secrets.token_urlsafe(48),
            "DJANGO_SETTINGS_MODULE": "config.settings",
            "PYTHONPATH": str(PROJECT),
            "PYTHONUNBUFFERED": "1",
        }
        yield environment
    finally:
        services.stop()
        shutil.rmtree(home, ignore_errors=True)
