"""Accounts at the exchange itself, and what they held."""

from datetime import datetime

from django.db.models import QuerySet
from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from rest_framework.request import Request
from rest_framework.response import Response

from cases.actions import accounts as actions
from cases.api.base import Endpoint, Paging
from cases.api.fields import Amount, Body, Choice, Flag, Moment, Person, Shape, Text, Whole, number
from cases.api.idempotency import Answer
from cases.api.schema import describe
from cases.models import AccountHolding, AccountStatus, Case, ExchangeAccount
from cases.permissions import Permission
from cases.queries.paging import Key

HOLDING_KEYS = (
    Key("observed_at", datetime, descending=True),
    Key("recorded_at", datetime, descending=True),
    Key("asset", str),
)


class AccountOut(Shape):
    """An account at the exchange, with the status that an officer read in the exchange's own system."""

    number = Whole()
    account_number = Text()
    holder = Text()
    subject = Whole(source="subject.number", allow_null=True, default=None)
    reported_status = Choice(AccountStatus.choices)
    reported_at = Moment()
    remarks = Text()
    is_fictional = Flag()
    attached_at = Moment()
    attached_by = Person()


class AccountIn(Body):
    """An account to attach."""

    account_number = Text(max_length=64)
    holder = Text(max_length=300)
    subject = number(required=False, allow_null=True, default=None, help_text=_("The subject's number."))
    reported_status = Choice(AccountStatus.choices)
    reported_at = Moment()
    remarks = Text(max_length=5000, allow_blank=True, default="")


class ReportIn(Body):
    """What the exchange's system says now."""

    reported_status = Choice(AccountStatus.choices)
    reported_at = Moment()


class HoldingOut(Shape):
    """What the account held of one asset at one moment, in base units, and who says so."""

    asset = Text()
    decimals = Whole()
    amount = Amount()
    source = Text()  # type: ignore[assignment]
    observed_at = Moment()
    entered_by = Person(allow_null=True)
    recorded_at = Moment()


class HoldingIn(Body):
    """A figure from the exchange's books; an amount of 1.5 with 6 decimals is `"1500000"`."""

    asset = Text(max_length=16)
    decimals = Whole(min_value=0, max_value=36)
    amount = Amount()
    source = Text(max_length=200)  # type: ignore[assignment]
    observed_at = Moment()


def accounts_of(case: Case) -> QuerySet[ExchangeAccount]:
    return ExchangeAccount.objects.filter(case=case).select_related("subject", "attached_by")


class Accounts(Endpoint):
    @describe(out=AccountOut, paged=True, query=Paging)
    def get(self, request: Request, ref: str) -> Response:
        """The accounts attached to the case."""
        grant = self.door(Permission.READ)
        return self.walk(AccountOut, accounts_of(grant.case))

    @describe(out=AccountOut, body=AccountIn, status=201)
    def post(self, request: Request, ref: str) -> HttpResponse:
        """Attach an account."""
        grant = self.door(Permission.ACCOUNTS)
        data = self.body(AccountIn)
        data["subject_number"] = data.pop("subject")

        def act() -> Answer:
            account = actions.attach_account(grant=grant, at=self.at, **data)
            return self.answer(
                AccountOut, account, status=201, location=reverse("api-account", args=[ref, account.number])
            )

        return self.once(act)


class OneAccount(Endpoint):
    @describe(out=AccountOut)
    def get(self, request: Request, ref: str, number: int) -> Response:
        """One account."""
        grant = self.door(Permission.READ)
        self.query()
        return self.show(AccountOut, self.numbered(accounts_of(grant.case)))


class ReportAccount(Endpoint):
    @describe(out=AccountOut, body=ReportIn)
    def post(self, request: Request, ref: str, number: int) -> HttpResponse:
        """Record what the exchange's own system now says of the account."""
        grant = self.door(Permission.ACCOUNTS)
        self.numbered(accounts_of(grant.case))
        data = self.body(ReportIn)
        return self.once(
            lambda: self.answer(
                AccountOut,
                actions.report_account_status(grant=grant, at=self.at, number=number, **data),
            )
        )


class Holdings(Endpoint):
    @describe(out=HoldingOut, paged=True, query=Paging)
    def get(self, request: Request, ref: str, number: int) -> Response:
        """What the account held, the latest observation first."""
        grant = self.door(Permission.READ)
        account = self.numbered(accounts_of(grant.case))
        rows = AccountHolding.objects.filter(account=account).select_related("entered_by")
        return self.walk(HoldingOut, rows, keys=HOLDING_KEYS)

    @describe(out=HoldingOut, body=HoldingIn, status=201)
    def post(self, request: Request, ref: str, number: int) -> HttpResponse:
        """Record what the account held of one asset. Written once."""
        grant = self.door(Permission.ACCOUNTS)
        self.numbered(accounts_of(grant.case))
        data = self.body(HoldingIn)

        def act() -> Answer:
            holding = actions.record_holding(grant=grant, at=self.at, number=number, **data)
            # The database alone knows when it was recorded.
            holding.refresh_from_db()
            return self.answer(HoldingOut, holding, status=201)

        return self.once(act)
