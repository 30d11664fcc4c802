"""The connector by its pages: what was asked, asking again, how a hold stands, and the checklist of the way by hand."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from cases.actions import connectors as actions
from cases.actions import freezes
from cases.connectors import Said
from cases.models import ChecklistItem, ChecklistTick, ConnectorCall, FreezeOrder
from cases.people.models import User
from cases.permissions import Permission
from tests.cases.connector.conftest import SECRET, approved_freeze
from tests.support.casework import Casework, moment
from tests.web.pages import costs_the_same, errors_beside, queries_of, text_of

pytestmark = pytest.mark.django_db
ClientOf = Callable[[User], Client]
P = Permission


@pytest.fixture
def connected(settings: Any, monkeypatch: pytest.MonkeyPatch) -> list[Said]:
    """The exchange's own system is set up and answers what stands in the list, then yes."""
    settings.CONNECTOR_URL, settings.CONNECTOR_SECRETS = "http://127.0.0.1:9/calls", [SECRET]
    answers: list[Said] = []

    def send(**_call: object) -> Said:
        return answers.pop(0) if answers else Said("accepted")

    monkeypatch.setattr("cases.connectors.send", send)
    return answers


def at(name: str, casework: Casework, *more: Any) -> str:
    return reverse(name, args=[casework.case.reference, *more])


def refused_call(casework: Casework, connected: list[Said]) -> ConnectorCall:
    approved_freeze(casework)
    connected.append(Said("refused", "HTTP 422: unknown account"))
    actions.send_calls(now=moment)
    return ConnectorCall.objects.get()


def test_what_was_asked_is_listed_with_what_was_said(
    casework: Casework, connected: list[Said], client_of: ClientOf
) -> None:
    call = refused_call(casework, connected)
    for user in (casework.lead, casework.reader, casework.auditor):
        page = text_of(client_of(user).get(at("call-list", casework)))
        assert "Set the hold" in page
        assert "HTTP 422: unknown account" in page
    page = text_of(client_of(casework.lead).get(at("freeze-detail", casework, call.freeze.number)))
    assert "unknown account" in page


def test_without_a_connector_the_list_says_who_sets_the_holds(
    casework: Casework, client_of: ClientOf
) -> None:
    assert "No connector is set up" in text_of(client_of(casework.lead).get(at("call-list", casework)))


def test_a_call_that_was_refused_is_asked_again_with_the_reason(
    casework: Casework, connected: list[Said], client_of: ClientOf
) -> None:
    call = refused_call(casework, connected)
    client, url = client_of(casework.lead), at("call-retry", casework, call.number)
    assert "unknown account" in text_of(client.get(url))
    empty = client.post(url, {"reason": " "})
    assert empty.status_code == 422
    assert errors_beside(empty, "reason")
    long = client.post(url, {"reason": "Kept words " + "x" * 2000})
    assert long.status_code == 422
    assert errors_beside(long, "reason")
    assert "Kept words" in long.content.decode()
    assert ConnectorCall.objects.count() == 1
    done = client.post(url, {"reason": "The account was renamed"})
    assert (done.status_code, done["Location"]) == (303, at("freeze-detail", casework, call.freeze.number))
    assert ConnectorCall.objects.get(retries=call).status == "queued"
    twice = client.post(url, {"reason": "Once more, in these words"})
    assert twice.status_code == 422
    assert "asked again already" in text_of(twice)
    assert "Once more, in these words" in twice.content.decode()
    assert ConnectorCall.objects.count() == 2


def test_a_call_that_is_under_way_is_not_asked_again(
    casework: Casework, connected: list[Said], client_of: ClientOf
) -> None:
    approved_freeze(casework)
    answer = client_of(casework.lead).post(at("call-retry", casework, 1), {"reason": "Impatient"})
    assert answer.status_code == 422
    assert ConnectorCall.objects.get().attempts == 0


def test_where_the_connector_was_taken_away_nothing_is_asked_and_that_is_said(
    casework: Casework, connected: list[Said], client_of: ClientOf, settings: Any
) -> None:
    call = refused_call(casework, connected)
    settings.CONNECTOR_URL = ""
    answer = client_of(casework.lead).post(at("call-retry", casework, call.number), {"reason": "Kept words"})
    assert answer.status_code == 422
    assert "No connector is set up" in text_of(answer)
    assert "Kept words" in answer.content.decode()


def test_it_is_asked_how_a_hold_stands(
    casework: Casework, connected: list[Said], client_of: ClientOf
) -> None:
    freeze = approved_freeze(casework)
    client, page = client_of(casework.lead), at("freeze-detail", casework, freeze.number)
    assert client.post(at("freeze-status", casework, freeze.number))["Location"] == page
    assert ConnectorCall.objects.filter(kind="status").count() == 1
    assert "Say how it stands" in text_of(client.get(page))


def test_a_hold_that_nobody_signed_is_not_asked_about(
    casework: Casework, connected: list[Said], client_of: ClientOf
) -> None:
    freeze = casework.proposed_freeze()
    answer = client_of(casework.lead).post(at("freeze-status", casework, freeze.number))
    assert answer.status_code == 422
    assert not ConnectorCall.objects.exists()


@pytest.mark.parametrize("name", ["call-list", "call-retry", "freeze-status", "freeze-tick"])
def test_each_page_as_everybody(
    casework: Casework, connected: list[Said], client_of: ClientOf, name: str
) -> None:
    refused_call(casework, connected)
    url = at(name, casework, *([] if name == "call-list" else [1]))
    reads, shown = name == "call-list", name in {"call-list", "call-retry"}
    for user in (casework.reader, casework.auditor, casework.counsel):
        assert client_of(user).get(url).status_code == (200 if reads else 403 if shown else 405)
        assert client_of(user).post(url, {"reason": "x"}).status_code == (405 if reads else 403)
    for user in (casework.outsider, casework.liaison, casework.administrator):
        assert client_of(user).post(url, {"reason": "x"}).status_code == (405 if reads else 404)
    assert Client().get(url).status_code in {302, 405}
    assert ConnectorCall.objects.count() == 1
    assert client_of(casework.lead).get(at("call-retry", casework, 9)).status_code == 404
    for other in ("freeze-status", "freeze-tick"):
        assert client_of(casework.lead).post(at(other, casework, 9)).status_code == 404


# ── The checklist ─────────────────────────────────────────────────────────────────────────────────────────


def applying(casework: Casework) -> FreezeOrder:
    freeze = approved_freeze(casework)
    freezes.begin_apply(grant=casework.grant(P.FREEZE_APPLY), at=moment(), number=freeze.number)
    return freeze


def test_the_checklist_is_ticked_item_by_item(casework: Casework, client_of: ClientOf) -> None:
    freeze = applying(casework)
    client, url = client_of(casework.lead), at("freeze-tick", casework, freeze.number)
    page = at("freeze-detail", casework, freeze.number)
    assert client.post(url, {"item": "hold_set"})["Location"] == page + "#checklist"
    assert ChecklistTick.objects.get().ticked_by == casework.lead
    for wrong in ("hold_set", "no_such_item", ""):
        answer = client.post(url, {"item": wrong})
        assert answer.status_code == 422
    assert ChecklistTick.objects.count() == 1
    assert "The hold was set in the exchange's own system" in text_of(client.get(page))


def test_where_it_is_required_the_hold_is_not_applied_before_every_item_is_ticked(
    casework: Casework, client_of: ClientOf, settings: Any
) -> None:
    settings.CHECKLIST_REQUIRED = True
    freeze = applying(casework)
    client, url = client_of(casework.lead), at("freeze-applied", casework, freeze.number)
    early = client.post(url, {"applied_at": ""})
    assert early.status_code == 422
    assert "Tick every item of the checklist first." in text_of(early)
    for item in ChecklistItem.values[:-1]:
        client.post(at("freeze-tick", casework, freeze.number), {"item": item})
    answer = client.post(url, {"applied_at": ""})
    assert answer.status_code == 422
    freeze.refresh_from_db()
    assert (freeze.status, freeze.applied_at) == ("applying", None)
    client.post(at("freeze-tick", casework, freeze.number), {"item": ChecklistItem.values[-1]})
    assert client.post(url, {"applied_at": ""}).status_code == 303
    freeze.refresh_from_db()
    assert freeze.status == "applied"


def test_the_list_costs_the_same_with_more_calls(
    casework: Casework, connected: list[Said], client_of: ClientOf
) -> None:
    refused_call(casework, connected)
    client = client_of(casework.lead)

    def more() -> None:
        for _each in range(12):
            actions.ask_for_status(grant=casework.grant(P.FREEZE_APPLY), at=moment(), number=1)
        actions.send_calls(now=moment)

    page = at("freeze-detail", casework, 1)
    before = queries_of(client, page)
    assert costs_the_same(client, at("call-list", casework), more) <= 14
    assert queries_of(client, page) == before
