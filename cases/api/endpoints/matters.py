"""What a liaison sees: the matters shared with her. Names what may be shown field by field; the rest stays inside.

Everything is numbered within the matter: the case's own numbers would tell how much else stands in the case.
"""

from datetime import datetime
from typing import Any

from django.db.models import Prefetch
from django.http import HttpResponse
from django.urls import reverse
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from cases import access
from cases.access import MatterGrant
from cases.actions import exports as actions
from cases.api.base import Endpoint, Paging, checked_cursor
from cases.api.endpoints.chronology import LineOut
from cases.api.endpoints.exports import KEYS as EXPORT_KEYS
from cases.api.endpoints.exports import MEDIA_TYPE, ExportState, take
from cases.api.endpoints.freezes import FreezeAmountOut, freezes_of
from cases.api.endpoints.wallets import BalanceOut
from cases.api.fields import Choice, Flag, Moment, Nothing, Shape, Text, Whole
from cases.api.idempotency import Answer
from cases.api.schema import describe
from cases.chronology import Entry, entries, matter_numbers
from cases.models import (
    Export,
    FreezeOrder,
    FreezeScope,
    LegalOrder,
    MatterShare,
    Obligation,
    ObligationKind,
    OrderPaper,
    VerificationMethod,
)
from cases.people.models import Role
from cases.permissions import Permission
from cases.queries.paging import Key, Page, decode, encode
from cases.queries.wallets import known_to
from cases.status import FreezeStatus, ObligationStatus, OrderStatus

KEYS = (Key("shared_at", datetime, descending=True), Key("reference", str))
PLACES = (Key("sequence", int, descending=True),)


class Officer(Shape):
    """Somebody at the exchange: by name and role alone."""

    name = Text()
    role = Text()


class MatterDuty(Shape):
    """A duty of the order."""

    number = serializers.SerializerMethodField()
    kind = Choice(ObligationKind.choices)
    text = Text()
    due_at = Moment(allow_null=True)
    status = Choice(ObligationStatus.choices)
    ended_at = Moment(allow_null=True)

    def get_number(self, duty: Obligation) -> int:
        return _within(self, "obligation", duty.number)


class MatterPaper(Shape):
    """A paper of the order, known by its digest."""

    number = serializers.SerializerMethodField()
    filename = Text()
    media_type = Text()
    size = Whole()
    sha256 = Text()
    attached_at = Moment()

    def get_number(self, paper: OrderPaper) -> int:
        return _within(self, "paper", paper.number)


class MatterOrder(Shape):
    """The order, with what stands on its face and how far it is."""

    instrument = Text()
    issuing_authority = Text()
    agency_reference = Text()
    jurisdiction = Text()
    legal_basis = Text()
    requestor = Text()
    requestor_email = Text()
    scope = Text()
    issued_at = Moment()
    served_at = Moment()
    received_at = Moment()
    due_at = Moment(allow_null=True)
    time_zone = Text()
    status = Choice(OrderStatus.choices)
    verification_method = Choice(VerificationMethod.choices)
    verified_at = Moment(allow_null=True)
    verified_by = Officer(allow_null=True)
    is_fictional = Flag()
    obligations = MatterDuty(many=True)
    papers = MatterPaper(many=True)


class MatterApproval(Shape):
    """One approver's word; what was said beside it stays inside."""

    approver = Officer()
    agrees = Flag()
    given_at = Moment()


class MatterFreeze(Shape):
    """A freeze that rests on the order: its target, its people and times, its amounts. Reasons stay inside."""

    number = serializers.SerializerMethodField()
    obligation = serializers.SerializerMethodField()
    status = Choice(FreezeStatus.choices)
    scope = Choice(FreezeScope.choices)
    chain = Text(source="wallet.wallet.chain", allow_null=True, default=None)
    address = Text(source="wallet.wallet.address", allow_null=True, default=None)
    account_number = Text(source="account.account_number", allow_null=True, default=None)
    holder = Text(source="account.holder", allow_null=True, default=None)
    amounts = FreezeAmountOut(many=True)
    balances = serializers.SerializerMethodField()
    approvals_required = Whole()
    approvals = MatterApproval(many=True)
    proposed_at = Moment()
    proposed_by = Officer()
    approved_at = Moment(allow_null=True)
    applied_at = Moment(allow_null=True)
    applied_by = Officer(allow_null=True)
    confirmed_at = Moment(allow_null=True)
    confirmed_by = Officer(allow_null=True)
    release_proposed_at = Moment(allow_null=True)
    released_at = Moment(allow_null=True)
    released_by = Officer(allow_null=True)
    is_fictional = Flag()

    def get_number(self, freeze: FreezeOrder) -> int:
        return _within(self, "freeze", freeze.number)

    def get_obligation(self, freeze: FreezeOrder) -> int:
        if freeze.obligation is None:
            raise ValueError("a freeze of a matter rests on a duty of its order")
        return _within(self, "obligation", freeze.obligation.number)

    @extend_schema_field(BalanceOut(many=True))
    def get_balances(self, freeze: FreezeOrder) -> Any:
        if freeze.wallet is None:
            return []
        return BalanceOut(self.context["balances"].get(freeze.wallet.wallet_id, []), many=True).data


class MatterRow(Shape):
    """A matter as the list shows it."""

    reference = Text()
    agency_reference = Text(source="order.agency_reference")
    issuing_authority = Text(source="order.issuing_authority")
    instrument = Text(source="order.instrument")
    status = Choice(OrderStatus.choices, source="order.status")
    due_at = Moment(source="order.due_at", allow_null=True)
    purpose = Text()
    shared_at = Moment()
    ends_at = Moment(allow_null=True)


class MatterOut(Shape):
    """One matter: the order and what rests on it."""

    reference = Text()
    purpose = Text()
    shared_at = Moment()
    ends_at = Moment(allow_null=True)
    order = serializers.SerializerMethodField()
    freezes = serializers.SerializerMethodField()

    @extend_schema_field(MatterOrder)
    def get_order(self, share: MatterShare) -> Any:
        return MatterOrder(self.context["order"], context=self.context).data

    @extend_schema_field(MatterFreeze(many=True))
    def get_freezes(self, share: MatterShare) -> Any:
        return MatterFreeze(self.context["freezes"], many=True, context=self.context).data


class MatterEntry(Shape):
    """An event that concerns the matter, counted anew."""

    place = Whole()
    action = Text()
    title = Text()
    lines = LineOut(many=True)
    actor = Text()
    acting_role = Text()
    occurred_at = Moment()
    recorded_at = Moment()
    hash = Text()


def _within(shape: Shape, kind: str, number: int) -> int:
    """The number that the liaison knows a thing by."""
    found: int = shape.context["numbers"][kind, number]
    return found


class Matters(Endpoint):
    @describe(out=MatterRow, paged=True, query=Paging)
    def get(self, request: Request) -> Response:
        """The matters that are shared with you now, the newest first. For liaisons; for others there is no such list."""
        if self.user.role != Role.LIAISON:
            raise access.NotFound
        return self.walk(MatterRow, access.live_shares(self.user, self.at), keys=KEYS)


class OneMatter(Endpoint):
    @describe(out=MatterOut)
    def get(self, request: Request, ref: str) -> Response:
        """One matter."""
        grant = self.matter(Permission.MATTER_READ)
        self.query()
        order = (
            LegalOrder.objects.select_related("verified_by")
            .prefetch_related(Prefetch("obligations", Obligation.objects.order_by("number")))
            .prefetch_related(Prefetch("papers", OrderPaper.objects.order_by("number")))
            .get(pk=grant.order.pk)
        )
        freezes = list(freezes_of(grant.case).filter(obligation__order=order).order_by("number"))
        return self.show(
            MatterOut,
            grant.share,
            order=order,
            freezes=freezes,
            numbers=matter_numbers(order),
            balances=known_to([freeze.wallet for freeze in freezes if freeze.wallet is not None], at=self.at),
        )


class MatterChronology(Endpoint):
    @describe(out=MatterEntry, paged=True, query=Paging)
    def get(self, request: Request, ref: str) -> Response:
        """What was done about the matter, the newest first."""
        grant = self.matter(Permission.MATTER_READ)
        asked = self.query(Paging)
        cursor = checked_cursor(asked, PLACES)
        before = None if cursor is None else decode(cursor, [int])[0]
        # Counted within the matter, so all of it is read: the record's own sequence would tell how much else there is.
        told = list(enumerate(entries(grant.case, share=grant.share, oldest_first=True), start=1))
        rest = [pair for pair in reversed(told) if before is None or pair[0] < before]
        shown = rest[: asked["limit"]]
        more = encode([shown[-1][0]]) if len(rest) > len(shown) else None
        return self.page(MatterEntry, Page([_told(*pair) for pair in shown], more, None))


def _told(place: int, entry: Entry) -> dict[str, object]:
    return {
        "place": place,
        "action": entry.action,
        "title": entry.title,
        "lines": [{"label": str(label), "value": str(value)} for label, value in entry.lines],
        "actor": entry.actor_name,
        "acting_role": entry.acting_role,
        "occurred_at": entry.occurred_at,
        "recorded_at": entry.recorded_at,
        "hash": entry.hash,
    }


class MatterExports(Endpoint):
    @describe(out=ExportState, paged=True, query=Paging)
    def get(self, request: Request, ref: str) -> Response:
        """The files made from this share, the newest first."""
        grant = self.matter(Permission.MATTER_READ)
        return self.walk(ExportState, Export.objects.filter(share=grant.share), keys=EXPORT_KEYS)

    @describe(out=ExportState, body=Nothing, status=202)
    def post(self, request: Request, ref: str) -> HttpResponse:
        """Ask for the file of the matter. A worker makes it; ask here how far it is."""
        grant: MatterGrant = self.matter(Permission.MATTER_EXPORT)
        self.body(Nothing)

        def act() -> Answer:
            export = actions.request_matter_export(grant=grant, at=self.at)
            return self.answer(
                ExportState,
                export,
                status=202,
                location=reverse("api-matter-export", args=[ref, export.reference]),
            )

        return self.once(act)


class OneMatterExport(Endpoint):
    @describe(out=ExportState)
    def get(self, request: Request, ref: str, export: str) -> Response:
        """How far a file is."""
        grant = self.matter(Permission.MATTER_READ)
        self.query()
        return self.show(ExportState, access.export_for(grant, export))


class MatterExportFile(Endpoint):
    @describe(file=MEDIA_TYPE)
    def get(self, request: Request, ref: str, export: str) -> HttpResponse:
        """The file. That it was taken is recorded."""
        grant = self.matter(Permission.MATTER_EXPORT)
        self.query()
        return take(grant, export, at=self.at)
