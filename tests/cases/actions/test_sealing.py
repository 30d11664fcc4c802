"""Sealing an order: who may know it, and that somebody always does."""

from datetime import timedelta

import pytest

from cases import access
from cases.access import NotFound
from cases.actions import case_tasks, freezes, handover, orders, people
from cases.actions import cases as case_actions
from cases.actions.base import NoSuchItem, WrongMove
from cases.actions.orders import Duty
from cases.models import LegalOrder, OrderReader
from cases.people.models import User
from cases.permissions import Permission
from cases.queries.due import Scope, board, nearest
from tests.cases.actions.support import details_of, last_event, refusal
from tests.support.casework import Casework, moment
from tests.support.freezing import confirmed_freeze

P = Permission


def sealed(casework: Casework, *readers: User, **kwargs: object) -> LegalOrder:
    order = casework.accepted_order(**kwargs)
    return seal(casework, order, *readers)


def seal(casework: Casework, order: LegalOrder, *readers: User, by: User | None = None) -> LegalOrder:
    return orders.seal_order(
        grant=casework.grant(P.ORDERS, by),
        at=moment(),
        number=order.number,
        readers=readers,
        reason="Sealed by the court",
    )


def may_know(casework: Casework, order: LegalOrder) -> set[str]:
    people = ("lead", "approver", "counsel", "reader", "auditor", "outsider", "liaison", "administrator")
    return {name for name in people if access.may_know(getattr(casework, name), order)}


def test_whoever_seals_and_whoever_is_named_may_know_it(casework: Casework) -> None:
    order = casework.accepted_order()
    assert may_know(casework, order) == {"lead", "approver", "counsel", "reader", "auditor"}
    seal(casework, order, casework.counsel)
    assert may_know(casework, order) == {"lead", "counsel"}
    told = details_of(last_event(casework.case))
    assert {one["name"] for one in told["readers"]} == {casework.lead.name, casework.counsel.name}
    assert told["reason"] == "Sealed by the court"
    assert refusal(lambda: seal(casework, order), WrongMove)


def test_an_auditor_may_be_named_and_somebody_outside_may_not(casework: Casework) -> None:
    order = casework.accepted_order()
    error = refusal(lambda: seal(casework, order, casework.outsider))
    assert error.field == "readers"
    seal(casework, order, casework.auditor)
    assert may_know(casework, order) == {"lead", "auditor"}


def test_who_may_not_know_it_acts_on_nothing_of_it(casework: Casework) -> None:
    order = casework.accepted_order()
    duty = order.obligations.get()
    freeze = confirmed_freeze(casework, obligation_number=duty.number)
    seal(casework, order)
    with pytest.raises(NoSuchItem):
        orders.move_order(
            grant=casework.grant(P.ORDER_DECIDE, casework.counsel),
            at=moment(),
            number=order.number,
            to="quashed",
            reason="Quashed",
        )
    with pytest.raises(NoSuchItem):
        orders.move_obligation(
            grant=casework.grant(P.ORDERS, casework.counsel), at=moment(), number=duty.number, to="met"
        )
    with pytest.raises(NoSuchItem):
        freezes.propose_release(
            grant=casework.grant(P.FREEZE_PROPOSE, casework.approver),
            at=moment(),
            number=freeze.number,
            reason="Not mine to know",
        )
    with pytest.raises(NoSuchItem):
        casework.proposed_freeze(by=casework.approver, obligation_number=duty.number)


def test_a_seal_that_is_put_on_behind_an_open_door_holds(casework: Casework) -> None:
    """The door was opened before the seal; the lock asks again."""
    order = casework.accepted_order()
    early = casework.grant(P.ORDERS, casework.counsel)
    seal(casework, order)
    with pytest.raises(NoSuchItem):
        orders.extend_obligation(
            grant=early,
            at=moment(),
            number=order.obligations.get().number,
            due_at=moment() + timedelta(days=30),
            reason="By telephone",
        )


def test_the_other_freeze_is_not_releasable_without_saying_why(casework: Casework) -> None:
    account = casework.account("EX-BOTH")
    casework.holding(account)
    hidden = casework.accepted_order(reference="HIDDEN")
    confirmed_freeze(
        casework, account_number=account.number, obligation_number=hidden.obligations.get().number
    )
    open_one = confirmed_freeze(
        casework,
        account_number=account.number,
        policy_hold="By policy",
        formal_order_by=moment() + timedelta(days=3),
    )
    seal(casework, hidden)
    freezes.propose_release(
        grant=casework.grant(P.FREEZE_PROPOSE, casework.approver),
        at=moment(),
        number=open_one.number,
        reason="Over",
    )
    error = refusal(
        lambda: freezes.decide_release(
            grant=casework.grant(P.FREEZE_APPROVE, casework.second_approver),
            at=moment(),
            number=open_one.number,
            agrees=True,
            others_known=True,
        )
    )
    assert str(error.message) == "Not releasable: ask this desk."


def test_somebody_always_knows_it(casework: Casework) -> None:
    order = sealed(casework)
    grant = casework.grant(P.ORDERS)

    def change(*readers: User) -> LegalOrder:
        return orders.change_readers(
            grant=grant, at=moment(), number=order.number, readers=readers, reason="New desk"
        )

    assert refusal(lambda: change()).field == "readers"
    assert refusal(lambda: change(casework.lead)).field == "readers"
    change(casework.counsel)
    assert may_know(casework, order) == {"counsel"}
    told = details_of(last_event(casework.case))
    assert [one["name"] for one in told["added"]] == [casework.counsel.name]
    assert [one["name"] for one in told["ended"]] == [casework.lead.name]
    error = refusal(
        lambda: case_actions.end_membership(
            grant=casework.grant(P.MEMBERS), at=moment(), user=casework.counsel
        )
    )
    assert error.field == "user"
    # In words that tell the lead nothing of what it is.
    assert "order" not in str(error.message)
    error = refusal(
        lambda: people.edit_person(
            by=casework.administrator,
            at=moment(),
            user=casework.counsel,
            name=casework.counsel.name,
            role="counsel",
            agency="",
            is_active=False,
        )
    )
    assert error


def test_a_leaving_reader_who_is_not_the_last_knows_it_no_longer(casework: Casework) -> None:
    order = sealed(casework, casework.counsel)
    case_actions.end_membership(grant=casework.grant(P.MEMBERS), at=moment(), user=casework.counsel)
    case_actions.add_member(grant=casework.grant(P.MEMBERS), at=moment(), user=casework.counsel)
    assert may_know(casework, order) == {"lead"}
    assert OrderReader.objects.filter(order=order, user=casework.counsel, ended_at__isnull=False).count() == 1


def test_whoever_has_work_in_it_knows_it(casework: Casework) -> None:
    due = moment() + timedelta(days=2)
    order = casework.accepted_order(
        duties=[Duty("produce", "Records.", due_at=due, responsible=casework.counsel)]
    )
    assert refusal(lambda: seal(casework, order)).field == "readers"
    seal(casework, order, casework.counsel)
    error = refusal(
        lambda: orders.add_obligation(
            grant=casework.grant(P.ORDERS),
            at=moment(),
            order_number=order.number,
            duty=Duty("preserve", "Keep.", responsible=casework.approver),
        )
    )
    assert error.field in {"responsible", "kind"}
    error = refusal(
        lambda: handover.hand_over(
            grant=casework.grant(P.MEMBERS),
            at=moment(),
            leaving=casework.counsel,
            to=casework.approver,
            words="All of it",
        )
    )
    assert error.field == "to"
    assert refusal(
        lambda: case_tasks.give_task(
            grant=casework.grant(P.TASKS),
            at=moment(),
            title="Call",
            assignee=casework.approver,
            about=("order", order.number),
        )
    )


def test_an_order_that_comes_in_sealed_is_known_to_who_records_it_and_who_has_a_duty(
    casework: Casework,
) -> None:
    due = moment() + timedelta(days=2)
    order = casework.order(
        sealed=True, duties=[Duty("freeze", "Hold.", due_at=due, responsible=casework.counsel)]
    )
    assert may_know(casework, order) == {"lead", "counsel"}
    assert details_of(last_event(casework.case))["sealed"] is True


def test_deadlines_and_their_numbers_leave_it_out(casework: Casework) -> None:
    sealed(casework)
    at = moment()
    for person, shown in ((casework.lead, 2), (casework.approver, 0), (casework.auditor, 0)):
        scope = Scope.visible_to(person)
        assert len(nearest(scope)) == shown
        assert board(scope, at=at).counts.soon == shown
        of_case = Scope.of_case(casework.grant(P.READ, person).case)
        assert len(nearest(of_case)) == shown
        assert board(of_case, at=at).counts.soon == shown


def test_unsealing_is_a_decision_and_ends_the_list(casework: Casework) -> None:
    order = sealed(casework, casework.counsel)
    grant = casework.grant(P.ORDER_DECIDE, casework.counsel)
    assert (
        refusal(lambda: orders.unseal_order(grant=grant, at=moment(), number=order.number, reason=" ")).field
        == "reason"
    )
    orders.unseal_order(grant=grant, at=moment(), number=order.number, reason="Unsealed by the court")
    assert may_know(casework, order) == {"lead", "approver", "counsel", "reader", "auditor"}
    assert not OrderReader.objects.filter(order=order, ended_at__isnull=True).exists()
    with pytest.raises(WrongMove):
        orders.unseal_order(grant=grant, at=moment(), number=order.number, reason="Again")
    with pytest.raises(WrongMove):
        orders.change_readers(
            grant=casework.grant(P.ORDERS), at=moment(), number=order.number, readers=[], reason="x"
        )


def test_who_is_out_of_the_case_is_out_of_the_order(casework: Casework) -> None:
    sealed(casework)
    with pytest.raises(NotFound):
        casework.grant(P.READ, casework.outsider)
