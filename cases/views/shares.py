"""Showing a matter to a liaison, and ending that."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_safe

from cases import access
from cases.actions import shares as actions
from cases.forms.shares import EndShareForm, ShareForm
from cases.permissions import Permission
from cases.queries import shares as queries
from cases.views.base import answer_form, bound, case_page, person_of


@require_safe
def share_list(request: HttpRequest, ref: str) -> HttpResponse:
    grant = access.case_for(person_of(request), ref, Permission.READ)
    page = queries.share_list(
        grant.case, at=timezone.now(), after=request.GET.get("after"), before=request.GET.get("before")
    )
    return case_page(request, grant, "shares/list.html", {"page": page})


@require_http_methods(["GET", "HEAD", "POST"])
def create(request: HttpRequest, ref: str) -> HttpResponse:
    grant = access.case_for(person_of(request), ref, Permission.SHARE)
    orders = queries.shareable_orders(grant.case)
    kwargs: dict[str, Any] = {"orders": orders, "liaisons": queries.liaisons()}
    if request.method != "POST":
        kwargs["initial"] = {"order": request.GET.get("order", "")}
    return answer_form(
        request,
        grant=grant,
        form=bound(ShareForm, request, **kwargs),
        template="shares/form.html",
        context={"orders": orders},
        act=lambda data: actions.share_matter(
            grant=grant,
            at=timezone.now(),
            order_number=data["order"],
            liaison=data["liaison"],
            purpose=data["purpose"],
            ends_at=data["ends_at"],
        ),
        done=lambda share: reverse("share-list", args=[grant.case.reference]),
        message=_("The matter is shared."),
    )


@require_http_methods(["GET", "HEAD", "POST"])
def end(request: HttpRequest, ref: str, number: int) -> HttpResponse:
    grant = access.case_for(person_of(request), ref, Permission.SHARE)
    row = queries.share_of(grant.case, number, at=timezone.now())
    return answer_form(
        request,
        grant=grant,
        form=bound(EndShareForm, request),
        template="shares/end.html",
        context={"row": row, "share": row.share},
        act=lambda data: actions.end_share(grant=grant, at=timezone.now(), number=number, **data),
        done=lambda share: reverse("share-list", args=[grant.case.reference]),
        message=_("The matter is no longer shared."),
    )
