"""Attaching one address on several chains: all or none, in one order, each with its own event."""

from typing import Any

import pytest

from cases.actions import wallets
from cases.actions.base import ActionError
from cases.actions.wallets import watch_key
from cases.audit.models import Event, Stream
from cases.audit.verify import verify_stream
from cases.models import CaseWallet, OutboxMessage
from cases.permissions import Permission
from tests.support.casework import ETHEREUM, Casework, moment
from wallets.models import Wallet, WalletState, Watch

pytestmark = pytest.mark.django_db
TRON = "TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t"


def attach(casework: Casework, **more: Any) -> list[CaseWallet]:
    values = {
        "address": ETHEREUM,
        "role": "subject",
        "attribution_source": "OFAC SDN list",
        "attribution_confidence": "high",
    } | more
    return wallets.attach_wallets(grant=casework.grant(Permission.WALLETS), at=moment(), **values)


def refusal(casework: Casework, **more: Any) -> ActionError:
    before = (CaseWallet.objects.count(), Wallet.objects.count(), Event.objects.count())
    with pytest.raises(ActionError) as refused:
        attach(casework, **more)
    assert (CaseWallet.objects.count(), Wallet.objects.count(), Event.objects.count()) == before
    return refused.value


def test_each_chain_has_its_wallet_its_watch_and_its_event(casework: Casework) -> None:
    made = attach(casework, chains=["optimism", "ethereum", "base", "ethereum"])
    assert [(row.number, row.wallet.chain) for row in made] == [(1, "ethereum"), (2, "optimism"), (3, "base")]
    events = Event.objects.filter(stream=casework.case.stream, action="wallet.attached").order_by("sequence")
    assert [event.object_number for event in events] == [1, 2, 3]
    ids = {row.wallet_id for row in made}
    assert set(Watch.objects.filter(key=watch_key(casework.case)).values_list("wallet_id", flat=True)) == ids
    assert WalletState.objects.filter(wallet_id__in=ids, requested_at__isnull=False).count() == 3
    assert OutboxMessage.objects.filter(task="wallets.sweep").count() == 1
    assert verify_stream(Stream.objects.get(pk=casework.case.stream_id)) is None


def test_a_hidden_chain_is_attached_and_nothing_asked_of_it(casework: Casework) -> None:
    monero = "49HqitRzdnhYjgTEAhgGpCfsjdTeMbUTU6cyR4JV1R7k2Eej9rGT8JpFiYDa4tZM6RZiFrHmMzgSrhHEqpDYKBe5B2ufNsL"
    (made,) = attach(casework, address=monero)
    assert (made.wallet.chain, made.wallet.address) == ("monero", monero)
    assert not WalletState.objects.filter(due_at__isnull=False).exists()


def test_nothing_is_attached_where_one_chain_does_not_fit(casework: Casework) -> None:
    assert refusal(casework, chains=["ethereum", "tron"]).field == "address"
    assert refusal(casework, chains=["ethereum", "nowhere"]).field == "chain"
    assert refusal(casework, chains=[]).field == "chains"
    assert refusal(casework, address=TRON[:-1] + "u").field == "address"
    assert refusal(casework, chains=["ethereum"], attribution_source=" ").field == "attribution_source"


def test_duplicates_are_named_with_their_chains(casework: Casework) -> None:
    attach(casework, chains=["ethereum", "base"])
    refused = refusal(casework, chains=["base", "polygon", "ethereum"])
    assert refused.field == "chains"
    assert str(refused.message).endswith("already on: Ethereum, Base.")
    assert refusal(casework, chains=["base"]).field == "address"
    # The one on another address is none.
    assert len(attach(casework, address="0x" + "1" * 40, chains=["ethereum", "base"])) == 2


def test_an_address_in_another_spelling_is_the_same_wallet(casework: Casework) -> None:
    attach(casework, address="1BpEi6DfDAUFd7GtittLSdBeYJvcoaVggu", chains=["bitcoincash"])
    again = refusal(casework, address="qpm2qsznhks23z7629mms6s4cwef74vcwvy22gdx6a")
    assert "attached to the case already" in str(again.message)
    attach(casework, address="41a614f803b6fd780986a42c78ec9c7f77e6ded13c")
    assert "attached to the case already" in str(refusal(casework, address=TRON).message)


def test_without_chains_all_that_are_read_of_the_evm_else_the_likeliest(
    casework: Casework, settings: Any
) -> None:
    settings.WALLET_CHAIN_URLS = {chain: ["http://127.0.0.1:9"] for chain in ("base", "bsc", "bitcoincash")}
    assert [row.wallet.chain for row in attach(casework)] == ["bsc", "base"]
    settings.WALLET_CHAIN_URLS = {}
    assert [row.wallet.chain for row in attach(casework, address="0x" + "2" * 40)] == ["ethereum"]
    assert [row.wallet.chain for row in attach(casework, address="1D6gG9iKEhPitTcWRJiniuj1jYM2hNeAfJ")] == [
        "bitcoin"
    ]
    assert str(refusal(casework, address="GPwg61XoHqQPNmAucFACuQ5H9sGCDv9TpS").message).startswith(
        "This is an address of"
    )
