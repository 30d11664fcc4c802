"""Files that came from outside, known by their digest."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from cases.models.base import append_only
from cases.models.cases import Case
from cases.models.orders import LegalOrder
from cases.models.sealing import KnownQuerySet
from cases.people.models import User


class OrderPaper(models.Model):
    """A paper attached to an order. The bytes lie in the file store under their SHA-256. Written once."""

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="papers")
    order = models.ForeignKey(LegalOrder, on_delete=models.PROTECT, related_name="papers")
    number = models.PositiveIntegerField()
    filename = models.CharField(_("file name"), max_length=200)
    media_type = models.CharField(max_length=100)
    sha256 = models.CharField(_("SHA-256"), max_length=64)
    size = models.PositiveBigIntegerField(_("size in bytes"))
    attached_at = models.DateTimeField()
    attached_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")

    ORDER_PATH = "order"
    objects = KnownQuerySet["OrderPaper"].as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["case", "number"], name="paper_number_once"),
            models.UniqueConstraint(fields=["order", "sha256"], name="paper_once_per_order"),
            models.CheckConstraint(condition=Q(sha256__regex=r"^[0-9a-f]{64}$"), name="paper_sha256_form"),
            models.CheckConstraint(condition=Q(size__gt=0), name="paper_not_empty"),
        ]
        triggers = append_only("paper")

    def __str__(self) -> str:
        return self.filename
