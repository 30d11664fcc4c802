"""The scripts behind the addresses of Bitcoin and its relatives, and their block headers."""

import json
import os
from pathlib import Path
from typing import Any

import pytest
from base58_bech32 import base58, bech32
from hypothesis import given
from hypothesis import strategies as st

from wallets.addresses import cashaddr, parse
from wallets.chains.base import BadAnswer
from wallets.chains.catalogue import CHAINS
from wallets.chains.utxo import (
    RULES,
    NoScript,
    header_hash,
    merkle_root,
    parse_header,
    script_hash,
    script_of,
)

FOLDER = Path(os.environ.get("HOLDFAST_VECTORS", "not-given")) / "addresses"
DIGEST = "751e76e8199196d454941c45d1b3a323f1433bd6"

# Addresses with their scripts, from sources that are not ours: BIP-173 and BIP-350 (segwit), the CashAddr
# specification, and CHIP-2022-05 for script hashes of 32 bytes.
KNOWN = [
    ("bitcoin", "1BgGZ9tcN4rm9KBzDn7KprQz87SZ26SAMH", f"76a914{DIGEST}88ac"),
    ("bitcoin", "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4", f"0014{DIGEST}"),
    ("bitcoin", "BC1QW508D6QEJXTDG4Y5R3ZARVARY0C5XW7KV8F3T4", f"0014{DIGEST}"),
    (
        "bitcoin",
        "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqzk5jj0",
        "512079be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798",
    ),
    ("bitcoin", "bc1sw50qgdz25j", "6002751e"),
    (
        "bitcoin",
        "bc1pw508d6qejxtdg4y5r3zarvary0c5xw7kw508d6qejxtdg4y5r3zarvary0c5xw7kt5nd6y",
        f"5128{DIGEST}{DIGEST}",
    ),
    ("litecoin", "ltc1qw508d6qejxtdg4y5r3zarvary0c5xw7kgmn4n9", f"0014{DIGEST}"),
    # Of the specification's table "Examples of address translation": the older form beside the new one.
    (
        "bitcoincash",
        "bitcoincash:qpm2qsznhks23z7629mms6s4cwef74vcwvy22gdx6a",
        "76a91476a04053bda0a88bda5177b86a15c3b29f55987388ac",
    ),
    ("bitcoin", "1BpEi6DfDAUFd7GtittLSdBeYJvcoaVggu", "76a91476a04053bda0a88bda5177b86a15c3b29f55987388ac"),
    (
        "bitcoincash",
        "bitcoincash:ppm2qsznhks23z7629mms6s4cwef74vcwvn0h829pq",
        "a91476a04053bda0a88bda5177b86a15c3b29f55987387",
    ),
    ("bitcoin", "3CWFddi6m4ndiGyKqzYvsFYagqDLPVMTzC", "a91476a04053bda0a88bda5177b86a15c3b29f55987387"),
    (
        "bitcoincash",
        "bitcoincash:qqq3728yw0y47sqn6l2na30mcw6zm78dzqre909m2r",
        "76a914011f28e473c95f4013d7d53ec5fbc3b42df8ed1088ac",
    ),
]

REFUSED = [
    ("bitcoin", ""),
    ("bitcoin", "1BgGZ9tcN4rm9KBzDn7KprQz87SZ26SAMh"),  # checksum
    ("bitcoin", "LVuDpNCSSj6pQ7t9Pv6d6sUkLKoqDEVUnJ"),  # Litecoin
    ("bitcoin", "mzK2FFDEhxqHcmrJw1ysqFkVyhUULo45hZ"),  # test network
    ("bitcoin", "ltc1qw508d6qejxtdg4y5r3zarvary0c5xw7kgmn4n9"),
    ("bitcoin", "tb1qw508d6qejxtdg4y5r3zarvary0c5xw7kxpjzsx"),
    ("bitcoin", "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kemeawh"),  # bech32m on version 0
    ("bitcoin", "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqh2y7hd"),  # bech32 on version 1
    ("bitcoin", "BC130XLXVLHEMJA6C4DQV22UAPCTQUPFHLXM9H8Z3K2E72Q4K9HCZ7VQ7ZWS8R"),  # version 17
    ("bitcoin", "bc1pw5dgrnzv"),  # one byte
    ("bitcoin", "BC1QR508D6QEJXTDG4Y5R3ZARVARYV98GJ9P"),  # version 0 with 16 bytes
    ("bitcoin", "bc1gmk9yu"),  # nothing
    ("bitcoin", "bitcoincash:qpm2qsznhks23z7629mms6s4cwef74vcwvy22gdx6a"),
    ("bitcoin", "5KYZdUEo39z3FPrtuX2QbbwGnNP5zTd7yyr2SC1j299sBCnWjss"),  # a private key
    ("litecoin", "ltcmweb1qqtest"),
    ("dogecoin", "1BgGZ9tcN4rm9KBzDn7KprQz87SZ26SAMH"),
    ("dogecoin", "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4"),
    ("bitcoincash", "bitcoincash:qpm2qsznhks23z7629mms6s4cwef74vcwvy22gdx6b"),
    ("bitcoincash", "bchtest:qpm2qsznhks23z7629mms6s4cwef74vcwvqcw003ap"),
    ("bitcoincash", "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4"),
    ("zcash", "1BgGZ9tcN4rm9KBzDn7KprQz87SZ26SAMH"),
    ("zcash", "zs1z7rejlpsa98s2rrrfkwmaxu53e4ue0ulcrw0h4x5g8jl04tak0d3mm47vdtahatqrlkngh9sly"),
]


@pytest.mark.parametrize(("chain", "address", "script"), KNOWN)
def test_the_script_behind_an_address(chain: str, address: str, script: str) -> None:
    assert script_of(RULES[chain], address).hex() == script


@pytest.mark.parametrize(("chain", "address"), REFUSED)
def test_what_has_no_script(chain: str, address: str) -> None:
    with pytest.raises(NoScript):
        script_of(RULES[chain], address)


def test_a_prefix_that_only_starts_like_the_chains() -> None:
    """The last "1" ends the prefix: this one is "bc1x"."""
    data = [0, *bech32.convertbits(bytes.fromhex(DIGEST), 8, 5)]
    for prefix in ("bc1x", "bc1"):
        text = bech32.bech32_encode(prefix, data, m=bech32.BECH32_1_CONST).decode()
        with pytest.raises(NoScript):
            script_of(RULES["bitcoin"], text)
    assert (
        script_of(RULES["bitcoin"], bech32.bech32_encode("bc", data, m=bech32.BECH32_1_CONST).decode()).hex()
        == f"0014{DIGEST}"
    )


def vectors(name: str) -> list[Any]:
    path = FOLDER / name
    if not path.exists():
        pytest.skip(f"SCRIPTS NOT CHECKED: {name} is missing; set HOLDFAST_VECTORS to the folder of vectors")
    parsed: list[Any] = json.loads(path.read_text(encoding="utf-8"))
    return parsed


def test_the_scripts_of_bitcoin_cores_vectors() -> None:
    seen = 0
    for address, script, about in vectors("key_io_valid.json"):
        if about["isPrivkey"] or about["chain"] != "main":
            with pytest.raises(NoScript):
                script_of(RULES["bitcoin"], address)
            continue
        assert script_of(RULES["bitcoin"], address).hex() == script, address
        seen += 1
    assert seen > 10


def test_what_bitcoin_core_refuses() -> None:
    for (text,) in vectors("key_io_invalid.json"):
        with pytest.raises(NoScript):
            script_of(RULES["bitcoin"], text)


@given(st.binary(min_size=32, max_size=32), st.sampled_from(sorted(RULES)))
def test_every_stored_spelling_has_its_script(digest: bytes, chain: str) -> None:
    """What the addresses' own rules keep as the canonical form is what is looked up here."""
    rules = RULES[chain]
    for versions, front, back in (
        (rules.p2pkh, b"\x76\xa9\x14", b"\x88\xac"),
        (rules.p2sh, b"\xa9\x14", b"\x87"),
    ):
        for version in versions:
            text = base58.b58encode_check(version + digest[:20]).decode()
            assert script_of(rules, parse(chain, text).canonical) == front + digest[:20] + back
    if rules.cashaddr:
        long = parse(chain, cashaddr.encode(cashaddr.P2SH, digest)).canonical
        assert script_of(rules, long) == b"\xaa\x20" + digest + b"\x87"
        aware = cashaddr.encode(cashaddr.TOKEN_P2PKH, digest[:20])
        assert script_of(rules, aware) == script_of(rules, parse(chain, aware).canonical)


def test_cash_addresses_of_other_types_have_no_script() -> None:
    for kind, digest in ((cashaddr.P2PKH, bytes(32)), (cashaddr.P2SH, bytes(24)), (4, bytes(20))):
        with pytest.raises(NoScript):
            script_of(RULES["bitcoincash"], cashaddr.encode(kind, digest))


def test_every_chain_of_the_family_has_rules() -> None:
    assert RULES.keys() == {slug for slug, info in CHAINS.items() if info.family == "utxo"}


def test_a_script_hash_of_the_documentation() -> None:
    """Electrum protocol, "Script Hashes": the address of block 0's reward."""
    script = script_of(RULES["bitcoin"], "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa")
    assert script.hex() == "76a91462e907b15cbf27d5425399ebf6f0fb50ebb88f1888ac"
    assert script_hash(script) == "8b01df4e368ea28f8dc0423bcf7a4923e3a12d307c875e47a0cfbf90b5c39161"


# Block 0 of three chains (chainparams.cpp of each): version, previous, merkle root, time, bits, nonce.
FIRST = {
    "bitcoin": "3ba3edfd7a7b12b27ac72c3e67768f617fc81bc3888a51323a9fb8aa4b1e5e4a29ab5f49ffff001d1dac2b7c",
    "litecoin": "d9ced4ed1130f7b7faad9be25323ffafa33232a17c3edf6cfd97bee6bafbdd97b9aa8e4ef0ff0f1ecd513f7c",
    "dogecoin": "696ad20e2dd4365c7459b4a4a5af743d5e92c6da3229e6532cd605f6533f2a5b24a6a152f0ff0f1e67860100",
}


@pytest.mark.parametrize("chain", FIRST)
def test_the_hash_of_a_real_block(chain: str) -> None:
    header = parse_header(RULES[chain], "01000000" + "00" * 32 + FIRST[chain])
    assert header_hash(RULES[chain], header) == CHAINS[chain].genesis
    assert header.previous == "00" * 32
    assert header.merkle_root == bytes.fromhex(FIRST[chain][:64])[::-1].hex()
    assert int(header.time.timestamp()) == int.from_bytes(bytes.fromhex(FIRST[chain][64:72]), "little")
    assert merkle_root(header.merkle_root, [], 0) == header.merkle_root  # a block of one transaction


def test_what_follows_a_merge_mined_header_does_not_count() -> None:
    text = "01000000" + "00" * 32 + FIRST["dogecoin"]
    assert parse_header(RULES["dogecoin"], text + "ab" * 500) == parse_header(RULES["dogecoin"], text)


@pytest.mark.parametrize(
    ("chain", "size"),
    [
        ("bitcoin", 79),
        ("bitcoin", 81),
        ("bitcoin", 0),
        ("dogecoin", 79),
        ("dash", 81),
        ("zcash", 80),
        ("zcash", 1486),
    ],
)
def test_a_header_of_another_size(chain: str, size: int) -> None:
    with pytest.raises(BadAnswer):
        parse_header(RULES[chain], "00" * size)


def test_a_zcash_header_names_the_length_of_its_solution() -> None:
    right = "00" * 140 + "fd4005" + "00" * 1344
    assert parse_header(RULES["zcash"], right).time.timestamp() == 0
    with pytest.raises(BadAnswer):
        parse_header(RULES["zcash"], "00" * 1487)


def test_the_merkle_root_of_a_real_block() -> None:
    """Bitcoin's block 100,000: four transactions."""
    txids = [
        "8c14f0db3df150123e6f3dbbf30f8b955a8249b62ac1d1ff16284aefa3d06d87",
        "fff2525b8931402dd09222c50775608f75787bd2b87e56995a7bdd30f79702c4",
        "6359f0868171b1d194cbee1af2f16ea598ae8fad666d9b012c8ed2b79a236ec4",
        "e9a66845e05d5abc0ad04ec80f774a7e585c6e8db975962d069a522137b80c1d",
    ]
    root = "f3e94742aca4b5ef85488dc37c06c3282295ffec960994b2c0d5ac2a25a95766"
    first = merkle_root(txids[0], [txids[1]], 0)
    second = merkle_root(txids[2], [txids[3]], 0)
    assert merkle_root(txids[0], [txids[1], second], 0) == root
    assert merkle_root(txids[3], [txids[2], first], 3) == root
    assert merkle_root(txids[3], [txids[2], first], 2) != root
    with pytest.raises(BadAnswer):
        merkle_root(txids[3], [txids[2], first], 7)
