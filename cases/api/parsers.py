"""JSON as it is meant here: no duplicate names, no NaN, no binary fractions, no bottomless nesting.

A number with a fraction or an exponent is kept as a Decimal, which no field accepts: it is refused beside the field that
it was sent for, and never becomes a float on the way.
"""

import json
from collections.abc import Mapping
from decimal import Decimal
from typing import IO, Any, Final

from django.utils.translation import gettext as _
from rest_framework.exceptions import APIException, ParseError
from rest_framework.parsers import BaseParser

MAX_BYTES: Final = 1_048_576
MAX_DEPTH: Final = 12
# 2^256-1 has 78 digits; amounts are strings, so no honest number comes near.
MAX_DIGITS: Final = 80


class TooLarge(APIException):
    """The body is longer than this API reads."""

    status_code = 413
    default_detail = "too large"
    default_code = "too_large"


class _Refused(ValueError):
    """Why a text is not JSON as it is meant here; its words are for the person."""


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise _Refused(_("A name stands twice in one object."))
        found[name] = value
    return found


def _whole(text: str) -> int:
    if len(text) > MAX_DIGITS:
        raise _Refused(_("A number has too many digits."))
    return int(text)


def _fraction(text: str) -> Decimal:
    if len(text) > MAX_DIGITS:
        raise _Refused(_("A number has too many digits."))
    return Decimal(text)


def _constant(text: str) -> None:
    raise _Refused(_("NaN and Infinity are not JSON."))


def _check(value: object, depth: int = 1) -> None:
    """Bounded nesting, and text that can be written as UTF-8 (no lone surrogates)."""
    if depth > MAX_DEPTH:
        raise _Refused(_("The JSON is nested too deeply."))
    if isinstance(value, str):
        try:
            value.encode()
        except UnicodeEncodeError as error:
            raise _Refused(_("A text holds half of a character (a lone surrogate).")) from error
    elif isinstance(value, dict):
        for name, item in value.items():
            _check(name, depth)
            _check(item, depth + 1)
    elif isinstance(value, list):
        for item in value:
            _check(item, depth + 1)


def parse(raw: bytes) -> Any:
    """The value of JSON bytes. Raises ParseError, which is answered 400, with the reason in words."""
    try:
        value = json.loads(
            raw.decode("utf-8"),
            object_pairs_hook=_unique,
            parse_int=_whole,
            parse_float=_fraction,
            parse_constant=_constant,
        )
        _check(value)
    except UnicodeDecodeError as error:
        raise ParseError(_("The body is not UTF-8.")) from error
    except _Refused as error:
        raise ParseError(str(error)) from error
    except RecursionError as error:
        raise ParseError(_("The JSON is nested too deeply.")) from error
    except json.JSONDecodeError as error:
        raise ParseError(
            _("The body is not JSON (line %(line)d, column %(column)d).")
            % {"line": error.lineno, "column": error.colno}
        ) from error
    return value


class ExactJSONParser(BaseParser):
    """Reads `application/json`, at most 1 MiB."""

    media_type = "application/json"

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        raw = stream.read(MAX_BYTES + 1)
        if len(raw) > MAX_BYTES:
            raise TooLarge
        return parse(raw)
