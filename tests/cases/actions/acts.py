"""Every action of the casework, ready to be done once in a fresh case."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from cases import access
from cases.access import Grant, MatterGrant
from cases.actions import (
    accounts,
    alerts,
    cases,
    clocks,
    exhibits,
    exports,
    freezes,
    orders,
    particulars,
    shares,
    subjects,
    wallets,
)
from cases.actions.orders import Asked, Duty, Proof
from cases.models import Export, FreezeOrder, LegalOrder
from cases.people.models import User
from cases.permissions import Permission
from cases.storage import Stored
from tests.support import evidence
from tests.support.casework import ETHEREUM, Casework, moment
from tests.support.looks import looked, swept

P = Permission
SOON = datetime(2199, 1, 1, tzinfo=UTC)
Prepare = Callable[[Casework], dict[str, Any]]


@dataclass(frozen=True)
class Act:
    """One action: what it needs open, who does it, and its arguments once the case is prepared."""

    action: Callable[..., Any]
    permission: Permission
    prepare: Prepare = lambda casework: {}
    by: str = "lead"
    # Events that it writes; one but where two things are told at once.
    events: int = 1

    @property
    def name(self) -> str:
        return self.action.__name__

    def user(self, casework: Casework) -> User:
        found: User = getattr(casework, self.by)
        return found

    def grant(self, casework: Casework, permission: Permission | None = None) -> Grant:
        return casework.grant(permission or self.permission, self.user(casework))


def number_of(row: Any) -> dict[str, Any]:
    return {"number": row.number}


def proposed(casework: Casework) -> FreezeOrder:
    return casework.proposed_freeze(policy_hold="By telephone", formal_order_by=SOON)


def frozen(*names: str) -> Prepare:
    """A freeze that was brought this far."""

    def prepare(casework: Casework) -> dict[str, Any]:
        freeze = proposed(casework)
        number = freeze.number
        for name in names:
            at = moment()
            if name == "approve":
                freezes.approve_freeze(
                    grant=casework.grant(P.FREEZE_APPROVE, casework.approver), at=at, number=number
                )
            elif name == "apply":
                freezes.begin_apply(grant=casework.grant(P.FREEZE_APPLY), at=at, number=number)
            elif name == "applied":
                freezes.mark_applied(
                    grant=casework.grant(P.FREEZE_APPLY), at=at, number=number, applied_at=at
                )
            elif name == "confirm":
                freezes.confirm_freeze(
                    grant=casework.grant(P.FREEZE_APPLY), at=at, number=number, confirmation="Ticket"
                )
            elif name == "release":
                freezes.propose_release(
                    grant=casework.grant(P.FREEZE_PROPOSE), at=at, number=number, reason="Ended"
                )
        return {"number": number}

    return prepare


def with_values(prepare: Prepare, **values: Any) -> Prepare:
    return lambda casework: prepare(casework) | values


def with_a_wallet(casework: Casework) -> dict[str, Any]:
    casework.wallet()
    return {}


def an_alert(casework: Casework) -> dict[str, Any]:
    wallet = casework.wallet()
    looked({wallet: {"ETH": 5}}, at=moment())
    swept({wallet: {"ETH": 6}}, at=moment())
    alerts.tell_news(now=moment)
    return number_of(casework.case.alerts.get())


ETHER: dict[str, Any] = {"chain": "ethereum", "contract": ""}


def a_threshold(casework: Casework) -> dict[str, Any]:
    alerts.set_threshold(grant=casework.grant(P.WALLETS), at=moment(), minimum=5, **ETHER)
    return ETHER


def an_order(casework: Casework) -> dict[str, Any]:
    return number_of(casework.order())


def a_sealed_order(casework: Casework) -> LegalOrder:
    order = casework.order()
    return orders.seal_order(
        grant=casework.grant(P.ORDERS),
        at=moment(),
        number=order.number,
        readers=[casework.lead, casework.counsel],
        reason="By the court",
    )


def verifying(casework: Casework) -> dict[str, Any]:
    order = casework.order()
    orders.move_order(grant=casework.grant(P.ORDERS), at=moment(), number=order.number, to="verifying")
    return number_of(order)


def a_duty(casework: Casework) -> dict[str, Any]:
    return number_of(casework.accepted_order().obligations.get())


def ready_export(casework: Casework) -> dict[str, Any]:
    return {"export": finished(exports.request_export(grant=casework.grant(P.EXPORT), at=moment()))}


def finished(export: Export) -> Export:
    claim = exports.begin_export(at=moment())
    assert claim is not None
    at = moment()
    Export.objects.filter(pk=export.pk).update(
        status="ready", sha256="a" * 64, size=1, pages=1, as_of=at, finished_at=at
    )
    export.refresh_from_db()
    return export


ORDER: dict[str, Any] = {
    "instrument": "mlat_request",
    "issuing_authority": "A court",
    "agency_reference": "DEMO-1",
    "jurisdiction": "US",
    "legal_basis": "18 USC 981(b)",
    "scope": "All assets.",
    "issued_at": datetime(2026, 1, 5, 9, tzinfo=UTC),
    "served_at": datetime(2026, 1, 5, 10, tzinfo=UTC),
    "received_at": datetime(2026, 1, 5, 11, tzinfo=UTC),
    "due_at": None,
    "duties": [Duty("freeze", "Hold"), Duty("produce", "Records")],
}
PAPER: dict[str, Any] = {
    "filename": "warrant.pdf",
    "media_type": "application/pdf",
    "stored": Stored("a" * 64, 3),
}
SUBJECT: dict[str, Any] = {
    "kind": "person",
    "name": "Kim Example",
    "role": "subject",
    "attribution_source": "Press release",
    "attribution_confidence": "high",
}


def a_selector(casework: Casework) -> dict[str, Any]:
    order = casework.order(selectors=[Asked("account", "EX-1001")])
    return number_of(order.selectors.get())


def an_emergency(casework: Casework) -> dict[str, Any]:
    order = casework.order(instrument="emergency_disclosure", duties=[Duty("produce", "Log-ins.")])
    return number_of(order.obligations.get())


def let_pass(casework: Casework) -> dict[str, Any]:
    prepared = an_emergency(casework)
    orders.release_emergency(
        grant=casework.grant(P.EMERGENCY, casework.approver), at=moment(), reason="A life", **prepared
    )
    return prepared


ACTS: list[Act] = [
    # Cases
    Act(cases.edit_case, P.EDIT, lambda c: {"title": "Another", "summary": "More"}),
    Act(cases.set_tags, P.EDIT, lambda c: {"tags": ["a", "b"]}),
    Act(cases.move_case, P.MOVE, lambda c: {"to": "under_investigation"}),
    Act(cases.add_member, P.MEMBERS, lambda c: {"user": c.outsider}),
    Act(cases.end_membership, P.MEMBERS, lambda c: {"user": c.reader}),
    Act(cases.change_lead, P.MEMBERS, lambda c: {"user": c.approver}),
    Act(cases.write_note, P.NOTE, lambda c: {"text": "Called the clerk."}),
    # Subjects and accounts
    Act(subjects.add_subject, P.EDIT, lambda c: SUBJECT),
    Act(
        particulars.add_particular,
        P.IDENTITY,
        lambda c: {
            "subject": c.subject().number,
            "kind": "email",
            "value": "kim@example.test",
            "source": "Account opening",
        },
    ),
    Act(
        particulars.withdraw_particular,
        P.IDENTITY,
        lambda c: number_of(c.particular(c.subject().number)) | {"reason": "Another person's"},
    ),
    Act(particulars.view_particular, P.IDENTITY, lambda c: number_of(c.particular(c.subject().number))),
    Act(subjects.edit_subject, P.EDIT, lambda c: number_of(c.subject()) | {"name": "Another"}),
    Act(
        accounts.attach_account,
        P.ACCOUNTS,
        lambda c: {
            "account_number": "EX-1",
            "holder": "Holder",
            "reported_status": "active",
            "reported_at": moment(),
        },
    ),
    Act(
        accounts.report_account_status,
        P.ACCOUNTS,
        lambda c: number_of(c.account()) | {"reported_status": "frozen", "reported_at": moment()},
    ),
    Act(
        accounts.record_holding,
        P.ACCOUNTS,
        lambda c: (
            number_of(c.account())
            | {"asset": "USDT", "decimals": 6, "amount": 1, "source": "Ledger", "observed_at": moment()}
        ),
    ),
    # Wallets
    Act(
        wallets.attach_wallet,
        P.WALLETS,
        lambda c: {
            "chain": "ethereum",
            "address": ETHEREUM,
            "role": "subject",
            "attribution_source": "OFAC",
            "attribution_confidence": "high",
        },
    ),
    Act(
        wallets.attach_wallets,
        P.WALLETS,
        lambda c: {
            "chains": ["ethereum", "base"],
            "address": ETHEREUM,
            "role": "subject",
            "attribution_source": "OFAC",
            "attribution_confidence": "high",
        },
        events=2,
    ),
    Act(wallets.detach_wallet, P.WALLETS, lambda c: number_of(c.wallet()) | {"reason": "Not his"}),
    Act(wallets.refresh_wallet, P.WALLETS, lambda c: number_of(c.wallet())),
    Act(wallets.refresh_case, P.WALLETS, with_a_wallet),
    # Orders and duties
    Act(orders.record_order, P.ORDERS, lambda c: ORDER),
    Act(orders.record_order, P.ORDERS, lambda c: ORDER | {"papers": [orders.Paper(**PAPER)]}, events=2),
    Act(
        orders.add_obligation,
        P.ORDERS,
        lambda c: {"order_number": c.order().number, "duty": Duty("transfer", "Hand it over")},
    ),
    Act(
        orders.add_selector,
        P.ORDERS,
        lambda c: {"order_number": c.order().number, "asked": Asked("email", "kim@example.test")},
    ),
    Act(orders.record_finding, P.ORDERS, with_values(a_selector, outcome="not_found")),
    Act(orders.release_emergency, P.EMERGENCY, with_values(an_emergency, reason="A life"), by="approver"),
    Act(
        orders.review_emergency,
        P.ORDER_DECIDE,
        with_values(let_pass, upheld=True, review="Called back since."),
        by="counsel",
    ),
    Act(
        orders.verify_order,
        P.ORDER_VERIFY,
        with_values(verifying, authentic=None, method="call_back", contact="Clerk", contact_source="Site"),
    ),
    Act(
        orders.add_proofs,
        P.ORDERS,
        with_values(a_duty, proofs=[Proof("note", note="Ticket 5")]),
    ),
    Act(
        orders.verify_order,
        P.ORDER_VERIFY,
        with_values(verifying, authentic=True, method="call_back", contact="Clerk", contact_source="Site"),
    ),
    Act(
        orders.verify_order,
        P.ORDER_VERIFY,
        with_values(verifying, authentic=False, method="call_back", contact="Clerk", contact_source="Site"),
    ),
    Act(orders.move_order, P.ORDERS, with_values(an_order, to="verifying")),
    Act(orders.move_order, P.ORDER_DECIDE, with_values(an_order, to="quashed", reason="x"), by="counsel"),
    Act(orders.seal_order, P.ORDERS, with_values(an_order, readers=[], reason="By the court")),
    Act(
        orders.change_readers,
        P.ORDERS,
        lambda c: number_of(a_sealed_order(c)) | {"readers": [c.counsel], "reason": "Another desk"},
    ),
    Act(
        orders.unseal_order,
        P.ORDER_DECIDE,
        lambda c: number_of(a_sealed_order(c)) | {"reason": "By the court"},
        by="counsel",
    ),
    Act(orders.move_obligation, P.ORDERS, with_values(a_duty, to="in_progress")),
    Act(
        orders.extend_obligation,
        P.ORDERS,
        with_values(a_duty, due_at=SOON, reason="By telephone"),
    ),
    Act(
        clocks.set_clock,
        P.ORDERS,
        with_values(
            a_duty, rule="frcrp45_14_days", trigger_at=datetime(2026, 1, 5, 10, tzinfo=UTC), reason="Service"
        ),
    ),
    Act(orders.attach_paper, P.ORDERS, with_values(an_order, **PAPER)),
    Act(
        orders.note_paper_read,
        P.READ,
        lambda c: number_of(c.order(papers=[orders.Paper(**PAPER)]).papers.get()),
        by="auditor",
    ),
    # Exhibits
    Act(
        exhibits.add_exhibit,
        P.EVIDENCE,
        lambda c: {
            "upload": evidence.upload_whole(c).token,
            "title": "Chat log",
            "source": exhibits.Source("Agent Lee", "Encrypted mail", moment()),
        },
    ),
    Act(
        exhibits.hand_over,
        P.EVIDENCE,
        lambda c: {
            **number_of(shown := evidence.exhibit(c)),
            "kind": "handed_over",
            "happened_at": moment(),
            "found": shown.sha256,
            "other_person": "Agent Lee",
            "how": "By hand",
            "why": "For the trial",
        },
    ),
    Act(
        exhibits.note_exhibit_taken,
        P.READ,
        lambda c: {**number_of(shown := evidence.exhibit(c)), "found": shown.sha256},
        by="auditor",
    ),
    # Alerts
    Act(alerts.acknowledge_alert, P.WALLETS, with_values(an_alert, note="The exchange's own sweep.")),
    Act(alerts.set_threshold, P.WALLETS, lambda c: ETHER | {"minimum": 5}),
    Act(alerts.remove_threshold, P.WALLETS, a_threshold),
    # Freezes
    Act(
        freezes.propose_freeze,
        P.FREEZE_PROPOSE,
        lambda c: {
            "account_number": c.account().number,
            "scope": "account",
            "reason": "Asked for",
            "amounts": [],
            "policy_hold": "By telephone",
            "formal_order_by": SOON,
        },
    ),
    Act(freezes.approve_freeze, P.FREEZE_APPROVE, frozen(), by="approver"),
    Act(freezes.reject_freeze, P.FREEZE_APPROVE, with_values(frozen(), comment="No"), by="approver"),
    Act(freezes.cancel_freeze, P.FREEZE_PROPOSE, with_values(frozen(), reason="No")),
    Act(freezes.begin_apply, P.FREEZE_APPLY, frozen("approve")),
    Act(
        freezes.mark_applied,
        P.FREEZE_APPLY,
        lambda c: frozen("approve", "apply")(c) | {"applied_at": moment()},
    ),
    Act(
        freezes.mark_apply_failed,
        P.FREEZE_APPLY,
        with_values(frozen("approve", "apply"), reason="System down"),
    ),
    Act(
        freezes.confirm_freeze,
        P.FREEZE_APPLY,
        with_values(frozen("approve", "apply", "applied"), confirmation="Ticket"),
    ),
    Act(
        freezes.mark_wrong_target,
        P.FREEZE_APPLY,
        with_values(frozen("approve", "apply", "applied"), reason="Namesake"),
    ),
    Act(
        freezes.propose_release,
        P.FREEZE_PROPOSE,
        with_values(frozen("approve", "apply", "applied", "confirm"), reason="Ended"),
    ),
    Act(
        freezes.decide_release,
        P.FREEZE_APPROVE,
        with_values(frozen("approve", "apply", "applied", "confirm", "release"), agrees=True),
        by="approver",
    ),
    # Shares and files
    Act(
        shares.share_matter,
        P.SHARE,
        lambda c: {
            "order_number": c.accepted_order().number,
            "liaison": c.liaison,
            "purpose": "For the court",
            "ends_at": moment() + timedelta(days=3),
        },
    ),
    Act(shares.end_share, P.SHARE, lambda c: number_of(c.share(c.accepted_order())) | {"reason": "Done"}),
    Act(exports.request_export, P.EXPORT),
    Act(exports.note_download, P.READ, ready_export, by="auditor"),
]


def matter(casework: Casework, permission: Permission) -> MatterGrant:
    """A share of a fresh order, entered by the liaison."""
    share = casework.share(casework.accepted_order(reference=f"DEMO-{moment().timestamp()}"))
    return access.matter_for(casework.liaison, share.reference, permission, at=moment())
