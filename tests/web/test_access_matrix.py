"""Every URL as every person: who may enter, and that who may not learns and changes nothing."""

import json
import logging
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction
from django.test import Client, override_settings
from django.urls import reverse

from cases.audit.models import Event
from cases.people.models import Role
from cases.permissions import MATTER_PERMISSIONS, GlobalPermission, Permission
from config.middleware import CLOSED_PREFIXES
from tests.support.digest import digest as digest_of_all
from tests.support.rows import taken_back
from tests.web.doors import API, PAGES, TABLE, Door, Url, anyone, walk
from tests.web.world import VISITORS, Visitor, World, built

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
UNSAFE = ("POST", "PUT", "PATCH", "DELETE")
LOOK = anyone(get=None)
# A URL of each interface, and under what it lies.
ROOTS = {"case-detail": "/", "api-case": "/api/v1/"}
BACKEND = "allauth.account.auth_backends.AuthenticationBackend"
# Reading a paper or taking a file is written into the record, and is the only thing that looking changes.
NOTED = {"paper.downloaded", "export.downloaded", "order.viewed"}


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    """Thousands of requests, each with its lines of log: nobody reads them, and they take time."""
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


@pytest.fixture(scope="module")
def one_world(one_transaction: None, files: Path) -> World:
    with override_settings(FILES_ROOT=files):
        return built()


@pytest.fixture
def world(one_world: World, files: Path, settings: Any) -> Iterator[World]:
    """The one world with its files; what a test does in it is taken back."""
    settings.FILES_ROOT = files
    # Each person knocks at every door within a minute, and each denial is looked for.
    settings.RECORD_LIMITS = {"denied": 100_000, "token": 100_000}
    with taken_back():
        yield one_world


@dataclass(frozen=True)
class Answer:
    """What came back; `broke` where it was an exception instead."""

    status: int
    body: bytes = b""
    headers: frozenset[tuple[str, str]] = frozenset()
    broke: str = ""


@dataclass
class Guest:
    """A visitor with a browser and a program."""

    visitor: Visitor
    world: World
    browser: Client
    program: Client

    @classmethod
    def of(cls, world: World, name: str) -> "Guest":
        visitor = world.visitors[name]
        browser, program = Client(), Client()
        if visitor.user is not None:
            browser.force_login(visitor.user, backend=BACKEND)
            program = Client(headers={"Authorization": f"Bearer {world.tokens[name]}"})
        return cls(visitor, world, browser, program)

    def send(self, method: str, name: str, path: str, door: Door) -> Answer:
        """One request. A program sends JSON and a fresh key; a browser a form, or a query where it only looks."""
        try:
            if name in API:
                response = self.program.generic(
                    method,
                    path,
                    b"" if method in ("GET", "HEAD", "OPTIONS") else json.dumps(dict(door.data)).encode(),
                    content_type="application/json",
                    headers={"Idempotency-Key": str(uuid.uuid4())},
                )
            elif method == "POST":
                response = self.browser.post(path, dict(door.data))
                # What was done is taken back, and so is the message of it, which the next page would show.
                self.browser.cookies.pop("messages", None)
            elif method in ("GET", "HEAD"):
                response = self.browser.generic(method, path, query_params=dict(door.data))
            else:
                response = self.browser.generic(method, path)
        except Exception as error:
            return Answer(500, broke=repr(error))
        headers = frozenset((key.lower(), value) for key, value in response.headers.items())
        return Answer(response.status_code, b"" if response.streaming else response.content, headers)


def path_of(world: World, url: Url, door: Door, *, unknown: bool = False) -> str:
    if url.name == "api-no-such-url":
        return "/api/v1/no/such/url"
    arguments = world.arguments(url.name, url.arguments, matter=door.kind == "matter", unknown=unknown)
    return reverse(url.name, kwargs=arguments)


def doors() -> Iterator[tuple[Url, Door]]:
    """Every URL of the resolver with its declarations. One without any is found by the first test."""
    for url in walk():
        for door in TABLE.get(url.name, []):
            yield url, door


def test_every_url_has_a_declaration_and_every_declaration_a_url() -> None:
    urls = list(walk())
    names = [url.name for url in urls]
    assert "" not in names, [url.route for url in urls if not url.name]
    assert len(names) == len(set(names)), "two URLs under one name: one of them would never be tried"
    assert set(names) == set(TABLE)
    for name, uses in TABLE.items():
        assert all(door.needs or door.fixed for door in uses), name


# ── What each person is answered ──────────────────────────────────────────────────────────────────────────


def barred(door: Door, guest: Guest, name: str, method: str) -> int | None:
    """The refusal that this person ought to get, or None where she may enter."""
    visitor = guest.visitor
    if not visitor.signed_in:
        return 401 if name in API else 302
    if method not in door.needs:
        return 405
    needed = door.needs[method]
    user = visitor.user
    assert user is not None
    if door.kind == "case":
        assert isinstance(needed, Permission)
        if visitor.sees_case == "no":
            return 404
        return None if needed in visitor.in_case() else 403
    if door.kind == "matter":
        assert needed in MATTER_PERMISSIONS
        return None if visitor.sees_matter else 404
    if door.kind == "liaison":
        return None if user.role == Role.LIAISON else 404
    if isinstance(needed, GlobalPermission) and needed not in visitor.overall():
        return 403
    if door.kind == "own":
        return None if visitor.name == "lead" else 404
    return None


def entered(door: Door, method: str, status: int) -> bool:
    """Whether an answer is one that a person gets who may enter."""
    if door.inside:
        return status in door.inside
    if method == "GET":
        return status == 200
    return status in {200, 201, 202, 303, 400, 409, 422}


# Looking at these adds a step to a chain of custody.
COPIES = {"exhibit-download", "api-exhibit-file"}


@pytest.mark.parametrize("name", VISITORS)
def test_each_url_answers_each_person_as_declared(world: World, name: str) -> None:
    """Who may enter enters, who may not is refused in the declared way. Looking, and what was refused, changes nothing."""
    guest = Guest.of(world, name)
    before, events = digest(), Event.objects.count()
    wrong: dict[str, str] = {}
    not_found = {
        url: guest.send("GET", url, f"{root}no/such/page/", LOOK).body for url, root in ROOTS.items()
    }
    for url, door in doors():
        if door.kind == "fixed":
            continue
        for method in tried(door, url.name, name):
            refusal = barred(door, guest, url.name, method)
            with transaction.atomic():
                known = Event.objects.count()
                answer = guest.send(method, url.name, path_of(world, url, door), door)
                problem = judged(guest, url.name, door, method, answer, refusal, known)
                # What a person may do is done and taken back; what is refused, or only looked at, stays as it is.
                done = method != "GET" or url.name in COPIES
                transaction.set_rollback(refusal is None and done)
            if not problem and answer.status == 404:
                same = answer.body == not_found["api-case" if url.name in API else "case-detail"]
                problem = "" if same else "another 404 than that of a page which never was"
            if problem:
                wrong[f"{method} {url.name} {dict(door.data) or ''}"] = problem
    assert wrong == {}
    assert digest() == before
    new = set(Event.objects.order_by("pk").values_list("action", flat=True)[events:])
    assert new <= {"access.denied", "token.refused"} | NOTED


@pytest.mark.parametrize("name", ["nobody", "lead", "auditor", "liaison", "deactivated investigator"])
def test_the_log_ins_own_pages(world: World, name: str) -> None:
    """They stand on no door of ours; what they answer is declared one by one, so that none opens unseen."""
    guest = Guest.of(world, name)
    wrong: dict[str, str] = {}
    for url, door in doors():
        for method, (nobody, somebody) in door.fixed.items():
            path = path_of(world, url, door)
            # A log-out ends the session: each page is tried with one of its own.
            browser = guest.browser if url.name in API else Guest.of(world, name).browser
            client = guest.program if url.name in API else browser
            with transaction.atomic():
                response = client.generic(method, path)
                transaction.set_rollback(True)
            expected = somebody if guest.visitor.signed_in else nobody
            if response.status_code != expected:
                wrong[f"{method} {url.name}"] = f"{response.status_code} instead of {expected}"
            elif nobody == 302 and not guest.visitor.signed_in:
                assert response["Location"].startswith("/accounts/login/"), url.name
    assert wrong == {}


def test_nobody_changes_by_allauths_pages_how_she_logs_in(world: World) -> None:
    """The address of a log-in is the administrator's to change, with an event."""
    client = Client()
    client.force_login(world.casework.auditor, backend=BACKEND)
    before = digest()
    for action in ("action_add", "action_primary", "action_send", "action_remove"):
        response = client.post("/accounts/email/", {action: "", "email": "other@example.test"})
        assert response.status_code == 404
    assert digest() == before


def tried(door: Door, url: str, name: str) -> list[str]:
    """The methods that the door declares; for some of the visitors also each that it does not serve."""
    if name not in ("lead", "auditor", "liaison"):
        return [*door.needs]
    declared = set().union(*(other.needs for other in TABLE[url]))
    return [*door.needs, *(method for method in METHODS if method not in declared)]


def judged(
    guest: Guest, url: str, door: Door, method: str, answer: Answer, refusal: int | None, before: int
) -> str:
    """What is wrong with an answer, in a few words; empty where nothing is."""
    if answer.broke:
        return answer.broke
    if refusal is None:
        return "" if entered(door, method, answer.status) else f"{answer.status} instead of entering"
    if answer.status != refusal:
        return f"{answer.status} instead of {refusal}"
    new = list(Event.objects.order_by("pk")[before:])
    if refusal == 401 and guest.visitor.locked_out:
        # A token that opens nothing any more is told of, and of nothing else.
        return "" if [event.action for event in new] == ["token.refused"] else f"left {len(new)} events"
    if refusal != 403:
        return f"left {len(new)} events" if new else ""
    if len(new) != 1 or new[0].action != "access.denied":
        return f"recorded {[event.action for event in new]} instead of the denial"
    details = new[0].values
    user = guest.visitor.user
    assert user is not None
    stream = guest.world.casework.case.stream if door.kind == "case" else None
    if new[0].actor_id != user.pk or (stream is not None and new[0].stream_id != stream.pk):
        return "recorded the denial of somebody else or somewhere else"
    if stream is None and new[0].stream.kind != "system":
        return "recorded the denial in a case"
    needed = door.needs[method]
    return "" if details["permission"] == needed else f"recorded the denial of {details['permission']}"


# ── What who may not enter can learn ──────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "name",
    [
        "outside investigator",
        "liaison",
        "liaison whose share ended",
        "lead",
        "nobody",
    ],
)
def test_unknown_and_invisible_are_the_same_bytes(world: World, name: str) -> None:
    guest = Guest.of(world, name)
    different: dict[str, str] = {}
    tried = 0
    for url, door in doors():
        if door.kind not in ("case", "matter"):
            continue
        visible = guest.visitor.sees_matter if door.kind == "matter" else guest.visitor.sees_case != "no"
        if visible:
            continue
        for method in door.needs:
            tried += 1
            real = path_of(world, url, door)
            unknown = path_of(world, url, door, unknown=True)
            with transaction.atomic():
                there = guest.send(method, url.name, real, door)
                nowhere = guest.send(method, url.name, unknown, door)
                transaction.set_rollback(True)
            if guest.visitor.signed_in:
                assert there.status == 404, (method, url.name)
                same = there == nowhere
            else:
                # To nobody: the log-in page, or the one refusal of a program, which repeat only what was asked.
                assert there.status == nowhere.status == (401 if url.name in API else 302), (method, url.name)
                same = {
                    (key, value.replace(real, unknown)) for key, value in there.headers
                } == nowhere.headers
            if not same:
                different[f"{method} {url.name}"] = repr(there.headers ^ nowhere.headers)
    assert tried > 5
    assert different == {}


def test_one_404_for_all_of_it(world: World) -> None:
    """The page that was never there, the case of others, the number that a case has not, the matter of others."""
    guest = Guest.of(world, "outside investigator")
    ref = world.casework.case.reference
    own = world.empty_case.reference
    pages = {
        guest.browser.get(path).content
        for path in (
            "/no-such-page/",
            f"/cases/{ref}/",
            f"/cases/{ref}/orders/1/",
            f"/cases/{own}/orders/1/",
            f"/cases/{own}/orders/1/verify/",
            f"/cases/{own}/no-such-part/",
            f"/matters/{world.matter}/",
            "/matters/",
            f"/search/{world.search_token}/",
        )
    }
    assert len(pages) == 1


def test_what_another_case_holds_is_not_reached_through_ones_own(world: World) -> None:
    """Her own case with the numbers of the other: there is nothing there, and she learns nothing."""
    guest = Guest.of(world, "outside investigator")
    wrong: dict[str, int] = {}
    mine = world.visitors["lead"].in_case()
    for url, door in doors():
        if door.kind != "case" or not url.arguments & {"number", "export", "person"}:
            continue
        arguments = world.arguments(url.name, url.arguments, matter=False) | {
            "ref": world.empty_case.reference
        }
        for method in door.needs:
            with transaction.atomic():
                answer = guest.send(method, url.name, reverse(url.name, kwargs=arguments), door)
                transaction.set_rollback(True)
            # She leads her case: a 403 is the answer for what no investigator does, whatever stands there.
            if answer.status != (404 if door.needs[method] in mine else 403) and answer.status != 404:
                wrong[f"{method} {url.name}"] = answer.status
    assert wrong == {}


# ── What who may not change can change ────────────────────────────────────────────────────────────────────


def digest() -> dict[str, str]:
    """The database but for sessions and for the record, which is judged by its events."""
    return digest_of_all(
        without=frozenset(
            {
                "sessions.Session",
                "audit.Event",
                "audit.PendingEvent",
                "audit.Stream",
                "cases.RefusalCount",
                "cases.TokenPlace",
            }
        )
    )


@pytest.mark.parametrize("name", ["auditor", "reading approver", "liaison", "administrator"])
def test_nothing_of_the_case_is_open_to_who_may_not_change_it(world: World, name: str) -> None:
    """The auditor, readers, liaisons and administrators: no unsafe method of any case's URL lets them in."""
    guest = Guest.of(world, name)
    assert [
        (method, url.name)
        for url, door in doors()
        if door.kind == "case"
        for method in UNSAFE
        if barred(door, guest, url.name, method) is None
    ] == []


# ── The browser's own guards ──────────────────────────────────────────────────────────────────────────────


def test_no_page_takes_a_post_from_another_site(world: World) -> None:
    """Without the token of its own form, every POST of every page is refused before it does anything."""
    client = Client(enforce_csrf_checks=True)
    client.force_login(world.casework.lead, backend=BACKEND)
    before, events = digest(), Event.objects.count()
    taken = []
    for url, door in doors():
        if url.name not in API and ("POST" in door.needs or "POST" in door.fixed):
            shut = path_of(world, url, door).startswith(CLOSED_PREFIXES)
            response = client.post(path_of(world, url, door), dict(door.data))
            if response.status_code != (404 if shut else 403):
                taken.append((url.name, response.status_code))
    assert taken == []
    assert (digest(), Event.objects.count()) == (before, events)


def test_a_session_opens_nothing_of_the_api(world: World) -> None:
    """A browser's cookie is no token: otherwise another site could make the browser act."""
    client = Client()
    client.force_login(world.casework.lead, backend=BACKEND)
    for url, door in doors():
        # What the exchange's own system signs opens by its signature alone: GET is none of its methods.
        if url.name in API and door.kind != "fixed":
            assert client.get(path_of(world, url, door)).status_code == 401, url.name


def test_a_token_opens_no_page(world: World) -> None:
    client = Client(headers={"Authorization": f"Bearer {world.tokens['lead']}"})
    for url, door in doors():
        # A calendar's address opens by the secret in it, and this one is nobody's.
        if url.name in PAGES and url.name != "calendar":
            assert client.get(path_of(world, url, door)).status_code == 302, url.name


def test_every_page_of_a_case_is_kept_by_no_cache(world: World) -> None:
    guest = Guest.of(world, "lead")
    for url, door in doors():
        if door.kind in ("case", "matter", "global", "own"):
            answer = guest.send("GET", url.name, path_of(world, url, door), door)
            assert dict(answer.headers)["cache-control"] == "no-store", url.name


def test_somebody_who_is_taken_out_is_out_at_once(world: World) -> None:
    """A session and a token from before open nothing any more."""
    casework = world.casework
    from cases.actions import cases
    from tests.support.casework import moment

    client = Client()
    client.force_login(casework.counsel, backend=BACKEND)
    path = reverse("case-detail", args=[casework.case.reference])
    assert client.get(path).status_code == 200
    cases.end_membership(grant=casework.grant(Permission.MEMBERS), at=moment(), user=casework.counsel)
    assert client.get(path).status_code == 404
