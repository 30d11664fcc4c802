"""Exhibits, their chain of custody, and files on their way in."""

import json
from base64 import b64encode
from uuid import UUID

from django.http import HttpResponse, HttpResponseBase, JsonResponse, StreamingHttpResponse
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from cases import access, receiving, storage
from cases.access import Grant
from cases.actions import exhibits as actions
from cases.actions.base import NoSuchItem
from cases.api.base import NUMBER_KEYS, Endpoint, Paging, checked_cursor
from cases.api.fields import Body, Choice, Id, Moment, Person, Shape, Text, Whole
from cases.api.idempotency import Answer
from cases.api.problems import MEDIA_TYPE
from cases.api.schema import describe
from cases.bytestreams import sealed_off, take_part
from cases.forms.papers import HEAD_BYTES, media_type_of, safe_name
from cases.models import CustodyKind, CustodyStep, ScanState
from cases.models import Upload as UploadRow
from cases.permissions import Permission
from cases.queries.exhibits import custody_of, digest_now, exhibits_of, upload_in, uploads_of
from cases.queries.paging import Key, Page

OK = 200
DIGEST = r"^[0-9a-f]{64}$"


class Bytes(serializers.IntegerField):
    """A size: a whole number below 2^53."""

    def __init__(self) -> None:
        super().__init__(min_value=1, max_value=2**53 - 1)


class ExhibitOut(Shape):
    """A file as evidence; all but what a scanner says of it stands as it was taken in."""

    number = Whole()
    name = Text(help_text=_("As it is called in papers."))
    order = Whole(source="order.number", allow_null=True, default=None)
    title = Text()
    description = Text()
    received_from = Text()
    received_how = Text()
    received_at = Moment()
    filename = Text()
    media_type = Text(help_text=_("By the server's own look at the content."))
    sha256 = Text()
    size = Whole()
    scan = Choice(ScanState.choices)
    scan_said = Text()
    scanned_at = Moment(allow_null=True)
    added_at = Moment()
    added_by = Person()


class ExhibitIn(Body):
    """What is said of an upload that has arrived whole."""

    upload = Id(help_text=_("The token of the upload."))
    title = Text(max_length=200)
    description = Text(max_length=5000, allow_blank=True, default="")
    received_from = Text(max_length=300)
    received_how = Text(max_length=300)
    received_at = Moment()
    order = Whole(required=False, allow_null=True, default=None)


class UploadOut(Shape):
    """A file on its way in."""

    token = Id(source="upload.token")
    filename = Text(source="upload.filename")
    size = Whole(source="upload.size")
    received = Whole(help_text=_("How many bytes are here; the next part begins there."))
    sha256 = Text(source="upload.announced", help_text=_("As announced; empty where it was not."))
    expires_at = Moment(source="upload.expires_at")


class UploadIn(Body):
    """A file that will be sent in parts."""

    filename = Text(max_length=1000)
    size = Bytes()
    sha256 = serializers.RegexField(
        DIGEST, required=False, default="", help_text=_("Checked once all of it is here.")
    )


class CustodyOut(Shape):
    """One step of an exhibit's chain of custody."""

    position = Whole()
    kind = Choice(CustodyKind.choices)
    happened_at = Moment()
    by = Person()
    other_person = Text()
    other_organisation = Text()
    how = Text()
    why = Text()
    sha256_before = Text(help_text=_("Empty where a sender announced none."))
    sha256_after = Text()
    recorded_at = Moment()


class CustodyIn(Body):
    """A step that a person states."""

    kind = Choice(
        [
            (kind.value, kind.label)
            for kind in (CustodyKind.HANDED_OVER, CustodyKind.RETURNED, CustodyKind.EXAMINED)
        ]
    )
    happened_at = Moment()
    other_person = Text(max_length=200, allow_blank=True, default="")
    other_organisation = Text(max_length=200, allow_blank=True, default="")
    how = Text(max_length=300, allow_blank=True, default="")
    why = Text(max_length=2000)


class TakeIn(Body):
    """Why a copy is taken; asked for where malware was found in the file."""

    why = Text(max_length=2000, allow_blank=True, default="")


class Uploads(Endpoint):
    @describe(out=UploadOut, paged=True, query=Paging)
    def get(self, request: Request, ref: str) -> Response:
        """Your unfinished uploads in this case."""
        grant = self.door(Permission.EVIDENCE)
        checked_cursor(self.query(Paging), NUMBER_KEYS)
        # At most 20 at a time, so that there is never a second page.
        rows = uploads_of(grant.case, grant.user, at=self.at)
        return self.page(UploadOut, Page(rows, None, None))

    @describe(out=UploadOut, body=UploadIn, status=201)
    def post(self, request: Request, ref: str) -> HttpResponse:
        """Announce a file. Its parts follow, each put to the upload's own URL; then make an exhibit of it."""
        grant = self.door(Permission.EVIDENCE)
        data = self.body(UploadIn)

        def act() -> Answer:
            upload = actions.begin_upload(
                grant=grant,
                at=self.at,
                filename=safe_name(data["filename"]),
                size=data["size"],
                announced=data["sha256"],
            )
            place = reverse("api-upload", args=[ref, upload.token])
            return self.answer(UploadOut, _now(upload), status=201, location=place)

        return self.once(act)


def _now(upload: UploadRow) -> dict[str, object]:
    received = upload.size if upload.sha256 else receiving.received(upload.token)
    return {"upload": upload, "received": received}


class OneUpload(Endpoint):
    def _own(self, token: UUID) -> UploadRow:
        grant = self.door(Permission.EVIDENCE)
        found = upload_in(grant.case, grant.user, token, at=self.at)
        if found is None:
            raise access.NotFound
        return found

    @describe(out=UploadOut)
    def get(self, request: Request, ref: str, token: UUID) -> Response:
        """How far an upload is."""
        upload = self._own(token)
        self.query()
        return self.show(UploadOut, _now(upload))

    @describe(out=UploadOut)
    def put(self, request: Request, ref: str, token: UUID) -> HttpResponse:
        """The next part: raw bytes, at most 16 MiB, with `Upload-Offset` saying where it begins.

        200 with `received`, how many bytes are here then; 409 with `received` where the part begins elsewhere.
        """
        upload = self._own(token)
        self.query()
        answer = take_part(request._request, token, size=upload.size, whole=bool(upload.sha256))
        said = json.loads(answer.content)
        if answer.status_code == OK:
            return self.show(UploadOut, {"upload": upload, "received": said["received"]})
        here = said.get("received")
        problem = {
            "type": "urn:holdfast:problem:upload-part",
            "title": str(_("The part was not taken.")),
            "status": answer.status_code,
            "detail": said.get("reason") or str(_("The next part begins at byte %(here)d.") % {"here": here}),
        }
        if here is not None:
            problem["received"] = here
        return JsonResponse(problem, status=answer.status_code, content_type=MEDIA_TYPE)


class GiveUpUpload(Endpoint):
    @describe(status=204)
    def post(self, request: Request, ref: str, token: UUID) -> HttpResponse:
        """Give an unfinished upload up: its bytes are cleared away."""
        grant = self.door(Permission.EVIDENCE)
        self.query()
        try:
            actions.abandon_upload(grant=grant, at=self.at, token=token)
        except NoSuchItem as error:
            raise access.NotFound from error
        return HttpResponse(status=204)


class Exhibits(Endpoint):
    @describe(out=ExhibitOut, paged=True, query=Paging)
    def get(self, request: Request, ref: str) -> Response:
        """The exhibits of the case."""
        grant = self.door(Permission.READ)
        return self.walk(ExhibitOut, exhibits_of(grant.case))

    @describe(out=ExhibitOut, body=ExhibitIn, status=201)
    def post(self, request: Request, ref: str) -> HttpResponse:
        """Make an exhibit of an upload that has arrived whole. It is kept under its SHA-256 and never changed."""
        grant = self.door(Permission.EVIDENCE)
        data = self.body(ExhibitIn)

        def act() -> Answer:
            exhibit = actions.add_exhibit(
                grant=grant,
                at=self.at,
                upload=data["upload"],
                title=data["title"],
                description=data["description"],
                source=actions.Source(data["received_from"], data["received_how"], data["received_at"]),
                order_number=data["order"],
            )
            place = reverse("api-exhibit", args=[ref, exhibit.number])
            return self.answer(ExhibitOut, exhibit, status=201, location=place)

        # A key that was used before finds the upload gone, and its answer kept.
        if upload_in(grant.case, grant.user, data["upload"], at=self.at) is not None:
            self._keep(grant, data["upload"])
        return self.once(act)

    def _keep(self, grant: Grant, token: UUID) -> None:
        """Outside the transaction of the key: what is in the store stays there, whatever the exhibit is refused for."""
        media_type = media_type_of(receiving.head_of(token, HEAD_BYTES))
        actions.keep_whole(grant=grant, at=self.at, token=token, media_type=media_type)


class OneExhibit(Endpoint):
    @describe(out=ExhibitOut)
    def get(self, request: Request, ref: str, number: int) -> Response:
        """One exhibit."""
        grant = self.door(Permission.READ)
        self.query()
        return self.show(ExhibitOut, self.numbered(exhibits_of(grant.case)))


class Custody(Endpoint):
    @describe(out=CustodyOut, paged=True, query=Paging)
    def get(self, request: Request, ref: str, number: int) -> Response:
        """The exhibit's chain of custody, oldest step first."""
        grant = self.door(Permission.READ)
        steps = custody_of(self.numbered(exhibits_of(grant.case)))
        return self.walk(CustodyOut, steps, keys=(Key("position", int),))

    @describe(out=CustodyOut, body=CustodyIn, status=201)
    def post(self, request: Request, ref: str, number: int) -> HttpResponse:
        """Record that the exhibit was handed over, returned or examined. What is stored is hashed first."""
        grant = self.door(Permission.EVIDENCE)
        exhibit = self.numbered(exhibits_of(grant.case))
        data = self.body(CustodyIn)
        found = digest_now(exhibit)

        def act() -> Answer:
            step: CustodyStep = actions.hand_over(grant=grant, at=self.at, number=number, found=found, **data)
            return self.answer(CustodyOut, step, status=201)

        return self.once(act)


class ExhibitFile(Endpoint):
    def _take(self, grant: Grant, number: int, why: str) -> HttpResponseBase:
        exhibit = self.numbered(exhibits_of(grant.case))
        if storage.check(exhibit.sha256) != "intact":
            raise storage.Damaged(exhibit.sha256)
        actions.note_exhibit_taken(grant=grant, at=self.at, number=number, found=exhibit.sha256, why=why)
        response = StreamingHttpResponse(
            storage.open_stream(exhibit.sha256), content_type="application/octet-stream"
        )
        sealed_off(response, filename=exhibit.filename, size=exhibit.size)
        digest = b64encode(bytes.fromhex(exhibit.sha256)).decode()
        response["Repr-Digest"] = f"sha-256=:{digest}:"
        return response

    @describe(file="application/octet-stream")
    def get(self, request: Request, ref: str, number: int) -> HttpResponseBase:
        """The bytes, checked against their SHA-256. That they were taken is a step of the chain of custody."""
        grant = self.door(Permission.READ)
        self.query()
        return self._take(grant, number, "")

    @describe(file="application/octet-stream", body=TakeIn)
    def post(self, request: Request, ref: str, number: int) -> HttpResponseBase:
        """The same with a reason, which a file needs in which malware was found."""
        grant = self.door(Permission.EVIDENCE)
        self.numbered(exhibits_of(grant.case))
        return self._take(grant, number, self.body(TakeIn)["why"])
