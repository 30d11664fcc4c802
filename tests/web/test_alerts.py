"""Alerts on the pages: what is open stands first, and nobody outside the case sees any of it."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from cases.actions import alerts
from cases.models import Alert, CaseWallet, MovementThreshold
from cases.people.models import User
from cases.permissions import Permission
from tests.support.casework import Casework, moment
from tests.support.looks import looked, swept

P = Permission
ETHER = 10**18
ClientOf = Callable[[User], Client]


def moved(casework: Casework, *amounts: int, wallet: CaseWallet | None = None) -> CaseWallet:
    """A wallet whose ether went through these amounts, one look after the other; the case was told."""
    wallet = wallet or casework.wallet()
    looked({wallet: {"ETH": amounts[0]}}, at=moment())
    for amount in amounts[1:]:
        swept({wallet: {"ETH": amount}}, at=moment())
    alerts.tell_news(now=moment)
    return wallet


def page_of(client: Client, casework: Casework) -> str:
    response = client.get(f"/cases/{casework.case.reference}/alerts/")
    assert response.status_code == 200
    return response.content.decode()


def acknowledge(casework: Casework, number: int, note: str) -> None:
    alerts.acknowledge_alert(grant=casework.grant(P.WALLETS), at=moment(), number=number, note=note)


def words(page: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", page))


def test_an_alert_says_both_amounts_both_blocks_and_where_it_went(
    casework: Casework, client_of: ClientOf
) -> None:
    wallet = casework.wallet()
    looked({wallet: {"ETH": 5 * ETHER}}, at=moment(), height=17_000_001)
    swept({wallet: {"ETH": 7 * ETHER}}, at=moment(), height=17_000_002)
    swept({wallet: {"ETH": 6 * ETHER + 1}}, at=moment(), height=17_000_003)
    alerts.tell_news(now=moment)
    page = page_of(client_of(casework.lead), casework)
    text = words(page)
    assert "5 ETH → 7 ETH" in text
    assert "more by 2 ETH" in text
    assert "7 ETH → 6.000000000000000001 ETH" in text
    assert "less by 0.999999999999999999 ETH" in text
    for height in ("17000001", "17000002", "17000003"):
        assert f"block {height}" in text
    # By word and by shape, not by colour alone.
    assert "Incoming" in text and "Outgoing" in text
    assert "#download" in page and "#upload" in page
    assert f"/cases/{casework.case.reference}/wallets/{wallet.number}/" in page


def test_open_alerts_stand_before_those_that_somebody_took_note_of(
    casework: Casework, client_of: ClientOf
) -> None:
    moved(casework, 1, 2, 3, 4)
    acknowledge(casework, 3, "His salary.")
    page = page_of(client_of(casework.lead), casework)
    assert re.findall(r'id="alert-(\d)"', page) == ["2", "1", "3"]
    assert "His salary." in page


def test_the_case_and_the_first_page_count_what_is_open(casework: Casework, client_of: ClientOf) -> None:
    moved(casework, 1, 2, 3)
    client = client_of(casework.lead)
    path = f"/cases/{casework.case.reference}/"
    assert "2 alerts are open" in client.get(path).content.decode()
    home = client.get("/").content.decode()
    assert f"{path}alerts/#alert-1" in home and f"{path}alerts/#alert-2" in home
    acknowledge(casework, 1, "Known.")
    assert "1 alert is open" in client.get(path).content.decode()
    acknowledge(casework, 2, "Known.")
    assert "alerts are open" not in client.get(path).content.decode()
    assert "alerts/#alert-" not in client.get("/").content.decode()


def test_another_cases_alert_reaches_nobody_outside(casework: Casework, client_of: ClientOf) -> None:
    """Both cases hold the wallet; of the one that looked earlier the other learns nothing."""
    wallet = moved(casework, 11, 22)
    late = Casework.opened()
    own = late.wallet()
    moved(late, 33, 44, wallet=own)
    assert wallet.wallet_id == own.wallet_id
    theirs = client_of(late.lead)
    assert theirs.get(f"/cases/{casework.case.reference}/alerts/").status_code == 404
    for text in (page_of(theirs, late), theirs.get("/").content.decode()):
        assert casework.case.reference not in text
        assert "0.000000000000000022" not in words(text)
    assert [(alert.before, alert.after) for alert in Alert.objects.filter(case=late.case)] == [(33, 44)]
    for user in (casework.outsider, casework.liaison, casework.administrator):
        answer = client_of(user).get("/", follow=True).content.decode()
        assert "#alert-" not in answer and casework.case.reference not in answer


def test_taking_note_wants_words(casework: Casework, client_of: ClientOf) -> None:
    moved(casework, 1, 2)
    client = client_of(casework.lead)
    path = f"/cases/{casework.case.reference}/alerts/1/acknowledge/"
    assert client.get(path).status_code == 200
    refused = client.post(path, {"note": " "})
    assert refused.status_code == 422
    assert 'id="id_note-error"' in refused.content.decode() or "aria-invalid" in refused.content.decode()
    assert Alert.objects.get().acknowledged_at is None
    done = client.post(path, {"note": "The exchange's own sweep."})
    assert (done.status_code, done["Location"]) == (303, f"/cases/{casework.case.reference}/alerts/")
    alert = Alert.objects.get()
    assert (alert.acknowledged_by, alert.note) == (casework.lead, "The exchange's own sweep.")
    again = client.post(path, {"note": "Otherwise."})
    assert again.status_code == 422
    assert "already" in again.content.decode()
    assert Alert.objects.get().note == "The exchange's own sweep."
    assert client.get(path.replace("/1/", "/9/")).status_code == 404


def test_who_only_reads_finds_no_way_to_take_note(casework: Casework, client_of: ClientOf) -> None:
    moved(casework, 1, 2)
    page = page_of(client_of(casework.reader), casework)
    assert "acknowledge" not in page and "thresholds/" not in page


def test_a_threshold_is_typed_in_whole_units(casework: Casework, client_of: ClientOf) -> None:
    casework.wallet()
    client = client_of(casework.lead)
    path = f"/cases/{casework.case.reference}/thresholds/set/"
    form = client.get(path).content.decode()
    assert "USDT · Ethereum" in words(form)
    assert "BTC" not in words(form)
    for wrong in ("", "0", "-1", "1,5", "0.0000000000000000001", "much"):
        response = client.post(path, {"asset": "ethereum:", "minimum": wrong})
        assert response.status_code == 422, wrong
        assert "aria-invalid" in response.content.decode()
    assert client.post(path, {"asset": "bitcoin:", "minimum": "1"}).status_code == 422
    assert client.post(path, {"asset": "ethereum:", "minimum": "0.05"}).status_code == 303
    assert MovementThreshold.objects.get().minimum == 5 * 10**16
    assert "0.05 ETH" in words(page_of(client, casework))
    remove = f"/cases/{casework.case.reference}/thresholds/remove/"
    assert client.post(remove, {"asset": "ethereum:0xno"}).status_code == 422
    assert client.post(remove).status_code == 422
    assert client.post(remove, {"asset": "ethereum:"}).status_code == 303
    assert not MovementThreshold.objects.exists()


@pytest.mark.parametrize("path", ["/cases/{ref}/alerts/", "/cases/{ref}/", "/"])
def test_more_alerts_cost_no_more_queries(casework: Casework, client_of: ClientOf, path: str) -> None:
    wallet = moved(casework, 1, 2)
    client = client_of(casework.lead)
    path = path.format(ref=casework.case.reference)

    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert client.get(path).status_code == 200
        return len(captured)

    queries()
    before = queries()
    for amount in (5, 7, 6, 9, 3):
        swept({wallet: {"ETH": amount, "USDT": amount}}, at=moment())
    alerts.tell_news(now=moment)
    assert Alert.objects.count() == 11
    assert queries() == before


def test_the_chronology_says_it_in_words(casework: Casework, client_of: ClientOf) -> None:
    wallet = moved(casework, 5 * ETHER, 7 * ETHER)
    swept({wallet: {"ETH": (7 * ETHER, 9 * ETHER)}}, at=moment(), second="other.example.test")
    alerts.tell_news(now=moment)
    acknowledge(casework, 1, "Known.")
    arguments: dict[str, Any] = {"chain": "ethereum", "contract": ""}
    grant = casework.grant(P.WALLETS)
    alerts.set_threshold(grant=grant, at=moment(), minimum=ETHER, **arguments)
    alerts.remove_threshold(grant=grant, at=moment(), **arguments)
    text = words(
        client_of(casework.lead).get(f"/cases/{casework.case.reference}/chronology/").content.decode()
    )
    for said in (
        "Alert 1, Incoming: the balance of wallet 1 changed",
        "+2 ETH",
        "Alert 2: two sources contradict each other about wallet 1",
        "other.example.test: 9 ETH",
        "Alert 1 was taken note of",
        "Threshold of movements of ETH set",
        "Threshold of movements of ETH removed",
    ):
        assert said in text, said
