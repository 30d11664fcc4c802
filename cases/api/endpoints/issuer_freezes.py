"""What is asked of tokens' issuers, and what the contracts say themselves."""

from collections.abc import Callable
from typing import Any

from django.http import HttpResponse
from django.urls import reverse
from rest_framework.request import Request
from rest_framework.response import Response

from cases.actions import freezes as actions
from cases.api.base import Endpoint, Paging
from cases.api.endpoints.freeze_changes import WhyIn
from cases.api.fields import Body, Choice, Moment, Person, Shape, Text, Whole
from cases.api.idempotency import Answer
from cases.api.schema import describe
from cases.models import FreezeOrder
from cases.permissions import Permission
from cases.queries.life import issuer_freezes_of
from cases.status import IssuerFreezeStatus

CONTRACT_STATES = [
    ("restricted", "restricted"),
    ("not_restricted", "not_restricted"),
    ("no_list", "no_list"),
]


class IssuerReadingOut(Shape):
    """What the contract said of the address at one block; `no_list`: it cannot be asked."""

    state = Choice(CONTRACT_STATES)
    block_height = Whole(allow_null=True)
    block_hash = Text()
    block_time = Moment(allow_null=True)
    provider = Text()
    looked_at = Moment()


class IssuerFreezeOut(Shape):
    """A request to a token's issuer. Only the confirmed transaction counts as applied."""

    number = Whole()
    freeze = Whole(source="freeze.number")
    status = Choice(IssuerFreezeStatus.choices)
    chain = Text(source="chain_asset.chain")
    asset = Text(source="chain_asset.symbol")
    contract = Text(source="chain_asset.contract")
    address = Text(source="freeze.wallet.wallet.address")
    issuer = Text()
    reference = Text()
    requested_at = Moment()
    requested_by = Person()
    submitted_at = Moment(allow_null=True)
    submitted_by = Person(allow_null=True)
    submitted_txid = Text()
    confirmed_at = Moment(allow_null=True)
    confirmed_by = Person(allow_null=True)
    confirmed_txid = Text()
    end_reason = Text()
    looked_at = Moment(allow_null=True)
    said = Text()
    readings = IssuerReadingOut(many=True)


class IssuerIn(Body):
    """Which token, who issues it, under which ticket or with whom."""

    contract = Text(max_length=120)
    issuer = Text(max_length=120)
    reference = Text(max_length=300)


class TxidIn(Body):
    """The transaction."""

    txid = Text(max_length=130)


class IssuerFreezes(Endpoint):
    @describe(out=IssuerFreezeOut, paged=True, query=Paging)
    def get(self, request: Request, ref: str) -> Response:
        """What was asked of issuers in the case."""
        grant = self.door(Permission.READ)
        return self.walk(IssuerFreezeOut, issuer_freezes_of(grant.case))


class OneIssuerFreeze(Endpoint):
    @describe(out=IssuerFreezeOut)
    def get(self, request: Request, ref: str, number: int) -> Response:
        """One request to an issuer."""
        grant = self.door(Permission.READ)
        self.query()
        return self.show(IssuerFreezeOut, self.numbered(issuer_freezes_of(grant.case)))


class RequestIssuerFreeze(Endpoint):
    @describe(out=IssuerFreezeOut, body=IssuerIn, status=201)
    def post(self, request: Request, ref: str, number: int) -> HttpResponse:
        """Record that the issuer of a token was asked to block the wallet of a freeze."""
        grant = self.door(Permission.FREEZE_APPLY)
        freeze = self.numbered(FreezeOrder.objects.of(grant.case))
        data = self.body(IssuerIn)

        def act() -> Answer:
            row = actions.request_issuer_freeze(grant=grant, at=self.at, number=freeze.number, **data)
            return self.answer(
                IssuerFreezeOut,
                issuer_freezes_of(grant.case).get(number=row.number),
                status=201,
                location=reverse("api-issuer-freeze", args=[ref, row.number]),
            )

        return self.once(act)


class IssuerStep(Endpoint):
    """One step of a request to an issuer."""

    shape: type[Body] = TxidIn
    step: Callable[..., Any]

    def take(self) -> HttpResponse:
        grant = self.door(Permission.FREEZE_APPLY)
        row = self.numbered(issuer_freezes_of(grant.case))
        data = self.body(self.shape)

        def act() -> Answer:
            type(self).step(grant=grant, at=self.at, number=row.number, **data)
            return self.answer(IssuerFreezeOut, issuer_freezes_of(grant.case).get(number=row.number))

        return self.once(act)


class SubmitIssuerFreeze(IssuerStep):
    step = staticmethod(actions.submit_issuer_freeze)

    @describe(out=IssuerFreezeOut, body=TxidIn)
    def post(self, request: Request, ref: str, number: int) -> HttpResponse:
        """Record the transaction that submits it; nothing is blocked by that."""
        return self.take()


class ConfirmIssuerFreeze(IssuerStep):
    step = staticmethod(actions.confirm_issuer_freeze)

    @describe(out=IssuerFreezeOut, body=TxidIn)
    def post(self, request: Request, ref: str, number: int) -> HttpResponse:
        """Record the transaction that confirms it, from which on the address is blocked."""
        return self.take()


class EndIssuerFreeze(IssuerStep):
    shape, step = WhyIn, staticmethod(actions.end_issuer_freeze)

    @describe(out=IssuerFreezeOut, body=WhyIn)
    def post(self, request: Request, ref: str, number: int) -> HttpResponse:
        """Record that it was refused or given up or, once confirmed, that the issuer lifted it."""
        return self.take()
