"""Tron by java-tron's HTTP interface: TRX and TRC-20 tokens in the solidified state.

Source: tronprotocol/documentation-en, docs/api/http. Everything that counts comes from `/walletsolidity/…`, which
answers from the newest block that more than two thirds of the block producers have built on; the chain no longer
changes it. The interface takes one question a call and cannot be asked at a block, so a whole look is one bracket: it
counts only if the newest solidified block is the same before the first and after the last answer.

Addresses are sent as they stand in the file (`visible`: true): the node checks the checksum, names the account in its
answer in the same spelling, and a slip on the way is refused instead of being read as somebody else's account.

What is counted: TRX that can be sent (`balance`), and what a token contract's `balanceOf` says. Not counted: staked TRX
(`frozen`, `frozenV2`, delegated), TRX on its way out of a stake (`unfrozenV2`), rewards not yet claimed (`allowance`)
and TRC-10 tokens (`assetV2`).

One packed call that reads many balances and names its own block would need a contract that runs without being deployed.
java-tron lets `triggerconstantcontract` simulate a deployment, but which block such code sees on the solidified side is
documented nowhere, so it is not used. A provider that puts several nodes behind one name may answer the two ends of the
bracket from one node and a question between from another; a node of one's own does not.
"""

import re
from collections.abc import Callable, Sequence
from functools import partial
from types import TracebackType
from typing import Final, Self

from base58_bech32 import base58
from base58_bech32.exceptions import Base58Bech32ValueError

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
    RateLimited,
    Restriction,
    SourceRefused,
    SourceUnavailable,
    WrongChain,
)
from wallets.chains.checks import (
    TRIES,
    Asker,
    Said,
    all_of,
    answers_of,
    fields,
    items,
    moment,
    not_ahead,
    text,
    whole,
    without_urls,
)
from wallets.chains.http import JSON, ChainClient, provider_name

_HASH: Final = re.compile(r"[0-9a-f]{64}", re.ASCII)
_ADDRESS: Final = 21
_PREFIX: Final = b"\x41"
# Who asks does not matter to `balanceOf`. This account, 0x41 and twenty zero bytes, exists on the main net: TRX that
# are burnt go there.
_NOBODY: Final = "T9yD14Nj9j7xAB4dbGeiX9h8unkKHxuWwb"
# Functions with the first four bytes of their keccak, by which the node's answer shows what it ran.
_BALANCE: Final = ("balanceOf(address)", "70a08231")
# Tether's spelling and Circle's.
_LISTS: Final = (("isBlackListed(address)", "e47d6060"), ("isBlacklisted(address)", "fe575a87"))
# "Smart contract is not exist." since GreatVoyage 4.0, "No contract or not a (valid) smart contract" before.
_NO_CONTRACT: Final = re.compile(
    r"smart contract (is|does) not exist|no contract or not a", re.IGNORECASE | re.ASCII
)
# RateLimiterServlet answers this with HTTP 200.
_TOO_BUSY: Final = "lack of computing resources"
# Codes of api.Return that pass by themselves.
_PASSING: Final = frozenset({"SERVER_BUSY", "NO_CONNECTION", "NOT_ENOUGH_EFFECTIVE_CONNECTION"})


class TronSource:
    """One java-tron node. `url` is its base, for instance `http://tron.internal:8091`."""

    can_pin = False

    def __init__(self, info: ChainInfo, url: str, client: ChainClient) -> None:
        self.info = info
        self.provider = provider_name(url)
        self._client = client
        self._asker = Asker(client, url.rstrip("/"))
        self._right_chain = False
        self._has_headers = True

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.__exit__(kind, error, trace)

    def pick(self) -> Pinned:
        """The newest solidified block."""
        self._check_chain()
        return self._newest([], 0)

    def read(
        self, addresses: Sequence[str], contracts: Sequence[str], *, at: Pinned | None = None
    ) -> Answers:
        """Sun (10⁻⁶ TRX) and base units of tokens. `at` is honoured only while it is the newest solidified block."""
        self._check_chain()
        jobs: list[Callable[[], tuple[int | Failure, list[Exchange]]]] = [
            partial(self._amount, address, contract, index)
            for index, address in enumerate(addresses)
            for contract in contracts
        ]
        for _try in range(TRIES):
            exchanges: list[Exchange] = []
            pinned = self._newest(exchanges, len(addresses))
            if at is not None and at.block != pinned.block:
                raise CannotPin("the block is not the newest solidified one")
            results = all_of(jobs)
            exchanges += [exchange for _found, own in results for exchange in own]
            if self._newest(exchanges, len(addresses)).block == pinned.block:
                return answers_of(pinned, [found for found, _own in results], exchanges)
        raise BlockGone(f"the solidified block moved {TRIES} times")

    def confirmations(self, txid: str) -> Confirmation:
        """Where a transaction stands; `count` is up to the newest solidified block.

        "pending" also means: in a block that is not solidified yet, and may still be replaced. "failed" is what the
        chain itself says of it: it stands in a block and cost its fee, and nothing else happened.
        """
        self._check_chain()
        txid = txid.lower()
        if not _HASH.fullmatch(txid):
            return Confirmation("unknown")
        exchanges: list[Exchange] = []
        found = self._object("/walletsolidity/gettransactioninfobyid", {"value": txid}, exchanges)
        if not found:
            state = "pending" if self._is_on_its_way(txid, exchanges) else "unknown"
            return Confirmation(state, exchanges=tuple(exchanges))  # type: ignore[arg-type]
        if found.get("id") != txid:
            raise BadAnswer("the transaction is not the one that was asked for")
        height = whole(found.get("blockNumber"), "block number")
        block = self._block_at(height, exchanges)
        if block.height != height or block.time != moment(whole(found.get("blockTimeStamp"), "block time")):
            raise BadAnswer("the transaction's block is not the one that was asked for")
        newest = self._newest(exchanges, 0).block
        if newest.height < height:
            raise BadAnswer("the transaction's block is above the newest one")
        return Confirmation(
            "confirmed" if _succeeded(found) else "failed",
            newest.height - height + 1,
            block,
            tuple(exchanges),
        )

    def payment(self, txid: str, address: str, contract: str) -> Payment:
        """Not read from this kind of source."""
        return Payment("cannot_tell")

    def token_restriction(self, address: str, contract: str) -> Restriction:
        """Whether the token's own list has the address: `isBlackListed` (USDT), else `isBlacklisted` (USDC)."""
        self._check_chain()
        if not contract:
            return Restriction("no_list")
        for _try in range(TRIES):
            exchanges: list[Exchange] = []
            pinned = self._newest(exchanges, 1)
            listed = self._is_listed(address, contract, exchanges)
            if self._newest(exchanges, 1).block != pinned.block:
                continue
            if listed is None:
                return Restriction("no_list", pinned, tuple(exchanges))
            return Restriction("restricted" if listed else "not_restricted", pinned, tuple(exchanges))
        raise BlockGone(f"the solidified block moved {TRIES} times")

    # ── Balances ──────────────────────────────────────────────────────────────────────────────────────────

    def _amount(self, address: str, contract: str, index: int) -> tuple[int | Failure, list[Exchange]]:
        exchanges: list[Exchange] = []
        try:
            if contract:
                return self._constant(_BALANCE, address, contract, exchanges, index), exchanges
            return self._coins(address, exchanges, index), exchanges
        except (SourceRefused, AnswerTooLarge, BadAnswer) as error:
            # Said of this question alone; whatever else goes wrong ends the look.
            return error.as_failure(), exchanges

    def _coins(self, address: str, exchanges: list[Exchange], index: int) -> int:
        """TRX that can be sent, in sun.

        An account that nobody has ever sent TRX to does not exist yet; the node answers `{}`, exactly that, and its
        balance is 0. That is an answer and no failed read: what goes wrong has the name "Error". The node would also
        say `{}` if the question were lost on the way; `_check_chain` has shown that questions arrive.
        Of an account that exists, java-tron leaves out what is 0, as protobuf's JSON does.
        """
        account = self._object(
            "/walletsolidity/getaccount", {"address": address, "visible": True}, exchanges, index, 1
        )
        if not account:
            return 0
        if account.get("address") != address:
            raise BadAnswer("the answer is for another account")
        return whole(account.get("balance", 0), "the balance")

    def _constant(
        self,
        function: tuple[str, str],
        address: str,
        contract: str,
        exchanges: list[Exchange],
        index: int,
    ) -> int | Failure:
        """The one word that `function` of the contract says of the address.

        The parameter has to be padded to 32 bytes: with fewer the node answers `true` and 0. A contract that is not
        there, a call that runs out of energy or time, and one that the contract refuses all have an answer of
        status 200, too; each is a failure here.
        """
        name, selector = function
        parameter = f"{account_of(address).hex():0>64}"
        if not _is_address(contract):
            return Failure("no_contract", "no address of this chain", "unsupported")
        said = self._object(
            "/walletsolidity/triggerconstantcontract",
            {
                "owner_address": _NOBODY,
                "contract_address": contract,
                "function_selector": name,
                "parameter": parameter,
                "visible": True,
            },
            exchanges,
            index,
            1,
        )
        result = fields(said.get("result"), "result")
        message = text(result.get("message", ""), "message")
        code = text(result.get("code", "SUCCESS"), "code")
        if code != "SUCCESS":
            return _refusal(code, message)
        if result.get("result") is not True:
            raise BadAnswer("the call has neither succeeded nor failed")
        if message or not _ran(said, contract, selector + parameter):
            return Failure("reverted", without_urls(message))
        (word,) = items(said.get("constant_result"), "constant_result", 1)
        if word == "":
            return Failure("no_contract", "the contract has no such function", "unsupported")
        return int(text(word, "constant_result", _HASH), 16)

    def _is_listed(self, address: str, contract: str, exchanges: list[Exchange]) -> bool | None:
        """None: the token has no such list."""
        for function in _LISTS:
            said = self._constant(function, address, contract, exchanges, 0)
            if isinstance(said, Failure):
                if said.code not in ("reverted", "no_contract"):
                    raise SourceUnavailable(said.detail)
                continue
            if said not in (0, 1):
                raise BadAnswer("the list says neither yes nor no")
            return said == 1
        return None

    # ── Blocks and transactions ───────────────────────────────────────────────────────────────────────────

    def _check_chain(self) -> None:
        """Ask for block 0 by its hash, which also shows that the node gets to see what it is asked."""
        if self._right_chain:
            return
        found = self._object("/walletsolidity/getblockbyid", {"value": self.info.genesis}, [])
        if not found or _block(found).hash != self.info.genesis:
            raise WrongChain("block 0 is another chain's, or the node does not see what it is asked")
        self._right_chain = True

    def _newest(self, exchanges: list[Exchange], count: int) -> Pinned:
        """The newest solidified block, without its transactions where the node can leave them out."""
        found = self._header({"detail": False}, "getnowblock", {}, exchanges, count)
        return Pinned(not_ahead(found), "bracket", "finalized")

    def _block_at(self, height: int, exchanges: list[Exchange]) -> Block:
        asked: JSON = {"id_or_num": str(height), "detail": False}
        return self._header(asked, "getblockbynum", {"num": height}, exchanges, 0)

    def _header(self, asked: JSON, fallback: str, old: JSON, exchanges: list[Exchange], count: int) -> Block:
        """`getblock` where the node has it (since GreatVoyage 4.5), else the older call with the whole block."""
        if self._has_headers:
            try:
                return _block(self._object("/walletsolidity/getblock", asked, exchanges, 0, count))
            except SourceRefused as error:
                if error.detail not in ("HTTP 404", "HTTP 405"):
                    raise
                self._has_headers = False
        return _block(self._object(f"/walletsolidity/{fallback}", old, exchanges, 0, count))

    def _is_on_its_way(self, txid: str, exchanges: list[Exchange]) -> bool:
        """Whether the node's newest, not yet solid state knows the transaction, in a block or outside.

        A node may offer the solidified side alone; then nothing is known of what is on its way.
        """
        for name in ("gettransactionbyid", "gettransactionfrompending"):
            try:
                found = self._object(f"/wallet/{name}", {"value": txid}, exchanges)
            except SourceRefused:
                continue
            if found:
                if found.get("txID") != txid:
                    raise BadAnswer("the transaction is not the one that was asked for")
                return True
        return False

    def _object(
        self, path: str, body: JSON, exchanges: list[Exchange], first: int = 0, count: int = 0
    ) -> dict[str, JSON]:
        """The answer, kept as proof. Raises what java-tron says with status 200 under the name "Error"."""
        said: Said = self._asker.ask(
            f"POST {path}", body, path=path, prefix=f"POST {path} ", first=first, count=count
        )
        exchanges.append(said.exchange)
        answer = fields(said.value, "the answer")
        if "Error" in answer:
            error = text(answer["Error"], "Error")
            if _TOO_BUSY in error:
                raise RateLimited(_TOO_BUSY)
            raise SourceRefused(without_urls(error))
        return answer


def account_of(address: str) -> bytes:
    """The 20 bytes by which contracts know an account. Raises `SourceRefused`: such a question is not asked."""
    try:
        decoded = base58.b58decode_check(address)
    except Base58Bech32ValueError as error:
        raise SourceRefused("no address of this chain") from error
    if len(decoded) != _ADDRESS or decoded[:1] != _PREFIX:
        raise SourceRefused("no address of this chain")
    return decoded[1:]


def _is_address(contract: str) -> bool:
    try:
        return len(account_of(contract)) == _ADDRESS - 1
    except SourceRefused:
        return False


def _refusal(code: str, message: str) -> Failure:
    """What the node says where it did not run the call."""
    if code == "CONTRACT_VALIDATE_ERROR" and _NO_CONTRACT.search(message):
        return Failure("no_contract", without_urls(message), "unsupported")
    if code in _PASSING:
        raise SourceUnavailable(code)
    return Failure("failed", without_urls(f"{code}: {message}"))


def _ran(said: dict[str, JSON], contract: str, data: str) -> bool:
    """Whether the call ran to its end, by the transaction that the node made of it. Raises `BadAnswer` where that is
    not what was asked for.
    """
    transaction = fields(said.get("transaction"), "transaction")
    (outcome,) = items(transaction.get("ret"), "ret", 1)
    raw = fields(transaction.get("raw_data"), "raw_data")
    (call,) = items(raw.get("contract"), "contract", 1)
    asked = fields(fields(fields(call, "contract").get("parameter"), "parameter").get("value"), "value")
    if asked.get("contract_address") != contract or asked.get("data") != data:
        raise BadAnswer("the answer is for another question")
    # SUCESS is java-tron's own spelling; as the value 0 it is left out.
    return fields(outcome, "ret").get("ret", "SUCESS") in ("SUCESS", "SUCCESS")


def _succeeded(found: dict[str, JSON]) -> bool:
    """Of a transaction's record; what it does not name has its first value, which is success.

    `result` is the transaction's, `receipt.result` the contract's: "DEFAULT" or nothing where none was called.
    """
    receipt = fields(found.get("receipt", {}), "receipt")
    whole_result = text(found.get("result", "SUCESS"), "result")
    contract_result = text(receipt.get("result", "DEFAULT"), "receipt.result")
    return whole_result in ("SUCESS", "SUCCESS") and contract_result in ("DEFAULT", "SUCCESS")


def _block(found: dict[str, JSON]) -> Block:
    """A block from its header. Its hash begins with its number."""
    if not found:
        raise SourceUnavailable("the node has no such block")
    header = fields(fields(found.get("block_header"), "block_header").get("raw_data"), "raw_data")
    block_hash = text(found.get("blockID"), "blockID", _HASH)
    height = whole(header.get("number", 0), "block number")
    if int(block_hash[:16], 16) != height:
        raise BadAnswer("the block's hash and number contradict each other")
    # Block 0 has the time 0, which is left out as well.
    made = whole(header.get("timestamp", None if height else 0), "block time")
    return Block(height, block_hash, moment(made))
