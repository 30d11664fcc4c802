"""Fields that take exactly what they name. DRF's own turn "1", 1.0 and true into each other; a record must not.

They check shape: kind, length, form. What is allowed is the actions' to say.
"""

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final
from zoneinfo import available_timezones

from django.utils.datastructures import MultiValueDict
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail

from cases.audit.record import utc_text

# The largest number that PostgreSQL's integer holds: numbers of things within a case.
MAX_NUMBER: Final = 2_147_483_647
# The largest balance that an EVM chain can name.
MAX_AMOUNT: Final = 2**256 - 1
AMOUNT: Final = r"^(0|[1-9][0-9]{0,77})$"
_AMOUNT: Final = re.compile(r"(0|[1-9][0-9]{0,77})", re.ASCII)
_MOMENT: Final = re.compile(
    r"\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}:\d{2}(\.\d{1,6})?([Zz]|[+-]\d{2}:\d{2})", re.ASCII
)
YEARS: Final = (1970, 2199)


class Text(serializers.CharField):
    """A JSON string, trimmed; never a number or a boolean that happens to print."""

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        return super().to_internal_value(data)


class Email(serializers.EmailField):
    """An e-mail address as a JSON string."""

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        return super().to_internal_value(data)


class TimeZone(Text):
    """A name of the IANA time-zone database."""

    default_error_messages = {"unknown": _("There is no such time zone.")}

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=40, **kwargs)

    def to_internal_value(self, data: Any) -> str:
        name = super().to_internal_value(data)
        if name not in available_timezones():
            self.fail("unknown")
        return name


class Whole(serializers.IntegerField):
    """A JSON integer: not a string of digits, not 1.0, not true."""

    def to_internal_value(self, data: Any) -> int:
        if isinstance(data, bool) or not isinstance(data, int):
            self.fail("invalid")
        return data


def number(**kwargs: Any) -> Whole:
    """The number of something within its case."""
    return Whole(min_value=1, max_value=MAX_NUMBER, **kwargs)


class QueryWhole(serializers.IntegerField):
    """An integer in a URL's query, where everything is text."""

    def to_internal_value(self, data: Any) -> int:
        if not (isinstance(data, str) and data.isascii() and data.isdigit() and len(data) < 12):
            self.fail("invalid")
        return int(data)


class Flag(serializers.BooleanField):
    """`true` or `false` and nothing else."""

    def to_internal_value(self, data: Any) -> bool:
        if not isinstance(data, bool):
            self.fail("invalid", input=data)
        return data


class Choice(serializers.ChoiceField):
    """One of the known words, as a string."""

    def __init__(self, choices: Sequence[Any], **kwargs: Any) -> None:
        super().__init__(choices=choices, **kwargs)

    def to_internal_value(self, data: Any) -> Any:
        if not isinstance(data, str):
            self.fail("invalid_choice", input=type(data).__name__)
        return super().to_internal_value(data)

    def to_representation(self, value: Any) -> Any:
        return None if value is None else str(value)


class Id(serializers.UUIDField):
    """A person's or a token's ID: a UUID as a string in its usual form."""

    def to_internal_value(self, data: Any) -> Any:
        if not (isinstance(data, str) and len(data) == 36 and data.isascii()):
            self.fail("invalid", value=data if isinstance(data, str) else "")
        return super().to_internal_value(data)


class Moment(serializers.DateTimeField):
    """RFC 3339 with its offset; given out in UTC with `Z`. A moment without an offset is refused, never guessed."""

    default_error_messages = {
        "form": _("Give a moment in RFC 3339 with its offset, such as 2023-05-23T16:00:00Z."),
        "range": _("The moment lies outside the years {first} to {last}."),
    }

    def to_internal_value(self, value: Any) -> datetime:
        if not isinstance(value, str) or not _MOMENT.fullmatch(value):
            self.fail("form")
        try:
            parsed = parse_datetime(value.upper())
        except ValueError:
            parsed = None
        if parsed is None or parsed.tzinfo is None:
            self.fail("form")
        if not YEARS[0] <= parsed.year <= YEARS[1]:
            self.fail("range", first=YEARS[0], last=YEARS[1])
        return parsed.astimezone(UTC)

    def to_representation(self, value: datetime | None) -> str | None:  # type: ignore[override]
        return None if value is None else utc_text(value)


@extend_schema_field({"type": "string", "pattern": AMOUNT, "maxLength": 78})
class Amount(serializers.Field[int, Any, str, Any]):
    """An amount in base units: a string of digits, so that no program on the way rounds it."""

    default_error_messages = {
        "form": _(
            "Give the amount as a string of digits in base units, without sign, point or leading zero."
        ),
        "range": _("No chain can name so large an amount."),
    }

    def to_internal_value(self, data: Any) -> int:
        if not isinstance(data, str) or not _AMOUNT.fullmatch(data):
            self.fail("form")
        amount = int(data)
        if amount > MAX_AMOUNT:
            self.fail("range")
        return amount

    def to_representation(self, value: Any) -> str:
        return str(int(value))


@extend_schema_field({"type": "string", "pattern": AMOUNT.replace("^(", "^-?(", 1), "maxLength": 79})
class SignedAmount(Amount):
    """The same where it may take something back: negative then. Only goes out."""


class Shape(serializers.Serializer[Any]):
    """What goes out. Only lays out; it neither checks nor saves."""


class Body(serializers.Serializer[Any]):
    """What comes in. A name that it does not know is refused: a misspelt field must not be dropped in silence."""

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, dict):
            wrong = {
                name: [ErrorDetail(str(_("There is no such field.")), code="unknown")]
                for name in sorted(set(data) - set(self.fields))
            }
            if isinstance(data, MultiValueDict):
                # The parts of a form: of two under one name the first would be dropped in silence.
                wrong |= {
                    name: [ErrorDetail(str(_("This stands once.")), code="twice")]
                    for name in data
                    if len(data.getlist(name)) > 1
                }
            if wrong:
                raise serializers.ValidationError(wrong)
        return super().to_internal_value(data)


class Nothing(Body):
    """An empty object, or no body at all."""


class Query(Body):
    """The parameters behind the `?`; each stands once."""


class Person(Shape):
    """Somebody who acts or is acted on: by name, role and a public ID."""

    id = Id(source="public_id")
    name = Text()
    role = Text()
