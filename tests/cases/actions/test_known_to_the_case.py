"""What a case may know of a wallet: looks from the moment on at which it was attached, none that served another case."""

from collections.abc import Callable

import pytest

from cases.models import CaseWallet
from cases.queries import freezes, wallets
from tests.support.casework import Casework, moment
from tests.support.looks import looked
from wallets.registry import ensure_assets
from wallets.snapshots import BalanceView

Shown = Callable[[Casework, CaseWallet], list[BalanceView]]


def on_the_wallets_page(_casework: Casework, wallet: CaseWallet) -> list[BalanceView]:
    (row,) = wallets.rows_for([wallet], at=moment())
    return row.balances


def on_the_form_of_a_freeze(casework: Casework, wallet: CaseWallet) -> list[BalanceView]:
    target = freezes.target_of(casework.case, f"wallet-{wallet.number}", at=moment())
    return [row.view for row in target.assets if row.view is not None]


def on_the_page_of_a_freeze(casework: Casework, wallet: CaseWallet) -> list[BalanceView]:
    freeze = casework.case.freezes.first() or casework.proposed_freeze(wallet_number=wallet.number)  # type: ignore[attr-defined]
    return list(freezes.freeze_content(freeze, at=moment()).balances)


@pytest.mark.parametrize(
    "shown",
    [on_the_wallets_page, on_the_form_of_a_freeze, on_the_page_of_a_freeze],
    ids=lambda each: each.__name__,
)
def test_what_was_seen_for_another_case_is_not_shown(casework: Casework, shown: Shown) -> None:
    ensure_assets()
    looked({Casework.opened().wallet(): {"ETH": 7}}, at=moment())
    wallet = casework.wallet()
    views = shown(casework, wallet)
    assert {(view.asset.symbol, view.state, view.amount, view.looked_at) for view in views} == {
        (symbol, "never_read", None, None) for symbol in ("ETH", "USDT", "USDC", "DAI")
    }
    look = looked({wallet: {"ETH": 7}}, at=moment())
    coin, *_tokens = shown(casework, wallet)
    assert (coin.state, coin.amount, coin.batch_id, coin.looked_at) == ("ok", 7, look.pk, look.taken_at)
