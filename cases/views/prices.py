"""Prices: what counts now, for who may read the settings; and the administrator's way to bring them by a file."""

from collections.abc import Sequence
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _now
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_safe

from cases.access import require_global
from cases.actions import prices as actions
from cases.forms.prices import PriceFileForm
from cases.permissions import GlobalPermission, allows
from cases.queries import prices as queries
from cases.views.base import answer_form, bound, person_of
from wallets.prices import BadLine, Imported, coingecko, currencies
from wallets.prices.files import COLUMNS

# Beyond these a page of mistakes helps nobody; the rest are named by their numbers alone.
MOST_REASONS = 200


@require_safe
def price_list(request: HttpRequest) -> HttpResponse:
    person = person_of(request)
    require_global(person, GlobalPermission.SETTINGS)
    context = {
        "rows": queries.price_list(at=timezone.now()),
        "batches": queries.newest_batches(),
        "currencies": currencies(),
        "source": coingecko.source_name(),
        "may_import": allows(person.role, actions.LEAVE),
    }
    return render(request, "prices/list.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def price_import(request: HttpRequest) -> HttpResponse:
    administrator = person_of(request)
    require_global(administrator, actions.LEAVE)
    bad: list[BadLine] = []

    def act(data: dict[str, Any]) -> Imported:
        try:
            return actions.import_prices(
                by=administrator,
                at=timezone.now(),
                filename=data["file"].filename,
                content=data["file"].content,
                corrections=data["corrections"],
            )
        except actions.PricesRefused as error:
            bad.extend(error.lines)
            raise

    return answer_form(
        request,
        form=bound(PriceFileForm, request),
        template="prices/import.html",
        context={
            "bad": bad,
            "more": lambda: ranges([line.line for line in bad[MOST_REASONS:]]),
            "most": f":{MOST_REASONS}",
            "heading": ",".join(COLUMNS),
            "currencies": currencies(),
        },
        act=act,
        done=lambda done: reverse("price-list"),
        message=_outcome,
    )


def _outcome(done: Imported) -> str:
    """What became of the file, the lines that brought nothing new by their numbers."""
    recorded = done.recorded
    added, corrected = len(recorded.added), len(recorded.corrected)
    words = [ngettext("%(count)s price added.", "%(count)s prices added.", added) % {"count": added}]
    if corrected:
        words.append(
            ngettext("%(count)s price corrected.", "%(count)s prices corrected.", corrected)
            % {"count": corrected}
        )
    if done.known:
        words.append(_now("On record already: lines %s.") % ranges(done.known))
    if done.repeated:
        words.append(_now("Said twice in the file: lines %s.") % ranges(done.repeated))
    return " ".join(words)


def ranges(numbers: Sequence[int]) -> str:
    """Rising numbers in few words: `2–5, 9`."""
    found: list[list[int]] = []
    for number in numbers:
        if found and number == found[-1][1] + 1:
            found[-1][1] = number
        else:
            found.append([number, number])
    return ", ".join(f"{first}–{last}" if first != last else str(first) for first, last in found)
