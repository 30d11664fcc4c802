"""What bounds the record where somebody outside decides how often it is written to."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from cases.people.models import ApiToken


class Told(models.TextChoices):
    """What is told so many times in a period, and counted beyond that."""

    DENIED = "denied", _("Requests refused")
    LOG_IN = "log_in", _("Log-ins that failed")
    RESET = "reset", _("Password resets asked for")
    TOKEN = "token", _("Tokens that were refused")
    CALENDAR = "calendar", _("Calendars read")
    PLACE = "place", _("New addresses of tokens")


class RefusalCount(models.Model):
    """How often something came from one person or address in one period: how many were told, how many left out.

    It stands in PostgreSQL, so that emptying the cache neither forgets what was left out nor lets more through. The
    row goes when the event was written that says how many they were.
    """

    kind = models.CharField(max_length=10, choices=Told.choices)
    # A person's public identifier, a token's, an address, or `*` for all together.
    whose = models.CharField(max_length=80)
    began_at = models.DateTimeField()
    told = models.PositiveIntegerField(default=0)
    left_out = models.PositiveBigIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["kind", "whose", "began_at"], name="refusalcount_once"),
            models.CheckConstraint(condition=models.Q(kind__in=Told.values), name="refusalcount_kind_known"),
        ]
        indexes = [models.Index(fields=["began_at"], name="refusalcount_by_age")]

    def __str__(self) -> str:
        return f"{self.kind} {self.whose}"


class TokenPlace(models.Model):
    """An address from which a token was used. The first time is an event."""

    token = models.ForeignKey(ApiToken, on_delete=models.PROTECT, related_name="places")
    address = models.CharField(max_length=64)
    first_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["token", "address"], name="tokenplace_once")]

    def __str__(self) -> str:
        return self.address
