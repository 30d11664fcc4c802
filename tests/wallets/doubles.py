"""Servers that stand in for providers in tests: strict ones, and ones that misbehave on purpose."""

import contextlib
import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

GENESIS = "000000000019d6689c085ae165831e934ff763ae46a2a6c172b3f1b60a8ce26f"

Handler = Callable[["Exchange"], None]


class Exchange(BaseHTTPRequestHandler):
    """One request. The server's `answer` writes to it as it likes, also against the protocol."""

    protocol_version = "HTTP/1.1"
    # Headers and body go out in two writes; without this each answer waits 40 ms for an acknowledgement.
    disable_nagle_algorithm = True

    def log_message(self, *args: Any) -> None:
        """Nothing: tests say what went wrong."""

    def body(self) -> bytes:
        return self.rfile.read(int(self.headers.get("Content-Length", "0")))

    def reply(self, status: int, body: bytes, **headers: str) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def _answer(self) -> None:
        server = self.server
        assert isinstance(server, Provider)
        server.requests.append(f"{self.command} {self.path}")
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            server.answer(self)

    do_GET = _answer  # noqa: N815 – http.server finds it by this name
    do_POST = _answer  # noqa: N815


class Provider(ThreadingHTTPServer):
    """A server on a free loopback port that answers by the function `answer`."""

    daemon_threads = True
    # A test that ends while an endless answer is being written must not wait for it.
    block_on_close = False

    def __init__(self, answer: Handler) -> None:
        super().__init__(("127.0.0.1", 0), Exchange)
        self.answer = answer
        self.requests: list[str] = []
        self.url = f"http://127.0.0.1:{self.server_address[1]}"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hangs up is what some tests are about."""


@contextlib.contextmanager
def serve(answer: Handler) -> Iterator[Provider]:
    with Provider(answer) as provider:
        thread = threading.Thread(target=provider.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        try:
            yield provider
        finally:
            provider.shutdown()
            thread.join(timeout=5)


@dataclass
class Esplora:
    """A strict double of Esplora's interface (Blockstream/esplora, API.md; never seen live).

    It knows a chain of block hashes, confirmed sums per address, and nothing else: any other path is remembered
    in `unexpected` and answered with 404, as the original does for what it does not know.
    """

    balances: dict[str, tuple[int, int]] = field(default_factory=dict)
    blocks: list[tuple[str, int]] = field(
        default_factory=lambda: [(GENESIS, 1231006505), (f"{1:064x}", 1231469665)]
    )
    unexpected: list[str] = field(default_factory=list)
    # Runs before each answer to an address: a place for a block to arrive in the middle.
    before_address: Callable[[], None] = lambda: None
    genesis: str = GENESIS

    def mine(self) -> str:
        number = len(self.blocks)
        self.blocks.append((f"{number:064x}", 1231006505 + 600 * number))
        return self.blocks[-1][0]

    def __call__(self, exchange: Exchange) -> None:
        match exchange.path.strip("/").split("/"):
            case ["api", "blocks", "tip", "hash"]:
                exchange.reply(200, self.blocks[-1][0].encode())
            case ["api", "block-height", "0"]:
                exchange.reply(200, self.genesis.encode())
            case ["api", "block", block_hash] if block_hash in dict(self.blocks):
                height = [known for known, _ in self.blocks].index(block_hash)
                self._json(
                    exchange,
                    {
                        "id": block_hash,
                        "height": height,
                        "version": 1,
                        "timestamp": self.blocks[height][1],
                        "tx_count": 1,
                        "difficulty": 53911173001054.59,
                    },
                )
            case ["api", "address", address] if address in self.balances:
                self.before_address()
                funded, spent = self.balances[address]
                self._json(
                    exchange,
                    {
                        "address": address,
                        "chain_stats": {
                            "funded_txo_count": 2,
                            "funded_txo_sum": funded,
                            "spent_txo_count": 1,
                            "spent_txo_sum": spent,
                            "tx_count": 3,
                        },
                        # Unconfirmed coins, which must not be counted.
                        "mempool_stats": {
                            "funded_txo_count": 1,
                            "funded_txo_sum": 777,
                            "spent_txo_count": 0,
                            "spent_txo_sum": 0,
                            "tx_count": 1,
                        },
                    },
                )
            case _:
                self.unexpected.append(exchange.path)
                exchange.reply(404, b"not found")

    def _json(self, exchange: Exchange, value: object) -> None:
        exchange.reply(200, json.dumps(value).encode(), Content_Type="application/json")


@dataclass
class JsonRpc:
    """A JSON-RPC server that answers each call by `results[method]`; any other method fails the test.

    A result is a value, or a function of the params. An `Exception` raised there becomes an error object from
    its arguments (code, message).
    """

    results: dict[str, Any]
    unexpected: list[str] = field(default_factory=list)
    # Changes the list of answers before it is sent.
    spoil: Callable[[list[dict[str, Any]]], Any] = lambda answers: answers

    def __call__(self, exchange: Exchange) -> None:
        answers = [self._one(call) for call in json.loads(exchange.body())]
        # Answers may come in any order (JSON-RPC 2.0, section 6).
        answers.reverse()
        exchange.reply(200, json.dumps(self.spoil(answers)).encode())

    def _one(self, call: dict[str, Any]) -> dict[str, Any]:
        about = {"jsonrpc": "2.0", "id": call["id"]}
        if call["method"] not in self.results:
            self.unexpected.append(call["method"])
            return {**about, "error": {"code": -32601, "message": "Method not found"}}
        result = self.results[call["method"]]
        if callable(result):
            try:
                result = result(*call["params"])
            except RpcProblem as problem:
                return {**about, "error": {"code": problem.args[0], "message": problem.args[1]}}
        return {**about, "result": result}


class RpcProblem(Exception):
    """Code and message of a JSON-RPC error."""


BLOCK_HASH = "0x" + "b1" * 32
BLOCK = {"number": "0x64", "hash": BLOCK_HASH, "timestamp": "0x68000000"}


def evm_node(chain_id: int = 1, **results: Any) -> JsonRpc:
    """A well-behaved node at block 100, to be spoiled by `results`."""
    return JsonRpc(
        {
            "eth_chainId": hex(chain_id),
            "eth_getBlockByNumber": BLOCK,
            "eth_getBalance": "0x5",
            "eth_call": "0x" + f"{7:064x}",
            **results,
        }
    )
