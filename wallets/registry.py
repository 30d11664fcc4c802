"""Which assets are read on which chain: the native coins, well-known tokens, and what the installation adds.

The rows of `Asset` follow from here. `assets_of` makes rows that are missing, so no start-up hook has to run
first.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from wallets.addresses import AddressError, parse
from wallets.chains.catalogue import CHAINS
from wallets.chains.xrp_tokens import ISSUED_DECIMALS
from wallets.models import Asset

# The families whose chains know tokens that are read here.
TOKEN_FAMILIES: Final = frozenset({"evm", "tron", "solana", "xrp"})
# An amount has up to 78 digits (`BaseUnitsField`); more decimals than that would leave no digit before the point.
MOST_DECIMALS: Final = 77
_SYMBOL: Final = re.compile(r"[!-~]{1,20}", re.ASCII)
_PRICE_KEY: Final = re.compile(r"[A-Z0-9._-]{1,20}", re.ASCII)
# XRP Ledger, "Currency Formats": three letters of this set, never XRP itself, or 160 bits in hex.
_XRP_CURRENCY: Final = re.compile(r"([A-Za-z0-9?!@#$%^&*<>(){}\[\]|]{3}|(?!00)[0-9A-F]{40})", re.ASCII)
_NAME: Final = 80


@dataclass(frozen=True, slots=True)
class Token:
    """A token: its contract in the spelling of its chain's family, so that a slip is caught when the registry is read.

    EVM: EIP-55. Tron: T…. Solana: the mint in Base58. XRP Ledger: `CUR.rIssuer`, CUR being three letters or 40 hex
    digits in capitals. `price_key` is the key under which its price is kept; empty where it has none.
    """

    chain: str
    contract: str
    symbol: str
    decimals: int
    name: str
    price_key: str = ""


# Contracts as published by their issuers: Tether ("Supported protocols and integration guidelines"), Circle ("USDC
# contract addresses"), Sky (chain log, and its page of bridged Dai). Where the issuer is not the one who stands for
# the token on that chain, the name says who is, and the symbol has its usual ending (.e: through the chain's own
# bridge). Such a token is priced as what it is redeemed for; whether it is, is the bridge's promise.
TOKENS: Final = (
    # Ethereum: all three by their issuers.
    Token("ethereum", "0xdAC17F958D2ee523a2206206994597C13D831ec7", "USDT", 6, "Tether USD", "USDT"),
    Token("ethereum", "0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48", "USDC", 6, "USD Coin", "USDC"),
    Token("ethereum", "0x6B175474E89094C44Da98b954EedeAC495271d0F", "DAI", 18, "Dai Stablecoin", "DAI"),
    # BNB Smart Chain: neither Tether nor Circle issues here; Binance locks the originals (its page "Binance-Peg
    # tokens" and proof of collateral). All have 18 decimals, where the originals have 6.
    Token(
        "bsc", "0x55d398326f99059fF775485246999027B3197955", "USDT", 18, "Binance-Peg BSC-USD (USDT)", "USDT"
    ),
    Token("bsc", "0x8AC76a51cc950d9822D68b83fE1Ad97B32Cd580d", "USDC", 18, "Binance-Peg USD Coin", "USDC"),
    Token("bsc", "0x1AF3F329e8BE154074D8769D1FFa4eE058B1DBc3", "DAI", 18, "Binance-Peg Dai Token", "DAI"),
    # Polygon PoS: Circle issues USDC since 2023; the bridged one from before stays in use and is another contract.
    Token(
        "polygon",
        "0xc2132D05D31c914a87C6611C10748AEb04B58e8F",
        "USDT",
        6,
        "Tether USD (bridged, USDT0)",
        "USDT",
    ),
    Token("polygon", "0x3c499c542cEF5E3811e1192ce70d8cC03d5c3359", "USDC", 6, "USD Coin (by Circle)", "USDC"),
    Token(
        "polygon",
        "0x2791Bca1f2de4661ED88A30C99A7a9449Aa84174",
        "USDC.e",
        6,
        "USD Coin (bridged, PoS)",
        "USDC",
    ),
    Token(
        "polygon",
        "0x8f3Cf7ad23Cd3CaDbD9735AFf958023239c6A063",
        "DAI",
        18,
        "Dai Stablecoin (bridged, PoS)",
        "DAI",
    ),
    # Arbitrum One.
    Token(
        "arbitrum",
        "0xFd086bC7CD5C481DCC9C85ebE478A1C0b69FCbb9",
        "USDT",
        6,
        "Tether USD (bridged, USDT0)",
        "USDT",
    ),
    Token(
        "arbitrum", "0xaf88d065e77c8cC2239327C5EDb3A432268e5831", "USDC", 6, "USD Coin (by Circle)", "USDC"
    ),
    Token(
        "arbitrum", "0xFF970A61A04b1cA14834A43f5dE4533eBDDB5CC8", "USDC.e", 6, "USD Coin (bridged)", "USDC"
    ),
    Token(
        "arbitrum", "0xDA10009cBd5D07dd0CeCc66161FC93D7c9000da1", "DAI", 18, "Dai Stablecoin (bridged)", "DAI"
    ),
    # OP Mainnet.
    Token(
        "optimism", "0x94b008aA00579c1307B0EF2c499aD98a8ce58e58", "USDT", 6, "Tether USD (bridged)", "USDT"
    ),
    Token(
        "optimism", "0x0b2C639c533813f4Aa9D7837CAf62653d097Ff85", "USDC", 6, "USD Coin (by Circle)", "USDC"
    ),
    Token(
        "optimism", "0x7F5c764cBc14f9669B88837ca1490cCa17c31607", "USDC.e", 6, "USD Coin (bridged)", "USDC"
    ),
    Token(
        "optimism", "0xDA10009cBd5D07dd0CeCc66161FC93D7c9000da1", "DAI", 18, "Dai Stablecoin (bridged)", "DAI"
    ),
    # Base: USDbC is the name of the bridged USDC there.
    Token("base", "0xfde4C96c8593536E31F229EA8f37b2ADa2699bb2", "USDT", 6, "Tether USD (bridged)", "USDT"),
    Token("base", "0x833589fCD6eDb6E08f4c7C32D4f71b54bdA02913", "USDC", 6, "USD Coin (by Circle)", "USDC"),
    Token(
        "base",
        "0xd9aAEc86B65D86f6A7B5B1b0c42FFA531710b6CA",
        "USDbC",
        6,
        "USD Base Coin (bridged USDC)",
        "USDC",
    ),
    Token("base", "0x50c5725949A6F0c72E6C4a641F24049A917DB0Cb", "DAI", 18, "Dai Stablecoin (bridged)", "DAI"),
    # Avalanche C-Chain: Tether and Circle issue here; the .e tokens came over the bridge before.
    Token(
        "avalanche", "0x9702230A8Ea53601f5cD2dc00fDBc13d4dF4A8c7", "USDT", 6, "Tether USD (by Tether)", "USDT"
    ),
    Token(
        "avalanche", "0xc7198437980c041c805A1EDcbA50c1Ce5db95118", "USDT.e", 6, "Tether USD (bridged)", "USDT"
    ),
    Token(
        "avalanche", "0xB97EF9Ef8734C71904D8002F8b6Bc66Dd9c48a6E", "USDC", 6, "USD Coin (by Circle)", "USDC"
    ),
    Token(
        "avalanche", "0xA7D7079b0FEaD91F3e65f86E8915Cb59c1a4C664", "USDC.e", 6, "USD Coin (bridged)", "USDC"
    ),
    Token(
        "avalanche",
        "0xd586E7F844cEa2F87f50152665BCbc2C279D8d70",
        "DAI.e",
        18,
        "Dai Stablecoin (bridged)",
        "DAI",
    ),
    # Tron: Tether issues here; Circle ended USDC on Tron in 2024, what is left of it is still at its contract.
    Token("tron", "TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t", "USDT", 6, "Tether USD (TRC-20)", "USDT"),
    Token("tron", "TEkxiTehnzSmSe2XqrBj4w32RUN966rdz8", "USDC", 6, "USD Coin (TRC-20, ended)", "USDC"),
    # Solana: both by their issuers.
    Token("solana", "EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTDt1v", "USDC", 6, "USD Coin", "USDC"),
    Token("solana", "Es9vMFrzaCERmJfrF4H2FYD4KCoNkY11McCe8BenwNYB", "USDT", 6, "Tether USD", "USDT"),
)


class AssetConflict(ImproperlyConfigured):
    """A token is already known with another number of decimals: its stored amounts would change their
    meaning.
    """


def registered(chain: str) -> list[Asset]:
    """Unsaved `Asset`s that are to be read on `chain`, the native coin first. Touches no database.

    Raises `ImproperlyConfigured` for a token that is wrongly described, or that shares its contract or its symbol with
    another on the chain (an order to freeze names an asset by its symbol), `KeyError` for an unknown chain.
    """
    info = CHAINS[chain]
    assets = [
        Asset(
            chain=chain,
            kind=Asset.Kind.NATIVE,
            symbol=info.native_symbol,
            decimals=info.native_decimals,
            name=info.native_name,
            # A development chain's coin has no price but one that a demonstration brings along.
            price_key=info.native_symbol.upper(),
        )
    ]
    contracts: dict[str, Token] = {}
    # Without case: "usdt" beside "USDT" is a trap for the eye.
    symbols = {info.native_symbol.casefold()}
    for token in (*TOKENS, *extra_tokens()):
        if token.chain != chain:
            continue
        contract = contract_of(token)
        known = contracts.get(contract)
        if known is not None:
            # What an installation added before a release brought it along stays harmless, unless the two differ.
            if (known.symbol, known.decimals) == (token.symbol, token.decimals):
                continue
            raise ImproperlyConfigured(
                f"the contract of {token.symbol} on {chain} is registered as {known.symbol} with other facts"
            )
        if token.symbol.casefold() in symbols:
            raise ImproperlyConfigured(f"the symbol {token.symbol} stands twice on {chain}")
        contracts[contract] = token
        symbols.add(token.symbol.casefold())
        assets.append(
            Asset(
                chain=chain,
                kind=Asset.Kind.TOKEN,
                contract=contract,
                symbol=token.symbol,
                decimals=token.decimals,
                name=token.name,
                price_key=token.price_key,
            )
        )
    return assets


def extra_tokens() -> list[Token]:
    """The tokens of `settings.WALLET_EXTRA_TOKENS`: dicts with chain, contract, symbol, decimals, name, maybe price_key.

    Raises `ImproperlyConfigured` naming the entry and what is wrong with it.
    """
    return [_extra(number, entry) for number, entry in enumerate(settings.WALLET_EXTRA_TOKENS, start=1)]


def _extra(number: int, entry: object) -> Token:
    where = f"WALLET_EXTRA_TOKENS, entry {number}"
    if not isinstance(entry, Mapping):
        raise ImproperlyConfigured(f"{where}: a mapping is expected")
    needed, allowed = {"chain", "contract", "symbol", "decimals", "name"}, {"price_key"}
    missing, strange = needed - entry.keys(), entry.keys() - needed - allowed
    if missing or strange:
        raise ImproperlyConfigured(
            f"{where}: {_list('missing', missing)}{_list('unknown', strange)}".rstrip("; ")
        )
    for key in (needed | allowed) - {"decimals"}:
        if not isinstance(entry.get(key) or "", str):
            raise ImproperlyConfigured(f"{where}: {key} is a text")
    token = Token(
        chain=entry["chain"],
        contract=entry["contract"],
        symbol=entry["symbol"],
        decimals=_decimals(where, entry["decimals"]),
        name=entry["name"],
        price_key=(entry.get("price_key") or "").upper(),
    )
    _check(where, token)
    return token


def _list(word: str, keys: Iterable[Any]) -> str:
    found = ", ".join(sorted(map(str, keys)))
    return f"{word} {found}; " if found else ""


def _decimals(where: str, value: object) -> int:
    """An int, or its digits as an environment variable has them; never a float or a bool."""
    if isinstance(value, str) and value.isascii() and value.isdigit():
        value = int(value[:4])
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= MOST_DECIMALS:
        raise ImproperlyConfigured(f"{where}: decimals is a whole number from 0 to {MOST_DECIMALS}")
    return value


def _check(where: str, token: Token) -> None:
    info = CHAINS.get(token.chain)
    if info is None:
        raise ImproperlyConfigured(f"{where}: there is no chain “{token.chain}”")
    if info.family not in TOKEN_FAMILIES:
        raise ImproperlyConfigured(f"{where}: no tokens are read on {token.chain}")
    if not _SYMBOL.fullmatch(token.symbol or ""):
        raise ImproperlyConfigured(f"{where}: symbol has 1 to 20 letters of ASCII without blanks")
    if not token.name or not token.name.strip() or len(token.name) > _NAME or not token.name.isprintable():
        raise ImproperlyConfigured(f"{where}: name has 1 to {_NAME} printable characters")
    if token.price_key and not _PRICE_KEY.fullmatch(token.price_key):
        raise ImproperlyConfigured(f"{where}: price_key has 1 to 20 letters, digits, dots or hyphens")
    contract_of(token)


def contract_of(token: Token) -> str:
    """The canonical contract of a token, as `Asset.contract` keeps it. Raises `ImproperlyConfigured`."""
    contract, currency = token.contract, ""
    if CHAINS[token.chain].family == "xrp":
        currency, dot, contract = token.contract.partition(".")
        if not dot or not _XRP_CURRENCY.fullmatch(currency) or currency == "XRP":
            raise ImproperlyConfigured(
                f"the contract of {token.symbol} on {token.chain}: CUR.rIssuer is expected, CUR being three letters "
                "or 40 hex digits in capitals"
            )
        if token.decimals != ISSUED_DECIMALS:
            raise ImproperlyConfigured(
                f"{token.symbol} on {token.chain}: the ledger keeps no decimals of its tokens; here all have "
                f"{ISSUED_DECIMALS}"
            )
        currency += "."
    try:
        address = parse(token.chain, contract)
    except AddressError as error:
        # Not the address that a person just typed: say so, or a form would blame that one.
        raise ImproperlyConfigured(
            f"the contract of {token.symbol} on {token.chain}: {error.message}"
        ) from error
    return currency + address.canonical


def assets_of(chains: Sequence[str]) -> dict[str, list[Asset]]:
    """The saved assets to read, per chain, in the registry's order. One query when none is missing.

    Raises `AssetConflict` when a row disagrees with the registry about decimals.
    """
    wanted = {chain: registered(chain) for chain in chains}
    saved = _saved(chains)
    missing = [
        asset for assets in wanted.values() for asset in assets if (asset.chain, asset.contract) not in saved
    ]
    if missing:
        Asset.objects.bulk_create(missing, ignore_conflicts=True)
        saved = _saved(chains)
    for assets in wanted.values():
        for asset in assets:
            if saved[asset.chain, asset.contract].decimals != asset.decimals:
                raise AssetConflict(f"{asset.symbol} on {asset.chain}")
    return {
        chain: [saved[asset.chain, asset.contract] for asset in assets] for chain, assets in wanted.items()
    }


def ensure_assets() -> int:
    """Make the rows of every registered asset of every chain, and follow changed names. Safe to run twice.

    Returns the number of assets that are registered. Raises `AssetConflict` as `assets_of` does.
    """
    count = 0
    for chain, assets in assets_of(list(CHAINS)).items():
        for asset, wanted in zip(assets, registered(chain), strict=True):
            count += 1
            follows = ("symbol", "name", "price_key")
            if any(getattr(asset, field) != getattr(wanted, field) for field in follows):
                Asset.objects.filter(pk=asset.pk).update(
                    **{field: getattr(wanted, field) for field in follows}
                )
    return count


def _saved(chains: Sequence[str]) -> dict[tuple[str, str], Asset]:
    return {(asset.chain, asset.contract): asset for asset in Asset.objects.filter(chain__in=chains)}
