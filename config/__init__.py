"""The installation: settings, URLs, the Celery application, the servers it runs on."""

from config.celery import app as celery_app

__all__ = ["celery_app"]
