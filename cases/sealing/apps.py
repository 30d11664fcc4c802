"""Encryption at rest of what is most sensitive."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class SealingConfig(AppConfig):
    name = "cases.sealing"
    label = "sealing"
    verbose_name = _("Sealing")
