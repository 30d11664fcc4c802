"""What amounts of a case file were worth: in the content as facts of their own, on the page small beside the amount.

An amount stays what it is. Each value stands with its price, who says so, the price's time and the moment for which
it was worked out; where no price is known the file says that, and never zero.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from cases.chronology.words import moment_text
from cases.exports.pieces import Value as Printed
from cases.exports.pieces import lines, value
from cases.exports.values import Facts, balance, holding, when
from cases.models import AccountHolding, FreezeAmount, FreezeOrder
from cases.queries.worth import worth_of
from wallets.models import Asset, Sighting
from wallets.prices import Priced, Values, Worth, currencies, decimal_text, values_at
from wallets.snapshots import BalanceView

# ── The content ───────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Booked:
    """An asset by the symbol in the exchange's own books, which is its price key as well."""

    price_key: str
    decimals: int


def facts_of(values: Values) -> list[Facts]:
    """One fact for each currency, `amount` None where there is no price.

    `amount` and `price` are exact, `rounded` is in whole minor units (half to even). `of_the_time` says whether the
    price was at most 48 hours old at the moment `valued_at`.
    """
    return [
        {"currency": currency, "amount": None}
        if each is None
        else {
            "currency": currency,
            "amount": format(each.amount, "f"),
            "rounded": format(each.rounded, "f"),
            "below_least": format(each.least, "f") if each.is_below_least else None,
            "price": format(each.price, "f"),
            "price_source": each.source,
            "price_time": when(each.priced_at),
            "valued_at": when(each.at),
            "of_the_time": not each.is_old,
        }
        for currency, each in zip(currencies(), values, strict=True)
    ]


def balances(known: Mapping[int, Iterable[BalanceView]]) -> dict[int, list[Facts]]:
    """The balances of wallets (by their ids), each with its values at the time of its block. One query."""
    worth = worth_of(known)
    return {
        wallet_id: [
            {**balance(view), "values": _listed(worth.get(wallet_id, {}).get(view.asset.pk))}
            for view in views
        ]
        for wallet_id, views in known.items()
    }


def holdings(rows: Sequence[AccountHolding]) -> list[Facts]:
    """Holdings, each with its values at the time when it was observed. One query."""
    found = values_at(
        [Worth(int(row.amount), _booked(row.asset, row.decimals), row.observed_at) for row in rows]
    )
    return [{**holding(row), "values": facts_of(each)} for row, each in zip(rows, found, strict=True)]


def _listed(values: Values | None) -> list[Facts]:
    return [] if values is None else facts_of(values)


def _booked(symbol: str, decimals: int) -> Booked:
    return Booked(symbol.strip().upper(), decimals)


@dataclass(frozen=True, slots=True)
class FreezeWorth:
    """The values of one asset of a freeze: of what is ordered, and of the balances when proposed and applied."""

    ordered: list[Facts]
    at_proposal: list[Facts]
    at_application: list[Facts]


def freeze_amounts(freezes: Iterable[FreezeOrder]) -> dict[int, FreezeWorth]:
    """Every asset of these freezes, by the row's id: what is ordered at the time of the proposal, each balance at its
    own. One query.
    """
    rows = [(row, freeze.proposed_at) for freeze in freezes for row in freeze.amounts.all()]
    asked: list[Worth] = []
    for row, proposed_at in rows:
        asset = _asset_of(row)
        asked += [
            Worth(None if row.amount is None else int(row.amount), asset, proposed_at),
            _known(asset, row.sighting_proposed, row.holding_proposed),
            _known(asset, row.sighting_applied, row.holding_applied),
        ]
    found = [
        [] if each.amount is None else facts_of(values)
        for each, values in zip(asked, values_at(asked), strict=True)
    ]
    return {row.pk: FreezeWorth(*found[3 * place : 3 * place + 3]) for place, (row, _at) in enumerate(rows)}


def _asset_of(row: FreezeAmount) -> Asset | Booked:
    return row.chain_asset if row.chain_asset is not None else _booked(row.asset, row.decimals)


def _known(asset: Priced, seen: Sighting | None, held: AccountHolding | None) -> Worth:
    """A balance at the time of its block, or when the books were looked into."""
    if seen is not None:
        return Worth(int(seen.amount), asset, seen.batch.block_time)
    if held is not None:
        return Worth(int(held.amount), asset, held.observed_at)
    return Worth(None, asset, None)


# ── The page ──────────────────────────────────────────────────────────────────────────────────────────────


def sums(known: Mapping[str, Any] | None) -> Printed | None:
    """The values of an amount, one line a currency; None where the amount itself is not known."""
    values = _values_in(known)
    if not values:
        return None
    if all(each["amount"] is None for each in values):
        return value(_("no price"), "t")
    return lines(*[value(_sum(each), "t") for each in values])


def _values_in(known: Mapping[str, Any] | None) -> list[Facts]:
    return [] if known is None else known.get("values") or []


def _sum(stated: Facts) -> str:
    currency = stated["currency"]
    if stated["amount"] is None:
        return _("no price in %(currency)s") % {"currency": currency}
    if stated["below_least"] is not None:
        return _("worth less than %(sum)s %(currency)s") % {
            "sum": stated["below_least"],
            "currency": currency,
        }
    return _("worth %(sum)s %(currency)s") % {
        "sum": decimal_text(Decimal(stated["rounded"])),
        "currency": currency,
    }


def prices(known: Mapping[str, Any] | None, symbol: str, *, proposal: bool = False) -> list[Printed]:
    """The price behind each value: what one unit cost, who says so, when, and how that lies to the amount's moment.

    `proposal`: the moment is the proposal of a freeze, not the time of a balance.
    """
    return [
        value(_price(each, symbol, proposal=proposal), "t")
        for each in _values_in(known)
        if each["amount"] is not None
    ]


def _price(stated: Facts, symbol: str, *, proposal: bool) -> str:
    at = datetime.fromisoformat(stated["price_time"])
    return _("1 %(asset)s = %(price)s %(currency)s by %(source)s, %(moment)s: %(relation)s") % {
        "asset": symbol,
        "price": decimal_text(Decimal(stated["price"])),
        "currency": stated["currency"],
        "source": stated["price_source"],
        "moment": moment_text(at, short=True),
        "relation": _relation(of_the_time=stated["of_the_time"], proposal=proposal),
    }


def _relation(*, of_the_time: bool, proposal: bool) -> str:
    if proposal:
        return (
            _("value at the time of the proposal")
            if of_the_time
            else _("older than 48 hours at the proposal")
        )
    return (
        _("value at the time of the balance")
        if of_the_time
        else _("not the time of the balance: older than 48 hours by then")
    )
