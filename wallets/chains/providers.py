"""Which sources stand behind a chain, and which sources are refused.

Each look-up tells the source's operator whom one investigates. A source is therefore one that the
installation names in its settings, and a well-known public provider only with an explicit yes.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlsplit

from django.conf import settings

from wallets.chains.accounts import Rules, parse_rules
from wallets.chains.base import (
    ChainInfo,
    ChainSource,
    NotConfigured,
    NotObservable,
    PublicProviderRefused,
    SourceRefused,
)
from wallets.chains.catalogue import CHAINS
from wallets.chains.http import Limits, shared_client
from wallets.chains.manners import Manners, Memory

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


# Whose URL may be given for which family: the scheme chooses the interface.
_WEB: Final = ("http", "https")
_ELECTRUM: Final = ("electrum+tcp", "electrum+ssl")
_USUAL_PORTS: Final = {"http": 80, "https": 443, "electrum+tcp": 50001, "electrum+ssl": 50002}
_LOOPBACK: Final = ("localhost", "127.0.0.1", "::1")

# With another source to go to, nobody waits long for this one.
_ALONE: Final = Limits()
_ONE_OF_SEVERAL: Final = Limits(tries=3, patience=2.0, whole=25.0)


@dataclass(frozen=True, slots=True)
class Seat:
    """A configured source, not yet opened.

    `provider` is what people read: host and port. Seats of the same `origin` are one source, which cannot confirm
    itself. `key` tells seats of one process apart. `blame` is told when an answer that came in time was not true.
    """

    provider: str
    origin: str
    open: Callable[[], ChainSource]
    key: str = field(default="", repr=False)
    blame: Callable[[], None] = lambda: None


def is_public_provider(url: str) -> bool:
    """Whether the host of `url` is a known public provider's. An unknown host may still be one: the list is
    data.
    """
    return bool(_operator(_host(url)))


def configured() -> list[ChainInfo]:
    """The chains that can be read here, in the catalogue's order."""
    return [info for slug, info in CHAINS.items() if allowed_urls(slug)]


def refused() -> list[ChainInfo]:
    """The chains whose sources are given but all refused, because they are public providers without opt-in."""
    return [info for slug, info in CHAINS.items() if given_urls(slug) and not allowed_urls(slug)]


def given_urls(chain: str) -> list[str]:
    """The configured URLs in order, also those that are refused.

    The development chain exists in a demonstration only. A chain that nobody can observe has no source.
    """
    info = CHAINS.get(chain)
    if info is None or not info.observable or (info.is_development and not settings.DEMO):
        return []
    urls: dict[str, list[str]] = settings.WALLET_CHAIN_URLS
    return list(urls.get(chain, ()))


def allowed_urls(chain: str) -> list[str]:
    """The configured URLs that may be asked, in order."""
    return [
        url for url in given_urls(chain) if settings.ALLOW_PUBLIC_PROVIDERS or not is_public_provider(url)
    ]


def seats_of(chain: str) -> tuple[ChainInfo, list[Seat]]:
    """The sources of `chain` in order. Raises `NotConfigured`, `PublicProviderRefused` or `NotObservable`."""
    info = CHAINS.get(chain)
    if info is not None and not info.observable:
        raise NotObservable
    urls = allowed_urls(chain)
    if info is None or not urls:
        raise PublicProviderRefused if given_urls(chain) else NotConfigured
    return info, [_seat(chain, url, alone=len(urls) == 1) for url in urls]


def source_for(chain: str, url: str = "") -> ChainSource:
    """The source of `chain` at one of its configured URLs, or at the first, to be used in a `with`.

    Raises `NotConfigured`, `PublicProviderRefused` or `NotObservable`; `SourceRefused` for a URL that is not among
    the configured ones, or cannot be one.
    """
    _info, _seats = seats_of(chain)
    urls = allowed_urls(chain)
    if url and url not in urls:
        raise SourceRefused("the host is not a configured source")
    return _open(chain, url or urls[0], alone=len(urls) == 1)


def provider_of(url: str) -> str:
    """Host, and port where it is not the web's usual one; never path or key. "" where the URL has no host.

    A host that is asked in two ways is two providers: an Electrum server always bears its port.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return ""
    host = (parts.hostname or "").lower()
    host = f"[{host}]" if ":" in host else host
    usual = _USUAL_PORTS.get(parts.scheme)
    if host and parts.scheme in _ELECTRUM:
        return f"{host}:{port or usual}"
    return host if not host or port in {None, usual} else f"{host}:{port}"


def fits(chain: str, url: str) -> bool:
    """Whether `url` can be a source of `chain`: a host, and a scheme that its family is read by."""
    info = CHAINS.get(chain)
    if info is None or not info.observable or not provider_of(url):
        return False
    return urlsplit(url).scheme in (_WEB + _ELECTRUM if info.family == "utxo" else _WEB)


def rules_for(chain: str, provider: str, *, alone: bool = True) -> Rules:
    """How `provider` may be asked for `chain`: what the settings say of the provider, of the chain, of all."""
    rates: dict[str, str] = settings.WALLET_RATE
    text = rates.get(provider) or rates.get(chain) or rates.get("")
    patience = 10 if alone else 1
    return parse_rules(text, patience=patience) if text else Rules(patience=patience)


def _seat(chain: str, url: str, *, alone: bool) -> Seat:
    provider = provider_of(url)
    return Seat(
        provider=provider or "?",
        origin=_origin(url),
        open=lambda: _open(chain, url, alone=alone),
        key=url,
        blame=lambda: Manners(provider).blame(),
    )


def _open(chain: str, url: str, *, alone: bool) -> ChainSource:
    # A family's reader is imported when it is needed: some bring libraries that a web process can do without.
    if not fits(chain, url):
        raise SourceRefused("the source's URL is not valid for this chain")
    info = CHAINS[chain]
    provider = provider_of(url)
    manners = Manners(provider, rules_for(chain, provider, alone=alone))
    limits = _ALONE if alone else _ONE_OF_SEVERAL
    if urlsplit(url).scheme in _ELECTRUM:
        from wallets.chains.electrum import ElectrumSource

        return ElectrumSource(info, url, gate=manners.turn, limits=limits)
    client = shared_client(url, limits, manners)
    match info.family:
        case "utxo":
            from wallets.chains.esplora import EsploraSource

            return EsploraSource(info, url, client)
        case "tron":
            from wallets.chains.tron import TronSource

            return TronSource(info, url, client)
        case "solana":
            from wallets.chains.solana import SolanaSource

            return SolanaSource(info, url, client)
        case "xrp":
            from wallets.chains.xrp import XrpSource

            return XrpSource(info, url, client)
        case "evm":
            from wallets.chains.evm import EvmSource

            confirmations: dict[str, int] = getattr(settings, "WALLET_CONFIRMATIONS", {})
            return EvmSource(
                info,
                url,
                client,
                confirmations=confirmations.get(chain, info.confirmations),
                memory=Memory(f"{chain}:{provider}"),
            )
        case _:
            raise NotObservable


def _host(url: str) -> str:
    try:
        return (urlsplit(url).hostname or "").rstrip(".").lower()
    except ValueError:
        return ""


def _operator(host: str) -> str:
    """The public provider that a host belongs to, or ""."""
    return next((name for name in PUBLIC_PROVIDERS if host == name or host.endswith(f".{name}")), "")


def _origin(url: str) -> str:
    """What makes two URLs one source: the same host and port, or the same public provider behind two names."""
    host = _host(url)
    operator = _operator(host)
    if operator:
        return operator
    port = urlsplit(url).port if provider_of(url) else None
    scheme = url.partition(":")[0]
    usual = _USUAL_PORTS.get(scheme, 0)
    # The plain and the encrypted port of a web server are two doors of one house.
    place = "web" if (port or usual) in {80, 443} else str(port or usual)
    return f"{'localhost' if host in _LOOPBACK else host}:{place}"
