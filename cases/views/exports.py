"""Case files: asking for one, watching it being made, taking it."""

from typing import Any

from django import forms
from django.http import FileResponse, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_safe
from django_htmx.http import trigger_client_event
from django_htmx.middleware import HtmxDetails

from cases import access
from cases.access import Grant, MatterGrant
from cases.actions import bundles
from cases.actions import exports as actions
from cases.actions.base import ActionError
from cases.models import Export
from cases.people.models import User
from cases.permissions import Permission
from cases.queries import exports as queries
from cases.status import ExportStatus
from cases.views.base import UNPROCESSABLE, answer_form, bound, case_context, case_page, person_of, refuse
from cases.views.files import CONFLICT, hand_out

PDF = "application/pdf"


class AskForm(forms.Form):
    """A yes without words."""


@require_safe
def export_list(request: HttpRequest, ref: str) -> HttpResponse:
    grant = access.case_for(person_of(request), ref, Permission.READ)
    page = queries.export_list(grant.case, after=request.GET.get("after"), before=request.GET.get("before"))
    return case_page(request, grant, "exports/list.html", {"page": page})


@require_http_methods(["GET", "HEAD", "POST"])
def create(request: HttpRequest, ref: str) -> HttpResponse:
    grant = access.case_for(person_of(request), ref, Permission.EXPORT)
    return answer_form(
        request,
        grant=grant,
        form=bound(AskForm, request),
        template="exports/create.html",
        act=lambda data: actions.request_export(grant=grant, at=timezone.now()),
        done=lambda export: reverse("export-detail", args=[ref, export.reference]),
    )


@require_http_methods(["GET", "HEAD", "POST"])
def bundle(request: HttpRequest, ref: str) -> HttpResponseBase:
    """The case's part of the record, made while the browser waits and handed out once its event is written."""
    grant = access.case_for(person_of(request), ref, Permission.EXPORT)
    form = bound(AskForm, request)
    status = 200
    if form.is_bound and form.is_valid():
        try:
            with bundles.make_bundle(grant=grant, at=timezone.now()) as (path, _made):
                # Its name is gone when this block ends; what is open is still read to its end.
                return FileResponse(
                    path.open("rb"),
                    as_attachment=True,
                    filename=f"{ref}-record.zip",
                    content_type="application/zip",
                )
        except ActionError as error:
            refuse(form, error)
            status = UNPROCESSABLE
    return case_page(request, grant, "exports/bundle.html", {"form": form}, status=status)


@require_safe
def detail(request: HttpRequest, ref: str, export: str) -> HttpResponse:
    grant = access.case_for(person_of(request), ref, Permission.READ)
    found = access.export_for(grant, export)
    context = state_context(found)
    context["download_url"] = reverse("export-download", args=[ref, export])
    if is_part(request):
        return part(request, found, {**context, "grant": grant})
    return render(request, "exports/detail.html", case_context(grant, context))


@require_GET
def download(request: HttpRequest, ref: str, export: str) -> HttpResponse:
    grant = access.case_for(person_of(request), ref, Permission.READ)
    found = access.export_for(grant, export)
    return take(request, grant, found, back_url=reverse("export-detail", args=[ref, export]))


# ── Also for a matter's files ─────────────────────────────────────────────────────────────────────────────


def state_context(export: Export, *, taken_by: User | None = None) -> dict[str, Any]:
    """What `exports/state.html` reads, but for the URL of the download. `taken_by`: name only her own takings."""
    return {
        "export": export,
        "progress": queries.progress_of(export),
        "downloads": queries.downloads_of(export, by=taken_by),
    }


def is_part(request: HttpRequest) -> bool:
    """Whether the page asks for its live part alone."""
    details = getattr(request, "htmx", None)
    return isinstance(details, HtmxDetails) and bool(details) and details.target == "export"


def part(request: HttpRequest, export: Export, context: dict[str, Any]) -> HttpResponse:
    """The live part; says aloud when the file is there, or will not come."""
    response = render(request, "exports/state.html", context)
    if export.status == ExportStatus.READY:
        return trigger_client_event(response, "announce", {"value": _("The case file is ready.")})
    if export.status == ExportStatus.FAILED:
        return trigger_client_event(response, "announce", {"value": _("The case file could not be made.")})
    return response


def take(request: HttpRequest, grant: Grant | MatterGrant, export: Export, *, back_url: str) -> HttpResponse:
    """The finished file as an attachment, named by its export ID, and the record of who took it."""
    if export.status != ExportStatus.READY:
        context = {"reason": _("This file is not ready."), "back_url": back_url}
        return render(request, "exports/not_ready.html", context, status=CONFLICT)
    return hand_out(
        request,
        sha256=export.sha256,
        filename=f"holdfast-{export.reference}.pdf",
        media_type=PDF,
        note=lambda: actions.note_download(grant=grant, export=export, at=timezone.now()),
        back_url=back_url,
    )
