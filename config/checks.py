"""What must hold before anything starts; Django prints each that does not, and starts nothing."""

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error, register
from django.core.checks import Warning as CheckWarning

from cases.connectors import SHORTEST_SECRET, url_parts
from wallets.chains.providers import fits, is_public_provider, rules_for

LOOPBACK = {"127.0.0.1", "localhost", "::1"}


@register()
def demo_stays_on_loopback(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """The demo's people have printed passwords: it is never reachable from another machine."""
    if settings.DEMO and urlsplit(settings.PUBLIC_URL).hostname not in LOOPBACK:
        return [
            Error(
                "The demo is on, but PUBLIC_URL is not on loopback.",
                hint="Unset HOLDFAST_DEMO for a real installation.",
                id="holdfast.E001",
            )
        ]
    return []


@register()
def public_providers_need_a_yes(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """Each look-up tells a provider whom one investigates: a public one needs HOLDFAST_ALLOW_PUBLIC_PROVIDERS."""
    if settings.ALLOW_PUBLIC_PROVIDERS:
        return []
    return [
        Error(
            f"A URL for {chain} is a public provider's, and public providers are not allowed here.",
            hint="Point it at a node of your own, or set HOLDFAST_ALLOW_PUBLIC_PROVIDERS=true.",
            id="holdfast.E002",
        )
        for chain, urls in settings.WALLET_CHAIN_URLS.items()
        if any(is_public_provider(url) for url in urls)
    ]


@register()
def sources_can_be_asked(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """A source with a mistyped URL would be found out by the first look only. The URL is not told: it may hold a
    key.
    """
    return [
        Error(
            f"URL number {number} for {chain} cannot be a source of that chain.",
            hint="Bitcoin and its relatives: http(s):// (Esplora) or electrum+tcp://, electrum+ssl://. "
            "Every other chain: http(s)://.",
            id="holdfast.E004",
        )
        for chain, urls in settings.WALLET_CHAIN_URLS.items()
        for number, url in enumerate(urls, start=1)
        if not fits(chain, url)
    ]


@register()
def rates_can_be_read(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """How often a source may be asked is written as "per second[/burst[/at once]]"."""
    found: list[CheckMessage] = []
    for name in settings.WALLET_RATE:
        try:
            rules_for(name, name)
        except ValueError as error:
            found.append(Error(f"The rate for {name or 'every chain'}: {error}.", id="holdfast.E005"))
    return found


@register()
def secrets_are_real(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """Sessions and tokens hang on the key: a short one is refused."""
    if len(settings.SECRET_KEY) < 32:
        return [Error("SECRET_KEY has fewer than 32 characters.", id="holdfast.E003")]
    return []


@register()
def connector_is_whole(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """Whoever guesses a secret sets holds and takes them off: a short one is refused, and so is half a connector,
    which would leave every hold to people who believe that it is asked for. Neither URL nor secret is told.
    """
    found: list[CheckMessage] = [
        Error(
            f"HOLDFAST_CONNECTOR_SECRET: secret number {number} has fewer than {SHORTEST_SECRET} characters.",
            hint="Several secrets are separated by blanks, so none may have a blank in it.",
            id="holdfast.E010",
        )
        for number, secret in enumerate(settings.CONNECTOR_SECRETS, start=1)
        if len(secret) < SHORTEST_SECRET
    ]
    if not settings.CONNECTOR_URL:
        return found
    if not settings.CONNECTOR_SECRETS:
        found.append(
            Error(
                "HOLDFAST_CONNECTOR_URL is set, but HOLDFAST_CONNECTOR_SECRET is not: nothing would be asked.",
                hint="Set both, or neither where people set the holds by hand.",
                id="holdfast.E011",
            )
        )
    try:
        url_parts(settings.CONNECTOR_URL)
    except ValueError:
        found.append(
            Error(
                "HOLDFAST_CONNECTOR_URL cannot be called.",
                hint="An http:// or https:// URL without a user name.",
                id="holdfast.E012",
            )
        )
    return found


@register()
def files_can_be_stored(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """Half a bucket stores nothing, and evidence does not cross a network in the clear."""
    said = settings.FILES_S3
    if not said:
        return []
    found: list[CheckMessage] = []
    if missing := [name for name, value in said.items() if not value and name != "region"]:
        names = ", ".join(f"HOLDFAST_S3_{name.upper()}" for name in missing)
        found.append(
            Error(
                f"Files are to lie in an S3-compatible bucket, but {names} is not set.",
                hint="Set all of HOLDFAST_S3_ENDPOINT, _BUCKET, _ACCESS_KEY_FILE and _SECRET_KEY_FILE, or none.",
                id="holdfast.E013",
            )
        )
    endpoint = urlsplit(said["endpoint"])
    if said["endpoint"] and not (
        (endpoint.scheme == "https" and endpoint.hostname)
        or (endpoint.scheme == "http" and endpoint.hostname in {"127.0.0.1", "::1", "localhost"})
    ):
        found.append(
            Error(
                "HOLDFAST_S3_ENDPOINT must be an https:// URL; plain http:// only on this machine.",
                id="holdfast.E014",
            )
        )
    return found


@register()
def prices_can_be_shown(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """A currency without a known minor unit would be found out by the first page that shows a value."""
    from wallets.prices import MINOR_UNITS

    found: list[CheckMessage] = []
    if settings.WALLET_SECOND_CURRENCY not in MINOR_UNITS:
        found.append(
            Error(
                "HOLDFAST_SECOND_CURRENCY is not a currency that Holdfast knows.",
                hint=f"One of {', '.join(sorted(MINOR_UNITS))}.",
                id="holdfast.E006",
            )
        )
    return found


@register(deploy=True)
def checkpoints_can_be_signed(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """A warning alone: a key that is missing must not keep anybody from casework. Looks at files, not at the database."""
    from cases.audit.tree.keys import NoSigningKey, numbers, private

    try:
        found = numbers()
        if not found:
            raise NoSigningKey(f"There is no signing key in {settings.SIGNING_KEYS}.")
        private(found[-1])
    except NoSigningKey as error:
        return [
            CheckWarning(
                f"Checkpoints of the record cannot be signed: {error}",
                hint="Bring the file back from the backup of the keys, or run manage.py make_signing_key.",
                id="holdfast.W001",
            )
        ]
    return []
