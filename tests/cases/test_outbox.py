"""Tasks are rows first: sent once to a broker that answers, again to one that may not have heard."""

import threading
from collections.abc import Iterator, Mapping
from datetime import timedelta

import pytest
from django.db import connections, transaction

from cases import outbox
from cases.models import OutboxMessage
from tests.support.casework import moment


class BrokerAway(Exception):
    """The broker did not answer."""


@pytest.fixture(autouse=True)
def hints() -> Iterator[list[str]]:
    """What `put` hints at after a commit is counted here instead of at a broker."""
    heard: list[str] = []
    before = list(outbox._hint_function)
    outbox.on_committed(lambda: heard.append("now"))
    yield heard
    outbox._hint_function[:] = before


def put(count: int = 1) -> None:
    for number in range(count):
        outbox.put(task="cases.example", arguments={"number": number}, at=moment())


def unsent() -> int:
    return OutboxMessage.objects.filter(sent_at__isnull=True).count()


@pytest.mark.django_db(transaction=True)
def test_a_message_stands_and_falls_with_its_transaction(hints: list[str]) -> None:
    with transaction.atomic():
        put()
        assert hints == []
        transaction.set_rollback(True)
    assert (OutboxMessage.objects.count(), hints) == (0, [])
    with transaction.atomic():
        put()
    assert (unsent(), hints) == (1, ["now"])


@pytest.mark.django_db(transaction=True)
def test_a_hint_that_fails_costs_nothing_but_the_hint(caplog: pytest.LogCaptureFixture) -> None:
    def away() -> None:
        raise BrokerAway

    outbox.on_committed(away)
    with transaction.atomic():
        put()
    assert unsent() == 1
    assert "BrokerAway" in caplog.text


@pytest.mark.django_db
def test_messages_are_sent_in_order_and_once() -> None:
    put(5)
    sent: list[object] = []

    def send(task: str, arguments: Mapping[str, object]) -> None:
        assert task == "cases.example"
        sent.append(arguments["number"])

    assert outbox.relay(send=send, at=moment(), limit=3) == 3
    assert outbox.relay(send=send, at=moment()) == 2
    assert outbox.relay(send=send, at=moment()) == 0
    assert sent == [0, 1, 2, 3, 4]


@pytest.mark.django_db(transaction=True)
def test_a_crash_between_sending_and_committing_sends_again() -> None:
    put(3)
    sent: list[object] = []

    def crashing(task: str, arguments: Mapping[str, object]) -> None:
        if arguments["number"] == 2:
            raise BrokerAway
        sent.append(arguments["number"])

    with pytest.raises(BrokerAway):
        outbox.relay(send=crashing, at=moment())
    assert unsent() == 3
    outbox.relay(send=lambda task, arguments: sent.append(arguments["number"]), at=moment())
    assert sent == [0, 1, 0, 1, 2]
    assert unsent() == 0


@pytest.mark.django_db(transaction=True)
def test_two_relays_at_once_send_each_message_once() -> None:
    put(40)
    sent: list[object] = []
    both_hold = threading.Barrier(2, timeout=20)
    failures: list[BaseException] = []

    def relay() -> None:
        waited = False

        def send(task: str, arguments: Mapping[str, object]) -> None:
            nonlocal waited
            if not waited:
                # Each holds its rows while the other takes its own.
                waited = True
                both_hold.wait()
            sent.append(arguments["number"])

        try:
            while outbox.relay(send=send, at=moment(), limit=20):
                pass
        except BaseException as error:
            failures.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=relay) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert sorted(map(str, sent)) == sorted(str(number) for number in range(40))
    assert unsent() == 0


@pytest.mark.django_db
def test_sent_messages_go_after_a_while_and_unsent_ones_never() -> None:
    put(2)
    at = moment()
    outbox.relay(send=lambda task, arguments: None, at=at, limit=1)
    later = at + outbox.KEEP_SENT
    outbox.relay(send=lambda task, arguments: None, at=later, limit=0)
    assert OutboxMessage.objects.count() == 2
    outbox.relay(send=lambda task, arguments: None, at=later + timedelta(seconds=1), limit=0)
    assert OutboxMessage.objects.get().sent_at is None
