"""A real EVM node for tests: anvil, from the development chain's folder or from HOLDFAST_ANVIL."""

import contextlib
import json
import os
import queue
import re
import shutil
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import httpx
import pytest
from eth_hash.auto import keccak

from wallets.addresses import eip55

DEVCHAIN = Path(__file__).resolve().parents[2] / "deploy" / "devchain"
# The first of anvil's well-known accounts; it has coins and is unlocked.
RICH = "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266"


def anvil_program() -> str:
    """The path of anvil. Skips the test loudly where there is none; in CI that is a failure."""
    candidates = [
        os.environ.get("HOLDFAST_ANVIL"),
        str(DEVCHAIN / "node_modules" / ".bin" / "anvil"),
        shutil.which("anvil"),
    ]
    for candidate in candidates:
        if candidate and Path(candidate).exists():
            return candidate
    message = (
        "NOT CHECKED AGAINST A REAL NODE: anvil is missing (npm ci in deploy/devchain, or HOLDFAST_ANVIL)"
    )
    if os.environ.get("CI"):
        pytest.fail(message)
    pytest.skip(message)


class Anvil:
    """A running anvil on a free port of the loopback interface."""

    def __init__(self, process: subprocess.Popen[str], url: str) -> None:
        self.process = process
        self.url = url
        self._http = httpx.Client(timeout=60, trust_env=False)

    def rpc(self, method: str, *params: Any) -> Any:
        answer = self._http.post(
            self.url, json={"jsonrpc": "2.0", "id": 1, "method": method, "params": list(params)}
        ).json()
        assert "error" not in answer, answer
        return answer["result"]

    def many(self, calls: Sequence[tuple[str, Sequence[Any]]]) -> list[Any]:
        results: list[Any] = []
        for start in range(0, len(calls), 1000):
            batch = [
                {"jsonrpc": "2.0", "id": n, "method": method, "params": list(params)}
                for n, (method, params) in enumerate(calls[start : start + 1000])
            ]
            answers = sorted(self._http.post(self.url, json=batch).json(), key=lambda answer: answer["id"])
            for answer in answers:
                assert "error" not in answer, answer
            results += [answer["result"] for answer in answers]
        return results

    def balance(self, address: str) -> int:
        return int(self.rpc("eth_getBalance", address, "latest"), 16)

    def token_balance(self, token: str, address: str) -> int:
        data = "0x70a08231" + address[2:].lower().rjust(64, "0")
        return int(self.rpc("eth_call", {"to": token, "data": data}, "latest"), 16)

    def send(self, to: str, wei: int) -> None:
        """Transfer coins, and wait until the transfer is in a block."""
        self._receipt(self.rpc("eth_sendTransaction", {"from": RICH, "to": to, "value": hex(wei)}))

    def _receipt(self, transaction: str) -> dict[str, Any]:
        """The receipt, once there is one: the block is mined right after the transaction is accepted."""
        ends = time.monotonic() + 10
        while time.monotonic() < ends:
            receipt: dict[str, Any] | None = self.rpc("eth_getTransactionReceipt", transaction)
            if receipt is not None:
                assert receipt["status"] == "0x1", receipt
                return receipt
            time.sleep(0.005)
        raise AssertionError(f"{transaction} was not mined")

    def deploy_token(self, supply: int = 10**15) -> str:
        """The demonstration token of deploy/devchain; returns its address."""
        compiled = json.loads((DEVCHAIN / "DemoToken.json").read_text(encoding="utf-8"))
        code: str = compiled["bytecode"]
        data = "0x" + code.removeprefix("0x") + f"{supply:064x}"
        receipt = self._receipt(self.rpc("eth_sendTransaction", {"from": RICH, "data": data}))
        return eip55(receipt["contractAddress"])

    def set_balances(self, wei: Mapping[str, int]) -> None:
        self.many([("anvil_setBalance", (address, hex(amount))) for address, amount in wei.items()])
        self.rpc("evm_mine")

    def set_token_balances(self, token: str, units: Mapping[str, int]) -> None:
        """Write `balanceOf`, the token's storage slot 0, directly."""
        self.many(
            [
                ("anvil_setStorageAt", (token, _mapping_slot(address, 0), f"0x{amount:064x}"))
                for address, amount in units.items()
            ]
        )
        self.rpc("evm_mine")

    def set_code(self, address: str, code: str) -> str:
        """Put a contract at an address, from the next block on; returns the address."""
        self.rpc("anvil_setCode", address, code)
        self.rpc("evm_mine")
        return address

    def close(self) -> None:
        self._http.close()
        self.process.terminate()
        self.process.wait(timeout=10)


def _mapping_slot(address: str, slot: int) -> str:
    """Where Solidity keeps `mapping[address]`: keccak of the padded key and the padded slot."""
    key = bytes.fromhex(address[2:].rjust(64, "0")) + slot.to_bytes(32, "big")
    return "0x" + keccak(key).hex()


@contextlib.contextmanager
def run_anvil(*arguments: str) -> Iterator[Anvil]:
    process = subprocess.Popen(
        [anvil_program(), "--host", "127.0.0.1", "--port", "0", "--gas-limit", "50000000", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    found: queue.Queue[str] = queue.Queue()

    def drain() -> None:
        # The pipe is read to its end, or anvil would stop once it is full.
        assert process.stdout is not None
        with process.stdout as lines:
            for line in lines:
                if match := re.search(r"Listening on (\S+)", line):
                    found.put(match[1])

    reader = threading.Thread(target=drain, daemon=True)
    reader.start()
    try:
        node = Anvil(process, f"http://{found.get(timeout=30)}")
    except BaseException:
        process.kill()
        process.wait()
        raise
    try:
        yield node
    finally:
        node.close()
        reader.join(timeout=5)


def some_address(number: int) -> str:
    """The nth of an endless row of addresses that nobody uses."""
    return eip55("0x" + keccak(f"holdfast test {number}".encode())[-20:].hex())
