"""Search. The text is posted and kept in a row of the person's own: no name or address ever stands in a URL or a log."""

from dataclasses import fields

from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from cases import access
from cases.actions.search import save_search
from cases.api.base import Endpoint
from cases.api.fields import Body, Choice, Flag, Moment, Shape, Text, Whole
from cases.api.idempotency import Answer
from cases.api.schema import describe
from cases.models import SavedSearch
from cases.permissions import GlobalPermission
from cases.queries.search import find
from cases.status import CaseStatus


class SearchIn(Body):
    """A reference, a name, an account number, an agency's reference, or an address."""

    text = Text(max_length=512)


class SearchOut(Shape):
    """A search that was kept; its results are at `GET search/{token}`, for its owner alone."""

    token = Text()
    searched_at = Moment()


class FoundCase(Shape):
    """A case that was found."""

    reference = Text()
    title = Text()
    status = Choice(CaseStatus.choices)


class FoundThing(Shape):
    """Something in a case: where it is, and what it is called there."""

    case = Text(source="case.reference")
    number = Whole()
    text = serializers.SerializerMethodField()

    def get_text(self, row: object) -> str:
        name: str = self.context["names"][type(row).__name__](row)
        return name


class ResultsOut(Shape):
    """What was found among what you may see: of each kind at most 20, and the kinds of which there is more."""

    cases = FoundCase(many=True)
    subjects = FoundThing(many=True)
    accounts = FoundThing(many=True)
    orders = FoundThing(many=True)
    wallets = FoundThing(many=True)
    particulars = FoundThing(
        many=True, help_text=_("Of a subject: its number, or how she is reached; `text` is her name.")
    )
    more = serializers.ListField(child=Text())
    address_error = Text(help_text=_("Why a text that looks like an address is none."))
    too_short = Flag()


NAMES = {
    "Subject": lambda row: row.name,
    "ExchangeAccount": lambda row: row.account_number,
    "LegalOrder": lambda row: row.agency_reference,
    "Particular": lambda row: row.subject.name,
    "CaseWallet": lambda row: row.wallet.address,
}


class Search(Endpoint):
    @describe(out=SearchOut, body=SearchIn, status=201)
    def post(self, request: Request) -> HttpResponse:
        """Search among what you may see."""
        access.require_global(self.user, GlobalPermission.SEARCH)
        data = self.body(SearchIn)

        def act() -> Answer:
            saved = save_search(by=self.user, at=self.at, text=data["text"])
            return self.answer(
                SearchOut, saved, status=201, location=reverse("api-search-results", args=[saved.token])
            )

        return self.once(act)


class SearchResults(Endpoint):
    @describe(out=ResultsOut)
    def get(self, request: Request, token: str) -> Response:
        """What a search finds now."""
        access.require_global(self.user, GlobalPermission.SEARCH)
        self.query()
        saved = SavedSearch.objects.filter(token=token, user=self.user).first()
        if saved is None:
            raise access.NotFound
        found = find(self.user, saved.text)
        shown = {field.name: getattr(found, field.name) for field in fields(found)}
        return self.show(ResultsOut, {**shown, "more": sorted(found.more)}, names=NAMES)
