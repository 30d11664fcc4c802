"""Nothing expires silently: each step goes out once, to whom it concerns, also after a day without a worker."""

import threading
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.core import mail
from django.db import connections

from cases.actions import case_tasks, handover, orders, reminders
from cases.actions import cases as case_actions
from cases.actions.orders import Duty
from cases.audit.models import Event, Stream
from cases.audit.verify import verify_stream
from cases.models import Notice, Obligation, Reminder
from cases.people.models import User
from cases.permissions import Permission
from cases.queries import calendar
from cases.queries.reminders import notices_of
from tests.support.casework import Casework, make_person, moment
from tests.support.freezing import confirmed_freeze

P = Permission


def duty(casework: Casework, due: timedelta, **kwargs: Any) -> Obligation:
    order = casework.accepted_order(
        duties=[
            Duty(
                kwargs.pop("kind", "produce"),
                "Records.",
                due_at=moment() + due,
                responsible=kwargs.pop("responsible", casework.counsel),
            )
        ],
        due_at=None,
        **kwargs,
    )
    return order.obligations.get()


def beat(at: datetime) -> int:
    """What the worker does at one beat, at this moment of its clock."""
    reminders.mark_overdue(now=lambda: at)
    return reminders.remind(now=lambda: at)


def steps_of(row: Obligation) -> list[str]:
    return list(
        Reminder.objects.filter(number=row.number, kind__in=["obligation", "term"])
        .order_by("id")
        .values_list("step", flat=True)
    )


def told(row: Obligation, step: str) -> set[User]:
    found = Notice.objects.filter(reminder__number=row.number, reminder__step=step)
    return {notice.user for notice in found.select_related("user")}


def test_each_step_goes_out_once_at_its_moment_and_the_circle_widens(casework: Casework) -> None:
    row = duty(casework, timedelta(days=30))
    due = row.due_at
    assert due is not None
    for before, wanted in (
        (timedelta(days=8), []),
        (timedelta(days=7), ["week"]),
        (timedelta(days=6), ["week"]),
        (timedelta(hours=48), ["week", "two_days"]),
        (timedelta(hours=24), ["week", "two_days", "day"]),
        (timedelta(0), ["week", "two_days", "day", "due"]),
        (timedelta(hours=-1), ["week", "two_days", "day", "due", "overdue"]),
        (timedelta(days=-9), ["week", "two_days", "day", "due", "overdue"]),
    ):
        beat(due - before)
        beat(due - before)
        assert steps_of(row) == wanted
    assert told(row, "week") == {casework.counsel}
    assert told(row, "day") == {casework.counsel, casework.lead}
    assert told(row, "overdue") == {
        casework.counsel,
        casework.lead,
        casework.approver,
        casework.second_approver,
    }
    row.refresh_from_db()
    assert row.status == "overdue"
    events = Event.objects.filter(stream=casework.case.stream, action="obligation.overdue")
    assert events.count() == 1
    assert events.get().actor is None
    assert verify_stream(Stream.objects.get(pk=casework.case.stream_id)) is None


def test_after_a_day_without_a_worker_everything_goes_out_late_and_says_so(casework: Casework) -> None:
    row = duty(casework, timedelta(days=30))
    due = row.due_at
    assert due is not None
    beat(due - timedelta(days=7))
    # Nobody was there from 49 to 23 hours before the moment.
    beat(due - timedelta(hours=23))
    assert list(Reminder.objects.order_by("id").values_list("step", "late")) == [
        ("week", False),
        ("two_days", True),
        ("day", True),
    ]
    late = Reminder.objects.get(step="day")
    assert late.sent_at - late.wanted_at == timedelta(hours=1)
    reminders.mail_notices(now=lambda: due)
    assert sum("late" in message.body for message in mail.outbox) == 3


@pytest.mark.django_db(transaction=True)
def test_two_beats_at_once_send_each_reminder_once(transactional_db: None) -> None:
    casework = Casework.opened()
    for _each in range(6):
        duty(casework, timedelta(days=3), reference=f"DEMO-{_each}")
    at = moment() + timedelta(days=2, hours=1)
    barrier = threading.Barrier(4)
    errors: list[BaseException] = []

    def work() -> None:
        try:
            barrier.wait()
            beat(at)
            reminders.mail_notices(now=lambda: at)
        except BaseException as error:
            errors.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=work) for _each in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert Reminder.objects.count() == 12
    assert Notice.objects.count() == 6 * (1 + 2)
    assert not Notice.objects.filter(mailed_at__isnull=True).exists()
    assert len(mail.outbox) == Notice.objects.count()
    assert Event.objects.filter(action="reminder.sent").count() == 12
    assert verify_stream(Stream.objects.get(pk=casework.case.stream_id)) is None


def test_an_extension_begins_a_ladder_of_its_own(casework: Casework) -> None:
    row = duty(casework, timedelta(days=3))
    due = row.due_at
    assert due is not None
    beat(due - timedelta(hours=30))
    orders.extend_obligation(
        grant=casework.grant(P.ORDERS),
        at=moment(),
        number=row.number,
        due_at=moment() + timedelta(days=5),
        reason="By telephone",
    )
    row.refresh_from_db()
    assert row.due_at is not None
    beat(moment())
    # Five days are left: the step of seven lies before the extension and is left out.
    assert steps_of(row) == ["two_days"]
    beat(row.due_at - timedelta(hours=47))
    assert steps_of(row) == ["two_days", "two_days"]


def test_what_is_done_is_not_reminded_of(casework: Casework) -> None:
    row = duty(casework, timedelta(days=30))
    orders.move_obligation(grant=casework.grant(P.ORDERS), at=moment(), number=row.number, to="in_progress")
    orders.move_obligation(
        grant=casework.grant(P.ORDERS), at=moment(), number=row.number, to="met", reason="Sent by courier."
    )
    assert row.due_at is not None
    beat(row.due_at + timedelta(days=1))
    assert Reminder.objects.count() == 0


def test_an_overdue_duty_is_met_late(casework: Casework) -> None:
    row = duty(casework, timedelta(days=1))
    assert row.due_at is not None
    beat(row.due_at + timedelta(minutes=1))
    row.refresh_from_db()
    assert row.status == "overdue"
    orders.move_obligation(
        grant=casework.grant(P.ORDERS), at=moment(), number=row.number, to="met", reason="Sent by courier."
    )


def test_a_gag_is_told_of_before_it_ends_and_is_never_overdue(casework: Casework) -> None:
    row = duty(casework, timedelta(days=30), kind="non_disclosure")
    assert row.due_at is not None
    beat(row.due_at - timedelta(days=6))
    beat(row.due_at + timedelta(days=2))
    assert steps_of(row) == ["week", "two_days", "day", "due"]
    row.refresh_from_db()
    assert row.status == "in_progress"
    assert set(Reminder.objects.values_list("kind", flat=True)) == {"term"}


def test_holds_terms_of_freezes_orders_and_tasks_have_reminders_of_their_own(casework: Casework) -> None:
    soon = moment() + timedelta(days=5)
    order = casework.accepted_order(
        reference="ENDS",
        ends_at=soon,
        due_at=soon,
        duties=[Duty("preserve", "Keep.")],
        instrument="preservation_letter",
    )
    hold = casework.proposed_freeze(policy_hold="By telephone", formal_order_by=soon)
    freeze = confirmed_freeze(casework, ends_at=soon)
    task = case_tasks.give_task(
        grant=casework.grant(P.TASKS), at=moment(), title="Call", assignee=casework.counsel, due_at=soon
    )
    beat(soon - timedelta(hours=47))
    found = {(row.kind, row.number) for row in Reminder.objects.all()}
    assert {
        ("order_due", order.number),
        ("order_ends", order.number),
        ("hold", hold.number),
        ("freeze_ends", freeze.number),
        ("task", task.number),
    } <= found


def test_who_may_not_know_a_sealed_order_is_told_nothing_and_somebody_always_is(casework: Casework) -> None:
    row = duty(casework, timedelta(days=3), responsible=None)
    orders.seal_order(
        grant=casework.grant(P.ORDERS),
        at=moment(),
        number=row.order.number,
        readers=[casework.counsel],
        reason="By the court",
    )
    orders.change_readers(
        grant=casework.grant(P.ORDERS),
        at=moment(),
        number=row.order.number,
        readers=[casework.counsel],
        reason="The lead is a witness",
    )
    assert row.due_at is not None
    beat(row.due_at + timedelta(hours=2))
    assert {notice.user for notice in Notice.objects.all()} == {casework.counsel}
    reminders.mail_notices(now=moment)
    for message in mail.outbox:
        assert message.to == [casework.counsel.email]
        assert f"Something in case {casework.case.reference} needs you." in message.body
        assert "duty" not in message.body.lower()


def test_the_door_is_asked_again_when_the_mail_goes_out_and_when_the_page_is_read(casework: Casework) -> None:
    row = duty(casework, timedelta(days=3))
    beat(moment() + timedelta(days=1, hours=1))
    assert notices_of(casework.counsel).count() == 1
    orders.seal_order(
        grant=casework.grant(P.ORDERS),
        at=moment(),
        number=row.order.number,
        readers=[casework.counsel],
        reason="By the court",
    )
    handover.hand_over(
        grant=casework.grant(P.MEMBERS, casework.counsel),
        at=moment(),
        leaving=casework.counsel,
        to=casework.lead,
        words="All of it",
    )
    case_actions.end_membership(grant=casework.grant(P.MEMBERS), at=moment(), user=casework.counsel)
    reminders.mail_notices(now=lambda: moment() + timedelta(days=2))
    assert mail.outbox == []
    assert notices_of(casework.counsel).count() == 0
    notice = Notice.objects.get(user=casework.counsel)
    assert (notice.mailed_at, notice.mail_at) == (None, None)


def test_a_mail_server_that_is_away_is_asked_again_later(casework: Casework, settings: Any) -> None:
    duty(casework, timedelta(days=3))
    at = moment() + timedelta(days=1, hours=1)
    beat(at)
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_TIMEOUT = "127.0.0.1", 9, 1
    assert reminders.mail_notices(now=lambda: at) == 0
    notice = Notice.objects.get()
    assert notice.mail_error
    assert notice.mail_at is not None
    assert notice.mail_at > at
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    assert reminders.mail_notices(now=lambda: at) == 0, "not before its turn"
    later = notice.mail_at + timedelta(seconds=1)
    assert reminders.mail_notices(now=lambda: later) == 1
    assert len(mail.outbox) == 1


def test_a_step_that_reaches_nobody_else_reaches_who_is_left(casework: Casework) -> None:
    """The responsible person and the lead are locked out: approvers hear of the first step already."""
    row = duty(casework, timedelta(days=3))
    User.objects.filter(pk__in=[casework.counsel.pk, casework.lead.pk]).update(is_active=False)
    beat(moment() + timedelta(days=1, hours=1))
    assert told(row, "two_days") == {casework.approver, casework.second_approver}


def test_the_calendar_names_nothing_of_a_sealed_order(casework: Casework) -> None:
    row = duty(casework, timedelta(days=3), agency_case_number="CANARY-9", reference="OPEN-1")
    secret = reminders.create_feed(by=casework.lead, at=moment())
    assert calendar.person_of_feed(secret) == casework.lead
    text = calendar.calendar(casework.lead, at=moment())
    assert text.startswith("BEGIN:VCALENDAR\r\nVERSION:2.0\r\n")
    assert "SUMMARY:Produce" in text
    assert all(len(line.encode()) <= 75 for line in text.split("\r\n"))
    orders.seal_order(
        grant=casework.grant(P.ORDERS),
        at=moment(),
        number=row.order.number,
        readers=[casework.counsel],
        reason="By the court",
    )
    text = calendar.calendar(casework.lead, at=moment()).replace("\r\n ", "")
    assert f"SUMMARY:A moment in case {casework.case.reference}" in text
    assert "Produce" not in text
    assert "BEGIN:VEVENT" not in calendar.calendar(casework.approver, at=moment())
    # A new address ends the old one; a locked-out person's answers nothing.
    again = reminders.create_feed(by=casework.lead, at=moment())
    assert calendar.person_of_feed(secret) is None
    assert calendar.person_of_feed(again) == casework.lead
    reminders.end_feed(by=casework.lead, at=moment())
    assert calendar.person_of_feed(again) is None
    assert calendar.person_of_feed("") is None


def test_a_closed_case_and_a_stranger_hear_nothing(casework: Casework) -> None:
    stranger = make_person("approver")
    duty(casework, timedelta(days=3))
    beat(moment() + timedelta(days=4))
    assert not Notice.objects.filter(user__in=[stranger, casework.outsider, casework.liaison]).exists()
