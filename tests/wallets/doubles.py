"""Servers that stand in for providers in tests: strict ones, and ones that misbehave on purpose."""

import contextlib
import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

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
class JsonRpc:
    """A JSON-RPC server that answers each call by `results[method]`; any other method fails the test.

    A result is a value, or a function of the params. An `Exception` raised there becomes an error object from
    its arguments (code, message).
    """

    results: dict[str, Any]
    unexpected: list[str] = field(default_factory=list)
    # Changes the list of answers before it is sent.
    spoil: Callable[[list[dict[str, Any]]], Any] = lambda answers: answers
    # Changes the answer to a question that came without a batch.
    spoil_single: Callable[[dict[str, Any]], Any] = lambda answer: answer

    def __call__(self, exchange: Exchange) -> None:
        calls = json.loads(exchange.body())
        if isinstance(calls, dict):
            answer = self.spoil_single(self._one(calls))
            exchange.reply(200, answer if isinstance(answer, bytes) else json.dumps(answer).encode())
            return
        answers = [self._one(call) for call in calls]
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
                return {**about, "error": dict(zip(("code", "message", "data"), problem.args, strict=False))}
        return {**about, "result": result}


class RpcProblem(Exception):
    """Code and message of a JSON-RPC error, and perhaps its data."""


BLOCK_HASH = "0x" + "b1" * 32
PARENT_HASH = "0x" + "a0" * 32
MULTICALL = "0xca11bde05977b3631167028862be2a173976ca11"
BLOCK = {"number": "0x64", "hash": BLOCK_HASH, "parentHash": PARENT_HASH, "timestamp": "0x68000000"}


def evm_node(chain_id: int = 1, **results: Any) -> JsonRpc:
    """A well-behaved node at block 100, to be spoiled by `results`."""
    return JsonRpc(
        {
            "eth_chainId": hex(chain_id),
            "eth_getBlockByNumber": BLOCK,
            "eth_getBlockByHash": BLOCK,
            "eth_getBalance": "0x5",
            "eth_call": "0x" + f"{7:064x}",
            **results,
        }
    )


@dataclass
class EvmNode:
    """A truthful EVM node with one block that matters and known amounts; it answers single calls and batches, and
    runs the packed reader (by state override and as a creation) as its description says.

    `amounts`: (token contract or "" for the coin, address) → base units, both in small letters. `above`: newer
    blocks, whose contents nobody asks for. `is_gone`: the block has left the chain, and another stands at its
    height. `transactions` stand in the block.
    """

    amounts: dict[tuple[str, str], int] = field(default_factory=dict)
    chain_id: int = 1
    height: int = 100
    time: int = 1_750_000_000
    overrides: bool = True
    multicall: bool = False
    above: int = 0
    is_gone: bool = False
    transactions: set[str] = field(default_factory=set)
    # Who is on the list of every token.
    restricted: set[str] = field(default_factory=set)
    unexpected: list[str] = field(default_factory=list)

    def __call__(self, exchange: Exchange) -> None:
        asked = json.loads(exchange.body())
        said = [self._one(call) for call in asked] if isinstance(asked, list) else self._one(asked)
        exchange.reply(200, json.dumps(said).encode(), Content_Type="application/json")

    def _one(self, call: dict[str, Any]) -> dict[str, Any]:
        about = {"jsonrpc": "2.0", "id": call["id"]}
        match call["method"], call["params"]:
            case "eth_chainId", []:
                return {**about, "result": hex(self.chain_id)}
            case "eth_getBlockByNumber", ["latest", False] if self.above:
                newest = {"number": hex(self.height + self.above), "hash": "0x" + f"{self.above:064x}"}
                return {**about, "result": {**self.block, **newest}}
            case "eth_getBlockByNumber", [str(), False]:
                return {
                    **about,
                    "result": {**self.block, "hash": PARENT_HASH} if self.is_gone else self.block,
                }
            case "eth_getBlockByHash", [str(block_hash), False]:
                known = block_hash == BLOCK_HASH and not self.is_gone
                return {**about, "result": self.block if known else None}
            case "eth_getTransactionReceipt", [txid]:
                receipt = {"transactionHash": txid, "blockNumber": hex(self.height), "blockHash": BLOCK_HASH}
                known = txid in self.transactions
                return {**about, "result": {**receipt, "status": "0x1"} if known else None}
            case "eth_getTransactionByHash", [txid]:
                return {**about, "result": {"hash": txid} if txid in self.transactions else None}
            case "eth_getBalance" | "eth_call", [_what, {"blockHash": block_hash}, *_more] if (
                self.is_gone or block_hash != BLOCK_HASH
            ):
                return {**about, "error": {"code": -32000, "message": "header for hash not found"}}
            case "eth_getBalance", [address, _at]:
                return {**about, "result": hex(self.amounts.get(("", address.lower()), 0))}
            case "eth_call", [{"to": to, "data": data}, _at, *override]:
                if override and not self.overrides:
                    return {**about, "error": {"code": -32602, "message": "too many arguments"}}
                code = bytes.fromhex(data[2:])
                if override:
                    return {**about, "result": "0x" + self._packed(code)}
                found = self._call(to, code)
                if found is None:
                    return {**about, "error": {"code": 3, "message": "execution reverted"}}
                return {**about, "result": "0x" + found.hex()}
            case "eth_call", [{"data": data}, _at]:
                if not self.overrides:
                    return {**about, "error": {"code": -32602, "message": "missing to"}}
                from wallets.chains.evm.reader import CREATION_READER

                code = bytes.fromhex(data[2:])
                given = "0x" + self._packed(code[len(CREATION_READER) :])
                return {**about, "error": {"code": 3, "message": "execution reverted", "data": given}}
        self.unexpected.append(call["method"])
        return {**about, "error": {"code": -32601, "message": "Method not found"}}

    @property
    def block(self) -> dict[str, str]:
        return {
            "number": hex(self.height),
            "hash": BLOCK_HASH,
            "parentHash": PARENT_HASH,
            "timestamp": hex(self.time),
        }

    def _is_token(self, contract: str) -> bool:
        return any(contract.lower() == known for known, _address in self.amounts)

    def _call(self, contract: str, data: bytes) -> bytes | None:
        """What a contract answers; None where it reverts, nothing where none stands."""
        if self.multicall and contract.lower() == MULTICALL:
            return self._aggregate(data) if data[:4].hex() == "82ad56cb" else self._about(data)
        if not self._is_token(contract):
            return b""
        owner = "0x" + data[16:36].hex()
        match data[:4].hex():
            case "70a08231":
                return self.amounts.get((contract.lower(), owner), 0).to_bytes(32, "big")
            case "e47d6060":
                return (owner in self.restricted).to_bytes(32, "big")
        return None

    def _about(self, data: bytes) -> bytes:
        """Multicall3's own functions."""
        own = {"42cbb15c": self.height, "27e86d6e": int(PARENT_HASH, 16)}
        own |= {"0f28c97d": self.time, "3408e470": self.chain_id}
        if data[:4].hex() == "4d2301cc":
            return self.amounts.get(("", "0x" + data[16:36].hex()), 0).to_bytes(32, "big")
        return own[data[:4].hex()].to_bytes(32, "big")

    def _aggregate(self, data: bytes) -> bytes:
        """`aggregate3((address target, bool allowFailure, bytes callData)[])` by the contract ABI."""

        def word(at: int) -> int:
            return int.from_bytes(data[at : at + 32], "big")

        table = 4 + word(4) + 32
        results = []
        for number in range(word(table - 32)):
            call = table + word(table + 32 * number)
            inner = call + word(call + 64)
            found = self._call(
                "0x" + data[call + 12 : call + 32].hex(), data[inner + 32 : inner + 32 + word(inner)]
            )
            said = found or b""
            head = (int(found is not None), 64, len(said))
            results.append(b"".join(each.to_bytes(32, "big") for each in head) + said)
        places = [32 * len(results) + sum(map(len, results[:number])) for number in range(len(results))]
        heads = (32, len(results), *places)
        return b"".join(each.to_bytes(32, "big") for each in heads) + b"".join(results)

    def _packed(self, given: bytes) -> str:
        count = int.from_bytes(given[:32], "big")
        assets = [given[32 * number : 32 * number + 32] for number in range(1, count + 1)]
        names = ["" if asset == b"\xff" * 32 else "0x" + asset[12:].hex() for asset in assets]
        packed = given[32 * (count + 1) :]
        addresses = ["0x" + packed[start : start + 20].hex() for start in range(0, len(packed), 20)]
        failed = [0 if not name or self._is_token(name) else len(addresses) for name in names]
        words = [self.height, int(PARENT_HASH, 16), self.time, self.chain_id, *failed]
        words += [self.amounts.get((name, address), 0) for address in addresses for name in names]
        return "".join(f"{word:064x}" for word in words)
