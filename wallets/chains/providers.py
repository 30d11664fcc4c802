"""Which source stands behind a chain, and which sources are refused.

Each look-up tells the source's operator whom one investigates. A source is therefore one that the
installation names in its settings, and a well-known public provider only with an explicit yes.
"""

from typing import Final
from urllib.parse import urlsplit

from django.conf import settings

from wallets.chains.base import ChainInfo, ChainSource, NotConfigured, PublicProviderRefused
from wallets.chains.bitcoin import BitcoinSource
from wallets.chains.catalogue import CHAINS
from wallets.chains.evm import EvmSource
from wallets.chains.http import ChainClient

# Registrable domains of operators that answer the public's questions. A name below one of them counts as
# well.
PUBLIC_PROVIDERS: Final = (
    "1rpc.io",
    "alchemy.com",
    "alchemyapi.io",
    "allnodes.me",
    "ankr.com",
    "arbitrum.io",
    "avax.network",
    "base.org",
    "binance.org",
    "bitaps.com",
    "blastapi.io",
    "blockchain.com",
    "blockchain.info",
    "blockchair.com",
    "blockcypher.com",
    "blockpi.network",
    "blockscout.com",
    "blockstream.info",
    "blxrbdn.com",
    "bnbchain.org",
    "chainstack.com",
    "cloudflare-eth.com",
    "defibit.io",
    "drpc.org",
    "etherscan.io",
    "flashbots.net",
    "gateway.fm",
    "getblock.io",
    "infura.io",
    "lava.build",
    "llamarpc.com",
    "maticvigil.com",
    "mempool.space",
    "merkle.io",
    "mevblocker.io",
    "moralis.io",
    "moralis-nodes.com",
    "mycryptoapi.com",
    "ninicoin.io",
    "nodereal.io",
    "nownodes.io",
    "omniatech.io",
    "onfinality.io",
    "optimism.io",
    "payload.de",
    "pokt.network",
    "polygon-rpc.com",
    "polygon.technology",
    "publicnode.com",
    "quiknode.pro",
    "quicknode.com",
    "rpcpool.com",
    "securerpc.com",
    "tatum.io",
    "tenderly.co",
    "thirdweb.com",
    "validationcloud.io",
    "zan.top",
    "zmok.io",
)


def is_public_provider(url: str) -> bool:
    """Whether the host of `url` is a known public provider's. An unknown host may still be one: the list is
    data.
    """
    host = (urlsplit(url).hostname or "").rstrip(".").lower()
    return any(host == name or host.endswith(f".{name}") for name in PUBLIC_PROVIDERS)


def configured() -> list[ChainInfo]:
    """The chains that can be read here, in the catalogue's order."""
    return [info for slug, info in CHAINS.items() if _url(slug) and not _refusal(slug)]


def refused() -> list[ChainInfo]:
    """The chains whose source is given but refused, because it is a public provider without opt-in."""
    return [info for slug, info in CHAINS.items() if _url(slug) and _refusal(slug)]


def source_for(chain: str) -> ChainSource:
    """The source of `chain`, to be used in a `with`. Raises `NotConfigured` or `PublicProviderRefused`."""
    url = _url(chain)
    if not url:
        raise NotConfigured
    if _refusal(chain):
        raise PublicProviderRefused
    info = CHAINS[chain]
    client = ChainClient(allowed=[url])
    if info.family == "bitcoin":
        return BitcoinSource(info, url, client)
    confirmations: dict[str, int] = getattr(settings, "WALLET_CONFIRMATIONS", {})
    return EvmSource(info, url, client, confirmations=confirmations.get(chain, info.confirmations))


def _url(chain: str) -> str:
    """The configured URL, or "" where there is none. The development chain exists in a demonstration only."""
    info = CHAINS.get(chain)
    if info is None or (info.is_development and not settings.DEMO):
        return ""
    urls: dict[str, str] = settings.WALLET_CHAIN_URLS
    return urls.get(chain, "")


def _refusal(chain: str) -> bool:
    return is_public_provider(_url(chain)) and not settings.ALLOW_PUBLIC_PROVIDERS
