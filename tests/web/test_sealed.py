"""A sealed order inside a visible case: who may not know it reads no word of it, and its numbers are as good as free."""

import logging
import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.test import override_settings

from cases import storage
from cases.actions import case_tasks, exports, freezes, orders
from cases.actions.orders import Asked, Duty
from cases.models import CaseTask, LegalOrder
from cases.permissions import Permission
from tests.support.casework import moment
from tests.support.freezing import confirmed_freeze
from tests.support.rows import taken_back
from tests.web.doors import Door, Url
from tests.web.test_access_matrix import Guest, doors
from tests.web.world import World, built

P = Permission
WORD = "Sealedcanary"
# What stems from an order stands under these segments of a case's URLs, by its number.
SEGMENTS = ("orders", "obligations", "papers", "selectors", "freezes", "shares")
# In the case, and not named as a reader: a colleague who may do everything, one who reads, the auditor.
OUTSIDE = ["approver", "counsel", "reading investigator", "auditor"]


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


@pytest.fixture(scope="module")
def one_world(one_transaction: None, files: Path) -> World:
    with override_settings(FILES_ROOT=files):
        return with_sealed_order()


@pytest.fixture
def world(one_world: World, files: Path, settings: Any) -> Iterator[World]:
    """The one world with its files; what a test does in it is taken back."""
    settings.FILES_ROOT = files
    with taken_back():
        yield one_world


def with_sealed_order() -> World:
    """The world of the matrix, and in its case an order with the word in every text, with all that an order can have."""
    world = built()
    order = filled(world)
    orders.seal_order(
        grant=world.casework.grant(P.ORDERS),
        at=moment(),
        number=order.number,
        readers=[],
        reason=f"{WORD} seal",
    )
    return world


def filled(world: World) -> LegalOrder:
    casework = world.casework
    grant = casework.grant
    order = casework.accepted_order(
        reference=f"{WORD}-1",
        issuing_authority=f"{WORD} court",
        legal_basis=f"{WORD} basis",
        scope=f"{WORD} scope",
        agency_case_number=f"{WORD}-77",
        requestor=f"{WORD} agent",
        sealed_terms=f"{WORD} terms",
        duties=[
            Duty(
                "freeze",
                f"{WORD} duty",
                due_at=moment() + timedelta(days=2),
                responsible=casework.lead,
            )
        ],
        selectors=[Asked("email", f"{WORD}@example.test")],
    )
    orders.record_finding(
        grant=grant(P.ORDERS),
        at=moment(),
        number=order.selectors.get().number,
        outcome="not_found",
        remarks=f"{WORD} remarks",
    )
    orders.attach_paper(
        grant=grant(P.ORDERS),
        at=moment(),
        number=order.number,
        filename=f"{WORD}.pdf",
        media_type="application/pdf",
        stored=storage.store([f"%PDF-1.7 {WORD}".encode()]),
    )
    account = casework.account("EX-S1")
    casework.holding(account)
    confirmed_freeze(
        casework,
        account_number=account.number,
        obligation_number=order.obligations.get().number,
        reason=f"{WORD} reason",
    )
    freezes.propose_release(
        grant=grant(P.FREEZE_PROPOSE),
        at=moment(),
        number=order.obligations.get().freezes.get().number,
        reason=f"{WORD} release",
    )
    case_tasks.give_task(
        grant=grant(P.TASKS),
        at=moment(),
        title=f"{WORD} task",
        assignee=casework.lead,
        due_at=moment() + timedelta(days=1),
        about=("order", order.number),
    )
    casework.share(order)
    exports.request_export(grant=grant(P.EXPORT), at=moment())
    return order


def answers(world: World, name: str) -> Iterator[tuple[str, bytes]]:
    """What the person gets for every GET of the table, under every number that something of the order may have."""
    guest = Guest.of(world, name)
    for url, door in doors():
        if "GET" not in door.needs or door.kind not in {"case", "overall", "global", "anyone", "own"}:
            continue
        for number in sorted(numbers_in(world)) if "number" in url.arguments else (1,):
            answer = guest.send("GET", url.name, address(world, url, door, number), door)
            yield f"{url.name} {number} {answer.status}", answer.body + answer.broke.encode()


def numbers_in(world: World) -> set[int]:
    """Every number that something of the order has, and 1."""
    order = LegalOrder.objects.get(agency_reference=f"{WORD}-1")
    duty = order.obligations.get()
    rows = [order, duty, order.papers.get(), order.selectors.get(), duty.freezes.get(), order.shares.get()]
    return {1, *(int(row.number) for row in rows), casework_task(world)}


def casework_task(world: World) -> int:
    """The number of the task about the order."""
    return int(CaseTask.objects.get(case=world.casework.case, title=f"{WORD} task").number)


def address(world: World, url: Url, door: Door, number: int) -> str:
    from django.urls import reverse

    arguments = world.arguments(url.name, url.arguments, matter=False)
    if "number" in arguments:
        arguments["number"] = str(number)
    return reverse(url.name, kwargs=arguments)


@pytest.mark.parametrize("name", OUTSIDE)
def test_nobody_but_its_readers_reads_a_word_of_it(world: World, name: str) -> None:
    seen = [place for place, text in answers(world, name) if WORD.lower().encode() in text.lower()]
    assert seen == []


def test_its_reader_reads_it_on_many_pages(world: World) -> None:
    """The word would be seen: the test above is not blind."""
    seen = {place.split()[0] for place, text in answers(world, "lead") if WORD.encode() in text}
    assert {
        "home",
        "case-detail",
        "order-list",
        "order-detail",
        "freeze-list",
        "freeze-detail",
        "chronology",
        "authority-list",
        "api-orders",
        "api-order",
        "api-freezes",
        "api-due",
        "api-case-due",
        "api-chronology",
    } <= seen


@pytest.mark.parametrize("name", OUTSIDE)
def test_its_numbers_are_answered_like_numbers_that_nothing_has(world: World, name: str) -> None:
    order = LegalOrder.objects.get(sealed=True)
    duty = order.obligations.get()
    numbers = {
        "orders": order.number,
        "obligations": duty.number,
        "papers": order.papers.get().number,
        "selectors": order.selectors.get().number,
        "freezes": duty.freezes.get().number,
        "shares": order.shares.get().number,
    }
    guest = Guest.of(world, name)
    tried = 0
    for url, door in doors():
        found = re.match(r".*cases/<[^>]+>/([a-z-]+)/<", url.route)
        if door.kind != "case" or found is None or found[1] not in SEGMENTS or "number" not in url.arguments:
            continue
        for method in door.needs:
            hidden = guest.send(method, url.name, address(world, url, door, numbers[found[1]]), door)
            missing = guest.send(method, url.name, address(world, url, door, 9_999), door)
            assert (hidden.status, masked(hidden.body, guest)) == (
                missing.status,
                masked(missing.body, guest),
            ), (url.name, method)
            tried += 1
    assert tried > 60
    assert LegalOrder.objects.get(pk=order.pk).status == order.status


def masked(body: bytes, guest: Guest) -> bytes:
    """Without what differs between any two answers: tokens against forgery, and the address itself."""
    body = re.sub(rb'name="csrfmiddlewaretoken" value="[^"]+"', b"", body)
    body = re.sub(rb'nonce="[^"]+"', b"", body)
    return re.sub(rb"/[0-9]+/|\b9999\b", b"/", body)


def test_whoever_is_named_knows_it_at_once_and_whoever_is_not_any_more_does_not(world: World) -> None:
    casework = world.casework
    order = LegalOrder.objects.get(sealed=True)
    page = f"/cases/{casework.case.reference}/orders/{order.number}/"
    approver = Guest.of(world, "approver").browser
    assert approver.get(page).status_code == 404
    lead = Guest.of(world, "lead").browser
    named = [str(casework.lead.public_id), str(casework.approver.public_id)]
    answer = lead.post(f"{page}readers/", {"readers": named, "reason": "To sign the release"})
    assert answer.status_code == 303
    assert WORD in approver.get(page).content.decode()
    answer = lead.post(f"{page}readers/", {"readers": named[:1], "reason": "Signed"})
    assert answer.status_code == 303
    assert approver.get(page).status_code == 404
    # Nothing typed is lost where it is refused: nobody chosen.
    refused = lead.post(f"{page}readers/", {"reason": "Nobody needs it"})
    assert refused.status_code == 422
    assert "Somebody must know a sealed order." in refused.content.decode()
    assert "Nobody needs it" in refused.content.decode()


def test_an_order_is_sealed_as_it_comes_in_and_unsealed_by_a_decision(world: World) -> None:
    casework = world.casework
    order = LegalOrder.objects.get(sealed=True)
    page = f"/cases/{casework.case.reference}/orders/{order.number}/"
    # The lead may not decide; counsel may, once she is named.
    assert Guest.of(world, "lead").browser.post(f"{page}unseal/", {"reason": "Over"}).status_code == 403
    assert Guest.of(world, "counsel").browser.post(f"{page}unseal/", {"reason": "Over"}).status_code == 404
    orders.change_readers(
        grant=casework.grant(P.ORDERS),
        at=moment(),
        number=order.number,
        readers=[casework.lead, casework.counsel],
        reason="To unseal it",
    )
    answer = Guest.of(world, "counsel").browser.post(f"{page}unseal/", {"reason": "The court unsealed it"})
    assert answer.status_code == 303
    assert WORD in Guest.of(world, "auditor").browser.get(page).content.decode()
    assert "The court unsealed it" in Guest.of(world, "auditor").browser.get(page).content.decode()


def test_the_case_closes_only_after_what_a_member_may_not_see(world: World) -> None:
    """What is sealed keeps the case open, in words that say nothing of it."""
    approver = Guest.of(world, "approver").browser
    page = approver.get(f"/cases/{world.casework.case.reference}/closing/").content.decode()
    assert "Something that you may not see: ask this desk." in page
