"""Events as entries: read from the record by sequence, said in words."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from cases.audit.models import Event
from cases.chronology import words
from cases.chronology.sentences import SENTENCES, SHARED_ACTIONS, Sentence
from cases.models import (
    Case,
    CaseTask,
    Exhibit,
    FreezeChange,
    FreezeCredit,
    FreezeOrder,
    IssuerFreeze,
    LegalOrder,
    MatterShare,
    Obligation,
    OrderPaper,
    Selector,
    Transfer,
)
from cases.people.models import Role
from cases.sealing.envelope import CannotUnseal

Line = tuple[str, str]
Numbers = Mapping[tuple[str, int], int]


@dataclass(frozen=True)
class Entry:
    """One event in words.

    `occurred_at` is when it was done, by the clock that was handed in; `recorded_at` when the database wrote it.
    `lines` are (label, value), a value may hold line breaks. `object_number` is the number that the reader knows: the
    case's own, or the matter's where the entry was read for a matter. `hash` is the event's place in the chain, in hex.
    """

    sequence: int
    occurred_at: datetime
    recorded_at: datetime
    actor_name: str
    acting_role: str
    action: str
    title: str
    lines: list[Line]
    icon: str
    tone: str
    object_kind: str
    object_number: int | None
    hash: str


def entries(
    case: Case,
    *,
    order: LegalOrder | None = None,
    share: MatterShare | None = None,
    about: tuple[str, int] | None = None,
    limit: int | None = None,
    before: int | None = None,
    oldest_first: bool = False,
) -> list[Entry]:
    """The case's chronology, newest first; `before` a sequence and at most `limit` for paging.

    With `order` only what concerns that order, its duties and papers, and the freezes that rest on it. With `share`
    only what may be shown to its liaison: of that same matter, the share and the files made from it, in lines that are
    marked as shown outside, with the matter's own numbers. An event of an unknown kind is in neither. With `about` only
    the events of that one object, by its kind and its number in the case.
    """
    found = Event.objects.filter(stream_id=case.stream_id).select_related("actor", "stream")
    numbers: Numbers = {}
    if share is not None:
        numbers = matter_numbers(share.order)
        found = found.filter(
            _concerns(share.order) | Q(object_kind="share", object_number=share.number),
            action__in=SHARED_ACTIONS,
        )
    elif order is not None:
        found = found.filter(_concerns(order))
    if share is None and case.hidden_orders:
        for hidden in LegalOrder.objects.filter(pk__in=case.hidden_orders):
            found = found.exclude(_stems_from(hidden))
    if about is not None:
        found = found.filter(object_kind=about[0], object_number=about[1])
    if before is not None:
        found = found.filter(sequence__lt=before)
    found = found.order_by("sequence" if oldest_first else "-sequence")
    if limit is not None:
        found = found[:limit]
    return _said(found, outside=share is not None, numbers=numbers)


def _concerns(order: LegalOrder) -> Q:
    duties = Obligation.objects.filter(order=order)
    return (
        Q(object_kind="order", object_number=order.number)
        | Q(object_kind="obligation", object_number__in=duties.values("number"))
        | Q(object_kind="paper", object_number__in=OrderPaper.objects.filter(order=order).values("number"))
        | Q(
            object_kind="freeze",
            object_number__in=FreezeOrder.objects.filter(obligation__order=order).values("number"),
        )
    )


def _stems_from(order: LegalOrder) -> Q:
    """Every event about the order and about whatever rests on it: what a reader from whom it is sealed is not told."""
    stems = _concerns(order)
    for kind, rows in (
        ("selector", Selector.objects.filter(order=order)),
        ("change", FreezeChange.objects.filter(freeze__obligation__order=order)),
        ("transfer", Transfer.objects.filter(obligation__order=order)),
        ("credit", FreezeCredit.objects.filter(freeze__obligation__order=order)),
        ("issuer_freeze", IssuerFreeze.objects.filter(freeze__obligation__order=order)),
        ("share", MatterShare.objects.filter(order=order)),
        ("exhibit", Exhibit.objects.filter(order=order)),
    ):
        stems |= Q(object_kind=kind, object_number__in=rows.values("number"))
    tasks = CaseTask.objects.filter(
        Q(order=order) | Q(obligation__order=order) | Q(freeze__obligation__order=order)
    )
    return stems | Q(object_kind="task", object_number__in=tasks.values("number"))


def matter_numbers(order: LegalOrder) -> dict[tuple[str, int], int]:
    """From (kind, number in the case) to the number in the matter, counted from 1.

    The case's own numbers would tell a liaison how much else stands in the case.
    """
    rows: dict[str, QuerySet[Any]] = {
        "obligation": Obligation.objects.filter(order=order),
        "paper": OrderPaper.objects.filter(order=order),
        "freeze": FreezeOrder.objects.filter(obligation__order=order),
    }
    numbers = {("order", order.number): 1}
    for kind, found in rows.items():
        ranked = found.order_by("number").values_list("number", flat=True)
        numbers.update({(kind, number): place for place, number in enumerate(ranked, start=1)})
    return numbers


def _said(found: QuerySet[Event], *, outside: bool, numbers: Numbers) -> list[Entry]:
    return [_entry(event, outside=outside, numbers=numbers) for event in found]


def entry_of(event: Event) -> Entry:
    """One event in words, for a reader inside the house."""
    return _entry(event, outside=False, numbers={})


def _entry(event: Event, *, outside: bool, numbers: Numbers) -> Entry:
    if event.occurred_at is None or event.recorded_at is None:
        raise ValueError("an event is read as the database wrote it, with both of its times")
    details, missing = _told(event)
    sentence = SENTENCES.get(event.action)
    number = event.object_number
    if outside:
        details = _renumbered(details, numbers)
        number = None if number is None else numbers.get((event.object_kind, number))
    return Entry(
        sequence=event.sequence,
        occurred_at=event.occurred_at,
        recorded_at=event.recorded_at,
        actor_name=event.actor.name if event.actor is not None else _("The system"),
        acting_role=str(words.role(event.acting_role) or "") if event.acting_role in Role.values else "",
        action=event.action,
        title=_title(event.action, sentence, number, details),
        lines=_lines(sentence, details, outside=outside, missing=missing),
        icon=sentence.icon if sentence else "circle",
        tone=sentence.tone if sentence else "neutral",
        object_kind=event.object_kind,
        object_number=number,
        hash=bytes(event.hash).hex(),
    )


def _told(event: Event) -> tuple[dict[str, Any], str]:
    """The event's values; or none, and in words why."""
    try:
        return event.values, "" if event.kept else _("no longer kept")
    except (CannotUnseal, ValueError):
        return {}, _("cannot be read: what is stored is not what was recorded")


def _title(action: str, sentence: Sentence | None, number: int | None, details: Mapping[str, Any]) -> str:
    if sentence is None:
        # Written by a later version of the product, read by an earlier one: its own name is all there is.
        return action
    facts = {key: say(details.get(key)) or _("not stated") for key, say in sentence.facts}
    return str(sentence.title) % {"number": "" if number is None else number, **facts}


def _lines(
    sentence: Sentence | None, details: Mapping[str, Any], *, outside: bool, missing: str
) -> list[Line]:
    if sentence is None:
        return []
    if missing:
        return [(_("Details"), missing)]
    lines: list[Line] = []
    if sentence.changes:
        lines += words.changes(sentence.changes, details.get("changes", {}), outside=outside)
    for detail in sentence.details:
        if outside and not detail.shared:
            continue
        # An empty key hands over all of the details: a figure needs its decimals beside it.
        value = detail.words(details.get(detail.key) if detail.key else details)
        if value:
            lines.append((str(detail.label), value))
    return lines


def hidden_events(case: Case) -> set[int]:
    """The keys of the case's events that concern orders which the person may not know for whom the case was fetched."""
    found: set[int] = set()
    for order in LegalOrder.objects.filter(pk__in=case.hidden_orders):
        found |= set(
            Event.objects.filter(_stems_from(order), stream_id=case.stream_id).values_list("pk", flat=True)
        )
    return found


# Where an event's details name other things of the case by number, and of which kind they are.
_NUMBERED = {"order": "order", "obligation": "obligation"}


def _renumbered(details: Mapping[str, Any], numbers: Numbers) -> dict[str, Any]:
    """The details with the matter's numbers; a number that the matter does not know becomes none."""
    shown: dict[str, Any] = {}
    for key, value in details.items():
        kind = _NUMBERED.get(key)
        if kind is not None and isinstance(value, int):
            shown[key] = numbers.get((kind, value))
        elif key == "lifted":
            shown[key] = [place for n in value if (place := numbers.get(("obligation", n))) is not None]
        elif key == "obligations":
            shown[key] = [{**duty, "number": numbers.get(("obligation", duty["number"]))} for duty in value]
        elif key == "followed" and value:
            shown[key] = _renumbered(value, numbers)
        else:
            shown[key] = value
    return shown
