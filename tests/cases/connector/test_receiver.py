"""The reference receiver of docs/connector/, run as a process of its own: calls and reports go over real HTTP."""

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from cases import connectors
from cases.actions import connectors as actions
from cases.actions import freezes
from cases.models import AccountHolding, ConnectorCall, FreezeOrder
from cases.permissions import Permission
from tests.cases.connector.conftest import SECRET, approved_freeze, send_all
from tests.support.casework import Casework, moment

pytestmark = pytest.mark.django_db(transaction=True)
RECEIVER = Path(__file__).parents[3] / "docs" / "connector" / "receiver.py"


class Receiver:
    """The process and its book."""

    def __init__(self, book: Path, reports: str) -> None:
        self.path = book
        book.write_text(
            json.dumps(
                {"accounts": {"EX-1": {"holdings": [{"asset": "USDT", "decimals": 6, "amount": "5000000"}]}}}
            )
        )
        self.process = subprocess.Popen(
            [sys.executable, str(RECEIVER), "--port", "0", "--book", str(book)],
            env={**os.environ, "CONNECTOR_SECRET": SECRET, "HOLDFAST_REPORTS": reports},
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout is not None
        self.url = f"http://127.0.0.1:{int(self.process.stdout.readline().split()[-1])}/calls"

    @property
    def account(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.path.read_text())["accounts"]["EX-1"]
        return found

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(timeout=10)
        assert self.process.stdout is not None
        self.process.stdout.close()


@pytest.fixture
def receiver(tmp_path: Path, live_server: Any, settings: Any) -> Iterator[Receiver]:
    found = Receiver(tmp_path / "book.json", f"{live_server.url}/api/v1/connector/reports")
    settings.CONNECTOR_URL, settings.CONNECTOR_SECRETS = found.url, [SECRET]
    yield found
    found.stop()


def until(holds: Callable[[], bool]) -> None:
    end = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < end, "this did not come to be"
        time.sleep(0.1)


def status_of(call: ConnectorCall) -> str:
    return ConnectorCall.objects.values_list("status", flat=True).get(pk=call.pk)


def test_a_hold_goes_there_and_comes_back_confirmed_and_goes_off_again(
    casework: Casework, receiver: Receiver
) -> None:
    freeze = approved_freeze(casework)
    call = ConnectorCall.objects.get()
    assert send_all() == 1
    until(lambda: status_of(call) == "confirmed")
    freeze = FreezeOrder.objects.get(pk=freeze.pk)
    assert (freeze.status, freeze.applied_through) == ("confirmed", "connector")
    assert receiver.account["times_set"] == 1
    applied = freeze.amounts.get().holding_applied
    assert applied is not None
    # The snapshot is the figure that came with the report, not the one somebody typed before.
    assert (applied.source, int(applied.amount), applied.entered_by) == ("Connector", 5_000_000, None)
    grant = casework.grant(Permission.FREEZE_APPLY)
    asked = actions.ask_for_status(grant=grant, at=moment(), number=freeze.number)
    send_all()
    until(lambda: status_of(asked) == "confirmed")
    assert ConnectorCall.objects.get(pk=asked.pk).state_there == "frozen"
    assert AccountHolding.objects.filter(report__isnull=False).count() == 2
    freezes.propose_release(
        grant=casework.grant(Permission.FREEZE_PROPOSE), at=moment(), number=freeze.number, reason="Quashed"
    )
    freezes.decide_release(
        grant=casework.grant(Permission.FREEZE_APPROVE, casework.approver),
        at=moment(),
        number=freeze.number,
        agrees=True,
    )
    release = ConnectorCall.objects.get(kind="release")
    send_all()
    until(lambda: status_of(release) == "confirmed")
    assert receiver.account["holds"] == {}


def test_an_answer_that_was_lost_sets_no_second_hold(
    casework: Casework, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The receiver took the call; its answer and its first report never reached us."""
    approved_freeze(casework)
    call = ConnectorCall.objects.get()
    send = connectors.send

    def deaf(**kwargs: Any) -> connectors.Said:
        assert send(**kwargs).outcome == "accepted"
        return connectors.Said("silent", "TimeoutError: no answer")

    with monkeypatch.context() as patched:
        patched.setattr(connectors, "send", deaf)
        assert send_all() == 1
    ConnectorCall.objects.filter(pk=call.pk, next_at__isnull=False).update(next_at=moment())
    send_all()
    until(lambda: status_of(call) == "confirmed")
    assert receiver.account["times_set"] == 1


def test_an_account_that_is_not_there_is_a_failure_in_words(casework: Casework, receiver: Receiver) -> None:
    freeze = approved_freeze(casework, account="EX-NOBODY")
    call = ConnectorCall.objects.get()
    send_all()
    until(lambda: status_of(call) == "failed")
    assert ConnectorCall.objects.get().last_error == "There is no such account here."
    until(lambda: FreezeOrder.objects.get(pk=freeze.pk).status == "apply_failed")


def test_a_receiver_that_shares_no_secret_with_us_refuses(
    casework: Casework, receiver: Receiver, settings: Any
) -> None:
    settings.CONNECTOR_SECRETS = ["another secret, just as long as the first one"]
    approved_freeze(casework)
    send_all()
    call = ConnectorCall.objects.get()
    assert (call.status, call.last_error) == ("failed", "HTTP 401")
    assert "times_set" not in receiver.account


def test_a_receiver_that_is_away_is_silence(casework: Casework, receiver: Receiver) -> None:
    receiver.process.kill()
    receiver.process.wait()
    approved_freeze(casework)
    send_all()
    call = ConnectorCall.objects.get()
    assert (call.status, call.attempts) == ("queued", 1)
    assert call.last_error.endswith("no answer")


def test_eight_senders_at_once_send_one_call_once(
    casework: Casework, connected: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    approved_freeze(casework)
    sent: list[str] = []
    start = threading.Barrier(8)

    def keep(*, key: str, **_more: object) -> connectors.Said:
        sent.append(key)
        time.sleep(0.2)
        return connectors.Said("accepted")

    monkeypatch.setattr(connectors, "send", keep)

    def beat() -> None:
        try:
            start.wait()
            send_all()
        finally:
            connection.close()

    threads = [threading.Thread(target=beat) for _each in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(sent) == 1
    assert (ConnectorCall.objects.get().status, ConnectorCall.objects.get().attempts) == ("accepted", 1)
