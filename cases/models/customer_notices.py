"""That a customer was told: when, how, and what the rules said at that moment. Written once."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from cases.disclosure import Verdict
from cases.models.accounts import ExchangeAccount
from cases.models.base import append_only, known
from cases.models.cases import Case
from cases.people.models import User


class CustomerNotice(models.Model):
    """One notice to the holder of one account. Under a prohibition there is none, whoever writes."""

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="customer_notices")
    account = models.ForeignKey(ExchangeAccount, on_delete=models.PROTECT, related_name="customer_notices")
    number = models.PositiveIntegerField()
    told_at = models.DateTimeField(_("told"))
    how = models.CharField(_("how"), max_length=200)
    words = models.TextField(_("what was said"), max_length=5000)
    verdict = models.CharField(max_length=11)
    # What counsel said where the rules alone did not allow it.
    counsel = models.TextField(_("counsel's word"), max_length=5000, blank=True)
    written_at = models.DateTimeField()
    written_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")

    class Meta:
        verbose_name = _("notice to a customer")
        constraints = [
            models.UniqueConstraint(fields=["case", "number"], name="customernotice_number_once"),
            known("verdict", [Verdict.PERMITTED, Verdict.ASK_COUNSEL], "customernotice_not_forbidden"),
            models.CheckConstraint(
                condition=Q(verdict="permitted") | ~Q(counsel=""), name="customernotice_counsel_asked"
            ),
            models.CheckConstraint(condition=~Q(how="") & ~Q(words=""), name="customernotice_said"),
        ]
        triggers = append_only("customernotice")

    def __str__(self) -> str:
        return f"notice {self.number}"
