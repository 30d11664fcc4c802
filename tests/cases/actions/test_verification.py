"""Verified with a contact found apart from the paper, before anything; but for a disclosure in an emergency."""

from datetime import timedelta
from typing import Any

import pytest

from cases.access import Denied
from cases.actions import authorities, freezes, orders
from cases.actions.base import ActionError, WrongMove
from cases.actions.freezes import AmountAsked
from cases.actions.orders import Duty, Proof, SamePerson
from cases.actions.orders.independence import dependence
from cases.models import EmergencyRelease, LegalOrder, Obligation, ObligationProof, Verification
from cases.permissions import Permission
from tests.cases.actions.support import details_of, last_event, refusal
from tests.support.casework import Casework, moment

P = Permission
PAPER = {"paper_email": "r.example@bureau.example.test", "paper_phone": "+1 (202) 555-0147"}


# ── Whether a contact is independent: pure ────────────────────────────────────────────────────────────────
@pytest.mark.parametrize(
    ("contact", "source"),
    [
        ("R.Example@Bureau.example.test", "A phone book"),
        ("Agent, 202 555 0147", "A phone book"),
        ("Agent, 001-202-5550147", "A phone book"),
        ("another@bureau.example.test", "A phone book"),
        ("another@mail.bureau.example.test", "A phone book"),
        ("Switchboard, +1 202 555 0000", "https://www.bureau.example.test/contact"),
        ("Switchboard", "Reply from r.example@bureau.example.test"),
    ],
)
def test_what_the_paper_brings_along_is_no_contact(contact: str, source: str) -> None:
    assert dependence(contact=contact, source=source, **PAPER)


@pytest.mark.parametrize(
    ("contact", "source", "known"),
    [
        ("Switchboard, +1 202 555 0000", "Federal register", ()),
        ("Clerk 555-0147-99", "Court's directory", ()),
        ("duty@justice.example.test", "Treaty list", ()),
        ("Switchboard, +1 202 555 0000", "https://bureau.example.test", ("bureau.example.test",)),
        ("Switchboard, +1 202 555 0000", "https://bureau.example.test", ("example.test",)),
    ],
)
def test_what_was_found_elsewhere_is_one(contact: str, source: str, known: tuple[str, ...]) -> None:
    assert dependence(contact=contact, source=source, known_domains=known, **PAPER) is None


def test_a_paper_without_mail_and_number_brings_nothing_along() -> None:
    assert dependence(contact="a@b.test 12345678", source="b.test", paper_email="", paper_phone="") is None


# ── Verifying ─────────────────────────────────────────────────────────────────────────────────────────────
def received(casework: Casework, **values: Any) -> LegalOrder:
    order = casework.order(
        requestor_email="r.example@bureau.example.test", requestor_phone="+1 202 555 0147", **values
    )
    orders.move_order(grant=casework.grant(P.ORDERS), at=moment(), number=order.number, to="verifying")
    return order


def verify(casework: Casework, order: LegalOrder, **values: Any) -> LegalOrder:
    facts: dict[str, Any] = {
        "authentic": True,
        "method": "call_back",
        "contact": "Clerk, +1 202 555 0000",
        "contact_source": "The court's own directory",
    }
    return orders.verify_order(
        grant=casework.grant(P.ORDER_VERIFY), at=moment(), number=order.number, **(facts | values)
    )


def test_the_papers_own_contact_is_refused(casework: Casework) -> None:
    order = received(casework)
    for contact in ("r.example@bureau.example.test", "Agent at 202-555-0147"):
        assert refusal(lambda contact=contact: verify(casework, order, contact=contact)).field == "contact"
    assert refusal(lambda: verify(casework, order, contact_source=" ")).field == "contact_source"
    assert not Verification.objects.exists()
    verify(casework, order)
    row = Verification.objects.get()
    assert (row.outcome, row.contact_source, row.checked_by) == (
        "authentic",
        "The court's own directory",
        casework.lead,
    )


def test_a_check_that_brought_nothing_leaves_the_order_unverified(casework: Casework) -> None:
    order = received(casework)
    verify(casework, order, authentic=None, remarks="Nobody answered")
    order.refresh_from_db()
    assert (order.status, order.verified_at, order.verification_method) == ("verifying", None, "")
    assert last_event(casework.case).action == "order.verification_tried"
    verify(casework, order)
    assert [row.outcome for row in Verification.objects.order_by("id")] == ["inconclusive", "authentic"]
    refusal(lambda: verify(casework, order, authentic=None), WrongMove)


def test_a_contact_of_the_authoritys_page_is_named_by_its_number(casework: Casework) -> None:
    order = received(casework)
    assert order.issuer is not None
    contact = authorities.add_contact(
        by=casework.counsel,
        at=moment(),
        authority=order.issuer,
        kind="phone",
        value="+1 202 555 0000",
        source="Federal register",
    )
    assert refusal(lambda: verify(casework, order, kept_contact=7)).field == "kept_contact"
    verify(casework, order, kept_contact=contact.number)
    assert Verification.objects.get().kept_contact == contact
    assert "202 555 0000" in details_of(last_event(casework.case))["kept_contact"]


def test_nothing_is_applied_under_an_order_that_was_not_verified(casework: Casework) -> None:
    order = received(casework)
    account = casework.account()
    casework.holding(account)
    freeze = casework.proposed_freeze(
        account_number=account.number,
        scope="asset",
        amounts=[AmountAsked("USDT")],
        obligation_number=order.obligations.get().number,
    )
    freezes.approve_freeze(
        grant=casework.grant(P.FREEZE_APPROVE, casework.approver), at=moment(), number=freeze.number
    )
    refusal(
        lambda: freezes.begin_apply(grant=casework.grant(P.FREEZE_APPLY), at=moment(), number=freeze.number)
    )


# ── An emergency ──────────────────────────────────────────────────────────────────────────────────────────
def emergency(casework: Casework) -> tuple[LegalOrder, Obligation]:
    order = received(
        casework, instrument="emergency_disclosure", duties=[Duty("produce", "Log-ins of today.")]
    )
    return order, order.obligations.get()


def release(casework: Casework, duty: Obligation, reason: str = "A life is in danger") -> EmergencyRelease:
    return orders.release_emergency(
        grant=casework.grant(P.EMERGENCY, casework.approver), at=moment(), number=duty.number, reason=reason
    )


def answer(casework: Casework, duty: Obligation) -> Obligation:
    for to in ("in_progress", "met"):
        duty = orders.move_obligation(
            grant=casework.grant(P.ORDERS), at=moment(), number=duty.number, to=to, reason="Sent, receipt 5"
        )
    return duty


def review(casework: Casework, duty: Obligation, by: Any, upheld: bool = True) -> EmergencyRelease:
    return orders.review_emergency(
        grant=casework.grant(P.ORDER_DECIDE, by),
        at=moment(),
        number=duty.number,
        upheld=upheld,
        review="Seen",
    )


def test_an_approver_lets_a_disclosure_pass_and_a_second_person_reviews_it(casework: Casework) -> None:
    order, duty = emergency(casework)
    refusal(lambda: answer(casework, duty))
    assert refusal(lambda: release(casework, duty, reason=" ")).field == "reason"
    row = release(casework, duty)
    assert (row.status, row.approved_by) == ("waiting", casework.approver)
    refusal(lambda: release(casework, duty))
    assert answer(casework, duty).status == "met"
    assert ObligationProof.objects.get().note == "Sent, receipt 5"
    order.refresh_from_db()
    # The order itself goes nowhere: it is still to be verified.
    assert order.status == "verifying"
    refusal(lambda: review(casework, duty, casework.approver), SamePerson)
    reviewed = review(casework, duty, casework.counsel)
    assert (reviewed.status, reviewed.reviewed_by) == ("upheld", casework.counsel)
    refusal(lambda: review(casework, duty, casework.second_approver, upheld=False), WrongMove)


def test_what_was_answered_before_counts_from_the_acceptance_on(casework: Casework) -> None:
    order, duty = emergency(casework)
    release(casework, duty)
    answer(casework, duty)
    verify(casework, order)
    orders.move_order(grant=casework.grant(P.ORDERS), at=moment(), number=order.number, to="in_review")
    orders.move_order(
        grant=casework.grant(P.ORDER_DECIDE, casework.counsel),
        at=moment(),
        number=order.number,
        to="accepted",
        reason="In order",
    )
    order.refresh_from_db()
    assert order.status == "complied"
    assert details_of(last_event(casework.case))["order"]["moves"] == ["executing", "complied"]


def test_an_answer_to_a_forged_emergency_stays_on_record_for_its_review(casework: Casework) -> None:
    order, duty = emergency(casework)
    release(casework, duty)
    answer(casework, duty)
    verify(casework, order, authentic=False)
    duty.refresh_from_db()
    assert duty.status == "met"
    assert review(casework, duty, casework.second_approver, upheld=False).status == "disputed"


def test_only_an_approver_lets_it_pass(casework: Casework) -> None:
    _order, duty = emergency(casework)
    for person in (casework.lead, casework.counsel):
        with pytest.raises(Denied):
            casework.grant(P.EMERGENCY, person)
    assert not EmergencyRelease.objects.filter(obligation=duty).exists()


@pytest.mark.parametrize(
    ("instrument", "kind"),
    [("informal_freeze_request", "freeze"), ("seizure_warrant", "transfer"), ("subpoena", "produce")],
)
def test_never_a_hold_a_transfer_or_an_ordinary_paper(casework: Casework, instrument: str, kind: str) -> None:
    order = casework.order(instrument=instrument, duties=[Duty(kind, "At once.")])
    refusal(lambda: release(casework, order.obligations.get()))
    assert not EmergencyRelease.objects.exists()


def test_a_verified_emergency_is_answered_in_the_ordinary_way(casework: Casework) -> None:
    order = casework.accepted_order(instrument="emergency_disclosure", duties=[Duty("produce", "Log-ins.")])
    refusal(lambda: release(casework, order.obligations.get()), WrongMove)


# ── What shows that a duty was carried out ────────────────────────────────────────────────────────────────
def test_a_duty_is_met_with_proofs_of_the_case(casework: Casework) -> None:
    order = casework.accepted_order(
        duties=[Duty("produce", "Records.", due_at=moment() - timedelta(hours=1))]
    )
    number = order.obligations.get().number
    move: dict[str, Any] = {"grant": casework.grant(P.ORDERS), "number": number}
    orders.move_obligation(at=moment(), to="in_progress", **move)
    for wrong in (Proof("paper", 9), Proof("export", export="none"), Proof("freeze", 1), Proof("note")):
        refusal(lambda wrong=wrong: orders.move_obligation(at=moment(), to="met", proofs=[wrong], **move))
    met = orders.move_obligation(
        at=moment(), to="met", proofs=[Proof("note", note="Portal, receipt 5")], **move
    )
    assert met.is_late
    assert details_of(last_event(casework.case))["late"] is True
    orders.add_proofs(at=moment(), proofs=[Proof("note", note="And the covering letter")], **move)
    assert ObligationProof.objects.filter(obligation=met).count() == 2
    refusal(lambda: orders.add_proofs(at=moment(), proofs=[], **move))


def test_a_confirmed_freeze_is_the_proof_of_its_duty(casework: Casework) -> None:
    order = casework.accepted_order()
    freeze = casework.proposed_freeze(obligation_number=order.obligations.get().number)
    number, apply = freeze.number, casework.grant(P.FREEZE_APPLY)
    freezes.approve_freeze(
        grant=casework.grant(P.FREEZE_APPROVE, casework.approver), at=moment(), number=number
    )
    freezes.begin_apply(grant=apply, at=moment(), number=number)
    at = moment()
    freezes.mark_applied(grant=apply, at=at, number=number, applied_at=at)
    freezes.confirm_freeze(grant=apply, at=moment(), number=number, confirmation="Ticket 7")
    proof = ObligationProof.objects.get()
    assert (proof.kind, proof.freeze, proof.note) == ("freeze", freeze, "Ticket 7")
    assert order.obligations.get().status == "met"


@pytest.mark.parametrize("outcome", ["objected", "not_ours", "out_of_scope"])
def test_another_outcome_keeps_its_reason(casework: Casework, outcome: str) -> None:
    order = casework.accepted_order()
    duty = order.obligations.get()
    move: dict[str, Any] = {"grant": casework.grant(P.ORDERS), "number": duty.number}
    orders.move_obligation(at=moment(), to="in_progress", **move)
    with pytest.raises(ActionError):
        orders.move_obligation(at=moment(), to=outcome, reason="x", proofs=[Proof("note", note="x")], **move)
    ended = orders.move_obligation(at=moment(), to=outcome, reason=" Letter of today ", **move)
    assert (ended.status, ended.outcome_reason) == (outcome, "Letter of today")


# ── Terms ─────────────────────────────────────────────────────────────────────────────────────────────────
def gagged(casework: Casework, *, ends_in: timedelta) -> LegalOrder:
    return casework.accepted_order(
        duties=[Duty("freeze", "Hold."), Duty("non_disclosure", "Nobody.", due_at=moment() + ends_in)]
    )


def complied(casework: Casework, order: LegalOrder) -> None:
    number = order.obligations.get(kind="freeze").number
    for to in ("in_progress", "met"):
        orders.move_obligation(
            grant=casework.grant(P.ORDERS), at=moment(), number=number, to=to, reason="Ticket"
        )
    order.refresh_from_db()


def close(casework: Casework, order: LegalOrder) -> LegalOrder:
    return orders.move_order(
        grant=casework.grant(P.ORDER_DECIDE, casework.counsel),
        at=moment(),
        number=order.number,
        to="closed",
        reason="Done",
    )


def test_a_running_gag_holds_up_no_completion_but_the_closing(casework: Casework) -> None:
    order = gagged(casework, ends_in=timedelta(days=365))
    gag = order.obligations.get(kind="non_disclosure")
    assert (order.status, gag.status) == ("accepted", "in_progress")
    complied(casework, order)
    assert order.status == "complied"
    assert refusal(lambda: close(casework, order)).field == "to"
    later = moment() + timedelta(days=366)
    assert orders.end_terms(now=moment) == 0
    assert orders.end_terms(now=lambda: later) == 1
    assert orders.end_terms(now=lambda: later) == 0
    gag.refresh_from_db()
    assert (gag.status, gag.ended_at, gag.ended_by) == ("met", later, None)
    event = last_event(casework.case)
    assert (event.action, event.actor) == ("obligation.term_ended", None)
    assert close(casework, order).status == "closed"


def test_a_gag_that_a_court_lifts_early_is_ended_by_a_person(casework: Casework) -> None:
    order = gagged(casework, ends_in=timedelta(days=365))
    complied(casework, order)
    number = order.obligations.get(kind="non_disclosure").number
    orders.move_obligation(
        grant=casework.grant(P.ORDERS), at=moment(), number=number, to="met", reason="Order of 3 May lifts it"
    )
    assert orders.end_terms(now=lambda: moment() + timedelta(days=400)) == 0
    assert close(casework, order).status == "closed"


@pytest.mark.parametrize(
    ("instrument", "kind"),
    [("non_disclosure_order", "non_disclosure"), ("keep_open_request", "keep_open")],
)
def test_an_order_of_nothing_but_a_term_is_complied_with_when_it_is_over(
    casework: Casework, instrument: str, kind: str
) -> None:
    order = casework.accepted_order(
        instrument=instrument, duties=[Duty(kind, "As it says.", due_at=moment() + timedelta(days=90))]
    )
    order.refresh_from_db()
    assert order.status == "executing"
    assert orders.end_terms(now=lambda: moment() + timedelta(days=91)) == 1
    order.refresh_from_db()
    assert order.status == "complied"


def test_an_extended_term_does_not_end_at_its_first_date(casework: Casework) -> None:
    order = gagged(casework, ends_in=timedelta(days=30))
    number = order.obligations.get(kind="non_disclosure").number
    orders.extend_obligation(
        grant=casework.grant(P.ORDERS),
        at=moment(),
        number=number,
        due_at=moment() + timedelta(days=60),
        reason="Renewed by the court",
    )
    assert orders.end_terms(now=lambda: moment() + timedelta(days=31)) == 0
    assert orders.end_terms(now=lambda: moment() + timedelta(days=61)) == 1


def test_an_order_that_was_complied_with_may_still_be_quashed_with_its_gag(casework: Casework) -> None:
    order = gagged(casework, ends_in=timedelta(days=365))
    complied(casework, order)
    orders.move_order(
        grant=casework.grant(P.ORDER_DECIDE, casework.counsel),
        at=moment(),
        number=order.number,
        to="quashed",
        reason="On appeal",
    )
    assert order.obligations.get(kind="non_disclosure").status == "lifted"
