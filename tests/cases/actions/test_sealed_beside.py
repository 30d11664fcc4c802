"""What a sealed order holds back is told nowhere beside it: not by a warning, a hindrance, a refusal, or a day."""

import json
from collections.abc import Callable
from datetime import timedelta

import pytest

from cases.actions import cases, freezes, orders, wallets
from cases.actions.freezes import AmountAsked
from cases.actions.orders import Duty
from cases.models import CountsFrom, LegalOrder, Transfer
from cases.people.models import User
from cases.permissions import Permission
from cases.queries.closing import of_case
from cases.queries.retention import starts
from tests.cases.actions.support import details_of, last_event, refusal
from tests.support.casework import Casework, moment
from tests.support.freezing import (
    DESTINATION,
    carried_out,
    confirmed_freeze,
    held,
    proposed_transfer,
    transfer_duty,
)

P = Permission
# It begins and ends like DESTINATION, and is another.
ALIKE = (DESTINATION[:8] + "0" * 28 + DESTINATION[-6:]).lower()


def sealed(casework: Casework, order: LegalOrder) -> None:
    """From everybody but the lead and counsel."""
    orders.seal_order(
        grant=casework.grant(P.ORDERS),
        at=moment(),
        number=order.number,
        readers=[casework.counsel],
        reason="By the court",
    )


def a_sealed_transfer(casework: Casework) -> Transfer:
    """Out of a freeze that everybody may know, under an order that few may."""
    duty = transfer_duty(casework)
    transfer = proposed_transfer(casework, confirmed_freeze(casework), obligation_number=duty.number)
    sealed(casework, duty.order)
    return transfer


def proposed_by(
    casework: Casework, user: User, *, destination: str = ALIKE, accepted: bool = False
) -> Transfer:
    """A further transfer in the case, under an order that everybody may know, to what looks like the first."""
    return ready_for(casework, user)(destination, accepted)


def ready_for(casework: Casework, user: User) -> Callable[[str, bool], Transfer]:
    """All that a further transfer needs; what is returned proposes it."""
    freeze = confirmed_freeze(casework)
    duty = casework.accepted_order(
        reference="DEMO-OPEN", duties=[Duty("transfer", "Send it.", due_at=moment() + timedelta(days=4))]
    ).obligations.get()
    return lambda destination, accepted: freezes.propose_transfer(
        grant=casework.grant(P.FREEZE_PROPOSE, user),
        at=moment(),
        number=freeze.number,
        obligation_number=duty.number,
        chain="ethereum",
        destination=destination,
        destination_again=destination,
        check_method="call_back",
        check_contact="Marshal's office",
        reason="The warrant asks for it.",
        amounts=[AmountAsked(asset, amount) for asset, amount in held(freeze).items()],
        takes_all=True,
        no_checksum_accepted=True,
        resembles_accepted=accepted,
    )


@pytest.fixture
def colleague(casework: Casework) -> User:
    """An investigator in the case who may not know what is sealed."""
    cases.add_member(grant=casework.grant(P.MEMBERS), at=moment(), user=casework.outsider)
    return casework.outsider


def test_who_may_not_know_a_transfer_is_not_told_of_its_destination(
    casework: Casework, colleague: User
) -> None:
    a_sealed_transfer(casework)
    transfer = proposed_by(casework, colleague)
    assert transfer.resembles == []


def test_who_knows_it_is_warned_and_the_other_readers_of_the_new_one_are_not(casework: Casework) -> None:
    first = a_sealed_transfer(casework)
    propose = ready_for(casework, casework.lead)
    refused = refusal(lambda: propose(ALIKE, False))
    assert (refused.field, f"destination of transfer {first.number}" in str(refused.message)) == (
        "resembles_accepted",
        True,
    )
    transfer = propose(ALIKE, True)
    assert transfer.resembles == []
    assert DESTINATION.lower() not in json.dumps(details_of(last_event(casework.case))).lower()


def test_a_transfer_that_everybody_may_know_stands_in_the_warning_for_all(
    casework: Casework, colleague: User
) -> None:
    first = proposed_transfer(casework, confirmed_freeze(casework))
    transfer = proposed_by(casework, colleague, accepted=True)
    assert [each["what"] for each in transfer.resembles] == [f"destination of transfer {first.number}"]


def test_a_wallet_under_a_hidden_freeze_stays_and_no_freeze_is_named(
    casework: Casework, colleague: User
) -> None:
    wallet = casework.wallet()
    order = casework.accepted_order()
    carried_out(
        casework,
        casework.proposed_freeze(
            wallet_number=wallet.number, obligation_number=order.obligations.get().number
        ),
    )

    def detached_by(user: User) -> str:
        grant = casework.grant(P.WALLETS, user)
        refused = refusal(
            lambda: wallets.detach_wallet(grant=grant, at=moment(), number=wallet.number, reason="No use")
        )
        return str(refused.message)

    assert "freeze" in detached_by(colleague)
    sealed(casework, order)
    assert "freeze" in detached_by(casework.lead)
    assert "freeze" not in detached_by(colleague)


def test_a_transfer_under_a_sealed_order_keeps_the_case_open_without_being_named(
    casework: Casework, colleague: User
) -> None:
    """The freeze itself is known to everybody; the order under which it is sent is not."""
    transfer = a_sealed_transfer(casework)
    named = [each.kind for each in of_case(casework.grant(P.READ)).seen]
    assert "transfer" in named
    found = of_case(casework.grant(P.READ, colleague))
    assert "transfer" not in [each.kind for each in found.seen]
    assert found.hidden
    assert str(transfer.number) not in [str(each.text) for each in found.seen if each.kind == "transfer"]


def test_the_day_on_which_a_hidden_freeze_ended_is_not_said_to_be_one(
    casework: Casework, colleague: User
) -> None:
    order = casework.accepted_order()
    freeze = confirmed_freeze(casework, obligation_number=order.obligations.get().number)
    freezes.propose_release(
        grant=casework.grant(P.FREEZE_PROPOSE), at=moment(), number=freeze.number, reason="Quashed"
    )
    freezes.decide_release(
        grant=casework.grant(P.FREEZE_APPROVE, casework.approver),
        at=moment(),
        number=freeze.number,
        agrees=True,
    )
    sealed(casework, order)
    words = {
        user: starts(casework.grant(P.READ, user).case, CountsFrom.UNBLOCKED, at=moment())
        for user in (casework.lead, colleague)
    }
    assert words[casework.lead][0] == words[colleague][0], "the record is kept as long for everybody"
    assert "freeze" in words[casework.lead][1]
    assert "freeze" not in words[colleague][1].lower()
