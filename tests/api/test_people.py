"""What belongs to no case: people for their administrator, search, deadlines."""

from collections.abc import Callable

import pytest

from cases.audit.models import Event
from cases.models import IdempotentRequest, SavedSearch
from cases.people.models import User
from tests.api.conftest import Program
from tests.support.casework import ETHEREUM, Casework

pytestmark = pytest.mark.django_db
Programs = Callable[[User], Program]
SECRET = "battery horse staple correct"


def test_people_are_their_administrators_alone(program: Programs, casework: Casework) -> None:
    path = f"people/{casework.lead.public_id}"
    for person in (casework.lead, casework.approver, casework.counsel, casework.auditor, casework.liaison):
        entered = program(person)
        assert entered.get("people").status == 403
        assert entered.post("people", {}).status == 403
        assert entered.get(path).status == 403
        assert entered.put(path, {}).status == 403
    assert Event.objects.filter(stream__kind="system", action="access.denied").count() == 20


def test_a_person_is_added_and_let_out(program: Programs, casework: Casework) -> None:
    entered = program(casework.administrator)
    body = {"email": "New@Example.test", "name": "New", "role": "liaison", "agency": "", "password": SECRET}
    assert entered.post("people", body).fields == {"agency": "refused"}
    assert list(entered.post("people", body | {"agency": "A", "password": "short"}).fields) == ["password"]
    assert list(entered.post("people", body | {"agency": "A", "email": "nonsense"}).fields) == ["email"]
    made = entered.post("people", body | {"agency": "A"}, key="a")
    assert (made.status, made.data["email"], made.data["is_active"]) == (201, "new@example.test", True)
    assert entered.post("people", body | {"agency": "A"}, key="a").content == made.content
    assert entered.post("people", body | {"agency": "A"}).fields == {"email": "refused"}
    one = f"people/{made.data['id']}"
    assert made.headers["Location"] == f"/api/v1/{one}"
    assert entered.get(one).data == made.data
    out = {"name": "New", "role": "liaison", "agency": "A", "is_active": False}
    assert entered.put(one, out).data["is_active"] is False
    assert entered.put(one, {"name": "New"}).status == 422
    assert entered.put(f"people/{casework.administrator.public_id}", out).fields == {"role": "refused"}
    assert entered.get("people/00000000-0000-4000-8000-000000000000").status == 404
    user = User.objects.get(email="new@example.test")
    assert user.check_password(SECRET)
    stored = IdempotentRequest.objects.get(key="a")
    assert SECRET.encode() not in bytes(stored.body)


def test_people_are_walked(program: Programs, casework: Casework) -> None:
    entered = program(casework.administrator)
    found: list[str] = []
    path = "people?limit=4"
    while True:
        page = entered.get(path).data
        found += [row["id"] for row in page["items"]]
        if page["next"] is None:
            break
        path = f"people?limit=4&cursor={page['next']}"
    assert sorted(found) == sorted(str(user.public_id) for user in User.objects.all())
    assert {row["role"] for row in entered.get("people?role=approver").data["items"]} == {"approver"}


def test_search_finds_what_one_may_see_and_leaves_no_trace_in_a_url(
    program: Programs, casework: Casework
) -> None:
    casework.subject(name="Kim Example")
    casework.wallet(ETHEREUM)
    casework.account("EX-77")
    entered = program(casework.reader)
    for text, kind in (("kim example", "subjects"), (ETHEREUM, "wallets"), ("EX-77", "accounts")):
        asked = entered.post("search", {"text": text})
        assert asked.status == 201, asked.data
        assert text not in asked.headers["Location"]
        results = entered.get(asked.headers["Location"])
        assert results.data[kind][0]["case"] == casework.case.reference, (text, results.data)
        assert program(casework.approver).get(asked.headers["Location"]).status == 404
        hidden = program(casework.outsider)
        other = hidden.post("search", {"text": text})
        assert hidden.get(other.headers["Location"]).data[kind] == []
    assert entered.post("search", {"text": " "}).fields == {"text": "blank"}
    assert program(casework.liaison).post("search", {"text": "kim"}).status == 403
    assert program(casework.liaison).get("search/anything").status == 403
    assert entered.get("search/anything").status == 404
    assert SavedSearch.objects.count() == 6


def test_deadlines_of_what_one_may_see(program: Programs, casework: Casework) -> None:
    order = casework.order()
    shown = program(casework.lead).get("due")
    assert shown.status == 200, shown.data
    assert [(item["kind"], item["case"], item["number"]) for item in shown.data["items"]] == [
        ("obligation", casework.case.reference, order.number),
        ("order", casework.case.reference, order.number),
    ]
    assert (shown.data["overdue"], shown.data["soon"]) == (0, 2)
    assert program(casework.lead).get(f"cases/{casework.case.reference}/due").data == shown.data
    assert len(program(casework.lead).get("due?limit=1").data["items"]) == 1
    for person in (casework.outsider, casework.liaison, casework.administrator):
        assert program(person).get("due").data == {"items": [], "overdue": 0, "soon": 0}
