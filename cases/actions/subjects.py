"""Whom a case is about."""

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from cases.access import Grant
from cases.actions.base import (
    ActionError,
    NoSuchItem,
    change_fields,
    event_value,
    lock_open_case,
    next_number,
    write_event,
)
from cases.models import Case, Subject
from cases.permissions import Permission

FIELDS = (
    "kind",
    "name",
    "aliases",
    "role",
    "list_reference",
    "attribution_source",
    "attribution_confidence",
    "remarks",
)


def subject_in(case: Case, number: int | None) -> Subject | None:
    """The subject with this number in the case; None for None. Raises NoSuchItem."""
    if number is None:
        return None
    subject = Subject.objects.filter(case=case, number=number).first()
    if subject is None:
        raise NoSuchItem(_("The case has no such subject."), field="subject")
    return subject


def _checked(values: dict[str, object]) -> dict[str, object]:
    if not str(values.get("name", "")).strip():
        raise ActionError(_("Give a name."), field="name")
    if not str(values.get("attribution_source", "")).strip():
        raise ActionError(_("Say where this is known from."), field="attribution_source")
    return values


def _trimmed(value: object) -> object:
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, list | tuple):
        return [text for item in value if (text := str(item).strip())]
    return value


@transaction.atomic
def add_subject(
    *,
    grant: Grant,
    at: datetime,
    kind: str,
    name: str,
    role: str,
    attribution_source: str,
    attribution_confidence: str,
    aliases: Sequence[str] = (),
    list_reference: str = "",
    remarks: str = "",
    is_fictional: bool = False,
) -> Subject:
    """Add a person or an organisation, with the source of what is said of her."""
    grant.require(Permission.EDIT)
    case = lock_open_case(grant, at=at)
    values = _checked(
        {
            "kind": kind,
            "name": name.strip(),
            "aliases": [alias.strip() for alias in aliases if alias.strip()],
            "role": role,
            "list_reference": list_reference.strip(),
            "attribution_source": attribution_source.strip(),
            "attribution_confidence": attribution_confidence,
            "remarks": remarks.strip(),
        }
    )
    subject = Subject.objects.create(
        case=case,
        number=next_number(Subject, case),
        is_fictional=is_fictional,
        added_at=at,
        added_by=grant.user,
        **values,
    )
    write_event(
        grant,
        action="subject.added",
        at=at,
        kind="subject",
        number=subject.number,
        details={
            **{name: event_value(value) for name, value in values.items()},
            "is_fictional": is_fictional,
        },
    )
    return subject


@transaction.atomic
def edit_subject(*, grant: Grant, at: datetime, number: int, **changes: object) -> Subject:
    """Change what is said of a subject; the event holds old and new."""
    grant.require(Permission.EDIT)
    case = lock_open_case(grant, at=at)
    unknown = set(changes) - set(FIELDS)
    if unknown:
        raise TypeError(f"not editable: {sorted(unknown)}")
    subject = Subject.objects.select_for_update().filter(case=case, number=number).first()
    if subject is None:
        raise NoSuchItem(_("The case has no such subject."))
    changes = {field: _trimmed(value) for field, value in changes.items()}
    _checked({field: getattr(subject, field) for field in FIELDS} | changes)
    changed = change_fields(subject, changes)
    if changed:
        write_event(
            grant, action="subject.edited", at=at, kind="subject", number=number, details={"changes": changed}
        )
    return subject
