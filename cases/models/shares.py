"""What is shown to a liaison: one matter, that is an order and what rests on it."""

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from cases.models.base import both_or_neither, never_deleted, stands
from cases.models.cases import Case
from cases.models.orders import LegalOrder
from cases.models.sealing import KnownQuerySet
from cases.people.models import User
from cases.references import new_reference


class MatterShare(models.Model):
    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="shares")
    number = models.PositiveIntegerField()
    # The liaison's own reference: the case's would tell her that other matters stand in the same case.
    reference = models.CharField(max_length=11, unique=True, default=new_reference, editable=False)
    order = models.ForeignKey(
        LegalOrder, verbose_name=_("order"), on_delete=models.PROTECT, related_name="shares"
    )
    liaison = models.ForeignKey(
        User, verbose_name=_("liaison"), on_delete=models.PROTECT, related_name="shares"
    )
    purpose = models.CharField(_("purpose"), max_length=500)
    shared_at = models.DateTimeField()
    shared_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    ends_at = models.DateTimeField(_("ends"), null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    ended_by = models.ForeignKey(User, null=True, blank=True, on_delete=models.PROTECT, related_name="+")

    ORDER_PATH = "order"
    objects = KnownQuerySet["MatterShare"].as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["case", "number"], name="share_number_once"),
            models.UniqueConstraint(
                fields=["order", "liaison"], condition=Q(ended_at__isnull=True), name="share_once"
            ),
            both_or_neither("ended_at", "ended_by", "share_ended_pair"),
            models.CheckConstraint(
                condition=Q(ends_at__isnull=True) | Q(ends_at__gt=F("shared_at")), name="share_ends_later"
            ),
        ]
        indexes = [models.Index(fields=["liaison", "-shared_at"], name="share_by_liaison")]
        triggers = [
            *never_deleted("share"),
            stands(
                "share_stands",
                "case_id",
                "number",
                "reference",
                "order_id",
                "liaison_id",
                "purpose",
                "shared_at",
                "shared_by_id",
                "ends_at",
                why="what was shared with whom is not changed",
            ),
        ]

    def __str__(self) -> str:
        return self.reference
