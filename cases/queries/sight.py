"""What one person may see: a condition on the cases, and the sealed orders in them that she may not know."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from django.db.models import Q, QuerySet

from cases.models import Case, hidden_from
from cases.people.models import User


@dataclass(frozen=True, slots=True)
class Sight:
    """`cases` is a condition on tables with a `case`; `hidden` holds keys of orders, for `unsealed_from`."""

    cases: Q
    hidden: "Collection[int] | QuerySet[Any, int]"

    @classmethod
    def of_case(cls, case: Case) -> "Sight":
        """One case, as a door handed it out."""
        return cls(Q(case=case), case.hidden_orders)

    @classmethod
    def of_user(cls, user: User) -> "Sight":
        """All the cases that the person may see."""
        return cls(Q(case__in=visible_ids(user)), hidden_from(user))


def visible_ids(user: User) -> "QuerySet[Case, int]":
    """The keys of the cases that the person may see."""
    return Case.objects.visible_to(user).order_by().values_list("pk", flat=True)
