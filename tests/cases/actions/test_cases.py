"""Opening, keeping and closing a case; who is in it."""

from datetime import date, timedelta
from typing import Any

import pytest

from cases import access
from cases.access import Denied, NotFound
from cases.actions import cases, closing, freezes, orders, subjects, wallets
from cases.actions.base import CaseClosed, WrongMove
from cases.actions.wallets import watch_key
from cases.models import Case, CaseRetention, CaseTag, Membership
from cases.people.models import User
from cases.permissions import Permission
from cases.references import normalised
from cases.status import CASE_MOVES, CaseStatus
from tests.cases.actions.support import details_of, last_event, refusal
from tests.support.casework import Casework, make_person, moment
from tests.support.rows import arranged
from wallets.models import Watch

P = Permission

OPENING: dict[str, Any] = {"title": "A case", "typology": "fraud", "classification": "internal"}


def move(casework: Casework, to: str, **kwargs: Any) -> Case:
    return cases.move_case(grant=casework.grant(P.MOVE), at=moment(), to=to, **kwargs)


def ask(casework: Casework, disposition: str = "referred", **kwargs: Any) -> Case:
    return closing.ask_closing(
        grant=casework.grant(P.MOVE), at=moment(), disposition=disposition, words="Nothing is left", **kwargs
    )


def decide(casework: Casework, *, by: User | None = None, **kwargs: Any) -> Case:
    values: dict[str, Any] = {"agrees": True, "retention": "aml_us", "counted_from": moment().date()}
    return closing.decide_closing(
        grant=casework.grant(P.CLOSE, by or casework.approver), at=moment(), **(values | kwargs)
    )


# ── Opening ───────────────────────────────────────────────────────────────────────────────────────────────
@pytest.mark.django_db
@pytest.mark.parametrize("role", ["investigator", "approver"])
def test_who_opens_a_case_leads_it(role: str) -> None:
    by, at = make_person(role), moment()
    case = cases.open_case(by=by, at=at, **OPENING, tags=["DPRK", " dprk ", "IT  workers", ""])
    assert (case.lead, case.opened_by, case.opened_at, case.status) == (by, by, at, "open")
    assert normalised(case.reference) == case.reference
    assert Membership.objects.get(case=case).user == by
    assert list(CaseTag.objects.filter(case=case).order_by("name").values_list("name", flat=True)) == [
        "dprk",
        "it workers",
    ]
    assert access.case_for(by, case.reference, P.MEMBERS).case == case


@pytest.mark.django_db
@pytest.mark.parametrize("role", ["counsel", "auditor", "liaison", "administrator"])
def test_others_open_none(role: str) -> None:
    with pytest.raises(Denied):
        cases.open_case(by=make_person(role), at=moment(), **OPENING)
    assert not Case.objects.exists()


def test_somebody_who_was_locked_out_opens_none(casework: Casework) -> None:
    casework.outsider.is_active = False
    with pytest.raises(Denied):
        cases.open_case(by=casework.outsider, at=moment(), **OPENING)


def test_a_case_has_a_title_and_short_tags(casework: Casework) -> None:
    for title in ("", "  \t "):
        opening = OPENING | {"title": title}
        error = refusal(lambda opening=opening: cases.open_case(by=casework.lead, at=moment(), **opening))
        assert error.field == "title"
    error = refusal(lambda: cases.open_case(by=casework.lead, at=moment(), **OPENING, tags=["x" * 41]))
    assert error.field == "tags"


# ── Keeping ───────────────────────────────────────────────────────────────────────────────────────────────
def test_an_edit_is_recorded_as_old_and_new_and_no_edit_as_nothing(casework: Casework) -> None:
    grant = casework.grant(P.EDIT)
    cases.edit_case(grant=grant, at=moment(), title=" Another title ", typology="dprk_it_workers")
    event = last_event(casework.case)
    assert (event.action, details_of(event)["changes"]) == (
        "case.edited",
        {"title": ["Remote workers", "Another title"]},
    )
    cases.edit_case(grant=grant, at=moment(), title="Another title")
    assert last_event(casework.case) == event
    assert refusal(lambda: cases.edit_case(grant=grant, at=moment(), title=" ")).field == "title"
    with pytest.raises(TypeError):
        cases.edit_case(grant=grant, at=moment(), status="closed")


def test_tags_are_replaced(casework: Casework) -> None:
    grant = casework.grant(P.EDIT)
    assert cases.set_tags(grant=grant, at=moment(), tags=["b", "a"]) == ["b", "a"]
    cases.set_tags(grant=grant, at=moment(), tags=["C", "b"])
    event = last_event(casework.case)
    assert details_of(event)["changes"] == {"tags": [["a", "b"], ["b", "c"]]}
    cases.set_tags(grant=grant, at=moment(), tags=["b", "c", "b"])
    assert last_event(casework.case) == event


def test_a_note_is_numbered_and_needs_words(casework: Casework) -> None:
    grant = casework.grant(P.NOTE)
    assert [cases.write_note(grant=grant, at=moment(), text="x").number for _ in range(3)] == [1, 2, 3]
    assert refusal(lambda: cases.write_note(grant=grant, at=moment(), text=" \n")).field == "text"


def test_touching_a_case_never_takes_its_time_back(casework: Casework) -> None:
    later = moment() + timedelta(minutes=1)
    cases.write_note(grant=casework.grant(P.NOTE), at=later, text="later")
    cases.write_note(grant=casework.grant(P.NOTE), at=moment(), text="earlier, written after")
    assert Case.objects.get(pk=casework.case.pk).touched_at == later


# ── Moving and closing ────────────────────────────────────────────────────────────────────────────────────
def test_the_action_follows_the_table(casework: Casework) -> None:
    statuses = set(CaseStatus.values)
    for way in (
        ["open"],
        ["under_investigation"],
        ["on_hold"],
    ):
        for step in way:
            if step != "open":
                move(casework, step)
        case = Case.objects.get(pk=casework.case.pk)
        # A closing is asked for and decided on; no move leads there or out of it.
        by_two = {"closing", "closed"}
        for target in statuses - (CASE_MOVES.get(case.status, frozenset()) - by_two):
            refusal(lambda target=target: move(casework, target), WrongMove)
    assert details_of(last_event(casework.case)) == {
        "from": "under_investigation",
        "to": "on_hold",
        "reason": "",
    }
    move(casework, "under_investigation")
    ask(casework)
    for target in statuses:
        refusal(lambda target=target: move(casework, target), WrongMove)


def test_a_close_needs_a_disposition(casework: Casework) -> None:
    move(casework, "under_investigation")
    for disposition in ("", "guilty"):
        error = refusal(lambda disposition=disposition: ask(casework, disposition))
        assert error.field == "disposition"
    ask(casework, "substantiated")
    case = decide(casework)
    assert (case.status, case.disposition, case.closing_asked_by, case.closed_by) == (
        "closed",
        "substantiated",
        casework.lead,
        casework.approver,
    )


def test_nobody_closes_what_she_asked_to_close(casework: Casework) -> None:
    move(casework, "under_investigation")
    closing.ask_closing(
        grant=casework.grant(P.MOVE, casework.approver), at=moment(), disposition="referred", words="Done"
    )
    assert refusal(lambda: decide(casework), WrongMove)
    assert decide(casework, by=casework.second_approver).status == "closed"


def test_a_closing_is_refused_or_taken_back_with_a_reason(casework: Casework) -> None:
    move(casework, "under_investigation")
    ask(casework)
    assert refusal(lambda: decide(casework, agrees=False)).field == "reason"
    case = decide(casework, agrees=False, reason="The warrant is not answered")
    assert (case.status, case.closing_asked_by, case.closing_disposition) == ("under_investigation", None, "")
    ask(casework)
    refusal(
        lambda: closing.withdraw_closing(
            grant=casework.grant(P.MOVE, casework.approver), at=moment(), reason="Not mine"
        ),
        WrongMove,
    )
    case = closing.withdraw_closing(grant=casework.grant(P.MOVE), at=moment(), reason="A letter came")
    assert case.status == "under_investigation"


def test_a_close_sets_how_long_the_record_is_kept(casework: Casework) -> None:
    casework.asked_to_close()
    assert refusal(lambda: decide(casework, retention="")).field == "retention"
    assert refusal(lambda: decide(casework, counted_from=None)).field == "counted_from"
    decide(casework, counted_from=date(2024, 2, 29))
    kept = CaseRetention.objects.get(case=casework.case)
    # Five calendar years from 29 February end with 28 February; the record may go the day after.
    assert (kept.retention_class.key, kept.may_go_on) == ("aml_us", date(2029, 3, 1))
    assert details_of(last_event(casework.case))["retention"]["may_go_on"] == "2029-03-01"


def test_a_close_is_refused_while_something_stands(casework: Casework) -> None:
    move(casework, "under_investigation")
    order = casework.accepted_order()
    assert "dut" in str(refusal(lambda: ask(casework)).message)
    freeze = casework.proposed_freeze(obligation_number=order.obligations.get().number)
    orders.move_order(
        grant=casework.grant(P.ORDER_DECIDE, casework.counsel),
        at=moment(),
        number=order.number,
        to="withdrawn",
        reason="By letter",
    )
    assert "freeze" in str(refusal(lambda: ask(casework)).message)
    freezes.cancel_freeze(
        grant=casework.grant(P.FREEZE_PROPOSE), at=moment(), number=freeze.number, reason="Withdrawn"
    )
    ask(casework)
    # What came in between the asking and the decision keeps it open too.
    later = casework.order(reference="DEMO-LATER")
    assert "order" in str(refusal(lambda: decide(casework)).message)
    orders.move_order(
        grant=casework.grant(P.ORDER_DECIDE, casework.counsel),
        at=moment(),
        number=later.number,
        to="withdrawn",
        reason="By letter",
    )
    assert decide(casework).status == "closed"


def test_an_order_without_a_duty_is_answered_before_a_close(casework: Casework) -> None:
    order = casework.order(duties=[])
    move(casework, "under_investigation")
    assert "order" in str(refusal(lambda: ask(casework)).message)
    orders.move_order(
        grant=casework.grant(P.ORDER_DECIDE, casework.counsel),
        at=moment(),
        number=order.number,
        to="quashed",
        reason="By the court",
    )
    ask(casework)
    assert decide(casework).status == "closed"


def test_a_case_is_reopened_with_a_reason_by_an_event_of_its_own(casework: Casework) -> None:
    casework.closed()
    assert refusal(lambda: move(casework, "under_investigation")).field == "reason"
    case = move(casework, "under_investigation", reason="New facts")
    assert (case.status, case.disposition, case.closed_at, case.closed_by) == (
        "under_investigation",
        "",
        None,
        None,
    )
    assert details_of(last_event(case))["reason"] == "New facts"


def test_a_closed_case_takes_nothing_new_before_it_is_reopened(casework: Casework) -> None:
    wallet, account = casework.wallet(), casework.account()
    casework.closed()
    at = moment()
    acts = [
        lambda: cases.edit_case(grant=casework.grant(P.EDIT), at=at, title="Another"),
        lambda: cases.set_tags(grant=casework.grant(P.EDIT), at=at, tags=["new"]),
        lambda: casework.subject(),
        lambda: casework.account("EX-2"),
        lambda: casework.holding(account),
        lambda: wallets.detach_wallet(
            grant=casework.grant(P.WALLETS), at=at, number=wallet.number, reason="x"
        ),
        lambda: wallets.refresh_case(grant=casework.grant(P.WALLETS), at=at),
        lambda: casework.order(),
        lambda: casework.proposed_freeze(
            account_number=account.number, policy_hold="x", formal_order_by=at + timedelta(days=1), amounts=[]
        ),
        lambda: subjects.edit_subject(grant=casework.grant(P.EDIT), at=at, number=1, name="x"),
    ]
    for act in acts:
        refusal(act, CaseClosed)
    cases.write_note(grant=casework.grant(P.NOTE), at=at, text="A letter came.")


def test_the_wallets_of_a_closed_case_can_be_left_alone(casework: Casework, settings: Any) -> None:
    """Each look tells the operator of a chain's server whom one investigates."""
    settings.WATCH_CLOSED_SECONDS = 0
    wallet = casework.wallet()
    watches = Watch.objects.filter(key=watch_key(casework.case))
    assert watches.get().wallet_id == wallet.wallet_id
    casework.closed()
    assert not watches.exists()
    move(casework, "under_investigation", reason="New facts")
    assert watches.get().wallet_id == wallet.wallet_id


# ── Members ───────────────────────────────────────────────────────────────────────────────────────────────
def test_only_colleagues_who_work_in_cases_become_members(casework: Casework) -> None:
    grant = casework.grant(P.MEMBERS)

    def add(user: User) -> Membership:
        return cases.add_member(grant=grant, at=moment(), user=user)

    for user in (casework.auditor, casework.liaison, casework.administrator, casework.approver):
        assert refusal(lambda user=user: add(user)).field == "user"
    gone = make_person("investigator")
    gone.is_active = False
    gone.save()
    assert refusal(lambda: add(gone)).field == "user"
    assert add(casework.outsider).reader is False


def test_an_ended_membership_closes_the_door_and_may_begin_again(casework: Casework) -> None:
    user, reference = casework.approver, casework.case.reference
    cases.end_membership(grant=casework.grant(P.MEMBERS), at=moment(), user=user)
    with pytest.raises(NotFound):
        access.case_for(user, reference, P.READ)
    assert (
        refusal(lambda: cases.end_membership(grant=casework.grant(P.MEMBERS), at=moment(), user=user)).field
        == "user"
    )
    cases.add_member(grant=casework.grant(P.MEMBERS), at=moment(), user=user, reader=True)
    assert access.case_for(user, reference, P.READ).reader
    with pytest.raises(Denied):
        access.case_for(user, reference, P.FREEZE_APPROVE)
    assert Membership.objects.filter(case=casework.case, user=user).count() == 2


def test_the_lead_stays_until_somebody_else_leads(casework: Casework) -> None:
    grant = casework.grant(P.MEMBERS)
    end_lead = lambda: cases.end_membership(grant=grant, at=moment(), user=casework.lead)  # noqa: E731
    assert refusal(end_lead).field == "user"
    for user in (casework.outsider, casework.reader, casework.auditor):
        assert (
            refusal(lambda user=user: cases.change_lead(grant=grant, at=moment(), user=user)).field == "user"
        )
    cases.change_lead(grant=grant, at=moment(), user=casework.approver)
    assert details_of(last_event(casework.case))["changes"]["lead"][1]["name"] == casework.approver.name
    assert end_lead().ended_by == casework.lead


def test_a_colleague_who_left_does_not_lead(casework: Casework) -> None:
    casework.approver.is_active = False
    casework.approver.save()
    error = refusal(
        lambda: cases.change_lead(grant=casework.grant(P.MEMBERS), at=moment(), user=casework.approver)
    )
    assert error.field == "user"
    arranged()
