"""Tasks, hand-over, closing and retention by the front door."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from cases.actions import case_tasks, orders
from cases.actions.orders import Duty
from cases.models import CaseTask, LegalHold, LegalOrder
from cases.people.models import User
from cases.permissions import Permission
from tests.support.casework import Casework, moment
from tests.web.pages import costs_the_same, errors_beside, text_of

pytestmark = pytest.mark.django_db
P = Permission
ClientOf = Callable[[User], Client]


def at(name: str, casework: Casework, *more: Any) -> str:
    return reverse(name, args=[casework.case.reference, *more])


def give(casework: Casework, assignee: User, **kwargs: Any) -> CaseTask:
    values: dict[str, Any] = {"title": "Call the court"} | kwargs
    return case_tasks.give_task(grant=casework.grant(P.TASKS), at=moment(), assignee=assignee, **values)


def sealed_order(casework: Casework, *readers: User) -> LegalOrder:
    """Sealed, with a duty of the lead's and a task about it; the word stands in every text."""
    due = moment() + timedelta(days=2)
    order = casework.accepted_order(
        reference="Secretword-1",
        duties=[Duty("produce", "Secretword", due_at=due, responsible=casework.lead)],
    )
    give(casework, casework.lead, title="Secretword task", about=("order", order.number))
    orders.seal_order(
        grant=casework.grant(P.ORDERS), at=moment(), number=order.number, readers=readers, reason="Sealed"
    )
    return order


# ── Tasks ─────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_task_goes_from_given_to_done(casework: Casework, client_of: ClientOf) -> None:
    order = casework.order()
    client = client_of(casework.lead)
    typed = {
        "title": "Call the court",
        "text": "Ask the clerk.",
        "assignee": str(casework.counsel.public_id),
        "due_at": "2031-01-05T23:30",
        "time_zone": "America/Sao_Paulo",
        "about": f"order:{order.number}",
    }
    response = client.post(at("task-create", casework), typed)
    task = CaseTask.objects.get()
    assert (response.status_code, response["Location"]) == (303, at("task-detail", casework, task.number))
    # Typed on a clock in Sao Paulo, three hours behind; kept in UTC.
    assert task.due_at == datetime(2031, 1, 6, 2, 30, tzinfo=UTC)
    assert (task.order, task.assignee) == (order, casework.counsel)
    page = text_of(client_of(casework.reader).get(at("task-detail", casework, task.number)))
    for words in ("Ask the clerk.", casework.counsel.name, "DEMO-1", "meant in America/Sao_Paulo"):
        assert words in page
    # The form of a change shows the moment as it was typed.
    form = client.get(at("task-change", casework, task.number)).content.decode()
    assert 'value="2031-01-05T23:30"' in form
    changed = client.post(
        at("task-change", casework, task.number),
        typed | {"title": "Write to the court", "words": "No answer"},
    )
    assert changed.status_code == 303
    ended = client_of(casework.counsel).post(
        at("task-end", casework, task.number), {"to": "done", "words": "Sent"}
    )
    assert ended.status_code == 303
    task.refresh_from_db()
    assert (task.title, task.status, task.ended_by) == ("Write to the court", "done", casework.counsel)
    told = text_of(client.get(at("chronology", casework)))
    assert f"Task 1 given to {casework.counsel.name}: Call the court" in told
    assert "Task 1 changed: Write to the court" in told


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"title": " "}, "title"),
        ({"assignee": "reader"}, "assignee"),
        ({"assignee": "outsider"}, "assignee"),
        ({"due_at": "tomorrow"}, "due_at"),
        ({"due_at": "2026-03-29T02:30", "time_zone": "Europe/Berlin"}, "due_at"),
        ({"time_zone": "Mars/Olympus"}, "time_zone"),
        ({"about": "order:99"}, "about"),
        ({"about": "order:x"}, "about"),
    ],
)
def test_a_wrong_task_is_refused_and_nothing_typed_is_lost(
    casework: Casework, client_of: ClientOf, wrong: dict[str, str], field: str
) -> None:
    typed = {
        "title": "Call the court",
        "text": "Kept words",
        "assignee": "counsel",
        "time_zone": "UTC",
    } | wrong
    typed["assignee"] = str(getattr(casework, typed["assignee"]).public_id)
    response = client_of(casework.lead).post(at("task-create", casework), typed)
    assert response.status_code == 422
    assert errors_beside(response, field)
    assert "Kept words" in response.content.decode()
    assert not CaseTask.objects.exists()


def test_a_task_is_dropped_with_words_and_ends_once(casework: Casework, client_of: ClientOf) -> None:
    task = give(casework, casework.counsel)
    client, url = client_of(casework.counsel), at("task-end", casework, task.number)
    refused = client.post(url, {"to": "dropped", "words": ""})
    assert refused.status_code == 422
    assert errors_beside(refused, "words")
    assert client.post(url, {"to": "dropped", "words": "Not needed"}).status_code == 303
    assert client.post(url, {"to": "done"}).status_code == 422
    page = client.get(at("task-detail", casework, task.number)).content.decode()
    assert "Not needed" in page
    assert url not in page


def test_who_reads_is_offered_nothing_to_do(casework: Casework, client_of: ClientOf) -> None:
    task = give(casework, casework.counsel)
    for user in (casework.reader, casework.auditor):
        client = client_of(user)
        for page in (at("task-list", casework), at("task-detail", casework, task.number)):
            body = client.get(page).content.decode()
            assert "Call the court" in body
            for name, more in (("task-create", ()), ("task-change", (1,)), ("task-end", (1,))):
                assert at(name, casework, *more) not in body


def test_a_task_stands_on_the_first_page_of_whoever_has_it(casework: Casework, client_of: ClientOf) -> None:
    give(casework, casework.counsel, title="Late task", due_at=moment() - timedelta(days=1))
    give(casework, casework.counsel, title="Dateless task")
    home = text_of(client_of(casework.counsel).get(reverse("home")))
    assert "Late task" in home
    assert "Dateless task" in home
    assert "Task: Late task" in home
    # Somebody else in the case sees the date among the due ones, and no task of her own.
    other = text_of(client_of(casework.lead).get(reverse("home")))
    assert "Task: Late task" in other
    assert "Dateless task" not in other
    assert "Late task" not in text_of(client_of(casework.outsider).get(reverse("home")))
    assert "Task: Late task" in text_of(client_of(casework.lead).get(at("case-detail", casework)))


def test_the_pages_cost_the_same_however_many_tasks(casework: Casework, client_of: ClientOf) -> None:
    order = casework.order()
    duty = order.obligations.get()

    def fill() -> None:
        for index in range(12):
            about = ("order", order.number) if index % 2 else ("obligation", duty.number)
            give(casework, casework.lead, due_at=moment() + timedelta(hours=index + 1), about=about)

    fill()
    for url in (at("task-list", casework), reverse("home"), at("case-closing", casework)):
        costs_the_same(client_of(casework.lead), url, fill)


def test_a_task_about_a_sealed_order_is_on_no_page_of_who_may_not_know_it(
    casework: Casework, client_of: ClientOf
) -> None:
    sealed_order(casework)
    client = client_of(casework.counsel)
    assert client.get(at("task-detail", casework, 1)).status_code == 404
    for url in (
        at("task-list", casework),
        at("task-create", casework),
        at("case-closing", casework),
        at("hand-over", casework, casework.lead.public_id),
        at("case-detail", casework),
        at("chronology", casework),
        reverse("home"),
    ):
        assert "Secretword" not in client.get(url).content.decode(), url
    assert "Secretword task" in text_of(client_of(casework.lead).get(at("task-list", casework)))


# ── Hand-over ─────────────────────────────────────────────────────────────────────────────────────────────


def test_what_a_person_holds_is_listed_and_handed_over(casework: Casework, client_of: ClientOf) -> None:
    give(casework, casework.lead, title="Call the court")
    due = moment() + timedelta(days=2)
    order = casework.order(duties=[Duty("produce", "Records.", due_at=due, responsible=casework.lead)])
    client, url = client_of(casework.lead), at("hand-over", casework, casework.lead.public_id)
    page = text_of(client.get(url))
    for words in ("The lead of the case", "Task 1: Call the court", "Duty 1: Produce"):
        assert words in page
    refused = client.post(url, {"to": str(casework.reader.public_id), "words": "Kept words"})
    assert refused.status_code == 422
    assert errors_beside(refused, "to")
    assert "Kept words" in refused.content.decode()
    typed = {"to": str(casework.counsel.public_id), "words": "Away", "ends_membership": "on"}
    response = client.post(url, typed)
    # Whoever hands over her own and leaves sees the case no longer.
    assert (response.status_code, response["Location"]) == (303, reverse("case-list"))
    assert client.get(at("case-detail", casework)).status_code == 404
    casework.case.refresh_from_db()
    assert casework.case.lead == casework.counsel
    assert CaseTask.objects.get().assignee == casework.counsel
    assert order.obligations.get().responsible == casework.counsel
    told = text_of(client_of(casework.reader).get(at("chronology", casework)))
    assert f"Handed over from {casework.lead.name} to {casework.counsel.name}" in told


def test_a_hand_over_of_what_may_not_be_seen_says_so_and_no_more(
    casework: Casework, client_of: ClientOf
) -> None:
    sealed_order(casework)
    client, url = client_of(casework.approver), at("hand-over", casework, casework.lead.public_id)
    page = text_of(client.get(url))
    assert "Something that you may not see: ask this desk." in page
    response = client.post(url, {"to": str(casework.counsel.public_id), "words": "Away"})
    assert response.status_code == 422
    assert "you may not see: ask this desk" in text_of(response)
    assert "Secretword" not in response.content.decode()


# ── Closing ───────────────────────────────────────────────────────────────────────────────────────────────


def test_what_stands_in_the_way_is_listed_with_what_leads_to_it(
    casework: Casework, client_of: ClientOf
) -> None:
    freeze = casework.proposed_freeze()
    order = LegalOrder.objects.get()
    task = give(casework, casework.counsel)
    casework.under_investigation()
    client = client_of(casework.lead)
    response = client.get(at("case-closing", casework))
    page, body = text_of(response), response.content.decode()
    for words, url in (
        (f"Freeze {freeze.number} has not ended", at("freeze-detail", casework, freeze.number)),
        ("Duty 1 is open: Freeze", at("order-detail", casework, order.number)),
        (f"Order {order.number} is not answered", at("order-detail", casework, order.number)),
        ("Task 1 is to be done: Call the court", at("task-detail", casework, task.number)),
    ):
        assert words in page
        assert f'href="{url}"' in body
    assert at("closing-ask", casework) not in body
    refused = client.post(at("closing-ask", casework), {"disposition": "referred", "words": "Kept words"})
    assert refused.status_code == 422
    assert "Kept words" in refused.content.decode()
    casework.case.refresh_from_db()
    assert casework.case.status == "under_investigation"


def test_what_keeps_a_case_open_unseen_says_so_and_no_more(casework: Casework, client_of: ClientOf) -> None:
    sealed_order(casework)
    casework.under_investigation()
    client = client_of(casework.approver)
    page = client.get(at("case-closing", casework)).content.decode()
    assert "Something that you may not see: ask this desk." in page
    refused = client.post(at("closing-ask", casework), {"disposition": "referred", "words": "Done"})
    assert refused.status_code == 422
    assert "something that you may not see: ask this desk" in text_of(refused)
    for body in (page, refused.content.decode()):
        assert "Secretword" not in body


def test_a_task_given_after_the_asking_stops_the_closing(casework: Casework, client_of: ClientOf) -> None:
    casework.asked_to_close()
    give(casework, casework.counsel)
    client = client_of(casework.approver)
    decision = {"agrees": "yes", "retention": "aml_us", "counted_from": "2026-01-05", "reason": "Kept words"}
    refused = client.post(at("closing-decide", casework), decision)
    assert refused.status_code == 422
    assert "1 task is to be done" in text_of(refused)
    assert "Kept words" in refused.content.decode()
    # A refusal needs its reason, and nothing else.
    no = {"agrees": "no", "retention": "", "counted_from": ""}
    assert errors_beside(client.post(at("closing-decide", casework), no), "reason")
    assert client.post(at("closing-decide", casework), no | {"reason": "A task is open"}).status_code == 303
    casework.case.refresh_from_db()
    assert (casework.case.status, casework.case.closing_asked_by) == ("under_investigation", None)


def test_who_asked_takes_it_back_and_does_not_decide(casework: Casework, client_of: ClientOf) -> None:
    casework.under_investigation()
    client = client_of(casework.approver)
    asked = client.post(at("closing-ask", casework), {"disposition": "duplicate", "words": "Same persons"})
    assert asked.status_code == 303
    page = client.get(at("case-closing", casework)).content.decode()
    assert at("closing-decide", casework) not in page
    decision = {"agrees": "yes", "retention": "aml_us", "counted_from": "2026-01-05"}
    refused = client.post(at("closing-decide", casework), decision)
    assert refused.status_code == 422
    assert "Somebody else must decide on it." in text_of(refused)
    # Nor does anybody else take it back.
    other = client_of(casework.second_approver)
    assert other.post(at("closing-withdraw", casework), {"reason": "Mine"}).status_code == 422
    assert client.post(at("closing-withdraw", casework), {"reason": "A letter came"}).status_code == 303
    casework.case.refresh_from_db()
    assert casework.case.status == "under_investigation"


# ── Retention ─────────────────────────────────────────────────────────────────────────────────────────────


def test_a_hold_is_placed_shown_and_lifted(casework: Casework, client_of: ClientOf) -> None:
    casework.closed()
    client = client_of(casework.counsel)
    assert "The record may go on" in text_of(client.get(at("retention", casework)))
    assert errors_beside(client.post(at("hold-place", casework), {"reason": " "}), "reason")
    assert client.post(at("hold-place", casework), {"reason": "An action is expected"}).status_code == 303
    page = text_of(client_of(casework.reader).get(at("retention", casework)))
    assert "While a hold lives, the record may not go." in page
    assert "An action is expected" in page
    assert "The record may go on" not in page
    url = at("hold-lift", casework, LegalHold.objects.get().number)
    assert errors_beside(client.post(url, {"reason": ""}), "reason")
    assert client.post(url, {"reason": "Not brought"}).status_code == 303
    assert client.post(url, {"reason": "Again"}).status_code == 422
    assert client.get(at("hold-lift", casework, 9)).status_code == 404
    page = text_of(client.get(at("retention", casework)))
    assert "The record may go on" in page
    assert "Not brought" in page


def test_a_record_is_set_anew_and_the_old_day_stays_on_the_page(
    casework: Casework, client_of: ClientOf
) -> None:
    client, url = client_of(casework.counsel), at("retention-set", casework)
    typed = {"retention": "sanctions_ofac", "counted_from": "2024-02-29", "reason": "Property was blocked"}
    # An open case has no day yet.
    assert client.post(url, typed).status_code == 422
    casework.closed()
    wrong = client.post(url, typed | {"counted_from": "2199-01-01"})
    assert wrong.status_code == 422
    assert errors_beside(wrong, "counted_from")
    assert "Property was blocked" in wrong.content.decode()
    assert client.post(url, typed).status_code == 303
    page = text_of(client_of(casework.auditor).get(at("retention", casework)))
    assert "1 Mar 2034" in page
    assert "What was set before" in page
    assert "AML, United States: five years" in page


def test_the_classes_are_edited_by_who_keeps_the_rules(casework: Casework, client_of: ClientOf) -> None:
    client, url = client_of(casework.counsel), reverse("retention-class-change", args=["aml_us"])
    form = client.get(url)
    assert form.status_code == 200
    typed = {
        "label": "AML, United States: seven years",
        "years": "7",
        "counts_from": "transaction",
        "afterwards": "review",
        "source": "House rule above 31 CFR 1010.430(d)",
        "suggested_for": "instrument:subpoena\nalways",
        "reason": "",
    }
    refused = client.post(url, typed)
    assert refused.status_code == 422
    assert errors_beside(refused, "reason")
    assert "seven years" in refused.content.decode()
    assert client.post(url, typed | {"reason": "Counsel asked for it"}).status_code == 303
    page = text_of(client_of(casework.auditor).get(reverse("retention-class-list")))
    for words in ("AML, United States: seven years", "aml_us, version 2", "Counsel asked for it"):
        assert words in page
    assert client_of(casework.lead).post(url, typed).status_code == 403
    assert client.get(reverse("retention-class-change", args=["for_ever"])).status_code == 404
    # What is set from now on is set by it.
    casework.closed()
    assert "seven years" in text_of(client.get(at("retention", casework)))
