"""The local development chain: the same wallets everywhere, and a chain that outlives a kill."""

import hashlib
import json
import time
from pathlib import Path

import pytest

from config.devchain import TOKEN_SUPPLY, ChainError, DevChain, demo_wallets
from wallets.addresses import parse

pytestmark = pytest.mark.live


def _held(chain: DevChain, token: str) -> list[tuple[int, int]]:
    return [
        (chain.native_balance(wallet.address), chain.token_balance(token, wallet.address))
        for wallet in demo_wallets()
    ]


def test_nobody_holds_a_key_to_the_demo_wallets() -> None:
    for number, wallet in enumerate(demo_wallets(), start=1):
        digest = hashlib.sha256(f"Holdfast demo wallet {number}".encode()).hexdigest()
        assert wallet.address.lower() == "0x" + digest[-40:]
        assert parse("localdev", wallet.address).checksum == "valid"


def test_the_demo_is_prepared_once_and_kept_over_a_restart(tmp_path: Path) -> None:
    funded = [(wallet.native_wei, wallet.token_units) for wallet in demo_wallets()]
    with DevChain(tmp_path) as chain:
        token = chain.prepare_demo()
        assert _held(chain, token) == funded
        height = chain.block()
    with DevChain(tmp_path) as chain:
        assert chain.prepare_demo() == token
        assert chain.block() == height
        assert _held(chain, token) == funded


def test_half_a_state_file_falls_back_to_the_last_good_one(tmp_path: Path) -> None:
    with DevChain(tmp_path) as chain:
        token = chain.prepare_demo()
    with DevChain(tmp_path) as chain:
        height = chain.block()
        assert chain.process is not None
        chain.process.kill()
        chain.process.wait()
        state = (tmp_path / "devchain" / "state.json").read_text(encoding="utf-8")
        (tmp_path / "devchain" / "state.json").write_text(state[:100], encoding="utf-8")
    with DevChain(tmp_path) as chain:
        assert chain.block() == height
        assert chain.prepare_demo() == token


def test_a_transfer_is_on_disk_soon_after(tmp_path: Path) -> None:
    address = demo_wallets()[0].address
    with DevChain(tmp_path) as chain:
        token = chain.prepare_demo()
        chain.transfer_token(token, to=address, units=1)
        chain.transfer_native(to=address, wei=1)
        held, height = _held(chain, token)[0], chain.block()
        until = time.monotonic() + 20
        while _saved_height(tmp_path) != height[0]:
            assert time.monotonic() < until
            time.sleep(0.1)
        assert chain.process is not None
        chain.process.kill()
        chain.process.wait()
    with DevChain(tmp_path) as chain:
        assert chain.block() == height
        assert _held(chain, token)[0] == held
    assert held == (demo_wallets()[0].native_wei + 1, demo_wallets()[0].token_units + 1)


def _saved_height(home: Path) -> int | None:
    try:
        state = json.loads((home / "devchain" / "state.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return int(state["block"]["number"], 16)


def test_a_transfer_that_cannot_be_is_an_error(tmp_path: Path) -> None:
    with DevChain(None, log=tmp_path / "log") as chain:
        token = chain.prepare_demo()
        assert chain.token_balance(token, chain.accounts()[0]) < TOKEN_SUPPLY
        with pytest.raises(ChainError):
            chain.transfer_token(token, to=demo_wallets()[0].address, units=TOKEN_SUPPLY + 1)
    with pytest.raises(ChainError, match="does not answer"):
        chain.block()
