"""Orders of a case, and all that an order's page shows: a fixed number of queries each."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import QuerySet

from cases.access import NotFound
from cases.models import (
    TERM_KINDS,
    Case,
    CaseWallet,
    EmergencyRelease,
    ExchangeAccount,
    Export,
    Finding,
    FreezeOrder,
    LegalOrder,
    MatterShare,
    Membership,
    Obligation,
    ObligationKind,
    ObligationProof,
    OrderPaper,
    Selector,
    Transfer,
    Verification,
)
from cases.people.models import User
from cases.queries.paging import PAGE_SIZE, Key, Page, keyset
from cases.status import OBLIGATION_FINAL, ORDER_EXECUTABLE, ORDER_FINAL, ObligationStatus, OrderStatus

BY_NUMBER = (Key("number", int, descending=True),)


@dataclass(frozen=True, slots=True)
class OrderRow:
    """A line of the list: the order, its duties, and the next clock that runs in it."""

    order: LegalOrder
    duties: list[Obligation]

    @property
    def open_duties(self) -> int:
        return sum(duty.status not in OBLIGATION_FINAL for duty in self.duties)

    @property
    def next_due(self) -> datetime | None:
        """The earliest moment that still binds; None where the order has ended or nothing has a date."""
        return next_clock(self.order, self.duties)


def next_clock(order: LegalOrder, duties: Sequence[Obligation]) -> datetime | None:
    """The earliest due moment of the order and of its duties that have not ended."""
    if order.status in ORDER_FINAL or order.status == "complied":
        return None
    moments = [duty.due_at for duty in duties if duty.due_at and duty.status not in OBLIGATION_FINAL]
    if order.due_at is not None:
        moments.append(order.due_at)
    return min(moments, default=None)


def orders_known_to(user: User) -> "QuerySet[LegalOrder]":
    """Every order, in whatever case, that this person may know."""
    return LegalOrder.objects.known_to(user)


def order_list(
    case: Case, *, after: str | None = None, before: str | None = None, size: int = PAGE_SIZE
) -> Page[OrderRow]:
    """The orders of a case, newest first. Two queries, whatever their number."""
    page = keyset(
        LegalOrder.objects.of(case).defer("clear_scope", "sealed_texts"),
        keys=BY_NUMBER,
        after=after,
        before=before,
        size=size,
    )
    duties: dict[int, list[Obligation]] = {}
    for duty in Obligation.objects.filter(order__in=[row.pk for row in page.rows]).order_by("number"):
        duties.setdefault(duty.order_id, []).append(duty)
    rows = [OrderRow(order, duties.get(order.pk, [])) for order in page.rows]
    return Page(rows, page.next_cursor, page.previous_cursor)


def order_of(case: Case, number: int) -> LegalOrder:
    """The order with this number. Raises NotFound."""
    order = (
        LegalOrder.objects.of(case)
        .select_related(
            "case__stream", "verified_by", "recorded_by", "instrument_type", "issuer", "validator", "enforcer"
        )
        .filter(number=number)
        .first()
    )
    if order is None:
        raise NotFound
    return order


def obligation_of(case: Case, number: int) -> Obligation:
    """The duty with this number, with its order. Raises NotFound."""
    duty = (
        Obligation.objects.of(case)
        .select_related("order__instrument_type", "responsible", "ended_by", "emergency_release__approved_by")
        .filter(number=number)
        .first()
    )
    if duty is None:
        raise NotFound
    return duty


def paper_of(case: Case, number: int) -> OrderPaper:
    """The paper with this number, with its order. Raises NotFound."""
    paper = OrderPaper.objects.of(case).select_related("order").filter(number=number).first()
    if paper is None:
        raise NotFound
    return paper


def selector_of(case: Case, number: int) -> Selector:
    """The selector with this number, with its order. Raises NotFound."""
    selector = Selector.objects.of(case).select_related("order").filter(number=number).first()
    if selector is None:
        raise NotFound
    return selector


@dataclass(frozen=True, slots=True)
class Asked:
    """A selector, and what every look for it brought, the newest first."""

    selector: Selector
    findings: list[Finding]


@dataclass(frozen=True, slots=True)
class OrderContent:
    """All that hangs on an order."""

    order: LegalOrder
    duties: list[Obligation]
    proofs: dict[int, list[ObligationProof]]
    releases: dict[int, EmergencyRelease]
    selectors: list[Asked]
    verifications: list[Verification]
    papers: list[OrderPaper]
    freezes: list[FreezeOrder]
    shares: list[MatterShare]

    @property
    def executable(self) -> bool:
        """Whether its duties may be carried out now."""
        return self.order.verified_at is not None and self.order.status in ORDER_EXECUTABLE

    @property
    def ended(self) -> bool:
        return self.order.status in ORDER_FINAL


def order_content(order: LegalOrder) -> OrderContent:
    """Nine queries."""
    duties = list(
        order.obligations.select_related("responsible", "ended_by", "emergency_release").order_by("number")
    )
    proofs: dict[int, list[ObligationProof]] = {}
    for proof in (
        ObligationProof.objects.filter(obligation__order=order)
        .select_related("paper", "freeze", "transfer", "export", "given_by")
        .order_by("given_at", "id")
    ):
        proofs.setdefault(proof.obligation_id, []).append(proof)
    releases = {
        release.obligation_id: release
        for release in EmergencyRelease.objects.filter(obligation__order=order).select_related(
            "approved_by", "reviewed_by"
        )
    }
    findings: dict[int, list[Finding]] = {}
    for finding in (
        Finding.objects.filter(selector__order=order)
        .select_related("wallet__wallet", "account", "found_by")
        .order_by("-found_at", "-id")
    ):
        findings.setdefault(finding.selector_id, []).append(finding)
    return OrderContent(
        order=order,
        duties=duties,
        proofs=proofs,
        releases=releases,
        selectors=[
            Asked(selector, findings.get(selector.pk, [])) for selector in order.selectors.order_by("number")
        ],
        verifications=list(
            order.verifications.select_related("checked_by", "kept_contact").order_by("-checked_at", "-id")
        ),
        papers=list(order.papers.select_related("attached_by").order_by("number")),
        freezes=list(
            FreezeOrder.objects.filter(obligation__order=order)
            .select_related("wallet__wallet", "account", "obligation", "proposed_by")
            .order_by("number")
        ),
        shares=list(order.shares.select_related("liaison").order_by("-shared_at", "-number")),
    )


@dataclass(frozen=True, slots=True)
class Shows:
    """What of the case may show that a duty was carried out."""

    papers: list[OrderPaper]
    freezes: list[FreezeOrder]
    transfers: list[Transfer]
    exports: list[Export]


def what_may_show(case: Case, duty: Obligation) -> Shows:
    """Papers of its order, freezes and transfers for it, finished case files. Four queries."""
    return Shows(
        papers=list(OrderPaper.objects.filter(order_id=duty.order_id).order_by("number")),
        freezes=list(FreezeOrder.objects.filter(obligation=duty).order_by("number")),
        transfers=list(Transfer.objects.filter(obligation=duty).order_by("number")),
        exports=list(
            Export.objects.of(case).filter(status="ready", share__isnull=True).order_by("-requested_at")[:50]
        ),
    )


def members_of(case: Case) -> "QuerySet[User]":
    """The people who have a place in the case now, by name."""
    live = Membership.objects.filter(case=case, ended_at__isnull=True)
    return User.objects.filter(pk__in=live.values("user_id"), is_active=True).order_by("name", "pk")


def release_of(duty: Obligation) -> EmergencyRelease:
    """The word by which the duty was answered before the verification. Raises NotFound."""
    found = (
        EmergencyRelease.objects.select_related("approved_by", "reviewed_by").filter(obligation=duty).first()
    )
    if found is None:
        raise NotFound
    return found


def may_be_released(duty: Obligation, order: LegalOrder) -> bool:
    """Whether an approver could let the duty be answered before the verification."""
    return (
        duty.kind == ObligationKind.PRODUCE
        and duty.status not in OBLIGATION_FINAL
        and order.verified_at is None
        and order.status in {OrderStatus.RECEIVED, OrderStatus.VERIFYING, OrderStatus.ON_HOLD}
        and order.instrument_type is not None
        and order.instrument_type.is_emergency
    )


def held_in(case: Case) -> list[tuple[str, str]]:
    """Wallets and accounts of the case, for a choice: (`wallet:1`, words). Two queries."""
    wallets = CaseWallet.objects.filter(case=case).select_related("wallet").order_by("number")
    accounts = ExchangeAccount.objects.filter(case=case).order_by("number")
    return [
        *(
            (f"wallet:{row.number}", " · ".join(part for part in (row.label, row.wallet.address) if part))
            for row in wallets
        ),
        *((f"account:{row.number}", f"{row.account_number} · {row.holder}") for row in accounts),
    ]


# From in progress to what came of it; `overdue` and `lifted` are not set by hand.
_BY_HAND: dict[str, tuple[ObligationStatus, ...]] = {
    ObligationStatus.OPEN: (ObligationStatus.IN_PROGRESS,),
    ObligationStatus.IN_PROGRESS: (
        ObligationStatus.MET,
        ObligationStatus.PARTLY_MET,
        ObligationStatus.OBJECTED,
        ObligationStatus.NOT_OURS,
        ObligationStatus.OUT_OF_SCOPE,
    ),
    ObligationStatus.OVERDUE: (ObligationStatus.MET,),
}


def duty_moves(duty: Obligation) -> tuple[ObligationStatus, ...]:
    """Where a person may move the duty from where it stands, once it may be carried out."""
    return _BY_HAND.get(duty.status, ())


def may_be_carried_out(duty: Obligation, order: LegalOrder) -> bool:
    """Whether the duty may be worked on now; the action says what stands in the way."""
    if order.verified_at is None:
        return getattr(duty, "emergency_release", None) is not None
    runs_on = duty.kind in TERM_KINDS and order.status == OrderStatus.COMPLIED
    return order.status in ORDER_EXECUTABLE or runs_on
