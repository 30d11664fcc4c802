"""Deadlines: of orders, of the duties in them, of policy holds that wait for a formal order, of tasks."""

from django.utils.translation import gettext_lazy as _
from rest_framework.request import Request
from rest_framework.response import Response

from cases.api.base import LARGEST_PAGE, PAGE, Endpoint
from cases.api.fields import Choice, Moment, Query, QueryWhole, Shape, Text, Whole
from cases.api.schema import describe
from cases.permissions import Permission
from cases.queries.due import Scope, board

KINDS = [
    ("obligation", _("A duty")),
    ("order", _("An order")),
    ("hold", _("A policy hold")),
    ("task", _("A task")),
]


class DueItemOut(Shape):
    """One deadline. `number` is the order's, for a hold the freeze's, for a task its own."""

    kind = Choice(KINDS)
    due_at = Moment()
    case = Text(source="case.reference")
    number = Whole()
    title = Text()
    subtitle = Text()
    responsible = Text()


class DueOut(Shape):
    """The nearest deadlines, the longest overdue first; and how many are overdue or near, counted up to 100."""

    items = DueItemOut(many=True)
    overdue = Whole()
    soon = Whole(help_text=_("Within seven days."))


class DueQuery(Query):
    """How many."""

    limit = QueryWhole(required=False, min_value=1, max_value=LARGEST_PAGE, default=PAGE)


class Due(Endpoint):
    @describe(out=DueOut, query=DueQuery)
    def get(self, request: Request) -> Response:
        """The nearest deadlines in the cases that you may see."""
        return self.of(Scope.visible_to(self.user))

    def of(self, scope: Scope | None) -> Response:
        """The nearest of these cases' deadlines. One query."""
        found = board(scope, at=self.at, limit=self.query(DueQuery)["limit"])
        return self.show(
            DueOut,
            {"items": found.nearest, "overdue": found.counts.overdue, "soon": found.counts.soon},
        )


class CaseDue(Due):
    @describe(out=DueOut, query=DueQuery)
    def get(self, request: Request, ref: str) -> Response:  # type: ignore[override]
        """The nearest deadlines in one case."""
        return self.of(Scope.of_case(self.door(Permission.READ).case))
