"""What a freeze looks like from outside, with its amounts, proofs and signatures."""

from typing import Any

from django.db.models import Prefetch, QuerySet
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from cases.api.fields import Amount, Choice, Flag, Moment, Person, Shape, Text, Whole
from cases.models import (
    AccountHolding,
    Case,
    FreezeAmount,
    FreezeApproval,
    FreezeOrder,
    FreezeScope,
    Through,
)
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
    ends_at = Moment(allow_null=True)
    corrects = Whole(source="corrects.number", allow_null=True, default=None)
    approvals_required = Whole()
    approvals_because = serializers.JSONField(
        help_text=_("The thresholds that asked for a second approval, as they stood at the proposal.")
    )
    approvals = ApprovalOut(many=True)
    amounts = FreezeAmountOut(many=True)
    is_fictional = Flag()
    proposed_at = Moment()
    proposed_by = Person()
    approved_at = Moment(allow_null=True)
    applied_at = Moment(allow_null=True)
    applied_by = Person(allow_null=True)
    applied_through = Choice(Through.choices)
    confirmed_at = Moment(allow_null=True)
    confirmed_by = Person(allow_null=True)
    confirmed_through = Choice(Through.choices)
    confirmation = Text()
    release_proposed_at = Moment(allow_null=True)
    release_proposed_by = Person(allow_null=True)
    release_reason = Text()
    released_at = Moment(allow_null=True)
    released_by = Person(allow_null=True)


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
        FreezeOrder.objects.of(case)
        .select_related(
            "wallet__wallet",
            "account",
            "obligation__order",
            "proposed_by",
            "applied_by",
            "confirmed_by",
            "release_proposed_by",
            "released_by",
            "corrects",
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
