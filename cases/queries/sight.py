"""What one person may see: a condition on the cases, and the sealed orders in them that she may not know."""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

from django.db import connection, transaction
from django.db.models import BooleanField, F, Func, Q, QuerySet, Value

from cases.models import Case, hidden_from, sees_every_case
from cases.people.models import User

# More keys than this are asked for again in each statement: so long a list would cost more than it saves.
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


@dataclass(frozen=True, slots=True)
class Sight:
    """`keys` are those of the cases, None where it is every case; `hidden` holds keys of orders, for `unsealed_from`."""

    keys: "Collection[int] | QuerySet[Case, int] | None"
    hidden: "Collection[int] | QuerySet[Any, int]"

    @classmethod
    def of_case(cls, case: Case) -> "Sight":
        """One case, as a door handed it out."""
        return cls((case.pk,), case.hidden_orders)

    @classmethod
    def of_user(cls, user: User) -> "Sight":
        """All the cases that the person may see, asked for anew in each statement. No query."""
        return cls(None if sees_every_case(user) else visible_ids(user), hidden_from(user))

    @classmethod
    def at_once(cls, user: User) -> "Sight":
        """The same, asked for once. To be used within `one_moment` alone. Two queries at most."""
        everything = cls.of_user(user)
        keys = everything.keys
        if isinstance(keys, QuerySet):
            keys = _at_once(keys)
        return cls(keys, _at_once(hidden_from(user).filter(everything.cases)))

    @property
    def cases(self) -> Q:
        """A condition on tables with a `case`."""
        return self.cases_of("case")

    def cases_of(self, path: str) -> Q:
        """The same on tables that reach a case by this path."""
        if self.keys is None:
            # The way that every key takes: what was disposed of is seen by nobody.
            return Q(**{f"{path}__disposed_at__isnull": True})
        if isinstance(self.keys, QuerySet) or not self.keys:
            return Q(**{f"{path}__in": self.keys})
        # As the text of an array: a list would be sent element by element.
        array = Value("{" + ",".join(map(str, sorted(self.keys))) + "}")
        return Q(AnyOf(F(f"{path}_id"), array))


class AnyOf(Func):
    """That a column has one of the values of an array: one parameter, however many they are."""

    template = "(%(expressions)s::bigint[]))"
    arg_joiner = " = ANY ("
    output_field = BooleanField()


def _at_once(asked: "QuerySet[Any, int]") -> "Collection[int] | QuerySet[Any, int]":
    """The keys themselves; the question, where they are too many."""
    found = list(asked[: NAMED + 1])
    return frozenset(found) if len(found) <= NAMED else asked


def visible_ids(user: User) -> "QuerySet[Case, int]":
    """The keys of the cases that the person may see."""
    return Case.objects.visible_to(user).order_by().values_list("pk", flat=True)
