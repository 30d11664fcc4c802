"""The installation as an app: it brings the checks that Django runs before anything starts."""

from django.apps import AppConfig


class Installation(AppConfig):
    name = "config"
    verbose_name = "Installation"

    def ready(self) -> None:
        from config import checks  # noqa: F401  (registers them)
