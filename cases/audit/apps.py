"""The record of everything that was done."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AuditConfig(AppConfig):
    name = "cases.audit"
    label = "audit"
    verbose_name = _("Record")
