"""How long the record of a case is kept: what is set, what holds it, and what its orders and its typology suggest."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from django.db.models import Max
from django.db.models.functions import Coalesce
from django.utils.translation import gettext as _

from cases.access import Grant
from cases.models import (
    AccountStatus,
    Case,
    CaseRetention,
    CountsFrom,
    ExchangeAccount,
    FreezeOrder,
    LegalHold,
    LegalOrder,
    RetentionClass,
    Typology,
)
from cases.models.retention import newest_retention
from cases.queries.case_tasks import hidden_orders
from cases.status import CaseStatus


def may_go_on(counted_from: date, years: int) -> date:
    """The first day on which a record may go that is kept for so many calendar years from this day.

    The years end with the last hour of the day of the same date, or of the last day of that month where there is none
    (Reg. (EEC) 1182/71 Art 3(2)(c)); the record may go on the day after it.
    """
    try:
        last = counted_from.replace(year=counted_from.year + years)
    except ValueError:
        last = counted_from.replace(year=counted_from.year + years, day=28)
    return last + timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Suggestion:
    """The class whose record goes last of those that fit, the day it counts from, and why."""

    retention_class: RetentionClass
    counted_from: date
    counted_because: str
    reasons: list[str]

    @property
    def may_go_on(self) -> date:
        return may_go_on(self.counted_from, self.retention_class.years)


@dataclass(frozen=True, slots=True)
class RetentionState:
    """What counts for the record of a case now. `may_go_on` is None while nothing lets it go."""

    current: CaseRetention | None
    history: list[CaseRetention]
    live_holds: list[LegalHold]
    lifted_holds: list[LegalHold]
    is_closed: bool

    @property
    def is_held(self) -> bool:
        return bool(self.live_holds)

    @property
    def may_go_on(self) -> date | None:
        """The day that is set; None where a hold lives, the case is open, or nothing is set."""
        if self.is_held or not self.is_closed or self.current is None:
            return None
        return self.current.may_go_on


def state_of(case: Case) -> RetentionState:
    """Two queries."""
    history = list(
        CaseRetention.objects.filter(case=case)
        .select_related("retention_class", "set_by")
        .order_by("-number")
    )
    holds = list(
        LegalHold.objects.filter(case=case).select_related("placed_by", "lifted_by").order_by("-number")
    )
    return RetentionState(
        current=history[0] if history else None,
        history=history[1:],
        live_holds=[hold for hold in holds if hold.lifted_at is None],
        lifted_holds=[hold for hold in holds if hold.lifted_at is not None],
        is_closed=case.status == CaseStatus.CLOSED,
    )


def suggested(grant: Grant, *, at: datetime) -> Suggestion:
    """Of the classes that fit the case's instruments and typology, the one that keeps the record longest.

    An order that the reader may not know of counts like any other; it is not named to her.
    """
    case = grant.case
    hidden = hidden_orders(grant)
    orders = list(LegalOrder.objects.filter(case=case).values_list("pk", "instrument"))
    instruments = {f"instrument:{instrument}" for _pk, instrument in orders}
    named = {f"instrument:{instrument}" for pk, instrument in orders if pk not in hidden}
    typology = f"typology:{case.typology}"
    found: list[Suggestion] = []
    for row in newest_retention().values():
        fits = [word for word in row.suggested_for if word in {*instruments, typology, "always"}]
        if row.is_retired or not fits:
            continue
        counted_from, because = starts(case, row.counts_from, at=at)
        found.append(Suggestion(row, counted_from, because, [_why(word, case, named) for word in fits]))
    if not found:
        # Every class was retired or fits nothing: the first that is there, for a person to judge.
        row = next(iter(newest_retention().values()))
        found.append(Suggestion(row, *starts(case, row.counts_from, at=at), []))
    return max(found, key=lambda suggestion: suggestion.may_go_on)


def _why(word: str, case: Case, named: set[str]) -> str:
    kind, _divider, key = word.partition(":")
    if kind == "typology":
        return _("The typology of the case is “%(typology)s”.") % {"typology": Typology(case.typology).label}
    if kind == "instrument":
        if word not in named:
            return _("Something that you may not see asks for it: ask this desk.")
        order = LegalOrder.objects.of(case).filter(instrument=key).order_by("number").first()
        instrument = order.get_instrument_display() if order is not None else key
        return _("The case holds an order of this kind: %(instrument)s.") % {"instrument": instrument}
    return _("It fits every case.")


def starts(case: Case, counts_from: str, *, at: datetime) -> tuple[date, str]:
    """(the day from which such a class counts here, why it is this day), in UTC.

    Where the record does not tell it, the day of the closing stands in for it, which is never earlier.
    """
    closing = (case.closed_at or at).astimezone(UTC).date()
    if counts_from == CountsFrom.CLOSING:
        return closing, _("The day of the closing.")
    if counts_from == CountsFrom.UNBLOCKED:
        freezes = FreezeOrder.objects.filter(case=case, applied_at__isnull=False)
        ended = Max(Coalesce("released_at", "transfers__ended_at"))
        last: datetime | None = freezes.aggregate(last=ended)["last"]
        if last is not None:
            known = freezes.unsealed_from(case.hidden_orders).aggregate(last=ended)["last"]
            if known != last:
                return last.astimezone(UTC).date(), _(
                    "Something that you may not see asks for this day: ask this desk."
                )
            return last.astimezone(UTC).date(), _("The last freeze ended on this day.")
        return closing, _("No freeze was applied: the day of the closing.")
    if counts_from == CountsFrom.RELATIONSHIP_END:
        accounts = ExchangeAccount.objects.filter(case=case)
        if accounts.exists() and not accounts.exclude(reported_status=AccountStatus.CLOSED).exists():
            closed: datetime = accounts.aggregate(last=Max("reported_at"))["last"]
            return closed.astimezone(UTC).date(), _("The last account was reported closed on this day.")
        return closing, _("An account is not reported closed: the day of the closing.")
    return closing, _("The record does not tell the last transaction: the day of the closing.")
