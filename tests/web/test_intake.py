"""Taking an order in by its one form, and what is kept of instruments and authorities, by the front."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from cases.actions.orders import Asked, Duty
from cases.models import Authority, AuthorityContact, EmergencyRelease, Finding, InstrumentType, LegalOrder
from cases.people.models import User
from tests.support.casework import Casework
from tests.web.test_orders import typed, url

ClientOf = Callable[[User], Client]
pytestmark = pytest.mark.django_db


@pytest.fixture
def lead(casework: Casework, client_of: ClientOf) -> Client:
    return client_of(casework.lead)


def whole(**changes: Any) -> dict[str, Any]:
    """The form with everything that a paper may state."""
    return (
        typed(
            validating_authority="Ministry of Justice",
            enforcing_authority="Public prosecutor",
            agency_case_number="2026-114",
            entity_served="Example Exchange Ltd",
            requestor="R. Example",
            requestor_title="Special Agent",
            requestor_badge="4471",
            requestor_email="r.example@bureau.example.test",
            requestor_phone="+1 202 555 0147",
            ends_at="2026-12-31T17:00",
            non_disclosure_until="2027-01-06T17:00",
            non_disclosure_terms="Not the customer.",
            sealed_terms="File under seal.",
        )
        | {
            "duties-0-kind": "freeze",
            "duties-0-text": "Hold it.",
            "selectors-TOTAL_FORMS": "2",
            "selectors-INITIAL_FORMS": "0",
            "selectors-0-kind": "address",
            "selectors-0-value": " 0xABCdef ",
            "selectors-0-starts_at": "2025-01-01T00:00",
            "selectors-0-ends_at": "2025-06-30T23:59",
            "selectors-1-kind": "",
            "selectors-1-value": "",
        }
        | changes
    )


def test_all_that_a_paper_states_comes_in_by_one_form(lead: Client, casework: Casework) -> None:
    answer = lead.post(url(casework, "order-create"), whole())
    assert answer.status_code == 303
    order = LegalOrder.objects.get()
    assert (order.validator, order.enforcer) != (None, None)
    assert (order.agency_case_number, order.requestor_badge, order.sealed_terms) == (
        "2026-114",
        "4471",
        "File under seal.",
    )
    selector = order.selectors.get()
    assert (selector.value, selector.time_zone) == (" 0xABCdef ", "America/New_York")
    assert selector.starts_at is not None
    assert selector.starts_at.hour == 5
    assert set(order.obligations.values_list("kind", flat=True)) == {"freeze", "non_disclosure"}
    page = lead.get(answer["Location"]).content.decode()
    for words in (
        "Ministry of Justice",
        "4471",
        "+1 202 555 0147",
        "0xABCdef",
        "File under seal.",
        "2026-114",
    ):
        assert words in page, words


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"duties-0-kind": "produce"}, "The instrument does not permit this."),
        ({"selectors-0-kind": ""}, "This field is required."),
        ({"selectors-0-value": "   "}, "Say what the order names."),
        ({"selectors-0-starts_at": "2025-07-01T00:00"}, "A range ends after it begins."),
        ({"non_disclosure_until": "2020-01-01T00:00"}, "The due moment lies before the order was issued."),
        ({"instrument": "letter"}, "Select a valid choice."),
    ],
)
def test_what_is_wrong_is_said_and_what_was_typed_stays(
    lead: Client, casework: Casework, changes: dict[str, Any], words: str
) -> None:
    answer = lead.post(url(casework, "order-create"), whole(**changes))
    assert answer.status_code == 422
    page = answer.content.decode()
    assert words in page
    for kept in ("Ministry of Justice", "4471", "Not the customer.", "File under seal.", "2026-12-31T17:00"):
        assert kept in page, kept
    assert not LegalOrder.objects.exists()


def test_the_duties_of_an_instrument_are_offered_without_script(lead: Client, casework: Casework) -> None:
    page = lead.post(
        url(casework, "order-create"),
        whole(offer="1", instrument="mlat_request", **{"duties-0-kind": "freeze"}),
    ).content.decode()
    assert "There is a problem" not in page
    for kind in ("produce", "preserve", "non_disclosure", "freeze"):
        assert f'<option value="{kind}" selected>' in page
    assert '<option value="transfer" selected>' not in page
    assert "28 USC 1782" in page
    assert "0xABCdef" in page


def test_a_look_alike_is_pointed_out_before_and_never_a_silent_block(
    lead: Client, casework: Casework
) -> None:
    casework.order(reference="DEMO-77", selectors=[Asked("address", "0xabcDEF")])
    hidden = Casework.opened()
    hidden.order(reference="DEMO-77")
    create = url(casework, "order-create")
    asked = lead.post(create, whole())
    assert asked.status_code == 422
    page = asked.content.decode()
    assert "This looks like an order that is on record" in page
    assert casework.case.reference in page
    assert hidden.case.reference not in page
    assert LegalOrder.objects.filter(case=casework.case).count() == 1
    mark = page.split('name="alike_seen" value="')[1].split('"')[0]
    assert lead.post(create, whole(alike_seen="0" * 24)).status_code == 422
    recorded = lead.post(create, whole(alike_seen=mark))
    assert recorded.status_code == 303
    assert "This looks like an order that is on record" in lead.get(recorded["Location"]).content.decode()


def test_a_selector_is_added_and_looked_for(lead: Client, casework: Casework) -> None:
    casework.order()
    account = casework.account()
    add = url(casework, "selector-create", 1)
    assert lead.post(add, {"kind": "account", "value": ""}).status_code == 422
    assert lead.post(add, {"kind": "account", "value": "EX-1001"}).status_code == 303
    find = url(casework, "selector-finding", 1)
    assert lead.get(find).status_code == 200
    assert lead.post(find, {"outcome": "found", "found": ""}).status_code == 422
    assert lead.post(find, {"outcome": "not_found", "remarks": "Not in the ledger"}).status_code == 303
    assert lead.post(find, {"outcome": "found", "found": f"account:{account.number}"}).status_code == 303
    assert Finding.objects.count() == 2
    page = lead.get(url(casework, "order-detail", 1)).content.decode()
    assert "Not in the ledger" in page
    assert lead.get(url(casework, "selector-finding", 7)).status_code == 404


def test_an_emergency_is_let_pass_and_reviewed(casework: Casework, client_of: ClientOf) -> None:
    casework.order(instrument="emergency_disclosure", duties=[Duty("produce", "Log-ins.")])
    lead, approver, counsel = (
        client_of(user) for user in (casework.lead, casework.approver, casework.counsel)
    )
    release, review = (url(casework, name, 1) for name in ("emergency-release", "emergency-review"))
    assert lead.get(release).status_code == 403
    assert approver.get(review).status_code == 404
    assert "Emergency" in approver.get(url(casework, "order-detail", 1)).content.decode()
    assert approver.post(release, {"reason": ""}).status_code == 422
    assert approver.post(release, {"reason": "A life"}).status_code == 303
    assert "Waiting for the second person" in lead.get(url(casework, "order-detail", 1)).content.decode()
    assert lead.post(url(casework, "obligation-move", 1), {"to": "in_progress"}).status_code == 303
    own = approver.post(review, {"outcome": "upheld", "review": "Fine"})
    assert own.status_code == 422
    assert "Somebody else must look at it." in own.content.decode()
    assert counsel.post(review, {"outcome": "disputed", "review": "No danger"}).status_code == 303
    assert EmergencyRelease.objects.get().status == "disputed"


def test_a_duty_is_shown_by_what_is_ticked(lead: Client, casework: Casework) -> None:
    order = casework.accepted_order(duties=[Duty("produce", "Records.")])
    number = order.obligations.get().number
    move = url(casework, "obligation-move", number)
    lead.post(url(casework, "paper-attach", order.number), {"paper": _file()})
    assert lead.post(move, {"to": "in_progress"}).status_code == 303
    assert lead.post(move, {"to": "met", "shown_by": ["paper:9"]}).status_code == 422
    assert lead.post(move, {"to": "met", "shown_by": ["paper:1"]}).status_code == 303
    proof = url(casework, "obligation-proof", number)
    assert lead.post(proof, {"note": ""}).status_code == 422
    assert lead.post(proof, {"note": "Receipt 5"}).status_code == 303
    page = lead.get(url(casework, "order-detail", order.number)).content.decode()
    assert "answer.pdf" in page
    assert "Receipt 5" in page


def _file() -> Any:
    from django.core.files.uploadedfile import SimpleUploadedFile

    return SimpleUploadedFile("answer.pdf", b"%PDF-1.7 answer")


# ── Instruments and authorities ───────────────────────────────────────────────────────────────────────────


def test_instruments_are_read_by_the_desk_and_changed_by_a_further_version(
    casework: Casework, client_of: ClientOf
) -> None:
    lead, counsel = client_of(casework.lead), client_of(casework.counsel)
    assert "18 USC 2705(b)" in lead.get(reverse("instrument-list")).content.decode()
    change = reverse("instrument-change", args=["subpoena"])
    assert lead.get(change).status_code == 403
    data = {
        "label": "Grand-jury subpoena",
        "permits": ["produce", "preserve"],
        "needs": ["due_at"],
        "clocks": "preserve: preservation_90_days",
        "terms": "Return date on its face.",
        "source": "Fed. R. Crim. P. 17",
        "confidence": "high",
        "reason": "Letters ask for preservation too",
    }
    assert counsel.post(change, data | {"reason": ""}).status_code == 422
    assert counsel.post(change, data | {"clocks": "nonsense"}).status_code == 422
    assert counsel.post(change, data).status_code == 303
    row = InstrumentType.objects.get(key="subpoena", version=2)
    assert row.rules_for("preserve") == ["preservation_90_days"]
    page = lead.get(reverse("instrument-detail", args=["subpoena"])).content.decode()
    assert "Letters ask for preservation too" in page
    add = reverse("instrument-create")
    assert counsel.post(add, data | {"key": "subpoena"}).status_code == 422
    assert counsel.post(add, data | {"key": "bcb_letter", "clocks": ""}).status_code == 303
    assert lead.get(reverse("instrument-detail", args=["none"])).status_code == 404


def test_an_authority_has_a_page(casework: Casework, client_of: ClientOf) -> None:
    lead, auditor = client_of(casework.lead), client_of(casework.auditor)
    assert lead.post(reverse("authority-create"), {"name": ""}).status_code == 422
    kept = lead.post(reverse("authority-create"), {"name": "U.S. District Court, D.D.C."})
    assert kept.status_code == 303
    authority = Authority.objects.get()
    contact = reverse("contact-create", args=[authority.public_id])
    facts = {"kind": "phone", "value": "+1 202 555 0000", "person": "Clerk", "source": "Court directory"}
    assert lead.post(contact, facts | {"source": ""}).status_code == 422
    assert lead.post(contact, facts).status_code == 303
    casework.order()
    page = auditor.get(kept["Location"]).content.decode()
    for words in ("Court directory", "+1 202 555 0000", "DEMO-1", casework.lead.name):
        assert words in page, words
    end = reverse("contact-end", args=[authority.public_id, 1])
    assert auditor.get(end).status_code == 403
    assert lead.post(end, {"reason": "Number given up"}).status_code == 303
    assert AuthorityContact.objects.get().ended_by == casework.lead
    assert "U.S. District Court" in lead.get(reverse("authority-list")).content.decode()
    edit = reverse("authority-edit", args=[authority.public_id])
    assert lead.post(edit, {"jurisdiction": "US", "remarks": "Desk opens at nine"}).status_code == 303
    assert "Desk opens at nine" in auditor.get(kept["Location"]).content.decode()
