"""Legal orders and their papers."""

from collections.abc import Mapping
from typing import Any

from django.core.exceptions import ValidationError as FormError
from django.core.files.uploadedfile import UploadedFile
from django.db.models import Prefetch, QuerySet
from django.http import HttpResponse
from django.urls import reverse
from django.utils.datastructures import MultiValueDict
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from cases import storage
from cases.actions import orders as actions
from cases.actions.orders import Asked, Paper
from cases.api.base import Endpoint, Paging, checked, hand_out, invalid
from cases.api.endpoints.obligations import DutyIn, ObligationOut, duties_of, duty_of
from cases.api.endpoints.selectors import SelectorIn, SelectorOut, selectors_of
from cases.api.fields import (
    Body,
    Choice,
    Email,
    Flag,
    Id,
    Moment,
    Person,
    Shape,
    Text,
    TimeZone,
    Whole,
    number,
)
from cases.api.idempotency import Answer
from cases.api.parsers import ExactJSONParser, parse
from cases.api.schema import describe
from cases.forms.papers import PaperField, Upload
from cases.models import (
    Case,
    LegalOrder,
    OrderPaper,
    Verification,
    VerificationMethod,
    VerificationOutcome,
)
from cases.permissions import Permission
from cases.queries import lookalikes
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


class VerificationOut(Shape):
    """One check of the paper."""

    method = Choice(VerificationMethod.choices)
    contact = Text()
    contact_source = Text(help_text=_("Where the contact was found."))
    kept_contact = Whole(source="kept_contact.number", allow_null=True, default=None)
    outcome = Choice(VerificationOutcome.choices)
    remarks = Text()
    checked_at = Moment()
    checked_by = Person()


class OrderOut(Shape):
    """An order with everything on its face, its duties and its papers."""

    number = Whole()
    instrument = Text(help_text=_("The key of one of /instruments."))
    instrument_name = Text(source="get_instrument_display")
    instrument_version = Whole(
        source="instrument_type.version",
        allow_null=True,
        default=None,
        help_text=_("Of the instrument's data, as it counted when the order was recorded."),
    )
    issuing_authority = Text(help_text=_("As the paper states it."))
    issuer = Id(source="issuer.public_id", allow_null=True, default=None, help_text=_("Its page."))
    validating_authority = Text()
    validator = Id(source="validator.public_id", allow_null=True, default=None)
    enforcing_authority = Text()
    enforcer = Id(source="enforcer.public_id", allow_null=True, default=None)
    agency_reference = Text()
    agency_case_number = Text()
    entity_served = Text()
    jurisdiction = Text()
    legal_basis = Text()
    requestor = Text()
    requestor_title = Text()
    requestor_badge = Text()
    requestor_email = Text()
    requestor_phone = Text()
    scope = Text()
    issued_at = Moment()
    served_at = Moment()
    received_at = Moment()
    due_at = Moment(allow_null=True)
    ends_at = Moment(allow_null=True)
    sealed = Flag(help_text=_("Known to its readers alone."))
    sealed_terms = Text()
    non_disclosure_until = Moment(allow_null=True)
    non_disclosure_terms = Text()
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
    verifications = VerificationOut(many=True)
    selectors = SelectorOut(many=True)
    obligations = ObligationOut(many=True)
    papers = PaperOut(many=True)


class OrderIn(Body):
    """An order as it was received."""

    instrument = Text(max_length=30, help_text=_("The key of one of /instruments."))
    issuing_authority = Text(max_length=200)
    validating_authority = Text(max_length=200, allow_blank=True, default="")
    enforcing_authority = Text(max_length=200, allow_blank=True, default="")
    agency_reference = Text(max_length=120)
    agency_case_number = Text(max_length=120, allow_blank=True, default="")
    entity_served = Text(max_length=200, allow_blank=True, default="")
    jurisdiction = Text(max_length=80)
    legal_basis = Text(max_length=300)
    scope = Text(max_length=10_000)
    requestor = Text(max_length=200, allow_blank=True, default="")
    requestor_title = Text(max_length=120, allow_blank=True, default="")
    requestor_badge = Text(max_length=80, allow_blank=True, default="")
    requestor_email = Email(max_length=254, allow_blank=True, default="")
    requestor_phone = Text(max_length=40, allow_blank=True, default="")
    issued_at = Moment()
    served_at = Moment()
    received_at = Moment()
    due_at = Moment(required=False, allow_null=True, default=None)
    ends_at = Moment(required=False, allow_null=True, default=None)
    sealed = Flag(default=False, help_text=_("Known at first to you and to who has a duty in it."))
    sealed_terms = Text(max_length=2000, allow_blank=True, default="")
    non_disclosure_until = Moment(required=False, allow_null=True, default=None)
    non_disclosure_terms = Text(max_length=2000, allow_blank=True, default="")
    time_zone = TimeZone(default="UTC")
    duties = DutyIn(many=True, default=list, max_length=30)  # type: ignore[call-arg]
    selectors = SelectorIn(many=True, default=list, max_length=100)  # type: ignore[call-arg]
    alike_seen = serializers.ListField(
        child=Text(max_length=40),
        default=list,
        max_length=50,
        help_text=_(
            "Look-alikes that a refusal named and that were looked at: `CASE-REFERENCE/number` each."
        ),
    )


class VerifyIn(Body):
    """How the paper was checked and what came of it."""

    authentic = Flag(allow_null=True, help_text=_("null: nothing came of it, the order stays unverified."))
    method = Choice(VerificationMethod.choices)
    contact = Text(max_length=300, help_text=_("Found independently of the paper."))
    contact_source = Text(max_length=300, help_text=_("Where it was found; never the paper."))
    kept_contact = number(
        required=False,
        allow_null=True,
        default=None,
        help_text=_("The number of a contact on the authority's page, if it is one."),
    )
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
    return OrderPaper.objects.of(case).select_related("order", "attached_by")


def orders_of(case: Case) -> QuerySet[LegalOrder]:
    """Orders with all that OrderOut shows: a fixed number of queries, however many there are."""
    return (
        LegalOrder.objects.of(case)
        .select_related(
            "case__stream", "verified_by", "recorded_by", "instrument_type", "issuer", "validator", "enforcer"
        )
        .prefetch_related(
            Prefetch(
                "verifications",
                Verification.objects.select_related("checked_by", "kept_contact").order_by(
                    "checked_at", "id"
                ),
            ),
            Prefetch("selectors", selectors_of(case).order_by("number")),
            Prefetch("obligations", duties_of(case).order_by("number")),
            Prefetch("papers", papers_of(case).order_by("number")),
        )
    )


class Orders(Endpoint):
    # With papers: multipart/form-data, the part `order` the same JSON as a body alone, then the files as `paper`.
    parser_classes = [ExactJSONParser, MultiPartParser]

    @describe(out=OrderOut, paged=True, query=Paging)
    def get(self, request: Request, ref: str) -> Response:
        """The orders of the case."""
        grant = self.door(Permission.READ)
        return self.walk(OrderOut, orders_of(grant.case))

    @describe(out=OrderOut, body=OrderIn, status=201)
    def post(self, request: Request, ref: str) -> HttpResponse:
        """Record an order with its duties and selectors, and its papers.

        Papers come as multipart: the part `order` holds the JSON, a part `paper` each file.

        Where it looks like orders that you may know it is refused once, naming them beside `alike_seen`; send them
        back there to record it all the same.
        """
        grant = self.door(Permission.ORDERS)
        stated, uploads, said = self._sent()
        data = stated.copy()
        duties_in, selectors = data.pop("duties"), [Asked(**row) for row in data.pop("selectors")]
        seen = set(data.pop("alike_seen"))
        # Outside the transaction: writing a large file holds no row. Bytes that no row names are harmless.
        papers = [
            Paper(upload.filename, upload.media_type, storage.store(upload.file.chunks()))
            for upload in uploads
        ]

        def act() -> Answer:
            alike = lookalikes.alike(
                self.user,
                authority=data["issuing_authority"],
                reference=data["agency_reference"],
                selectors=[(row.kind, row.value) for row in selectors],
            )
            fresh = [row.key for row in alike if row.key not in seen]
            if fresh:
                raise invalid({"alike_seen": _("This looks like %(orders)s.") % {"orders": ", ".join(fresh)}})
            duties = [duty_of(duty, f"duties.{index}.responsible") for index, duty in enumerate(duties_in)]
            order = actions.record_order(
                grant=grant,
                at=self.at,
                duties=duties,
                selectors=selectors,
                papers=papers,
                alike_seen=len(alike),
                **data,
            )
            return self.answer(
                OrderOut,
                orders_of(grant.case).get(number=order.number),
                status=201,
                location=reverse("api-order", args=[ref, order.number]),
            )

        if not uploads:
            return self.once(act)
        files = [{"filename": paper.filename, "sha256": paper.stored.sha256} for paper in papers]
        return self.once(act, content={"order": said, "papers": files})

    def _sent(self) -> tuple[dict[str, Any], list[Upload], object]:
        """The order, its files, and its JSON as it was sent, whichever way. Raises ValidationError or ParseError."""
        if not isinstance(self.request.data, MultiValueDict):
            return self.body(OrderIn), [], self.request.data
        self.query()
        parts = self.request.data
        wrong = sorted(set(parts) - {"order", "paper"})
        texts = parts.getlist("order")
        if wrong or len(texts) != 1 or not isinstance(texts[0], str):
            where = wrong[0] if wrong else "order"
            raise invalid({where: str(_("Send one part `order` with the JSON, and files as `paper`."))})
        field = PaperUpload()
        uploads = [field.run_validation(part) for part in parts.getlist("paper")]
        said = parse(texts[0].encode())
        return checked(OrderIn, said), uploads, said


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
        self.numbered(LegalOrder.objects.of(grant.case))
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
        self.numbered(LegalOrder.objects.of(self.door(Permission.READ).case))
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
        order = self.numbered(LegalOrder.objects.of(grant.case))
        return self.walk(PaperOut, papers_of(grant.case).filter(order=order))

    @describe(out=PaperOut, body=PaperIn, status=201)
    def post(self, request: Request, ref: str, number: int) -> HttpResponse:
        """Attach a paper (multipart, field `paper`). The bytes are kept under their SHA-256."""
        grant = self.door(Permission.ORDERS)
        self.numbered(LegalOrder.objects.of(grant.case))
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
