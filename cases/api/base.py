"""What every endpoint shares: who asks, the doors, shapes in and out, and POSTs that happen once."""

from base64 import b64encode
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack
from typing import Any, Final, TypeVar
from uuid import UUID

from django.db.models import Model, QuerySet
from django.http import HttpResponse, HttpResponseBase
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.parsers import BaseParser
from rest_framework.renderers import BaseRenderer, JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from cases import access, storage
from cases.access import Grant, MatterGrant
from cases.api import idempotency
from cases.api.fields import Body, Query, QueryWhole, Shape, Text
from cases.api.idempotency import Answer
from cases.api.parsers import ExactJSONParser
from cases.api.schema import Schema
from cases.audit.record import Source, acting_from
from cases.people.models import ApiToken, User
from cases.permissions import Permission
from cases.queries.paging import BadCursor, Key, Page, decode, keyset
from cases.reads import tell_reading
from cases.refusals import UNWRITTEN

Row = TypeVar("Row")
ModelRow = TypeVar("ModelRow", bound=Model)

LARGEST_PAGE: Final = 200
PAGE: Final = 50
NUMBER_KEYS: Final = (Key("number", int),)


class AlwaysJSON(BaseContentNegotiation):
    """Answers are JSON (files are files) whatever `Accept` says, which RFC 9110 section 12.5.1 leaves to the server."""

    def select_parser(self, request: Request, parsers: Iterable[BaseParser]) -> BaseParser | None:
        kind = (request.content_type or "").split(";")[0].strip().lower()
        return next((parser for parser in parsers if parser.media_type == kind), None)

    def select_renderer(
        self, request: Request, renderers: Iterable[BaseRenderer], format_suffix: str | None = None
    ) -> tuple[BaseRenderer, str]:
        return next(iter(renderers)), "application/json"


class Paging(Query):
    """Where to go on, and how much to give."""

    cursor = Text(required=False, max_length=500, help_text=_("`next` of the page before."))
    limit = QueryWhole(required=False, min_value=1, max_value=LARGEST_PAGE, default=PAGE)


class NoParameters(Query):
    """For a URL that takes nothing behind its `?`."""


class Endpoint(APIView):
    """One URL. Opens the door, calls one action, lays out what came of it."""

    content_negotiation_class = AlwaysJSON
    metadata_class = None
    parser_classes: Sequence[type[BaseParser]] = [ExactJSONParser]
    renderer_classes = [JSONRenderer]
    schema = Schema()

    def dispatch(self, request: Any, *args: Any, **kwargs: Any) -> HttpResponseBase:
        with ExitStack() as self.stack:
            return super().dispatch(request, *args, **kwargs)

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        self.at = timezone.now()
        super().initial(request, *args, **kwargs)
        token = request.auth
        if not (isinstance(token, ApiToken) and isinstance(request.user, User)):
            raise TypeError("the API is entered by token alone")
        self.user, self.token = request.user, token
        # Whatever is recorded from here on, a denial included, names the token that it came by.
        self.stack.enter_context(
            acting_from(
                Source(
                    kind="api",
                    address=str(request.META.get("REMOTE_ADDR", "")),
                    token=str(token.public_id),
                )
            )
        )
        if request.method == "POST" and hasattr(self, "post"):
            self.key = idempotency.key_of(request)

    def finalize_response(self, request: Any, response: Any, *args: Any, **kwargs: Any) -> Response:
        """Before anything is sent: what is shown of a sealed order is told."""
        match = request.resolver_match
        if response.status_code == 200 and match is not None:
            try:
                tell_reading(
                    by=self.user,
                    at=self.at,
                    method=str(request.method),
                    name=match.view_name,
                    path=request.path,
                    arguments=self.kwargs,
                    refresh=False,
                )
            except UNWRITTEN as error:
                response = self.handle_exception(error)
        return super().finalize_response(request, response, *args, **kwargs)

    # ── Doors ──────────────────────────────────────────────────────────────────────────────────────────────
    def door(self, permission: Permission) -> Grant:
        """The case in the URL, opened for this. Raises access.NotFound or Denied."""
        return access.case_for(self.user, self.kwargs["ref"], permission)

    def matter(self, permission: Permission) -> MatterGrant:
        """The matter in the URL, opened for this liaison. Raises access.NotFound or Denied."""
        return access.matter_for(self.user, self.kwargs["ref"], permission, at=self.at)

    def numbered(self, rows: "QuerySet[ModelRow]") -> ModelRow:
        """The one of these rows (of one case) that has the URL's number. Raises access.NotFound."""
        found = rows.filter(number=self.kwargs["number"]).first()
        if found is None:
            raise access.NotFound
        return found

    # ── In ─────────────────────────────────────────────────────────────────────────────────────────────────
    def query(self, shape: type[Query] = NoParameters) -> dict[str, Any]:
        """The URL's parameters, checked. Raises ValidationError, also for one that is unknown or stands twice."""
        given = self.request.query_params
        twice = [name for name in given if len(given.getlist(name)) > 1]
        if twice:
            raise invalid({name: str(_("This parameter stands once.")) for name in twice})
        # As a plain mapping: the framework takes an empty parameter of a form for one that was not sent.
        return _valid(shape(data=dict(given.items())))

    def body(self, shape: type[Body], *, partial: bool = False) -> dict[str, Any]:
        """The body, checked for its shape. Raises ValidationError."""
        self.query()
        return _valid(shape(data=self.request.data, partial=partial))

    # ── Out ────────────────────────────────────────────────────────────────────────────────────────────────
    def show(self, shape: type[Shape], item: object, **context: Any) -> Response:
        """200 with one thing."""
        return Response(shape(item, context={"at": self.at, **context}).data)

    def page(self, shape: type[Shape], page: Page[Row], **context: Any) -> Response:
        """200 with a page of things and the cursor of the next."""
        items = shape(page.rows, many=True, context={"at": self.at, **context}).data
        return Response({"items": items, "next": page.next_cursor})

    def walk(
        self,
        shape: type[Shape],
        rows: "QuerySet[ModelRow]",
        *,
        keys: Sequence[Key] = NUMBER_KEYS,
        query: type[Paging] = Paging,
    ) -> Response:
        """A page of these rows by the URL's cursor and limit."""
        asked = self.query(query)
        cursor = checked_cursor(asked, keys)
        return self.page(shape, keyset(rows, keys=keys, after=cursor, size=asked["limit"]))

    def answer(
        self, shape: type[Shape], item: object, *, status: int = 200, location: str = "", **context: Any
    ) -> Answer:
        """What a POST answers, rendered, so that a replay is the same bytes."""
        body = JSONRenderer().render(shape(item, context={"at": self.at, **context}).data)
        return Answer(status, body, {"Location": location} if location else {})

    def once(
        self,
        act: Callable[[], Answer],
        *,
        content: object = None,
        still_open: Callable[[Answer], object] | None = None,
    ) -> HttpResponse:
        """Do it once under the request's key, or answer as the first time. `content` stands for a body that is no JSON."""
        digest = idempotency.digest_of(
            method=str(self.request.method),
            path=self.request.path,
            content=self.request.data if content is None else content,
        )
        answer = idempotency.once(
            user=self.user, key=self.key, digest=digest, at=self.at, act=act, still_open=still_open
        )
        headers = dict(answer.headers)
        if answer.replayed:
            headers[idempotency.REPLAYED] = "true"
        return HttpResponse(
            answer.body, status=answer.status, content_type="application/json", headers=headers
        )


class NoSuchUrl(Endpoint):
    """Every other URL: the same bytes as for a case that one may not see. Without a token it is a 401 like the rest."""

    schema = None  # type: ignore[assignment]

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        raise access.NotFound


def checked(shape: type[Body], data: object) -> dict[str, Any]:
    """Some JSON, checked for its shape. Raises ValidationError."""
    return _valid(shape(data=data))


def _valid(serializer: serializers.Serializer[Any]) -> dict[str, Any]:
    serializer.is_valid(raise_exception=True)
    found: dict[str, Any] = serializer.validated_data
    return found


def invalid(errors: Mapping[str, str]) -> serializers.ValidationError:
    """422 with a reason beside each of these fields."""
    return serializers.ValidationError({name: [text] for name, text in errors.items()})


def checked_cursor(asked: Mapping[str, Any], keys: Sequence[Key]) -> str | None:
    """The cursor, if one was sent. Raises ValidationError where this program did not make it for such a list."""
    cursor: str | None = asked.get("cursor")
    if cursor is None:
        return None
    try:
        for value in decode(cursor, [key.kind for key in keys]):
            str(value).encode()
    except (BadCursor, UnicodeEncodeError, RecursionError) as error:
        raise invalid({"cursor": str(_("This is no cursor of this list."))}) from error
    return cursor


def person(public_id: UUID, field: str) -> User:
    """The person with this public ID. Raises ValidationError beside the field."""
    found = User.objects.filter(public_id=public_id).first()
    if found is None:
        raise invalid({field: str(_("There is no such person."))})
    return found


def hand_out(
    *, sha256: str, filename: str, note: Callable[[], object], media_type: str = "application/octet-stream"
) -> HttpResponse:
    """A stored file as an attachment, once `note` has recorded that it is taken.

    The digest is checked first. Raises storage.Damaged where the bytes no longer fit it or are gone: nothing is sent,
    and nothing recorded as taken. `Repr-Digest` is RFC 9530's.
    """
    try:
        content = storage.read(sha256)
    except FileNotFoundError as error:
        raise storage.Damaged(sha256) from error
    note()
    response = HttpResponse(content, content_type=media_type)
    response["Content-Disposition"] = content_disposition_header(True, filename) or "attachment"
    response["X-Content-Type-Options"] = "nosniff"
    response["Repr-Digest"] = f"sha-256=:{b64encode(bytes.fromhex(sha256)).decode()}:"
    return response


def names(items: Iterable[object]) -> list[str]:
    """Permissions and other words, as sorted strings."""
    return sorted(str(item) for item in items)
