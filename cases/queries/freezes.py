"""Freezes of a case, what one rests on and holds, and what can be proposed: a fixed number of queries each."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.db.models import Q

from cases.access import NotFound
from cases.models import (
    AccountHolding,
    Case,
    CaseWallet,
    ExchangeAccount,
    FreezeAmount,
    FreezeApproval,
    FreezeOrder,
    LegalOrder,
    Obligation,
    ObligationKind,
)
from cases.queries.orders import BY_NUMBER
from cases.queries.paging import PAGE_SIZE, Page, keyset
from cases.queries.wallets import known_to
from cases.status import (
    FREEZE_STANDING,
    OBLIGATION_FINAL,
    ORDER_EXECUTABLE,
    ORDER_FINAL,
    FreezeStatus,
    ObligationStatus,
)
from wallets.snapshots import BalanceView


@dataclass(frozen=True, slots=True)
class Basis:
    """What a freeze rests on, and whether that still carries it."""

    freeze: FreezeOrder
    order: LegalOrder | None

    @property
    def verified(self) -> bool:
        """Whether the order was found authentic. A policy hold has no order to verify."""
        return self.order is None or self.order.verified_at is not None

    @property
    def ended(self) -> bool:
        """Whether the order, or the duty in it, has ended without having been met."""
        if self.order is None or self.freeze.obligation is None:
            return False
        return self.order.status in ORDER_FINAL or self.freeze.obligation.status in OBLIGATION_FINAL - {
            str(ObligationStatus.MET)
        }

    @property
    def executable(self) -> bool:
        """Whether a hold may be set on it now."""
        return self.order is None or (self.verified and self.order.status in ORDER_EXECUTABLE)

    def lapsed(self, at: datetime) -> bool:
        """Whether the term of the freeze is over, or that of its order where it has none of its own: a policy hold waits
        for its formal order past the date for it.
        """
        by = self.freeze.ends_at or self.freeze.formal_order_by
        if by is None and self.order is not None:
            by = self.order.ends_at
        return by is not None and by <= at

    @property
    def alarming(self) -> bool:
        """A hold stands although nothing carries it any more."""
        return self.ended and self.freeze.status in FREEZE_STANDING


def basis_of(freeze: FreezeOrder) -> Basis:
    """The basis of a freeze that was fetched with `obligation__order`."""
    return Basis(freeze, None if freeze.obligation is None else freeze.obligation.order)


@dataclass(frozen=True, slots=True)
class FreezeRow:
    """A line of the list."""

    freeze: FreezeOrder
    basis: Basis
    amounts: list[FreezeAmount]
    agreed: int


def _rows(freezes: Sequence[FreezeOrder]) -> list[FreezeRow]:
    ids = [freeze.pk for freeze in freezes]
    amounts: dict[int, list[FreezeAmount]] = {}
    for amount in FreezeAmount.objects.filter(freeze__in=ids).order_by("asset"):
        amounts.setdefault(amount.freeze_id, []).append(amount)
    agreed: dict[int, int] = {}
    for freeze_id in FreezeApproval.objects.filter(freeze__in=ids, agrees=True).values_list(
        "freeze_id", flat=True
    ):
        agreed[freeze_id] = agreed.get(freeze_id, 0) + 1
    return [
        FreezeRow(freeze, basis_of(freeze), amounts.get(freeze.pk, []), agreed.get(freeze.pk, 0))
        for freeze in freezes
    ]


def freeze_list(
    case: Case, *, after: str | None = None, before: str | None = None, size: int = PAGE_SIZE
) -> Page[FreezeRow]:
    """The freezes of a case, newest first. Three queries, whatever their number."""
    freezes = FreezeOrder.objects.of(case).select_related(
        "wallet__wallet", "account", "obligation__order", "proposed_by"
    )
    page = keyset(freezes, keys=BY_NUMBER, after=after, before=before, size=size)
    return Page(_rows(page.rows), page.next_cursor, page.previous_cursor)


@dataclass(frozen=True, slots=True)
class FreezeContent:
    """All that a freeze's page shows."""

    freeze: FreezeOrder
    basis: Basis
    amounts: list[FreezeAmount]
    approvals: list[FreezeApproval]
    balances: list[BalanceView] = field(default_factory=list)
    holdings: list[AccountHolding] = field(default_factory=list)

    @property
    def agreed(self) -> int:
        return sum(approval.agrees for approval in self.approvals)

    @property
    def missing(self) -> int:
        """How many approvals are still asked for."""
        return max(0, self.freeze.approvals_required - self.agreed)

    def signed_by(self, user_id: int) -> bool:
        return any(approval.approver_id == user_id for approval in self.approvals)


def freeze_of(case: Case, number: int) -> FreezeOrder:
    """The freeze with this number, its target, basis and people. One query. Raises NotFound."""
    freeze = (
        FreezeOrder.objects.of(case)
        .select_related(
            "wallet__wallet",
            "account",
            "obligation__order",
            "proposed_by",
            "applied_by",
            "confirmed_by",
            "release_proposed_by",
            "released_by",
            "corrects",
            "corrected_by",
        )
        .filter(number=number)
        .first()
    )
    if freeze is None:
        raise NotFound
    return freeze


def freeze_content(freeze: FreezeOrder, *, at: datetime) -> FreezeContent:
    """What stands beside the freeze itself: the amounts with their proofs, the words given, what is there now."""
    amounts = freeze.amounts.select_related(
        "chain_asset",
        "sighting_proposed__batch",
        "sighting_applied__batch",
        "holding_proposed",
        "holding_applied",
    ).order_by("asset")
    wallet = freeze.wallet
    return FreezeContent(
        freeze=freeze,
        basis=basis_of(freeze),
        amounts=list(amounts),
        approvals=list(freeze.approvals.select_related("approver").order_by("given_at", "pk")),
        balances=[] if wallet is None else known_to([wallet], at=at).get(wallet.wallet_id, []),
        holdings=[] if freeze.account is None else latest_holdings(freeze.account),
    )


def latest_holdings(account: ExchangeAccount) -> list[AccountHolding]:
    """The newest holding of each asset, by the exchange's books. One query."""
    return list(
        AccountHolding.objects.filter(account=account)
        .order_by("asset", "-observed_at", "-pk")
        .distinct("asset")
    )


# ── What can be proposed ──────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class AssetRow:
    """One asset of a target with what is known of it: a view of a balance, or a holding."""

    symbol: str
    decimals: int
    view: BalanceView | None = None
    holding: AccountHolding | None = None

    @property
    def known(self) -> int | None:
        """Base units last seen; None where nothing was."""
        if self.view is not None:
            return self.view.amount
        return None if self.holding is None else int(self.holding.amount)


@dataclass(frozen=True, slots=True)
class Target:
    """What a freeze is to hold: a wallet or an account of the case, and the assets known there."""

    wallet: CaseWallet | None = None
    account: ExchangeAccount | None = None
    assets: list[AssetRow] = field(default_factory=list)

    @property
    def key(self) -> str:
        """How it is named in a form: `wallet-3` or `account-1`, by its number in the case."""
        if self.wallet is not None:
            return f"wallet-{self.wallet.number}"
        return "" if self.account is None else f"account-{self.account.number}"


def targets_of(case: Case) -> tuple[list[CaseWallet], list[ExchangeAccount]]:
    """The attached wallets and the accounts of the case. Two queries."""
    return (
        list(
            CaseWallet.objects.filter(case=case, detached_at__isnull=True)
            .select_related("wallet")
            .order_by("number")
        ),
        list(ExchangeAccount.objects.filter(case=case).order_by("number")),
    )


def target_of(case: Case, key: str, *, at: datetime) -> Target:
    """The target that a form names. Raises NotFound."""
    kind, _dash, number = key.partition("-")
    if kind not in {"wallet", "account"} or not (number.isascii() and number.isdigit() and len(number) < 10):
        raise NotFound
    if kind == "wallet":
        wallet = (
            CaseWallet.objects.select_related("wallet")
            .filter(case=case, number=int(number), detached_at__isnull=True)
            .first()
        )
        if wallet is None:
            raise NotFound
        views = known_to([wallet], at=at).get(wallet.wallet_id, [])
        return Target(
            wallet=wallet, assets=[AssetRow(v.asset.symbol, v.asset.decimals, view=v) for v in views]
        )
    account = ExchangeAccount.objects.filter(case=case, number=int(number)).first()
    if account is None:
        raise NotFound
    return Target(
        account=account,
        assets=[AssetRow(h.asset, h.decimals, holding=h) for h in latest_holdings(account)],
    )


def live_duties(case: Case) -> list[Obligation]:
    """The duties that a freeze may rest on: to freeze or to transfer, not ended, in an order that has not ended."""
    return list(
        Obligation.objects.of(case)
        .select_related("order")
        .filter(kind__in=[ObligationKind.FREEZE, ObligationKind.TRANSFER])
        .exclude(order__status__in=ORDER_FINAL)
        .exclude(Q(status__in=OBLIGATION_FINAL) & ~Q(status=ObligationStatus.MET))
        .order_by("order__number", "number")
    )


def uncorrected(case: Case) -> list[FreezeOrder]:
    """The freezes that hit the wrong target, were taken off, and have no correction yet."""
    return list(
        FreezeOrder.objects.of(case)
        .filter(status=FreezeStatus.WRONG_TARGET_REVERSED, corrected_by__isnull=True)
        .order_by("number")
    )
