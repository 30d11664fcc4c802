"""Every address of the published sanctions lists gets exactly the chains that another implementation finds for it.

The lists' files are labels of assets, not of chains: a "USDT" row may lie on Tron, on an EVM chain or on Bitcoin. What is
expected is therefore worked out here with bip-utils and the published formats, without anything of ours.
"""

import os
from collections import Counter
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from bip_utils import (
    Base58ChecksumError,
    Base58Decoder,
    BchP2PKHAddrDecoder,
    BchP2SHAddrDecoder,
    Bech32ChecksumError,
    EthAddrDecoder,
    P2PKHAddrDecoder,
    P2SHAddrDecoder,
    SegwitBech32Decoder,
    TrxAddrDecoder,
    XmrAddrDecoder,
    XrpAddrDecoder,
)
from bip_utils.coin_conf import CoinsConf

from wallets.addresses import detect, parse
from wallets.chains.catalogue import CHAINS

FOLDER = Path(os.environ.get("HOLDFAST_VECTORS", "not-given")) / "sanctions" / "address-lists"
EVM = frozenset(slug for slug, info in CHAINS.items() if info.family == "evm")


def lists() -> list[Path]:
    files = sorted(FOLDER.glob("sanctioned_addresses_*.txt"))
    if not files:
        pytest.skip("SANCTIONS LISTS NOT CHECKED: set HOLDFAST_VECTORS to the folder of vectors")
    return files


@cache
def listed() -> frozenset[str]:
    lines = (line.strip() for path in lists() for line in path.read_text(encoding="utf-8").splitlines())
    return frozenset(line for line in lines if line)


def decodes(decoder: Callable[..., object], *args: object, **kwargs: object) -> bool:
    try:
        decoder(*args, **kwargs)
    except (ValueError, Base58ChecksumError, Bech32ChecksumError):
        return False
    return True


def conf(name: str) -> dict[str, Any]:
    return getattr(CoinsConf, name).m_params


def utxo_rules() -> Iterator[tuple[str, Callable[..., object], dict[str, Any]]]:
    """(chain, decoder, its parameters), the version bytes and prefixes by bip-utils' own table of coins."""
    for chain, coin, key, script in (
        ("bitcoin", "BitcoinMainNet", "p2pkh_net_ver", "p2sh_net_ver"),
        ("litecoin", "LitecoinMainNet", "p2pkh_std_net_ver", "p2sh_std_net_ver"),
        ("litecoin", "LitecoinMainNet", "p2pkh_std_net_ver", "p2sh_depr_net_ver"),
        ("bitcoincash", "BitcoinCashMainNet", "p2pkh_legacy_net_ver", "p2sh_legacy_net_ver"),
        ("dogecoin", "DogecoinMainNet", "p2pkh_net_ver", "p2sh_net_ver"),
        ("dash", "DashMainNet", "p2pkh_net_ver", "p2sh_net_ver"),
        ("zcash", "ZcashMainNet", "p2pkh_net_ver", "p2sh_net_ver"),
    ):
        yield chain, P2PKHAddrDecoder.DecodeAddr, {"net_ver": conf(coin)[key]}
        yield chain, P2SHAddrDecoder.DecodeAddr, {"net_ver": conf(coin)[script]}
    cash = conf("BitcoinCashMainNet")
    for decoder, kind in ((BchP2PKHAddrDecoder, "p2pkh"), (BchP2SHAddrDecoder, "p2sh")):
        facts = {"hrp": cash[f"{kind}_std_hrp"], "net_ver": cash[f"{kind}_std_net_ver"]}
        yield "bitcoincash", decoder.DecodeAddr, facts


def expected(text: str) -> frozenset[str]:
    """The chains on which the text is an address, by bip-utils."""
    found = {chain for chain, decoder, facts in utxo_rules() if decodes(decoder, text, **facts)}
    # The prefix may be left out (CashAddr specification), which bip-utils does not take.
    prefixed = f"{conf('BitcoinCashMainNet')['p2pkh_std_hrp']}:{text}"
    found |= {chain for chain, decoder, facts in utxo_rules() if decodes(decoder, prefixed, **facts)}
    for chain, coin in (("bitcoin", "BitcoinMainNet"), ("litecoin", "LitecoinMainNet")):
        if decodes(SegwitBech32Decoder.Decode, conf(coin)["p2wpkh_hrp"], text):
            found.add(chain)
    # EIP-55 binds a text in mixed case alone.
    if decodes(EthAddrDecoder.DecodeAddr, text, skip_chksum_enc=text[2:] == text[2:].lower()):
        found |= EVM
    if decodes(TrxAddrDecoder.DecodeAddr, text):
        found.add("tron")
    if decodes(XrpAddrDecoder.DecodeAddr, text):
        found.add("xrp")
    monero = conf("MoneroMainNet")
    if any(
        decodes(XmrAddrDecoder.DecodeAddr, text, net_ver=monero[key])
        for key in ("addr_net_ver", "subaddr_net_ver")
    ):
        found.add("monero")
    # Solana: 32 bytes in Base58 ("Account addresses"); on the curve or off it, so not by bip-utils' decoder of keys.
    if decodes(Base58Decoder.Decode, text) and len(Base58Decoder.Decode(text)) == 32:
        found.add("solana")
    return frozenset(found)


def test_every_listed_address_gets_exactly_its_chains() -> None:
    assert len(listed()) == 641
    for text in sorted(listed()):
        found = detect(text)
        wanted = expected(text)
        assert frozenset(found.chains) == wanted, text
        if not wanted:
            # With a checksum it is somebody's address, without one it is none.
            other = decodes(Base58Decoder.CheckDecode, text)
            assert found.verdict == ("unsupported" if other else "not_an_address"), text
        for candidate in found.candidates:
            assert parse(candidate.chain, candidate.canonical).canonical == candidate.canonical


def test_the_lists_hold_what_their_names_hide() -> None:
    """Counted once by hand, so that an oracle that finds nothing cannot agree with a product that finds nothing."""
    sets = Counter(
        "evm"
        if frozenset(detect(text).chains) == EVM
        else "+".join(detect(text).chains) or detect(text).verdict
        for text in listed()
    )
    assert sets == {
        "evm": 156,
        "bitcoin+bitcoincash": 199,
        "bitcoin+bitcoincash+litecoin": 160,
        "bitcoin": 80,
        "tron": 18,
        "litecoin": 10,
        "bitcoincash": 6,
        "dash": 3,
        "zcash": 3,
        "monero": 2,
        "dogecoin": 1,
        "xrp": 1,
        "unsupported": 1,
        "not_an_address": 1,
    }


def test_the_checksum_of_a_listed_address_is_told() -> None:
    """Lower-case rows of EVM chains carry none, all others do."""
    for text in listed():
        for candidate in detect(text).candidates:
            none = text.startswith("0x") and text == text.lower()
            assert candidate.checksum == ("none" if none else "valid"), text


@pytest.mark.parametrize(
    ("chain", "legacy"),
    [
        ("bitcoincash", "18M8bJWMzWHDBMxoLqjHHAffdRy4SrzkfB"),
        ("litecoin", "36j4NfKv6Akva9amjWrLG6MuSQym1GuEmm"),
    ],
)
def test_old_spellings_are_brought_to_the_same_hash(chain: str, legacy: str) -> None:
    canonical = parse(chain, legacy).canonical
    if chain == "bitcoincash":
        cash = conf("BitcoinCashMainNet")
        new = BchP2PKHAddrDecoder.DecodeAddr(
            canonical, hrp=cash["p2pkh_std_hrp"], net_ver=cash["p2pkh_std_net_ver"]
        )
        old = P2PKHAddrDecoder.DecodeAddr(legacy, net_ver=b"\x00")
    else:
        light = conf("LitecoinMainNet")
        new = P2SHAddrDecoder.DecodeAddr(canonical, net_ver=light["p2sh_std_net_ver"])
        old = P2SHAddrDecoder.DecodeAddr(legacy, net_ver=light["p2sh_depr_net_ver"])
    assert new == old
