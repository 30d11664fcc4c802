"""Which assets are read on which chain: the native coins, well-known tokens, and what the installation adds.

The rows of `Asset` follow from here. `assets_of` makes rows that are missing, so no start-up hook has to run
first.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from wallets.addresses import AddressError, parse
from wallets.chains.catalogue import CHAINS
from wallets.models import Asset


@dataclass(frozen=True, slots=True)
class Token:
    """A token contract, in EIP-55 spelling so that a slip is caught when the registry is read."""

    chain: str
    contract: str
    symbol: str
    decimals: int
    name: str


# Contracts as published by their issuers (Tether "Supported protocols", Circle "USDC contract addresses",
# MakerDAO/Sky chain log).
TOKENS: Final = (
    Token("ethereum", "0xdAC17F958D2ee523a2206206994597C13D831ec7", "USDT", 6, "Tether USD"),
    Token("ethereum", "0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48", "USDC", 6, "USD Coin"),
    Token("ethereum", "0x6B175474E89094C44Da98b954EedeAC495271d0F", "DAI", 18, "Dai Stablecoin"),
)


class AssetConflict(ImproperlyConfigured):
    """A token is already known with another number of decimals: its stored amounts would change their
    meaning.
    """


def registered(chain: str) -> list[Asset]:
    """Unsaved `Asset`s that are to be read on `chain`, the native coin first. Touches no database.

    Raises `ImproperlyConfigured` for a contract that is no address of its chain, `KeyError` for an unknown
    chain.
    """
    info = CHAINS[chain]
    assets = [
        Asset(
            chain=chain,
            kind=Asset.Kind.NATIVE,
            symbol=info.native_symbol,
            decimals=info.native_decimals,
            name=info.native_name,
        )
    ]
    extra = [
        Token(
            chain=token["chain"],
            contract=token["contract"],
            symbol=token["symbol"],
            decimals=int(token["decimals"]),
            name=token["name"],
        )
        for token in settings.WALLET_EXTRA_TOKENS
    ]
    seen: set[str] = set()
    for token in (*TOKENS, *extra):
        if token.chain != chain:
            continue
        try:
            contract = parse(chain, token.contract).canonical
        except AddressError as error:
            # Not the address that a person just typed: say so, or a form would blame that one.
            raise ImproperlyConfigured(
                f"the contract of {token.symbol} on {chain}: {error.message}"
            ) from error
        if contract in seen:
            continue
        seen.add(contract)
        assets.append(
            Asset(
                chain=chain,
                kind=Asset.Kind.TOKEN,
                contract=contract,
                symbol=token.symbol,
                decimals=token.decimals,
                name=token.name,
            )
        )
    return assets


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
            if (asset.symbol, asset.name) != (wanted.symbol, wanted.name):
                Asset.objects.filter(pk=asset.pk).update(symbol=wanted.symbol, name=wanted.name)
    return count


def _saved(chains: Sequence[str]) -> dict[tuple[str, str], Asset]:
    return {(asset.chain, asset.contract): asset for asset in Asset.objects.filter(chain__in=chains)}
