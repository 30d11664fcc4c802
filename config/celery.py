"""The Celery application. The broker is only a hint: what must happen is a row in PostgreSQL with a due time."""

import os
import sys

from celery import Celery
from celery.signals import setup_logging, task_postrun, task_prerun, worker_ready

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

app = Celery("holdfast")
app.config_from_object("django.conf:settings", namespace="CELERY")
# Celery closes the database's connection around every task. Django's own rule (CONN_MAX_AGE, CONN_HEALTH_CHECKS) is
# kept instead, below: a new connection costs more than most of our tasks, and its first queries are planned anew.
app.conf.CELERY_DB_REUSE_MAX = sys.maxsize
app.autodiscover_tasks()


@setup_logging.connect
def _use_django_logging(**_kwargs: object) -> None:
    """One logging configuration for web and worker: Celery would otherwise install its own."""
    from logging.config import dictConfig

    from django.conf import settings

    dictConfig(settings.LOGGING)


@task_prerun.connect
@task_postrun.connect
def _keep_good_connections(**_kwargs: object) -> None:
    from django.db import close_old_connections

    close_old_connections()


@worker_ready.connect
def _first_sweep(**_kwargs: object) -> None:
    """A worker that just came up looks at once for work that an earlier one left behind."""
    app.send_task("cases.heartbeat")
    app.send_task("wallets.make_months")
    app.send_task("wallets.sweep")
    app.send_task("cases.tell_news")
    app.send_task("cases.relay_outbox")
    app.send_task("cases.sweep_exports")
