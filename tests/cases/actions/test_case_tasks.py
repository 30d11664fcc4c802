"""Tasks and hand-over: who can have something to do, what a seal keeps back, and that nothing is left with nobody."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction

from cases.actions import case_tasks, handover, orders
from cases.actions import cases as case_actions
from cases.actions.base import CaseClosed, NoSuchItem, WrongMove
from cases.actions.orders import Duty
from cases.audit.models import Event
from cases.models import CaseTask, LegalOrder, Membership, Obligation
from cases.people.models import User
from cases.permissions import Permission
from cases.queries import case_tasks as queries
from cases.queries.sight import Sight
from tests.cases.actions.support import details_of, last_event, refusal
from tests.support.casework import Casework, make_person, moment
from tests.support.rows import arranged

P = Permission


def give(casework: Casework, assignee: User, *, by: User | None = None, **kwargs: Any) -> CaseTask:
    values: dict[str, Any] = {"title": "Call the court"} | kwargs
    return case_tasks.give_task(grant=casework.grant(P.TASKS, by), at=moment(), assignee=assignee, **values)


def end(casework: Casework, task: CaseTask, to: str, words: str = "", *, by: User | None = None) -> CaseTask:
    return case_tasks.end_task(
        grant=casework.grant(P.TASKS, by), at=moment(), number=task.number, to=to, words=words
    )


def change(casework: Casework, task: CaseTask, *, by: User | None = None, **kwargs: Any) -> CaseTask:
    values: dict[str, Any] = {"title": task.title, "assignee": task.assignee} | kwargs
    return case_tasks.change_task(
        grant=casework.grant(P.TASKS, by), at=moment(), number=task.number, **values
    )


def seal(casework: Casework, order: LegalOrder, *readers: User) -> None:
    orders.seal_order(
        grant=casework.grant(P.ORDERS),
        at=moment(),
        number=order.number,
        readers=readers,
        reason="Sealed by the court",
    )


def order_of(casework: Casework, responsible: User | None = None, **kwargs: Any) -> LegalOrder:
    duty = Duty("produce", "Secretwords.", due_at=moment() + timedelta(days=2), responsible=responsible)
    return casework.accepted_order(duties=[duty], **kwargs)


# ── Giving, changing, ending ──────────────────────────────────────────────────────────────────────────────


def test_a_task_is_given_changed_and_done(casework: Casework) -> None:
    due = moment() + timedelta(days=3)
    task = give(casework, casework.counsel, text="The clerk.", due_at=due, time_zone="America/Sao_Paulo")
    assert (task.number, task.status, task.due_at, task.time_zone) == (1, "open", due, "America/Sao_Paulo")
    told = details_of(last_event(casework.case))
    assert (told["title"], told["assignee"]["name"]) == ("Call the court", casework.counsel.name)
    later = due + timedelta(days=1)
    change(
        casework, task, assignee=casework.approver, text="The clerk.", due_at=later, words="Counsel is away"
    )
    event = last_event(casework.case)
    told = details_of(event)
    assert (event.action, told["reason"]) == ("task.changed", "Counsel is away")
    assert set(told["changes"]) == {"assignee", "due_at", "time_zone"}
    ended = end(casework, task, "done", "Called", by=casework.counsel)
    assert (ended.status, ended.ended_by, ended.ended_words) == ("done", casework.counsel, "Called")
    told = details_of(last_event(casework.case))
    assert (told["from"], told["to"], told["reason"]) == ("open", "done", "Called")


def test_a_change_that_changes_nothing_is_not_recorded(casework: Casework) -> None:
    task = give(casework, casework.counsel)
    before = Event.objects.count()
    change(casework, task, words="No reason")
    assert Event.objects.count() == before


def test_a_task_that_ended_stays_as_it_was(casework: Casework) -> None:
    task = give(casework, casework.counsel)
    end(casework, task, "done")
    assert refusal(lambda: end(casework, task, "dropped", "Not after all"), WrongMove)
    assert refusal(lambda: change(casework, task, title="Something else"), WrongMove)


def test_a_task_is_dropped_with_the_reason(casework: Casework) -> None:
    task = give(casework, casework.counsel)
    assert refusal(lambda: end(casework, task, "dropped", "  ")).field == "words"
    assert end(casework, task, "dropped", "Nobody asks for it").status == "dropped"


@pytest.mark.parametrize("nobody", ["reader", "outsider", "auditor", "liaison", "administrator"])
def test_only_who_may_work_in_the_case_has_something_to_do(casework: Casework, nobody: str) -> None:
    user = getattr(casework, nobody)
    assert refusal(lambda: give(casework, user)).field == "assignee"
    task = give(casework, casework.counsel)
    assert refusal(lambda: change(casework, task, assignee=user)).field == "assignee"


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"title": " "}, "title"),
        ({"time_zone": "Mars/Olympus"}, "time_zone"),
        ({"time_zone": "../etc/passwd"}, "time_zone"),
        ({"about": ("order", 7)}, "about"),
        ({"about": ("case", 1)}, "about"),
    ],
)
def test_what_makes_no_task_is_refused_beside_its_field(
    casework: Casework, values: dict[str, Any], field: str
) -> None:
    assert refusal(lambda: give(casework, casework.counsel, **values)).field == field


def test_a_closed_case_takes_no_task(casework: Casework) -> None:
    casework.closed()
    assert refusal(lambda: give(casework, casework.counsel), CaseClosed)


def test_my_tasks_are_open_and_in_cases_that_i_see(casework: Casework) -> None:
    dateless = give(casework, casework.counsel, title="One day")
    late = give(casework, casework.counsel, title="Late", due_at=moment() - timedelta(days=1))
    soon = give(casework, casework.counsel, title="Soon", due_at=moment() + timedelta(days=1))
    over = give(casework, casework.counsel, title="Over")
    end(casework, over, "done")
    give(casework, casework.approver, title="Somebody else's")
    assert queries.my_tasks(casework.counsel, Sight.of_user(casework.counsel)) == [late, soon, dateless]
    assert [queries.is_overdue(task, moment()) for task in (late, soon, dateless)] == [True, False, False]


# ── Sealed orders ─────────────────────────────────────────────────────────────────────────────────────────


def test_a_task_about_a_sealed_order_is_nobodys_who_may_not_know_it(casework: Casework) -> None:
    order = order_of(casework)
    about = give(casework, casework.lead, about=("obligation", order.obligations.get().number))
    seal(casework, order)
    # Given, it is as if the order were not there; handed on, it is refused beside the person.
    hidden = ("order", order.number)
    error = refusal(lambda: give(casework, casework.counsel, by=casework.counsel, about=hidden))
    missing = refusal(lambda: give(casework, casework.counsel, by=casework.counsel, about=("order", 99)))
    assert (error.field, error.message) == (missing.field, missing.message)
    assert refusal(lambda: give(casework, casework.counsel, about=hidden)).field == "assignee"
    assert refusal(lambda: change(casework, about, assignee=casework.counsel)).field == "assignee"
    for act in (
        lambda: change(casework, about, title="Mine now", by=casework.counsel),
        lambda: end(casework, about, "done", by=casework.counsel),
    ):
        assert refusal(act, NoSuchItem)
    assert queries.task_in(casework.grant(P.READ, casework.counsel), about.number) is None
    assert queries.my_tasks(casework.lead, Sight.of_user(casework.lead)) == [about]


def test_a_seal_behind_an_open_door_keeps_the_task_back(casework: Casework) -> None:
    order = order_of(casework)
    task = give(casework, casework.lead, about=("order", order.number))
    early = casework.grant(P.TASKS, casework.counsel)
    seal(casework, order)
    assert refusal(
        lambda: case_tasks.end_task(grant=early, at=moment(), number=task.number, to="done"), NoSuchItem
    )
    assert refusal(
        lambda: case_tasks.give_task(
            grant=early, at=moment(), title="Ask", assignee=casework.lead, about=("order", order.number)
        )
    ).field == "about"  # fmt: skip


# ── Hand-over ─────────────────────────────────────────────────────────────────────────────────────────────


def hand_over(casework: Casework, leaving: User, to: User, *, by: User | None = None, **kwargs: Any) -> None:
    values: dict[str, Any] = {"words": "The court waits for us."} | kwargs
    handover.hand_over(grant=casework.grant(P.MEMBERS, by), at=moment(), leaving=leaving, to=to, **values)


def test_everything_goes_over_at_once_and_the_event_tells_numbers_alone(casework: Casework) -> None:
    order = order_of(casework, casework.lead)
    duty = order.obligations.get()
    task = give(casework, casework.lead, title="Secrettitle", about=("order", order.number))
    done = give(casework, casework.lead)
    end(casework, done, "done")
    hand_over(casework, casework.lead, casework.counsel, ends_membership=True)
    for row in (task, done, duty, casework.case):
        row.refresh_from_db()
    assert (casework.case.lead, task.assignee, duty.responsible) == (casework.counsel,) * 3
    # What ended stays with who ended it.
    assert done.assignee == casework.lead
    assert Membership.objects.get(case=casework.case, user=casework.lead).ended_at is not None
    event = last_event(casework.case)
    told = details_of(event)
    assert (event.action, told["lead"], told["ends_membership"]) == ("case.handed_over", True, True)
    assert (told["tasks"], told["duties"]) == ([task.number], [duty.number])
    # Everybody in the case reads it, and the order may be sealed from some of them tomorrow.
    assert not any(word in str(event.values) for word in ("Secrettitle", "Secretwords", "produce"))


def test_a_hand_over_is_all_or_nothing(casework: Casework) -> None:
    """Who takes over may not know one of the orders: the lead and the other task stay, too."""
    order = order_of(casework, casework.lead)
    task = give(casework, casework.lead)
    seal(casework, order)
    error = refusal(lambda: hand_over(casework, casework.lead, casework.counsel))
    assert error.field == "to"
    for row in (task, casework.case):
        row.refresh_from_db()
    assert (casework.case.lead, task.assignee) == (casework.lead, casework.lead)


def test_nobody_hands_over_what_she_may_not_know(casework: Casework) -> None:
    order = order_of(casework, casework.lead)
    seal(casework, order, casework.counsel)
    error = refusal(lambda: hand_over(casework, casework.lead, casework.counsel, by=casework.approver))
    assert str(error.message) == "This person holds something that you may not see: ask this desk."
    hand_over(casework, casework.lead, casework.counsel)
    assert order.obligations.get().responsible == casework.counsel
    told = details_of(last_event(casework.case))
    assert told["duties"] == [order.obligations.get().number]


def test_a_seal_behind_an_open_door_stops_the_hand_over(casework: Casework) -> None:
    order = order_of(casework, casework.counsel)
    early = casework.grant(P.MEMBERS, casework.approver)
    seal(casework, order, casework.counsel)
    error = refusal(
        lambda: handover.hand_over(
            grant=early, at=moment(), leaving=casework.counsel, to=casework.lead, words="Away"
        )
    )
    assert str(error.message) == "This person holds something that you may not see: ask this desk."
    assert order.obligations.get().responsible == casework.counsel


def test_the_last_who_knows_a_sealed_order_does_not_leave_with_a_hand_over(casework: Casework) -> None:
    order = casework.accepted_order()
    seal(casework, order)
    error = refusal(lambda: hand_over(casework, casework.lead, casework.counsel, ends_membership=True))
    assert "order" not in str(error.message)
    casework.case.refresh_from_db()
    assert casework.case.lead == casework.lead


WRONG: list[tuple[Callable[[Casework], dict[str, Any]], str]] = [
    (lambda c: {"leaving": c.lead, "to": c.lead}, "to"),
    (lambda c: {"leaving": c.outsider, "to": c.lead}, "leaving"),
    (lambda c: {"leaving": c.counsel, "to": c.lead}, "leaving"),
    (lambda c: {"leaving": c.lead, "to": c.reader}, "to"),
    (lambda c: {"leaving": c.lead, "to": c.outsider}, "to"),
    (lambda c: {"leaving": c.lead, "to": c.counsel, "words": " "}, "words"),
]


@pytest.mark.parametrize(("values", "field"), WRONG)
def test_what_makes_no_hand_over_is_refused(
    casework: Casework, values: Callable[[Casework], dict[str, Any]], field: str
) -> None:
    assert refusal(lambda: hand_over(casework, **values(casework))).field == field


def test_a_member_with_work_does_not_leave_without_handing_it_over(casework: Casework) -> None:
    give(casework, casework.counsel)

    def leave() -> None:
        case_actions.end_membership(grant=casework.grant(P.MEMBERS), at=moment(), user=casework.counsel)

    assert refusal(leave)
    hand_over(casework, casework.counsel, casework.approver)
    leave()


# ── Past the ORM ──────────────────────────────────────────────────────────────────────────────────────────


def refused(words: str, sql: str, params: list[Any]) -> None:
    with pytest.raises(DatabaseError, match=words), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql, params)


def test_the_database_drops_no_task_without_words(casework: Casework) -> None:
    """The constraint itself: the move is lawful, and who and when are said."""
    task = give(casework, casework.counsel)
    sql = (
        "UPDATE cases_casetask SET status = 'dropped', ended_at = now(), ended_by_id = %s, ended_words = %s "
        "WHERE id = %s"
    )
    refused("task_dropped_with_words", sql, [casework.lead.pk, "", task.pk])
    with connection.cursor() as cursor:
        cursor.execute(sql, [casework.lead.pk, "Nobody asks for it", task.pk])
    task.refresh_from_db()
    assert task.status == "dropped"
    arranged()


def test_the_database_keeps_a_task_that_ended(casework: Casework) -> None:
    task = give(casework, casework.counsel)
    end(casework, task, "done", "Called")
    for column, value in (("title", "Other"), ("ended_words", "Other"), ("assignee_id", casework.lead.pk)):
        sql = f"UPDATE cases_casetask SET {column} = %s WHERE id = %s"
        refused("a task that ended is not changed", sql, [value, task.pk])


def test_the_database_gives_no_task_to_who_may_not_work_in_the_case(casework: Casework) -> None:
    task = give(casework, casework.counsel)
    for user in (casework.reader, casework.outsider, make_person("investigator")):
        refused(
            "a task is given to a member who may work in the case",
            "UPDATE cases_casetask SET assignee_id = %s WHERE id = %s",
            [user.pk, task.pk],
        )


def test_the_database_keeps_what_a_task_is_about(casework: Casework) -> None:
    first, second = casework.order(reference="DEMO-1"), casework.order(reference="DEMO-2")
    task = give(casework, casework.counsel, about=("order", first.number))
    sql = "UPDATE cases_casetask SET order_id = %s WHERE id = %s"
    refused("what a task is about is not changed", sql, [second.pk, task.pk])
    other = Casework.opened().order(reference="DEMO-3")
    refused(
        "a task is about something in its own case",
        "INSERT INTO cases_casetask (case_id, number, title, text, assignee_id, time_zone, order_id, status, "
        "written_at, written_by_id, ended_words) VALUES (%s, 99, 'Call', '', %s, 'UTC', %s, 'open', now(), %s, '')",
        [casework.case.pk, casework.counsel.pk, other.pk, casework.lead.pk],
    )


def test_the_database_ends_no_membership_of_who_has_something_to_do(casework: Casework) -> None:
    words = "what the member has to do is handed over first"
    sql = (
        "UPDATE cases_membership SET ended_at = now(), ended_by_id = %s WHERE case_id = %s AND user_id = %s "
        "AND ended_at IS NULL"
    )
    params = [casework.lead.pk, casework.case.pk, casework.counsel.pk]
    task = give(casework, casework.counsel)
    refused(words, sql, params)
    end(casework, task, "done")
    order = order_of(casework, casework.counsel)
    refused(words, sql, params)
    Obligation.objects.filter(order=order).update(responsible=casework.lead)
    seal(casework, order, casework.counsel)
    refused(words, sql, params)
