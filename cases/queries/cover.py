"""Cover and ladder: per order and asset what was ordered, what is held, what went which way, and what is missing.

Amounts are base units. What nobody knows is None and is never added up as zero. Everything starts at the rows that the
reader may know: an order that is sealed from her adds nothing to her figures.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from django.db.models import Sum

from cases.models import (
    AccountHolding,
    Case,
    ExchangeAccount,
    FreezeOrder,
    LadderEntry,
    LegState,
    Obligation,
    ObligationKind,
    OrderedAmount,
    Rung,
    TransferLeg,
)
from cases.queries.held import HeldRow, held_rows
from cases.queries.life import BOOKS_STALE
from cases.queries.wallets import attached_to
from cases.queries.worth import moment_of
from cases.status import FREEZE_FINAL, FREEZE_STANDING, TRANSFER_OVER, FreezeStatus, TransferStatus
from wallets.prices import Values, Worth, values_at
from wallets.snapshots import BalanceView, balances_of

Unit = tuple[str, int]


@dataclass(frozen=True, slots=True)
class Priced:
    """An asset by its symbol, as prices are kept under it."""

    symbol: str
    decimals: int

    @property
    def price_key(self) -> str:
        return self.symbol.upper()


@dataclass(slots=True)
class CoverRow:
    """One asset under one order. `secured` = `frozen` + `under_way` + `transferred` + `given_free`, to the unit.

    `ordered` is None where all that is there is ordered, or nothing was stated (`stated` tells which).
    `frozen`: held now. `under_way`: in a transfer that is not settled. `given_free`: released, in part or whole.
    `seized`, `forfeited`, `returned`: what papers say happened to it. None: nobody knows what stood there.
    """

    order: int
    asset: str
    decimals: int
    ordered: int | None = None
    stated: bool = False
    frozen: int | None = 0
    under_way: int = 0
    transferred: int = 0
    given_free: int = 0
    seized: int = 0
    forfeited: int = 0
    returned: int = 0
    freezes: list[int] = field(default_factory=list)
    values: Values | None = None

    @property
    def unit(self) -> Priced:
        return Priced(self.asset, self.decimals)

    @property
    def secured(self) -> int | None:
        """All that was ever held for the order."""
        if self.frozen is None:
            return None
        return self.frozen + self.under_way + self.transferred + self.given_free

    @property
    def shortfall(self) -> int | None:
        """What is ordered and neither held nor transferred; None where it cannot be known."""
        if self.ordered is None or self.frozen is None:
            return None
        return max(0, self.ordered - self.frozen - self.under_way - self.transferred)


@dataclass(frozen=True, slots=True)
class AtRisk:
    """One asset of one attached target: what is there, what of it is frozen, and what could leave.

    `there` is None where it was never read; then nobody knows what is at risk.
    """

    kind: str
    number: int
    name: str
    unit: Priced
    there: int | None
    frozen: int
    as_of: datetime | None
    block: int | None = None
    stale: bool = False
    values: Values | None = None

    @property
    def at_risk(self) -> int | None:
        return None if self.there is None else max(0, self.there - self.frozen)


@dataclass(frozen=True, slots=True)
class Cover:
    """The ladder of the case's orders, and what is attached but not frozen."""

    rows: list[CoverRow]
    at_risk: list[AtRisk]


def cover_of(case: Case, *, at: datetime) -> Cover:
    """A fixed number of queries, however many orders, freezes and wallets there are."""
    freezes = list(
        FreezeOrder.objects.of(case)
        .select_related("obligation__order", "wallet", "account")
        .order_by("number")
    )
    held = held_rows(freeze.pk for freeze in freezes)
    rows: dict[tuple[int, str, int], CoverRow] = {}

    def row_of(order: int, asset: str, decimals: int) -> CoverRow:
        key = (order, asset.upper(), decimals)
        return rows.setdefault(key, CoverRow(order, asset.upper(), decimals))

    for one in _ordered(case):
        row = row_of(one.obligation.order.number, one.asset, one.decimals)
        more = None if one.amount is None else int(one.amount)
        # Several duties of one order about one asset: the largest counts, since the same units can serve both.
        row.ordered = more if not row.stated else _larger(row.ordered, more)
        row.stated = True
    for freeze in freezes:
        if freeze.obligation is None or freeze.applied_at is None:
            continue
        for each in held.get(freeze.pk, []):
            _count(row_of(freeze.obligation.order.number, each.row.asset, each.row.decimals), freeze, each)
    for leg in _legs(case):
        row = row_of(leg.transfer.obligation.order.number, leg.held.asset, leg.held.decimals)
        if leg.transfer.status == TransferStatus.SETTLED:
            row.transferred += int(leg.amount)
        else:
            row.under_way += int(leg.amount)
    for entry in (
        LadderEntry.objects.of(case)
        .values_list("obligation__order__number", "asset", "decimals", "rung")
        .annotate(total=Sum("amount"))
    ):
        order, asset, decimals, rung, total = entry
        row = row_of(order, asset, decimals)
        setattr(
            row,
            {Rung.SEIZED: "seized", Rung.FORFEITED: "forfeited", Rung.RETURNED: "returned"}[rung],
            int(total),
        )
    ladder = sorted(rows.values(), key=lambda row: (row.order, row.asset))
    risks = [*_wallets(case, freezes, held, at=at), *_accounts(case, freezes, held, at=at)]
    return _priced(ladder, risks, at=at)


def entries_of(case: Case) -> list[LadderEntry]:
    """The entries of the ladder, the newest first. One query."""
    return list(
        LadderEntry.objects.of(case)
        .select_related("obligation", "written_by", "corrects", "corrected_by")
        .order_by("-number")[:200]
    )


def restraints_of(case: Case) -> list[Obligation]:
    """The duties to freeze or to transfer. One query."""
    return list(
        Obligation.objects.of(case)
        .filter(kind__in=[ObligationKind.FREEZE, ObligationKind.TRANSFER])
        .select_related("order")
        .order_by("number")
    )


def _larger(one: int | None, other: int | None) -> int | None:
    return None if one is None or other is None else max(one, other)


def _ordered(case: Case) -> list[OrderedAmount]:
    """The newest statement of each duty and asset."""
    return list(
        OrderedAmount.objects.of(case)
        .select_related("obligation__order")
        .order_by("obligation_id", "asset", "-id")
        .distinct("obligation_id", "asset")
    )


def _count(row: CoverRow, freeze: FreezeOrder, held: HeldRow) -> None:
    row.freezes.append(freeze.number)
    if held.still is None:
        row.frozen = None
        return
    if freeze.status in {FreezeStatus.RELEASED, FreezeStatus.WRONG_TARGET_REVERSED}:
        row.given_free += held.still + held.released
    elif row.frozen is not None and freeze.status in (
        FREEZE_STANDING | {str(FreezeStatus.TRANSFERRED), str(FreezeStatus.SETTLED)}
    ):
        row.frozen += held.still
        row.given_free += held.released


def _legs(case: Case) -> list[TransferLeg]:
    """What has left by transfers that were not given up."""
    return list(
        TransferLeg.objects.filter(transfer__case=case, state__in=[LegState.SENT, LegState.CONFIRMED])
        .exclude(transfer__status__in=TRANSFER_OVER - {str(TransferStatus.SETTLED)})
        .exclude(transfer__obligation__order__in=case.hidden_orders)
        .select_related("transfer__obligation__order", "held")
    )


def _standing_on(
    freezes: Iterable[FreezeOrder],
    held: dict[int, list[HeldRow]],
    *,
    wallet: int | None = None,
    account: int | None = None,
) -> tuple[dict[str, int], bool]:
    """What stands frozen on one target, by symbol; and whether a freeze takes all of it."""
    sums: dict[str, int] = {}
    whole = False
    for freeze in freezes:
        on_it = freeze.wallet_id == wallet if wallet is not None else freeze.account_id == account
        if not on_it or freeze.applied_at is None or freeze.status in FREEZE_FINAL:
            continue
        rows = held.get(freeze.pk, [])
        whole = whole or not rows
        for row in rows:
            sums[row.row.asset.upper()] = sums.get(row.row.asset.upper(), 0) + (row.still or 0)
    return sums, whole


def _wallets(
    case: Case, freezes: list[FreezeOrder], held: dict[int, list[HeldRow]], *, at: datetime
) -> list[AtRisk]:
    attached = list(attached_to(case).order_by("number"))
    since = {row.wallet_id: row.attached_at for row in attached}
    known: dict[int, list[BalanceView]] = balances_of(since, at=at, since=since, cadences={})
    found = []
    for row in attached:
        sums, whole = _standing_on(freezes, held, wallet=row.pk)
        for view in known.get(row.wallet_id, []):
            if view.amount == 0:
                continue
            there = view.amount
            frozen = (there or 0) if whole else min(there or 0, sums.get(view.asset.symbol.upper(), 0))
            found.append(
                AtRisk(
                    kind="wallet",
                    number=row.number,
                    name=row.label or row.wallet.address,
                    unit=Priced(view.asset.symbol, view.asset.decimals),
                    there=there,
                    frozen=frozen,
                    as_of=moment_of(view),
                    block=view.block_height,
                    stale=view.state != "ok",
                )
            )
    return found


def _accounts(
    case: Case, freezes: list[FreezeOrder], held: dict[int, list[HeldRow]], *, at: datetime
) -> list[AtRisk]:
    accounts = list(ExchangeAccount.objects.filter(case=case).order_by("number"))
    newest = (
        AccountHolding.objects.filter(account__in=accounts)
        .order_by("account_id", "asset", "-observed_at", "-id")
        .distinct("account_id", "asset")
    )
    by_account: dict[int, list[AccountHolding]] = {}
    for holding in newest:
        by_account.setdefault(holding.account_id, []).append(holding)
    found = []
    for account in accounts:
        sums, whole = _standing_on(freezes, held, account=account.pk)
        for holding in by_account.get(account.pk, []):
            there = int(holding.amount)
            if there == 0:
                continue
            found.append(
                AtRisk(
                    kind="account",
                    number=account.number,
                    name=account.account_number,
                    unit=Priced(holding.asset, holding.decimals),
                    there=there,
                    frozen=there if whole else min(there, sums.get(holding.asset.upper(), 0)),
                    as_of=holding.observed_at,
                    stale=holding.observed_at < at - BOOKS_STALE,
                )
            )
    return found


def _priced(rows: list[CoverRow], risks: list[AtRisk], *, at: datetime) -> Cover:
    """What is held, and what is at risk, in fiat with price and source. One query."""
    asked = [Worth(row.frozen, row.unit, at) for row in rows] + [
        Worth(risk.at_risk, risk.unit, risk.as_of) for risk in risks
    ]
    values = values_at(asked)
    for row, each in zip(rows, values, strict=False):
        row.values = each
    valued = [
        AtRisk(
            kind=risk.kind,
            number=risk.number,
            name=risk.name,
            unit=risk.unit,
            there=risk.there,
            frozen=risk.frozen,
            as_of=risk.as_of,
            block=risk.block,
            stale=risk.stale,
            values=each,
        )
        for risk, each in zip(risks, values[len(rows) :], strict=True)
    ]
    return Cover(rows, valued)
