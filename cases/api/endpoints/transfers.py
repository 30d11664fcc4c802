"""Transfers out of freezes to the authority's wallet. The chain alone settles them."""

from collections.abc import Callable
from typing import Any

from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from cases.actions import freezes as actions
from cases.actions.freezes import AmountAsked, TestTransfer
from cases.api.base import Endpoint, Paging
from cases.api.endpoints.addresses import CHAIN_CHOICES
from cases.api.endpoints.freeze_changes import AgreeIn, PartIn, WhyIn
from cases.api.endpoints.freeze_shapes import ApprovalOut
from cases.api.fields import Amount, Body, Choice, Flag, Moment, Nothing, Person, Shape, Text, Whole, number
from cases.api.idempotency import Answer
from cases.api.schema import describe
from cases.models import DestinationCheck, FreezeOrder, LegState
from cases.permissions import Permission
from cases.queries.life import transfers_of
from cases.status import TransferStatus


class TransferLegOut(Shape):
    """One transaction of a transfer, and what the chain said of it. `fee` is in base units of the native coin."""

    asset = Text(source="held.asset")
    decimals = Whole(source="held.decimals")
    amount = Amount()
    is_test = Flag()
    state = Choice(LegState.choices)
    txid = Text()
    fee = Amount(allow_null=True)
    sent_at = Moment(allow_null=True)
    sent_by = Person(allow_null=True)
    confirmations = Whole()
    confirmations_required = Whole()
    block_height = Whole(allow_null=True)
    block_hash = Text()
    block_time = Moment(allow_null=True)
    provider = Text()
    looked_at = Moment(allow_null=True)
    said = Text(help_text=_("What the chain said last, or the code of the error."))
    paid_state = Text(help_text=_("`told` with `paid`, `cannot_tell`, or empty before it is in a block."))
    paid = Amount(
        allow_null=True,
        help_text=_("What of the asset the transaction gave to the destination, in base units."),
    )


class TransferOut(Shape):
    """A transfer. `takes_all`: nothing remains held after it, and the freeze ends with it."""

    number = Whole()
    freeze = Whole(source="freeze.number")
    obligation = Whole(source="obligation.number")
    status = Choice(TransferStatus.choices)
    chain = Text()
    destination = Text()
    destination_typed = Text()
    checksum = Text()
    resembles = serializers.JSONField(help_text=_("Known addresses that the destination looks like."))
    check_method = Choice(DestinationCheck.choices)
    check_contact = Text()
    takes_all = Flag()
    test_wanted = Flag()
    reason = Text()
    approvals_required = Whole()
    approvals_because = serializers.JSONField()
    approvals = ApprovalOut(many=True)
    legs = TransferLegOut(many=True)
    proposed_at = Moment()
    proposed_by = Person()
    approved_at = Moment(allow_null=True)
    begun_at = Moment(allow_null=True)
    begun_by = Person(allow_null=True)
    sent_at = Moment(allow_null=True)
    ended_at = Moment(allow_null=True)
    end_reason = Text()
    receipt = Text()


class TransferIn(Body):
    """A proposal. The destination stands twice, each read from the paper; both must be the same address."""

    obligation = number(help_text=_("The duty to transfer, by its number."))
    chain = Choice(CHAIN_CHOICES)
    destination = Text(max_length=600)
    destination_again = Text(max_length=600)
    check_method = Choice(DestinationCheck.choices)
    check_contact = Text(max_length=300)
    amounts = PartIn(many=True, allow_empty=False, max_length=50)  # type: ignore[call-arg]
    reason = Text(max_length=5000)
    takes_all = Flag(default=False)
    test = PartIn(
        required=False,
        allow_null=True,
        default=None,
        help_text=_("A part of the amount that is sent, and confirmed, before the rest may go."),
    )
    no_checksum_accepted = Flag(default=False)
    resembles_accepted = Flag(default=False)


class SentIn(Body):
    """The transaction of one asset, or of the test, with its fee in base units of the native coin."""

    asset = Text(max_length=20)
    txid = Text(max_length=130)
    fee = Amount(required=False, allow_null=True, default=None)
    sent_at = Moment(required=False, allow_null=True, default=None)
    is_test = Flag(default=False)


class ReceiptIn(Body):
    """The authority's receipt."""

    receipt = Text(max_length=300)


class TransfersQuery(Paging):
    """Which transfers."""

    status = Choice(TransferStatus.choices, required=False)


class Transfers(Endpoint):
    @describe(out=TransferOut, paged=True, query=TransfersQuery)
    def get(self, request: Request, ref: str) -> Response:
        """The transfers of the case."""
        grant = self.door(Permission.READ)
        rows = transfers_of(grant.case)
        status = self.query(TransfersQuery).get("status")
        return self.walk(TransferOut, rows.filter(status=status) if status else rows, query=TransfersQuery)


class OneTransfer(Endpoint):
    @describe(out=TransferOut)
    def get(self, request: Request, ref: str, number: int) -> Response:
        """One transfer."""
        grant = self.door(Permission.READ)
        self.query()
        return self.show(TransferOut, self.numbered(transfers_of(grant.case)))


class ProposeTransfer(Endpoint):
    @describe(out=TransferOut, body=TransferIn, status=201)
    def post(self, request: Request, ref: str, number: int) -> HttpResponse:
        """Propose to send amounts out of a freeze. Somebody else has to approve it."""
        grant = self.door(Permission.FREEZE_PROPOSE)
        freeze = self.numbered(FreezeOrder.objects.of(grant.case))
        data = self.body(TransferIn)
        data["obligation_number"] = data.pop("obligation")
        data["amounts"] = [AmountAsked(**part) for part in data["amounts"]]
        data["test"] = None if data["test"] is None else TestTransfer(**data["test"])

        def act() -> Answer:
            transfer = actions.propose_transfer(grant=grant, at=self.at, number=freeze.number, **data)
            return self.answer(
                TransferOut,
                transfers_of(grant.case).get(number=transfer.number),
                status=201,
                location=reverse("api-transfer", args=[ref, transfer.number]),
            )

        return self.once(act)


class TransferStep(Endpoint):
    """One step of a transfer: a door, a shape, an action."""

    permission: Permission = Permission.FREEZE_APPLY
    shape: type[Body]
    step: Callable[..., Any]

    def take(self) -> HttpResponse:
        grant = self.door(self.permission)
        transfer = self.numbered(transfers_of(grant.case))
        data = self.body(self.shape)

        def act() -> Answer:
            type(self).step(grant=grant, at=self.at, number=transfer.number, **data)
            return self.answer(TransferOut, transfers_of(grant.case).get(number=transfer.number))

        return self.once(act)


class DecideTransfer(TransferStep):
    permission, shape, step = Permission.FREEZE_APPROVE, AgreeIn, staticmethod(actions.decide_transfer)

    @describe(out=TransferOut, body=AgreeIn)
    def post(self, request: Request, ref: str, number: int) -> HttpResponse:
        """Approve or refuse; never the proposer."""
        return self.take()


class WithdrawTransfer(TransferStep):
    permission, shape, step = Permission.FREEZE_PROPOSE, WhyIn, staticmethod(actions.withdraw_transfer)

    @describe(out=TransferOut, body=WhyIn)
    def post(self, request: Request, ref: str, number: int) -> HttpResponse:
        """Give up a transfer of which nothing was sent."""
        return self.take()


class BeginTransfer(TransferStep):
    shape, step = Nothing, staticmethod(actions.begin_transfer)

    @describe(out=TransferOut, body=Nothing)
    def post(self, request: Request, ref: str, number: int) -> HttpResponse:
        """Say that it is now being sent from the exchange's own system."""
        return self.take()


class SentTransfer(TransferStep):
    shape, step = SentIn, staticmethod(actions.record_sent)

    @describe(out=TransferOut, body=SentIn)
    def post(self, request: Request, ref: str, number: int) -> HttpResponse:
        """Record the transaction of one asset, or of the test. The chain is asked for it from then on."""
        return self.take()


class FailTransfer(TransferStep):
    shape, step = WhyIn, staticmethod(actions.fail_transfer)

    @describe(out=TransferOut, body=WhyIn)
    def post(self, request: Request, ref: str, number: int) -> HttpResponse:
        """Say that it failed: nothing was sent, or the chain does not know what was."""
        return self.take()


class ReceiptTransfer(TransferStep):
    shape, step = ReceiptIn, staticmethod(actions.record_receipt)

    @describe(out=TransferOut, body=ReceiptIn)
    def post(self, request: Request, ref: str, number: int) -> HttpResponse:
        """Record the authority's receipt of a settled transfer."""
        return self.take()
