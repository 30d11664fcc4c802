"""Calls to the exchange's own system: one key per thing, whatever is lost, late, doubled or forged on the way."""

import json
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from cases.actions import connectors as actions
from cases.actions import freezes
from cases.actions.base import ActionError
from cases.audit.models import Event
from cases.connectors import Said, signature
from cases.models import AccountHolding, ChecklistItem, ConnectorCall, ConnectorReport, FreezeOrder
from cases.permissions import Permission
from cases.queries.connectors import checklist_of
from tests.cases.connector.conftest import Exchange, approved_freeze, done, send_all
from tests.support.casework import Casework, moment

pytestmark = pytest.mark.django_db
P = Permission


def only_call() -> ConnectorCall:
    return ConnectorCall.objects.select_related("freeze").get()


def status_of(freeze: FreezeOrder) -> str:
    return FreezeOrder.objects.values_list("status", flat=True).get(pk=freeze.pk)


def due_now(call: ConnectorCall) -> None:
    ConnectorCall.objects.filter(pk=call.pk).update(next_at=moment() - timedelta(seconds=1))


def test_without_a_connector_nothing_is_asked(casework: Casework) -> None:
    approved_freeze(casework)
    assert not ConnectorCall.objects.exists()
    assert send_all() == 0


def test_a_signed_freeze_is_asked_for_once_and_a_report_carries_it_to_confirmed(
    casework: Casework, exchange: Exchange
) -> None:
    freeze = approved_freeze(casework)
    call = only_call()
    assert call.status == "queued"
    assert [send_all(), send_all()] == [1, 0]
    assert (only_call().status, status_of(freeze)) == ("accepted", "applying")
    asked = json.loads(exchange.got[0][1])
    assert asked["target"] == {"kind": "account", "account": "EX-1"}
    assert asked["amounts"] == [{"asset": "USDT", "decimals": 6, "amount": "5000000"}]
    assert "By telephone" not in call.body
    answer = exchange.report(done(call))
    assert (answer.status_code, json.loads(answer.content)) == (200, {"verdict": "applied", "words": ""})
    freeze = FreezeOrder.objects.get(pk=freeze.pk)
    assert (freeze.status, freeze.applied_through, freeze.applied_by) == ("confirmed", "connector", None)
    assert (only_call().status, freeze.confirmation) == ("confirmed", "HOLD-1")
    last = Event.objects.latest("pk")
    assert last.actor_id is None
    assert b'"connector"' in bytes(last.body)


def test_silence_is_asked_again_under_the_same_key_with_growing_waits(
    casework: Casework, exchange: Exchange
) -> None:
    freeze = approved_freeze(casework)
    exchange.answers += [Said("silent", "TimeoutError: no answer"), Said("silent", "HTTP 503")]
    waits = []
    for _try in range(2):
        due_now(only_call())
        before = moment()
        assert send_all() == 1
        call = only_call()
        assert call.status == "queued"
        assert call.next_at is not None
        waits.append(round((call.next_at - before).total_seconds()))
    assert waits == [5, 10]
    due_now(only_call())
    send_all()
    assert (only_call().status, only_call().attempts, status_of(freeze)) == ("accepted", 3, "applying")
    assert len({key for key, _body in exchange.got}) == len({body for _key, body in exchange.got}) == 1


def test_after_so_many_tries_it_is_given_up_and_a_person_asks_again(
    casework: Casework, exchange: Exchange, settings: Any
) -> None:
    settings.CONNECTOR_ATTEMPTS = 2
    approved_freeze(casework)
    exchange.answers += [Said("silent", "HTTP 503")] * 2
    for _try in range(2):
        due_now(only_call())
        send_all()
    call = only_call()
    assert (call.status, call.next_at, call.last_error) == ("given_up", None, "HTTP 503")
    assert send_all() == 0
    grant = casework.grant(P.FREEZE_APPLY)
    with pytest.raises(ActionError):
        actions.retry_call(grant=grant, at=moment(), number=call.number, reason=" ")
    again = actions.retry_call(grant=grant, at=moment(), number=call.number, reason="The network is back")
    assert (again.pk, again.key) == (call.pk, call.key)
    send_all()
    assert only_call().status == "accepted"


def test_a_lost_answer_does_not_set_a_second_hold(casework: Casework, exchange: Exchange) -> None:
    """The other side has it and we did not hear: its report comes while the call waits to be sent again."""
    freeze = approved_freeze(casework)
    exchange.answers.append(Said("silent", "TimeoutError: no answer"))
    send_all()
    call = only_call()
    assert call.status == "queued"
    assert exchange.report(done(call)).status_code == 200
    assert (only_call().status, status_of(freeze)) == ("confirmed", "confirmed")
    assert send_all() == 0
    assert len(exchange.got) == 1


def test_a_report_may_overtake_the_answer(casework: Casework, exchange: Exchange) -> None:
    freeze = approved_freeze(casework)
    call = only_call()
    taken = actions.begin_call(call_id=call.pk, case_id=call.case_id, at=moment())
    assert taken is not None
    exchange.report(done(call))
    actions.finish_call(taken=taken, said=Said("accepted"), case_id=call.case_id, at=moment())
    actions.finish_call(taken=taken, said=Said("refused", "HTTP 400"), case_id=call.case_id, at=moment())
    assert (only_call().status, status_of(freeze)) == ("confirmed", "confirmed")


def test_two_senders_at_once_have_one_lease(casework: Casework, exchange: Exchange) -> None:
    approved_freeze(casework)
    call, at = only_call(), moment()
    assert actions.begin_call(call_id=call.pk, case_id=call.case_id, at=at) is not None
    assert actions.begin_call(call_id=call.pk, case_id=call.case_id, at=at) is None
    assert only_call().attempts == 1


def test_a_worker_that_died_is_followed_by_another(casework: Casework, exchange: Exchange) -> None:
    approved_freeze(casework)
    call = only_call()
    first = actions.begin_call(call_id=call.pk, case_id=call.case_id, at=moment())
    due_now(call)
    assert send_all() == 1
    assert first is not None
    # The first one's late word is no longer asked for.
    actions.finish_call(taken=first, said=Said("silent"), case_id=call.case_id, at=moment())
    assert (only_call().status, only_call().attempts) == ("accepted", 2)


def test_a_refusal_fails_the_hold_and_is_asked_anew_by_a_call_of_its_own(
    casework: Casework, exchange: Exchange
) -> None:
    freeze = approved_freeze(casework)
    exchange.answers.append(Said("refused", "HTTP 422: unknown account"))
    send_all()
    failed = only_call()
    assert (failed.status, status_of(freeze)) == ("failed", "apply_failed")
    grant = casework.grant(P.FREEZE_APPLY)
    again = actions.retry_call(grant=grant, at=moment(), number=failed.number, reason="Account renamed")
    assert again.key != failed.key
    with pytest.raises(ActionError):
        actions.retry_call(grant=grant, at=moment(), number=failed.number, reason="Twice")
    send_all()
    assert status_of(freeze) == "applying"
    exchange.report(done(again))
    assert status_of(freeze) == "confirmed"


def test_a_failure_that_is_reported_fails_the_hold(casework: Casework, exchange: Exchange) -> None:
    freeze = approved_freeze(casework)
    send_all()
    said = {**done(only_call()), "result": "failed", "reason": "Account closed"}
    assert json.loads(exchange.report(said).content)["verdict"] == "applied"
    assert (only_call().status, only_call().last_error) == ("failed", "Account closed")
    assert status_of(freeze) == "apply_failed"


@pytest.mark.parametrize(
    "amounts",
    [
        [{"asset": "USDT", "decimals": 6, "amount": "4999999"}],
        [{"asset": "USDT", "decimals": 6, "amount": "5000001"}],
        [{"asset": "USDT", "decimals": 8, "amount": "5000000"}],
        [{"asset": "USDT", "decimals": 6, "amount": None}],
        [{"asset": "USDC", "decimals": 6, "amount": "5000000"}],
        [
            {"asset": "USDT", "decimals": 6, "amount": "5000000"},
            {"asset": "BTC", "decimals": 8, "amount": "1"},
        ],
        [],
    ],
    ids=["less", "more", "other_unit", "everything", "other_asset", "one_too_many", "nothing"],
)
def test_a_hold_of_anything_else_than_was_asked_is_not_applied(
    casework: Casework, exchange: Exchange, amounts: list[Any]
) -> None:
    freeze = approved_freeze(casework)
    send_all()
    answer = json.loads(exchange.report(done(only_call(), amounts=amounts)).content)
    assert answer["verdict"] == "mismatch"
    assert answer["words"]
    assert (only_call().status, status_of(freeze)) == ("failed", "apply_failed")


def test_the_same_message_has_one_effect_and_one_answer(casework: Casework, exchange: Exchange) -> None:
    approved_freeze(casework)
    send_all()
    body, message_id = json.dumps(done(only_call())).encode(), str(uuid4())
    first = exchange.report(body, message_id=message_id)
    before = Event.objects.count()
    second = exchange.report(body, message_id=message_id)
    assert (second.status_code, second.content) == (200, first.content)
    assert second["Idempotent-Replayed"] == "true"
    assert (Event.objects.count(), ConnectorReport.objects.count()) == (before, 1)
    other = exchange.report(body + b" ", message_id=message_id)
    assert other.status_code == 409


def test_what_is_not_genuine_is_refused_and_leaves_nothing(casework: Casework, exchange: Exchange) -> None:
    freeze = approved_freeze(casework)
    send_all()
    said = done(only_call())
    refused = [
        exchange.report(said, secret="another secret, just as long as the first one"),
        exchange.report(said, age=301),
        exchange.report(said, age=-301),
        # Our own signature, sent back to us.
        exchange.report(said, direction="to-exchange"),
    ]
    assert {answer.status_code for answer in refused} == {401}
    assert len({answer.content for answer in refused}) == 1
    assert not ConnectorReport.objects.exists()
    assert status_of(freeze) == "applying"


def test_both_secrets_count_while_one_is_changed(
    casework: Casework, exchange: Exchange, settings: Any
) -> None:
    old = "the old secret, which is long enough as well"
    settings.CONNECTOR_SECRETS = [*settings.CONNECTOR_SECRETS, old]
    approved_freeze(casework)
    send_all()
    assert exchange.report(done(only_call()), secret=old).status_code == 200


def test_an_end_that_contradicts_the_first_moves_nothing_and_is_on_record(
    casework: Casework, exchange: Exchange
) -> None:
    freeze = approved_freeze(casework)
    send_all()
    exchange.report(done(only_call()))
    late = exchange.report({**done(only_call()), "result": "failed", "reason": "No"})
    assert json.loads(late.content)["verdict"] == "refused"
    assert (only_call().status, status_of(freeze)) == ("confirmed", "confirmed")
    assert Event.objects.filter(action="connector.contradicted").count() == 1


def test_a_report_before_the_call_was_sent_is_refused(casework: Casework, exchange: Exchange) -> None:
    freeze = approved_freeze(casework)
    assert json.loads(exchange.report(done(only_call())).content)["verdict"] == "refused"
    assert (only_call().status, status_of(freeze)) == ("queued", "approved")


def test_malformed_and_unknown_messages(casework: Casework, exchange: Exchange) -> None:
    approved_freeze(casework)
    send_all()
    good = done(only_call())
    assert exchange.report({**good, "call": str(uuid4())}).status_code == 404
    assert exchange.report(good, message_id="no-uuid").status_code == 422
    assert exchange.report({**good, "surprise": 1}).status_code == 422
    assert exchange.report({**good, "version": 2}).status_code == 422
    assert exchange.report(b"[" * 100_000).status_code == 422
    assert exchange.report([1]).status_code == 422  # type: ignore[arg-type]
    assert not ConnectorReport.objects.exists()


def test_a_hold_set_by_hand_meanwhile_is_not_asked_for(casework: Casework, exchange: Exchange) -> None:
    freeze = approved_freeze(casework)
    grant = casework.grant(P.FREEZE_APPLY)
    freezes.begin_apply(grant=grant, at=moment(), number=freeze.number)
    at = moment()
    freezes.mark_applied(grant=grant, at=at, number=freeze.number, applied_at=at)
    assert send_all() == 0
    assert (only_call().status, exchange.got) == ("given_up", [])


def test_holdings_are_written_with_their_report_and_what_is_not_named_is_not_told(
    casework: Casework, exchange: Exchange
) -> None:
    account = casework.account("EX-1")
    said = {
        "version": 1,
        "type": "holdings",
        "account": "EX-1",
        "observed_at": moment().isoformat(),
        "holdings": [{"asset": "BTC", "decimals": 8, "amount": "42"}],
    }
    answer = exchange.report(said)
    assert answer.status_code == 200
    holding = AccountHolding.objects.get(account=account)
    assert (holding.asset, int(holding.amount), holding.entered_by) == ("BTC", 42, None)
    assert holding.report is not None
    # An account that no case looks at gets the very same answer.
    unknown = exchange.report({**said, "account": "EX-UNKNOWN"})
    assert (unknown.status_code, unknown.content) == (200, answer.content)
    later = exchange.report({**said, "observed_at": (moment() + timedelta(days=1)).isoformat()})
    assert json.loads(later.content)["verdict"] == "refused"


def test_the_checklist_is_asked_for_where_it_is_required(casework: Casework, settings: Any) -> None:
    settings.CHECKLIST_REQUIRED = True
    freeze = approved_freeze(casework)
    grant = casework.grant(P.FREEZE_APPLY)
    freezes.begin_apply(grant=grant, at=moment(), number=freeze.number)
    with pytest.raises(ActionError):
        at = moment()
        freezes.mark_applied(grant=grant, at=at, number=freeze.number, applied_at=at)
    for item in ("target_compared", "hold_set", "withdrawals_stopped", "access_checked", "hold_tried"):
        actions.tick_item(grant=grant, at=moment(), number=freeze.number, item=item)
    with pytest.raises(ActionError):
        actions.tick_item(grant=grant, at=moment(), number=freeze.number, item="hold_set")
    at = moment()
    freezes.mark_applied(grant=grant, at=at, number=freeze.number, applied_at=at)
    assert status_of(freeze) == "applied"


def test_what_was_ticked_before_a_try_failed_does_not_count_for_the_next(
    casework: Casework, settings: Any
) -> None:
    settings.CHECKLIST_REQUIRED = True
    freeze = approved_freeze(casework)
    grant, items = casework.grant(P.FREEZE_APPLY), ChecklistItem.values
    for attempt in (1, 2):
        freezes.begin_apply(grant=grant, at=moment(), number=freeze.number)
        for item in items[:-1] if attempt == 2 else items:
            tick = actions.tick_item(grant=grant, at=moment(), number=freeze.number, item=item)
            assert tick.attempt == attempt
        if attempt == 1:
            freezes.mark_apply_failed(grant=grant, at=moment(), number=freeze.number, reason="Time-out")
    at = moment()
    with pytest.raises(ActionError, match="every item"):
        freezes.mark_applied(grant=grant, at=at, number=freeze.number, applied_at=at)
    page = checklist_of(FreezeOrder.objects.get(pk=freeze.pk))
    assert [item.tick is None for item in page.items] == [False] * (len(items) - 1) + [True]
    actions.tick_item(grant=grant, at=moment(), number=freeze.number, item=items[-1])
    freezes.mark_applied(grant=grant, at=at, number=freeze.number, applied_at=at)
    assert status_of(freeze) == "applied"


def test_the_vector_of_the_contract() -> None:
    """docs/connector.md prints these; whoever builds the other side checks against them."""
    given: dict[str, Any] = {
        "timestamp": "1700000000",
        "message_id": "3f2b8c1e-0d4a-4b7e-9c55-7f1a2b3c4d5e",
        "body": b'{"version":1}',
    }
    secret = "0123456789abcdef0123456789abcdef"
    there = signature(secret, direction="to-exchange", **given)
    back = signature(secret, direction="to-holdfast", **given)
    with open("docs/connector.md", encoding="utf-8") as contract:
        text = contract.read()
    assert there in text
    assert back in text
    assert there != back
