"""What a look leaves behind: readings where something changed, failures beside them, and the next due time."""

import uuid
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.wallets.looks import (
    DOWN,
    NO_CONTRACT,
    assets,
    claimed,
    look_of,
    seen,
    swept,
)
from wallets import blobs, snapshots
from wallets.chains.base import Failure
from wallets.models import (
    Balance,
    Blob,
    Disagreement,
    LookGroup,
    News,
    ProviderAnswer,
    Reading,
    ReadingBatch,
    SourceFault,
    Wallet,
    WalletState,
)
from wallets.snapshots.looks import Fault
from wallets.snapshots.record import amount_texts, record
from wallets.snapshots.schedule import FIRST_BACKOFF, LONGEST_UNWATCHED

pytestmark = pytest.mark.django_db(transaction=True)

MakeWallets = Callable[..., list[Wallet]]
SECOND = timedelta(seconds=1)
HOUR = timedelta(hours=1)


def state_of(wallet: Wallet) -> WalletState:
    return WalletState.objects.get(wallet=wallet)


def balance_of(wallet: Wallet) -> Balance:
    return Balance.objects.get(wallet=wallet, asset=assets()[0])


def watched(make_wallets: MakeWallets, count: int, at: datetime) -> list[Wallet]:
    """Wallets in one group that is due at `at`, none of them asked for by itself."""
    wallets = make_wallets(count)
    snapshots.set_watches(wallet_ids=[one.pk for one in wallets], key="k", cadence_seconds=3600, at=at)
    return wallets


def test_a_reading_has_its_block_its_provider_and_its_times(
    make_wallets: MakeWallets, noon: datetime
) -> None:
    (wallet,) = make_wallets(1, due=noon)
    claim = claimed(noon)
    assert record(look_of(claim, {wallet.pk: 2**256 - 1}, height=12, when=noon - 9 * SECOND))
    reading = Reading.objects.select_related("batch").get()
    assert (reading.wallet, reading.amount, reading.before) == (wallet, 2**256 - 1, None)
    look = reading.batch
    assert (look.block_height, look.block_hash) == (12, f"0x{12:064x}")
    assert look.block_time == noon - 9 * SECOND
    assert (look.provider, look.pin, look.depth, look.took_ms) == ("node:8545", "hash", "latest", 3)
    assert (reading.taken_at, look.taken_at, look.token) == (noon, noon, claim.token)
    assert (look.agreement, look.wallets, look.requested) == ("single", 1, True)
    state = state_of(wallet)
    assert (state.claim, state.claimed_at, state.claimed_until, state.requested_at, state.due_at) == (
        None,
    ) * 5


def test_the_answer_is_kept_as_it_came(make_wallets: MakeWallets, noon: datetime) -> None:
    (wallet,) = make_wallets(1, due=noon)
    said = b'{"jsonrpc":"2.0","id":1,"result":"0x5"}'
    record(look_of(claimed(noon), {wallet.pk: 5}, height=1, answer=said))
    kept = ProviderAnswer.objects.get()
    assert blobs.get(kept.answer_id) == said
    assert kept.answer_id == blobs.digest_of(said)
    (members,) = ReadingBatch.objects.get().members
    assert blobs.get(members) == wallet.address.encode()


def test_a_damaged_answer_is_noticed(make_wallets: MakeWallets, noon: datetime) -> None:
    other = Blob.objects.create(digest="0" * 64, size=3, body=blobs.pack(b"abc"))
    with pytest.raises(blobs.BlobDamaged):
        blobs.get(other.digest)
    Blob.objects.create(digest="1" * 64, size=3, body=b"no zlib")
    with pytest.raises(blobs.BlobDamaged):
        blobs.get("1" * 64)


def test_history_grows_only_where_something_changed(make_wallets: MakeWallets, noon: datetime) -> None:
    one, two, three = watched(make_wallets, 3, noon)
    swept({one.pk: 5, two.pk: 0, three.pk: 7}, at=noon, height=1)
    assert Reading.objects.count() == 3
    later = noon + HOUR
    swept({one.pk: 5, two.pk: 1, three.pk: 7}, at=later, height=2)
    (changed,) = Reading.objects.filter(taken_at=later)
    assert (changed.wallet, changed.before, changed.amount) == (two, 0, 1)
    assert changed.before_batch is not None
    assert changed.before_batch.block_height == 1
    # That the others were looked at and found the same stands once, on the look.
    group = LookGroup.objects.get()
    assert group.last_batch is not None
    assert (group.last_batch.block_height, group.last_batch.wallets) == (2, 3)
    views = snapshots.balances_of([one.pk], at=later)[one.pk]
    assert (views[0].amount, views[0].block_height, views[0].looked_at) == (5, 2, later)
    assert views[0].changed_at == noon


def test_what_confirmed_the_amount_before_is_the_last_look_and_not_the_last_change(
    make_wallets: MakeWallets, noon: datetime
) -> None:
    (wallet,) = watched(make_wallets, 1, noon)
    for hour, amount in enumerate([5, 5, 5, 9]):
        swept({wallet.pk: amount}, at=noon + hour * HOUR, height=10 + hour)
    last = Reading.objects.get(taken_at=noon + 3 * HOUR)
    assert last.before_batch is not None
    assert (last.before, last.amount, last.before_batch.block_height) == (5, 9, 12)


def test_a_look_that_was_asked_for_leaves_a_line_in_any_case(
    make_wallets: MakeWallets, noon: datetime
) -> None:
    (wallet,) = make_wallets(1)
    seen([wallet], 5, at=noon, height=1)
    seen([wallet], 5, at=noon + SECOND, height=2)
    assert list(Reading.objects.order_by("taken_at").values_list("before", "amount")) == [(None, 5), (5, 5)]
    assert not News.objects.exists()


def test_a_look_is_recorded_once(make_wallets: MakeWallets, noon: datetime) -> None:
    wallets = watched(make_wallets, 2, noon)
    look = look_of(claimed(noon), {one.pk: 5 for one in wallets}, height=1)
    assert record(look)
    assert not record(look)
    assert Reading.objects.count() == 2
    assert ReadingBatch.objects.count() == 1


def test_a_claim_that_another_worker_has_taken_writes_nothing(
    make_wallets: MakeWallets, noon: datetime
) -> None:
    wallets = watched(make_wallets, 2, noon)
    first = claimed(noon)
    second = claimed(noon + timedelta(minutes=5))
    assert second.token != first.token
    assert not record(look_of(first, {one.pk: 1 for one in wallets}, height=1))
    assert not Balance.objects.exists()
    assert record(look_of(second, {one.pk: 2 for one in wallets}, height=2))
    assert {row.amount for row in Balance.objects.filter(amount__isnull=False)} == {2}


def test_another_amount_at_the_same_block_is_not_believed(make_wallets: MakeWallets, noon: datetime) -> None:
    one, two = watched(make_wallets, 2, noon)
    swept({one.pk: 5, two.pk: 6}, at=noon, height=1)
    swept({one.pk: 5, two.pk: 7}, at=noon + HOUR, height=1)
    assert balance_of(two).amount == 6
    assert balance_of(two).error_code == "contradicts"
    assert not News.objects.exists()
    assert Reading.objects.filter(wallet=two).count() == 1


def test_a_failed_read_is_never_an_amount(make_wallets: MakeWallets, noon: datetime) -> None:
    one, two = watched(make_wallets, 2, noon)
    swept({one.pk: 5, two.pk: 6}, at=noon, height=1)
    later = noon + HOUR
    swept({one.pk: DOWN, two.pk: 6}, at=later, height=2)
    balance = balance_of(one)
    assert (balance.amount, balance.failing_since, balance.error_code) == (5, later, "unavailable")
    view = snapshots.balances_of([one.pk], at=later)[one.pk][0]
    assert (view.state, view.amount, view.since, view.block_height) == ("failing", 5, later, 1)
    assert Reading.objects.filter(wallet=one).count() == 1
    # It gets another try of its own, before the hour is over.
    state = state_of(one)
    assert state.due_at == later + FIRST_BACKOFF * SECOND
    assert state.failing_since == later
    assert state_of(two).due_at is None


def test_what_was_never_read_and_fails_has_no_amount(make_wallets: MakeWallets, noon: datetime) -> None:
    (wallet,) = make_wallets(1, due=noon)
    record(look_of(claimed(noon), {wallet.pk: DOWN}, height=1))
    balance = balance_of(wallet)
    assert (balance.amount, balance.read_at, balance.failing_since) == (None, None, noon)
    assert not Reading.objects.exists()
    assert not ReadingBatch.objects.exists()


def test_a_failure_ends_with_the_next_good_look(make_wallets: MakeWallets, noon: datetime) -> None:
    one, two = watched(make_wallets, 2, noon)
    swept({one.pk: 5, two.pk: 6}, at=noon, height=1)
    swept({one.pk: DOWN, two.pk: 6}, at=noon + HOUR, height=2)
    again = noon + HOUR + FIRST_BACKOFF * SECOND
    claim = claimed(again)
    assert claim.wallets == (one.pk,)
    assert record(look_of(claim, {one.pk: 5}, height=3))
    assert balance_of(one).failing_since is None
    assert (state_of(one).failing_since, state_of(one).due_at, state_of(one).attempts) == (None, None, 0)
    view = snapshots.balances_of([one.pk], at=again)[one.pk][0]
    assert (view.state, view.amount, view.block_height) == ("ok", 5, 3)


def test_a_group_that_is_well_again_takes_its_members_along(
    make_wallets: MakeWallets, noon: datetime
) -> None:
    one, two = watched(make_wallets, 2, noon)
    swept({one.pk: 5, two.pk: 6}, at=noon, height=1)
    swept({one.pk: DOWN, two.pk: 6}, at=noon + HOUR, height=2)
    WalletState.objects.update(due_at=None)
    swept({one.pk: 5, two.pk: 6}, at=noon + 2 * HOUR, height=3)
    assert balance_of(one).failing_since is None
    assert state_of(one).failing_since is None
    assert state_of(one).due_at is None


def test_a_source_that_is_down_stands_once_on_the_group(make_wallets: MakeWallets, noon: datetime) -> None:
    wallets = watched(make_wallets, 3, noon)
    swept({one.pk: 5 for one in wallets}, at=noon, height=1)
    later = noon + HOUR
    assert record(look_of(claimed(later), {}, height=0, error=DOWN))
    group = LookGroup.objects.get()
    assert (group.failing_since, group.error_code, group.claim) == (later, "unavailable", None)
    assert group.due_at == later + FIRST_BACKOFF * SECOND
    assert not Balance.objects.filter(failing_since__isnull=False, asset=assets()[0]).exists()
    view = snapshots.balances_of([wallets[0].pk], at=later)[wallets[0].pk][0]
    assert (view.state, view.amount, view.since, view.block_height) == ("failing", 5, later, 1)
    swept({one.pk: 5 for one in wallets}, at=later + FIRST_BACKOFF * SECOND, height=2)
    group.refresh_from_db()
    assert (group.failing_since, group.error_code, group.attempts) == (None, "", 0)


def test_when_every_question_fails_the_source_has_failed(make_wallets: MakeWallets, noon: datetime) -> None:
    wallets = watched(make_wallets, 2, noon)
    assert record(look_of(claimed(noon), {one.pk: DOWN for one in wallets}, height=1))
    assert not ReadingBatch.objects.exists()
    assert LookGroup.objects.get().error_code == "unavailable"


def test_failures_come_back_later_and_later(make_wallets: MakeWallets, noon: datetime) -> None:
    watched(make_wallets, 1, noon)
    waits, at = [], noon
    for _ in range(9):
        record(look_of(claimed(at), {}, height=0, error=DOWN))
        due = LookGroup.objects.get().due_at
        assert due is not None
        waits.append(int((due - at).total_seconds()))
        at = due
    assert waits == [30, 60, 120, 240, 480, 960, 1920, 3600, 3600]


def test_a_provider_that_asks_for_rest_gets_it(make_wallets: MakeWallets, noon: datetime) -> None:
    (wallet,) = make_wallets(1, due=noon)
    record(look_of(claimed(noon), {}, height=0, error=Failure("rate_limited", ""), retry_after=300))
    assert state_of(wallet).due_at == noon + 300 * SECOND


def test_a_wallet_that_nobody_watches_is_let_go_in_the_end(make_wallets: MakeWallets, noon: datetime) -> None:
    (wallet,) = make_wallets(1, due=noon)
    at = noon
    for attempt in range(LONGEST_UNWATCHED):
        record(look_of(claimed(at), {}, height=0, error=DOWN))
        due = state_of(wallet).due_at
        if attempt < LONGEST_UNWATCHED - 1:
            assert due is not None
            at = due
    assert due is None
    assert state_of(wallet).failing_since == noon


def test_an_unsupported_token_does_not_trouble_the_wallet(
    make_wallets: MakeWallets, noon: datetime, two_assets: None
) -> None:
    (wallet,) = make_wallets(1, due=noon)
    record(look_of(claimed(noon), {wallet.pk: [5, NO_CONTRACT]}, height=1))
    assert state_of(wallet).failing_since is None
    native, token = snapshots.balances_of([wallet.pk], at=noon)[wallet.pk]
    assert (native.state, native.amount) == ("ok", 5)
    assert (token.state, token.amount, token.error_code) == ("failing", None, "no_contract")


def test_a_request_during_a_look_is_followed_by_another_look(
    make_wallets: MakeWallets, noon: datetime
) -> None:
    (wallet,) = make_wallets(1, due=noon)
    claim = claimed(noon)
    snapshots.request_refresh(wallet_ids=[wallet.pk], at=noon + SECOND)
    record(look_of(claim, {wallet.pk: 5}, height=1))
    assert state_of(wallet).due_at == noon + SECOND
    assert state_of(wallet).requested_at == noon + SECOND


def test_a_late_look_of_a_group_does_not_undo_a_newer_one_of_a_wallet(
    make_wallets: MakeWallets, noon: datetime
) -> None:
    one, two = watched(make_wallets, 2, noon)
    slow = claimed(noon)
    seen([one], 9, at=noon + SECOND, height=5)
    assert record(look_of(slow, {one.pk: 1, two.pk: 2}, height=4))
    assert balance_of(one).amount == 9
    assert balance_of(two).amount == 2
    view = snapshots.balances_of([one.pk], at=noon + SECOND)[one.pk][0]
    assert (view.amount, view.block_height) == (9, 5)


def test_a_late_look_of_a_wallet_does_not_undo_a_newer_one_of_its_group(
    make_wallets: MakeWallets, noon: datetime
) -> None:
    one, two = watched(make_wallets, 2, noon)
    swept({one.pk: 1, two.pk: 2}, at=noon, height=1)
    snapshots.request_refresh(wallet_ids=[one.pk], at=noon + HOUR)
    slow = claimed(noon + HOUR)
    swept({one.pk: 9, two.pk: 2}, at=noon + HOUR + SECOND, height=3)
    assert record(look_of(slow, {one.pk: 5}, height=2))
    assert balance_of(one).amount == 9
    assert state_of(one).claim is None
    assert [row.amount for row in Reading.objects.filter(wallet=one).order_by("taken_at")] == [1, 9]


def test_a_wallet_that_changes_its_group_keeps_what_was_known(
    make_wallets: MakeWallets, noon: datetime
) -> None:
    one, two = watched(make_wallets, 2, noon)
    for hour in range(3):
        swept({one.pk: 5, two.pk: 6}, at=noon + hour * HOUR, height=10 + hour)
    moved = noon + 2 * HOUR + SECOND
    snapshots.set_watch(wallet_id=one.pk, key="faster", cadence_seconds=300, at=moved)
    view = snapshots.balances_of([one.pk], at=moved)[one.pk][0]
    assert (view.amount, view.block_height, view.looked_at) == (5, 12, noon + 2 * HOUR)
    # What the old group sees from now on says nothing of this wallet.
    snapshots.request_refresh(wallet_ids=[two.pk], at=moved)
    old = LookGroup.objects.get(cadence_seconds=3600)
    assert (old.size, state_of(one).group_id != old.pk) == (1, True)


def test_a_block_seen_before_the_wallet_joined_is_not_its_look(
    make_wallets: MakeWallets, noon: datetime
) -> None:
    one, two = make_wallets(2)
    snapshots.set_watch(wallet_id=one.pk, key="k", cadence_seconds=3600, at=noon)
    claim = claimed(noon)
    snapshots.set_watch(wallet_id=two.pk, key="k", cadence_seconds=3600, at=noon + SECOND)
    look = look_of(claim, {one.pk: 5, two.pk: 6}, height=1)
    # The question was put together before the second wallet joined.
    first = replace(
        look,
        ids=str(one.pk),
        answers=replace(look.answers, words=look.answers.words[: 32 * len(assets())], failures={})
        if look.answers
        else None,
    )
    assert record(first)
    assert snapshots.balances_of([two.pk], at=noon + SECOND)[two.pk][0].state == "never_read"


def test_changes_are_news_and_first_readings_are_not(make_wallets: MakeWallets, noon: datetime) -> None:
    one, two = watched(make_wallets, 2, noon)
    swept({one.pk: 5, two.pk: 6}, at=noon, height=1)
    assert snapshots.claim_news(at=noon) == []
    later = noon + HOUR
    swept({one.pk: 5, two.pk: 60}, at=later, height=2)
    (batch,) = snapshots.claim_news(at=later)
    (change,) = snapshots.changes_in(batch)
    assert (change.wallet_id, change.before, change.amount, change.taken_at) == (two.pk, 6, 60, later)
    assert ReadingBatch.objects.get(pk=change.before_batch_id).block_height == 1
    assert snapshots.changes_in(batch, wallet_ids=[one.pk]) == []
    # While it is claimed nobody else gets it; a reader that died loses it after a minute.
    assert snapshots.claim_news(at=later + SECOND) == []
    assert snapshots.claim_news(at=later + timedelta(minutes=2)) == [batch]
    snapshots.finish_news(batch)
    assert snapshots.claim_news(at=later + HOUR) == []


def test_a_disagreement_is_stored_told_and_believed_by_nobody(
    make_wallets: MakeWallets, noon: datetime
) -> None:
    one, two = watched(make_wallets, 2, noon)
    swept({one.pk: 5, two.pk: 6}, at=noon, height=1)
    later = noon + HOUR
    look = look_of(
        claimed(later), {one.pk: 5, two.pk: (7, 8)}, height=2, agreement="agreed", seconded_by="other:8545"
    )
    assert record(look)
    (stored,) = Disagreement.objects.all()
    assert (stored.wallet, stored.amount, stored.other_amount) == (two, 7, 8)
    assert (stored.provider, stored.other_provider) == ("node:8545", "other:8545")
    view = snapshots.balances_of([two.pk], at=later)[two.pk][0]
    assert (view.state, view.amount, view.block_height, view.error_code) == ("failing", 6, 1, "disagrees")
    good = snapshots.balances_of([one.pk], at=later)[one.pk][0]
    assert (good.state, good.agreement, good.seconded_by) == ("ok", "agreed", "other:8545")
    (batch,) = snapshots.claim_news(at=later)
    assert snapshots.changes_in(batch) == []
    assert [row.wallet_id for row in snapshots.disagreements_in(batch)] == [two.pk]


def test_a_first_look_in_which_all_disagree_is_stored_as_well(
    make_wallets: MakeWallets, noon: datetime
) -> None:
    (wallet,) = watched(make_wallets, 1, noon)
    assert record(
        look_of(claimed(noon), {wallet.pk: (7, 8)}, height=2, agreement="agreed", seconded_by="other:8545")
    )
    assert Disagreement.objects.count() == 1
    assert balance_of(wallet).amount is None


def test_faults_are_counted_by_day(make_wallets: MakeWallets, noon: datetime) -> None:
    (wallet,) = watched(make_wallets, 1, noon)
    faults = [Fault("a:1", "bad_answer", "x"), Fault("a:1", "bad_answer", "y"), Fault("b:1", "resting", "")]
    for hour in range(2):
        at = noon + hour * HOUR
        record(look_of(claimed(at), {wallet.pk: 5}, height=1 + hour, faults=faults))
    rows = SourceFault.objects.order_by("provider").values_list("provider", "code", "count", "last_detail")
    assert list(rows) == [("a:1", "bad_answer", 4, "y"), ("b:1", "resting", 2, "")]


def test_a_long_error_is_cut_and_not_lost(make_wallets: MakeWallets, noon: datetime) -> None:
    (wallet,) = make_wallets(1, due=noon)
    record(look_of(claimed(noon), {wallet.pk: Failure("bad_answer", "x" * 1000)}, height=1))
    assert state_of(wallet).error_text == "x" * 300


def test_an_error_of_ours_writes_nothing(make_wallets: MakeWallets, noon: datetime) -> None:
    wallets = watched(make_wallets, 2, noon)
    look = look_of(claimed(noon), {one.pk: 5 for one in wallets}, height=1)
    with pytest.raises(Exception, match="duplicate key"):
        # The look's proof cannot be stored, so neither are its amounts.
        record(replace(look, proofs=(look.proofs[0],), claim=replace(look.claim, token=_used_token(noon))))
    assert not Balance.objects.exists()


def _used_token(at: datetime) -> uuid.UUID:
    """A token that a stored look bears already, put on the groups so that the claim seems to be ours."""
    token = uuid.uuid4()
    LookGroup.objects.update(claim=token)
    ReadingBatch.objects.create(
        token=token, chain="localdev", taken_at=at, took_ms=1, block_height=1, block_hash="0x1", block_time=at,
        pin="hash", depth="latest", provider="x", agreement="single", wallets=1, assets=[], members=[],
    )  # fmt: skip
    return token


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(amounts=st.lists(st.integers(min_value=0, max_value=2**256 - 1), min_size=1, max_size=8))
def test_any_amounts_come_back_as_the_same_integers(
    make_wallets: MakeWallets, noon: datetime, amounts: list[int]
) -> None:
    wallets = make_wallets(len(amounts), start=100)
    at = noon + HOUR * Reading.objects.count()
    snapshots.request_refresh(wallet_ids=[one.pk for one in wallets], at=at)
    height = 1 + ReadingBatch.objects.count()
    said = {wallet.pk: amount for wallet, amount in zip(wallets, amounts, strict=True)}
    assert record(look_of(claimed(at), said, height=height))
    views = snapshots.balances_of(said, at=at)
    assert {pk: views[pk][0].amount for pk in said} == said


def test_words_become_decimal_text() -> None:
    numbers = [0, 1, 2**64 - 1, 2**64, 2**128, 2**192 + 5, 2**256 - 1]
    assert amount_texts(b"".join(number.to_bytes(32, "big") for number in numbers)) == [
        str(n) for n in numbers
    ]
