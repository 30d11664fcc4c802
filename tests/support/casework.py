"""Casework made through the actions, as people make it."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from cases import access
from cases.access import Grant
from cases.actions import (
    accounts,
    cases,
    closing,
    freezes,
    orders,
    particulars,
    people,
    shares,
    subjects,
    wallets,
)
from cases.actions.freezes import AmountAsked
from cases.actions.orders import Duty
from cases.models import (
    Case,
    CaseWallet,
    ExchangeAccount,
    FreezeOrder,
    LegalOrder,
    MatterShare,
    Particular,
    Subject,
)
from cases.models.instruments import shipped
from cases.people.models import User
from cases.permissions import Permission

_numbers = itertools.count(1)
PASSWORD = "correct horse battery staple"
ETHEREUM = "0x97b1043abd9e6fc31681635166d430a458d14f9c"


def moment() -> datetime:
    return datetime.now(UTC)


def make_person(role: str, name: str = "", **kwargs: Any) -> User:
    """A person with this role and `PASSWORD`, added as the installation's own command does."""
    number = next(_numbers)
    return people.add_person(
        by=None,
        at=moment(),
        email=f"{role}.{number}@example.test",
        name=name or f"{role.title()} {number}",
        role=role,
        password=PASSWORD,
        agency=kwargs.pop("agency", "Example Bureau" if role == "liaison" else ""),
        **kwargs,
    )


def permitting(duties: Sequence[Duty]) -> str:
    """An instrument under which such duties stand; a seizure warrant where that is enough."""
    asked = {duty.kind for duty in duties}
    for key in ("seizure_warrant", "mlat_request", "keep_open_request", *shipped()):
        if asked <= set(shipped()[key]["permits"]):
            return key
    raise AssertionError(f"no instrument permits {asked}")


@dataclass
class Casework:
    """One case and everybody who stands in some relation to it."""

    case: Case
    lead: User
    approver: User
    second_approver: User
    counsel: User
    reader: User
    outsider: User
    auditor: User
    liaison: User
    administrator: User

    @classmethod
    def opened(cls) -> "Casework":
        lead = make_person("investigator")
        case = cases.open_case(
            by=lead,
            at=moment(),
            title="Remote workers",
            typology="dprk_it_workers",
            classification="confidential",
        )
        self = cls(
            case=case,
            lead=lead,
            approver=make_person("approver"),
            second_approver=make_person("approver"),
            counsel=make_person("counsel"),
            reader=make_person("investigator"),
            outsider=make_person("investigator"),
            auditor=make_person("auditor"),
            liaison=make_person("liaison"),
            administrator=make_person("administrator"),
        )
        for user in (self.approver, self.second_approver, self.counsel):
            cases.add_member(grant=self.grant(Permission.MEMBERS), at=moment(), user=user)
        cases.add_member(grant=self.grant(Permission.MEMBERS), at=moment(), user=self.reader, reader=True)
        return self

    def grant(self, permission: Permission, user: User | None = None) -> Grant:
        """The door, opened for the lead or somebody else."""
        return access.case_for(user or self.lead, self.case.reference, permission)

    def subject(self, **kwargs: Any) -> Subject:
        values: dict[str, Any] = {
            "kind": "person",
            "name": "Kim Example",
            "role": "subject",
            "attribution_source": "OFAC press release of 23 May 2023",
            "attribution_confidence": "high",
        }
        return subjects.add_subject(grant=self.grant(Permission.EDIT), at=moment(), **(values | kwargs))

    def particular(self, subject: int = 1, **kwargs: Any) -> Particular:
        values: dict[str, Any] = {
            "kind": "passport",
            "value": "M 1234-5678",
            "country": "KP",
            "source": "Copy given when the account was opened",
        }
        return particulars.add_particular(
            grant=self.grant(Permission.IDENTITY), at=moment(), subject=subject, **(values | kwargs)
        )

    def wallet(self, address: str = ETHEREUM, chain: str = "ethereum", **kwargs: Any) -> CaseWallet:
        values: dict[str, Any] = {
            "role": "subject",
            "attribution_source": "OFAC SDN list",
            "attribution_confidence": "high",
        }
        return wallets.attach_wallet(
            grant=self.grant(Permission.WALLETS),
            at=moment(),
            chain=chain,
            address=address,
            **(values | kwargs),
        )

    def account(self, account_number: str = "EX-1001", **kwargs: Any) -> ExchangeAccount:
        values: dict[str, Any] = {
            "holder": "Example Holder",
            "reported_status": "active",
            "reported_at": moment() - timedelta(hours=1),
        }
        return accounts.attach_account(
            grant=self.grant(Permission.ACCOUNTS),
            at=moment(),
            account_number=account_number,
            **(values | kwargs),
        )

    def holding(
        self,
        account: ExchangeAccount,
        amount: int = 5_000_000,
        asset: str = "USDT",
        decimals: int = 6,
        observed_at: datetime | None = None,
    ) -> None:
        accounts.record_holding(
            grant=self.grant(Permission.ACCOUNTS),
            at=moment(),
            number=account.number,
            asset=asset,
            decimals=decimals,
            amount=amount,
            source="Ledger export",
            observed_at=observed_at or moment() - timedelta(minutes=5),
        )

    def order(
        self, *, reference: str = "DEMO-1", duties: list[Duty] | None = None, **kwargs: Any
    ) -> LegalOrder:
        at = moment()
        if duties is None:
            duties = [Duty("freeze", "Hold the assets.", due_at=at + timedelta(days=4))]
        values: dict[str, Any] = {
            "instrument": permitting(duties),
            "issuing_authority": "U.S. District Court, D.D.C.",
            "agency_reference": reference,
            "jurisdiction": "US",
            "legal_basis": "18 USC 981(b)",
            "scope": "All assets in the account.",
            "issued_at": at - timedelta(days=3),
            "served_at": at - timedelta(days=2),
            "received_at": at - timedelta(days=2),
            "due_at": at + timedelta(days=5),
        }
        return orders.record_order(
            grant=self.grant(Permission.ORDERS), at=at, duties=duties, **(values | kwargs)
        )

    def accepted_order(self, **kwargs: Any) -> LegalOrder:
        """An order that went the whole way up to accepted."""
        order = self.order(**kwargs)
        number = order.number
        orders.move_order(grant=self.grant(Permission.ORDERS), at=moment(), number=number, to="verifying")
        orders.verify_order(
            grant=self.grant(Permission.ORDER_VERIFY),
            at=moment(),
            number=number,
            authentic=True,
            method="call_back",
            contact="Clerk's office",
            contact_source="The court's own site",
        )
        orders.move_order(grant=self.grant(Permission.ORDERS), at=moment(), number=number, to="in_review")
        return orders.move_order(
            grant=self.grant(Permission.ORDER_DECIDE, self.counsel),
            at=moment(),
            number=number,
            to="accepted",
            reason="In order",
        )

    def proposed_freeze(self, *, by: User | None = None, **kwargs: Any) -> FreezeOrder:
        """A proposal on an account with a holding, under an accepted order unless other targets are given."""
        if "wallet_number" not in kwargs and "account_number" not in kwargs:
            account = self.account(f"EX-{next(_numbers)}")
            self.holding(account)
            kwargs["account_number"] = account.number
            kwargs.setdefault("scope", "asset")
            kwargs.setdefault("amounts", [AmountAsked("USDT")])
        if "obligation_number" not in kwargs and "policy_hold" not in kwargs:
            order = self.accepted_order(reference=f"DEMO-{next(_numbers)}")
            kwargs["obligation_number"] = order.obligations.get().number
        values: dict[str, Any] = {"reason": "Asked for by the order.", "amounts": [AmountAsked("ETH")]}
        values["scope"] = "address" if "wallet_number" in kwargs else "account"
        return freezes.propose_freeze(
            grant=self.grant(Permission.FREEZE_PROPOSE, by), at=moment(), **(values | kwargs)
        )

    def under_investigation(self) -> None:
        """The case is worked on, so that its closing can be asked for."""
        cases.move_case(grant=self.grant(Permission.MOVE), at=moment(), to="under_investigation")

    def asked_to_close(self, disposition: str = "referred") -> None:
        """The lead asked for the closing."""
        self.case.refresh_from_db()
        if self.case.status == "open":
            self.under_investigation()
        closing.ask_closing(
            grant=self.grant(Permission.MOVE), at=moment(), disposition=disposition, words="Nothing is left"
        )

    def closed(self, disposition: str = "referred") -> Case:
        """The case closed by two: the lead asked, the approver agreed."""
        self.asked_to_close(disposition)
        return self.closing_agreed()

    def closing_agreed(self) -> Case:
        """The approver closes what the lead asked to close."""
        at = moment()
        return closing.decide_closing(
            grant=self.grant(Permission.CLOSE, self.approver),
            at=at,
            agrees=True,
            retention="aml_us",
            counted_from=at.date(),
            counted_because="The last transaction",
        )

    def share(self, order: LegalOrder, **kwargs: Any) -> MatterShare:
        return shares.share_matter(
            grant=self.grant(Permission.SHARE),
            at=moment(),
            order_number=order.number,
            liaison=kwargs.pop("liaison", self.liaison),
            purpose="For the authority that issued the order",
            **kwargs,
        )
