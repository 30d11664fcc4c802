"""Legal orders and their papers."""

from collections.abc import Mapping
from typing import Any

from django.core.exceptions import ValidationError as FormError
from django.core.files.uploadedfile import UploadedFile
from django.db.models import Prefetch, QuerySet
from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from cases import storage
from cases.actions import orders as actions
from cases.api.base import Endpoint, Paging, hand_out
from cases.api.endpoints.obligations import DutyIn, ObligationOut, duties_of, duty_of
from cases.api.fields import (
    Body,
    Choice,
    Email,
    Flag,
    Moment,
    Person,
    Shape,
    Text,
    TimeZone,
    Whole,
)
from cases.api.idempotency import Answer
from cases.api.schema import describe
from cases.forms.papers import PaperField, Upload
from cases.models import Case, Instrument, LegalOrder, OrderPaper, VerificationMethod
from cases.permissions import Permission
from cases.status import OrderStatus


class PaperOut(Shape):
    """A paper attached to an order, known by its digest."""

    number = Whole()
    order = Whole(source="order.number")
    filename = Text()
    media_type = Text(help_text=_("What its first bytes say it is."))
    sha256 = Text()
    size = Whole(help_text=_("In bytes."))
    attached_at = Moment()
    attached_by = Person()


class OrderOut(Shape):
    """An order with everything on its face, its duties and its papers."""

    number = Whole()
    instrument = Choice(Instrument.choices)
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
    time_zone = Text(help_text=_("In which the paper counts; the moments here are in UTC."))
    status = Choice(OrderStatus.choices)
    status_before_hold = Text()
    verification_method = Text()
    verification_contact = Text()
    verified_at = Moment(allow_null=True)
    verified_by = Person(allow_null=True)
    is_fictional = Flag()
    recorded_at = Moment()
    recorded_by = Person()
    obligations = ObligationOut(many=True)
    papers = PaperOut(many=True)


class OrderIn(Body):
    """An order as it was received."""

    instrument = Choice(Instrument.choices)
    issuing_authority = Text(max_length=200)
    agency_reference = Text(max_length=120)
    jurisdiction = Text(max_length=80)
    legal_basis = Text(max_length=300)
    scope = Text(max_length=10_000)
    requestor = Text(max_length=200, allow_blank=True, default="")
    requestor_email = Email(max_length=254, allow_blank=True, default="")
    issued_at = Moment()
    served_at = Moment()
    received_at = Moment()
    due_at = Moment(required=False, allow_null=True, default=None)
    time_zone = TimeZone(default="UTC")
    duties = DutyIn(many=True, default=list, max_length=30)  # type: ignore[call-arg]


class VerifyIn(Body):
    """How the paper was checked and what came of it."""

    authentic = Flag()
    method = Choice(VerificationMethod.choices)
    contact = Text(max_length=300, help_text=_("Found independently of the paper."))
    remarks = Text(max_length=2000, allow_blank=True, default="")


class OrderMove(Body):
    """Where to; a decision needs its reason."""

    to = Choice(OrderStatus.choices)
    reason = Text(max_length=2000, allow_blank=True, default="")


@extend_schema_field({"type": "string", "format": "binary"})
class PaperUpload(serializers.Field[Upload, Any, Any, Any]):
    """The file of a multipart form, checked as the pages check it."""

    def to_internal_value(self, data: Any) -> Upload:
        if not isinstance(data, UploadedFile):
            raise serializers.ValidationError(_("Send a file."), code="invalid")
        try:
            upload = PaperField().clean(data)
        except FormError as error:
            raise serializers.ValidationError(error.messages) from error
        if not isinstance(upload, Upload):
            raise serializers.ValidationError(_("Send a file."), code="invalid")
        return upload


class PaperIn(Body):
    """One file, as multipart/form-data."""

    paper = PaperUpload()


def papers_of(case: Case) -> QuerySet[OrderPaper]:
    return OrderPaper.objects.filter(case=case).select_related("order", "attached_by")


def orders_of(case: Case) -> QuerySet[LegalOrder]:
    """Orders with all that OrderOut shows: three queries, however many there are."""
    return (
        LegalOrder.objects.filter(case=case)
        .select_related("verified_by", "recorded_by")
        .prefetch_related(
            Prefetch("obligations", duties_of(case).order_by("number")),
            Prefetch("papers", papers_of(case).order_by("number")),
        )
    )


class Orders(Endpoint):
    @describe(out=OrderOut, paged=True, query=Paging)
    def get(self, request: Request, ref: str) -> Response:
        """The orders of the case."""
        grant = self.door(Permission.READ)
        return self.walk(OrderOut, orders_of(grant.case))

    @describe(out=OrderOut, body=OrderIn, status=201)
    def post(self, request: Request, ref: str) -> HttpResponse:
        """Record an order with its duties."""
        grant = self.door(Permission.ORDERS)
        data = self.body(OrderIn)
        stated = data.pop("duties")

        def act() -> Answer:
            duties = [duty_of(duty, f"duties.{index}.responsible") for index, duty in enumerate(stated)]
            order = actions.record_order(grant=grant, at=self.at, duties=duties, **data)
            return self.answer(
                OrderOut,
                orders_of(grant.case).get(number=order.number),
                status=201,
                location=reverse("api-order", args=[ref, order.number]),
            )

        return self.once(act)


class OneOrder(Endpoint):
    @describe(out=OrderOut)
    def get(self, request: Request, ref: str, number: int) -> Response:
        """One order."""
        grant = self.door(Permission.READ)
        self.query()
        return self.show(OrderOut, self.numbered(orders_of(grant.case)))


class VerifyOrder(Endpoint):
    @describe(out=OrderOut, body=VerifyIn)
    def post(self, request: Request, ref: str, number: int) -> HttpResponse:
        """Record how the paper was checked. Nothing is executed before."""
        grant = self.door(Permission.ORDER_VERIFY)
        self.numbered(LegalOrder.objects.filter(case=grant.case))
        data = self.body(VerifyIn)

        def act() -> Answer:
            actions.verify_order(grant=grant, at=self.at, number=number, **data)
            return self.answer(OrderOut, orders_of(grant.case).get(number=number))

        return self.once(act)


class MoveOrder(Endpoint):
    @describe(out=OrderOut, body=OrderMove)
    def post(self, request: Request, ref: str, number: int) -> HttpResponse:
        """Work or decide on an order. Once it is accepted its duties move it."""
        # Seen first, so that who may not even see the case learns nothing from the body's reasons.
        self.numbered(LegalOrder.objects.filter(case=self.door(Permission.READ).case))
        data = self.body(OrderMove)
        grant = self.door(Permission.ORDER_DECIDE if data["to"] in actions.DECISIONS else Permission.ORDERS)

        def act() -> Answer:
            actions.move_order(grant=grant, at=self.at, number=number, **data)
            return self.answer(OrderOut, orders_of(grant.case).get(number=number))

        return self.once(act)


class Papers(Endpoint):
    parser_classes = [MultiPartParser]

    @describe(out=PaperOut, paged=True, query=Paging)
    def get(self, request: Request, ref: str, number: int) -> Response:
        """The papers of the order."""
        grant = self.door(Permission.READ)
        order = self.numbered(LegalOrder.objects.filter(case=grant.case))
        return self.walk(PaperOut, papers_of(grant.case).filter(order=order))

    @describe(out=PaperOut, body=PaperIn, status=201)
    def post(self, request: Request, ref: str, number: int) -> HttpResponse:
        """Attach a paper (multipart, field `paper`). The bytes are kept under their SHA-256."""
        grant = self.door(Permission.ORDERS)
        self.numbered(LegalOrder.objects.filter(case=grant.case))
        upload: Upload = self.body(PaperIn)["paper"]
        # Outside the transaction: writing a large file holds no row. Bytes that no row names are harmless.
        stored = storage.store(upload.file.chunks())

        def act() -> Answer:
            paper = actions.attach_paper(
                grant=grant,
                at=self.at,
                number=number,
                filename=upload.filename,
                media_type=upload.media_type,
                stored=stored,
            )
            return self.answer(
                PaperOut,
                paper,
                status=201,
                location=reverse("api-paper", args=[ref, paper.number]),
            )

        content: Mapping[str, str] = {"filename": upload.filename, "sha256": stored.sha256}
        return self.once(act, content=content)


class OnePaper(Endpoint):
    @describe(out=PaperOut)
    def get(self, request: Request, ref: str, number: int) -> Response:
        """What is known of a paper."""
        grant = self.door(Permission.READ)
        self.query()
        return self.show(PaperOut, self.numbered(papers_of(grant.case)))


class PaperFile(Endpoint):
    @describe(file="application/octet-stream")
    def get(self, request: Request, ref: str, number: int) -> HttpResponse:
        """The bytes of a paper, checked against their SHA-256. That it was taken is recorded."""
        grant = self.door(Permission.READ)
        self.query()
        paper = self.numbered(papers_of(grant.case))
        return hand_out(
            sha256=paper.sha256,
            filename=paper.filename,
            note=lambda: actions.note_paper_read(grant=grant, at=self.at, number=number),
        )
