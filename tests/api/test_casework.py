"""Cases and what stands in them, by the API alone."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from cases.actions import cases as actions
from cases.audit.models import Event
from cases.audit.verify import verify_stream
from cases.models import Case, CaseWallet, Subject
from cases.people.models import User
from cases.permissions import Permission
from tests.api.conftest import Program
from tests.support.casework import ETHEREUM, Casework, moment
from tests.support.looks import looked
from wallets.models import WalletState

pytestmark = pytest.mark.django_db
Programs = Callable[[User], Program]
CHECKSUMMED = "0x97B1043ABD9E6FC31681635166d430a458D14F9C"


def of(casework: Casework, *parts: object) -> str:
    return "/".join(["cases", casework.case.reference, *map(str, parts)])


def test_a_case_from_opening_to_its_tags(program: Programs, casework: Casework) -> None:
    entered = program(casework.outsider)
    opened = entered.post(
        "cases",
        {
            "title": "  Remote workers  ",
            "typology": "dprk_it_workers",
            "summary": "Alleged.",
            "tags": ["DPRK", "dprk", " it  workers "],
        },
    )
    assert opened.status == 201, opened.data
    reference = opened.data["reference"]
    assert opened.headers["Location"] == f"/api/v1/cases/{reference}"
    assert opened.data["title"] == "Remote workers"
    assert opened.data["tags"] == ["dprk", "it workers"]
    assert opened.data["classification"] == "confidential"
    assert opened.data["lead"]["id"] == str(casework.outsider.public_id)
    assert "edit" in opened.data["permissions"]
    assert opened.data["opened_at"].endswith("Z")
    assert entered.get(f"cases/{reference}").data == opened.data

    changed = entered.patch(f"cases/{reference}", {"title": "Other", "classification": "restricted"})
    assert changed.status == 200
    assert (changed.data["title"], changed.data["summary"]) == ("Other", "Alleged.")
    assert entered.put(f"cases/{reference}/tags", {"tags": ["B", "a"]}).data == {"tags": ["a", "b"]}
    assert entered.get(f"cases/{reference}/tags").data == {"tags": ["a", "b"]}
    case = Case.objects.get(reference=reference)
    assert verify_stream(case.stream) is None
    assert [event.action for event in Event.objects.filter(stream=case.stream).order_by("sequence")] == [
        "case.opened",
        "case.edited",
        "case.tagged",
    ]


def test_moves_follow_the_table(program: Programs, casework: Casework) -> None:
    entered = program(casework.lead)
    wrong = entered.post(of(casework, "move"), {"to": "closed"})
    assert wrong.status == 409
    assert wrong.data["type"].endswith(":wrong-move")
    to = "under_investigation"
    assert entered.post(of(casework, "move"), {"to": to}).data["status"] == to
    asked = entered.post(of(casework, "closing/ask"), {"disposition": "referred", "words": "Done"})
    assert asked.data["status"] == "closing"
    assert entered.get(of(casework, "closing")).data["asked_by"]["id"] == str(casework.lead.public_id)
    decision = {"agrees": True, "retention": "aml_us", "counted_from": "2026-01-05"}
    assert entered.post(of(casework, "closing/decide"), decision).status == 403
    approver = program(casework.approver)
    unset = approver.post(of(casework, "closing/decide"), {"agrees": True})
    assert (unset.status, [*unset.fields]) == (422, ["retention"])
    closed = approver.post(of(casework, "closing/decide"), decision)
    assert (closed.data["status"], closed.data["disposition"]) == ("closed", "referred")
    assert closed.data["closed_by"]["id"] == str(casework.approver.public_id)
    assert entered.get(of(casework, "retention")).data["may_go_on"] == "2031-01-06"
    shut = entered.patch(of(casework), {"title": "Other"})
    assert (shut.status, shut.data["type"]) == (409, "urn:holdfast:problem:case-closed")
    assert entered.post(of(casework, "move"), {"to": "under_investigation"}).fields == {"reason": "refused"}


def test_the_list_is_walked_without_a_gap(program: Programs, casework: Casework) -> None:
    at = moment()
    for index in range(7):
        actions.open_case(
            by=casework.lead,
            at=at + timedelta(seconds=index // 3),
            title=f"Case {index}",
            typology="fraud",
            classification="internal",
            tags=["walk"],
        )
    entered = program(casework.lead)
    found: list[str] = []
    path = "cases?limit=3&tag=WALK"
    for _ in range(4):
        page = entered.get(path)
        assert page.status == 200, page.data
        found += [row["reference"] for row in page.data["items"]]
        if page.data["next"] is None:
            break
        path = f"cases?limit=3&tag=WALK&cursor={page.data['next']}"
    assert len(found) == len(set(found)) == 7
    rows = Case.objects.filter(reference__in=found).order_by("-touched_at", "-reference")
    assert found == [case.reference for case in rows]
    assert entered.get(f"cases?lead={casework.lead.public_id}").data["next"] is None
    assert len(entered.get("cases?typology=fraud&status=open").data["items"]) == 7
    assert entered.get("cases?typology=theft").data == {"items": [], "next": None}


def test_members(program: Programs, casework: Casework) -> None:
    entered = program(casework.lead)
    known = [row["user"]["id"] for row in entered.get(of(casework, "members")).data["items"]]
    assert known[0] == str(casework.lead.public_id)
    assert len(known) == 5
    candidates = entered.get(of(casework, "members/candidates")).data["items"]
    assert [row["id"] for row in candidates] == [str(casework.outsider.public_id)]

    new = {"user": str(casework.outsider.public_id), "reader": True}
    added = entered.post(of(casework, "members"), new)
    assert (added.status, added.data["reader"], added.data["ended_at"]) == (201, True, None)
    assert entered.post(of(casework, "members"), new).fields == {"user": "refused"}
    assert entered.post(of(casework, "members"), {"user": str(casework.liaison.public_id)}).status == 422
    nobody = entered.post(of(casework, "members"), {"user": "00000000-0000-4000-8000-000000000000"})
    assert (nobody.status, list(nobody.fields)) == (422, ["user"])

    assert entered.put(of(casework, "lead"), {"user": str(casework.outsider.public_id)}).status == 422
    handed = entered.put(of(casework, "lead"), {"user": str(casework.counsel.public_id)})
    assert handed.data["lead"]["id"] == str(casework.counsel.public_id)

    ended = entered.post(of(casework, "members", casework.outsider.public_id, "end"))
    assert ended.data["ended_by"]["id"] == str(casework.lead.public_id)
    assert entered.post(of(casework, "members", casework.liaison.public_id, "end")).status == 404
    lead = entered.post(of(casework, "members", casework.counsel.public_id, "end"))
    assert lead.fields == {"user": "refused"}
    assert len(entered.get(of(casework, "members")).data["items"]) == 5
    assert len(entered.get(of(casework, "members?which=all")).data["items"]) == 6


def test_notes_are_walked(program: Programs, casework: Casework) -> None:
    entered = program(casework.lead)
    for index in range(5):
        written = entered.post(of(casework, "notes"), {"text": f"Note {index}\nwith a line"})
        assert written.headers["Location"] == f"/api/v1/{of(casework, 'notes', index + 1)}"
    first = entered.get(of(casework, "notes?limit=2")).data
    assert [row["number"] for row in first["items"]] == [1, 2]
    rest = entered.get(of(casework, f"notes?limit=10&cursor={first['next']}")).data
    assert [row["number"] for row in rest["items"]] == [3, 4, 5]
    assert rest["next"] is None
    assert entered.get(of(casework, "notes/4")).data["text"] == "Note 3\nwith a line"
    assert entered.get(of(casework, "notes/6")).status == 404


def test_subjects(program: Programs, casework: Casework) -> None:
    entered = program(casework.lead)
    body = {
        "kind": "person",
        "name": "김철수 Example",
        "aliases": ["Kim"],
        "role": "subject",
        "attribution_source": "OFAC press release",
        "attribution_confidence": "high",
    }
    made = entered.post(of(casework, "subjects"), body)
    assert made.status == 201, made.data
    assert made.data | body == made.data
    assert entered.get(of(casework, "subjects", 1)).data == made.data
    changed = entered.patch(of(casework, "subjects", 1), {"aliases": [], "remarks": "Alleged."})
    assert (changed.data["aliases"], changed.data["remarks"], changed.data["name"]) == (
        [],
        "Alleged.",
        body["name"],
    )
    blank = entered.patch(of(casework, "subjects", 1), {"name": " "})
    assert blank.fields == {"name": "blank"}
    assert entered.patch(of(casework, "subjects", 2), {}).status == 404
    assert Subject.objects.get().name == body["name"]
    assert len(entered.get(of(casework, "subjects")).data["items"]) == 1


def test_accounts(program: Programs, casework: Casework) -> None:
    casework.subject()
    entered = program(casework.lead)
    body: dict[str, Any] = {
        "account_number": "EX-1",
        "holder": "Example Holder",
        "subject": 1,
        "reported_status": "active",
        "reported_at": "2023-05-23T16:00:00Z",
    }
    made = entered.post(of(casework, "accounts"), body)
    assert made.status == 201, made.data
    assert (made.data["subject"], made.data["reported_at"]) == (1, "2023-05-23T16:00:00.000000Z")
    assert entered.post(of(casework, "accounts"), body).fields == {"account_number": "refused"}
    assert entered.post(of(casework, "accounts"), body | {"account_number": "2", "subject": 9}).fields == {
        "subject": "no-such-item"
    }
    future = (timezone.now() + timedelta(days=1)).isoformat()
    assert entered.post(
        of(casework, "accounts", 1, "report"), {"reported_status": "frozen", "reported_at": future}
    ).fields == {"reported_at": "refused"}
    reported = entered.post(
        of(casework, "accounts", 1, "report"),
        {"reported_status": "frozen", "reported_at": "2023-05-24T16:00:00Z"},
    )
    assert reported.data["reported_status"] == "frozen"
    assert entered.get(of(casework, "accounts", 1)).data == reported.data
    assert entered.get(of(casework, "accounts")).data["items"] == [reported.data]


def test_a_wallet_keeps_what_was_typed(program: Programs, casework: Casework) -> None:
    entered = program(casework.lead)
    body = {
        "chain": "ethereum",
        "address": CHECKSUMMED.lower(),
        "role": "subject",
        "attribution_source": "OFAC SDN list",
        "attribution_confidence": "high",
    }
    made = entered.post(of(casework, "wallets"), body)
    assert made.status == 201, made.data
    assert made.data["typed"] == CHECKSUMMED.lower()
    assert made.data["address"].lower() == CHECKSUMMED.lower()
    assert made.data["checksum"] == "none"
    assert made.data["refresh"]["pending"] is True
    native = made.data["balances"][0]
    assert (native["asset"], native["decimals"], native["state"], native["amount"]) == (
        "ETH",
        18,
        "never_read",
        None,
    )
    assert entered.post(of(casework, "wallets"), body).fields == {"address": "refused"}
    for address, chain in (
        (CHECKSUMMED[:-1], "ethereum"),
        ("0x97b1043aBD9E6FC31681635166d430a458D14F9C", "ethereum"),
        (CHECKSUMMED, "bitcoin"),
        ("bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq", "ethereum"),
        ("nonsense", "bitcoin"),
    ):
        wrong = entered.post(of(casework, "wallets"), body | {"address": address, "chain": chain})
        assert (wrong.status, wrong.fields) == (422, {"address": "refused"}), address
    assert entered.post(of(casework, "wallets"), body | {"chain": "nowhere"}).fields == {
        "chain": "invalid_choice"
    }
    assert CaseWallet.objects.count() == 1


def test_a_balance_is_told_with_its_block(program: Programs, casework: Casework) -> None:
    attached = casework.wallet(ETHEREUM)
    entered = program(casework.lead)
    at = moment()
    amount = 2**200 + 1
    batch = looked(
        {attached: {"ETH": amount}}, at=at, height=19_000_000, provider="node.test", second="other.test"
    )
    shown = entered.get(of(casework, "wallets", attached.number)).data
    native = shown["balances"][0]
    assert (native["state"], native["amount"]) == ("ok", str(amount))
    assert (native["block_height"], native["block_hash"]) == (19_000_000, batch.block_hash)
    assert (native["provider"], native["pin"], native["depth"]) == ("node.test", "hash", "latest")
    assert (native["agreement"], native["seconded_by"]) == ("agreed", "other.test")
    assert native["looked_at"] == native["changed_at"] is not None
    assert shown["refresh"]["pending"] is False
    history = entered.get(of(casework, "wallets", attached.number, "readings")).data
    assert [row["amount"] for row in history["items"] if row["asset"] == "ETH"] == [str(amount)]
    assert history["next"] is None


def test_refresh_and_detach(program: Programs, casework: Casework) -> None:
    casework.wallet(ETHEREUM)
    WalletState.objects.update(requested_at=None, due_at=None)
    entered = program(casework.lead)
    asked = entered.post(of(casework, "wallets", 1, "refresh"))
    assert (asked.status, asked.data["refresh"]["pending"]) == (202, True)
    all_of_it = entered.post(of(casework, "refresh"))
    assert (all_of_it.status, list(all_of_it.data)) == (202, ["wallets_due"])
    assert entered.post(of(casework, "wallets", 1, "detach"), {}).fields == {"reason": "required"}
    detached = entered.post(of(casework, "wallets", 1, "detach"), {"reason": "Wrong person"})
    assert detached.data["detached_by"]["id"] == str(casework.lead.public_id)
    assert entered.get(of(casework, "wallets")).data["items"] == []
    assert len(entered.get(of(casework, "wallets?which=all")).data["items"]) == 1
    assert entered.get(of(casework, "wallets", 1)).status == 200
    assert entered.post(of(casework, "wallets", 1, "detach"), {"reason": "Again"}).status == 422


def test_the_chronology_is_walked(program: Programs, casework: Casework) -> None:
    entered = program(casework.lead)
    entered.post(of(casework, "notes"), {"text": "Seen."})
    told: list[dict[str, Any]] = []
    path = of(casework, "chronology?limit=2")
    while True:
        page = entered.get(path).data
        told += page["items"]
        if page["next"] is None:
            break
        path = of(casework, f"chronology?limit=2&cursor={page['next']}")
    length = Event.objects.filter(stream=casework.case.stream).count()
    assert [entry["sequence"] for entry in told] == list(range(length, 0, -1))
    assert told[0]["action"] == "note.written"
    assert told[0]["actor"] == casework.lead.name
    assert told[0]["title"]


def test_a_rule_that_refuses_leaves_nothing_behind(program: Programs, casework: Casework) -> None:
    before = Event.objects.filter(stream=casework.case.stream).count()
    touched = Case.objects.get().touched_at
    entered = program(casework.lead)
    assert entered.post(of(casework, "move"), {"to": "closed"}).status == 409
    assert entered.patch(of(casework), {"title": "x", "typology": "nonsense"}).status == 422
    assert Event.objects.filter(stream=casework.case.stream).count() == before
    assert Case.objects.get().touched_at == touched


@pytest.mark.parametrize(
    "path",
    [
        "",
        "members",
        "notes",
        "subjects",
        "accounts",
        "wallets",
        "orders",
        "obligations",
        "freezes",
        "shares",
        "exports",
    ],
)
def test_a_list_costs_the_same_however_long(program: Programs, casework: Casework, path: str) -> None:
    entered = program(casework.lead)

    def fill(index: int) -> None:
        actions.open_case(
            by=casework.lead,
            at=moment(),
            title=f"C{index}",
            typology="fraud",
            classification="internal",
            tags=["a"],
        )
        actions.write_note(grant=casework.grant(Permission.NOTE), at=moment(), text="a")
        casework.subject()
        casework.wallet(f"0x{index:040x}")
        freeze = casework.proposed_freeze()
        casework.share(freeze.obligation.order)  # type: ignore[union-attr]

    def cost() -> int:
        with CaptureQueriesContext(connection) as queries:
            answer = entered.get(of(casework, path) if path else "cases")
        assert answer.status == 200
        return len(queries)

    fill(1)
    cost()
    few = cost()
    for index in range(2, 5):
        fill(index)
    assert cost() == few
