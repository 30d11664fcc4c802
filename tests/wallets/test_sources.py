"""Which chains and assets there are, and whose servers may be asked."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured

from cases.queries import health
from config import checks
from tests.wallets.nodes import some_address
from wallets import chains, registry, snapshots
from wallets.chains import providers
from wallets.chains.accounts import Rules
from wallets.chains.base import (
    ERROR_TEXTS,
    ChainError,
    NotConfigured,
    NotObservable,
    PublicProviderRefused,
    SourceRefused,
)
from wallets.chains.catalogue import CHAINS
from wallets.chains.panel import panel_for
from wallets.models import Asset


@pytest.fixture(autouse=True)
def _nothing_configured(settings: Any) -> None:
    settings.WALLET_CHAIN_URLS = {}
    settings.WALLET_RATE = {}
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
    settings.WALLET_CHAIN_URLS = {"ethereum": [url]}
    assert chains.is_public_provider(url)
    assert chains.configured() == []
    assert [info.slug for info in chains.refused()] == ["ethereum"]
    for ask in (chains.source_for, panel_for):
        with pytest.raises(PublicProviderRefused):
            ask("ethereum")
    settings.ALLOW_PUBLIC_PROVIDERS = True
    assert [info.slug for info in chains.configured()] == ["ethereum"]
    assert chains.refused() == []
    with chains.source_for("ethereum") as source:
        assert "key" not in source.provider
    _info, seats = providers.seats_of("ethereum")
    assert "key" not in repr(seats)


def test_among_several_only_the_public_one_is_refused(settings: Any) -> None:
    mine, theirs = "http://node.internal:8545/key", "https://mainnet.infura.io/v3/key"
    settings.WALLET_CHAIN_URLS = {"ethereum": [theirs, mine]}
    assert [info.slug for info in chains.configured()] == ["ethereum"]
    assert chains.refused() == []
    _info, seats = providers.seats_of("ethereum")
    assert [seat.provider for seat in seats] == ["node.internal:8545"]
    with pytest.raises(SourceRefused):
        chains.source_for("ethereum", theirs)
    settings.ALLOW_PUBLIC_PROVIDERS = True
    _info, seats = providers.seats_of("ethereum")
    assert [seat.provider for seat in seats] == ["mainnet.infura.io", "node.internal:8545"]
    assert chains.source_for("ethereum").provider == "mainnet.infura.io"
    assert chains.source_for("ethereum", mine).provider == "node.internal:8545"


def test_only_a_configured_url_is_asked(settings: Any) -> None:
    settings.WALLET_CHAIN_URLS = {"ethereum": ["http://node.internal:8545"]}
    for url in ("http://169.254.169.254/", "http://node.internal:8546", "http://node.internal:8545/other"):
        with pytest.raises(SourceRefused):
            chains.source_for("ethereum", url)


@pytest.mark.parametrize(
    "url",
    ["http://127.0.0.1:8545", "http://node.internal", "https://notinfura.io", "https://infura.io.internal"],
)
def test_a_server_of_one_s_own_is_not_public(url: str) -> None:
    assert not chains.is_public_provider(url)


@pytest.mark.parametrize(
    ("chain", "url", "kind", "provider"),
    [
        ("bitcoin", "http://node.internal/api", "EsploraSource", "node.internal"),
        ("litecoin", "https://node.internal:3000/api", "EsploraSource", "node.internal:3000"),
        ("dash", "electrum+tcp://node.internal:50001", "ElectrumSource", "node.internal:50001"),
        ("zcash", "electrum+ssl://node.internal:9067", "ElectrumSource", "node.internal:9067"),
        ("polygon", "http://node.internal:8545", "EvmSource", "node.internal:8545"),
        ("tron", "http://node.internal:8090", "TronSource", "node.internal:8090"),
        ("solana", "http://node.internal:8899", "SolanaSource", "node.internal:8899"),
        ("xrp", "http://node.internal:5005", "XrpSource", "node.internal:5005"),
    ],
)
def test_a_source_fits_its_chain(chain: str, url: str, kind: str, provider: str, settings: Any) -> None:
    settings.WALLET_CHAIN_URLS = {chain: [url]}
    with chains.source_for(chain) as source:
        assert type(source).__name__ == kind
        assert source.info is CHAINS[chain]
        assert source.provider == provider == providers.provider_of(url)
    assert [info.slug for info in chains.configured()] == [chain]


@pytest.mark.parametrize("chain", ["ethereum", "dogecoin", ""])
def test_a_chain_without_source_is_not_configured(chain: str) -> None:
    with pytest.raises(NotConfigured):
        chains.source_for(chain)


@pytest.mark.parametrize("chain", [slug for slug, info in CHAINS.items() if not info.observable])
def test_a_chain_that_hides_its_balances_is_never_asked(chain: str, settings: Any) -> None:
    settings.WALLET_CHAIN_URLS = {chain: ["http://node.internal:18081"]}
    assert chains.configured() == []
    assert chains.refused() == []
    for ask in (chains.source_for, panel_for):
        with pytest.raises(NotObservable):
            ask(chain)


@pytest.mark.parametrize(
    ("chain", "url"),
    [
        ("ethereum", "node:8545"),
        ("ethereum", "ws://node.internal"),
        ("ethereum", "electrum+tcp://node.internal:50001"),
        ("ethereum", "http://"),
        ("ethereum", "http://node:port"),
        ("ethereum", "http://[::1"),
        ("bitcoin", "ftp://node.internal"),
        ("bitcoin", "file:///etc/passwd"),
    ],
)
def test_a_source_with_a_senseless_url_is_refused_by_name(chain: str, url: str, settings: Any) -> None:
    settings.WALLET_CHAIN_URLS = {chain: [url]}
    with pytest.raises(SourceRefused):
        chains.source_for(chain)
    assert [found.id for found in checks.sources_can_be_asked(None)] == ["holdfast.E004"]
    with panel_for(chain) as panel:
        with pytest.raises(SourceRefused):
            panel.read(["x"], [""])
        assert [fault.code for fault in panel.faults] == ["refused"]


@pytest.mark.parametrize(
    ("one", "two", "same"),
    [
        ("http://a:8545/x", "http://a:8545/y", True),
        ("http://key@a:8545", "http://A.:8545", True),
        ("http://a", "https://a", True),
        ("http://a:80", "http://a", True),
        ("http://localhost:8545", "http://127.0.0.1:8545", True),
        ("http://127.0.0.1:8545", "http://127.0.0.1:8546", False),
        ("http://a:8545", "http://b:8545", False),
        ("http://a:8545", "http://a:8546", False),
        ("electrum+tcp://a:50001", "electrum+ssl://a:50002", False),
        ("https://mainnet.infura.io/v3/1", "https://eth.infura.io/v3/2", True),
        ("https://mainnet.infura.io/v3/1", "https://rpc.ankr.com/eth", False),
    ],
)
def test_two_urls_are_independent_or_not(one: str, two: str, same: bool) -> None:
    assert (providers._origin(one) == providers._origin(two)) is same


def test_the_development_chain_exists_in_a_demonstration_only(settings: Any) -> None:
    settings.WALLET_CHAIN_URLS = {"localdev": ["http://127.0.0.1:8545"]}
    assert [info.slug for info in chains.configured()] == ["localdev"]
    settings.DEMO = False
    assert chains.configured() == []
    with pytest.raises(NotConfigured):
        chains.source_for("localdev")


# ── What the environment says ─────────────────────────────────────────────────────────────────────────────


def settings_with(tmp_path: Path, **environment: str) -> tuple[dict[str, list[str]], dict[str, str]]:
    """The settings of a fresh process with these variables."""
    code = "from config import settings as s; print(repr((s.WALLET_CHAIN_URLS, s.WALLET_RATE)))"
    clean = {name: value for name, value in os.environ.items() if not name.endswith(("_URL", "_URL_FILE"))}
    kept = {name: os.environ[name] for name in ("DATABASE_URL", "REDIS_URL")}
    printed = subprocess.run(
        [sys.executable, "-c", code],
        env={**clean, **kept, **environment},
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    import ast

    found: tuple[dict[str, list[str]], dict[str, str]] = ast.literal_eval(printed)
    return found


def test_every_chain_that_can_be_observed_takes_urls(tmp_path: Path) -> None:
    names = [slug for slug, info in CHAINS.items() if info.observable and not info.is_development]
    urls, _rates = settings_with(
        tmp_path, **{f"HOLDFAST_{slug.upper()}_URL": f"http://{slug}.internal" for slug in names}
    )
    assert urls == {slug: [f"http://{slug}.internal"] for slug in names}


def test_several_urls_are_separated_by_blanks_or_commas(tmp_path: Path) -> None:
    secret = tmp_path / "tron"
    secret.write_text(" https://a/key \nhttps://b/key\n")
    urls, rates = settings_with(
        tmp_path,
        HOLDFAST_DEMO="true",
        HOLDFAST_ETHEREUM_URL="http://a, http://b http://c,http://d",
        HOLDFAST_BITCOIN_URL=" ",
        HOLDFAST_TRON_URL_FILE=str(secret),
        HOLDFAST_LOCALDEV_URL="http://127.0.0.1:1 http://127.0.0.1:2",
        HOLDFAST_RATE="100",
        HOLDFAST_TRON_RATE="5/10",
        HOLDFAST_PROVIDER_RATES="node.internal:8545=20/40/4,other=3",
    )
    assert urls == {
        "ethereum": ["http://a", "http://b", "http://c", "http://d"],
        "tron": ["https://a/key", "https://b/key"],
        "localdev": ["http://127.0.0.1:1", "http://127.0.0.1:2"],
    }
    assert rates == {"": "100", "tron": "5/10", "node.internal:8545": "20/40/4", "other": "3"}


def test_a_rate_is_that_of_the_provider_or_the_chain_or_of_all(settings: Any) -> None:
    assert providers.rules_for("tron", "node") == Rules()
    settings.WALLET_RATE = {"": "100", "tron": "5/10", "node:1": "20/40/4"}
    assert providers.rules_for("tron", "node:1") == Rules(50_000, 40, 4)
    assert providers.rules_for("tron", "node:2") == Rules(200_000, 10)
    assert providers.rules_for("xrp", "node:2") == Rules(10_000, 200)
    # With another source to go to, nobody waits long.
    assert providers.rules_for("xrp", "node:2", alone=False) == Rules(10_000, 200, patience=1)


def test_a_rate_that_cannot_be_read_keeps_everything_from_starting(settings: Any) -> None:
    assert checks.rates_can_be_read(None) == []
    settings.WALLET_RATE = {"": "fast", "tron": "5/10", "node": "0"}
    assert [found.id for found in checks.rates_can_be_read(None)] == ["holdfast.E005"] * 2


def test_a_public_provider_among_several_keeps_everything_from_starting(settings: Any) -> None:
    settings.WALLET_CHAIN_URLS = {"ethereum": ["http://node.internal", "https://mainnet.infura.io/v3/key"]}
    (found,) = checks.public_providers_need_a_yes(None)
    assert found.id == "holdfast.E002"
    assert "key" not in found.msg
    settings.ALLOW_PUBLIC_PROVIDERS = True
    assert checks.public_providers_need_a_yes(None) == []


def test_every_source_is_listed_without_its_key(settings: Any) -> None:
    settings.WALLET_CHAIN_URLS = {
        "ethereum": ["https://user:hush@a.internal:8545/v3/key", "https://mainnet.infura.io/v3/key"],
        "bitcoin": ["electrum+ssl://b.internal:50002"],
        "base": ["nonsense://"],
        "monero": ["http://c.internal"],
    }
    listed = health.sources()
    assert {source.slug for source in listed} == set(CHAINS) - {"localdev"}
    rows = [
        (source.slug, source.place, source.host, source.public, source.state)
        for source in listed
        if source.slug in {"ethereum", "bitcoin", "base", "monero", "tron"}
    ]
    assert rows == [
        ("bitcoin", 1, "b.internal:50002", False, "set"),
        ("monero", 0, "", False, "hidden"),
        ("ethereum", 1, "a.internal:8545", False, "set"),
        ("ethereum", 2, "mainnet.infura.io", True, "refused"),
        ("base", 1, "?", False, "set"),
        ("tron", 0, "", False, "none"),
    ]
    assert "key" not in repr(listed)
    assert "hush" not in repr(listed)


# ── The catalogue ─────────────────────────────────────────────────────────────────────────────────────────


def test_every_error_has_a_sentence() -> None:
    def codes(kind: type[ChainError]) -> set[str]:
        return {kind.code}.union(*(codes(sub) for sub in kind.__subclasses__()))

    assert codes(ChainError) <= set(ERROR_TEXTS)


def test_chain_ids_are_the_chains_own() -> None:
    """EIP-155 chain ids as published by each chain."""
    ids = {slug: info.chain_id for slug, info in CHAINS.items() if info.chain_id is not None}
    assert {info.family for info in CHAINS.values() if info.chain_id is None}.isdisjoint({"evm"})
    assert ids == {
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


# One way out for HTTP, and the Electrum protocol's own, which is no HTTP.
WAYS_OUT = {"http.py", "wire.py", "electrum_connection.py"}


def test_only_the_clients_go_out() -> None:
    """Nothing else in `wallets` opens a connection of its own."""
    for path in Path(registry.__file__).parent.rglob("*.py"):
        if path.name in WAYS_OUT:
            continue
        text = path.read_text(encoding="utf-8")
        for way_out in (
            "import httpx",
            "import httpcore",
            "import requests",
            "urllib.request",
            "import socket",
            "http.client",
        ):
            assert way_out not in text, path
