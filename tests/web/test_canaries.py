"""A word that stands in every text of a case is looked for in every answer to who may not read that case."""

import logging
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction
from django.test import override_settings

from cases import storage
from cases.actions import accounts, cases, freezes, orders, people, search, shares, subjects, wallets
from cases.actions import alerts as told
from cases.actions.orders import Duty
from cases.people.models import User
from cases.permissions import Permission
from tests.support.casework import Casework, make_person, moment
from tests.support.looks import looked, swept
from tests.support.rows import taken_back
from tests.web.test_access_matrix import Guest, doors, path_of
from tests.web.world import World, built

P = Permission
# What stands in the case outside the matter; what stands in the matter and is its liaison's to read.
INSIDE, SHARED = "Canaryinside", "Canaryshared"
SECRET_ADDRESS = "0xb6f5ec1a0a9cd1526536d3f0426c429529471f40"


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


@pytest.fixture(scope="module")
def one_world(one_transaction: None, files: Path) -> World:
    with override_settings(FILES_ROOT=files):
        return with_canaries()


@pytest.fixture
def world(one_world: World, files: Path, settings: Any) -> Iterator[World]:
    """The one world with its files; what a test does in it is taken back."""
    settings.FILES_ROOT = files
    with taken_back():
        yield one_world


def with_canaries() -> World:
    """The world of the matrix, with the word in each field of each kind that a person fills in."""
    world = built()
    casework = world.casework
    _fill(casework, make_person("investigator", f"{INSIDE} colleague"))
    matter = casework.case.shares.get(reference=world.matter)
    orders.add_obligation(
        grant=casework.grant(P.ORDERS),
        at=moment(),
        order_number=matter.order.number,
        duty=Duty("transfer", f"{SHARED} papers.", due_at=moment() + timedelta(days=4)),
    )
    return world


def _fill(casework: Casework, colleague: User) -> None:
    grant = casework.grant
    cases.edit_case(grant=grant(P.EDIT), at=moment(), title=f"{INSIDE} title", summary=f"{INSIDE} summary")
    cases.set_tags(grant=grant(P.EDIT), at=moment(), tags=[INSIDE])
    cases.write_note(grant=grant(P.NOTE), at=moment(), text=f"{INSIDE} note")
    cases.add_member(grant=grant(P.MEMBERS), at=moment(), user=colleague)
    subjects.add_subject(
        grant=grant(P.EDIT),
        at=moment(),
        kind="person",
        name=f"{INSIDE} subject",
        aliases=[f"{INSIDE} alias"],
        role="subject",
        list_reference=f"{INSIDE} list",
        attribution_source=f"{INSIDE} source",
        attribution_confidence="low",
        remarks=f"{INSIDE} remarks",
    )
    watched = wallets.attach_wallet(
        grant=grant(P.WALLETS),
        at=moment(),
        chain="ethereum",
        address=SECRET_ADDRESS,
        label=f"{INSIDE} wallet",
        role="subject",
        attribution_source=f"{INSIDE} source",
        attribution_confidence="low",
    )
    looked({watched: {"USDT": 1}}, at=moment())
    swept({watched: {"USDT": 88_888_888}}, at=moment())
    told.tell_news(now=moment)
    alert = casework.case.alerts.get(after=88_888_888)
    told.acknowledge_alert(grant=grant(P.WALLETS), at=moment(), number=alert.number, note=f"{INSIDE} alert")
    account = accounts.attach_account(
        grant=grant(P.ACCOUNTS),
        at=moment(),
        account_number=f"{INSIDE}-1",
        holder=f"{INSIDE} holder",
        reported_status="active",
        reported_at=moment() - timedelta(minutes=1),
        remarks=f"{INSIDE} remarks",
    )
    accounts.record_holding(
        grant=grant(P.ACCOUNTS),
        at=moment(),
        number=account.number,
        asset="USDT",
        decimals=6,
        amount=77_777_777,
        source=f"{INSIDE} ledger",
        observed_at=moment() - timedelta(minutes=1),
    )
    order = casework.order(
        reference=f"{INSIDE}-2",
        issuing_authority=f"{INSIDE} authority",
        legal_basis=f"{INSIDE} basis",
        scope=f"{INSIDE} scope",
        requestor=f"{INSIDE} requestor",
        jurisdiction=f"{INSIDE}",
        duties=[Duty("freeze", f"{INSIDE} duty", due_at=moment() + timedelta(days=2))],
    )
    orders.attach_paper(
        grant=grant(P.ORDERS),
        at=moment(),
        number=order.number,
        filename=f"{INSIDE}.pdf",
        media_type="application/pdf",
        stored=storage.store([f"%PDF-1.7 {INSIDE}".encode()]),
    )
    freeze = freezes.propose_freeze(
        grant=grant(P.FREEZE_PROPOSE),
        at=moment(),
        scope="asset",
        reason=f"{INSIDE} reason",
        amounts=[freezes.AmountAsked("USDT")],
        account_number=account.number,
        policy_hold=f"{INSIDE} hold",
        formal_order_by=moment() + timedelta(days=2),
    )
    freezes.approve_freeze(
        grant=grant(P.FREEZE_APPROVE, casework.approver),
        at=moment(),
        number=freeze.number,
        comment=f"{INSIDE} comment",
    )
    other = make_person("liaison", f"{INSIDE} liaison", agency=f"{INSIDE} agency")
    second = casework.accepted_order(reference=f"{INSIDE}-3", scope=f"{INSIDE} scope")
    share = casework.share(second, liaison=other)
    shares.end_share(grant=grant(P.SHARE), at=moment(), number=share.number, reason=f"{INSIDE} end")
    people.create_token(
        by=casework.lead, at=moment(), label=f"{INSIDE} token", expires_at=moment() + timedelta(days=1)
    )


def answers(world: World, name: str) -> Iterator[tuple[str, bytes]]:
    """Everything that this person gets by looking, and by asking with every method where she is refused."""
    guest = Guest.of(world, name)
    for url, door in doors():
        path = path_of(world, url, door)
        for method in sorted({"GET", *door.needs}):
            with transaction.atomic():
                answer = guest.send(method, url.name, path, door)
                transaction.set_rollback(True)
            assert not answer.broke, (method, url.name, answer.broke)
            headers = " ".join(f"{key}: {value}" for key, value in answer.headers if path not in value)
            yield f"{method} {url.name} {answer.status}", answer.body + headers.encode()


def secrets_of(world: World) -> list[bytes]:
    """What nobody outside the case may read."""
    return [
        INSIDE.lower().encode(),
        SECRET_ADDRESS.encode(),
        b"77777777",
        b"88888888",
        # As a page writes it, in decimals.
        b"88.888888",
        world.casework.case.reference.lower().encode(),
        world.export.lower().encode(),
    ]


@pytest.mark.parametrize(
    "name",
    [
        "liaison",
        "liaison whose share ended",
        "liaison whose share lapsed",
        "liaison of another case",
        "outside investigator",
        "outside approver",
        "former member",
        "nobody",
        "deactivated investigator",
    ],
)
def test_no_answer_holds_a_word_of_the_case(world: World, name: str) -> None:
    found = {}
    for place, text in answers(world, name):
        # A page repeats what was asked in its own address, and that is all.
        seen = [word for word in secrets_of(world) if word in text.lower()]
        if seen:
            found[place] = seen
    assert found == {}


def test_the_word_would_be_seen(world: World) -> None:
    """The lead reads it on most pages, and the liaison her own on hers: the test above is not blind."""
    lead = [place for place, text in answers(world, "lead") if INSIDE.encode() in text]
    assert len(lead) > 40
    liaison = [place for place, text in answers(world, "liaison") if SHARED.encode() in text]
    assert {"GET matter-detail 200", "GET api-matter 200"} <= set(liaison)


@pytest.mark.parametrize("words", [INSIDE, INSIDE[:6], SECRET_ADDRESS, "7777", "colleague", "canaryshared"])
def test_a_search_from_outside_finds_nothing(world: World, words: str) -> None:
    guest = Guest.of(world, "outside investigator")
    saved = search.save_search(by=world.casework.outsider, at=moment(), text=words)
    page = guest.browser.get(f"/search/{saved.token}/").content.decode()
    assert world.casework.case.reference not in page
    for word in ("title", "subject", "alias", "wallet", "holder", "duty"):
        assert f"{INSIDE} {word}" not in page


def test_the_administrator_sees_people_and_no_case(world: World) -> None:
    """She may read a colleague's name and what a token is called; nothing that stands in a case."""
    names = {f"{INSIDE} {word}".lower().encode() for word in ("colleague", "liaison", "agency", "token")}
    found = {}
    for place, text in answers(world, "administrator"):
        left = text.lower()
        for name in names:
            left = left.replace(name, b"")
        seen = [word for word in secrets_of(world) if word in left]
        if seen:
            found[place] = seen
    assert found == {}
