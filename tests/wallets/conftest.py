"""What the wallets' tests share: a database that may be emptied, and wallets at made-up addresses."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.wallets.nodes import some_address
from wallets import snapshots
from wallets.chains import http, manners, panel
from wallets.models import Wallet

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _forget_providers() -> Iterator[None]:
    """What this process remembers of providers: the next test's may listen on the same port."""
    yield
    manners.forget()
    panel.forget()
    http.close_clients()


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


@pytest.fixture
def two_assets(settings: Any) -> None:
    """The development chain has a token beside its coin."""
    settings.WALLET_EXTRA_TOKENS = [
        {
            "chain": "localdev",
            "contract": some_address(99),
            "symbol": "dUSD",
            "decimals": 6,
            "name": "Demonstration dollar",
        }
    ]
