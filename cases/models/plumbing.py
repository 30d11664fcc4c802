"""Rows that carry work and requests: the outbox, idempotent requests, stored searches."""

import secrets
from datetime import datetime
from typing import Self

from django.db import models
from django.db.models import Q

from cases.audit.record import system_stream
from cases.people.models import User
from cases.sealing.envelope import seal, unseal


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
    # Sealed under the installation's key: one looks for people by the numbers of their papers.
    sealed_text = models.BinaryField()
    searched_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["searched_at"], name="search_by_age")]

    def __str__(self) -> str:
        return self.token

    @classmethod
    def keep(cls, *, user: User, text: str, at: datetime) -> Self:
        """A new row with its text sealed, for this row alone."""
        row = cls(user=user, searched_at=at)
        row.sealed_text = seal(system_stream().uuid, text.encode(), bound=row._bound)
        row.save(force_insert=True)
        return row

    @property
    def text(self) -> str:
        """What was typed. Raises CannotUnseal where somebody put other bytes there."""
        return unseal(system_stream().uuid, bytes(self.sealed_text), bound=self._bound).decode()

    @property
    def _bound(self) -> bytes:
        return b"cases_savedsearch|sealed_text|" + self.token.encode()
