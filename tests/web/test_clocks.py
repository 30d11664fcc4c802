"""Clock rules, closures, the trial of a rule and the clock of a duty, by their pages."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from cases.actions import clocks as actions
from cases.models import Clock, ClockRule, Closure, Obligation
from cases.people.models import User
from cases.permissions import Permission
from tests.support.casework import Casework, moment
from tests.web.pages import errors_beside, queries_of, text_of

pytestmark = pytest.mark.django_db
ClientOf = Callable[[User], Client]
P = Permission
RULE: dict[str, Any] = {
    "key": "state_10_days",
    "label": "10 days of a state",
    "jurisdiction": "State of Example",
    "trigger": "Service of the order",
    "unit": "calendar_days",
    "count": "10",
    "start": "next_day",
    "roll": "forward",
    "zone": "America/New_York",
    "end_of_day": "23:59:59",
    "calendars": ["us-federal"],
    "source": "Example Code 1-2-3",
    "confidence": "medium",
    "note": "Kept words of the note",
    "reason": "The state asked for it",
}


def typed(**changes: Any) -> dict[str, Any]:
    return {name: value for name, value in (RULE | changes).items() if value is not None}


# ── Rules ─────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_rule_is_added_and_changed_and_its_versions_stay(casework: Casework, client_of: ClientOf) -> None:
    client = client_of(casework.counsel)
    added = client.post(reverse("clock-rule-create"), typed())
    page = reverse("clock-rule-detail", args=["state_10_days"])
    assert (added.status_code, added["Location"]) == (303, page)
    form = client.get(reverse("clock-rule-change", args=["state_10_days"])).content.decode()
    assert 'value="10 days of a state"' in form
    changed = client.post(
        reverse("clock-rule-change", args=["state_10_days"]), typed(key=None, count="12", reason="Amended")
    )
    assert (changed.status_code, changed["Location"]) == (303, page)
    versions = ClockRule.objects.filter(key="state_10_days").order_by("version")
    assert [(row.version, row.rule.count, row.changed_by) for row in versions] == [
        (1, 10, casework.counsel),
        (2, 12, casework.counsel),
    ]
    told = text_of(client_of(casework.lead).get(page))
    for words in ("Example Code 1-2-3", "Amended", "The state asked for it"):
        assert words in told
    assert "10 days of a state" in text_of(client_of(casework.lead).get(reverse("clock-rule-list")))


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"key": "Bad Key"}, "key"),
        ({"key": "add"}, "key"),
        ({"key": "frcrp45_14_days"}, "key"),
        ({"label": " "}, "label"),
        ({"unit": "moons"}, "unit"),
        ({"count": "-1"}, "count"),
        ({"count": "ten"}, "count"),
        ({"count": "999999999999"}, "count"),
        ({"count": ""}, "count"),
        ({"zone": "Mars/Olympus"}, "zone"),
        ({"end_of_day": "25:00"}, "end_of_day"),
        ({"calendars": []}, "calendars"),
        ({"calendars": ["moon"]}, "calendars"),
        ({"source": ""}, "source"),
        ({"reason": " "}, "reason"),
        ({"unit": "yearly", "count": "", "as_of": "13-40", "due_day": "09-30"}, "as_of"),
        ({"unit": "yearly", "count": "", "as_of": "06-30", "due_day": "02-31"}, "due_day"),
    ],
)
def test_a_wrong_rule_is_refused_beside_its_field_and_nothing_typed_is_lost(
    casework: Casework, client_of: ClientOf, wrong: dict[str, Any], field: str
) -> None:
    answer = client_of(casework.counsel).post(reverse("clock-rule-create"), typed(**wrong))
    assert answer.status_code == 422
    assert errors_beside(answer, field), text_of(answer)[:400]
    assert "Kept words of the note" in answer.content.decode()
    assert not ClockRule.objects.filter(key="state_10_days").exists()


def test_nothing_changed_is_said_and_writes_no_version(casework: Casework, client_of: ClientOf) -> None:
    client = client_of(casework.counsel)
    client.post(reverse("clock-rule-create"), typed())
    answer = client.post(reverse("clock-rule-change", args=["state_10_days"]), typed(key=None))
    assert answer.status_code == 422
    assert "Nothing was changed." in text_of(answer)
    assert ClockRule.objects.filter(key="state_10_days").count() == 1


def test_a_rule_that_is_retired_is_offered_no_more(casework: Casework, client_of: ClientOf) -> None:
    client, url = client_of(casework.counsel), reverse("clock-rule-try")
    client.post(reverse("clock-rule-create"), typed())
    assert 'value="state_10_days"' in client.get(url).content.decode()
    client.post(
        reverse("clock-rule-change", args=["state_10_days"]), typed(key=None, is_retired="on", reason="Gone")
    )
    assert 'value="state_10_days"' not in client.get(url).content.decode()
    answer = client.get(
        url, {"rule": "state_10_days", "trigger_at": "2026-03-02T10:00", "time_zone": "UTC", "calendar": ""}
    )
    assert (answer.status_code, bool(errors_beside(answer, "rule"))) == (422, True)


READING = ["clock-rule-list", "clock-rule-detail", "clock-rule-try", "closure-list"]
CHANGING = ["clock-rule-create", "clock-rule-change"]


@pytest.mark.parametrize("name", [*READING, *CHANGING])
def test_each_page_as_everybody(casework: Casework, client_of: ClientOf, name: str) -> None:
    url = reverse(
        name, args=["frcrp45_14_days"] if name in {"clock-rule-detail", "clock-rule-change"} else []
    )
    for user in (casework.lead, casework.reader, casework.outsider, casework.auditor):
        assert client_of(user).get(url).status_code == (200 if name in READING else 403)
    for user in (casework.counsel, casework.approver, casework.administrator):
        assert client_of(user).get(url).status_code == 200
    assert client_of(casework.liaison).get(url).status_code == 403
    for user in (casework.lead, casework.auditor, casework.liaison):
        refused = client_of(user).post(url, typed())
        assert refused.status_code == (405 if name in READING and name != "closure-list" else 403)
    assert Client().get(url).status_code == 302
    assert not ClockRule.objects.filter(key="state_10_days").exists()
    for missing in ("clock-rule-detail", "clock-rule-change"):
        assert client_of(casework.counsel).get(reverse(missing, args=["no_such"])).status_code == 404


# ── Closures ──────────────────────────────────────────────────────────────────────────────────────────────


def test_a_closure_is_added_counts_and_is_taken_back(casework: Casework, client_of: ClientOf) -> None:
    client, url = client_of(casework.counsel), reverse("closure-list")
    tried = reverse("clock-rule-try") + (
        "?rule=frcrp45_14_days&trigger_at=2031-01-08T10:00&time_zone=America/New_York&calendar="
    )
    before = text_of(client.get(tried))
    assert "2031-01-22" in before
    added = client.post(url, {"calendar": "us-federal", "day": "2031-01-22", "why": "Executive order 1"})
    assert (added.status_code, added["Location"]) == (303, url)
    assert "2031-01-23" in text_of(client.get(tried))
    assert "Executive order 1" in text_of(client_of(casework.lead).get(url))
    remove = reverse("closure-remove", args=["us-federal", "2031-01-22"])
    assert client.get(remove).status_code == 405
    assert client_of(casework.lead).post(remove).status_code == 403
    assert client.post(remove)["Location"] == url
    assert client.post(remove).status_code == 404
    assert text_of(client.get(tried)) == before
    assert Closure.objects.get().removed_by == casework.counsel


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"calendar": "moon"}, "calendar"),
        ({"day": "2031-02-30"}, "day"),
        ({"day": ""}, "day"),
        ({"day": "2031-01-18"}, "day"),
        ({"day": "2031-07-04"}, "day"),
        ({"day": "2031-03-03"}, "day"),
        ({"why": "  "}, "why"),
    ],
    ids=["calendar", "no_such_day", "none", "a_saturday", "a_holiday", "closed_already", "no_words"],
)
def test_a_wrong_closure_is_refused_and_nothing_typed_is_lost(
    casework: Casework, client_of: ClientOf, wrong: dict[str, str], field: str
) -> None:
    actions.add_closure(
        by=casework.counsel, at=moment(), calendar="us-federal", day=date(2031, 3, 3), why="There before"
    )
    values = {"calendar": "us-federal", "day": "2031-01-22", "why": "Kept words"} | wrong
    answer = client_of(casework.counsel).post(reverse("closure-list"), values)
    assert answer.status_code == 422
    assert errors_beside(answer, field)
    if "why" not in wrong:
        assert "Kept words" in answer.content.decode()
    if wrong.get("day"):
        assert f'value="{wrong["day"]}"' in answer.content.decode()
    assert Closure.objects.count() == 1


@pytest.mark.parametrize("day", ["nonsense", "2031-13-01", "0000-00-00"])
def test_a_day_that_is_none_is_a_page_that_is_not_there(
    casework: Casework, client_of: ClientOf, day: str
) -> None:
    url = reverse("closure-remove", args=["us-federal", day])
    assert client_of(casework.counsel).post(url).status_code == 404


# ── Trying a rule ─────────────────────────────────────────────────────────────────────────────────────────


def test_a_rule_is_tried_step_by_step_and_nothing_is_kept(casework: Casework, client_of: ClientOf) -> None:
    asked = {
        "rule": "frcrp45_14_days",
        "trigger_at": "2026-03-02T10:00",
        "time_zone": "America/New_York",
        "calendar": "",
    }
    answer = client_of(casework.lead).get(reverse("clock-rule-try"), asked)
    assert answer.status_code == 200
    # The last second of 16 March in New York, where clocks were put forward on the 8th.
    assert 'datetime="2026-03-17T03:59:59' in answer.content.decode()
    assert not Clock.objects.exists()


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"rule": "no_such"}, "rule"),
        ({"trigger_at": "yesterday"}, "trigger_at"),
        ({"trigger_at": ""}, "trigger_at"),
        ({"trigger_at": "2026-03-02"}, "trigger_at"),
        ({"trigger_at": "0001-01-01T00:00"}, "trigger_at"),
        ({"trigger_at": "9999-12-31T23:59"}, "trigger_at"),
        ({"trigger_at": "2026-03-08T02:30", "time_zone": "America/New_York"}, "trigger_at"),
        ({"trigger_at": "2026-11-01T01:30", "time_zone": "America/New_York"}, "trigger_at"),
        ({"time_zone": "Mars/Olympus"}, "time_zone"),
        ({"calendar": "uk-england-and-wales"}, "calendar"),
        ({"calendar": "moon"}, "calendar"),
    ],
)
def test_a_trial_that_cannot_be_counted_says_why(
    casework: Casework, client_of: ClientOf, wrong: dict[str, str], field: str
) -> None:
    asked = {
        "rule": "frcrp45_14_days",
        "trigger_at": "2026-03-02T10:00",
        "time_zone": "UTC",
        "calendar": "",
    } | wrong
    answer = client_of(casework.lead).get(reverse("clock-rule-try"), asked)
    assert answer.status_code == 422
    assert errors_beside(answer, field), text_of(answer)[:300]
    if wrong.get("trigger_at"):
        assert f'value="{wrong["trigger_at"]}"' in answer.content.decode()


# ── The clock of a duty ───────────────────────────────────────────────────────────────────────────────────


def a_duty(casework: Casework) -> Obligation:
    return casework.accepted_order(time_zone="America/New_York").obligations.get()


def clock_of(duty: Obligation) -> str:
    return reverse("obligation-clock", args=[duty.case.reference, duty.number])


def test_a_duty_is_given_its_due_moment_by_a_rule(casework: Casework, client_of: ClientOf) -> None:
    duty = a_duty(casework)
    values = {
        "rule": "frcrp45_14_days",
        "trigger_at": "2026-03-02T10:00",
        "time_zone": "America/New_York",
        "calendar": "",
        "reason": "Served again on another day",
    }
    client = client_of(casework.lead)
    answer = client.post(clock_of(duty), values)
    assert (answer.status_code, answer["Location"]) == (303, clock_of(duty))
    duty.refresh_from_db()
    assert duty.due_at is not None
    assert duty.due_at.replace(microsecond=0) == datetime(2026, 3, 17, 3, 59, 59, tzinfo=UTC)
    page = text_of(client_of(casework.reader).get(clock_of(duty)))
    assert "Served again on another day" in page
    assert client_of(casework.reader).post(clock_of(duty), values).status_code == 403
    assert client_of(casework.auditor).post(clock_of(duty), values).status_code == 403
    for nobody in (casework.outsider, casework.liaison, casework.administrator):
        assert client_of(nobody).get(clock_of(duty)).status_code == 404
        assert client_of(nobody).post(clock_of(duty), values).status_code == 404
    assert Clock.objects.filter(obligation=duty).count() == 1


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"rule": "no_such"}, "rule"),
        ({"trigger_at": "2199-01-01T00:00"}, "trigger_at"),
        ({"trigger_at": "soon"}, "trigger_at"),
        ({"calendar": "uk-england-and-wales"}, "calendar"),
        ({"reason": " "}, "reason"),
    ],
)
def test_a_wrong_clock_changes_nothing_and_nothing_typed_is_lost(
    casework: Casework, client_of: ClientOf, wrong: dict[str, str], field: str
) -> None:
    duty = a_duty(casework)
    values = {
        "rule": "frcrp45_14_days",
        "trigger_at": "2026-03-02T10:00",
        "time_zone": "UTC",
        "calendar": "",
        "reason": "Kept words",
    } | wrong
    answer = client_of(casework.lead).post(clock_of(duty), values)
    assert answer.status_code == 422
    assert errors_beside(answer, field), text_of(answer)[:300]
    if "reason" not in wrong:
        assert "Kept words" in answer.content.decode()
    before = duty.due_at
    duty.refresh_from_db()
    assert duty.due_at == before
    assert not Clock.objects.filter(obligation=duty, reason="Kept words").exists()


# ── Cost ──────────────────────────────────────────────────────────────────────────────────────────────────


def test_pages_cost_the_same_with_more_rules_closures_and_clocks(
    casework: Casework, client_of: ClientOf
) -> None:
    client, duty = client_of(casework.counsel), a_duty(casework)
    client.post(reverse("clock-rule-create"), typed())
    day = iter(range(1, 60))

    def closure() -> None:
        actions.add_closure(
            by=casework.counsel,
            at=moment(),
            calendar="us-federal",
            day=date(2033, 1, 3) + timedelta(days=7 * next(day) + 1),
            why="Closed",
        )

    def clock() -> None:
        actions.set_clock(
            grant=casework.grant(P.ORDERS),
            at=moment(),
            number=duty.number,
            rule="frcrp45_14_days",
            trigger_at=datetime(2026, 3, 2, 15, tzinfo=UTC),
            reason="Again",
        )

    closure()
    clock()

    url = reverse("clock-rule-change", args=["state_10_days"])
    pages = [
        reverse("clock-rule-list"),
        reverse("clock-rule-detail", args=["state_10_days"]),
        reverse("closure-list"),
        clock_of(duty),
    ]
    before = [queries_of(client, page) for page in pages]
    for each in range(5):
        closure()
        clock()
        assert client.post(url, typed(key=None, count=str(20 + each))).status_code == 303
    assert [queries_of(client, page) for page in pages] == before
    assert max(before) <= 18
