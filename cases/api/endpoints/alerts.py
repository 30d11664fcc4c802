"""What a case was told of its wallets, and how small a movement is not worth telling."""

from typing import Any

from django.http import HttpResponse
from django.utils.translation import gettext_lazy as _
from rest_framework.request import Request
from rest_framework.response import Response

from cases.actions import alerts as actions
from cases.api.base import Endpoint, Paging, checked_cursor
from cases.api.endpoints.addresses import CHAIN_CHOICES
from cases.api.fields import Amount, Body, Choice, Moment, Person, Shape, Text, Whole
from cases.api.idempotency import Answer
from cases.api.schema import describe
from cases.models import AlertKind, Case
from cases.permissions import Permission
from cases.queries.alerts import LIST_KEYS, alerts_in, thresholds_of
from cases.queries.paging import keyset
from wallets.addresses import LONGEST


class LookOut(Shape):
    """A look at a chain: the block that it read, and when."""

    block_height = Whole()
    block_hash = Text()
    block_time = Moment()
    looked_at = Moment(source="taken_at")
    provider = Text()
    agreement = Text()
    seconded_by = Text()


class SourcesOut(Shape):
    """Two sources that named different amounts at one block."""

    provider = Text()
    amount = Amount()
    other_provider = Text()
    other_amount = Amount()


class AlertOut(Shape):
    """One change of one balance, or one disagreement about it. Amounts are base units."""

    number = Whole()
    kind = Choice(AlertKind.choices)
    wallet = Whole(source="wallet.number")
    chain = Text(source="wallet.wallet.chain")
    address = Text(source="wallet.wallet.address")
    asset = Text(source="chain_asset.symbol")
    contract = Text(source="chain_asset.contract", help_text=_("Empty for the chain's own coin."))
    decimals = Whole(source="chain_asset.decimals")
    before = Amount(allow_null=True, help_text=_("Null where sources disagree."))
    after = Amount(allow_null=True, help_text=_("Null where sources disagree."))
    before_look = LookOut(source="before_batch", allow_null=True)
    look = LookOut(source="batch")
    sources = SourcesOut(source="disagreement", allow_null=True)
    raised_at = Moment()
    acknowledged_at = Moment(allow_null=True)
    acknowledged_by = Person(allow_null=True)
    note = Text()


class AlertsQuery(Paging):
    """Which alerts."""

    which = Choice([("all", _("All")), ("open", _("Open"))], default="all", required=False)


class AcknowledgeIn(Body):
    """What is made of it."""

    note = Text(max_length=2000)


class ThresholdOut(Shape):
    """In this case a change of this asset smaller than `minimum` base units raises no alert."""

    chain = Text(source="chain_asset.chain")
    asset = Text(source="chain_asset.symbol")
    contract = Text(source="chain_asset.contract")
    decimals = Whole(source="chain_asset.decimals")
    minimum = Amount()
    set_at = Moment()
    set_by = Person()


class ThresholdsOut(Shape):
    """The thresholds of a case, by chain and asset."""

    items = ThresholdOut(many=True)


class ThresholdRemoveIn(Body):
    """Which asset, by its chain and its contract (empty for the chain's own coin)."""

    chain = Choice(CHAIN_CHOICES)
    contract = Text(max_length=LONGEST, allow_blank=True, required=False, default="")


class ThresholdIn(ThresholdRemoveIn):
    """From which size on movements of this asset are told."""

    minimum = Amount()


class Alerts(Endpoint):
    @describe(out=AlertOut, paged=True, query=AlertsQuery)
    def get(self, request: Request, ref: str) -> Response:
        """The alerts of the case: the open ones, then the others; of both the newest first."""
        grant = self.door(Permission.READ)
        asked = self.query(AlertsQuery)
        rows = alerts_in(grant.case)
        if asked["which"] == "open":
            rows = rows.filter(acknowledged_at__isnull=True)
        cursor = checked_cursor(asked, LIST_KEYS)
        return self.page(AlertOut, keyset(rows, keys=LIST_KEYS, after=cursor, size=asked["limit"]))


class OneAlert(Endpoint):
    @describe(out=AlertOut)
    def get(self, request: Request, ref: str, number: int) -> Response:
        """One alert."""
        grant = self.door(Permission.READ)
        self.query()
        return self.show(AlertOut, self.numbered(alerts_in(grant.case)))


class AcknowledgeAlert(Endpoint):
    @describe(out=AlertOut, body=AcknowledgeIn)
    def post(self, request: Request, ref: str, number: int) -> HttpResponse:
        """Say that the alert was seen and what is made of it; once."""
        grant = self.door(Permission.WALLETS)
        self.numbered(alerts_in(grant.case))
        data = self.body(AcknowledgeIn)

        def act() -> Answer:
            actions.acknowledge_alert(grant=grant, at=self.at, number=number, **data)
            return self.answer(AlertOut, alerts_in(grant.case).get(number=number))

        return self.once(act)


class Thresholds(Endpoint):
    @describe(out=ThresholdsOut)
    def get(self, request: Request, ref: str) -> Response:
        """The thresholds of the case."""
        grant = self.door(Permission.READ)
        self.query()
        return self.show(ThresholdsOut, _thresholds(grant.case))

    @describe(out=ThresholdsOut, body=ThresholdIn)
    def post(self, request: Request, ref: str) -> HttpResponse:
        """Set the threshold of one asset, in place of the one that it has; answers with all of the case."""
        grant = self.door(Permission.WALLETS)
        data = self.body(ThresholdIn)

        def act() -> Answer:
            actions.set_threshold(grant=grant, at=self.at, **data)
            return self.answer(ThresholdsOut, _thresholds(grant.case))

        return self.once(act)


class RemoveThreshold(Endpoint):
    @describe(out=ThresholdsOut, body=ThresholdRemoveIn)
    def post(self, request: Request, ref: str) -> HttpResponse:
        """Have every movement of the asset told again; answers with the thresholds that are left."""
        grant = self.door(Permission.WALLETS)
        data = self.body(ThresholdRemoveIn)

        def act() -> Answer:
            actions.remove_threshold(grant=grant, at=self.at, **data)
            return self.answer(ThresholdsOut, _thresholds(grant.case))

        return self.once(act)


def _thresholds(case: Case) -> dict[str, Any]:
    return {"items": thresholds_of(case)}
