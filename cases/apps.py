"""The casework app."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class CasesConfig(AppConfig):
    name = "cases"
    label = "cases"
    verbose_name = _("Cases")

    def ready(self) -> None:
        # The web process too hints to the relay after a commit; the tasks module registers how.
        from cases import tasks  # noqa: F401
