"""Bitcoin and its relatives by the Electrum protocol: JSON-RPC, one line a message, over TCP or TLS.

Source of the calls: the Electrum protocol's documentation, versions 1.4 to 1.6 (`protocol-methods`).
`blockchain.scripthash.get_balance` counts confirmed and unconfirmed outputs apart; only the confirmed ones are
taken. Its answer names no block, so a whole look is one bracket: before the first and after the last balance
the server's newest block must be the same one.

The announced tip alone does not prove that. A server may have written a block into its index seconds before it
announces the block (ElectrumX waits for its next look at the mempool), and balances read meanwhile belong to a
block that nobody has named yet. So both ends of the bracket also ask for the header above the tip, and the look
counts only if the server has none.
"""

import time
from collections.abc import Callable, Sequence
from itertools import pairwise
from types import TracebackType
from typing import Final, Self, TypeVar

from wallets.chains.base import (
    Answers,
    BadAnswer,
    Block,
    BlockGone,
    CannotPin,
    ChainError,
    ChainInfo,
    Confirmation,
    Exchange,
    Failure,
    Payment,
    Pinned,
    RateLimited,
    Restriction,
    SourceRefused,
    SourceUnavailable,
    WrongChain,
)
from wallets.chains.electrum_connection import (
    Call,
    ElectrumConnection,
    Gate,
    Problem,
    Result,
    electrum_address,
)
from wallets.chains.http import JSON, ChainClient, Limits, retrying
from wallets.chains.utxo import (
    HASH,
    RULES,
    TRIES,
    Header,
    NoScript,
    Rules,
    amount,
    as_answers,
    block_height,
    hash_text,
    header_hash,
    merkle_root,
    parse_header,
    pinned_at,
    script_hash,
    script_of,
    whole,
)

# Balances in one message. Fulcrum takes 345 calls at most, others more.
BATCH: Final = 200
# Seconds between two tries of a bracket: a server announces a block some seconds after it has indexed it.
SETTLE: Final = 1.0
# Headers below the newest one that are looked at with it.
LINKED: Final = 5
# What is spoken. From 1.7 on there are no script hashes.
VERSIONS: Final = ("1.4", "1.6")

_SUBSCRIBE: Final[Call] = ("blockchain.headers.subscribe", [])
_Looked = TypeVar("_Looked")


class _Moved(Exception):
    """The newest block changed while it was looked at."""


class ElectrumSource:
    """One Electrum server. `url` is `electrum+tcp://host:port` or `electrum+ssl://host:port`.

    `client` lends its limits; nothing is sent by it. `gate`, where given, is entered around every message. The
    connection is opened at the first question and goes to the configured host and port, nowhere else. Not for
    several threads.
    """

    can_pin = False

    def __init__(
        self,
        info: ChainInfo,
        url: str,
        client: ChainClient | None = None,
        *,
        gate: Gate | None = None,
        limits: Limits | None = None,
        rules: Rules | None = None,
    ) -> None:
        self.info = info
        self._address = electrum_address(url)
        self.provider = self._address.provider
        self._client = client
        self._gate = gate
        self._limits = limits or (client.limits if client else Limits())
        self._rules = rules or RULES[info.slug]
        self._connection: ElectrumConnection | None = None
        # Where the newest block was last announced: a guess that saves a question.
        self._height = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._close()
        if self._client is not None:
            self._client.__exit__(kind, error, trace)

    def pick(self) -> Pinned:
        """The newest block."""
        return self._look(lambda: self._tip([], 0)[0])

    def read(
        self, addresses: Sequence[str], contracts: Sequence[str], *, at: Pinned | None = None
    ) -> Answers:
        """Base units for each address. A token is unsupported: there is none on this chain.

        `at` is honoured only while it is the newest block; `CannotPin` otherwise.
        """
        return self._look(lambda: self._read(addresses, contracts, at))

    def confirmations(self, txid: str) -> Confirmation:
        """Where a transaction stands at the newest block.

        The node behind the server says how deep the transaction is (`blockchain.transaction.get`, verbose: the
        server must pass such a question on). Believed is what the merkle branch proves against that block's
        header.
        """
        txid = txid.lower()
        if not HASH.fullmatch(txid):
            # A mistyped one is nobody's fault at the provider.
            return Confirmation("unknown")
        return self._look(lambda: self._confirmations(txid))

    def payment(self, txid: str, address: str, contract: str) -> Payment:
        """Not read from this kind of source."""
        return Payment("cannot_tell")

    def token_restriction(self, address: str, contract: str) -> Restriction:
        """There are no tokens on this chain."""
        return Restriction("no_list")

    def _look(self, once: Callable[[], _Looked]) -> _Looked:
        """Look, again from the first message when the connection failed or the tip moved in the middle."""

        def attempt() -> _Looked:
            try:
                return self._settled(once)
            except ChainError:
                # Whatever is still on its way belongs to a look that is over.
                self._close()
                raise

        return retrying(
            attempt,
            tries=self._limits.tries,
            patience=self._limits.patience,
            whole=self._limits.whole,
            again=lambda error: isinstance(error, SourceUnavailable | RateLimited),
        )

    def _settled(self, once: Callable[[], _Looked]) -> _Looked:
        for number in range(TRIES):
            if number:
                time.sleep(SETTLE)
            try:
                return once()
            except _Moved:
                continue
        raise BlockGone(f"the tip moved {TRIES} times")

    def _read(self, addresses: Sequence[str], contracts: Sequence[str], at: Pinned | None) -> Answers:
        proof: list[Exchange] = []
        pinned, header = self._tip(proof, len(addresses))
        if at is not None and at.block.hash != pinned.block.hash:
            raise CannotPin("the block is not the newest one")
        found: list[int | Failure] = [0] * len(addresses)
        if "" in contracts:
            for first in range(0, len(addresses), BATCH):
                found[first : first + BATCH] = self._balances(addresses[first : first + BATCH], first, proof)
        self._check_still(pinned.block.height, header, proof, len(addresses))
        return as_answers(pinned, found, contracts, proof)

    def _balances(self, addresses: Sequence[str], first: int, proof: list[Exchange]) -> list[int | Failure]:
        calls: list[Call] = []
        found: list[int | Failure | None] = []
        for address in addresses:
            try:
                calls.append(
                    ("blockchain.scripthash.get_balance", [script_hash(script_of(self._rules, address))])
                )
                found.append(None)
            except NoScript as error:
                found.append(Failure("not_observable", str(error), "unsupported"))
        results = iter(self._ask(calls, proof, first, len(addresses)) if calls else [])
        return [self._balance(next(results)) if each is None else each for each in found]

    def _balance(self, result: Result) -> int | Failure:
        if isinstance(result, Problem):
            return result.as_failure()
        try:
            if not isinstance(result, dict):
                raise BadAnswer("a balance was expected")
            return amount(self._rules, whole(result.get("confirmed"), "confirmed"))
        except BadAnswer as error:
            return error.as_failure()

    def _tip(self, proof: list[Exchange], count: int) -> tuple[Pinned, Header]:
        """The newest block, announced and with nothing above it."""
        self._open()
        height, header = self._top(self._height, proof, count)
        if height != self._height:
            self._height = height
            height, header = self._top(height, proof, count)
        if height != self._height:
            raise _Moved
        return pinned_at(height, self._hash(height, header, proof, count), header.time), header

    def _check_still(self, height: int, header: Header, proof: list[Exchange], count: int) -> None:
        """Raises `_Moved` unless the newest block is still the one with `header`."""
        if self._top(height, proof, count) != (height, header):
            raise _Moved

    def _top(self, height: int, proof: list[Exchange], count: int) -> tuple[int, Header]:
        """The announced block. Where it is the one at `height`, it is also the one that the index ends with.

        Raises `_Moved` where it is not. The headers below must link up with it. They also make the answer longer
        than a kilobyte: ElectrumX 2 holds shorter ones back for a second, so that their sizes tell nothing.
        """
        lowest = max(0, height - LINKED)
        heights = range(lowest, height + 2)
        calls: list[Call] = [_SUBSCRIBE]
        calls += [("blockchain.block.header", [each]) for each in heights]
        answer, *texts, above = self._ask(calls, proof, 0, count)
        announced, header = self._announced(answer)
        if announced != height:
            return announced, header
        if not isinstance(above, Problem) or any(isinstance(text, Problem) for text in texts):
            raise _Moved
        chain = [self._header(text) for text in texts]
        if chain[-1] != header:
            raise _Moved
        if self._rules.header != "x11":
            for below, each in pairwise(chain):
                if each.previous != header_hash(self._rules, below):
                    raise _Moved
        return height, header

    def _announced(self, result: Result) -> tuple[int, Header]:
        if isinstance(result, Problem):
            raise SourceRefused(f"the server does not tell its newest block, error {result.code}")
        if not isinstance(result, dict):
            raise BadAnswer("the newest block was expected")
        return block_height(result.get("height")), self._header(result.get("hex"))

    def _hash(self, height: int, header: Header, proof: list[Exchange], count: int) -> str:
        """The hash of the newest block: computed from its header where the chain's hash is at hand.

        Dash hashes headers by X11, which is not. There the node behind the server is asked in which block the
        first transaction at this height stands; the merkle branch ties that transaction to the header, and the
        hash itself is the node's word. The next block's header will repeat it.
        """
        if self._rules.header != "x11":
            return header_hash(self._rules, header)
        (place,) = self._ask([("blockchain.transaction.id_from_pos", [height, 0, True])], proof, 0, count)
        if isinstance(place, Problem):
            raise _Moved
        if not isinstance(place, dict):
            raise BadAnswer("a transaction's place was expected")
        first = hash_text(place.get("tx_hash"))
        if merkle_root(first, place.get("merkle"), 0) != header.merkle_root:
            raise BadAnswer("the merkle branch does not lead to the block")
        transaction = self._transaction(first, proof, count)
        if transaction is None:
            raise _Moved
        return hash_text(transaction.get("blockhash"))

    def _confirmations(self, txid: str) -> Confirmation:
        proof: list[Exchange] = []
        pinned, tip = self._tip(proof, 0)
        transaction = self._transaction(txid, proof, 0)
        block, count = None, 0
        if transaction is not None and transaction.get("blockhash") is not None:
            count = whole(transaction.get("confirmations"), "confirmations")
            height = pinned.block.height - count + 1
            if not 0 <= height <= pinned.block.height:
                # The node has counted a block that the index has not.
                raise _Moved
            block = self._block_of(txid, height, hash_text(transaction.get("blockhash")), proof)
        self._check_still(pinned.block.height, tip, proof, 0)
        if block is not None:
            return Confirmation("confirmed", count, block, tuple(proof))
        return Confirmation("unknown" if transaction is None else "pending", exchanges=tuple(proof))

    def _block_of(self, txid: str, height: int, block_hash: str, proof: list[Exchange]) -> Block:
        calls: list[Call] = [
            ("blockchain.block.header", [height]),
            ("blockchain.transaction.get_merkle", [txid, height]),
        ]
        text, branch = self._ask(calls, proof, 0, 0)
        if isinstance(text, Problem) or isinstance(branch, Problem):
            raise _Moved
        header = self._header(text)
        if self._rules.header != "x11" and header_hash(self._rules, header) != block_hash:
            raise _Moved
        if not isinstance(branch, dict):
            raise BadAnswer("a merkle branch was expected")
        position = whole(branch.get("pos"), "the transaction's place")
        if merkle_root(txid, branch.get("merkle"), position) != header.merkle_root:
            raise BadAnswer("the merkle branch does not lead to the block")
        return Block(height, block_hash, header.time)

    def _transaction(self, txid: str, proof: list[Exchange], count: int) -> dict[str, JSON] | None:
        """What the node says of a transaction; None where it knows none."""
        (result,) = self._ask([("blockchain.transaction.get", [txid, True])], proof, 0, count)
        if isinstance(result, Problem):
            # The node's own words (Bitcoin Core, getrawtransaction), which every server repeats.
            if "no such mempool" in result.message.lower():
                return None
            raise SourceRefused(f"the server does not tell about transactions, error {result.code}")
        if not isinstance(result, dict) or result.get("txid") != txid:
            raise BadAnswer("the transaction is not the one that was asked for")
        return result

    def _header(self, text: Result) -> Header:
        return parse_header(self._rules, None if isinstance(text, Problem) else text)

    def _ask(self, calls: Sequence[Call], proof: list[Exchange], first: int, count: int) -> list[Result]:
        reply = self._open().ask(calls)
        proof.append(Exchange(calls[0][0], reply.question, reply.answer, first, count, reply.took_ms))
        return reply.results

    def _open(self) -> ElectrumConnection:
        if self._connection is None:
            self._connection = ElectrumConnection(self._address, self._limits, self._gate)
            self._greet(self._connection)
        return self._connection

    def _greet(self, connection: ElectrumConnection) -> None:
        """Agree on a version, which must come first, and see that the server follows the right chain, and how far.

        A block's hash is read from the header above it, which names it: so it needs no hashing, and what the
        server says of itself (`server.features`) is compared with what it serves.
        """
        (version,) = connection.ask([("server.version", ["holdfast", list(VERSIONS)])]).results
        if isinstance(version, Problem):
            raise SourceRefused(f"the server speaks no version that is known here, error {version.code}")
        known = [(0, self.info.genesis)]
        if self._rules.milestone:
            known.append(self._rules.milestone)
        calls: list[Call] = [_SUBSCRIBE, ("server.features", [])]
        calls += [("blockchain.block.header", [height + 1]) for height, _hash in known]
        announced, features, *headers = connection.ask(calls).results
        if isinstance(features, Problem):
            raise SourceRefused(f"the server does not tell its chain, error {features.code}")
        if not isinstance(features, dict):
            raise BadAnswer("the server's features were expected")
        if hash_text(features.get("genesis_hash")) != self.info.genesis:
            raise WrongChain("the server is set up for another chain")
        for (height, expected), text in zip(known, headers, strict=True):
            if isinstance(text, Problem):
                raise WrongChain(f"there is no block above {height}")
            if self._header(text).previous != expected:
                raise WrongChain(f"block {height} is another chain's")
        self._height, _header = self._announced(announced)

    def _close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None
