"""Search. The text is posted and kept in a row; its page is opened by a random word, by its owner alone."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods

from cases.access import NotFound, require_global
from cases.actions.search import save_search
from cases.forms.search import SearchForm
from cases.models import SavedSearch
from cases.permissions import GlobalPermission
from cases.queries.search import LIMIT, find
from cases.views.base import answer_form, bound, person_of


@require_http_methods(["GET", "HEAD", "POST"])
def search(request: HttpRequest) -> HttpResponse:
    user = person_of(request)
    require_global(user, GlobalPermission.SEARCH)
    return answer_form(
        request,
        form=bound(SearchForm, request),
        template="search/search.html",
        act=lambda data: save_search(by=user, at=timezone.now(), text=data["q"]),
        done=lambda saved: reverse("search-results", args=[saved.token]),
    )


@require_GET
def search_results(request: HttpRequest, token: str) -> HttpResponse:
    user = person_of(request)
    require_global(user, GlobalPermission.SEARCH)
    saved = SavedSearch.objects.filter(token=token, user=user).first()
    if saved is None:
        raise NotFound
    text = saved.text
    context = {
        "form": SearchForm(initial={"q": text}),
        "text": text,
        "found": find(user, text),
        "limit": LIMIT,
    }
    return render(request, "search/results.html", context)
