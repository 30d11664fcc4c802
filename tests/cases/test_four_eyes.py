"""Nobody approves what she proposed: not by the action, not by SQL, not by being fast."""

import threading
from typing import Any

import pytest
from django.db import DatabaseError, IntegrityError, connection, connections, transaction

from cases.access import Denied
from cases.actions import freezes
from cases.actions.base import ActionError
from cases.models import FreezeApproval, FreezeOrder
from cases.people.models import User
from cases.permissions import Permission
from tests.support.casework import Casework, make_person, moment
from tests.support.rows import tables_speak_at_once


def approve(casework: Casework, freeze: FreezeOrder, user: User) -> FreezeOrder:
    return freezes.approve_freeze(
        grant=casework.grant(Permission.FREEZE_APPROVE, user), at=moment(), number=freeze.number
    )


def test_the_proposer_cannot_approve(casework: Casework) -> None:
    freeze = casework.proposed_freeze(by=casework.approver)
    with pytest.raises(freezes.OwnApproval):
        approve(casework, freeze, casework.approver)
    freeze.refresh_from_db()
    assert (freeze.status, FreezeApproval.objects.count()) == ("proposed", 0)


def test_an_investigator_does_not_approve_at_all(casework: Casework) -> None:
    freeze = casework.proposed_freeze(by=casework.approver)
    with pytest.raises(Denied):
        approve(casework, freeze, casework.lead)


def test_where_two_are_asked_for_one_person_does_not_sign_twice(casework: Casework) -> None:
    freeze = casework.proposed_freeze(approvals_required=2)
    assert approve(casework, freeze, casework.approver).status == "proposed"
    with pytest.raises(ActionError):
        approve(casework, freeze, casework.approver)
    assert approve(casework, freeze, casework.second_approver).status == "approved"


def test_a_release_needs_somebody_else_too(casework: Casework) -> None:
    freeze = casework.proposed_freeze()
    approve(casework, freeze, casework.approver)
    apply_grant = casework.grant(Permission.FREEZE_APPLY)
    freezes.begin_apply(grant=apply_grant, at=moment(), number=freeze.number)
    at = moment()
    freezes.mark_applied(grant=apply_grant, at=at, number=freeze.number, applied_at=at)
    freezes.confirm_freeze(grant=apply_grant, at=moment(), number=freeze.number, confirmation="ticket 1")
    freezes.propose_release(
        grant=casework.grant(Permission.FREEZE_PROPOSE, casework.approver),
        at=moment(),
        number=freeze.number,
        reason="The order was withdrawn.",
    )
    with pytest.raises(freezes.OwnApproval):
        freezes.decide_release(
            grant=casework.grant(Permission.FREEZE_APPROVE, casework.approver),
            at=moment(),
            number=freeze.number,
            agrees=True,
        )
    released = freezes.decide_release(
        grant=casework.grant(Permission.FREEZE_APPROVE, casework.second_approver),
        at=moment(),
        number=freeze.number,
        agrees=True,
    )
    assert released.status == "released"


# ── past the ORM ──────────────────────────────────────────────────────────────────────────────────────────
def insert_approval(freeze: FreezeOrder, proposer: User, approver: User) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO cases_freezeapproval (freeze_id, proposer_id, approver_id, agrees, comment, given_at) "
            "VALUES (%s, %s, %s, true, '', now())",
            [freeze.pk, proposer.pk, approver.pk],
        )
        tables_speak_at_once()


def set_status(freeze: FreezeOrder, status: str, **columns: Any) -> None:
    assignments = ", ".join(f"{name} = %s" for name in ["status", *columns])
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE cases_freezeorder SET {assignments} WHERE id = %s",
            [status, *columns.values(), freeze.pk],
        )


def test_the_database_refuses_the_proposers_own_approval(casework: Casework) -> None:
    freeze = casework.proposed_freeze()
    with pytest.raises(IntegrityError, match="freezeapproval_four_eyes"):
        insert_approval(freeze, casework.lead, casework.lead)


def test_the_database_refuses_an_approval_that_names_another_proposer(casework: Casework) -> None:
    freeze = casework.proposed_freeze()
    with pytest.raises(IntegrityError, match="freezeapproval_true_proposer"):
        insert_approval(freeze, casework.outsider, casework.lead)


def test_the_database_refuses_another_proposer_on_the_freeze(casework: Casework) -> None:
    freeze = casework.proposed_freeze()
    with pytest.raises(DatabaseError, match="what was proposed is not changed"):
        set_status(freeze, "proposed", proposed_by_id=casework.outsider.pk)


def test_the_database_refuses_an_approved_status_without_approvals(casework: Casework) -> None:
    freeze = casework.proposed_freeze()
    with pytest.raises(DatabaseError, match="not enough approvals"):
        set_status(freeze, "approved", approved_at=moment())


@pytest.mark.usefixtures("rows_by_hand")
def test_the_database_refuses_approved_with_one_of_two(casework: Casework) -> None:
    freeze = casework.proposed_freeze(approvals_required=2)
    insert_approval(freeze, casework.lead, casework.approver)
    with pytest.raises(DatabaseError, match="not enough approvals"):
        set_status(freeze, "approved", approved_at=moment())
    insert_approval(freeze, casework.lead, casework.second_approver)
    set_status(freeze, "approved", approved_at=moment())


# ── by being fast ─────────────────────────────────────────────────────────────────────────────────────────
@pytest.mark.django_db(transaction=True)
def test_a_hundred_tries_at_once_give_one_approval_and_never_the_proposers() -> None:
    casework = Casework.opened()
    freeze = casework.proposed_freeze(by=casework.second_approver)
    approvers = [
        casework.approver,
        casework.second_approver,
        make_person("approver"),
        make_person("approver"),
    ]
    for user in approvers[2:]:
        from cases.actions.cases import add_member

        add_member(grant=casework.grant(Permission.MEMBERS), at=moment(), user=user)
    start = threading.Barrier(20)
    outcomes: list[str] = []

    def attempt(user: User) -> None:
        start.wait()
        for _ in range(5):
            try:
                approve(casework, freeze, user)
                outcomes.append("approved")
            except ActionError as error:
                outcomes.append(type(error).__name__)
            except Exception as error:
                outcomes.append(f"unexpected {error!r}")
        connections.close_all()

    threads = [threading.Thread(target=attempt, args=(approvers[index % 4],)) for index in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    freeze.refresh_from_db()
    assert len(outcomes) == 100
    assert outcomes.count("approved") == 1, outcomes
    assert not [outcome for outcome in outcomes if outcome.startswith("unexpected")]
    assert outcomes.count("OwnApproval") == 25
    assert freeze.status == "approved"
    approval = FreezeApproval.objects.get(freeze=freeze)
    assert approval.approver_id != freeze.proposed_by_id
