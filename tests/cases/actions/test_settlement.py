"""What settles a transfer: each of its transactions, as deep as was asked for, giving the destination what was proposed."""

from typing import Any

import pytest

from cases.actions import freezes
from cases.actions.base import WrongMove
from cases.actions.freezes import AmountAsked, settlement
from cases.actions.freezes.settlement import Asked, claim_leg
from cases.models import FreezeBreach, Transfer
from cases.permissions import Permission
from tests.cases.actions.support import details_of, last_event
from tests.support.casework import Casework, moment
from tests.support.freezing import (
    DESTINATION,
    begun_transfer,
    confirmed_freeze,
    proposed_transfer,
    sent,
    settled_transfer,
)
from tests.support.rows import arranged
from wallets.chains.base import Block, Confirmation, Payment
from wallets.registry import ensure_assets

USDT = "0xdAC17F958D2ee523a2206206994597C13D831ec7"


def sent_out(casework: Casework, **kwargs: Any) -> Transfer:
    return sent(
        casework, begun_transfer(casework, proposed_transfer(casework, confirmed_freeze(casework), **kwargs))
    )


def test_a_transaction_that_pays_less_settles_nothing_and_what_left_is_a_breach(casework: Casework) -> None:
    transfer = sent_out(casework)
    assert transfer.freeze.account is not None
    casework.holding(transfer.freeze.account, 0, observed_at=moment())
    assert not FreezeBreach.objects.exists(), "it left for the transfer"
    settled_transfer(casework, transfer, paid=4_999_999)
    leg = transfer.legs.get()
    assert (transfer.status, leg.state, leg.said, leg.paid) == (
        "failed",
        "failed",
        "other_payment",
        4_999_999,
    )
    assert transfer.end_reason == "the transaction does not pay what was proposed"
    transfer.freeze.refresh_from_db()
    assert transfer.freeze.status == "confirmed", "what was held for it is held on"
    assert FreezeBreach.objects.get().missing == 5_000_000
    told = details_of(last_event(casework.case))
    assert told["legs"][0]["paid"] == "4999999"


def test_a_transaction_that_pays_all_or_of_which_nobody_can_tell_settles(casework: Casework) -> None:
    transfer = settled_transfer(casework, sent_out(casework), paid=5_000_001)
    assert (transfer.status, transfer.legs.get().paid) == ("settled", 5_000_001)


def test_before_it_is_deep_enough_a_wrong_payment_fails_nothing(casework: Casework) -> None:
    transfer = settled_transfer(casework, sent_out(casework), depth=1, paid=0)
    leg = transfer.legs.get()
    assert (transfer.status, leg.state, leg.paid_state, leg.paid) == ("sent", "sent", "told", 0)


class Chain:
    """A panel that knows one transaction. Strict: anything else that is asked for is an error."""

    answered_by = "node.example.test"

    def __init__(self, state: str, payment: Payment) -> None:
        self.state, self.found, self.asked = state, payment, list[tuple[str, ...]]()

    def __enter__(self) -> "Chain":
        return self

    def __exit__(self, *_error: object) -> None:
        return None

    def confirmations(self, txid: str) -> Confirmation:
        block = Block(17_000_000, "0x" + "b1" * 32, moment())
        return Confirmation(self.state, 500, block if self.state == "confirmed" else None)  # type: ignore[arg-type]

    def payment(self, txid: str, address: str, contract: str) -> Payment:
        self.asked.append((txid, address, contract))
        return self.found


def test_the_chain_is_asked_for_that_asset_at_that_destination(
    casework: Casework, monkeypatch: pytest.MonkeyPatch
) -> None:
    ensure_assets()
    transfer = sent_out(casework)
    chain = Chain("confirmed", Payment("told", 5_000_000))
    monkeypatch.setattr(settlement, "panel_for", lambda slug: {"ethereum": chain}[slug])
    assert settlement.settle_transfers(now=moment) == 1
    transfer.refresh_from_db()
    assert transfer.status == "settled"
    assert chain.asked == [(transfer.legs.get().txid, DESTINATION, USDT)]


def test_a_transaction_in_no_block_is_not_asked_what_it_paid(
    casework: Casework, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent_out(casework)
    chain = Chain("pending", Payment("told", 0))
    monkeypatch.setattr(settlement, "panel_for", lambda _slug: chain)
    settlement.settle_transfers(now=moment)
    assert chain.asked == []
    arranged()


def test_an_asset_of_the_books_that_no_token_of_the_chain_is_cannot_be_told(casework: Casework) -> None:
    account = casework.account("EX-DEC")
    # The books divide it by 18 places, the token by 6: their units are not the same.
    casework.holding(account, 5 * 10**18, "USDT", 18)
    freeze = confirmed_freeze(casework, account_number=account.number)
    transfer = sent(casework, begun_transfer(casework, proposed_transfer(casework, freeze)))
    asked = claim_leg(at=moment())
    assert isinstance(asked, Asked)
    assert asked.contract is None
    assert transfer.status == "sent"
    arranged()


def test_a_person_does_not_say_that_it_settled(casework: Casework) -> None:
    transfer = sent_out(casework, amounts=[AmountAsked("USDT", 1)], takes_all=False)
    grant = casework.grant(Permission.FREEZE_APPLY)
    with pytest.raises(WrongMove):
        freezes.record_receipt(grant=grant, at=moment(), number=transfer.number, receipt="Signed")
    transfer.refresh_from_db()
    assert transfer.status == "sent"
