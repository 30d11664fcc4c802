"""What is shown of a balance: how much, as of when, and how far it can be trusted."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone

from tests.support.rows import arranged
from tests.wallets.looks import DOWN, Said, assets, claimed, look_of, seen, swept
from tests.wallets.nodes import some_address
from wallets import snapshots
from wallets.chains.base import Failure
from wallets.models import Wallet
from wallets.registry import assets_of
from wallets.snapshots.known import stale_after
from wallets.snapshots.record import record

pytestmark = pytest.mark.django_db(transaction=True)

MakeWallets = Callable[..., list[Wallet]]
SECOND = timedelta(seconds=1)


def look_at(wallet: Wallet, at: datetime, *said: Said, height: int = 1) -> None:
    """Record a look that was asked for, with what is said of each asset in the registry's order."""
    seen([wallet], list(said), at=at, height=height)


def only(wallet: Wallet, at: datetime | None = None) -> snapshots.BalanceView:
    (view,) = snapshots.balances_of([wallet.pk], at=at)[wallet.pk]
    return view


def test_what_was_never_read_has_no_amount(make_wallets: MakeWallets, noon: datetime) -> None:
    (wallet,) = make_wallets(1)
    view = only(wallet, noon)
    assert view.asset.symbol == "devETH"
    assert view.state == "never_read"
    assert view.amount is None
    assert view.block_height is view.looked_at is view.since is view.error is None


def test_a_zero_that_was_read_is_a_zero(make_wallets: MakeWallets, noon: datetime) -> None:
    (wallet,) = make_wallets(1)
    look_at(wallet, noon, 0, height=7)
    view = only(wallet, noon)
    assert (view.state, view.amount) == ("ok", 0)
    assert (view.block_height, view.block_hash, view.block_time) == (7, f"0x{7:064x}", noon - 9 * SECOND)
    assert (view.provider, view.looked_at, view.changed_at) == ("node:8545", noon, noon)
    assert (view.pin, view.depth, view.took_ms, view.agreement) == ("hash", "latest", 3, "single")
    assert view.batch_id is not None
    assert view.since is None


def test_a_failing_source_is_named_with_its_time_and_the_older_amount(
    make_wallets: MakeWallets, noon: datetime
) -> None:
    (wallet,) = make_wallets(1)
    look_at(wallet, noon, 5)
    look_at(wallet, noon + 60 * SECOND, DOWN)
    view = only(wallet, noon + 61 * SECOND)
    assert (view.state, view.amount, view.since) == ("failing", 5, noon + 60 * SECOND)
    assert str(view.error) == "The source cannot be reached."
    assert view.error_detail == "HTTP 503"


def test_a_source_that_never_answered_gives_no_amount(make_wallets: MakeWallets, noon: datetime) -> None:
    (wallet,) = make_wallets(1)
    look_at(wallet, noon, DOWN)
    view = only(wallet, noon)
    assert (view.state, view.amount, view.since) == ("failing", None, noon)
    assert view.error is not None


@pytest.mark.parametrize(
    ("cadence", "expected"), [(60, 600), (299, 600), (301, 602), (3600, 7200), (None, 7200)]
)
def test_stale_is_two_cadences_and_at_least_ten_minutes(cadence: int | None, expected: int) -> None:
    assert stale_after(cadence) == expected * SECOND


def test_a_balance_that_nobody_looked_at_again_is_stale(make_wallets: MakeWallets, noon: datetime) -> None:
    (wallet,) = make_wallets(1)
    snapshots.set_watch(wallet_id=wallet.pk, key="k", cadence_seconds=600, at=noon)
    look_at(wallet, noon, 5)
    assert only(wallet, noon + 1200 * SECOND).state == "ok"
    view = only(wallet, noon + 1201 * SECOND)
    assert (view.state, view.amount, view.since) == ("stale", 5, noon)
    # Without a time of one's own it is judged by the database's clock, long after that noon or long before.
    assert only(wallet).state == ("stale" if timezone.now() > noon + 1200 * SECOND else "ok")


def test_a_look_at_the_same_block_keeps_a_balance_fresh(make_wallets: MakeWallets, noon: datetime) -> None:
    (wallet,) = make_wallets(1)
    look_at(wallet, noon, 5)
    later = noon + 7200 * SECOND
    look_at(wallet, later, 5)
    view = only(wallet, later)
    assert (view.state, view.amount, view.looked_at) == ("ok", 5, later)


def test_every_asset_of_the_chain_has_its_line(noon: datetime) -> None:
    wallet = snapshots.ensure_wallet(chain="ethereum", text=some_address(1))
    look_at(wallet, noon, 1, Failure("reverted", ""))
    views = snapshots.balances_of([wallet.pk], at=noon)[wallet.pk]
    assert [(view.asset.symbol, view.state, view.amount) for view in views] == [
        ("ETH", "ok", 1),
        ("USDT", "failing", None),
        ("USDC", "failing", None),
        ("DAI", "failing", None),
    ]


def test_a_token_that_left_the_registry_keeps_its_line(
    make_wallets: MakeWallets, noon: datetime, settings: Any
) -> None:
    settings.WALLET_EXTRA_TOKENS = [
        {"chain": "localdev", "contract": some_address(9), "symbol": "dUSD", "decimals": 6, "name": "Demo"}
    ]
    (wallet,) = make_wallets(1)
    look_at(wallet, noon, 1, 2)
    settings.WALLET_EXTRA_TOKENS = []
    views = snapshots.balances_of([wallet.pk], at=noon)[wallet.pk]
    assert [(view.asset.symbol, view.amount) for view in views] == [("devETH", 1), ("dUSD", 2)]


def test_unknown_wallets_are_left_out(make_wallets: MakeWallets, noon: datetime) -> None:
    (wallet,) = make_wallets(1)
    assert list(snapshots.balances_of([wallet.pk, 10**9], at=noon)) == [wallet.pk]
    assert snapshots.balances_of([], at=noon) == {}
    assert snapshots.balances_of([10**9], at=noon) == {}


def test_the_number_of_queries_does_not_grow(
    make_wallets: MakeWallets, noon: datetime, django_assert_num_queries: Any
) -> None:
    few = make_wallets(2)
    many = [*make_wallets(30, start=100), *make_wallets(30, chain="polygon"), *make_wallets(5, chain="base")]
    for wallet in [*few, *many[:20]]:
        look_at(wallet, noon, 1)
    for wallets in (few, many):
        ids = [wallet.pk for wallet in wallets]
        assets_of(["localdev", "polygon", "base"])
        with django_assert_num_queries(4):
            views = snapshots.balances_of(ids, at=noon)
            assert [view.state for lines in views.values() for view in lines if view.asset.name]
        with django_assert_num_queries(1):
            snapshots.progress_of(ids, at=noon)


def test_progress_is_told_from_request_to_result(make_wallets: MakeWallets, noon: datetime) -> None:
    (wallet,) = make_wallets(1)

    def progress(at: datetime) -> snapshots.Progress:
        return snapshots.progress_of([wallet.pk], at=at)[wallet.pk]

    assert (progress(noon).state, progress(noon).pending) == ("idle", False)
    snapshots.request_refresh(wallet_ids=[wallet.pk], at=noon)
    assert (progress(noon).state, progress(noon).pending) == ("waiting", True)
    claim = snapshots.claim_due(chain="localdev", at=noon, limit=1)
    assert claim is not None
    assert (progress(noon).state, progress(noon).pending) == ("reading", True)
    # The worker died: the wallet waits for the next one, and the request still stands.
    later = noon + 31 * SECOND
    assert (progress(later).state, progress(later).pending) == ("waiting", True)
    record(look_of(claim, {wallet.pk: 1}, height=1))
    done = progress(later)
    assert (done.state, done.pending, done.last_look_at, done.error) == ("idle", False, noon, None)
    assert snapshots.progress_of([wallet.pk])[wallet.pk].state == "idle"


def test_progress_names_the_error(make_wallets: MakeWallets, noon: datetime) -> None:
    (wallet,) = make_wallets(1)
    look_at(wallet, noon, Failure("wrong_chain", "chain id 5 instead of 1"))
    (progress,) = snapshots.progress_of([wallet.pk], at=noon).values()
    assert progress.failing_since == noon
    assert str(progress.error) == "The source answers for another chain."
    assert progress.due_at == noon + 30 * SECOND


def test_a_case_sees_nothing_from_before_it_was_interested(make_wallets: MakeWallets, noon: datetime) -> None:
    (wallet,) = make_wallets(1)
    look_at(wallet, noon, 5)
    attached = noon + 60 * SECOND

    def view(at: datetime) -> snapshots.BalanceView:
        (found,) = snapshots.balances_of([wallet.pk], at=at, since={wallet.pk: attached})[wallet.pk]
        return found

    before = view(attached)
    assert (before.state, before.amount, before.looked_at, before.changed_at) == ("never_read",) + (None,) * 3
    look_at(wallet, attached + SECOND, 5, height=2)
    after = view(attached + SECOND)
    assert (after.state, after.amount, after.block_height) == ("ok", 5, 2)
    # The amount is the same as before the interest began: when it changed is not told.
    assert after.changed_at is None


def test_a_failure_from_before_is_told_from_the_moment_of_interest_on(
    make_wallets: MakeWallets, noon: datetime
) -> None:
    (wallet,) = make_wallets(1)
    look_at(wallet, noon, 5)
    look_at(wallet, noon + SECOND, DOWN)
    attached = noon + 60 * SECOND
    (view,) = snapshots.balances_of([wallet.pk], at=attached, since={wallet.pk: attached})[wallet.pk]
    assert (view.state, view.amount, view.since) == ("never_read", None, None)
    look_at(wallet, attached + SECOND, DOWN)
    (view,) = snapshots.balances_of([wallet.pk], at=attached + SECOND, since={wallet.pk: attached})[wallet.pk]
    assert (view.state, view.amount, view.since) == ("failing", None, attached)


def test_the_looks_of_a_group_speak_for_its_wallets(make_wallets: MakeWallets, noon: datetime) -> None:
    (wallet,) = make_wallets(1)
    snapshots.set_watch(wallet_id=wallet.pk, key="k", cadence_seconds=3600, at=noon)
    for hour in range(3):
        swept({wallet.pk: 5}, at=noon + hour * 3600 * SECOND, height=hour)
    at = noon + 2 * 3600 * SECOND
    view = only(wallet, at)
    assert (view.state, view.block_height, view.looked_at, view.changed_at) == ("ok", 2, at, noon)
    assert only(wallet, at + 7201 * SECOND).state == "stale"


def test_a_sighting_is_what_was_known_at_that_moment(make_wallets: MakeWallets, noon: datetime) -> None:
    (wallet,) = make_wallets(1)
    native = assets()[0]

    def sighting(at: datetime, since: datetime | None = None) -> tuple[int, int] | None:
        with transaction.atomic():
            found = snapshots.keep_sighting(wallet_id=wallet.pk, asset_id=native.pk, at=at, since=since)
            arranged()
        return None if found is None else (found.amount, found.batch.block_height)

    assert sighting(noon) is None
    snapshots.set_watch(wallet_id=wallet.pk, key="k", cadence_seconds=3600, at=noon)
    hour = timedelta(hours=1)
    for number, amount in enumerate([5, 5, 8, 8]):
        swept({wallet.pk: amount}, at=noon + number * hour, height=number)
    assert sighting(noon + 9 * hour) == (8, 3)
    # A moment before the last look: the newest reading by then, with its own look.
    assert sighting(noon + 2 * hour) == (8, 2)
    assert sighting(noon + hour) == (5, 0)
    assert sighting(noon - SECOND) is None
    assert sighting(noon + 9 * hour, since=noon + 4 * hour) is None
    assert sighting(noon + 9 * hour, since=noon + 3 * hour) == (8, 3)


def test_a_look_under_way_is_no_look(make_wallets: MakeWallets, noon: datetime) -> None:
    (wallet,) = make_wallets(1, due=noon)
    claimed(noon)
    assert only(wallet, noon).state == "never_read"
