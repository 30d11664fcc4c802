"""What is shown of a balance: how much, as of when, and how far it can be trusted."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from tests.wallets.nodes import some_address
from wallets import snapshots
from wallets.chains.base import Block, Failure
from wallets.chains.base import Reading as Read
from wallets.models import Asset, Wallet
from wallets.registry import assets_of
from wallets.snapshots.known import stale_after
from wallets.snapshots.record import Answer, Look, record

pytestmark = pytest.mark.django_db

MakeWallets = Callable[..., list[Wallet]]
SECOND = timedelta(seconds=1)


def look_at(wallet: Wallet, at: datetime, **outcomes: Read | Failure) -> None:
    """Record a look with one outcome per asset symbol."""
    snapshots.request_refresh(wallet_ids=[wallet.pk], at=at)
    claim = snapshots.claim_due(chain=wallet.chain, at=at, limit=1)
    assert claim is not None
    assets = {asset.symbol: asset.pk for asset in Asset.objects.filter(chain=wallet.chain)}
    record(
        Look(
            claim,
            "node",
            [Answer(wallet.pk, assets[symbol], outcome) for symbol, outcome in outcomes.items()],
        )
    )


def read(amount: int, at: datetime, height: int = 1) -> Read:
    return Read(amount, Block(height, f"0x{height:064x}", at), 3, "finalized")


def only(wallet: Wallet, at: datetime | None = None) -> snapshots.BalanceView:
    (view,) = snapshots.balances_of([wallet.pk], at=at)[wallet.pk]
    return view


def test_what_was_never_read_has_no_amount(make_wallets: MakeWallets, noon: datetime) -> None:
    (wallet,) = make_wallets(1)
    view = only(wallet, noon)
    assert view.asset.symbol == "devETH"
    assert view.state == "never_read"
    assert view.amount is None
    assert view.block_height is view.taken_at is view.since is view.error is None


def test_a_zero_that_was_read_is_a_zero(make_wallets: MakeWallets, noon: datetime) -> None:
    (wallet,) = make_wallets(1)
    look_at(wallet, noon, devETH=read(0, noon - SECOND, height=7))
    view = only(wallet, noon)
    assert (view.state, view.amount) == ("ok", 0)
    assert (view.block_height, view.block_hash, view.block_time) == (7, f"0x{7:064x}", noon - SECOND)
    assert (view.provider, view.taken_at, view.looked_at) == ("node", noon, noon)
    assert (view.pinned_by, view.took_ms) == ("finalized", 3)
    assert view.reading_id is not None
    assert view.since is None


def test_a_failing_source_is_named_with_its_time_and_the_older_amount(
    make_wallets: MakeWallets, noon: datetime
) -> None:
    (wallet,) = make_wallets(1)
    look_at(wallet, noon, devETH=read(5, noon))
    look_at(wallet, noon + 60 * SECOND, devETH=Failure("unavailable", "HTTP 503"))
    view = only(wallet, noon + 61 * SECOND)
    assert (view.state, view.amount, view.since) == ("failing", 5, noon + 60 * SECOND)
    assert str(view.error) == "The source cannot be reached."
    assert view.error_detail == "HTTP 503"


def test_a_source_that_never_answered_gives_no_amount(make_wallets: MakeWallets, noon: datetime) -> None:
    (wallet,) = make_wallets(1)
    look_at(wallet, noon, devETH=Failure("unavailable", "HTTP 503"))
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
    look_at(wallet, noon, devETH=read(5, noon))
    assert only(wallet, noon + 1200 * SECOND).state == "ok"
    view = only(wallet, noon + 1201 * SECOND)
    assert (view.state, view.amount, view.since) == ("stale", 5, noon)
    # Without a time of one's own it is judged by the database's clock, long after that noon or long before.
    assert only(wallet).state == ("stale" if timezone.now() > noon + 1200 * SECOND else "ok")


def test_a_look_at_the_same_block_keeps_a_balance_fresh(make_wallets: MakeWallets, noon: datetime) -> None:
    (wallet,) = make_wallets(1)
    look_at(wallet, noon, devETH=read(5, noon))
    later = noon + 7200 * SECOND
    look_at(wallet, later, devETH=read(5, noon))
    view = only(wallet, later)
    assert (view.state, view.taken_at, view.looked_at) == ("ok", noon, later)


def test_every_asset_of_the_chain_has_its_line(noon: datetime) -> None:
    wallet = snapshots.ensure_wallet(chain="ethereum", text=some_address(1))
    look_at(wallet, noon, ETH=read(1, noon), USDT=Failure("reverted", ""))
    views = snapshots.balances_of([wallet.pk], at=noon)[wallet.pk]
    assert [(view.asset.symbol, view.state, view.amount) for view in views] == [
        ("ETH", "ok", 1),
        ("USDT", "failing", None),
        ("USDC", "never_read", None),
        ("DAI", "never_read", None),
    ]


def test_a_token_that_left_the_registry_keeps_its_line(
    make_wallets: MakeWallets, noon: datetime, settings: Any
) -> None:
    settings.WALLET_EXTRA_TOKENS = [
        {"chain": "localdev", "contract": some_address(9), "symbol": "dUSD", "decimals": 6, "name": "Demo"}
    ]
    (wallet,) = make_wallets(1)
    look_at(wallet, noon, devETH=read(1, noon), dUSD=read(2, noon))
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
    for wallet in many[:20]:
        look_at(wallet, noon, devETH=read(1, noon))
    for wallets in (few, many):
        ids = [wallet.pk for wallet in wallets]
        assets_of(["localdev", "polygon", "base"])
        with django_assert_num_queries(3):
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
    record(Look(claim, "node", [Answer(wallet.pk, assets_of(["localdev"])["localdev"][0].pk, read(1, noon))]))
    done = progress(later)
    assert (done.state, done.pending, done.last_ok_at, done.error) == ("idle", False, noon, None)
    assert snapshots.progress_of([wallet.pk])[wallet.pk].state == "idle"


def test_progress_names_the_error(make_wallets: MakeWallets, noon: datetime) -> None:
    (wallet,) = make_wallets(1)
    look_at(wallet, noon, devETH=Failure("wrong_chain", "chain id 5 instead of 1"))
    (progress,) = snapshots.progress_of([wallet.pk], at=noon).values()
    assert progress.failing_since == noon
    assert str(progress.error) == "The source answers for another chain."
    assert progress.due_at == noon + 30 * SECOND
