"""What was asked of the exchange's own system, for pages and programs."""

from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.db.models import Count, Min, Prefetch, Q, QuerySet

from cases.access import NotFound
from cases.connectors import is_configured
from cases.models import (
    CallKind,
    Case,
    ChecklistItem,
    ChecklistTick,
    ConnectorCall,
    ConnectorReport,
    FreezeOrder,
)
from cases.queries.paging import Key, Page, keyset
from cases.status import FREEZE_STANDING, CallStatus, FreezeStatus

BY_NUMBER = (Key("number", int, descending=True),)
PAGE_SIZE = 50


def calls_of(case: Case) -> "QuerySet[ConnectorCall]":
    """The calls of a case that the person for whom it was fetched may know."""
    return (
        ConnectorCall.objects.of(case).select_related("freeze", "asked_by", "retried_by").order_by("number")
    )


def call_pages(case: Case) -> "QuerySet[ConnectorCall]":
    """The same with the reports that came, the newest call first."""
    reports = ConnectorReport.objects.select_related("outcome").order_by("received_at")
    return calls_of(case).prefetch_related(Prefetch("reports", reports)).order_by("-number")


def ticks_of(case: Case, number: int) -> "QuerySet[ChecklistTick]":
    """What was ticked for this freeze, in every try. Raises NotFound."""
    if not FreezeOrder.objects.of(case).filter(number=number).exists():
        raise NotFound
    return ChecklistTick.objects.filter(freeze__case=case, freeze__number=number).select_related("ticked_by")


def call_list(
    case: Case, *, after: str | None = None, before: str | None = None, size: int = PAGE_SIZE
) -> Page[ConnectorCall]:
    """The calls of a case, the newest first."""
    rows = call_pages(case).order_by()
    return keyset(rows, keys=BY_NUMBER, after=after, before=before, size=size)


def one_call(case: Case, number: int) -> ConnectorCall:
    """Raises NotFound."""
    found = calls_of(case).filter(number=number).first()
    if found is None:
        raise NotFound
    return found


@dataclass(frozen=True, slots=True)
class Item:
    """One line of the checklist; `tick` None: not done yet."""

    key: str
    words: str
    tick: ChecklistTick | None


@dataclass(frozen=True, slots=True)
class Checklist:
    items: list[Item]
    required: bool

    @property
    def is_whole(self) -> bool:
        return all(item.tick is not None for item in self.items)


def checklist_of(freeze: FreezeOrder) -> Checklist:
    """The checklist of the way by hand, of the last try. One query."""
    rows = freeze.ticks.filter(attempt=freeze.attempts).select_related("ticked_by")
    ticks = {tick.item: tick for tick in rows}
    items = [Item(key, str(words), ticks.get(key)) for key, words in ChecklistItem.choices]
    return Checklist(items, settings.CHECKLIST_REQUIRED)


@dataclass(frozen=True, slots=True)
class AtExchange:
    """What a freeze's page shows of the exchange's own system; `checklist` where a person sets the hold."""

    calls: list[ConnectorCall]
    may_ask: bool
    checklist: Checklist | None
    # The answer that says that a hold does not stand there which counts as set here.
    missed: ConnectorCall | None = None


def at_exchange(freeze: FreezeOrder) -> AtExchange:
    """At most four queries."""
    calls = list(call_pages(freeze.case).filter(freeze=freeze))
    checklist = checklist_of(freeze) if freeze.approved_at is not None else None
    # A hold that the connector sets needs no list, unless somebody began to tick it after all.
    by_connector = any(call.kind == CallKind.FREEZE for call in calls)
    if checklist is not None and by_connector and not any(item.tick for item in checklist.items):
        checklist = None if freeze.status != FreezeStatus.APPLYING else checklist
    may_ask = is_configured() and freeze.approved_at is not None
    return AtExchange(calls, may_ask, checklist, _missed(freeze, calls))


def _missed(freeze: FreezeOrder, calls: list[ConnectorCall]) -> ConnectorCall | None:
    """Of calls, the newest first: the last answer to how the hold stands, where it is that it does not."""
    if freeze.status not in FREEZE_STANDING or freeze.applied_at is None:
        return None
    answers = [call for call in calls if call.kind == CallKind.STATUS and call.status == CallStatus.CONFIRMED]
    if not answers or answers[0].state_there != "not_frozen":
        return None
    ended_at = answers[0].ended_at
    return answers[0] if ended_at is not None and ended_at >= freeze.applied_at else None


@dataclass(frozen=True, slots=True)
class ConnectorHealth:
    """Over all cases: how many calls wait, since when, and how many nobody answered or were refused."""

    configured: bool
    waiting: int
    waiting_since: datetime | None
    unanswered: int
    given_up: int
    failed: int


def connector_health() -> ConnectorHealth:
    """One query; counts alone, since this is shown to people who see no case."""
    open_now = Q(status__in=[CallStatus.QUEUED, CallStatus.SENT])
    found = ConnectorCall.objects.aggregate(
        waiting=Count("pk", filter=open_now),
        since=Min("asked_at", filter=open_now),
        unanswered=Count("pk", filter=Q(status=CallStatus.ACCEPTED)),
        given_up=Count("pk", filter=Q(status=CallStatus.GIVEN_UP)),
        failed=Count("pk", filter=Q(status=CallStatus.FAILED, retried_by__isnull=True)),
    )
    return ConnectorHealth(
        is_configured(),
        found["waiting"],
        found["since"],
        found["unanswered"],
        found["given_up"],
        found["failed"],
    )
