"""The chains and their sources: what is known, what is configured, and the way to read it."""

from wallets.chains.catalogue import CHAINS
from wallets.chains.panel import Fault, Panel, PanelReading, panel_for
from wallets.chains.providers import configured, is_public_provider, refused, source_for

__all__ = [
    "CHAINS",
    "Fault",
    "Panel",
    "PanelReading",
    "configured",
    "is_public_provider",
    "panel_for",
    "refused",
    "source_for",
]
