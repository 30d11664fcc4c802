"""How long a record is kept: which class, counted from when, the day on which it may go, and the holds that beat it."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction
from hypothesis import given, settings
from hypothesis import strategies as st

from cases.access import Denied
from cases.actions import cases as case_actions
from cases.actions import retention
from cases.actions.base import NoSuchItem, WrongMove
from cases.actions.orders import seal_order
from cases.models import CaseRetention, LegalHold, RetentionClass
from cases.models.retention import ensured_retention, newest_retention
from cases.people.models import User
from cases.permissions import Permission
from cases.queries.retention import RetentionState, may_go_on, state_of, suggested
from tests.cases.actions.support import details_of, last_event, refusal, system_event
from tests.support.casework import Casework, moment
from tests.support.rows import arranged

P = Permission


def set_it(casework: Casework, key: str, counted_from: date | None, **kwargs: Any) -> CaseRetention:
    values: dict[str, Any] = {"reason": "Counsel read the file"} | kwargs
    return retention.set_retention(
        grant=casework.grant(P.RETENTION, casework.counsel),
        at=moment(),
        retention=key,
        counted_from=counted_from,
        **values,
    )


def place(casework: Casework, reason: str = "An action is expected") -> LegalHold:
    return retention.place_hold(
        grant=casework.grant(P.RETENTION, casework.counsel), at=moment(), reason=reason
    )


def lift(casework: Casework, hold: LegalHold, reason: str = "It was not brought") -> LegalHold:
    return retention.lift_hold(
        grant=casework.grant(P.RETENTION, casework.counsel), at=moment(), number=hold.number, reason=reason
    )


def state(casework: Casework) -> RetentionState:
    casework.case.refresh_from_db()
    return state_of(casework.case)


def change_class(by: User, **kwargs: Any) -> RetentionClass:
    row = newest_retention()["aml_us"]
    values: dict[str, Any] = {name: getattr(row, name) for name in retention.COMPARED} | {
        "key": "aml_us",
        "reason": "The rule was amended",
    }
    return retention.change_retention_class(by=by, at=moment(), **(values | kwargs))


# ── The day ───────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("counted_from", "years", "first"),
    [
        (date(2026, 1, 5), 5, date(2031, 1, 6)),
        (date(2026, 12, 31), 5, date(2032, 1, 1)),
        # No such day in the year of the end: the last of its month, and the record goes the day after.
        (date(2024, 2, 29), 5, date(2029, 3, 1)),
        (date(2024, 2, 29), 4, date(2028, 3, 1)),
        (date(2025, 3, 12), 10, date(2035, 3, 13)),
    ],
)
def test_the_years_end_with_their_last_day(counted_from: date, years: int, first: date) -> None:
    assert may_go_on(counted_from, years) == first


@given(st.dates(date(1970, 1, 1), date(2199, 12, 30)), st.integers(1, 99), st.integers(1, 98))
@settings(max_examples=2000, deadline=None)
def test_a_record_never_goes_before_its_years_are_over(counted_from: date, years: int, more: int) -> None:
    first = may_go_on(counted_from, years)
    # The day before it still counts, and is the anniversary or, where there is none, the end of February.
    last = first - timedelta(days=1)
    assert (last.year, last.month) == (counted_from.year + years, counted_from.month)
    assert last.day == counted_from.day or (counted_from.month, counted_from.day, last.day) == (2, 29, 28)
    # A later start and a longer term never let it go earlier.
    assert may_go_on(counted_from + timedelta(days=1), years) >= first
    assert may_go_on(counted_from, years + more) > first


@pytest.mark.django_db
@pytest.mark.parametrize("counted_from", [date(2024, 2, 29), date(2023, 2, 28), date(2025, 12, 31)])
def test_the_database_counts_the_years_as_python_does(casework: Casework, counted_from: date) -> None:
    casework.closed()
    for key in newest_retention():
        row = set_it(casework, key, counted_from)
        assert row.may_go_on == may_go_on(counted_from, row.retention_class.years)


# ── What is set ───────────────────────────────────────────────────────────────────────────────────────────


def test_an_open_case_has_no_day_and_a_closed_one_has(casework: Casework) -> None:
    assert refusal(lambda: set_it(casework, "aml_us", date(2026, 1, 5)), WrongMove)
    assert state(casework).may_go_on is None
    casework.closed()
    today = moment().astimezone(UTC).date()
    assert state(casework).may_go_on == may_go_on(today, 5)
    set_it(casework, "sanctions_ofac", date(2026, 1, 5), counted_because="The last release")
    now = state(casework)
    assert now.may_go_on == date(2036, 1, 6)
    # What was set at the closing stays on record.
    assert [row.retention_class.key for row in now.history] == ["aml_us"]
    told = details_of(last_event(casework.case))["retention"]
    assert (told["key"], told["version"], told["may_go_on"]) == ("sanctions_ofac", 1, "2036-01-06")
    case_actions.move_case(
        grant=casework.grant(P.MOVE), at=moment(), to="under_investigation", reason="New facts"
    )
    assert state(casework).may_go_on is None


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"key": ""}, "retention"),
        ({"key": "for_ever"}, "retention"),
        ({"counted_from": None}, "counted_from"),
        ({"counted_from": date(1969, 12, 31)}, "counted_from"),
        ({"counted_from": date(2199, 12, 31)}, "counted_from"),
        ({"reason": " "}, "reason"),
    ],
)
def test_what_sets_nothing_is_refused_beside_its_field(
    casework: Casework, values: dict[str, Any], field: str
) -> None:
    casework.closed()
    asked = {"key": "aml_us", "counted_from": date(2026, 1, 5)} | values
    assert refusal(lambda: set_it(casework, **asked)).field == field


def test_a_retired_class_is_not_set_any_more(casework: Casework) -> None:
    change_class(casework.counsel, is_retired=True)
    casework.asked_to_close()
    error = refusal(casework.closing_agreed)
    assert error.field == "retention"


# ── Holds ─────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_hold_beats_the_day_until_the_last_one_is_lifted(casework: Casework) -> None:
    first = place(casework)
    casework.closed()
    second = place(casework, "The tax authority asked for it")
    assert state(casework).is_held
    assert state(casework).may_go_on is None
    lift(casework, first)
    assert state(casework).may_go_on is None
    assert [hold.number for hold in state(casework).live_holds] == [second.number]
    lift(casework, second)
    told = details_of(last_event(casework.case))
    assert (told["held_for"], told["reason"]) == ("The tax authority asked for it", "It was not brought")
    assert state(casework).may_go_on is not None


def test_a_hold_is_placed_and_lifted_with_a_reason_and_once(casework: Casework) -> None:
    assert refusal(lambda: place(casework, " ")).field == "reason"
    hold = place(casework)
    assert refusal(lambda: lift(casework, hold, " ")).field == "reason"
    lift(casework, hold)
    assert refusal(lambda: lift(casework, hold), WrongMove)
    hold.number = 99
    assert refusal(lambda: lift(casework, hold), NoSuchItem)


# ── What is suggested ─────────────────────────────────────────────────────────────────────────────────────


def test_of_the_classes_that_fit_the_longest_is_suggested(casework: Casework) -> None:
    """The typology asks for ten years, the order's instrument for five, the house rule for five."""
    casework.order()
    found = suggested(casework.grant(P.READ), at=moment())
    assert (found.retention_class.key, found.retention_class.years) == ("sanctions_ofac", 10)
    assert found.reasons == ["The typology of the case is “DPRK IT workers”."]


def test_a_sealed_order_counts_and_is_not_named(casework: Casework) -> None:
    order = casework.accepted_order()
    change_class(casework.counsel, years=30)
    seal_order(grant=casework.grant(P.ORDERS), at=moment(), number=order.number, readers=[], reason="Sealed")
    knows = suggested(casework.grant(P.READ), at=moment())
    assert knows.retention_class.years == 30
    assert order.get_instrument_display() in knows.reasons[0]
    without = suggested(casework.grant(P.READ, casework.counsel), at=moment())
    assert without.may_go_on == knows.may_go_on
    assert without.reasons == ["Something that you may not see asks for it: ask this desk."]


# ── The classes ───────────────────────────────────────────────────────────────────────────────────────────


def test_a_class_is_changed_for_what_is_set_next(casework: Casework) -> None:
    casework.closed()
    before = state(casework)
    row = change_class(casework.counsel, years=7)
    assert (row.version, row.changed_by) == (2, casework.counsel)
    told = details_of(system_event())
    assert (told["key"], told["version"], told["changes"]["years"]) == ("aml_us", 2, [5, 7])
    # What was set keeps its version and its day.
    assert state(casework).may_go_on == before.may_go_on
    assert set_it(casework, "aml_us", date(2026, 1, 5)).may_go_on == date(2033, 1, 6)
    assert refusal(lambda: change_class(casework.counsel, reason="Again"))


@pytest.mark.parametrize("other", ["lead", "auditor", "liaison"])
def test_only_who_keeps_the_rules_changes_a_class(casework: Casework, other: str) -> None:
    with pytest.raises(Denied):
        change_class(getattr(casework, other), years=7)
    assert ensured_retention("aml_us").version == 1  # type: ignore[union-attr]
    arranged()


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"key": "Not a key"}, "key"),
        ({"label": " "}, "label"),
        ({"source": " "}, "source"),
        ({"reason": " "}, "reason"),
        ({"years": 0}, "years"),
        ({"years": 100}, "years"),
        ({"counts_from": "birth"}, "counts_from"),
        ({"afterwards": "sell"}, "afterwards"),
        ({"suggested_for": ["everybody"]}, "suggested_for"),
    ],
)
def test_what_makes_no_class_is_refused(casework: Casework, values: dict[str, Any], field: str) -> None:
    assert refusal(lambda: change_class(casework.counsel, **values)).field == field


# ── Past the ORM ──────────────────────────────────────────────────────────────────────────────────────────


def refused(words: str, sql: str, params: list[Any]) -> None:
    with pytest.raises(DatabaseError, match=words), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql, params)


@pytest.mark.parametrize("days", [-1, 1])
def test_the_database_takes_no_other_day_than_the_years_give(casework: Casework, days: int) -> None:
    casework.closed()
    row = set_it(casework, "aml_us", date(2026, 1, 5))
    refused(
        "the years of the class are not those of the date",
        "INSERT INTO cases_caseretention (case_id, number, retention_class_id, counted_from, counted_because, "
        "may_go_on, reason, set_at, set_by_id) SELECT case_id, 99, retention_class_id, counted_from, '', "
        "may_go_on + %s, '', set_at, set_by_id FROM cases_caseretention WHERE id = %s",
        [days, row.pk],
    )


def test_the_database_keeps_a_hold_as_it_was_placed_and_lifts_it_once(casework: Casework) -> None:
    hold = place(casework)
    refused(
        "a hold stands as it was placed",
        "UPDATE cases_legalhold SET reason = 'Other' WHERE id = %s",
        [hold.pk],
    )
    lift(casework, hold)
    for change in ("lifted_because = 'Other'", "lifted_at = NULL, lifted_by_id = NULL, lifted_because = ''"):
        refused("a hold is lifted once", f"UPDATE cases_legalhold SET {change} WHERE id = %s", [hold.pk])


def test_the_years_count_from_a_day_that_has_come(casework: Casework) -> None:
    casework.closed()
    tomorrow = datetime.now(UTC).date() + timedelta(days=1)
    assert refusal(lambda: set_it(casework, "aml_us", tomorrow)).field == "counted_from"
