"""What the exchange's own system is asked to do, what it reported, and the checklist of the path by hand."""

import uuid

import pgtrigger
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from cases.models.base import append_only, follows_moves, known, never_deleted, stands
from cases.models.cases import Case
from cases.models.freezes import FreezeOrder
from cases.models.sealing import KnownQuerySet
from cases.people.models import User
from cases.status import CallStatus
from wallets.models.triggers import FirmTrigger


class CallKind(models.TextChoices):
    FREEZE = "freeze", _("Set the hold")
    RELEASE = "release", _("Take the hold off")
    PARTIAL_RELEASE = "partial_release", _("Release a part")
    TRANSFER = "transfer", _("Send the transfer")
    STATUS = "status", _("Say how it stands")


class ReportKind(models.TextChoices):
    RESULT = "result", _("Result of a call")
    HOLDINGS = "holdings", _("Holdings of an account")


class Verdict(models.TextChoices):
    """What a report did here."""

    APPLIED = "applied", _("Taken over")
    NOTED = "noted", _("Noted: nothing was left to do")
    MISMATCH = "mismatch", _("Not what was asked for")
    REFUSED = "refused", _("Refused")


class ConnectorReport(models.Model):
    """One signed message from the exchange's own system: kept once by its ID, with what it did."""

    message_id = models.UUIDField(unique=True)
    kind = models.CharField(max_length=8, choices=ReportKind.choices)
    body = models.TextField()
    body_digest = models.CharField(max_length=64)
    received_at = models.DateTimeField()
    call = models.ForeignKey(
        "cases.ConnectorCall", null=True, blank=True, on_delete=models.PROTECT, related_name="reports"
    )

    class Meta:
        constraints = [
            known("kind", ReportKind.values, "connectorreport_kind_known"),
            models.CheckConstraint(
                condition=Q(kind="result", call__isnull=False) | Q(kind="holdings", call__isnull=True),
                name="connectorreport_result_of_call",
            ),
        ]
        triggers = append_only("connectorreport")

    def __str__(self) -> str:
        return str(self.message_id)


class ReportVerdict(models.Model):
    """What came of a report, in words; written with it."""

    report = models.OneToOneField(ConnectorReport, on_delete=models.PROTECT, related_name="outcome")
    verdict = models.CharField(max_length=8, choices=Verdict.choices)
    words = models.CharField(max_length=500, blank=True)

    class Meta:
        constraints = [known("verdict", Verdict.values, "reportverdict_known")]
        triggers = append_only("reportverdict")

    def __str__(self) -> str:
        return self.verdict


class ConnectorCall(models.Model):
    """One thing asked of the exchange's own system under one idempotency key, however often it is sent.

    `about` is the number of the change or transfer it carries out (0: the freeze itself). `next_at` is when a worker
    takes it up; while one does, it is the end of that worker's lease.
    """

    STATUS_TABLE = "call"

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="connector_calls")
    freeze = models.ForeignKey(FreezeOrder, on_delete=models.PROTECT, related_name="connector_calls")
    number = models.PositiveIntegerField()
    kind = models.CharField(_("what"), max_length=16, choices=CallKind.choices)
    about = models.PositiveIntegerField(default=0)
    key = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    body = models.TextField()
    body_digest = models.CharField(max_length=64)
    status = models.CharField(
        _("status"), max_length=24, choices=CallStatus.choices, default=CallStatus.QUEUED, editable=False
    )
    asked_at = models.DateTimeField()
    # Null: asked for by a signature on the freeze itself, not by a call of its own.
    asked_by = models.ForeignKey(User, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    retries = models.OneToOneField(
        "self", null=True, blank=True, on_delete=models.PROTECT, related_name="retried_by"
    )
    attempts = models.PositiveIntegerField(default=0)
    next_at = models.DateTimeField(null=True, blank=True)
    sent_at = models.DateTimeField(null=True, blank=True)
    answered_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    last_error = models.CharField(max_length=500, blank=True)
    reference = models.CharField(_("reference there"), max_length=200, blank=True)
    # What it says of the hold, where it was asked how it stands.
    state_there = models.CharField(max_length=10, blank=True)

    ORDER_PATH = "freeze__obligation__order"
    objects = KnownQuerySet["ConnectorCall"].as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["case", "number"], name="call_number_once"),
            # However many hands press the button: one call that is not refused for each thing to be done.
            models.UniqueConstraint(
                fields=["freeze", "kind", "about"], condition=~Q(status="failed"), name="call_once_per_thing"
            ),
            known("kind", CallKind.values, "call_kind_known"),
            known("status", CallStatus.values, "call_status_known"),
            known("state_there", ["", "frozen", "not_frozen", "unknown"], "call_state_there_known"),
            models.CheckConstraint(
                condition=Q(next_at__isnull=False) | ~Q(status__in=["queued", "sent"]),
                name="call_due_while_open",
            ),
            models.CheckConstraint(
                condition=Q(status="queued") | Q(status="given_up") | Q(attempts__gte=1),
                name="call_sent_at_least_once",
            ),
            models.CheckConstraint(
                condition=~Q(status__in=["confirmed", "failed"]) | Q(ended_at__isnull=False),
                name="call_ended_said_when",
            ),
        ]
        indexes = [
            models.Index(fields=["next_at", "id"], condition=Q(next_at__isnull=False), name="call_due"),
            models.Index(
                fields=["case", "-number"],
                condition=Q(status__in=["failed", "given_up"]),
                name="call_in_trouble",
            ),
        ]
        triggers = [
            *follows_moves("call"),
            *never_deleted("call"),
            stands(
                "call_stands",
                "case_id",
                "freeze_id",
                "number",
                "kind",
                "about",
                "key",
                "body",
                "body_digest",
                "asked_at",
                "asked_by_id",
                "retries_id",
                why="what was asked is not changed",
            ),
            # Done is what the exchange's system said, signed; never what anybody here writes.
            FirmTrigger(
                name="call_confirmed_by_report",
                operation=pgtrigger.Update,
                when=pgtrigger.Before,
                condition=pgtrigger.Q(new__status="confirmed"),
                func="IF NOT EXISTS (SELECT 1 FROM cases_connectorreport r WHERE r.call_id = NEW.id) THEN "
                "RAISE EXCEPTION 'a call is done when its report says so' "
                "USING ERRCODE = 'check_violation'; END IF; RETURN NEW;",
            ),
        ]

    def __str__(self) -> str:
        return f"call {self.number}"


class ChecklistItem(models.TextChoices):
    """What a person who sets a hold by hand has looked at, in this order."""

    TARGET_COMPARED = "target_compared", _("The target was compared with the order, every character")
    HOLD_SET = "hold_set", _("The hold was set in the exchange's own system")
    WITHDRAWALS_STOPPED = "withdrawals_stopped", _("Pending withdrawals and open orders were stopped")
    ACCESS_CHECKED = "access_checked", _("API keys, cards, sub-accounts and staking were looked at")
    HOLD_TRIED = "hold_tried", _("Somebody saw that a withdrawal is refused")


class ChecklistTick(models.Model):
    """One item of the checklist of one try to set a hold by hand: ticked by whom, when; written once.

    `attempt` is which try: that somebody saw a withdrawal refused before the hold failed says nothing of the next one.
    """

    freeze = models.ForeignKey(FreezeOrder, on_delete=models.PROTECT, related_name="ticks")
    attempt = models.PositiveSmallIntegerField(default=0)
    item = models.CharField(max_length=20, choices=ChecklistItem.choices)
    note = models.CharField(_("remark"), max_length=300, blank=True)
    ticked_at = models.DateTimeField()
    ticked_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["freeze", "item", "attempt"], name="tick_once"),
            known("item", ChecklistItem.values, "tick_item_known"),
        ]
        triggers = [
            *append_only("tick"),
            FirmTrigger(
                name="tick_of_this_attempt",
                operation=pgtrigger.Insert,
                when=pgtrigger.Before,
                func="IF NOT EXISTS (SELECT FROM cases_freezeorder f WHERE f.id = NEW.freeze_id AND f.attempts = "
                "NEW.attempt) THEN RAISE EXCEPTION 'an item is ticked for the try that is under way' "
                "USING ERRCODE = 'check_violation'; END IF; RETURN NEW;",
            ),
        ]

    def __str__(self) -> str:
        return self.item
