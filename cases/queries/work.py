"""What waits for a person beside deadlines: signatures, freezes and orders that need a hand, sources that fail.

Everything here is asked of the cases that the person may see, in a number of queries that does not depend on how many
there are.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import CharField, Count, F, Q, QuerySet, Value
from django.db.models.functions import Coalesce, NullIf

from cases.models import Case, CaseWallet, Export, FreezeOrder, LegalOrder, Membership
from cases.people.models import User
from cases.permissions import Permission, of_member
from cases.queries.cases import LIST_KEYS
from cases.queries.due import CaseRef
from cases.queries.paging import Walk
from cases.queries.sight import Sight
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
class WaitingFreeze:
    """A freeze as a list shows it. `wallet_label` and `address` are None where it is an account's, `account_number` where
    it is a wallet's; the order's two fields are None where it is a policy hold.
    """

    number: int
    status: str
    proposed_at: datetime
    release_proposed_at: datetime | None
    formal_order_by: datetime | None
    case: CaseRef
    wallet_label: str | None
    address: str | None
    account_number: str | None
    proposed_by: str
    release_proposed_by: str | None
    agency_reference: str | None
    order_status: str | None


@dataclass(frozen=True, slots=True)
class Waiting:
    """Freezes that wait for somebody. `to_sign`: for this person's signature, freezes and releases, never those that she
    proposed. `to_be_signed`: for somebody else's. `to_apply`: approved and not confirmed yet, those that failed first.
    `basis_ended`: those that stand, or are about to, while what they rest on has ended; an alert, never a release.
    """

    to_sign: list[WaitingFreeze]
    to_be_signed: list[WaitingFreeze]
    to_apply: list[WaitingFreeze]
    basis_ended: list[WaitingFreeze]


def waiting(user: User, sight: Sight, *, at: datetime, limit: int = LIMIT) -> Waiting:
    """What waits in the cases that the person sees, each list by the time of its proposal. Two queries.

    The few are found before anything is joined to them, which the planner would do with all that wait.
    """
    others = _freezes(sight).filter(status__in=_TO_SIGN)
    asked = [others, _freezes(sight).filter(status__in=_TO_APPLY), _basis_ended(sight, at)]
    if may_sign(user):
        mine = _for_signature(user, sight)
        asked[0] = others.exclude(pk__in=mine.values("pk"))
        asked.append(mine)
    first, *rest = (
        rows.order_by("proposed_at", "id").values_list(Value(place), "pk", "proposed_at")[:limit]
        for place, rows in enumerate(asked)
    )
    keys: list[list[int]] = [[], [], [], []]
    for place, key, _proposed_at in first.union(*rest, all=True).order_by("proposed_at", "pk"):
        keys[place].append(key)
    found = _shown({key for each in keys for key in each})
    to_be_signed, to_apply, basis_ended, to_sign = ([found[key] for key in each] for each in keys)
    to_apply.sort(key=lambda freeze: freeze.status != FreezeStatus.APPLY_FAILED)
    return Waiting(to_sign, to_be_signed, to_apply, basis_ended)


def _shown(keys: set[int]) -> "dict[int, WaitingFreeze]":
    """These freezes, with what a list shows of them and nothing else: no row of eight tables is made for each. One query."""
    rows = FreezeOrder.objects.filter(pk__in=keys).values_list(
        "pk",
        "number",
        "status",
        "proposed_at",
        "release_proposed_at",
        "formal_order_by",
        "case__reference",
        "case__title",
        "wallet__label",
        "wallet__wallet__address",
        "account__account_number",
        _name_of("proposed_by"),
        _name_of("release_proposed_by"),
        "obligation__order__agency_reference",
        "obligation__order__status",
    )
    return {
        key: WaitingFreeze(number, status, proposed, release, formal, CaseRef(reference, title), *others)
        for key, number, status, proposed, release, formal, reference, title, *others in rows
    }


def _name_of(person: str) -> Coalesce:
    # As `User.__str__` says it.
    return Coalesce(NullIf(f"{person}__name", Value("")), f"{person}__email", output_field=CharField())


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
        .only("reference", "title", "closing_asked_at", "closing_asked_by__name", "closing_asked_by__email")
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
    )


def basis_ended_numbers(case: Case, *, at: datetime) -> list[int]:
    """The numbers of such freezes in one case. One query."""
    rows = _basis_ended(Sight.of_case(case), at).order_by("proposed_at", "id")
    return list(rows.values_list("number", flat=True)[:LIMIT])


def unverified(sight: Sight, *, limit: int = LIMIT) -> list[LegalOrder]:
    """Orders on which nothing may be done before they are verified; who waits longest first. One query."""
    return list(
        LegalOrder.objects.filter(sight.cases, status__in=[OrderStatus.RECEIVED, OrderStatus.VERIFYING])
        .unsealed_from(sight.hidden)
        .select_related("case")
        .only(
            "number",
            "status",
            "received_at",
            "instrument",
            "instrument_label",
            "issuing_authority",
            "agency_reference",
            "case__reference",
            "case__title",
        )
        .order_by("received_at", "id")[:limit]
    )


def exports_of(user: User, sight: Sight, *, at: datetime, limit: int = 10) -> list[Export]:
    """Case files that the person asked for lately: waiting, ready, failed. One query."""
    return list(
        Export.objects.filter(sight.cases, requested_by=user, share__isnull=True)
        .filter(Q(status__in=[ExportStatus.QUEUED, ExportStatus.RUNNING]) | Q(finished_at__gte=at - FRESH))
        .select_related("case")
        .only("reference", "status", "requested_at", "case__reference", "case__title")
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
        .only(
            "number",
            "label",
            "case__reference",
            "wallet__chain",
            "wallet__address",
            "wallet__state__failing_since",
        )
        .order_by("wallet__state__failing_since", "id")[: limit + 1]
    )


def recent_cases(user: User, *, limit: int = 8) -> list[Case]:
    """The cases in which something happened last. One query."""
    walk = Walk(LIST_KEYS, True, None)
    rows = Case.objects.visible_to(user).only("reference", "title", "status")
    return list(rows.order_by(*walk.ordering())[:limit])


def cases_by_status(user: User) -> dict[str, int]:
    """How many visible cases are in each status. One query."""
    rows = Case.objects.visible_to(user).order_by().values("status").annotate(n=Count("pk"))
    return {row["status"]: row["n"] for row in rows}
