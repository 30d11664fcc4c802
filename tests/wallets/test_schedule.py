"""Who looks at what, and when: watches, requests, claims and leases."""

import random
import threading
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from django.db import connection, connections, transaction

from tests.wallets.looks import look_of, members_of
from tests.wallets.nodes import some_address
from wallets import snapshots
from wallets.addresses import AddressError
from wallets.chains import CHAINS
from wallets.models import Asset, LookGroup, Wallet, WalletState, Watch
from wallets.snapshots.record import record
from wallets.snapshots.schedule import FREE_RETAKES, LEASE_SECONDS

pytestmark = pytest.mark.django_db

MakeWallets = Callable[..., list[Wallet]]
SECOND = timedelta(seconds=1)
LEASE = LEASE_SECONDS * SECOND


def state_of(wallet: Wallet) -> WalletState:
    return WalletState.objects.get(wallet=wallet)


def claim(at: datetime, limit: int = 100, chain: str = "localdev") -> tuple[int, ...]:
    taken = snapshots.claim_due(chain=chain, at=at, limit=limit)
    return taken.wallets if taken else ()


def test_a_wallet_is_made_once_in_its_canonical_form() -> None:
    first = snapshots.ensure_wallet(chain="ethereum", text=some_address(1).lower())
    again = snapshots.ensure_wallet(chain="ethereum", text=f" {some_address(1)} ")
    other = snapshots.ensure_wallet(chain="polygon", text=some_address(1))
    assert first.address == some_address(1)
    assert first == again != other
    assert state_of(first).due_at is None
    assert Asset.objects.filter(chain="ethereum", kind="native").count() == 1


def test_a_bad_address_makes_no_wallet() -> None:
    with pytest.raises(AddressError):
        snapshots.ensure_wallet(chain="ethereum", text="0x12")
    assert not Wallet.objects.exists()


def test_a_wallet_that_nobody_watches_is_not_due(make_wallets: MakeWallets, noon: datetime) -> None:
    make_wallets(1)
    assert snapshots.due_chains(at=noon) == []
    assert claim(noon) == ()


def test_a_new_watch_makes_the_wallet_due_at_once(make_wallets: MakeWallets, noon: datetime) -> None:
    (wallet,) = make_wallets(1)
    snapshots.set_watch(wallet_id=wallet.pk, key="case 1", cadence_seconds=3600, at=noon)
    assert snapshots.due_chains(at=noon - SECOND) == []
    assert snapshots.due_chains(at=noon) == ["localdev"]
    taken = snapshots.claim_due(chain="localdev", at=noon)
    assert taken is not None
    assert not taken.single
    assert members_of(taken) == [wallet.pk]
    # The next one joins a group whose look may be an hour away: it is due by itself.
    (late,) = make_wallets(1, start=1)
    snapshots.set_watch(wallet_id=late.pk, key="case 1", cadence_seconds=3600, at=noon)
    assert state_of(late).group == state_of(wallet).group
    assert claim(noon) == (late.pk,)


def test_groups_are_filled_and_no_fuller_than_their_chain_allows(
    make_wallets: MakeWallets, noon: datetime
) -> None:
    size = CHAINS["solana"].group_size
    wallets = [
        Wallet.objects.create(chain="solana", address=f"made-up {number}") for number in range(2 * size + 3)
    ]
    WalletState.objects.bulk_create([WalletState(wallet=wallet, chain="solana") for wallet in wallets])
    ids = [wallet.pk for wallet in wallets]
    snapshots.set_watches(wallet_ids=ids, key="k", cadence_seconds=60, at=noon)
    assert sorted(LookGroup.objects.values_list("size", flat=True)) == [3, size, size]
    for group in LookGroup.objects.all():
        assert group.states.count() == group.size
    snapshots.drop_watches(wallet_ids=ids[:5], key="k", at=noon)
    snapshots.set_watches(wallet_ids=ids[:4], key="k", cadence_seconds=60, at=noon)
    assert sorted(LookGroup.objects.values_list("size", flat=True)) == [3, size - 1, size]
    assert not WalletState.objects.filter(wallet__in=ids[4:5], group__isnull=False).exists()


def test_so_many_looks_at_a_chain_and_no_more(
    make_wallets: MakeWallets, noon: datetime, settings: object
) -> None:
    settings.WALLET_PARALLEL_LOOKS = 2  # type: ignore[attr-defined]
    make_wallets(4, due=noon)
    assert claim(noon, limit=1)
    assert claim(noon, limit=1)
    assert claim(noon, limit=1) == ()
    assert claim(noon + LEASE, limit=1)


def test_where_nothing_can_be_observed_nothing_is_asked(noon: datetime) -> None:
    wallet = Wallet.objects.create(chain="monero", address="made up")
    WalletState.objects.create(wallet=wallet, chain="monero")
    snapshots.set_watch(wallet_id=wallet.pk, key="k", cadence_seconds=60, at=noon)
    assert snapshots.request_refresh(wallet_ids=[wallet.pk], at=noon) == 0
    assert snapshots.due_chains(at=noon) == []
    (view,) = snapshots.balances_of([wallet.pk], at=noon)[wallet.pk]
    assert (view.state, view.amount) == ("hidden", None)
    assert "cannot be observed" in str(view.error)


def test_the_shortest_watch_counts(make_wallets: MakeWallets, noon: datetime) -> None:
    (wallet,) = make_wallets(1)
    for key, cadence, expected in [
        ("case", 3600, 3600),
        ("freeze", 300, 300),
        ("case", 7200, 300),
        ("freeze", 600, 600),
    ]:
        snapshots.set_watch(wallet_id=wallet.pk, key=key, cadence_seconds=cadence, at=noon)
        state = state_of(wallet)
        assert state.cadence_seconds == expected
        assert state.group is not None
        assert (state.group.cadence_seconds, state.group.size) == (expected, 1)
    snapshots.drop_watch(wallet_id=wallet.pk, key="freeze", at=noon)
    assert state_of(wallet).cadence_seconds == 7200
    snapshots.drop_watch(wallet_id=wallet.pk, key="case", at=noon)
    snapshots.drop_watch(wallet_id=wallet.pk, key="case", at=noon)
    assert (state_of(wallet).cadence_seconds, state_of(wallet).group) == (None, None)
    assert snapshots.due_chains(at=noon + 9999 * SECOND) == []
    assert set(LookGroup.objects.values_list("size", "due_at")) == {(0, None)}
    assert not Watch.objects.exists()


def test_a_cadence_is_positive(make_wallets: MakeWallets, noon: datetime) -> None:
    (wallet,) = make_wallets(1)
    with pytest.raises(ValueError, match="positive"):
        snapshots.set_watch(wallet_id=wallet.pk, key="k", cadence_seconds=0, at=noon)


def test_dropping_the_last_watch_keeps_a_request(make_wallets: MakeWallets, noon: datetime) -> None:
    (wallet,) = make_wallets(1)
    snapshots.set_watch(wallet_id=wallet.pk, key="k", cadence_seconds=60, at=noon)
    snapshots.request_refresh(wallet_ids=[wallet.pk], at=noon + SECOND)
    snapshots.drop_watch(wallet_id=wallet.pk, key="k", at=noon)
    assert state_of(wallet).due_at == noon + SECOND


def test_a_request_counts_the_wallets_it_reached(make_wallets: MakeWallets, noon: datetime) -> None:
    wallets = make_wallets(3)
    ids = [wallet.pk for wallet in wallets]
    assert snapshots.request_refresh(wallet_ids=[*ids, 10**9], at=noon) == 3
    assert snapshots.request_refresh(wallet_ids=[], at=noon) == 0
    # An older request does not push a newer one back.
    assert snapshots.request_refresh(wallet_ids=ids, at=noon - SECOND) == 3
    assert state_of(wallets[0]).requested_at == noon
    assert state_of(wallets[0]).due_at == noon - SECOND


def test_a_claim_takes_the_longest_overdue_first(make_wallets: MakeWallets, noon: datetime) -> None:
    wallets = make_wallets(4)
    for age, wallet in enumerate(wallets):
        snapshots.request_refresh(wallet_ids=[wallet.pk], at=noon - age * SECOND)
    assert claim(noon, limit=2) == (wallets[2].pk, wallets[3].pk)
    assert claim(noon, limit=9) == (wallets[0].pk, wallets[1].pk)
    assert claim(noon) == ()


def test_a_claim_keeps_to_its_chain(make_wallets: MakeWallets, noon: datetime) -> None:
    (here,) = make_wallets(1, due=noon)
    (there,) = make_wallets(1, chain="polygon", due=noon)
    assert snapshots.due_chains(at=noon) == ["localdev", "polygon"]
    assert claim(noon, chain="polygon") == (there.pk,)
    assert snapshots.due_chains(at=noon) == ["localdev"]
    assert claim(noon) == (here.pk,)


def test_a_lease_that_runs_out_is_taken_again(make_wallets: MakeWallets, noon: datetime) -> None:
    (wallet,) = make_wallets(1, due=noon)
    assert claim(noon) == (wallet.pk,)
    assert claim(noon + LEASE - SECOND) == ()
    assert snapshots.due_chains(at=noon + LEASE - SECOND) == []
    assert snapshots.due_chains(at=noon + LEASE) == ["localdev"]
    assert claim(noon + LEASE) == (wallet.pk,)
    assert state_of(wallet).attempts == 2


def test_the_lease_is_configurable(make_wallets: MakeWallets, noon: datetime, settings: object) -> None:
    settings.WALLET_LEASE_SECONDS = 5  # type: ignore[attr-defined]
    (wallet,) = make_wallets(1, due=noon)
    assert claim(noon) == (wallet.pk,)
    assert claim(noon + 5 * SECOND) == (wallet.pk,)


def test_a_wallet_whose_workers_keep_dying_waits_longer_and_longer(
    make_wallets: MakeWallets, noon: datetime
) -> None:
    (wallet,) = make_wallets(1, due=noon)
    at = noon
    waits: list[timedelta] = []
    for _attempt in range(9):
        assert claim(at) == (wallet.pk,)
        released = at + LEASE
        at = released
        while not claim(at):
            at += 30 * SECOND
        waits.append(at - released)
        WalletState.objects.update(claimed_at=None, claimed_until=None, claim=None)
        WalletState.objects.update(attempts=state_of(wallet).attempts - 1)
    assert waits[:FREE_RETAKES] == [timedelta()] * FREE_RETAKES
    assert waits[FREE_RETAKES:] == sorted(waits[FREE_RETAKES:])
    assert waits[FREE_RETAKES] == 60 * SECOND
    assert waits[-1] > 600 * SECOND


def test_a_request_by_hand_ends_the_wait(make_wallets: MakeWallets, noon: datetime) -> None:
    (wallet,) = make_wallets(1, due=noon)
    claim(noon)
    WalletState.objects.update(attempts=9)
    assert claim(noon + LEASE) == ()
    snapshots.request_refresh(wallet_ids=[wallet.pk], at=noon + LEASE)
    assert claim(noon + LEASE) == (wallet.pk,)


@pytest.mark.django_db(transaction=True)
def test_two_workers_never_take_the_same_wallet(
    make_wallets: MakeWallets, noon: datetime, settings: object
) -> None:
    settings.WALLET_PARALLEL_LOOKS = 100  # type: ignore[attr-defined]
    ids = {wallet.pk for wallet in make_wallets(200, due=noon)}
    start = threading.Barrier(4)
    taken: list[tuple[int, ...]] = []

    def work() -> None:
        try:
            start.wait()
            while batch := claim(noon, limit=7):
                taken.append(batch)
        finally:
            connections.close_all()

    workers = [threading.Thread(target=work) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    everything = [wallet_id for batch in taken for wallet_id in batch]
    assert len(everything) == len(set(everything)) == 200
    assert set(everything) == ids
    assert set(WalletState.objects.values_list("attempts", flat=True)) == {1}


@pytest.mark.django_db(transaction=True)
def test_a_locked_wallet_is_passed_over_and_not_waited_for(make_wallets: MakeWallets, noon: datetime) -> None:
    locked, free = make_wallets(2, due=noon)
    result: list[tuple[int, ...]] = []

    def work() -> None:
        try:
            with connection.cursor() as cursor:
                cursor.execute("SET lock_timeout = '2s'")
            result.append(claim(noon))
        finally:
            connections.close_all()

    with transaction.atomic():
        WalletState.objects.select_for_update().get(wallet=locked)
        worker = threading.Thread(target=work)
        worker.start()
        worker.join()
    assert result == [(free.pk,)]
    assert claim(noon) == (locked.pk,)


@pytest.mark.django_db(transaction=True)
def test_the_same_address_entered_twice_at_once_is_one_wallet() -> None:
    start = threading.Barrier(4)
    made: list[int] = []

    def work() -> None:
        try:
            start.wait()
            made.append(snapshots.ensure_wallet(chain="ethereum", text=some_address(7)).pk)
        finally:
            connections.close_all()

    workers = [threading.Thread(target=work) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert len(made) == 4
    assert len(set(made)) == 1
    assert Asset.objects.filter(chain="ethereum", kind="native").count() == 1


@pytest.mark.django_db(transaction=True)
def test_rivals_in_any_order_never_wait_in_a_circle(make_wallets: MakeWallets, noon: datetime) -> None:
    ids = [wallet.pk for wallet in make_wallets(120, due=noon)]
    start = threading.Barrier(6)
    errors: list[BaseException] = []

    def asks(seed: int) -> None:
        order = random.Random(seed)
        for turn in range(12):
            order.shuffle(ids_of := list(ids))
            snapshots.request_refresh(wallet_ids=ids_of, at=noon + turn * SECOND)

    def looks(seed: int) -> None:
        for turn in range(12):
            at = noon + (turn + 40 * seed) * SECOND
            taken = snapshots.claim_due(chain="localdev", at=at, limit=50)
            if taken:
                record(look_of(taken, dict.fromkeys(members_of(taken), turn), height=turn))

    def run(work: Callable[[int], None], seed: int) -> None:
        try:
            start.wait()
            work(seed)
        except BaseException as error:
            errors.append(error)
        finally:
            connections.close_all()

    def moves(seed: int) -> None:
        order = random.Random(seed)
        for turn in range(8):
            some = order.sample(ids, 40)
            cadence = order.choice([60, 120])
            snapshots.set_watches(wallet_ids=some, key="k", cadence_seconds=cadence, at=noon + turn * SECOND)
            snapshots.drop_watches(wallet_ids=order.sample(ids, 20), key="k", at=noon + turn * SECOND)

    works = (asks, looks, moves)
    workers = [threading.Thread(target=run, args=(work, seed)) for seed in (1, 2) for work in works]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert errors == []
    for group in LookGroup.objects.all():
        assert group.states.count() == group.size
