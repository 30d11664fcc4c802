"""Alerts and thresholds by the API alone."""

from collections.abc import Callable

import pytest

from cases.actions import alerts
from cases.audit.models import Event
from cases.models import Alert, MovementThreshold
from cases.people.models import User
from tests.api.conftest import Program
from tests.support.casework import Casework, moment
from tests.support.looks import looked, swept

pytestmark = pytest.mark.django_db
Programs = Callable[[User], Program]
LARGE = 2**255


def of(casework: Casework, *parts: object) -> str:
    return "/".join(["cases", casework.case.reference, *map(str, parts)])


@pytest.fixture
def told(casework: Casework) -> Casework:
    """Three alerts: 2^255 came in, one unit went out, two sources contradict each other."""
    wallet = casework.wallet(label="Salary")
    looked({wallet: {"ETH": 5}}, at=moment(), height=17_000_001)
    swept({wallet: {"ETH": LARGE}}, at=moment(), height=17_000_002)
    swept({wallet: {"ETH": LARGE - 1}}, at=moment(), height=17_000_003)
    swept({wallet: {"ETH": (7, 8)}}, at=moment(), height=17_000_004, second="other.example.test")
    alerts.tell_news(now=moment)
    return casework


def test_alerts_are_exact_and_name_both_looks(program: Programs, told: Casework) -> None:
    reader = program(told.reader)
    items = reader.get(of(told, "alerts")).data["items"]
    assert [(item["number"], item["kind"], item["before"], item["after"]) for item in items] == [
        (3, "disagreement", None, None),
        (2, "movement_out", str(LARGE), str(LARGE - 1)),
        (1, "movement_in", "5", str(LARGE)),
    ]
    first = items[2]
    assert (first["wallet"], first["chain"], first["asset"], first["decimals"]) == (1, "ethereum", "ETH", 18)
    assert (first["before_look"]["block_height"], first["look"]["block_height"]) == (17_000_001, 17_000_002)
    assert first["look"]["block_time"].endswith("Z")
    assert first["sources"] is None
    assert items[0]["sources"] == {
        "provider": "node.example.test",
        "amount": "7",
        "other_provider": "other.example.test",
        "other_amount": "8",
    }
    assert reader.get(of(told, "alerts", 1)).data == first
    assert reader.get(of(told, "alerts", 9)).status == 404


def test_alerts_are_walked_open_ones_first(program: Programs, told: Casework) -> None:
    lead = program(told.lead)
    done = lead.post(of(told, "alerts", 3, "acknowledge"), {"note": "A slow node."})
    assert (done.status, done.data["note"]) == (200, "A slow node.")
    assert done.data["acknowledged_by"]["id"] == str(told.lead.public_id)
    numbers: list[int] = []
    cursor: str | None = ""
    for _page in range(3):
        answer = lead.get(of(told, f"alerts?limit=1{cursor and f'&cursor={cursor}'}")).data
        numbers += [item["number"] for item in answer["items"]]
        cursor = answer["next"]
    assert (numbers, cursor) == ([2, 1, 3], None)
    still_open = lead.get(of(told, "alerts?which=open")).data["items"]
    assert [item["number"] for item in still_open] == [2, 1]
    assert lead.get(of(told, "alerts?which=shut")).status == 422


def test_taking_note_happens_once_for_one_key(program: Programs, told: Casework) -> None:
    lead = program(told.lead)
    path = of(told, "alerts", 1, "acknowledge")
    assert lead.post(path, {}).fields == {"note": "required"}
    assert lead.post(path, {"note": " "}).status == 422
    first = lead.post(path, {"note": "Known."}, key="one")
    events = Event.objects.count()
    again = lead.post(path, {"note": "Known."}, key="one")
    assert (again.status, again.data, again.headers["Idempotent-Replayed"]) == (200, first.data, "true")
    assert Event.objects.count() == events
    assert lead.post(path, {"note": "Known."}, key="two").status in {409, 422}
    assert Alert.objects.get(number=1).note == "Known."
    assert program(told.reader).post(path, {"note": "x"}).status == 403
    assert program(told.outsider).post(path, {"note": "x"}).status == 404
    assert program(told.liaison).get(of(told, "alerts")).status == 404


def test_thresholds_are_set_and_removed(program: Programs, casework: Casework) -> None:
    lead = program(casework.lead)
    path = of(casework, "thresholds")
    assert lead.get(path).data == {"items": []}
    done = lead.post(path, {"chain": "ethereum", "minimum": str(LARGE)})
    assert done.status == 200, done.data
    (item,) = done.data["items"]
    assert (item["chain"], item["asset"], item["contract"], item["minimum"]) == (
        "ethereum",
        "ETH",
        "",
        str(LARGE),
    )
    assert lead.get(path).data == done.data
    lead.post(path, {"chain": "ethereum", "minimum": "7"})
    assert MovementThreshold.objects.get().minimum == 7
    for wrong in (
        {"minimum": 7},
        {"minimum": "0"},
        {"minimum": "1.5"},
        {"chain": "nowhere"},
        {"contract": "0x1"},
    ):
        body = {"chain": "ethereum", "minimum": "7"} | wrong
        assert lead.post(path, body).status == 422, wrong
    left = lead.post(f"{path}/remove", {"chain": "ethereum"})
    assert (left.status, left.data) == (200, {"items": []})
    assert lead.post(f"{path}/remove", {"chain": "ethereum"}).status in {404, 422}
    assert program(casework.reader).get(path).status == 200
    assert program(casework.reader).post(path, {"chain": "ethereum", "minimum": "7"}).status == 403
