"""A secret that can be guessed opens nothing, and half a connector does not start."""

from typing import Any

import pytest

from cases.connectors import SHORTEST_SECRET, is_configured, is_genuine, signature
from cases.models import ConnectorCall, ConnectorReport
from config.checks import connector_is_whole
from tests.cases.connector.conftest import SECRET, Exchange, approved_freeze, done, send_all
from tests.support.casework import Casework, moment

SHORT, LONG = "s" * (SHORTEST_SECRET - 1), "l" * SHORTEST_SECRET


@pytest.mark.parametrize(
    ("url", "secrets", "found"),
    [
        ("", [], []),
        ("", [LONG], []),
        ("https://exchange.example.test/calls", [LONG], []),
        ("https://exchange.example.test/calls", [LONG, SECRET], []),
        ("https://exchange.example.test/calls", [SHORT], ["holdfast.E010"]),
        ("https://exchange.example.test/calls", [LONG, SHORT, "x"], ["holdfast.E010", "holdfast.E010"]),
        # Reports are taken with a secret alone.
        ("", [SHORT], ["holdfast.E010"]),
        ("https://exchange.example.test/calls", [], ["holdfast.E011"]),
        ("exchange.example.test/calls", [LONG], ["holdfast.E012"]),
        ("https://user:word@exchange.example.test/", [LONG], ["holdfast.E012"]),
        ("https://exchange.example.test:99999/", [LONG], ["holdfast.E012"]),
        ("https://exchange.example.test:0/", [LONG], ["holdfast.E012"]),
        ("ftp://exchange.example.test/", [], ["holdfast.E011", "holdfast.E012"]),
    ],
)
def test_what_is_wrong_is_said_before_anything_starts(
    settings: Any, url: str, secrets: list[str], found: list[str]
) -> None:
    settings.CONNECTOR_URL, settings.CONNECTOR_SECRETS = url, secrets
    said = connector_is_whole(None)
    assert [each.id for each in said] == found
    told = "".join(str(each) for each in said)
    assert not any(secret in told for secret in secrets if secret != "x")
    assert "user:word" not in told


def test_the_error_names_which_of_several_is_too_short(settings: Any) -> None:
    settings.CONNECTOR_URL, settings.CONNECTOR_SECRETS = "http://127.0.0.1:9/", [LONG, SHORT]
    (said,) = connector_is_whole(None)
    assert "secret number 2 has fewer than 32 characters" in said.msg


def test_a_short_secret_signs_nothing_that_counts(settings: Any) -> None:
    for secret, counts in ((SHORT, False), (LONG, True)):
        at, body, message_id = moment(), b"{}", "3f2b8c1e-0d4a-4b7e-9c55-7f1a2b3c4d5e"
        timestamp = str(int(at.timestamp()))
        given = signature(
            secret, direction="to-holdfast", timestamp=timestamp, message_id=message_id, body=body
        )
        assert (
            is_genuine(given, secrets=[secret], timestamp=timestamp, message_id=message_id, body=body, at=at)
            is counts
        )
        settings.CONNECTOR_URL, settings.CONNECTOR_SECRETS = "http://127.0.0.1:9/", [secret]
        assert is_configured() is counts


@pytest.mark.django_db
def test_a_report_under_a_short_secret_is_not_genuine(
    casework: Casework, exchange: Exchange, settings: Any
) -> None:
    approved_freeze(casework)
    send_all()
    call = ConnectorCall.objects.get()
    settings.CONNECTOR_SECRETS = [SECRET, SHORT]
    answer = exchange.report(done(call), secret=SHORT)
    assert answer.status_code == 401
    assert not ConnectorReport.objects.exists()
