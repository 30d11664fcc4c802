"""A connector that is set up, and the exchange's side of it as a test speaks it."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import uuid4

import pytest
from django.http import HttpResponse
from django.test import Client

from cases import connectors
from cases.actions import connectors as actions
from cases.actions import freezes
from cases.actions.freezes import AmountAsked
from cases.connectors import Said, signature
from cases.models import ConnectorCall, FreezeOrder
from cases.permissions import Permission
from tests.support.casework import Casework, moment

SECRET = "a-secret-of-the-tests-that-is-long-enough"
URL = "/api/v1/connector/reports"


@pytest.fixture
def connected(settings: Any) -> Iterator[None]:
    settings.CONNECTOR_URL, settings.CONNECTOR_SECRETS = "http://127.0.0.1:9/calls", [SECRET]
    yield


def approved_freeze(
    casework: Casework, *, cap: int | None = 5_000_000, account: str = "EX-1", **kwargs: Any
) -> FreezeOrder:
    """A freeze of an account's USDT, signed: with a connector its call is queued."""
    attached = casework.account(account)
    casework.holding(attached, 5_000_000)
    freeze = casework.proposed_freeze(
        account_number=attached.number,
        scope="asset",
        amounts=[AmountAsked("USDT", cap)],
        policy_hold="By telephone",
        formal_order_by=datetime.fromisoformat("2199-01-01T00:00:00+00:00"),
        **kwargs,
    )
    freezes.approve_freeze(
        grant=casework.grant(Permission.FREEZE_APPROVE, casework.approver), at=moment(), number=freeze.number
    )
    return FreezeOrder.objects.get(pk=freeze.pk)


@dataclass
class Exchange:
    """Answers what it is sent as it is told to, and keeps what it got."""

    answers: list[Said]
    got: list[tuple[str, bytes]]

    def send(self, *, key: str, body: bytes, at: datetime) -> Said:
        self.got.append((key, body))
        return self.answers.pop(0) if self.answers else Said("accepted")

    def report(
        self,
        content: dict[str, Any] | bytes,
        *,
        message_id: str = "",
        secret: str = SECRET,
        age: int = 0,
        direction: Any = "to-holdfast",
    ) -> HttpResponse:
        body = content if isinstance(content, bytes) else json.dumps(content).encode()
        message_id = message_id or str(uuid4())
        timestamp = str(int(moment().timestamp()) - age)
        signed = signature(secret, direction=direction, timestamp=timestamp, message_id=message_id, body=body)
        headers = {"Holdfast-Id": message_id, "Holdfast-Timestamp": timestamp, "Holdfast-Signature": signed}
        return Client().post(URL, body, content_type="application/json", headers=headers)  # type: ignore[return-value]


@pytest.fixture
def exchange(connected: None, monkeypatch: pytest.MonkeyPatch) -> Exchange:
    found = Exchange([], [])
    monkeypatch.setattr(connectors, "send", found.send)
    return found


def send_all() -> int:
    return actions.send_calls(now=moment)


def done(call: ConnectorCall, **more: Any) -> dict[str, Any]:
    """The exchange's word that a call was done as asked."""
    asked = json.loads(call.body)
    return {
        "version": 1,
        "type": "result",
        "call": str(call.key),
        "result": "done",
        "at": moment().isoformat(),
        "reference": "HOLD-1",
        "amounts": asked.get("amounts", []),
        **more,
    }
