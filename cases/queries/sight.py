"""What one person may see: a condition on the cases, and the sealed orders in them that she may not know."""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

from django.db import connection, transaction
from django.db.models import Q, QuerySet

from cases.models import Case, hidden_from
from cases.people.models import User

# More hidden orders than this are asked for again in each statement: so long a list would cost more than it saves.
NAMED: Final = 500


@contextmanager
def one_moment() -> Iterator[None]:
    """What is read inside is all of one moment: an order that is sealed meanwhile is seen by no part of it.

    Inside a transaction that is open already, that one's rules hold.
    """
    if connection.in_atomic_block:
        yield
        return
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        yield


def hidden_at_once(user: User) -> "Collection[int] | QuerySet[Any, int]":
    """The orders in her cases that she may not know, asked for once. To be used within `one_moment` alone. One query."""
    hidden = hidden_from(user).filter(case__in=visible_ids(user))
    found = list(hidden[: NAMED + 1])
    return frozenset(found) if len(found) <= NAMED else hidden


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
    def of_user(cls, user: User, *, hidden: "Collection[int] | QuerySet[Any, int] | None" = None) -> "Sight":
        """All the cases that the person may see; `hidden` as `hidden_at_once` gave it."""
        return cls(Q(case__in=visible_ids(user)), hidden_from(user) if hidden is None else hidden)


def visible_ids(user: User) -> "QuerySet[Case, int]":
    """The keys of the cases that the person may see."""
    return Case.objects.visible_to(user).order_by().values_list("pk", flat=True)
