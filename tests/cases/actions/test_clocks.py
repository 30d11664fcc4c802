"""A duty's clock: computed by a rule, kept with its versions and its steps; rules and closures as data."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.db import DatabaseError, transaction

from cases import access
from cases.access import Denied
from cases.actions import clocks, orders
from cases.actions.base import ActionError
from cases.deadlines.rules import as_data
from cases.models import Clock, ClockRule, Closure
from cases.models.clocks import ensured_rule, newest_rules
from cases.permissions import Permission
from tests.cases.actions.support import last_event
from tests.support.casework import Casework, moment
from tests.support.rows import arranged

pytestmark = pytest.mark.django_db

SERVED = datetime(2026, 1, 5, 10, tzinfo=UTC)


def duty(casework: Casework, **facts: Any) -> Any:
    order = casework.order(instrument="ofac_blocking", duties=[orders.Duty("freeze", "Hold", **facts)])
    return order.obligations.get()


def set_clock(casework: Casework, number: int, **facts: Any) -> Clock:
    grant = access.case_for(casework.lead, casework.case.reference, Permission.ORDERS)
    values = {"rule": "ofac_10_business_days", "trigger_at": SERVED, "reason": "Blocked that day"}
    return clocks.set_clock(grant=grant, at=moment(), number=number, **{**values, **facts})


def changed(casework: Casework, key: str = "ofac_10_business_days", **facts: Any) -> ClockRule:
    row = ensured_rule(key)
    assert row is not None
    data = {**as_data(row.rule), **facts}
    data.pop("key")
    return clocks.change_rule(by=casework.counsel, at=moment(), key=key, data=data, reason="New guidance")


def test_a_duty_that_is_recorded_with_a_rule_gets_its_due_moment_and_the_way(casework: Casework) -> None:
    row = duty(casework, rule="ofac_10_business_days", trigger_at=SERVED)
    clock = Clock.objects.get(obligation=row)
    # From Monday 5 January 2026, 19 January being a holiday: Tuesday the 20th, to the end of the day in Washington.
    assert row.due_at == clock.due_at == datetime(2026, 1, 21, 4, 59, 59, tzinfo=UTC)
    assert (clock.rule.key, clock.rule.version, clock.calendar) == ("ofac_10_business_days", 1, "us-federal")
    assert clock.calendar_version.startswith("us-federal/holidays-")
    assert [step["day"] for step in clock.steps if "Martin Luther King" in step["why"]] == ["2026-01-19"]


def test_a_clock_is_computed_again_and_both_stay(casework: Casework) -> None:
    row = duty(casework, rule="ofac_10_business_days")
    later = set_clock(
        casework, row.number, trigger_at=SERVED + timedelta(days=1), reason="Blocked a day later"
    )
    row.refresh_from_db()
    assert row.due_at == later.due_at
    assert Clock.objects.filter(obligation=row).count() == 2
    assert last_event(casework.case).action == "obligation.clock_set"


@pytest.mark.parametrize(
    ("facts", "field"),
    [
        ({"rule": "none"}, "rule"),
        ({"reason": " "}, "reason"),
        ({"calendar": "br"}, "calendar"),
        ({"trigger_at": datetime(1980, 1, 1, tzinfo=UTC)}, "trigger_at"),
        ({"trigger_at": datetime(2090, 1, 1, tzinfo=UTC)}, "trigger_at"),
    ],
)
def test_what_cannot_be_computed_is_refused(casework: Casework, facts: dict[str, Any], field: str) -> None:
    row = duty(casework)
    with pytest.raises(ActionError) as refused:
        set_clock(casework, row.number, **facts)
    assert refused.value.field == field
    row.refresh_from_db()
    assert row.due_at is None
    assert not Clock.objects.exists()


def test_a_change_of_a_rule_is_a_further_version_and_moves_nothing(casework: Casework) -> None:
    row = duty(casework, rule="ofac_10_business_days")
    due = row.due_at
    assert changed(casework, count=5).version == 2
    row.refresh_from_db()
    assert row.due_at == due
    assert Clock.objects.get(obligation=row).rule.version == 1
    assert set_clock(casework, row.number).rule.version == 2
    row.refresh_from_db()
    assert row.due_at < due
    assert newest_rules()["ofac_10_business_days"].rule.count == 5


def test_a_rule_is_changed_by_who_may_and_sensibly(casework: Casework) -> None:
    with pytest.raises(Denied):
        clocks.change_rule(by=casework.lead, at=moment(), key="x1", data={}, reason="r")
    for facts, field in (({"count": 0}, "count"), ({"zone": "Nowhere"}, "zone"), ({"source": ""}, "source")):
        with pytest.raises(ActionError) as refused:
            changed(casework, **facts)
        assert refused.value.field == field
    with pytest.raises(ActionError, match="Nothing was changed"):
        changed(casework)
    with pytest.raises(ActionError, match="already"):
        clocks.add_rule(by=casework.counsel, at=moment(), key="as_given", data={}, reason="r")
    arranged()


def test_a_retired_rule_computes_nothing_more(casework: Casework) -> None:
    row = ensured_rule("ofac_10_business_days")
    assert row is not None
    data = as_data(row.rule)
    data.pop("key")
    clocks.change_rule(
        by=casework.counsel, at=moment(), key=row.key, data=data, reason="Repealed", is_retired=True
    )
    with pytest.raises(ActionError):
        set_clock(casework, duty(casework).number)


def test_a_closure_counts_from_now_on_and_can_be_taken_back(casework: Casework) -> None:
    by, at = casework.counsel, moment()
    first = set_clock(casework, duty(casework).number)
    day = date(2026, 1, 6)
    clocks.add_closure(by=by, at=at, calendar="us-federal", day=day, why="Executive Order, a test")
    with pytest.raises(ActionError, match="already"):
        clocks.add_closure(by=by, at=at, calendar="us-federal", day=day, why="Again")
    with pytest.raises(ActionError, match="Christmas"):
        clocks.add_closure(by=by, at=at, calendar="us-federal", day=date(2026, 12, 25), why="Feast")
    second = set_clock(casework, first.obligation.number)
    assert second.due_at == first.due_at + timedelta(days=1)
    assert second.calendar_version != first.calendar_version
    clocks.remove_closure(by=by, at=at, calendar="us-federal", day=day)
    assert set_clock(casework, first.obligation.number).due_at == first.due_at
    with pytest.raises(ActionError):
        clocks.remove_closure(by=by, at=at, calendar="us-federal", day=day)


def test_what_was_computed_stands(casework: Casework) -> None:
    """Past the actions and the models alike."""
    clock = set_clock(casework, duty(casework).number)
    closure = clocks.add_closure(
        by=casework.counsel, at=moment(), calendar="br", day=date(2026, 1, 6), why="Local holiday"
    )
    refused: list[Any] = [
        lambda: Clock.objects.filter(pk=clock.pk).update(due_at=moment()),
        lambda: Clock.objects.filter(pk=clock.pk).delete(),
        lambda: ClockRule.objects.filter(pk=clock.rule_id).update(reason="x"),
        lambda: ClockRule.objects.create(key="z", version=1, data={}, changed_at=moment()),
        lambda: ClockRule.objects.create(key="z", version=2, data={}),
        lambda: ClockRule.objects.create(key=clock.rule.key, version=clock.rule.version, data={}),
        lambda: Closure.objects.filter(pk=closure.pk).update(day=date(2026, 1, 7)),
        lambda: Closure.objects.filter(pk=closure.pk).delete(),
        lambda: Closure.objects.filter(pk=closure.pk).update(removed_at=moment()),
        lambda: Closure.objects.create(
            calendar="none", day=date(2026, 1, 8), why="x", added_at=moment(), added_by=casework.counsel
        ),
        lambda: Closure.objects.create(
            calendar="br", day=date(2026, 1, 6), why="x", added_at=moment(), added_by=casework.counsel
        ),
    ]
    for attempt in refused:
        with pytest.raises(DatabaseError), transaction.atomic():
            attempt()
