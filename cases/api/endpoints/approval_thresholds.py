"""From which amounts on two people approve a freeze or a transfer."""

from django.http import HttpResponse
from rest_framework.request import Request
from rest_framework.response import Response

from cases import access
from cases.actions.freezes import set_approval_threshold
from cases.api.base import Endpoint
from cases.api.fields import Amount, Body, Moment, Person, Shape, Text, Whole
from cases.api.idempotency import Answer
from cases.api.schema import describe
from cases.permissions import GlobalPermission
from cases.queries.thresholds import current_thresholds


class ApprovalThresholdOut(Shape):
    """A threshold: of an asset in base units of `decimals`, or of a currency in its minor units."""

    asset = Text()
    currency = Text()
    decimals = Whole()
    amount = Amount(allow_null=True)
    reason = Text()
    set_at = Moment()
    set_by = Person()


class ApprovalThresholdsOut(Shape):
    """The thresholds that count now."""

    items = ApprovalThresholdOut(many=True)


class ApprovalThresholdIn(Body):
    """An asset with its decimals, or a currency; `amount` null takes the threshold back."""

    asset = Text(max_length=20, allow_blank=True, default="")
    decimals = Whole(min_value=0, max_value=36, default=0)
    currency = Text(max_length=3, allow_blank=True, default="")
    amount = Amount(allow_null=True)
    reason = Text(max_length=500)


class ApprovalThresholds(Endpoint):
    @describe(out=ApprovalThresholdsOut)
    def get(self, request: Request) -> Response:
        """The thresholds that count now."""
        access.require_global(self.user, GlobalPermission.SETTINGS)
        self.query()
        return self.show(ApprovalThresholdsOut, {"items": current_thresholds()})

    @describe(out=ApprovalThresholdOut, body=ApprovalThresholdIn, status=201)
    def post(self, request: Request) -> HttpResponse:
        """Set a threshold or take it back. What is proposed already keeps what it was proposed with."""
        access.require_global(self.user, GlobalPermission.THRESHOLDS)
        data = self.body(ApprovalThresholdIn)

        def act() -> Answer:
            row = set_approval_threshold(by=self.user, at=self.at, **data)
            return self.answer(ApprovalThresholdOut, row, status=201)

        return self.once(act)
