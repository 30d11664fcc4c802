"""What one case's interest in a wallet may change for another: nothing that the other can see, and no amount."""

from contextlib import nullcontext
from datetime import timedelta
from typing import Any

import pytest

from cases.queries.sight import Sight
from cases.queries.wallets import history, rows_for
from cases.queries.work import failing_wallets
from tests.support.casework import Casework, moment
from tests.support.looks import looked, swept
from tests.wallets.looks import DOWN, block_at
from wallets import snapshots
from wallets.chains.base import Answers, Pinned
from wallets.chains.panel import PanelReading
from wallets.models import Balance, LookGroup, ReadingBatch, WalletState
from wallets.registry import ensure_assets
from wallets.snapshots import look

pytestmark = pytest.mark.django_db


class Lagging:
    """A source that is some blocks behind, as another one is after a failover."""

    faults = ()

    def read(self, addresses: list[str], contracts: list[str]) -> PanelReading:
        pinned = Pinned(block_at(100, moment() - timedelta(minutes=1)), "hash", "latest")
        words = (1).to_bytes(32, "big") * len(addresses) * len(contracts)
        return PanelReading(Answers(pinned, words), "node.example.test", "single")


def test_an_older_block_does_not_overwrite_what_a_single_look_read(
    casework: Casework, monkeypatch: pytest.MonkeyPatch
) -> None:
    ensure_assets()
    wallet = casework.wallet()
    swept({wallet: {"ETH": 2}}, at=moment(), height=99)
    looked({wallet: {"ETH": 5}}, at=moment(), height=105)
    WalletState.objects.update(due_at=None, requested_at=None)
    LookGroup.objects.update(due_at=moment())
    monkeypatch.setattr(look, "panel_for", lambda _chain: nullcontext(Lagging()))
    snapshots.refresh_due(chain="ethereum", at=moment())
    balance = Balance.objects.get(wallet=wallet.wallet, asset__symbol="ETH")
    assert balance.batch is not None
    assert (balance.amount, balance.batch.block_height) == (5, 105)
    assert LookGroup.objects.get().error_code == "behind"


def test_a_single_look_that_overtakes_a_group_look_is_not_undone_by_it(casework: Casework) -> None:
    ensure_assets()
    wallet = casework.wallet()
    swept({wallet: {"ETH": 2}}, at=moment(), height=99)
    looked({wallet: {"ETH": 5}}, at=moment(), height=105)
    # The group's look was put together before that, and its answers are older: no look is stored.
    with pytest.raises(ReadingBatch.DoesNotExist):
        swept({wallet: {"ETH": 2}}, at=moment(), height=100)
    assert Balance.objects.get(wallet=wallet.wallet, asset__symbol="ETH").amount == 5


def test_a_failure_that_another_case_saw_is_not_told(casework: Casework) -> None:
    ensure_assets()
    other = Casework.opened().wallet()
    looked({other: {"ETH": DOWN}}, at=moment())
    wallet = casework.wallet()
    (row,) = rows_for([wallet], at=moment())
    assert {view.state for view in row.balances} == {"never_read"}


def test_looks_that_another_case_had_are_not_told(casework: Casework) -> None:
    ensure_assets()
    other = Casework.opened().wallet()
    looked({other: {"ETH": 1}}, at=moment())
    wallet = casework.wallet()
    (row,) = rows_for([wallet], at=moment())
    assert row.progress is not None
    assert (row.progress.last_look_at, row.progress.failing_since) == (None, None)


def test_that_another_case_asked_for_a_look_is_not_told(casework: Casework) -> None:
    ensure_assets()
    wallet = casework.wallet()
    looked({wallet: {"ETH": 1}}, at=moment())
    Casework.opened().wallet()
    (row,) = rows_for([wallet], at=moment())
    assert row.progress is not None
    assert (row.progress.requested_at, row.busy) == (None, False)


def test_a_look_that_another_case_asked_for_leaves_no_line(casework: Casework) -> None:
    """The case had its own look; the other one's found nothing else."""
    ensure_assets()
    wallet = casework.wallet()
    looked({wallet: {"ETH": 1}}, at=moment())
    (before,), lines = rows_for([wallet], at=moment()), list(history(wallet).rows)
    looked({Casework.opened().wallet(): {"ETH": 1}}, at=moment())
    (row,) = rows_for([wallet], at=moment())
    assert row.balances[0].changed_at == before.balances[0].changed_at
    assert list(history(wallet).rows) == lines


def test_how_often_another_case_looks_is_not_told(casework: Casework, settings: Any) -> None:
    """A case that asks for a look a day sees when its own next one is due, and is not called stale for another's haste."""
    ensure_assets()
    settings.WATCH_OPEN_SECONDS = 86_400
    wallet = casework.wallet()
    looked({wallet: {"ETH": 1}}, at=moment())
    WalletState.objects.update(due_at=None, requested_at=None)
    LookGroup.objects.update(due_at=moment() + timedelta(days=1))
    settings.WATCH_OPEN_SECONDS = 300
    Casework.opened().wallet()
    WalletState.objects.update(due_at=None, requested_at=None)
    later = moment() + timedelta(hours=1)
    (row,) = rows_for([wallet], at=later)
    assert row.progress is not None
    assert row.balances[0].state == "ok"
    assert row.progress.due_at is None or row.progress.due_at > later


def test_the_start_page_tells_no_failure_from_before(casework: Casework) -> None:
    ensure_assets()
    other = Casework.opened().wallet()
    looked({other: {"ETH": DOWN}}, at=moment())
    casework.wallet()
    assert failing_wallets(Sight.of_case(casework.case)) == []
