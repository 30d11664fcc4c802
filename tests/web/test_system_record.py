"""The installation's own record as a page and by the API: for auditors and administrators, in words."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse

from cases.actions import people
from cases.audit.models import Event
from cases.audit.record import record_system
from cases.chronology.sentences import SENTENCES
from cases.chronology.system import SystemKind, of_kind, system_entries
from cases.people.models import User
from tests.api.conftest import program_of
from tests.support.casework import PASSWORD, Casework, moment

pytestmark = pytest.mark.django_db
ClientOf = Callable[[User], Client]
PAGE = "/record/"


@pytest.fixture
def told(casework: Casework) -> Casework:
    """The outsider failed to log in, did, made a token; a liaison was refused."""
    outsider = casework.outsider
    browser = Client(REMOTE_ADDR="203.0.113.44")
    browser.post("/accounts/login/", {"login": outsider.email, "password": "wrong"})
    browser.post("/accounts/login/", {"login": outsider.email, "password": PASSWORD})
    at = moment()
    people.create_token(by=outsider, at=at, label="nightly loader", expires_at=at + timedelta(days=1))
    browser.get(PAGE)
    return casework


@pytest.mark.parametrize("role", ["auditor", "administrator"])
def test_it_says_in_words_who_came_in_from_where(told: Casework, client_of: ClientOf, role: str) -> None:
    page = client_of(getattr(told, role)).get(PAGE)
    assert page.status_code == 200
    text = page.content.decode()
    name = told.outsider.name
    assert f"{name} logged in" in text
    assert f"A log-in failed: {name}" in text
    assert "Token created: nightly loader" in text
    assert "203.0.113.44" in text
    assert "by somebody who is not logged in" in " ".join(re.sub(r"<[^>]+>", " ", text).split())
    assert text.index("Token created: nightly loader") < text.index(f"{name} logged in"), "the newest first"


@pytest.mark.parametrize("role", ["lead", "approver", "counsel", "liaison"])
def test_others_are_refused_and_the_refusal_is_told(
    casework: Casework, client_of: ClientOf, role: str
) -> None:
    person = getattr(casework, role)
    assert client_of(person).get(PAGE).status_code == 403
    assert program_of(person).get("record").status == 403
    assert Event.objects.filter(action="access.denied", actor=person).count() == 2


def test_it_is_narrowed_by_lists_alone(told: Casework, client_of: ClientOf) -> None:
    browser = client_of(told.auditor)
    outsider = told.outsider
    page = browser.get(PAGE, {"kind": "tokens", "person": str(outsider.public_id)}).content.decode()
    assert "Token created: nightly loader" in page
    assert f"{outsider.name} logged in" not in page
    page = browser.get(PAGE, {"kind": "log_ins", "person": str(told.lead.public_id)}).content.decode()
    assert f"{outsider.name} logged in" not in page
    assert "Nothing fits the filter" in page
    for wrong in ({"kind": "everything'"}, {"person": outsider.name}, {"person": "1"}):
        answer = browser.get(PAGE, wrong)
        assert answer.status_code == 200
        assert "Select a valid choice" in answer.content.decode(), wrong


def test_each_event_is_in_a_kind(told: Casework) -> None:
    """However it is called: what no other kind holds is among the settings."""
    for action in [*SENTENCES, "something.new"]:
        record_system(action=action, actor=None, occurred_at=moment())
    every = set(Event.objects.filter(stream__kind="system").values_list("pk", flat=True))
    found: set[int] = set()
    for kind in SystemKind:
        rows = set(Event.objects.filter(of_kind(kind), stream__kind="system").values_list("pk", flat=True))
        assert rows, kind
        found |= rows
    assert found == every


def test_looks_at_the_chains_are_shown_when_they_are_asked_for(
    casework: Casework, client_of: ClientOf
) -> None:
    record_system(action="looks.recorded", actor=None, occurred_at=moment(), details={"count": 7})
    browser = client_of(casework.auditor)
    words = "Looks at wallets fixed by their digests: 7"
    assert words not in browser.get(PAGE).content.decode()
    assert words in browser.get(PAGE, {"kind": "looks"}).content.decode()


def test_the_pages_follow_each_other_without_a_gap(casework: Casework, client_of: ClientOf) -> None:
    for number in range(120):
        record_system(
            action="token.revoked", actor=None, occurred_at=moment(), details={"label": f"n{number}"}
        )
    cursor, seen = None, []
    while True:
        page = system_entries(after=cursor)
        seen += [entry.sequence for entry in page.rows]
        cursor = page.next_cursor
        if cursor is None:
            break
    assert seen == sorted(seen, reverse=True)
    assert len(seen) == len(set(seen)) == Event.objects.filter(stream__kind="system").count()
    browser = client_of(casework.auditor)
    first = browser.get(PAGE).content.decode()
    assert "n119" in first
    assert "n10<" not in first


def test_the_api_gives_the_same_without_a_primary_key(told: Casework) -> None:
    program = program_of(told.auditor)
    answer = program.get("record?limit=3")
    assert answer.status == 200
    assert len(answer.data["items"]) == 3
    assert all(item["object_number"] is None and not item["object_kind"] for item in answer.data["items"])
    following = program.get(f"record?limit=200&cursor={answer.data['next']}")
    assert {item["sequence"] for item in answer.data["items"]} & {
        item["sequence"] for item in following.data["items"]
    } == set()
    mine = program.get(f"record?kind=log_ins&person={told.outsider.public_id}").data["items"]
    assert [item["action"] for item in mine] == ["login.done", "login.failed"]
    assert {"label": "Address", "value": "203.0.113.44"} in mine[0]["lines"]
    assert program.get("record?kind=nonsense").fields == {"kind": "invalid_choice"}
    assert program.get("record?person=00000000-0000-4000-8000-000000000000").status == 422


def test_a_persons_own_page_shows_her_log_ins(told: Casework, client_of: ClientOf) -> None:
    name = told.outsider.name
    own = client_of(told.outsider).get(reverse("profile")).content.decode()
    assert f"{name} logged in" in own
    assert f"A log-in failed: {name}" in own
    assert f"{name} logged in" not in client_of(told.lead).get(reverse("profile")).content.decode()
    page = client_of(told.administrator).get(reverse("person-edit", args=[told.outsider.public_id]))
    assert "Token created: nightly loader" in page.content.decode()


def test_it_costs_the_same_however_much_it_holds(
    casework: Casework, client_of: ClientOf, django_assert_max_num_queries: Any
) -> None:
    browser = client_of(casework.auditor)
    for number in range(60):
        record_system(
            action="token.revoked", actor=None, occurred_at=moment(), details={"label": f"n{number}"}
        )
    with django_assert_max_num_queries(12):
        assert browser.get(PAGE).status_code == 200


def test_every_entry_has_a_sign_that_is_drawn() -> None:
    sprite = (settings.BASE_DIR / "static/vendor/lucide/sprite.svg").read_text(encoding="utf-8")
    lacking = {s.icon for s in SENTENCES.values() if f'id="{s.icon}"' not in sprite and s.icon != "circle"}
    assert lacking == set()
