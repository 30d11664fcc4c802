"""Whether the paper is authentic. Nothing is executed before, but for a disclosure that an approver lets pass."""

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from cases.access import Grant
from cases.actions.base import ActionError, WrongMove, lock_open_case, move_or_refuse, write_event
from cases.actions.orders.duties import lift_duties
from cases.actions.orders.independence import dependence
from cases.actions.orders.rules import obligation_in, order_in
from cases.models import (
    AuthorityContact,
    ContactKind,
    EmergencyRelease,
    LegalOrder,
    ObligationKind,
    Verification,
    VerificationMethod,
    VerificationOutcome,
)
from cases.permissions import Permission
from cases.status import OBLIGATION_FINAL, EmergencyStatus, OrderStatus

_BEFORE = frozenset({OrderStatus.RECEIVED, OrderStatus.VERIFYING, OrderStatus.ON_HOLD})


class SamePerson(ActionError):
    """Who let an answer pass never reviews it."""


@transaction.atomic
def verify_order(
    *,
    grant: Grant,
    at: datetime,
    number: int,
    authentic: bool | None,
    method: str,
    contact: str,
    contact_source: str,
    kept_contact: int | None = None,
    remarks: str = "",
) -> LegalOrder:
    """Record how the paper was checked, with whom, where that contact was found, and what came of it.

    `authentic` None: nobody could say; the order stays where it is and can be checked again. `kept_contact` is the
    number of a contact on the authority's page.
    """
    grant.require(Permission.ORDER_VERIFY)
    case = lock_open_case(grant, at=at)
    order = order_in(case, number, lock=True)
    if method not in VerificationMethod.values:
        raise ActionError(_("Choose how it was verified."), field="method")
    if not contact.strip():
        raise ActionError(_("Name the contact that was found independently of the paper."), field="contact")
    if not contact_source.strip():
        raise ActionError(_("Say where the contact was found."), field="contact_source")
    kept = _kept(order, kept_contact)
    _require_independent(order, contact=contact, source=contact_source)
    outcome = _OUTCOMES[authentic]
    source = order.status
    if authentic is None:
        if source != OrderStatus.VERIFYING:
            raise WrongMove(_("The order is not being verified now."))
    else:
        move_or_refuse(order, OrderStatus.VERIFIED if authentic else OrderStatus.REJECTED_INAUTHENTIC)
    Verification.objects.create(
        case=case,
        order=order,
        method=method,
        contact=contact.strip(),
        contact_source=contact_source.strip(),
        kept_contact=kept,
        outcome=outcome,
        remarks=remarks.strip(),
        checked_at=at,
        checked_by=grant.user,
    )
    lifted: list[int] = []
    if authentic is not None:
        order.verification_method, order.verification_contact = method, contact.strip()
        fields = ["status", "verification_method", "verification_contact"]
        if authentic:
            order.verified_at, order.verified_by = at, grant.user
            fields += ["verified_at", "verified_by"]
        order.save(update_fields=fields)
        if not authentic:
            lifted = lift_duties(grant, order=order, at=at)
    write_event(
        grant,
        action="order.verified"
        if authentic
        else ("order.verification_tried" if authentic is None else "order.rejected_inauthentic"),
        at=at,
        kind="order",
        number=number,
        details={
            "from": source,
            "to": order.status,
            "method": method,
            "contact": contact.strip(),
            "contact_source": contact_source.strip(),
            "kept_contact": None if kept is None else str(kept),
            "remarks": remarks.strip(),
            "lifted": lifted,
        },
    )
    return order


_OUTCOMES = {
    True: VerificationOutcome.AUTHENTIC,
    False: VerificationOutcome.INAUTHENTIC,
    None: VerificationOutcome.INCONCLUSIVE,
}


def _kept(order: LegalOrder, number: int | None) -> AuthorityContact | None:
    if number is None:
        return None
    found = AuthorityContact.objects.filter(
        authority=order.issuer, number=number, ended_at__isnull=True
    ).first()
    if found is None:
        raise ActionError(_("The authority's page has no such contact."), field="kept_contact")
    return found


def _require_independent(order: LegalOrder, *, contact: str, source: str) -> None:
    known = AuthorityContact.objects.filter(
        authority=order.issuer, kind=ContactKind.DOMAIN, ended_at__isnull=True
    ).values_list("value", flat=True)
    reason = dependence(
        contact=contact,
        source=source,
        paper_email=order.requestor_email,
        paper_phone=order.requestor_phone,
        known_domains=list(known),
    )
    if reason is not None:
        raise ActionError(reason, field="contact")


# ── An emergency, before the verification ─────────────────────────────────────────────────────────────────


@transaction.atomic
def release_emergency(*, grant: Grant, at: datetime, number: int, reason: str) -> EmergencyRelease:
    """Let one duty to produce, of an emergency instrument, be answered before its order was verified."""
    grant.require(Permission.EMERGENCY)
    case = lock_open_case(grant, at=at)
    obligation = obligation_in(case, number)
    order = order_in(case, obligation.order.number, lock=True)
    if not reason.strip():
        raise ActionError(_("Say what danger cannot wait for the verification."), field="reason")
    if obligation.kind != ObligationKind.PRODUCE:
        raise ActionError(
            _("Only a disclosure may come before the verification, never a hold or a transfer.")
        )
    if order.instrument_type is None or not order.instrument_type.is_emergency:
        raise ActionError(_("Only an emergency request may be answered before it was verified."))
    if order.status not in _BEFORE or order.verified_at is not None:
        raise WrongMove(_("The order is verified or has ended: there is nothing to come before."))
    if obligation.status in OBLIGATION_FINAL:
        raise WrongMove(_("The duty has ended."))
    if EmergencyRelease.objects.filter(obligation=obligation).exists():
        raise WrongMove(_("This was allowed already."))
    release = EmergencyRelease.objects.create(
        case=case, obligation=obligation, reason=reason.strip(), approved_at=at, approved_by=grant.user
    )
    write_event(
        grant,
        action="emergency.released",
        at=at,
        kind="obligation",
        number=number,
        details={"order": order.number, "reason": release.reason},
    )
    return release


@transaction.atomic
def review_emergency(
    *, grant: Grant, at: datetime, number: int, upheld: bool, review: str
) -> EmergencyRelease:
    """A second person's word, afterwards, on an answer that was let pass."""
    grant.require(Permission.ORDER_DECIDE)
    case = lock_open_case(grant, at=at)
    obligation = obligation_in(case, number)
    release = EmergencyRelease.objects.select_for_update().filter(obligation=obligation).first()
    if release is None:
        raise WrongMove(_("This duty was not answered before its verification."))
    if release.approved_by_id == grant.user.pk:
        raise SamePerson(_("You allowed this. Somebody else must look at it."))
    if not review.strip():
        raise ActionError(_("Say what you found."), field="review")
    source, target = move_or_refuse(release, EmergencyStatus.UPHELD if upheld else EmergencyStatus.DISPUTED)
    release.reviewed_at, release.reviewed_by, release.review = at, grant.user, review.strip()
    release.save(update_fields=["status", "reviewed_at", "reviewed_by", "review"])
    write_event(
        grant,
        action="emergency.reviewed",
        at=at,
        kind="obligation",
        number=number,
        details={
            "order": obligation.order.number,
            "from": source,
            "to": target,
            "review": release.review,
        },
    )
    return release
