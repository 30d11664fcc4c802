"""Case files and shared matters by the API."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from cases import access, storage
from cases.actions import exports as actions
from cases.actions.freezes import AmountAsked
from cases.audit.models import Event
from cases.models import Export
from cases.people.models import User
from cases.permissions import Permission
from tests.api.conftest import Program
from tests.support.casework import Casework, make_person, moment

pytestmark = pytest.mark.django_db
Programs = Callable[[User], Program]
FILE = b"%PDF-1.7 stands for a case file\n"


def of(casework: Casework, *parts: object) -> str:
    return "/".join(["cases", casework.case.reference, *map(str, parts)])


@pytest.fixture
def printed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A press that answers at once: how a file is typeset is tried with the exports."""

    class Printed:
        path = tmp_path / "file.pdf"
        pages = 3

    Printed.path.write_bytes(FILE)

    @contextmanager
    def rendered(content: object) -> Iterator[Any]:
        yield Printed

    @contextmanager
    def in_the_tests_own_transaction() -> Iterator[Any]:
        yield moment()

    monkeypatch.setattr(actions, "rendered", rendered)
    monkeypatch.setattr("cases.exports.content._snapshot", in_the_tests_own_transaction)


@pytest.mark.usefixtures("printed")
def test_a_case_file_from_asking_to_taking(program: Programs, casework: Casework) -> None:
    lead = program(casework.lead)
    asked = lead.post(of(casework, "exports"), key="a")
    assert (asked.status, asked.data["status"], asked.data["step"]) == (202, "queued", "waiting")
    assert lead.post(of(casework, "exports"), key="a").content == asked.content
    assert Export.objects.count() == 1
    one = of(casework, "exports", asked.data["reference"])
    assert asked.headers["Location"] == f"/api/v1/{one}"
    early = lead.get(f"{one}/file")
    assert (early.status, early.data["type"]) == (409, "urn:holdfast:problem:wrong-move")

    assert actions.produce_waiting(now=moment) == 1
    ready = lead.get(one).data
    assert (ready["status"], ready["pages"], ready["size"]) == ("ready", 3, len(FILE))
    taken = program(casework.reader).get(f"{one}/file")
    assert (taken.content, taken.headers["Content-Type"]) == (FILE, "application/pdf")
    assert f"holdfast-{ready['reference']}.pdf" in taken.headers["Content-Disposition"]
    event = Event.objects.filter(stream=casework.case.stream).latest("sequence")
    assert (event.action, event.actor) == ("export.downloaded", casework.reader)
    assert lead.get(of(casework, "exports")).data["items"] == [ready]
    other = Casework.opened()
    assert program(other.lead).get(of(other, "exports", ready["reference"])).status == 404
    file = storage.path_of(ready["sha256"])
    file.unlink()
    assert lead.get(f"{one}/file").status == 409


def test_impatience_does_not_fill_the_queue(program: Programs, casework: Casework) -> None:
    lead = program(casework.lead)
    answers = [lead.post(of(casework, "exports")).status for _ in range(actions.MOST_WAITING + 1)]
    assert answers == [202] * actions.MOST_WAITING + [422]


@pytest.fixture
def matter(casework: Casework) -> Casework:
    """A case whose third order and second freeze are shared; the rest must not shine through."""
    casework.proposed_freeze(policy_hold="Inside alone", **_hold(casework))
    casework.order(reference="INSIDE-1")
    order = casework.accepted_order(reference="OUTSIDE-1")
    account = casework.account("EX-OUT")
    casework.holding(account, amount=2**65)
    casework.proposed_freeze(
        account_number=account.number,
        obligation_number=order.obligations.get().number,
        scope="asset",
        amounts=[AmountAsked("USDT")],
        reason="Inside reason",
    )
    casework.share(order)
    return casework


def _hold(casework: Casework) -> dict[str, Any]:
    casework.wallet()
    return {"wallet_number": 1, "amounts": [], "formal_order_by": moment() + timedelta(days=3)}


def test_a_liaison_sees_her_matter_and_nothing_else(program: Programs, matter: Casework) -> None:
    liaison = program(matter.liaison)
    rows = liaison.get("matters").data["items"]
    assert [row["agency_reference"] for row in rows] == ["OUTSIDE-1"]
    reference = rows[0]["reference"]
    assert reference != matter.case.reference
    answer = liaison.get(f"matters/{reference}")
    assert answer.status == 200, answer.data
    shown = answer.data
    assert shown["order"]["status"] == "accepted"
    assert [duty["number"] for duty in shown["order"]["obligations"]] == [1]
    (freeze,) = shown["freezes"]
    assert (freeze["number"], freeze["obligation"], freeze["account_number"]) == (1, 1, "EX-OUT")
    assert freeze["amounts"][0]["proposed"]["amount"] == str(2**65)
    assert freeze["proposed_by"] == {"name": matter.lead.name, "role": "investigator"}
    told = liaison.get(f"matters/{reference}/chronology").data["items"]
    assert [entry["place"] for entry in told] == list(range(len(told), 0, -1))
    everything = answer.content + liaison.get(f"matters/{reference}/chronology").content
    for inside in (
        matter.case.reference,
        matter.case.title,
        "INSIDE",
        "Inside",
        str(matter.lead.public_id),
        matter.lead.email,
        "Clerk's office",
    ):
        assert inside.encode() not in everything, inside


def test_the_matters_chronology_is_walked(program: Programs, matter: Casework) -> None:
    liaison = program(matter.liaison)
    reference = liaison.get("matters").data["items"][0]["reference"]
    whole = liaison.get(f"matters/{reference}/chronology").data
    assert whole["next"] is None
    told: list[Any] = []
    path = f"matters/{reference}/chronology?limit=2"
    while True:
        page = liaison.get(path).data
        told += page["items"]
        if page["next"] is None:
            break
        path = f"matters/{reference}/chronology?limit=2&cursor={page['next']}"
    assert told == whole["items"]


@pytest.mark.usefixtures("printed")
def test_a_liaison_takes_her_file_and_no_other(program: Programs, matter: Casework) -> None:
    liaison = program(matter.liaison)
    reference = liaison.get("matters").data["items"][0]["reference"]
    inside = actions.request_export(grant=matter.grant(Permission.EXPORT), at=moment())
    asked = liaison.post(f"matters/{reference}/exports")
    assert (asked.status, asked.data["profile"]) == (202, "matter")
    assert "requested_by" not in asked.data
    actions.produce_waiting(now=moment)
    one = f"matters/{reference}/exports/{asked.data['reference']}"
    assert liaison.get(one).data["status"] == "ready"
    assert liaison.get(f"{one}/file").content == FILE
    assert liaison.get(f"matters/{reference}/exports/{inside.reference}").status == 404
    assert liaison.get(f"matters/{reference}/exports/{inside.reference}/file").status == 404
    assert [row["reference"] for row in liaison.get(f"matters/{reference}/exports").data["items"]] == [
        asked.data["reference"]
    ]
    seen_inside = program(matter.lead).get(of(matter, "exports", asked.data["reference"])).data
    assert (seen_inside["share"], seen_inside["requested_by"]["name"]) == (1, matter.liaison.name)


def test_another_liaison_has_no_such_matter(program: Programs, matter: Casework) -> None:
    reference = program(matter.liaison).get("matters").data["items"][0]["reference"]
    other = program(make_person("liaison"))
    assert other.get("matters").data["items"] == []
    assert other.get(f"matters/{reference}").content == other.get("matters/0000-0000-0").content
    with pytest.raises(access.NotFound):
        access.matter_for(other.user, reference, Permission.MATTER_READ, at=moment())
