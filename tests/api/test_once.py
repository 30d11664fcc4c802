"""Idempotency keys: one key, one effect, one answer."""

import threading
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection, connections

from cases.actions import cases as actions
from cases.models import Case, IdempotentRequest, Membership, Note
from cases.people.models import User
from cases.permissions import Permission
from tests.api.conftest import Program, program_of
from tests.support.casework import Casework, moment

Programs = Callable[[User], Program]


def notes(casework: Casework) -> str:
    return f"cases/{casework.case.reference}/notes"


@pytest.mark.django_db
def test_every_post_needs_a_key(program: Programs, casework: Casework) -> None:
    entered = program(casework.lead)
    for key in ("", "with space", "x" * 129, "tab\tbed"):
        headers = {"Idempotency-Key": key} if key else {}
        answer = entered.send("POST", notes(casework), {"text": "a"}, **headers)
        assert answer.status == 400
        assert answer.data["type"].endswith(":idempotency-key")
    assert not Note.objects.exists()


@pytest.mark.django_db
def test_the_same_request_again_brings_the_first_answer(program: Programs, casework: Casework) -> None:
    entered = program(casework.lead)
    first = entered.post(notes(casework), {"text": "Seen."}, key="a")
    again = entered.post(notes(casework), {"text": "Seen."}, key="a")
    assert (first.status, again.status) == (201, 201)
    assert first.content == again.content
    assert first.headers["Location"] == again.headers["Location"]
    assert "Idempotent-Replayed" not in first.headers
    assert again.headers["Idempotent-Replayed"] == "true"
    assert Note.objects.count() == 1


@pytest.mark.django_db
def test_the_order_of_names_makes_no_other_request(program: Programs, casework: Casework) -> None:
    entered = program(casework.lead)
    path = f"cases/{casework.case.reference}/move"
    first = entered.send(
        "POST", path, b'{"to":"under_investigation","reason":"x"}', **{"Idempotency-Key": "k"}
    )
    again = entered.send(
        "POST", path, b'{"reason":"x", "to":"under_investigation"}', **{"Idempotency-Key": "k"}
    )
    assert first.status == 200, first.data
    assert again.headers["Idempotent-Replayed"] == "true"


@pytest.mark.django_db
def test_a_key_belongs_to_one_request(program: Programs, casework: Casework) -> None:
    entered = program(casework.lead)
    entered.post(notes(casework), {"text": "Seen."}, key="a")
    for path, body in (
        (notes(casework), {"text": "Seen again."}),
        (f"cases/{casework.case.reference}/move", {"to": "under_investigation"}),
    ):
        answer = entered.post(path, body, key="a")
        assert answer.status == 422
        assert answer.data["type"].endswith(":idempotency-key-reused")
    assert Note.objects.count() == 1


@pytest.mark.django_db
def test_a_key_belongs_to_one_person(program: Programs, casework: Casework) -> None:
    assert program(casework.lead).post(notes(casework), {"text": "Seen."}, key="a").status == 201
    other = program(casework.counsel).post(notes(casework), {"text": "Seen."}, key="a")
    assert other.status == 201
    assert "Idempotent-Replayed" not in other.headers
    assert Note.objects.count() == 2


@pytest.mark.django_db
def test_what_was_refused_leaves_the_key_free(program: Programs, casework: Casework) -> None:
    entered = program(casework.lead)
    path = f"cases/{casework.case.reference}/move"
    assert entered.post(path, {"to": "closed"}, key="a").status == 409
    assert not IdempotentRequest.objects.exists()
    assert entered.post(path, {"to": "under_investigation"}, key="a").status == 200


@pytest.mark.django_db
def test_nothing_is_replayed_to_who_may_no_longer_see_it(program: Programs, casework: Casework) -> None:
    entered = program(casework.approver)
    body = {"text": "Seen."}
    assert entered.post(notes(casework), body, key="a").status == 201
    actions.end_membership(grant=casework.grant(Permission.MEMBERS), at=moment(), user=casework.approver)
    assert entered.post(notes(casework), body, key="a").status == 404


@pytest.mark.django_db
@pytest.mark.usefixtures("rows_by_hand")
def test_an_opened_case_is_not_replayed_to_who_has_left_it(program: Programs, casework: Casework) -> None:
    entered = program(casework.outsider)
    body = {"title": "New", "typology": "fraud"}
    first = entered.post("cases", body, key="a")
    assert first.status == 201
    assert entered.post("cases", body, key="a").content == first.content
    Membership.objects.filter(case__reference=first.data["reference"]).update(
        ended_at=moment(), ended_by=casework.lead
    )
    assert entered.post("cases", body, key="a").status == 404
    assert Case.objects.filter(title="New").count() == 1


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("same", [True, False])
def test_two_at_once(same: bool) -> None:
    """With one key one of them runs and the other waits and replays; with two keys both run."""
    casework = Casework.opened()
    entered = [program_of(casework.lead) for _ in range(2)]
    keys = ["one", "one" if same else "two"]
    barrier = threading.Barrier(2)
    answers: dict[int, Any] = {}

    def run(index: int) -> None:
        try:
            barrier.wait(timeout=20)
            answers[index] = entered[index].post(notes(casework), {"text": "Seen."}, key=keys[index])
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=(index,)) for index in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert [answers[index].status for index in range(2)] == [201, 201]
    replayed = sum("Idempotent-Replayed" in answer.headers for answer in answers.values())
    assert replayed == (1 if same else 0)
    assert Note.objects.count() == (1 if same else 2)
    if same:
        assert answers[0].content == answers[1].content


@pytest.mark.django_db(transaction=True)
def test_the_second_waits_for_the_first() -> None:
    """While the first transaction is open the second request has no answer; when it rolls back, the second runs."""
    casework = Casework.opened()
    entered = program_of(casework.lead)
    answers: list[Any] = []

    def run() -> None:
        try:
            answers.append(entered.post(notes(casework), {"text": "Seen."}, key="one"))
        finally:
            connections.close_all()

    thread = threading.Thread(target=run)
    connection.set_autocommit(False)
    try:
        IdempotentRequest.objects.create(
            user=casework.lead, key="one", request_digest=uuid.uuid4().hex, created_at=moment()
        )
        thread.start()
        thread.join(timeout=1)
        assert thread.is_alive()
        assert not answers
        connection.rollback()
    finally:
        connection.set_autocommit(True)
    thread.join(timeout=60)
    assert answers[0].status == 201
    assert "Idempotent-Replayed" not in answers[0].headers
