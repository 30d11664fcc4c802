"""Proves for `bin/up --check` that a worker reads a balance from a chain.

Exit 0: one balance was read after the question, and on the development chain it is what the node itself says.
Exit 3: no chain is configured, or none answers. Exit 1: something else is wrong. The reason is the last line.
"""

import sys
import time
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(PROJECT))

SECONDS = 60
# Addresses that say nothing of any case: the genesis block's, the customary ones for burning, the chains' own.
NEUTRAL = {
    "bitcoin": "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa",
    "bitcoincash": "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa",
    "tron": "TLsV52sRDL79HXGGm9yzwKibb6BeruhUzy",
    "solana": "11111111111111111111111111111111",
    "xrp": "rrrrrrrrrrrrrrrrrrrrrhoLvTp",
}
NEUTRAL_EVM = "0x000000000000000000000000000000000000dEaD"


def main() -> int:
    import django

    django.setup()

    from wallets.chains import configured

    chains = sorted(configured(), key=lambda chain: not chain.is_development)
    if not chains:
        print("No chain answers: no HOLDFAST_…_URL is set and no local development chain runs.")
        return 3
    silent = []
    for chain in chains:
        outcome = _refresh(chain.slug, chain.is_development)
        if outcome is None:
            print("The worker did not look at the wallet within a minute.")
            return 1
        answered, text = outcome
        if answered:
            print(text)
            return 0
        silent.append(f"{chain.name} ({text})")
    print(f"No chain answers: {'; '.join(silent)}.")
    return 3


def _refresh(chain: str, is_development: bool) -> tuple[bool, str] | None:
    """Ask for one look and wait for the worker's. (True, what was read), (False, why not), None: no look."""
    from django.utils import timezone

    from config.devchain import demo_wallets
    from wallets import snapshots
    from wallets.chains import CHAINS

    neutral = NEUTRAL_EVM if CHAINS[chain].family == "evm" else NEUTRAL.get(chain)
    address = demo_wallets()[0].address if is_development else neutral
    if address is None:
        return False, "there is no address on it that says nothing of any case"
    wallet = snapshots.ensure_wallet(chain=chain, text=address)
    asked = timezone.now()
    snapshots.request_refresh(wallet_ids=[wallet.pk], at=asked)
    until = time.monotonic() + SECONDS
    while time.monotonic() < until:
        native = snapshots.balances_of([wallet.pk])[wallet.pk][0]
        if native.looked_at is not None and native.looked_at >= asked:
            return _said(chain, wallet.pk, address, is_development)
        progress = snapshots.progress_of([wallet.pk])[wallet.pk]
        if native.state == "failing" and progress.last_look_at and progress.last_look_at >= asked:
            return False, str(native.error)
        time.sleep(0.2)
    return None


def _said(chain: str, wallet_id: int, address: str, is_development: bool) -> tuple[bool, str]:
    from urllib.parse import urlsplit

    from django.conf import settings

    from config.devchain import DevChain
    from wallets import snapshots
    from wallets.amounts import to_text
    from wallets.chains import CHAINS

    native = snapshots.balances_of([wallet_id])[wallet_id][0]
    if native.amount is None:
        return False, "the native balance was not read"
    if is_development:
        node = DevChain(None, log=Path("unused"), port=urlsplit(settings.WALLET_CHAIN_URLS[chain][0]).port)
        if node.native_balance(address) != native.amount:
            return False, f"{native.amount} was read where the node says {node.native_balance(address)}"
    amount = to_text(native.amount, native.asset.decimals, group=True)
    return True, (
        f"Refreshed one balance on {CHAINS[chain].name}: {address} holds {amount} {native.asset.symbol} "
        f"at block {native.block_height}{', as the node itself says' if is_development else ''}."
    )


if __name__ == "__main__":
    sys.exit(main())
