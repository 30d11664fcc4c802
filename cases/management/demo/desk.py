"""How the demo works in a case: the doors and actions that people use, with the moment handed in."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from cases import receiving
from cases.access import Grant, case_for
from cases.actions import accounts, cases, exhibits, freezes, orders, particulars, subjects, wallets
from cases.models import (
    Case,
    CaseWallet,
    ExchangeAccount,
    Exhibit,
    FreezeOrder,
    LegalOrder,
    Particular,
    Subject,
)
from cases.people.models import User
from cases.permissions import Permission

MINUTE = timedelta(minutes=1)


@dataclass(frozen=True)
class DevelopmentWallet:
    """A funded address on the local development chain."""

    label: str
    address: str


@dataclass
class Desk:
    """One case and who leads it."""

    case: Case
    lead: User

    def open(self, permission: Permission, by: User | None = None) -> Grant:
        return case_for(by or self.lead, self.case.reference, permission)

    def join(self, at: datetime, *people: User) -> None:
        for person in people:
            cases.add_member(grant=self.open(Permission.MEMBERS), at=at, user=person)

    def investigate(self, at: datetime) -> None:
        cases.move_case(grant=self.open(Permission.MOVE), at=at, to="under_investigation")

    def note(self, at: datetime, text: str) -> None:
        cases.write_note(grant=self.open(Permission.NOTE), at=at, text=text)

    def subject(self, at: datetime, **facts: Any) -> Subject:
        return subjects.add_subject(grant=self.open(Permission.EDIT), at=at, **facts)

    def particular(self, at: datetime, **facts: Any) -> Particular:
        return particulars.add_particular(grant=self.open(Permission.IDENTITY), at=at, **facts)

    def exhibit(self, at: datetime, *, content: bytes, filename: str, **facts: Any) -> Exhibit:
        """An exhibit from a file of the demo, by the way that every file takes."""
        grant = self.open(Permission.EVIDENCE)
        begun = exhibits.begin_upload(grant=grant, at=at, filename=filename, size=len(content))
        receiving.append(begun.token, offset=0, chunks=[content], size=len(content))
        exhibits.keep_whole(grant=grant, at=at, token=begun.token, media_type="text/plain")
        return exhibits.add_exhibit(grant=grant, at=at, upload=begun.token, **facts)

    def wallet(self, at: datetime, **facts: Any) -> CaseWallet:
        return wallets.attach_wallet(grant=self.open(Permission.WALLETS), at=at, **facts)

    def account(self, at: datetime, *, holdings: dict[str, tuple[int, int]], **facts: Any) -> ExchangeAccount:
        """An account with what it holds: `{asset: (base units, decimals)}`."""
        account = accounts.attach_account(
            grant=self.open(Permission.ACCOUNTS), at=at, is_fictional=True, **facts
        )
        for asset, (amount, decimals) in holdings.items():
            accounts.record_holding(
                grant=self.open(Permission.ACCOUNTS),
                at=at,
                number=account.number,
                asset=asset,
                decimals=decimals,
                amount=amount,
                source="Exchange ledger (fictional)",
                observed_at=at - MINUTE,
            )
        return account

    def order(self, at: datetime, **facts: Any) -> LegalOrder:
        return orders.record_order(grant=self.open(Permission.ORDERS), at=at, is_fictional=True, **facts)

    def found(self, at: datetime, *, selector: int, account: int) -> None:
        """Record that a selector of an order is an account of the case."""
        orders.record_finding(
            grant=self.open(Permission.ORDERS),
            at=at,
            number=selector,
            outcome="found",
            account_number=account,
        )

    def verify(self, at: datetime, order: LegalOrder, *, method: str, contact: str, found: str) -> None:
        orders.move_order(grant=self.open(Permission.ORDERS), at=at, number=order.number, to="verifying")
        orders.verify_order(
            grant=self.open(Permission.ORDER_VERIFY),
            at=at + 40 * MINUTE,
            number=order.number,
            authentic=True,
            method=method,
            contact=contact,
            contact_source=found,
        )

    def accept(self, at: datetime, order: LegalOrder, *, by: User, reason: str) -> None:
        orders.move_order(grant=self.open(Permission.ORDERS), at=at, number=order.number, to="in_review")
        orders.move_order(
            grant=self.open(Permission.ORDER_DECIDE, by),
            at=at + 30 * MINUTE,
            number=order.number,
            to="accepted",
            reason=reason,
        )

    def fulfil(self, at: datetime, number: int, *, reason: str) -> None:
        """Start a duty and record that it was met."""
        for to in ("in_progress", "met"):
            orders.move_obligation(
                grant=self.open(Permission.ORDERS), at=at, number=number, to=to, reason=reason
            )

    def propose(self, at: datetime, **facts: Any) -> FreezeOrder:
        return freezes.propose_freeze(
            grant=self.open(Permission.FREEZE_PROPOSE), at=at, is_fictional=True, **facts
        )

    def carry_out(self, at: datetime, freeze: FreezeOrder, *, approver: User, proof: str) -> None:
        """Approve, set and confirm a freeze, in the order in which people do it."""
        number = freeze.number
        freezes.approve_freeze(
            grant=self.open(Permission.FREEZE_APPROVE, approver),
            at=at,
            number=number,
            comment="Basis and target compared with the paper.",
        )
        freezes.begin_apply(grant=self.open(Permission.FREEZE_APPLY), at=at + 10 * MINUTE, number=number)
        freezes.mark_applied(
            grant=self.open(Permission.FREEZE_APPLY),
            at=at + 20 * MINUTE,
            number=number,
            applied_at=at + 15 * MINUTE,
        )
        freezes.confirm_freeze(
            grant=self.open(Permission.FREEZE_APPLY),
            at=at + 50 * MINUTE,
            number=number,
            confirmation=proof,
        )
