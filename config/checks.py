"""What must hold before anything starts; Django prints each that does not, and starts nothing."""

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error, register

from wallets.chains.providers import is_public_provider

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
            f"The URL for {chain} is a public provider's, and public providers are not allowed here.",
            hint="Point it at a node of your own, or set HOLDFAST_ALLOW_PUBLIC_PROVIDERS=true.",
            id="holdfast.E002",
        )
        for chain, url in settings.WALLET_CHAIN_URLS.items()
        if is_public_provider(url)
    ]


@register()
def secrets_are_real(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """Sessions and tokens hang on the key: a short one is refused."""
    if len(settings.SECRET_KEY) < 32:
        return [Error("SECRET_KEY has fewer than 32 characters.", id="holdfast.E003")]
    return []
