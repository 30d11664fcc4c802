"""Which chains and assets there are, and whose servers may be asked."""

from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured

from tests.wallets.nodes import some_address
from wallets import chains, registry, snapshots
from wallets.addresses import parse
from wallets.chains.base import ERROR_TEXTS, ChainError, NotConfigured, PublicProviderRefused, SourceRefused
from wallets.chains.bitcoin import BitcoinSource
from wallets.chains.catalogue import CHAINS
from wallets.chains.evm import EvmSource
from wallets.models import Asset


@pytest.fixture(autouse=True)
def _nothing_configured(settings: Any) -> None:
    settings.WALLET_CHAIN_URLS = {}
    settings.WALLET_EXTRA_TOKENS = []
    settings.ALLOW_PUBLIC_PROVIDERS = False
    settings.DEMO = True


@pytest.mark.parametrize(
    "url",
    [
        "https://blockstream.info/api",
        "https://mainnet.infura.io/v3/key",
        "https://ETH-MAINNET.G.ALCHEMY.COM./v2/key",
        "https://user:key@ethereum.publicnode.com:443",
        "https://arb1.arbitrum.io/rpc",
    ],
)
def test_a_public_provider_is_refused_without_a_clear_yes(url: str, settings: Any) -> None:
    settings.WALLET_CHAIN_URLS = {"ethereum": url}
    assert chains.is_public_provider(url)
    assert chains.configured() == []
    assert [info.slug for info in chains.refused()] == ["ethereum"]
    with pytest.raises(PublicProviderRefused):
        chains.source_for("ethereum")
    settings.ALLOW_PUBLIC_PROVIDERS = True
    assert [info.slug for info in chains.configured()] == ["ethereum"]
    assert chains.refused() == []
    with chains.source_for("ethereum") as source:
        assert "key" not in source.provider


@pytest.mark.parametrize(
    "url",
    ["http://127.0.0.1:8545", "http://node.internal", "https://notinfura.io", "https://infura.io.internal"],
)
def test_a_server_of_one_s_own_is_not_public(url: str) -> None:
    assert not chains.is_public_provider(url)


def test_a_source_fits_its_chain(settings: Any) -> None:
    settings.WALLET_CHAIN_URLS = {
        "bitcoin": "http://node.internal/api",
        "polygon": "http://node.internal:8545",
    }
    with chains.source_for("bitcoin") as bitcoin, chains.source_for("polygon") as polygon:
        assert isinstance(bitcoin, BitcoinSource)
        assert isinstance(polygon, EvmSource)
        assert polygon.info.chain_id == 137
        assert (bitcoin.provider, polygon.provider) == ("node.internal", "node.internal:8545")
    assert [info.slug for info in chains.configured()] == ["bitcoin", "polygon"]


@pytest.mark.parametrize("chain", ["ethereum", "dogecoin", ""])
def test_a_chain_without_source_is_not_configured(chain: str) -> None:
    with pytest.raises(NotConfigured):
        chains.source_for(chain)


def test_a_source_with_a_senseless_url_is_refused_by_name(settings: Any) -> None:
    settings.WALLET_CHAIN_URLS = {"ethereum": "node:8545"}
    with pytest.raises(SourceRefused):
        chains.source_for("ethereum")


def test_the_development_chain_exists_in_a_demonstration_only(settings: Any) -> None:
    settings.WALLET_CHAIN_URLS = {"localdev": "http://127.0.0.1:8545"}
    assert [info.slug for info in chains.configured()] == ["localdev"]
    settings.DEMO = False
    assert chains.configured() == []
    with pytest.raises(NotConfigured):
        chains.source_for("localdev")


def test_every_error_has_a_sentence() -> None:
    def codes(kind: type[ChainError]) -> set[str]:
        return {kind.code}.union(*(codes(sub) for sub in kind.__subclasses__()))

    assert codes(ChainError) <= set(ERROR_TEXTS)


def test_chain_ids_are_the_chains_own() -> None:
    """EIP-155 chain ids as published by each chain."""
    ids = {slug: info.chain_id for slug, info in CHAINS.items()}
    assert ids == {
        "bitcoin": None,
        "ethereum": 1,
        "bsc": 56,
        "polygon": 137,
        "arbitrum": 42161,
        "optimism": 10,
        "base": 8453,
        "avalanche": 43114,
        "localdev": 31337,
    }
    assert [slug for slug, info in CHAINS.items() if info.is_development] == ["localdev"]


def test_token_contracts_are_spelled_with_their_checksum() -> None:
    for token in registry.TOKENS:
        assert parse(token.chain, token.contract).checksum == "valid"


def demo(**changes: object) -> dict[str, object]:
    return {
        "chain": "localdev",
        "contract": some_address(3),
        "symbol": "dUSD",
        "decimals": 6,
        "name": "Demo",
        **changes,
    }


@pytest.mark.django_db
def test_assets_are_made_once(settings: Any, django_assert_num_queries: Any) -> None:
    settings.WALLET_EXTRA_TOKENS = [demo(), demo(contract=some_address(3).lower())]
    assert registry.ensure_assets() == Asset.objects.count() == len(CHAINS) + len(registry.TOKENS) + 1
    assert registry.ensure_assets() == Asset.objects.count()
    assert [asset.symbol for asset in registry.assets_of(["localdev"])["localdev"]] == ["devETH", "dUSD"]
    assert [asset.symbol for asset in registry.assets_of(["ethereum"])["ethereum"]] == [
        "ETH",
        "USDT",
        "USDC",
        "DAI",
    ]
    with django_assert_num_queries(1):
        registry.assets_of(["ethereum", "localdev"])


@pytest.mark.django_db
def test_a_token_may_change_its_name_but_never_its_decimals(settings: Any) -> None:
    settings.WALLET_EXTRA_TOKENS = [demo()]
    registry.ensure_assets()
    settings.WALLET_EXTRA_TOKENS = [demo(symbol="dEUR", name="Other")]
    registry.ensure_assets()
    assert Asset.objects.get(kind="token", chain="localdev").symbol == "dEUR"
    settings.WALLET_EXTRA_TOKENS = [demo(decimals=18)]
    with pytest.raises(registry.AssetConflict):
        registry.ensure_assets()


@pytest.mark.django_db
def test_a_bad_contract_is_blamed_on_the_settings(settings: Any) -> None:
    settings.WALLET_EXTRA_TOKENS = [demo(contract="0x12")]
    with pytest.raises(ImproperlyConfigured, match="dUSD"):
        snapshots.ensure_wallet(chain="localdev", text=some_address(1))


def test_only_the_one_client_goes_out() -> None:
    """Nothing else in `wallets` opens a connection of its own."""
    for path in Path(registry.__file__).parent.rglob("*.py"):
        if path.name == "http.py":
            continue
        text = path.read_text(encoding="utf-8")
        for way_out in ("import httpx", "import requests", "urllib.request", "import socket", "http.client"):
            assert way_out not in text, path
