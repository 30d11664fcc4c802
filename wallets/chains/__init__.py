"""The chains and their sources: what is known, what is configured, and the way to read it."""

from wallets.chains.catalogue import CHAINS
from wallets.chains.providers import configured, is_public_provider, refused, source_for

__all__ = ["CHAINS", "configured", "is_public_provider", "refused", "source_for"]
