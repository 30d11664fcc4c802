"""The facts of the sample case as both journeys play it: fictional accounts and amounts, a court that does not exist.

What an order asks for, what is held, what goes to the marshal and what is forfeited is the same sum to the unit.
"""

import secrets
from datetime import timedelta
from typing import Any, Final

from tests.journeys.years import Years

DOLLARS: Final = "dUSD"
DOLLAR_DECIMALS: Final = 6
ETHER: Final = "devETH"
# Two accounts in base units of the token, a wallet in wei: the odd units show whether anything was rounded.
HOLDINGS: Final = {"DEMO-4101": 2_750_000_000_001, "DEMO-4102": 1_650_000_000_006}
ALL_DOLLARS: Final = sum(HOLDINGS.values())
IN_WALLET: Final = 312_000_000_000_000_000_007
OUTFLOW: Final = 12_000_000_000_000_000_005
# From EIP-55's own examples: a checksummed address that nobody else on the chain has.
MARSHAL: Final = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"
YEAR: Final = timedelta(days=365)
BRIEF: Final = timedelta(hours=2)


def new_wallet(years: Years) -> str:
    """An address on the development chain with the wallet's coins."""
    address = "0x" + secrets.token_hex(20)
    years.send(address, IN_WALLET)
    return address


def leaves(years: Years, address: str, to: str, wei: int) -> str:
    """Coins go out of an address of which the node alone has no key; returns the transaction.

    The fee is paid from elsewhere first, so that what leaves is `wei` to the unit.
    """
    years.rpc("anvil_impersonateAccount", address)
    gas, price = 21_000, int(years.rpc("eth_gasPrice"), 16) * 2
    years.rpc("anvil_setBalance", address, hex(years.balance(address) + gas * price))
    txid = years.rpc(
        "eth_sendTransaction",
        {"from": address, "to": to, "value": hex(wei), "gas": hex(gas), "gasPrice": hex(price)},
    )
    years.mined(txid)
    years.rpc("anvil_stopImpersonatingAccount", address)
    return str(txid)


def pays_dollars(years: Years, to: str, units: int) -> str:
    """The exchange sends the token from its own wallet; returns the transaction."""
    sender = years.rpc("eth_accounts")[0]
    # transfer(address,uint256)
    data = "0xa9059cbb" + to.removeprefix("0x").lower().rjust(64, "0") + f"{units:064x}"
    txid = years.rpc("eth_sendTransaction", {"from": sender, "to": years.token, "data": data})
    years.mined(txid)
    return str(txid)


def dollars(years: Years, address: str) -> int:
    """The node's own word on an address's tokens, in base units."""
    data = "0x70a08231" + address.removeprefix("0x").lower().rjust(64, "0")
    return int(years.rpc("eth_call", {"to": years.token, "data": data}, "latest"), 16)


def added_up(row: dict[str, Any]) -> int:
    """What a rung of the ladder says was ever held, as the sum of where it is now."""
    return sum(int(row[part]) for part in ("frozen", "under_way", "transferred", "given_free"))
