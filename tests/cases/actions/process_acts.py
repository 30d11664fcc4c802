"""What changes a freeze that stands, transfers, requests to issuers, tasks, closing and retention, ready to be done once."""

from datetime import date, timedelta
from typing import Any

from cases.actions import (
    case_tasks,
    closing,
    connectors,
    cover,
    customer_notices,
    disposal,
    freezes,
    handover,
    retention,
    watchdog,
)
from cases.actions.freezes import AmountAsked
from cases.connectors import Said
from cases.models import ConnectorCall, FreezeCredit
from cases.permissions import Permission
from tests.cases.actions.acts import SOON, Act, Prepare, frozen, number_of, with_values
from tests.support.casework import Casework, moment
from tests.support.disposing import asked_to_dispose, due_for_disposal
from tests.support.freezing import (
    DESTINATION,
    TXID,
    a_rung,
    begun_transfer,
    breached,
    carried_out,
    confirmed_freeze,
    held,
    proposed_transfer,
    sent,
    settled_transfer,
    transfer_duty,
)
from wallets.models import Asset
from wallets.registry import ensure_assets

P = Permission
WORK = {"title": "Call the clerk", "text": "About the scope"}
KEPT = {"retention": "aml_us", "counted_from": date(2026, 1, 5), "counted_because": "The last transaction"}


def a_freeze(casework: Casework) -> dict[str, Any]:
    return number_of(confirmed_freeze(casework, obligation_number=transfer_duty(casework).number))


def partial(casework: Casework) -> dict[str, Any]:
    return a_freeze(casework) | {"amounts": [AmountAsked("USDT", 1)], "reason": "The court narrowed it"}


def a_term(casework: Casework) -> dict[str, Any]:
    return number_of(confirmed_freeze(casework, ends_at=moment() + timedelta(days=10)))


def settled(casework: Casework) -> dict[str, Any]:
    transfer = begun_transfer(casework, proposed_transfer(casework, confirmed_freeze(casework)))
    return number_of(settled_transfer(casework, sent(casework, transfer)))


def a_change(casework: Casework) -> dict[str, Any]:
    asked = partial(casework)
    return number_of(
        freezes.propose_partial_release(grant=casework.grant(P.FREEZE_PROPOSE), at=moment(), **asked)
    )


def a_credit(casework: Casework) -> dict[str, Any]:
    freeze = confirmed_freeze(casework)
    assert freeze.account is not None
    casework.holding(freeze.account, 7_000_000, observed_at=moment())
    return number_of(FreezeCredit.objects.get(freeze=freeze))


def a_credit_to_decide(casework: Casework) -> dict[str, Any]:
    credit = a_credit(casework)
    freezes.propose_credit_release(
        grant=casework.grant(P.FREEZE_PROPOSE), at=moment(), reason="A salary", **credit
    )
    return credit


def a_transfer(casework: Casework) -> dict[str, Any]:
    return number_of(proposed_transfer(casework, confirmed_freeze(casework)))


def a_destination(casework: Casework) -> dict[str, Any]:
    freeze = confirmed_freeze(casework)
    return number_of(freeze) | {
        "obligation_number": transfer_duty(casework).number,
        "chain": "ethereum",
        "destination": DESTINATION,
        "destination_again": DESTINATION,
        "check_method": "call_back",
        "check_contact": "Marshal's office, number from its own site",
        "amounts": [AmountAsked(asset, amount) for asset, amount in held(freeze).items()],
        "takes_all": True,
        "reason": "The warrant asks for it",
    }


def begun(casework: Casework) -> dict[str, Any]:
    transfer = proposed_transfer(casework, confirmed_freeze(casework))
    return number_of(begun_transfer(casework, transfer))


def approved(casework: Casework) -> dict[str, Any]:
    transfer = a_transfer(casework)
    for user in (casework.approver, casework.second_approver)[:1]:
        freezes.decide_transfer(
            grant=casework.grant(P.FREEZE_APPROVE, user), at=moment(), agrees=True, **transfer
        )
    return transfer


def a_wallet_freeze(casework: Casework) -> dict[str, Any]:
    ensure_assets()
    tether = Asset.objects.get(chain="ethereum", symbol="USDT")
    freeze = casework.proposed_freeze(
        wallet_number=casework.wallet().number,
        scope="address",
        amounts=[],
        policy_hold="By telephone",
        formal_order_by=SOON,
    )
    return number_of(carried_out(casework, freeze)) | {
        "contract": tether.contract,
        "issuer": "Tether",
        "reference": "T-1",
    }


def requested(casework: Casework) -> dict[str, Any]:
    row = freezes.request_issuer_freeze(
        grant=casework.grant(P.FREEZE_APPLY), at=moment(), **a_wallet_freeze(casework)
    )
    return number_of(row)


def submitted(casework: Casework) -> dict[str, Any]:
    row = requested(casework)
    freezes.submit_issuer_freeze(grant=casework.grant(P.FREEZE_APPLY), at=moment(), txid=TXID, **row)
    return row


def a_task(casework: Casework) -> dict[str, Any]:
    return number_of(
        case_tasks.give_task(grant=casework.grant(P.TASKS), at=moment(), assignee=casework.counsel, **WORK)
    )


def asked_to_close(casework: Casework) -> dict[str, Any]:
    casework.asked_to_close()
    return {}


def closed(casework: Casework) -> dict[str, Any]:
    casework.closed()
    return {**KEPT, "reason": "Read again"}


def due(casework: Casework) -> dict[str, Any]:
    due_for_disposal(casework)
    return {}


def disposal_asked(casework: Casework) -> dict[str, Any]:
    asked_to_dispose(casework)
    return {}


def a_hold(casework: Casework) -> dict[str, Any]:
    hold = retention.place_hold(
        grant=casework.grant(P.RETENTION, casework.counsel), at=moment(), reason="Suit"
    )
    return number_of(hold)


def of_a_task(**values: Any) -> Prepare:
    return with_values(a_task, **values)


def a_refused_call(casework: Casework) -> dict[str, Any]:
    frozen("approve")(casework)
    call = ConnectorCall.objects.get(case=casework.case)
    taken = connectors.begin_call(call_id=call.pk, case_id=call.case_id, at=moment())
    assert taken is not None
    connectors.finish_call(taken=taken, said=Said("refused", "HTTP 422"), case_id=call.case_id, at=moment())
    return number_of(call)


ACTS = [
    Act(connectors.retry_call, P.FREEZE_APPLY, with_values(a_refused_call, reason="The account is back")),
    Act(connectors.ask_for_status, P.FREEZE_APPLY, frozen("approve")),
    Act(connectors.tick_item, P.FREEZE_APPLY, with_values(frozen("approve", "apply"), item="hold_set")),
    Act(freezes.propose_extension, P.FREEZE_PROPOSE, with_values(a_term, ends_at=SOON, reason="Renewed")),
    Act(freezes.propose_partial_release, P.FREEZE_PROPOSE, partial),
    Act(freezes.decide_change, P.FREEZE_APPROVE, with_values(a_change, agrees=True), by="approver"),
    Act(freezes.keep_credit, P.FREEZE_PROPOSE, with_values(a_credit, reason="The same order")),
    Act(freezes.propose_credit_release, P.FREEZE_PROPOSE, with_values(a_credit, reason="A salary")),
    Act(
        freezes.decide_credit_release,
        P.FREEZE_APPROVE,
        with_values(a_credit_to_decide, agrees=True),
        by="approver",
    ),
    Act(freezes.propose_transfer, P.FREEZE_PROPOSE, a_destination),
    Act(freezes.decide_transfer, P.FREEZE_APPROVE, with_values(a_transfer, agrees=True), by="approver"),
    Act(freezes.withdraw_transfer, P.FREEZE_PROPOSE, with_values(a_transfer, reason="A slip")),
    Act(freezes.begin_transfer, P.FREEZE_APPLY, approved),
    Act(
        freezes.record_sent,
        P.FREEZE_APPLY,
        with_values(begun, asset="USDT", txid=TXID, fee=21_000),
    ),
    Act(freezes.fail_transfer, P.FREEZE_APPLY, with_values(begun, reason="The signer is down")),
    Act(freezes.record_receipt, P.FREEZE_APPLY, with_values(settled, receipt="R-1 of 3 May, Marshal Doe")),
    Act(
        customer_notices.record_customer_notice,
        P.NOTE,
        lambda c: {
            "account_number": c.account().number,
            "told_at": moment(),
            "how": "By letter",
            "words": "Your account is restricted.",
            "no_report": True,
            "counsel": "Nothing binds us.",
        },
        by="counsel",
    ),
    Act(
        cover.state_ordered,
        P.ORDERS,
        lambda c: number_of(transfer_duty(c)) | {"asset": "USDT", "decimals": 6, "amount": None},
    ),
    Act(
        cover.add_rung,
        P.ORDERS,
        lambda c: {
            "number": a_rung(c).obligation.number,
            "rung": "seized",
            "asset": "USDT",
            "decimals": 6,
            "amount": 1,
            "happened_at": moment() - timedelta(minutes=1),
            "basis": "Seizure warrant 23-2",
        },
    ),
    Act(cover.take_back_rung, P.ORDERS, lambda c: number_of(a_rung(c)) | {"reason": "Another order"}),
    Act(watchdog.answer_breach, P.FREEZE_APPLY, lambda c: number_of(breached(c)) | {"note": "A fee"}),
    Act(freezes.request_issuer_freeze, P.FREEZE_APPLY, a_wallet_freeze),
    Act(freezes.submit_issuer_freeze, P.FREEZE_APPLY, with_values(requested, txid=TXID)),
    Act(freezes.confirm_issuer_freeze, P.FREEZE_APPLY, with_values(submitted, txid="0x" + "cd" * 32)),
    Act(freezes.end_issuer_freeze, P.FREEZE_APPLY, with_values(requested, reason="Refused")),
    Act(case_tasks.give_task, P.TASKS, lambda c: {**WORK, "assignee": c.counsel}),
    Act(
        case_tasks.change_task,
        P.TASKS,
        lambda c: a_task(c) | {"title": "Call the judge", "assignee": c.counsel, "due_at": SOON},
    ),
    Act(case_tasks.end_task, P.TASKS, of_a_task(to="done", words="Called")),
    Act(
        handover.hand_over,
        P.MEMBERS,
        lambda c: {"leaving": c.lead, "to": c.approver, "words": "All of it"},
    ),
    Act(
        closing.ask_closing,
        P.MOVE,
        lambda c: c.under_investigation() or {"disposition": "referred", "words": "Done"},
    ),
    Act(closing.decide_closing, P.CLOSE, with_values(asked_to_close, agrees=True, **KEPT), by="approver"),
    Act(closing.withdraw_closing, P.MOVE, with_values(asked_to_close, reason="Not yet")),
    Act(retention.set_retention, P.RETENTION, closed, by="counsel"),
    Act(disposal.ask_disposal, P.RETENTION, with_values(due, words="Its years are over"), by="counsel"),
    Act(
        disposal.decide_disposal,
        P.RETENTION,
        with_values(disposal_asked, agrees=False, reason="Somebody may ask"),
        by="approver",
    ),
    Act(retention.place_hold, P.RETENTION, lambda c: {"reason": "Suit"}, by="counsel"),
    Act(retention.lift_hold, P.RETENTION, with_values(a_hold, reason="Settled"), by="counsel"),
]
