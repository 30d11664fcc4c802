"""The local development chain of the demo and the tests: `anvil` from npm, chain id 31337, loopback only.

It is a real EVM node with a chain of its own whose coins are worth nothing. Its accounts are unlocked, so plain
JSON-RPC is enough to move them. Nothing here runs in production: bin/up starts it for the demo, tests for
themselves.

    with DevChain(Path("data")) as chain:
        token = chain.prepare_demo()
        chain.transfer_token(token, to=demo_wallets()[0].address, units=1_500_000)
"""

import fcntl
import hashlib
import json
import os
import platform
import shutil
import subprocess
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from config.processes import (
    ServiceError,
    disk_is_full,
    explain_os_error,
    free_port,
    need_free_space,
    private_folder,
    spawn,
    stop_child,
    tail,
    wait_until,
    write_private,
)

CHAIN_ID = 31337
FOLDER = Path(__file__).resolve().parent.parent / "deploy" / "devchain"
# 1,000,000,000 tokens of six decimals, all at first with the node's first account.
TOKEN_SUPPLY = 1_000_000_000 * 10**6
_STATE_INTERVAL = 2
# A proxy in the environment must not see calls to the node next door.
_OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))
_ADDRESSES = (
    "0x863b7257Bd8bf69dfead2748F650559170Ee69e1",
    "0xB9A788eBdC7EAd853Ec78F1c8228D3bC7A1C2c47",
    "0x3EAa7445C18F27c882A6BBfaE286B5740Ccc9869",
    "0x215Bb339cf7570Ac5973116Ca8D43c49DA0168Eb",
    "0xA0C0eAFCA944Ad0133db7C1E6B5Dc9ECEC388fA1",
)


class ChainError(ServiceError):
    """The development chain answered with an error, or not at all."""


@dataclass(frozen=True, slots=True)
class DemoWallet:
    """A wallet that the demo's chain is funded with. Nobody holds a key to these addresses.

    `native_wei` and `token_units` are what it holds after funding, in base units.
    """

    label: str
    address: str
    native_wei: int
    token_units: int


def demo_wallets() -> tuple[DemoWallet, ...]:
    """The wallets that `DevChain.prepare_demo` funds, the same on every installation.

    The addresses are the last 20 bytes of SHA-256("Holdfast demo wallet N"), so that no key to them is known.
    """
    eth, token = 10**18, 10**6
    return _wallets(
        (
            "Payroll intake (fictional)",
            _ADDRESSES[0],
            2 * eth + 345_678_901_234_567_890,
            48_250 * token + 125_000,
        ),
        ("Consolidation (fictional)", _ADDRESSES[1], 11 * eth + 1, 1_204_999 * token + 999_999),
        ("Chain-hop exit (fictional)", _ADDRESSES[2], 730_000_000_000_000_000, 0),
        ("Customer deposit (fictional)", _ADDRESSES[3], 50_000_000_000_000_000, 9_310 * token),
        ("Held back (fictional)", _ADDRESSES[4], 0, 310_000 * token + 7),
    )


def _wallets(*rows: tuple[str, str, int, int]) -> tuple[DemoWallet, ...]:
    return tuple(DemoWallet(*row) for row in rows)


class DevChain:
    """One anvil whose chain is kept in `home`/devchain over restarts (written every two seconds and at the end).

    `home=None` keeps nothing: each start is a new chain, as tests want it.
    """

    name = "Local development chain"

    def __init__(self, home: Path | None, *, log: Path | None = None, port: int | None = None) -> None:
        self.data = None if home is None else home.resolve() / "devchain"
        if log is None:
            if home is None:
                raise ValueError("a chain without a home needs a log file")
            log = home.resolve() / "logs" / "devchain.log"
        self.log = log
        self.port = port
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """HOLDFAST_LOCALDEV_URL."""
        if self.port is None:
            raise ChainError("The local development chain is not running.")
        return f"http://127.0.0.1:{self.port}"

    # ── the process ───────────────────────────────────────────────────────────────────────────────────────
    def start(self) -> None:
        """Start the node on a free loopback port and wait until it answers. Raises ServiceError."""
        binary = find_anvil()
        if binary is None:
            raise ChainError("The local development chain is not installed.")
        if self.data is not None:
            private_folder(self.data)
            need_free_space(self.data, 20, "the local development chain")
            self._keep_one_good_state()
        if self._try_start(binary):
            return
        if self.data is not None and (self.data / "state.json").exists():
            # A kill in the middle of writing leaves half a file; the last one that loaded lies beside it.
            (self.data / "state.json").replace(self.data / "state.broken.json")
            kept = self.data / "state.good.json"
            if kept.exists():
                shutil.copyfile(kept, self.data / "state.json")
            if self._try_start(binary):
                return
        full = self.data is not None and disk_is_full(self.data)
        reason = "the disk is full" if full else tail(self.log) or "no reason given"
        raise ChainError(f"The local development chain did not start: {reason}; its log is {self.log}.")

    def _try_start(self, binary: Path) -> bool:
        wanted = self.port
        # Between finding a free port and using it another process may take it.
        for _attempt in range(3 if wanted is None else 1):
            self.port = wanted or free_port()
            command: list[str | Path] = [
                binary, "--host", "127.0.0.1", "--port", str(self.port), "--chain-id", str(CHAIN_ID),
                "--gas-limit", "50000000", "--no-request-size-limit", "--quiet",
            ]  # fmt: skip
            if self.data is not None:
                command += ["--state", self.data / "state.json", "--state-interval", str(_STATE_INTERVAL)]
            self.process = spawn(command, log=self.log)
            if self._came_up(self.process):
                return True
            self.stop()
            self.port = wanted
        return False

    def _came_up(self, child: subprocess.Popen[bytes]) -> bool:
        wait_until(lambda: child.poll() is not None or self.healthy(), seconds=30)
        return self.healthy() and child.poll() is None

    def stop(self) -> None:
        """Stop the node after it has written its chain; not running is fine."""
        if self.process is not None:
            stop_child(self.process, seconds=20)
            self.process = None

    def healthy(self) -> bool:
        """Whether the node answers as the development chain."""
        try:
            return bool(self.call("eth_chainId") == hex(CHAIN_ID))
        except ChainError:
            return False

    def _keep_one_good_state(self) -> None:
        if self.data is None:
            return
        state = self.data / "state.json"
        try:
            json.loads(state.read_bytes())
        except FileNotFoundError:
            return
        except ValueError:
            return
        except OSError as error:
            raise ServiceError(explain_os_error(error, state)) from error
        shutil.copyfile(state, self.data / "state.good.json")

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    # ── the chain ─────────────────────────────────────────────────────────────────────────────────────────
    def call(self, method: str, *params: Any) -> Any:
        """One JSON-RPC call; its `result`. Raises ChainError with the node's own message."""
        body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).encode()
        request = urllib.request.Request(self.url, body, {"Content-Type": "application/json"})  # noqa: S310 - loopback
        try:
            with _OPENER.open(request, timeout=30) as response:
                answer = json.load(response)
        except (OSError, ValueError) as error:
            raise ChainError(f"The local development chain does not answer: {error}.") from error
        if "error" in answer:
            raise ChainError(
                f"The local development chain refused {method}: {answer['error'].get('message')}."
            )
        return answer["result"]

    def accounts(self) -> list[str]:
        """The node's ten unlocked accounts, each with 10,000 coins on a new chain."""
        return [str(account) for account in self.call("eth_accounts")]

    def transfer_native(self, *, to: str, wei: int, sender: str | None = None) -> str:
        """Move `wei` of the native coin in a block of its own; the transaction's hash."""
        return self._send({"from": sender or self.accounts()[0], "to": to, "value": hex(wei)})

    def transfer_token(self, token: str, *, to: str, units: int, sender: str | None = None) -> str:
        """Move `units` (base units, six decimals) of the demo token; the transaction's hash."""
        # transfer(address,uint256)
        data = "0xa9059cbb" + to.removeprefix("0x").lower().rjust(64, "0") + f"{units:064x}"
        return self._send({"from": sender or self.accounts()[0], "to": token, "data": data})

    def native_balance(self, address: str) -> int:
        """The native balance at the newest block, in wei."""
        return int(self.call("eth_getBalance", address, "latest"), 16)

    def token_balance(self, token: str, address: str) -> int:
        """The token balance at the newest block, in base units."""
        # balanceOf(address)
        data = "0x70a08231" + address.removeprefix("0x").lower().rjust(64, "0")
        return int(self.call("eth_call", {"to": token, "data": data}, "latest"), 16)

    def mine(self, blocks: int = 1) -> None:
        """Add empty blocks."""
        self.call("anvil_mine", hex(blocks))

    def block(self, which: str = "latest") -> tuple[int, str]:
        """Height and hash of a block."""
        found = self.call("eth_getBlockByNumber", which, False)
        return int(found["number"], 16), str(found["hash"])

    def deploy_token(self) -> str:
        """Deploy a new demo token, the whole supply with the first account; the contract's address."""
        bytecode = json.loads((FOLDER / "DemoToken.json").read_text(encoding="utf-8"))["bytecode"]
        sent = self._send({"from": self.accounts()[0], "data": f"{bytecode}{TOKEN_SUPPLY:064x}"})
        return str(self.call("eth_getTransactionReceipt", sent)["contractAddress"])

    def prepare_demo(self) -> str:
        """Deploy the token and fund `demo_wallets()` once per chain; the token's address. Safe to repeat."""
        if self.data is None:
            return self._fund(self.deploy_token())
        note = self.data / "demo.json"
        genesis = self.block("0x0")[1]
        try:
            kept = json.loads(note.read_text(encoding="utf-8"))
        except (FileNotFoundError, ValueError):
            kept = {}
        token = kept.get("token")
        if token and kept.get("genesis") == genesis and self.call("eth_getCode", token, "latest") != "0x":
            return str(token)
        token = self._fund(self.deploy_token())
        write_private(note, json.dumps({"genesis": genesis, "token": token}) + "\n")
        return token

    def _fund(self, token: str) -> str:
        for wallet in demo_wallets():
            if wallet.native_wei:
                self.transfer_native(to=wallet.address, wei=wallet.native_wei)
            if wallet.token_units:
                self.transfer_token(token, to=wallet.address, units=wallet.token_units)
        return token

    def _send(self, transaction: dict[str, str]) -> str:
        sent = str(self.call("eth_sendTransaction", transaction))
        # The node mines each transaction at once, but answers before it has; a failed one is an error here.
        wait_until(lambda: self.call("eth_getTransactionReceipt", sent) is not None, seconds=20, step=0.005)
        receipt = self.call("eth_getTransactionReceipt", sent)
        if receipt is None or int(receipt["status"], 16) != 1:
            raise ChainError(f"The transaction {sent} failed on the local development chain.")
        return sent


def find_anvil() -> Path | None:
    """The node's program: the one from npm, else one that the machine has in its PATH, else None."""
    machine = {"x86_64": "amd64", "aarch64": "arm64"}.get(platform.machine(), platform.machine())
    ours = (
        FOLDER
        / "node_modules"
        / "@foundry-rs"
        / f"anvil-{platform.system().lower()}-{machine}"
        / "bin"
        / "anvil"
    )
    if os.access(ours, os.X_OK):
        return ours
    found = shutil.which("anvil")
    return Path(found) if found else None


def install(*, with_compiler: bool = False) -> None:
    """Install the node from npm as package-lock.json says; the compiler too where tests need it.

    Does nothing when that is installed already. Raises ChainError with one sentence when npm is missing or fails.
    """
    lock = (FOLDER / "package-lock.json").read_bytes()
    digest = hashlib.sha256(lock).hexdigest()
    stamp = FOLDER / "node_modules" / ".holdfast-stamp"
    if _is_installed(stamp, digest, with_compiler):
        return
    npm = shutil.which("npm")
    if npm is None or shutil.which("node") is None:
        raise ChainError("Node.js with npm is not installed.")
    try:
        # Two runs side by side share the folder; npm never writes this file.
        with (FOLDER / "package-lock.json").open("rb") as guard:
            fcntl.flock(guard, fcntl.LOCK_EX)
            if _is_installed(stamp, digest, with_compiler):
                return
            omit = () if with_compiler else ("--omit=dev",)
            result = subprocess.run(
                # Nothing of a package runs at installation: the node is a plain file in its package.
                [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--fetch-retries=1", *omit],
                cwd=FOLDER, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=300,
            )  # fmt: skip
            if result.returncode != 0:
                said = [line for line in result.stderr.splitlines() if "error" in line]
                raise ChainError(f"npm could not install it ({said[0] if said else 'no reason given'}).")
            stamp.write_text(f"{digest} {'all' if with_compiler else 'node'}\n", encoding="utf-8")
    except subprocess.TimeoutExpired as error:
        raise ChainError("npm did not finish in five minutes.") from error
    except OSError as error:
        raise ChainError(explain_os_error(error, FOLDER)) from error


def _is_installed(stamp: Path, digest: str, with_compiler: bool) -> bool:
    try:
        found, extent = stamp.read_text(encoding="utf-8").split()
    except (OSError, ValueError):
        return False
    return found == digest and (extent == "all" or not with_compiler)


def compiler_check() -> str | None:
    """Compile the demo token again; None when the tree's bytecode is the same, else what differs."""
    result = subprocess.run(
        ["node", "compile.js", "--check"], cwd=FOLDER, capture_output=True, text=True, timeout=120
    )
    return None if result.returncode == 0 else (result.stderr or result.stdout).strip()
