"""From which amounts two approve, by its pages: who sets it, what is refused, and that what was set stands on record."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from cases.actions.freezes import set_approval_threshold
from cases.models import ApprovalThreshold
from cases.people.models import User
from tests.support.casework import Casework, moment
from tests.web.pages import costs_the_same, errors_beside, text_of

pytestmark = pytest.mark.django_db
ClientOf = Callable[[User], Client]
LIST, SET = "/settings/approvals/", "/settings/approvals/set/"


def test_a_threshold_is_set_and_taken_back(casework: Casework, client_of: ClientOf) -> None:
    client = client_of(casework.administrator)
    answer = client.post(SET, {"asset": "usdt", "currency": "", "amount": "1000.5", "reason": "Policy 7"})
    assert (answer.status_code, answer["Location"]) == (303, LIST)
    row = ApprovalThreshold.objects.get()
    # In the finest unit anywhere here: nothing that is typed is rounded.
    assert (row.asset, row.decimals, int(row.amount or 0)) == ("USDT", 18, 1_000_500_000_000_000_000_000)
    assert (row.set_by, row.reason) == (casework.administrator, "Policy 7")
    assert "Policy 7" in text_of(client.get(LIST))
    assert client.post(SET, {"currency": "usd", "amount": "100.01", "reason": "Policy 8"}).status_code == 303
    assert int(ApprovalThreshold.objects.get(currency="USD").amount or 0) == 10_001
    back = client.post(SET, {"asset": "USDT", "amount": "", "reason": "Too low"})
    assert back.status_code == 303
    page = text_of(client.get(LIST))
    assert "taken back" in page
    assert "Too low" in page
    assert ApprovalThreshold.objects.count() == 3, "what was set stays on record"


def test_it_counts_for_what_is_proposed_from_then_on(casework: Casework, client_of: ClientOf) -> None:
    before = casework.proposed_freeze()
    client_of(casework.administrator).post(SET, {"asset": "USDT", "amount": "5", "reason": "Policy"})
    after = casework.proposed_freeze()
    before.refresh_from_db()
    assert (before.approvals_required, after.approvals_required) == (1, 2)


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"asset": "", "currency": ""}, "asset"),
        ({"asset": "USDT", "currency": "USD"}, "asset"),
        ({"asset": "X" * 21}, "asset"),
        ({"asset": "", "currency": "ZZZ"}, "currency"),
        ({"asset": "", "currency": "DOLLAR"}, "currency"),
        ({"amount": "much"}, "amount"),
        ({"amount": "-1"}, "amount"),
        ({"amount": "0"}, "amount"),
        ({"amount": "1e9"}, "amount"),
        ({"amount": "1." + "0" * 18 + "1"}, "amount"),
        ({"asset": "", "currency": "USD", "amount": "1.001"}, "amount"),
        ({"amount": "9" * 119}, "amount"),
        ({"amount": ""}, "asset"),
        ({"reason": ""}, "reason"),
        ({"reason": "x" * 501}, "reason"),
    ],
)
def test_a_wrong_threshold_is_refused_beside_its_field_and_nothing_typed_is_lost(
    casework: Casework, client_of: ClientOf, wrong: dict[str, str], field: str
) -> None:
    values = {"asset": "USDT", "currency": "", "amount": "1000", "reason": "Kept words"} | wrong
    answer = client_of(casework.administrator).post(SET, values)
    assert answer.status_code == 422
    assert errors_beside(answer, field), text_of(answer)[:300]
    body = answer.content.decode()
    for name, value in values.items():
        assert value[:100] in body, name
    assert not ApprovalThreshold.objects.exists()


@pytest.mark.parametrize("path", [LIST, SET])
def test_each_page_as_everybody(casework: Casework, client_of: ClientOf, path: str) -> None:
    values: dict[str, Any] = {"asset": "USDT", "amount": "1", "reason": "Mine"}
    assert client_of(casework.administrator).get(path).status_code == 200
    assert client_of(casework.auditor).get(path).status_code == (200 if path == LIST else 403)
    for user in (casework.lead, casework.approver, casework.counsel, casework.reader, casework.liaison):
        assert client_of(user).get(path).status_code == 403
        assert client_of(user).post(path, values).status_code == (405 if path == LIST else 403)
    assert client_of(casework.auditor).post(SET, values).status_code == 403
    assert Client().get(path).status_code == 302
    assert "Set a threshold" not in text_of(client_of(casework.auditor).get(LIST))
    assert not ApprovalThreshold.objects.exists()


def test_the_page_costs_the_same_with_more(casework: Casework, client_of: ClientOf) -> None:
    def some(count: int) -> None:
        for each in range(count):
            set_approval_threshold(
                by=casework.administrator, at=moment(), asset=f"T{each}", decimals=6, amount=5, reason="R"
            )

    some(1)
    assert (
        costs_the_same(client_of(casework.administrator), reverse("approval-thresholds"), lambda: some(9))
        <= 10
    )
