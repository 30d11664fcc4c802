"""What the exchange's own system was asked, past the actions: one call per thing, done by a report alone."""

import pytest

from tests.cases.database.test_before_verification import refused
from tests.support.everything import Everything
from tests.support.rows import copied, execute, undone


def set_call(pk: int, assignment: str, *values: object) -> None:
    execute(f"UPDATE cases_connectorcall SET {assignment} WHERE id = %s", *values, pk)


def test_one_call_that_is_not_refused_for_each_thing(everything: Everything) -> None:
    call = everything.rows["call"]
    again = {"number": 99, "key": "00000000-0000-4000-8000-0000000000aa"}
    refused(lambda: copied(call, again), match="call_once_per_thing")
    refused(lambda: copied(call, {"number": 99, "about": 5}), match="key")
    refused(lambda: copied(call, {**again, "number": 1, "about": 5}), match="call_number_once")


@pytest.mark.parametrize("column", ["body = 'x'", "about = 3", "kind = 'release'", "number = 5"])
def test_what_was_asked_stands(everything: Everything, column: str) -> None:
    pk = everything.rows["call"].pk
    refused(lambda: set_call(pk, column), match="what was asked is not changed")


def test_done_is_what_a_report_says(everything: Everything) -> None:
    bare = copied(
        everything.rows["call"],
        {"number": 99, "about": 9, "key": "00000000-0000-4000-8000-0000000000ab", "attempts": 1},
    )
    refused(lambda: set_call(bare, "status = 'confirmed', ended_at = now()"), match="its report says so")
    with undone():
        copied(
            everything.rows["report"],
            {"call_id": bare, "message_id": "00000000-0000-4000-8000-0000000000ac"},
        )
        set_call(bare, "status = 'confirmed', ended_at = now()")


def test_states_have_their_times(everything: Everything) -> None:
    pk = everything.rows["call"].pk
    refused(lambda: set_call(pk, "next_at = NULL"), match="call_due_while_open")
    refused(lambda: set_call(pk, "status = 'sent'"), match="call_sent_at_least_once")
    refused(lambda: set_call(pk, "status = 'failed', attempts = 1"), match="call_ended_said_when")
    refused(lambda: set_call(pk, "state_there = 'gone'"), match="call_state_there_known")


def test_a_message_is_kept_once_and_answers_a_call(everything: Everything) -> None:
    report = everything.rows["report"]
    refused(lambda: copied(report, {}), match="message_id")
    fresh = {"message_id": "00000000-0000-4000-8000-0000000000ad"}
    refused(lambda: copied(report, {**fresh, "call_id": None}), match="connectorreport_result_of_call")
    refused(lambda: copied(report, {**fresh, "kind": "holdings"}), match="connectorreport_result_of_call")
    refused(lambda: copied(everything.rows["report_verdict"], {}), match="report_id")
    refused(lambda: copied(everything.rows["tick"], {}), match="tick_once")
    refused(lambda: copied(everything.rows["tick"], {"attempt": 7}), match="the try that is under way")
    refused(lambda: copied(everything.rows["tick"], {"item": "other"}), match="tick_item_known")


def test_a_holding_is_one_word(everything: Everything) -> None:
    holding, report = everything.rows["holding"], everything.rows["report"].pk
    refused(lambda: copied(holding, {"report_id": report}), match="holding_one_word")
    refused(lambda: copied(holding, {"entered_by_id": None}), match="holding_one_word")
    with undone():
        copied(holding, {"entered_by_id": None, "report_id": report})
