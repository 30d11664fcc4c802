"""Orders that look like another: the same authority and reference, or the same selectors.

They are pointed out to a person, who decides; nothing is blocked by them. Only orders that this person may know are
looked through: that another desk holds the like of it is not told, not even as a number.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from django.db.models import Q

from cases.models import LegalOrder, Selector
from cases.models.selectors import comparable
from cases.people.models import User
from cases.queries.orders import orders_known_to

# More than these help nobody to decide.
MOST = 20


@dataclass(frozen=True, slots=True)
class Alike:
    """An order that looks like another, and why."""

    order: LegalOrder
    same_reference: bool
    shared: list[str] = field(default_factory=list)

    @property
    def key(self) -> str:
        """How a program names it: its case and its number there."""
        return f"{self.order.case.reference}/{self.order.number}"


def alike(
    user: User,
    *,
    authority: str,
    reference: str,
    selectors: Iterable[tuple[str, str]] = (),
    without: LegalOrder | None = None,
) -> list[Alike]:
    """Orders that this person may know and that look alike, the newest first. Two queries."""
    known = orders_known_to(user)
    if without is not None:
        known = known.exclude(pk=without.pk)
    asked = {(kind, comparable(kind, value)) for kind, value in selectors if value.strip()}
    shared: dict[int, list[str]] = {}
    if asked:
        same = Q()
        for kind, value in asked:
            same |= Q(kind=kind, comparable=value)
        rows = Selector.objects.filter(same, order__in=known).order_by("order_id", "number")
        for row in rows:
            shared.setdefault(row.order_id, []).append(row.value)
    plain = " ".join(authority.split())
    same_paper = Q(agency_reference__iexact=reference.strip()) & (
        Q(issuing_authority__iexact=plain) | Q(issuer__name__iexact=plain)
    )
    found = (
        known.filter(same_paper | Q(pk__in=list(shared)))
        .select_related("case", "issuer")
        .defer("clear_scope", "sealed_texts")
        .order_by("-received_at", "-id")[:MOST]
    )
    names = {plain.casefold()}
    return [
        Alike(
            order=order,
            same_reference=order.agency_reference.casefold() == reference.strip().casefold()
            and bool({order.issuing_authority.casefold(), str(order.issuer or "").casefold()} & names),
            shared=shared.get(order.pk, []),
        )
        for order in found
    ]


def alike_to(user: User, order: LegalOrder, selectors: Sequence[Selector]) -> list[Alike]:
    """What looks like a recorded order."""
    return alike(
        user,
        authority=order.issuing_authority,
        reference=order.agency_reference,
        selectors=[(row.kind, row.value) for row in selectors],
        without=order,
    )


def mark_of(found: Sequence[Alike]) -> str:
    """What a form sends back to say that just these were seen; another one that came since asks again."""
    keys = "\n".join(sorted(row.key for row in found))
    return hashlib.sha256(keys.encode()).hexdigest()[:24] if found else ""
