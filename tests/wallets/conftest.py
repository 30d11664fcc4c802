"""What the wallets' tests share: a database that may be emptied, and wallets at made-up addresses."""

import os
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import psycopg2
import pytest
from django.db.backends.postgresql.operations import DatabaseOperations

from tests.wallets.nodes import some_address
from wallets import snapshots
from wallets.models import Wallet

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


@pytest.fixture(autouse=True, scope="session")
def _flush_past_append_only() -> Iterator[None]:
    """Empty append-only tables after a test that really commits, as the cluster's superuser.

    The application's own role cannot: triggers refuse it, and it lacks the right where that was revoked.
    """

    def execute_sql_flush(self: Any, sql_list: list[str]) -> None:
        superuser = psycopg2.connect(
            os.environ["HOLDFAST_TEST_SUPERUSER_URL"], dbname=self.connection.settings_dict["NAME"]
        )
        try:
            with superuser, superuser.cursor() as cursor:
                cursor.execute("SET LOCAL session_replication_role = replica")
                for sql in sql_list:
                    cursor.execute(sql)
        finally:
            superuser.close()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(DatabaseOperations, "execute_sql_flush", execute_sql_flush)
        yield


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
