"""The liaison's pages: the shared matter, all of it and nothing else, until the moment the share ends."""

from collections.abc import Callable
from contextlib import nullcontext
from datetime import timedelta

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from cases.actions import cases as case_actions
from cases.actions import exports as export_actions
from cases.actions import freezes, people, shares
from cases.actions.freezes import AmountAsked
from cases.actions.orders import Duty
from cases.audit.models import Event
from cases.models import Export, MatterShare
from cases.people.models import User
from cases.permissions import Permission
from cases.references import new_reference
from tests.support.casework import Casework, make_person, moment
from tests.support.rows import arranged
from tests.web.test_exports import PDF, ready

ClientOf = Callable[[User], Client]


@pytest.fixture
def liaison(casework: Casework, client_of: ClientOf) -> Client:
    return client_of(casework.liaison)


@pytest.fixture
def share(casework: Casework) -> MatterShare:
    """The second of two orders, so that no number in the matter is the case's own, and much beside it."""
    casework.subject(name="Hidden Subject")
    case_actions.write_note(grant=casework.grant(Permission.NOTE), at=moment(), text="Hidden note")
    casework.proposed_freeze(reason="Hidden reason of another freeze")
    order = casework.accepted_order(
        reference="DEMO-SHARED",
        duties=[
            Duty(
                "freeze", "Hold the assets.", due_at=moment() + timedelta(days=4), responsible=casework.lead
            ),
            Duty("produce", "The KYC file."),
        ],
    )
    account = casework.account("EX-SHARED")
    casework.holding(account, 4_400_000_123_456)
    freeze = casework.proposed_freeze(
        account_number=account.number,
        obligation_number=order.obligations.order_by("number")[0].number,
        scope="amount",
        amounts=[AmountAsked("USDT", 4_400_000_000_000)],
        reason="Hidden reason",
    )
    freezes.approve_freeze(
        grant=casework.grant(Permission.FREEZE_APPROVE, casework.approver),
        at=moment(),
        number=freeze.number,
        comment="Hidden comment",
    )
    return casework.share(order, ends_at=moment() + timedelta(hours=1))


def url(share: MatterShare, name: str, *args: object) -> str:
    return reverse(name, args=[share.reference, *args])


def asked(casework: Casework, share: MatterShare) -> Export:
    from cases.access import matter_for

    grant = matter_for(casework.liaison, share.reference, Permission.MATTER_EXPORT, at=moment())
    return export_actions.request_matter_export(grant=grant, at=moment())


def test_she_sees_the_matter(liaison: Client, casework: Casework, share: MatterShare) -> None:
    listed = liaison.get(reverse("matter-list")).content.decode()
    assert share.reference in listed
    assert "DEMO-SHARED" in listed
    page = liaison.get(url(share, "matter-detail")).content.decode()
    for shown in (
        "DEMO-SHARED",
        "Hold the assets.",
        "The KYC file.",
        "EX-SHARED",
        "Approved",
        casework.lead.name,
        casework.approver.name,
        "Freeze 1",
        "Duty 1 of this order",
        share.purpose,
    ):
        assert shown in page
    assert "4\u202f400\u202f000" in page
    assert ".123456" in page


@pytest.mark.usefixtures("rows_by_hand")
def test_she_sees_nothing_else_of_the_case(liaison: Client, casework: Casework, share: MatterShare) -> None:
    export = ready(asked(casework, share))
    pages = [
        reverse("matter-list"),
        url(share, "matter-detail"),
        url(share, "matter-export-create"),
        url(share, "matter-export-detail", export.reference),
    ]
    for path in pages:
        answer = liaison.get(path)
        assert answer.status_code == 200
        page = answer.content.decode()
        for hidden in (
            casework.case.reference,
            casework.case.title,
            "Hidden",
            "DEMO-1",
            "DEMO-2",
            casework.counsel.name,
            casework.second_approver.name,
            "Freeze 2",
            "Order 2",
            "Clerk's office",
            "/cases/",
        ):
            assert hidden not in page, (path, hidden)


def test_nobody_else_enters_by_her_door(casework: Casework, client_of: ClientOf, share: MatterShare) -> None:
    export = ready(asked(casework, share))
    arranged()
    another = make_person("liaison")
    for person in (
        casework.lead,
        casework.approver,
        casework.auditor,
        casework.administrator,
        casework.outsider,
        another,
    ):
        client = client_of(person)
        for path in (
            url(share, "matter-detail"),
            url(share, "matter-export-create"),
            url(share, "matter-export-detail", export.reference),
            url(share, "matter-export-download", export.reference),
        ):
            assert client.get(path).status_code == 404
        assert client.post(url(share, "matter-export-create")).status_code == 404
        listed = client.get(reverse("matter-list"))
        assert listed.status_code == (200 if person is another else 404)
        assert share.reference not in listed.content.decode()
    assert Client().get(url(share, "matter-detail")).status_code == 302


def test_an_unknown_matter_and_one_of_another_answer_alike(
    liaison: Client, casework: Casework, share: MatterShare
) -> None:
    other = casework.share(casework.accepted_order(reference="DEMO-9"), liaison=make_person("liaison"))
    hidden = liaison.get(url(other, "matter-detail"))
    unknown = liaison.get(reverse("matter-detail", args=[new_reference()]))
    assert hidden.status_code == unknown.status_code == 404
    assert hidden.content == unknown.content
    # The case's own reference opens nothing here either.
    assert liaison.get(reverse("matter-detail", args=[casework.case.reference])).status_code == 404


def test_she_makes_a_file_and_takes_it(
    liaison: Client, casework: Casework, client_of: ClientOf, share: MatterShare
) -> None:
    answer = liaison.post(url(share, "matter-export-create"))
    assert answer.status_code == 303
    export = Export.objects.get()
    assert (export.share, export.profile) == (share, "matter")
    part = liaison.get(answer["Location"], headers={"HX-Request": "true", "HX-Target": "export"})
    assert "every 2s" in part.content.decode()
    download = url(share, "matter-export-download", export.reference)
    assert liaison.get(download).status_code == 409
    ready(export)
    taken = liaison.get(download)
    assert taken.content == PDF
    assert Event.objects.get(action="export.downloaded").actor == casework.liaison
    inside = reverse("export-download", args=[casework.case.reference, export.reference])
    assert client_of(casework.auditor).get(inside).content == PDF
    page = liaison.get(answer["Location"]).content.decode()
    assert "Your downloads" in page
    assert "You have not taken it yet" not in page
    assert casework.auditor.name not in page
    assert export.reference in liaison.get(url(share, "matter-detail")).content.decode()


def test_impatience_is_answered(liaison: Client, share: MatterShare) -> None:
    for _each in range(export_actions.MOST_WAITING):
        assert liaison.post(url(share, "matter-export-create")).status_code == 303
    assert liaison.post(url(share, "matter-export-create")).status_code == 422


@pytest.mark.usefixtures("rows_by_hand")
def test_a_file_of_the_case_is_not_hers(liaison: Client, casework: Casework, share: MatterShare) -> None:
    whole = ready(export_actions.request_export(grant=casework.grant(Permission.EXPORT), at=moment()))
    for name in ("matter-export-detail", "matter-export-download"):
        assert liaison.get(url(share, name, whole.reference)).status_code == 404
    assert whole.reference not in liaison.get(url(share, "matter-detail")).content.decode()


@pytest.mark.parametrize("way", ["ended", "lapsed", "deactivated"])
@pytest.mark.usefixtures("rows_by_hand")
def test_when_the_share_ends_all_of_it_is_gone_at_once(
    liaison: Client, casework: Casework, share: MatterShare, way: str
) -> None:
    export = ready(asked(casework, share))
    later = time_machine.travel(moment() + timedelta(hours=2)) if way == "lapsed" else nullcontext()
    if way == "ended":
        shares.end_share(
            grant=casework.grant(Permission.SHARE), at=moment(), number=share.number, reason="Closed"
        )
    elif way == "deactivated":
        people.edit_person(
            by=casework.administrator,
            at=moment(),
            user=casework.liaison,
            name=casework.liaison.name,
            role="liaison",
            agency=casework.liaison.agency,
            is_active=False,
        )
    with later:
        for name, args in (
            ("matter-detail", []),
            ("matter-export-create", []),
            ("matter-export-detail", [export.reference]),
            ("matter-export-download", [export.reference]),
        ):
            answer = liaison.get(url(share, name, *args))
            assert answer.status_code == (302 if way == "deactivated" else 404)
        assert liaison.post(url(share, "matter-export-create")).status_code in {302, 404}
        if way != "deactivated":
            assert "Nothing is shared with you now" in liaison.get(reverse("matter-list")).content.decode()
        assert not Event.objects.filter(action="export.downloaded").exists()


def test_she_reaches_no_page_of_the_desk(liaison: Client, casework: Casework, share: MatterShare) -> None:
    for name in ("order-list", "freeze-list", "share-list", "export-list", "case-detail", "chronology"):
        assert liaison.get(reverse(name, args=[casework.case.reference])).status_code == 404
    for name in ("people-list", "settings"):
        assert liaison.get(reverse(name)).status_code == 403


def test_fictional_matters_say_so(liaison: Client, casework: Casework) -> None:
    share = casework.share(casework.accepted_order(is_fictional=True))
    assert "invented for demonstration" in liaison.get(url(share, "matter-detail")).content.decode()
    assert "Fictional" in liaison.get(reverse("matter-list")).content.decode()


@pytest.mark.usefixtures("rows_by_hand")
def test_pages_cost_the_same_with_more_in_them(
    liaison: Client, casework: Casework, share: MatterShare
) -> None:
    def cost(path: str) -> int:
        liaison.get(path)
        with CaptureQueriesContext(connection) as seen:
            assert liaison.get(path).status_code == 200
        return len(seen)

    ready(asked(casework, share))
    paths = [reverse("matter-list"), url(share, "matter-detail")]
    before = [cost(path) for path in paths]
    duty = share.order.obligations.order_by("number")[0].number
    for number in range(3):
        account = casework.account(f"EX-M{number}")
        casework.holding(account)
        casework.proposed_freeze(
            account_number=account.number,
            obligation_number=duty,
            scope="asset",
            amounts=[AmountAsked("USDT")],
        )
        casework.share(casework.accepted_order(reference=f"DEMO-M{number}"))
    ready(asked(casework, share), PDF + b"2")
    assert [cost(path) for path in paths] == before
