"""What every page's shell knows."""

from django.conf import settings
from django.http import HttpRequest

from cases.permissions import GLOBAL_PERMISSIONS
from wallets.chains import CHAINS


def shell(request: HttpRequest) -> dict[str, object]:
    """Context for the shell: version, demo mark, what the person may do outside any case."""
    user = getattr(request, "user", None)
    role = getattr(user, "role", None)
    return {
        "demo": settings.DEMO,
        "development_chain": CHAINS["localdev"].name if "localdev" in settings.WALLET_CHAIN_URLS else "",
        "version": settings.VERSION,
        "may": sorted(str(permission) for permission in GLOBAL_PERMISSIONS.get(role or "", frozenset())),
        "theme": getattr(user, "theme", "") or "",
    }
