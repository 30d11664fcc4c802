"""Duties in legal orders: each with its own clock and outcome."""

from typing import Any

from django.db.models import Prefetch, QuerySet
from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from rest_framework.request import Request
from rest_framework.response import Response

from cases.actions import orders as actions
from cases.actions.orders import Duty, Proof
from cases.api.base import Endpoint, Paging, person
from cases.api.fields import Body, Choice, Flag, Id, Moment, Person, Shape, Text, Whole, number
from cases.api.idempotency import Answer
from cases.api.schema import describe
from cases.models import Case, LegalOrder, Obligation, ObligationKind, ObligationProof, ProofKind
from cases.permissions import Permission
from cases.status import EmergencyStatus, ObligationStatus


class DutyProofOut(Shape):
    """What shows that a duty was carried out."""

    kind = Choice(ProofKind.choices)
    paper = Whole(source="paper.number", allow_null=True, default=None)
    freeze = Whole(source="freeze.number", allow_null=True, default=None)
    transfer = Whole(source="transfer.number", allow_null=True, default=None)
    export = Text(source="export.reference", allow_null=True, default=None)
    note = Text()
    given_at = Moment()
    given_by = Person(allow_null=True)


class EmergencyOut(Shape):
    """An approver's word that a duty may be answered before its order was verified, and the review of it."""

    status = Choice(EmergencyStatus.choices)
    reason = Text()
    approved_at = Moment()
    approved_by = Person()
    reviewed_at = Moment(allow_null=True)
    reviewed_by = Person(allow_null=True)
    review = Text()


class ObligationOut(Shape):
    """One duty. Its number is its own within the case."""

    number = Whole()
    order = Whole(source="order.number")
    kind = Choice(ObligationKind.choices)
    text = Text()
    due_at = Moment(allow_null=True)
    responsible = Person(allow_null=True)
    status = Choice(ObligationStatus.choices)
    is_late = Flag(help_text=_("Carried out, but after its due moment."))
    outcome_reason = Text()
    ended_at = Moment(allow_null=True)
    ended_by = Person(allow_null=True, help_text=_("null where a term was over by itself."))
    proofs = DutyProofOut(many=True)
    emergency_release = EmergencyOut(allow_null=True, default=None)
    recorded_at = Moment()


class DutyIn(Body):
    """A duty as the paper states it."""

    kind = Choice(ObligationKind.choices)
    text = Text(max_length=5000)
    due_at = Moment(
        required=False, allow_null=True, default=None, help_text=_("A date that the paper names.")
    )
    rule = Text(
        max_length=60,
        allow_blank=True,
        default="",
        help_text=_("Or the key of one of /clocks, by which the due moment is computed."),
    )
    trigger_at = Moment(
        required=False,
        allow_null=True,
        default=None,
        help_text=_("Counted from; null: from the service of the order."),
    )
    calendar = Text(
        max_length=20, allow_blank=True, default="", help_text=_("One of the rule's; empty: its first.")
    )
    responsible = Id(
        required=False, allow_null=True, default=None, help_text=_("A person's ID; a member of the case.")
    )


class ProofIn(Body):
    """One thing that shows it: a paper, freeze or transfer of the case by number, a case file by reference, or words."""

    kind = Choice(ProofKind.choices)
    number = number(required=False, allow_null=True, default=None)
    export = Text(max_length=40, allow_blank=True, default="")
    note = Text(max_length=5000, allow_blank=True, default="")


class ObligationMove(Body):
    """Where to; an outcome needs what shows it: proofs or a reason."""

    to = Choice(ObligationStatus.choices)
    reason = Text(max_length=2000, allow_blank=True, default="")
    proofs = ProofIn(many=True, default=list, max_length=30)  # type: ignore[call-arg]


class Proofs(Body):
    """What shows how a duty was carried out."""

    proofs = ProofIn(many=True, max_length=30)  # type: ignore[call-arg]


class EmergencyIn(Body):
    """What danger cannot wait."""

    reason = Text(max_length=5000)


class ReviewIn(Body):
    """A second person's word."""

    upheld = Flag()
    review = Text(max_length=5000)


class Extension(Body):
    """The later moment, and who granted it."""

    due_at = Moment()
    reason = Text(max_length=2000)


class ObligationsQuery(Paging):
    """Which duties."""

    status = Choice(ObligationStatus.choices, required=False)


def duty_of(data: dict[str, Any], field: str = "responsible") -> Duty:
    """A duty from its checked shape. Raises ValidationError beside `field` where there is no such person."""
    responsible = data["responsible"]
    return Duty(
        kind=data["kind"],
        text=data["text"],
        due_at=data["due_at"],
        rule=data["rule"],
        trigger_at=data["trigger_at"],
        calendar=data["calendar"],
        responsible=None if responsible is None else person(responsible, field),
    )


def duties_of(case: Case) -> QuerySet[Obligation]:
    return (
        Obligation.objects.of(case)
        .select_related(
            "order",
            "responsible",
            "ended_by",
            "emergency_release__approved_by",
            "emergency_release__reviewed_by",
        )
        .prefetch_related(
            Prefetch(
                "proofs",
                ObligationProof.objects.select_related(
                    "paper", "freeze", "transfer", "export", "given_by"
                ).order_by("given_at", "id"),
            )
        )
    )


def fresh(case: Case, number: int) -> Obligation:
    """One duty read afresh, with what only the database knows of it."""
    return duties_of(case).get(number=number)


class Obligations(Endpoint):
    @describe(out=ObligationOut, paged=True, query=ObligationsQuery)
    def get(self, request: Request, ref: str) -> Response:
        """The duties of every order in the case."""
        grant = self.door(Permission.READ)
        rows = duties_of(grant.case)
        status = self.query(ObligationsQuery).get("status")
        if status:
            rows = rows.filter(status=status)
        return self.walk(ObligationOut, rows, query=ObligationsQuery)


class OneObligation(Endpoint):
    @describe(out=ObligationOut)
    def get(self, request: Request, ref: str, number: int) -> Response:
        """One duty."""
        grant = self.door(Permission.READ)
        self.query()
        return self.show(ObligationOut, self.numbered(duties_of(grant.case)))


class OrderObligations(Endpoint):
    @describe(out=ObligationOut, body=DutyIn, status=201)
    def post(self, request: Request, ref: str, number: int) -> HttpResponse:
        """Add a duty to the order."""
        grant = self.door(Permission.ORDERS)
        self.numbered(LegalOrder.objects.of(grant.case))
        data = self.body(DutyIn)

        def act() -> Answer:
            made = actions.add_obligation(grant=grant, at=self.at, order_number=number, duty=duty_of(data))
            return self.answer(
                ObligationOut,
                fresh(grant.case, made.number),
                status=201,
                location=reverse("api-obligation", args=[ref, made.number]),
            )

        return self.once(act)


class MoveObligation(Endpoint):
    @describe(out=ObligationOut, body=ObligationMove)
    def post(self, request: Request, ref: str, number: int) -> HttpResponse:
        """Start a duty or record its outcome; the order follows."""
        grant = self.door(Permission.ORDERS)
        self.numbered(duties_of(grant.case))
        data = self.body(ObligationMove)

        def act() -> Answer:
            proofs = [Proof(**row) for row in data["proofs"]]
            actions.move_obligation(
                grant=grant,
                at=self.at,
                number=number,
                to=data["to"],
                reason=data["reason"],
                proofs=proofs,
            )
            return self.answer(ObligationOut, fresh(grant.case, number))

        return self.once(act)


class ExtendObligation(Endpoint):
    @describe(out=ObligationOut, body=Extension)
    def post(self, request: Request, ref: str, number: int) -> HttpResponse:
        """Give a duty a later due moment; the record holds both."""
        grant = self.door(Permission.ORDERS)
        self.numbered(duties_of(grant.case))
        data = self.body(Extension)

        def act() -> Answer:
            actions.extend_obligation(grant=grant, at=self.at, number=number, **data)
            return self.answer(ObligationOut, fresh(grant.case, number))

        return self.once(act)


class ObligationProofs(Endpoint):
    @describe(out=ObligationOut, body=Proofs)
    def post(self, request: Request, ref: str, number: int) -> HttpResponse:
        """Add what shows how a duty was carried out. Its status stays."""
        grant = self.door(Permission.ORDERS)
        self.numbered(duties_of(grant.case))
        data = self.body(Proofs)

        def act() -> Answer:
            proofs = [Proof(**row) for row in data["proofs"]]
            actions.add_proofs(grant=grant, at=self.at, number=number, proofs=proofs)
            return self.answer(ObligationOut, fresh(grant.case, number))

        return self.once(act)


class ReleaseEmergency(Endpoint):
    @describe(out=ObligationOut, body=EmergencyIn)
    def post(self, request: Request, ref: str, number: int) -> HttpResponse:
        """Let one duty to produce of an emergency request be answered before its order was verified."""
        grant = self.door(Permission.EMERGENCY)
        self.numbered(duties_of(grant.case))
        data = self.body(EmergencyIn)

        def act() -> Answer:
            actions.release_emergency(grant=grant, at=self.at, number=number, **data)
            return self.answer(ObligationOut, fresh(grant.case, number))

        return self.once(act)


class ReviewEmergency(Endpoint):
    @describe(out=ObligationOut, body=ReviewIn)
    def post(self, request: Request, ref: str, number: int) -> HttpResponse:
        """A second person's word on an answer that came before the verification."""
        grant = self.door(Permission.ORDER_DECIDE)
        self.numbered(duties_of(grant.case))
        data = self.body(ReviewIn)

        def act() -> Answer:
            actions.review_emergency(grant=grant, at=self.at, number=number, **data)
            return self.answer(ObligationOut, fresh(grant.case, number))

        return self.once(act)
