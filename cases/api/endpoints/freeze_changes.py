"""Extensions and partial releases of freezes, and what came in after them: asked by one, decided by another."""

from collections.abc import Callable
from typing import Any

from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from rest_framework.request import Request
from rest_framework.response import Response

from cases.actions import freezes as actions
from cases.actions.freezes import AmountAsked
from cases.api.base import Endpoint, Paging
from cases.api.fields import Amount, Body, Choice, Flag, Moment, Person, Shape, Text, Whole
from cases.api.idempotency import Answer
from cases.api.schema import describe
from cases.models import ChangeKind, FreezeOrder
from cases.permissions import Permission
from cases.queries.life import changes_of, credits_of
from cases.status import ChangeStatus, CreditStatus


class ReleasedOut(Shape):
    """How much of one asset a partial release gives free, in base units."""

    asset = Text(source="held.asset")
    decimals = Whole(source="held.decimals")
    amount = Amount()


class FreezeChangeOut(Shape):
    """An extension or a partial release."""

    number = Whole()
    freeze = Whole(source="freeze.number")
    kind = Choice(ChangeKind.choices)
    status = Choice(ChangeStatus.choices)
    reason = Text()
    old_ends_at = Moment(allow_null=True)
    new_ends_at = Moment(allow_null=True)
    amounts = ReleasedOut(many=True)
    proposed_at = Moment()
    proposed_by = Person()
    decided_at = Moment(allow_null=True)
    decided_by = Person(allow_null=True)
    comment = Text()


class ExtendIn(Body):
    """A later end of the term, and who granted it."""

    ends_at = Moment()
    reason = Text(max_length=5000)


class PartIn(Body):
    """So much of one asset, in base units."""

    asset = Text(max_length=16)
    amount = Amount()


class ReleasePartIn(Body):
    """What is to be given free."""

    amounts = PartIn(many=True, allow_empty=False, max_length=50)  # type: ignore[call-arg]
    reason = Text(max_length=5000)


class AgreeIn(Body):
    """Agree, or refuse and say why."""

    agrees = Flag()
    comment = Text(max_length=2000, allow_blank=True, default="")


class FreeIn(AgreeIn):
    """Agree that something is given free, or refuse and say why."""

    others_known = Flag(
        default=False, help_text=_("That other freezes hold the same target, and that it stays held by them.")
    )


class WhyIn(Body):
    """Why."""

    reason = Text(max_length=5000)


class ChangesQuery(Paging):
    """Which changes."""

    status = Choice(ChangeStatus.choices, required=False)


class Changes(Endpoint):
    @describe(out=FreezeChangeOut, paged=True, query=ChangesQuery)
    def get(self, request: Request, ref: str) -> Response:
        """The extensions and partial releases of the case's freezes."""
        grant = self.door(Permission.READ)
        rows = changes_of(grant.case)
        status = self.query(ChangesQuery).get("status")
        return self.walk(FreezeChangeOut, rows.filter(status=status) if status else rows, query=ChangesQuery)


class OneChange(Endpoint):
    @describe(out=FreezeChangeOut)
    def get(self, request: Request, ref: str, number: int) -> Response:
        """One extension or partial release."""
        grant = self.door(Permission.READ)
        self.query()
        return self.show(FreezeChangeOut, self.numbered(changes_of(grant.case)))


class Asking(Endpoint):
    """Asking for a change of the freeze in the URL."""

    shape: type[Body]
    ask: Callable[..., Any]

    def take(self, data: dict[str, Any]) -> HttpResponse:
        grant = self.door(Permission.FREEZE_PROPOSE)
        freeze = self.numbered(FreezeOrder.objects.of(grant.case))

        def act() -> Answer:
            change = type(self).ask(grant=grant, at=self.at, number=freeze.number, **data)
            return self.answer(
                FreezeChangeOut,
                changes_of(grant.case).get(number=change.number),
                status=201,
                location=reverse("api-change", args=[grant.case.reference, change.number]),
            )

        return self.once(act)


class Extend(Asking):
    ask = staticmethod(actions.propose_extension)

    @describe(out=FreezeChangeOut, body=ExtendIn, status=201)
    def post(self, request: Request, ref: str, number: int) -> HttpResponse:
        """Ask that a freeze with a term last longer."""
        self.numbered(FreezeOrder.objects.of(self.door(Permission.FREEZE_PROPOSE).case))
        return self.take(self.body(ExtendIn))


class ReleasePart(Asking):
    ask = staticmethod(actions.propose_partial_release)

    @describe(out=FreezeChangeOut, body=ReleasePartIn, status=201)
    def post(self, request: Request, ref: str, number: int) -> HttpResponse:
        """Ask that a part of what is held be given free."""
        self.numbered(FreezeOrder.objects.of(self.door(Permission.FREEZE_PROPOSE).case))
        data = self.body(ReleasePartIn)
        return self.take({**data, "amounts": [AmountAsked(**part) for part in data["amounts"]]})


class DecideChange(Endpoint):
    @describe(out=FreezeChangeOut, body=FreeIn)
    def post(self, request: Request, ref: str, number: int) -> HttpResponse:
        """Agree or refuse; never the one who asked."""
        grant = self.door(Permission.FREEZE_APPROVE)
        change = self.numbered(changes_of(grant.case))
        data = self.body(FreeIn)

        def act() -> Answer:
            actions.decide_change(grant=grant, at=self.at, number=change.number, **data)
            return self.answer(FreezeChangeOut, changes_of(grant.case).get(number=change.number))

        return self.once(act)


# ── Credits ───────────────────────────────────────────────────────────────────────────────────────────────


class FreezeCreditOut(Shape):
    """What came in to a frozen target after the freeze. `before` null: the books had no figure of it."""

    number = Whole()
    freeze = Whole(source="freeze.number")
    status = Choice(CreditStatus.choices)
    asset = Text()
    decimals = Whole()
    amount = Amount()
    before = Amount(allow_null=True)
    after = Amount()
    seen_at = Moment()
    block_height = Whole(source="batch.block_height", allow_null=True, default=None)
    provider = Text(source="batch.provider", allow_null=True, default=None)
    source = Text(source="holding.source", allow_null=True, default=None)  # type: ignore[assignment]
    decision_reason = Text()
    kept_at = Moment(allow_null=True)
    kept_by = Person(allow_null=True)
    release_proposed_at = Moment(allow_null=True)
    release_proposed_by = Person(allow_null=True)
    released_at = Moment(allow_null=True)
    released_by = Person(allow_null=True)


class CreditsQuery(Paging):
    """Which credits."""

    status = Choice(CreditStatus.choices, required=False)


class Credits(Endpoint):
    @describe(out=FreezeCreditOut, paged=True, query=CreditsQuery)
    def get(self, request: Request, ref: str) -> Response:
        """What came in to the case's frozen targets."""
        grant = self.door(Permission.READ)
        rows = credits_of(grant.case)
        status = self.query(CreditsQuery).get("status")
        return self.walk(FreezeCreditOut, rows.filter(status=status) if status else rows, query=CreditsQuery)


class OneCredit(Endpoint):
    @describe(out=FreezeCreditOut)
    def get(self, request: Request, ref: str, number: int) -> Response:
        """One credit."""
        grant = self.door(Permission.READ)
        self.query()
        return self.show(FreezeCreditOut, self.numbered(credits_of(grant.case)))


class CreditStep(Endpoint):
    """One decision on a credit."""

    permission: Permission = Permission.FREEZE_PROPOSE
    shape: type[Body] = WhyIn
    step: Callable[..., Any]

    def take(self) -> HttpResponse:
        grant = self.door(self.permission)
        credit = self.numbered(credits_of(grant.case))
        data = self.body(self.shape)

        def act() -> Answer:
            type(self).step(grant=grant, at=self.at, number=credit.number, **data)
            return self.answer(FreezeCreditOut, credits_of(grant.case).get(number=credit.number))

        return self.once(act)


class KeepCredit(CreditStep):
    step = staticmethod(actions.keep_credit)

    @describe(out=FreezeCreditOut, body=WhyIn)
    def post(self, request: Request, ref: str, number: int) -> HttpResponse:
        """Decide that what came in stays held."""
        return self.take()


class ReleaseCredit(CreditStep):
    step = staticmethod(actions.propose_credit_release)

    @describe(out=FreezeCreditOut, body=WhyIn)
    def post(self, request: Request, ref: str, number: int) -> HttpResponse:
        """Ask that what came in be given free."""
        return self.take()


class DecideCredit(CreditStep):
    permission, shape, step = (
        Permission.FREEZE_APPROVE,
        FreeIn,
        staticmethod(actions.decide_credit_release),
    )

    @describe(out=FreezeCreditOut, body=FreeIn)
    def post(self, request: Request, ref: str, number: int) -> HttpResponse:
        """Give it free or keep it; never the one who asked."""
        return self.take()
