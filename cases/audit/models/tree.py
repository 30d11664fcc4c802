"""The tree over all events, its checkpoints, and where they went."""

import pgtrigger
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from cases.audit.models.events import REFUSE, Event, Stream
from wallets.models.triggers import FirmTrigger


def _written_once() -> list[FirmTrigger]:
    return [
        FirmTrigger(
            name="append_only",
            operation=pgtrigger.Update | pgtrigger.Delete,
            when=pgtrigger.Before,
            func=REFUSE + " RETURN NULL;",
        ),
        FirmTrigger(
            name="never_truncated",
            operation=pgtrigger.Truncate,
            when=pgtrigger.Before,
            level=pgtrigger.Statement,
            func=REFUSE + " RETURN NULL;",
        ),
    ]


class PendingEvent(models.Model):
    """An event that is not in the tree yet: written by the event's own trigger, taken away by the sequencer."""

    # No foreign key of the database's: its check would need the right to lock, which nobody has on the record.
    event = models.OneToOneField(
        Event, primary_key=True, on_delete=models.PROTECT, related_name="+", db_constraint=False
    )

    def __str__(self) -> str:
        return str(self.event_id)


class Leaf(models.Model):
    """The place of an event in the tree, counted from 0 without a gap, with the event's hash as it was then."""

    index = models.BigIntegerField(primary_key=True)
    event = models.OneToOneField(Event, on_delete=models.PROTECT, related_name="leaf", db_constraint=False)
    hash = models.BinaryField()

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(index__gte=0), name="leaf_counted_from_0")]
        triggers = [
            *_written_once(),
            FirmTrigger(
                name="behind_the_last",
                operation=pgtrigger.Insert,
                when=pgtrigger.Before,
                func="IF NEW.index > 0 AND NOT EXISTS (SELECT FROM audit_leaf WHERE index = NEW.index - 1) THEN "
                "RAISE EXCEPTION 'audit: a leaf is laid behind the last' USING ERRCODE = 'check_violation'; END IF; "
                "IF NOT EXISTS (SELECT FROM audit_event e WHERE e.id = NEW.event_id AND e.hash = NEW.hash) THEN "
                "RAISE EXCEPTION 'audit: a leaf holds its event''s hash' USING ERRCODE = 'check_violation'; END IF; "
                "RETURN NEW;",
            ),
        ]

    def __str__(self) -> str:
        return str(self.index)


class LaidStream(models.Model):
    """How far a stream is in the tree: the number and hash of its last event there. Follows from the leaves."""

    stream = models.OneToOneField(
        Stream, primary_key=True, on_delete=models.PROTECT, related_name="+", db_constraint=False
    )
    length = models.BigIntegerField()
    head = models.BinaryField()

    def __str__(self) -> str:
        return f"{self.stream_id} {self.length}"


class Node(models.Model):
    """The hash over `2**level` leaves from `index * 2**level` on, from level 1 upwards; a leaf's own is computed."""

    level = models.PositiveSmallIntegerField()
    index = models.BigIntegerField()
    hash = models.BinaryField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["level", "index"], name="node_once"),
            models.CheckConstraint(condition=Q(level__gte=1, index__gte=0), name="node_above_the_leaves"),
        ]
        triggers = _written_once()

    def __str__(self) -> str:
        return f"{self.level}/{self.index}"


class SigningKey(models.Model):
    """The public half of a key that signs checkpoints; the private one lies in a file outside the database."""

    number = models.PositiveIntegerField(unique=True)
    name = models.CharField(max_length=200)
    public = models.BinaryField()
    made_at = models.DateTimeField()

    class Meta:
        triggers = _written_once()

    def __str__(self) -> str:
        return f"{self.name} {self.number}"


class Checkpoint(models.Model):
    """The size and root of the tree at a moment, as a signed note. Written once."""

    size = models.BigIntegerField()
    root = models.BinaryField()
    made_at = models.DateTimeField()
    note = models.TextField()

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(size__gt=0), name="checkpoint_of_something")]
        indexes = [models.Index(fields=["-size", "-id"], name="checkpoint_newest")]
        triggers = [
            *_written_once(),
            FirmTrigger(
                name="never_shrinks",
                operation=pgtrigger.Insert,
                when=pgtrigger.Before,
                func="IF EXISTS (SELECT FROM audit_checkpoint WHERE size > NEW.size) THEN "
                "RAISE EXCEPTION 'audit: the tree never shrinks' USING ERRCODE = 'check_violation'; END IF; "
                "RETURN NEW;",
            ),
        ]

    def __str__(self) -> str:
        return str(self.size)


class Target(models.TextChoices):
    """By which way checkpoints leave."""

    FILE = "file", _("Folder")
    MAIL = "mail", _("Mail")
    WITNESS = "witness", _("Witness")
    TIMESTAMP = "timestamp", _("Time stamp")


class Publication(models.Model):
    """One checkpoint on its way to one target; tried again until it is there or a newer one is."""

    checkpoint = models.ForeignKey(Checkpoint, on_delete=models.PROTECT, related_name="publications")
    target = models.CharField(max_length=10, choices=Target.choices)
    attempts = models.PositiveIntegerField(default=0)
    # Null: done, or left out because a newer checkpoint went.
    next_at = models.DateTimeField(null=True)
    done_at = models.DateTimeField(null=True)
    last_error = models.CharField(max_length=300, blank=True)
    # What came back: a witness's signature lines, or the DER of an RFC 3161 time stamp.
    answer = models.BinaryField(default=b"")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["checkpoint", "target"], name="publication_once"),
            models.CheckConstraint(condition=Q(target__in=Target.values), name="publication_target_known"),
            models.CheckConstraint(
                condition=Q(done_at__isnull=True) | Q(next_at__isnull=True), name="publication_done_is_done"
            ),
        ]
        indexes = [
            models.Index(fields=["next_at"], condition=Q(next_at__isnull=False), name="publication_due"),
            models.Index(fields=["target", "-done_at"], name="publication_last"),
        ]

    def __str__(self) -> str:
        return f"{self.checkpoint} → {self.target}"
