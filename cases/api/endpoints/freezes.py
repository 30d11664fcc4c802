"""Freeze orders from proposal to release. Two persons, always."""

from collections.abc import Callable
from typing import Any

from django.db.models import Prefetch, QuerySet
from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from cases.actions import freezes as actions
from cases.actions.freezes import AmountAsked
from cases.api.base import Endpoint, Paging
from cases.api.fields import (
    Amount,
    Body,
    Choice,
    Flag,
    Moment,
    Nothing,
    Person,
    Shape,
    Text,
    Whole,
    number,
)
from cases.api.idempotency import Answer
from cases.api.schema import describe
from cases.models import AccountHolding, Case, FreezeAmount, FreezeApproval, FreezeOrder, FreezeScope
from cases.permissions import Permission
from cases.status import FreezeStatus
from wallets.models import ReadingBatch, Sighting


class ProofOut(Shape):
    """The balance at a moment: a reading of the chain (with its block), or a figure of the exchange's books."""

    amount = Amount()
    block_height = Whole(allow_null=True)
    block_hash = Text(allow_null=True)
    block_time = Moment(allow_null=True)
    provider = Text(allow_null=True)
    agreement = Choice(ReadingBatch.Agreement.choices, allow_null=True)
    seconded_by = Text(allow_null=True)
    looked_at = Moment(allow_null=True)
    source = Text(allow_null=True)  # type: ignore[assignment]
    observed_at = Moment(allow_null=True)


class FreezeAmountOut(Shape):
    """One asset of a freeze. `amount` null: whatever is there. `proposed` and `applied`: what was there then."""

    asset = Text()
    decimals = Whole()
    amount = Amount(allow_null=True)
    proposed = serializers.SerializerMethodField()
    applied = serializers.SerializerMethodField()

    @extend_schema_field(ProofOut(allow_null=True))
    def get_proposed(self, row: FreezeAmount) -> Any:
        return proof(row.sighting_proposed, row.holding_proposed)

    @extend_schema_field(ProofOut(allow_null=True))
    def get_applied(self, row: FreezeAmount) -> Any:
        return proof(row.sighting_applied, row.holding_applied)


class ApprovalOut(Shape):
    """One approver's word."""

    approver = Person()
    agrees = Flag()
    comment = Text()
    given_at = Moment()


class FreezeOut(Shape):
    """A freeze: basis (a duty in an order, or a policy hold), target (a wallet or an account), and how it went."""

    number = Whole()
    status = Choice(FreezeStatus.choices)
    scope = Choice(FreezeScope.choices)
    reason = Text()
    wallet = Whole(source="wallet.number", allow_null=True, default=None)
    account = Whole(source="account.number", allow_null=True, default=None)
    chain = Text(source="wallet.wallet.chain", allow_null=True, default=None)
    address = Text(source="wallet.wallet.address", allow_null=True, default=None)
    account_number = Text(source="account.account_number", allow_null=True, default=None)
    obligation = Whole(source="obligation.number", allow_null=True, default=None)
    order = Whole(source="obligation.order.number", allow_null=True, default=None)
    policy_hold = Text()
    formal_order_by = Moment(allow_null=True)
    approvals_required = Whole()
    approvals = ApprovalOut(many=True)
    amounts = FreezeAmountOut(many=True)
    is_fictional = Flag()
    proposed_at = Moment()
    proposed_by = Person()
    approved_at = Moment(allow_null=True)
    applied_at = Moment(allow_null=True)
    applied_by = Person(allow_null=True)
    confirmed_at = Moment(allow_null=True)
    confirmed_by = Person(allow_null=True)
    confirmation = Text()
    release_proposed_at = Moment(allow_null=True)
    release_proposed_by = Person(allow_null=True)
    release_reason = Text()
    released_at = Moment(allow_null=True)
    released_by = Person(allow_null=True)


class AmountIn(Body):
    """One asset to hold, in base units; `amount` null or left out: whatever is there."""

    asset = Text(max_length=16)
    amount = Amount(required=False, allow_null=True, default=None)


class FreezeIn(Body):
    """A proposal: one target (`wallet` or `account`), one basis (`obligation` or `policy_hold`)."""

    wallet = number(required=False, allow_null=True, default=None, help_text=_("The wallet's number."))
    account = number(required=False, allow_null=True, default=None, help_text=_("The account's number."))
    obligation = number(required=False, allow_null=True, default=None, help_text=_("The duty's number."))
    policy_hold = Text(max_length=2000, allow_blank=True, default="")
    formal_order_by = Moment(
        required=False,
        allow_null=True,
        default=None,
        help_text=_("For a policy hold: by when an order must be here."),
    )
    scope = Choice(FreezeScope.choices)
    reason = Text(max_length=5000)
    amounts = AmountIn(many=True, default=list, max_length=50)  # type: ignore[call-arg]
    approvals_required = Whole(min_value=1, max_value=2, default=1)


class ApproveIn(Body):
    """A word beside the signature."""

    comment = Text(max_length=2000, allow_blank=True, default="")


class RejectIn(Body):
    """Why not."""

    comment = Text(max_length=2000)


class ReasonIn(Body):
    """Why."""

    reason = Text(max_length=5000)


class AppliedIn(Body):
    """When the hold was set."""

    applied_at = Moment()


class ConfirmIn(Body):
    """The proof that the hold stands."""

    confirmation = Text(max_length=300, help_text=_("Ticket, screenshot, log line."))


class DecideIn(Body):
    """Release it, or keep it and say why."""

    agrees = Flag()
    comment = Text(max_length=2000, allow_blank=True, default="")


class FreezesQuery(Paging):
    """Which freezes."""

    status = Choice(FreezeStatus.choices, required=False)


def proof(sighting: Sighting | None, holding: AccountHolding | None) -> Any:
    """ProofOut of what stands behind a figure; None where nothing was known."""
    nothing = dict.fromkeys(ProofOut().fields)
    if sighting is not None:
        found = {
            **{name: getattr(sighting.batch, name, None) for name in nothing},
            "amount": sighting.amount,
            "looked_at": sighting.batch.taken_at,
        }
    elif holding is not None:
        found = {name: getattr(holding, name, None) for name in nothing}
    else:
        return None
    return ProofOut(found).data


def freezes_of(case: Case) -> QuerySet[FreezeOrder]:
    """Freezes with all that FreezeOut shows: three queries, however many there are."""
    return (
        FreezeOrder.objects.filter(case=case)
        .select_related(
            "wallet__wallet",
            "account",
            "obligation__order",
            "proposed_by",
            "applied_by",
            "confirmed_by",
            "release_proposed_by",
            "released_by",
        )
        .prefetch_related(
            Prefetch(
                "approvals", FreezeApproval.objects.select_related("approver").order_by("given_at", "id")
            ),
            Prefetch(
                "amounts",
                FreezeAmount.objects.select_related(
                    "sighting_proposed__batch",
                    "sighting_applied__batch",
                    "holding_proposed",
                    "holding_applied",
                ).order_by("asset"),
            ),
        )
    )


class Freezes(Endpoint):
    @describe(out=FreezeOut, paged=True, query=FreezesQuery)
    def get(self, request: Request, ref: str) -> Response:
        """The freezes of the case."""
        grant = self.door(Permission.READ)
        rows = freezes_of(grant.case)
        status = self.query(FreezesQuery).get("status")
        if status:
            rows = rows.filter(status=status)
        return self.walk(FreezeOut, rows, query=FreezesQuery)

    @describe(out=FreezeOut, body=FreezeIn, status=201)
    def post(self, request: Request, ref: str) -> HttpResponse:
        """Propose to hold a wallet or an account. Somebody else has to approve it."""
        grant = self.door(Permission.FREEZE_PROPOSE)
        data = self.body(FreezeIn)
        for name in ("wallet", "account", "obligation"):
            data[f"{name}_number"] = data.pop(name)
        data["amounts"] = [AmountAsked(**asked) for asked in data["amounts"]]

        def act() -> Answer:
            freeze = actions.propose_freeze(grant=grant, at=self.at, **data)
            return self.answer(
                FreezeOut,
                freezes_of(grant.case).get(number=freeze.number),
                status=201,
                location=reverse("api-freeze", args=[ref, freeze.number]),
            )

        return self.once(act)


class OneFreeze(Endpoint):
    @describe(out=FreezeOut)
    def get(self, request: Request, ref: str, number: int) -> Response:
        """One freeze."""
        grant = self.door(Permission.READ)
        self.query()
        return self.show(FreezeOut, self.numbered(freezes_of(grant.case)))


class Step(Endpoint):
    """One step of a freeze: a door, a shape, an action."""

    permission: Permission
    shape: type[Body]
    step: Callable[..., FreezeOrder]

    def take(self) -> HttpResponse:
        """Open the door, take the step once, show the freeze."""
        grant = self.door(self.permission)
        freeze = self.numbered(FreezeOrder.objects.filter(case=grant.case))
        data = self.body(self.shape)

        def act() -> Answer:
            type(self).step(grant=grant, at=self.at, number=freeze.number, **data)
            return self.answer(FreezeOut, freezes_of(grant.case).get(number=freeze.number))

        return self.once(act)


class Approve(Step):
    permission, shape, step = Permission.FREEZE_APPROVE, ApproveIn, staticmethod(actions.approve_freeze)

    @describe(out=FreezeOut, body=ApproveIn)
    def post(self, request: Request, ref: str, number: int) -> HttpResponse:
        """Approve a proposal. The proposer never can."""
        return self.take()


class Reject(Step):
    permission, shape, step = Permission.FREEZE_APPROVE, RejectIn, staticmethod(actions.reject_freeze)

    @describe(out=FreezeOut, body=RejectIn)
    def post(self, request: Request, ref: str, number: int) -> HttpResponse:
        """Reject a proposal."""
        return self.take()


class Cancel(Step):
    permission, shape, step = Permission.FREEZE_PROPOSE, ReasonIn, staticmethod(actions.cancel_freeze)

    @describe(out=FreezeOut, body=ReasonIn)
    def post(self, request: Request, ref: str, number: int) -> HttpResponse:
        """Give up a freeze that was not applied."""
        return self.take()


class Apply(Step):
    permission, shape, step = Permission.FREEZE_APPLY, Nothing, staticmethod(actions.begin_apply)

    @describe(out=FreezeOut, body=Nothing)
    def post(self, request: Request, ref: str, number: int) -> HttpResponse:
        """Say that the hold is now being set in the exchange's own system."""
        return self.take()


class Applied(Step):
    permission, shape, step = Permission.FREEZE_APPLY, AppliedIn, staticmethod(actions.mark_applied)

    @describe(out=FreezeOut, body=AppliedIn)
    def post(self, request: Request, ref: str, number: int) -> HttpResponse:
        """Say that the hold is set. The balances known at this moment are kept with it."""
        return self.take()


class ApplyFailed(Step):
    permission, shape, step = Permission.FREEZE_APPLY, ReasonIn, staticmethod(actions.mark_apply_failed)

    @describe(out=FreezeOut, body=ReasonIn)
    def post(self, request: Request, ref: str, number: int) -> HttpResponse:
        """Say that the hold could not be set; it can be tried again."""
        return self.take()


class Confirm(Step):
    permission, shape, step = Permission.FREEZE_APPLY, ConfirmIn, staticmethod(actions.confirm_freeze)

    @describe(out=FreezeOut, body=ConfirmIn)
    def post(self, request: Request, ref: str, number: int) -> HttpResponse:
        """Record the proof that the hold stands; the duty that it rests on is met by that."""
        return self.take()


class WrongTarget(Step):
    permission, shape, step = Permission.FREEZE_APPLY, ReasonIn, staticmethod(actions.mark_wrong_target)

    @describe(out=FreezeOut, body=ReasonIn)
    def post(self, request: Request, ref: str, number: int) -> HttpResponse:
        """Say that the hold hit the wrong target and was taken off."""
        return self.take()


class Release(Step):
    permission, shape, step = Permission.FREEZE_PROPOSE, ReasonIn, staticmethod(actions.propose_release)

    @describe(out=FreezeOut, body=ReasonIn)
    def post(self, request: Request, ref: str, number: int) -> HttpResponse:
        """Ask for the end of a hold."""
        return self.take()


class DecideRelease(Step):
    permission, shape, step = Permission.FREEZE_APPROVE, DecideIn, staticmethod(actions.decide_release)

    @describe(out=FreezeOut, body=DecideIn)
    def post(self, request: Request, ref: str, number: int) -> HttpResponse:
        """Release the hold or keep it; never the one who asked."""
        return self.take()
