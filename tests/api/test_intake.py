"""Intake by the API: one call with papers, selectors and duties; authorities and instruments as the pages have them."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from cases.models import LegalOrder, OrderPaper
from cases.people.models import User
from tests.api.conftest import Program
from tests.api.test_process import of, paper_of_order
from tests.support.casework import Casework

pytestmark = pytest.mark.django_db
Programs = Callable[[User], Program]


def whole(**changes: Any) -> dict[str, Any]:
    return (
        paper_of_order()
        | {
            "entity_served": "Example Exchange Ltd",
            "requestor_phone": "+1 202 555 0147",
            "selectors": [{"kind": "email", "value": " Kim@Example.test "}],
        }
        | changes
    )


def multipart(program: Program, path: str, order: Any, *files: tuple[str, bytes], key: str = "one") -> Any:
    parts: dict[str, Any] = {
        "order": json.dumps(order),
        "paper": [SimpleUploadedFile(name, content) for name, content in files],
    }
    return Client(headers={"Authorization": f"Bearer {program.secret}", "Idempotency-Key": key}).post(
        f"/api/v1/{path}", parts
    )


def test_one_call_takes_an_order_with_its_papers_selectors_and_duties(
    casework: Casework, program: Programs
) -> None:
    lead = program(casework.lead)
    path = of(casework, "orders")
    files = (("warrant.pdf", b"%PDF-1.7 a"), ("annex.pdf", b"%PDF-1.7 b"))
    made = multipart(lead, path, whole(), *files)
    assert made.status_code == 201, made.content
    body = made.json()
    assert [paper["filename"] for paper in body["papers"]] == ["warrant.pdf", "annex.pdf"]
    assert body["selectors"][0]["value"] == " Kim@Example.test "
    assert (body["instrument_version"], body["entity_served"]) == (1, "Example Exchange Ltd")
    assert body["issuer"]
    # The same key again is the same answer; nothing is recorded twice.
    assert multipart(lead, path, whole(agency_reference="X"), *files).status_code == 422
    assert LegalOrder.objects.count() == 1
    assert OrderPaper.objects.count() == 2


def test_a_wrong_part_of_a_form_is_refused(casework: Casework, program: Programs) -> None:
    lead, path = program(casework.lead), of(casework, "orders")
    for order, status in ((whole(scope=""), 422), ({"unknown": 1}, 422)):
        assert (
            multipart(
                lead, path, order, ("a.pdf", b"%PDF-1.7"), key=str(order)[:40].encode().hex()[:60]
            ).status_code
            == status
        )
    empty = multipart(lead, path, whole(), ("a.pdf", b""), key="three")
    assert empty.status_code == 422
    assert not LegalOrder.objects.exists()


def test_a_look_alike_is_named_and_recorded_once_it_was_seen(casework: Casework, program: Programs) -> None:
    lead, path = program(casework.lead), of(casework, "orders")
    assert lead.post(path, whole()).status == 201
    refused = lead.post(path, whole())
    assert refused.status == 422
    assert refused.data["errors"][0]["field"] == "alike_seen"
    key = f"{casework.case.reference}/1"
    assert key in refused.data["errors"][0]["message"]
    assert lead.post(path, whole(alike_seen=[key])).status == 201
    assert LegalOrder.objects.count() == 2


def test_selectors_and_findings(casework: Casework, program: Programs) -> None:
    lead = program(casework.lead)
    lead.post(of(casework, "orders"), whole())
    account = casework.account()
    added = lead.post(of(casework, "orders", 1, "selectors"), {"kind": "account", "value": "EX-1001"})
    assert (added.status, added.data["number"]) == (201, 2)
    found = lead.post(
        of(casework, "selectors", 2, "findings"), {"outcome": "found", "account": account.number}
    )
    assert found.data["findings"][0]["account"] == account.number
    assert lead.post(of(casework, "selectors", 2, "findings"), {"outcome": "found"}).status == 422
    assert [row["number"] for row in lead.get(of(casework, "selectors")).data["items"]] == [1, 2]


def test_an_emergency(casework: Casework, program: Programs) -> None:
    lead, approver, counsel = (program(user) for user in (casework.lead, casework.approver, casework.counsel))
    duty = {"kind": "produce", "text": "Log-ins."}
    made = lead.post(of(casework, "orders"), whole(instrument="emergency_disclosure", duties=[duty]))
    assert made.status == 201, made.data
    path = of(casework, "obligations", 1)
    assert lead.post(f"{path}/emergency", {"reason": "A life"}).status == 403
    assert (
        approver.post(f"{path}/emergency", {"reason": "A life"}).data["emergency_release"]["status"]
        == "waiting"
    )
    assert lead.post(f"{path}/move", {"to": "in_progress"}).status == 200
    proofs = [{"kind": "note", "note": "Sent by portal"}]
    met = lead.post(f"{path}/move", {"to": "met", "proofs": proofs})
    assert (met.status, met.data["proofs"][0]["note"]) == (200, "Sent by portal")
    review = {"upheld": True, "review": "Called back since"}
    assert approver.post(f"{path}/emergency/review", review).status in {403, 422}
    assert counsel.post(f"{path}/emergency/review", review).data["emergency_release"]["status"] == "upheld"
    assert lead.post(f"{path}/proofs", {"proofs": proofs}).data["proofs"][1]["note"] == "Sent by portal"


def test_instruments_and_authorities(casework: Casework, program: Programs) -> None:
    lead, counsel, liaison = (program(user) for user in (casework.lead, casework.counsel, casework.liaison))
    listed = lead.get("instruments")
    assert len(listed.data["items"]) == 21
    facts = {
        "label": "Grand-jury subpoena",
        "permits": ["produce", "preserve"],
        "source": "Fed. R. Crim. P. 17",
        "confidence": "high",
        "reason": "Asked for too",
    }
    assert lead.post("instruments/subpoena/change", facts).status == 403
    assert counsel.post("instruments/subpoena/change", facts).data["version"] == 2
    versions = lead.get("instruments/subpoena").data["versions"]
    assert [row["version"] for row in versions] == [2, 1]
    assert counsel.post("instruments", facts | {"key": "bcb_letter"}).status == 201
    assert liaison.get("instruments").status == 403
    kept = lead.post("authorities", {"name": "Example Bureau"})
    assert kept.status == 201
    path = f"authorities/{kept.data['id']}"
    contact = {"kind": "phone", "value": "+1 202 555 0000", "source": "Federal register"}
    assert lead.post(f"{path}/contacts", contact).data["contacts"][0]["source"] == "Federal register"
    assert lead.post(f"{path}/edit", {"jurisdiction": "US", "remarks": ""}).data["jurisdiction"] == "US"
    ended = lead.post(f"{path}/contacts/1/end", {"reason": "Given up"})
    assert (ended.data["contacts"], len(ended.data["former"])) == ([], 1)
    assert [row["name"] for row in lead.get("authorities").data["items"]] == ["Example Bureau"]
    assert lead.get(path).data["name"] == "Example Bureau"
