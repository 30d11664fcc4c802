"""The XRP Ledger by rippled's or Clio's JSON-RPC: XRP and tokens on trust lines.

Source: XRPLF/xrpl-dev-portal, docs/references/http-websocket-apis. A validated ledger is final. It is picked first, and
every question then names it by its hash; an answer counts only if it says `validated` and names that same ledger.

What is counted: the whole XRP balance of the account, the reserve included (the part that cannot be spent while the
account exists, 1 XRP and more). Not counted: XRP in escrows, payment channels and AMM pools, which are ledger entries of
their own, multi-purpose tokens (MPT) and NFTs. The balance is the account's: destination tags divide it only in the
books of whoever holds it.

A token is named "CUR.rIssuer"; `xrp_tokens` says how its amounts are kept.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from types import TracebackType
from typing import Final, Self

from wallets.chains.base import (
    Answers,
    AnswerTooLarge,
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
from wallets.chains.checks import (
    TRIES,
    Asker,
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
from wallets.chains.xrp_tokens import Issued, held, issued

# All XRP there ever was (100 billion), in drops.
_ALL_DROPS: Final = 10**17
# 1 January 2000, the ledger's own beginning of time, in seconds after that of Unix.
_RIPPLE_EPOCH: Final = 946_684_800
_LARGEST_INDEX: Final = 2**32 - 1
_MOST_PAGES: Final = 100
_PAGE: Final = 400
_GLOBAL_FREEZE: Final = 0x0040_0000

_HASH: Final = re.compile(r"[0-9A-F]{64}", re.ASCII)
_DROPS: Final = re.compile(r"[0-9]{1,18}", re.ASCII)
# Errors that pass by themselves ("Universal Errors" and the errors of each method).
_PASSING: Final = frozenset(
    {
        "amendmentBlocked",
        "failedToForward",
        "internal",
        "noClosed",
        "noCurrent",
        "noNetwork",
        "notReady",
        "notSynced",
        "tooBusy",
    }
)


class _NotFound(Exception):
    """The ledger, account or transaction of the question does not exist there: what the node says in `code`."""

    def __init__(self, code: str, result: dict[str, JSON]) -> None:
        super().__init__(code)
        self.code = code
        self.result = result


class XrpSource:
    """One server. `url` is its JSON-RPC address, for instance `http://xrpl.internal:5005`."""

    can_pin = True

    def __init__(self, info: ChainInfo, url: str, client: ChainClient) -> None:
        self.info = info
        self.provider = provider_name(url)
        self._client = client
        self._asker = Asker(client, url)
        self._right_chain = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.__exit__(kind, error, trace)

    def pick(self) -> Pinned:
        """The newest validated ledger."""
        self._check_chain()
        return _pinned(self._newest([], 0))

    def read(
        self, addresses: Sequence[str], contracts: Sequence[str], *, at: Pinned | None = None
    ) -> Answers:
        """Drops (10⁻⁶ XRP), and tokens in units of 10⁻³² (`xrp_tokens.ISSUED_DECIMALS`)."""
        self._check_chain()
        for remaining in reversed(range(TRIES)):
            exchanges: list[Exchange] = []
            ledger = self._ledger_at(at.block, exchanges, len(addresses)) if at else None
            ledger = ledger or self._newest(exchanges, len(addresses))
            try:
                return self._read_at(ledger, addresses, contracts, exchanges)
            except BlockGone as error:
                # Behind one name may stand several servers, and not all of them may have the ledger.
                if at is not None:
                    raise CannotPin(error.detail) from error
                if not remaining:
                    raise
        raise AssertionError("the last try returns or raises")

    def confirmations(self, txid: str) -> Confirmation:
        """Where a transaction stands. One in a ledger that is not validated is "pending"; one that was validated with
        another result than `tesSUCCESS` has "failed": it cost its fee, and nothing else happened.

        A server that does not keep the whole history does not know older transactions and says "unknown".
        """
        self._check_chain()
        txid = txid.upper()
        if not _HASH.fullmatch(txid):
            return Confirmation("unknown")
        exchanges: list[Exchange] = []
        try:
            found = self._call("tx", {"transaction": txid, "binary": False}, exchanges)
        except _NotFound as missing:
            if missing.code != "txnNotFound":
                raise SourceUnavailable(missing.code) from missing
            return Confirmation("unknown", exchanges=tuple(exchanges))
        if found.get("hash") != txid:
            raise BadAnswer("the transaction is not the one that was asked for")
        if found.get("validated") is not True:
            return Confirmation("pending", exchanges=tuple(exchanges))
        outcome = text(fields(found.get("meta"), "meta").get("TransactionResult"), "TransactionResult")
        height = whole(found.get("ledger_index"), "ledger_index", _LARGEST_INDEX)
        block = self._ledger({"ledger_index": height}, exchanges, 0)
        newest = self._newest(exchanges, 0)
        if block.height != height or newest.height < height:
            raise BadAnswer("the transaction's ledger is not the one that was asked for")
        state = "confirmed" if outcome == "tesSUCCESS" else "failed"
        return Confirmation(state, newest.height - height + 1, block, tuple(exchanges))  # type: ignore[arg-type]

    def payment(self, txid: str, address: str, contract: str) -> Payment:
        """Not read from this kind of source."""
        return Payment("cannot_tell")

    def token_restriction(self, address: str, contract: str) -> Restriction:
        """Whether the issuer has frozen this trust line, or all of its tokens (`lsfGlobalFreeze`)."""
        self._check_chain()
        try:
            token = issued(contract)
        except ValueError:
            return Restriction("no_list")
        exchanges: list[Exchange] = []
        ledger = self._newest(exchanges, 1)
        issuer = self._account(token.issuer, ledger, exchanges, 0)
        if issuer is None:
            return Restriction("no_list", _pinned(ledger), tuple(exchanges))
        flags = whole(issuer.get("Flags"), "Flags", 2**32 - 1)
        line = self._line(address, token, ledger, exchanges, 0)
        frozen = line is not None and any(
            _yes(line.get(name, False)) for name in ("freeze_peer", "deep_freeze_peer")
        )
        state = "restricted" if frozen or flags & _GLOBAL_FREEZE else "not_restricted"
        return Restriction(state, _pinned(ledger), tuple(exchanges))  # type: ignore[arg-type]

    # ── Balances ──────────────────────────────────────────────────────────────────────────────────────────

    def _read_at(
        self, ledger: Block, addresses: Sequence[str], contracts: Sequence[str], exchanges: list[Exchange]
    ) -> Answers:
        # A mistyped issuer would make every line missing and every balance 0: each is looked at first.
        tokens = [self._token(contract, ledger, exchanges) if contract else None for contract in contracts]
        jobs: list[Callable[[], tuple[int | Failure, list[Exchange]]]] = [
            partial(self._amount, address, token, ledger, index)
            for index, address in enumerate(addresses)
            for token in tokens
        ]
        results = all_of(jobs)
        exchanges += [exchange for _found, own in results for exchange in own]
        return answers_of(_pinned(ledger), [found for found, _own in results], exchanges)

    def _token(self, contract: str, ledger: Block, exchanges: list[Exchange]) -> Issued | Failure:
        try:
            token = issued(contract)
        except ValueError as error:
            return Failure("no_contract", str(error), "unsupported")
        try:
            if self._account(token.issuer, ledger, exchanges, 0) is None:
                return Failure("no_contract", "the issuer's account does not exist", "unsupported")
        except (SourceRefused, AnswerTooLarge, BadAnswer) as error:
            return error.as_failure()
        return token

    def _amount(
        self, address: str, token: Issued | Failure | None, ledger: Block, index: int
    ) -> tuple[int | Failure, list[Exchange]]:
        exchanges: list[Exchange] = []
        try:
            if isinstance(token, Failure):
                return token, exchanges
            if token is None:
                return self._drops(address, ledger, exchanges, index), exchanges
            line = self._line(address, token, ledger, exchanges, index)
            return held(line), exchanges
        except (SourceRefused, AnswerTooLarge, BadAnswer) as error:
            # Said of this question alone; whatever else goes wrong ends the look.
            return error.as_failure(), exchanges

    def _drops(self, address: str, ledger: Block, exchanges: list[Exchange], index: int) -> int:
        """XRP of the account. One that does not exist in the ledger, never funded or deleted, holds none: the ledger
        keeps no account without its reserve, so `actNotFound` is an answer and no failed read.
        """
        account = self._account(address, ledger, exchanges, index)
        if account is None:
            return 0
        drops = int(text(account.get("Balance"), "Balance", _DROPS))
        return whole(drops, "Balance", _ALL_DROPS)

    def _account(
        self, address: str, ledger: Block, exchanges: list[Exchange], index: int
    ) -> dict[str, JSON] | None:
        """The account's entry in that ledger; None where the ledger has none."""
        asked: dict[str, JSON] = {"account": address, "ledger_hash": ledger.hash}
        try:
            said = self._call("account_info", asked, exchanges, index, 1)
        except _NotFound as missing:
            _check_missing(missing, address, ledger)
            return None
        _check_ledger(said, ledger)
        account = fields(said.get("account_data"), "account_data")
        if account.get("Account") != address or account.get("LedgerEntryType") != "AccountRoot":
            raise BadAnswer("the answer is for another account")
        return account

    def _line(
        self, address: str, token: Issued, ledger: Block, exchanges: list[Exchange], index: int
    ) -> dict[str, JSON] | None:
        """The trust line between the account and the issuer in that currency; None where the ledger has none."""
        found: dict[str, JSON] | None = None
        for line in self._lines(address, token.issuer, ledger, exchanges, index):
            if line.get("account") != token.issuer:
                raise BadAnswer("a trust line leads to another account")
            if text(line.get("currency"), "currency") != token.currency:
                continue
            if found is not None:
                raise BadAnswer("a trust line is there twice")
            found = line
        return found

    def _lines(
        self, address: str, issuer: str, ledger: Block, exchanges: list[Exchange], index: int
    ) -> Iterator[dict[str, JSON]]:
        """All trust lines between two accounts, page by page: a page may be empty although more follow."""
        asked: dict[str, JSON] = {
            "account": address,
            "peer": issuer,
            "ledger_hash": ledger.hash,
            "limit": _PAGE,
        }
        markers: list[JSON] = []
        for _page in range(_MOST_PAGES):
            try:
                said = self._call("account_lines", asked, exchanges, index, 1)
            except _NotFound as missing:
                _check_missing(missing, address, ledger)
                if markers:
                    raise BadAnswer("the account is gone between two pages of one ledger") from missing
                return
            _check_ledger(said, ledger)
            if said.get("account") != address:
                raise BadAnswer("the answer is for another account")
            for line in items(said.get("lines"), "lines"):
                yield fields(line, "a trust line")
            marker = said.get("marker")
            if marker is None:
                return
            if marker in markers:
                raise BadAnswer("the pages go round in a circle")
            markers.append(marker)
            asked = {**asked, "marker": marker}
        raise AnswerTooLarge("the trust lines have too many pages")

    # ── Ledgers ───────────────────────────────────────────────────────────────────────────────────────────

    def _check_chain(self) -> None:
        """Main net is network 0; a server that has no number configured, or is older than the field, leaves it out."""
        if self._right_chain:
            return
        try:
            said = self._call("server_info", {}, [])
        except _NotFound as missing:
            raise SourceUnavailable(missing.code) from missing
        network = whole(fields(said.get("info"), "info").get("network_id", 0), "network_id", 2**32 - 1)
        if network != 0:
            raise WrongChain(f"network {network} instead of 0")
        self._right_chain = True

    def _newest(self, exchanges: list[Exchange], count: int) -> Block:
        return not_ahead(self._ledger({"ledger_index": "validated"}, exchanges, count))

    def _ledger_at(self, block: Block, exchanges: list[Exchange], count: int) -> Block:
        """That very ledger, as the server knows it. Raises `CannotPin`."""
        try:
            found = self._ledger({"ledger_hash": block.hash}, exchanges, count)
        except SourceUnavailable as error:
            if error.detail in ("lgrNotFound", "not validated"):
                raise CannotPin(f"the server does not have the ledger ({error.detail})") from error
            raise
        if found != block:
            raise BadAnswer("the ledger is not the one that was asked for")
        return found

    def _ledger(self, asked: dict[str, JSON], exchanges: list[Exchange], count: int) -> Block:
        try:
            said = self._call("ledger", asked, exchanges, 0, count)
        except _NotFound as missing:
            raise SourceUnavailable(missing.code) from missing
        if said.get("validated") is not True:
            raise SourceUnavailable("not validated")
        ledger = fields(said.get("ledger"), "ledger")
        name = text(said.get("ledger_hash"), "ledger_hash", _HASH)
        height = whole(said.get("ledger_index"), "ledger_index", _LARGEST_INDEX)
        # The same facts stand in the ledger's header, the number as a text in the interface's first version.
        if ledger.get("ledger_hash") != name or str(ledger.get("ledger_index")) != str(height):
            raise BadAnswer("the ledger's header contradicts the answer around it")
        closed = whole(ledger.get("close_time"), "close_time", 2**32 - 1)
        return Block(height, name, moment((_RIPPLE_EPOCH + closed) * 1000))

    def _call(
        self,
        method: str,
        asked: dict[str, JSON],
        exchanges: list[Exchange],
        first: int = 0,
        count: int = 0,
    ) -> dict[str, JSON]:
        """The result of one call, kept as proof. Raises what the server says under the name "error"."""
        params: dict[str, JSON] = {**asked, "api_version": 2}
        said = self._asker.ask(
            method, {"method": method, "params": [params], "id": 1}, first=first, count=count
        )
        exchanges.append(said.exchange)
        answer = fields(said.value, "the answer")
        if answer.get("id", 1) != 1:
            raise BadAnswer("the answer has no question")
        result = fields(answer.get("result"), "result")
        if "error" in result or result.get("status", "success") != "success":
            raise _problem(result)
        return result


def _problem(result: dict[str, JSON]) -> Exception:
    code = text(result.get("error"), "error")
    if code in ("actNotFound", "lgrNotFound", "txnNotFound"):
        return _NotFound(code, result)
    if code == "slowDown":
        return RateLimited(code)
    problem: type[ChainError] = SourceUnavailable if code in _PASSING else SourceRefused
    return problem(without_urls(code))


def _check_ledger(said: dict[str, JSON], ledger: Block) -> None:
    """Raises `BadAnswer` where an answer is not from that ledger, or not final."""
    if said.get("validated") is not True or said.get("ledger_hash") != ledger.hash:
        raise BadAnswer("the answer is not from the ledger that was asked for")
    if said.get("ledger_index", ledger.height) != ledger.height:
        raise BadAnswer("the ledger has another number")


def _check_missing(missing: _NotFound, address: str, ledger: Block) -> None:
    """Only an answer that names the account and the ledger says that the one is not in the other.

    rippled names both in its answer, every server repeats the question in it ("Error Formatting").
    """
    if missing.code == "lgrNotFound":
        raise BlockGone("lgrNotFound")
    if missing.code != "actNotFound":
        raise BadAnswer(missing.code)
    if missing.result.get("validated", True) is not True:
        raise BadAnswer("the answer is not final")
    named = [missing.result]
    if isinstance(request := missing.result.get("request"), dict):
        named.append(request)
        params = request.get("params")
        named += [item for item in params if isinstance(item, dict)] if isinstance(params, list) else []
    for name, expected in (("account", address), ("ledger_hash", ledger.hash)):
        values = [place[name] for place in named if name in place]
        if not values or any(value != expected for value in values):
            raise BadAnswer("the answer does not name the account and the ledger")


def _yes(value: JSON) -> bool:
    if not isinstance(value, bool):
        raise BadAnswer("a flag is neither true nor false")
    return value


def _pinned(ledger: Block) -> Pinned:
    return Pinned(ledger, "hash", "finalized")
