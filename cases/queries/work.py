"""What waits for a person beside deadlines: signatures, freezes and orders that need a hand, sources that fail.

Everything here is asked of the cases that the person may see, in a number of queries that does not depend on how many
there are.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, F, Q, QuerySet

from cases.models import Case, CaseWallet, Export, FreezeOrder, LegalOrder, Membership
from cases.people.models import User
from cases.permissions import Permission, of_member
from cases.queries.cases import LIST_KEYS, CaseRow, with_counts
from cases.queries.paging import Walk
from cases.queries.sight import Sight, visible_ids
from cases.status import (
    FREEZE_STANDING,
    OBLIGATION_FINAL,
    ORDER_FINAL,
    CaseStatus,
    ExportStatus,
    FreezeStatus,
    ObligationStatus,
    OrderStatus,
)

LIMIT = 25
# An export that was finished longer ago than this is no longer news.
FRESH = timedelta(days=7)

# As in `actions.freezes.require_live_basis`: a duty that was met still carries the freeze it asked for.
_DUTY_ENDED = OBLIGATION_FINAL - {str(ObligationStatus.MET)}
_TO_SIGN = [FreezeStatus.PROPOSED, FreezeStatus.RELEASE_PROPOSED]
_TO_APPLY = [
    FreezeStatus.APPLY_FAILED,
    FreezeStatus.APPROVED,
    FreezeStatus.APPLYING,
    FreezeStatus.APPLIED,
]


def _freezes(sight: Sight) -> "QuerySet[FreezeOrder]":
    # In a closed case the actions refuse every step: nothing in it waits for anybody.
    return (
        FreezeOrder.objects.filter(sight.cases)
        .unsealed_from(sight.hidden)
        .exclude(case__status=CaseStatus.CLOSED)
    )


@dataclass(frozen=True, slots=True)
class Waiting:
    """Freezes that wait for somebody. `to_sign`: for this person's signature, freezes and releases, never those that she
    proposed. `to_be_signed`: for somebody else's. `to_apply`: approved and not confirmed yet, those that failed first.
    """

    to_sign: list[FreezeOrder]
    to_be_signed: list[FreezeOrder]
    to_apply: list[FreezeOrder]


def waiting(user: User, sight: Sight, *, limit: int = LIMIT) -> Waiting:
    """What waits in the cases that the person sees, each list by the time of its proposal. Four queries at most.

    The few are found before anything is joined to them, which the planner would do with all that wait.
    """
    mine = _for_signature(user, sight)
    others = _freezes(sight).filter(status__in=_TO_SIGN)
    if may_sign(user):
        others = others.exclude(pk__in=mine.values("pk"))
    keys = [
        _first(mine, limit) if may_sign(user) else [],
        _first(others, limit),
        _first(_freezes(sight).filter(status__in=_TO_APPLY), limit),
    ]
    found = {
        freeze.pk: freeze
        for freeze in FreezeOrder.objects.filter(
            pk__in={key for each in keys for key in each}
        ).select_related(
            "case", "wallet__wallet", "account", "proposed_by", "release_proposed_by", "obligation__order"
        )
    }
    to_sign, to_be_signed, to_apply = ([found[key] for key in each] for each in keys)
    to_apply.sort(key=lambda freeze: freeze.status != FreezeStatus.APPLY_FAILED)
    return Waiting(to_sign, to_be_signed, to_apply)


def _first(rows: "QuerySet[FreezeOrder]", limit: int) -> list[int]:
    return list(rows.order_by("proposed_at", "id").values_list("pk", flat=True)[:limit])


def may_sign(user: User) -> bool:
    """Whether the person's role signs at all, in the cases that she is a member of."""
    return Permission.FREEZE_APPROVE in of_member(user.role, reader=False)


def _for_signature(user: User, sight: Sight) -> "QuerySet[FreezeOrder]":
    """What this person could sign: never what she proposed, and nothing where she only reads."""
    member_of = Membership.objects.filter(user=user, reader=False, ended_at__isnull=True).values("case_id")
    return (
        _freezes(sight)
        .filter(case__in=member_of)
        .filter(
            (Q(status=FreezeStatus.PROPOSED) & ~Q(proposed_by=user) & ~Q(approvals__approver=user))
            | (Q(status=FreezeStatus.RELEASE_PROPOSED) & ~Q(release_proposed_by=user))
        )
    )


def to_close(user: User, *, limit: int = LIMIT) -> list[Case]:
    """Cases whose closing somebody else asked for and this person may decide on, the first asked first. One query."""
    if Permission.CLOSE not in of_member(user.role, reader=False):
        return []
    member_of = Membership.objects.filter(user=user, reader=False, ended_at__isnull=True).values("case_id")
    rows = Case.objects.visible_to(user).filter(pk__in=member_of, status=CaseStatus.CLOSING)
    return list(
        rows.exclude(closing_asked_by=user)
        .select_related("closing_asked_by")
        .defer("summary")
        .order_by("closing_asked_at", "id")[:limit]
    )


def _basis_ended(sight: Sight, at: datetime) -> "QuerySet[FreezeOrder]":
    return (
        FreezeOrder.objects.filter(sight.cases)
        .unsealed_from(sight.hidden)
        .filter(status__in=[*FREEZE_STANDING, FreezeStatus.APPROVED, FreezeStatus.APPLYING])
        .filter(
            Q(obligation__status__in=_DUTY_ENDED)
            | Q(obligation__order__status__in=ORDER_FINAL)
            | Q(obligation__isnull=True, formal_order_by__lt=at)
            | Q(ends_at__lte=at)
            | Q(ends_at__isnull=True, obligation__order__ends_at__lte=at)
        )
        .order_by("proposed_at", "id")
    )


def basis_ended(sight: Sight, *, at: datetime, limit: int = LIMIT) -> list[FreezeOrder]:
    """Freezes that stand, or are about to, while what they rest on has ended. An alert, never a release. One query."""
    return list(
        _basis_ended(sight, at).select_related("case", "wallet__wallet", "account", "obligation__order")[
            :limit
        ]
    )


def basis_ended_numbers(case: Case, *, at: datetime) -> list[int]:
    """The numbers of such freezes in one case. One query."""
    return list(_basis_ended(Sight.of_case(case), at).values_list("number", flat=True)[:LIMIT])


def unverified(sight: Sight, *, limit: int = LIMIT) -> list[LegalOrder]:
    """Orders on which nothing may be done before they are verified; who waits longest first. One query."""
    return list(
        LegalOrder.objects.filter(sight.cases, status__in=[OrderStatus.RECEIVED, OrderStatus.VERIFYING])
        .unsealed_from(sight.hidden)
        .select_related("case")
        .order_by("received_at", "id")[:limit]
    )


def exports_of(user: User, *, at: datetime, limit: int = 10) -> list[Export]:
    """Case files that the person asked for lately: waiting, ready, failed. One query."""
    return list(
        Export.objects.filter(requested_by=user, share__isnull=True, case__in=visible_ids(user))
        .filter(Q(status__in=[ExportStatus.QUEUED, ExportStatus.RUNNING]) | Q(finished_at__gte=at - FRESH))
        .select_related("case")
        .order_by("-requested_at", "-id")[:limit]
    )


def failing_wallets(sight: Sight, *, limit: int = 10) -> list[CaseWallet]:
    """Wallets whose source does not answer, the longest first; one more than `limit` where there are more. One query."""
    return list(
        CaseWallet.objects.filter(
            sight.cases,
            detached_at__isnull=True,
            wallet__state__failing_since__isnull=False,
            # That it failed before was seen by somebody else's looks.
            wallet__state__last_look_at__gte=F("attached_at"),
        )
        .select_related("case", "wallet__state")
        .order_by("wallet__state__failing_since", "id")[: limit + 1]
    )


def recent_cases(user: User, *, limit: int = 8) -> list[CaseRow]:
    """The cases in which something happened last. Four queries."""
    walk = Walk(LIST_KEYS, True, None)
    rows = Case.objects.visible_to(user).select_related("lead").defer("summary")
    return with_counts(list(rows.order_by(*walk.ordering())[:limit]), user)


def cases_by_status(user: User) -> dict[str, int]:
    """How many visible cases are in each status. One query."""
    rows = Case.objects.visible_to(user).order_by().values("status").annotate(n=Count("pk"))
    return {row["status"]: row["n"] for row in rows}
