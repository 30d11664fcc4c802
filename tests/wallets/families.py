"""Each chain family over a server of the tests, for the promises that all of them keep (test_family_contract).

A family joins by an entry in `FAMILIES`: a name, and a function that gives a context manager of a `Family`.
"""

import contextlib
import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, Protocol

import pytest

from tests.wallets.doubles import EvmNode, Exchange, Provider, serve
from tests.wallets.electrum_double import Electrum, ElectrumProvider, serve_electrum
from tests.wallets.esplora_double import Esplora
from tests.wallets.nodes import run_anvil, some_address
from tests.wallets.solana_double import PROGRAM_2022, Validator
from tests.wallets.tron_shim import JavaTron, tron
from tests.wallets.xrp_double import RIPPLE_EPOCH, Ledger, Rippled, line
from wallets.chains import electrum
from wallets.chains.base import ChainSource
from wallets.chains.catalogue import CHAINS
from wallets.chains.electrum import ElectrumSource
from wallets.chains.esplora import EsploraSource
from wallets.chains.evm import EvmSource
from wallets.chains.http import ChainClient, Limits
from wallets.chains.solana import SolanaSource
from wallets.chains.tron import TronSource
from wallets.chains.utxo import RULES, script_hash, script_of
from wallets.chains.xrp import XrpSource
from wallets.chains.xrp_tokens import ISSUED_DECIMALS

KEY = "a-key-that-nobody-may-see"
# Servers repeat in their refusals what they were asked, and where.
REFUSAL = f'{{"error":"see http://127.0.0.1:1/{KEY}"}}'.encode()
Path = tuple[str | int, ...]
EVM_WAYS = ("", "override", "creation", "multicall", "batch")


class Overheard:
    """A request that is handed on, with another word on its answer. (A connection's requests share one `Exchange`.)"""

    def __init__(self, exchange: Exchange, change: Callable[[bytes, bytes], bytes]) -> None:
        self._exchange, self._change = exchange, change
        self.path, self.command, self.headers = exchange.path, exchange.command, exchange.headers
        self._body = exchange.body()

    def body(self) -> bytes:
        return self._body

    def reply(self, status: int, body: bytes, **headers: str) -> None:
        self._exchange.reply(status, self._change(self._body, body), **headers)


Change = Callable[[str, bytes, bytes], bytes]


class Wire(Protocol):
    """What goes between a source and its server, for tests that listen or put in a word."""

    host: str

    def change(self, change: Change) -> None:
        """Pass every answer through `change(path, question, answer)`."""
        ...

    def fail(self, status: int) -> None:
        """From now on each question is answered with this HTTP status, or what says the same there."""
        ...


class HttpWire:
    def __init__(self, server: Provider) -> None:
        self._server, self._original = server, server.answer
        self.host = server.url.removeprefix("http://")

    def change(self, change: Change) -> None:
        def answer(exchange: Exchange) -> None:
            heard = Overheard(exchange, lambda asked, said: change(exchange.path, asked, said))
            self._original(heard)  # type: ignore[arg-type]

        self._server.answer = answer

    def fail(self, status: int) -> None:
        self._server.answer = lambda exchange: exchange.reply(status, REFUSAL)


class ElectrumWire:
    """Electrum knows no statuses: a server that cannot answer hangs up, one that is asked too much says so by
    aiorpcX's error -101, and one that refuses by another error. Nothing there sends a client elsewhere: for 302 it
    refuses, too.
    """

    def __init__(self, server: ElectrumProvider) -> None:
        self._electrum = server.electrum
        self.host = server.url.removeprefix("electrum+tcp://")

    def change(self, change: Change) -> None:
        def spoil(answer: bytes, number: int) -> bytes:
            return change("", json.dumps(self._electrum.messages[number - 1]).encode(), answer)

        self._electrum.spoil = spoil

    def fail(self, status: int) -> None:
        def spoil(_answer: bytes, number: int) -> bytes | None:
            if status >= 500:
                return None
            code = -101 if status == 429 else -32601
            asked = self._electrum.messages[number - 1]
            error = {"code": code, "message": REFUSAL.decode()}
            calls = asked if isinstance(asked, list) else [asked]
            said = [{"jsonrpc": "2.0", "id": call["id"], "error": error} for call in calls]
            return json.dumps(said if isinstance(asked, list) else said[0]).encode()

        self._electrum.spoil = spoil


@dataclass
class Family:
    """One family's source over a server, and what is true there.

    `open` gives a fresh source; where a URL of the family may hold a key (an Electrum URL may not), it holds `KEY`.
    `expected` are the amounts by address and asset. `missing` is a well-formed token that is not there. `named` is
    how a question names an address. `means_none` says of a place in an answer (the keys that lead to it) whether
    the chain's own interface says "there is none" by leaving the place out, by null or by an empty list: amounts
    that become 0 then are no mistake of the reader. `arrives` is a new block on top of the others. `restriction` is
    what is true of the first address and the last of `contracts`.
    """

    open: Callable[[], ChainSource]
    wire: Wire
    addresses: list[str]
    contracts: list[str]
    expected: list[list[int]]
    missing: str
    confirmed: str
    unknown: str
    to_the_future: Callable[[], None]
    to_another_chain: Callable[[], None]
    arrives: Callable[[], object]
    goes: Callable[[], object] | None
    """Takes the newest block that is read away; None where `STAYS` says why that cannot happen."""
    restriction: str = "no_list"
    no_tokens: str = ""
    """Why nothing is asked about a token or its list."""
    named: Callable[[str], str] = lambda address: address
    means_none: Callable[[Path], bool] = lambda path: False
    pins: tuple[str, ...] = ("hash",)


def client(server: Provider) -> ChainClient:
    return ChainClient(allowed=[server.url], limits=Limits(tries=1))


@contextlib.contextmanager
def tron_family() -> Iterator[Family]:
    with run_anvil() as anvil:
        node = JavaTron(anvil)
        token = anvil.deploy_token()
        holders = [some_address(n) for n in range(3)]
        anvil.set_balances({holders[0]: 5_000_000, holders[1]: 7})
        # The third has never been sent TRX, and holds tokens all the same.
        anvil.set_token_balances(token, {holders[0]: 12, holders[2]: 2**255 + 3})
        info = replace(CHAINS["tron"], genesis=node.genesis)
        before = anvil.rpc("eth_getBlockByNumber", "latest", True)["number"]
        sent = anvil.rpc(
            "eth_sendTransaction",
            {"from": anvil.rpc("eth_accounts")[1], "to": some_address(9), "value": "0x1"},
        )
        while anvil.rpc("eth_getTransactionReceipt", sent) is None or before == anvil.rpc("eth_blockNumber"):
            pass

        def to_the_future() -> None:
            node.shift = 3 * 3600 + max(0, int(datetime.now(UTC).timestamp()) - int(_time(anvil), 16))

        def to_another_chain() -> None:
            node.genesis_known = False

        with serve(node) as server:
            yield Family(
                open=lambda: TronSource(info, f"{server.url}/{KEY}", client(server)),
                wire=HttpWire(server),
                addresses=[tron(holder) for holder in holders],
                contracts=["", tron(token)],
                expected=[[5_000_000, 12], [7, 0], [0, 2**255 + 3]],
                missing=tron(some_address(77)),
                confirmed=sent.removeprefix("0x"),
                unknown="ab" * 32,
                to_the_future=to_the_future,
                to_another_chain=to_another_chain,
                # protobuf's JSON leaves out what is 0; an account that is not there is `{}`.
                means_none=lambda path: path in ((), ("balance",), ("address",)),
                pins=("bracket",),
                restriction="no_list",
                arrives=lambda: anvil.rpc("evm_mine"),
                goes=None,
            )
            assert not node.unexpected


def _time(anvil: Any) -> str:
    return str(anvil.rpc("eth_getBlockByNumber", "latest", False)["timestamp"])


@contextlib.contextmanager
def solana_family() -> Iterator[Family]:
    node = Validator()
    mint, other = node.make_mint(), node.make_mint(PROGRAM_2022)
    owners = [type(mint).from_bytes(bytes([n + 1]) * 32) for n in range(3)]
    node.fund(owners[0], 5_000_000)
    confirmed = node.fund(owners[1], 890_880)
    node.mint_to(owners[0], mint, 12)
    node.mint_to(owners[2], mint, 2**64 - 1 - 12)
    node.mint_to(owners[1], other, 34, PROGRAM_2022)
    node.advance()

    def to_the_future() -> None:
        later = datetime.now(UTC) + timedelta(hours=3)
        node.blocks[node.slot]["blockTime"] = int(later.timestamp())

    def to_another_chain() -> None:
        node.genesis = "EtWTRABZaYq6iMfeYKouRu166VU2xqa1wcaWoxPkrZBG"

    with serve(node) as server:
        yield Family(
            open=lambda: SolanaSource(CHAINS["solana"], f"{server.url}/{KEY}", client(server)),
            wire=HttpWire(server),
            addresses=[str(owner) for owner in owners],
            contracts=["", str(mint), str(other)],
            expected=[[5_000_000, 12, 0], [890_880, 0, 34], [0, 2**64 - 13, 0]],
            missing="EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTDt1v",
            confirmed=confirmed,
            unknown="1" * 63 + "2",
            to_the_future=to_the_future,
            to_another_chain=to_another_chain,
            # null is how the node says that no account stands there.
            means_none=lambda path: path[:2] == ("result", "value") and len(path) == 3,
            pins=("slot",),
            restriction="not_restricted",
            arrives=node.advance,
            goes=None,
        )
        assert not node.unexpected


ISSUER = "rMxCKbEDwqr76QuheSUMdEGf4B9xJ8m5De"
HOLDERS = [
    "rG1QQv2nh2gr7RCZ1P8YYcBUKCCN633jCn",
    "r9cZA1mLK5R5Am25ArfXFmqgNwjZgnfk59",
    "rhhh49pFH96roGyuC4E5P4CHaNjS1k8gzM",
]
RLUSD = "524C555344000000000000000000000000000000"


@contextlib.contextmanager
def xrp_family() -> Iterator[Family]:
    ledger = Ledger(
        100_972_465,
        819_429_360,
        accounts={
            ISSUER: {"Balance": "20000000"},
            HOLDERS[0]: {"Balance": "999999999960"},
            HOLDERS[1]: {"Balance": "1000000"},
        },
        lines={
            HOLDERS[0]: [line(ISSUER, RLUSD, "481.992867407479"), line(ISSUER, "USD", "9")],
            HOLDERS[1]: [line(HOLDERS[0], RLUSD, "5"), line(ISSUER, RLUSD, "-3")],
        },
    )
    confirmed = "C53ECF838647FA5A4C780377025FEC7999AB4182590510CA461444B207AB74A9"
    node = Rippled(
        [ledger],
        transactions={
            confirmed: {
                "validated": True,
                "ledger_index": ledger.index,
                "meta": {"TransactionResult": "tesSUCCESS", "TransactionIndex": 0},
            }
        },
    )

    def to_the_future() -> None:
        later = datetime.now(UTC) + timedelta(hours=3)
        node.ledgers[-1].close_time = int(later.timestamp()) - RIPPLE_EPOCH

    def to_another_chain() -> None:
        node.network_id = 1

    with serve(node) as server:
        yield Family(
            open=lambda: XrpSource(CHAINS["xrp"], f"{server.url}/{KEY}", client(server)),
            wire=HttpWire(server),
            addresses=HOLDERS,
            contracts=["", f"{RLUSD}.{ISSUER}"],
            expected=[
                [999_999_999_960, 481_992_867_407_479 * 10 ** (ISSUED_DECIMALS - 12)],
                [1_000_000, 0],
                [0, 0],
            ],
            missing=f"USD.{'rNCTZPAhwVZBUqdxjrM5w2CvmJHVRn4EyG'}",
            confirmed=confirmed,
            unknown="0" * 64,
            to_the_future=to_the_future,
            to_another_chain=to_another_chain,
            # No line: nothing held. A negative balance is the other side's.
            means_none=lambda path: path[:2] == ("result", "lines") or path == ("result", "marker"),
            pins=("hash",),
            restriction="not_restricted",
            arrives=lambda: node.ledgers.append(
                replace(node.ledgers[-1], index=node.ledgers[-1].index + 1, accounts={}, lines={})
            ),
            goes=None,
        )
        assert not node.unexpected


HOLDER = "1D6gG9iKEhPitTcWRJiniuj1jYM2hNeAfJ"
EMPTY = "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4"
NO_TOKENS = "there are no tokens on this chain, so no question about one is sent"


@contextlib.contextmanager
def esplora_family() -> Iterator[Family]:
    node = Esplora({HOLDER: (500_000_000, 123_456_789), EMPTY: (7, 7)}, transactions={"cd" * 32: f"{1:064x}"})

    def answer(exchange: Exchange) -> None:
        exchange.path = exchange.path.removeprefix(f"/{KEY}")
        node(exchange)

    def tip(time: int) -> None:
        node.blocks.append((f"{77:064x}", node.blocks[-1][1], time))

    with serve(answer) as server:
        yield Family(
            open=lambda: EsploraSource(CHAINS["bitcoin"], f"{server.url}/{KEY}/api", client(server)),
            wire=HttpWire(server),
            addresses=[HOLDER, EMPTY],
            contracts=[""],
            expected=[[376_543_211], [0]],
            missing="USDT",
            confirmed="cd" * 32,
            unknown="ab" * 32,
            to_the_future=lambda: tip(int((datetime.now(UTC) + timedelta(hours=3)).timestamp())),
            to_another_chain=lambda: node.landmarks.update({0: "ee" * 32}),
            arrives=node.mine,
            goes=lambda: tip(1_700_000_001),
            no_tokens=NO_TOKENS,
            pins=("bracket",),
        )
        assert set(node.unexpected) <= {f"/api/tx/{'ab' * 32}"}


def _script(address: str) -> str:
    return script_hash(script_of(RULES["bitcoin"], address))


@contextlib.contextmanager
def electrum_family() -> Iterator[Family]:
    node = Electrum(balances={_script(HOLDER): (376_543_211, 777), _script(EMPTY): (0, 5)})

    def to_the_future() -> None:
        node.time = int((datetime.now(UTC) + timedelta(hours=3)).timestamp())
        node.mine()

    def to_another_chain() -> None:
        node.genesis = "ee" * 32

    with pytest.MonkeyPatch.context() as patch, serve_electrum(node) as server:
        # Between the tries of a bracket a server is given a second to announce its block.
        patch.setattr(electrum, "SETTLE", 0)
        yield Family(
            open=lambda: ElectrumSource(
                CHAINS["bitcoin"], server.url, limits=Limits(connect=1, silence=2, total=5, tries=1)
            ),
            wire=ElectrumWire(server),
            addresses=[HOLDER, EMPTY],
            contracts=[""],
            expected=[[376_543_211], [0]],
            missing="USDT",
            confirmed=node.blocks[node.height - 2].transactions[0],
            unknown="ab" * 32,
            to_the_future=to_the_future,
            to_another_chain=to_another_chain,
            arrives=node.mine,
            goes=node.replace_tip,
            no_tokens=NO_TOKENS,
            named=_script,
            pins=("bracket",),
        )
        assert not node.unexpected


class KnownWay:
    """A provider's memory that names the way and learns nothing."""

    def __init__(self, way: str) -> None:
        self._way = way

    def get(self, key: str) -> str | None:
        return self._way if key == "way" else None

    def set(self, key: str, value: str) -> None:
        """Each look of a test begins alike."""


@contextlib.contextmanager
def evm_family(way: str) -> Iterator[Family]:
    token, other = some_address(101), some_address(102)
    holders = [some_address(number) for number in range(3)]
    txid = "0x" + "cd" * 32
    known = {("", 0): 5_000_000, ("", 1): 7, (token, 0): 12, (token, 2): 2**255 + 3, (other, 1): 34}
    node = EvmNode(
        {(contract.lower(), holders[number].lower()): units for (contract, number), units in known.items()},
        multicall=True,
        transactions={txid},
        restricted={holders[0].lower()},
    )

    def to_the_future() -> None:
        node.time = int((datetime.now(UTC) + timedelta(hours=3)).timestamp())

    def to_another_chain() -> None:
        node.chain_id = 5

    def arrives() -> None:
        node.above += 1

    def goes() -> None:
        node.is_gone = True

    with serve(node) as server:
        yield Family(
            open=lambda: EvmSource(
                CHAINS["ethereum"],
                f"{server.url}/{KEY}",
                client(server),
                confirmations=12,
                memory=KnownWay(way),
            ),
            wire=HttpWire(server),
            addresses=holders,
            contracts=["", token, other],
            expected=[[5_000_000, 12, 0], [7, 0, 34], [0, 2**255 + 3, 0]],
            missing=some_address(177),
            confirmed=txid,
            unknown="0x" + "ab" * 32,
            to_the_future=to_the_future,
            to_another_chain=to_another_chain,
            arrives=arrives,
            goes=goes,
            restriction="restricted",
            named=lambda address: address[2:].lower(),
        )
        assert not node.unexpected


FAMILIES: list[tuple[str, Callable[[], AbstractContextManager[Family]]]] = [
    ("tron", tron_family),
    ("solana", solana_family),
    ("xrp", xrp_family),
    ("esplora", esplora_family),
    ("electrum", electrum_family),
    # "": the source finds out by itself which way works.
    *((f"evm {way or 'found out'}", partial(evm_family, way)) for way in EVM_WAYS),
]
# Families whose blocks, once they are read at all, do not leave the chain.
STAYS: dict[str, str] = {
    "tron": "a solidified block stays: 19 of the chain's 27 producers have built on it",
    "solana": "a finalized slot stays",
    "xrp": "a validated ledger stays",
}
