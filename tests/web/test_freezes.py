"""Freezes by the front: proposed by one, decided by another, every step as the wrong person and at the wrong time."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from cases.actions import freezes as actions
from cases.actions import orders as order_actions
from cases.actions.freezes import AmountAsked
from cases.models import FreezeApproval, FreezeOrder
from cases.people.models import User
from cases.permissions import Permission
from tests.support.casework import Casework, moment

ClientOf = Callable[[User], Client]
PLAIN = "%Y-%m-%dT%H:%M"


@pytest.fixture
def lead(casework: Casework, client_of: ClientOf) -> Client:
    return client_of(casework.lead)


@pytest.fixture
def approver(casework: Casework, client_of: ClientOf) -> Client:
    return client_of(casework.approver)


def url(casework: Casework, name: str, *args: object) -> str:
    return reverse(name, args=[casework.case.reference, *args])


def status(number: int = 1) -> str:
    return FreezeOrder.objects.get(number=number).status


STEPS = [
    "freeze-approve",
    "freeze-reject",
    "freeze-cancel",
    "freeze-apply",
    "freeze-applied",
    "freeze-apply-failed",
    "freeze-confirm",
    "freeze-wrong-target",
    "freeze-release",
    "freeze-release-decide",
]
SIGNING = {"freeze-approve", "freeze-reject", "freeze-release-decide"}


# ── Who sees what ─────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("name", ["freeze-list", "freeze-detail", "freeze-create", *STEPS])
def test_each_page_as_everybody(casework: Casework, client_of: ClientOf, name: str) -> None:
    casework.proposed_freeze()
    path = url(casework, name, *([] if name in {"freeze-list", "freeze-create"} else [1]))
    reads = name in {"freeze-list", "freeze-detail"}
    assert client_of(casework.approver).get(path).status_code == 200
    assert client_of(casework.lead).get(path).status_code == (403 if name in SIGNING else 200)
    for reading in (casework.reader, casework.auditor, casework.counsel):
        assert client_of(reading).get(path).status_code == (200 if reads else 403)
        if not reads:
            assert client_of(reading).post(path, {"reason": "x", "comment": "x"}).status_code == 403
    for nobody in (casework.outsider, casework.liaison, casework.administrator):
        assert client_of(nobody).get(path).status_code == 404
        assert client_of(nobody).post(path, {}).status_code == (405 if reads else 404)
    assert status() == "proposed"


def test_numbers_that_the_case_does_not_have_are_404(approver: Client, casework: Casework) -> None:
    for name in ("freeze-detail", *STEPS):
        assert approver.get(url(casework, name, 5)).status_code == 404
        assert approver.post(url(casework, name, 5), {"reason": "x"}).status_code in {404, 405}


# ── Proposing ─────────────────────────────────────────────────────────────────────────────────────────────


def test_first_the_target_is_chosen(lead: Client, casework: Casework) -> None:
    create = url(casework, "freeze-create")
    assert "There is nothing to freeze yet" in lead.get(create).content.decode()
    casework.wallet(label="Payroll")
    casework.account("EX-7")
    page = lead.get(create).content.decode()
    assert 'value="wallet-1"' in page
    assert 'value="account-1"' in page
    assert lead.get(create, {"target": ""}).status_code == 422
    assert lead.post(create, {}).status_code == 422
    for wrong in ("wallet-9", "account-", "house-1", "wallet-1'", "wallet-٣", "wallet-99999999999"):
        assert lead.get(create, {"target": wrong}).status_code == 404


@pytest.fixture
def target(casework: Casework) -> Casework:
    """An account that holds USDT and BTC by the books, and a live duty to freeze."""
    account = casework.account("EX-1001")
    casework.holding(account, 5_000_000)
    casework.holding(account, 250_000_000, "BTC", 8)
    casework.accepted_order()
    return casework


def typed(**changes: Any) -> dict[str, Any]:
    data: dict[str, Any] = {
        "target": "account-1",
        "basis": "1",
        "policy_hold": "",
        "formal_order_by": "",
        "scope": "amount",
        "reason": "Asked for by the order.",
        "approvals_required": "1",
        "asset-USDT-include": "on",
        "asset-USDT-amount": "1.5",
    }
    merged = data | changes
    return {name: value for name, value in merged.items() if value is not None}


def test_a_freeze_is_proposed_in_exact_base_units(lead: Client, target: Casework) -> None:
    answer = lead.post(url(target, "freeze-create"), typed())
    assert answer.status_code == 303
    freeze = FreezeOrder.objects.get()
    row = freeze.amounts.get()
    assert (row.asset, row.amount, row.decimals) == ("USDT", 1_500_000, 6)
    assert row.holding_proposed is not None
    assert row.holding_proposed.amount == 5_000_000
    page = lead.get(answer["Location"]).content.decode()
    assert "whatever is there" not in page
    assert "An approver other than the proposer decides on it." in page
    assert url(target, "freeze-approve", 1) not in page


def test_without_an_amount_it_is_whatever_is_there(lead: Client, target: Casework) -> None:
    data = typed(scope="asset", **{"asset-USDT-amount": "", "asset-BTC-include": "on"})
    assert lead.post(url(target, "freeze-create"), data).status_code == 303
    assert {(row.asset, row.amount) for row in FreezeOrder.objects.get().amounts.all()} == {
        ("USDT", None),
        ("BTC", None),
    }
    assert "whatever is there" in lead.get(url(target, "freeze-detail", 1)).content.decode()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"basis": ""}, "This field is required."),
        ({"basis": "99"}, "Select a valid choice."),
        ({"reason": ""}, "This field is required."),
        ({"scope": ""}, "This field is required."),
        ({"scope": "address"}, "Select a valid choice."),
        ({"approvals_required": "3"}, "Select a valid choice."),
        ({"policy_hold": "also this"}, "The freeze rests on a duty: leave this empty."),
        ({"formal_order_by": "2030-01-01T00:00"}, "Only a policy hold waits for a formal order."),
        ({"basis": "policy"}, "Give the reason of the policy hold."),
        ({"basis": "policy", "policy_hold": "By phone"}, "A policy hold needs a date"),
        (
            {"basis": "policy", "policy_hold": "By phone", "formal_order_by": "2020-01-01T00:00"},
            "This lies in the past.",
        ),
        ({"asset-USDT-amount": "1,5"}, "Use a point as the decimal sign"),
        ({"asset-USDT-amount": "1.0000001"}, "This asset has 6 decimals"),
        ({"asset-USDT-amount": "0"}, "An amount to hold is more than zero."),
        ({"asset-USDT-amount": "-1"}, "An amount cannot be negative."),
        ({"asset-USDT-amount": "1e6"}, "Enter an amount in digits"),
        ({"asset-USDT-amount": ""}, "Give an amount for each asset."),
        ({"asset-USDT-include": None}, "tick the asset, or empty the amount"),
        ({"asset-USDT-include": None, "asset-USDT-amount": ""}, "Name the assets."),
        ({"asset-DOGE-include": "on"}, "The assets of the target have changed"),
    ],
)
def test_a_wrong_proposal_is_422_keeps_what_was_typed_and_saves_nothing(
    lead: Client, target: Casework, changes: dict[str, Any], words: str
) -> None:
    answer = lead.post(url(target, "freeze-create"), typed(**changes))
    assert answer.status_code == 422
    page = answer.content.decode()
    assert words in page
    if changes.get("reason") != "":
        assert "Asked for by the order." in page
    if changes.get("asset-USDT-amount"):
        assert f'value="{changes["asset-USDT-amount"]}"' in page
    assert not FreezeOrder.objects.exists()


def test_a_policy_hold_waits_for_its_order(lead: Client, target: Casework) -> None:
    by = (moment() + timedelta(days=2)).strftime(PLAIN)
    data = typed(basis="policy", policy_hold="Asked by telephone", formal_order_by=by)
    assert lead.post(url(target, "freeze-create"), data).status_code == 303
    page = lead.get(url(target, "freeze-detail", 1)).content.decode()
    assert "A policy hold: no order yet" in page
    assert "Asked by telephone" in page


def test_an_unverified_order_may_be_proposed_on_but_not_executed(
    lead: Client, approver: Client, casework: Casework
) -> None:
    account = casework.account("EX-1")
    casework.holding(account)
    casework.order()
    assert lead.post(url(casework, "freeze-create"), typed()).status_code == 303
    assert "The order is not verified" in lead.get(url(casework, "freeze-detail", 1)).content.decode()
    assert approver.post(url(casework, "freeze-approve", 1), {}).status_code == 303
    page = lead.get(url(casework, "freeze-detail", 1)).content.decode()
    assert "Nothing is executed under it now." in page
    refused = lead.post(url(casework, "freeze-apply", 1), {})
    assert refused.status_code == 422
    assert "The order is not verified." in refused.content.decode()
    assert status() == "approved"


def test_a_wallet_is_frozen_by_its_address_and_unknown_is_not_zero(lead: Client, casework: Casework) -> None:
    wallet = casework.wallet()
    casework.accepted_order()
    create = url(casework, "freeze-create")
    page = lead.get(create, {"target": f"wallet-{wallet.number}"}).content.decode()
    assert "Not read yet" in page
    data = typed(
        **{
            "target": "wallet-1",
            "scope": "address",
            "asset-USDT-include": None,
            "asset-USDT-amount": None,
            "asset-ETH-include": "on",
        }
    )
    assert lead.post(create, data).status_code == 303
    assert "not known then" in lead.get(url(casework, "freeze-detail", 1)).content.decode()


# ── Two persons ───────────────────────────────────────────────────────────────────────────────────────────


def test_an_approver_never_approves_her_own_proposal(
    approver: Client, casework: Casework, client_of: ClientOf
) -> None:
    casework.proposed_freeze(by=casework.approver)
    own = "You proposed this freeze. Somebody else must decide on it."
    detail = approver.get(url(casework, "freeze-detail", 1)).content.decode()
    assert own in detail
    assert url(casework, "freeze-approve", 1) not in detail
    page = approver.get(url(casework, "freeze-approve", 1)).content.decode()
    assert own in page
    assert "Approve the freeze" not in page
    for name in ("freeze-approve", "freeze-reject"):
        answer = approver.post(url(casework, name, 1), {"comment": "mine"})
        assert answer.status_code == 422
        assert own in answer.content.decode()
    assert not FreezeApproval.objects.exists()
    second = client_of(casework.second_approver)
    assert (
        url(casework, "freeze-approve", 1) in second.get(url(casework, "freeze-detail", 1)).content.decode()
    )
    assert second.post(url(casework, "freeze-approve", 1), {}).status_code == 303
    assert status() == "approved"


def test_where_two_are_asked_for_one_word_counts_once(
    approver: Client, casework: Casework, client_of: ClientOf
) -> None:
    casework.proposed_freeze(approvals_required=2)
    approve = url(casework, "freeze-approve", 1)
    page = approver.get(approve).content.decode()
    assert casework.lead.name in page
    assert approver.post(approve, {"comment": "Compared with the paper"}).status_code == 303
    assert status() == "proposed"
    again = approver.post(approve, {})
    assert again.status_code == 422
    assert "You have given your word on this freeze already." in again.content.decode()
    detail = approver.get(url(casework, "freeze-detail", 1)).content.decode()
    assert "1 of 2 still asked for" in detail
    assert "Compared with the paper" in detail
    assert client_of(casework.second_approver).post(approve, {}).status_code == 303
    assert status() == "approved"


def test_a_no_needs_its_reason_and_ends_the_proposal(approver: Client, casework: Casework) -> None:
    casework.proposed_freeze()
    reject = url(casework, "freeze-reject", 1)
    assert approver.post(reject, {"comment": "  "}).status_code == 422
    assert approver.post(reject, {"comment": "Look-alike address"}).status_code == 303
    assert status() == "rejected"
    assert approver.post(url(casework, "freeze-approve", 1), {}).status_code == 422


def test_a_proposal_is_cancelled_with_a_reason(lead: Client, casework: Casework) -> None:
    casework.proposed_freeze()
    cancel = url(casework, "freeze-cancel", 1)
    assert lead.post(cancel, {"reason": ""}).status_code == 422
    assert lead.post(cancel, {"reason": "Proposed twice"}).status_code == 303
    assert status() == "cancelled"
    assert "Proposed twice" in lead.get(url(casework, "freeze-detail", 1)).content.decode()


# ── From approval to release ──────────────────────────────────────────────────────────────────────────────


def test_a_freeze_goes_its_whole_way_by_its_pages(
    lead: Client, approver: Client, casework: Casework, client_of: ClientOf
) -> None:
    casework.proposed_freeze()
    step = {name: url(casework, name, 1) for name in STEPS}
    assert lead.post(step["freeze-apply"], {}).status_code == 422  # not approved
    assert approver.post(step["freeze-approve"], {}).status_code == 303
    assert lead.post(step["freeze-apply"], {}).status_code == 303
    assert lead.post(step["freeze-apply-failed"], {"reason": ""}).status_code == 422
    assert lead.post(step["freeze-apply-failed"], {"reason": "The system was away"}).status_code == 303
    assert status() == "apply_failed"
    assert "Try again" in lead.get(url(casework, "freeze-detail", 1)).content.decode()
    assert lead.post(step["freeze-apply"], {}).status_code == 303
    future = (moment() + timedelta(days=1)).strftime(PLAIN)
    for wrong, words in (
        (future, "This lies in the future."),
        ("2020-01-01T00:00", "A hold is set after its approval."),
        ("noon", "Enter a valid date/time."),
    ):
        answer = lead.post(step["freeze-applied"], {"applied_at": wrong})
        assert answer.status_code == 422
        assert words in answer.content.decode()
        assert f'value="{wrong}"' in answer.content.decode()
    before = datetime.now(UTC)
    assert lead.post(step["freeze-applied"], {"applied_at": ""}).status_code == 303
    freeze = FreezeOrder.objects.get()
    assert freeze.applied_at is not None
    assert before <= freeze.applied_at <= datetime.now(UTC)
    assert freeze.amounts.get().holding_applied is not None
    assert lead.post(step["freeze-confirm"], {"confirmation": ""}).status_code == 422
    assert lead.post(step["freeze-confirm"], {"confirmation": "Ticket 5"}).status_code == 303
    assert FreezeOrder.objects.get().obligation.status == "met"
    assert lead.post(step["freeze-wrong-target"], {"reason": "x"}).status_code == 422  # confirmed already
    assert lead.post(step["freeze-release"], {"reason": ""}).status_code == 422
    assert lead.post(step["freeze-release"], {"reason": "Order lifted"}).status_code == 303
    decide = step["freeze-release-decide"]
    assert "Order lifted" in approver.get(decide).content.decode()
    assert approver.post(decide, {}).status_code == 422
    assert approver.post(decide, {"decision": "keep", "comment": ""}).status_code == 422
    assert (
        approver.post(decide, {"decision": "keep", "comment": "Another order covers it"}).status_code == 303
    )
    assert status() == "confirmed"
    assert lead.post(step["freeze-release"], {"reason": "Both lifted"}).status_code == 303
    assert approver.post(decide, {"decision": "release"}).status_code == 303
    assert status() == "released"
    assert approver.post(decide, {"decision": "release"}).status_code == 422
    page = lead.get(url(casework, "freeze-detail", 1)).content.decode()
    for name in (casework.lead.name, casework.approver.name):
        assert name in page
    assert "Nothing: this freeze has ended." in page


def applied(casework: Casework, **kwargs: Any) -> FreezeOrder:
    freeze = casework.proposed_freeze(**kwargs)
    number = freeze.number
    actions.approve_freeze(
        grant=casework.grant(Permission.FREEZE_APPROVE, casework.second_approver), at=moment(), number=number
    )
    actions.begin_apply(grant=casework.grant(Permission.FREEZE_APPLY), at=moment(), number=number)
    now = moment()
    return actions.mark_applied(
        grant=casework.grant(Permission.FREEZE_APPLY), at=now, number=number, applied_at=now
    )


def confirmed(casework: Casework, **kwargs: Any) -> FreezeOrder:
    freeze = applied(casework, **kwargs)
    return actions.confirm_freeze(
        grant=casework.grant(Permission.FREEZE_APPLY),
        at=moment(),
        number=freeze.number,
        confirmation="Ticket 9",
    )


def test_a_wrong_target_is_recorded_with_its_reason(lead: Client, casework: Casework) -> None:
    applied(casework)
    page = url(casework, "freeze-wrong-target", 1)
    assert lead.post(page, {"reason": " "}).status_code == 422
    assert lead.post(page, {"reason": "A namesake's account"}).status_code == 303
    assert status() == "wrong_target_reversed"


def test_nobody_decides_on_the_release_she_proposed(approver: Client, casework: Casework) -> None:
    confirmed(casework)
    assert approver.post(url(casework, "freeze-release", 1), {"reason": "Lifted"}).status_code == 303
    own = "You proposed this release. Somebody else must decide on it."
    assert own in approver.get(url(casework, "freeze-detail", 1)).content.decode()
    answer = approver.post(url(casework, "freeze-release-decide", 1), {"decision": "release"})
    assert answer.status_code == 422
    assert own in answer.content.decode()
    assert status() == "release_proposed"


def test_a_basis_that_ended_is_an_alarm_and_never_a_release(
    lead: Client, approver: Client, casework: Casework
) -> None:
    order = casework.accepted_order()
    duty = order.obligations.get().number
    confirmed(casework, obligation_number=duty)
    casework.proposed_freeze(obligation_number=duty)
    order_actions.move_order(
        grant=casework.grant(Permission.ORDER_DECIDE, casework.counsel),
        at=moment(),
        number=order.number,
        to="quashed",
        reason="Decision of the court",
    )
    assert status(1) == "confirmed"
    assert (
        "This freeze stands without a live basis"
        in lead.get(url(casework, "freeze-detail", 1)).content.decode()
    )
    listed = lead.get(url(casework, "freeze-list")).content.decode()
    assert listed.count("basis ended") == 1
    page = approver.get(url(casework, "freeze-approve", 2)).content.decode()
    assert "The order that this rests on has ended." in page
    assert approver.post(url(casework, "freeze-approve", 2), {}).status_code == 422
    # No new freeze can be put on it.
    assert (
        "Order 1 (" not in lead.get(url(casework, "freeze-create"), {"target": "account-1"}).content.decode()
    )


def test_a_hold_whose_order_did_not_come_is_said_to_be_late(lead: Client, casework: Casework) -> None:
    by = moment() + timedelta(seconds=0.2)
    account = casework.account("EX-9")
    casework.proposed_freeze(
        account_number=account.number, policy_hold="By phone", formal_order_by=by, scope="account", amounts=[]
    )
    while moment() <= by:
        pass
    assert (
        "The formal order has not come in time"
        in lead.get(url(casework, "freeze-detail", 1)).content.decode()
    )


# ── Cost ──────────────────────────────────────────────────────────────────────────────────────────────────


def queries_for(client: Client, path: str) -> int:
    client.get(path)
    with CaptureQueriesContext(connection) as seen:
        assert client.get(path).status_code == 200
    return len(seen)


def test_pages_cost_the_same_with_more_freezes_and_amounts(
    lead: Client, approver: Client, casework: Casework, client_of: ClientOf
) -> None:
    account = casework.account("EX-1")
    casework.holding(account)
    casework.proposed_freeze(
        account_number=account.number, scope="asset", amounts=[AmountAsked("USDT")], approvals_required=2
    )
    paths = [
        url(casework, "freeze-list"),
        url(casework, "freeze-detail", 1),
        url(casework, "freeze-approve", 1),
        url(casework, "freeze-create") + "?target=account-1",
    ]
    before = [queries_for(approver, path) for path in paths]
    casework.holding(account, 7, "BTC", 8)
    casework.wallet()
    for _each in range(3):
        casework.proposed_freeze(
            account_number=account.number,
            scope="asset",
            amounts=[AmountAsked("USDT"), AmountAsked("BTC")],
        )
    actions.approve_freeze(
        grant=casework.grant(Permission.FREEZE_APPROVE, casework.second_approver), at=moment(), number=1
    )
    assert [queries_for(approver, path) for path in paths] == before
