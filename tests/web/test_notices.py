"""What a person is told, and her calendar address: hers alone, and nothing that she may not know any more."""

import re
from collections.abc import Callable
from datetime import timedelta
from uuid import uuid4

import pytest
from django.test import Client
from django.urls import reverse

from cases.actions import cases, orders, reminders
from cases.models import CalendarFeed, LegalOrder, Notice
from cases.people.models import User
from cases.permissions import Permission
from tests.support.casework import Casework, moment
from tests.support.freezing import breached
from tests.web.pages import costs_the_same, text_of

pytestmark = pytest.mark.django_db
ClientOf = Callable[[User], Client]
P = Permission
LIST = "/notices/"


def told(casework: Casework, user: User) -> Notice:
    """A breach, of which the lead and both approvers are told."""
    breached(casework)
    return Notice.objects.get(user=user)


def address(client: Client) -> str:
    """A new calendar address, as the page shows it once; its path."""
    page = client.post(reverse("calendar-create")).content.decode()
    found = re.search(r"http://testserver(/calendar/[\w-]{43}\.ics)", page)
    assert found is not None
    return found.group(1)


# ── Notices ───────────────────────────────────────────────────────────────────────────────────────────────


def test_each_sees_what_she_was_told_and_nobody_else_does(casework: Casework, client_of: ClientOf) -> None:
    told(casework, casework.lead)
    for user in (casework.lead, casework.approver, casework.second_approver):
        page = client_of(user).get(LIST)
        assert "A frozen target holds too little" in text_of(page)
        assert f"/cases/{casework.case.reference}/breaches/1/" in page.content.decode()
    for user in (
        casework.reader,
        casework.counsel,
        casework.outsider,
        casework.auditor,
        casework.administrator,
    ):
        page = text_of(client_of(user).get(LIST))
        assert "Nothing was told yet" in page
        assert casework.case.reference not in page
    assert Client().get(LIST).status_code == 302
    assert client_of(casework.lead).post(LIST).status_code == 405


def test_one_notice_is_taken_note_of(casework: Casework, client_of: ClientOf) -> None:
    notice = told(casework, casework.lead)
    client, url = client_of(casework.lead), reverse("notice-read", args=[notice.public_id])
    assert client.get(url).status_code == 405
    answer = client.post(url)
    assert (answer.status_code, answer["Location"]) == (303, LIST)
    notice.refresh_from_db()
    first = notice.read_at
    assert first is not None
    # Once more changes nothing: when it was read stands.
    client.post(url)
    notice.refresh_from_db()
    assert notice.read_at == first
    assert Notice.objects.filter(read_at__isnull=True).count() == 2, "the others have not read theirs"


def test_nobody_takes_note_for_another(casework: Casework, client_of: ClientOf) -> None:
    notice = told(casework, casework.lead)
    for user in (casework.approver, casework.reader, casework.outsider, casework.administrator):
        answer = client_of(user).post(reverse("notice-read", args=[notice.public_id]))
        unknown = client_of(user).post(reverse("notice-read", args=[uuid4()]))
        assert (answer.status_code, unknown.status_code) == (404, 404)
    notice.refresh_from_db()
    assert notice.read_at is None


def test_all_are_taken_note_of_at_once(casework: Casework, client_of: ClientOf) -> None:
    told(casework, casework.lead)
    client = client_of(casework.lead)
    assert "Take note of all" in text_of(client.get(LIST))
    assert client.post(reverse("notices-read")).status_code == 303
    assert not Notice.objects.filter(user=casework.lead, read_at__isnull=True).exists()
    assert Notice.objects.filter(user=casework.approver, read_at__isnull=True).exists()
    assert "Take note of all" not in text_of(client.get(LIST))
    # With nothing left it is no error.
    assert client.post(reverse("notices-read")).status_code == 303


def test_what_a_seal_keeps_back_meanwhile_is_gone_from_the_list(
    casework: Casework, client_of: ClientOf
) -> None:
    notice = told(casework, casework.approver)
    order = LegalOrder.objects.get(pk=notice.reminder.order_id)
    orders.seal_order(
        grant=casework.grant(P.ORDERS), at=moment(), number=order.number, readers=[], reason="By the court"
    )
    client = client_of(casework.approver)
    assert casework.case.reference not in text_of(client.get(LIST))
    assert client.post(reverse("notice-read", args=[notice.public_id])).status_code == 404
    assert "A frozen target holds too little" in text_of(client_of(casework.lead).get(LIST))


def test_who_left_the_case_is_shown_nothing_of_it(casework: Casework, client_of: ClientOf) -> None:
    notice = told(casework, casework.approver)
    cases.end_membership(grant=casework.grant(P.MEMBERS), at=moment(), user=casework.approver)
    client = client_of(casework.approver)
    assert casework.case.reference not in text_of(client.get(LIST))
    assert client.post(reverse("notice-read", args=[notice.public_id])).status_code == 404


def test_the_list_costs_the_same_with_three_and_with_many(casework: Casework, client_of: ClientOf) -> None:
    told(casework, casework.lead)

    def more() -> None:
        for _each in range(5):
            breached(casework)

    assert costs_the_same(client_of(casework.lead), LIST, more) <= 12


def test_a_page_mark_that_nobody_gave_out_is_no_error_of_ours(
    casework: Casework, client_of: ClientOf
) -> None:
    told(casework, casework.lead)
    for mark in ("x", "é", "0" * 500, "W10="):
        for name in ("after", "before"):
            assert client_of(casework.lead).get(LIST, {name: mark}).status_code in {200, 404}


# ── The calendar ──────────────────────────────────────────────────────────────────────────────────────────


def unfolded(client: Client, path: str) -> str:
    answer = client.get(path)
    assert answer.status_code == 200
    assert answer["Content-Type"] == "text/calendar; charset=utf-8"
    assert answer["Cache-Control"] == "no-store"
    body = answer.content.decode()
    assert all(len(line.encode()) <= 75 for line in body.split("\r\n"))
    return body.replace("\r\n ", "")


def test_the_address_is_shown_once_and_reads_without_a_session(
    casework: Casework, client_of: ClientOf
) -> None:
    casework.accepted_order(reference="DEMO-CALENDAR")
    client = client_of(casework.lead)
    path = address(client)
    text = unfolded(Client(), path)
    assert text.startswith("BEGIN:VCALENDAR\r\nVERSION:2.0\r\n")
    assert text.count("BEGIN:VEVENT") == text.count("END:VEVENT") >= 1
    assert casework.case.reference in text
    secret = path.removeprefix("/calendar/").removesuffix(".ics")
    assert secret not in client.get(reverse("profile")).content.decode()
    assert secret not in CalendarFeed.objects.get().digest
    for wrong in (secret[:-1], secret + "x", secret.swapcase(), "x" * 43, "%00"):
        assert Client().get(f"/calendar/{wrong}.ics").status_code == 404
    assert Client().post(path).status_code in {403, 405}


def test_it_holds_the_cases_of_its_owner_alone(casework: Casework, client_of: ClientOf) -> None:
    casework.accepted_order()
    for user in (casework.outsider, casework.administrator):
        text = unfolded(Client(), address(client_of(user)))
        assert casework.case.reference not in text
        assert "VEVENT" not in text
    assert casework.case.reference in unfolded(Client(), address(client_of(casework.reader)))


def test_a_new_address_ends_the_old_and_an_ended_one_answers_no_more(
    casework: Casework, client_of: ClientOf
) -> None:
    client = client_of(casework.lead)
    first = address(client)
    second = address(client)
    assert Client().get(first).status_code == 404
    assert Client().get(second).status_code == 200
    ended = client.post(reverse("calendar-end"))
    assert (ended.status_code, ended["Location"]) == (303, reverse("profile"))
    assert Client().get(second).status_code == 404
    nothing = client.post(reverse("calendar-end"))
    assert nothing.status_code == 422
    assert "There is no calendar address." in text_of(nothing)
    for name in ("calendar-create", "calendar-end"):
        assert client.get(reverse(name)).status_code == 405
        assert Client().post(reverse(name)).status_code == 302


@pytest.mark.usefixtures("rows_by_hand")
def test_who_is_locked_out_has_no_calendar(casework: Casework, client_of: ClientOf) -> None:
    path = address(client_of(casework.lead))
    User.objects.filter(pk=casework.lead.pk).update(is_active=False)
    assert Client().get(path).status_code == 404


def test_what_is_sealed_from_its_owner_is_not_in_it_and_for_who_knows_it_has_no_name(
    casework: Casework, client_of: ClientOf
) -> None:
    lead, approver = address(client_of(casework.lead)), address(client_of(casework.approver))
    order = casework.accepted_order(reference="Secretword-9", duties=None, scope="Secretword scope")
    orders.seal_order(
        grant=casework.grant(P.ORDERS), at=moment(), number=order.number, readers=[], reason="By the court"
    )
    assert casework.case.reference not in unfolded(Client(), approver)
    text = unfolded(Client(), lead)
    assert f"SUMMARY:A moment in case {casework.case.reference}" in text
    for word in ("Secretword", "Hold the assets", "seizure", "order"):
        assert word.lower() not in text.lower()


def test_what_is_written_in_a_title_ends_no_line_of_the_file(casework: Casework, client_of: ClientOf) -> None:
    from cases.actions import case_tasks

    case_tasks.give_task(
        grant=casework.grant(P.TASKS),
        at=moment(),
        title="Call, write; and\\or wait " + "é" * 90,
        assignee=casework.lead,
        due_at=moment() + timedelta(days=2),
    )
    text = unfolded(Client(), address(client_of(casework.lead)))
    assert "Call\\, write\\; and\\\\or wait" in text
    assert "é" * 90 in text


def test_the_feed_costs_the_same_with_more_deadlines(casework: Casework, client_of: ClientOf) -> None:
    casework.accepted_order(reference="DEMO-1")
    path = address(client_of(casework.lead))

    def more() -> None:
        for each in range(4):
            casework.accepted_order(reference=f"DEMO-M{each}")

    # That it was read is told, or counted, before it is sent.
    Client().get(path)
    assert costs_the_same(Client(), path, more) <= 10


def test_mail_and_page_name_the_same_thing(casework: Casework, client_of: ClientOf) -> None:
    notice = told(casework, casework.lead)
    reminders.mail_notices(now=moment)
    notice.refresh_from_db()
    assert notice.mailed_at is not None
    assert "mailed" in text_of(client_of(casework.lead).get(LIST))
