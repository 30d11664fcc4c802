"""Looks that overtake each other, wallets that move while they are read, and sources that share a name."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from tests.wallets.looks import assets, claimed, look_of, members_of, named, seen, swept
from wallets import blobs, snapshots
from wallets.chains.providers import seats_of
from wallets.models import Balance, Blob, LookGroup, News, Reading, Wallet, WalletState
from wallets.snapshots.looks import Look, Proof
from wallets.snapshots.proofs import proofs_of
from wallets.snapshots.record import record

pytestmark = pytest.mark.django_db(transaction=True)

MakeWallets = Callable[..., list[Wallet]]
SECOND = timedelta(seconds=1)
HOUR = timedelta(hours=1)


def amount_of(wallet: Wallet) -> int | None:
    return Balance.objects.get(wallet=wallet, asset=assets(wallet.chain)[0]).amount


def test_a_look_says_nothing_of_a_wallet_that_left_its_group_meanwhile(
    make_wallets: MakeWallets, noon: datetime
) -> None:
    """The new group reads it at the same time, and the two records would wait for nothing of each other's."""
    one, two = make_wallets(2, chain="ethereum")
    snapshots.set_watches(wallet_ids=[one.pk, two.pk], key="k", cadence_seconds=3600, at=noon)
    swept({one.pk: 5, two.pk: 5}, at=noon, height=99, chain="ethereum")
    slow = claimed(noon + HOUR, chain="ethereum")
    late = look_of(slow, {one.pk: 9, two.pk: 9}, height=105)
    snapshots.set_watch(wallet_id=one.pk, key="faster", cadence_seconds=300, at=noon + HOUR + SECOND)
    assert record(late)
    assert (amount_of(one), amount_of(two)) == (5, 9)
    assert Reading.objects.filter(wallet=one, asset=assets("ethereum")[0]).count() == 1
    assert [change.wallet_id for change in snapshots.changes_in(News.objects.get().batch_id)] == [two.pk]
    # The new group was not told of block 105, so nothing of block 105 may stand there: this is no older amount.
    swept({one.pk: 6}, at=noon + HOUR + 2 * SECOND, height=100, chain="ethereum")
    assert amount_of(one) == 6
    last = Reading.objects.filter(wallet=one).latest("taken_at")
    assert last.before_batch is not None
    assert (last.before, last.before_batch.block_height) == (5, 99)


def test_a_look_put_together_before_a_slow_request_joined_does_not_speak_for_its_wallet(
    make_wallets: MakeWallets, noon: datetime
) -> None:
    """A request bears the time at which it began; the group may be claimed before it gets to joining."""
    one, two = make_wallets(2)
    seen([two], 5, at=noon - HOUR, height=1)
    snapshots.set_watch(wallet_id=one.pk, key="k", cadence_seconds=3600, at=noon - 2 * HOUR)
    look = look_of(claimed(noon + SECOND), {one.pk: 7}, height=2)
    snapshots.set_watch(wallet_id=two.pk, key="k", cadence_seconds=3600, at=noon)
    assert record(look)
    assert LookGroup.objects.get().size == 2
    (view,) = snapshots.balances_of([two.pk], at=noon + SECOND)[two.pk]
    assert (view.amount, view.block_height, view.looked_at) == (5, 1, noon - HOUR)


def test_a_look_that_ended_before_a_slow_request_joined_does_not_speak_for_its_wallet(
    make_wallets: MakeWallets, noon: datetime
) -> None:
    one, two = make_wallets(2)
    seen([two], 5, at=noon - HOUR, height=1)
    snapshots.set_watch(wallet_id=one.pk, key="k", cadence_seconds=3600, at=noon - 2 * HOUR)
    swept({one.pk: 7}, at=noon + SECOND, height=2)
    snapshots.set_watch(wallet_id=two.pk, key="k", cadence_seconds=3600, at=noon)
    (view,) = snapshots.balances_of([two.pk], at=noon + SECOND)[two.pk]
    assert (view.amount, view.block_height, view.looked_at) == (5, 1, noon - HOUR)


def test_a_single_look_at_an_older_block_does_not_undo_what_its_group_read_meanwhile(
    make_wallets: MakeWallets, noon: datetime
) -> None:
    (wallet,) = make_wallets(1, chain="ethereum")
    snapshots.set_watch(wallet_id=wallet.pk, key="k", cadence_seconds=3600, at=noon)
    swept({wallet.pk: 1}, at=noon, height=99, chain="ethereum")
    group = claimed(noon + HOUR, chain="ethereum")
    snapshots.request_refresh(wallet_ids=[wallet.pk], at=noon + HOUR + SECOND)
    alone = claimed(noon + HOUR + SECOND, chain="ethereum")
    # Another source, some blocks behind, answered the look that began later.
    assert record(look_of(group, {wallet.pk: 9}, height=105))
    assert record(look_of(alone, {wallet.pk: 1}, height=104))
    assert amount_of(wallet) == 9
    (view, *_) = snapshots.balances_of([wallet.pk], at=noon + HOUR + SECOND)[wallet.pk]
    assert (view.amount, view.block_height) == (9, 105)
    assert WalletState.objects.get(wallet=wallet).error_code == "behind"
    assert len(snapshots.changes_in(News.objects.get().batch_id)) == 1


def test_without_the_list_of_members_no_answer_about_another_wallet_is_shown(
    make_wallets: MakeWallets, noon: datetime
) -> None:
    one, two = make_wallets(2, due=noon)
    claim = claimed(noon)
    look: Look = look_of(claim, {one.pk: 5, two.pk: 6}, height=1)
    gone = named(b"never stored")
    proofs = tuple(
        Proof("node:8545", "test", place, 1, 3, blobs.digest_of(b"q"), named(f"about {wallet}".encode()))
        for place, wallet in enumerate(members_of(claim))
    )
    assert record(replace(look, proofs=proofs, members=(gone,)))
    Blob.objects.get(digest=gone[0])  # stored now; what is read below is another digest
    reading = Reading.objects.select_related("batch", "wallet").get(wallet=one)
    reading.batch.members = ["f" * 64]
    assert all(not proof.text for proof in proofs_of(reading))


def test_two_sources_that_bear_one_name_do_not_confirm_each_other(settings: object) -> None:
    """A look that is agreed must name two providers: the table refuses it otherwise, and nothing is ever recorded."""
    settings.WALLET_CHAIN_URLS = {
        "litecoin": ["https://node.example.test", "electrum+tcp://node.example.test"]
    }  # type: ignore[attr-defined]
    _info, seats = seats_of("litecoin")
    assert len({seat.provider for seat in seats}) == len({seat.origin for seat in seats})


def test_one_lie_about_the_height_does_not_end_all_looks(make_wallets: MakeWallets, noon: datetime) -> None:
    """A source named a block far ahead once. The chain's true blocks, later in time, must be believed again some day."""
    (wallet,) = make_wallets(1, chain="ethereum")
    snapshots.set_watch(wallet_id=wallet.pk, key="k", cadence_seconds=3600, at=noon)
    swept({wallet.pk: 1}, at=noon, height=2**62, chain="ethereum")
    later = noon + timedelta(days=30)
    assert record(look_of(claimed(later, chain="ethereum"), {wallet.pk: 2}, height=10**7))
    assert amount_of(wallet) == 2
