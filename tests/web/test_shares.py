"""Showing a matter to a liaison and ending that, by the front."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from cases.actions import people
from cases.models import MatterShare
from cases.people.models import User
from tests.support.casework import Casework, make_person, moment

ClientOf = Callable[[User], Client]
PLAIN = "%Y-%m-%dT%H:%M"


@pytest.fixture
def lead(casework: Casework, client_of: ClientOf) -> Client:
    return client_of(casework.lead)


def url(casework: Casework, name: str, *args: object) -> str:
    return reverse(name, args=[casework.case.reference, *args])


def typed(casework: Casework, **changes: Any) -> dict[str, Any]:
    return {
        "order": "1",
        "liaison": str(casework.liaison.public_id),
        "purpose": "For the authority that issued it",
        "ends_at": "",
        **changes,
    }


@pytest.mark.parametrize("name", ["share-list", "share-create", "share-end"])
def test_each_page_as_everybody(casework: Casework, client_of: ClientOf, name: str) -> None:
    casework.share(casework.accepted_order())
    path = url(casework, name, *([1] if name == "share-end" else []))
    assert client_of(casework.lead).get(path).status_code == 200
    assert client_of(casework.counsel).get(path).status_code == 200
    reads = 200 if name == "share-list" else 403
    assert client_of(casework.reader).get(path).status_code == reads
    assert client_of(casework.auditor).get(path).status_code == reads
    for nobody in (casework.outsider, casework.liaison, casework.administrator):
        assert client_of(nobody).get(path).status_code == 404


def test_a_matter_is_shared_and_the_liaison_sees_it(
    lead: Client, casework: Casework, client_of: ClientOf
) -> None:
    casework.accepted_order()
    page = lead.get(url(casework, "share-create"), {"order": "1"}).content.decode()
    assert '<option value="1" selected>' in page
    assert f"{casework.liaison.name}, Example Bureau" in page
    ends = (moment() + timedelta(days=3)).strftime(PLAIN)
    answer = lead.post(url(casework, "share-create"), typed(casework, ends_at=ends))
    assert answer.status_code == 303
    share = MatterShare.objects.get()
    assert share.reference in lead.get(url(casework, "share-list")).content.decode()
    matters = client_of(casework.liaison).get(reverse("matter-list")).content.decode()
    assert share.reference in matters
    assert casework.case.reference not in matters


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"order": ""}, "This field is required."),
        ({"order": "77"}, "Select a valid choice."),
        ({"liaison": ""}, "This field is required."),
        ({"liaison": "1"}, "valid"),
        ({"purpose": "  "}, "This field is required."),
        ({"purpose": "x" * 501}, "at most 500 characters"),
        ({"ends_at": "2020-01-01T00:00"}, "This lies in the past."),
        ({"ends_at": "soon"}, "Enter a valid date/time."),
    ],
)
def test_a_wrong_share_is_422_and_saves_nothing(
    lead: Client, casework: Casework, changes: dict[str, Any], words: str
) -> None:
    casework.accepted_order()
    answer = lead.post(url(casework, "share-create"), typed(casework, **changes))
    assert answer.status_code == 422
    assert words in answer.content.decode()
    assert not MatterShare.objects.exists()


def test_only_a_liaison_who_may_log_in_is_offered(lead: Client, casework: Casework) -> None:
    casework.accepted_order()
    create = url(casework, "share-create")
    colleague = typed(casework, liaison=str(casework.outsider.public_id))
    assert lead.post(create, colleague).status_code == 422
    away = make_person("liaison", "Gone Person")
    people.edit_person(
        by=casework.administrator,
        at=moment(),
        user=away,
        name=away.name,
        role="liaison",
        agency=away.agency,
        is_active=False,
    )
    assert "Gone Person" not in lead.get(create).content.decode()
    assert lead.post(create, typed(casework, liaison=str(away.public_id))).status_code == 422


def test_an_order_that_is_not_verified_is_not_offered(lead: Client, casework: Casework) -> None:
    casework.order()
    assert "No order can be shared" in lead.get(url(casework, "share-create")).content.decode()
    assert lead.post(url(casework, "share-create"), typed(casework)).status_code == 422


def test_the_same_matter_twice_is_refused(lead: Client, casework: Casework) -> None:
    casework.share(casework.accepted_order())
    answer = lead.post(url(casework, "share-create"), typed(casework))
    assert answer.status_code == 422
    assert "This matter is shared with her already." in answer.content.decode()


def test_a_share_is_ended_with_a_reason_and_at_once(
    lead: Client, casework: Casework, client_of: ClientOf
) -> None:
    share = casework.share(casework.accepted_order())
    liaison = client_of(casework.liaison)
    matter = reverse("matter-detail", args=[share.reference])
    assert liaison.get(matter).status_code == 200
    end = url(casework, "share-end", 1)
    assert lead.post(end, {"reason": ""}).status_code == 422
    assert liaison.get(matter).status_code == 200
    assert lead.post(end, {"reason": "Matter closed"}).status_code == 303
    assert liaison.get(matter).status_code == 404
    assert lead.post(end, {"reason": "again"}).status_code == 422
    assert "It has ended already" in lead.get(end).content.decode()
    assert "Sharing ended" in lead.get(url(casework, "share-list")).content.decode()
    assert lead.get(url(casework, "share-end", 9)).status_code == 404


def test_the_list_costs_the_same_with_more_shares(lead: Client, casework: Casework) -> None:
    order = casework.accepted_order()
    casework.share(order)

    def cost() -> int:
        lead.get(url(casework, "share-list"))
        with CaptureQueriesContext(connection) as seen:
            lead.get(url(casework, "share-list"))
        return len(seen)

    before = cost()
    for _each in range(4):
        casework.share(order, liaison=make_person("liaison"))
    assert cost() == before
