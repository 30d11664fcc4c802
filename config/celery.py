"""The Celery application. The broker is only a hint: what must happen is a row in PostgreSQL with a due time."""

import os

from celery import Celery
from celery.signals import setup_logging, worker_ready

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

app = Celery("holdfast")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@setup_logging.connect
def _use_django_logging(**_kwargs: object) -> None:
    """One logging configuration for web and worker: Celery would otherwise install its own."""
    from logging.config import dictConfig

    from django.conf import settings

    dictConfig(settings.LOGGING)


@worker_ready.connect
def _first_sweep(**_kwargs: object) -> None:
    """A worker that just came up looks at once for work that an earlier one left behind."""
    app.send_task("cases.heartbeat")
    app.send_task("wallets.sweep")
    app.send_task("cases.relay_outbox")
    app.send_task("cases.sweep_exports")
