"""What orders name, exactly as they name it, and what was found for each."""

from django.db.models import Prefetch, QuerySet
from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from rest_framework.request import Request
from rest_framework.response import Response

from cases.actions import orders as actions
from cases.actions.orders import Asked
from cases.api.base import Endpoint, Paging
from cases.api.fields import Body, Choice, Moment, Person, Shape, Text, TimeZone, Whole, number
from cases.api.idempotency import Answer
from cases.api.schema import describe
from cases.models import Case, Finding, FindingOutcome, LegalOrder, Selector, SelectorKind
from cases.permissions import Permission


class FindingOut(Shape):
    """What one look for a selector brought."""

    outcome = Choice(FindingOutcome.choices)
    wallet = Whole(source="wallet.number", allow_null=True, default=None)
    account = Whole(source="account.number", allow_null=True, default=None)
    remarks = Text()
    found_at = Moment()
    found_by = Person()


class SelectorOut(Shape):
    """One thing that an order names. Its number is its own within the case."""

    number = Whole()
    order = Whole(source="order.number")
    kind = Choice(SelectorKind.choices)
    value = Text(trim_whitespace=False, help_text=_("Exactly as it was typed."))
    starts_at = Moment(allow_null=True)
    ends_at = Moment(allow_null=True)
    time_zone = Text()
    findings = FindingOut(many=True)


class SelectorIn(Body):
    """A selector as the order has it."""

    kind = Choice(SelectorKind.choices)
    value = Text(max_length=500, trim_whitespace=False)
    starts_at = Moment(required=False, allow_null=True, default=None)
    ends_at = Moment(required=False, allow_null=True, default=None)
    time_zone = TimeZone(default="UTC")


class FindingIn(Body):
    """What came of a look: with `found`, the number of a wallet or of an account of the case."""

    outcome = Choice(FindingOutcome.choices)
    wallet = number(required=False, allow_null=True, default=None)
    account = number(required=False, allow_null=True, default=None)
    remarks = Text(max_length=1000, allow_blank=True, default="")


def selectors_of(case: Case) -> QuerySet[Selector]:
    return (
        Selector.objects.of(case)
        .select_related("order")
        .prefetch_related(
            Prefetch(
                "findings",
                Finding.objects.select_related("wallet", "account", "found_by").order_by("found_at", "id"),
            )
        )
    )


class Selectors(Endpoint):
    @describe(out=SelectorOut, paged=True, query=Paging)
    def get(self, request: Request, ref: str) -> Response:
        """What every order in the case names."""
        grant = self.door(Permission.READ)
        return self.walk(SelectorOut, selectors_of(grant.case))


class OneSelector(Endpoint):
    @describe(out=SelectorOut)
    def get(self, request: Request, ref: str, number: int) -> Response:
        """One selector with what was found for it."""
        grant = self.door(Permission.READ)
        self.query()
        return self.show(SelectorOut, self.numbered(selectors_of(grant.case)))


class OrderSelectors(Endpoint):
    @describe(out=SelectorOut, body=SelectorIn, status=201)
    def post(self, request: Request, ref: str, number: int) -> HttpResponse:
        """Add something that the order names."""
        grant = self.door(Permission.ORDERS)
        self.numbered(LegalOrder.objects.of(grant.case))
        data = self.body(SelectorIn)

        def act() -> Answer:
            made = actions.add_selector(grant=grant, at=self.at, order_number=number, asked=Asked(**data))
            return self.answer(
                SelectorOut,
                selectors_of(grant.case).get(number=made.number),
                status=201,
                location=reverse("api-selector", args=[ref, made.number]),
            )

        return self.once(act)


class Findings(Endpoint):
    @describe(out=SelectorOut, body=FindingIn)
    def post(self, request: Request, ref: str, number: int) -> HttpResponse:
        """Record what a look for the selector brought. Each look is kept."""
        grant = self.door(Permission.ORDERS)
        self.numbered(Selector.objects.of(grant.case))
        data = self.body(FindingIn)

        def act() -> Answer:
            actions.record_finding(
                grant=grant,
                at=self.at,
                number=number,
                outcome=data["outcome"],
                wallet_number=data["wallet"],
                account_number=data["account"],
                remarks=data["remarks"],
            )
            return self.answer(SelectorOut, selectors_of(grant.case).get(number=number))

        return self.once(act)
