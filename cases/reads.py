"""The edge of reading: what an answer shows of a sealed order is told before the answer is sent, page and API alike."""

from datetime import datetime

from cases.actions.orders.viewing import note_sealed_view
from cases.people.models import User
from cases.queries.sealed_reads import (
    WHOLE_LISTS,
    sealed_order_behind,
    sealed_order_shared,
    sealed_orders_known,
)

# The file itself is told by an event of its own.
OWN_EVENT = frozenset({"paper-download", "api-paper-file", "exhibit-download", "api-exhibit-file"})
READING = frozenset({"GET", "HEAD"})


def tell_reading(
    *, by: User, at: datetime, method: str, name: str, path: str, arguments: dict[str, object], refresh: bool
) -> None:
    """Look behind a URL that was answered with 200: `path` and its resolved `arguments` say what stood there.

    A URL with the number of one thing in a case, with the reference of a shared matter, or of a list that holds orders
    whole (not told again within minutes: programs walk it page by page). Other lists name an order at most. Raises what
    the database raises: then the answer must not be sent.
    """
    if method not in READING or name in OWN_EVENT:
        return
    reference, number = arguments.get("ref"), arguments.get("number")
    if not isinstance(reference, str):
        return
    parts = path.removeprefix("/api/v1").strip("/").split("/")
    if name in WHOLE_LISTS and parts[0] == "cases":
        for known in sealed_orders_known(reference, by):
            note_sealed_view(by=by, at=at, order=known, what=f"{method} {name}", refresh=True)
        return
    order = None
    if parts[0] == "matters":
        order = sealed_order_shared(reference)
    elif isinstance(number, int) and len(parts) > 2:
        order = sealed_order_behind(reference, parts[2], number)
    if order is not None:
        note_sealed_view(by=by, at=at, order=order, what=f"{method} {name}", refresh=refresh)
