"""Authorities and how each is reached; their orders so far as the token's owner may know them."""

from uuid import UUID

from django.http import HttpResponse
from django.urls import reverse
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from cases.access import require_global
from cases.actions import authorities as actions
from cases.api.base import Endpoint, Paging, checked_cursor
from cases.api.fields import Body, Choice, Flag, Id, Moment, Person, Shape, Text, Whole
from cases.api.idempotency import Answer
from cases.api.schema import describe
from cases.models import Authority, ContactKind, VerificationMethod
from cases.permissions import GlobalPermission
from cases.queries import authorities as queries
from cases.queries.authorities import AuthorityContent
from cases.status import OrderStatus


class AuthorityRow(Shape):
    """An authority as the list shows it."""

    id = Id(source="authority.public_id")
    name = Text(source="authority.name")
    jurisdiction = Text(source="authority.jurisdiction")
    domains = serializers.ListField(child=Text())
    contacts = Whole()
    orders = Whole()
    rejections = Whole()


class ContactOut(Shape):
    """A domain or a way to call back. One that no longer counts has ended."""

    number = Whole()
    kind = Choice(ContactKind.choices)
    value = Text()
    person = Text()
    source = Text()  # type: ignore[assignment]
    added_at = Moment()
    added_by = Person()
    ended_at = Moment(allow_null=True)
    ended_by = Person(allow_null=True)
    ended_reason = Text()


class OrderLine(Shape):
    """One of its orders."""

    case = Text(source="case.reference")
    number = Whole()
    instrument = Text()
    agency_reference = Text()
    status = Choice(OrderStatus.choices)
    received_at = Moment()


class RejectionLine(Shape):
    """A paper in its name that was found not authentic."""

    case = Text(source="order.case.reference")
    number = Whole(source="order.number")
    agency_reference = Text(source="order.agency_reference")
    method = Choice(VerificationMethod.choices)
    contact = Text()
    remarks = Text()
    checked_at = Moment()
    checked_by = Person()


class AuthorityOut(Shape):
    """An authority with its contacts and, so far as you may know them, its orders."""

    id = Id(source="authority.public_id")
    name = Text(source="authority.name")
    jurisdiction = Text(source="authority.jurisdiction")
    remarks = Text(source="authority.remarks")
    is_kept = Flag(source="authority.is_kept")
    contacts = ContactOut(many=True)
    former = ContactOut(many=True)
    orders = OrderLine(many=True)
    rejections = RejectionLine(many=True)


class KeepIn(Body):
    """An authority by the name that its papers state."""

    name = Text(max_length=200)
    jurisdiction = Text(max_length=80, allow_blank=True, default="")
    remarks = Text(max_length=5000, allow_blank=True, default="")


class EditIn(Body):
    """What is kept of it beside its name."""

    jurisdiction = Text(max_length=80, allow_blank=True)
    remarks = Text(max_length=5000, allow_blank=True)


class ContactIn(Body):
    """A contact with where it was found: never the paper that is to be verified."""

    kind = Choice(ContactKind.choices)
    value = Text(max_length=300)
    person = Text(max_length=200, allow_blank=True, default="")
    source = Text(max_length=300)  # type: ignore[assignment]


class EndContactIn(Body):
    """Why it no longer counts."""

    reason = Text(max_length=300)


class _OfAuthority(Endpoint):
    """What the endpoints of one authority share."""

    def found(self) -> Authority:
        return queries.authority_of(self.user, self.kwargs["authority"])

    def told(self, status: int = 200, location: str = "") -> Answer:
        return self.answer(AuthorityOut, self.whole(), status=status, location=location)

    def whole(self) -> dict[str, object]:
        authority = self.found()
        content: AuthorityContent = queries.authority_content(self.user, authority)
        return {
            "authority": authority,
            "contacts": content.contacts,
            "former": content.former,
            "orders": content.orders,
            "rejections": content.rejections,
        }


class Authorities(Endpoint):
    @describe(out=AuthorityRow, paged=True, query=Paging)
    def get(self, request: Request) -> Response:
        """Authorities by name: those that are kept, and those that an order brought which you may know."""
        require_global(self.user, GlobalPermission.AUTHORITIES)
        asked = self.query(Paging)
        cursor = checked_cursor(asked, queries.BY_NAME)
        return self.page(AuthorityRow, queries.authority_list(self.user, after=cursor, size=asked["limit"]))

    @describe(out=AuthorityOut, body=KeepIn, status=201)
    def post(self, request: Request) -> HttpResponse:
        """Keep an authority before, or beside, any order of it."""
        require_global(self.user, actions.LEAVE)
        data = self.body(KeepIn)

        def act() -> Answer:
            made = actions.keep_authority(by=self.user, at=self.at, **data)
            whole = {"authority": made, "contacts": [], "former": [], "orders": [], "rejections": []}
            return self.answer(
                AuthorityOut, whole, status=201, location=reverse("api-authority", args=[made.public_id])
            )

        return self.once(act)


class OneAuthority(_OfAuthority):
    @describe(out=AuthorityOut)
    def get(self, request: Request, authority: UUID) -> Response:
        """One authority."""
        require_global(self.user, GlobalPermission.AUTHORITIES)
        self.query()
        return self.show(AuthorityOut, self.whole())


class EditAuthority(_OfAuthority):
    @describe(out=AuthorityOut, body=EditIn)
    def post(self, request: Request, authority: UUID) -> HttpResponse:
        """Change what is kept of it."""
        require_global(self.user, actions.LEAVE)
        found = self.found()
        data = self.body(EditIn)

        def act() -> Answer:
            actions.edit_authority(by=self.user, at=self.at, authority=found, **data)
            return self.told()

        return self.once(act)


class Contacts(_OfAuthority):
    @describe(out=AuthorityOut, body=ContactIn, status=201)
    def post(self, request: Request, authority: UUID) -> HttpResponse:
        """Keep a domain or a way to call back."""
        require_global(self.user, actions.LEAVE)
        found = self.found()
        data = self.body(ContactIn)

        def act() -> Answer:
            actions.add_contact(by=self.user, at=self.at, authority=found, **data)
            return self.told(201, reverse("api-authority", args=[found.public_id]))

        return self.once(act)


class EndContact(_OfAuthority):
    @describe(out=AuthorityOut, body=EndContactIn)
    def post(self, request: Request, authority: UUID, contact: int) -> HttpResponse:
        """A contact no longer counts; it stays on record."""
        require_global(self.user, actions.LEAVE)
        kept = queries.contact_of(self.found(), contact)
        data = self.body(EndContactIn)

        def act() -> Answer:
            actions.end_contact(by=self.user, at=self.at, contact=kept, **data)
            return self.told()

        return self.once(act)
