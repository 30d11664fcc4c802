"""The first page: what waits for whom."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from cases.actions import cases as case_actions
from cases.actions import exports as export_actions
from cases.actions import freezes, orders
from cases.actions.orders import Duty
from cases.people.models import User
from cases.permissions import Permission
from cases.queries import due
from cases.queries.work import WaitingFreeze
from tests.support.casework import Casework, make_person, moment
from tests.support.looks import looked
from tests.web.pages import costs_the_same, text_of
from wallets.chains.base import Failure

pytestmark = pytest.mark.django_db
P = Permission
ClientOf = Callable[[User], Client]


def numbers(rows: list[WaitingFreeze]) -> list[int]:
    return [row.number for row in rows]


def home(client: Client) -> Any:
    response = client.get(reverse("home"))
    assert response.status_code == 200
    return response


def test_signing_in_without_script_offers_nothing_that_cannot_work() -> None:
    page = Client().get(reverse("account_login")).content.decode()
    before, _, after = page.partition('id="passkey_login"')
    assert after, "no passkey button"
    # Hidden until script runs: the class, and the rule behind it, which the component tests know.
    assert before.rpartition("only-script")[2].count("</div>") == 0
    assert "<noscript>" not in page
    assert "requires JavaScript" not in page


def test_liaison_and_administrator_start_elsewhere(casework: Casework, client_of: ClientOf) -> None:
    for user, there in ((casework.liaison, "matter-list"), (casework.administrator, "people-list")):
        response = client_of(user).get(reverse("home"))
        assert response.status_code == 302
        assert response["Location"] == reverse(there)


def test_deadlines_stand_nearest_first_and_only_the_open_ones(
    casework: Casework, client_of: ClientOf
) -> None:
    at = moment()
    casework.order(
        reference="LATE-1",
        issued_at=at - timedelta(days=9),
        due_at=at + timedelta(days=6),
        duties=[Duty("produce", "Produce the records.", due_at=at - timedelta(days=2))],
    )
    casework.order(reference="SOON-1", due_at=at + timedelta(days=1), duties=[])
    ended = casework.accepted_order(reference="ENDED-1", due_at=at + timedelta(days=2), duties=[])
    orders.move_order(
        grant=casework.grant(P.ORDER_DECIDE, casework.counsel),
        at=moment(),
        number=ended.number,
        to="withdrawn",
        reason="Taken back",
    )
    casework.proposed_freeze(
        account_number=casework.account("EX-7").number,
        scope="account",
        amounts=[],
        policy_hold="By phone",
        formal_order_by=at + timedelta(days=3),
    )
    response = home(client_of(casework.lead))
    items = response.context["deadlines"]
    assert [(item.kind, item.subtitle) for item in items] == [
        ("obligation", "LATE-1"),
        ("order", "SOON-1"),
        ("hold", "By phone"),
        ("order", "LATE-1"),
    ]
    assert response.context["counts"]["overdue"] == "1"
    assert response.context["counts"]["soon"] == "3"
    assert "overdue by 2 days" in text_of(response)
    assert "ENDED-1" not in text_of(response)


def test_a_signature_is_asked_of_others_than_the_proposer(casework: Casework, client_of: ClientOf) -> None:
    freeze = casework.proposed_freeze(by=casework.approver)
    assert home(client_of(casework.approver)).context["to_sign"] == []
    assert numbers(home(client_of(casework.second_approver)).context["to_sign"]) == [freeze.number]
    # An investigator signs nothing, and neither does an approver who may only read.
    assert home(client_of(casework.lead)).context["to_sign"] == []
    reader = make_person("approver")
    case_actions.add_member(grant=casework.grant(P.MEMBERS), at=moment(), user=reader, reader=True)
    assert home(client_of(reader)).context["to_sign"] == []
    freezes.approve_freeze(
        grant=casework.grant(P.FREEZE_APPROVE, casework.second_approver), at=moment(), number=freeze.number
    )
    assert home(client_of(casework.second_approver)).context["to_sign"] == []


def test_what_waits_for_another_is_seen_by_who_waits(casework: Casework, client_of: ClientOf) -> None:
    """Each open signature stands once with everybody in the case: to sign with who may, else with others."""
    freeze = casework.proposed_freeze(by=casework.approver)
    for user, to_sign, with_others in (
        (casework.lead, [], [freeze]),
        (casework.approver, [], [freeze]),
        (casework.second_approver, [freeze], []),
        (casework.reader, [], [freeze]),
        (casework.auditor, [], [freeze]),
        (casework.outsider, [], []),
    ):
        response = home(client_of(user))
        assert numbers(response.context["to_sign"]) == [freeze.number for freeze in to_sign], user
        assert numbers(response.context["to_be_signed"]) == [freeze.number for freeze in with_others], user
        assert response.context["counts"]["to_be_signed"] == str(len(with_others)), user
    assert "Waiting for another's signature" in text_of(home(client_of(casework.lead)))
    # Who signs nothing has no figure of signatures that is always nought.
    assert "To sign" not in text_of(home(client_of(casework.lead)))
    assert "To sign" in text_of(home(client_of(casework.approver)))
    freezes.approve_freeze(
        grant=casework.grant(P.FREEZE_APPROVE, casework.second_approver), at=moment(), number=freeze.number
    )
    assert home(client_of(casework.lead)).context["to_be_signed"] == []


def test_the_first_of_two_signatures_leaves_it_with_others(casework: Casework, client_of: ClientOf) -> None:
    freeze = casework.proposed_freeze(approvals_required=2)
    freezes.approve_freeze(
        grant=casework.grant(P.FREEZE_APPROVE, casework.approver), at=moment(), number=freeze.number
    )
    assert numbers(home(client_of(casework.approver)).context["to_be_signed"]) == [freeze.number]
    assert home(client_of(casework.second_approver)).context["to_be_signed"] == []


def test_what_is_left_of_today_is_counted_apart(casework: Casework) -> None:
    noon = datetime(2030, 5, 24, 12, tzinfo=UTC)
    for reference, due_at in (
        ("PAST", noon - timedelta(minutes=1)),
        ("TONIGHT", datetime(2030, 5, 24, 23, 59, tzinfo=UTC)),
        ("MIDNIGHT", datetime(2030, 5, 25, tzinfo=UTC)),
        ("NEXT-WEEK", noon + timedelta(days=6)),
        ("LATER", noon + timedelta(days=8)),
    ):
        casework.order(reference=reference, due_at=due_at, duties=[])
    assert due.board(due.Scope.of_case(casework.case), at=noon).counts == due.DueCounts(
        overdue=1, today=1, soon=3
    )


def test_one_of_two_signatures_is_not_asked_for_again(casework: Casework, client_of: ClientOf) -> None:
    freeze = casework.proposed_freeze(approvals_required=2)
    freezes.approve_freeze(
        grant=casework.grant(P.FREEZE_APPROVE, casework.approver), at=moment(), number=freeze.number
    )
    assert home(client_of(casework.approver)).context["to_sign"] == []
    assert numbers(home(client_of(casework.second_approver)).context["to_sign"]) == [freeze.number]


def applied_freeze(casework: Casework) -> int:
    freeze = casework.proposed_freeze()
    freezes.approve_freeze(
        grant=casework.grant(P.FREEZE_APPROVE, casework.approver), at=moment(), number=freeze.number
    )
    freezes.begin_apply(grant=casework.grant(P.FREEZE_APPLY), at=moment(), number=freeze.number)
    return freeze.number


def test_a_freeze_that_could_not_be_applied_comes_first(casework: Casework, client_of: ClientOf) -> None:
    running, failed = applied_freeze(casework), applied_freeze(casework)
    freezes.mark_apply_failed(
        grant=casework.grant(P.FREEZE_APPLY), at=moment(), number=failed, reason="Timed out"
    )
    response = home(client_of(casework.lead))
    assert [freeze.number for freeze in response.context["to_apply"]] == [failed, running]
    assert "Apply failed" in text_of(response)


def test_a_basis_that_ended_is_an_alert(casework: Casework, client_of: ClientOf) -> None:
    number = applied_freeze(casework)
    at = moment()
    freezes.mark_applied(grant=casework.grant(P.FREEZE_APPLY), at=at, number=number, applied_at=at)
    client = client_of(casework.lead)
    assert home(client).context["basis_ended"] == []
    order = casework.case.freezes.get(number=number).obligation.order
    orders.move_order(
        grant=casework.grant(P.ORDER_DECIDE, casework.counsel),
        at=moment(),
        number=order.number,
        to="quashed",
        reason="By the court",
    )
    response = home(client)
    assert [freeze.number for freeze in response.context["basis_ended"]] == [number]
    assert "What these freezes rest on has ended" in text_of(response)


def test_a_met_duty_still_carries_its_freeze(casework: Casework, client_of: ClientOf) -> None:
    number = applied_freeze(casework)
    at = moment()
    freezes.mark_applied(grant=casework.grant(P.FREEZE_APPLY), at=at, number=number, applied_at=at)
    freezes.confirm_freeze(
        grant=casework.grant(P.FREEZE_APPLY), at=moment(), number=number, confirmation="Ticket 5"
    )
    assert casework.case.freezes.get(number=number).obligation.status == "met"
    assert home(client_of(casework.lead)).context["basis_ended"] == []


def test_orders_to_verify_failing_sources_and_own_files(casework: Casework, client_of: ClientOf) -> None:
    casework.order(reference="NEW-1")
    attached = casework.wallet()
    looked({attached: {"ETH": Failure("unavailable", "no answer")}}, at=moment())
    export_actions.request_export(grant=casework.grant(P.EXPORT), at=moment())
    mine, other = home(client_of(casework.lead)), home(client_of(casework.counsel))
    assert [order.agency_reference for order in mine.context["unverified"]] == ["NEW-1"]
    assert [row.pk for row in mine.context["failing"]] == [attached.pk]
    assert len(mine.context["exports"]) == 1
    assert other.context["exports"] == []


def test_an_outsider_sees_nothing_of_it_and_the_auditor_sees_all(
    casework: Casework, client_of: ClientOf
) -> None:
    casework.order(reference="NEW-1")
    outsider, auditor = home(client_of(casework.outsider)), home(client_of(casework.auditor))
    for kind in ("deadlines", "to_apply", "basis_ended", "unverified", "recent", "failing"):
        assert outsider.context[kind] == [], kind
    assert casework.case.reference not in text_of(outsider)
    assert len(auditor.context["unverified"]) == 1
    assert ("open", "Open", 1) in [(value, str(label), n) for value, label, n in auditor.context["by_status"]]
    assert "Open a case" not in text_of(auditor)


def test_it_costs_the_same_with_three_rows_and_with_thirty(casework: Casework, client_of: ClientOf) -> None:
    def fill(start: int, stop: int) -> None:
        for index in range(start, stop):
            casework.order(reference=f"N-{index}")
            case_actions.open_case(
                by=casework.lead,
                at=moment(),
                title=f"Case {index}",
                typology="fraud",
                classification="internal",
                tags=["x"],
            )

    fill(0, 3)
    assert costs_the_same(client_of(casework.lead), reverse("home"), lambda: fill(3, 30)) <= 20
