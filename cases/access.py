"""The one door to a case, and the second one to what is shared with a liaison.

Unknown and invisible are the same: NotFound, which every interface answers with the same bytes. Visible but not allowed
is Denied, which is recorded. Actions take the Grant that a door returns, so none can be called without one.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db.models import Q, QuerySet

from cases.audit.record import record, record_system
from cases.models import Case, Export, LegalOrder, MatterShare, Membership, OrderReader, hidden_in
from cases.models.refusals import Told
from cases.people.models import Role, User
from cases.permissions import (
    MATTER_PERMISSIONS,
    GlobalPermission,
    Permission,
    allows,
    of_member,
)
from cases.references import PATTERN, normalised
from cases.refusals import tell_or_count

__all__ = [
    "PATTERN",
    "Denied",
    "Disposed",
    "Grant",
    "MatterGrant",
    "NotFound",
    "case_for",
    "export_for",
    "live_shares",
    "matter_for",
    "may_know",
    "record_denial",
    "require_global",
]


class NotFound(Exception):
    """There is no such thing for this person."""


class Disposed(Exception):
    """The case was disposed of: for somebody who could see it, that is all there is to see."""

    def __init__(self, *, user: User, case: Case) -> None:
        super().__init__(case.reference)
        self.user, self.case = user, case


class Denied(Exception):
    """The person may see it, but not do this. `case` is None where the right belongs to no case."""

    def __init__(
        self, *, user: User, permission: Permission | GlobalPermission, case: Case | None = None
    ) -> None:
        super().__init__(str(permission))
        self.user, self.permission, self.case = user, permission, case


_DOOR: Final = object()


@dataclass(frozen=True, slots=True)
class Grant:
    """Leave to do one kind of thing in one case. Made only by the doors in this module."""

    case: Case
    user: User
    permission: Permission
    permissions: frozenset[Permission]
    reader: bool
    key: object

    def __post_init__(self) -> None:
        if self.key is not _DOOR:
            raise TypeError("a Grant is made by cases.access alone")

    def require(self, permission: Permission) -> None:
        """An action's own check that the door was opened for what it does."""
        if self.permission is not permission:
            raise Denied(user=self.user, permission=permission, case=self.case)

    @property
    def hidden_orders(self) -> frozenset[int]:
        """The keys of the sealed orders in the case that this person may not know."""
        return self.case.hidden_orders

    def may(self, permission: Permission) -> bool:
        """Whether the same person could open the door for something else (to show or leave out a button)."""
        return permission in self.permissions


@dataclass(frozen=True, slots=True)
class MatterGrant:
    """Leave to read, or to export, one shared matter."""

    share: MatterShare
    user: User
    permission: Permission
    key: object

    def __post_init__(self) -> None:
        if self.key is not _DOOR:
            raise TypeError("a MatterGrant is made by cases.access alone")

    @property
    def case(self) -> Case:
        return self.share.case

    @property
    def order(self) -> LegalOrder:
        return self.share.order

    def require(self, permission: Permission) -> None:
        if self.permission is not permission:
            raise Denied(user=self.user, permission=permission, case=self.case)


def _member_permissions(user: User, case: Case) -> tuple[frozenset[Permission], bool]:
    if user.role == Role.AUDITOR:
        return of_member(user.role, reader=True), True
    membership = Membership.objects.filter(case=case, user=user, ended_at__isnull=True).only("reader").first()
    if membership is None:
        return frozenset(), True
    return of_member(user.role, reader=membership.reader), membership.reader


def case_for(user: User, reference: str, permission: Permission) -> Grant:
    """The case with this reference, for this person, to do this. Raises NotFound, Disposed or Denied.

    The case that the Grant holds knows which of its sealed orders this person may not know: `objects.of(case)` leaves
    them and all that stems from them out.
    """
    if normalised(reference) != reference:
        raise NotFound
    case = Case.objects.visible_to(user).select_related("lead", "stream").filter(reference=reference).first()
    if case is None:
        disposed = Case.objects.disposed_for(user).filter(reference=reference).first()
        if disposed is not None:
            raise Disposed(user=user, case=disposed)
        raise NotFound
    permissions, reader = _member_permissions(user, case)
    if permission not in permissions:
        raise Denied(user=user, permission=permission, case=case)
    case.hidden_orders = hidden_in(case, user)
    return Grant(
        case=case, user=user, permission=permission, permissions=permissions, reader=reader, key=_DOOR
    )


def may_know(user: User, order: LegalOrder) -> bool:
    """Whether the person may know of the order at this moment: for what is sent to somebody who did not ask."""
    if not Case.objects.visible_to(user).filter(pk=order.case_id).exists():
        return False
    sealed = LegalOrder.objects.filter(pk=order.pk, sealed=True)
    return (
        not sealed.exists()
        or OrderReader.objects.filter(order=order, user=user, ended_at__isnull=True).exists()
    )


def live_shares(user: User, at: datetime) -> QuerySet[MatterShare]:
    """The matters shared with a liaison at this moment, newest first."""
    if user.role != Role.LIAISON or not user.is_active:
        return MatterShare.objects.none()
    return (
        MatterShare.objects.filter(
            liaison=user, shared_at__lte=at, ended_at__isnull=True, case__disposed_at__isnull=True
        )
        .filter(Q(ends_at__isnull=True) | Q(ends_at__gt=at))
        .select_related("order", "case", "case__stream")
        .order_by("-shared_at", "-id")
    )


def matter_for(user: User, reference: str, permission: Permission, *, at: datetime) -> MatterGrant:
    """The matter shared with this liaison under this reference, while the share lives. Raises NotFound or Denied."""
    if normalised(reference) != reference:
        raise NotFound
    share = live_shares(user, at).filter(reference=reference).first()
    if share is None:
        raise NotFound
    if permission not in MATTER_PERMISSIONS:
        raise Denied(user=user, permission=permission, case=share.case)
    return MatterGrant(share=share, user=user, permission=permission, key=_DOOR)


def export_for(grant: Grant | MatterGrant, reference: str) -> Export:
    """An export of this case, or of this matter: a liaison sees only those that were made from her share."""
    found = (
        Export.objects.filter(share=grant.share)
        if isinstance(grant, MatterGrant)
        else Export.objects.of(grant.case)
    )
    export = (
        found.select_related("case", "case__stream", "requested_by", "share")
        .filter(reference=reference)
        .first()
    )
    if export is None:
        raise NotFound
    return export


def require_global(user: User, permission: GlobalPermission) -> None:
    """For what belongs to no case. Raises Denied."""
    if not (user.is_active and allows(user.role, permission)):
        raise Denied(user=user, permission=permission)


def record_denial(denied: Denied, *, at: datetime, what: str) -> None:
    """Write a denial into the record of the case that it concerns, or the installation's own.

    Called by the interfaces after the refused request's transaction is gone, in a transaction of its own. Beyond a
    person's limit it is counted, and the count is told (`cases.refusals`).
    """
    details: dict[str, object] = {"permission": str(denied.permission), "what": what[:200]}

    def tell() -> None:
        if denied.case is None:
            record_system(action="access.denied", actor=denied.user, occurred_at=at, details=details)
        else:
            record(
                stream_id=denied.case.stream_id,
                stream_uuid=denied.case.stream.uuid,
                action="access.denied",
                actor=denied.user,
                occurred_at=at,
                details=details,
            )

    tell_or_count(kind=Told.DENIED, whose=str(denied.user.public_id), at=at, tell=tell)
