"""Orders, duties, papers, freezes and shares, by the API alone: the whole way, with two persons."""

import hashlib
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile

from cases import storage
from cases.audit.models import Event
from cases.audit.record import utc_text
from cases.audit.verify import verify_stream
from cases.models import FreezeApproval, FreezeOrder, LegalOrder, OrderPaper
from cases.people.models import User
from tests.api.conftest import Program
from tests.support.casework import Casework, moment

pytestmark = pytest.mark.django_db
Programs = Callable[[User], Program]
PDF = b"%PDF-1.7\n% a paper\n"


def of(casework: Casework, *parts: object) -> str:
    return "/".join(["cases", casework.case.reference, *map(str, parts)])


def ago(**kwargs: float) -> str:
    return utc_text(moment() - timedelta(**kwargs))


def ahead(**kwargs: float) -> str:
    return utc_text(moment() + timedelta(**kwargs))


def paper_of_order() -> dict[str, Any]:
    return {
        "instrument": "seizure_warrant",
        "issuing_authority": "U.S. District Court, D.D.C.",
        "agency_reference": "DEMO-23-1",
        "jurisdiction": "US",
        "legal_basis": "18 USC 981(b)",
        "scope": "All assets in the account.",
        "requestor_email": "agent@agency.example",
        "issued_at": ago(days=3),
        "served_at": ago(days=2),
        "received_at": ago(days=2),
        "due_at": ahead(days=5),
        "time_zone": "America/New_York",
        "duties": [{"kind": "freeze", "text": "Hold the assets.", "due_at": ahead(days=4)}],
    }


def accepted(lead: Program, counsel: Program, casework: Casework) -> int:
    """An order brought to `accepted` by the API; returns its number."""
    made = lead.post(of(casework, "orders"), paper_of_order())
    assert made.status == 201, made.data
    number = int(made.data["number"])
    for program, verb, body in (
        (lead, "move", {"to": "verifying"}),
        (
            lead,
            "verify",
            {
                "authentic": True,
                "method": "call_back",
                "contact": "Clerk",
                "contact_source": "The court's own site",
            },
        ),
        (lead, "move", {"to": "in_review"}),
        (counsel, "move", {"to": "accepted", "reason": "In order"}),
    ):
        answer = program.post(of(casework, "orders", number, verb), body)
        assert answer.status == 200, answer.data
    return number


def test_an_order_from_receipt_to_acceptance(program: Programs, casework: Casework) -> None:
    lead, counsel = program(casework.lead), program(casework.counsel)
    number = accepted(lead, counsel, casework)
    order = lead.get(of(casework, "orders", number)).data
    assert order["status"] == "accepted"
    assert order["time_zone"] == "America/New_York"
    assert order["verified_by"]["id"] == str(casework.lead.public_id)
    assert [duty["kind"] for duty in order["obligations"]] == ["freeze"]
    assert lead.get(of(casework, "orders")).data["items"] == [order]
    duty = lead.post(
        of(casework, "orders", number, "obligations"),
        {"kind": "transfer", "text": "Hand it over", "responsible": str(casework.counsel.public_id)},
    )
    assert (duty.status, duty.data["responsible"]["name"]) == (201, casework.counsel.name)
    assert duty.data["recorded_at"].endswith("Z")
    assert lead.get(of(casework, "obligations", 2)).data == duty.data
    assert len(lead.get(of(casework, "obligations?status=open")).data["items"]) == 2
    assert lead.post(of(casework, "obligations", 2, "move"), {"to": "in_progress"}).status == 200
    assert lead.post(of(casework, "obligations", 2, "move"), {"to": "met"}).fields == {"reason": "refused"}
    later = lead.post(
        of(casework, "obligations", 1, "extend"), {"due_at": ahead(days=9), "reason": "By the court"}
    )
    assert later.status == 200, later.data
    sooner = lead.post(of(casework, "obligations", 1, "extend"), {"due_at": ahead(days=1), "reason": "x"})
    assert sooner.fields == {"due_at": "refused"}
    met = lead.post(of(casework, "obligations", 2, "move"), {"to": "met", "reason": "Letter of today"})
    assert met.data["ended_by"]["id"] == str(casework.lead.public_id)
    assert lead.get(of(casework, "orders", number)).data["status"] == "partly_complied"


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"served_at": "2020-01-01T00:00:00Z"}, "served_at"),
        ({"received_at": "2020-01-01T00:00:00Z"}, "received_at"),
        ({"due_at": "2020-01-01T00:00:00Z"}, "due_at"),
        ({"time_zone": "Mars/Olympus"}, "time_zone"),
        ({"time_zone": "America"}, "time_zone"),
        ({"requestor_email": "not an address"}, "requestor_email"),
        ({"duties": [{"kind": "freeze"}]}, "duties.0.text"),
        ({"duties": [{"kind": "freeze", "text": "a", "due_at": None, "extra": 1}]}, "duties.0.extra"),
        ({"duties": {}}, "duties"),
        ({"duties": [5]}, "duties.0"),
        ({"duties": [{"kind": "freeze", "text": "a"}] * 31}, "duties"),
        (
            {
                "duties": [
                    {"kind": "freeze", "text": "a", "responsible": "00000000-0000-4000-8000-000000000000"}
                ]
            },
            "duties.0.responsible",
        ),
        ({"status": "accepted"}, "status"),
    ],
)
def test_a_wrong_order_is_refused_beside_its_field(
    program: Programs, casework: Casework, change: dict[str, Any], field: str
) -> None:
    answer = program(casework.lead).post(of(casework, "orders"), paper_of_order() | change)
    assert answer.status == 422, answer.data
    assert field in answer.fields
    assert not LegalOrder.objects.exists()


def test_a_decision_is_not_the_investigators(program: Programs, casework: Casework) -> None:
    lead = program(casework.lead)
    lead.post(of(casework, "orders"), paper_of_order())
    assert lead.post(of(casework, "orders", 1, "move"), {"to": "withdrawn", "reason": "x"}).status == 403
    assert lead.post(of(casework, "orders", 1, "move"), {"to": "executing"}).fields == {"to": "refused"}
    assert lead.post(of(casework, "orders", 1, "move"), {"to": "in_review"}).status == 409


def test_a_paper_is_kept_to_the_byte(program: Programs, casework: Casework) -> None:
    lead = program(casework.lead)
    lead.post(of(casework, "orders"), paper_of_order())
    path = of(casework, "orders", 1, "papers")

    def paper(name: str = "../../Warrant \u202e.pdf", content: bytes = PDF) -> dict[str, Any]:
        return {"paper": SimpleUploadedFile(name, content, content_type="text/html")}

    made = lead.upload(path, paper(), key="a")
    assert made.status == 201, made.data
    digest = hashlib.sha256(PDF).hexdigest()
    assert (made.data["sha256"], made.data["size"]) == (digest, len(PDF))
    assert (made.data["filename"], made.data["media_type"]) == ("Warrant .pdf", "application/pdf")
    again = lead.upload(path, paper(), key="a")
    assert (again.content, again.headers["Idempotent-Replayed"]) == (made.content, "true")
    assert lead.upload(path, paper(content=PDF + b"x"), key="a").status == 422
    assert lead.upload(path, paper(), key="b").fields == {"paper": "refused"}
    assert OrderPaper.objects.count() == 1
    assert lead.get(path).data["items"] == [made.data] == [lead.get(of(casework, "papers", 1)).data]

    taken = program(casework.reader).get(of(casework, "papers", 1, "file"))
    assert taken.content == PDF
    assert taken.headers["Content-Type"] == "application/octet-stream"
    assert taken.headers["Content-Disposition"].startswith("attachment")
    assert taken.headers["Repr-Digest"].startswith("sha-256=:")
    event = Event.objects.filter(stream=casework.case.stream).latest("sequence")
    assert (event.action, event.actor) == ("paper.downloaded", casework.reader)


def test_a_wrong_paper_is_refused(program: Programs, casework: Casework, settings: Any) -> None:
    settings.PAPER_MAX_BYTES = 1000
    lead = program(casework.lead)
    lead.post(of(casework, "orders"), paper_of_order())
    path = of(casework, "orders", 1, "papers")
    assert lead.upload(path, {}).fields == {"paper": "required"}
    assert lead.upload(path, {"paper": "text"}).fields == {"paper": "invalid"}
    assert "paper" in lead.upload(path, {"paper": SimpleUploadedFile("a.pdf", b"")}).fields
    assert "paper" in lead.upload(path, {"paper": SimpleUploadedFile("a.pdf", b"x" * 1001)}).fields
    two = [SimpleUploadedFile("a.pdf", b"x"), SimpleUploadedFile("b.pdf", b"y")]
    assert lead.upload(path, {"paper": two}).fields == {"paper": "twice"}
    assert "other" in lead.upload(path, {"paper": SimpleUploadedFile("a.pdf", b"x"), "other": "y"}).fields
    assert lead.upload(path, {"paper": SimpleUploadedFile("a.pdf", b"x" * 2_000_000)}).status == 413
    assert lead.post(path, {"paper": "x"}).status == 415
    assert not OrderPaper.objects.exists()


def test_a_paper_that_changed_on_disk_is_not_handed_out(program: Programs, casework: Casework) -> None:
    lead = program(casework.lead)
    lead.post(of(casework, "orders"), paper_of_order())
    made = lead.upload(of(casework, "orders", 1, "papers"), {"paper": SimpleUploadedFile("a.pdf", PDF)})
    file: Path = storage.path_of(made.data["sha256"])
    assert file.is_relative_to(settings.FILES_ROOT)
    events = Event.objects.count()
    file.chmod(0o600)
    file.write_bytes(PDF + b"!")
    damaged = lead.get(of(casework, "papers", 1, "file"))
    assert (damaged.status, damaged.data["type"]) == (409, "urn:holdfast:problem:damaged-file")
    file.unlink()
    assert lead.get(of(casework, "papers", 1, "file")).status == 409
    assert Event.objects.count() == events


def test_a_freeze_from_proposal_to_release(program: Programs, casework: Casework) -> None:
    lead, approver, counsel = program(casework.lead), program(casework.approver), program(casework.counsel)
    account = casework.account()
    casework.holding(account, amount=2**70)
    accepted(lead, counsel, casework)
    proposal = {
        "account": account.number,
        "obligation": 1,
        "scope": "amount",
        "reason": "Asked for by the order.",
        "amounts": [{"asset": "usdt", "amount": str(2**64)}],
    }
    made = approver.post(of(casework, "freezes"), proposal)
    assert made.status == 201, made.data
    assert made.data["amounts"] == [
        {
            "asset": "USDT",
            "decimals": 6,
            "amount": str(2**64),
            "proposed": made.data["amounts"][0]["proposed"],
            "applied": None,
        }
    ]
    assert made.data["amounts"][0]["proposed"]["amount"] == str(2**70)
    assert made.data["amounts"][0]["proposed"]["source"] == "Ledger export"

    one = of(casework, "freezes", made.data["number"])
    own = approver.post(f"{one}/approve")
    assert (own.status, own.data["type"]) == (422, "urn:holdfast:problem:own-approval")
    assert lead.post(f"{one}/approve").status == 403
    assert not FreezeApproval.objects.exists()
    second = program(casework.second_approver)
    agreed = second.post(f"{one}/approve", {"comment": "Fits the warrant."})
    assert agreed.data["status"] == "approved"
    assert agreed.data["approvals"][0]["approver"]["id"] == str(casework.second_approver.public_id)
    assert second.post(f"{one}/approve").status in (409, 422)

    assert lead.post(f"{one}/confirm", {"confirmation": "x"}).status == 409
    assert lead.post(f"{one}/apply").data["status"] == "applying"
    assert lead.post(f"{one}/apply-failed", {"reason": "System down"}).data["status"] == "apply_failed"
    assert lead.post(f"{one}/apply").data["status"] == "applying"
    assert lead.post(f"{one}/applied", {"applied_at": ahead(days=1)}).fields == {"applied_at": "refused"}
    applied = lead.post(f"{one}/applied", {"applied_at": utc_text(moment())})
    assert applied.data["amounts"][0]["applied"]["amount"] == str(2**70)
    confirmed = lead.post(f"{one}/confirm", {"confirmation": "Ticket 5"})
    assert (confirmed.data["status"], confirmed.data["confirmation"]) == ("confirmed", "Ticket 5")
    assert lead.get(of(casework, "obligations", 1)).data["status"] == "met"
    assert lead.get(of(casework, "orders", 1)).data["status"] == "complied"

    asked = approver.post(f"{one}/release", {"reason": "The order was lifted."})
    assert asked.data["status"] == "release_proposed"
    assert approver.post(f"{one}/release/decide", {"agrees": True}).data["type"].endswith("own-approval")
    kept = second.post(f"{one}/release/decide", {"agrees": False})
    assert kept.fields == {"comment": "refused"}
    released = second.post(f"{one}/release/decide", {"agrees": True})
    assert (released.data["status"], released.data["released_by"]["name"]) == (
        "released",
        casework.second_approver.name,
    )
    assert lead.get(one).data == released.data
    casework.case.stream.refresh_from_db()
    assert verify_stream(casework.case.stream) is None


def test_the_other_ways_out_of_a_freeze(program: Programs, casework: Casework) -> None:
    casework.wallet()
    lead, approver = program(casework.lead), program(casework.approver)
    hold = {
        "wallet": 1,
        "policy_hold": "Alleged theft.",
        "formal_order_by": ahead(days=3),
        "scope": "address",
        "reason": "r",
    }
    for number, (who, verb, body, status) in enumerate(
        [
            (approver, "reject", {"comment": "Too thin"}, "rejected"),
            (lead, "cancel", {"reason": "Moot"}, "cancelled"),
        ],
        start=1,
    ):
        made = lead.post(of(casework, "freezes"), hold)
        assert (made.status, made.data["chain"]) == (201, "ethereum"), made.data
        answer = who.post(of(casework, "freezes", number, verb), body)
        assert answer.data["status"] == status, answer.data
    lead.post(of(casework, "freezes"), hold)
    third = of(casework, "freezes", 3)
    approver.post(f"{third}/approve")
    lead.post(f"{third}/apply")
    lead.post(f"{third}/applied", {"applied_at": utc_text(moment())})
    wrong = lead.post(f"{third}/wrong-target", {"reason": "Another person's"})
    assert wrong.data["status"] == "wrong_target_reversed"
    assert [row["number"] for row in lead.get(of(casework, "freezes?status=rejected")).data["items"]] == [1]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"wallet": None}, "target"),
        ({"account": 1}, "target"),
        ({"wallet": 7}, "wallet"),
        ({"policy_hold": ""}, "basis"),
        ({"obligation": 1}, "basis"),
        ({"policy_hold": "", "obligation": 7, "formal_order_by": None}, "basis"),
        ({"formal_order_by": None}, "formal_order_by"),
        ({"formal_order_by": "2020-01-01T00:00:00Z"}, "formal_order_by"),
        ({"scope": "account"}, "scope"),
        ({"amounts": [{"asset": "ETH"}, {"asset": "eth"}]}, "amounts"),
        ({"amounts": [{"asset": "NOPE"}]}, "amounts"),
        ({"amounts": [{"asset": "ETH", "amount": "0"}]}, "amounts"),
        ({"amounts": [{"asset": "ETH", "amount": 1}]}, "amounts.0.amount"),
        ({"amounts": [{"amount": "1"}]}, "amounts.0.asset"),
        ({"approvals_required": 3}, "approvals_required"),
        ({"reason": ""}, "reason"),
    ],
)
def test_a_wrong_proposal_is_refused_beside_its_field(
    program: Programs, casework: Casework, change: dict[str, Any], field: str
) -> None:
    casework.wallet()
    hold = {
        "wallet": 1,
        "policy_hold": "Alleged theft.",
        "formal_order_by": ahead(days=3),
        "scope": "address",
        "reason": "r",
    }
    answer = program(casework.lead).post(of(casework, "freezes"), hold | change)
    assert answer.status == 422, answer.data
    assert field in answer.fields
    assert not FreezeOrder.objects.exists()


def test_a_huge_amount_is_refused_not_stored(program: Programs, casework: Casework) -> None:
    casework.wallet()
    hold = {
        "wallet": 1,
        "policy_hold": "Alleged theft.",
        "formal_order_by": ahead(days=3),
        "scope": "address",
        "reason": "r",
        "amounts": [{"asset": "ETH", "amount": "9" * 78}],
    }
    answer = program(casework.lead).post(of(casework, "freezes"), hold)
    assert (answer.status, answer.fields) == (422, {"amounts.0.amount": "range"})


def test_a_share_and_its_end(program: Programs, casework: Casework) -> None:
    lead, counsel = program(casework.lead), program(casework.counsel)
    number = accepted(lead, counsel, casework)
    liaisons = lead.get(of(casework, "shares/liaisons")).data["items"]
    assert [(row["id"], row["agency"]) for row in liaisons] == [
        (str(casework.liaison.public_id), casework.liaison.agency)
    ]
    body = {"order": number, "liaison": liaisons[0]["id"], "purpose": "For the issuing authority"}
    past = lead.post(of(casework, "shares"), body | {"ends_at": "2020-01-01T00:00:00Z"})
    assert past.fields == {"ends_at": "refused"}
    assert lead.post(of(casework, "shares"), body | {"liaison": str(casework.lead.public_id)}).fields == {
        "liaison": "refused"
    }
    assert lead.post(of(casework, "shares"), body | {"order": 99}).fields == {"order": "no-such-item"}
    made = lead.post(of(casework, "shares"), body)
    assert (made.status, made.data["live"]) == (201, True)
    assert lead.post(of(casework, "shares"), body).fields == {"liaison": "refused"}
    assert lead.get(of(casework, "shares")).data["items"] == [made.data]
    ended = lead.post(of(casework, "shares", 1, "end"), {"reason": "Done"})
    assert (ended.data["live"], ended.data["ended_by"]["id"]) == (False, str(casework.lead.public_id))
    assert lead.post(of(casework, "shares", 1, "end"), {"reason": "Done"}).status == 422


def test_moments_come_back_as_they_were_meant(program: Programs, casework: Casework) -> None:
    sent = paper_of_order() | {"issued_at": "2023-05-23T12:00:00.5-04:00"}
    made = program(casework.lead).post(of(casework, "orders"), sent)
    assert made.data["issued_at"] == "2023-05-23T16:00:00.500000Z"
    assert LegalOrder.objects.get().issued_at == datetime.fromisoformat("2023-05-23T16:00:00.500000+00:00")
