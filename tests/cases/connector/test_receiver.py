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
from cases.actions.freezes import AmountAsked
from cases.audit.models import Event
from cases.models import AccountHolding, ConnectorCall, ConnectorReport, FreezeOrder, Notice, Transfer
from cases.permissions import Permission
from tests.cases.connector.conftest import SECRET, approved_freeze, send_all
from tests.support.casework import Casework, moment
from tests.support.freezing import TXID, begun_transfer, held, proposed_transfer, settled_transfer
from wallets.registry import ensure_assets

pytestmark = pytest.mark.django_db(transaction=True)
RECEIVER = Path(__file__).parents[3] / "docs" / "connector" / "receiver.py"


class Receiver:
    """The process and its book."""

    def __init__(self, book: Path, reports: str) -> None:
        self.path, self.sent = book, book.parent / "sent"
        self.sent.mkdir()
        book.write_text(
            json.dumps(
                {"accounts": {"EX-1": {"holdings": [{"asset": "USDT", "decimals": 6, "amount": "5000000"}]}}}
            )
        )
        self.process = subprocess.Popen(
            [sys.executable, str(RECEIVER), "--port", "0", "--book", str(book), "--sent", str(self.sent)],
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

    def takes(self, call: str) -> bool:
        """Whether it has taken this call down."""
        return call in json.loads(self.path.read_text())["calls"]

    def custody_says(self, name: str, content: dict[str, Any]) -> None:
        """What the custody system writes once it sent something, or could not."""
        new = self.sent / f"{name}.new"
        new.write_text(json.dumps(content))
        new.rename(self.sent / f"{name}.json")

    def told(self, name: str) -> bool:
        return (self.sent / f"{name}.told").exists()

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
    deaf_once(monkeypatch)
    send_again(call)
    until(lambda: status_of(call) == "confirmed")
    assert receiver.account["times_set"] == 1


def held_there(casework: Casework) -> FreezeOrder:
    """A hold that the receiver set and that is confirmed here."""
    freeze = approved_freeze(casework)
    call = ConnectorCall.objects.get(kind="freeze")
    send_all()
    until(lambda: status_of(call) == "confirmed")
    return FreezeOrder.objects.select_related("account", "obligation").get(pk=freeze.pk)


def deaf_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The call is taken there, and its answer is lost on the way; whoever sends next hears again."""
    send = connectors.send

    def deaf(**kwargs: Any) -> connectors.Said:
        assert send(**kwargs).outcome == "accepted"
        return connectors.Said("silent", "TimeoutError: no answer")

    with monkeypatch.context() as patched:
        patched.setattr(connectors, "send", deaf)
        assert send_all() == 1


def send_again(call: ConnectorCall) -> None:
    ConnectorCall.objects.filter(pk=call.pk, next_at__isnull=False).update(next_at=moment())
    send_all()


def test_a_part_is_given_free_there_once_though_the_answer_was_lost(
    casework: Casework, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    freeze = held_there(casework)
    change = freezes.propose_partial_release(
        grant=casework.grant(Permission.FREEZE_PROPOSE),
        at=moment(),
        number=freeze.number,
        amounts=[AmountAsked("USDT", 2_000_000)],
        reason="The court narrowed it.",
    )
    assert not ConnectorCall.objects.filter(kind="partial_release").exists(), "nobody signed it yet"
    freezes.decide_change(
        grant=casework.grant(Permission.FREEZE_APPROVE, casework.approver),
        at=moment(),
        number=change.number,
        agrees=True,
    )
    call = ConnectorCall.objects.get(kind="partial_release")
    assert call.about == change.number
    deaf_once(monkeypatch)
    assert receiver.takes(str(call.key))
    send_again(call)
    until(lambda: status_of(call) == "confirmed")
    (hold,) = receiver.account["holds"].values()
    assert hold["amounts"] == [{"asset": "USDT", "decimals": 6, "amount": "3000000"}]
    assert held(freeze) == {"USDT": 3_000_000}
    freeze.refresh_from_db()
    assert freeze.status == "confirmed"
    assert len(set(ConnectorReport.objects.filter(call=call).values_list("outcome__verdict", flat=True))) == 1


def test_a_transfer_is_asked_for_once_and_done_by_its_transactions_alone(
    casework: Casework, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The test is named first and confirmed by the chain, then the rest: two reports, one call."""
    ensure_assets()
    freeze = held_there(casework)
    transfer = begun_transfer(
        casework, proposed_transfer(casework, freeze, test=freezes.TestTransfer("USDT", 1_000_000))
    )
    call = ConnectorCall.objects.get(kind="transfer")
    asked = json.loads(call.body)
    assert asked["destination"] == transfer.destination
    assert [(each["amount"], each["is_test"]) for each in asked["transactions"]] == [
        ("1000000", True),
        ("4000000", False),
    ]
    deaf_once(monkeypatch)
    send_again(call)
    assert status_of(call) == "accepted"
    assert receiver.takes(str(call.key))
    assert not ConnectorReport.objects.filter(call=call).exists(), "what was not sent is not reported"

    def sent(txid: str, is_test: bool) -> dict[str, Any]:
        moved = {"asset": "USDT", "txid": txid, "fee": "21000", "is_test": is_test}
        return {"transactions": [{**moved, "sent_at": moment().isoformat()}]}

    receiver.custody_says(f"{call.key}.1", sent(TXID, True))
    until(lambda: ConnectorReport.objects.filter(call=call).count() == 1)
    transfer.refresh_from_db()
    assert (transfer.status, status_of(call)) == ("sending", "accepted")
    test_leg = transfer.legs.get(is_test=True)
    assert (test_leg.state, test_leg.txid, int(test_leg.fee or 0), test_leg.sent_by) == (
        "sent",
        TXID,
        21_000,
        None,
    )
    settled_transfer(casework, transfer)
    other = "0x" + "cd" * 32
    receiver.custody_says(f"{call.key}.2", sent(other, False))
    until(lambda: status_of(call) == "confirmed")
    transfer.refresh_from_db()
    assert transfer.status == "sent"
    assert set(transfer.legs.values_list("txid", flat=True)) == {TXID, other}
    assert ConnectorCall.objects.filter(kind="transfer").count() == 1
    settled_transfer(casework, transfer)
    assert transfer.status == "settled"
    until(lambda: receiver.told(f"{call.key}.2"))


def test_a_transfer_that_could_not_be_sent_is_a_failed_call_and_moves_nothing(
    casework: Casework, receiver: Receiver
) -> None:
    ensure_assets()
    transfer = begun_transfer(casework, proposed_transfer(casework, held_there(casework)))
    call = ConnectorCall.objects.get(kind="transfer")
    send_all()
    receiver.custody_says(str(call.key), {"failed": "The signer is locked."})
    until(lambda: status_of(call) == "failed")
    assert ConnectorCall.objects.get(pk=call.pk).last_error == "The signer is locked."
    transfer = Transfer.objects.get(pk=transfer.pk)
    assert transfer.status == "sending"
    assert set(transfer.legs.values_list("state", flat=True)) == {"unsent"}
    again = actions.retry_call(
        grant=casework.grant(Permission.FREEZE_APPLY), at=moment(), number=call.number, reason="Unlocked"
    )
    assert again.key != call.key
    asked, anew = json.loads(call.body), json.loads(again.body)
    assert {**asked, "call": None} == {**anew, "call": None}


@pytest.mark.parametrize("kind", ["partial_release", "transfer"])
def test_what_we_did_not_sign_gives_nothing_free_and_sends_nothing(
    casework: Casework, receiver: Receiver, settings: Any, kind: str
) -> None:
    """A thief on the way knows a call by heart; without the secret she can neither alter it nor make one."""
    freeze = held_there(casework)
    before = receiver.account
    wanted = [{"asset": "USDT", "decimals": 6, "amount": "5000000"}]
    key = "3f2b8c1e-0d4a-4b7e-9c55-7f1a2b3c4d5e"
    forged = {
        "version": 1,
        "type": kind,
        "call": key,
        "freeze": f"{casework.case.reference}/{freeze.number}",
        "target": {"kind": "account", "account": "EX-1"},
        "amounts": wanted,
        "transactions": wanted,
    }
    body = json.dumps(forged).encode()
    settings.CONNECTOR_SECRETS = ["another secret, just as long as the first one"]
    assert connectors.send(key=key, body=body, at=moment()).words == "HTTP 401"
    assert not receiver.takes(key)
    assert receiver.account == before


def test_a_key_with_another_body_is_refused_there(casework: Casework, receiver: Receiver) -> None:
    held_there(casework)
    call = ConnectorCall.objects.get(kind="freeze")
    before = receiver.account
    said = connectors.send(key=str(call.key), body=call.body.encode() + b" ", at=moment())
    assert (said.outcome, said.words) == ("refused", "HTTP 409")
    assert receiver.account == before


def test_a_hold_that_does_not_stand_there_alarms_the_lead_and_the_approvers(
    casework: Casework, receiver: Receiver
) -> None:
    """Somebody took it off over there, past us: the next answer to how it stands tells everybody who may know."""
    freeze = held_there(casework)
    key = "3f2b8c1e-0d4a-4b7e-9c55-7f1a2b3c4d5e"
    release = {**json.loads(ConnectorCall.objects.get(kind="freeze").body), "type": "release", "call": key}
    assert connectors.send(key=key, body=json.dumps(release).encode(), at=moment()).outcome == "accepted"
    assert receiver.account["holds"] == {}
    asked = actions.ask_for_status(
        grant=casework.grant(Permission.FREEZE_APPLY), at=moment(), number=freeze.number
    )
    send_all()
    until(lambda: status_of(asked) == "confirmed")
    told = Notice.objects.filter(reminder__kind="not_held", reminder__number=freeze.number)
    assert {notice.user for notice in told} == {casework.lead, casework.approver, casework.second_approver}
    freeze.refresh_from_db()
    assert freeze.status == "confirmed", "an alarm releases nothing"
    assert [b'"freeze.not_held_there"' in bytes(event.body) for event in Event.objects.order_by("-pk")].count(
        True
    ) == 1


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
