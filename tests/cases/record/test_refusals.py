"""Whoever is refused cannot fill the record: beyond a limit refusals are counted, and the count is told."""

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.db import connection, transaction
from django.test import Client
from django.urls import reverse

from cases.access import Denied, record_denial
from cases.actions import log_ins
from cases.actions.refusals import LATE, tell_left_out
from cases.audit.models import Event
from cases.models import RefusalCount, Told
from cases.permissions import GlobalPermission
from cases.refusals import LIMITS, limit_of, network_of, period_of, tell_or_count
from tests.support.casework import Casework, make_person, moment
from tests.support.unwritten import nothing_is_recorded

pytestmark = pytest.mark.django_db
TEN = timedelta(minutes=10)


@pytest.fixture(autouse=True)
def three(settings: Any) -> Iterator[None]:
    """Three of each are told."""
    settings.RECORD_LIMITS = {str(kind): 3 for kind in Told}
    yield


def over() -> datetime:
    """A moment at which every count of now is over."""
    return moment() + max(limit.period for limit in LIMITS.values()) + LATE


def actions(action: str) -> list[Event]:
    return list(Event.objects.filter(action=action).order_by("pk"))


def test_denials_by_page_and_api_beyond_the_limit_are_counted_and_told(
    casework: Casework, client_of: Any
) -> None:
    browser = client_of(casework.liaison)
    for _ in range(8):
        assert browser.get(reverse("people-list")).status_code == 403
    assert len(actions("access.denied")) == 3
    cache.clear()
    assert tell_left_out(now=moment) == 0, "the period is not over"
    assert tell_left_out(now=over) == 1
    (event,) = actions("denials.counted")
    assert event.values["count"] == 5
    assert (event.values["told"], event.values["kind"]) == (3, "denied")
    assert event.values["whose"] == str(casework.liaison.public_id)
    began = datetime.fromisoformat(event.values["from"])
    assert began <= moment() < datetime.fromisoformat(event.values["to"]) == began + TEN
    assert not RefusalCount.objects.exists()
    assert tell_left_out(now=over) == 0


def test_one_persons_denials_leave_anothers_room(casework: Casework, client_of: Any) -> None:
    for _ in range(5):
        client_of(casework.liaison).get(reverse("people-list"))
    client_of(casework.counsel).get(reverse("people-list"))
    assert [event.actor_id for event in actions("access.denied")] == [casework.liaison.pk] * 3 + [
        casework.counsel.pk
    ]


def test_failed_log_ins_of_one_address_are_bounded(settings: Any) -> None:
    person = make_person("counsel")
    for _ in range(7):
        Client(REMOTE_ADDR="203.0.113.9").post("/accounts/login/", {"login": person.email, "password": "x"})
    assert len(actions("login.failed")) == 3
    assert tell_left_out(now=over) == 1
    (event,) = actions("denials.counted")
    assert (event.values["count"], event.values["whose"]) == (4, "203.0.113.9")


def test_many_addresses_together_are_bounded_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(
        LIMITS,  # type: ignore[arg-type]
        Told.LOG_IN,
        type(LIMITS[Told.LOG_IN])(each=3, period=TEN, together=5),
    )
    at = moment()
    told = [
        log_ins.tell_failed_log_in(
            by=None, at=at, address=f"2001:db8:{number:x}::1", person=None, way="password", why="wrong"
        )
        for number in range(9)
    ]
    assert told == [True] * 5 + [False] * 4
    assert tell_left_out(now=over) == 1
    (event,) = actions("denials.counted")
    assert (event.values["count"], event.values["whose"]) == (4, "")


def test_the_addresses_of_one_subscriber_are_one() -> None:
    assert network_of("2001:db8:0:1:aaaa::1") == network_of("2001:db8:0:1:bbbb::2")
    assert network_of("2001:db8:0:1::1") != network_of("2001:db8:0:2::1")
    assert (network_of("203.0.113.9"), network_of("unix:")) == ("203.0.113.9", "unix:")


def test_a_count_goes_only_with_the_event_that_tells_it(casework: Casework) -> None:
    at = moment()
    for _ in range(5):
        record_denial(
            Denied(user=casework.liaison, permission=GlobalPermission.PEOPLE), at=at, what="GET people-list"
        )
    with nothing_is_recorded(), pytest.raises(Exception, match="no space left"), transaction.atomic():
        tell_left_out(now=over)
    assert RefusalCount.objects.get().left_out == 2
    assert tell_left_out(now=over) == 1


def test_a_denial_that_cannot_be_told_is_not_counted_as_told(casework: Casework, client_of: Any) -> None:
    browser = client_of(casework.liaison)
    with nothing_is_recorded():
        assert browser.get(reverse("people-list")).status_code == 503
    assert not RefusalCount.objects.exists()
    assert browser.get(reverse("people-list")).status_code == 403


def test_a_late_one_begins_a_count_of_its_own(casework: Casework) -> None:
    at = moment()
    denied = Denied(user=casework.liaison, permission=GlobalPermission.PEOPLE)
    for _ in range(4):
        record_denial(denied, at=at, what="GET people-list")
    tell_left_out(now=over)
    record_denial(denied, at=at, what="GET people-list")
    assert len(actions("access.denied")) == 4


def test_limits_are_the_installations(settings: Any) -> None:
    settings.RECORD_LIMITS = {"denied": 0}
    assert limit_of(Told.LOG_IN) == LIMITS[Told.LOG_IN]
    told = tell_or_count(kind=Told.DENIED, whose="x", at=moment(), tell=lambda: pytest.fail("told"))
    assert not told
    assert RefusalCount.objects.get().left_out == 1


def test_a_period_holds_every_moment_of_it() -> None:
    at = datetime(2026, 9, 24, 10, 7, 8, tzinfo=UTC)
    assert period_of(Told.DENIED, at) == datetime(2026, 9, 24, 10, 0, tzinfo=UTC)
    assert period_of(Told.CALENDAR, at) == datetime(2026, 9, 24, 10, 0, tzinfo=UTC)
    assert period_of(Told.PLACE, at) == datetime(2026, 9, 24, tzinfo=UTC)


@pytest.mark.django_db(transaction=True)
def test_of_many_at_once_none_is_lost() -> None:
    """Eight at a time: those that were told and those that were counted are all of them."""
    told: list[bool] = []
    at = moment()

    def knock() -> None:
        try:
            for _ in range(10):
                told.append(
                    log_ins.tell_failed_log_in(
                        by=None, at=at, address="203.0.113.7", person=None, way="password", why="wrong"
                    )
                )
        finally:
            connection.close()

    threads = [threading.Thread(target=knock) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(told), sum(told)) == (80, 3)
    assert len(actions("login.failed")) == 3
    assert RefusalCount.objects.get(whose="203.0.113.7").left_out == 77
