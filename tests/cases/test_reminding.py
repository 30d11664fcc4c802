"""The ladder of reminders, as pure moments."""

from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from cases.reminding import AUDIENCE, SHORT, Audience, Rung, Step, is_late, next_rung, ripe, rungs

DUE = datetime(2026, 3, 10, 17, tzinfo=UTC)
MOMENTS = st.integers(1_577_836_800, 1_893_456_000).map(lambda second: datetime.fromtimestamp(second, UTC))
SPANS = st.timedeltas(timedelta(0), timedelta(days=120))


def steps(ladder: list[Rung]) -> list[str]:
    return [str(rung.step) for rung in ladder]


def test_a_long_clock_is_reminded_of_7_days_48_hours_24_hours_before_at_and_after() -> None:
    ladder = rungs(since=DUE - timedelta(days=30), due_at=DUE)
    assert [(rung.step, DUE - rung.at) for rung in ladder] == [
        (Step.WEEK, timedelta(days=7)),
        (Step.TWO_DAYS, timedelta(hours=48)),
        (Step.DAY, timedelta(hours=24)),
        (Step.DUE, timedelta(0)),
        (Step.OVERDUE, timedelta(hours=-1)),
    ]


def test_steps_that_lie_before_receipt_are_left_out() -> None:
    assert steps(rungs(since=DUE - timedelta(days=3), due_at=DUE)) == ["two_days", "day", "due", "overdue"]
    # 48 hours to the minute: the step of 48 hours is the receipt itself.
    assert steps(rungs(since=DUE - SHORT, due_at=DUE)) == ["two_days", "day", "due", "overdue"]


def test_a_short_clock_uses_half_a_quarter_and_an_hour() -> None:
    ladder = rungs(since=DUE - timedelta(hours=8), due_at=DUE)
    assert [(rung.step, DUE - rung.at) for rung in ladder[:3]] == [
        (Step.HALF, timedelta(hours=4)),
        (Step.QUARTER, timedelta(hours=2)),
        (Step.HOUR, timedelta(hours=1)),
    ]
    # In forty minutes there is no hour before it.
    assert steps(rungs(since=DUE - timedelta(minutes=40), due_at=DUE)) == [
        "half",
        "quarter",
        "due",
        "overdue",
    ]


def test_a_term_that_is_over_is_not_overdue() -> None:
    assert steps(rungs(since=DUE - timedelta(days=30), due_at=DUE, after=False))[-1] == "due"


def test_a_clock_that_was_over_before_it_came_is_told_at_once() -> None:
    assert steps(rungs(since=DUE + timedelta(days=2), due_at=DUE)) == ["due", "overdue"]


def test_the_circle_widens() -> None:
    order = [Audience.RESPONSIBLE, Audience.LEAD, Audience.APPROVERS]
    for ladder in (
        rungs(since=DUE - timedelta(days=30), due_at=DUE),
        rungs(since=DUE - timedelta(hours=8), due_at=DUE),
    ):
        reach = [order.index(AUDIENCE[rung.step]) for rung in ladder]
        assert reach == sorted(reach)
        assert reach[-1] == 2


@settings(max_examples=2000)
@given(since=MOMENTS, span=SPANS, at=MOMENTS)
def test_every_ladder_is_in_order_each_step_once_and_none_before_receipt(
    since: datetime, span: timedelta, at: datetime
) -> None:
    due_at = since + span
    ladder = rungs(since=since, due_at=due_at)
    assert len(set(steps(ladder))) == len(ladder)
    assert [rung.at for rung in ladder] == sorted(rung.at for rung in ladder)
    assert all(since <= rung.at for rung in ladder)
    assert steps(ladder)[-2:] == ["due", "overdue"]
    assert ladder[-2].at == due_at
    done = ripe(ladder, at=at)
    following = next_rung(ladder, at=at)
    assert [*done, *([following] if following else [])] == ladder[: len(done) + (following is not None)]
    assert all(is_late(rung, at=at) is (at - rung.at > timedelta(minutes=10)) for rung in done)
