"""How this installation is set up and how it is. Nothing is changed here: settings come from the environment."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from cases.access import require_global
from cases.permissions import GlobalPermission
from cases.queries import health as queries
from cases.queries.checkpoints import record_state
from cases.queries.connectors import connector_health
from cases.views.base import person_of


@require_safe
def overview(request: HttpRequest) -> HttpResponse:
    require_global(person_of(request), GlobalPermission.SETTINGS)
    sources = queries.sources()
    context = {
        "sources": sources,
        "any_public": any(source.public and source.state == "set" for source in sources),
        "allow_public": settings.ALLOW_PUBLIC_PROVIDERS,
        "health": queries.health(at=timezone.now()),
        "faults": queries.faults(at=timezone.now()),
        "connector": connector_health(),
        "record": record_state(at=timezone.now()),
        "versions": queries.versions(),
        "paper_limit": settings.PAPER_MAX_BYTES,
        "public_url": settings.PUBLIC_URL,
    }
    return render(request, "settings/overview.html", context)
