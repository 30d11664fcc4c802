"""Solana by JSON-RPC: SOL, and tokens of the Token and the Token-2022 program in the owner's associated accounts.

Source: solana.com/docs/rpc/http; layouts: spl-token `state.rs`, spl-token-2022 `extension`; addresses:
`Pubkey::find_program_address` and spl-associated-token-account. `getMultipleAccounts` at `finalized` answers for up to
100 accounts at one slot, which it names, and nothing can be asked at an older one. A look that needs several calls
counts only if all of them answer for the same slot. `getBlock` then gives the slot's block: its hash, and its time,
which is the stake-weighted mean of what validators say, in whole seconds. A slot without a block (skipped) is never
the finalized state that an answer names; but a node may not have the block at hand (it has just started from a
snapshot, or keeps none), and then nothing is read: an amount without its block is no proof.

What is counted: all lamports of the account, rent deposits included; of each token what lies in the owner's associated
token account, the one whose address follows from owner and mint, where every wallet program puts it. Not counted: stake
(accounts of their own), other token accounts of the same owner, confidential balances and withheld transfer fees
(Token-2022), and lamports in the token accounts.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from types import TracebackType
from typing import Final, Literal, Self

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
from wallets.chains.http import JSON, ChainClient, provider_name, retrying
from wallets.chains.solana_accounts import (
    ENOUGH,
    Account,
    account_from,
    associated_account,
    is_key,
    is_signature,
    program_of,
    token_account,
)

KEYS: Final = 100
"""Accounts that one call may ask for (getMultipleAccounts, "up to a maximum of 100")."""

# rpc_custom_error.rs: cleaned up, not available, skipped or lost in a jump to a snapshot, skipped in long-term storage,
# no history kept, status not yet available.
_NO_BLOCK: Final = frozenset({-32001, -32004, -32007, -32009, -32011, -32014})
_TOO_FAST: Final = frozenset({429, -32429})
_OUR_FAULT: Final = frozenset({-32600, -32601, -32602, -32700})
# Which program a mint belongs to decides the address of its accounts. Learned once, and looked at again in every call.
_programs: dict[str, str] = {}
_MOST_PROGRAMS: Final = 10_000


class SolanaSource:
    """One RPC node. `url` is its address, for instance `http://solana.internal:8899`."""

    can_pin = False

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
        """The newest finalized slot. A read later is at a later one: a slot cannot be asked for."""
        self._check_chain()
        exchanges: list[Exchange] = []
        slot = whole(self._call("getSlot", [{"commitment": "finalized"}], exchanges), "the slot")
        return self._pinned(slot, exchanges, 0)

    def read(
        self, addresses: Sequence[str], contracts: Sequence[str], *, at: Pinned | None = None
    ) -> Answers:
        """Lamports (10⁻⁹ SOL), and base units of tokens by their mint.

        `at` is honoured only while it is the newest finalized slot; `CannotPin` otherwise.
        """
        self._check_chain()
        mints = sorted({contract for contract in contracts if contract})
        exchanges: list[Exchange] = []
        self._learn([mint for mint in mints if mint not in _programs and is_key(mint)], exchanges)
        for _try in range(TRIES):
            parts = _parts(addresses, mints, native="" in contracts)
            jobs: list[Callable[[], _Seen]] = [
                partial(self._accounts, part.keys, part.first, part.count) for part in parts
            ]
            seen = all_of(jobs)
            asked = [*exchanges, *(one.exchange for one in seen)]
            if len({one.slot for one in seen}) > 1 or _learn_from(mints, seen):
                # The chain moved on between two calls, or a mint belongs to another program than it used to.
                continue
            slot = seen[0].slot if seen else self.pick().block.height
            if at is not None and at.block.height != slot:
                raise CannotPin("the slot is not the newest finalized one")
            pinned = self._pinned(slot, asked, len(addresses))
            if at is not None and at.block != pinned.block:
                raise CannotPin("the slot's block is another one")
            return answers_of(pinned, _found(addresses, contracts, seen), asked)
        raise BlockGone(f"the finalized slot moved {TRIES} times")

    def confirmations(self, txid: str) -> Confirmation:
        """Where a transaction stands. Only a finalized one is "confirmed"; before that it is "pending". One that was
        finalized with an error has "failed": it cost its fee, and nothing else happened. `count` is in blocks, not
        slots.
        """
        self._check_chain()
        if not is_signature(txid):
            return Confirmation("unknown")
        exchanges: list[Exchange] = []
        asked: JSON = [[txid], {"searchTransactionHistory": True}]
        said = fields(self._call("getSignatureStatuses", asked, exchanges), "the answer")
        (status,) = items(said.get("value"), "value", 1)
        if status is None:
            return Confirmation("unknown", exchanges=tuple(exchanges))
        status = fields(status, "the status")
        if "err" not in status:
            raise BadAnswer("the status does not say whether the transaction failed")
        slot = whole(status.get("slot"), "slot")
        level = text(status.get("confirmationStatus"), "confirmationStatus")
        if level in ("processed", "confirmed"):
            return Confirmation("pending", exchanges=tuple(exchanges))
        if level != "finalized":
            raise BadAnswer("the confirmation status is none")
        block, height = self._block(slot, exchanges, 0)
        asked = [{"commitment": "finalized"}]
        newest = whole(self._call("getBlockHeight", asked, exchanges), "block height")
        if newest < height:
            raise BadAnswer("the transaction's block is above the newest one")
        state: Literal["confirmed", "failed"] = "confirmed" if status["err"] is None else "failed"
        return Confirmation(state, newest - height + 1, block, tuple(exchanges))

    def payment(self, txid: str, address: str, contract: str) -> Payment:
        """Not read from this kind of source."""
        return Payment("cannot_tell")

    def token_restriction(self, address: str, contract: str) -> Restriction:
        """Whether the owner's associated account is frozen. A mint without a freeze authority has "no_list"."""
        self._check_chain()
        if not contract:
            return Restriction("no_list")
        exchanges: list[Exchange] = []
        if contract not in _programs and is_key(contract):
            self._learn([contract], exchanges)
        for _try in range(TRIES):
            program = _programs.get(contract)
            if program is None:
                return Restriction("no_list", exchanges=tuple(exchanges))
            account = associated_account(address, contract, program)
            seen = self._accounts((contract, account), 0, 1)
            exchanges.append(seen.exchange)
            if _learn_from([contract], [seen]):
                continue
            mint = seen.account(contract)
            # The mint was just found to be one of this program.
            can_freeze = mint is not None and mint.data[46:50] != bytes(4)
            held = token_account(seen.account(account), address, contract, program)
            pinned = self._pinned(seen.slot, exchanges, 1)
            if held is not None and held.frozen:
                return Restriction("restricted", pinned, tuple(exchanges))
            return Restriction("not_restricted" if can_freeze else "no_list", pinned, tuple(exchanges))
        raise BlockGone("the mint changes its program all the time")

    # ── Accounts ──────────────────────────────────────────────────────────────────────────────────────────

    def _learn(self, mints: Sequence[str], exchanges: list[Exchange]) -> None:
        """Ask which program each mint belongs to."""
        for start in range(0, len(mints), KEYS):
            seen = self._accounts(tuple(mints[start : start + KEYS]), 0, 0)
            exchanges.append(seen.exchange)
            _learn_from(mints[start : start + KEYS], [seen])

    def _accounts(self, keys: tuple[str, ...], first: int, count: int) -> "_Seen":
        exchanges: list[Exchange] = []
        options: dict[str, JSON] = {
            "encoding": "base64",
            "commitment": "finalized",
            # Enough to tell a token account from a mint; a program's own account may hold ten megabytes.
            "dataSlice": {"offset": 0, "length": ENOUGH},
        }
        said = fields(
            self._call("getMultipleAccounts", [list(keys), options], exchanges, first, count), "the answer"
        )
        slot = whole(fields(said.get("context"), "context").get("slot"), "slot")
        values = items(said.get("value"), "value", len(keys))
        accounts = {key: _shown(value) for key, value in zip(keys, values, strict=True)}
        return _Seen(slot, first, count, accounts, exchanges[0])

    # ── Blocks ────────────────────────────────────────────────────────────────────────────────────────────

    def _check_chain(self) -> None:
        if self._right_chain:
            return
        found = text(self._call("getGenesisHash", [], []), "the genesis hash")
        if found != self.info.genesis:
            raise WrongChain("the genesis hash is another chain's")
        self._right_chain = True

    def _pinned(self, slot: int, exchanges: list[Exchange], count: int) -> Pinned:
        block, _height = self._block(slot, exchanges, count)
        return Pinned(not_ahead(block), "slot", "finalized")

    def _block(self, slot: int, exchanges: list[Exchange], count: int) -> tuple[Block, int]:
        """The block of a finalized slot, and its height. A node may finalize a slot a moment before it gives out
        its block.
        """
        options: JSON = {
            "commitment": "finalized",
            "transactionDetails": "none",
            "rewards": False,
            "maxSupportedTransactionVersion": 0,
        }
        found = retrying(
            lambda: self._call("getBlock", [slot, options], exchanges, 0, count),
            tries=TRIES,
            again=lambda error: isinstance(error, _NoBlock),
        )
        if found is None:
            raise SourceUnavailable("the node does not have the slot's block")
        block = fields(found, "the block")
        if block.get("blockTime") is None or block.get("blockHeight") is None:
            raise SourceUnavailable("the node does not have the block's time or height")
        block_hash = text(block.get("blockhash"), "blockhash")
        if not is_key(block_hash):
            raise BadAnswer("a block hash was expected")
        if whole(block.get("parentSlot"), "parentSlot") >= slot > 0:
            raise BadAnswer("the block's parent is not before it")
        when = moment(whole(block["blockTime"], "block time") * 1000)
        return Block(slot, block_hash, when), whole(block["blockHeight"], "block height", slot)

    def _call(
        self, method: str, params: JSON, exchanges: list[Exchange], first: int = 0, count: int = 0
    ) -> JSON:
        """The result of one call, kept as proof. Raises what the node says under the name "error"."""
        said = self._asker.ask(
            method,
            {"jsonrpc": "2.0", "id": 1, "method": method, "params": params},
            first=first,
            count=count,
        )
        exchanges.append(said.exchange)
        answer = fields(said.value, "the answer")
        if answer.get("error") is not None:
            raise _problem(answer["error"])
        if type(answer.get("id")) is not int or answer["id"] != 1 or "result" not in answer:
            raise BadAnswer("the answer has no question, or no result")
        return answer["result"]


class _NoBlock(SourceUnavailable):
    """The node does not have the block of that slot, perhaps not yet."""


@dataclass(frozen=True, slots=True)
class _Seen:
    """One call's accounts: `first` and `count` are the addresses that it was about."""

    slot: int
    first: int
    count: int
    accounts: dict[str, Account | BadAnswer | None]
    exchange: Exchange

    def account(self, key: str) -> Account | None:
        """None where the node says that none stands there. Raises `BadAnswer` where what it shows is none."""
        account = self.accounts[key]
        if isinstance(account, BadAnswer):
            raise account
        return account


@dataclass(frozen=True, slots=True)
class _Part:
    """What one call asks for."""

    keys: tuple[str, ...]
    first: int
    count: int


def _parts(addresses: Sequence[str], mints: Sequence[str], *, native: bool) -> list[_Part]:
    """Calls of up to `KEYS` accounts: every mint, and for some addresses the account and those of its tokens."""
    known = [mint for mint in mints if mint in _programs]
    each = len(known) + (1 if native else 0)
    at_once = max(1, (KEYS - len(known)) // max(1, each))
    if each and each + len(known) > KEYS:
        raise SourceRefused(f"there are more than {KEYS // 2 - 1} tokens to read")
    parts = []
    for first in range(0, len(addresses), at_once):
        some = addresses[first : first + at_once]
        keys = dict.fromkeys(known)
        for address in some:
            if not is_key(address):
                continue
            if native:
                keys[address] = None
            keys.update(dict.fromkeys(associated_account(address, mint, _programs[mint]) for mint in known))
        if keys:
            parts.append(_Part(tuple(keys), first, len(some)))
    return parts


def _learn_from(mints: Sequence[str], seen: Sequence[_Seen]) -> bool:
    """Keep what the answers say of the mints' programs; whether that is news."""
    news = False
    for one in seen:
        for mint in mints:
            if mint not in one.accounts:
                continue
            program = program_of(one.account(mint))
            if program == _programs.get(mint):
                continue
            news = True
            if program is None:
                _programs.pop(mint, None)
            else:
                if len(_programs) >= _MOST_PROGRAMS:
                    _programs.clear()
                _programs[mint] = program
    return news


def _found(addresses: Sequence[str], contracts: Sequence[str], seen: Sequence[_Seen]) -> list[int | Failure]:
    """What each address holds of each asset."""
    of = {index: one for one in seen for index in range(one.first, one.first + one.count)}
    found: list[int | Failure] = []
    for index, address in enumerate(addresses):
        for contract in contracts:
            try:
                found.append(_amount(address, contract, of.get(index)))
            except ChainError as error:
                found.append(error.as_failure())
    return found


def _amount(address: str, contract: str, seen: _Seen | None) -> int | Failure:
    """What the address holds, in base units.

    `null` is how the node says that no account stands at an address. Solana keeps no account without lamports, so
    that is an answer, 0, and no failed read: what goes wrong is an error of the whole call.
    """
    if not is_key(address):
        return Failure("refused", "no address of this chain", "unsupported")
    program = _programs.get(contract)
    if seen is None or (contract and (program is None or contract not in seen.accounts)):
        return Failure("no_contract", "no mint of a token program", "unsupported")
    if program is None:
        account = seen.account(address)
        return account.lamports if account else 0
    account = seen.account(associated_account(address, contract, program))
    held = token_account(account, address, contract, program)
    return held.amount if held else 0


def _shown(value: JSON) -> Account | BadAnswer | None:
    """An account that cannot be right spoils its own amount, not those of the others."""
    try:
        return None if value is None else account_from(value)
    except BadAnswer as error:
        return error


def _problem(error: JSON) -> ChainError:
    said = fields(error, "an error")
    code = said.get("code")
    if isinstance(code, bool) or not isinstance(code, int):
        return BadAnswer("an error has no code")
    detail = without_urls(f"JSON-RPC {code}: {text(said.get('message'), 'message')}")
    if code in _TOO_FAST:
        return RateLimited(detail)
    if code in _NO_BLOCK:
        return _NoBlock(detail)
    return SourceRefused(detail) if code in _OUR_FAULT else SourceUnavailable(detail)
