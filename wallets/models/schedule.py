"""When to look: a watch says how often, a state row says what is due, who has it and how it went."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from wallets.models.wallets import Wallet


class Watch(models.Model):
    """A wish to look at a wallet at least every `cadence_seconds`. `key` is opaque here: its writer knows
    why.
    """

    wallet = models.ForeignKey(Wallet, on_delete=models.CASCADE, related_name="watches")
    key = models.CharField(_("key"), max_length=100)
    cadence_seconds = models.PositiveIntegerField(_("cadence in seconds"))

    class Meta:
        verbose_name = _("watch")
        verbose_name_plural = _("watches")
        constraints = [
            models.UniqueConstraint(fields=["wallet", "key"], name="watch_once_per_key"),
            models.CheckConstraint(condition=Q(cadence_seconds__gt=0), name="watch_cadence_positive"),
        ]

    def __str__(self) -> str:
        return f"{self.key}: {self.cadence_seconds} s"


class WalletState(models.Model):
    """The schedule of one wallet.

    `due_at` empty: nobody wants a look. `requested_at`: somebody asked for a look that has not been finished.
    `claim`, `claimed_at`, `claimed_until`: a worker is reading; when the lease has run out another may take
    it. `attempts`: claims since the last look that succeeded. `cadence_seconds` is the shortest of the
    watches.
    """

    wallet = models.OneToOneField(Wallet, on_delete=models.CASCADE, primary_key=True, related_name="state")
    chain = models.CharField(_("chain"), max_length=20)
    cadence_seconds = models.PositiveIntegerField(_("cadence in seconds"), null=True)
    due_at = models.DateTimeField(_("due at"), null=True)
    requested_at = models.DateTimeField(_("requested at"), null=True)
    claim = models.UUIDField(_("claim"), null=True)
    claimed_at = models.DateTimeField(_("claimed at"), null=True)
    claimed_until = models.DateTimeField(_("claimed until"), null=True)
    attempts = models.PositiveIntegerField(_("attempts"), default=0, db_default=0)
    last_look_at = models.DateTimeField(_("last look at"), null=True)
    last_ok_at = models.DateTimeField(_("last complete look at"), null=True)
    failing_since = models.DateTimeField(_("failing since"), null=True)
    last_error_code = models.CharField(_("last error"), max_length=40, blank=True, default="", db_default="")
    last_error_text = models.CharField(
        _("last error detail"), max_length=300, blank=True, default="", db_default=""
    )

    class Meta:
        verbose_name = _("schedule of a wallet")
        verbose_name_plural = _("schedules of wallets")
        constraints = [
            models.CheckConstraint(
                condition=Q(claim__isnull=True, claimed_at__isnull=True, claimed_until__isnull=True)
                | Q(claim__isnull=False, claimed_at__isnull=False, claimed_until__isnull=False),
                name="state_claim_is_whole",
            ),
            models.CheckConstraint(
                condition=(Q(failing_since__isnull=True) & Q(last_error_code=""))
                | (Q(failing_since__isnull=False) & Q(last_error_code__gt="")),
                name="state_failure_has_a_reason",
            ),
        ]
        indexes = [
            models.Index(fields=["chain", "due_at"], name="state_due", condition=Q(due_at__isnull=False)),
            models.Index(
                fields=["failing_since"], name="state_failing", condition=Q(failing_since__isnull=False)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.wallet_id}: {self.due_at}"
