"""Who may enter: a live token of an active person, and nothing else."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client

from cases.actions.people import edit_person, revoke_token
from cases.audit.models import Event
from cases.models import TokenPlace
from cases.people.models import ApiToken, User
from tests.api.conftest import API, Program, answer_of
from tests.support.casework import Casework, moment
from tests.support.unwritten import nothing_is_recorded

pytestmark = pytest.mark.django_db
Programs = Callable[[User], Program]


@pytest.mark.parametrize(
    "header",
    [
        "",
        "Bearer",
        "Bearer ",
        "Basic abc",
        "Bearer hfst_nonsense",
        "Bearer " + "x" * 5000,
        "Bearer hfst_\xe9",
        "Bearer a b",
        "Token x",
    ],
)
def test_without_a_token_there_is_nothing(header: str) -> None:
    for path in ("/me", "/cases", "/cases/0000-0000-0", "/no-such-thing", "/schema/"):
        response = Client().get(API + path, headers={"Authorization": header} if header else {})
        answer = answer_of(response)
        assert answer.status == 401
        assert answer.headers["WWW-Authenticate"] == 'Bearer realm="holdfast"'


def test_a_session_is_no_token(client_of: Callable[[User], Client], casework: Casework) -> None:
    assert client_of(casework.lead).get(f"{API}/me").status_code == 401


@pytest.mark.usefixtures("rows_by_hand")
def test_a_token_ends(program: Programs, casework: Casework) -> None:
    entered = program(casework.lead)
    assert entered.get("me").status == 200
    at = datetime.now(UTC)
    ApiToken.objects.filter(pk=entered.token.pk).update(
        created_at=at - timedelta(days=2), expires_at=at - timedelta(seconds=1)
    )
    assert entered.get("me").status == 401


def test_a_revoked_token_is_refused(program: Programs, casework: Casework) -> None:
    entered = program(casework.lead)
    revoke_token(by=casework.lead, at=moment(), token=entered.token)
    assert entered.get("me").status == 401


def test_a_person_who_was_locked_out_is_refused(program: Programs, casework: Casework) -> None:
    entered = program(casework.outsider)
    person = casework.outsider
    edit_person(
        by=casework.administrator,
        at=moment(),
        user=person,
        name=person.name,
        role=person.role,
        agency="",
        is_active=False,
    )
    assert entered.get("me").status == 401


def test_me(program: Programs, casework: Casework) -> None:
    answer = program(casework.lead).get("me")
    assert answer.status == 200
    assert answer.data["id"] == str(casework.lead.public_id)
    assert answer.data["role"] == "investigator"
    assert answer.data["permissions"] == [
        "authorities",
        "authority_contacts",
        "open_case",
        "rules_read",
        "search",
    ]
    assert answer.data["token"]["label"] == "test"
    assert answer.data["token"]["expires_at"].endswith("Z")
    assert "digest" not in answer.data["token"]


def test_what_is_done_names_the_token(program: Programs, casework: Casework) -> None:
    entered = program(casework.lead)
    assert entered.post(f"cases/{casework.case.reference}/notes", {"text": "Seen."}).status == 201
    event = Event.objects.filter(stream=casework.case.stream).latest("sequence")
    assert event.action == "note.written"
    body = bytes(event.body).decode()
    assert event.told.salted()["@source"][1]["token"] == str(entered.token.public_id)
    assert '"kind":"api"' in body
    assert entered.secret not in body


def test_no_answer_is_kept_by_a_cache(program: Programs, casework: Casework) -> None:
    assert program(casework.lead).get("me").headers["Cache-Control"] == "no-store"


def told(action: str) -> list[Event]:
    return list(Event.objects.filter(stream__kind="system", action=action).order_by("pk"))


def test_the_first_use_from_each_address_is_told(program: Programs, casework: Casework) -> None:
    entered = program(casework.lead)
    entered.get("me")
    assert told("token.used") == []
    for address in ("203.0.113.9", "203.0.113.9", "2001:db8::1", "2001:db8::2"):
        entered.client = Client(REMOTE_ADDR=address)
        assert entered.get("me").status == 200
    events = told("token.used")
    assert [event.values["address"] for event in events] == ["203.0.113.9", "2001:db8::/64"]
    assert {(event.actor_id, event.object_number) for event in events} == {
        (casework.lead.pk, casework.lead.pk)
    }
    assert events[0].told.salted()["@source"][1] == {
        "address": "203.0.113.9",
        "token": str(entered.token.public_id),
    }


def test_a_first_use_that_cannot_be_told_opens_nothing(program: Programs, casework: Casework) -> None:
    entered = program(casework.lead)
    entered.client = Client(REMOTE_ADDR="203.0.113.9")
    with nothing_is_recorded():
        answer = entered.get("me")
    assert answer.status == 503
    assert "email" not in answer.content.decode()
    assert not TokenPlace.objects.filter(address="203.0.113.9").exists()


@pytest.mark.parametrize("why", ["unknown", "malformed", "revoked", "ended", "locked_out"])
def test_a_token_that_is_refused_is_told(program: Programs, casework: Casework, why: str) -> None:
    entered = program(casework.outsider)
    at = moment()
    if why == "unknown":
        entered.secret = "hfst_of-nobody"
    elif why == "malformed":
        entered.secret = "x" * 5000
    elif why == "revoked":
        revoke_token(by=casework.outsider, at=at, token=entered.token)
    elif why == "ended":
        ApiToken.objects.filter(pk=entered.token.pk).update(
            created_at=at - timedelta(days=2), expires_at=at - timedelta(seconds=1)
        )
    else:
        edit_person(
            by=casework.administrator,
            at=at,
            user=casework.outsider,
            name=casework.outsider.name,
            role=casework.outsider.role,
            agency="",
            is_active=False,
        )
    assert entered.get("me").status == 401
    (event,) = told("token.refused")
    known = why not in {"unknown", "malformed"}
    assert event.values["why"] == (why if known else "unknown")
    assert event.object_number == (casework.outsider.pk if known else None)
    assert event.actor_id is None
    assert entered.secret not in repr(event.values)


def test_nobody_without_a_token_is_told(casework: Casework) -> None:
    assert Client().get(f"{API}/me").status_code == 401
    assert told("token.refused") == []
