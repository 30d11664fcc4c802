"""Authorities, what is kept of them, and their orders so far as the reader may know them."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db.models import Count, Exists, OuterRef, Q, QuerySet

from cases.access import NotFound
from cases.models import Authority, AuthorityContact, ContactKind, LegalOrder, Verification
from cases.people.models import User
from cases.queries.orders import orders_known_to
from cases.queries.paging import PAGE_SIZE, Key, Page, keyset

BY_NAME = (Key("name", str), Key("id", int))
# The newest orders on an authority's page; the rest by search.
SHOWN = 50
REFUSED = ("rejected_inauthentic", "rejected")


@dataclass(frozen=True, slots=True)
class AuthorityRow:
    """A line of the list."""

    authority: Authority
    domains: list[str]
    contacts: int
    orders: int
    rejections: int


def _of(user: User) -> "QuerySet[LegalOrder]":
    return orders_known_to(user).order_by()


def _with(authority_field: str) -> Q:
    pk = OuterRef(authority_field)
    return Q(issuer=pk) | Q(validator=pk) | Q(enforcer=pk)


def authorities_known_to(user: User) -> "QuerySet[Authority]":
    """Those that were kept by hand, and those that an order brought which this person may know."""
    return Authority.objects.filter(Q(is_kept=True) | Exists(_of(user).filter(_with("pk"))))


def authority_list(
    user: User, *, after: str | None = None, before: str | None = None, size: int = PAGE_SIZE
) -> Page[AuthorityRow]:
    """Authorities by name, with how much is known of each. Four queries."""
    page = keyset(authorities_known_to(user), keys=BY_NAME, after=after, before=before, size=size)
    return Page(rows_of(user, page.rows), page.next_cursor, page.previous_cursor)


def rows_of(user: User, authorities: Sequence[Authority]) -> list[AuthorityRow]:
    """These authorities with what a list says of each. Two queries."""
    contacts: dict[int, list[AuthorityContact]] = {}
    for contact in AuthorityContact.objects.filter(authority__in=authorities, ended_at__isnull=True).order_by(
        "number"
    ):
        contacts.setdefault(contact.authority_id, []).append(contact)
    issued = {
        row["issuer"]: (row["all"], row["refused"])
        for row in _of(user)
        .filter(issuer__in=authorities)
        .values("issuer")
        .annotate(all=Count("pk"), refused=Count("pk", filter=Q(status__in=REFUSED)))
    }
    rows = []
    for authority in authorities:
        kept = contacts.get(authority.pk, [])
        orders, refused = issued.get(authority.pk, (0, 0))
        rows.append(
            AuthorityRow(
                authority=authority,
                domains=[contact.value for contact in kept if contact.kind == ContactKind.DOMAIN],
                contacts=sum(contact.kind != ContactKind.DOMAIN for contact in kept),
                orders=orders,
                rejections=refused,
            )
        )
    return rows


def authority_of(user: User, public_id: UUID) -> Authority:
    """The authority under this ID, if this person may know it. Raises NotFound."""
    found = authorities_known_to(user).select_related("recorded_by").filter(public_id=public_id).first()
    if found is None:
        raise NotFound
    return found


def contact_of(authority: Authority, number: int) -> AuthorityContact:
    """One contact of the authority. Raises NotFound."""
    found = authority.contacts.select_related("added_by").filter(number=number).first()
    if found is None:
        raise NotFound
    return found


@dataclass(frozen=True, slots=True)
class AuthorityContent:
    """All that an authority's page shows."""

    contacts: list[AuthorityContact]
    former: list[AuthorityContact]
    orders: list[LegalOrder]
    rejections: list[Verification]


def authority_content(user: User, authority: Authority) -> AuthorityContent:
    """Its contacts, and of its orders and rejections what this person may know. Three queries."""
    contacts = list(authority.contacts.select_related("added_by", "ended_by").order_by("number"))
    orders = orders_known_to(user).filter(
        Q(issuer=authority) | Q(validator=authority) | Q(enforcer=authority)
    )
    rejections = Verification.objects.filter(
        order__in=_of(user).filter(issuer=authority), outcome="inauthentic"
    ).select_related("order__case", "checked_by")
    return AuthorityContent(
        contacts=[row for row in contacts if row.ended_at is None],
        former=[row for row in contacts if row.ended_at is not None],
        orders=list(
            orders.select_related("case")
            .defer("clear_scope", "sealed_texts")
            .order_by("-received_at", "-id")[:SHOWN]
        ),
        rejections=list(rejections.order_by("-checked_at", "-id")[:SHOWN]),
    )


def kept_contacts(order: LegalOrder) -> list[AuthorityContact]:
    """Ways to call back the authority that issued the order, found apart from it."""
    if order.issuer_id is None:
        return []
    rows = AuthorityContact.objects.filter(authority_id=order.issuer_id, ended_at__isnull=True)
    return list(rows.exclude(kind=ContactKind.DOMAIN).select_related("added_by").order_by("number"))
