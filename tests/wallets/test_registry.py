"""The registry of assets: the facts of its tokens, and what an installation may add."""

from collections import Counter
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured

from wallets import registry
from wallets.addresses import parse
from wallets.chains.catalogue import CHAINS

ISSUER = "rMxCKbEDwqr76QuheSUMdEGf4B9xJ8m5De"
ELSEWHERE = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"


@pytest.fixture(autouse=True)
def nothing_added(settings: Any) -> None:
    settings.WALLET_EXTRA_TOKENS = []


def extra(**changes: object) -> dict[str, object]:
    return {
        "chain": "base",
        "contract": ELSEWHERE,
        "symbol": "EURX",
        "decimals": 6,
        "name": "Example euro",
    } | changes


def symbols(chain: str) -> list[str]:
    return [asset.symbol for asset in registry.registered(chain)]


def test_every_chain_has_its_coin_first_and_its_tokens() -> None:
    assert symbols("ethereum") == ["ETH", "USDT", "USDC", "DAI"]
    assert symbols("bsc") == ["BNB", "USDT", "USDC", "DAI"]
    assert symbols("polygon") == ["POL", "USDT", "USDC", "USDC.e", "DAI"]
    assert symbols("tron") == ["TRX", "USDT", "USDC"]
    assert symbols("solana") == ["SOL", "USDC", "USDT"]
    for chain in ("bitcoin", "litecoin", "dogecoin", "bitcoincash", "dash", "zcash", "monero", "xrp"):
        assert len(symbols(chain)) == 1, chain


def test_the_peg_tokens_of_bsc_have_eighteen_decimals() -> None:
    """Six there would show a million million times the amount."""
    decimals = {(token.chain, token.symbol): token.decimals for token in registry.TOKENS}
    assert decimals["bsc", "USDT"] == decimals["bsc", "USDC"] == 18
    assert {
        count
        for (chain, symbol), count in decimals.items()
        if chain != "bsc" and symbol.startswith(("USDT", "USDC", "USDbC"))
    } == {6}
    assert {count for (_chain, symbol), count in decimals.items() if symbol.startswith("DAI")} == {18}


def test_contracts_are_in_their_chains_own_spelling() -> None:
    """With their checksum where the chain has one, so that a slip in this file cannot pass."""
    for token in registry.TOKENS:
        address = parse(token.chain, token.contract)
        assert address.canonical == token.contract == registry.contract_of(token)
        assert address.checksum == ("none" if token.chain == "solana" else "valid"), token


def test_symbols_and_contracts_stand_once_on_a_chain() -> None:
    for chain in CHAINS:
        assets = registry.registered(chain)
        assert max(Counter(asset.symbol.casefold() for asset in assets).values()) == 1
        assert max(Counter(asset.contract for asset in assets).values()) == 1


def test_prices_are_kept_under_the_symbol_of_what_is_redeemed() -> None:
    keys = {(asset.chain, asset.symbol): asset.price_key for c in CHAINS for asset in registry.registered(c)}
    assert keys["ethereum", "ETH"] == keys["arbitrum", "ETH"] == "ETH"
    assert keys["polygon", "USDC.e"] == keys["base", "USDbC"] == keys["solana", "USDC"] == "USDC"
    assert keys["localdev", "devETH"] == "DEVETH"
    assert all(key == key.upper() for key in keys.values())


def test_a_token_is_added_as_data(settings: Any) -> None:
    settings.WALLET_EXTRA_TOKENS = [extra(contract=ELSEWHERE.lower(), decimals="2", price_key="eurx")]
    added = registry.registered("base")[-1]
    assert (added.contract, added.symbol, added.decimals, added.price_key) == (ELSEWHERE, "EURX", 2, "EURX")
    settings.WALLET_EXTRA_TOKENS = [extra(price_key=None)]
    assert registry.registered("base")[-1].price_key == ""
    assert "EURX" not in symbols("ethereum")


@pytest.mark.parametrize(
    ("chain", "contract", "canonical"),
    [
        ("tron", "41a614f803b6fd780986a42c78ec9c7f77e6ded13c", "TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t"),
        ("solana", "So11111111111111111111111111111111111111112", None),
        ("xrp", f"USD.{ISSUER}", None),
        ("xrp", f"524C555344000000000000000000000000000000.{ISSUER}", None),
        ("xrp", f"$+x.{ISSUER}", "refused"),
        ("xrp", f"XRP.{ISSUER}", "refused"),
        ("xrp", f"USDX.{ISSUER}", "refused"),
        ("xrp", f"0058525000000000000000000000000000000000.{ISSUER}", "refused"),
        ("xrp", ISSUER, "refused"),
        ("xrp", f"USD.{ISSUER[:-1]}x", "refused"),
        ("tron", "TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6u", "refused"),
        ("base", "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1Beaed", "refused"),
    ],
)
def test_contracts_follow_their_family(
    settings: Any, chain: str, contract: str, canonical: str | None
) -> None:
    # On Tron this is a contract that is registered already, with the same facts.
    known: dict[str, Any] = {"symbol": "USDT"} if chain == "tron" else {}
    if chain == "xrp":
        known["decimals"] = 32
    settings.WALLET_EXTRA_TOKENS = [extra(chain=chain, contract=contract, **known)]
    if canonical == "refused":
        with pytest.raises(ImproperlyConfigured):
            registry.registered(chain)
    else:
        assert (canonical or contract) in [asset.contract for asset in registry.registered(chain)]


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"symbol": "usdc"}, "symbol usdc stands twice"),
        ({"symbol": "ETH"}, "symbol ETH stands twice"),
        ({"contract": "0x833589fCD6eDb6E08f4c7C32D4f71b54bdA02913"}, "registered as USDC with other facts"),
        ({"contract": "0x12"}, "contract of EURX on base"),
        ({"chain": "nowhere"}, "no chain “nowhere”"),
        ({"chain": "bitcoin"}, "no tokens are read on bitcoin"),
        ({"chain": "monero"}, "no tokens are read on monero"),
        ({"decimals": 78}, "decimals"),
        ({"decimals": -1}, "decimals"),
        ({"decimals": 6.0}, "decimals"),
        ({"decimals": True}, "decimals"),
        ({"decimals": "6.0"}, "decimals"),
        ({"decimals": "9" * 10_000}, "decimals"),
        ({"symbol": "EU RX"}, "symbol"),
        ({"symbol": ""}, "symbol"),
        ({"symbol": "X" * 21}, "symbol"),
        ({"symbol": "EÜRX"}, "symbol"),
        ({"name": " "}, "name"),
        ({"name": "x" * 81}, "name"),
        ({"name": "a\u202eb"}, "name"),
        ({"name": 3}, "name is a text"),
        ({"price_key": "eur x"}, "price_key"),
        ({"price_key": "X" * 21}, "price_key"),
        ({"colour": "red"}, "unknown colour"),
    ],
)
def test_a_wrong_token_is_refused_with_its_reason(
    settings: Any, wrong: dict[str, object], words: str
) -> None:
    settings.WALLET_EXTRA_TOKENS = [extra(**wrong)]
    with pytest.raises(ImproperlyConfigured, match=words):
        for chain in CHAINS:
            registry.registered(chain)


def test_what_is_missing_is_named(settings: Any) -> None:
    settings.WALLET_EXTRA_TOKENS = [extra(), {"chain": "base", "symbol": "X"}]
    with pytest.raises(ImproperlyConfigured, match="entry 2: missing contract, decimals, name"):
        registry.registered("ethereum")
    settings.WALLET_EXTRA_TOKENS = ["EURX"]
    with pytest.raises(ImproperlyConfigured, match="entry 1: a mapping"):
        registry.registered("ethereum")


def test_a_token_that_a_release_brought_along_may_stay_in_the_settings(settings: Any) -> None:
    settings.WALLET_EXTRA_TOKENS = [
        extra(contract="0x833589fCD6eDb6E08f4c7C32D4f71b54bdA02913", symbol="USDC"),
    ]
    assert symbols("base").count("USDC") == 1


@pytest.mark.django_db
def test_rows_follow_names_and_price_keys() -> None:
    from wallets.models import Asset

    registry.ensure_assets()
    Asset.objects.filter(chain="ethereum", symbol="USDT").update(price_key="", name="Old")
    registry.ensure_assets()
    row = Asset.objects.get(chain="ethereum", symbol="USDT")
    assert (row.price_key, row.name) == ("USDT", "Tether USD")
