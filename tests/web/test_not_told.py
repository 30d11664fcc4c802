"""No audit, no action: what cannot be written into the record does not happen, whoever asks for it and by which way."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import timedelta

import pytest
from django.db import DatabaseError, transaction
from django.test import Client, RequestFactory
from django.urls import reverse

from cases.actions import alerts
from cases.audit.models import Event, Stream
from cases.audit.verify import verify_stream
from cases.models import Alert, Note
from cases.people.models import User
from cases.tasks import tell_news
from cases.views.errors import server_error
from tests.api.conftest import program_of
from tests.support.casework import Casework, moment
from tests.support.digest import digest
from tests.support.looks import looked
from tests.support.unwritten import nothing_is_recorded

pytestmark = pytest.mark.django_db
ClientOf = Callable[[User], Client]


@pytest.fixture(autouse=True)
def whole(casework: Casework) -> Iterator[None]:
    """Whatever was tried, the chains hold."""
    yield
    for stream in Stream.objects.all():
        assert verify_stream(stream) is None


def test_a_pages_action_is_not_done(casework: Casework, client_of: ClientOf) -> None:
    browser = client_of(casework.lead)
    path = reverse("note-create", args=[casework.case.reference])
    before = digest()
    with nothing_is_recorded():
        answer = browser.post(path, {"text": "Called the clerk."})
    assert answer.status_code == 503
    assert answer["Retry-After"] == "30"
    assert "It was not done" in answer.content.decode()
    assert not Note.objects.exists()
    assert digest() == before
    assert browser.post(path, {"text": "Called the clerk."}).status_code in (302, 303)
    assert Note.objects.count() == 1


def test_an_api_action_is_not_done_and_its_key_is_free(casework: Casework) -> None:
    program = program_of(casework.lead)
    path = f"cases/{casework.case.reference}/notes"
    before = digest()
    with nothing_is_recorded():
        answer = program.post(path, {"text": "Called the clerk."}, key="one-key")
    assert answer.status == 503
    assert answer.data["type"] == "urn:holdfast:problem:not-recorded"
    assert answer.headers["Retry-After"] == "30"
    assert digest() == before
    assert program.post(path, {"text": "Called the clerk."}, key="one-key").status == 201
    assert Note.objects.count() == 1


def test_a_denial_that_cannot_be_told_is_no_denial(casework: Casework) -> None:
    """Neither page nor API says 403 where it could not tell it; both say that nothing was done."""
    program = program_of(casework.liaison)
    with nothing_is_recorded():
        answer = program.get("people")
    assert answer.status == 503
    assert Event.objects.filter(action="access.denied").count() == 0


def test_a_task_does_nothing_and_does_it_later(casework: Casework) -> None:
    wallet = casework.wallet()
    looked({wallet: {"ETH": 10**18}}, at=moment())
    looked({wallet: {"ETH": 4 * 10**17}}, at=moment())
    # Its own note of how often it tried is no change of anything.
    kept = frozenset({"sessions.Session", "wallets.News"})
    before = digest(without=kept)
    with nothing_is_recorded(), suppress(DatabaseError), transaction.atomic():
        tell_news()
    assert not Alert.objects.exists()
    assert digest(without=kept) == before
    alerts.tell_news(now=lambda: moment() + timedelta(hours=1))
    assert Alert.objects.count() == 1
    assert Event.objects.filter(action="wallet.balance_changed").count() == 1


def test_a_database_that_breaks_outside_the_views_is_said_as_well(rf: RequestFactory) -> None:
    for path, kind in (("/", "text/html; charset=utf-8"), ("/api/v1/me", "application/problem+json")):
        try:
            raise DatabaseError("gone")
        except DatabaseError:
            answer = server_error(rf.get(path))
        assert (answer.status_code, answer["Content-Type"]) == (503, kind)
    assert server_error(rf.get("/")).status_code == 500
