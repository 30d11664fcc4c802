"""One row of each kind, for tests that try what the database itself refuses."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import uuid4

from django.db import models

from cases.actions import alerts, authorities, case_tasks, clocks, freezes, orders, people, retention
from cases.actions import cases as case_actions
from cases.actions.orders import Asked, Duty
from cases.audit.models import Event
from cases.audit.record import open_stream
from cases.models import (
    AccountHolding,
    Alert,
    Authority,
    CalendarFeed,
    CaseRetention,
    CaseTag,
    ChecklistTick,
    ClockRule,
    ConnectorCall,
    ConnectorReport,
    CustodyStep,
    CustomerNotice,
    Export,
    FileCheck,
    FreezeAmount,
    FreezeApproval,
    FreezeChange,
    FreezeCredit,
    IdempotentRequest,
    InstrumentType,
    Membership,
    Note,
    Notice,
    ObligationProof,
    OutboxMessage,
    Particular,
    ParticularIndex,
    RefusalCount,
    Reminder,
    ReportVerdict,
    SavedSearch,
    TokenPlace,
    Transfer,
    TransferApproval,
    Upload,
)
from cases.models.clocks import ensured_rule
from cases.models.issuer_freezes import IssuerReading
from cases.models.retention import ensured_retention
from cases.permissions import Permission
from cases.references import new_reference
from cases.status import CHOICES, MOVES
from cases.storage import Stored
from tests.support import evidence
from tests.support.casework import Casework, moment
from tests.support.disposing import asked_to_dispose
from tests.support.freezing import a_rung, breached, carried_out, confirmed_freeze, proposed_transfer
from tests.support.looks import looked, swept
from tests.support.rows import arranged, copied, execute, set_status, way_to
from wallets import snapshots
from wallets.models import Asset
from wallets.registry import ensure_assets

# What the paper holds, for who needs its bytes in the file store too.
PAPER = b"%PDF-1.7 the paper of the order"


@dataclass
class Everything:
    """A case with one row of each kind. `rows[kind]` is the row; `fresh(kind)` what a second one must not share."""

    casework: Casework
    rows: dict[str, models.Model]

    def fresh(self, kind: str) -> dict[str, Any]:
        """The columns in which a lawful copy of the row differs from it."""
        at = moment()
        me = self.casework.lead.pk
        if kind == "leg":
            return {"transfer_id": self.rows["bare_transfer"].pk, "held_id": self.rows["bare_amount"].pk}
        if kind == "case":
            return {
                "reference": new_reference(),
                "stream_id": open_stream("case").pk,
            }
        if kind == "alert":
            return {"number": 99, "batch_id": Alert.objects.get(pk=self.rows["alert"].pk).before_batch_id}
        if kind == "threshold":
            return {"chain_asset_id": Asset.objects.get(chain="ethereum", symbol="USDT").pk}
        rows: dict[str, dict[str, Any]] = {
            "membership": {"user_id": self.casework.outsider.pk},
            "tag": {"name": "another"},
            "note": {"number": 99},
            "subject": {"number": 99},
            "particular": {"number": 99, "uuid": "00000000-0000-4000-8000-000000000008"},
            "disposal": {
                "number": 99,
                "decided_at": at,
                "decided_by_id": me,
                "agreed": False,
                "reason": "No",
            },
            "wallet": {"number": 99, "detached_at": at, "detached_by_id": me},
            "account": {"number": 99, "account_number": "EX-ANOTHER"},
            "holding": {},
            "order": {"number": 99, "status": "received"},
            "obligation": {"number": 99},
            "paper": {"number": 99, "sha256": "b" * 64},
            "exhibit": {"number": 99, "sha256": "b" * 64},
            "custody": {"position": 2},
            "upload": {"token": "00000000-0000-4000-8000-000000000007"},
            "file_check": {"sha256": "b" * 64},
            "instrument": {"version": 99, "reason": "Read again", "changed_at": at, "changed_by_id": me},
            "authority": {"name": "Another court", "public_id": "00000000-0000-4000-8000-000000000005"},
            "contact": {"number": 99, "value": "another.example.test"},
            "selector": {"number": 99},
            "finding": {},
            "verification": {},
            "proof": {},
            "emergency": {"obligation_id": self.rows["second_emergency_duty"].pk},
            "second_emergency_duty": {"number": 99},
            "freeze": {"number": 99},
            "amount": {"asset": "USDC"},
            "change": {"number": 99},
            "breach": {"number": 99, "holding_id": self.rows["holding"].pk},
            "change_amount": {"change_id": self.rows["unfilled_change"].pk},
            "transfer": {"number": 99, "freeze_id": self.rows["spare_freeze"].pk},
            "transfer_approval": {"approver_id": self.casework.second_approver.pk},
            "credit": {"number": 99, "holding_id": self.rows["holding"].pk},
            "issuer_freeze": {
                "number": 99,
                "chain_asset_id": Asset.objects.get(chain="ethereum", symbol="USDC").pk,
            },
            "issuer_reading": {},
            "approval_threshold": {},
            "task": {"number": 99},
            "rung": {"number": 99},
            "ordered_amount": {},
            "customer_notice": {"number": 99},
            "call": {"number": 99, "about": 99, "key": "00000000-0000-4000-8000-000000000007"},
            "report": {"message_id": "00000000-0000-4000-8000-000000000008"},
            "second_report": {"message_id": "00000000-0000-4000-8000-000000000009"},
            "report_verdict": {"report_id": self.rows["second_report"].pk},
            "tick": {"item": "hold_tried"},
            "reminder": {"number": 99},
            "notice": {
                "user_id": self.casework.outsider.pk,
                "public_id": "00000000-0000-4000-8000-000000000006",
            },
            "feed": {"digest": "another", "ended_at": at},
            "retention_class": {"version": 99, "reason": "Read again", "changed_at": at, "changed_by_id": me},
            "retention": {"number": 99},
            "hold": {"number": 99},
            "clock_rule": {"version": 99, "reason": "Read again", "changed_at": at, "changed_by_id": me},
            "closure": {"day": date(2026, 1, 7)},
            "approval": {"approver_id": self.casework.second_approver.pk},
            "share": {
                "number": 99,
                "reference": new_reference(),
                "ended_at": at,
                "ended_by_id": me,
            },
            "export": {"reference": new_reference()},
            "matter_export": {"reference": new_reference()},
            "outbox": {},
            "request": {"key": "another"},
            "search": {"token": "another"},
            "refusals": {"whose": "another"},
            "token_place": {"address": "203.0.113.10"},
            "look": {"token": "00000000-0000-4000-8000-000000000004"},
            "user": {"email": "another@example.test", "public_id": "00000000-0000-4000-8000-000000000001"},
            "token": {"digest": "another", "public_id": "00000000-0000-4000-8000-000000000002"},
            "stream": {"uuid": "00000000-0000-4000-8000-000000000003"},
        }
        return rows[kind]

    def born(self, kind: str, **changes: Any) -> int:
        """A lawful copy of a row with a status, in its first status, with all that any later status asks for."""
        at, me, other = moment(), self.casework.lead.pk, self.casework.approver.pk
        row = self.rows[kind]
        pk = copied(row, self.fresh(kind) | COMPLETE[kind](at, me, other) | changes)
        if kind == "freeze":
            copied(self.rows["approval"], {"freeze_id": pk})
        if kind == "transfer":
            copied(self.rows["transfer_approval"], {"transfer_id": pk})
            copied(self.rows["leg"], {"transfer_id": pk, "held_id": self.rows["spare_amount"].pk})
        if kind == "call":
            copied(self.rows["report"], {"call_id": pk, "message_id": uuid4()})
        if kind == "obligation":
            copied(self.rows["proof"], {"obligation_id": pk})
        return pk

    def moved(self, kind: str, status: str, **changes: Any) -> int:
        """The same, moved to this status one lawful step after the other, by SQL."""
        pk = self.born(kind, **changes)
        here = str(CHOICES[kind].values[0])
        for step in way_to(MOVES[kind], here, status):
            self.step(kind, pk, here, step)
            here = step
        return pk

    def step(self, kind: str, pk: int, source: str, target: str) -> None:
        """One step by SQL; what a lawful one asks of other rows is done first."""
        if target in MOVES[kind].get(source, frozenset()):
            if kind == "transfer":
                self._chain_says(pk, target)
            if kind == "freeze" and (source, target) == ("transferring", "transferred"):
                self._sent_out(pk)
            if kind == "freeze" and (source, target) == ("transferred", "settled"):
                self.step("transfer", Transfer.objects.get(freeze_id=pk).pk, "sent", "settled")
        set_status(self.rows[kind]._meta.db_table, pk, target)

    def _chain_says(self, transfer: int, status: str) -> None:
        """The transactions of a transfer as the status asks for them."""
        if status == "sent":
            execute(
                "UPDATE cases_transferleg SET state = 'sent', txid = 'tx-' || id, fee = 1, sent_at = now(), "
                "sent_by_id = %s WHERE transfer_id = %s",
                self.casework.lead.pk,
                transfer,
            )
        if status == "settled":
            execute(
                "UPDATE cases_transferleg SET state = 'confirmed', confirmations = 999, block_height = 5, "
                "block_hash = 'b5', block_time = now(), provider = 'node', looked_at = now(), "
                "paid_state = 'told', paid = amount "
                "WHERE transfer_id = %s",
                transfer,
            )

    def _sent_out(self, freeze: int) -> None:
        """All that the freeze holds is on its way: a transfer of its own, sent."""
        held = copied(self.rows["spare_amount"], {"freeze_id": freeze})
        at, me, other = moment(), self.casework.lead.pk, self.casework.approver.pk
        values = COMPLETE["transfer"](at, me, other) | {"number": 98, "freeze_id": freeze, "takes_all": True}
        transfer = copied(self.rows["transfer"], values)
        copied(self.rows["transfer_approval"], {"transfer_id": transfer})
        copied(self.rows["leg"], {"transfer_id": transfer, "held_id": held, "amount": 5_000_000})
        for source, target in (("proposed", "approved"), ("approved", "sending"), ("sending", "sent")):
            self.step("transfer", transfer, source, target)


COMPLETE: dict[str, Callable[[datetime, int, int], dict[str, Any]]] = {
    "case": lambda at, me, other: {
        "closing_asked_at": at,
        "closing_asked_by_id": me,
        "closing_disposition": "referred",
        "closed_at": at,
        "closed_by_id": other,
        "disposition": "referred",
    },
    "change": lambda at, me, other: {"decided_at": at, "decided_by_id": other},
    "transfer": lambda at, me, other: {
        "approved_at": at,
        "begun_at": at,
        "begun_by_id": me,
        "sent_at": at,
        "ended_at": at,
    },
    "credit": lambda at, me, other: {
        "kept_at": at,
        "kept_by_id": me,
        "release_proposed_at": at,
        "release_proposed_by_id": me,
        "released_at": at,
        "released_by_id": other,
    },
    "issuer_freeze": lambda at, me, other: {
        "submitted_at": at,
        "submitted_by_id": me,
        "submitted_txid": "0x1",
        "confirmed_at": at,
        "confirmed_by_id": me,
        "confirmed_txid": "0x2",
    },
    "task": lambda at, me, other: {},
    "call": lambda at, me, other: {"next_at": at, "attempts": 1, "ended_at": at},
    "order": lambda at, me, other: {},
    "obligation": lambda at, me, other: {
        "ended_at": at,
        "ended_by_id": me,
        "outcome_reason": "Not held here.",
    },
    "emergency": lambda at, me, other: {
        "reviewed_at": at,
        "reviewed_by_id": me,
        "review": "Called back since.",
    },
    "freeze": lambda at, me, other: {
        "approved_at": at,
        "applied_at": at,
        "applied_by_id": me,
        "confirmed_at": at,
        "confirmed_by_id": me,
        "release_proposed_at": at,
        "release_proposed_by_id": me,
        "released_at": at,
        "released_by_id": other,
    },
    "export": lambda at, me, other: {
        "sha256": "c" * 64,
        "size": 1,
        "pages": 1,
        "as_of": at,
        "finished_at": at,
    },
}


def _life_of_a_freeze(casework: Casework) -> dict[str, models.Model]:
    """Freezes that stand, with all that can hang on them; and one to spare, for a second transfer."""
    grant = casework.grant
    changing, sending, spare, bare = (confirmed_freeze(casework) for _each in range(4))
    changes = [
        freezes.propose_partial_release(
            grant=grant(Permission.FREEZE_PROPOSE),
            at=moment(),
            number=freeze.number,
            amounts=[freezes.AmountAsked("USDT", 1)],
            reason="The court narrowed it.",
        )
        for freeze in (changing, changing)
    ]
    credited = confirmed_freeze(casework)
    assert credited.account is not None
    casework.holding(credited.account, 7_000_000, observed_at=moment())
    transfer = proposed_transfer(casework, sending, amounts=[freezes.AmountAsked("USDT", 1)], takes_all=False)
    approval = TransferApproval.objects.create(
        transfer=transfer, proposer=casework.lead, approver=casework.approver, agrees=True, given_at=moment()
    )
    frozen = casework.proposed_freeze(
        wallet_number=casework.wallet("0xdac17f958d2ee523a2206206994597c13d831ec7").number,
        scope="address",
        amounts=[],
        policy_hold="By telephone",
        formal_order_by=moment() + timedelta(days=9),
    )
    asked = freezes.request_issuer_freeze(
        grant=grant(Permission.FREEZE_APPLY),
        at=moment(),
        number=carried_out(casework, frozen).number,
        contract=Asset.objects.get(chain="ethereum", symbol="USDT").contract,
        issuer="Tether",
        reference="T-1",
    )
    reading = IssuerReading.objects.create(
        issuer_freeze=asked,
        state="not_restricted",
        block_height=1,
        block_hash="0x1",
        block_time=moment(),
        provider="node.example.test",
        looked_at=moment(),
    )
    threshold = freezes.set_approval_threshold(
        by=casework.administrator, at=moment(), asset="USDT", decimals=6, amount=10**18, reason="Policy"
    )
    broken = breached(casework)
    entry = a_rung(casework)
    call = ConnectorCall.objects.create(
        case=casework.case,
        freeze=spare,
        number=1,
        kind="freeze",
        body="{}",
        asked_at=moment(),
        next_at=moment(),
    )
    report = ConnectorReport.objects.create(
        message_id=uuid4(), kind="result", body="{}", received_at=moment(), call=call
    )
    return {
        "call": call,
        "report": report,
        "second_report": ConnectorReport.objects.create(
            message_id=uuid4(), kind="result", body="{}", received_at=moment(), call=call
        ),
        "report_verdict": ReportVerdict.objects.create(report=report, verdict="noted"),
        "tick": ChecklistTick.objects.create(
            freeze=spare,
            attempt=spare.attempts,
            item="hold_set",
            ticked_at=moment(),
            ticked_by=casework.lead,
        ),
        "breach": broken,
        "rung": entry,
        "ordered_amount": entry.obligation.ordered_amounts.get(),
        "change": changes[0],
        "second_change": changes[1],
        "unfilled_change": FreezeChange.objects.get(
            pk=copied(changes[0], {"number": 97, "freeze_id": changing.pk})
        ),
        "change_amount": changes[0].amounts.get(),
        "credit": FreezeCredit.objects.get(freeze=credited),
        "transfer": transfer,
        "transfer_approval": approval,
        "leg": transfer.legs.get(),
        "spare_freeze": spare,
        # A transfer without a leg yet.
        "bare_transfer": Transfer.objects.get(pk=copied(transfer, {"number": 96, "freeze_id": bare.pk})),
        "bare_amount": bare.amounts.get(),
        "spare_amount": spare.amounts.get(),
        "issuer_freeze": asked,
        "issuer_reading": reading,
        "approval_threshold": threshold,
    }


def staged() -> Everything:
    """The case and its rows, each in the first status of its table (the order: accepted)."""
    ensure_assets()
    casework = Casework.opened()
    grant, at = casework.grant, moment()
    case = casework.case
    casework.subject()
    casework.particular()
    wallet = casework.wallet()
    account = casework.account()
    casework.holding(account)
    order = casework.accepted_order(selectors=[Asked("account", "EX-1001")])
    orders.attach_paper(
        grant=grant(Permission.ORDERS),
        at=moment(),
        number=order.number,
        filename="warrant.pdf",
        media_type="application/pdf",
        stored=Stored(hashlib.sha256(PAPER).hexdigest(), len(PAPER)),
    )
    case_actions.write_note(grant=grant(Permission.NOTE), at=moment(), text="Called the clerk.")
    case_actions.set_tags(grant=grant(Permission.EDIT), at=moment(), tags=["dprk"])
    asked = order.selectors.get()
    finding = orders.record_finding(
        grant=grant(Permission.ORDERS),
        at=moment(),
        number=asked.number,
        outcome="found",
        account_number=account.number,
    )
    emergency = casework.order(
        reference="DEMO-EMERGENCY",
        instrument="emergency_disclosure",
        duties=[Duty("produce", "Log-ins."), Duty("produce", "Opening papers.")],
    )
    urgent, less_urgent = emergency.obligations.order_by("number")
    release = orders.release_emergency(
        grant=grant(Permission.EMERGENCY, casework.approver),
        at=moment(),
        number=urgent.number,
        reason="A life is in danger.",
    )
    obligation = order.obligations.get()
    proof = ObligationProof.objects.create(
        case=case, obligation=obligation, kind="note", note="Ticket 5", given_at=at, given_by=casework.lead
    )
    contact = authorities.add_contact(
        by=casework.lead,
        at=moment(),
        authority=Authority.objects.get(pk=order.issuer_id),
        kind="domain",
        value="court.example.test",
        source="The court's own directory",
    )
    freeze = casework.proposed_freeze(
        account_number=account.number,
        scope="asset",
        amounts=[freezes.AmountAsked("USDT", 1_000_000)],
        policy_hold="Asked for by telephone.",
        formal_order_by=moment() + timedelta(days=3),
    )
    approval = FreezeApproval.objects.create(
        freeze=freeze, proposer=casework.lead, approver=casework.approver, agrees=True, given_at=at
    )
    life = _life_of_a_freeze(casework)
    task = case_tasks.give_task(
        grant=grant(Permission.TASKS), at=moment(), title="Call the clerk", assignee=casework.lead
    )
    hold = retention.place_hold(
        grant=grant(Permission.RETENTION, casework.counsel), at=moment(), reason="Suit"
    )
    kept = ensured_retention("aml_us")
    assert kept is not None
    years = CaseRetention.objects.create(
        case=case,
        number=1,
        retention_class=kept,
        counted_from=date(2026, 1, 5),
        may_go_on=date(2031, 1, 6),
        set_at=at,
        set_by=casework.counsel,
    )
    ensured_rule("preservation_90_days")
    closure = clocks.add_closure(
        by=casework.counsel, at=moment(), calendar="us-federal", day=date(2026, 1, 6), why="Executive Order"
    )
    share = casework.share(order)
    shown = evidence.exhibit(casework)
    looked({wallet: {"ETH": 10**18}}, at=moment())
    look = swept({wallet: {"ETH": 2 * 10**18}}, at=moment())
    alerts.tell_news(now=moment)
    ether = Asset.objects.get(chain="ethereum", symbol="ETH")
    sighting = snapshots.keep_sighting(wallet_id=wallet.wallet_id, asset_id=ether.pk, at=moment())
    assert sighting is not None
    contradicted = looked({wallet: {"ETH": (5, 6)}}, at=moment(), second="second.example.test")
    threshold = alerts.set_threshold(
        grant=grant(Permission.WALLETS), at=moment(), chain="ethereum", contract="", minimum=10**15
    )
    token, _secret = people.create_token(
        by=casework.lead, at=at, label="script", expires_at=at + timedelta(days=1)
    )
    rows: dict[str, models.Model] = {
        "case": case,
        "membership": Membership.objects.get(case=case, user=casework.reader),
        "tag": CaseTag.objects.get(case=case),
        "note": Note.objects.get(case=case),
        "subject": case.subjects.get(),  # type: ignore[attr-defined]
        "particular": Particular.objects.get(case=case),
        "particular_index": ParticularIndex.objects.get(),
        "wallet": wallet,
        "account": account,
        "holding": AccountHolding.objects.get(account=account),
        "order": order,
        "obligation": order.obligations.get(),
        "paper": order.papers.get(),
        "exhibit": shown,
        "custody": CustodyStep.objects.get(exhibit=shown),
        "upload": Upload.objects.get(token=evidence.upload_begun(casework)),
        "file_check": FileCheck.objects.create(sha256=shown.sha256, state="intact", checked_at=at, since=at),
        "instrument": InstrumentType.objects.get(key="seizure_warrant"),
        "authority": contact.authority,
        "contact": contact,
        "selector": asked,
        "finding": finding,
        "verification": order.verifications.get(),
        "proof": proof,
        "emergency": release,
        "second_emergency_duty": less_urgent,
        "freeze": freeze,
        "amount": FreezeAmount.objects.get(freeze=freeze),
        "approval": approval,
        **life,
        "task": task,
        "customer_notice": CustomerNotice.objects.create(
            case=case,
            account=account,
            number=1,
            told_at=at,
            how="By letter",
            words="Your account is restricted.",
            verdict="permitted",
            written_at=at,
            written_by=casework.lead,
        ),
        "reminder": Reminder.objects.get(kind="breach"),
        "notice": Notice.objects.filter(reminder__kind="breach").earliest("pk"),
        "feed": CalendarFeed.objects.create(user=casework.lead, digest="one", created_at=at),
        "hold": hold,
        "disposal": asked_to_dispose(Casework.opened()),
        "retention": years,
        "retention_class": kept,
        "clock_rule": ClockRule.objects.get(key="preservation_90_days"),
        "closure": closure,
        "share": share,
        "alert": Alert.objects.get(case=case),
        "threshold": threshold,
        "look": look,
        "answer": look.answers.earliest("position"),
        "blob": look.answers.earliest("position").answer,
        "sighting": sighting,
        "disagreement": contradicted.disagreements.get(),
        "export": Export.objects.create(
            case=case, profile="internal", requested_at=at, requested_by=casework.lead
        ),
        "matter_export": Export.objects.create(
            case=case, share=share, profile="matter", requested_at=at, requested_by=casework.liaison
        ),
        "outbox": OutboxMessage.objects.earliest("pk"),
        "request": IdempotentRequest.objects.create(
            user=casework.lead, key="one", request_digest="0" * 64, created_at=at
        ),
        "search": SavedSearch.keep(user=casework.lead, text="Kim", at=at),
        "refusals": RefusalCount.objects.create(kind="denied", whose="one", began_at=at, left_out=1),
        "token_place": TokenPlace.objects.create(token=token, address="203.0.113.9", first_at=at),
        "user": casework.lead,
        "token": token,
        "stream": case.stream,
        "event": Event.objects.filter(stream=case.stream).earliest("sequence"),
    }
    arranged()
    return Everything(casework, rows)
