"""What somebody in a case has to do until when."""

import pgtrigger
from django.db import models
from django.db.models import F, Func, Q
from django.db.models.functions import Now
from django.db.models.lookups import LessThanOrEqual
from django.utils.translation import gettext_lazy as _

from cases.models.alerts import Alert
from cases.models.base import follows_moves, known, never_deleted, stands
from cases.models.cases import Case
from cases.models.freezes import FreezeOrder
from cases.models.orders import LegalOrder, Obligation
from cases.people.models import User
from cases.status import TaskStatus
from wallets.models.triggers import FirmTrigger, recorded_by_database

_OF_THIS_CASE = " OR ".join(
    f"(NEW.{column} IS NOT NULL AND NOT EXISTS (SELECT FROM {table} x WHERE x.id = NEW.{column} "
    "AND x.case_id = NEW.case_id))"
    for column, table in (
        ("order_id", "cases_legalorder"),
        ("obligation_id", "cases_obligation"),
        ("freeze_id", "cases_freezeorder"),
        ("alert_id", "cases_alert"),
    )
)


class CaseTask(models.Model):
    """One piece of work with one person who has to do it. Ended, done or not, it stays; nothing of it changes then."""

    STATUS_TABLE = "task"

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="tasks")
    number = models.PositiveIntegerField()
    title = models.CharField(_("what is to be done"), max_length=200)
    text = models.TextField(_("more about it"), blank=True, max_length=5000)
    assignee = models.ForeignKey(
        User, verbose_name=_("who does it"), on_delete=models.PROTECT, related_name="tasks", db_index=False
    )
    due_at = models.DateTimeField(_("due"), null=True, blank=True)
    # In which the due moment was meant; it is kept in UTC.
    time_zone = models.CharField(_("time zone"), max_length=40, default="UTC")
    # What it is about, at most one of them.
    order = models.ForeignKey(
        LegalOrder, null=True, blank=True, on_delete=models.PROTECT, related_name="tasks"
    )
    obligation = models.ForeignKey(
        Obligation, null=True, blank=True, on_delete=models.PROTECT, related_name="tasks"
    )
    freeze = models.ForeignKey(
        FreezeOrder, null=True, blank=True, on_delete=models.PROTECT, related_name="tasks"
    )
    alert = models.ForeignKey(Alert, null=True, blank=True, on_delete=models.PROTECT, related_name="tasks")
    status = models.CharField(
        _("status"), max_length=24, choices=TaskStatus.choices, default=TaskStatus.OPEN, editable=False
    )
    written_at = models.DateTimeField(_("written"))
    written_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    ended_at = models.DateTimeField(null=True, blank=True)
    ended_by = models.ForeignKey(User, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    # What came of it, or why it was dropped.
    ended_words = models.TextField(blank=True, max_length=2000)
    recorded_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        verbose_name = _("task")
        verbose_name_plural = _("tasks")
        constraints = [
            models.UniqueConstraint(fields=["case", "number"], name="task_number_once"),
            known("status", TaskStatus.values, "task_status_known"),
            models.CheckConstraint(condition=~Q(title=""), name="task_title_given"),
            models.CheckConstraint(
                condition=Q(status="open", ended_at__isnull=True, ended_by__isnull=True, ended_words="")
                | Q(status__in=["done", "dropped"], ended_at__isnull=False, ended_by__isnull=False),
                name="task_ended_by_somebody",
            ),
            models.CheckConstraint(
                condition=~Q(status="dropped") | ~Q(ended_words=""), name="task_dropped_with_words"
            ),
            models.CheckConstraint(
                condition=LessThanOrEqual(
                    Func(
                        F("order"),
                        F("obligation"),
                        F("freeze"),
                        F("alert"),
                        function="num_nonnulls",
                        output_field=models.IntegerField(),
                    ),
                    1,
                ),
                name="task_about_one_thing",
            ),
        ]
        indexes = [
            models.Index(
                fields=["due_at", "id"],
                include=["case"],
                condition=Q(due_at__isnull=False) & Q(status="open"),
                name="task_by_due",
            ),
            models.Index(
                fields=["assignee", "due_at", "id"], condition=Q(status="open"), name="task_open_of"
            ),
        ]
        triggers = [
            *follows_moves("task"),
            *never_deleted("task"),
            recorded_by_database(),
            stands(
                "task_face_stands",
                "case_id",
                "number",
                "order_id",
                "obligation_id",
                "freeze_id",
                "alert_id",
                "written_at",
                "written_by_id",
                "recorded_at",
                why="what a task is about is not changed",
            ),
            FirmTrigger(
                name="task_ended_stands",
                operation=pgtrigger.Update,
                when=pgtrigger.Before,
                func="IF OLD.status <> 'open' AND NEW IS DISTINCT FROM OLD THEN RAISE EXCEPTION "
                "'a task that ended is not changed' USING ERRCODE = 'check_violation'; END IF; RETURN NEW;",
            ),
            FirmTrigger(
                name="task_about_this_case",
                operation=pgtrigger.Insert,
                when=pgtrigger.Before,
                func=f"IF {_OF_THIS_CASE} THEN RAISE EXCEPTION 'a task is about something in its own case' "
                "USING ERRCODE = 'check_violation'; END IF; RETURN NEW;",
            ),
            # Whoever has something to do in a case is in it.
            FirmTrigger(
                name="task_assignee_in_case",
                operation=pgtrigger.Insert | pgtrigger.Update,
                when=pgtrigger.Before,
                func="IF NEW.status = 'open' AND NOT EXISTS (SELECT FROM cases_membership m "
                "WHERE m.case_id = NEW.case_id AND m.user_id = NEW.assignee_id AND m.ended_at IS NULL "
                "AND NOT m.reader) THEN RAISE EXCEPTION 'a task is given to a member who may work in the case' "
                "USING ERRCODE = 'check_violation'; END IF; RETURN NEW;",
            ),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def subject_order_id(self) -> int | None:
        """The order that the task is about, directly or through a duty or a freeze under one."""
        if self.order_id is not None:
            return self.order_id
        if self.obligation is not None:
            return self.obligation.order_id
        if self.freeze is not None and self.freeze.obligation is not None:
            return self.freeze.obligation.order_id
        return None
