"""Case files: asking for one, how far it is, taking it."""

from datetime import datetime

from django.db.models import QuerySet
from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from rest_framework.request import Request
from rest_framework.response import Response

from cases import access
from cases.access import Grant, MatterGrant
from cases.actions import exports as actions
from cases.actions.base import WrongMove
from cases.api.base import Endpoint, Paging, hand_out
from cases.api.fields import Choice, Moment, Nothing, Person, Shape, Text, Whole
from cases.api.idempotency import Answer
from cases.api.schema import describe
from cases.models import Case, Export, ExportProfile
from cases.models.exports import ExportStep
from cases.permissions import Permission
from cases.queries.paging import Key
from cases.status import ExportStatus

KEYS = (Key("requested_at", datetime, descending=True), Key("reference", str))
MEDIA_TYPE = "application/pdf"


class ExportState(Shape):
    """How far a file is; once it is ready, its digest, size and pages."""

    reference = Text(help_text=_("The export ID that is printed on every page."))
    profile = Choice(ExportProfile.choices)
    status = Choice(ExportStatus.choices)
    step = Choice(ExportStep.choices)
    requested_at = Moment()
    as_of = Moment(allow_null=True, help_text=_("The instant whose state the file shows."))
    finished_at = Moment(allow_null=True)
    failure = Text()
    sha256 = Text()
    size = Whole(allow_null=True, help_text=_("In bytes."))
    pages = Whole(allow_null=True)


class ExportOut(ExportState):
    """A file of the case, and who asked for it."""

    requested_by = Person()
    share = Whole(
        source="share.number",
        allow_null=True,
        default=None,
        help_text=_("The share's number, where a liaison asked for it."),
    )


def exports_of(case: Case) -> QuerySet[Export]:
    return Export.objects.of(case).select_related("requested_by", "share")


def take(grant: Grant | MatterGrant, reference: str, *, at: datetime) -> HttpResponse:
    """The PDF, checked against the digest on record; that it was taken is recorded. Raises WrongMove before it is ready."""
    export = access.export_for(grant, reference)
    if export.status != ExportStatus.READY:
        raise WrongMove(_("This file is not ready."))
    return hand_out(
        sha256=export.sha256,
        filename=f"holdfast-{export.reference}.pdf",
        media_type=MEDIA_TYPE,
        note=lambda: actions.note_download(grant=grant, export=export, at=at),
    )


class Exports(Endpoint):
    @describe(out=ExportOut, paged=True, query=Paging)
    def get(self, request: Request, ref: str) -> Response:
        """The files that were asked for, the newest first."""
        grant = self.door(Permission.READ)
        return self.walk(ExportOut, exports_of(grant.case), keys=KEYS)

    @describe(out=ExportOut, body=Nothing, status=202)
    def post(self, request: Request, ref: str) -> HttpResponse:
        """Ask for the file of the whole case. A worker makes it; ask here how far it is."""
        grant = self.door(Permission.EXPORT)
        self.body(Nothing)

        def act() -> Answer:
            export = actions.request_export(grant=grant, at=self.at)
            return self.answer(
                ExportOut,
                export,
                status=202,
                location=reverse("api-export", args=[ref, export.reference]),
            )

        return self.once(act)


class OneExport(Endpoint):
    @describe(out=ExportOut)
    def get(self, request: Request, ref: str, export: str) -> Response:
        """How far a file is."""
        grant = self.door(Permission.READ)
        self.query()
        return self.show(ExportOut, access.export_for(grant, export))


class ExportFile(Endpoint):
    @describe(file=MEDIA_TYPE)
    def get(self, request: Request, ref: str, export: str) -> HttpResponse:
        """The file. That it was taken is recorded."""
        grant = self.door(Permission.READ)
        self.query()
        return take(grant, export, at=self.at)
