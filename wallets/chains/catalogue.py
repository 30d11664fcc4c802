"""The chains that Holdfast knows."""

from typing import Final

from django.utils.functional import Promise
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from wallets.chains.base import ChainInfo

_FINALIZED = _(
    "Balances are read at the newest block that the chain calls final; where a node does not say, "
    "{confirmations} blocks below the newest one."
)


def _evm(slug: str, name: str, chain_id: int, symbol: str, native_name: str, confirmations: int) -> ChainInfo:
    finality: str | Promise = format_lazy(_FINALIZED, confirmations=confirmations)
    return ChainInfo(
        slug=slug,
        name=name,
        family="evm",
        native_symbol=symbol,
        native_name=native_name,
        native_decimals=18,
        chain_id=chain_id,
        is_development=False,
        finalized_tag=True,
        confirmations=confirmations,
        finality=finality,
    )


# Chain ids: EIP-155 and the registry of EVM chains (ethereum-lists/chains). The confirmations stand in for
# the `finalized` tag only; `settings.WALLET_CONFIRMATIONS` overrides them per chain.
_ALL: Final = (
    ChainInfo(
        slug="bitcoin",
        name="Bitcoin",
        family="bitcoin",
        native_symbol="BTC",
        native_name="Bitcoin",
        native_decimals=8,
        chain_id=None,
        is_development=False,
        finalized_tag=False,
        confirmations=1,
        finality=_(
            "Balances count outputs that are confirmed up to the newest block, which was the same before and "
            "after the look; unconfirmed transactions are not counted."
        ),
    ),
    _evm("ethereum", "Ethereum", 1, "ETH", "Ether", 64),
    _evm("bsc", "BNB Smart Chain", 56, "BNB", "BNB", 15),
    _evm("polygon", "Polygon PoS", 137, "POL", "Polygon Ecosystem Token", 256),
    _evm("arbitrum", "Arbitrum One", 42161, "ETH", "Ether", 7200),
    _evm("optimism", "OP Mainnet", 10, "ETH", "Ether", 900),
    _evm("base", "Base", 8453, "ETH", "Ether", 900),
    _evm("avalanche", "Avalanche C-Chain", 43114, "AVAX", "Avalanche", 2),
    ChainInfo(
        slug="localdev",
        name=_("Local development chain"),
        family="evm",
        native_symbol="devETH",
        native_name="Development ether (no value)",
        native_decimals=18,
        chain_id=31337,
        is_development=True,
        finalized_tag=False,
        confirmations=0,
        finality=_("A chain on this machine, for demonstration; balances are read at its newest block."),
    ),
)

CHAINS: Final[dict[str, ChainInfo]] = {info.slug: info for info in _ALL}
