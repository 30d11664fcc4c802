"""What the wallets' tests share: a database that may be emptied, and wallets at made-up addresses."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from tests.wallets.nodes import some_address
from wallets import snapshots
from wallets.models import Wallet

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


@pytest.fixture
def noon() -> datetime:
    return NOON


@pytest.fixture
def make_wallets(db: None) -> Callable[..., list[Wallet]]:
    """`make_wallets(3, due=at)`: wallets on the development chain, asked for at `due` if that is given."""

    def make(
        count: int, *, chain: str = "localdev", due: datetime | None = None, start: int = 0
    ) -> list[Wallet]:
        wallets = [
            snapshots.ensure_wallet(chain=chain, text=some_address(number))
            for number in range(start, start + count)
        ]
        if due is not None:
            snapshots.request_refresh(wallet_ids=[wallet.pk for wallet in wallets], at=due)
        return wallets

    return make
