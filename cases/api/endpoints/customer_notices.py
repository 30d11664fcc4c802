"""Whether a customer may be told, why, and that one was."""

from django.http import HttpResponse
from django.utils.translation import gettext_lazy as _
from rest_framework.request import Request
from rest_framework.response import Response

from cases.actions import customer_notices as actions
from cases.api.base import Endpoint
from cases.api.fields import Body, Choice, Flag, Moment, Person, Shape, Text, Whole, number
from cases.api.schema import describe
from cases.disclosure import WORDS, Verdict
from cases.permissions import Permission
from cases.queries import customer_notices as queries

VERDICTS = [(str(verdict), WORDS[verdict]) for verdict in Verdict]


class DisclosureReasonOut(Shape):
    """Why, by which order."""

    verdict = Choice(VERDICTS)
    text = Text()
    legal_source = Text(source="source")
    order = Whole(allow_null=True)
    until = Moment(allow_null=True)


class CustomerNoticeOut(Shape):
    """A notice that was given."""

    number = Whole()
    account = Whole(source="account.number")
    told_at = Moment()
    how = Text()
    words = Text()
    verdict = Choice(VERDICTS)
    counsel = Text()
    written_at = Moment()
    written_by = Person()


class DisclosureOut(Shape):
    """Whether a customer may be told now, with the reasons, and the notices that were given."""

    verdict = Choice(VERDICTS)
    reasons = DisclosureReasonOut(many=True)
    notices = CustomerNoticeOut(many=True)


class CustomerNoticeIn(Body):
    """That a customer is told."""

    account = number(help_text=_("The account's number in the case."))
    told_at = Moment()
    how = Text(max_length=200)
    words = Text(max_length=5000)
    no_report = Flag(help_text=_("No suspicious activity report was made or is being considered."))
    counsel = Text(max_length=5000, allow_blank=True, default="")


class CustomerNotices(Endpoint):
    @describe(out=DisclosureOut)
    def get(self, request: Request, ref: str) -> Response:
        """Whether a customer may be told now, and why."""
        grant = self.door(Permission.READ)
        self.query()
        answer = queries.answer_for(grant.case, at=self.at)
        return self.show(
            DisclosureOut,
            {
                "verdict": str(answer.verdict),
                "reasons": answer.reasons,
                "notices": queries.notices_in(grant.case),
            },
        )

    @describe(out=CustomerNoticeOut, body=CustomerNoticeIn, status=201)
    def post(self, request: Request, ref: str) -> HttpResponse:
        """Record that a customer was told. Refused where something forbids it."""
        grant = self.door(Permission.NOTE)
        data = self.body(CustomerNoticeIn)
        data["account_number"] = data.pop("account")
        return self.once(
            lambda: self.answer(
                CustomerNoticeOut,
                actions.record_customer_notice(grant=grant, at=self.at, **data),
                status=201,
            )
        )
