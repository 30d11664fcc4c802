"""Nothing is executed before the verification, whoever writes: tried by SQL past the ORM."""

from typing import Any

import pytest
from django.db import DatabaseError, IntegrityError

from cases.actions.orders import Asked, Duty
from cases.models import EmergencyRelease, LegalOrder, Obligation, ObligationProof, Selector
from tests.support.casework import Casework, moment
from tests.support.everything import Everything
from tests.support.rows import changed, copied, set_status, undone

CARRIED_OUT = ("in_progress", "met", "partly_met", "objected", "not_ours", "out_of_scope")


def refused(act: Any, *, match: str) -> None:
    with pytest.raises(DatabaseError, match=match), undone():
        act()


def walk(pk: int, *steps: str) -> None:
    for step in steps:
        set_status("cases_obligation", pk, step)


@pytest.mark.parametrize("kind", ["freeze", "transfer", "non_disclosure"])
def test_a_duty_of_an_unverified_order_goes_nowhere_but_overdue_or_lifted(
    casework: Casework, kind: str
) -> None:
    duty = casework.order(duties=[Duty(kind, "Do it.")]).obligations.get()
    refused(lambda: walk(duty.pk, "in_progress"), match="not verified")
    for status in ("overdue", "lifted"):
        with undone():
            walk(duty.pk, status)
    refused(lambda: walk(duty.pk, "overdue", "met"), match="not verified")


def test_a_proof_of_an_unverified_duty_is_not_taken(casework: Casework) -> None:
    order = casework.order(duties=[Duty("produce", "Records.")])
    refused(
        lambda: ObligationProof.objects.create(
            case=casework.case,
            obligation=order.obligations.get(),
            kind="note",
            note="Sent anyway",
            given_at=moment(),
            given_by=casework.lead,
        ),
        match="not verified",
    )


def test_an_order_is_not_made_verified_without_a_check(casework: Casework) -> None:
    order = casework.order()
    at = moment()
    verified = {
        "verified_at": at,
        "verified_by_id": casework.lead.pk,
        "verification_method": "call_back",
        "verification_contact": "Clerk",
    }
    refused(lambda: changed(order, order.pk, verified), match="by a check")
    accepted = casework.accepted_order(reference="DEMO-2")
    refused(lambda: changed(accepted, accepted.pk, {"verified_at": at}), match="by a check")
    # Somebody else's check is nobody's leave to put a name there.
    refused(
        lambda: changed(accepted, accepted.pk, {"verified_by_id": casework.counsel.pk}), match="by a check"
    )


# ── The one exception ─────────────────────────────────────────────────────────────────────────────────────


def released(casework: Casework, duty: Obligation) -> EmergencyRelease:
    return EmergencyRelease.objects.create(
        case=casework.case,
        obligation=duty,
        reason="A life",
        approved_at=moment(),
        approved_by=casework.approver,
    )


@pytest.mark.parametrize(
    ("instrument", "kind"),
    [
        ("informal_freeze_request", "freeze"),
        ("seizure_warrant", "transfer"),
        ("preservation_letter", "preserve"),
        ("subpoena", "produce"),
    ],
)
def test_an_emergency_is_never_a_hold_a_transfer_or_an_ordinary_paper(
    casework: Casework, instrument: str, kind: str
) -> None:
    duty = casework.order(instrument=instrument, duties=[Duty(kind, "At once.")]).obligations.get()
    refused(lambda: released(casework, duty), match="only a disclosure in an emergency")


def test_an_emergency_opens_its_one_duty_alone(casework: Casework) -> None:
    order = casework.order(
        instrument="emergency_disclosure", duties=[Duty("produce", "Log-ins."), Duty("produce", "Papers.")]
    )
    first, second = order.obligations.order_by("number")
    with undone():
        released(casework, first)
        walk(first.pk, "in_progress")
        refused(lambda: walk(second.pk, "in_progress"), match="not verified")


def test_a_verified_emergency_needs_no_release(casework: Casework) -> None:
    order = casework.accepted_order(instrument="emergency_disclosure", duties=[Duty("produce", "Log-ins.")])
    refused(lambda: released(casework, order.obligations.get()), match="only a disclosure in an emergency")


def test_a_review_is_given_once_with_words_and_stays(everything: Everything) -> None:
    row = everything.rows["emergency"]
    refused(lambda: set_status(row._meta.db_table, row.pk, "upheld"), match="emergency_reviewed_said")
    pk = everything.moved("emergency", "upheld")
    refused(lambda: changed(row, pk, {"review": "On second thoughts"}), match="given once")


# ── What an order permits, and what belongs to it ─────────────────────────────────────────────────────────


def test_an_order_names_a_version_of_its_own_instrument(everything: Everything) -> None:
    order = everything.rows["order"]
    fresh = everything.fresh("order")
    for changes in ({"instrument_type_id": None}, {"instrument": "subpoena"}):
        refused(lambda changes=changes: copied(order, fresh | changes), match="version of its instrument")


def test_a_duty_that_the_instrument_does_not_permit_is_not_taken(everything: Everything) -> None:
    for kind in ("produce", "preserve", "keep_open"):
        with pytest.raises(IntegrityError, match="does not permit"), undone():
            copied(everything.rows["obligation"], everything.fresh("obligation") | {"kind": kind})


def test_an_outcome_is_shown_by_a_proof_or_a_reason(everything: Everything) -> None:
    obligation = everything.rows["obligation"]
    ended = {"ended_at": moment(), "ended_by_id": everything.casework.lead.pk}
    for status in ("met", "partly_met", "objected", "not_ours", "out_of_scope"):
        with pytest.raises(IntegrityError, match="shown by a proof or a reason"), undone():
            pk = copied(obligation, everything.fresh("obligation") | ended)
            walk(pk, "in_progress", status)


def test_an_order_waits_for_its_duties(casework: Casework) -> None:
    order = casework.accepted_order()
    set_status("cases_legalorder", order.pk, "executing")
    refused(lambda: set_status("cases_legalorder", order.pk, "complied"), match="has not ended")
    gagged = casework.accepted_order(reference="DEMO-2", duties=[Duty("non_disclosure", "Nobody.")])
    with undone():
        # A term may run on behind an order that was complied with, not behind one that is closed.
        set_status("cases_legalorder", gagged.pk, "complied")
        refused(lambda: set_status("cases_legalorder", gagged.pk, "closed"), match="has not ended")


def test_what_was_found_and_what_shows_it_stay_in_their_case(everything: Everything) -> None:
    other = Casework.opened()
    account, paper_order = other.account(), other.order(selectors=[Asked("name", "Kim")])
    selector = Selector.objects.get(order=paper_order)
    finding, proof, named = (everything.rows[kind] for kind in ("finding", "proof", "selector"))
    refused(lambda: copied(finding, {"account_id": account.pk}), match="another case")
    refused(lambda: copied(finding, {"selector_id": selector.pk}), match="another case")
    refused(lambda: copied(proof, {"case_id": other.case.pk}), match="another case")
    refused(
        lambda: copied(named, everything.fresh("selector") | {"order_id": paper_order.pk}),
        match="another case",
    )
    assert LegalOrder.objects.filter(case=other.case).count() == 1
