"""Wallets through a case."""

import pytest

from cases.actions import wallets
from cases.actions.base import ActionError, NoSuchItem
from cases.actions.freezes import AmountAsked, cancel_freeze
from cases.actions.wallets import watch_key
from cases.models import CaseWallet, OutboxMessage
from cases.permissions import Permission
from tests.cases.actions.support import details_of, last_event, refusal
from tests.support.casework import ETHEREUM, Casework, moment
from wallets.models import Wallet, WalletState, Watch
from wallets.registry import ensure_assets

P = Permission

CHECKSUMMED = "0xb6f5ec1A0a9cd1526536D3F0426c429529471F40"
BITCOIN = "1D6gG9iKEhPitTcWRJiniuj1jYM2hNeAfJ"


@pytest.mark.parametrize(
    ("chain", "address", "field", "word"),
    [
        ("ethereum", "", "address", ""),
        ("ethereum", "0x97b1043abd9e6fc31681635166d430a458d14f9", "address", ""),
        ("ethereum", CHECKSUMMED.replace("A", "a", 1), "address", "eip-55"),
        ("ethereum", BITCOIN, "address", ""),
        ("bitcoin", ETHEREUM, "address", ""),
        ("bitcoin", BITCOIN[:-1] + "K", "address", "checksum"),
        ("bitcoin", "tb1qw508d6qejxtdg4y5r3zarvary0c5xw7kxpjzsx", "address", "network"),
        ("nowhere", ETHEREUM, "chain", ""),
    ],
    ids=[
        "empty",
        "too short",
        "wrong case",
        "bitcoin as ethereum",
        "ethereum as bitcoin",
        "wrong check",
        "testnet",
        "no chain",
    ],
)
def test_an_invalid_address_is_refused_with_its_reason(
    casework: Casework, chain: str, address: str, field: str, word: str
) -> None:
    error = refusal(lambda: casework.wallet(address, chain))
    assert error.field == field
    assert word in str(error.message).lower()
    assert not Wallet.objects.exists()
    assert not CaseWallet.objects.exists()


def test_reasons_differ(casework: Casework) -> None:
    """A person learns what is wrong, not only that something is."""
    messages = set()
    for address in ("", ETHEREUM[:-1], CHECKSUMMED.replace("A", "a", 1), BITCOIN):
        with pytest.raises(ActionError) as error:
            casework.wallet(address)
        messages.add(str(error.value.message))
    assert len(messages) == 4


def test_what_was_typed_is_kept_beside_the_canonical_form(casework: Casework) -> None:
    typed = f"  {CHECKSUMMED.upper().replace('0X', '0x')} "
    attached = casework.wallet(typed)
    assert attached.typed == typed.strip()
    assert attached.wallet.address == CHECKSUMMED
    assert attached.checksum == "none"
    assert details_of(last_event(casework.case)) | {"label": ""} == {
        "chain": "ethereum",
        "address": CHECKSUMMED,
        "typed": typed.strip(),
        "checksum": "none",
        "label": "",
        "role": "subject",
        "subject": None,
        "attribution_source": "OFAC SDN list",
        "attribution_confidence": "high",
        "is_fictional": False,
    }


def test_a_wallet_stands_once_in_a_case_however_it_is_written(casework: Casework) -> None:
    attached = casework.wallet(CHECKSUMMED)
    assert attached.checksum == "valid"
    assert refusal(lambda: casework.wallet(CHECKSUMMED.lower())).field == "address"
    assert casework.wallet(CHECKSUMMED, "polygon").number == 2
    assert refusal(lambda: casework.wallet(ETHEREUM, attribution_source=" ")).field == "attribution_source"


def test_attaching_asks_for_a_reading_and_says_how_often_to_look(casework: Casework) -> None:
    at = moment()
    attached = wallets.attach_wallet(
        grant=casework.grant(P.WALLETS),
        at=at,
        chain="ethereum",
        address=ETHEREUM,
        role="subject",
        attribution_source="OFAC SDN list",
        attribution_confidence="high",
    )
    watch = Watch.objects.get(wallet=attached.wallet)
    assert (watch.key, watch.cadence_seconds) == (watch_key(casework.case), 3600)
    # The key tells the wallets' side nothing of the case.
    assert casework.case.reference not in watch.key
    assert WalletState.objects.get(wallet=attached.wallet).due_at == at
    assert OutboxMessage.objects.get().task == "wallets.sweep"


def test_refresh_sets_the_wallet_due_and_asks_a_worker(casework: Casework) -> None:
    attached = casework.wallet()
    other = casework.wallet(CHECKSUMMED)
    OutboxMessage.objects.all().delete()
    WalletState.objects.update(due_at=None)
    at = moment()
    wallets.refresh_wallet(grant=casework.grant(P.WALLETS), at=at, number=attached.number)
    assert WalletState.objects.get(wallet=attached.wallet).due_at == at
    assert WalletState.objects.get(wallet=other.wallet).due_at is None
    assert OutboxMessage.objects.get().task == "wallets.sweep"
    event = last_event(casework.case)
    assert (event.action, event.object_kind, event.object_number) == ("wallet.refresh_asked", "wallet", 1)
    assert wallets.refresh_case(grant=casework.grant(P.WALLETS), at=moment()) == 2
    assert details_of(last_event(casework.case)) == {"wallets": 2}


def test_a_case_without_wallets_asks_nobody(casework: Casework) -> None:
    assert wallets.refresh_case(grant=casework.grant(P.WALLETS), at=moment()) == 0
    assert not OutboxMessage.objects.exists()


def test_a_detached_wallet_stays_in_the_record_and_is_no_longer_looked_at(casework: Casework) -> None:
    attached = casework.wallet()
    grant = casework.grant(P.WALLETS)

    def detach(number: int = attached.number, reason: str = "Not his") -> CaseWallet:
        return wallets.detach_wallet(grant=grant, at=moment(), number=number, reason=reason)

    assert refusal(lambda: detach(reason=" ")).field == "reason"
    refusal(lambda: detach(9), NoSuchItem)
    assert detach().detached_by == casework.lead
    assert not Watch.objects.exists()
    refusal(detach, NoSuchItem)
    refusal(lambda: wallets.refresh_wallet(grant=grant, at=moment(), number=attached.number), NoSuchItem)
    assert casework.wallet().number == 2
    assert CaseWallet.objects.filter(case=casework.case, wallet=attached.wallet).count() == 2


def test_another_cases_watch_stays_when_one_lets_go(casework: Casework) -> None:
    other = Casework.opened()
    attached, theirs = casework.wallet(), other.wallet()
    assert attached.wallet == theirs.wallet
    wallets.detach_wallet(
        grant=casework.grant(P.WALLETS), at=moment(), number=attached.number, reason="Not his"
    )
    assert Watch.objects.get().key == watch_key(other.case)


def test_a_wallet_under_a_freeze_that_has_not_ended_stays_put(casework: Casework) -> None:
    ensure_assets()
    attached = casework.wallet()
    freeze = casework.proposed_freeze(wallet_number=attached.number, amounts=[AmountAsked("ETH")])
    grant = casework.grant(P.WALLETS)

    def detach() -> CaseWallet:
        return wallets.detach_wallet(grant=grant, at=moment(), number=attached.number, reason="x")

    refusal(detach)
    cancel_freeze(
        grant=casework.grant(P.FREEZE_PROPOSE), at=moment(), number=freeze.number, reason="Wrong wallet"
    )
    assert detach().detached_at is not None
