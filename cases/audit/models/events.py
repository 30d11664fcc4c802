"""The record: streams of events, each chained to the one before by SHA-256.

An event's `body` is the canonical JSON (RFC 8785) that is hashed; the other columns are projections of it that the
database itself takes from the body when the row is inserted, so that the two can never disagree. What an event tells
(names, amounts, reasons, from where somebody acted) stands sealed in `sealed_values`; the body holds a salted
commitment to each value (`cases.audit.values`), so that disposal leaves the chain whole. `rows` names the rows that
the event's transaction changed, each with a salted digest (`cases.audit.rows`).

    hash = SHA-256( "holdfast-event-2" ‖ stream uuid (16) ‖ sequence (8, big endian)
                    ‖ recorded_at µs since 1970 (8, signed) ‖ previous hash (32) ‖ SHA-256(body) (32)
                    ‖ SHA-256(rows) (32) )

The first event's previous hash is 32 zero bytes.
"""

import uuid
from typing import Any

import pgtrigger
from django.conf import settings
from django.db import models
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from cases.audit.values import Values, opened
from wallets.models.triggers import FirmTrigger

CHAIN_FUNCTION = """
        spoken := convert_from(NEW.body, 'UTF8')::jsonb;
        -- The lock on the stream is taken here, in the insert, which an action does last: it is held for
        -- the shortest time that still makes the sequence gapless.
        SELECT uuid, length, head_hash INTO head FROM audit_stream WHERE id = NEW.stream_id FOR NO KEY UPDATE;
        IF NOT FOUND THEN
            RAISE EXCEPTION 'audit: no such stream' USING ERRCODE = 'foreign_key_violation';
        END IF;
        IF spoken->>'stream' IS DISTINCT FROM head.uuid::text THEN
            RAISE EXCEPTION 'audit: the body names another stream' USING ERRCODE = 'check_violation';
        END IF;
        IF decode(spoken->>'nonce', 'hex') IS DISTINCT FROM NEW.nonce OR length(NEW.nonce) <> 16 THEN
            RAISE EXCEPTION 'audit: the body holds another nonce' USING ERRCODE = 'check_violation';
        END IF;
        IF jsonb_typeof(spoken->'values') IS DISTINCT FROM 'object' OR spoken->>'v' IS DISTINCT FROM '2' THEN
            RAISE EXCEPTION 'audit: the body is of another version' USING ERRCODE = 'check_violation';
        END IF;
        -- Drawn under the lock as well: in a stream the numbers of the rows ascend as the sequence does, and of two
        -- events that name one row the later has the higher number, since its transaction waited for the other's row.
        NEW.id := nextval('audit_event_id_seq');
        NEW.sequence := head.length + 1;
        NEW.previous_hash := head.head_hash;
        NEW.recorded_at := clock_timestamp();
        NEW.action := spoken->>'action';
        NEW.occurred_at := (spoken->>'occurred_at')::timestamptz;
        NEW.object_kind := coalesce(spoken->'object'->>'kind', '');
        NEW.object_number := (spoken->'object'->>'number')::bigint;
        NEW.acting_role := coalesce(spoken->'actor'->>'role', '');
        IF (spoken->'actor'->>'id')::uuid IS DISTINCT FROM
           (SELECT public_id FROM people_user WHERE id = NEW.actor_id) THEN
            RAISE EXCEPTION 'audit: the body names another actor' USING ERRCODE = 'check_violation';
        END IF;
        NEW.rows := audit_told(NEW.row_salt, NEW.stream_id);
        NEW.row_salt := ''::bytea;
        NEW.hash := sha256(
            convert_to('holdfast-event-2', 'UTF8')
            || uuid_send(head.uuid)
            || int8send(NEW.sequence)
            || int8send((extract(epoch FROM NEW.recorded_at) * 1000000)::bigint)
            || NEW.previous_hash
            || sha256(NEW.body)
            || sha256(convert_to(NEW.rows, 'UTF8'))
        );
        UPDATE audit_stream SET length = NEW.sequence, head_hash = NEW.hash WHERE id = NEW.stream_id;
        RETURN NEW;
"""

REFUSE = "RAISE EXCEPTION 'the record is append-only' USING ERRCODE = 'insufficient_privilege';"


class Stream(models.Model):
    """One chain: a case's, or the installation's own (`system`)."""

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    kind = models.CharField(max_length=10, choices=[("case", _("Case")), ("system", _("System"))])
    length = models.BigIntegerField(default=0)
    head_hash = models.BinaryField(default=bytes(32))

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["kind"], condition=models.Q(kind="system"), name="stream_one_system"
            ),
        ]
        triggers = [
            # The head may only move with an event: the event's own trigger runs one level deeper.
            FirmTrigger(
                name="head_moves_with_events",
                operation=pgtrigger.Update,
                when=pgtrigger.Before,
                func="IF pg_trigger_depth() < 2 THEN RAISE EXCEPTION 'audit: a stream''s head moves only with "
                "its events' USING ERRCODE = 'insufficient_privilege'; END IF; RETURN NEW;",
            ),
            FirmTrigger(
                name="never_deleted",
                operation=pgtrigger.Delete,
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

    def __str__(self) -> str:
        return f"{self.kind} {self.uuid}"


class Event(models.Model):
    """What somebody did: written once, last in its transaction, never changed."""

    # The unique constraint below is the index that finds a stream's events.
    stream = models.ForeignKey(Stream, on_delete=models.PROTECT, related_name="events", db_index=False)
    sequence = models.BigIntegerField(default=0)
    nonce = models.BinaryField()
    body = models.BinaryField()
    sealed_values = models.BinaryField()
    # Handed to the trigger, which salts the rows' digests with it and keeps none of it; it stands in the sealed values.
    row_salt = models.BinaryField(default=b"")
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    # From here on: set by the database from the body.
    action = models.CharField(max_length=60, default="")
    object_kind = models.CharField(max_length=30, default="")
    object_number = models.BigIntegerField(null=True, blank=True)
    acting_role = models.CharField(max_length=20, default="")
    occurred_at = models.DateTimeField(null=True)
    recorded_at = models.DateTimeField(null=True)
    previous_hash = models.BinaryField(default=b"")
    rows = models.TextField(default="")
    hash = models.BinaryField(default=b"")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["stream", "sequence"], name="event_sequence_once"),
            models.CheckConstraint(condition=models.Q(sequence__gt=0), name="event_sequence_positive"),
        ]
        triggers = [
            FirmTrigger(
                name="chain",
                operation=pgtrigger.Insert,
                when=pgtrigger.Before,
                declare=[("spoken", "jsonb"), ("head", "record")],
                func=CHAIN_FUNCTION,
            ),
            FirmTrigger(
                name="awaits_its_leaf",
                operation=pgtrigger.Insert,
                when=pgtrigger.After,
                func="INSERT INTO audit_pendingevent (event_id) VALUES (NEW.id); RETURN NULL;",
            ),
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

    def __str__(self) -> str:
        return f"{self.sequence} {self.action}"

    @cached_property
    def told(self) -> Values:
        """The values with their salts. Raises CannotUnseal where they were changed."""
        return opened(stream=self.stream.uuid, nonce=bytes(self.nonce), blob=bytes(self.sealed_values))

    @property
    def values(self) -> dict[str, Any]:
        """What the event tells, by name; empty once the case's key was destroyed (`kept` is False then)."""
        return self.told.plain()

    @property
    def kept(self) -> bool:
        """Whether its values can still be read."""
        return self.told.kept
