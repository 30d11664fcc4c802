"""The installation's own record, for its auditors and administrators."""

from django.utils.translation import gettext_lazy as _
from rest_framework.request import Request
from rest_framework.response import Response

from cases import access
from cases.api.base import Endpoint, Paging, checked_cursor, person
from cases.api.endpoints.chronology import EntryOut
from cases.api.fields import Choice, Id
from cases.api.schema import describe
from cases.chronology.system import KEYS, SystemKind, system_entries
from cases.permissions import GlobalPermission


class SystemRecordQuery(Paging):
    """What narrows the list."""

    kind = Choice(SystemKind.choices, required=False, help_text=_("Only this kind of events."))
    person = Id(required=False, help_text=_("Only what this person did, or what concerns her."))


class SystemRecord(Endpoint):
    @describe(out=EntryOut, paged=True, query=SystemRecordQuery)
    def get(self, request: Request) -> Response:
        """Log-ins, people, tokens, keys, settings and refusals, the newest event first."""
        access.require_global(self.user, GlobalPermission.RECORD)
        asked = self.query(SystemRecordQuery)
        cursor = checked_cursor(asked, KEYS)
        about = person(asked["person"], "person") if asked.get("person") else None
        page = system_entries(kind=asked.get("kind", ""), person=about, after=cursor, size=asked["limit"])
        return self.page(EntryOut, page)
