"""A real Bitcoin-like node for tests: litecoind in regtest, and an ElectrumX server on it.

litecoind is a Debian package (or HOLDFAST_LITECOIND); ElectrumX is the Python package `e-x` with `plyvel`, beside
the interpreter that runs the tests (or HOLDFAST_ELECTRUMX).
"""

import contextlib
import dataclasses
import hashlib
import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import httpx
import pytest
from base58_bech32 import base58, bech32

from wallets.chains.base import ChainInfo
from wallets.chains.catalogue import CHAINS
from wallets.chains.electrum_connection import ElectrumConnection, electrum_address
from wallets.chains.http import Limits
from wallets.chains.utxo import COIN, RULES

# Block 0 of Litecoin's regression test network (chainparams.cpp).
REGTEST: Final[ChainInfo] = dataclasses.replace(
    CHAINS["litecoin"], genesis="530827f38f93b43ed12af0b3ad25a288dc02ed74d6d7857862df51fc56c416f9"
)
# The kinds of address that litecoind pays to, and the version or prefix in both networks (chainparams.cpp).
_VERSIONS: Final = {b"\x30": b"\x6f", b"\x32": b"\x3a", b"\x05": b"\xc4"}
_HRP: Final = ("ltc", "rltc")
KINDS: Final = ("p2pkh", "p2sh", "p2sh-old", "p2wpkh", "p2wsh", "p2tr", "later")


def missing() -> str:
    """What is not installed; "" where all is."""
    lacking = [
        name for name, path in {"litecoind": litecoind(), "electrumx_server": electrumx()}.items() if not path
    ]
    return " and ".join(lacking)


def require() -> None:
    """Skips the test loudly where the programs are missing; in CI that is a failure."""
    if lacking := missing():
        message = (
            f"NOT CHECKED AGAINST A REAL NODE: {lacking} is missing (Debian: litecoind; pip: e-x plyvel)"
        )
        if os.environ.get("CI"):
            pytest.fail(message)
        pytest.skip(message)


def litecoind() -> str | None:
    return os.environ.get("HOLDFAST_LITECOIND") or shutil.which("litecoind")


def electrumx() -> str | None:
    beside = Path(sys.executable).parent / "electrumx_server"
    found = str(beside) if beside.exists() else shutil.which("electrumx_server")
    return os.environ.get("HOLDFAST_ELECTRUMX") or found


class Litecoin:
    """A node on a chain of its own, and an ElectrumX server that indexes it. All on the loopback interface."""

    def __init__(self, rpc_port: int, electrum_port: int) -> None:
        self.electrum_url = f"electrum+tcp://127.0.0.1:{electrum_port}"
        self._http = httpx.Client(
            base_url=f"http://127.0.0.1:{rpc_port}", auth=("test", "test"), timeout=60, trust_env=False
        )
        self.miner = ""

    def rpc(self, method: str, *params: Any) -> Any:
        body = {"jsonrpc": "1.0", "id": 1, "method": method, "params": list(params)}
        answer = json.loads(self._http.post("/", json=body).content, parse_float=Decimal)
        assert answer["error"] is None, answer
        return answer["result"]

    def mine(self, blocks: int = 1) -> list[str]:
        hashes: list[str] = self.rpc("generatetoaddress", blocks, self.miner)
        return hashes

    def reorganise(self, gone: str, blocks: int) -> list[str]:
        """Let the block `gone` and those above it leave the chain, and `blocks` empty ones take their place.

        ElectrumX notices only when the new chain is the longer one.
        """
        self.rpc("invalidateblock", gone)
        # Another address, or the new block would be the very one that was just declared invalid.
        elsewhere = self.rpc("getnewaddress")
        return [self.rpc("generateblock", elsewhere, [])["hash"] for _block in range(blocks)]

    def pay(self, base_units: dict[str, int]) -> str:
        """One transaction to many main-network addresses, by their regtest twins; not yet in a block."""
        outputs = {regtest(address): f"{Decimal(units) / COIN:f}" for address, units in base_units.items()}
        txid: str = self.rpc("sendmany", "", outputs)
        return txid

    def balances(self, addresses: Sequence[str]) -> tuple[str, list[int]]:
        """The newest block's hash, and what the node's own set of unspent outputs holds for each address."""
        scripts = [self._script(address) for address in addresses]
        scan = self.rpc("scantxoutset", "start", [f"raw({script})" for script in scripts])
        assert scan["success"] is True
        sums = dict.fromkeys(scripts, 0)
        for output in scan["unspents"]:
            units = output["amount"] * COIN
            assert units == int(units)
            sums[output["scriptPubKey"]] += int(units)
        return scan["bestblock"], [sums[script] for script in scripts]

    def _script(self, address: str) -> str:
        """The script behind an address, as the node sees it."""
        about = self.rpc("validateaddress", regtest(address))
        assert about["isvalid"] is True, address
        script: str = about["scriptPubKey"]
        return script

    def wait_for_index(self) -> None:
        """Until ElectrumX announces the node's newest block."""
        tip = self.rpc("getbestblockhash")
        _until(lambda: self._announced() == tip, "ElectrumX did not come to the newest block")

    def _announced(self) -> str:
        with contextlib.closing(ElectrumConnection(electrum_address(self.electrum_url), Limits())) as line:
            line.ask([("server.version", ["test", "1.4"])])
            (announced,) = line.ask([("blockchain.headers.subscribe", [])]).results
        assert isinstance(announced, dict)
        header = bytes.fromhex(str(announced["hex"]))
        return hashlib.sha256(hashlib.sha256(header).digest()).digest()[::-1].hex()

    def close(self) -> None:
        self._http.close()


@contextlib.contextmanager
def run_litecoin(folder: Path) -> Iterator[Litecoin]:
    """A chain with 110 blocks, whose first ten rewards may be spent."""
    require()
    rpc_port, electrum_port = _free_port(), _free_port()
    node = Litecoin(rpc_port, electrum_port)
    with contextlib.ExitStack() as stack:
        data = folder / "litecoind"
        data.mkdir()
        stack.enter_context(
            _running(
                [
                    str(litecoind()),
                    "-regtest",
                    f"-datadir={data}",
                    f"-rpcport={rpc_port}",
                    "-rpcbind=127.0.0.1",
                    "-rpcallowip=127.0.0.1",
                    "-rpcuser=test",
                    "-rpcpassword=test",
                    "-txindex=1",
                    "-fallbackfee=0.001",
                    "-listen=0",
                    "-dnsseed=0",
                    "-printtoconsole=0",
                ],
                folder / "litecoind.log",
            )
        )
        # Before the node ends, which waits for connections that are still open.
        stack.callback(node.close)
        _until(lambda: node.rpc("getblockcount") == 0, "litecoind did not start")
        node.rpc("createwallet", "test")
        node.miner = node.rpc("getnewaddress")
        node.mine(110)
        index = folder / "electrumx"
        index.mkdir()
        environment = {
            "PATH": os.environ.get("PATH", ""),
            "COIN": "Litecoin",
            "NET": "regtest",
            "DB_ENGINE": "leveldb",
            "DB_DIRECTORY": str(index),
            "DAEMON_URL": f"http://test:test@127.0.0.1:{rpc_port}/",
            "SERVICES": f"tcp://127.0.0.1:{electrum_port}",
            "PEER_DISCOVERY": "off",
            "PEER_ANNOUNCE": "",
            # In a container the tests are often run by root; the server ends with them.
            "ALLOW_ROOT": "yes",
            # Its own look at the node, in milliseconds; five seconds otherwise.
            "DAEMON_POLL_INTERVAL_BLOCKS": "100",
            "DAEMON_POLL_INTERVAL_MEMPOOL": "100",
            # It slows down and then hangs up on who asks for thousands of balances: not here.
            "COST_SOFT_LIMIT": "0",
            "COST_HARD_LIMIT": "0",
        }
        stack.enter_context(_running([str(electrumx())], folder / "electrumx.log", environment))
        node.wait_for_index()
        yield node


@contextlib.contextmanager
def _running(command: list[str], log: Path, environment: dict[str, str] | None = None) -> Iterator[None]:
    with log.open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT, env=environment)
        try:
            yield
        except BaseException:
            sys.stderr.write(log.read_text(encoding="utf-8", errors="replace")[-4000:])
            raise
        finally:
            process.terminate()
            try:
                process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _until(true: Callable[[], bool], otherwise: str) -> None:
    ends = time.monotonic() + 60
    trouble: Exception | None = None
    while time.monotonic() < ends:
        try:
            if true():
                return
        except Exception as error:
            trouble = error
        time.sleep(0.05)
    raise AssertionError(otherwise) from trouble


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def some_address(number: int) -> str:
    """The nth of an endless row of main-network addresses that nobody uses, of every kind in turn."""
    digest = hashlib.sha256(f"holdfast test {number}".encode()).digest()
    match KINDS[number % len(KINDS)]:
        case "p2pkh":
            return _base58(b"\x30" + digest[:20])
        case "p2sh":
            return _base58(b"\x32" + digest[:20])
        case "p2sh-old":
            return _base58(b"\x05" + digest[:20])
        case "p2wpkh":
            return _segwit("ltc", 0, digest[:20])
        case "p2wsh":
            return _segwit("ltc", 0, digest)
        case "p2tr":
            return _segwit("ltc", 1, digest)
        case _:
            return _segwit("ltc", 16, digest[:2] + number.to_bytes(3, "big"))


def regtest(address: str) -> str:
    """The regression test network's spelling of the script behind a main-network address."""
    if address.startswith("ltc1"):
        return _again(address, "rltc")
    payload = base58.b58decode_check(address)
    return _base58(_VERSIONS[payload[:1]] + payload[1:])


def mainnet(address: str) -> str:
    """The reverse of `regtest`."""
    if address.startswith("rltc1"):
        return _again(address, "ltc")
    payload = base58.b58decode_check(address)
    backward = {test: main for main, test in _VERSIONS.items()}
    return _base58(backward[payload[:1]] + payload[1:])


def _base58(payload: bytes) -> str:
    return base58.b58encode_check(payload).decode()


def _segwit(hrp: str, version: int, program: bytes) -> str:
    constant = bech32.BECH32_M_CONST if version else bech32.BECH32_1_CONST
    data = [version, *bech32.convertbits(program, 8, 5)]
    return bech32.bech32_encode(hrp, data, m=constant).decode()


def _again(address: str, hrp: str) -> str:
    _hrp, data, constant = bech32.bech32_decode(address)
    return bech32.bech32_encode(hrp, data, m=constant).decode()


assert RULES["litecoin"].milestone is None  # the test network has no such block
