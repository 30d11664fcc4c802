"""Legal orders: recorded as stated, verified before anything, decided by counsel or an approver."""

from datetime import timedelta
from typing import Any

import pytest

from cases.access import Denied
from cases.actions import orders
from cases.actions.base import NoSuchItem, WrongMove
from cases.actions.orders import Duty, Paper
from cases.models import LegalOrder, Obligation, OrderPaper
from cases.permissions import Permission
from cases.status import ORDER_FINAL, ORDER_MOVES, ORDER_MOVES_BY_DUTIES, OrderStatus
from cases.storage import Stored
from tests.cases.actions.support import details_of, last_event, refusal
from tests.support.casework import Casework, make_person, moment

P = Permission
CALL_BACK: dict[str, Any] = {
    "method": "call_back",
    "contact": "Clerk's office",
    "contact_source": "The court's own site",
}
DAY = timedelta(days=1)


def move(casework: Casework, order: LegalOrder, to: str, reason: str = "As counsel said") -> LegalOrder:
    by_counsel = to in orders.DECISIONS
    return orders.move_order(
        grant=casework.grant(
            P.ORDER_DECIDE if by_counsel else P.ORDERS, casework.counsel if by_counsel else None
        ),
        at=moment(),
        number=order.number,
        to=to,
        reason=reason,
    )


def verify(casework: Casework, order: LegalOrder, *, authentic: bool = True, **values: Any) -> LegalOrder:
    return orders.verify_order(
        grant=casework.grant(P.ORDER_VERIFY),
        at=moment(),
        number=order.number,
        authentic=authentic,
        **CALL_BACK | values,
    )


def brought_to(casework: Casework, status: str) -> LegalOrder:
    """An order in this status, by the actions alone."""
    order = casework.order()
    ways: dict[str, list[str]] = {
        "received": [],
        "verifying": ["verifying"],
        "rejected_inauthentic": ["verifying", "-"],
        "verified": ["verifying", "+"],
        "in_review": ["verifying", "+", "in_review"],
        "on_hold": ["verifying", "+", "in_review", "on_hold"],
        "complied": ["verifying", "+", "in_review", "accepted", "!"],
        "executing": ["verifying", "+", "in_review", "accepted", "in_progress"],
        "partly_complied": ["verifying", "+", "in_review", "accepted", "another", "!"],
        "closed": ["verifying", "+", "in_review", "accepted", "!", "closed"],
    }
    way = ways.get(status) or ["verifying", "+", "in_review", status]
    if status in {"withdrawn", "quashed", "superseded", "expired"}:
        way = [status]
    if status == "received":
        way = []
    for step in way:
        if step in "+-":
            verify(casework, order, authentic=step == "+")
        elif step == "another":
            orders.add_obligation(
                grant=casework.grant(P.ORDERS),
                at=moment(),
                order_number=order.number,
                duty=Duty("transfer", "Hand it over"),
            )
        elif step in {"!", "in_progress"}:
            number = order.obligations.earliest("number").number
            for to in ("in_progress", "met") if step == "!" else ("in_progress",):
                orders.move_obligation(
                    grant=casework.grant(P.ORDERS), at=moment(), number=number, to=to, reason="Letter"
                )
        else:
            move(casework, order, step)
    order.refresh_from_db()
    assert order.status == status
    return order


# ── Recording ─────────────────────────────────────────────────────────────────────────────────────────────
def test_what_stands_on_the_face_is_kept_as_stated(casework: Casework) -> None:
    due = moment() + 4 * DAY
    order = casework.order(
        time_zone="America/New_York",
        requestor=" Agent Example ",
        duties=[Duty("freeze", " Hold. ", due, casework.approver), Duty("produce", "Records")],
    )
    assert (order.number, order.status, order.time_zone, order.requestor) == (
        1,
        "received",
        "America/New_York",
        "Agent Example",
    )
    first, second = order.obligations.order_by("number")
    assert (first.text, first.due_at, first.responsible, first.status) == (
        "Hold.",
        due,
        casework.approver,
        "open",
    )
    assert (second.number, second.due_at, second.responsible) == (2, None, None)
    details = details_of(last_event(casework.case))
    assert [duty["number"] for duty in details["obligations"]] == [1, 2]
    assert details["time_zone"] == "America/New_York"
    assert details["issued_at"].endswith("Z")


AT = moment()


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"issuing_authority": " "}, "issuing_authority"),
        ({"agency_reference": ""}, "agency_reference"),
        ({"jurisdiction": ""}, "jurisdiction"),
        ({"legal_basis": ""}, "legal_basis"),
        ({"scope": "\n"}, "scope"),
        ({"time_zone": "Mars/Olympus"}, "time_zone"),
        ({"time_zone": "../../etc/passwd"}, "time_zone"),
        ({"time_zone": ""}, "time_zone"),
        ({"served_at": AT - 9 * DAY}, "served_at"),
        ({"received_at": AT - 9 * DAY}, "received_at"),
        ({"received_at": AT + DAY}, "received_at"),
        ({"due_at": AT - 9 * DAY}, "due_at"),
        ({"duties": [Duty("freeze", " ")]}, "text"),
        ({"duties": [Duty("freeze", "Hold", AT - 9 * DAY)]}, "due_at"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_an_order_that_does_not_make_sense_is_refused(
    casework: Casework, values: dict[str, Any], field: str
) -> None:
    assert refusal(lambda: casework.order(**values)).field == field
    assert not LegalOrder.objects.exists()
    assert not Obligation.objects.exists()


def test_only_a_member_is_responsible_for_a_duty(casework: Casework) -> None:
    duty = Duty("freeze", "Hold", responsible=casework.outsider)
    assert refusal(lambda: casework.order(duties=[duty])).field == "responsible"


def test_served_and_received_may_be_the_moment_of_issue(casework: Casework) -> None:
    at = moment() - DAY
    assert casework.order(issued_at=at, served_at=at, received_at=at, due_at=at, duties=[]).due_at == at


def test_nobody_records_an_order_back(casework: Casework) -> None:
    before = moment()
    order = casework.order()
    order.refresh_from_db()
    assert before - timedelta(seconds=5) <= order.recorded_at <= moment() + timedelta(seconds=5)


# ── Verifying ─────────────────────────────────────────────────────────────────────────────────────────────
def test_a_verification_names_method_and_contact(casework: Casework) -> None:
    order = brought_to(casework, "verifying")
    assert refusal(lambda: verify(casework, order, method="trusted")).field == "method"
    assert refusal(lambda: verify(casework, order, contact=" ")).field == "contact"
    at = moment()
    verified = orders.verify_order(
        grant=casework.grant(P.ORDER_VERIFY, casework.counsel),
        at=at,
        number=order.number,
        authentic=True,
        **CALL_BACK,
    )
    assert (verified.status, verified.verified_at, verified.verified_by) == (
        "verified",
        at,
        casework.counsel,
    )


def test_an_inauthentic_order_ends_with_its_duties(casework: Casework) -> None:
    order = brought_to(casework, "rejected_inauthentic")
    assert (order.verified_at, order.verified_by) == (None, None)
    assert order.obligations.get().status == "lifted"
    event = last_event(casework.case)
    assert (event.action, details_of(event)["lifted"]) == ("order.rejected_inauthentic", [1])


def test_nothing_is_executed_before_the_verification(casework: Casework) -> None:
    for status in ("received", "verifying", "verified", "in_review", "objected", "on_hold"):
        order = brought_to(casework, status)
        number = order.obligations.get().number
        refusal(
            lambda number=number: orders.move_obligation(
                grant=casework.grant(P.ORDERS), at=moment(), number=number, to="in_progress"
            )
        )


# ── Deciding ──────────────────────────────────────────────────────────────────────────────────────────────
def test_a_decision_needs_counsel_or_an_approver_and_a_reason(casework: Casework) -> None:
    order = brought_to(casework, "in_review")
    for to in sorted(orders.DECISIONS):
        with pytest.raises(Denied):
            orders.move_order(
                grant=casework.grant(P.ORDERS), at=moment(), number=order.number, to=to, reason="x"
            )
        with pytest.raises(Denied):
            casework.grant(P.ORDER_DECIDE, casework.lead)
        assert refusal(lambda to=to: move(casework, order, to, reason=" ")).field == "reason"
    accepted = orders.move_order(
        grant=casework.grant(P.ORDER_DECIDE, casework.approver),
        at=moment(),
        number=order.number,
        to="accepted",
        reason="In order",
    )
    assert accepted.status == "accepted"


def test_the_desks_own_steps_are_not_opened_by_the_right_to_decide(casework: Casework) -> None:
    order = casework.order()
    with pytest.raises(Denied):
        orders.move_order(
            grant=casework.grant(P.ORDER_DECIDE, casework.counsel),
            at=moment(),
            number=order.number,
            to="verifying",
        )


@pytest.mark.parametrize("status", OrderStatus.values)
def test_the_action_follows_the_table(casework: Casework, status: str) -> None:
    """By hand exactly the table's moves pass, but for those that the duties or the verification make."""
    order = brought_to(casework, status)
    by_duties = ORDER_MOVES_BY_DUTIES | {"verified", "rejected_inauthentic"}
    for target in OrderStatus.values:
        allowed = target in ORDER_MOVES.get(status, frozenset()) - by_duties
        if status == "on_hold" and target == "verifying":
            allowed = False  # it was in review
        if not allowed:
            refusal(lambda target=target: move(casework, order, target))
    order.refresh_from_db()
    assert order.status == status


@pytest.mark.parametrize("before", ["verifying", "in_review"])
def test_from_hold_an_order_goes_back_to_where_it_was(casework: Casework, before: str) -> None:
    order = brought_to(casework, before)
    move(casework, order, "on_hold")
    other = {"verifying": "in_review", "in_review": "verifying"}[before]
    assert refusal(lambda: move(casework, order, other)).field == "to"
    assert move(casework, order, before).status == before
    move(casework, order, "on_hold")
    assert move(casework, order, "expired").status == "expired"


@pytest.mark.parametrize("end", ["withdrawn", "quashed", "superseded", "expired"])
def test_an_order_that_ends_takes_its_open_duties_with_it(casework: Casework, end: str) -> None:
    order = brought_to(casework, "partly_complied")
    met, open_duty = order.obligations.order_by("number")
    move(casework, order, end)
    met.refresh_from_db()
    open_duty.refresh_from_db()
    assert (met.status, open_duty.status, open_duty.ended_by) == ("met", "lifted", casework.counsel)
    assert details_of(last_event(casework.case))["lifted"] == [open_duty.number]


def test_a_rejected_order_lifts_its_duties_and_takes_no_more(casework: Casework) -> None:
    order = brought_to(casework, "rejected")
    assert order.obligations.get().status == "lifted"
    for status in [*sorted(ORDER_FINAL - {"rejected"}), "complied"]:
        ended = brought_to(casework, status)
        refusal(
            lambda ended=ended: orders.add_obligation(
                grant=casework.grant(P.ORDERS),
                at=moment(),
                order_number=ended.number,
                duty=Duty("produce", "Records"),
            )
        )


# ── Papers ────────────────────────────────────────────────────────────────────────────────────────────────
def paper(sha256: str = "a" * 64, size: int = 3) -> dict[str, Any]:
    return {"filename": "warrant.pdf", "media_type": "application/pdf", "stored": Stored(sha256, size)}


def test_a_paper_is_attached_once_to_an_order(casework: Casework) -> None:
    order, other = casework.order(), casework.order(reference="DEMO-2")

    def attach(to: LegalOrder, **kwargs: Any) -> OrderPaper:
        return orders.attach_paper(
            grant=casework.grant(P.ORDERS), at=moment(), number=to.number, **paper(**kwargs)
        )

    assert attach(order).number == 1
    assert refusal(lambda: attach(order)).field == "paper"
    assert refusal(lambda: attach(order, sha256="b" * 64, size=0)).field == "paper"
    assert attach(other).number == 2
    assert details_of(last_event(casework.case))["sha256"] == "a" * 64


def test_an_order_and_its_paper_are_recorded_together_or_not_at_all(casework: Casework) -> None:
    assert refusal(lambda: casework.order(papers=[Paper(**paper(size=0))])).field == "paper"
    assert not LegalOrder.objects.exists()
    order = casework.order(papers=[Paper(**paper())])
    assert order.papers.get().sha256 == "a" * 64


def test_taking_a_copy_of_a_paper_is_recorded(casework: Casework) -> None:
    casework.order(papers=[Paper(**paper())])
    auditor = casework.grant(P.READ, casework.auditor)
    orders.note_paper_read(grant=auditor, at=moment(), number=1)
    event = last_event(casework.case)
    assert (event.action, event.actor, event.acting_role) == (
        "paper.downloaded",
        casework.auditor,
        "auditor",
    )
    refusal(lambda: orders.note_paper_read(grant=auditor, at=moment(), number=2), NoSuchItem)


# ── What is not there ─────────────────────────────────────────────────────────────────────────────────────
def test_another_cases_order_is_not_there(casework: Casework) -> None:
    other = Casework.opened()
    number = other.order().number
    refusal(lambda: move(casework, LegalOrder(number=number), "verifying"), NoSuchItem)
    refusal(lambda: verify(casework, LegalOrder(number=number)), NoSuchItem)


def test_a_wrong_move_says_where_the_order_stands(casework: Casework) -> None:
    order = casework.order()
    error = refusal(lambda: move(casework, order, "accepted"), WrongMove)
    assert "Received" in str(error.message)


def test_a_member_who_left_is_no_longer_made_responsible(casework: Casework) -> None:
    gone = make_person("investigator")
    assert refusal(lambda: casework.order(duties=[Duty("produce", "Records", responsible=gone)])).field == (
        "responsible"
    )
