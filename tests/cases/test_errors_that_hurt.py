"""Each error that hurts, by name: refused with its reason and nothing half-saved, or told at once."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.db import DatabaseError, IntegrityError, transaction
from django.test import Client
from django.urls import reverse

from cases.actions import closing, cover, freezes, orders, reminders
from cases.actions.base import ActionError
from cases.actions.freezes import AmountAsked
from cases.actions.orders import Asked, Duty
from cases.audit.models import Event
from cases.models import (
    AccountHolding,
    CustomerNotice,
    FreezeApproval,
    FreezeBreach,
    FreezeCredit,
    FreezeOrder,
    LegalOrder,
    Notice,
    Transfer,
)
from cases.people.models import User
from cases.permissions import Permission
from tests.api.conftest import program_of
from tests.support.casework import Casework, moment
from tests.support.freezing import (
    DESTINATION,
    breached,
    confirmed_freeze,
    held,
    proposed_transfer,
    transfer_duty,
)
from tests.support.looks import looked
from tests.support.rows import copied, execute, tables_speak_at_once, undone
from tests.web.pages import errors_beside, text_of

P = Permission
ClientOf = Callable[[User], Client]


def at_page(casework: Casework, name: str, *args: object) -> str:
    return reverse(name, args=[casework.case.reference, *args])


def api(casework: Casework, *parts: object) -> str:
    return "/".join(["cases", casework.case.reference, *(str(part) for part in parts)])


def approved(casework: Casework, freeze: FreezeOrder) -> FreezeOrder:
    return freezes.approve_freeze(
        grant=casework.grant(P.FREEZE_APPROVE, casework.approver), at=moment(), number=freeze.number
    )


def ended(casework: Casework, order: LegalOrder, how: str) -> None:
    orders.move_order(
        grant=casework.grant(P.ORDER_DECIDE, casework.counsel),
        at=moment(),
        number=order.number,
        to=how,
        reason="The court said so.",
    )


def events(casework: Casework) -> int:
    return Event.objects.filter(stream=casework.case.stream_id).count()


def sql(statement: str, *parameters: object) -> None:
    """Past everything but the database."""
    with transaction.atomic():
        execute(statement, *parameters)
        tables_speak_at_once()


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
    waiting, unsigned = (
        casework.proposed_freeze(account_number=1, obligation_number=duty, scope="account", amounts=[])
        for _each in range(2)
    )
    approved(casework, waiting)
    ended(casework, order, end)
    before = events(casework)
    lead = client_of(casework.lead)
    answer = lead.post(at_page(casework, "freeze-create"), proposal(account))
    assert answer.status_code == 422
    assert errors_beside(answer, "basis")
    refused = program_of(casework.lead).post(
        api(casework, "freezes"),
        {"account": 1, "obligation": duty, "scope": "account", "reason": "Asked for.", "amounts": []},
    )
    assert (refused.status, refused.data["type"]) == (422, "urn:holdfast:problem:no-live-basis")
    answer = client_of(casework.approver).post(at_page(casework, "freeze-approve", unsigned.number))
    assert answer.status_code == 422
    assert "has ended" in text_of(answer)
    assert not FreezeApproval.objects.filter(freeze=unsigned).exists()
    answer = lead.post(at_page(casework, "freeze-apply", waiting.number))
    assert answer.status_code == 422
    assert "has ended" in text_of(answer)
    assert (FreezeOrder.objects.count(), events(casework)) == (2, before)
    waiting.refresh_from_db()
    assert waiting.status == "approved"


def test_freeze_without_a_live_basis_is_refused_when_the_order_is_over_by_its_own_date(
    casework: Casework, client_of: ClientOf, account: str
) -> None:
    ends_at = moment() + timedelta(hours=1)
    order = casework.accepted_order(instrument="restraining_order", ends_at=ends_at, due_at=None)
    duty = order.obligations.get().number
    waiting, unsigned = (
        casework.proposed_freeze(account_number=1, obligation_number=duty, scope="account", amounts=[])
        for _each in range(2)
    )
    approved(casework, waiting)
    before = events(casework)
    # Nobody has recorded that it expired: its date says so.
    with time_machine.travel(ends_at + timedelta(minutes=1)):
        lead, approver = client_of(casework.lead), client_of(casework.approver)
        answer = lead.post(at_page(casework, "freeze-create"), proposal(account))
        assert answer.status_code == 422
        assert "is over" in errors_beside(answer, "basis")
        for client, path in (
            (approver, at_page(casework, "freeze-approve", unsigned.number)),
            (lead, at_page(casework, "freeze-apply", waiting.number)),
        ):
            answer = client.post(path)
            assert answer.status_code == 422, path
            assert "The term of the order that this rests on is over." in text_of(answer), path
    assert (FreezeOrder.objects.count(), events(casework)) == (2, before)


def test_freeze_without_a_live_basis_is_not_hidden_by_a_term_that_outlasts_the_order(
    casework: Casework, client_of: ClientOf, account: str
) -> None:
    ends_at = moment() + timedelta(days=3)
    casework.accepted_order(instrument="restraining_order", ends_at=ends_at, due_at=None)
    lead, path, before = client_of(casework.lead), at_page(casework, "freeze-create"), events(casework)
    later = (ends_at + timedelta(days=1)).strftime("%Y-%m-%dT%H:%M")
    answer = lead.post(path, proposal(account, ends_at=later))
    assert answer.status_code == 422
    assert "The order ends before that" in errors_beside(answer, "ends_at")
    assert (FreezeOrder.objects.count(), events(casework)) == (0, before)
    sooner = (ends_at - timedelta(days=1)).strftime("%Y-%m-%dT%H:%M")
    assert lead.post(path, proposal(account, ends_at=sooner)).status_code == 303


def test_freeze_without_a_live_basis_is_refused_when_the_formal_order_did_not_come(
    casework: Casework, client_of: ClientOf
) -> None:
    by = moment() + timedelta(hours=1)
    waiting = casework.proposed_freeze(policy_hold="By telephone", formal_order_by=by)
    before = events(casework)
    with time_machine.travel(by + timedelta(minutes=1)):
        answer = client_of(casework.approver).post(at_page(casework, "freeze-approve", waiting.number))
        assert answer.status_code == 422
        assert "The policy hold has lapsed" in text_of(answer)
    assert events(casework) == before


def test_freeze_without_a_live_basis_is_refused_by_the_database(casework: Casework) -> None:
    freeze = casework.proposed_freeze()
    with pytest.raises(IntegrityError, match="freeze_one_basis"), undone():
        copied(
            freeze,
            {"number": 99, "policy_hold": "Also", "formal_order_by": moment() + timedelta(days=1)},
        )
    with pytest.raises(IntegrityError, match="what was proposed is not changed"):
        sql("UPDATE cases_freezeorder SET obligation_id = NULL WHERE id = %s", freeze.pk)
    unverified = casework.order(reference="DEMO-UNVERIFIED").obligations.get()
    rests_on_it = approved(casework, casework.proposed_freeze(obligation_number=unverified.number))
    with pytest.raises(IntegrityError, match="the order is not verified"):
        sql("UPDATE cases_freezeorder SET status = 'applying' WHERE id = %s", rests_on_it.pk)


# ── The basis expired while the freeze stands ─────────────────────────────────────────────────────────────


ENDED_HOME = "What these freezes rest on has ended"


def is_told(casework: Casework, client: Client, freeze: FreezeOrder, words: str) -> None:
    """On the first page, on the case's and on its own, the freeze is said to rest on nothing."""
    assert ENDED_HOME in text_of(client.get("/"))
    case = text_of(client.get(at_page(casework, "case-detail")))
    assert "A freeze rests on something that has ended" in case
    assert f"Freeze {freeze.number}" in case
    assert words in text_of(client.get(at_page(casework, "freeze-detail", freeze.number)))


def test_basis_expired_while_the_freeze_stands_is_told_and_releases_nothing(
    casework: Casework, client_of: ClientOf
) -> None:
    ends_at = moment() + timedelta(hours=1)
    order = casework.accepted_order()
    freeze = confirmed_freeze(casework, obligation_number=order.obligations.get().number, ends_at=ends_at)
    assert ENDED_HOME not in text_of(client_of(casework.lead).get("/"))
    with time_machine.travel(ends_at + timedelta(minutes=1)):
        for user in (casework.lead, casework.approver):
            is_told(casework, client_of(user), freeze, "The term of this freeze is over")
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
    ends_at = moment() + timedelta(hours=1)
    order = casework.accepted_order(instrument="restraining_order", ends_at=ends_at, due_at=None)
    freeze = confirmed_freeze(casework, obligation_number=order.obligations.get().number)
    with time_machine.travel(ends_at + timedelta(minutes=1)):
        is_told(casework, client_of(casework.lead), freeze, "The term of this freeze is over")
        reminders.remind(now=moment)
    reached = Notice.objects.filter(reminder__kind="order_ends", reminder__number=order.number)
    assert casework.lead in {notice.user for notice in reached}
    freeze.refresh_from_db()
    assert freeze.status == "confirmed"


@pytest.mark.parametrize("end", ["withdrawn", "quashed", "superseded"])
def test_basis_expired_by_a_word_of_the_court_while_the_freeze_stands_is_told(
    casework: Casework, client_of: ClientOf, end: str
) -> None:
    order = casework.accepted_order()
    freeze = confirmed_freeze(casework, obligation_number=order.obligations.get().number)
    ended(casework, order, end)
    is_told(casework, client_of(casework.lead), freeze, "This freeze stands without a live basis")
    freeze.refresh_from_db()
    assert freeze.status == "confirmed"


def test_basis_expired_of_a_policy_hold_while_the_freeze_stands_is_told(
    casework: Casework, client_of: ClientOf
) -> None:
    by = moment() + timedelta(hours=1)
    freeze = confirmed_freeze(casework, policy_hold="By telephone", formal_order_by=by)
    with time_machine.travel(by + timedelta(minutes=1)):
        is_told(casework, client_of(casework.lead), freeze, "The formal order has not come in time")
        reminders.remind(now=moment)
    reached = Notice.objects.filter(reminder__kind="hold", reminder__number=freeze.number)
    assert {casework.lead, casework.approver} <= {notice.user for notice in reached}
    freeze.refresh_from_db()
    assert freeze.status == "confirmed"


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


def frozen_elsewhere(account_number: str) -> Casework:
    """Another desk's case in which the same account is frozen."""
    elsewhere = Casework.opened()
    account = elsewhere.account(account_number)
    elsewhere.holding(account)
    confirmed_freeze(elsewhere, account_number=account.number)
    return elsewhere


def test_release_while_another_basis_covers_the_asset_is_refused_to_a_program(casework: Casework) -> None:
    first = confirmed_freeze(casework)
    assert first.account is not None
    second = confirmed_freeze(casework, account_number=first.account.number)
    freezes.propose_release(
        grant=casework.grant(P.FREEZE_PROPOSE), at=moment(), number=first.number, reason="Ended."
    )
    path, before = api(casework, "freezes", first.number, "release", "decide"), events(casework)
    program = program_of(casework.approver)
    refused = program.post(path, {"agrees": True})
    assert (refused.status, refused.fields) == (422, {"others_known": "refused"})
    assert events(casework) == before
    assert program.post(path, {"agrees": True, "others_known": True}).status == 200
    said = Event.objects.filter(stream=casework.case.stream_id, action="freeze.released").get()
    assert said.values["still_held_by"] == [{"case": casework.case.reference, "freeze": second.number}]


def part_asked(casework: Casework, freeze: FreezeOrder) -> tuple[str, int]:
    change = freezes.propose_partial_release(
        grant=casework.grant(P.FREEZE_PROPOSE),
        at=moment(),
        number=freeze.number,
        amounts=[AmountAsked("USDT", 1_000_000)],
        reason="The court narrowed it.",
    )
    return "change-decide", change.number


def credit_asked(casework: Casework, freeze: FreezeOrder) -> tuple[str, int]:
    assert freeze.account is not None
    casework.holding(freeze.account, 6_000_000, observed_at=moment())
    credit = FreezeCredit.objects.get(freeze=freeze)
    freezes.propose_credit_release(
        grant=casework.grant(P.FREEZE_PROPOSE), at=moment(), number=credit.number, reason="A salary."
    )
    return "credit-release-decide", credit.number


@pytest.mark.parametrize("ask", [part_asked, credit_asked])
def test_release_while_another_basis_covers_the_asset_of_a_part_asks_for_it_to_be_known(
    casework: Casework, client_of: ClientOf, ask: Callable[[Casework, FreezeOrder], tuple[str, int]]
) -> None:
    freeze = confirmed_freeze(casework)
    assert freeze.account is not None
    other = confirmed_freeze(casework, account_number=freeze.account.number)
    path = at_page(casework, *ask(casework, freeze))
    approver, before = client_of(casework.approver), events(casework)
    assert f"Freeze {other.number} of case" in text_of(approver.get(path))
    answer = approver.post(path, {"decision": "agree", "comment": ""})
    assert answer.status_code == 422
    assert "Other freezes hold this target" in errors_beside(answer, "others_known")
    assert (held(freeze), held(other), events(casework)) == ({"USDT": 5_000_000}, {"USDT": 5_000_000}, before)
    answer = approver.post(path, {"decision": "agree", "comment": "", "others_known": "on"})
    assert answer.status_code == 303
    assert events(casework) == before + 1
    assert held(other) == {"USDT": 5_000_000}, "the other one holds on"


@pytest.mark.parametrize("ask", [part_asked, credit_asked])
def test_release_of_a_part_while_another_basis_that_one_may_not_see_covers_the_asset_is_refused(
    casework: Casework, client_of: ClientOf, ask: Callable[[Casework, FreezeOrder], tuple[str, int]]
) -> None:
    freeze = confirmed_freeze(casework)
    assert freeze.account is not None
    elsewhere = frozen_elsewhere(freeze.account.account_number)
    path, before = at_page(casework, *ask(casework, freeze)), events(casework)
    answer = client_of(casework.approver).post(path, {"decision": "agree", "others_known": "on"})
    assert answer.status_code == 422
    assert "Not releasable: ask this desk." in text_of(answer)
    assert elsewhere.case.reference not in answer.content.decode()
    assert events(casework) == before


def test_release_while_another_basis_that_one_may_not_see_covers_the_asset_says_only_ask(
    casework: Casework, client_of: ClientOf
) -> None:
    mine = confirmed_freeze(casework)
    assert mine.account is not None
    # Books and officers spell it as they like.
    elsewhere = frozen_elsewhere(mine.account.account_number.lower())
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


def test_look_alike_address_is_not_frozen_before_somebody_compared_it(
    casework: Casework, client_of: ClientOf
) -> None:
    poisoned = (DESTINATION[:6] + "0" * 30 + DESTINATION[-6:]).lower()
    wallet = casework.wallet(address=poisoned)
    looked({wallet: {"ETH": 5 * 10**18}}, at=moment())
    order = casework.accepted_order(selectors=[Asked("address", DESTINATION)])
    lead, path, before = client_of(casework.lead), at_page(casework, "freeze-create"), events(casework)
    asked = {
        "target": f"wallet-{wallet.number}",
        "basis": "1",
        "scope": "address",
        "reason": "Asked for by the order.",
        "approvals_required": "1",
        "asset-ETH-include": "on",
        "asset-ETH-amount": "",
    }
    answer = lead.post(path, asked)
    assert answer.status_code == 422
    assert DESTINATION in errors_beside(answer, "resembles_accepted")
    refused = program_of(casework.lead).post(
        api(casework, "freezes"),
        {
            "wallet": wallet.number,
            "obligation": order.obligations.get().number,
            "scope": "address",
            "reason": "Asked for by the order.",
            "amounts": [{"asset": "ETH", "amount": None}],
        },
    )
    assert (refused.status, refused.fields) == (422, {"resembles_accepted": "refused"})
    assert (FreezeOrder.objects.count(), events(casework)) == (0, before)
    assert lead.post(path, asked | {"resembles_accepted": "on"}).status_code == 303
    page = text_of(client_of(casework.approver).get(at_page(casework, "freeze-approve", 1)))
    assert "The order names another that looks like this" in page
    assert DESTINATION in page


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


def capped(casework: Casework, kind: str, amount: int, decimals: int = 6) -> int:
    """A duty that asks for so much of USDT and no more."""
    order = casework.accepted_order(
        reference=f"DEMO-{kind}",
        duties=[Duty(kind, "Up to the amount.", due_at=moment() + timedelta(days=4))],
    )
    duty = order.obligations.get().number
    cover.state_ordered(
        grant=casework.grant(P.ORDERS),
        at=moment(),
        number=duty,
        asset="USDT",
        decimals=decimals,
        amount=amount,
    )
    return duty


@pytest.mark.parametrize("decimals", [6, 18])
def test_amount_cap_ignored_by_no_freeze_under_an_order_that_names_an_amount(
    casework: Casework, client_of: ClientOf, account: str, decimals: int
) -> None:
    duty = capped(casework, "freeze", 2 * 10**decimals, decimals)
    lead, path = client_of(casework.lead), at_page(casework, "freeze-create")

    def proposed(amount: str, **changes: Any) -> Any:
        return lead.post(path, proposal(account, basis=str(duty), **{"asset-USDT-amount": amount}, **changes))

    before = events(casework)
    # All of it, the whole account, and one unit too many.
    for answer in (proposed(""), proposed("", scope="account"), proposed("2.000001")):
        assert answer.status_code == 422
        assert "more than the 2 USDT that the order asks for" in text_of(answer)
        assert "Asked for by the order." in answer.content.decode(), "nothing typed is lost"
    refused = program_of(casework.lead).post(
        api(casework, "freezes"),
        {
            "account": 1,
            "obligation": duty,
            "scope": "asset",
            "reason": "Asked for by the order.",
            "amounts": [{"asset": "USDT", "amount": "2000001"}],
        },
    )
    assert (refused.status, refused.fields) == (422, {"amounts": "refused"})
    assert (FreezeOrder.objects.count(), events(casework)) == (0, before)
    assert proposed("1.5").status_code == 303
    assert proposed("0.500001").status_code == 422, "two freezes together hold no more than one may"
    assert proposed("0.5").status_code == 303


def test_amount_cap_ignored_by_no_freeze_of_what_nobody_counted(casework: Casework) -> None:
    duty = capped(casework, "freeze", 2_000_000)
    wallet = casework.wallet()
    with pytest.raises(ActionError) as refused:
        casework.proposed_freeze(
            wallet_number=wallet.number, obligation_number=duty, amounts=[AmountAsked("USDT")]
        )
    assert refused.value.field == "amounts"
    assert not FreezeOrder.objects.exists()


def test_amount_cap_ignored_by_no_freeze_but_what_was_given_free_is_asked_for_again(
    casework: Casework,
) -> None:
    duty = capped(casework, "freeze", 5_000_000)
    freeze = confirmed_freeze(casework, holding=5_000_000, obligation_number=duty)
    with pytest.raises(ActionError):
        confirmed_freeze(casework, holding=1, obligation_number=duty)
    _page, change = part_asked(casework, freeze)
    freezes.decide_change(
        grant=casework.grant(P.FREEZE_APPROVE, casework.approver), at=moment(), number=change, agrees=True
    )
    account = casework.account("EX-AGAIN")
    casework.holding(account, 5_000_000)

    def again(amount: int) -> FreezeOrder:
        return casework.proposed_freeze(
            account_number=account.number,
            obligation_number=duty,
            scope="asset",
            amounts=[AmountAsked("USDT", amount)],
        )

    with pytest.raises(ActionError):
        again(1_000_001)
    assert again(1_000_000).status == "proposed"


def test_amount_cap_ignored_by_no_transfer_under_an_order_that_names_an_amount(casework: Casework) -> None:
    freeze = confirmed_freeze(casework, holding=5_000_000)
    duty = capped(casework, "transfer", 2_000_000)
    before = events(casework)
    asked: dict[str, Any] = {"obligation_number": duty, "takes_all": False}
    with pytest.raises(ActionError) as refused:
        proposed_transfer(casework, freeze, amounts=[AmountAsked("USDT", 2_000_001)], **asked)
    assert refused.value.field == "amounts"
    freeze.refresh_from_db()
    assert (Transfer.objects.count(), freeze.status, events(casework)) == (0, "confirmed", before)
    proposed_transfer(casework, freeze, amounts=[AmountAsked("USDT", 1_500_000)], **asked)
    other = confirmed_freeze(casework, holding=5_000_000)
    with pytest.raises(ActionError):
        proposed_transfer(casework, other, amounts=[AmountAsked("USDT", 500_001)], **asked)
    proposed_transfer(casework, other, amounts=[AmountAsked("USDT", 500_000)], **asked)


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


def own_release(casework: Casework) -> tuple[str, list[int], dict[str, str]]:
    freeze = confirmed_freeze(casework)
    freezes.propose_release(
        grant=casework.grant(P.FREEZE_PROPOSE, casework.approver),
        at=moment(),
        number=freeze.number,
        reason="Ended.",
    )
    return "freeze-release-decide", [freeze.number], {"decision": "release"}


def own_part(casework: Casework) -> tuple[str, list[int], dict[str, str]]:
    change = freezes.propose_partial_release(
        grant=casework.grant(P.FREEZE_PROPOSE, casework.approver),
        at=moment(),
        number=confirmed_freeze(casework).number,
        amounts=[AmountAsked("USDT", 1)],
        reason="The court narrowed it.",
    )
    return "change-decide", [change.number], {"decision": "agree"}


def own_extension(casework: Casework) -> tuple[str, list[int], dict[str, str]]:
    freeze = confirmed_freeze(casework, ends_at=moment() + timedelta(days=10))
    change = freezes.propose_extension(
        grant=casework.grant(P.FREEZE_PROPOSE, casework.approver),
        at=moment(),
        number=freeze.number,
        ends_at=moment() + timedelta(days=20),
        reason="Renewed.",
    )
    return "change-decide", [change.number], {"decision": "agree"}


def own_credit(casework: Casework) -> tuple[str, list[int], dict[str, str]]:
    freeze = confirmed_freeze(casework)
    assert freeze.account is not None
    casework.holding(freeze.account, 6_000_000, observed_at=moment())
    credit = FreezeCredit.objects.get()
    freezes.propose_credit_release(
        grant=casework.grant(P.FREEZE_PROPOSE, casework.approver),
        at=moment(),
        number=credit.number,
        reason="A salary.",
    )
    return "credit-release-decide", [credit.number], {"decision": "agree"}


def own_transfer(casework: Casework) -> tuple[str, list[int], dict[str, str]]:
    freeze, duty = confirmed_freeze(casework), transfer_duty(casework)
    transfer = freezes.propose_transfer(
        grant=casework.grant(P.FREEZE_PROPOSE, casework.approver),
        at=moment(),
        number=freeze.number,
        obligation_number=duty.number,
        chain="ethereum",
        destination=DESTINATION,
        destination_again=DESTINATION,
        check_method="call_back",
        check_contact="Marshal's office, number from its own site",
        amounts=[AmountAsked("USDT", 5_000_000)],
        takes_all=True,
        reason="The warrant asks for it.",
    )
    return "transfer-decide", [transfer.number], {"decision": "agree"}


def own_closing(casework: Casework) -> tuple[str, list[int], dict[str, str]]:
    casework.under_investigation()
    closing.ask_closing(
        grant=casework.grant(P.MOVE, casework.approver),
        at=moment(),
        disposition="referred",
        words="Nothing is left",
    )
    return (
        "closing-decide",
        [],
        {
            "agrees": "yes",
            "retention": "aml_us",
            "counted_from": moment().strftime("%Y-%m-%d"),
            "counted_because": "The last transaction",
        },
    )


@pytest.mark.parametrize(
    "propose", [own_release, own_part, own_extension, own_credit, own_transfer, own_closing]
)
def test_own_approval_is_refused_of_whatever_needs_two(
    casework: Casework,
    client_of: ClientOf,
    propose: Callable[[Casework], tuple[str, list[int], dict[str, str]]],
) -> None:
    name, numbers, data = propose(casework)
    before = events(casework)
    answer = client_of(casework.approver).post(at_page(casework, name, *numbers), data)
    assert answer.status_code == 422
    assert "Somebody else must decide on it" in text_of(answer)
    assert events(casework) == before
    # The same words of somebody else are taken: it was not the form that was wrong.
    other = client_of(casework.second_approver).post(at_page(casework, name, *numbers), data)
    assert other.status_code == 303
    assert events(casework) > before


@pytest.mark.parametrize(
    ("propose", "statement", "constraint"),
    [
        (
            own_release,
            "UPDATE cases_freezeorder SET status = 'released', released_at = now(), "
            "released_by_id = release_proposed_by_id",
            "freeze_release_four_eyes",
        ),
        (
            own_part,
            "UPDATE cases_freezechange SET status = 'agreed', decided_at = now(), decided_by_id = proposed_by_id",
            "change_four_eyes",
        ),
        (
            own_extension,
            "UPDATE cases_freezechange SET status = 'agreed', decided_at = now(), decided_by_id = proposed_by_id",
            "change_four_eyes",
        ),
        (
            own_credit,
            "UPDATE cases_freezecredit SET status = 'released', released_at = now(), "
            "released_by_id = release_proposed_by_id",
            "credit_release_four_eyes",
        ),
        (
            own_transfer,
            "INSERT INTO cases_transferapproval (transfer_id, proposer_id, approver_id, agrees, comment, given_at) "
            "SELECT id, proposed_by_id, proposed_by_id, true, '', now() FROM cases_transfer",
            "transferapproval_four_eyes",
        ),
        (
            own_closing,
            "UPDATE cases_case SET status = 'closed', closed_at = now(), closed_by_id = closing_asked_by_id "
            "WHERE status = 'closing'",
            "case_closed_by_another",
        ),
    ],
)
def test_own_approval_is_refused_by_the_database_of_whatever_needs_two(
    casework: Casework, propose: Callable[[Casework], object], statement: str, constraint: str
) -> None:
    propose(casework)
    with pytest.raises(IntegrityError, match=constraint):
        sql(statement)


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
    approver = client_of(casework.approver)
    page = text_of(approver.get(at_page(casework, "freeze-approve", freeze.number)))
    assert "A balance below is not of now" in page
    pages = (
        at_page(casework, "freeze-approve", freeze.number),
        at_page(casework, "account-list"),
        at_page(casework, "account-detail", account.number),
        at_page(casework, "case-detail"),
    )
    for path in pages:
        assert "old figure" in text_of(approver.get(path)), path
    assert "not current" in text_of(approver.get(at_page(casework, "cover")))
    # A figure of today is none, wherever it stands.
    casework.holding(account, 5_000_000)
    assert AccountHolding.objects.count() == 2
    for path in (*pages, at_page(casework, "cover")):
        page = text_of(approver.get(path))
        assert "old figure" not in page, path
        assert "not current" not in page, path


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
    gagged(casework)
    client, path = client_of(getattr(casework, who)), at_page(casework, "customer-notices")
    page = text_of(client.get(path))
    assert "The customer must not be told" in page
    assert "A non-disclosure term is in force." in page
    before = events(casework)
    answer = client.post(path, told(counsel="I say so"))
    assert answer.status_code == 422
    assert "Your account is restricted." in answer.content.decode(), "nothing typed is lost"
    assert (CustomerNotice.objects.count(), events(casework)) == (0, before)


def gagged(casework: Casework) -> LegalOrder:
    return casework.accepted_order(
        duties=[
            Duty("freeze", "Hold."),
            Duty("non_disclosure", "Nobody.", due_at=moment() + timedelta(days=300)),
        ]
    )


def test_notice_to_the_customer_under_a_gag_is_refused_to_a_program(casework: Casework) -> None:
    casework.account()
    gagged(casework)
    before, counsel = events(casework), program_of(casework.counsel)
    assert counsel.get(api(casework, "customer-notices")).data["verdict"] == "prohibited"
    refused = counsel.post(
        api(casework, "customer-notices"),
        {
            "account": 1,
            "told_at": moment().strftime("%Y-%m-%dT%H:%M:%SZ"),
            "how": "By letter",
            "words": "Your account is restricted.",
            "no_report": True,
            "counsel": "I say so",
        },
    )
    assert refused.status == 422
    assert "The customer must not be told" in refused.data["detail"]
    assert (CustomerNotice.objects.count(), events(casework)) == (0, before)


@pytest.mark.parametrize("who", ["lead", "counsel"])
def test_notice_to_the_customer_under_a_gag_of_another_case_of_hers_is_refused(
    casework: Casework, client_of: ClientOf, who: str
) -> None:
    number = casework.account().account_number
    casework.accepted_order()
    client, path = client_of(getattr(casework, who)), at_page(casework, "customer-notices")
    assert "The customer may be told" in text_of(client.get(path))
    elsewhere = Casework.opened()
    elsewhere.account(number.lower())
    order = gagged(elsewhere)
    page = text_of(client.get(path))
    assert "The customer may be told" not in page
    assert "Something that you may not see: ask this desk." in page
    before = events(casework)
    answer = client.post(path, told(counsel="I say so"))
    assert answer.status_code == 422
    assert "ask this desk before anything is said" in text_of(answer)
    for secret in (elsewhere.case.reference, order.agency_reference, "non-disclosure"):
        assert secret not in text_of(answer), "not even that there is a gag"
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


# ── A part that leaves a freeze ───────────────────────────────────────────────────────────────────────────


def test_an_outflow_below_what_is_frozen_is_a_breach_on_everybodys_page(
    casework: Casework, client_of: ClientOf
) -> None:
    assert breached(casework).missing == 1_000_000
    assert FreezeBreach.objects.count() == 1
    for user in (casework.lead, casework.approver):
        assert "breach" in text_of(client_of(user).get("/")).lower()
