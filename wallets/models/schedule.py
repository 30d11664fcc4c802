"""When to look: a watch says how often, a group is looked at as one, a state row holds what one wallet asks for."""

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


class Claimed(models.Model):
    """What a worker can take for a while.

    `due_at` empty: nobody wants a look. `claim`, `claimed_at`, `claimed_until`: a worker is reading; when the
    lease has run out another may take it. `attempts`: claims since the last look that succeeded.
    """

    due_at = models.DateTimeField(_("due at"), null=True)
    claim = models.UUIDField(_("claim"), null=True)
    claimed_at = models.DateTimeField(_("claimed at"), null=True)
    claimed_until = models.DateTimeField(_("claimed until"), null=True)
    attempts = models.PositiveIntegerField(_("attempts"), default=0, db_default=0)
    last_look_at = models.DateTimeField(_("last look at"), null=True)
    failing_since = models.DateTimeField(_("failing since"), null=True)
    error_code = models.CharField(_("error"), max_length=40, blank=True, default="", db_default="")
    error_text = models.CharField(_("error detail"), max_length=300, blank=True, default="", db_default="")

    class Meta:
        abstract = True
        constraints = [
            models.CheckConstraint(
                condition=Q(claim__isnull=True, claimed_at__isnull=True, claimed_until__isnull=True)
                | Q(claim__isnull=False, claimed_at__isnull=False, claimed_until__isnull=False),
                name="%(class)s_claim_is_whole",
            ),
            models.CheckConstraint(
                condition=(Q(failing_since__isnull=True) & Q(error_code=""))
                | (Q(failing_since__isnull=False) & Q(error_code__gt="")),
                name="%(class)s_failure_has_a_reason",
            ),
        ]


class LookGroup(Claimed):
    """Wallets of one chain that are looked at together, every `cadence_seconds`.

    A scheduled look reads a group whole, at one block: that it was looked at stands once, in `last_batch`, and
    not in every row. What single wallets or assets failed at stands with them (`Balance`, `WalletState`).
    """

    chain = models.CharField(_("chain"), max_length=20)
    cadence_seconds = models.PositiveIntegerField(_("cadence in seconds"))
    size = models.PositiveIntegerField(_("wallets"), default=0, db_default=0)
    # The highest block that was read of any of its wallets, and its time: a source that is behind it is not believed.
    floor = models.BigIntegerField(_("highest block read"), default=0, db_default=0)
    floor_time = models.DateTimeField(_("time of that block"), null=True)
    last_batch = models.ForeignKey(
        "wallets.ReadingBatch", on_delete=models.PROTECT, null=True, related_name="+", db_index=False
    )

    class Meta(Claimed.Meta):
        verbose_name = _("group of wallets")
        verbose_name_plural = _("groups of wallets")
        constraints = [
            *Claimed.Meta.constraints,
            models.CheckConstraint(condition=Q(cadence_seconds__gt=0), name="lookgroup_cadence_positive"),
        ]
        indexes = [
            models.Index(fields=["chain", "due_at"], name="lookgroup_due", condition=Q(due_at__isnull=False)),
            models.Index(fields=["chain", "cadence_seconds", "size"], name="lookgroup_room"),
        ]

    def __str__(self) -> str:
        return f"{self.chain} every {self.cadence_seconds} s: {self.size}"


class WalletState(Claimed):
    """The schedule of one wallet: the group it belongs to since `joined_at`, and the look of its own that it waits for.

    `requested_at`: somebody asked for a look that has not been finished. `due_at` is set for such looks, and for
    another try after a failure; the looks of every cadence are the group's. `cadence_seconds` is the shortest of
    the watches.
    """

    wallet = models.OneToOneField(Wallet, on_delete=models.CASCADE, primary_key=True, related_name="state")
    chain = models.CharField(_("chain"), max_length=20)
    cadence_seconds = models.PositiveIntegerField(_("cadence in seconds"), null=True)
    group = models.ForeignKey(LookGroup, on_delete=models.PROTECT, null=True, related_name="states")
    joined_at = models.DateTimeField(_("in the group since"), null=True)
    requested_at = models.DateTimeField(_("requested at"), null=True)

    class Meta(Claimed.Meta):
        verbose_name = _("schedule of a wallet")
        verbose_name_plural = _("schedules of wallets")
        constraints = [
            *Claimed.Meta.constraints,
            models.CheckConstraint(
                condition=Q(group__isnull=True, joined_at__isnull=True)
                | Q(group__isnull=False, joined_at__isnull=False),
                name="walletstate_group_is_whole",
            ),
        ]
        indexes = [
            models.Index(
                fields=["chain", "due_at"], name="walletstate_due", condition=Q(due_at__isnull=False)
            ),
            models.Index(
                fields=["failing_since"], name="walletstate_failing", condition=Q(failing_since__isnull=False)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.wallet_id}: {self.due_at}"
