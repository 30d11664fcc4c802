"""The clocks: published and own examples, and what must hold of every rule whatever the day."""

import csv
import os
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from cases.deadlines import (
    Computed,
    Rule,
    RuleError,
    Unit,
    calendar_of,
    compute,
    read_rules,
    rule_from,
    shipped_rules,
)
from cases.deadlines.rules import Roll, as_data

RULES = {rule.key: rule for rule in shipped_rules()}
EXAMPLES = 2000
# The names that the table of examples uses.
NAMED = {
    "OFAC_10_business_days": "ofac_10_business_days",
    "UK_DAML_7_working_days": "uk_daml_7_working_days",
    "FRCrP45_14_days": "frcrp45_14_days",
    "SAR_30_calendar_days": "sar_30_calendar_days",
    "PRESERVE_90_days": "preservation_90_days",
    "EPOC_PR_60_days": "epoc_pr_60_days",
}


def due(key: str, trigger: datetime, closures: dict[date, str] | None = None, calendar: str = "") -> Computed:
    rule = RULES[key]
    return compute(rule, trigger, calendar_of(calendar or rule.calendars[0], closures))


def noon(rule: Rule, day: date) -> datetime:
    return datetime.combine(day, time(12), ZoneInfo(rule.zone))


@pytest.mark.parametrize(
    ("key", "trigger", "expected"),
    [
        ("ofac_10_business_days", "2023-05-23", "2023-06-07"),
        ("ofac_10_business_days", "2025-11-20", "2025-12-05"),  # Thanksgiving
        ("uk_daml_7_working_days", "2025-12-22", "2026-01-05"),  # 25 and 26 December, 1 January
        ("uk_daml_moratorium_31_days", "2025-12-01", "2025-12-31"),  # the day of the notice is the first
        ("frcrp45_14_days", "2026-06-19", "2026-07-06"),  # 3 July is observed, then a weekend
        ("frcrp45_14_days", "2025-06-20", "2025-07-07"),
        ("sar_30_calendar_days", "2023-05-24", "2023-06-23"),
        ("preservation_90_days", "2023-05-24", "2023-08-22"),
        ("keep_open_6_months", "2023-08-31", "2024-02-29"),  # February has no 31st
        ("uk_cwfo_2_years", "2024-02-29", "2026-02-27"),
        ("epoc_pr_60_days", "2026-09-01", "2026-11-02"),
        ("epoc_10_days", "2026-12-15", "2026-12-28"),  # 25 December is a Friday
        ("ofac_annual_report", "2023-05-23", "2023-09-30"),
        ("ofac_annual_report", "2023-06-30", "2023-09-30"),
        ("ofac_annual_report", "2023-07-01", "2024-09-30"),
        ("br_cpp_10_days", "2026-04-17", "2026-04-29"),  # a Friday: day 1 is Monday 20 April
        ("br_cpc_15_business_days", "2026-09-01", "2026-09-23"),  # 7 September
        ("tro_14_days", "2026-06-20", "2026-07-04"),  # the end of a restraint is not moved
    ],
)
def test_examples_of_our_own(key: str, trigger: str, expected: str) -> None:
    assert due(key, noon(RULES[key], date.fromisoformat(trigger))).day == date.fromisoformat(expected)


def test_the_published_examples() -> None:
    folder = os.environ.get("HOLDFAST_VECTORS")
    if not folder:
        pytest.skip("the table of examples of deadlines is not here: set HOLDFAST_VECTORS")
    with (Path(folder) / "deadlines.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) >= 10
    for row in rows:
        rule = RULES[NAMED[row["rule"]]]
        found = due(rule.key, noon(rule, date.fromisoformat(row["trigger"])))
        assert found.day.isoformat() == row["expected"], row


def test_an_order_served_at_night_counts_in_the_zone_of_the_rule() -> None:
    """23:30 in São Paulo is 22:30 in New York, the same day, but the next one in Brussels."""
    served = datetime(2026, 8, 31, 23, 30, tzinfo=ZoneInfo("America/Sao_Paulo"))
    assert due("preservation_90_days", served).day == date(2026, 11, 29)
    assert due("epoc_10_days", served).steps[0].day == "2026-09-01"
    assert due("epoc_10_days", served).day == date(2026, 9, 11)


def test_hours_are_real_hours_and_go_on_to_the_same_time_of_the_next_open_day() -> None:
    friday = datetime(2026, 6, 26, 15, 0, tzinfo=ZoneInfo("America/New_York"))
    found = due("frcp_72_hours", friday)
    assert found.due_at.astimezone(ZoneInfo("America/New_York")) == friday + timedelta(days=3)
    wednesday = datetime(2026, 7, 1, 15, 0, tzinfo=ZoneInfo("America/New_York"))
    # Saturday 4 July; Monday is the next open day.
    assert due("frcp_72_hours", wednesday).due_at == datetime(2026, 7, 6, 19, 0, tzinfo=UTC)
    # The night on which clocks go back has an hour more.
    night = datetime(2026, 10, 24, 22, 0, tzinfo=ZoneInfo("Europe/Brussels"))
    assert due("epoc_8_hours", night).due_at - night.astimezone(UTC) == timedelta(hours=8)


def test_a_date_certain_is_never_moved() -> None:
    christmas = datetime(2026, 12, 25, 9, 0, tzinfo=UTC)
    for key in ("date_certain", "as_given"):
        assert due(key, christmas).due_at == christmas


def test_an_executive_order_closes_a_day() -> None:
    """24 December 2024 and 9 January 2025 were closed by executive order; no library knows that ahead."""
    trigger = datetime(2024, 12, 20, 12, 0, tzinfo=ZoneInfo("America/New_York"))
    closures = {date(2024, 12, 24): "Executive Order of 18 December 2024"}
    plain, closed = due("ofac_10_business_days", trigger), due("ofac_10_business_days", trigger, closures)
    assert (plain.day, closed.day) == (date(2025, 1, 7), date(2025, 1, 8))
    assert plain.calendar != closed.calendar
    assert any("Executive Order of 18 December 2024" in step.why for step in closed.steps)


def test_the_steps_say_how() -> None:
    trigger = datetime(2025, 6, 5, 9, 0, tzinfo=ZoneInfo("America/New_York"))
    steps = [(step.kind, step.day) for step in due("frcrp45_14_days", trigger).steps]
    assert steps == [
        ("trigger", "2025-06-05"), ("first", "2025-06-06"), ("end", "2025-06-19"), ("skip", "2025-06-19"),
        ("roll", "2025-06-20"), ("due", "2025-06-20"),
    ]  # fmt: skip


def test_the_parts_of_the_kingdom_keep_their_own_holidays() -> None:
    """2 January is a bank holiday in Scotland alone, 17 March in Northern Ireland alone."""
    before = datetime(2025, 12, 22, 12, 0, tzinfo=ZoneInfo("Europe/London"))
    days = {
        key: due("uk_daml_7_working_days", before, calendar=key).day for key in ("uk-eng", "uk-sct", "uk-nir")
    }
    assert days["uk-eng"] == date(2026, 1, 5)
    assert days["uk-sct"] == date(2026, 1, 6)
    spring = datetime(2025, 3, 12, 12, 0, tzinfo=ZoneInfo("Europe/London"))
    assert due("uk_daml_7_working_days", spring, calendar="uk-nir").day == date(2025, 3, 24)
    assert due("uk_daml_7_working_days", spring, calendar="uk-eng").day == date(2025, 3, 21)


def test_what_cannot_be_counted_is_refused() -> None:
    rule = RULES["ofac_10_business_days"]
    with pytest.raises(RuleError, match="time zone"):
        compute(rule, datetime(2026, 1, 1), calendar_of("us-federal"))  # noqa: DTZ001 - that is what is refused
    with pytest.raises(RuleError, match="none of the rule's"):
        compute(rule, datetime(2026, 1, 1, tzinfo=UTC), calendar_of("br"))
    for year in (1989, 2099):
        with pytest.raises(RuleError, match="Holidays are known"):
            compute(rule, datetime(year, 12, 31, tzinfo=UTC), calendar_of("us-federal"))
    with pytest.raises(RuleError, match="Holidays are known"):
        compute(rule, datetime(2098, 12, 29, tzinfo=UTC), calendar_of("us-federal"))


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("unit", "weeks"), ("zone", "Mars/Olympus"), ("calendars", ["moon"]), ("calendars", []), ("count", 0),
        ("count", 10_000), ("count", True), ("start", "at_once"), ("roll", "back"), ("confidence", "sure"),
        ("source", " "), ("calendars", ["none"]), ("end_of_day", "25:00"), ("unknown", 1), ("due_day", "09-30"),
    ],
)  # fmt: skip
def test_a_rule_that_cannot_be_counted_by_is_refused(field: str, value: object) -> None:
    with pytest.raises(RuleError):
        rule_from({**as_data(RULES["ofac_10_business_days"]), field: value})


def test_rules_are_data() -> None:
    for rule in RULES.values():
        assert rule_from(as_data(rule)) == rule
    with pytest.raises(RuleError, match="two rules"):
        names = ("key", "label", "jurisdiction", "source", "trigger")
        facts = {**dict.fromkeys(names, "a"), "unit": "raw", "zone": "UTC", "confidence": "low"}
        read_rules(("[[rule]]\n" + "".join(f'{name} = "{value}"\n' for name, value in facts.items())) * 2)


# ── What holds of every rule ──────────────────────────────────────────────────────────────────────────────

# What a rule is tried with is drawn as random bytes, a moment and a span to the microsecond. Drawn part by part, most of the
# time that these tests take would be Hypothesis's own; drawn as an integer, most would lie at the beginning, which it
# prefers.
_FIRST = datetime(1995, 1, 1, tzinfo=UTC)
_PERIOD = datetime(2080, 1, 1, tzinfo=UTC) - _FIRST


def _span(drawn: bytes, most: timedelta) -> timedelta:
    """From nothing to `most`, each as likely."""
    microsecond = timedelta(microseconds=1)
    return int.from_bytes(drawn) % (most // microsecond) * microsecond


MOMENTS = st.binary(min_size=8, max_size=8).map(lambda drawn: _FIRST + _span(drawn, _PERIOD))
# A moment, and one up to forty days later.
PAIRS = st.binary(min_size=16, max_size=16).map(
    lambda drawn: (
        _FIRST + _span(drawn[:8], _PERIOD),
        _FIRST + _span(drawn[:8], _PERIOD) + _span(drawn[8:], timedelta(days=40)),
    )
)
# A moment, and one to five days of the sixty after it.
CLOSED = st.binary(min_size=9, max_size=13).map(
    lambda drawn: (_FIRST + _span(drawn[:8], _PERIOD), [number % 61 for number in drawn[8:]])
)
every_rule = pytest.mark.parametrize("key", sorted(RULES))
always = settings(max_examples=EXAMPLES, deadline=None)


def calendars(rule: Rule) -> st.SearchStrategy[str]:
    return st.sampled_from(rule.calendars)


@every_rule
def test_no_period_ends_on_a_closed_day(key: str) -> None:
    rule = RULES[key]

    @always
    @given(chosen=calendars(rule), trigger=MOMENTS)
    def holds(chosen: str, trigger: datetime) -> None:
        calendar = calendar_of(chosen)
        found = compute(rule, trigger, calendar)
        assert found.due_at.astimezone(ZoneInfo(rule.zone)).date() == found.day
        if rule.keeps_open_days or rule.roll is Roll.FORWARD:
            assert not calendar.closed(found.day)
        if rule.unit in {Unit.DATE_CERTAIN, Unit.RAW}:
            assert found.due_at == trigger
        else:
            assert found.due_at > trigger - timedelta(days=1)

    holds()


@every_rule
def test_a_later_trigger_is_never_due_earlier(key: str) -> None:
    """By the day. A period in hours that goes on to the same time of the next open day may end earlier on that day than
    one that began before it: the rule says so.
    """
    rule = RULES[key]

    @always
    @given(chosen=calendars(rule), moments=PAIRS)
    def holds(chosen: str, moments: tuple[datetime, datetime]) -> None:
        calendar = calendar_of(chosen)
        first, second = (compute(rule, moment, calendar) for moment in moments)
        assert second.day >= first.day
        if not (rule.unit is Unit.HOURS and rule.roll is Roll.FORWARD):
            assert second.due_at >= first.due_at

    holds()


@every_rule
def test_a_closure_never_moves_a_date_earlier(key: str) -> None:
    rule = RULES[key]

    @always
    @given(chosen=calendars(rule), closed=CLOSED)
    @example(chosen=rule.calendars[0], closed=(datetime(2026, 1, 1, tzinfo=UTC), [0, 1, 2, 3, 4])).via(
        "a week that is closed"
    )
    def holds(chosen: str, closed: tuple[datetime, list[int]]) -> None:
        trigger, days = closed
        local = trigger.astimezone(ZoneInfo(rule.zone)).date()
        closures = {local + timedelta(days=day): "Closed" for day in days}
        before, after = (
            compute(rule, trigger, calendar_of(chosen)),
            compute(rule, trigger, calendar_of(chosen, closures)),
        )
        assert after.due_at >= before.due_at
        if rule.keeps_open_days:
            assert after.day not in closures

    holds()


def test_a_rule_that_rolls_backwards_is_not_to_be_had() -> None:
    with pytest.raises(RuleError):
        rule_from({**as_data(RULES["frcrp45_14_days"]), "roll": "backward"})
    assert replace(RULES["frcrp45_14_days"], roll=Roll.NONE).keeps_open_days is False
