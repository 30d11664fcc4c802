"""One case at a glance: a fixed number of queries and a bounded number of rows, however large the case is."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Case as CaseExpression
from django.db.models import IntegerField, Q, Value, When

from cases.models import (
    AccountHolding,
    Case,
    CaseTag,
    ExchangeAccount,
    FreezeOrder,
    LegalOrder,
    Membership,
    Subject,
)
from cases.queries import due
from cases.queries.life import BOOKS_STALE
from cases.queries.wallets import RefreshState, WalletRow, attached_to, refresh_state, rows_for
from cases.queries.work import basis_ended_numbers
from cases.status import FREEZE_FINAL, ORDER_FINAL

SHOWN = 8


@dataclass(frozen=True, slots=True)
class Figure:
    """What an account held of one asset, with the unit as the pages want it. `stale`: too long ago to be taken for now."""

    holding: AccountHolding
    stale: bool = False

    @property
    def unit(self) -> dict[str, object]:
        return {"symbol": self.holding.asset, "decimals": self.holding.decimals}


@dataclass(frozen=True, slots=True)
class AccountRow:
    """An account with the newest figure of each asset."""

    account: ExchangeAccount
    figures: list[Figure]


@dataclass(frozen=True, slots=True)
class Overview:
    deadlines: list[due.DueItem]
    freezes: list[FreezeOrder]
    basis_ended: list[int]
    orders: list[LegalOrder]
    accounts: list[AccountRow]
    subjects: list[Subject]
    members: list[Membership]
    tags: list[str]


@dataclass(frozen=True, slots=True)
class Holdings:
    """The first wallets with their balances, and how far the refresh of all has come."""

    rows: list[WalletRow]
    refresh: RefreshState


def of_case(case: Case, *, at: datetime) -> Overview:
    """What the case page shows beside the balances."""
    scope = Q(case=case)
    accounts = list(
        ExchangeAccount.objects.filter(scope).select_related("subject").order_by("number")[:SHOWN]
    )
    return Overview(
        deadlines=due.nearest(due.Scope.of_case(case), limit=SHOWN),
        freezes=list(
            FreezeOrder.objects.of(case)
            .select_related("wallet__wallet", "account", "obligation__order", "proposed_by")
            .order_by(_ended_last(FREEZE_FINAL), "-number")[:SHOWN]
        ),
        basis_ended=basis_ended_numbers(case, at=at),
        orders=list(LegalOrder.objects.of(case).order_by(_ended_last(ORDER_FINAL), "-number")[:SHOWN]),
        accounts=with_holdings(accounts, at=at),
        subjects=list(Subject.objects.filter(scope).order_by("number")[:SHOWN]),
        members=members_of(case),
        tags=list(CaseTag.objects.filter(scope).order_by("name").values_list("name", flat=True)),
    )


def _ended_last(final: frozenset[str]) -> CaseExpression:
    return CaseExpression(
        When(status__in=final, then=Value(1)), default=Value(0), output_field=IntegerField()
    )


def balances(case: Case, *, at: datetime) -> Holdings:
    """The balances part of the case page."""
    first = list(attached_to(case).order_by("number")[:SHOWN])
    return Holdings(rows_for(first, at=at), refresh_state(case, at=at))


def members_of(case: Case) -> list[Membership]:
    """Who is in the case now: those who work in it, then the readers."""
    return list(
        Membership.objects.filter(case=case, ended_at__isnull=True)
        .select_related("user", "added_by")
        .order_by("reader", "user__name", "pk")
    )


def former_members_of(case: Case, *, limit: int = 50) -> list[Membership]:
    """Who was in the case, the last one first."""
    return list(
        Membership.objects.filter(case=case, ended_at__isnull=False)
        .select_related("user", "ended_by")
        .order_by("-ended_at", "-pk")[:limit]
    )


def with_holdings(accounts: Sequence[ExchangeAccount], *, at: datetime) -> list[AccountRow]:
    """The newest figure per asset of each account. One query."""
    newest: dict[int, list[Figure]] = {}
    for holding in (
        AccountHolding.objects.filter(account__in=[account.pk for account in accounts])
        .order_by("account_id", "asset", "-observed_at", "-id")
        .distinct("account_id", "asset")
    ):
        newest.setdefault(holding.account_id, []).append(
            Figure(holding, stale=holding.observed_at < at - BOOKS_STALE)
        )
    return [AccountRow(account, newest.get(account.pk, [])) for account in accounts]
