"""A Solana RPC node over LiteSVM: real accounts, the real token programs, the interface of Agave's RPC.

Interface by solana.com/docs/rpc/http and agave's rpc/src/rpc.rs. The runtime is real; the RPC side was never seen live.
Every slot is final at once, and its state is the present one, as a node that only knows its newest finalized slot.
"""

import base64
import json
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from solders.instruction import AccountMeta, Instruction
from solders.keypair import Keypair
from solders.litesvm import LiteSVM
from solders.message import Message
from solders.pubkey import Pubkey
from solders.signature import Signature
from solders.system_program import CreateAccountParams, TransferParams, create_account, transfer
from solders.token.associated import get_associated_token_address
from solders.transaction import Transaction
from solders.transaction_metadata import FailedTransactionMetadata

from tests.wallets.doubles import Exchange

GENESIS = "5eykt4UsFv8P8NJdTREpY1vzqKqZKvdpKuc147dw2N9d"
PROGRAM = Pubkey.from_string("TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA")
PROGRAM_2022 = Pubkey.from_string("TokenzQdBNbLqP5VEhdkAS6EPFLC1PHnBqCXEpPxuEb")
ASSOCIATED = Pubkey.from_string("ATokenGPvbdGVxr1b2hvZbsiqW5xWH25efTNsLJA8knL")
SYSTEM = Pubkey.from_string("11111111111111111111111111111111")
START = 1_776_933_207

# spl-token instruction.rs: the first byte of each instruction.
_TRANSFER, _SET_AUTHORITY, _MINT_TO, _FREEZE, _INITIALIZE_MINT = 3, 6, 7, 10, 20


class Problem(Exception):
    """Code and message of a JSON-RPC error."""


@dataclass
class Validator:
    """The node. `before` runs before each answer, with the method's name: a place for a slot to pass in the middle."""

    genesis: str = GENESIS
    # Slots whose block the node does not give out, with the error that it has instead.
    without_block: dict[int, int] = field(default_factory=dict)
    most_keys: int = 100
    before: Callable[[str], None] = lambda method: None
    unexpected: list[str] = field(default_factory=list)
    asked: list[dict[str, Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._lock = threading.RLock()
        self.svm = LiteSVM()
        self.payer = Keypair.from_seed(bytes(range(32)))
        self.svm.airdrop(self.payer.pubkey(), 10**14)
        self.slot = self.svm.get_clock().slot
        self.blocks: dict[int, dict[str, Any]] = {}
        self.statuses: dict[str, dict[str, Any]] = {}
        self._height = 400_000_000
        self._mints = 0
        self._keep()

    # ── What happens on the chain ─────────────────────────────────────────────────────────────────────────

    def advance(self, skipped: int = 0) -> int:
        """A new block, `skipped` slots after the last one."""
        with self._lock:
            self.slot += 1 + skipped
            self.svm.warp_to_slot(self.slot)
            self.svm.expire_blockhash()
            self._height += 1
            self._keep(parent=self.slot - 1 - skipped)
            return self.slot

    def _keep(self, parent: int | None = None) -> None:
        self.blocks[self.slot] = {
            "blockHeight": self._height,
            "blockTime": START + self._height - 400_000_000,
            "blockhash": str(self.svm.latest_blockhash()),
            "parentSlot": self.slot - 1 if parent is None else parent,
            "previousBlockhash": "11111111111111111111111111111111",
        }

    def send(self, instructions: Sequence[Instruction], *signers: Keypair, fails: bool = False) -> str:
        with self._lock:
            message = Message.new_with_blockhash(
                list(instructions), self.payer.pubkey(), self.svm.latest_blockhash()
            )
            transaction = Transaction([self.payer, *signers], message, self.svm.latest_blockhash())
            outcome = self.svm.send_transaction(transaction)
            assert isinstance(outcome, FailedTransactionMetadata) is fails, outcome
            name = str(transaction.signatures[0])
            error = {"InstructionError": [0, {"Custom": 1}]} if fails else None
            self.statuses[name] = {
                "slot": self.slot,
                "confirmations": None,
                "err": error,
                "status": {"Err": error} if fails else {"Ok": None},
                "confirmationStatus": "finalized",
            }
            return name

    def fund(self, owner: Pubkey, lamports: int) -> str:
        return self.send(
            [transfer(TransferParams(from_pubkey=self.payer.pubkey(), to_pubkey=owner, lamports=lamports))]
        )

    def make_mint(
        self,
        program: Pubkey = PROGRAM,
        *,
        decimals: int = 6,
        can_freeze: bool = True,
        extra: int = 0,
        extensions: Sequence[bytes] = (),
    ) -> Pubkey:
        """A mint by the program's own instruction; `extra` bytes and `extensions` (initializing instructions' data)
        only for Token-2022.
        """
        self._mints += 1
        mint = Keypair.from_seed(self._mints.to_bytes(32, "big"))
        space = 82 + extra
        authority = bytes(self.payer.pubkey())
        meta = [AccountMeta(mint.pubkey(), is_signer=False, is_writable=True)]
        freeze = b"\x01" + authority if can_freeze else b"\x00"
        initialize = bytes((_INITIALIZE_MINT, decimals)) + authority + freeze
        self.send(
            [
                create_account(
                    CreateAccountParams(
                        from_pubkey=self.payer.pubkey(),
                        to_pubkey=mint.pubkey(),
                        lamports=self.svm.minimum_balance_for_rent_exemption(space),
                        space=space,
                        owner=program,
                    )
                ),
                *(Instruction(program, data, meta) for data in extensions),
                Instruction(program, initialize, meta),
            ],
            mint,
        )
        return mint.pubkey()

    def open_account(self, owner: Pubkey, mint: Pubkey, program: Pubkey = PROGRAM) -> Pubkey:
        """The associated account, made by the program that derives its address on the chain."""
        account = get_associated_token_address(owner, mint, program)
        metas = [
            AccountMeta(self.payer.pubkey(), is_signer=True, is_writable=True),
            AccountMeta(account, is_signer=False, is_writable=True),
            AccountMeta(owner, is_signer=False, is_writable=False),
            AccountMeta(mint, is_signer=False, is_writable=False),
            AccountMeta(SYSTEM, is_signer=False, is_writable=False),
            AccountMeta(program, is_signer=False, is_writable=False),
        ]
        self.send([Instruction(ASSOCIATED, b"\x01", metas)])
        return account

    def mint_to(self, owner: Pubkey, mint: Pubkey, amount: int, program: Pubkey = PROGRAM) -> Pubkey:
        account = self.open_account(owner, mint, program)
        self._token(program, bytes((_MINT_TO,)) + amount.to_bytes(8, "little"), mint, account)
        return account

    def freeze(self, account: Pubkey, mint: Pubkey, program: Pubkey = PROGRAM) -> None:
        self._token(program, bytes((_FREEZE,)), account, mint)

    def give_away(self, account: Pubkey, owner: Keypair, to: Pubkey) -> None:
        """Make somebody else the owner of a token account (SetAuthority, AccountOwner)."""
        metas = [
            AccountMeta(account, is_signer=False, is_writable=True),
            AccountMeta(owner.pubkey(), is_signer=True, is_writable=False),
        ]
        self.send([Instruction(PROGRAM, bytes((_SET_AUTHORITY, 2, 1)) + bytes(to), metas)], owner)

    def overdraw(self, account: Pubkey, to: Pubkey, owner: Keypair) -> str:
        """A transfer of more than there is: it is in the block, and has failed."""
        metas = [
            AccountMeta(account, is_signer=False, is_writable=True),
            AccountMeta(to, is_signer=False, is_writable=True),
            AccountMeta(owner.pubkey(), is_signer=True, is_writable=False),
        ]
        data = bytes((_TRANSFER,)) + (2**63).to_bytes(8, "little")
        return self.send([Instruction(PROGRAM, data, metas)], owner, fails=True)

    def _token(self, program: Pubkey, data: bytes, *accounts: Pubkey) -> None:
        metas = [AccountMeta(account, is_signer=False, is_writable=True) for account in accounts]
        metas.append(AccountMeta(self.payer.pubkey(), is_signer=True, is_writable=False))
        self.send([Instruction(program, data, metas)])

    # ── What the node answers ─────────────────────────────────────────────────────────────────────────────

    def __call__(self, exchange: Exchange) -> None:
        call = json.loads(exchange.body())
        assert call["jsonrpc"] == "2.0"
        with self._lock:
            self.asked.append(call)
            self.before(call["method"])
            about = {"jsonrpc": "2.0", "id": call["id"]}
            handler = getattr(self, f"_{call['method']}", None)
            if handler is None:
                self.unexpected.append(call["method"])
                answer = {**about, "error": {"code": -32601, "message": "Method not found"}}
            else:
                try:
                    answer = {**about, "result": handler(*call["params"])}
                except Problem as problem:
                    code, message = problem.args
                    answer = {**about, "error": {"code": code, "message": message}}
        exchange.reply(200, json.dumps(answer).encode(), Content_Type="application/json")

    def _about(self, value: Any) -> dict[str, Any]:
        return {"context": {"apiVersion": "3.1.8", "slot": self.slot}, "value": value}

    def _getGenesisHash(self) -> str:  # noqa: N802 – the method's own name
        return self.genesis

    def _getSlot(self, options: dict[str, Any]) -> int:  # noqa: N802
        assert options["commitment"] == "finalized"
        return self.slot

    def _getBlockHeight(self, options: dict[str, Any]) -> int:  # noqa: N802
        assert options["commitment"] == "finalized"
        return self._height

    def _getBlock(self, slot: int, options: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        assert options["commitment"] == "finalized" and options["transactionDetails"] == "none"
        if slot in self.without_block:
            raise Problem(self.without_block[slot], f"Block not available for slot {slot}")
        if slot not in self.blocks:
            raise Problem(
                -32007, f"Slot {slot} was skipped, or missing due to ledger jump to recent snapshot"
            )
        return self.blocks[slot]

    def _getMultipleAccounts(self, keys: list[str], options: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        assert options["commitment"] == "finalized" and options["encoding"] == "base64"
        if len(keys) > self.most_keys:
            raise Problem(-32602, f"Too many inputs provided; max {self.most_keys}")
        piece = options.get("dataSlice", {"offset": 0, "length": 2**31})
        return self._about([self._account(Pubkey.from_string(key), piece) for key in keys])

    def _account(self, key: Pubkey, piece: dict[str, int]) -> dict[str, Any] | None:
        account = self.svm.get_account(key)
        if account is None or not account.lamports:
            return None
        data = account.data[piece["offset"] : piece["offset"] + piece["length"]]
        return {
            "data": [base64.b64encode(data).decode(), "base64"],
            "executable": account.executable,
            "lamports": account.lamports,
            "owner": str(account.owner),
            "rentEpoch": 18446744073709551615,
            "space": len(account.data),
        }

    def _getSignatureStatuses(self, names: list[str], options: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        assert options == {"searchTransactionHistory": True}
        for name in names:
            Signature.from_string(name)
        return self._about([self.statuses.get(name) for name in names])
