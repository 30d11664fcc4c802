"""How the endpoints describe themselves in OpenAPI. `@describe` stands on each method; the rest follows from the URL."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any, Final, TypeVar

import uritemplate
from django.utils.translation import gettext_lazy as _
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, inline_serializer
from rest_framework import serializers

from cases.access import PATTERN
from cases.api import idempotency
from cases.api.fields import MAX_NUMBER, Body, Query, Shape, Text, Whole
from cases.api.problems import MEDIA_TYPE

Method = TypeVar("Method", bound=Callable[..., Any])

PREFIX: Final = "/api/v1/"
PATH_PARAMETERS: Final[dict[str, dict[str, object]]] = {
    "ref": {"type": "string", "pattern": f"^{PATTERN}$"},
    "export": {"type": "string", "pattern": f"^{PATTERN}$"},
    "number": {"type": "integer", "minimum": 1, "maximum": MAX_NUMBER},
    "paper": {"type": "integer", "minimum": 1, "maximum": MAX_NUMBER},
    "notice": {"type": "string", "format": "uuid"},
    "person": {"type": "string", "format": "uuid"},
    "authority": {"type": "string", "format": "uuid"},
    "contact": {"type": "integer", "minimum": 1, "maximum": MAX_NUMBER},
    "calendar": {"type": "string", "pattern": "^[-a-zA-Z0-9_]{1,20}$"},
    "day": {"type": "string", "format": "date"},
    "key": {"type": "string", "pattern": "^[-a-zA-Z0-9_]{1,60}$"},
    "token": {"type": "string", "pattern": "^[A-Za-z0-9_-]{1,24}$"},
}


class FieldError(Shape):
    """Why one field was refused; `field` is null where the reason belongs to none."""

    field = Text(allow_null=True)
    message = Text()
    code = Text(allow_null=True)


class Problem(Shape):
    """A refusal, RFC 9457."""

    type = Text()
    title = Text()
    status = Whole()
    detail = Text()
    errors = FieldError(many=True, required=False)  # type: ignore[assignment]


@dataclass(frozen=True)
class Described:
    """What a method takes and gives."""

    out: type[Shape] | None = None
    paged: bool = False
    body: type[Body] | None = None
    query: type[Query] | None = None
    status: int = 200
    file: str = ""


def describe(
    *,
    out: type[Shape] | None = None,
    paged: bool = False,
    body: type[Body] | None = None,
    query: type[Query] | None = None,
    status: int = 200,
    file: str = "",
) -> Callable[[Method], Method]:
    """Say what a method takes and gives; `file` is the media type of a download."""

    def decorate(method: Method) -> Method:
        method.described = Described(out, paged, body, query, status, file)  # type: ignore[attr-defined]
        return method

    return decorate


@cache
def page_of(out: type[Shape]) -> serializers.Serializer[Any]:
    """The envelope of a list."""
    made: serializers.Serializer[Any] = inline_serializer(
        f"{out.__name__.removesuffix('Out')}Page", {"items": out(many=True), "next": Text(allow_null=True)}
    )
    return made


class Schema(AutoSchema):
    """OpenAPI of an Endpoint, read from `@describe` and the URL."""

    @property
    def described(self) -> Described:
        method = getattr(self.view, self.method.lower())
        found: Described = method.described
        return found

    def is_excluded(self) -> bool:
        """HEAD follows from GET; everything else must be described, or the generator fails."""
        return False

    def get_operation_id(self) -> str:
        """`cases_notes_list`, `cases_freezes_approve`: the nouns of the path, then the verb."""
        parts = [part for part in self.path.removeprefix(PREFIX).split("/") if part and "{" not in part]
        words = "_".join(parts).replace("-", "_")
        if self.method == "GET":
            # A list on one page is a list too: `clocks_get` is one rule.
            listed = self.described.paged or getattr(self.view, "lists", False)
            return f"{words}_{'list' if listed else 'get'}"
        if self.method == "POST":
            return f"{words}_create" if hasattr(self.view, "get") else words
        return f"{words}_{'replace' if self.method == 'PUT' else 'change'}"

    def get_tags(self) -> list[str]:
        return [type(self.view).__module__.rsplit(".", 1)[-1]]

    def get_summary(self) -> str | None:
        return self.get_description().split("\n")[0].rstrip(".")

    def get_serializer_name(self, serializer: Any, direction: Any) -> str:
        """`Note` for NoteOut and, with the generator's own suffix, `NoteRequest` for NoteIn."""
        name: str = type(serializer).__name__
        return name.removesuffix("Out").removesuffix("In")

    def get_request_serializer(self) -> Any:
        return self.described.body

    def get_response_serializers(self) -> Any:
        said = self.described
        good: dict[Any, Any]
        if said.file:
            good = {(200, said.file): OpenApiTypes.BINARY}
        elif said.out is None:
            good = {said.status: None}
        else:
            good = {said.status: page_of(said.out) if said.paged else said.out}
        codes = [400, 401, 403, 404, 422]
        if self.method in {"POST", "PUT", "PATCH"}:
            codes += [409, 413, 415]
        if said.file:
            codes.append(409)
        return {**good, **{(code, MEDIA_TYPE): Problem for code in sorted(codes)}}

    def get_override_parameters(self) -> list[Any]:
        parameters: list[Any] = [
            OpenApiParameter(name, PATH_PARAMETERS[name], OpenApiParameter.PATH, required=True)
            for name in uritemplate.variables(self.path)
        ]
        if self.method == "POST":
            parameters.append(
                OpenApiParameter(
                    idempotency.HEADER,
                    {"type": "string", "minLength": 1, "maxLength": 128, "pattern": r"^[\x21-\x7e]+$"},
                    OpenApiParameter.HEADER,
                    required=True,
                    description=str(
                        _(
                            "A fresh key for each thing that is wanted done. Sent again with the same request, "
                            "it brings the answer of the first time, marked Idempotent-Replayed."
                        )
                    ),
                )
            )
        if self.described.query is not None and self.described.query().fields:
            parameters.append(self.described.query)
        return parameters


class TokenScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """`Authorization: Bearer hfst_…`."""

    target_class = "cases.api.authentication.TokenAuthentication"
    name = "token"

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, str]:
        return {"type": "http", "scheme": "bearer", "bearerFormat": "hfst_…"}
