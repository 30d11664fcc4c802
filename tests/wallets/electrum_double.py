"""A strict double of an Electrum server, and ways for it to misbehave.

Its shapes are those of the protocol's documentation (electrum-protocol, `protocol-methods.rst`, version 1.4), its
errors those of ElectrumX (server/session.py). ElectrumX over litecoind answers as it does (test_litecoin_node);
servers of the other chains were *never seen live*.
"""

import contextlib
import hashlib
import json
import socketserver
import ssl
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from wallets.chains.base import ChainInfo
from wallets.chains.catalogue import CHAINS
from wallets.chains.utxo import RULES, Rules

# A server's answer to one call: anything that is JSON, or an error.
Answer = Any


class RpcProblem(Exception):
    """Code and message of a JSON-RPC error."""


def out_of_range(height: int) -> RpcProblem:
    return RpcProblem(1, f"height {height:,d} out of range")


def double_sha256(data: bytes) -> bytes:
    return hashlib.sha256(hashlib.sha256(data).digest()).digest()


def txid(number: int) -> str:
    return hashlib.sha256(f"transaction {number}".encode()).hexdigest()


@dataclass
class FakeBlock:
    height: int
    previous: str
    time: int
    transactions: list[str]
    form: str

    @property
    def header(self) -> bytes:
        """The header as a server gives it out, in the form of the chain."""
        front = (
            (2).to_bytes(4, "little")
            + bytes.fromhex(self.previous)[::-1]
            + bytes.fromhex(self.branch(0)[1])[::-1]
        )
        time = self.time.to_bytes(4, "little")
        if self.form == "equihash":
            return front + bytes(32) + time + bytes(4) + bytes(32) + b"\xfd\x40\x05" + bytes(1344)
        plain = front + time + bytes(8)
        return plain + b"merge-mined" * 20 if self.form == "auxpow" else plain

    @property
    def hash(self) -> str:
        """The block's hash. For X11 a stand-in, which only the double's own node knows."""
        if self.form == "x11":
            return hashlib.sha256(b"x11" + self.header).hexdigest()
        return double_sha256(self.header if self.form == "equihash" else self.header[:80])[::-1].hex()

    def branch(self, position: int) -> tuple[list[str], str]:
        """The merkle branch of a transaction, and the root."""
        row = [bytes.fromhex(each)[::-1] for each in self.transactions]
        branch: list[str] = []
        while len(row) > 1:
            if len(row) % 2:
                row.append(row[-1])
            branch.append(row[position ^ 1][::-1].hex())
            row = [double_sha256(row[n] + row[n + 1]) for n in range(0, len(row), 2)]
            position >>= 1
        return branch, row[0][::-1].hex()


@dataclass
class Electrum:
    """One server: it knows some blocks, the newest one, sums per script hash, and transactions."""

    info: ChainInfo = field(default_factory=lambda: CHAINS["bitcoin"])
    # Script hash → confirmed and unconfirmed base units, or an error.
    balances: dict[str, Any] = field(default_factory=dict)
    # Transactions of the node in no block.
    pending: set[str] = field(default_factory=set)
    genesis: str = ""
    milestone: str = ""
    unexpected: list[str] = field(default_factory=list)
    # Each call in order: method and params.
    asked: list[tuple[str, list[Any]]] = field(default_factory=list)
    messages: list[Any] = field(default_factory=list)
    # Runs before each message is answered, with its number from 1 on.
    before: Callable[[int], None] = lambda number: None
    # Answers some calls in the server's place: method → function of the params.
    instead: dict[str, Callable[..., Answer]] = field(default_factory=dict)
    # Changes the answer to a message, before it is written; None hangs up.
    spoil: Callable[[bytes, int], bytes | None] = lambda line, number: line
    connections: int = 0
    time: int = 1_700_000_000
    rules: Rules = field(init=False)
    blocks: dict[int, FakeBlock] = field(default_factory=dict)
    # How many of the newest blocks are indexed but not announced yet.
    unannounced: int = 0

    def __post_init__(self) -> None:
        self.rules = RULES[self.info.slug]
        self.genesis = self.genesis or self.info.genesis
        above = {0: self.genesis}
        if self.rules.milestone:
            above[self.rules.milestone[0]] = self.milestone or self.rules.milestone[1]
        for height, block_hash in above.items():
            self._add(height + 1, block_hash)
        self._add(2_000_000, "77" * 32)
        self.mine(12)

    @property
    def height(self) -> int:
        return max(self.blocks)

    @property
    def tip(self) -> FakeBlock:
        return self.blocks[self.height]

    def mine(self, count: int = 1) -> None:
        for _block in range(count):
            self._add(self.height + 1, self.tip.hash)

    def replace_tip(self) -> None:
        """Another block at the same height."""
        gone = self.blocks.pop(self.height)
        self.time += 1
        self._add(gone.height, gone.previous)

    def _add(self, height: int, previous: str) -> None:
        transactions = [txid(height * 10 + n) for n in range(height % 5 + 1)]
        self.blocks[height] = FakeBlock(height, previous, self.time, transactions, self.rules.header)

    def answer(self, line: bytes) -> bytes | None:
        message = json.loads(line)
        self.messages.append(message)
        number = len(self.messages)
        self.before(number)
        calls = message if isinstance(message, list) else [message]
        # Answers may come in any order (JSON-RPC 2.0, section 6).
        answers = [self._one(call) for call in reversed(calls)]
        reply = answers if isinstance(message, list) else answers[0]
        return self.spoil(json.dumps(reply).encode(), number)

    def _one(self, call: dict[str, Any]) -> dict[str, Any]:
        about = {"jsonrpc": "2.0", "id": call["id"]}
        self.asked.append((call["method"], call["params"]))
        try:
            return {**about, "result": self._result(call["method"], call["params"])}
        except RpcProblem as problem:
            return {**about, "error": {"code": problem.args[0], "message": problem.args[1]}}

    def _result(self, method: str, params: list[Any]) -> Answer:
        if method in self.instead:
            return self.instead[method](*params)
        match method, params:
            case "server.version", [str(), ["1.4", "1.6"]]:
                return ["ElectrumX 1.16.0", "1.4.2"]
            case "server.features", []:
                return {
                    "genesis_hash": self.genesis,
                    "hosts": {},
                    "protocol_max": "1.4.2",
                    "protocol_min": "1.4",
                    "pruning": None,
                    "server_version": "ElectrumX 1.16.0",
                    "hash_function": "sha256",
                }
            case "blockchain.headers.subscribe", []:
                height = self.height - self.unannounced
                return {"hex": self.blocks[height].header.hex(), "height": height}
            case "blockchain.block.header", [int(height)]:
                if height not in self.blocks:
                    raise out_of_range(height)
                return self.blocks[height].header.hex()
            case "blockchain.scripthash.get_balance", [str(script_hash)]:
                found = self.balances.get(script_hash, (0, 0))
                if isinstance(found, RpcProblem):
                    raise found
                return {"confirmed": found[0], "unconfirmed": found[1]} if isinstance(found, tuple) else found
            case "blockchain.transaction.get", [str(wanted), True]:
                return self._transaction(wanted)
            case "blockchain.transaction.get_merkle", [str(wanted), int(height)]:
                if height not in self.blocks or wanted not in self.blocks[height].transactions:
                    raise RpcProblem(1, f"tx {wanted} not in block at height {height:,d}")
                position = self.blocks[height].transactions.index(wanted)
                branch, _root = self.blocks[height].branch(position)
                return {"block_height": height, "merkle": branch, "pos": position}
            case "blockchain.transaction.id_from_pos", [int(height), int(position), True]:
                if height not in self.blocks:
                    raise out_of_range(height)
                branch, _root = self.blocks[height].branch(position)
                return {"tx_hash": self.blocks[height].transactions[position], "merkle": branch}
        self.unexpected.append(method)
        raise RpcProblem(-32601, "unknown method")

    def _transaction(self, wanted: str) -> Answer:
        """As the node's `getrawtransaction` with verbose true, of which only what matters here."""
        if wanted in self.pending:
            return {"txid": wanted, "vin": [], "vout": []}
        for block in self.blocks.values():
            if wanted in block.transactions:
                deep = self.height - block.height + 1
                return {"txid": wanted, "blockhash": block.hash, "confirmations": deep, "time": block.time}
        raise RpcProblem(
            2,
            "daemon error: DaemonError({'code': -5, 'message': 'No such mempool or blockchain transaction. "
            "Use gettransaction for wallet transactions.'})",
        )


class _Session(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        server = self.server
        assert isinstance(server, ElectrumProvider)
        server.electrum.connections += 1
        greeted = False
        for line in self.rfile:
            call = json.loads(line)
            if not greeted and (isinstance(call, list) or call["method"] != "server.version"):
                return  # ElectrumX hangs up on who does not say the version first
            greeted = True
            answer = server.electrum.answer(line)
            if answer is None:
                return
            self.wfile.write(answer + b"\n")


class ElectrumProvider(socketserver.ThreadingTCPServer):
    """A server on a free loopback port. With a certificate it speaks TLS."""

    daemon_threads = True
    block_on_close = False
    allow_reuse_address = True

    def __init__(
        self,
        electrum: Electrum,
        session: type[socketserver.BaseRequestHandler] = _Session,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        super().__init__(("127.0.0.1", 0), session)
        self.electrum = electrum
        self.tls = tls
        scheme = "electrum+ssl" if tls else "electrum+tcp"
        self.url = f"{scheme}://127.0.0.1:{self.server_address[1]}"

    def get_request(self) -> Any:
        accepted, address = super().get_request()
        if self.tls is not None:
            accepted = self.tls.wrap_socket(accepted, server_side=True, do_handshake_on_connect=False)
        return accepted, address

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hangs up is what some tests are about."""


@contextlib.contextmanager
def serve_electrum(
    electrum: Electrum,
    session: type[socketserver.BaseRequestHandler] = _Session,
    tls: ssl.SSLContext | None = None,
) -> Iterator[ElectrumProvider]:
    with ElectrumProvider(electrum, session, tls) as provider:
        thread = threading.Thread(target=provider.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        try:
            yield provider
        finally:
            provider.shutdown()
            thread.join(timeout=5)
