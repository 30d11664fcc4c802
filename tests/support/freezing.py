"""Freezes brought to where a test needs them, by the actions, as people do it."""

from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from cases.actions import case_tasks, cover, freezes, retention
from cases.actions.freezes import AmountAsked
from cases.actions.freezes.settlement import Heard, finish_leg
from cases.actions.orders import Duty
from cases.models import ConnectorCall, FreezeBreach, FreezeOrder, LadderEntry, Obligation, Transfer
from cases.permissions import Permission
from cases.queries.held import held_of
from tests.support.casework import Casework, moment
from tests.support.rows import arranged
from wallets.chains.base import Block, Confirmation, Payment
from wallets.models import Asset
from wallets.registry import ensure_assets

DESTINATION = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"
TXID = "0x" + "ab" * 32


def confirmed_freeze(
    casework: Casework,
    *,
    holding: int = 5_000_000,
    cap: int | None = None,
    confirm: bool = True,
    **kwargs: Any,
) -> FreezeOrder:
    """A freeze of an account that holds USDT, applied and confirmed."""
    if "account_number" not in kwargs:
        account = casework.account(f"EX-F{casework.case.accounts.count()}")  # type: ignore[attr-defined]
        casework.holding(account, holding)
        kwargs["account_number"] = account.number
    values: dict[str, Any] = {"scope": "asset", "amounts": [AmountAsked("USDT", cap)]}
    return carried_out(casework, casework.proposed_freeze(**(values | kwargs)), confirm=confirm)


def carried_out(casework: Casework, freeze: FreezeOrder, *, confirm: bool = True) -> FreezeOrder:
    """A proposed freeze, signed, applied and confirmed."""
    signers = [casework.approver, casework.second_approver][: freeze.approvals_required]
    for user in signers:
        freezes.approve_freeze(
            grant=casework.grant(Permission.FREEZE_APPROVE, user), at=moment(), number=freeze.number
        )
    grant = casework.grant(Permission.FREEZE_APPLY)
    freezes.begin_apply(grant=grant, at=moment(), number=freeze.number)
    at = moment()
    freezes.mark_applied(grant=grant, at=at, number=freeze.number, applied_at=at)
    if confirm:
        freezes.confirm_freeze(grant=grant, at=moment(), number=freeze.number, confirmation="Ticket 1")
    return FreezeOrder.objects.select_related("account", "wallet__wallet").get(pk=freeze.pk)


def held(freeze: FreezeOrder) -> dict[str, int | None]:
    """What is still held, by asset."""
    return {row.row.asset: row.still for row in held_of(freeze.pk)}


def transfer_duty(casework: Casework, **kwargs: Any) -> Obligation:
    """A duty to transfer in an accepted order."""
    due = moment() + timedelta(days=4)
    order = casework.accepted_order(
        reference="DEMO-TRANSFER", duties=[Duty("transfer", "Send it to the marshal.", due_at=due)], **kwargs
    )
    return order.obligations.get()


def proposed_transfer(casework: Casework, freeze: FreezeOrder, **kwargs: Any) -> Transfer:
    """A proposal to send all of a freeze of USDT on Ethereum."""
    values: dict[str, Any] = {
        "chain": "ethereum",
        "destination": DESTINATION,
        "destination_again": DESTINATION,
        "check_method": "call_back",
        "check_contact": "Marshal's office, number from its own site",
        "reason": "The warrant asks for it.",
    }
    if "obligation_number" not in kwargs:
        values["obligation_number"] = transfer_duty(casework).number
    if "amounts" not in kwargs:
        values["amounts"] = [AmountAsked(asset, amount) for asset, amount in held(freeze).items()]
        values["takes_all"] = True
    return freezes.propose_transfer(
        grant=casework.grant(Permission.FREEZE_PROPOSE),
        at=moment(),
        number=freeze.number,
        **(values | kwargs),
    )


def approved_transfer(casework: Casework, transfer: Transfer) -> Transfer:
    signers = [casework.approver, casework.second_approver][: transfer.approvals_required]
    for user in signers:
        freezes.decide_transfer(
            grant=casework.grant(Permission.FREEZE_APPROVE, user),
            at=moment(),
            number=transfer.number,
            agrees=True,
        )
    transfer.refresh_from_db()
    return transfer


def begun_transfer(casework: Casework, transfer: Transfer) -> Transfer:
    approved_transfer(casework, transfer)
    return freezes.begin_transfer(
        grant=casework.grant(Permission.FREEZE_APPLY), at=moment(), number=transfer.number
    )


def sent(
    casework: Casework, transfer: Transfer, *, txid: str = TXID, at: datetime | None = None, **kwargs: Any
) -> Transfer:
    values: dict[str, Any] = {"asset": "USDT", "fee": 21_000 * 10**9}
    return freezes.record_sent(
        grant=casework.grant(Permission.FREEZE_APPLY),
        at=at or moment(),
        number=transfer.number,
        txid=txid,
        **(values | kwargs),
    )


def settled_transfer(
    casework: Casework, transfer: Transfer, *, depth: int = 1_000, paid: int | None = None
) -> Transfer:
    """A sent transfer of which the chain has said that each transaction stands this deep: heard, not asked."""
    block = Block(height=17_000_000, hash="0x" + "b1" * 32, time=moment())
    for leg in transfer.legs.filter(state="sent"):
        heard = Heard(
            Confirmation("confirmed", depth, block),
            "node.example.test",
            paid=Payment("told", int(leg.amount)) if paid is None else Payment("told", paid),
        )
        finish_leg(leg.pk, heard, at=moment())
    transfer.refresh_from_db()
    return transfer


def breached(casework: Casework) -> FreezeBreach:
    """A frozen account of which a part is gone by the exchange's own books."""
    freeze = confirmed_freeze(casework)
    assert freeze.account is not None
    casework.holding(freeze.account, 4_000_000, observed_at=moment())
    return FreezeBreach.objects.get(freeze=freeze)


def a_rung(casework: Casework) -> LadderEntry:
    """A part of what a freeze holds under an order, seized by a paper."""
    order = casework.accepted_order(reference="DEMO-RUNG")
    duty = order.obligations.get()
    confirmed_freeze(casework, obligation_number=duty.number)
    grant = casework.grant(Permission.ORDERS)
    cover.state_ordered(
        grant=grant, at=moment(), number=duty.number, asset="USDT", decimals=6, amount=6_000_000
    )
    return cover.add_rung(
        grant=grant,
        at=moment(),
        number=duty.number,
        rung="seized",
        asset="USDT",
        decimals=6,
        amount=2_000_000,
        happened_at=moment() - timedelta(minutes=1),
        basis="Seizure warrant 23-1",
    )


def one_of_each(casework: Casework) -> None:
    """What can hang on freezes that stand, each under number 1 of its kind; and a task and a hold."""
    grant = casework.grant
    changing, sending, credited = (confirmed_freeze(casework) for _each in range(3))
    freezes.propose_partial_release(
        grant=grant(Permission.FREEZE_PROPOSE),
        at=moment(),
        number=changing.number,
        amounts=[AmountAsked("USDT", 1)],
        reason="The court narrowed it.",
    )
    proposed_transfer(casework, sending)
    with transaction.atomic():
        ConnectorCall.objects.create(
            case=casework.case,
            freeze=sending,
            number=1,
            kind="freeze",
            body="{}",
            asked_at=moment(),
            next_at=moment(),
        )
        arranged()
    assert credited.account is not None
    casework.holding(credited.account, 7_000_000, observed_at=moment())
    ensure_assets()
    frozen = casework.proposed_freeze(
        wallet_number=casework.wallet("0xdac17f958d2ee523a2206206994597c13d831ec7").number,
        scope="address",
        amounts=[],
        policy_hold="By telephone",
        formal_order_by=moment() + timedelta(days=9),
    )
    freezes.request_issuer_freeze(
        grant=grant(Permission.FREEZE_APPLY),
        at=moment(),
        number=carried_out(casework, frozen).number,
        contract=Asset.objects.get(chain="ethereum", symbol="USDT").contract,
        issuer="Tether",
        reference="T-1",
    )
    breached(casework)
    a_rung(casework)
    case_tasks.give_task(
        grant=grant(Permission.TASKS), at=moment(), title="Call the clerk", assignee=casework.lead
    )
    retention.place_hold(
        grant=grant(Permission.RETENTION, casework.counsel), at=moment(), reason="A suit is announced"
    )
