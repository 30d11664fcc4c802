"""Readings that matter are in the record: whatever shows a sealed order, or hands out a file, wrote an event first."""

import logging
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction
from django.test import Client, override_settings
from django.urls import reverse

from cases.actions.reminders import create_feed
from cases.audit.models import Event
from cases.models import Export, LegalOrder, RefusalCount
from tests.support.casework import moment
from tests.support.rows import arranged, taken_back
from tests.support.unwritten import nothing_is_recorded
from tests.web.doors import Door, Url
from tests.web.test_access_matrix import Answer, Guest, doors
from tests.web.test_exports import ready
from tests.web.test_sealed import WORD, numbers_in, with_sealed_order
from tests.web.world import World

READ = {"order.viewed"}
# Made to be published: a checkpoint and the public keys tell nothing of any case.
PUBLIC = {"checkpoint-note", "checkpoint-keys"}
# What only its whole text shows; its name and its reference stand in lists.
INSIDE = [f"{WORD} terms".encode(), f"{WORD} scope".encode(), f"{WORD} agent".encode()]


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


@pytest.fixture(scope="module")
def one_world(one_transaction: None, files: Path) -> World:
    with override_settings(FILES_ROOT=files):
        world = with_sealed_order()
        for export in Export.objects.filter(reference__in=[world.export, world.matter_export]):
            ready(export)
        arranged()
        return world


@pytest.fixture
def world(one_world: World, files: Path, settings: Any) -> Iterator[World]:
    settings.FILES_ROOT = files
    with taken_back():
        yield one_world


def reads(world: World, name: str) -> Iterator[tuple[str, Answer, list[Event]]]:
    """Every GET of the table for this person, under every number that something sealed has, with what it told."""
    guest = Guest.of(world, name)
    for url, door in doors():
        if "GET" not in door.needs:
            continue
        for number in sorted(numbers_in(world)) if "number" in url.arguments else (1,):
            with transaction.atomic():
                newest = Event.objects.latest("pk").pk
                answer = guest.send("GET", url.name, path_of(world, url, door, number), door)
                told = list(Event.objects.filter(pk__gt=newest).order_by("pk"))
                # Taken back, so that each is told anew.
                transaction.set_rollback(True)
            yield f"{url.name} {number}", answer, told


def path_of(world: World, url: Url, door: Door, number: int) -> str:
    arguments = world.arguments(url.name, url.arguments, matter=door.kind == "matter")
    if "number" in arguments:
        arguments["number"] = str(number)
    return reverse(url.name, kwargs=arguments)


def actions(told: list[Event]) -> set[str]:
    return {event.action for event in told}


def taken_by(told: list[Event]) -> bool:
    """Whether one of them says that a file was taken."""
    return any(action.endswith(".downloaded") for action in actions(told))


def test_whatever_shows_a_sealed_order_told_it(world: World) -> None:
    """Deny by default: a page, part or endpoint that is added and shows one without telling fails here."""
    order = LegalOrder.objects.get(sealed=True)
    silent, shown = [], set()
    for place, answer, told in reads(world, "lead"):
        own = place.split()[1] != "1" and WORD.encode() in answer.body
        if answer.status == 200 and (own or any(text in answer.body for text in INSIDE)):
            shown.add(place.split()[0])
            if not (actions(told) & READ or taken_by(told)):
                silent.append(place)
            for event in told:
                if event.action in READ:
                    assert (event.object_kind, event.object_number) == ("order", order.number)
                    assert event.actor_id == world.casework.lead.pk
                    assert event.stream_id == world.casework.case.stream_id
    assert silent == []
    assert {
        "order-detail",
        "order-verify",
        "freeze-detail",
        "task-detail",
        "api-order",
        "api-freeze",
    } <= shown
    assert {"api-paper", "api-obligation", "api-selector", "api-task", "api-orders", "chronology"} <= shown


def test_whatever_hands_out_a_file_told_it(world: World) -> None:
    """Deny by default, for whoever may take one: the members of the case and the liaison."""
    silent, taken = [], set()
    for name in ("lead", "liaison", "auditor"):
        for place, answer, told in reads(world, name):
            headers = dict(answer.headers)
            if place.split()[0] in PUBLIC:
                continue
            if answer.status == 200 and "attachment" in headers.get("content-disposition", ""):
                taken.add(place.split()[0])
                if not taken_by(told):
                    silent.append(place)
    assert silent == []
    assert {
        "paper-download",
        "exhibit-download",
        "api-exhibit-file",
        "export-download",
        "matter-export-download",
        "api-paper-file",
        "api-export-file",
        "api-matter-export-file",
    } <= taken


def test_nothing_is_told_of_what_was_not_shown(world: World) -> None:
    for name in ("counsel", "auditor"):
        for place, _answer, told in reads(world, name):
            assert not actions(told) & READ, place


def test_what_cannot_be_told_is_not_shown(world: World) -> None:
    """Every page and endpoint that told of a reading answers 503 where it cannot, without a word or a byte."""
    guest = Guest.of(world, "lead")
    order = LegalOrder.objects.get(sealed=True)
    case = world.casework.case
    export = Export.objects.get(reference=world.export)
    numbered = {"ref": case.reference, "number": order.number}
    paper = {"ref": case.reference, "number": order.papers.get().number}
    file = {"ref": case.reference, "export": export.reference}
    with nothing_is_recorded():
        for name, arguments in (
            ("order-detail", numbered),
            ("api-order", numbered),
            ("api-orders", {"ref": case.reference}),
            ("paper-download", paper),
            ("api-paper-file", paper),
            ("export-download", file),
            ("api-export-file", file),
        ):
            path = reverse(name, kwargs=arguments)
            client = guest.program if name.startswith("api-") else guest.browser
            with transaction.atomic():
                answer = client.get(path)
            assert answer.status_code == 503, name
            assert WORD.encode() not in answer.content, name
            assert b"PDF" not in answer.content, name
            assert answer["Retry-After"] == "30"
            kind = "application/problem+json" if name.startswith("api-") else "text/html; charset=utf-8"
            assert answer["Content-Type"] == kind


def views() -> int:
    return Event.objects.filter(action="order.viewed").count()


def test_a_part_that_renews_itself_is_told_once_in_five_minutes(world: World, monkeypatch: Any) -> None:
    guest, order = Guest.of(world, "lead"), LegalOrder.objects.get(sealed=True)
    path = reverse("order-detail", args=[world.casework.case.reference, order.number])
    before = views()
    refresh = {"HX-Request": "true"}
    guest.browser.get(path, headers=refresh)
    assert views() == before + 1, "the first is told, whatever it says it is"
    guest.browser.get(path, headers=refresh)
    guest.browser.get(path, headers=refresh)
    assert views() == before + 1
    guest.browser.get(path)
    assert views() == before + 2, "who opens the page is told each time"
    monkeypatch.setattr("cases.queries.sealed_reads.TOLD_AGAIN_AFTER", timedelta(0))
    guest.browser.get(path, headers=refresh)
    assert views() == before + 3, "and a part again once the minutes are over"


def test_a_calendar_read_by_its_address_is_told_and_then_counted(world: World) -> None:
    lead = world.casework.lead
    path = reverse("calendar", args=[create_feed(by=lead, at=moment())])
    for _ in range(3):
        assert Client(REMOTE_ADDR="203.0.113.4").get(path).status_code == 200
    Client(REMOTE_ADDR="203.0.113.5").get(path)
    found = Event.objects.filter(action="calendar.read").order_by("pk")
    assert [(event.actor_id, event.object_number, event.values["address"]) for event in found] == [
        (None, lead.pk, "203.0.113.4"),
        (None, lead.pk, "203.0.113.5"),
    ]
    assert RefusalCount.objects.get(kind="calendar", left_out__gt=0).left_out == 2
    with nothing_is_recorded(), transaction.atomic():
        assert Client(REMOTE_ADDR="203.0.113.6").get(path).status_code == 503


def test_a_search_over_all_cases_is_told_and_over_ones_own_is_not(world: World) -> None:
    for name, events in (("lead", 0), ("auditor", 1)):
        guest = Guest.of(world, name)
        assert guest.browser.post(reverse("search"), {"q": "Kim Jong"}).status_code in (302, 303)
        found = Event.objects.filter(action="search.made", actor=guest.visitor.user)
        assert found.count() == events
        assert all(event.values == {"words": "Kim Jong"} for event in found)
