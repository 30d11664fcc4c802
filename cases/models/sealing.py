"""Sealed orders: who may know that one exists, and the querysets that leave out what a person may not know.

An order's seal covers all that stems from it: its duties, papers, selectors, freezes, transfers, shares. Each such
table says in ORDER_PATH how its rows reach their order; a list of a case's rows starts at `objects.of(case)`, with the
case as `cases.access` handed it out for one person. The term is the field's: a sealed order is one whose very
existence is kept from all but the persons named (18 USC 3123(d), 18 USC 2705(b), Fed. R. Crim. P. 6(e)(4)).
"""

from collections.abc import Collection
from typing import Any, ClassVar, Protocol, Self, TypeVar

import pgtrigger
from django.db import models
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from cases.models.base import both_or_neither, never_deleted, stands
from cases.models.cases import Case
from cases.people.models import User
from wallets.models.triggers import FirmTrigger

Row = TypeVar("Row", bound=models.Model)


class StemsFromOrder(Protocol):
    """A table whose rows stem from an order, or may: `ORDER_PATH` is the lookup of the order's key."""

    ORDER_PATH: ClassVar[str]


class KnownQuerySet(models.QuerySet[Row]):
    """Rows that stem from legal orders."""

    def of(self, case: Case) -> Self:
        """The rows of this case that the person may know for whom the case was fetched; all, for the system."""
        return self.filter(case=case).unsealed_from(case.hidden_orders)

    def unsealed_from(self, hidden: "Collection[int] | QuerySet[Any, int]") -> Self:
        """Without the rows that stem from these orders."""
        if isinstance(hidden, Collection) and not hidden:
            return self
        return self.exclude(**{f"{self.order_path}__in": hidden})

    def known_to(self, user: User) -> Self:
        """The rows in the cases that the person may see, without those of orders that she may not know."""
        return self.filter(case__in=Case.objects.visible_to(user)).unsealed_from(hidden_from(user))

    @property
    def order_path(self) -> str:
        path: str = self.model.ORDER_PATH  # type: ignore[attr-defined]
        return path


class OrderReader(models.Model):
    """A person who may know a sealed order. Ended, never deleted: who could know, and when, is part of the record."""

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="order_readers")
    order = models.ForeignKey("cases.LegalOrder", on_delete=models.PROTECT, related_name="readers")
    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    named_at = models.DateTimeField()
    named_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    ended_at = models.DateTimeField(null=True, blank=True)
    ended_by = models.ForeignKey(User, null=True, blank=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        verbose_name = _("reader of a sealed order")
        constraints = [
            models.UniqueConstraint(
                fields=["order", "user"], condition=Q(ended_at__isnull=True), name="order_reader_once"
            ),
            both_or_neither("ended_at", "ended_by", "order_reader_ended_pair"),
        ]
        indexes = [
            models.Index(
                fields=["user", "order"], condition=Q(ended_at__isnull=True), name="order_reader_live"
            ),
        ]
        triggers = [
            *never_deleted("order_reader"),
            stands(
                "order_reader_stands",
                "case_id",
                "order_id",
                "user_id",
                "named_at",
                "named_by_id",
                why="who was named as a reader is not changed",
            ),
            FirmTrigger(
                name="order_reader_of_the_case",
                operation=pgtrigger.Insert,
                when=pgtrigger.After,
                func="IF NOT EXISTS (SELECT FROM cases_legalorder o WHERE o.id = NEW.order_id AND o.case_id = "
                "NEW.case_id) OR NOT EXISTS (SELECT FROM people_user p WHERE p.id = NEW.user_id AND (p.role = "
                "'auditor' OR EXISTS (SELECT FROM cases_membership m WHERE m.case_id = NEW.case_id AND m.user_id = "
                "NEW.user_id AND m.ended_at IS NULL))) THEN RAISE EXCEPTION 'a reader of an order is in its case' "
                "USING ERRCODE = 'check_violation'; END IF; RETURN NULL;",
            ),
            # A sealed order that nobody knows would run out unseen, and so would a duty whose person may not know it.
            FirmTrigger(
                name="order_reader_not_the_last",
                operation=pgtrigger.Update,
                when=pgtrigger.After,
                func="IF NEW.ended_at IS NOT NULL AND EXISTS (SELECT FROM cases_legalorder o WHERE o.id = NEW.order_id "
                "AND o.sealed) AND (NOT EXISTS (SELECT FROM cases_orderreader r WHERE r.order_id = NEW.order_id AND "
                "r.ended_at IS NULL) OR EXISTS (SELECT FROM cases_obligation b WHERE b.order_id = NEW.order_id AND "
                "b.responsible_id = NEW.user_id AND b.status IN ('open', 'in_progress', 'overdue'))) THEN "
                "RAISE EXCEPTION 'somebody must know a sealed order, and whoever has a duty in it' "
                "USING ERRCODE = 'check_violation'; END IF; RETURN NULL;",
            ),
        ]

    def __str__(self) -> str:
        return str(self.user)


def hidden_from(user: User) -> "QuerySet[Any, int]":
    """The keys of the sealed orders that this person may not know, over all cases."""
    from cases.models.orders import LegalOrder

    known = OrderReader.objects.filter(user=user, ended_at__isnull=True)
    return (
        LegalOrder.objects.filter(sealed=True)
        .exclude(pk__in=known.values("order_id"))
        .order_by()
        .values_list("pk", flat=True)
    )


def hidden_in(case: Case, user: User) -> frozenset[int]:
    """The same in one case. One query, by the index of sealed orders."""
    return frozenset(hidden_from(user).filter(case=case))
