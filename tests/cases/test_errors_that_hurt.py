"""Each error that hurts, by name: refused with its reason and nothing half-saved, or told at once."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.test import Client
from django.urls import reverse

from cases.actions import freezes, orders, reminders
from cases.actions.base import ActionError
from cases.actions.freezes import AmountAsked
from cases.actions.orders import Asked, Duty
from cases.audit.models import Event
from cases.models import CustomerNotice, FreezeBreach, FreezeOrder, Notice, Transfer
from cases.people.models import User
from cases.permissions import Permission
from tests.support.casework import Casework, moment
from tests.support.freezing import (
    DESTINATION,
    confirmed_freeze,
    held,
    proposed_transfer,
    transfer_duty,
)
from tests.support.looks import looked
from tests.web.pages import errors_beside, text_of

P = Permission
ClientOf = Callable[[User], Client]


def at_page(casework: Casework, name: str, *args: object) -> str:
    return reverse(name, args=[casework.case.reference, *args])


def events(casework: Casework) -> int:
    return Event.objects.filter(stream=casework.case.stream_id).count()


def sql(statement: str, *parameters: object) -> None:
    """Past everything but the database."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


def proposal(target: str, **changes: Any) -> dict[str, Any]:
    data = {
        "target": target,
        "basis": "1",
        "scope": "asset",
        "reason": "Asked for by the order.",
        "approvals_required": "1",
        "asset-USDT-include": "on",
        "asset-USDT-amount": "",
    }
    return data | changes


@pytest.fixture
def account(casework: Casework) -> str:
    """An account that holds USDT, as a form names it."""
    found = casework.account("EX-1001")
    casework.holding(found, 5_000_000)
    return f"account-{found.number}"


# ── A freeze without a live basis ─────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("end", ["withdrawn", "quashed", "superseded"])
def test_freeze_without_a_live_basis_is_refused_at_its_proposal_and_before_it_is_set(
    casework: Casework, client_of: ClientOf, account: str, end: str
) -> None:
    order = casework.accepted_order()
    duty = order.obligations.get().number
    waiting = casework.proposed_freeze(account_number=1, obligation_number=duty, scope="account", amounts=[])
    freezes.approve_freeze(
        grant=casework.grant(P.FREEZE_APPROVE, casework.approver), at=moment(), number=waiting.number
    )
    orders.move_order(
        grant=casework.grant(P.ORDER_DECIDE, casework.counsel),
        at=moment(),
        number=order.number,
        to=end,
        reason="The court said so.",
    )
    before = events(casework)
    lead = client_of(casework.lead)
    answer = lead.post(at_page(casework, "freeze-create"), proposal(account))
    assert answer.status_code == 422
    assert errors_beside(answer, "basis")
    answer = lead.post(at_page(casework, "freeze-apply", waiting.number))
    assert answer.status_code == 422
    assert "has ended" in text_of(answer)
    assert (FreezeOrder.objects.count(), events(casework)) == (1, before)
    waiting.refresh_from_db()
    assert waiting.status == "approved"


def test_freeze_without_a_live_basis_is_refused_by_the_database(casework: Casework) -> None:
    freeze = casework.proposed_freeze()
    with pytest.raises(IntegrityError):
        sql("UPDATE cases_freezeorder SET obligation_id = NULL WHERE id = %s", freeze.pk)


# ── The basis expired while the freeze stands ─────────────────────────────────────────────────────────────


def test_basis_expired_while_the_freeze_stands_is_told_and_releases_nothing(
    casework: Casework, client_of: ClientOf
) -> None:
    ends_at = moment() + timedelta(seconds=1.5)
    order = casework.accepted_order()
    freeze = confirmed_freeze(casework, obligation_number=order.obligations.get().number, ends_at=ends_at)
    home = client_of(casework.lead)
    assert "What these freezes rest on has ended" not in text_of(home.get("/"))
    while moment() <= ends_at:
        pass
    assert "What these freezes rest on has ended" in text_of(home.get("/"))
    case = text_of(home.get(at_page(casework, "case-detail")))
    assert "A freeze rests on something that has ended" in case
    page = text_of(home.get(at_page(casework, "freeze-detail", freeze.number)))
    assert "The term of this freeze is over" in page
    reminders.remind(now=moment)
    told = {
        (notice.user, notice.reminder.step)
        for notice in Notice.objects.filter(reminder__kind="freeze_ends", reminder__number=freeze.number)
    }
    assert {(casework.lead, "due"), (casework.approver, "due")} <= told
    freeze.refresh_from_db()
    assert freeze.status == "confirmed"


def test_basis_expired_with_its_order_while_the_freeze_stands_is_told(
    casework: Casework, client_of: ClientOf
) -> None:
    order = casework.accepted_order(
        instrument="restraining_order", ends_at=moment() + timedelta(seconds=1.5), due_at=None
    )
    freeze = confirmed_freeze(casework, obligation_number=order.obligations.get().number)
    assert order.ends_at is not None
    while moment() <= order.ends_at:
        pass
    lead = client_of(casework.lead)
    assert "What these freezes rest on has ended" in text_of(lead.get("/"))
    page = text_of(lead.get(at_page(casework, "freeze-detail", freeze.number)))
    assert "The term of this freeze is over" in page


# ── Release while another basis covers the asset ──────────────────────────────────────────────────────────


def test_release_while_another_basis_covers_the_asset_asks_for_it_to_be_known(
    casework: Casework, client_of: ClientOf
) -> None:
    first = confirmed_freeze(casework)
    assert first.account is not None
    second = confirmed_freeze(casework, account_number=first.account.number)
    freezes.propose_release(
        grant=casework.grant(P.FREEZE_PROPOSE), at=moment(), number=first.number, reason="Ended."
    )
    approver, path = client_of(casework.approver), at_page(casework, "freeze-release-decide", first.number)
    assert f"Freeze {second.number}" in text_of(approver.get(path))
    before = events(casework)
    answer = approver.post(path, {"decision": "release", "comment": ""})
    assert answer.status_code == 422
    first.refresh_from_db()
    assert (first.status, events(casework)) == ("release_proposed", before)
    assert (
        approver.post(path, {"decision": "release", "comment": "", "others_known": "on"}).status_code == 303
    )
    second.refresh_from_db()
    assert second.status == "confirmed", "the other one holds on"


def test_release_while_another_basis_that_one_may_not_see_covers_the_asset_says_only_ask(
    casework: Casework, client_of: ClientOf
) -> None:
    mine = confirmed_freeze(casework)
    assert mine.account is not None
    elsewhere = Casework.opened()
    account = elsewhere.account(mine.account.account_number)
    elsewhere.holding(account)
    confirmed_freeze(elsewhere, account_number=account.number)
    freezes.propose_release(
        grant=casework.grant(P.FREEZE_PROPOSE), at=moment(), number=mine.number, reason="Ended."
    )
    path = at_page(casework, "freeze-release-decide", mine.number)
    answer = client_of(casework.approver).post(path, {"decision": "release", "others_known": "on"})
    assert answer.status_code == 422
    assert "ask this desk" in text_of(answer)
    assert elsewhere.case.reference not in answer.content.decode()
    mine.refresh_from_db()
    assert mine.status == "release_proposed"


# ── A look-alike address or account ───────────────────────────────────────────────────────────────────────


def test_look_alike_account_is_not_frozen_before_somebody_compared_it(
    casework: Casework, client_of: ClientOf, account: str
) -> None:
    casework.accepted_order(selectors=[Asked("account", "EX-1007")])
    lead, path = client_of(casework.lead), at_page(casework, "freeze-create")
    before = events(casework)
    answer = lead.post(path, proposal(account))
    assert answer.status_code == 422
    assert "EX-1007" in errors_beside(answer, "resembles_accepted")
    assert "Asked for by the order." in answer.content.decode(), "nothing typed is lost"
    assert (FreezeOrder.objects.count(), events(casework)) == (0, before)
    assert lead.post(path, proposal(account, resembles_accepted="on")).status_code == 303
    # The approver is shown it again, before she signs.
    page = text_of(client_of(casework.approver).get(at_page(casework, "freeze-approve", 1)))
    assert "The order names another that looks like this" in page
    assert "EX-1007" in page


def test_look_alike_address_is_not_frozen_before_somebody_compared_it(casework: Casework) -> None:
    poisoned = DESTINATION[:6] + "0" * 30 + DESTINATION[-6:]
    wallet = casework.wallet(address=poisoned.lower())
    order = casework.accepted_order(selectors=[Asked("address", DESTINATION)])
    asked: dict[str, Any] = {
        "wallet_number": wallet.number,
        "obligation_number": order.obligations.get().number,
    }
    with pytest.raises(ActionError) as refused:
        casework.proposed_freeze(**asked)
    assert refused.value.field == "resembles_accepted"
    assert casework.proposed_freeze(**asked, resembles_accepted=True).status == "proposed"


def test_look_alike_is_none_where_the_order_names_the_target_or_it_was_found(
    casework: Casework, client_of: ClientOf, account: str
) -> None:
    casework.accepted_order(selectors=[Asked("account", "ex 1001"), Asked("account", "EX-1007")])
    assert client_of(casework.lead).post(
        at_page(casework, "freeze-create"), proposal(account)
    ).status_code == 303  # fmt: skip
    page = text_of(client_of(casework.approver).get(at_page(casework, "freeze-approve", 1)))
    assert "looks like this" not in page
    assert "The order does not name this" not in page


def test_a_target_that_the_order_does_not_name_is_said_to_the_approver(
    casework: Casework, client_of: ClientOf, account: str
) -> None:
    casework.accepted_order(selectors=[Asked("account", "99-887-766")])
    client_of(casework.lead).post(at_page(casework, "freeze-create"), proposal(account))
    page = text_of(client_of(casework.approver).get(at_page(casework, "freeze-approve", 1)))
    assert "The order does not name this" in page
    assert "99-887-766" in page


def test_look_alike_destination_of_a_transfer_is_refused_until_it_was_compared(casework: Casework) -> None:
    freeze = confirmed_freeze(casework)
    casework.wallet(address=(DESTINATION[:6] + "0" * 30 + DESTINATION[-6:]).lower())
    duty = transfer_duty(casework).number
    with pytest.raises(ActionError) as refused:
        proposed_transfer(casework, freeze, obligation_number=duty)
    assert refused.value.field == "resembles_accepted"
    assert not Transfer.objects.exists()
    proposed_transfer(casework, freeze, obligation_number=duty, resembles_accepted=True)


# ── The amount cap ignored ────────────────────────────────────────────────────────────────────────────────


def test_amount_cap_ignored_by_nobody(casework: Casework) -> None:
    freeze = confirmed_freeze(casework, holding=5_000_000, cap=2_000_000)
    assert held(freeze) == {"USDT": 2_000_000}
    with pytest.raises(ActionError) as refused:
        proposed_transfer(casework, freeze, amounts=[AmountAsked("USDT", 2_000_001)], takes_all=False)
    assert refused.value.field == "amounts"
    transfer = proposed_transfer(
        casework,
        freeze,
        amounts=[AmountAsked("USDT", 2_000_000)],
        takes_all=True,
    )
    row = transfer.legs.get()
    with pytest.raises(DatabaseError):
        sql(
            "INSERT INTO cases_transferleg (transfer_id, held_id, amount, is_test, state, txid, confirmations_required, "
            "confirmations, block_hash, provider, said) VALUES (%s, %s, 1, true, 'unsent', '', 1, 0, '', '', '')",
            transfer.pk,
            row.held_id,
        )
    # What comes in later is no part of what was ordered held beyond the cap.
    assert freeze.account is not None
    casework.holding(freeze.account, 6_000_000, observed_at=moment())
    assert not freeze.credits.exists()


# ── Own approval ──────────────────────────────────────────────────────────────────────────────────────────


def test_own_approval_is_refused_by_the_page_and_by_the_database(
    casework: Casework, client_of: ClientOf
) -> None:
    freeze = casework.proposed_freeze(by=casework.approver)
    before = events(casework)
    answer = client_of(casework.approver).post(at_page(casework, "freeze-approve", freeze.number))
    assert answer.status_code == 422
    assert "Somebody else must decide on it" in text_of(answer)
    assert events(casework) == before
    with pytest.raises(IntegrityError):
        sql(
            "INSERT INTO cases_freezeapproval (freeze_id, proposer_id, approver_id, agrees, comment, given_at) "
            "VALUES (%s, %s, %s, true, '', now())",
            freeze.pk,
            casework.approver.pk,
            casework.approver.pk,
        )
    freeze.refresh_from_db()
    assert freeze.status == "proposed"


# ── A stale balance shown as current ──────────────────────────────────────────────────────────────────────


def test_stale_balance_shown_as_current_nowhere(casework: Casework, client_of: ClientOf) -> None:
    wallet = casework.wallet()
    looked({wallet: {"ETH": 5 * 10**18}}, at=moment())
    order = casework.accepted_order()
    freeze = casework.proposed_freeze(
        wallet_number=wallet.number, obligation_number=order.obligations.get().number
    )
    signing = at_page(casework, "freeze-approve", freeze.number)
    assert "not of now" not in text_of(client_of(casework.approver).get(signing))
    with time_machine.travel(moment() + timedelta(days=3)):
        approver = client_of(casework.approver)
        page = text_of(approver.get(signing))
        assert "A balance below is not of now" in page
        for path in (
            signing,
            at_page(casework, "wallet-detail", wallet.number),
            at_page(casework, "wallet-list"),
        ):
            page = text_of(approver.get(path))
            assert "Stale" in page, (path, page)


def test_stale_books_shown_as_current_nowhere(casework: Casework, client_of: ClientOf) -> None:
    account = casework.account("EX-1001")
    casework.holding(account, 5_000_000, observed_at=moment() - timedelta(days=30))
    freeze = casework.proposed_freeze(
        account_number=account.number, scope="asset", amounts=[AmountAsked("USDT")]
    )
    page = text_of(client_of(casework.approver).get(at_page(casework, "freeze-approve", freeze.number)))
    assert "old figure" in page
    assert "A balance below is not of now" in page


def test_a_balance_that_nobody_read_is_shown_as_zero_nowhere(casework: Casework, client_of: ClientOf) -> None:
    wallet = casework.wallet()
    order = casework.accepted_order()
    freeze = casework.proposed_freeze(
        wallet_number=wallet.number, obligation_number=order.obligations.get().number
    )
    page = text_of(client_of(casework.approver).get(at_page(casework, "freeze-approve", freeze.number)))
    # What other freezes hold is a true zero; what is there is not known.
    assert "Not read yet" in page
    assert page.count("0 ETH") == 1


# ── A notice to the customer under a gag ──────────────────────────────────────────────────────────────────


def told(**changes: Any) -> dict[str, Any]:
    data = {
        "account_number": "1",
        "told_at": moment().strftime("%Y-%m-%dT%H:%M"),
        "how": "By letter",
        "words": "Your account is restricted.",
        "no_report": "on",
    }
    return data | changes


@pytest.mark.parametrize("who", ["lead", "counsel", "approver"])
def test_notice_to_the_customer_under_a_gag_is_refused_to_everybody(
    casework: Casework, client_of: ClientOf, who: str
) -> None:
    casework.account()
    casework.accepted_order(
        duties=[
            Duty("freeze", "Hold."),
            Duty("non_disclosure", "Nobody.", due_at=moment() + timedelta(days=300)),
        ]
    )
    client, path = client_of(getattr(casework, who)), at_page(casework, "customer-notices")
    page = text_of(client.get(path))
    assert "The customer must not be told" in page
    assert "A non-disclosure term is in force." in page
    before = events(casework)
    answer = client.post(path, told(counsel="I say so"))
    assert answer.status_code == 422
    assert "Your account is restricted." in answer.content.decode(), "nothing typed is lost"
    assert (CustomerNotice.objects.count(), events(casework)) == (0, before)


def test_notice_to_the_customer_under_a_gag_is_refused_by_the_database(casework: Casework) -> None:
    account = casework.account()
    with pytest.raises(IntegrityError, match="customernotice_not_forbidden"):
        sql(
            "INSERT INTO cases_customernotice (case_id, account_id, number, told_at, how, words, verdict, counsel, "
            "written_at, written_by_id) VALUES (%s, %s, 1, now(), 'By letter', 'x', 'prohibited', 'I say so', now(), %s)",
            casework.case.pk,
            account.pk,
            casework.lead.pk,
        )


# ── A transfer or a hold before the paper was verified, a part that leaves a freeze ───────────────────────


def test_an_outflow_below_what_is_frozen_is_a_breach_on_everybodys_page(
    casework: Casework, client_of: ClientOf
) -> None:
    freeze = confirmed_freeze(casework, holding=5_000_000)
    assert freeze.account is not None
    casework.holding(freeze.account, 4_000_000, observed_at=moment())
    assert FreezeBreach.objects.get().missing == 1_000_000
    for user in (casework.lead, casework.approver):
        assert "breach" in text_of(client_of(user).get("/")).lower()
