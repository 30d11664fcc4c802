"""Reminders: a ledger of what went out, once each; what each person was told; and a person's calendar address."""

import hashlib
import hmac
import secrets
import uuid
from typing import Final

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from cases.models.base import append_only, known, never_deleted, stands
from cases.models.cases import Case
from cases.models.orders import LegalOrder
from cases.models.sealing import KnownQuerySet
from cases.people.models import User
from cases.reminding import Step


class ReminderKind(models.TextChoices):
    """What is reminded of; `number` is that of the thing in its case."""

    OBLIGATION = "obligation", _("A duty is due")
    TERM = "term", _("A term ends")
    ORDER_DUE = "order_due", _("An order's return date")
    ORDER_ENDS = "order_ends", _("An order ends")
    HOLD = "hold", _("A hold waits for its formal order")
    FREEZE_ENDS = "freeze_ends", _("The basis of a freeze ends")
    TASK = "task", _("A task is due")
    BREACH = "breach", _("A frozen target holds too little")
    NOT_HELD = "not_held", _("A hold does not stand in the exchange's own system")
    EXHIBIT_FILE = "exhibit_file", _("The file of an exhibit is damaged or lost")
    PAPER_FILE = "paper_file", _("The file of a paper is damaged or lost")


STEP_WORDS: Final = {
    Step.WEEK: _("in 7 days"),
    Step.TWO_DAYS: _("in 48 hours"),
    Step.DAY: _("in 24 hours"),
    Step.HALF: _("half of the time is left"),
    Step.QUARTER: _("a quarter of the time is left"),
    Step.HOUR: _("in an hour"),
    Step.DUE: _("due now"),
    Step.OVERDUE: _("overdue"),
}


class Reminder(models.Model):
    """One step of one clock, sent. A changed moment is another clock, with a ladder of its own. Written once."""

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="reminders")
    # The order that the thing stems from, if it stems from one: whoever may not know it is told nothing.
    order = models.ForeignKey(LegalOrder, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=12, choices=ReminderKind.choices)
    number = models.PositiveIntegerField()
    due_at = models.DateTimeField()
    step = models.CharField(max_length=8, choices=[(str(step), STEP_WORDS[step]) for step in Step])
    # When it should have gone out, and when it did.
    wanted_at = models.DateTimeField()
    sent_at = models.DateTimeField()
    late = models.BooleanField(default=False)

    ORDER_PATH = "order"
    objects = KnownQuerySet["Reminder"].as_manager()

    class Meta:
        verbose_name = _("reminder")
        constraints = [
            models.UniqueConstraint(
                fields=["case", "kind", "number", "due_at", "step"], name="reminder_once"
            ),
            known("kind", ReminderKind.values, "reminder_kind_known"),
            known("step", [str(step) for step in Step], "reminder_step_known"),
        ]
        triggers = append_only("reminder")

    def __str__(self) -> str:
        return f"{self.kind} {self.number} {self.step}"


class Notice(models.Model):
    """That one person was told: on her page at once, and by mail."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="notices")
    reminder = models.ForeignKey(Reminder, on_delete=models.PROTECT, related_name="notices")
    told_at = models.DateTimeField()
    read_at = models.DateTimeField(null=True, blank=True)
    mailed_at = models.DateTimeField(null=True, blank=True)
    # The next try of the mail; empty once it went out, or where it may not go any more.
    mail_at = models.DateTimeField(null=True, blank=True)
    mail_tries = models.PositiveSmallIntegerField(default=0)
    mail_error = models.CharField(max_length=200, blank=True)

    class Meta:
        verbose_name = _("notice")
        constraints = [models.UniqueConstraint(fields=["reminder", "user"], name="notice_once_each")]
        indexes = [
            models.Index(fields=["user", "-told_at", "-id"], name="notice_of_person"),
            models.Index(fields=["user"], condition=Q(read_at__isnull=True), name="notice_unread"),
            models.Index(fields=["mail_at", "id"], condition=Q(mail_at__isnull=False), name="notice_to_mail"),
        ]
        triggers = [
            *never_deleted("notice"),
            stands(
                "notice_stands",
                "public_id",
                "user_id",
                "reminder_id",
                "told_at",
                why="what somebody was told is not changed",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} {self.reminder_id}"


def feed_digest(secret: str) -> str:
    """What is kept of a calendar address: nothing that opens it without this installation's key."""
    return hmac.new(settings.SECRET_KEY.encode(), b"calendar:" + secret.encode(), hashlib.sha256).hexdigest()


def new_feed_secret() -> str:
    """43 characters of URL-safe base64: 256 bits."""
    return secrets.token_urlsafe(32)


class CalendarFeed(models.Model):
    """A person's secret calendar address. Only its digest is kept; a new one ends the old."""

    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="calendar_feeds")
    digest = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("calendar address")
        constraints = [
            models.UniqueConstraint(
                fields=["user"], condition=Q(ended_at__isnull=True), name="calendarfeed_one_live"
            )
        ]
        triggers = never_deleted("calendarfeed")

    def __str__(self) -> str:
        return f"{self.user_id}"
