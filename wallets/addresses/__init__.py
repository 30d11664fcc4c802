"""Addresses: the canonical spelling per chain, the reason when a text is none, and the chains that a text fits. Pure.

One module a family: `base58check`, `segwit`, `cashaddr` and `bitcoincash`, `zcash`, `monero`, `evm`, `tron`, `solana`,
`xrp`; `foreign` knows what is recognised and not kept; `detect` puts them together.
"""

from wallets.addresses.base import LONGEST, Address, AddressError, ReasonCode
from wallets.addresses.detect import NAMES, Detection, detect, parse
from wallets.addresses.evm import EVM_CHAINS, eip55

__all__ = [
    "EVM_CHAINS",
    "LONGEST",
    "NAMES",
    "Address",
    "AddressError",
    "Detection",
    "ReasonCode",
    "detect",
    "eip55",
    "parse",
]
