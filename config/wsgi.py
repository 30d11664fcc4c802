"""The WSGI entry point for gunicorn."""

import gc
import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

application = get_wsgi_application()


def collect_rarely() -> None:
    """Look for garbage less often, and never among what was loaded at the start.

    A page makes some hundred thousand objects that counting alone frees again; looking through all that is alive every
    700 of them cost a fifth of the first page's time (`bin/bench clocks`).
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)


collect_rarely()
