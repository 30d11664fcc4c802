"""A hold that counts as set here and does not stand in the exchange's own system: told at once, to whoever may know."""

from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.test import Client

from cases.actions import connectors as actions
from cases.actions import freezes, orders, reminders
from cases.audit.models import Event
from cases.models import ConnectorCall, FreezeOrder, Notice, Reminder
from cases.permissions import Permission
from tests.cases.actions.support import details_of, last_event
from tests.cases.connector.conftest import Exchange, done, send_all
from tests.support.casework import Casework, moment
from tests.support.freezing import confirmed_freeze

pytestmark = pytest.mark.django_db
P = Permission


def answered(
    casework: Casework, exchange: Exchange, freeze: FreezeOrder, state: str = "not_frozen", **more: Any
) -> ConnectorCall:
    """It was asked how the hold stands, and said this."""
    call = actions.ask_for_status(grant=casework.grant(P.FREEZE_APPLY), at=moment(), number=freeze.number)
    send_all()
    assert exchange.report(done(call, state=state, **more)).status_code == 200
    return ConnectorCall.objects.get(pk=call.pk)


def told() -> set[Any]:
    return {notice.user for notice in Notice.objects.filter(reminder__kind="not_held")}


def alarms() -> int:
    return sum(b'"freeze.not_held_there"' in bytes(event.body) for event in Event.objects.all())


def test_the_lead_and_the_approvers_are_told_on_their_pages_and_by_mail(
    casework: Casework, exchange: Exchange, client: Client
) -> None:
    freeze = confirmed_freeze(casework)
    call = answered(casework, exchange, freeze)
    assert (call.status, call.state_there) == ("confirmed", "not_frozen")
    assert told() == {casework.lead, casework.approver, casework.second_approver}
    reminders.mail_notices(now=moment)
    assert len(mail.outbox) == 3
    assert all("EX-" not in message.body for message in mail.outbox)
    freeze.refresh_from_db()
    assert freeze.status == "confirmed", "an alarm releases nothing"
    client.force_login(casework.approver)
    page = client.get(f"/cases/{casework.case.reference}/freezes/{freeze.number}/")
    assert "The hold does not stand in the exchange" in page.content.decode()
    listed = client.get("/notices/").content.decode()
    assert f"/cases/{casework.case.reference}/freezes/{freeze.number}/" in listed


def test_what_is_written_of_it_names_the_call_and_its_moment(casework: Casework, exchange: Exchange) -> None:
    freeze = confirmed_freeze(casework)
    call = actions.ask_for_status(grant=casework.grant(P.FREEZE_APPLY), at=moment(), number=freeze.number)
    send_all()
    said = done(call, state="not_frozen")
    exchange.report(said)
    event = next(
        row for row in Event.objects.order_by("-pk") if b'"freeze.not_held_there"' in bytes(row.body)
    )
    assert event.actor_id is None
    assert details_of(event)["call"] == call.number
    assert details_of(event)["seen_at"] == said["at"]
    assert b'"connector.confirmed"' in bytes(last_event(casework.case).body)


def test_each_answer_is_told_once_and_a_later_one_that_it_stands_ends_the_warning(
    casework: Casework, exchange: Exchange, client: Client
) -> None:
    freeze = confirmed_freeze(casework)
    call = answered(casework, exchange, freeze)
    # The same answer in another message: noted, and told no second time.
    exchange.report(done(call, state="not_frozen"))
    assert (Reminder.objects.filter(kind="not_held").count(), alarms()) == (1, 1)
    answered(casework, exchange, freeze)
    assert (Reminder.objects.filter(kind="not_held").count(), alarms()) == (2, 2)
    answered(casework, exchange, freeze, state="frozen")
    assert alarms() == 2
    client.force_login(casework.lead)
    page = client.get(f"/cases/{casework.case.reference}/freezes/{freeze.number}/")
    assert "The hold does not stand in the exchange" not in page.content.decode()


@pytest.mark.parametrize("state", ["frozen", "unknown"])
def test_any_other_answer_alarms_nobody(casework: Casework, exchange: Exchange, state: str) -> None:
    answered(casework, exchange, confirmed_freeze(casework), state=state)
    assert (told(), alarms()) == (set(), 0)


def test_a_hold_that_is_applied_and_not_confirmed_yet_counts_as_set(
    casework: Casework, exchange: Exchange
) -> None:
    answered(casework, exchange, confirmed_freeze(casework, confirm=False))
    assert casework.lead in told()


def test_a_hold_whose_release_is_only_asked_for_counts_as_set(casework: Casework, exchange: Exchange) -> None:
    freeze = confirmed_freeze(casework)
    freezes.propose_release(
        grant=casework.grant(P.FREEZE_PROPOSE), at=moment(), number=freeze.number, reason="Quashed"
    )
    answered(casework, exchange, freeze)
    assert casework.lead in told()


def test_a_hold_that_was_released_may_be_gone_there(casework: Casework, exchange: Exchange) -> None:
    freeze = confirmed_freeze(casework)
    freezes.propose_release(
        grant=casework.grant(P.FREEZE_PROPOSE), at=moment(), number=freeze.number, reason="Quashed"
    )
    freezes.decide_release(
        grant=casework.grant(P.FREEZE_APPROVE, casework.approver),
        at=moment(),
        number=freeze.number,
        agrees=True,
    )
    answered(casework, exchange, freeze)
    assert (told(), alarms()) == (set(), 0)


def test_an_answer_of_before_the_hold_was_set_says_nothing_of_it(
    casework: Casework, exchange: Exchange
) -> None:
    freeze = confirmed_freeze(casework)
    assert freeze.applied_at is not None
    answered(casework, exchange, freeze, at=(freeze.applied_at - timedelta(seconds=1)).isoformat())
    assert (told(), alarms()) == (set(), 0)


def test_of_a_hold_under_a_sealed_order_its_readers_alone_are_told(
    casework: Casework, exchange: Exchange
) -> None:
    order = casework.accepted_order()
    freeze = confirmed_freeze(casework, obligation_number=order.obligations.get().number)
    orders.seal_order(
        grant=casework.grant(P.ORDERS),
        at=moment(),
        number=order.number,
        readers=[casework.counsel],
        reason="By the court",
    )
    answered(casework, exchange, freeze)
    assert told() == {casework.lead}
    reminders.mail_notices(now=moment)
    assert [message.to for message in mail.outbox] == [[casework.lead.email]]
    assert "hold" not in mail.outbox[0].body.lower()
