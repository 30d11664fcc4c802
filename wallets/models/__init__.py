"""Tables of the facts: what may be read (`Asset`), where (`Wallet`), when (`LookGroup`), and what was read
(`ReadingBatch`, `Reading`, `Balance`).
"""

from wallets.models.assets import Asset
from wallets.models.batches import Blob, Disagreement, News, ProviderAnswer, ReadingBatch, SourceFault
from wallets.models.digests import LookDigest
from wallets.models.fields import BaseUnitsField
from wallets.models.prices import Price, PriceBatch
from wallets.models.readings import Balance, Reading, Sighting
from wallets.models.schedule import LookGroup, WalletState, Watch
from wallets.models.wallets import Wallet

__all__ = [
    "Asset",
    "Balance",
    "BaseUnitsField",
    "Blob",
    "Disagreement",
    "LookDigest",
    "LookGroup",
    "News",
    "Price",
    "PriceBatch",
    "ProviderAnswer",
    "Reading",
    "ReadingBatch",
    "Sighting",
    "SourceFault",
    "Wallet",
    "WalletState",
    "Watch",
]
