"""Sealing a legal order, and who may know it."""

from datetime import datetime
from uuid import UUID

from django.db.models import CharField
from django.db.models.functions import Cast
from django.http import HttpResponse
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from cases.actions import orders as actions
from cases.api.base import Endpoint, Paging, person
from cases.api.endpoints.orders import OrderOut, orders_of
from cases.api.fields import Body, Id, Moment, Person, Shape, Text
from cases.api.idempotency import Answer
from cases.api.schema import describe
from cases.models import LegalOrder, OrderReader
from cases.people.models import User
from cases.permissions import Permission
from cases.queries.paging import Key

KEYS = (Key("named_at", datetime), Key("person", str))


class ReaderOut(Shape):
    """A person who may know a sealed order."""

    user = Person()
    named_at = Moment()
    named_by = Person()


class ReadersIn(Body):
    """Who may know the order, and what the seal rests on."""

    readers = serializers.ListField(
        child=Id(), max_length=200, help_text=_("IDs of members of the case, or of auditors.")
    )
    reason = Text(max_length=2000)


class UnsealIn(Body):
    """Why everybody in the case may know the order."""

    reason = Text(max_length=2000)


def _people(ids: list[UUID]) -> list[User]:
    return [person(each, f"readers.{index}") for index, each in enumerate(ids)]


class SealOrder(Endpoint):
    @describe(out=OrderOut, body=ReadersIn)
    def post(self, request: Request, ref: str, number: int) -> HttpResponse:
        """Seal an order: from now on only these persons, and you, know that it exists."""
        grant = self.door(Permission.ORDERS)
        self.numbered(LegalOrder.objects.of(grant.case))
        data = self.body(ReadersIn)

        def act() -> Answer:
            actions.seal_order(
                grant=grant,
                at=self.at,
                number=number,
                readers=_people(data["readers"]),
                reason=data["reason"],
            )
            return self.answer(OrderOut, orders_of(grant.case).get(number=number))

        return self.once(act)


class Readers(Endpoint):
    @describe(out=ReaderOut, paged=True, query=Paging)
    def get(self, request: Request, ref: str, number: int) -> Response:
        """Who may know a sealed order now; nobody is named for an order that is not sealed."""
        grant = self.door(Permission.READ)
        order = self.numbered(LegalOrder.objects.of(grant.case))
        rows = OrderReader.objects.filter(order=order, ended_at__isnull=True).select_related(
            "user", "named_by"
        )
        return self.walk(ReaderOut, rows.annotate(person=Cast("user__public_id", CharField())), keys=KEYS)

    @describe(out=OrderOut, body=ReadersIn)
    def post(self, request: Request, ref: str, number: int) -> HttpResponse:
        """Say anew who may know a sealed order. Whoever is no longer named stops knowing it at once."""
        grant = self.door(Permission.ORDERS)
        self.numbered(LegalOrder.objects.of(grant.case))
        data = self.body(ReadersIn)

        def act() -> Answer:
            readers = _people(data["readers"])
            order = actions.change_readers(
                grant=grant, at=self.at, number=number, readers=readers, reason=data["reason"]
            )
            return self.answer(OrderOut, orders_of(grant.case).get(pk=order.pk))

        return self.once(act)


class UnsealOrder(Endpoint):
    @describe(out=OrderOut, body=UnsealIn)
    def post(self, request: Request, ref: str, number: int) -> HttpResponse:
        """Let everybody in the case know the order, its past included."""
        grant = self.door(Permission.ORDER_DECIDE)
        self.numbered(LegalOrder.objects.of(grant.case))
        data = self.body(UnsealIn)

        def act() -> Answer:
            actions.unseal_order(grant=grant, at=self.at, number=number, **data)
            return self.answer(OrderOut, orders_of(grant.case).get(number=number))

        return self.once(act)
