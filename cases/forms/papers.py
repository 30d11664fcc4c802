"""What is read off a paper: a model's field as it stands, a moment on the paper's own clock, the file itself."""

from datetime import UTC, datetime
from pathlib import PurePosixPath, PureWindowsPath
from typing import Any, NamedTuple
from unicodedata import category
from zoneinfo import ZoneInfo, available_timezones

import puremagic
from django import forms
from django.conf import settings
from django.core import signing
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.db import models
from django.template.defaultfilters import filesizeformat
from django.utils.translation import gettext_lazy as _

EARLIEST, LATEST = 1970, 2200
LONGEST_NAME = 200
# Enough for every signature that is recognised; the rest of the file is not looked at.
HEAD_BYTES = 8192
OPAQUE = "application/octet-stream"
# The zones in which most papers count, before the list of all.
USUAL_ZONES = (
    "UTC",
    "America/New_York",
    "America/Chicago",
    "America/Denver",
    "America/Los_Angeles",
    "America/Sao_Paulo",
    "Europe/London",
    "Europe/Berlin",
    "Europe/Paris",
    "Asia/Seoul",
    "Asia/Tokyo",
    "Asia/Singapore",
    "Asia/Dubai",
    "Australia/Sydney",
)


def of_model(model: type[models.Model], name: str, **overrides: Any) -> Any:
    """The form field of a model's field: its label, its length, its choices, said in one place."""
    field = model._meta.get_field(name).formfield(**overrides)  # type: ignore[union-attr]
    if field is None:
        raise TypeError(f"{model.__name__}.{name} is not for forms")
    return field


def text_area(rows: int = 4) -> forms.Textarea:
    return forms.Textarea(attrs={"rows": rows})


# ── Moments ───────────────────────────────────────────────────────────────────────────────────────────────


class ClockField(forms.Field):
    """What a clock showed: a moment without its zone, which `moment_in` then gives it."""

    widget = forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")
    default_error_messages = {
        "invalid": _("Write a date and a time, for example 2023-05-24 10:04."),
        "range": _("This date is too far off to be right."),
    }

    def to_python(self, value: object) -> datetime | None:
        if isinstance(value, datetime) or value in self.empty_values:
            return value if isinstance(value, datetime) else None
        try:
            moment = datetime.fromisoformat(str(value).strip())
        except ValueError as error:
            raise ValidationError(self.error_messages["invalid"], code="invalid") from error
        if not EARLIEST <= moment.year < LATEST:
            raise ValidationError(self.error_messages["range"], code="range")
        if moment.tzinfo is not None or len(str(value).strip()) <= len("2023-05-24"):
            raise ValidationError(self.error_messages["invalid"], code="invalid")
        return moment


def moment_in(zone: ZoneInfo, clock: datetime) -> datetime:
    """The moment in UTC at which a clock in this zone shows `clock`.

    Raises ValidationError where no clock there ever shows it, or shows it twice: an hour's doubt in a deadline is
    for a person to settle, not for a rule of thumb.
    """
    moment = clock.replace(tzinfo=zone)
    if moment.astimezone(UTC).astimezone(zone).replace(tzinfo=None) != clock:
        raise ValidationError(
            _("No clock in this zone shows this time: clocks are put forward over it."), code="gap"
        )
    if moment.replace(fold=1).utcoffset() != moment.utcoffset():
        raise ValidationError(
            _("Clocks in this zone show this time twice, because they are put back. Choose UTC as the zone."),
            code="twice",
        )
    return moment.astimezone(UTC)


def zone_choices() -> list[tuple[Any, Any]]:
    """The usual zones, then every other one."""
    others = sorted(name for name in available_timezones() - set(USUAL_ZONES) if "/" in name)
    return [
        (_("Usual"), [(name, name.replace("_", " ")) for name in USUAL_ZONES]),
        (_("All"), [(name, name.replace("_", " ")) for name in others]),
    ]


# ── Files ─────────────────────────────────────────────────────────────────────────────────────────────────


class Upload(NamedTuple):
    """A file as it was sent: a name that is safe to keep, what its first bytes say it is, its chunks."""

    filename: str
    media_type: str
    file: "UploadedFile[Any]"


def safe_name(name: str) -> str:
    """The last part of the name without control and direction characters, at most 200 long, its ending kept."""
    last = PureWindowsPath(PurePosixPath(name.replace("\x00", "")).name).name
    plain = "".join(c for c in last if category(c)[0] != "C").strip(" .")
    if not plain:
        return "paper"
    if len(plain) > LONGEST_NAME:
        ending = PurePosixPath(plain).suffix[:20]
        plain = plain[: LONGEST_NAME - len(ending)] + ending
    return plain


def media_type_of(head: bytes) -> str:
    """What the bytes say they are, whatever the client says; octet-stream where they say nothing."""
    try:
        return str(puremagic.from_string(head, mime=True) or OPAQUE)
    except (puremagic.PureError, ValueError):
        return OPAQUE


class PaperField(forms.FileField):
    """A file of a limited size that is not empty; cleaned to an `Upload`."""

    default_error_messages = {"too_large": _("The file is larger than %(limit)s.")}

    def clean(self, data: Any, initial: Any = None) -> Any:
        file = super().clean(data, initial)
        if not isinstance(file, UploadedFile):
            return None
        limit = settings.PAPER_MAX_BYTES
        if (file.size or 0) > limit:
            raise ValidationError(
                self.error_messages["too_large"], code="too_large", params={"limit": filesizeformat(limit)}
            )
        head = file.read(HEAD_BYTES)
        file.seek(0)
        return Upload(safe_name(file.name or ""), media_type_of(head), file)


class SeveralFiles(forms.ClearableFileInput):
    """A browser may choose several files at once."""

    allow_multiple_selected = True


class PapersField(PaperField):
    """Several files, each as `PaperField` takes it; cleaned to a list of uploads."""

    widget = SeveralFiles

    def clean(self, data: Any, initial: Any = None) -> Any:
        sent = data if isinstance(data, list | tuple) else [data]
        if self.required and not any(sent):
            raise ValidationError(self.error_messages["required"], code="required")
        return [upload for one in sent if one and (upload := super(PapersField, self).clean(one)) is not None]


# ── Files that were sent with a form that came back ───────────────────────────────────────────────────────

# Long enough to mend a form, short enough that a token from an old page brings no file along.
KEPT_SECONDS = 86_400
_SALT = "cases.kept-papers"


class Kept(NamedTuple):
    """A file whose bytes are in the store already, though nothing names them yet."""

    filename: str
    media_type: str
    sha256: str
    size: int


def signed(kept: "list[Kept]", *, by: str) -> str:
    """The files as a hidden field carries them: signed, so that no other digest can be put in, and for this person."""
    return signing.dumps([by, *(list(row) for row in kept)], salt=_SALT, compress=True) if kept else ""


def unsigned(token: str, *, by: str) -> "list[Kept]":
    """The files that a form carries; none where the token is old, somebody else's, or not ours."""
    if not token:
        return []
    try:
        owner, *rows = signing.loads(token, salt=_SALT, max_age=KEPT_SECONDS)
    except (signing.BadSignature, ValueError):
        return []
    return [Kept(*row) for row in rows] if owner == by else []
