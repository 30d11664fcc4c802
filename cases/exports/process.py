"""What was ordered and what was done: orders with duties and papers, freezes with people and amounts, shares."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from cases.exports.values import Facts, act, amount, chain, coded, holding, person, sighting, when, when_in
from cases.exports.worth import FreezeWorth, freeze_amounts
from cases.models import (
    AccountHolding,
    Case,
    FreezeAmount,
    FreezeApproval,
    FreezeOrder,
    FreezeScope,
    LegalOrder,
    MatterShare,
    Obligation,
    ObligationKind,
    OrderPaper,
    VerificationMethod,
)
from cases.status import OBLIGATION_FINAL, ORDER_FINAL, FreezeStatus, ObligationStatus, OrderStatus
from wallets.models import Sighting

Numbers = Mapping[tuple[str, int], int]


def orders(case: Case, *, at: datetime) -> list[Facts]:
    """The order register, with everything that the case knows of each order."""
    rows = LegalOrder.objects.of(case).select_related("case__stream", "verified_by", "recorded_by")
    return [
        {
            **_order(row, number=row.number, at=at),
            "verification_contact": row.verification_contact,
            "recorded": act(row.recorded_at, row.recorded_by),
            "obligations": [
                {
                    **_obligation(duty, number=duty.number, zone=row.time_zone, at=at),
                    "responsible": person(duty.responsible),
                }
                for duty in _duties(row)
            ],
            "papers": [
                {**_paper(each, number=each.number), "attached": act(each.attached_at, each.attached_by)}
                for each in _papers(row)
            ],
        }
        for row in rows.order_by("number")
    ]


def matter_order(order: LegalOrder, *, numbers: Numbers, at: datetime) -> Facts:
    """The one order of a matter, as its own authority may see it. Contacts and responsible staff stay inside."""
    row = LegalOrder.objects.select_related("case__stream", "verified_by").get(pk=order.pk)
    return {
        **_order(row, number=numbers["order", row.number], at=at),
        "obligations": [
            _obligation(duty, number=numbers["obligation", duty.number], zone=row.time_zone, at=at)
            for duty in _duties(row)
        ],
        "papers": [
            {**_paper(each, number=numbers["paper", each.number]), "attached": {"at": when(each.attached_at)}}
            for each in _papers(row)
        ],
    }


def _order(row: LegalOrder, *, number: int, at: datetime) -> Facts:
    zone = row.time_zone
    return {
        "number": number,
        "instrument": {"code": row.instrument, "text": row.get_instrument_display()},
        "issuing_authority": row.issuing_authority,
        "agency_reference": row.agency_reference,
        "jurisdiction": row.jurisdiction,
        "legal_basis": row.legal_basis,
        "requestor": row.requestor,
        "requestor_email": row.requestor_email,
        "scope": row.scope,
        "issued": when_in(row.issued_at, zone),
        "served": when_in(row.served_at, zone),
        "received": when_in(row.received_at, zone),
        "due": when_in(row.due_at, zone),
        "clock": _clock(row.due_at, ended=row.status in ORDER_FINAL | {"complied"}, at=at),
        "time_zone": zone,
        "status": coded(row.status, OrderStatus),
        "verification": {
            "method": coded(row.verification_method, VerificationMethod),
            "verified": act(row.verified_at, row.verified_by),
        },
        "is_fictional": row.is_fictional,
    }


def _clock(due: datetime | None, *, ended: bool, at: datetime) -> str:
    """`none`, `running`, `overdue` or `ended`, at the instant of the file."""
    if due is None:
        return "none"
    if ended:
        return "ended"
    return "overdue" if due < at else "running"


def _duties(order: LegalOrder) -> list[Obligation]:
    return list(
        Obligation.objects.filter(order=order).select_related("responsible", "ended_by").order_by("number")
    )


def _papers(order: LegalOrder) -> list[OrderPaper]:
    return list(OrderPaper.objects.filter(order=order).select_related("attached_by").order_by("number"))


def _obligation(row: Obligation, *, number: int, zone: str, at: datetime) -> Facts:
    return {
        "number": number,
        "kind": coded(row.kind, ObligationKind),
        "text": row.text,
        "due": when_in(row.due_at, zone),
        "clock": _clock(row.due_at, ended=row.status in OBLIGATION_FINAL, at=at),
        "status": coded(row.status, ObligationStatus),
        "ended": None if row.ended_at is None else act(row.ended_at, row.ended_by),
    }


def _paper(row: OrderPaper, *, number: int) -> Facts:
    return {
        "number": number,
        "filename": row.filename,
        "media_type": row.media_type,
        "size": row.size,
        "sha256": row.sha256,
    }


# ── Freezes ───────────────────────────────────────────────────────────────────────────────────────────────


def freeze_rows(case: Case, order: LegalOrder | None = None) -> list[FreezeOrder]:
    """The freezes of the case, or only those that rest on this order."""
    rows = FreezeOrder.objects.of(case)
    if order is not None:
        rows = rows.filter(obligation__order=order)
    return list(
        rows.select_related(
            "wallet__wallet",
            "account",
            "obligation__order",
            "proposed_by",
            "applied_by",
            "confirmed_by",
            "release_proposed_by",
            "released_by",
        )
        .prefetch_related(
            "approvals__approver",
            "amounts__chain_asset",
            "amounts__sighting_proposed__batch",
            "amounts__sighting_applied__batch",
            "amounts__holding_proposed",
            "amounts__holding_applied",
        )
        .order_by("number")
    )


def freezes(rows: Iterable[FreezeOrder]) -> list[Facts]:
    """Freezes with everything that the case knows of them."""
    found = []
    rows = list(rows)
    worth = freeze_amounts(rows)
    for row in rows:
        facts = _freeze(row, numbers=None, worth=worth)
        facts["reason"] = row.reason
        facts["basis"]["policy_hold"] = row.policy_hold
        facts["basis"]["formal_order_by"] = when(row.formal_order_by)
        facts["release_reason"] = row.release_reason
        facts["proof_of_hold"] = row.confirmation
        for approval, given in zip(_approvals(row), facts["approvals"], strict=True):
            given["comment"] = approval.comment
        found.append(facts)
    return found


def matter_freezes(rows: Iterable[FreezeOrder], *, numbers: Numbers) -> list[Facts]:
    """Freezes as the order's authority may see them: basis, target, people, times, amounts; no reasons or comments."""
    rows = list(rows)
    worth = freeze_amounts(rows)
    return [_freeze(row, numbers=numbers, worth=worth) for row in rows]


def _approvals(row: FreezeOrder) -> list[FreezeApproval]:
    return sorted(row.approvals.all(), key=lambda approval: (approval.given_at, approval.pk))


def _freeze(row: FreezeOrder, *, numbers: Numbers | None, worth: Mapping[int, FreezeWorth]) -> Facts:
    return {
        "number": row.number if numbers is None else numbers["freeze", row.number],
        "status": coded(row.status, FreezeStatus),
        "scope": coded(row.scope, FreezeScope),
        "basis": _basis(row, numbers),
        "target": _target(row),
        "approvals_required": row.approvals_required,
        "proposed": act(row.proposed_at, row.proposed_by),
        "approvals": [
            {"agrees": approval.agrees, **(act(approval.given_at, approval.approver) or {})}
            for approval in _approvals(row)
        ],
        "approved_at": when(row.approved_at),
        "applied": act(row.applied_at, row.applied_by),
        "confirmed": act(row.confirmed_at, row.confirmed_by),
        "release_proposed": act(row.release_proposed_at, row.release_proposed_by),
        "released": act(row.released_at, row.released_by),
        "amounts": [
            _amount(each, worth[each.pk]) for each in sorted(row.amounts.all(), key=lambda each: each.asset)
        ],
        "is_fictional": row.is_fictional,
    }


def _basis(row: FreezeOrder, numbers: Numbers | None) -> Facts:
    if row.obligation is None:
        return {"kind": "policy_hold"}
    duty, order = row.obligation, row.obligation.order
    return {
        "kind": "obligation",
        "obligation": duty.number if numbers is None else numbers["obligation", duty.number],
        "duty": coded(duty.kind, ObligationKind),
        "order": order.number if numbers is None else numbers["order", order.number],
        "instrument": {"code": order.instrument, "text": order.get_instrument_display()},
        "agency_reference": order.agency_reference,
        "issuing_authority": order.issuing_authority,
    }


def _target(row: FreezeOrder) -> Facts:
    if row.wallet is not None:
        wallet = row.wallet.wallet
        return {"kind": "wallet", "chain": chain(wallet.chain), "address": wallet.address}
    if row.account is None:
        raise ValueError("a freeze has exactly one target")
    return {
        "kind": "account",
        "account_number": row.account.account_number,
        "holder": row.account.holder,
    }


def _amount(row: FreezeAmount, worth: FreezeWorth) -> Facts:
    ordered = amount(None if row.amount is None else int(row.amount), row.decimals, row.asset)
    return {
        "asset": row.asset,
        "ordered": ordered and {**ordered, "values": worth.ordered},
        "at_proposal": _proof(row, row.sighting_proposed, row.holding_proposed, worth.at_proposal),
        "at_application": _proof(row, row.sighting_applied, row.holding_applied, worth.at_application),
    }


def _proof(
    row: FreezeAmount, seen: Sighting | None, held: AccountHolding | None, values: list[Facts]
) -> Facts | None:
    """What is known of the balance at that moment and what it was worth; None is unknown, never zero."""
    if seen is not None:
        return {**sighting(seen, decimals=row.decimals, symbol=row.asset), "values": values}
    return None if held is None else {**holding(held), "values": values}


def shares(case: Case) -> list[Facts]:
    """To whom which matter is shown."""
    rows = MatterShare.objects.of(case).select_related("order", "liaison", "shared_by", "ended_by")
    return [
        {
            "number": row.number,
            "reference": row.reference,
            "order": row.order.number,
            "liaison": person(row.liaison),
            "purpose": row.purpose,
            "shared": act(row.shared_at, row.shared_by),
            "ends_at": when(row.ends_at),
            "ended": act(row.ended_at, row.ended_by),
        }
        for row in rows.order_by("number")
    ]
