"""Which other freezes hold the same target, in whatever case: it is free only when none does.

A freeze that the reader may not see is never described: all that is said of it is that the target is not releasable.
"""

from dataclasses import dataclass, field

from django.db.models import Q, QuerySet

from cases.models import ExchangeAccount, FreezeOrder
from cases.people.models import User
from cases.status import FREEZE_STANDING, FreezeStatus
from wallets.models import Wallet

# From its approval on a freeze counts: the hold may be set at any moment.
_COUNTS = sorted(
    FREEZE_STANDING | {str(FreezeStatus.APPROVED), str(FreezeStatus.APPLYING), str(FreezeStatus.TRANSFERRED)}
)


@dataclass(frozen=True, slots=True)
class OtherFreezes:
    """The other freezes on one target: those that the reader may see, and whether there are more."""

    seen: list[FreezeOrder] = field(default_factory=list)
    hidden: bool = False

    def __bool__(self) -> bool:
        return bool(self.seen) or self.hidden


def freezes_on(target: Wallet | ExchangeAccount) -> "QuerySet[FreezeOrder]":
    """Every freeze of any case that counts on this address, or on the account with this number."""
    same = (
        Q(wallet__wallet=target)
        if isinstance(target, Wallet)
        else Q(account__account_number__iexact=target.account_number)
    )
    return FreezeOrder.objects.filter(same, status__in=_COUNTS)


def other_freezes_on(freeze: FreezeOrder, reader: User) -> OtherFreezes:
    """What else holds the target of this freeze, as far as this reader may know. Two queries."""
    target = freeze.wallet.wallet if freeze.wallet is not None else freeze.account
    if target is None:
        raise RuntimeError("a freeze has a target")
    others = freezes_on(target).exclude(pk=freeze.pk)
    ids = set(others.values_list("pk", flat=True))
    if not ids:
        return OtherFreezes()
    seen = list(
        FreezeOrder.objects.known_to(reader)
        .filter(pk__in=ids)
        .select_related("case", "wallet__wallet", "account", "obligation__order")
        .order_by("case__reference", "number")
    )
    return OtherFreezes(seen, hidden=len(seen) < len(ids))
