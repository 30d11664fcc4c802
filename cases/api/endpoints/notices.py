"""What you were told of clocks that run in your cases."""

from datetime import datetime

from django.http import HttpResponse
from django.utils.translation import gettext_lazy as _
from rest_framework.request import Request
from rest_framework.response import Response

from cases.access import NotFound
from cases.actions import reminders as actions
from cases.api.base import Endpoint, Paging
from cases.api.fields import Choice, Flag, Id, Moment, Nothing, Shape, Text, Whole
from cases.api.idempotency import Answer
from cases.api.schema import describe
from cases.models import ReminderKind
from cases.models.reminders import STEP_WORDS
from cases.queries import reminders as queries
from cases.queries.paging import Key
from cases.reminding import Step

KEYS = (Key("told_at", datetime, descending=True), Key("public_id", str, descending=True))


class NoticeOut(Shape):
    """One step of one clock. `number` is that of the duty, order, freeze or task in its case."""

    id = Id(source="public_id")
    case = Text(source="reminder.case.reference")
    about = Choice(ReminderKind.choices, source="reminder.kind")
    number = Whole(source="reminder.number")
    step = Choice([(str(step), STEP_WORDS[step]) for step in Step], source="reminder.step")
    due_at = Moment(source="reminder.due_at")
    late = Flag(source="reminder.late", help_text=_("It went out late: the system was away."))
    told_at = Moment()
    read_at = Moment(allow_null=True)
    mailed_at = Moment(allow_null=True)


class Notices(Endpoint):
    @describe(out=NoticeOut, paged=True, query=Paging)
    def get(self, request: Request) -> Response:
        """What you were told, the newest first."""
        return self.walk(NoticeOut, queries.notices_of(self.user), keys=KEYS)


class ReadNotice(Endpoint):
    @describe(out=NoticeOut, body=Nothing)
    def post(self, request: Request, notice: str) -> HttpResponse:
        """Take note of it."""
        mine = queries.notices_of(self.user)
        if not mine.filter(public_id=notice).exists():
            raise NotFound
        self.body(Nothing)

        def act() -> Answer:
            actions.read_notices(by=self.user, at=self.at, notice=notice)
            return self.answer(NoticeOut, mine.get(public_id=notice))

        return self.once(act)
