"""One row of each kind, for tests that try what the database itself refuses."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import models

from cases.actions import alerts, freezes, orders, people
from cases.actions import cases as case_actions
from cases.audit.models import Event, Stream
from cases.models import (
    AccountHolding,
    Alert,
    CaseTag,
    Export,
    FreezeAmount,
    FreezeApproval,
    IdempotentRequest,
    Membership,
    Note,
    OutboxMessage,
    SavedSearch,
)
from cases.permissions import Permission
from cases.references import new_reference
from cases.status import CHOICES, MOVES
from cases.storage import Stored
from tests.support.casework import Casework, moment
from tests.support.looks import looked, swept
from tests.support.rows import copied, set_status, way_to
from wallets import snapshots
from wallets.models import Asset
from wallets.registry import ensure_assets


@dataclass
class Everything:
    """A case with one row of each kind. `rows[kind]` is the row; `fresh(kind)` what a second one must not share."""

    casework: Casework
    rows: dict[str, models.Model]

    def fresh(self, kind: str) -> dict[str, Any]:
        """The columns in which a lawful copy of the row differs from it."""
        at = moment()
        me = self.casework.lead.pk
        if kind == "case":
            return {
                "reference": new_reference(),
                "stream_id": Stream.objects.create(kind="case").pk,
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
            "wallet": {"number": 99, "detached_at": at, "detached_by_id": me},
            "account": {"number": 99, "account_number": "EX-ANOTHER"},
            "holding": {},
            "order": {"number": 99, "status": "received"},
            "obligation": {"number": 99},
            "paper": {"number": 99, "sha256": "b" * 64},
            "freeze": {"number": 99},
            "amount": {"asset": "USDC"},
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
        return pk

    def moved(self, kind: str, status: str, **changes: Any) -> int:
        """The same, moved to this status one lawful step after the other, by SQL."""
        table = self.rows[kind]._meta.db_table
        pk = self.born(kind, **changes)
        for step in way_to(MOVES[kind], str(CHOICES[kind].values[0]), status):
            set_status(table, pk, step)
        return pk


COMPLETE: dict[str, Callable[[datetime, int, int], dict[str, Any]]] = {
    "case": lambda at, me, other: {"closed_at": at, "closed_by_id": me, "disposition": "referred"},
    "order": lambda at, me, other: {},
    "obligation": lambda at, me, other: {"ended_at": at, "ended_by_id": me},
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


def staged() -> Everything:
    """The case and its rows, each in the first status of its table (the order: accepted)."""
    ensure_assets()
    casework = Casework.opened()
    grant, at = casework.grant, moment()
    case = casework.case
    casework.subject()
    wallet = casework.wallet()
    account = casework.account()
    casework.holding(account)
    order = casework.accepted_order()
    orders.attach_paper(
        grant=grant(Permission.ORDERS),
        at=moment(),
        number=order.number,
        filename="warrant.pdf",
        media_type="application/pdf",
        stored=Stored("a" * 64, 1),
    )
    case_actions.write_note(grant=grant(Permission.NOTE), at=moment(), text="Called the clerk.")
    case_actions.set_tags(grant=grant(Permission.EDIT), at=moment(), tags=["dprk"])
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
    share = casework.share(order)
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
        "wallet": wallet,
        "account": account,
        "holding": AccountHolding.objects.get(account=account),
        "order": order,
        "obligation": order.obligations.get(),
        "paper": order.papers.get(),
        "freeze": freeze,
        "amount": FreezeAmount.objects.get(freeze=freeze),
        "approval": approval,
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
        "search": SavedSearch.objects.create(user=casework.lead, text="Kim", searched_at=at),
        "user": casework.lead,
        "token": token,
        "stream": case.stream,
        "event": Event.objects.filter(stream=case.stream).earliest("sequence"),
    }
    return Everything(casework, rows)
