"""Case files that were asked for. An export is made once; a second one is a row and an ID of its own."""

from collections.abc import Collection
from typing import Self

import pgtrigger
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from cases.models.base import follows_moves, known, never_deleted, stands
from cases.models.cases import Case
from cases.models.shares import MatterShare
from cases.people.models import User
from cases.references import new_reference
from cases.status import ExportStatus
from wallets.models.triggers import FirmTrigger


class ExportProfile(models.TextChoices):
    INTERNAL = "internal", _("Internal, the whole case")
    MATTER = "matter", _("The shared matter only")


class ExportStep(models.TextChoices):
    WAITING = "waiting", _("Waiting for a worker")
    COLLECTING = "collecting", _("Collecting the record")
    TYPESETTING = "typesetting", _("Typesetting")
    STORING = "storing", _("Storing the file")
    DONE = "done", _("Done")


class ExportQuerySet(models.QuerySet["Export"]):
    def of(self, case: Case) -> Self:
        """The case's exports that hold nothing of an order that the person behind the case may not know."""
        return self.filter(case=case).unsealed_from(case.hidden_orders)

    def unsealed_from(self, hidden: Collection[int]) -> Self:
        """Without the files that hold one of these orders, and without those of which it is not known."""
        if not hidden:
            return self
        return self.filter(orders__isnull=False).exclude(orders__overlap=sorted(hidden))


class Export(models.Model):
    STATUS_TABLE = "export"

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="exports")
    share = models.ForeignKey(
        MatterShare, null=True, blank=True, on_delete=models.PROTECT, related_name="exports"
    )
    # The export ID printed on every page; also what names it in a URL.
    reference = models.CharField(max_length=11, unique=True, default=new_reference, editable=False)
    profile = models.CharField(max_length=10, choices=ExportProfile.choices)
    status = models.CharField(
        max_length=10, choices=ExportStatus.choices, default=ExportStatus.QUEUED, editable=False
    )
    step = models.CharField(max_length=12, choices=ExportStep.choices, default=ExportStep.WAITING)
    requested_at = models.DateTimeField()
    requested_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    # The instant whose state the file shows.
    as_of = models.DateTimeField(null=True, blank=True)
    claimed_until = models.DateTimeField(null=True, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    failure = models.CharField(max_length=300, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    sha256 = models.CharField(max_length=64, blank=True)
    size = models.PositiveBigIntegerField(null=True, blank=True)
    pages = models.PositiveIntegerField(null=True, blank=True)
    # The keys of the orders that the file holds. None: made before this was kept, so that it may hold any of its case.
    orders = ArrayField(models.BigIntegerField(), null=True, blank=True, editable=False)

    objects = ExportQuerySet.as_manager()

    class Meta:
        constraints = [
            known("status", ExportStatus.values, "export_status_known"),
            known("profile", ExportProfile.values, "export_profile_known"),
            models.CheckConstraint(
                condition=~Q(status="ready")
                | (
                    Q(sha256__regex=r"^[0-9a-f]{64}$", size__gt=0, pages__gt=0)
                    & Q(
                        size__isnull=False,
                        pages__isnull=False,
                        as_of__isnull=False,
                        finished_at__isnull=False,
                    )
                ),
                name="export_ready_complete",
            ),
            models.CheckConstraint(
                condition=Q(profile="internal", share__isnull=True)
                | Q(profile="matter", share__isnull=False),
                name="export_profile_fits",
            ),
        ]
        indexes = [
            models.Index(
                fields=["requested_at"], condition=Q(status__in=["queued", "running"]), name="export_waiting"
            ),
            models.Index(fields=["case", "-requested_at"], name="export_of_case"),
        ]
        triggers = [
            *follows_moves("export"),
            *never_deleted("export"),
            stands(
                "export_stands",
                "case_id",
                "share_id",
                "reference",
                "profile",
                "requested_at",
                "requested_by_id",
                why="which file was asked for is not changed",
            ),
            FirmTrigger(
                name="export_ready_stands",
                operation=pgtrigger.Update,
                when=pgtrigger.Before,
                condition=pgtrigger.Q(old__status="ready"),
                func="RAISE EXCEPTION 'a finished file is not changed' USING ERRCODE = 'check_violation';",
            ),
        ]

    def __str__(self) -> str:
        return self.reference
