"""Keeping what a person looks for, so that it stands in a row of hers and never in a URL or a log."""

from datetime import datetime, timedelta

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from cases.access import require_global
from cases.actions.base import ActionError
from cases.audit.record import record_system
from cases.models import SavedSearch
from cases.people.models import User
from cases.permissions import GlobalPermission, allows

# A search is kept so long that its page can be opened again; then it goes, since it names people and addresses.
KEPT = timedelta(days=30)


@transaction.atomic
def save_search(*, by: User, at: datetime, text: str) -> SavedSearch:
    """Keep a search for its results page; the person's own searches older than KEPT go. Raises Denied.

    A search by somebody who sees every case (an auditor) is an event; anybody else finds only what is hers to open.
    """
    require_global(by, GlobalPermission.SEARCH)
    words = " ".join(text.split())
    if not words:
        raise ActionError(_("Type what you look for."), field="q")
    SavedSearch.objects.filter(user=by, searched_at__lt=at - KEPT).delete()
    saved = SavedSearch.keep(user=by, text=words, at=at)
    if allows(by.role, GlobalPermission.READ_ALL_CASES):
        # She is shown matters that she is no part of: whom she looked for is for those to know who ask about her.
        record_system(
            action="search.made",
            actor=by,
            occurred_at=at,
            object_kind="person",
            object_number=by.pk,
            details={"words": words},
        )
    return saved
