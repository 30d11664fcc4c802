"""Cases by the front door: the list, opening, editing, moving, members, notes, the chronology."""

import base64
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from cases import access
from cases.actions import cases as actions
from cases.audit.models import Event
from cases.models import Case, Membership
from cases.people.models import User
from cases.permissions import Permission
from cases.views.chronology import SIZE
from tests.support.casework import Casework, make_person, moment
from tests.web.pages import costs_the_same, errors_beside, text_of

pytestmark = pytest.mark.django_db
P = Permission
ClientOf = Callable[[User], Client]


def at(name: str, casework: Casework, *more: Any) -> str:
    return reverse(name, args=[casework.case.reference, *more])


def open_cases(by: User, count: int, **kwargs: Any) -> list[Case]:
    values = {"typology": "fraud", "classification": "internal"} | kwargs
    start = moment() - timedelta(hours=1)
    return [
        actions.open_case(by=by, at=start + timedelta(seconds=index), title=f"Case {index}", **values)
        for index in range(count)
    ]


# ── The list ──────────────────────────────────────────────────────────────────────────────────────────────


def listed(client: Client, **query: str) -> list[str]:
    response = client.get(reverse("case-list"), query)
    assert response.status_code == 200
    return [row.case.title for row in response.context["page"].rows]


def test_the_list_shows_own_cases_only(casework: Casework, client_of: ClientOf) -> None:
    open_cases(casework.outsider, 1)
    assert listed(client_of(casework.lead)) == ["Remote workers"]
    assert listed(client_of(casework.reader)) == ["Remote workers"]
    assert listed(client_of(casework.outsider)) == ["Case 0"]
    assert listed(client_of(casework.auditor)) == ["Remote workers", "Case 0"]
    for user in (casework.liaison, casework.administrator):
        assert client_of(user).get(reverse("case-list")).status_code == 403


def test_the_list_is_narrowed(casework: Casework, client_of: ClientOf) -> None:
    actions.set_tags(grant=casework.grant(P.EDIT), at=moment(), tags=["DPRK wages"])
    other = open_cases(casework.approver, 1, typology="theft")[0]
    actions.add_member(
        grant=access.case_for(casework.approver, other.reference, P.MEMBERS), at=moment(), user=casework.lead
    )
    client = client_of(casework.lead)
    assert set(listed(client)) == {"Remote workers", "Case 0"}
    assert listed(client, typology="theft") == ["Case 0"]
    assert listed(client, tag=" dprk  WAGES ") == ["Remote workers"]
    assert listed(client, lead="me") == ["Remote workers"]
    assert listed(client, status="closed") == []
    assert "No case fits the filter" in text_of(client.get(reverse("case-list"), {"status": "closed"}))


@pytest.mark.parametrize(
    "query", [{"status": "nonsense"}, {"typology": "x"}, {"lead": "them"}, {"tag": "x" * 41}]
)
def test_a_filter_that_does_not_exist_is_refused(
    casework: Casework, client_of: ClientOf, query: dict[str, str]
) -> None:
    response = client_of(casework.lead).get(reverse("case-list"), query)
    assert response.status_code == 422
    assert "There is a problem" in text_of(response)


def test_the_list_is_walked_forth_and_back_without_loss(casework: Casework, client_of: ClientOf) -> None:
    open_cases(casework.lead, 60)
    client, seen, query = client_of(casework.lead), [], {}
    pages: list[list[str]] = []
    while True:
        page = client.get(reverse("case-list"), query).context["page"]
        pages.append([row.case.title for row in page.rows])
        seen += pages[-1]
        if page.next_cursor is None:
            break
        query = {"after": page.next_cursor}
    assert len(seen) == len(set(seen)) == 61
    assert [len(one) for one in pages] == [25, 25, 11]
    page = client.get(reverse("case-list"), {"before": page.previous_cursor}).context["page"]
    assert [row.case.title for row in page.rows] == pages[1]
    page = client.get(reverse("case-list"), {"before": page.previous_cursor}).context["page"]
    assert [row.case.title for row in page.rows] == pages[0]
    assert page.previous_cursor is None


HALF_A_PAIR, A_NUL, TOO_LARGE = (
    base64.urlsafe_b64encode(json.dumps([{"t": "2026-01-01T00:00:00+00:00"}, value]).encode()).decode()
    for value in ("\ud800", "a\x00", 10**30)
)


@pytest.mark.parametrize(
    "cursor",
    ["x", "W10", "%00", "WzFd", "eyJhIjoxfQ", "W3sidCI6IngifSwieCJd", "ÿ", HALF_A_PAIR, A_NUL, TOO_LARGE],
)
def test_a_made_up_cursor_leads_to_the_beginning(
    casework: Casework, client_of: ClientOf, cursor: str
) -> None:
    for name in ("after", "before"):
        assert listed(client_of(casework.lead), **{name: cursor}) == ["Remote workers"]


def test_no_cursor_holds_a_primary_key(casework: Casework, client_of: ClientOf) -> None:
    from cases.queries.paging import decode

    open_cases(casework.lead, 30)
    page = client_of(casework.lead).get(reverse("case-list")).context["page"]
    last = page.rows[-1].case
    assert decode(page.next_cursor, [object, object]) == [last.touched_at, last.reference]


def test_the_list_costs_the_same_with_three_rows_and_with_thirty(
    casework: Casework, client_of: ClientOf
) -> None:
    open_cases(casework.lead, 3, tags=["a", "b"])
    cost = costs_the_same(
        client_of(casework.lead), reverse("case-list"), lambda: open_cases(casework.lead, 27, tags=["c"])
    )
    assert cost <= 6


# ── Opening, editing, moving ──────────────────────────────────────────────────────────────────────────────


def test_a_case_is_opened_and_led_by_who_opens_it(casework: Casework, client_of: ClientOf) -> None:
    response = client_of(casework.outsider).post(
        reverse("case-create"),
        {
            "title": " Nested exchange ",
            "typology": "money_laundering",
            "classification": "restricted",
            "summary": "What is alleged.",
            "tags": "Mixer, mixer ,  LEA  request",
        },
    )
    case = Case.objects.get(title="Nested exchange")
    assert response.status_code == 303
    assert response["Location"] == reverse("case-detail", args=[case.reference])
    assert case.lead == casework.outsider
    assert sorted(case.tags.values_list("name", flat=True)) == ["lea request", "mixer"]


def test_a_case_that_cannot_be_opened_keeps_what_was_typed(casework: Casework, client_of: ClientOf) -> None:
    response = client_of(casework.lead).post(
        reverse("case-create"), {"title": "", "summary": "Long <b>thought</b>", "tags": "x" * 50}
    )
    assert response.status_code == 422
    assert "Long &lt;b&gt;thought&lt;/b&gt;" in response.content.decode()
    for field in ("title", "typology", "classification", "tags"):
        assert errors_beside(response, field), field
    assert Case.objects.count() == 1


@pytest.mark.parametrize("role", ["counsel", "auditor", "liaison", "administrator"])
def test_who_opens_no_case_is_refused_and_the_attempt_recorded(
    casework: Casework, client_of: ClientOf, role: str
) -> None:
    client = client_of(getattr(casework, role))
    assert client.get(reverse("case-create")).status_code == 403
    assert client.post(reverse("case-create"), {}).status_code == 403
    assert Event.objects.filter(action="access.denied", actor=getattr(casework, role)).count() == 2


def test_a_case_is_edited_and_tagged(casework: Casework, client_of: ClientOf) -> None:
    client = client_of(casework.lead)
    assert 'value="Remote workers"' in client.get(at("case-edit", casework)).content.decode()
    response = client.post(
        at("case-edit", casework),
        {
            "title": "Remote workers, part 1",
            "summary": "",
            "typology": "dprk_it_workers",
            "classification": "restricted",
        },
    )
    assert response.status_code == 303
    assert client.post(at("case-tags", casework), {"tags": "a, b"}).status_code == 303
    casework.case.refresh_from_db()
    assert (casework.case.title, casework.case.classification) == ("Remote workers, part 1", "restricted")
    assert 'value="a, b"' in client.get(at("case-tags", casework)).content.decode()
    assert client.post(at("case-edit", casework), {"title": " "}).status_code == 422


def test_a_case_goes_its_way_to_the_end_and_back(casework: Casework, client_of: ClientOf) -> None:
    client = client_of(casework.lead)
    url = at("case-move", casework)
    assert client.post(url, {"to": "closed"}).status_code == 422
    assert client.post(url, {"to": "under_investigation"}).status_code == 303
    refused = client.post(at("closing-ask", casework), {"words": "Done with it"})
    assert refused.status_code == 422
    assert errors_beside(refused, "disposition")
    assert "Done with it" in refused.content.decode()
    asked = client.post(at("closing-ask", casework), {"disposition": "referred", "words": "Done with it"})
    assert asked.status_code == 303
    decision = {
        "agrees": "yes",
        "retention": "aml_us",
        "counted_from": "2026-01-05",
        "counted_because": "The last transaction",
    }
    # The lead may not decide at all; the approver sees who asked, and what for.
    assert client.post(at("closing-decide", casework), decision).status_code == 403
    approver = client_of(casework.approver)
    page = approver.get(at("closing-decide", casework)).content.decode()
    assert casework.lead.name in page
    assert "Done with it" in page
    refused = approver.post(at("closing-decide", casework), decision | {"counted_from": ""})
    assert refused.status_code == 422
    assert errors_beside(refused, "counted_from")
    assert approver.post(at("closing-decide", casework), decision).status_code == 303
    casework.case.refresh_from_db()
    assert (casework.case.status, casework.case.disposition) == ("closed", "referred")
    assert "2031" in approver.get(at("retention", casework)).content.decode()
    refused = client.post(url, {"to": "under_investigation"})
    assert refused.status_code == 422
    assert errors_beside(refused, "reason")
    assert client.post(url, {"to": "under_investigation", "reason": "New lead"}).status_code == 303


def test_a_case_with_an_open_duty_does_not_close(casework: Casework, client_of: ClientOf) -> None:
    casework.order()
    client = client_of(casework.lead)
    client.post(at("case-move", casework), {"to": "under_investigation"})
    asked = {"disposition": "substantiated", "words": "Done"}
    response = client.post(at("closing-ask", casework), asked)
    assert response.status_code == 422
    assert "duty under an order is open" in response.content.decode()


# ── The case page ─────────────────────────────────────────────────────────────────────────────────────────


def test_the_case_page_shows_what_may_be_done_and_only_that(casework: Casework, client_of: ClientOf) -> None:
    casework.wallet()
    acts = ["case-edit", "case-move", "case-tags", "wallet-create", "member-add", "case-refresh"]
    lead = client_of(casework.lead).get(at("case-detail", casework)).content.decode()
    reader = client_of(casework.reader).get(at("case-detail", casework)).content.decode()
    auditor = client_of(casework.auditor).get(at("case-detail", casework)).content.decode()
    for name in acts:
        assert at(name, casework) in lead, name
        assert at(name, casework) not in reader, name
        assert at(name, casework) not in auditor, name


def test_the_case_page_costs_the_same_for_a_small_and_a_large_case(
    casework: Casework, client_of: ClientOf
) -> None:
    def fill(start: int, stop: int) -> None:
        for index in range(start, stop):
            casework.subject(name=f"Person {index}")
            casework.wallet(f"0x{index + 1:040x}")
            casework.holding(casework.account(f"EX-{index}"))
            casework.order(reference=f"R-{index}")
            actions.write_note(grant=casework.grant(P.NOTE), at=moment(), text="x")

    fill(0, 3)
    cost = costs_the_same(client_of(casework.lead), at("case-detail", casework), lambda: fill(3, 12))
    assert cost <= 26


@pytest.mark.usefixtures("rows_by_hand")
def test_a_page_inside_a_case_says_that_parts_are_fictional(casework: Casework, client_of: ClientOf) -> None:
    Case.objects.filter(pk=casework.case.pk).update(fictional_notice="Account numbers are invented.")
    client = client_of(casework.reader)
    for name in ("case-detail", "wallet-list", "account-list", "subject-list", "note-list", "chronology"):
        assert "Account numbers are invented." in text_of(client.get(at(name, casework))), name


def test_unknown_and_invisible_are_the_same_bytes(casework: Casework, client_of: ClientOf) -> None:
    client = client_of(casework.outsider)
    invisible = client.get(at("case-detail", casework))
    answers = [
        client.get("/cases/0000-0000-0/"),
        client.get(reverse("wallet-list", args=["7K3M-Q2XR-K"])),
        client.get("/nothing/at/all/"),
        client.get("/cases/not-a-reference/"),
    ]
    assert invisible.status_code == 404
    for answer in answers:
        assert (answer.status_code, answer.content) == (404, invisible.content)


# ── Members ───────────────────────────────────────────────────────────────────────────────────────────────


def test_members_come_and_go(casework: Casework, client_of: ClientOf) -> None:
    client, newcomer = client_of(casework.lead), make_person("investigator", "Nova Neu")
    form = client.get(at("member-add", casework)).content.decode()
    assert "Nova Neu" in form
    # Only those who do casework are offered, and nobody who is a member already.
    for absent in (casework.reader, casework.liaison, casework.administrator, casework.auditor):
        assert absent.name not in form.split("<main")[1]
    response = client.post(at("member-add", casework), {"user": str(newcomer.public_id), "reader": "on"})
    assert response.status_code == 303
    assert Membership.objects.get(user=newcomer).reader
    assert client_of(newcomer).get(at("case-detail", casework)).status_code == 200
    url = at("member-end", casework, newcomer.public_id)
    assert "Nova Neu" in text_of(client.get(url))
    assert client.post(url).status_code == 303
    assert client_of(newcomer).get(at("case-detail", casework)).status_code == 404
    assert client.post(url).status_code == 404
    assert "Former members" in text_of(client.get(at("member-list", casework)))


def test_the_lead_is_handed_over_and_then_may_go(casework: Casework, client_of: ClientOf) -> None:
    client = client_of(casework.lead)
    refused = client.post(at("member-end", casework, casework.lead.public_id))
    assert refused.status_code == 422
    assert "The lead cannot leave" in text_of(refused)
    # A reader cannot lead: she is not offered, and typed by hand she is refused.
    assert (
        client.post(at("lead-change", casework), {"user": str(casework.reader.public_id)}).status_code == 422
    )
    assert (
        client.post(at("lead-change", casework), {"user": str(casework.approver.public_id)}).status_code
        == 303
    )
    response = client.post(at("member-end", casework, casework.lead.public_id))
    assert response["Location"] == reverse("case-list")
    assert client.get(at("case-detail", casework)).status_code == 404


@pytest.mark.parametrize("typed", ["", "1", "not-a-uuid", "00000000-0000-4000-8000-000000000000", "\x00"])
def test_a_person_who_is_none_is_refused(casework: Casework, client_of: ClientOf, typed: str) -> None:
    response = client_of(casework.lead).post(at("member-add", casework), {"user": typed})
    assert response.status_code == 422
    assert errors_beside(response, "user")


# ── Notes and the chronology ──────────────────────────────────────────────────────────────────────────────


def test_notes_are_written_and_read(casework: Casework, client_of: ClientOf) -> None:
    client = client_of(casework.counsel)
    assert (
        client.post(at("note-create", casework), {"text": "Called <the> court.\n\nAgain."}).status_code == 303
    )
    page = client_of(casework.reader).get(at("note-list", casework))
    assert "Called &lt;the&gt; court." in page.content.decode()
    assert at("note-create", casework) not in page.content.decode()
    assert client_of(casework.reader).post(at("note-create", casework), {"text": "x"}).status_code == 403
    assert client.post(at("note-create", casework), {"text": "  "}).status_code == 422
    too_long = client.post(at("note-create", casework), {"text": "x" * 20_001})
    assert too_long.status_code == 422
    assert "x" * 20_001 in too_long.content.decode()


def test_the_chronology_is_walked_by_its_sequence(casework: Casework, client_of: ClientOf) -> None:
    for index in range(2 * SIZE):
        actions.write_note(grant=casework.grant(P.NOTE), at=moment(), text=f"Note {index}")
    client, url = client_of(casework.auditor), at("chronology", casework)
    first = client.get(url).context["page"]
    second = client.get(url, {"after": first.next_cursor}).context["page"]
    third = client.get(url, {"after": second.next_cursor}).context["page"]
    sequences = [entry.sequence for page in (first, second, third) for entry in page.rows]
    assert sequences == list(range(sequences[0], 0, -1))
    assert third.next_cursor is None
    back = client.get(url, {"before": third.previous_cursor}).context["page"]
    assert [entry.sequence for entry in back.rows] == [entry.sequence for entry in second.rows]
    for nonsense in ("x", "-1", "9" * 30, "0", "²"):
        assert client.get(url, {"after": nonsense}).status_code == 200
        assert client.get(url, {"before": nonsense}).status_code == 200


def test_the_chronology_costs_the_same_however_long(casework: Casework, client_of: ClientOf) -> None:
    def fill() -> None:
        for index in range(30):
            actions.write_note(grant=casework.grant(P.NOTE), at=moment(), text=f"Note {index}")

    costs_the_same(client_of(casework.lead), at("chronology", casework), fill)
    costs_the_same(client_of(casework.lead), at("note-list", casework), fill)


def test_a_get_changes_nothing(casework: Casework, client_of: ClientOf) -> None:
    client = client_of(casework.lead)
    assert client.get(at("case-refresh", casework)).status_code == 405
    with CaptureQueriesContext(connection) as captured:
        for name in ("case-detail", "case-edit", "case-move", "member-add", "chronology"):
            assert client.get(at(name, casework)).status_code == 200
    assert not [q["sql"] for q in captured if q["sql"].startswith(("INSERT", "UPDATE", "DELETE"))]
