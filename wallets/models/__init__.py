"""Tables of the facts: what may be read (`Asset`), where (`Wallet`), what was read (`Reading`), and when to
look.
"""

from wallets.models.assets import Asset
from wallets.models.fields import BaseUnitsField
from wallets.models.readings import Balance, Reading
from wallets.models.schedule import WalletState, Watch
from wallets.models.wallets import Wallet

__all__ = ["Asset", "Balance", "BaseUnitsField", "Reading", "Wallet", "WalletState", "Watch"]
