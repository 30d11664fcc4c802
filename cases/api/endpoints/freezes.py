"""Freeze orders from proposal to release. Two persons, always."""

from collections.abc import Callable

from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from cases.actions import freezes as actions
from cases.actions.freezes import AmountAsked
from cases.api.base import Endpoint, Paging
from cases.api.endpoints.freeze_shapes import FreezeAmountOut, FreezeOut, freezes_of
from cases.api.fields import Amount, Body, Choice, Flag, Moment, Nothing, Shape, Text, Whole, number
from cases.api.idempotency import Answer
from cases.api.schema import describe
from cases.models import FreezeOrder, FreezeScope
from cases.permissions import Permission
from cases.queries.held import held_of
from cases.queries.life import approval_diff
from cases.queries.other_freezes import other_freezes_on
from cases.status import FreezeStatus

__all__ = ["FreezeAmountOut", "FreezeOut", "freezes_of"]


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
    approvals_required = Whole(
        min_value=1,
        max_value=2,
        default=1,
        help_text=_("Above a threshold two are asked for, whatever this says."),
    )
    ends_at = Moment(
        required=False,
        allow_null=True,
        default=None,
        help_text=_("Until when the basis carries it; null: open-ended, or the date of a policy hold."),
    )
    corrects = number(
        required=False,
        allow_null=True,
        default=None,
        help_text=_("The freeze that hit the wrong target, which this one corrects."),
    )
    resembles_accepted = Flag(
        default=False, help_text=_("The target was compared with what the order names and looks like it.")
    )


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
    others_known = Flag(
        default=False, help_text=_("That other freezes hold the same target, and that it stays held by them.")
    )


class FreezesQuery(Paging):
    """Which freezes."""

    status = Choice(FreezeStatus.choices, required=False)


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
        for name in ("wallet", "account", "obligation", "corrects"):
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


class HeldOut(Shape):
    """What of one asset is still held, in base units. `at_freeze` null: nobody knows, so nothing may leave it."""

    asset = Text(source="row.asset")
    decimals = Whole(source="row.decimals")
    at_freeze = Amount(source="base", allow_null=True)
    kept_credits = Amount(source="kept")
    released = Amount()
    transferred = Amount(source="left")
    asked_for = Amount(source="asked")
    still_held = Amount(source="still", allow_null=True)


class OtherFreezeOut(Shape):
    """Another freeze on the same target, in whatever case the reader may see."""

    case = Text(source="case.reference")
    number = Whole()
    status = Choice(FreezeStatus.choices)


class HeldNowOut(Shape):
    """What a freeze still holds, and what else holds its target; `hidden`: not releasable, ask this desk."""

    assets = HeldOut(many=True)
    others = OtherFreezeOut(many=True)
    hidden = Flag()


class Held(Endpoint):
    @describe(out=HeldNowOut)
    def get(self, request: Request, ref: str, number: int) -> Response:
        """What is still held, per asset, and which other freezes hold the same target."""
        grant = self.door(Permission.READ)
        self.query()
        freeze = self.numbered(freezes_of(grant.case))
        others = other_freezes_on(freeze, self.user)
        return self.show(
            HeldNowOut,
            {"assets": held_of(freeze.pk), "others": others.seen, "hidden": others.hidden},
        )


class DiffRowOut(Shape):
    """One asset: what is there (`stale`: not of now), what other freezes hold of it, what this one would hold."""

    asset = Text(source="symbol")
    decimals = Whole()
    there = Amount(allow_null=True)
    stale = Flag()
    block_height = Whole(source="view.block_height", allow_null=True, default=None)
    observed_at = Moment(source="holding.observed_at", allow_null=True, default=None)
    others_hold = Amount(allow_null=True)
    would_hold = Amount(allow_null=True)


class NamedOut(Shape):
    """What the order names of the target's kind; `named`: the target is among it, or was found for it."""

    named = Flag()
    asked = serializers.ListField(child=Text())
    resembling = serializers.ListField(
        child=Text(), help_text=_("What it names that only looks like the target.")
    )


class DiffOut(Shape):
    """What an approval would change."""

    assets = DiffRowOut(many=True)
    named = NamedOut()
    others = OtherFreezeOut(many=True)
    hidden = Flag()


class Diff(Endpoint):
    @describe(out=DiffOut)
    def get(self, request: Request, ref: str, number: int) -> Response:
        """What is held now against what the freeze would hold: to be read before it is approved."""
        grant = self.door(Permission.READ)
        self.query()
        diff = approval_diff(self.numbered(freezes_of(grant.case)), self.user, at=self.at)
        return self.show(
            DiffOut,
            {
                "assets": diff.rows,
                "named": diff.named,
                "others": diff.others.seen,
                "hidden": diff.others.hidden,
            },
        )


class Step(Endpoint):
    """One step of a freeze: a door, a shape, an action."""

    permission: Permission
    shape: type[Body]
    step: Callable[..., FreezeOrder]

    def take(self) -> HttpResponse:
        """Open the door, take the step once, show the freeze."""
        grant = self.door(self.permission)
        freeze = self.numbered(FreezeOrder.objects.of(grant.case))
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
