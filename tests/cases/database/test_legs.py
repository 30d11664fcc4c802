"""The transactions of a transfer: sent once, confirmed by a chain alone, never more than is held. Tried by SQL."""

import pytest

from tests.cases.database.test_before_verification import refused
from tests.support.everything import Everything
from tests.support.rows import copied, execute, undone

SENT = {"state": "sent", "txid": "0xabc", "sent_at": "2026-01-05T00:00:00Z"}


def changed(pk: int, **columns: object) -> None:
    assignments = ", ".join(f"{name} = %s" for name in columns)
    execute(f"UPDATE cases_transferleg SET {assignments} WHERE id = %s", *columns.values(), pk)


@pytest.fixture
def sending(everything: Everything) -> tuple[Everything, int, int]:
    """A transfer that is being sent, and its one leg."""
    transfer = everything.moved("transfer", "sending")
    leg = type(everything.rows["leg"])._base_manager.get(transfer_id=transfer)
    return everything, transfer, leg.pk


def test_each_asset_is_sent_once_beside_its_test(sending: tuple[Everything, int, int]) -> None:
    everything, _transfer, _leg = sending
    # The first transfer is still proposed, so that a further leg is refused for being the second of its asset.
    refused(lambda: copied(everything.rows["leg"], {}), match="leg_once")


def test_a_transaction_stands_for_one_leg(sending: tuple[Everything, int, int]) -> None:
    everything, _transfer, leg = sending
    sender = everything.casework.lead.pk
    changed(leg, **SENT, fee=1, sent_by_id=sender)
    refused(lambda: changed(leg, txid="0xdef"), match="what was sent is not changed")


def test_no_state_without_its_transaction(sending: tuple[Everything, int, int]) -> None:
    _everything, _transfer, leg = sending
    refused(lambda: changed(leg, state="sent"), match="leg_state_has_transaction")
    refused(lambda: changed(leg, **(SENT | {"state": "lost"})), match="leg_state_known|too long")


def test_a_leg_is_confirmed_by_what_a_chain_said(sending: tuple[Everything, int, int]) -> None:
    everything, _transfer, leg = sending
    changed(leg, **SENT, fee=1, sent_by_id=everything.casework.lead.pk)
    said = {
        "state": "confirmed",
        "confirmations": 999,
        "block_height": 5,
        "block_hash": "b5",
        "provider": "node",
        "looked_at": "2026-01-05T00:00:00Z",
        "paid_state": "cannot_tell",
    }
    for name, lacking in (
        ("confirmations", 0),
        ("block_height", None),
        ("block_hash", ""),
        ("provider", ""),
        ("looked_at", None),
    ):
        refused(lambda: changed(leg, **(said | {name: lacking})), match="leg_confirmed_by_chain")  # noqa: B023
    # However deep: a transaction that gave the destination less, or of which nothing was asked, confirms nothing.
    for state, paid in (("", None), ("told", 0)):
        refused(
            lambda: changed(leg, **(said | {"paid_state": state, "paid": paid})),  # noqa: B023
            match="leg_confirmed_by_payment",
        )
    refused(lambda: changed(leg, **(said | {"paid_state": "told"})), match="leg_paid_is_told")
    refused(lambda: changed(leg, **(said | {"paid": 5})), match="leg_paid_is_told")
    refused(lambda: changed(leg, paid_state="perhaps"), match="leg_paid_state_known")
    with undone():
        changed(leg, **said)
