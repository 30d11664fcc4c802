"""Who may enter: a live token of an active person, and nothing else."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client

from cases.actions.people import edit_person, revoke_token
from cases.audit.models import Event
from cases.people.models import ApiToken, User
from tests.api.conftest import API, Program, answer_of
from tests.support.casework import Casework, moment

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
    assert f'"token":"{entered.token.public_id}"' in body
    assert '"kind":"api"' in body
    assert entered.secret not in body


def test_no_answer_is_kept_by_a_cache(program: Programs, casework: Casework) -> None:
    assert program(casework.lead).get("me").headers["Cache-Control"] == "no-store"
