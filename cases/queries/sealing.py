"""Who may know a sealed order, and who could be named."""

from django.db.models import Q, QuerySet

from cases.models import Case, LegalOrder, Membership, OrderReader
from cases.people.models import Role, User


def readers_of(order: LegalOrder) -> list[OrderReader]:
    """Who may know the order now, by name. One query."""
    rows = OrderReader.objects.filter(order=order, ended_at__isnull=True)
    return list(rows.select_related("user", "named_by").order_by("user__name", "pk"))


def candidates(case: Case) -> "QuerySet[User]":
    """Who could be named as a reader: those in the case, and the auditors."""
    live = Membership.objects.filter(case=case, ended_at__isnull=True)
    return User.objects.filter(
        Q(pk__in=live.values("user_id")) | Q(role=Role.AUDITOR), is_active=True
    ).order_by("name", "pk")
