"""The chains that Holdfast knows. A chain is one entry here; how its family is read stands in one file a family."""

from typing import Final

from django.utils.functional import Promise
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from wallets.chains.base import ChainInfo

_FINALIZED = _(
    "Balances are read at the newest block that the chain calls final; where a node does not say, "
    "{confirmations} blocks below the newest one."
)
_UTXO = _(
    "Balances count outputs that are confirmed up to the newest block, which was the same before and after the "
    "look; unconfirmed transactions are not counted."
)
_HIDDEN = _(
    "Balances cannot be observed from outside: the chain hides them. Addresses are recognised and stored."
)


def _evm(
    slug: str,
    name: str,
    chain_id: int,
    symbol: str,
    native_name: str,
    confirmations: int,
    *,
    block_opcodes: bool = True,
) -> ChainInfo:
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
        group_size=2000,
        block_opcodes=block_opcodes,
    )


def _utxo(slug: str, name: str, symbol: str, native_name: str, genesis: str) -> ChainInfo:
    return ChainInfo(
        slug=slug,
        name=name,
        family="utxo",
        native_symbol=symbol,
        native_name=native_name,
        native_decimals=8,
        chain_id=None,
        is_development=False,
        finalized_tag=False,
        confirmations=1,
        finality=_UTXO,
        group_size=200,
        genesis=genesis,
    )


def _other(
    slug: str,
    name: str,
    family: str,
    symbol: str,
    native_name: str,
    decimals: int,
    finality: str | Promise,
    *,
    group_size: int,
    observable: bool = True,
    genesis: str = "",
) -> ChainInfo:
    return ChainInfo(
        slug=slug,
        name=name,
        family=family,  # type: ignore[arg-type]
        native_symbol=symbol,
        native_name=native_name,
        native_decimals=decimals,
        chain_id=None,
        is_development=False,
        finalized_tag=True,
        confirmations=0,
        finality=finality,
        group_size=group_size,
        observable=observable,
        genesis=genesis,
    )


# Chain ids: EIP-155 and the registry of EVM chains (ethereum-lists/chains). Genesis hashes: chainparams.cpp of
# each chain's node. The confirmations stand in for the `finalized` tag only; `settings.WALLET_CONFIRMATIONS`
# overrides them per chain.
_ALL: Final = (
    _utxo(
        "bitcoin",
        "Bitcoin",
        "BTC",
        "Bitcoin",
        "000000000019d6689c085ae165831e934ff763ae46a2a6c172b3f1b60a8ce26f",
    ),
    _utxo(
        "litecoin",
        "Litecoin",
        "LTC",
        "Litecoin",
        "12a765e31ffd4059bada1e25190f6e98c99d9714d334efa41a195a7e7e04bfe2",
    ),
    _utxo(
        "dogecoin",
        "Dogecoin",
        "DOGE",
        "Dogecoin",
        "1a91e3dace36e2be3bf030a65679fe821aa1d6ef92e7c9902eb318182c355691",
    ),
    # Forked from Bitcoin at height 478,559: block 0 does not tell the two apart, the fork block does.
    _utxo(
        "bitcoincash",
        "Bitcoin Cash",
        "BCH",
        "Bitcoin Cash",
        "000000000019d6689c085ae165831e934ff763ae46a2a6c172b3f1b60a8ce26f",
    ),
    _utxo("dash", "Dash", "DASH", "Dash", "00000ffd590b1485b3caadc19b22e6379c733355108f107a430458cdf3407ab6"),
    _utxo(
        "zcash",
        "Zcash (transparent)",
        "ZEC",
        "Zcash",
        "00040fe8ec8471911baa1db1266ea15dd06b4a8a5c453883c000b031973dce08",
    ),
    _other(
        "zcashshielded",
        "Zcash (shielded)",
        "hidden",
        "ZEC",
        "Zcash",
        8,
        _HIDDEN,
        group_size=1,
        observable=False,
    ),
    _other("monero", "Monero", "hidden", "XMR", "Monero", 12, _HIDDEN, group_size=1, observable=False),
    _evm("ethereum", "Ethereum", 1, "ETH", "Ether", 64),
    _evm("bsc", "BNB Smart Chain", 56, "BNB", "BNB", 15),
    _evm("polygon", "Polygon PoS", 137, "POL", "Polygon Ecosystem Token", 256),
    _evm("arbitrum", "Arbitrum One", 42161, "ETH", "Ether", 7200, block_opcodes=False),
    _evm("optimism", "OP Mainnet", 10, "ETH", "Ether", 900),
    _evm("base", "Base", 8453, "ETH", "Ether", 900),
    _evm("avalanche", "Avalanche C-Chain", 43114, "AVAX", "Avalanche", 2),
    _other(
        "tron",
        "Tron",
        "tron",
        "TRX",
        "Tronix",
        6,
        _(
            "Balances are read from the solidified state, which the chain no longer changes; the block was the same "
            "before and after the look."
        ),
        group_size=20,
        genesis="00000000000000001ebf88508a03865c71d452e25f4d51194196a1d22b6653dc",
    ),
    _other(
        "solana",
        "Solana",
        "solana",
        "SOL",
        "Solana",
        9,
        _(
            "Balances are read at one finalized slot. Stake and tokens outside the owner's associated accounts are "
            "not counted."
        ),
        group_size=25,
        genesis="5eykt4UsFv8P8NJdTREpY1vzqKqZKvdpKuc147dw2N9d",
    ),
    _other(
        "xrp",
        "XRP Ledger",
        "xrp",
        "XRP",
        "XRP",
        6,
        _("Balances are read at one validated ledger, named by its hash."),
        group_size=50,
    ),
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
        group_size=2000,
    ),
)

CHAINS: Final[dict[str, ChainInfo]] = {info.slug: info for info in _ALL}
