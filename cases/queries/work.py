"""What waits for a person: due dates, signatures, freezes and orders that need a hand, sources that fail.

Everything here is asked of the cases that the person may see, in a number of queries that does not depend on how many
there are.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from django.db.models import Count, F, Q, QuerySet
from django.utils.functional import Promise

from cases.models import Case, CaseWallet, Export, FreezeOrder, LegalOrder, Membership, Obligation
from cases.people.models import User
from cases.permissions import Permission, of_member
from cases.queries.cases import LIST_KEYS, CaseRow, with_counts
from cases.queries.paging import Walk
from cases.status import (
    FREEZE_FINAL,
    FREEZE_STANDING,
    OBLIGATION_FINAL,
    ORDER_FINAL,
    ExportStatus,
    FreezeStatus,
    ObligationStatus,
    OrderStatus,
)

LIMIT = 25
SOON = timedelta(days=7)
# An export that was finished longer ago than this is no longer news.
FRESH = timedelta(days=7)

_ORDER_DONE = ORDER_FINAL | {str(OrderStatus.COMPLIED)}
# As in `actions.freezes.require_live_basis`: a duty that was met still carries the freeze it asked for.
_DUTY_ENDED = OBLIGATION_FINAL - {str(ObligationStatus.MET)}
_TO_APPLY = [
    FreezeStatus.APPLY_FAILED,
    FreezeStatus.APPROVED,
    FreezeStatus.APPLYING,
    FreezeStatus.APPLIED,
]

DueKind = Literal["obligation", "order", "hold"]


@dataclass(frozen=True, slots=True)
class DueItem:
    """One deadline. `number` is that of the order (for an obligation and an order) or of the freeze (for a hold)."""

    kind: DueKind
    due_at: datetime
    case: Case
    number: int
    title: str | Promise
    subtitle: str
    responsible: User | None = None


@dataclass(frozen=True, slots=True)
class Deadlines:
    """The nearest deadlines, and how many are overdue or fall within the next days."""

    items: list[DueItem]
    overdue: int
    soon: int


def visible_ids(user: User) -> "QuerySet[Case, int]":
    return Case.objects.visible_to(user).order_by().values_list("pk", flat=True)


def _open_obligations() -> "QuerySet[Obligation]":
    return Obligation.objects.filter(
        due_at__isnull=False,
        status__in=[ObligationStatus.OPEN, ObligationStatus.IN_PROGRESS, ObligationStatus.OVERDUE],
    )


def _open_orders() -> "QuerySet[LegalOrder]":
    return LegalOrder.objects.filter(due_at__isnull=False).exclude(status__in=_ORDER_DONE)


def _open_holds() -> "QuerySet[FreezeOrder]":
    return FreezeOrder.objects.filter(formal_order_by__isnull=False).exclude(status__in=FREEZE_FINAL)


def deadlines(scope: Q, *, at: datetime, limit: int = LIMIT) -> Deadlines:
    """The deadlines of the cases in `scope`, a condition on `case`. Six queries."""
    obligations = _open_obligations().filter(scope)
    orders = _open_orders().filter(scope)
    holds = _open_holds().filter(scope)
    items = [
        *_due_obligations(obligations, limit),
        *_due_orders(orders, limit),
        *_due_holds(holds, limit),
    ]
    items.sort(key=lambda item: item.due_at)
    counts = [
        obligations.aggregate(**_late_and_soon("due_at", at)),
        orders.aggregate(**_late_and_soon("due_at", at)),
        holds.aggregate(**_late_and_soon("formal_order_by", at)),
    ]
    return Deadlines(
        items[:limit], sum(count["overdue"] for count in counts), sum(count["soon"] for count in counts)
    )


def _late_and_soon(field: str, at: datetime) -> dict[str, Count]:
    return {
        "overdue": Count("pk", filter=Q(**{f"{field}__lt": at})),
        "soon": Count("pk", filter=Q(**{f"{field}__gte": at, f"{field}__lte": at + SOON})),
    }


def _due_obligations(rows: "QuerySet[Obligation]", limit: int) -> list[DueItem]:
    rows = rows.select_related("case", "order", "responsible").order_by("due_at", "id")
    return [
        DueItem(
            "obligation",
            row.due_at,
            row.case,
            row.order.number,
            row.get_kind_display(),
            row.order.agency_reference,
            row.responsible,
        )
        for row in rows[:limit]
        if row.due_at is not None
    ]


def _due_orders(rows: "QuerySet[LegalOrder]", limit: int) -> list[DueItem]:
    return [
        DueItem("order", row.due_at, row.case, row.number, row.get_instrument_display(), row.agency_reference)
        for row in rows.select_related("case").order_by("due_at", "id")[:limit]
        if row.due_at is not None
    ]


def _due_holds(rows: "QuerySet[FreezeOrder]", limit: int) -> list[DueItem]:
    rows = rows.select_related("case", "wallet__wallet", "account").order_by("formal_order_by", "id")
    return [
        DueItem("hold", row.formal_order_by, row.case, row.number, target_text(row), row.policy_hold)
        for row in rows[:limit]
        if row.formal_order_by is not None
    ]


def target_text(freeze: FreezeOrder) -> str:
    """What a freeze holds, in one line; `wallet__wallet` and `account` must be there already."""
    if freeze.wallet is not None:
        return freeze.wallet.label or freeze.wallet.wallet.address
    return freeze.account.account_number if freeze.account is not None else ""


def _freezes(scope: Q) -> "QuerySet[FreezeOrder]":
    return FreezeOrder.objects.filter(scope).select_related(
        "case", "wallet__wallet", "account", "proposed_by", "release_proposed_by", "obligation__order"
    )


def to_sign(user: User, *, limit: int = LIMIT) -> list[FreezeOrder]:
    """Freezes and releases that wait for this person's signature: never those that she proposed. One query."""
    if Permission.FREEZE_APPROVE not in of_member(user.role, reader=False):
        return []
    may_sign = Membership.objects.filter(user=user, reader=False, ended_at__isnull=True).values("case_id")
    return list(
        _freezes(Q(case__in=visible_ids(user)) & Q(case__in=may_sign))
        .filter(
            (Q(status=FreezeStatus.PROPOSED) & ~Q(proposed_by=user) & ~Q(approvals__approver=user))
            | (Q(status=FreezeStatus.RELEASE_PROPOSED) & ~Q(release_proposed_by=user))
        )
        .order_by("proposed_at", "id")[:limit]
    )


def to_apply(scope: Q, *, limit: int = LIMIT) -> list[FreezeOrder]:
    """Freezes that were approved and do not stand confirmed yet; those that failed first. One query."""
    rows = _freezes(scope).filter(status__in=_TO_APPLY).order_by("proposed_at", "id")[:limit]
    return sorted(rows, key=lambda freeze: freeze.status != FreezeStatus.APPLY_FAILED)


def basis_ended(scope: Q, *, at: datetime, limit: int = LIMIT) -> list[FreezeOrder]:
    """Freezes that stand, or are about to, while what they rest on has ended. An alert, never a release. One query."""
    return list(
        _freezes(scope)
        .filter(status__in=[*FREEZE_STANDING, FreezeStatus.APPROVED, FreezeStatus.APPLYING])
        .filter(
            Q(obligation__status__in=_DUTY_ENDED)
            | Q(obligation__order__status__in=ORDER_FINAL)
            | Q(obligation__isnull=True, formal_order_by__lt=at)
        )
        .order_by("proposed_at", "id")[:limit]
    )


def unverified(scope: Q, *, limit: int = LIMIT) -> list[LegalOrder]:
    """Orders on which nothing may be done before they are verified; the nearest due first. One query."""
    return list(
        LegalOrder.objects.filter(scope, status__in=[OrderStatus.RECEIVED, OrderStatus.VERIFYING])
        .select_related("case")
        .order_by(F("due_at").asc(nulls_last=True), "received_at", "id")[:limit]
    )


def exports_of(user: User, *, at: datetime, limit: int = 10) -> list[Export]:
    """Case files that the person asked for lately: waiting, ready, failed. One query."""
    return list(
        Export.objects.filter(requested_by=user, share__isnull=True, case__in=visible_ids(user))
        .filter(Q(status__in=[ExportStatus.QUEUED, ExportStatus.RUNNING]) | Q(finished_at__gte=at - FRESH))
        .select_related("case")
        .order_by("-requested_at", "-id")[:limit]
    )


def failing_wallets(scope: Q, *, limit: int = 10) -> tuple[list[CaseWallet], int]:
    """Wallets whose source does not answer, the longest first, and how many there are. Two queries."""
    rows = CaseWallet.objects.filter(
        scope, detached_at__isnull=True, wallet__state__failing_since__isnull=False
    )
    shown = rows.select_related("case", "wallet__state").order_by("wallet__state__failing_since", "id")[
        :limit
    ]
    return list(shown), rows.count()


def recent_cases(user: User, *, limit: int = 8) -> list[CaseRow]:
    """The cases in which something happened last. Four queries."""
    walk = Walk(LIST_KEYS, True, None)
    rows = Case.objects.visible_to(user).select_related("lead").defer("summary")
    return with_counts(list(rows.order_by(*walk.ordering())[:limit]))


def cases_by_status(user: User) -> dict[str, int]:
    """How many visible cases are in each status. One query."""
    rows = Case.objects.visible_to(user).order_by().values("status").annotate(n=Count("pk"))
    return {row["status"]: row["n"] for row in rows}
