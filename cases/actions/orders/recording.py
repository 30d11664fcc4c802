"""An order as it came: everything on its face, its papers, its selectors and its duties, in one transaction."""

from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from cases.access import Grant
from cases.actions.authorities import authority_named
from cases.actions.base import ActionError, event_value, lock_open_case, next_number, write_event
from cases.actions.orders.duties import duty_details, write_duty
from cases.actions.orders.papers import attach, write_attached
from cases.actions.orders.rules import Asked, Duty, Paper, stated
from cases.actions.orders.sealing import seal
from cases.actions.orders.selectors import selector_details, write_selector
from cases.audit.record import utc_text
from cases.models import InstrumentType, LegalOrder, ObligationKind
from cases.models.instruments import ensured_type
from cases.models.orders import TEXTS
from cases.permissions import Permission


@transaction.atomic
def record_order(
    *,
    grant: Grant,
    at: datetime,
    instrument: str,
    issuing_authority: str,
    agency_reference: str,
    jurisdiction: str,
    legal_basis: str,
    scope: str,
    issued_at: datetime,
    served_at: datetime,
    received_at: datetime,
    due_at: datetime | None,
    ends_at: datetime | None = None,
    time_zone: str = "UTC",
    validating_authority: str = "",
    enforcing_authority: str = "",
    agency_case_number: str = "",
    entity_served: str = "",
    requestor: str = "",
    requestor_title: str = "",
    requestor_badge: str = "",
    requestor_email: str = "",
    requestor_phone: str = "",
    sealed: bool = False,
    sealed_terms: str = "",
    non_disclosure_until: datetime | None = None,
    non_disclosure_terms: str = "",
    duties: Sequence[Duty] = (),
    selectors: Sequence[Asked] = (),
    papers: Sequence[Paper] = (),
    alike_seen: int = 0,
    is_fictional: bool = False,
) -> LegalOrder:
    """Record an order as received, with its duties, selectors and papers. Everything on its face is kept as stated.

    Each paper has an event of its own behind the order's. `alike_seen` is how many look-alikes the person was shown
    and went on past: the number alone, since the record of this case must not name another. A non-disclosure term
    that no duty states becomes a duty of its own where the instrument permits one, so that its end is watched. A sealed
    order is known at first to who records it and to whoever is responsible for a duty in it.
    """
    grant.require(Permission.ORDERS)
    case = lock_open_case(grant, at=at)
    kept = _instrument(instrument)
    texts = stated(
        {
            "issuing_authority": issuing_authority,
            "agency_reference": agency_reference,
            "jurisdiction": jurisdiction,
            "legal_basis": legal_basis,
            "scope": scope,
        }
    ) | {
        "validating_authority": validating_authority.strip(),
        "enforcing_authority": enforcing_authority.strip(),
        "agency_case_number": agency_case_number.strip(),
        "entity_served": entity_served.strip(),
        "requestor": requestor.strip(),
        "requestor_title": requestor_title.strip(),
        "requestor_badge": requestor_badge.strip(),
        "requestor_email": requestor_email.strip(),
        "requestor_phone": requestor_phone.strip(),
        "sealed_terms": sealed_terms.strip(),
        "non_disclosure_terms": non_disclosure_terms.strip(),
    }
    sealed_texts = {name: texts.pop(name) for name in TEXTS}
    _in_order(
        at=at,
        time_zone=time_zone,
        issued_at=issued_at,
        served_at=served_at,
        received_at=received_at,
        later={"due_at": due_at, "ends_at": ends_at, "non_disclosure_until": non_disclosure_until},
    )
    issuer, validator, enforcer = (
        authority_named(texts[name], by=grant.user)
        for name in ("issuing_authority", "validating_authority", "enforcing_authority")
    )
    order = LegalOrder(
        case=case,
        number=next_number(LegalOrder, case),
        instrument=kept.key,
        instrument_type=kept,
        instrument_label=_own_label(kept),
        issuer=issuer,
        validator=validator,
        enforcer=enforcer,
        issued_at=issued_at,
        served_at=served_at,
        received_at=received_at,
        due_at=due_at,
        ends_at=ends_at,
        non_disclosure_until=non_disclosure_until,
        time_zone=time_zone,
        is_fictional=is_fictional,
        recorded_by=grant.user,
        **texts,
    )
    order.seal_texts(**sealed_texts)
    order.save(force_insert=True)
    written = [
        write_duty(grant, case=case, order=order, instrument=kept, duty=duty, at=at)
        for duty in [*duties, *_term_of_its_own(order, kept, duties)]
    ]
    asked = [write_selector(grant, case=case, order=order, asked=selector) for selector in selectors]
    if sealed:
        people = {user.pk: user for user in (grant.user, *(duty.responsible for duty in duties)) if user}
        seal(grant, case=case, order=order, readers=[*people.values()], at=at)
    attached = [attach(grant, case=case, order=order, paper=paper, at=at) for paper in papers]
    write_event(
        grant,
        action="order.recorded",
        at=at,
        kind="order",
        number=order.number,
        details={
            # By its own name where it has one, so that the sentence can be said whatever becomes of the data.
            "instrument": order.instrument_label or kept.key,
            "instrument_key": kept.key,
            "instrument_version": kept.version,
            **texts,
            **sealed_texts,
            "issued_at": utc_text(issued_at),
            "served_at": utc_text(served_at),
            "received_at": utc_text(received_at),
            "due_at": event_value(due_at),
            "ends_at": event_value(ends_at),
            "non_disclosure_until": event_value(non_disclosure_until),
            "time_zone": time_zone,
            "obligations": [duty_details(obligation) for obligation in written],
            "selectors": [selector_details(selector) for selector in asked],
            "sealed": sealed,
            "alike_seen": alike_seen,
            "is_fictional": is_fictional,
        },
    )
    for paper in attached:
        write_attached(grant, paper=paper, at=at)
    return order


def _instrument(key: str) -> InstrumentType:
    kept = ensured_type(key)
    if kept is None:
        raise ActionError(_("There is no such instrument."), field="instrument")
    if kept.is_retired:
        raise ActionError(_("This instrument is no longer used for new orders."), field="instrument")
    return kept


def _own_label(kept: InstrumentType) -> str:
    """What the instrument is called here, where that is not the shipped, translated name."""
    return "" if kept.has_shipped_name else kept.label


def _in_order(
    *,
    at: datetime,
    time_zone: str,
    issued_at: datetime,
    served_at: datetime,
    received_at: datetime,
    later: dict[str, datetime | None],
) -> None:
    """Issued, served, received, and nothing due or over before it was issued."""
    try:
        ZoneInfo(time_zone)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise ActionError(_("There is no such time zone."), field="time_zone") from error
    if served_at < issued_at:
        raise ActionError(_("An order is served after it was issued."), field="served_at")
    if received_at < served_at:
        raise ActionError(_("An order is received when, or after, it is served."), field="received_at")
    if received_at > at:
        raise ActionError(_("This lies in the future."), field="received_at")
    for field, moment in later.items():
        if moment is not None and moment < issued_at:
            raise ActionError(_("The due moment lies before the order was issued."), field=field)


def _term_of_its_own(order: LegalOrder, kept: InstrumentType, duties: Sequence[Duty]) -> list[Duty]:
    kind = ObligationKind.NON_DISCLOSURE
    if (
        order.non_disclosure_until is None
        or kind not in kept.permits
        or any(duty.kind == kind for duty in duties)
    ):
        return []
    text = order.non_disclosure_terms or str(_("Nobody is told that the order exists."))
    return [Duty(kind=kind, text=text, due_at=order.non_disclosure_until)]
