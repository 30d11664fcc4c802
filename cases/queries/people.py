"""People, for their administrator."""

import uuid
from dataclasses import dataclass

from django.db.models import F, Func, Q, TextField

from cases.access import NotFound
from cases.people.models import User
from cases.queries.paging import PAGE_SIZE, Page


@dataclass(frozen=True, slots=True)
class PeopleFilter:
    """What narrows the list; empty values narrow nothing. `state`: active or inactive."""

    role: str = ""
    state: str = ""


def _sort_name() -> Func:
    return Func(F("name"), function="lower", output_field=TextField())


def people_list(
    narrowed: PeopleFilter, *, after: str | None = None, before: str | None = None, size: int = PAGE_SIZE
) -> Page[User]:
    """People by name. At most two queries.

    The cursor is the public identifier of the person at the edge, because names stand in no URL; one that names nobody
    gives the first page.
    """
    rows = User.objects.all()
    if narrowed.role:
        rows = rows.filter(role=narrowed.role)
    if narrowed.state:
        rows = rows.filter(is_active=narrowed.state == "active")
    rows = rows.annotate(sort_name=_sort_name())
    forward = not (before and not after)
    edge = _edge(after or before)
    if edge is not None:
        name, key = edge
        direction = "gt" if forward else "lt"
        rows = rows.filter(
            Q(**{f"sort_name__{direction}": name}) | Q(**{"sort_name": name, f"public_id__{direction}": key})
        )
    else:
        forward = True
    sign = "" if forward else "-"
    taken = list(rows.order_by(f"{sign}sort_name", f"{sign}public_id")[: size + 1])
    more = len(taken) > size
    found: list[User] = [*taken[:size]]
    if not forward:
        found.reverse()
    if not found:
        return Page([], None, None)
    has_next = more if forward else True
    has_previous = edge is not None if forward else more
    return Page(
        found,
        str(found[-1].public_id) if has_next else None,
        str(found[0].public_id) if has_previous else None,
    )


def _edge(cursor: str | None) -> tuple[str, uuid.UUID] | None:
    if not cursor:
        return None
    try:
        key = uuid.UUID(cursor)
    except ValueError:
        return None
    name = (
        User.objects.filter(public_id=key)
        .annotate(sort_name=_sort_name())
        .values_list("sort_name", flat=True)
    )
    found = name.first()
    return None if found is None else (found, key)


def person_with(public_id: uuid.UUID) -> User:
    """The person with this public identifier. Raises NotFound."""
    person = User.objects.filter(public_id=public_id).first()
    if person is None:
        raise NotFound
    return person
