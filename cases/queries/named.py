"""Whether an order names what is to be frozen under it: as asked, or as found; and what it names that only looks alike."""

from dataclasses import dataclass, field

from cases.models import CaseWallet, ExchangeAccount, Finding, FindingOutcome, Selector, SelectorKind
from cases.models.selectors import comparable
from cases.resembling import account_looks_like, looks_like, plain_account


@dataclass(frozen=True, slots=True)
class NamedByOrder:
    """`asked`: the order's addresses, or accounts, whichever the target is. Empty: it names none, and nothing follows.

    `resembling`: those of them that a person could take for the target, where none is it.
    """

    named: bool = False
    asked: list[str] = field(default_factory=list)
    resembling: list[str] = field(default_factory=list)

    @property
    def unnamed(self) -> bool:
        """The order names such things, and this is none of them."""
        return bool(self.asked) and not self.named


def named_by_order(
    order_id: int, *, wallet: CaseWallet | None = None, account: ExchangeAccount | None = None
) -> NamedByOrder:
    """What the order says of a target. Two queries."""
    kind = SelectorKind.ADDRESS if wallet is not None else SelectorKind.ACCOUNT
    asked = list(
        Selector.objects.filter(order=order_id, kind=kind).order_by("number").values_list("value", flat=True)
    )
    if wallet is not None:
        address = wallet.wallet.address
        named = comparable(kind, address) in {comparable(kind, value) for value in asked}
        alike = [value for value in asked if looks_like(comparable(kind, value), comparable(kind, address))]
    elif account is not None:
        number = account.account_number
        named = plain_account(number) in {plain_account(value) for value in asked}
        alike = [value for value in asked if account_looks_like(value, number)]
    else:
        return NamedByOrder()
    if not named:
        # A name or a mailbox was asked for, and this is what was found of it.
        found = Finding.objects.filter(selector__order=order_id, outcome=FindingOutcome.FOUND)
        found = found.filter(wallet=wallet) if wallet is not None else found.filter(account=account)
        named = found.exists()
    return NamedByOrder(named, asked, [] if named else alike)
