"""Chains with the Ethereum virtual machine, by JSON-RPC: the native coin and ERC-20 tokens, at one block.

`source` reads; `rpc` is what is said over the wire; `reader` is the program that a node runs to read thousands of
balances in one call, `packed` the two ways to have it run; `multicall` and `batches` are the ways to ask where a
provider allows neither; `memory` remembers which one it was.
"""

from wallets.chains.evm.memory import Memory, OwnMemory
from wallets.chains.evm.source import EvmSource

__all__ = ["EvmSource", "Memory", "OwnMemory"]
