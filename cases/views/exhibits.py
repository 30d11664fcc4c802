"""Exhibits of a case: taken in part by part or as one form, shown with their chain of custody, handed out."""

import re
from typing import Final
from uuid import UUID

import structlog
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from cases import access, receiving
from cases.access import Grant, NotFound
from cases.actions import exhibits as actions
from cases.actions.base import ActionError, NoSuchItem
from cases.bytestreams import WHOLE, refused, take_part
from cases.chronology import entries
from cases.forms.exhibits import CustodyForm, ExhibitForm, TakeForm
from cases.forms.papers import HEAD_BYTES, Upload, media_type_of, safe_name
from cases.models import CustodyKind, Exhibit, FileState, ScanState
from cases.permissions import Permission
from cases.queries import exhibits as queries
from cases.views.base import UNPROCESSABLE, answer_form, bound, case_page, person_of, refuse, see_other
from cases.views.files import stream_out

log = structlog.get_logger(__name__)

# A part of an upload; a browser's sends this much at a time.
PART_BYTES: Final = 8 << 20
SHOWN_ENTRIES: Final = 40
_HEX = re.compile(r"[0-9a-f]{64}")


def _exhibit(grant: Grant, number: int) -> Exhibit:
    found = queries.exhibit_of(grant.case, number)
    if found is None:
        raise NotFound
    return found


def _page_of(grant: Grant, number: int) -> str:
    return reverse("exhibit-detail", args=[grant.case.reference, number])


# ── Pages ─────────────────────────────────────────────────────────────────────────────────────────────────


@require_safe
def exhibit_list(request: HttpRequest, ref: str) -> HttpResponse:
    grant = access.case_for(person_of(request), ref, Permission.READ)
    page = queries.exhibit_list(grant.case, after=request.GET.get("after"), before=request.GET.get("before"))
    context = {
        "page": page,
        "on_their_way": queries.uploads_of(grant.case, grant.user, at=timezone.now()),
    }
    return case_page(request, grant, "exhibits/list.html", context)


@require_safe
def exhibit_detail(request: HttpRequest, ref: str, number: int) -> HttpResponse:
    grant = access.case_for(person_of(request), ref, Permission.READ)
    exhibit = _exhibit(grant, number)
    [row] = queries.with_looks([exhibit])
    context = {
        "exhibit": exhibit,
        "look": row.look,
        "not_intact": row.look is not None and row.look.state != FileState.INTACT,
        "custody": queries.custody_of(exhibit),
        "entries": entries(grant.case, about=("exhibit", number), limit=SHOWN_ENTRIES),
    }
    return case_page(request, grant, "exhibits/detail.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def exhibit_create(request: HttpRequest, ref: str) -> HttpResponse:
    """One form. With a script the file was sent part by part before, and the form carries its token; without one the
    file comes with the form, becomes an upload of its own, and stays with the form however often that comes back.
    """
    grant = access.case_for(person_of(request), ref, Permission.EVIDENCE)
    if request.method != "POST":
        return _entry(request, grant, ExhibitForm(case=grant.case))
    form = ExhibitForm(data=request.POST, files=request.FILES, case=grant.case)
    good = form.is_valid()
    token = form.token
    try:
        file = form.cleaned_data.get("file")
        if file is not None:
            token = _sent_along(grant, file)
        if good and token is not None:
            data = form.cleaned_data
            exhibit = actions.take_in(
                grant=grant,
                at=timezone.now(),
                upload=token,
                media_type=media_type_of(receiving.head_of(token, HEAD_BYTES)),
                title=data["title"],
                description=data["description"],
                source=actions.Source(data["received_from"], data["received_how"], data["received_at"]),
                order_number=data["order"],
            )
            return see_other(_page_of(grant, exhibit.number))
    except ActionError as error:
        refuse(form, error)
    return _entry(request, grant, form, token=token, status=UNPROCESSABLE)


def _entry(
    request: HttpRequest, grant: Grant, form: ExhibitForm, *, token: UUID | None = None, status: int = 200
) -> HttpResponse:
    kept = None
    if token is not None:
        kept = queries.upload_in(grant.case, grant.user, token, at=timezone.now())
    if kept is not None:
        form.fields["file"].required = False
    context = {"form": form, "kept": kept, "part_bytes": PART_BYTES}
    return case_page(request, grant, "exhibits/form.html", context, status=status)


def _sent_along(grant: Grant, file: Upload) -> UUID:
    """The file of a form as an upload that is here whole. Raises ActionError."""
    return actions.send_whole(
        grant=grant,
        at=timezone.now(),
        filename=file.filename,
        size=int(file.file.size or 0),
        chunks=file.file.chunks(),
    ).token


@require_http_methods(["GET", "HEAD", "POST"])
def custody_create(request: HttpRequest, ref: str, number: int) -> HttpResponse:
    """A hand-over, a return or an examination; what the store holds is hashed first."""
    grant = access.case_for(person_of(request), ref, Permission.EVIDENCE)
    exhibit = _exhibit(grant, number)
    return answer_form(
        request,
        form=bound(CustodyForm, request),
        grant=grant,
        template="exhibits/custody_form.html",
        context={"exhibit": exhibit},
        act=lambda data: actions.hand_over(
            grant=grant, at=timezone.now(), number=number, found=queries.digest_now(exhibit), **data
        ),
        done=lambda step: _page_of(grant, number),
        message=lambda step: _now("Recorded: %(what)s.") % {"what": CustodyKind(step.kind).label},
    )


@require_http_methods(["GET", "HEAD", "POST"])
def exhibit_download(request: HttpRequest, ref: str, number: int) -> HttpResponseBase:
    """The file itself. Where malware was found in it a reason is asked for first."""
    needed = Permission.EVIDENCE if request.method == "POST" else Permission.READ
    grant = access.case_for(person_of(request), ref, needed)
    exhibit = _exhibit(grant, number)
    why = ""
    if exhibit.scan == ScanState.INFECTED:
        form = bound(TakeForm, request)
        if not (form.is_bound and form.is_valid()):
            context = {"form": form, "exhibit": exhibit}
            status = UNPROCESSABLE if form.is_bound else 200
            return case_page(request, grant, "exhibits/infected.html", context, status=status)
        why = form.cleaned_data["why"]

    def note() -> object:
        return actions.note_exhibit_taken(
            grant=grant, at=timezone.now(), number=number, found=exhibit.sha256, why=why
        )

    return stream_out(
        request,
        sha256=exhibit.sha256,
        size=exhibit.size,
        filename=exhibit.filename,
        note=note,
        back_url=_page_of(grant, number),
    )


# ── A file part by part, for the page's script ────────────────────────────────────────────────────────────


@require_POST
def upload_begin(request: HttpRequest, ref: str) -> HttpResponse:
    """Announce a file: 201 with its token, or 422 with the reason."""
    grant = access.case_for(person_of(request), ref, Permission.EVIDENCE)
    size, announced = request.POST.get("size", ""), request.POST.get("sha256", "")
    if not WHOLE.fullmatch(size) or not (announced == "" or _HEX.fullmatch(announced)):
        return refused(str(_("Choose a file.")))
    try:
        upload = actions.begin_upload(
            grant=grant,
            at=timezone.now(),
            filename=safe_name(request.POST.get("filename", "")),
            size=int(size),
            announced=announced,
        )
    except ActionError as error:
        return refused(str(error.message))
    place = reverse("upload-part", args=[ref, upload.token])
    return JsonResponse({"token": str(upload.token), "received": 0, "to": place}, status=201)


@require_http_methods(["GET", "PUT", "DELETE"])
def upload_part(request: HttpRequest, ref: str, token: UUID) -> HttpResponse:
    """How far an upload is (GET); its next part (PUT, `Upload-Offset`, raw bytes); give it up (DELETE)."""
    grant = access.case_for(person_of(request), ref, Permission.EVIDENCE)
    at = timezone.now()
    upload = queries.upload_in(grant.case, grant.user, token, at=at)
    if upload is None:
        raise NotFound
    if request.method == "DELETE":
        actions.abandon_upload(grant=grant, at=at, token=token)
        return HttpResponse(status=204)
    if request.method == "PUT":
        return take_part(request, token, size=upload.size, whole=bool(upload.sha256))
    received = upload.size if upload.sha256 else receiving.received(token)
    return JsonResponse({"received": received, "size": upload.size})


@require_POST
def upload_abandon(request: HttpRequest, ref: str, token: UUID) -> HttpResponse:
    """The button of the list: give an unfinished upload up."""
    grant = access.case_for(person_of(request), ref, Permission.EVIDENCE)
    try:
        actions.abandon_upload(grant=grant, at=timezone.now(), token=token)
    except NoSuchItem as error:
        raise NotFound from error
    return see_other(reverse("exhibit-list", args=[ref]))
