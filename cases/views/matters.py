"""The liaison's pages: what is shared with her, and the files that she makes of it. Every door here is `matter_for`."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods, require_safe

from cases import access
from cases.access import MatterGrant, NotFound
from cases.actions import exports as actions
from cases.people.models import Role
from cases.permissions import Permission
from cases.queries import matters as queries
from cases.views.base import answer_form, bound, person_of
from cases.views.exports import AskForm, is_part, part, state_context, take


def _door(request: HttpRequest, ref: str, permission: Permission) -> MatterGrant:
    return access.matter_for(person_of(request), ref, permission, at=timezone.now())


@require_safe
def matter_list(request: HttpRequest) -> HttpResponse:
    user = person_of(request)
    if user.role != Role.LIAISON:
        raise NotFound
    at = timezone.now()
    page = queries.matter_list(user, at=at, after=request.GET.get("after"), before=request.GET.get("before"))
    return render(request, "matters/list.html", {"page": page, "now": at})


@require_safe
def detail(request: HttpRequest, ref: str) -> HttpResponse:
    grant = _door(request, ref, Permission.MATTER_READ)
    return render(request, "matters/detail.html", {"matter": queries.matter_of(grant), "now": timezone.now()})


@require_http_methods(["GET", "HEAD", "POST"])
def create_export(request: HttpRequest, ref: str) -> HttpResponse:
    grant = _door(request, ref, Permission.MATTER_EXPORT)
    return answer_form(
        request,
        form=bound(AskForm, request),
        template="matters/export_create.html",
        context={"share": grant.share, "order": grant.order},
        act=lambda data: actions.request_matter_export(grant=grant, at=timezone.now()),
        done=lambda export: reverse("matter-export-detail", args=[ref, export.reference]),
    )


@require_safe
def export_detail(request: HttpRequest, ref: str, export: str) -> HttpResponse:
    grant = _door(request, ref, Permission.MATTER_READ)
    found = access.export_for(grant, export)
    context = {
        # Who at the exchange takes the file too is none of hers.
        **state_context(found, taken_by=grant.user),
        "outside": True,
        "share": grant.share,
        "order": grant.order,
        "download_url": reverse("matter-export-download", args=[ref, export]),
    }
    if is_part(request):
        return part(request, found, context)
    return render(request, "matters/export_detail.html", context)


@require_GET
def download(request: HttpRequest, ref: str, export: str) -> HttpResponse:
    grant = _door(request, ref, Permission.MATTER_EXPORT)
    found = access.export_for(grant, export)
    return take(request, grant, found, back_url=reverse("matter-export-detail", args=[ref, export]))
