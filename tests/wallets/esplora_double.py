"""A strict double of Esplora's interface (Blockstream/esplora, API.md; never seen live)."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field

from tests.wallets.doubles import Exchange

# Block 0 and the milestone of Bitcoin: what the double's chain has by default.
BITCOIN = {
    0: "000000000019d6689c085ae165831e934ff763ae46a2a6c172b3f1b60a8ce26f",
    840_000: "0000000000000000000320283a032748cef8227873ff4872689bf23f1cda83a5",
}
# "Transaction not found" and the like: what the original says of what it does not know (electrs, rest.rs).
MISSING = 404


@dataclass
class Esplora:
    """It knows some blocks by height, the newest one, confirmed sums per address, transactions, and nothing else.

    Any other path is remembered in `unexpected` and answered with 404. Below `/api`.
    """

    # Address → base units ever received, ever spent.
    balances: dict[str, tuple[int, int]] = field(default_factory=dict)
    # Transaction → the hash of its block; "" while it is in none.
    transactions: dict[str, str] = field(default_factory=dict)
    # Transaction → what its outputs pay to whom; None is a script without an address.
    outputs: dict[str, list[tuple[str | None, int]]] = field(default_factory=dict)
    landmarks: dict[int, str] = field(default_factory=lambda: dict(BITCOIN))
    # Hash, height and time (seconds) of the blocks that may be asked for; the last one is the tip.
    blocks: list[tuple[str, int, int]] = field(
        default_factory=lambda: [(f"{1:064x}", 900_001, 1_700_000_000)]
    )
    unexpected: list[str] = field(default_factory=list)
    # Runs before each answer to an address: a place for a block to arrive in the middle.
    before_address: Callable[[], None] = lambda: None

    @property
    def tip(self) -> str:
        return self.blocks[-1][0]

    def mine(self) -> str:
        number, height = len(self.blocks) + 1, self.blocks[-1][1] + 1
        self.blocks.append((f"{number:064x}", height, 1_700_000_000 + 600 * number))
        return self.tip

    def __call__(self, exchange: Exchange) -> None:
        known = {block_hash: (height, time) for block_hash, height, time in self.blocks}
        match exchange.path.strip("/").split("/"):
            case ["api", "blocks", "tip", "hash"]:
                exchange.reply(200, self.tip.encode())
            case ["api", "block-height", height] if height.isdigit() and int(height) in self.landmarks:
                exchange.reply(200, self.landmarks[int(height)].encode())
            case ["api", "block", block_hash] if block_hash in known:
                at, time = known[block_hash]
                about = {"id": block_hash, "height": at, "version": 1, "timestamp": time, "tx_count": 1}
                self._json(exchange, {**about, "difficulty": 53911173001054.59})
            case ["api", "tx", txid, "status"]:
                # The original says "not confirmed" of what it does not know as well.
                self._json(exchange, self._status(txid, known))
            case ["api", "tx", txid] if txid in self.transactions:
                outputs = [
                    {"scriptpubkey": "00", "scriptpubkey_type": "op_return", "value": value}
                    if address is None
                    else {"scriptpubkey": "00", "scriptpubkey_address": address, "value": value}
                    for address, value in self.outputs.get(txid, [])
                ]
                self._json(
                    exchange,
                    {"txid": txid, "version": 2, "vout": outputs, "status": self._status(txid, known)},
                )
            case ["api", "tx", _txid]:
                exchange.reply(MISSING, b"Transaction not found")
            case ["api", "address", address] if address in self.balances:
                self.before_address()
                self._json(exchange, self._address(address))
            case _:
                self.unexpected.append(exchange.path)
                exchange.reply(MISSING, b"not found")

    def _status(self, txid: str, known: dict[str, tuple[int, int]]) -> dict[str, object]:
        block_hash = self.transactions.get(txid, "")
        if not block_hash:
            return {"confirmed": False}
        height, time = known[block_hash]
        return {
            "confirmed": True,
            "block_height": height,
            "block_hash": block_hash,
            "block_time": time,
        }

    def _address(self, address: str) -> dict[str, object]:
        funded, spent = self.balances[address]
        return {
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
        }

    def _json(self, exchange: Exchange, value: object) -> None:
        exchange.reply(200, json.dumps(value).encode(), Content_Type="application/json")
