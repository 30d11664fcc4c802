"""What balances were worth, each at its own moment: the time of the block at which it was last seen."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from wallets.prices import Values, Worth, values_at
from wallets.snapshots import BalanceView


def moment_of(view: BalanceView) -> datetime | None:
    """The moment that a balance is of; None where none was read."""
    return view.block_time or view.looked_at


def worth_of(held: Mapping[int, Iterable[BalanceView]]) -> dict[int, dict[int, Values]]:
    """The values of all known balances, by wallet and asset (their ids). One query, none where nothing is known.

    An unknown balance has no values; a known one whose asset has no price has values that are all None.
    """
    known = [
        (wallet_id, view) for wallet_id, views in held.items() for view in views if view.amount is not None
    ]
    values = values_at([Worth(view.amount, view.asset, moment_of(view)) for _wallet_id, view in known])
    found: dict[int, dict[int, Values]] = {}
    for (wallet_id, view), each in zip(known, values, strict=True):
        found.setdefault(wallet_id, {})[view.asset.pk] = each
    return found
