"""Every endpoint as everybody: outside the case it is not there, inside only what one's place allows."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from django.test import Client, override_settings
from drf_spectacular.generators import SchemaGenerator

from cases import access, storage
from cases.actions import alerts, shares
from cases.actions import cases as case_actions
from cases.actions import exports as export_actions
from cases.actions import orders as order_actions
from cases.actions.freezes import AmountAsked
from cases.actions.orders import Asked
from cases.audit.models import Event
from cases.people.models import Role, User
from cases.permissions import MEMBER_PERMISSIONS, Permission
from tests.api.conftest import API, Program, program_of
from tests.support import evidence
from tests.support.casework import Casework, make_person, moment
from tests.support.freezing import one_of_each
from tests.support.looks import looked
from tests.support.rows import taken_back

Programs = Callable[[User], Program]
P = Permission


@dataclass(frozen=True)
class Door:
    """One method of one URL, and what it takes to enter."""

    method: str
    path: str
    permission: Permission | None
    body: Any = None

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


CASE = "/cases/{ref}"
DOORS = [
    Door("GET", CASE, P.READ),
    Door("PATCH", CASE, P.EDIT, {}),
    Door("POST", f"{CASE}/move", P.MOVE, {}),
    Door("GET", f"{CASE}/tags", P.READ),
    Door("PUT", f"{CASE}/tags", P.EDIT, {"tags": []}),
    Door("PUT", f"{CASE}/lead", P.MEMBERS, {}),
    Door("POST", f"{CASE}/refresh", P.WALLETS),
    Door("GET", f"{CASE}/due", P.READ),
    Door("GET", f"{CASE}/chronology", P.READ),
    Door("GET", f"{CASE}/members", P.READ),
    Door("POST", f"{CASE}/members", P.MEMBERS, {}),
    Door("GET", f"{CASE}/members/candidates", P.MEMBERS),
    Door("POST", f"{CASE}/members/{{person}}/end", P.MEMBERS, {"unknown": 1}),
    Door("GET", f"{CASE}/notes", P.READ),
    Door("POST", f"{CASE}/notes", P.NOTE, {}),
    Door("GET", f"{CASE}/notes/{{number}}", P.READ),
    Door("GET", f"{CASE}/subjects", P.READ),
    Door("POST", f"{CASE}/subjects", P.EDIT, {}),
    Door("GET", f"{CASE}/subjects/{{number}}", P.READ),
    Door("PATCH", f"{CASE}/subjects/{{number}}", P.EDIT, {}),
    Door("GET", f"{CASE}/particulars", P.READ),
    Door("POST", f"{CASE}/particulars", P.IDENTITY, {}),
    Door("GET", f"{CASE}/particulars/{{number}}", P.READ),
    Door("POST", f"{CASE}/particulars/{{number}}/view", P.IDENTITY),
    Door("POST", f"{CASE}/particulars/{{number}}/withdraw", P.IDENTITY, {}),
    Door("GET", f"{CASE}/accounts", P.READ),
    Door("POST", f"{CASE}/accounts", P.ACCOUNTS, {}),
    Door("GET", f"{CASE}/accounts/{{number}}", P.READ),
    Door("POST", f"{CASE}/accounts/{{number}}/report", P.ACCOUNTS, {}),
    Door("GET", f"{CASE}/accounts/{{number}}/holdings", P.READ),
    Door("POST", f"{CASE}/accounts/{{number}}/holdings", P.ACCOUNTS, {}),
    Door("GET", f"{CASE}/wallets", P.READ),
    Door("POST", f"{CASE}/wallets", P.WALLETS, {}),
    Door("POST", f"{CASE}/wallets/detect", P.WALLETS, {}),
    Door("GET", f"{CASE}/wallets/{{number}}", P.READ),
    Door("POST", f"{CASE}/wallets/{{number}}/detach", P.WALLETS, {}),
    Door("POST", f"{CASE}/wallets/{{number}}/refresh", P.WALLETS),
    Door("GET", f"{CASE}/wallets/{{number}}/readings", P.READ),
    Door("GET", f"{CASE}/alerts", P.READ),
    Door("GET", f"{CASE}/alerts/{{number}}", P.READ),
    Door("POST", f"{CASE}/alerts/{{number}}/acknowledge", P.WALLETS, {}),
    Door("GET", f"{CASE}/thresholds", P.READ),
    Door("POST", f"{CASE}/thresholds", P.WALLETS, {}),
    Door("POST", f"{CASE}/thresholds/remove", P.WALLETS, {}),
    Door("GET", f"{CASE}/customer-notices", P.READ),
    Door("POST", f"{CASE}/customer-notices", P.NOTE, {}),
    Door("GET", f"{CASE}/cover", P.READ),
    Door("POST", f"{CASE}/obligations/{{number}}/amount", P.ORDERS, {}),
    Door("POST", f"{CASE}/obligations/{{number}}/ladder", P.ORDERS, {}),
    Door("POST", f"{CASE}/ladder/{{number}}/take-back", P.ORDERS, {}),
    Door("GET", f"{CASE}/breaches", P.READ),
    Door("GET", f"{CASE}/breaches/{{number}}", P.READ),
    Door("POST", f"{CASE}/breaches/{{number}}/answer", P.FREEZE_APPLY, {}),
    Door("GET", f"{CASE}/tasks", P.READ),
    Door("POST", f"{CASE}/tasks", P.TASKS, {}),
    Door("GET", f"{CASE}/tasks/{{number}}", P.READ),
    Door("POST", f"{CASE}/tasks/{{number}}/change", P.TASKS, {}),
    Door("POST", f"{CASE}/tasks/{{number}}/end", P.TASKS, {}),
    Door("POST", f"{CASE}/members/{{person}}/hand-over", P.MEMBERS, {}),
    Door("GET", f"{CASE}/closing", P.READ),
    Door("POST", f"{CASE}/closing/ask", P.MOVE, {}),
    Door("POST", f"{CASE}/closing/decide", P.CLOSE, {}),
    Door("POST", f"{CASE}/closing/withdraw", P.MOVE, {}),
    Door("GET", f"{CASE}/retention", P.READ),
    Door("POST", f"{CASE}/retention", P.RETENTION, {}),
    Door("GET", f"{CASE}/disposal", P.READ),
    Door("POST", f"{CASE}/disposal", P.RETENTION, {}),
    Door("POST", f"{CASE}/disposal/decision", P.RETENTION, {}),
    Door("POST", f"{CASE}/holds", P.RETENTION, {}),
    Door("POST", f"{CASE}/holds/{{number}}/lift", P.RETENTION, {}),
    Door("GET", f"{CASE}/orders", P.READ),
    Door("POST", f"{CASE}/orders", P.ORDERS, {}),
    Door("GET", f"{CASE}/orders/{{number}}", P.READ),
    Door("POST", f"{CASE}/orders/{{number}}/verify", P.ORDER_VERIFY, {}),
    Door("POST", f"{CASE}/orders/{{number}}/move", P.ORDERS, {"to": "verifying"}),
    Door("POST", f"{CASE}/orders/{{number}}/move", P.ORDER_DECIDE, {"to": "accepted"}),
    Door("POST", f"{CASE}/orders/{{number}}/seal", P.ORDERS, {}),
    Door("GET", f"{CASE}/orders/{{number}}/readers", P.READ),
    Door("POST", f"{CASE}/orders/{{number}}/readers", P.ORDERS, {}),
    Door("POST", f"{CASE}/orders/{{number}}/unseal", P.ORDER_DECIDE, {}),
    Door("POST", f"{CASE}/orders/{{number}}/obligations", P.ORDERS, {}),
    Door("GET", f"{CASE}/orders/{{number}}/papers", P.READ),
    Door("POST", f"{CASE}/orders/{{number}}/papers", P.ORDERS, {}),
    Door("POST", f"{CASE}/bundles", P.EXPORT),
    Door("GET", f"{CASE}/exhibits", P.READ),
    Door("POST", f"{CASE}/exhibits", P.EVIDENCE, {}),
    Door("GET", f"{CASE}/exhibits/{{number}}", P.READ),
    Door("GET", f"{CASE}/exhibits/{{number}}/custody", P.READ),
    Door("POST", f"{CASE}/exhibits/{{number}}/custody", P.EVIDENCE, {}),
    Door("GET", f"{CASE}/exhibits/{{number}}/file", P.READ),
    Door("POST", f"{CASE}/exhibits/{{number}}/file", P.EVIDENCE, {"unknown": 1}),
    Door("GET", f"{CASE}/uploads", P.EVIDENCE),
    Door("POST", f"{CASE}/uploads", P.EVIDENCE, {}),
    Door("GET", f"{CASE}/papers/{{number}}", P.READ),
    Door("GET", f"{CASE}/papers/{{number}}/file", P.READ),
    Door("GET", f"{CASE}/obligations", P.READ),
    Door("GET", f"{CASE}/obligations/{{number}}", P.READ),
    Door("POST", f"{CASE}/obligations/{{number}}/move", P.ORDERS, {}),
    Door("GET", f"{CASE}/obligations/{{number}}/clock", P.READ),
    Door("POST", f"{CASE}/obligations/{{number}}/clock", P.ORDERS, {}),
    Door("POST", f"{CASE}/obligations/{{number}}/extend", P.ORDERS, {}),
    Door("POST", f"{CASE}/obligations/{{number}}/proofs", P.ORDERS, {}),
    Door("POST", f"{CASE}/obligations/{{number}}/emergency", P.EMERGENCY, {}),
    Door("POST", f"{CASE}/obligations/{{number}}/emergency/review", P.ORDER_DECIDE, {}),
    Door("POST", f"{CASE}/orders/{{number}}/selectors", P.ORDERS, {}),
    Door("GET", f"{CASE}/selectors", P.READ),
    Door("GET", f"{CASE}/selectors/{{number}}", P.READ),
    Door("POST", f"{CASE}/selectors/{{number}}/findings", P.ORDERS, {}),
    Door("GET", f"{CASE}/freezes", P.READ),
    Door("POST", f"{CASE}/freezes", P.FREEZE_PROPOSE, {}),
    Door("GET", f"{CASE}/freezes/{{number}}", P.READ),
    Door("POST", f"{CASE}/freezes/{{number}}/approve", P.FREEZE_APPROVE, {"unknown": 1}),
    Door("POST", f"{CASE}/freezes/{{number}}/reject", P.FREEZE_APPROVE, {}),
    Door("POST", f"{CASE}/freezes/{{number}}/cancel", P.FREEZE_PROPOSE, {}),
    Door("POST", f"{CASE}/freezes/{{number}}/apply", P.FREEZE_APPLY, {}),
    Door("POST", f"{CASE}/freezes/{{number}}/applied", P.FREEZE_APPLY, {}),
    Door("POST", f"{CASE}/freezes/{{number}}/apply-failed", P.FREEZE_APPLY, {}),
    Door("POST", f"{CASE}/freezes/{{number}}/confirm", P.FREEZE_APPLY, {}),
    Door("POST", f"{CASE}/freezes/{{number}}/wrong-target", P.FREEZE_APPLY, {}),
    Door("POST", f"{CASE}/freezes/{{number}}/release", P.FREEZE_PROPOSE, {}),
    Door("POST", f"{CASE}/freezes/{{number}}/release/decide", P.FREEZE_APPROVE, {}),
    Door("GET", f"{CASE}/freezes/{{number}}/held", P.READ),
    Door("GET", f"{CASE}/freezes/{{number}}/diff", P.READ),
    Door("POST", f"{CASE}/freezes/{{number}}/status", P.FREEZE_APPLY, {"unknown": 1}),
    Door("GET", f"{CASE}/freezes/{{number}}/checklist", P.READ),
    Door("POST", f"{CASE}/freezes/{{number}}/checklist", P.FREEZE_APPLY, {}),
    Door("GET", f"{CASE}/connector", P.READ),
    Door("GET", f"{CASE}/connector/{{number}}", P.READ),
    Door("POST", f"{CASE}/connector/{{number}}/retry", P.FREEZE_APPLY, {}),
    Door("POST", f"{CASE}/freezes/{{number}}/extend", P.FREEZE_PROPOSE, {}),
    Door("POST", f"{CASE}/freezes/{{number}}/release-part", P.FREEZE_PROPOSE, {}),
    Door("POST", f"{CASE}/freezes/{{number}}/transfer", P.FREEZE_PROPOSE, {}),
    Door("POST", f"{CASE}/freezes/{{number}}/issuer", P.FREEZE_APPLY, {}),
    Door("GET", f"{CASE}/changes", P.READ),
    Door("GET", f"{CASE}/changes/{{number}}", P.READ),
    Door("POST", f"{CASE}/changes/{{number}}/decide", P.FREEZE_APPROVE, {}),
    Door("GET", f"{CASE}/credits", P.READ),
    Door("GET", f"{CASE}/credits/{{number}}", P.READ),
    Door("POST", f"{CASE}/credits/{{number}}/keep", P.FREEZE_PROPOSE, {}),
    Door("POST", f"{CASE}/credits/{{number}}/release", P.FREEZE_PROPOSE, {}),
    Door("POST", f"{CASE}/credits/{{number}}/release/decide", P.FREEZE_APPROVE, {}),
    Door("GET", f"{CASE}/transfers", P.READ),
    Door("GET", f"{CASE}/transfers/{{number}}", P.READ),
    Door("POST", f"{CASE}/transfers/{{number}}/decide", P.FREEZE_APPROVE, {}),
    Door("POST", f"{CASE}/transfers/{{number}}/withdraw", P.FREEZE_PROPOSE, {}),
    Door("POST", f"{CASE}/transfers/{{number}}/begin", P.FREEZE_APPLY, {"unknown": 1}),
    Door("POST", f"{CASE}/transfers/{{number}}/sent", P.FREEZE_APPLY, {}),
    Door("POST", f"{CASE}/transfers/{{number}}/fail", P.FREEZE_APPLY, {}),
    Door("POST", f"{CASE}/transfers/{{number}}/receipt", P.FREEZE_APPLY, {}),
    Door("GET", f"{CASE}/issuer-freezes", P.READ),
    Door("GET", f"{CASE}/issuer-freezes/{{number}}", P.READ),
    Door("POST", f"{CASE}/issuer-freezes/{{number}}/submit", P.FREEZE_APPLY, {}),
    Door("POST", f"{CASE}/issuer-freezes/{{number}}/confirm", P.FREEZE_APPLY, {}),
    Door("POST", f"{CASE}/issuer-freezes/{{number}}/end", P.FREEZE_APPLY, {}),
    Door("GET", f"{CASE}/shares", P.READ),
    Door("POST", f"{CASE}/shares", P.SHARE, {}),
    Door("GET", f"{CASE}/shares/liaisons", P.SHARE),
    Door("GET", f"{CASE}/shares/{{number}}", P.READ),
    Door("POST", f"{CASE}/shares/{{number}}/end", P.SHARE, {}),
    Door("GET", f"{CASE}/exports", P.READ),
    Door("POST", f"{CASE}/exports", P.EXPORT, {"unknown": 1}),
    Door("GET", f"{CASE}/exports/{{export}}", P.READ),
    Door("GET", f"{CASE}/exports/{{export}}/file", P.READ),
]
MATTER = "/matters/{ref}"
MATTER_DOORS = [
    Door("GET", MATTER, P.MATTER_READ),
    Door("GET", f"{MATTER}/chronology", P.MATTER_READ),
    Door("GET", f"{MATTER}/exports", P.MATTER_READ),
    Door("POST", f"{MATTER}/exports", P.MATTER_EXPORT, {"unknown": 1}),
    Door("GET", f"{MATTER}/exports/{{export}}", P.MATTER_READ),
    Door("GET", f"{MATTER}/exports/{{export}}/file", P.MATTER_EXPORT),
]
# Those that open on nobody's case: each is tried on its own elsewhere in this folder.
OTHERS = {
    ("GET", "/me"),
    ("GET", "/checkpoints"),
    ("GET", "/due"),
    ("GET", "/cases"),
    ("POST", "/cases"),
    ("GET", "/matters"),
    ("POST", "/search"),
    ("GET", "/search/{token}"),
    ("GET", "/people"),
    ("POST", "/people"),
    ("GET", "/people/{person}"),
    ("PUT", "/people/{person}"),
    ("GET", "/authorities"),
    ("POST", "/authorities"),
    ("GET", "/authorities/{authority}"),
    ("POST", "/authorities/{authority}/edit"),
    ("POST", "/authorities/{authority}/contacts"),
    ("POST", "/authorities/{authority}/contacts/{contact}/end"),
    ("GET", "/record"),
    ("POST", "/file-checks"),
    # An upload is its sender's alone: for another member of the case there is none.
    ("GET", "/cases/{ref}/uploads/{token}"),
    ("PUT", "/cases/{ref}/uploads/{token}"),
    ("POST", "/cases/{ref}/uploads/{token}/give-up"),
    ("GET", "/notices"),
    ("POST", "/notices/{notice}/read"),
    ("GET", "/disposed-cases"),
    ("GET", "/retention-classes"),
    ("POST", "/retention-classes"),
    ("POST", "/retention-classes/{key}/change"),
    ("GET", "/settings/approvals"),
    ("POST", "/settings/approvals"),
    ("GET", "/clocks"),
    ("POST", "/clocks"),
    ("GET", "/clocks/closures"),
    ("POST", "/clocks/closures"),
    ("POST", "/clocks/closures/{calendar}/{day}/remove"),
    ("GET", "/clocks/{key}"),
    ("POST", "/clocks/{key}/change"),
    ("POST", "/clocks/{key}/try"),
    ("GET", "/instruments"),
    ("POST", "/instruments"),
    ("GET", "/instruments/{key}"),
    ("POST", "/instruments/{key}/change"),
}


@dataclass
class World:
    """A case with one of everything."""

    casework: Casework
    matter: str
    export: str
    matter_export: str
    upload: str

    def path(self, door: Door) -> str:
        is_matter = door.path.startswith(MATTER)
        return API + door.path.format(
            ref=self.matter if is_matter else self.casework.case.reference,
            number=1,
            person=self.casework.reader.public_id,
            export=self.matter_export if is_matter else self.export,
            token=self.upload,
        )


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("files")


@pytest.fixture(scope="module")
def one_world(one_transaction: None, files: Path) -> World:
    with override_settings(FILES_ROOT=files):
        return built()


@pytest.fixture
def world(one_world: World, files: Path, settings: Any) -> Iterator[World]:
    """The one world of this module with its files; what a test does in it is taken back."""
    settings.FILES_ROOT = files
    # Each person knocks at every door within a minute, and each denial is looked for.
    settings.RECORD_LIMITS = {"denied": 100_000}
    with taken_back():
        yield one_world


@pytest.fixture
def program(world: World) -> Programs:
    """`program(user)`: a program with a fresh token of this person, in the world's transaction."""
    return program_of


def built() -> World:
    casework = Casework.opened()
    case_actions.write_note(grant=casework.grant(P.NOTE), at=moment(), text="Seen.")
    casework.subject()
    casework.particular()
    wallet = casework.wallet()
    looked({wallet: {"ETH": 5}}, at=moment())
    looked({wallet: {"ETH": 6}}, at=moment())
    assert alerts.tell_news(now=moment)
    account = casework.account()
    casework.holding(account)
    order = casework.accepted_order(selectors=[Asked("account", "EX-1001")])
    order_actions.attach_paper(
        grant=casework.grant(P.ORDERS),
        at=moment(),
        number=order.number,
        filename="order.pdf",
        media_type="application/pdf",
        stored=storage.store([b"%PDF-1.7 paper"]),
    )
    evidence.exhibit(casework)
    casework.proposed_freeze(
        account_number=account.number,
        obligation_number=order.obligations.get().number,
        scope="asset",
        amounts=[AmountAsked("USDT")],
    )
    one_of_each(casework)
    share = casework.share(order)
    export = export_actions.request_export(grant=casework.grant(P.EXPORT), at=moment())
    grant = access.matter_for(casework.liaison, share.reference, P.MATTER_EXPORT, at=moment())
    matter_export = export_actions.request_matter_export(grant=grant, at=moment())
    upload = str(evidence.upload_begun(casework))
    return World(casework, share.reference, export.reference, matter_export.reference, upload)


def knock(program: Program, world: World, door: Door) -> Any:
    return program.send(
        door.method,
        world.path(door),
        door.body,
        **{"Idempotency-Key": f"{door}{program.user.pk}"[:100].replace(" ", "-")},
    )


def test_every_url_is_in_the_lists_above() -> None:
    paths = SchemaGenerator().get_schema(request=None, public=True)["paths"]
    described = {
        (method.upper(), path.removeprefix(API))
        for path, operations in paths.items()
        for method in operations
    }
    listed = {(door.method, door.path) for door in DOORS + MATTER_DOORS}
    assert described == listed | OTHERS


@pytest.mark.usefixtures("world")
@pytest.mark.parametrize("door", DOORS + MATTER_DOORS, ids=str)
def test_nothing_opens_without_a_token(door: Door) -> None:
    path = API + door.path.format(
        ref="0000-0000-0",
        number=1,
        person="00000000-0000-4000-8000-000000000000",
        export="0000-0000-0",
        token="00000000-0000-4000-8000-000000000000",
    )
    assert Client().generic(door.method, path).status_code == 401


@pytest.mark.parametrize("who", ["outsider", "liaison", "administrator"])
def test_a_case_from_outside_is_not_there(program: Programs, world: World, who: str) -> None:
    unknown = program(world.casework.lead).get("cases/0000-0000-0")
    stranger = program(getattr(world.casework, who))
    for door in DOORS:
        answer = knock(stranger, world, door)
        assert (answer.status, answer.content) == (404, unknown.content), str(door)
    assert not Event.objects.filter(action="access.denied").exists()


@pytest.mark.parametrize(
    ("who", "granted"),
    [
        ("lead", MEMBER_PERMISSIONS[Role.INVESTIGATOR]),
        ("approver", MEMBER_PERMISSIONS[Role.APPROVER]),
        ("counsel", MEMBER_PERMISSIONS[Role.COUNSEL]),
        ("reader", frozenset({P.READ})),
        ("auditor", frozenset({P.READ})),
    ],
)
def test_a_case_from_inside_opens_as_far_as_ones_place(
    program: Programs, world: World, who: str, granted: frozenset[Permission]
) -> None:
    entered = program(getattr(world.casework, who))
    denials = Event.objects.filter(stream=world.casework.case.stream, action="access.denied")
    for door in DOORS:
        before = denials.count()
        answer = knock(entered, world, door)
        if door.permission in granted:
            assert answer.status not in (401, 403, 404), (str(door), answer.data)
            assert answer.status < 500
            assert denials.count() == before
        else:
            assert answer.status == 403, (str(door), answer.data)
            assert denials.count() == before + 1


@pytest.mark.parametrize("who", ["lead", "approver", "auditor", "administrator", "another liaison"])
def test_a_matter_is_its_liaisons_alone(program: Programs, world: World, who: str) -> None:
    unknown = program(world.casework.liaison).get("matters/0000-0000-0")
    assert unknown.status == 404
    person = make_person("liaison") if who == "another liaison" else getattr(world.casework, who)
    stranger = program(person)
    for door in MATTER_DOORS:
        answer = knock(stranger, world, door)
        assert (answer.status, answer.content) == (404, unknown.content), str(door)


def test_a_matter_opens_until_its_share_ends(program: Programs, world: World) -> None:
    liaison = program(world.casework.liaison)
    for door in MATTER_DOORS:
        answer = knock(liaison, world, door)
        assert answer.status not in (401, 403, 404), str(door)
        assert answer.status < 500
    shares.end_share(grant=world.casework.grant(P.SHARE), at=moment(), number=1, reason="Done")
    for door in MATTER_DOORS:
        assert knock(liaison, world, door).status == 404, str(door)


def test_lists_of_nobodys_case(program: Programs, world: World) -> None:
    casework = world.casework
    for person, seen in (
        (casework.lead, 1),
        (casework.reader, 1),
        (casework.auditor, 1),
        (casework.outsider, 0),
        (casework.liaison, 0),
        (casework.administrator, 0),
    ):
        answer = program(person).get("cases")
        assert (answer.status, len(answer.data["items"])) == (200, seen), person.role
    assert len(program(casework.liaison).get("matters").data["items"]) == 1
    assert program(casework.lead).get("matters").status == 404
    for person in (casework.counsel, casework.auditor, casework.liaison, casework.administrator):
        assert program(person).post("cases", {"title": "a", "typology": "fraud"}).status == 403
    assert Event.objects.filter(stream__kind="system", action="access.denied").count() == 4


def test_another_cases_things_are_not_reached_through_ones_own(program: Programs, world: World) -> None:
    other = Casework.opened()
    entered = program(other.lead)
    for door in DOORS:
        if "{number}" not in door.path and "{export}" not in door.path:
            continue
        path = world.path(door).replace(world.casework.case.reference, other.case.reference)
        answer = entered.send(door.method, path, door.body, **{"Idempotency-Key": "k"})
        assert answer.status in (403, 404), (str(door), answer.status)


def test_no_primary_key_is_shown(program: Programs, world: World) -> None:
    """Nothing in any answer is called id but a person's or a token's public one."""

    def ids(value: object) -> list[object]:
        if isinstance(value, dict):
            return [item for name, item in value.items() if name in ("id", "pk") or name.endswith("_id")] + [
                found for item in value.values() for found in ids(item)
            ]
        if isinstance(value, list):
            return [found for item in value for found in ids(item)]
        return []

    casework = world.casework
    answers = [
        knock(program(casework.lead if door in DOORS else casework.liaison), world, door)
        for door in DOORS + MATTER_DOORS
        if door.method == "GET"
    ]
    assert answers
    for answer in answers:
        if answer.data is not None:
            assert all(isinstance(found, str) and len(found) == 36 for found in ids(answer.data))
