"""What a look leaves behind: readings once, failures beside them, and the next due time."""

import uuid
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from wallets import snapshots
from wallets.chains.base import Block, Failure, Outcome
from wallets.chains.base import Reading as Read
from wallets.models import Asset, Balance, Reading, Wallet, WalletState
from wallets.registry import assets_of
from wallets.snapshots.record import Answer, Look, record
from wallets.snapshots.schedule import FIRST_BACKOFF, LONGEST_UNWATCHED, Claim

pytestmark = pytest.mark.django_db

MakeWallets = Callable[..., list[Wallet]]
SECOND = timedelta(seconds=1)
DOWN = Failure("unavailable", "HTTP 503")
NO_CONTRACT = Failure("no_contract", "0x12", "unsupported")


def block(height: int, when: datetime) -> Block:
    return Block(height, f"0x{height:064x}", when)


def read(amount: int, height: int, when: datetime) -> Read:
    return Read(amount, block(height, when), 3, "latest")


def native() -> Asset:
    return assets_of(["localdev"])["localdev"][0]


def claimed(at: datetime) -> Claim:
    claim = snapshots.claim_due(chain="localdev", at=at, limit=100)
    assert claim is not None
    return claim


def look(claim: Claim, *outcomes: Outcome, retry_after: float | None = None) -> Look:
    """One outcome per claimed wallet, for the native coin."""
    asset_id = native().pk
    answers = [
        Answer(wallet_id, asset_id, outcome)
        for wallet_id, outcome in zip(claim.wallet_ids, outcomes, strict=True)
    ]
    return Look(claim, "node:8545", answers, retry_after)


def state_of(wallet: Wallet) -> WalletState:
    return WalletState.objects.get(wallet=wallet)


def amount_of(wallet: Wallet) -> int | None:
    balance = Balance.objects.select_related("reading").get(wallet=wallet)
    return balance.reading.amount if balance.reading else None


def test_a_reading_has_its_block_its_provider_and_its_times(
    make_wallets: MakeWallets, noon: datetime
) -> None:
    (wallet,) = make_wallets(1, due=noon)
    record(look(claimed(noon), read(2**256 - 1, 12, noon - 9 * SECOND)))
    reading = Reading.objects.get()
    assert reading.wallet == wallet
    assert reading.amount == 2**256 - 1
    assert (reading.block_height, reading.block_hash) == (12, f"0x{12:064x}")
    assert reading.block_time == noon - 9 * SECOND
    assert (reading.provider, reading.pinned_by, reading.took_ms) == ("node:8545", "latest", 3)
    assert reading.taken_at == noon
    state = state_of(wallet)
    assert (state.claim, state.claimed_at, state.claimed_until, state.requested_at) == (
        None,
        None,
        None,
        None,
    )
    assert state.last_look_at == state.last_ok_at == noon
    assert state.attempts == 0
    assert state.due_at is None  # nobody watches


def test_the_next_look_follows_the_cadence(make_wallets: MakeWallets, noon: datetime) -> None:
    (wallet,) = make_wallets(1)
    snapshots.set_watch(wallet_id=wallet.pk, key="k", cadence_seconds=300, at=noon)
    record(look(claimed(noon), read(1, 1, noon)))
    assert state_of(wallet).due_at == noon + 300 * SECOND


def test_recording_twice_changes_nothing(make_wallets: MakeWallets, noon: datetime) -> None:
    make_wallets(2, due=noon)
    result = look(claimed(noon), read(1, 1, noon), DOWN)
    record(result)
    before = (
        list(Reading.objects.values()),
        list(Balance.objects.values()),
        list(WalletState.objects.values()),
    )
    record(result)
    assert before == (
        list(Reading.objects.values()),
        list(Balance.objects.values()),
        list(WalletState.objects.values()),
    )


def test_the_same_block_again_keeps_the_first_reading(make_wallets: MakeWallets, noon: datetime) -> None:
    (wallet,) = make_wallets(1, due=noon)
    record(look(claimed(noon), read(5, 1, noon)))
    later = noon + 60 * SECOND
    snapshots.request_refresh(wallet_ids=[wallet.pk], at=later)
    record(look(claimed(later), read(5, 1, noon)))
    assert Reading.objects.get().taken_at == noon
    assert Balance.objects.get().looked_at == later
    assert state_of(wallet).last_ok_at == later


def test_another_amount_at_the_same_block_is_not_believed(make_wallets: MakeWallets, noon: datetime) -> None:
    first, second = make_wallets(2, due=noon)
    record(look(claimed(noon), read(5, 1, noon), read(8, 1, noon)))
    later = noon + 60 * SECOND
    snapshots.request_refresh(wallet_ids=[first.pk, second.pk], at=later)
    record(look(claimed(later), read(6, 1, noon), read(8, 1, noon)))
    assert amount_of(first) == 5
    balance = Balance.objects.get(wallet=first)
    assert (balance.error_code, balance.failing_since) == ("disagrees", later)
    assert state_of(first).failing_since == later
    assert Balance.objects.get(wallet=second).failing_since is None
    assert state_of(second).last_ok_at == later


def test_a_failure_keeps_the_older_reading(make_wallets: MakeWallets, noon: datetime) -> None:
    (wallet,) = make_wallets(1, due=noon)
    record(look(claimed(noon), read(5, 1, noon)))
    for minutes in (1, 2, 3):
        at = noon + minutes * 60 * SECOND
        snapshots.request_refresh(wallet_ids=[wallet.pk], at=at)
        record(look(claimed(at), DOWN))
    balance = Balance.objects.get()
    assert amount_of(wallet) == 5
    assert balance.looked_at == noon
    assert balance.failing_since == noon + 60 * SECOND  # since the first of the three
    assert (balance.error_code, balance.error_text) == ("unavailable", "HTTP 503")
    state = state_of(wallet)
    assert (state.last_ok_at, state.failing_since) == (noon, noon + 60 * SECOND)
    assert (state.last_error_code, state.last_error_text) == ("unavailable", "HTTP 503")
    at = noon + 600 * SECOND
    snapshots.request_refresh(wallet_ids=[wallet.pk], at=at)
    record(look(claimed(at), read(7, 9, at)))
    balance.refresh_from_db()
    assert (balance.failing_since, balance.error_code, balance.error_text) == (None, "", "")
    assert amount_of(wallet) == 7
    assert state_of(wallet).failing_since is None


def test_a_failure_of_what_was_never_read_has_no_amount(make_wallets: MakeWallets, noon: datetime) -> None:
    make_wallets(1, due=noon)
    record(look(claimed(noon), DOWN))
    balance = Balance.objects.get()
    assert (balance.reading, balance.looked_at, balance.failing_since) == (None, None, noon)
    assert not Reading.objects.exists()


def test_failures_come_back_later_and_later(make_wallets: MakeWallets, noon: datetime) -> None:
    (wallet,) = make_wallets(1)
    snapshots.set_watch(wallet_id=wallet.pk, key="k", cadence_seconds=300, at=noon)
    at, waits = noon, []
    for _ in range(6):
        record(look(claimed(at), DOWN))
        due = state_of(wallet).due_at
        assert due is not None
        waits.append((due - at) / SECOND)
        at = due
    # Doubled each time, but never longer than the cadence.
    assert waits == [FIRST_BACKOFF, 60, 120, 240, 300, 300]


def test_a_provider_that_asks_for_rest_gets_it(make_wallets: MakeWallets, noon: datetime) -> None:
    (wallet,) = make_wallets(1, due=noon)
    record(look(claimed(noon), Failure("rate_limited", "HTTP 429"), retry_after=900.0))
    assert state_of(wallet).due_at == noon + 900 * SECOND


def test_a_wallet_that_nobody_watches_is_let_go_in_the_end(make_wallets: MakeWallets, noon: datetime) -> None:
    (wallet,) = make_wallets(1, due=noon)
    at: datetime | None = noon
    looks = 0
    while at is not None:
        record(look(claimed(at), DOWN))
        looks += 1
        at = state_of(wallet).due_at
    assert looks == LONGEST_UNWATCHED
    assert state_of(wallet).failing_since == noon


def test_an_unsupported_token_does_not_trouble_the_wallet(make_wallets: MakeWallets, noon: datetime) -> None:
    (wallet,) = make_wallets(1, due=noon)
    token = Asset.objects.create(
        chain="localdev", kind="token", contract="0x12", symbol="T", decimals=6, name="T"
    )
    claim = claimed(noon)
    record(
        Look(
            claim,
            "node",
            [Answer(wallet.pk, native().pk, read(5, 1, noon)), Answer(wallet.pk, token.pk, NO_CONTRACT)],
        )
    )
    assert state_of(wallet).failing_since is None
    assert state_of(wallet).last_ok_at == noon
    assert Balance.objects.get(asset=token).error_code == "no_contract"
    assert Balance.objects.get(asset=native()).error_code == ""


def test_a_request_during_a_look_is_followed_by_another_look(
    make_wallets: MakeWallets, noon: datetime
) -> None:
    (wallet,) = make_wallets(1, due=noon)
    claim = claimed(noon)
    asked = noon + SECOND
    snapshots.request_refresh(wallet_ids=[wallet.pk], at=asked)
    record(look(claim, read(5, 1, noon)))
    assert (state_of(wallet).requested_at, state_of(wallet).due_at) == (asked, asked)
    record(look(claimed(asked), DOWN))
    assert state_of(wallet).requested_at is None


def test_a_late_look_does_not_undo_a_newer_one(make_wallets: MakeWallets, noon: datetime) -> None:
    (wallet,) = make_wallets(1, due=noon)
    slow = claimed(noon)
    later = noon + 60 * SECOND
    quick = claimed(later)  # the lease of the slow one has run out
    assert quick.wallet_ids == slow.wallet_ids
    record(look(quick, read(9, 20, later)))
    record(look(slow, read(5, 10, noon)))
    assert amount_of(wallet) == 9
    assert Reading.objects.count() == 2  # it was read, so it is kept
    assert state_of(wallet).last_ok_at == later
    record(look(slow, DOWN))
    assert Balance.objects.get().failing_since is None
    assert state_of(wallet).failing_since is None


def test_a_late_look_is_not_lost_and_leaves_the_newer_claim(
    make_wallets: MakeWallets, noon: datetime
) -> None:
    (wallet,) = make_wallets(1, due=noon)
    slow = claimed(noon)
    later = noon + 60 * SECOND
    quick = claimed(later)
    record(look(slow, read(5, 10, noon)))
    assert amount_of(wallet) == 5
    assert state_of(wallet).claim == quick.token
    record(look(quick, read(9, 20, later)))
    assert amount_of(wallet) == 9
    assert state_of(wallet).claim is None


def test_readings_of_several_blocks_in_one_look(make_wallets: MakeWallets, noon: datetime) -> None:
    wallets = make_wallets(3, due=noon)
    record(look(claimed(noon), read(1, 1, noon), read(2, 2, noon), read(3, 1, noon)))
    assert [amount_of(wallet) for wallet in wallets] == [1, 2, 3]


def test_a_chain_that_was_started_afresh_is_followed(make_wallets: MakeWallets, noon: datetime) -> None:
    (wallet,) = make_wallets(1, due=noon)
    record(look(claimed(noon), read(5, 900, noon)))
    later = noon + 60 * SECOND
    snapshots.request_refresh(wallet_ids=[wallet.pk], at=later)
    record(look(claimed(later), read(1, 2, later)))
    assert amount_of(wallet) == 1


def test_a_long_error_is_cut_and_not_lost(make_wallets: MakeWallets, noon: datetime) -> None:
    (wallet,) = make_wallets(1, due=noon)
    record(look(claimed(noon), replace(DOWN, detail="x" * 5000)))
    assert len(state_of(wallet).last_error_text) == 300
    assert len(Balance.objects.get().error_text) == 300


def test_a_claim_of_nothing_writes_nothing(noon: datetime) -> None:
    record(Look(Claim(uuid.uuid4(), "localdev", noon, ()), "node", []))
    assert not Reading.objects.exists()
