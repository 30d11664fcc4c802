"""The particulars of a subject: written sealed, shown masked, and in full only to who asks for it, which is told."""

import re
from datetime import UTC, date, datetime

from django.core.exceptions import ValidationError
from django.core.validators import EmailValidator
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from cases.access import Grant
from cases.actions.base import (
    ActionError,
    NoSuchItem,
    WrongMove,
    lock_case,
    lock_open_case,
    next_number,
    write_event,
)
from cases.actions.subjects import subject_in
from cases.models import Particular, ParticularIndex, ParticularKind
from cases.permissions import Permission
from cases.queries.particulars import bound_to, index_of, opened
from cases.sealing.envelope import CannotUnseal, KeyDestroyed, seal

LONGEST = 500
NUMBERS = frozenset(
    {
        ParticularKind.PASSPORT,
        ParticularKind.NATIONAL_ID,
        ParticularKind.TAX_ID,
        ParticularKind.REGISTRATION,
        ParticularKind.OTHER_ID,
    }
)
_PHONE = re.compile(r"[+0-9][0-9 ()./-]{4,38}", re.ASCII)


def checked_value(kind: str, value: str, *, at: datetime) -> str:
    """The value as it is sealed: trimmed, and fit for its kind. Raises ActionError beside `value`."""
    plain = value.strip() if kind == ParticularKind.ADDRESS else " ".join(value.split())
    if not plain:
        raise ActionError(_("Give the value."), field="value")
    if len(plain) > LONGEST:
        raise ActionError(_("Give at most 500 characters."), field="value")
    if kind == ParticularKind.BIRTH_DATE:
        try:
            born = date.fromisoformat(plain)
        except ValueError:
            raise ActionError(
                _("Give the date as year, month and day, such as 1990-04-23."), field="value"
            ) from None
        if not born.year >= 1870 or born > at.astimezone(UTC).date():
            raise ActionError(_("Give a day from 1870 until today."), field="value")
        return born.isoformat()
    if kind == ParticularKind.EMAIL:
        try:
            EmailValidator()(plain)
        except ValidationError:
            raise ActionError(_("This is no e-mail address."), field="value") from None
    if kind == ParticularKind.PHONE and not (
        _PHONE.fullmatch(plain) and 5 <= sum(sign.isdigit() for sign in plain) <= 15
    ):
        raise ActionError(
            _("Give a telephone number with its country code, such as +82 2 1234 5678 (ITU-T E.164)."),
            field="value",
        )
    if kind in NUMBERS and not any(sign.isalnum() for sign in plain):
        raise ActionError(_("A number holds letters or digits."), field="value")
    return plain


@transaction.atomic
def add_particular(
    *, grant: Grant, at: datetime, subject: int, kind: str, value: str, source: str, country: str = ""
) -> Particular:
    """Write a particular of a subject, sealed under the case's key. The event never holds the value itself."""
    grant.require(Permission.IDENTITY)
    case = lock_open_case(grant, at=at)
    of_whom = subject_in(case, subject)
    if of_whom is None:
        raise NoSuchItem(_("The case has no such subject."), field="subject")
    if kind not in ParticularKind.values:
        raise ActionError(_("Choose what it is."), field="kind")
    plain = checked_value(kind, value, at=at)
    issuer = country.strip().upper()
    if issuer and not re.fullmatch(r"[A-Z]{2}", issuer):
        raise ActionError(_("Give the country by its two letters (ISO 3166-1), such as KP."), field="country")
    if issuer and kind not in NUMBERS:
        raise ActionError(_("Only numbers have an issuing country."), field="country")
    if not source.strip():
        raise ActionError(_("Say where this is known from."), field="source")
    row = Particular(
        case=case,
        subject=of_whom,
        number=next_number(Particular, case),
        kind=kind,
        country=issuer,
        source=source.strip(),
        added_at=at,
        added_by=grant.user,
    )
    row.sealed_value = seal(case.stream.uuid, plain.encode(), bound=bound_to(row))
    row.save(force_insert=True)
    found_by = index_of(kind, plain)
    if found_by is not None:
        key, digest = found_by
        ParticularIndex.objects.create(particular=row, key=key, digest=digest)
    write_event(
        grant,
        action="particular.added",
        at=at,
        kind="particular",
        number=row.number,
        details={
            "subject": {"number": of_whom.number, "text": of_whom.name},
            "kind": kind,
            "country": issuer,
            "source": row.source,
        },
    )
    return row


@transaction.atomic
def withdraw_particular(*, grant: Grant, at: datetime, number: int, reason: str) -> Particular:
    """Say that a particular was wrong. It stays on record, sealed, and is no longer found or counted as known."""
    grant.require(Permission.IDENTITY)
    case = lock_open_case(grant, at=at)
    row = _of_case(grant, number)
    if row.withdrawn_at is not None:
        raise WrongMove(_("This was withdrawn already."))
    if not reason.strip():
        raise ActionError(_("Give the reason."), field="reason")
    row.withdrawn_at, row.withdrawn_by, row.withdrawn_because = at, grant.user, reason.strip()
    row.save(update_fields=["withdrawn_at", "withdrawn_by", "withdrawn_because"])
    ParticularIndex.objects.filter(particular=row, particular__case=case).delete()
    write_event(
        grant,
        action="particular.withdrawn",
        at=at,
        kind="particular",
        number=number,
        details={"kind": row.kind, "reason": row.withdrawn_because},
    )
    return row


@transaction.atomic
def view_particular(*, grant: Grant, at: datetime, number: int) -> tuple[Particular, str]:
    """The particular in full. That somebody looked is in the record before the value leaves. Raises WrongMove."""
    grant.require(Permission.IDENTITY)
    lock_case(grant, at=at)
    row = _of_case(grant, number)
    try:
        value = opened(row)
    except KeyDestroyed:
        raise WrongMove(_("This is no longer kept.")) from None
    except CannotUnseal:
        raise WrongMove(_("This cannot be read: what is stored is not what was written.")) from None
    write_event(
        grant,
        action="particular.viewed",
        at=at,
        kind="particular",
        number=number,
        details={"kind": row.kind, "subject": {"number": row.subject.number, "text": row.subject.name}},
    )
    return row, value


def _of_case(grant: Grant, number: int) -> Particular:
    row = (
        Particular.objects.select_for_update(of=("self",))
        .select_related("subject", "case__stream", "added_by")
        .filter(case=grant.case, number=number)
        .first()
    )
    if row is None:
        raise NoSuchItem(_("This case has no such particular."))
    return row
