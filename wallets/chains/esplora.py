"""Bitcoin and its relatives by an Esplora-compatible HTTP interface (Blockstream/esplora, API.md).

`GET /address/:address` gives `chain_stats.funded_txo_sum − chain_stats.spent_txo_sum`, in base units, of
confirmed outputs up to the tip; the mempool is counted apart and left out. The interface cannot be asked at a
block and takes one address a call, so a whole look is one bracket: it counts only if the tip's hash is the same
before the first and after the last answer. `GET /block/:hash` tells height and time.
"""

import time
from collections.abc import Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from types import TracebackType
from typing import Final, Self
from urllib.parse import quote

from wallets.addresses import AddressError, parse
from wallets.chains.base import (
    Answers,
    AnswerTooLarge,
    BadAnswer,
    Block,
    BlockGone,
    CannotPin,
    ChainInfo,
    Confirmation,
    Exchange,
    Failure,
    Payment,
    Pinned,
    Restriction,
    SourceRefused,
    WrongChain,
)
from wallets.chains.http import JSON, ChainClient, decode_text, milliseconds_since, parse_json, provider_name
from wallets.chains.utxo import (
    HASH,
    RULES,
    TRIES,
    Rules,
    amount,
    as_answers,
    block_height,
    block_time,
    hash_text,
    pinned_at,
    whole,
)

# Addresses asked for at a time.
IN_FLIGHT: Final = 8


class EsploraSource:
    """One Esplora server. `url` is its base, for instance `http://esplora.internal:3000/api`."""

    can_pin = False

    def __init__(self, info: ChainInfo, url: str, client: ChainClient, *, rules: Rules | None = None) -> None:
        self.info = info
        self.provider = provider_name(url)
        self._base = url.rstrip("/")
        self._client = client
        self._rules = rules or RULES[info.slug]
        self._right_chain = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.__exit__(kind, error, trace)

    def pick(self) -> Pinned:
        """The newest block."""
        self._check_chain()
        exchanges: list[Exchange] = []
        tip = self._hash_at("/blocks/tip/hash", exchanges, 0)
        return self._pinned(self._block(tip, exchanges, 0))

    def read(
        self, addresses: Sequence[str], contracts: Sequence[str], *, at: Pinned | None = None
    ) -> Answers:
        """Base units for each address. A token is unsupported: there is none on this chain.

        `at` is honoured only while it is the newest block; `CannotPin` otherwise.
        """
        self._check_chain()
        for _try in range(TRIES):
            exchanges: list[Exchange] = []
            before = self._hash_at("/blocks/tip/hash", exchanges, len(addresses))
            if at is not None and before != at.block.hash:
                raise CannotPin("the block is not the newest one")
            pinned = self._pinned(self._block(before, exchanges, len(addresses)))
            found = self._amounts(addresses, exchanges) if "" in contracts else [0] * len(addresses)
            if self._hash_at("/blocks/tip/hash", exchanges, len(addresses)) == before:
                return as_answers(pinned, found, contracts, exchanges)
        raise BlockGone(f"the tip moved {TRIES} times")

    def confirmations(self, txid: str) -> Confirmation:
        """Where a transaction stands at the newest block.

        `/tx/:txid/status` says "not confirmed" of a transaction that it has never heard of, too; `/tx/:txid`
        tells the two apart.
        """
        self._check_chain()
        txid = txid.lower()
        if not HASH.fullmatch(txid):
            # A mistyped one is nobody's fault at the provider.
            return Confirmation("unknown")
        for _try in range(TRIES):
            exchanges: list[Exchange] = []
            tip = self._block(self._hash_at("/blocks/tip/hash", exchanges, 0), exchanges, 0)
            status = self._json(f"/tx/{txid}/status", exchanges, 0)
            if not isinstance(status, dict) or not isinstance(status.get("confirmed"), bool):
                raise BadAnswer("the transaction's status is not valid")
            block = None
            if status["confirmed"]:
                block = self._block(hash_text(status.get("block_hash")), exchanges, 0)
                if block.height != block_height(status.get("block_height")):
                    raise BadAnswer("the transaction's block has another height")
            known = block is not None or self._is_known(txid, exchanges)
            if self._hash_at("/blocks/tip/hash", exchanges, 0) != tip.hash:
                continue
            if block is None:
                return Confirmation("pending" if known else "unknown", exchanges=tuple(exchanges))
            if block.height > tip.height:
                raise BadAnswer("the transaction's block is above the newest one")
            return Confirmation("confirmed", tip.height - block.height + 1, block, tuple(exchanges))
        raise BlockGone(f"the tip moved {TRIES} times")

    def payment(self, txid: str, address: str, contract: str) -> Payment:
        """The sum of the transaction's outputs to `address`, by its script's address as the server spells it."""
        if contract:
            return Payment("told", 0)
        self._check_chain()
        exchanges: list[Exchange] = []
        txid = txid.lower()
        answer = self._json(f"/tx/{txid}", exchanges, 1)
        if not isinstance(answer, dict) or answer.get("txid") != txid:
            raise BadAnswer("the transaction is not the one that was asked for")
        outputs = answer.get("vout")
        if not isinstance(outputs, list):
            raise BadAnswer("the transaction has no outputs")
        total = 0
        for output in outputs:
            if not isinstance(output, dict):
                raise BadAnswer("an output is not valid")
            spelled = output.get("scriptpubkey_address")
            if spelled is None:
                # A script without an address: a note, or a bare key.
                continue
            try:
                canonical = parse(self.info.slug, str(spelled)).canonical
            except AddressError:
                # Spelled in a way that is not read here: it may be the one that is looked for.
                return Payment("cannot_tell", 0, tuple(exchanges))
            if canonical == address:
                total += amount(self._rules, whole(output.get("value"), "value"))
        return Payment("told", total, tuple(exchanges))

    def token_restriction(self, address: str, contract: str) -> Restriction:
        """There are no tokens on this chain."""
        return Restriction("no_list")

    def _check_chain(self) -> None:
        if self._right_chain:
            return
        for height, expected in ((0, self.info.genesis), self._rules.milestone or (0, self.info.genesis)):
            try:
                found = self._hash_at(f"/block-height/{height}", [], 0)
            except SourceRefused as error:
                if not _not_found(error):
                    raise
                raise WrongChain(f"there is no block {height}") from error
            if found != expected:
                raise WrongChain(f"block {height} is another chain's")
        self._right_chain = True

    def _amounts(self, addresses: Sequence[str], exchanges: list[Exchange]) -> list[int | Failure]:
        """What each address holds, several asked for at a time; the exchanges in the order of the addresses."""
        pool = ThreadPoolExecutor(max_workers=min(IN_FLIGHT, len(addresses)) or 1)
        try:
            asked = [pool.submit(self._amount, address, index) for index, address in enumerate(addresses)]
            # The source is down or wants rest: asking for the remaining addresses would not help.
            wait(asked, return_when=FIRST_EXCEPTION)
            for future in asked:
                if future.done() and (error := future.exception()):
                    raise error
            results = [future.result() for future in asked]
        finally:
            pool.shutdown(wait=True, cancel_futures=True)
        for _found, own in results:
            exchanges += own
        return [found for found, _own in results]

    def _amount(self, address: str, index: int) -> tuple[int | Failure, list[Exchange]]:
        exchanges: list[Exchange] = []
        try:
            answer = self._json(f"/address/{quote(address, safe='')}", exchanges, 1, index)
            return _balance(self._rules, answer, address), exchanges
        except (SourceRefused, AnswerTooLarge, BadAnswer) as error:
            # Said of this address alone; whatever else goes wrong ends the look.
            return error.as_failure(), exchanges

    def _is_known(self, txid: str, exchanges: list[Exchange]) -> bool:
        try:
            answer = self._json(f"/tx/{txid}", exchanges, 0)
        except SourceRefused as error:
            if _not_found(error):
                return False
            raise
        if not isinstance(answer, dict) or answer.get("txid") != txid:
            raise BadAnswer("the transaction is not the one that was asked for")
        return True

    def _pinned(self, block: Block) -> Pinned:
        return pinned_at(block.height, block.hash, block.time)

    def _block(self, block_hash: str, exchanges: list[Exchange], count: int) -> Block:
        answer = self._json(f"/block/{block_hash}", exchanges, count)
        if not isinstance(answer, dict) or answer.get("id") != block_hash:
            raise BadAnswer("the block is not the one that was asked for")
        height = block_height(answer.get("height"))
        return Block(height, block_hash, block_time(whole(answer.get("timestamp"), "block time")))

    def _hash_at(self, path: str, exchanges: list[Exchange], count: int) -> str:
        return hash_text(decode_text(self._get(path, exchanges, count)).strip())

    def _json(self, path: str, exchanges: list[Exchange], count: int, first: int = 0) -> JSON:
        return parse_json(self._get(path, exchanges, count, first))

    def _get(self, path: str, exchanges: list[Exchange], count: int, first: int = 0) -> bytes:
        """The answer, kept as proof. The question is the path below the base, which may hold a key."""
        start = time.monotonic()
        answer = self._client.get(f"{self._base}{path}")
        exchanges.append(
            Exchange(
                f"GET {_kind(path)}",
                f"GET {path}".encode(),
                answer,
                first,
                count,
                milliseconds_since(start),
            )
        )
        return answer


def _kind(path: str) -> str:
    """The call's name without what it is asked about: "/block/1f3a…" is "/block"."""
    return path if path.startswith("/blocks/") else "/" + path.split("/")[1]


def _not_found(error: SourceRefused) -> bool:
    return error.detail == "HTTP 404"


def _balance(rules: Rules, answer: JSON, address: str) -> int:
    if not isinstance(answer, dict) or answer.get("address") != address:
        raise BadAnswer("the answer is for another address")
    stats = answer.get("chain_stats")
    if not isinstance(stats, dict):
        raise BadAnswer("chain_stats is missing")
    funded = whole(stats.get("funded_txo_sum"), "funded_txo_sum")
    return amount(rules, funded - whole(stats.get("spent_txo_sum"), "spent_txo_sum"))
