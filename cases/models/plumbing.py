"""Rows that carry work and requests: the outbox, idempotent requests, stored searches."""

import secrets

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from cases.people.models import User


class OutboxMessage(models.Model):
    """A task to hand to the broker, written with the change that asks for it; the relay sends it after commit."""

    task = models.CharField(max_length=80)
    arguments = models.JSONField(default=dict)
    written_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [models.Index(fields=["id"], condition=Q(sent_at__isnull=True), name="outbox_unsent")]

    def __str__(self) -> str:
        return f"{self.task} {self.pk}"


class IdempotentRequest(models.Model):
    """The answer to an API request, kept under the client's key, in the transaction of what the request did."""

    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    key = models.CharField(max_length=128)
    request_digest = models.CharField(max_length=64)
    status_code = models.PositiveSmallIntegerField(null=True)
    body = models.BinaryField(default=b"")
    headers = models.JSONField(default=dict)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "key"], name="idempotent_key_once")]
        indexes = [models.Index(fields=["created_at"], name="idempotent_by_age")]

    def __str__(self) -> str:
        return self.key


def new_search_token() -> str:
    return secrets.token_urlsafe(12)


class SavedSearch(models.Model):
    """What a person searched for, so that no identifier or name ever stands in a URL or a log."""

    token = models.CharField(max_length=24, unique=True, default=new_search_token, editable=False)
    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    text = models.CharField(_("search"), max_length=512)
    searched_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["searched_at"], name="search_by_age")]

    def __str__(self) -> str:
        return self.token
